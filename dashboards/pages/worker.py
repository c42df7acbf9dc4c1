"""One worker: the rolling sums against the limits, the career, every record, and who looked."""

from datetime import date

import dash_mantine_components as dmc
import polars as pl
from dash import html

from dashboards import blocks, queries
from dashboards.ask import Ask
from dashboards.blocks import Column
from dashboards.figures.rolling import rolling_curve
from dashboards.identities import full_name, identities_of
from dashboards.pages.exceedances import detected_columns_of, with_limit_label, with_state_label
from dashboards.pages.log import log_frame
from lake.vocabulary import (
    BodyLocation,
    Category,
    Contract,
    Dosimetry,
    IdentifierKind,
    LimitQuantity,
    Quantity,
    Radiation,
    ResultStatus,
    Role,
    Sex,
    Word,
)

_WINDOWS = ("dose_12m_msv", "dose_60m_msv", "career_msv")


def render(ask: Ask, worker_key: int):
    as_of = ask.on_day("as_of")
    on = ask.on_day("on") or as_of or ask.latest_day
    sums = queries.rolling_on(ask, worker_key, on, as_of)
    series = queries.rolling(ask, worker_key, as_of)
    quantities = [q for q in LimitQuantity if q.value in set(sums["limit_quantity"]) | set(series["limit_quantity"])]
    is_self = ask.viewer.role is Role.WORKER
    title, person = _who(ask, worker_key)
    body = [_identity(ask, worker_key, person)]
    if quantities:
        quantity = ask.choice("quantity", [q.value for q in quantities])
        body += [_sums(ask, sums, quantities, on), _curve(ask, series, quantity, quantities, on, worker_key)]
        body += _outlook(ask, worker_key, quantity, on, as_of)
    else:
        body.append(blocks.empty(ask, ask.t("state.empty"), ask.t("worker.no_dose")))
    body += [_exceedances(ask, worker_key, as_of), *_authorisations(ask, worker_key, as_of)]
    body += [
        *_events(ask, worker_key, as_of),
        *_contracts(ask, worker_key, as_of),
        *_emergencies(ask, worker_key, as_of),
    ]
    body.append(_records(ask, worker_key, as_of))
    if is_self:
        body.append(_who_looked(ask, worker_key))
    body.append(blocks.sources(ask, queries.source(ask, "rolling_doses", series, as_of)))
    crumbs = None if is_self else [dmc.Anchor(ask.t("nav.team"), href="/app/team"), dmc.Text(title)]
    return blocks.page(
        ask.t("worker.own_title") if is_self else title,
        ask.t("worker.question"),
        *body,
        controls=[
            blocks.date_input(ask, "on", ask.t("worker.on"), on),
            blocks.date_input(ask, "as_of", ask.t("worker.as_of"), as_of, ask.t("worker.as_of_now")),
        ],
        crumbs=crumbs,
    )


def _who(ask: Ask, worker_key: int):
    person = identities_of(ask, [worker_key]).get(worker_key)
    return (full_name(person) if person else ask.t("label.key", key=worker_key)), person


def _identity(ask: Ask, worker_key: int, person):
    rows = queries.employments(ask, worker_key)
    pairs = []
    if person is not None:
        pairs = [
            (ask.t("worker.birth_name"), person.birth_name),
            (ask.t("worker.first_names"), person.first_names),
            (_identifier_kind(ask, person.identifier), _identifier(person)),
            (ask.t("worker.birth_date"), ask.day(person.birth_date)),
            (ask.t("dimension.sex"), ask.label(Sex(person.sex))),
        ]
    now = rows.row(0, named=True) if rows.height else None
    if now:
        pairs += [
            (ask.t("dimension.occupation"), ask.reference_label("occupations", now["occupation_code"])),
            (ask.t("dimension.sector"), ask.reference_label("sectors", now["sector_code"])),
            (ask.t("dimension.category"), _word(ask, Category, now["category"])),
            (ask.t("dimension.contract"), _word(ask, Contract, now["contract_type"])),
            (ask.t("worker.monitored_from"), ask.day(now["valid_from"])),
            (ask.t("worker.monitored_to"), ask.day(now["valid_to"])),
        ]
    return blocks.card(ask.t("worker.identity"), blocks.facts([pair for pair in pairs if pair[1]]))


def _word(ask: Ask, words: type[Word], code: str | None) -> str | None:
    return ask.label(words(code)) if code in words.codes() else code


def _identifier_kind(ask: Ask, identifier: str) -> str:
    is_nir = len(identifier) == 13 and identifier[:1].isdigit()
    return ask.label(IdentifierKind.NIR if is_nir else IdentifierKind.NIA)


