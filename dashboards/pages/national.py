"""How many workers, how much dose, where, and how it moves: the country in one page."""

from dataclasses import dataclass, replace

import polars as pl

from dashboards import blocks, queries
from dashboards.ask import Ask
from dashboards.blocks import Column
from dashboards.figures.distribution import dose_classes
from dashboards.figures.groups import group_bars
from dashboards.figures.trend import annual_trend, monthly_lines
from dashboards.formats import NOTHING, change
from lake.vocabulary import BilanDomain, Category, Contract, Dosimetry, LimitQuantity, Sex
from models.revisions import Cause

DIMENSIONS = ("domain", "sector", "occupation", "category", "contract", "region", "size_band", "sex", "age_band")
MEASURES = ("collective_dose_man_sv", "monitored", "exposed", "mean_exposed_msv")
_KINDS = {"collective_dose_man_sv": "man_sv", "monitored": "count", "exposed": "count", "mean_exposed_msv": "msv"}
_STATES = (
    "detected", "notified", "under_inquiry", "confirmed", "modified", "retained_by_default", "gone_modified",
    "gone_cancelled",
)  # fmt: skip
_CURRENT = ("national_statistics", "dose_distribution", "national_exceedances")
_ALL_ROWS = ("statistics_of_all_rows", "dose_distribution_of_all_rows", "national_exceedances")
_RATIOS = (15, 10, 5, 1)


def render(ask: Ask):
    quantities = [q for q in LimitQuantity if q is not LimitQuantity.OPERATIONAL]
    quantity = ask.choice("quantity", [q.value for q in quantities], LimitQuantity.EFFECTIVE.value)
    view = _View(ask, ask.choice("rows", ["current", "all"]) == "all")
    years = queries.national_years(ask, quantity, of_all_rows=view.of_all_rows)
    if years.is_empty():
        return blocks.page(
            ask.t("national.title"),
            ask.t("national.question"),
            blocks.empty(ask, ask.t("state.empty"), ask.t("national.empty")),
            controls=[_quantity_select(ask, quantities, quantity), view.select()],
        )
    shown = [str(year) for year in years["year"].unique().sort(descending=True)]
    year = int(ask.choice("year", shown))
    dimension = ask.choice("by", list(DIMENSIONS), "domain")
    measure = ask.choice("measure", list(MEASURES))
    controls = [
        _quantity_select(ask, quantities, quantity),
        view.select(),
        blocks.select("year", ask.t("label.year"), [{"value": y, "label": y} for y in shown], str(year), width=110),
    ]
    return blocks.page(
        ask.t("national.title"),
        ask.t("national.question"),
        *view.notice(),
        _headlines(ask, years, year),
        blocks.completeness(ask, queries.national_completeness(ask, quantity, year)),
        _trend(ask, view, years, measure),
        _groups(ask, view, quantity, dimension, year),
        _classes(ask, view, quantity, year),
        _ratios(ask, view, years, year),
        _corrections(ask, view, quantity),
        _exceedances(ask, year),
        _nowcast(ask, quantity),
        _timeliness(ask),
        _revisions(ask),
        blocks.sources(ask, *(queries.source(ask, model, years) for model in view.models)),
        controls=controls,
    )


@dataclass(frozen=True)
class _View:
    """Which rows the figures are made of: those that stand, or all that were received."""

    ask: Ask
    of_all_rows: bool

    @property
    def models(self) -> tuple[str, ...]:
        return _ALL_ROWS if self.of_all_rows else _CURRENT

    def select(self):
        words = {"current": "national.current_rows", "all": "national.all_rows"}
        data = [{"value": value, "label": self.ask.t(key)} for value, key in words.items()]
        value = "all" if self.of_all_rows else "current"
        return blocks.select("rows", self.ask.t("national.rows"), data, value, width=200)

    def notice(self) -> list:
        return [blocks.notice(self.ask.t("national.corrections_note"), "blue")] if self.of_all_rows else []

    def title(self, key: str, **values) -> str:
        mark = f" – {self.ask.t('national.all_rows')}" if self.of_all_rows else ""
        return self.ask.t(key, **values) + mark

    def key(self, name: str) -> str:
        """Of a table, and of the file that it is downloaded as."""
        return f"{name}-all-rows" if self.of_all_rows else name


