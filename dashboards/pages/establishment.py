"""Where does my establishment stand against its sector, its mix of jobs being equal?"""

from decimal import Decimal

import polars as pl

from dashboards import blocks, queries
from dashboards.ask import Ask
from dashboards.blocks import Column
from dashboards.figures.comparison import by_job, mean_against_sector
from dashboards.formats import NOTHING
from lake.vocabulary import Category

# Within a twentieth of the expected dose, a difference is not worth a word.
CLOSE = Decimal("0.05")


def render(ask: Ask):
    own = queries.own_establishments(ask)
    if own.is_empty():
        return blocks.page(
            ask.t("establishment.title"),
            ask.t("establishment.question"),
            blocks.empty(ask, ask.t("state.empty"), ask.t("establishment.none")),
        )
    choices = [
        {"value": row["siret"], "label": f"{row['company_name']} – {row['town']} ({row['siret']})"}
        for row in own.iter_rows(named=True)
    ]
    siret = ask.choice("siret", [choice["value"] for choice in choices])
    place = own.row(by_predicate=pl.col("siret") == siret, named=True)
    frame = queries.comparison(ask, place["establishment_key"])
    controls = [
        blocks.select("siret", ask.t("label.establishment"), choices, siret, width=420, searchable=len(choices) > 8)
    ]
    if frame.is_empty():
        body = [blocks.empty(ask, ask.t("state.empty"), ask.t("establishment.no_year"))]
    else:
        years = [str(year) for year in frame["year"].unique().sort(descending=True)]
        year = int(ask.choice("year", years))
        controls.append(
            blocks.select("year", ask.t("label.year"), [{"value": y, "label": y} for y in years], str(year), width=110)
        )
        rests_on = queries.establishment_completeness(ask, place["establishment_key"], year)
        body = [blocks.completeness(ask, rests_on), *_body(ask, frame, year)]
        body.append(blocks.sources(ask, queries.source(ask, "establishment_comparison", frame)))
    return blocks.page(
        ask.t("establishment.title"), ask.t("establishment.question"), _card(ask, place), *body, controls=controls
    )


def _card(ask: Ask, place: dict):
    return blocks.card(
        place["company_name"],
        blocks.facts(
            [
                ("SIRET", place["siret"]),
                (ask.t("label.town"), place["town"]),
                ("NAF", place["naf"]),
                (ask.t("dimension.sector"), ask.reference_label("sectors", place["sector_code"])),
            ]
        ),
    )


def _body(ask: Ask, frame: pl.DataFrame, year: int) -> list:
    whole = frame.filter(occupation_code="ALL")
    rows = whole.filter(year=year)
    now = rows.row(0, named=True) if rows.height else None
    parts = [] if now is None else [_headlines(ask, now), _verdict(ask, now)]
    return [*parts, _trend(ask, whole), _jobs(ask, frame.filter(pl.col("occupation_code") != "ALL"), year)]


def _headlines(ask: Ask, row: dict):
    def shown(value, decimals):
        return ask.t("label.suppressed") if value is None else ask.number(value, decimals)

    sector = ask.reference_label("sectors", row["reference_sector"]) if row["reference_sector"] else None
    reference_mean = row["reference_mean_exposed_msv"]
    beside = (
        ask.t("establishment.sector_mean", value=ask.dose(reference_mean)) if reference_mean is not None
        else ask.t("establishment.no_reference")
    )  # fmt: skip
    place = row["percentile_among_establishments"]
    return blocks.headlines(
        blocks.headline(ask.t("measure.monitored"), shown(row["monitored"], 0), ask.t("unit.workers"), None, ""),
        blocks.headline(ask.t("measure.exposed"), shown(row["exposed"], 0), ask.t("unit.workers"), None, ""),
        blocks.headline(
            ask.t("measure.mean_exposed_msv"), shown(row["mean_exposed_msv"], 3), "mSv", None, beside, hint=sector
        ),
        blocks.headline(
            ask.t("establishment.sdr"), shown(row["standardised_dose_ratio"], 2), "", None,
            _interval(ask, row),
            hint=None if place is None else ask.t("establishment.percentile", value=ask.number(place, 0)),
        ),
    )  # fmt: skip