def _identifier(person) -> str:
    return f"{person.identifier} {person.identifier_key or ''}".strip()


def _sums(ask: Ask, sums: pl.DataFrame, quantities, on: date):
    """The sums on the chosen day, each beside the limit of that day."""
    by_quantity = {row["limit_quantity"]: row for row in sums.iter_rows(named=True)}
    cards = []
    for quantity in quantities:
        row = by_quantity.get(quantity.value)
        if row is None:
            continue
        limit = queries.limit_on(quantity.value, on)
        twelve = row["dose_12m_msv"]
        share = float(twelve / limit) if limit and twelve is not None else None
        cards.append(
            dmc.Paper(
                dmc.Stack(
                    [
                        dmc.Text(ask.label(quantity), size="sm", fw=600, c="dimmed"),
                        dmc.Group(
                            [
                                dmc.Text(ask.dose(twelve), className="headline-value"),
                                dmc.Text(ask.t("worker.unit_12m"), size="sm", c="dimmed"),
                            ],
                            gap=6,
                            align="baseline",
                        ),
                        *_beside_limit(ask, limit, share),
                        dmc.Text(ask.t("worker.five_years", value=ask.dose(row["dose_60m_msv"])), size="sm"),
                        *_career(ask, row["career_msv"]),
                    ],
                    gap=5,
                ),
                withBorder=True,
                p="md",
                className="card headline",
            )
        )
    return html.Section(
        [
            dmc.Title(ask.t("worker.sums", day=ask.day(on)), order=2, size="h4", mb="sm"),
            *_cut(ask, sums),
            dmc.SimpleGrid(cards, cols={"base": 1, "xs": 2, "lg": min(4, max(1, len(cards)))}, spacing="md"),
        ]
    )


def _cut(ask: Ask, sums: pl.DataFrame) -> list:
    """What a reader with a bounded view is told beside sums that the law does not know."""
    counted_from = sums["counted_from"].min()
    if counted_from is None:
        return []
    return [dmc.Box(blocks.notice(ask.t("worker.counted_from", day=ask.day(counted_from))), mb="md")]


def _career(ask: Ask, value) -> list:
    # Closed to readers whose window is shorter than a career.
    return [] if value is None else [dmc.Text(ask.t("worker.career", value=ask.dose(value)), size="sm")]


def _beside_limit(ask: Ask, limit, share: float | None) -> list:
    if limit is None or share is None:
        return []
    said = ask.t("worker.of_limit", share=ask.number(share * 100, 0), limit=ask.number(limit))
    return [blocks.percentage_bar(share, said), dmc.Text(said, size="sm", c="red.9" if share > 1 else "dimmed")]


def _curve(ask: Ask, series: pl.DataFrame, quantity: str, quantities, on: date, worker_key: int):
    window = ask.choice("window", list(_WINDOWS))
    title = ask.t(f"worker.{window}")
    frame = series.filter(limit_quantity=quantity)
    label = ask.label(LimitQuantity(quantity))
    limits = queries.limits_of(quantity) if window == "dose_12m_msv" else queries.limits_of("none")
    figure = rolling_curve(
        frame, measure=window, limits=limits, until=on, title=f"{title} (mSv)", t=ask.t, language=ask.language
    )
    columns = [
        Column("on_date", ask.t("label.date"), "date"),
        *(Column(name, ask.t(f"worker.{name}") + " (mSv)", "msv") for name in _WINDOWS),
    ]
    choices = [{"value": q.value, "label": ask.label(q)} for q in quantities]
    windows = [{"value": name, "label": ask.t(f"worker.{name}")} for name in _WINDOWS]
    peak = frame[window].max() if frame.height else None
    return blocks.chart_card(
        ask, f"rolling-{quantity}", f"{label} – {title} (mSv)", figure, frame.sort("on_date", descending=True), columns,
        summary=ask.t("worker.curve_summary", peak=ask.dose(peak)), note=ask.t("worker.curve_note"),
        tools=[
            blocks.select("quantity", ask.t("label.quantity"), choices, quantity, width=220, hide_label=True),
            blocks.select("window", ask.t("worker.window"), windows, window, width=190, hide_label=True),
        ],
    )  # fmt: skip


