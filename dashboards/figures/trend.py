"""Years of a statistic, with the break where the population changed."""

from collections.abc import Callable

import plotly.graph_objects as go
import polars as pl

from dashboards import theme


def annual_trend(
    frame: pl.DataFrame, *, measure: str, title: str, break_year: int | None, t: Callable[..., str], language: str
) -> go.Figure:
    """One point per year of `measure`, or a word that it is not published; none joins years across the break."""
    figure = theme.figure(language, height=300)
    frame = frame.sort("year")
    parts = [frame]
    if break_year is not None:
        parts = [frame.filter(pl.col("year") < break_year), frame.filter(pl.col("year") >= break_year)]
    for part in parts:
        if part.is_empty():
            continue
        figure.add_scatter(
            x=part["year"].to_list(),
            y=[None if value is None else float(value) for value in part[measure]],
            mode="lines+markers",
            line={"color": theme.BLUE, "width": 2.500},
            marker={"size": 8},
            name=title,
            showlegend=False,
        )
    years = frame["year"].to_list()
    if break_year is not None and years and min(years) < break_year <= max(years):
        figure.add_vline(x=break_year - 0.5, line={"color": theme.MUTED, "width": 1, "dash": "dash"})
        figure.add_annotation(
            x=break_year - 0.5, y=1, yref="paper", text=t("figure.break"), showarrow=False, xanchor="left", xshift=6,
            font={"color": theme.MUTED, "size": 12}, align="left",
        )  # fmt: skip
    for year in frame.filter(pl.col(measure).is_null())["year"]:
        theme.say_unpublished(figure, year, t("label.not_published"))
    figure.update_xaxes(dtick=1, tickformat="d")
    figure.update_yaxes(title=title)
    return figure


def monthly_lines(
    frame: pl.DataFrame, *, x: str, y: str, group: str, title: str, language: str, decimals: int = 1
) -> go.Figure:
    """One line per group over months."""
    figure = theme.figure(language, height=320)
    for index, (name, part) in enumerate(frame.sort(group, x).group_by(group, maintain_order=True)):
        figure.add_scatter(
            x=part[x].to_list(),
            y=[None if value is None else float(value) for value in part[y]],
            mode="lines+markers",
            name=str(name[0]),
            line={"color": theme.SERIES[index % len(theme.SERIES)], "width": 2},
            hovertemplate=f"%{{y:,.{decimals}f}}",
        )
    figure.update_xaxes(tickformat="%m/%Y")
    figure.update_yaxes(title=title)
    return figure