def label_of(ask: Ask, dimension: str, code: str) -> str:
    """What a group is called on screen."""
    words = {"domain": BilanDomain, "category": Category, "contract": Contract, "sex": Sex}
    if dimension in words and code in words[dimension].codes():
        return ask.label(words[dimension](code))
    if dimension in ("sector", "occupation"):
        return ask.reference_label("sectors" if dimension == "sector" else "occupations", code)
    if code == "UNSPECIFIED":
        return ask.t("label.unspecified")
    return queries.size_labels(ask.language).get(code, code) if dimension == "size_band" else code


def _quantity_select(ask: Ask, quantities, quantity: str):
    data = [{"value": q.value, "label": ask.label(q)} for q in quantities]
    return blocks.select("quantity", ask.t("label.quantity"), data, quantity, width=230)


def _headlines(ask: Ask, years: pl.DataFrame, year: int):
    by_year = {row["year"]: row for row in years.iter_rows(named=True)}
    now, before = by_year[year], by_year.get(year - 1, {})
    # Across the break the population changed; a difference would say nothing.
    is_comparable = year != queries.break_year()
    since = ask.t("national.since", year=year - 1)
    cards = []
    for name, decimals, unit in (
        ("monitored", 0, ask.t("unit.workers")),
        ("exposed", 0, ask.t("unit.workers")),
        ("collective_dose_man_sv", 3, ask.t("unit.man_sv")),
        ("mean_exposed_msv", 3, "mSv"),
    ):
        moved = change(now[name], before.get(name), ask.language) if is_comparable else None
        no_change = ask.t("national.break_short") if not is_comparable and before else ask.t("national.no_previous")
        cards.append(
            blocks.headline(
                ask.t(f"measure.{name}"),
                ask.number(now[name], decimals) if now[name] is not None else ask.t("label.not_published"),
                unit,
                moved,
                since if moved else no_change,
            )
        )
    return blocks.headlines(*cards)


def _trend(ask: Ask, view: _View, years: pl.DataFrame, measure: str):
    title = ask.t(f"measure.{measure}") + {"man_sv": f" ({ask.t('unit.man_sv')})", "msv": " (mSv)"}.get(
        _KINDS[measure], ""
    )
    figure = annual_trend(
        years, measure=measure, title=title, break_year=queries.break_year(), t=ask.t, language=ask.language
    )
    columns = [Column("year", ask.t("label.year"), "text", 90), *(_measure_column(ask, name) for name in MEASURES)]
    told = years.drop_nulls(measure)
    summary = ask.t("label.not_published")
    if told.height:
        first, last = told.row(0, named=True), told.row(-1, named=True)
        summary = ask.t(
            "national.trend_summary",
            first=first["year"],
            last=last["year"],
            start=ask.number(first[measure], 1),
            end=ask.number(last[measure], 1),
        )
    choices = [{"value": name, "label": ask.t(f"measure.{name}")} for name in MEASURES]
    return blocks.chart_card(
        ask, view.key("trend"), view.title("national.trend", measure=title), figure, years, columns,
        summary=summary, note=ask.t("national.break_note"), null_text=ask.t("label.not_published"),
        tools=[blocks.select("measure", ask.t("label.measure"), choices, measure, width=230, hide_label=True)],
    )  # fmt: skip


