"""Which limits were exceeded: identity and dose for those who follow, either without the other for the rest.

The three messages of the order of 23 June 2023, art. 5: context without identity, identity and dose, identity alone.
"""

import polars as pl

from dashboards import blocks, queries
from dashboards.ask import Ask
from dashboards.blocks import Column
from dashboards.identities import full_name, identities_of
from dashboards.pages.national import label_of
from lake.vocabulary import Category, ExceedanceState
from registry.policy import Data


def render(ask: Ask):
    if ask.decide(Data.EXCEEDANCE).allowed:
        found, waiting = queries.exceedances(ask), queries.provisional_exceedances(ask)
        question, body = "exceedances.question", [_workers(ask, found), _provisional(ask, waiting)]
        told = {"limit_exceedances": found, "provisional_exceedances": waiting}
    elif ask.decide(Data.EXCEEDANCE_NOTICE).allowed:
        notices = queries.exceedance_notices(ask)
        question, body, told = "exceedances.question_notice", [_notices(ask, notices)], {"exceedance_notices": notices}
    else:
        context = queries.exceedance_context(ask)
        question, body, told = "exceedances.question_context", [_context(ask, context)], {"exceedance_context": context}
    sources = blocks.sources(ask, *(queries.source(ask, model, frame) for model, frame in told.items()))
    return blocks.page(ask.t("exceedances.title"), ask.t(question), *body, sources)


def columns_of(ask: Ask) -> list[Column]:
    """How an episode is shown, the person left out."""
    return [
        Column("limit_label", ask.t("label.limit")),
        Column("first_date", ask.t("exceedances.first"), "date"),
        Column("last_date", ask.t("exceedances.last"), "date"),
        Column("peak_date", ask.t("exceedances.peak_date"), "date"),
        Column("peak_msv", ask.t("exceedances.peak") + " (mSv)", "msv"),
        Column("limit_msv", ask.t("figure.limit") + " (mSv)", "msv"),
    ]


def detected_columns_of(ask: Ask) -> list[Column]:
    """As `columns_of`, with what tells how sure an exceedance is and how far the inquiry into it."""
    return [
        *_with_state(ask, columns_of(ask)),
        Column("prorata_peak_msv", ask.t("exceedances.prorata") + " (mSv)", "msv"),
        Column("earliest_wear", ask.t("exceedances.earliest_wear"), "date"),
    ]


def _with_state(ask: Ask, columns: list[Column]) -> list[Column]:
    """The state after the limit and the first day: seen without scrolling, however many columns follow."""
    state = [
        Column("state_label", ask.t("exceedances.state")),
        Column("state_since", ask.t("exceedances.state_since"), "date"),
    ]
    return [*columns[:2], *state, *columns[2:]]


def with_state_label(ask: Ask, frame: pl.DataFrame) -> pl.DataFrame:
    """With how far the inquiry is; what is provisional has none yet."""
    labels = {word.value: ask.label(word) for word in ExceedanceState}
    said = [labels.get(state, ask.t("exceedances.state.provisional")) for state in frame["state"]]
    return frame.with_columns(blocks.texts("state_label", said))


def with_limit_label(ask: Ask, frame: pl.DataFrame) -> pl.DataFrame:
    labels = dict(queries.limit_labels(ask.language))
    return frame.with_columns(blocks.texts("limit_label", [labels.get(code, code) for code in frame["limit_code"]]))


def _workers(ask: Ask, frame: pl.DataFrame):
    frame = with_state_label(ask, _named(ask, frame))
    columns = [Column("worker", ask.t("label.worker"), href=True), *detected_columns_of(ask)]
    return blocks.table_card(
        ask, "exceedances", ask.t("exceedances.detected_title"), frame, columns,
        empty=ask.t("exceedances.none"), note=ask.t("exceedances.note"),
    )  # fmt: skip


def _provisional(ask: Ask, frame: pl.DataFrame):
    frame = _named(ask, frame)
    counted = Column("counted_peak_msv", ask.t("exceedances.counted_peak") + " (mSv)", "msv")
    columns = [Column("worker", ask.t("label.worker"), href=True), *columns_of(ask), counted]
    return blocks.table_card(
        ask, "provisional", ask.t("exceedances.provisional_title"), frame, columns,
        empty=ask.t("exceedances.none_provisional"), note=ask.t("exceedances.provisional_note"),
    )  # fmt: skip


def _notices(ask: Ask, frame: pl.DataFrame):
    frame = _named(ask, frame)
    columns = [
        Column("worker", ask.t("label.worker")),
        Column("limit_label", ask.t("label.limit")),
        Column("first_date", ask.t("exceedances.first"), "date"),
    ]
    return blocks.table_card(
        ask, "exceedance-notices", ask.t("exceedances.notices_title"), frame, columns,
        empty=ask.t("exceedances.none"), note=ask.t("exceedances.notices_note"),
    )  # fmt: skip


def _context(ask: Ask, frame: pl.DataFrame):
    frame = with_state_label(ask, with_limit_label(ask, frame))
    categories = {word.value: ask.label(word) for word in Category}
    frame = frame.with_columns(
        blocks.texts("domain_label", [label_of(ask, "domain", code) for code in frame["domain"]]),
        blocks.texts("occupation", [ask.reference_label("occupations", code) for code in frame["occupation_code"]]),
        blocks.texts("category_label", [categories.get(code, code) for code in frame["category"]]),
    )
    columns = [
        *_with_state(ask, columns_of(ask)),
        Column("company_name", ask.t("label.establishment")),
        Column("town", ask.t("label.town")),
        Column("domain_label", ask.t("dimension.domain")),
        Column("occupation", ask.t("dimension.occupation")),
        Column("category_label", ask.t("dimension.category")),
    ]
    return blocks.table_card(
        ask, "exceedance-context", ask.t("exceedances.context_title"), frame, columns,
        empty=ask.t("exceedances.none"), note=ask.t("exceedances.context_note"),
    )  # fmt: skip


def _named(ask: Ask, frame: pl.DataFrame) -> pl.DataFrame:
    """With each worker's name and the address of their page."""
    keys = frame["worker_key"].unique().to_list()
    people = identities_of(ask, keys)
    names = {key: full_name(people[key]) if key in people else ask.t("label.key", key=key) for key in keys}
    return with_limit_label(ask, frame).with_columns(
        blocks.texts("worker", [names[key] for key in frame["worker_key"]]),
        blocks.texts("href", [f"/app/worker/{key}" for key in frame["worker_key"]]),
    )