def _outlook(ask: Ask, worker_key: int, quantity: str, on: date, as_of: date | None) -> list:
    """What is to come of the quantity shown; electronic readings have no limit to come near to."""
    if quantity == LimitQuantity.OPERATIONAL:
        return []
    frame = queries.outlook(ask, worker_key, on, as_of).filter(limit_quantity=quantity)
    level = queries.constraint_on(ask, worker_key, quantity)
    if level is not None:
        left = (level - pl.col("dose_12m_msv")).clip(lower_bound=0)
        frame = frame.with_columns(
            pl.when(pl.col("room_msv").is_not_null()).then(left).cast(pl.Decimal(12, 3)).alias("constraint_room_msv")
        )
    under_constraint = Column("constraint_room_msv", ask.t("worker.constraint_room") + " (mSv)", "msv")
    columns = [
        Column("from_date", ask.t("worker.outlook_from"), "date"),
        Column("rolls_off_msv", ask.t("worker.rolls_off") + " (mSv)", "msv"),
        Column("dose_12m_msv", ask.t("worker.outlook_dose") + " (mSv)", "msv"),
        Column("room_msv", ask.t("worker.room") + " (mSv)", "msv"),
        *([under_constraint] if level is not None else []),
        Column("projected_msv", ask.t("worker.projected") + " (mSv)", "msv"),
        Column("projected_low_msv", ask.t("worker.projected_low") + " (mSv)", "msv"),
        Column("projected_high_msv", ask.t("worker.projected_high") + " (mSv)", "msv"),
    ]
    is_external = quantity == LimitQuantity.EFFECTIVE_EXTERNAL
    note = ask.t("worker.outlook_note", level=ask.number(queries.interval_percent(), 0))
    note += " " + ask.t("worker.outlook_external") if is_external else ""
    title = ask.t("worker.outlook", quantity=ask.label(LimitQuantity(quantity)), day=ask.day(on))
    return [blocks.table_card(ask, "outlook", title, frame, columns, note=note, null_text=ask.t("worker.not_told"))]


def _exceedances(ask: Ask, worker_key: int, as_of: date | None):
    frame = with_state_label(ask, with_limit_label(ask, queries.worker_exceedances(ask, worker_key, as_of)))
    return blocks.table_card(
        ask, "worker-exceedances", ask.t("worker.exceedances"), frame, detected_columns_of(ask),
        empty=ask.t("worker.no_exceedance"), note=ask.t("exceedances.note"),
    )  # fmt: skip


def _events(ask: Ask, worker_key: int, as_of: date | None) -> list:
    """What may have to be declared; nothing for the many of whom there is none."""
    frame = queries.significant_events(ask, worker_key, as_of)
    if frame.is_empty():
        return []
    quantities = {word.value: ask.label(word) for word in LimitQuantity}
    frame = frame.with_columns(
        blocks.texts("kind_label", [ask.t(f"worker.event.{kind}") for kind in frame["kind"]]),
        pl.col("limit_quantity").replace(quantities),
    )
    columns = [
        Column("period_start", ask.t("worker.wear_from"), "date"),
        Column("period_end", ask.t("worker.wear_to"), "date"),
        Column("kind_label", ask.t("worker.event")),
        Column("limit_quantity", ask.t("label.quantity")),
        Column("dose_msv", ask.t("worker.dose") + " (mSv)", "msv"),
        Column("level_msv", ask.t("worker.event_level") + " (mSv)", "msv"),
    ]
    return [
        blocks.table_card(
            ask, "worker-events", ask.t("worker.events"), frame, columns, note=ask.t("worker.events_note")
        )
    ]


def _contracts(ask: Ask, worker_key: int, as_of: date | None) -> list:
    """Short contracts beside their part of the limit; nothing for those who have none."""
    frame = queries.contract_doses(ask, worker_key, as_of)
    if frame.is_empty():
        return []
    kinds = {word.value: ask.label(word) for word in Contract}
    quantities = {word.value: ask.label(word) for word in LimitQuantity}
    frame = frame.with_columns(pl.col("contract_type").replace(kinds), pl.col("limit_quantity").replace(quantities))
    columns = [
        Column("contract_type", ask.t("dimension.contract"), "text", 120),
        Column("contract_start", ask.t("worker.contract_from"), "date"),
        Column("contract_end", ask.t("worker.contract_to"), "date"),
        Column("limit_quantity", ask.t("label.quantity")),
        Column("dose_msv", ask.t("worker.dose") + " (mSv)", "msv"),
        Column("prorata_limit_ratio", ask.t("worker.prorata_limit_ratio"), "percent"),
    ]
    return [
        blocks.table_card(
            ask, "worker-contracts", ask.t("worker.contracts"), frame, columns, note=ask.t("worker.contracts_note")
        )
    ]