def _groups(ask: Ask, view: _View, quantity: str, dimension: str, year: int):
    frame = queries.national_groups(ask, quantity, dimension, year, of_all_rows=view.of_all_rows)
    names = [label_of(ask, dimension, code) for code in frame["group_code"]]
    frame = frame.with_columns(blocks.texts("label", names))
    frame = frame.sort("monitored", descending=True, nulls_last=True)
    columns = [
        Column("label", ask.t(f"dimension.{dimension}"), "text"),
        *(_measure_column(ask, name) for name in ("monitored", "exposed", "collective_dose_man_sv")),
        _measure_column(ask, "mean_exposed_msv"),
        _measure_column(ask, "median_exposed_msv"),
        *(Column(f"n_gt_{bound}", f"> {bound} mSv", "count") for bound in (1, 6, 20)),
    ]
    if dimension == "domain" and (rests_on := queries.domain_completeness(ask, quantity, year)).height:
        shares = ("received_periods_share", "received_results_share", "occupation_known_share")
        # Of a release that is older than one of them, the others.
        shares = [name for name in shares if name in rests_on.columns]
        frame = frame.join(rests_on.select("group_code", *shares), on="group_code", how="left",
                           maintain_order="left")  # fmt: skip
        columns += [Column(name, ask.t(f"national.{name}"), "percent", missing=NOTHING) for name in shares]
    figure = group_bars(
        _longest(frame), label="label", measure="mean_exposed_msv", low="p25_exposed_msv", high="p75_exposed_msv",
        title=f"{ask.t('measure.mean_exposed_msv')} (mSv)", t=ask.t, language=ask.language,
    )  # fmt: skip
    notes = [ask.t("national.suppression_note")]
    if withheld := frame["mean_exposed_msv"].null_count():
        notes.append(ask.t("national.groups_withheld", count=withheld, all=frame.height))
    choices = [{"value": name, "label": ask.t(f"dimension.{name}")} for name in DIMENSIONS]
    return blocks.chart_card(
        ask, view.key(f"by-{dimension}-{year}"),
        view.title("national.groups", by=ask.t(f"dimension.{dimension}"), year=year), figure, frame, columns,
        summary=ask.t("national.groups_summary", count=frame.height), note=" ".join(notes),
        null_text=ask.t("label.not_published"),
        tools=[blocks.select("by", ask.t("label.by"), choices, dimension, width=230, hide_label=True)],
    )  # fmt: skip


def _longest(frame: pl.DataFrame, most: int = 20) -> pl.DataFrame:
    return frame.drop_nulls("mean_exposed_msv").sort("monitored", descending=True, nulls_last=True).head(most)


def _classes(ask: Ask, view: _View, quantity: str, year: int):
    frame = queries.dose_classes(ask, quantity, year, of_all_rows=view.of_all_rows)
    figure = dose_classes(frame, label="label", title=ask.t("figure.workers_log"), t=ask.t, language=ask.language)
    columns = [Column("label", ask.t("figure.dose_class")), Column("workers", ask.t("unit.workers"), "count")]
    return blocks.chart_card(
        ask, view.key(f"classes-{year}"), view.title("national.classes", year=year), figure, frame, columns,
        summary=ask.t("national.classes_summary"), note=ask.t("national.classes_note"),
        null_text=ask.t("label.not_published"),
    )  # fmt: skip


def _ratios(ask: Ask, view: _View, years: pl.DataFrame, year: int):
    row = years.row(by_predicate=pl.col("year") == year, named=True)
    frame = pl.DataFrame(
        {
            "above": [f"> {bound} mSv" for bound in _RATIOS],
            "number_ratio": [_float(row[f"number_ratio_{bound}"]) for bound in _RATIOS],
            "dose_ratio": [_float(row[f"dose_ratio_{bound}"]) for bound in _RATIOS],
        },
        schema={"above": pl.String, "number_ratio": pl.Float64, "dose_ratio": pl.Float64},
    )
    columns = [
        Column("above", ask.t("national.above")),
        Column("number_ratio", ask.t("national.number_ratio"), "percent"),
        Column("dose_ratio", ask.t("national.dose_ratio"), "percent"),
    ]
    return blocks.table_card(
        ask, view.key(f"unscear-{year}"), view.title("national.ratios", year=year), frame, columns,
        note=ask.t("national.ratios_note"), null_text=ask.t("label.not_published"),
    )  # fmt: skip


def _corrections(ask: Ask, view: _View, quantity: str):
    measures = ("monitored", "exposed", "collective_dose_man_sv")
    mark = ask.t("national.all_rows")
    columns = [Column("year", ask.t("label.year"), "text", 90)]
    for name in measures:
        column = _measure_column(ask, name)
        all_rows = name.replace("_man_sv", "") + "_all_rows" + ("_man_sv" if name.endswith("_man_sv") else "")
        columns += [column, replace(column, field=all_rows, label=f"{column.label} – {mark}")]
    return blocks.table_card(
        ask, "corrections", ask.t("national.corrections"), queries.national_all_rows(ask, quantity), columns,
        note=None if view.of_all_rows else ask.t("national.corrections_note"), null_text=ask.t("label.not_published"),
    )  # fmt: skip


