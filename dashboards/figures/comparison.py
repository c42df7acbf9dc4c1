"""An establishment beside its sector."""

from collections.abc import Callable

import plotly.graph_objects as go
import polars as pl

from dashboards import theme


def mean_against_sector(frame: pl.DataFrame, *, t: Callable[..., str], language: str) -> go.Figure:
    """Mean dose of the exposed per year: the establishment, its sector, and the sector's middle half."""
    frame = frame.sort("year")
    years = frame["year"].to_list()
    figure = theme.figure(language, height=330)
    low, high = _floats(frame["reference_p25_exposed_msv"]), _floats(frame["reference_p75_exposed_msv"])
    figure.add_scatter(x=years, y=low, mode="lines", line_width=0, showlegend=False, hoverinfo="skip")
    figure.add_scatter(
        x=years, y=high, mode="lines", line_width=0, fill="tonexty", fillcolor="rgba(91,107,120,0.15)",
        name=t("figure.sector_middle_half"), hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=years, y=_floats(frame["reference_mean_exposed_msv"]), mode="lines+markers", name=t("figure.sector_mean"),
        line={"color": theme.MUTED, "width": 2, "dash": "dash"}, hovertemplate="%{y:,.3f}",
    )  # fmt: skip
    figure.add_scatter(
        x=years, y=_floats(frame["mean_exposed_msv"]), mode="lines+markers", name=t("figure.own_mean"),
        line={"color": theme.BLUE, "width": 3}, marker={"size": 9}, hovertemplate="%{y:,.3f}",
    )  # fmt: skip
    figure.update_xaxes(dtick=1, tickformat="d")
    figure.update_yaxes(title=t("measure.mean_exposed_msv"))
    return figure


def by_job(frame: pl.DataFrame, *, label: str, t: Callable[..., str], language: str) -> go.Figure:
    """Per occupation and category, two dots: the establishment's mean and the sector's."""
    frame = frame.drop_nulls("mean_exposed_msv").sort("mean_exposed_msv")
    names = frame[label].to_list()
    figure = theme.figure(language, height=max(200, 110 + 36 * frame.height), hovermode="closest")
    own, other = _floats(frame["mean_exposed_msv"]), _floats(frame["reference_mean_exposed_msv"])
    for name, left, right in zip(names, own, other, strict=True):
        if left is not None and right is not None:
            figure.add_scatter(
                x=[left, right], y=[name, name], mode="lines", line={"color": theme.GRID, "width": 4},
                showlegend=False, hoverinfo="skip",
            )  # fmt: skip
    for values, title, colour, symbol in (
        (other, t("figure.sector_mean"), theme.MUTED, "diamond"),
        (own, t("figure.own_mean"), theme.BLUE, "circle"),
    ):
        figure.add_scatter(
            x=values, y=names, mode="markers", name=title, marker={"size": 12, "color": colour, "symbol": symbol},
            hovertemplate="%{y}<br>%{x:,.3f}<extra>" + title + "</extra>",
        )  # fmt: skip
    figure.update_xaxes(title=t("measure.mean_exposed_msv"), showgrid=True, rangemode="tozero")
    figure.update_yaxes(showgrid=False)
    return figure


def _floats(values: pl.Series) -> list[float | None]:
    return [None if value is None else float(value) for value in values]