def _authorisations(ask: Ask, worker_key: int, as_of: date | None) -> list:
    """The exceptional exposures that were authorised; nothing for the many who never had one."""
    frame = queries.authorisations(ask, worker_key, as_of)
    if frame.is_empty():
        return []
    quantities = {word.value: ask.label(word) for word in LimitQuantity}
    frame = frame.with_columns(
        blocks.texts("quantity_label", [quantities[code] for code in frame["limit_quantity"]]),
    )
    columns = [
        Column("decision_ref", ask.t("worker.authorisation")),
        Column("quantity_label", ask.t("label.quantity")),
        Column("valid_from", ask.t("worker.authorised_from"), "date"),
        Column("valid_to", ask.t("worker.authorised_to"), "date"),
    ]
    note, title = ask.t("worker.authorisations_note"), ask.t("worker.authorisations")
    return [blocks.table_card(ask, "worker-authorisations", title, frame, columns, note=note)]


def _emergencies(ask: Ask, worker_key: int, as_of: date | None) -> list:
    """The doses of emergencies with the reference level passed; nothing for the many who were in none."""
    frame = queries.emergency_doses(ask, worker_key, as_of)
    if frame.is_empty():
        return []
    limits = dict(queries.limit_labels(ask.language))
    quantities = {word.value: ask.label(word) for word in LimitQuantity}
    frame = frame.with_columns(
        pl.col("emergency_id").fill_null(ask.t("label.unspecified")).alias("emergency"),
        blocks.texts("quantity_label", [quantities[code] for code in frame["limit_quantity"]]),
        blocks.texts("level_label", [limits.get(code) for code in frame["level_code"]]),
    )
    columns = [
        Column("emergency", ask.t("worker.emergency")),
        Column("period_start", ask.t("worker.emergency_from"), "date"),
        Column("period_end", ask.t("worker.emergency_to"), "date"),
        Column("quantity_label", ask.t("label.quantity")),
        Column("dose_msv", ask.t("worker.emergency_dose") + " (mSv)", "msv"),
        Column("level_label", ask.t("worker.level_passed")),
        Column("passed_on", ask.t("worker.level_passed_on"), "date"),
        Column("lifetime_msv", ask.t("worker.emergency_lifetime") + " (mSv)", "msv"),
    ]
    return [
        blocks.table_card(
            ask,
            "worker-emergencies",
            ask.t("worker.emergencies"),
            frame,
            columns,
            note=ask.t("worker.emergencies_note"),
        )
    ]


def _records(ask: Ask, worker_key: int, as_of: date | None):
    frame = queries.dose_records(ask, worker_key, as_of)
    for column, words in (
        ("dosimetry", Dosimetry),
        ("quantity", Quantity),
        ("radiation", Radiation),
        ("body_location", BodyLocation),
        ("result_status", ResultStatus),
    ):
        frame = frame.with_columns(pl.col(column).replace({word.value: ask.label(word) for word in words}))
    mark = f" ({ask.t('worker.corrected')})"
    result = pl.col("result_status") + pl.when(pl.col("motive").is_null()).then(pl.lit("")).otherwise(pl.lit(mark))
    senders = blocks.texts("sender", [ask.reference_label("senders", code) for code in frame["sender_code"]])
    measured = pl.concat_str("quantity", "radiation", separator=" ", ignore_nulls=True).alias("measured")
    frame = frame.with_columns(result.alias("result_status"), senders, measured)
    columns = [
        Column("period_start", ask.t("worker.wear_from"), "date"),
        Column("period_end", ask.t("worker.wear_to"), "date"),
        Column("dosimetry", ask.t("label.dosimetry"), "text", 132),
        Column("measured", ask.t("worker.measured"), "text", 110),
        Column("body_location", ask.t("worker.location"), "text", 130),
        Column("dose_msv", ask.t("worker.dose") + " (mSv)", "msv", 90),
        Column("result_status", ask.t("worker.result"), "text", 130),
        Column("sender", ask.t("worker.sender"), "text", 180),
    ]
    return blocks.table_card(
        ask, "dose-records", ask.t("worker.records", count=frame.height), frame, columns,
        note=ask.t("worker.records_note"), empty=ask.t("worker.no_dose"),
    )  # fmt: skip


def _who_looked(ask: Ask, worker_key: int):
    frame = log_frame(ask, ask.ground.audit.events(worker_key=worker_key, limit=200))
    columns = [
        Column("at", ask.t("audit.at"), "moment"),
        Column("account", ask.t("audit.account")),
        Column("role", ask.t("audit.role")),
        Column("action", ask.t("audit.action")),
        Column("article", ask.t("audit.article")),
    ]
    return blocks.table_card(
        ask, "who-looked", ask.t("worker.who_looked"), frame, columns, note=ask.t("worker.who_looked_note")
    )
