"""A person's rolling sums against the limit of each day."""

from collections.abc import Callable
from datetime import date, timedelta

import plotly.graph_objects as go
import polars as pl

from dashboards import theme


def rolling_curve(
    frame: pl.DataFrame,
    *,
    measure: str,
    limits: pl.DataFrame,
    until: date,
    title: str,
    t: Callable[..., str],
    language: str,
) -> go.Figure:
    """The sum on each day as steps (it only changes when a dose enters or leaves), the limit as a band above.

    `frame` holds on_date and `measure`; `limits` holds limit_msv, valid_from and valid_to of the rows that apply.
    """
    figure = theme.figure(language, height=360)
    frame = frame.sort("on_date")
    days = frame["on_date"].to_list()
    values = [float(value) for value in frame[measure]]
    start = days[0] if days else until
    if days and days[-1] < until:
        days, values = [*days, until], [*values, values[-1]]
    top = max([*values, 0.1])
    bounds = _limit_steps(limits, start, until)
    if bounds:
        ceiling = max(top, max(level for _, _, level in bounds)) * 1.150
        for first, last, level in bounds:
            figure.add_shape(
                type="rect", x0=first, x1=last, y0=level, y1=ceiling, fillcolor=theme.BAND, line_width=0, layer="below"
            )
        figure.add_scatter(
            x=[day for first, last, _ in bounds for day in (first, last)],
            y=[level for _, _, level in bounds for _ in range(2)],
            mode="lines",
            name=t("figure.limit"),
            line={"color": theme.ORANGE, "width": 2, "dash": "dash"},
            hovertemplate="%{y:,.3f}",
        )
        figure.update_yaxes(range=[0, ceiling])
    figure.add_scatter(
        x=days,
        y=values,
        mode="lines",
        name=title,
        line={"color": theme.BLUE, "width": 2.500, "shape": "hv"},
        hovertemplate="%{y:,.3f}",
    )
    figure.update_layout(legend={"traceorder": "reversed"}, showlegend=True)
    figure.update_xaxes(tickformat="%m/%Y", hoverformat="%d/%m/%Y")
    figure.update_yaxes(title=title)
    return figure


def _limit_steps(limits: pl.DataFrame, start: date, until: date) -> list[tuple[date, date, float]]:
    """(first day, last day, limit in mSv) of each stretch of the shown time that has a limit."""
    steps = []
    for row in limits.sort("valid_from").iter_rows(named=True):
        first, last = max(start, row["valid_from"]), min(until, row["valid_to"] or until)
        if first <= last:
            ends = last if row["valid_to"] is None else last + timedelta(days=1)
            steps.append((first, ends, float(row["limit_msv"])))
    return steps
