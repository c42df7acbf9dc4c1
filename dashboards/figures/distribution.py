"""How many persons in each dose class, on a log scale: the few high doses stay visible."""

import textwrap
from collections.abc import Callable

import plotly.graph_objects as go
import polars as pl

from dashboards import theme


def dose_classes(frame: pl.DataFrame, *, label: str, title: str, t: Callable[..., str], language: str) -> go.Figure:
    """One bar per class in order of dose; a class without a published count has no bar and says so."""
    frame = frame.sort("position")
    figure = theme.figure(language, height=320, hovermode="closest", showlegend=False, bargap=0.25)
    names = ["<br>".join(textwrap.wrap(name, 16, break_long_words=False)) for name in frame[label]]
    counts = [None if value is None else float(value) for value in frame["workers"]]
    figure.add_bar(
        x=names,
        y=[count if count else None for count in counts],
        marker={"color": theme.BLUE},
        text=[t("label.not_published") if count is None else f"{count:.0f}" for count in counts],
        texttemplate="%{y:,.0f}",
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{x}<br>%{y:,.0f}<extra></extra>",
    )
    for name, count in zip(names, counts, strict=True):
        if count is None:
            theme.say_unpublished(figure, name, t("label.not_published"))
    highest = max((count for count in counts if count), default=10)
    figure.update_yaxes(title=title, type="log", range=[-0.3, len(str(int(highest))) + 0.2], dtick=1, tickformat=",.0f")
    figure.update_xaxes(title=t("figure.dose_class"), categoryorder="array", categoryarray=names, tickangle=0)
    return figure