def _exceedances(ask: Ask, year: int):
    frame = queries.national_exceedances(ask, year)
    labels = [label_of(ask, "domain", code) for code in frame["domain"]]
    limits = dict(queries.limit_labels(ask.language))
    frame = frame.with_columns(
        blocks.texts("domain_label", labels),
        blocks.texts("limit_label", [limits.get(code, code) for code in frame["limit_code"]]),
        blocks.texts("follow_up", [_follow_up(ask, row) for row in frame.iter_rows(named=True)]),
    )
    columns = [
        Column("limit_label", ask.t("label.limit")),
        Column("domain_label", ask.t("dimension.domain")),
        Column("exceedances", ask.t("exceedances.standing"), "count", 150),
        Column("follow_up", ask.t("exceedances.state"), "text", 260),
        Column("provisional", ask.t("exceedances.provisional"), "count"),
    ]
    return blocks.table_card(
        ask, f"exceedances-{year}", ask.t("national.exceedances", year=year), frame, columns,
        empty=ask.t("national.no_exceedance"), note=ask.t("national.exceedances_note"),
    )  # fmt: skip


def _follow_up(ask: Ask, counts: dict) -> str:
    """How many exceedances stand at each state, the states without any left out."""
    said = {name: ask.t(f"exceedances.count.{name}") for name in _STATES if counts[name]}
    return ", ".join(f"{counts[name]} {state}" for name, state in said.items())


def _nowcast(ask: Ask, quantity: str):
    columns = [
        Column("month", ask.t("label.month"), "date"),
        Column("results_received", ask.t("national.results_received"), "count"),
        Column("results_nowcast", ask.t("national.results_nowcast"), "count"),
        Column("results_nowcast_low", ask.t("national.nowcast_low"), "count"),
        Column("results_nowcast_high", ask.t("national.nowcast_high"), "count"),
        Column("received_share", ask.t("national.received_share"), "percent"),
        Column("silent_bodies", ask.t("national.silent_bodies"), "count"),
    ]
    return blocks.table_card(
        ask, "nowcast", ask.t("national.nowcast"), queries.nowcast(ask, quantity), columns,
        note=ask.t("national.nowcast_note"), null_text=ask.t("national.not_foreseen"),
    )  # fmt: skip


def _timeliness(ask: Ask):
    frame = queries.timeliness(ask)
    labels = {word.value: ask.label(word) for word in Dosimetry}
    frame = frame.with_columns(
        pl.col("dosimetry").replace(labels).alias("label"), (pl.col("late_share") * 100).alias("late_percent")
    )
    figure = monthly_lines(
        frame, x="month", y="late_percent", group="label", title=ask.t("national.late_percent"), language=ask.language
    )
    columns = [
        Column("label", ask.t("label.dosimetry")),
        Column("month", ask.t("label.month"), "date"),
        Column("rows_sent", ask.t("national.rows_sent"), "count"),
        Column("late", ask.t("national.late"), "count"),
        Column("late_share", ask.t("national.late_share"), "percent"),
        Column("open_absences", ask.t("national.open_absences"), "count"),
    ]
    return blocks.chart_card(
        ask, "timeliness", ask.t("national.timeliness"), figure, frame, columns,
        summary=ask.t("national.timeliness_summary"),
        note=ask.t("national.timeliness_note", days=queries.late_after_days()),
    )  # fmt: skip


def _revisions(ask: Ask):
    frame = queries.revisions(ask)
    frame = frame.with_columns(
        blocks.texts("label", [ask.label(Cause(code)) for code in frame["cause"]]),
        blocks.texts("of_year", [str(year) if year else ask.t("national.every_year") for year in frame["year"]]),
    )
    columns = [
        Column("of_year", ask.t("label.year"), "text", 110),
        Column("label", ask.t("national.cause")),
        Column("persons", ask.t("national.persons"), "count"),
        Column("establishments", ask.t("national.establishments"), "count"),
        Column("statements", ask.t("national.statements"), "count"),
    ]
    return blocks.table_card(
        ask, "revisions", ask.t("national.revisions"), frame, columns, empty=ask.t("national.no_revision"),
        note=ask.t("national.revisions_note"),
    )  # fmt: skip


def _measure_column(ask: Ask, name: str) -> Column:
    kind = _KINDS.get(name, "msv")
    unit = {"man_sv": f" ({ask.t('unit.man_sv')})", "msv": " (mSv)"}.get(kind, "")
    return Column(name, ask.t(f"measure.{name}") + unit, kind)


def _float(value) -> float | None:
    return None if value is None else float(value)