def _interval(ask: Ask, row: dict) -> str:
    """What the ratio is, and how far chance goes."""
    low, high = row["standardised_dose_ratio_low"], row["standardised_dose_ratio_high"]
    if low is None or high is None:
        return ask.t("establishment.sdr_hint")
    level = ask.number(queries.interval_percent(), 0)
    return ask.t("establishment.sdr_interval", level=level, low=ask.number(low, 2), high=ask.number(high, 2))


def _verdict(ask: Ask, row: dict):
    ratio = row["standardised_dose_ratio"]
    if ratio is None:
        return blocks.notice(ask.t("establishment.verdict_none"), color="gray")
    if abs(ratio - 1) < CLOSE:
        return blocks.notice(ask.t("establishment.verdict_close"), "blue")
    if not row["differs_from_expected"]:
        return blocks.notice(ask.t("establishment.verdict_chance"), "blue")
    if ratio > 1:
        return blocks.notice(ask.t("establishment.verdict_above", value=ask.number((ratio - 1) * 100, 0)), "orange")
    return blocks.notice(ask.t("establishment.verdict_below", value=ask.number((1 - ratio) * 100, 0)), "teal")


def _trend(ask: Ask, whole: pl.DataFrame):
    columns = [
        Column("year", ask.t("label.year"), "text", 90),
        Column("monitored", ask.t("measure.monitored"), "count"),
        Column("exposed", ask.t("measure.exposed"), "count"),
        Column("mean_exposed_msv", ask.t("figure.own_mean") + " (mSv)", "msv"),
        Column("reference_mean_exposed_msv", ask.t("figure.sector_mean") + " (mSv)", "msv", missing=NOTHING),
        Column("standardised_dose_ratio", ask.t("establishment.sdr"), "ratio"),
    ]
    return blocks.chart_card(
        ask, "own-trend", ask.t("establishment.trend"), mean_against_sector(whole, t=ask.t, language=ask.language),
        whole.sort("year"), columns, summary=ask.t("establishment.trend_summary"),
        note=ask.t("establishment.note"), null_text=ask.t("label.suppressed"),
    )  # fmt: skip


def _job(ask: Ask, occupation_code: str, category: str | None) -> str:
    """An occupation in a category; years that earlier code compared have occupations alone."""
    occupation = ask.reference_label("occupations", occupation_code)
    if category is None:
        return occupation
    words = {word.value: ask.label(word) for word in Category} | {"UNSPECIFIED": ask.t("label.unspecified")}
    return f"{occupation} – {words[category]}"


def _jobs(ask: Ask, frame: pl.DataFrame, year: int):
    frame = frame.filter(year=year)
    labels = [_job(ask, *job) for job in frame.select("occupation_code", "category").iter_rows()]
    frame = frame.with_columns(blocks.texts("label", labels))
    frame = frame.sort("monitored", descending=True, nulls_last=True)
    columns = [
        Column("label", ask.t("dimension.job")),
        Column("monitored", ask.t("measure.monitored"), "count"),
        Column("exposed", ask.t("measure.exposed"), "count"),
        Column("mean_exposed_msv", ask.t("figure.own_mean") + " (mSv)", "msv"),
        Column("reference_mean_exposed_msv", ask.t("figure.sector_mean") + " (mSv)", "msv", missing=NOTHING),
        Column("reference_median_exposed_msv", ask.t("figure.sector_median") + " (mSv)", "msv", missing=NOTHING),
        Column("standardised_dose_ratio", ask.t("establishment.sdr"), "ratio"),
    ]
    title = ask.t("establishment.jobs", year=year)
    options = {"note": ask.t("establishment.suppression"), "null_text": ask.t("label.suppressed")}
    if frame["mean_exposed_msv"].null_count() == frame.height:
        return blocks.table_card(ask, f"jobs-{year}", title, frame, columns, **options)
    figure = by_job(frame, label="label", t=ask.t, language=ask.language)
    summary = ask.t("establishment.jobs_summary")
    return blocks.chart_card(ask, f"jobs-{year}", title, figure, frame, columns, summary=summary, **options)
