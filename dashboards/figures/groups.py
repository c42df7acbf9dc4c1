"""Groups beside one another: a bar per group, and where half of the exposed lie."""

from collections.abc import Callable

import plotly.graph_objects as go
import polars as pl

from dashboards import theme


def group_bars(
    frame: pl.DataFrame, *, label: str, measure: str, title: str, t: Callable[..., str], language: str,
    low: str | None = None, high: str | None = None,
) -> go.Figure:  # fmt: skip
    """Horizontal bars, longest on top; `low` and `high` draw the middle half of the exposed."""
    frame = frame.drop_nulls(measure).sort(measure)
    figure = theme.figure(language, height=max(180, 90 + 34 * frame.height), hovermode="closest")
    names = [_shortened(name) for name in frame[label]]
    values = frame[measure].cast(pl.Float64).to_list()
    figure.add_bar(
        x=values,
        y=names,
        orientation="h",
        marker={"color": theme.BLUE},
        name=title,
        customdata=frame[label].to_list(),
        hovertemplate="%{customdata}<br>%{x:,.3f}<extra></extra>",
    )
    if low and high and frame[low].is_not_null().any():
        figure.add_scatter(
            x=frame[low].cast(pl.Float64).to_list() + frame[high].cast(pl.Float64).to_list(),
            y=names + names,
            mode="markers",
            marker={"symbol": "line-ns", "size": 16, "line": {"width": 3, "color": theme.ORANGE}},
            name=t("figure.middle_half"),
            hovertemplate="%{x:,.3f}<extra></extra>",
        )
        figure.update_layout(showlegend=True)
    else:
        figure.update_layout(showlegend=False)
    figure.update_xaxes(title=title, showgrid=True, rangemode="tozero")
    figure.update_yaxes(showgrid=False, ticks="")
    return figure


def _shortened(name: str, longest: int = 44) -> str:
    return name if len(name) <= longest else name[: longest - 1].rstrip(" ,(") + "…"
