"""Figures and formats: what is drawn is what the frame says, in each language's writing."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from dashboards import formats
from dashboards.figures.comparison import by_job, mean_against_sector
from dashboards.figures.distribution import dose_classes
from dashboards.figures.groups import group_bars
from dashboards.figures.rolling import rolling_curve
from dashboards.figures.trend import annual_trend, monthly_lines
from dashboards.texts import text


def t(key, **values):
    return text(key, "fr", **values)


@pytest.mark.parametrize(
    "value, decimals, french, english",
    [
        (1234567, 0, "1\u202f234\u202f567", "1,234,567"),
        (Decimal("20.000"), 3, "20,000", "20.000"),
        (Decimal("-0.5"), 1, "\u22120,5", "\u22120.5"),
        (Decimal("0.0005"), 3, "0,001", "0.001"),
        (0, 3, "0,000", "0.000"),
        (None, 3, "–", "–"),
    ],
)
def test_numbers_are_written_as_each_language_does(value, decimals, french, english):
    assert formats.number(value, decimals, "fr") == french
    assert formats.number(value, decimals, "en") == english


def test_a_change_has_its_sign_and_needs_something_to_compare_with():
    assert formats.change(110, 100) == "+10,0\u202f%"
    assert formats.change(90, 100, "en") == "\u221210.0%"
    assert formats.change(1, 0) is formats.change(None, 1) is formats.change(1, None) is None


def test_dates_are_written_as_each_language_does():
    assert formats.day(date(2026, 2, 28)) == "28/02/2026"
    assert formats.day(date(2026, 2, 28), "en") == "2026-02-28"


def test_the_trend_is_not_joined_across_the_break():
    frame = pl.DataFrame({"year": [2022, 2023, 2024, 2025], "exposed": [1, 2, 3, 4]})
    figure = annual_trend(frame, measure="exposed", title="x", break_year=2024, t=t, language="fr")
    assert [list(trace.x) for trace in figure.data] == [[2022, 2023], [2024, 2025]]
    assert figure.layout.shapes[0].x0 == 2023.5
    whole = annual_trend(frame, measure="exposed", title="x", break_year=None, t=t, language="fr")
    assert [list(trace.y) for trace in whole.data] == [[1, 2, 3, 4]] and not whole.layout.shapes


def test_a_year_that_is_not_published_leaves_a_gap_and_says_so():
    frame = pl.DataFrame({"year": [2024, 2025, 2026], "exposed": [1, None, 3]})
    figure = annual_trend(frame, measure="exposed", title="x", break_year=None, t=t, language="fr")
    assert list(figure.data[0].y) == [1, None, 3]
    assert [(said.x, said.text) for said in figure.layout.annotations] == [(2025, t("label.not_published"))]


LIMITS = pl.DataFrame(
    {
        "limit_msv": [Decimal("50.000"), Decimal("20.000")],
        "valid_from": [date(2018, 7, 1), date(2023, 7, 1)],
        "valid_to": [date(2023, 6, 30), None],
    }
)


def rolling(rows, until=date(2024, 6, 30), limits=LIMITS):
    frame = pl.DataFrame(rows, schema={"on_date": pl.Date, "dose_12m_msv": pl.Decimal(12, 3)}, orient="row")
    return rolling_curve(frame, measure="dose_12m_msv", limits=limits, until=until, title="x", t=t, language="fr")


def test_the_limit_is_drawn_with_the_value_of_each_day():
    figure = rolling([(date(2023, 1, 31), Decimal("1")), (date(2024, 1, 31), Decimal("20.001"))])
    limit, curve = figure.data
    assert list(limit.x) == [date(2023, 1, 31), date(2023, 7, 1), date(2023, 7, 1), date(2024, 6, 30)]
    assert list(limit.y) == [50.0, 50.0, 20.0, 20.0]
    assert curve.line.shape == "hv"
    assert list(curve.x)[-1] == date(2024, 6, 30) and list(curve.y) == [1.0, 20.001, 20.001]


def test_a_worker_without_dose_or_limit_still_gets_a_figure():
    assert [len(trace.x) for trace in rolling([]).data] == [2, 0]
    assert len(rolling([(date(2024, 1, 31), Decimal("1"))], limits=LIMITS.clear()).data) == 1


def test_a_class_without_a_published_count_has_no_bar_and_says_so():
    frame = pl.DataFrame(
        {"position": [1, 0, 2], "label": ["]0;1]", "0", "]1;5]"], "workers": [None, 300, 0]},
    )
    figure = dose_classes(frame, label="label", title="x", t=t, language="fr")
    assert list(figure.data[0].x) == ["0", "]0;1]", "]1;5]"] and list(figure.data[0].y) == [300.0, None, None]
    assert [(a.x, a.text) for a in figure.layout.annotations] == [("]0;1]", "non publié")]


def test_groups_are_longest_on_top_and_a_hidden_one_is_left_out():
    frame = pl.DataFrame(
        {"label": ["a", "b", "c"], "m": [Decimal("1.5"), None, Decimal("3")], "lo": [1, None, 2], "hi": [2, None, 4]}
    )
    figure = group_bars(frame, label="label", measure="m", title="x", t=t, language="fr", low="lo", high="hi")
    assert list(figure.data[0].y) == ["a", "c"] and list(figure.data[0].x) == [1.5, 3.0]
    assert list(figure.data[1].x) == [1.0, 2.0, 2.0, 4.0]


COMPARED = {
    "year": [2025, 2024],
    "label": ["a", "b"],
    "mean_exposed_msv": [Decimal("1.2"), None],
    "reference_mean_exposed_msv": [Decimal("1.0"), Decimal("0.9")],
    "reference_p25_exposed_msv": [Decimal("0.5"), Decimal("0.4")],
    "reference_p75_exposed_msv": [Decimal("1.5"), Decimal("1.4")],
}


def test_an_establishment_is_drawn_beside_its_sector():
    figure = mean_against_sector(pl.DataFrame(COMPARED), t=t, language="fr")
    assert list(figure.data[-1].x) == [2024, 2025] and list(figure.data[-1].y) == [None, 1.2]
    figure = by_job(pl.DataFrame(COMPARED), label="label", t=t, language="fr")
    assert list(figure.data[-1].y) == ["a"]


def test_months_are_one_line_per_group():
    frame = pl.DataFrame({"m": [date(2025, 2, 1), date(2025, 1, 1)], "v": [2.0, None], "g": ["x", "x"]})
    figure = monthly_lines(frame, x="m", y="v", group="g", title="x", language="en")
    assert list(figure.data[0].y) == [None, 2.0]
    assert figure.layout.separators == ".,"
