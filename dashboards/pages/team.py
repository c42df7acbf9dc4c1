"""The workers in the reader's scope, from the highest 12-month dose down."""

import dash_mantine_components as dmc
import polars as pl
from dash import dcc, html

from dashboards import blocks, queries
from dashboards.ask import Ask
from dashboards.blocks import Column
from dashboards.identities import full_name, identities_of
from lake.vocabulary import Category, LimitQuantity, Role
from registry.constraints import QUANTITIES, level_of
from registry.policy import Data


def render(ask: Ask):
    on = ask.on_day("on") or ask.latest_day
    places = queries.own_establishments(ask) if ask.viewer.role is not Role.WORKER else pl.DataFrame()
    if places.is_empty():
        return blocks.page(
            ask.t("team.title"), ask.t("team.question"), blocks.empty(ask, ask.t("state.empty"), ask.t("team.none"))
        )
    choices = [
        {"value": row["siret"], "label": f"{row['company_name']} – {row['town']} ({row['siret']})"}
        for row in places.iter_rows(named=True)
    ]
    siret = ask.choice("siret", [choice["value"] for choice in choices])
    place = places.row(by_predicate=pl.col("siret") == siret, named=True)
    frame = queries.team(ask, place["establishment_key"], on)
    controls = [
        blocks.select("siret", ask.t("label.establishment"), choices, siret, width=420, searchable=len(choices) > 8),
        blocks.date_input(ask, "on", ask.t("worker.on"), on),
    ]
    body = [blocks.empty(ask, ask.t("state.empty"), ask.t("team.none"))]
    if not frame.is_empty():
        quantity = frame["limit_quantity"][0]
        limit = queries.limit_on(quantity, on)
        source = queries.source(ask, "rolling_doses", frame)
        frame = _described(ask, frame, limit)
        frame = _constrained(ask, frame, place["establishment_key"], quantity)
        body = [_headlines(ask, frame), *_constraint_notice(ask, frame), _table(ask, frame, quantity, on)]
        body.append(blocks.sources(ask, source))
    if ask.decide(Data.CONSTRAINT_SETTING).allowed:
        body.append(_constraints(ask, place["establishment_key"]))
    return blocks.page(ask.t("team.title"), ask.t("team.question"), *body, controls=controls)


def _described(ask: Ask, frame: pl.DataFrame, limit) -> pl.DataFrame:
    """One row per worker with a name, an address and the share of the limit."""
    frame = frame.unique("worker_key", keep="first", maintain_order=True)
    keys = frame["worker_key"].to_list()
    people = identities_of(ask, keys)
    categories = {word.value: ask.label(word) for word in Category}
    shares = [None if not limit else float(dose / limit) for dose in frame["dose_12m_msv"]]
    return frame.with_columns(
        blocks.texts("worker", [full_name(people[k]) if k in people else ask.t("label.key", key=k) for k in keys]),
        blocks.texts("href", [f"/app/worker/{key}" for key in keys]),
        blocks.texts("occupation", [ask.reference_label("occupations", code) for code in frame["occupation_code"]]),
        pl.col("category").replace(categories),
        pl.Series("share", shares, dtype=pl.Float64),
        blocks.texts("file", [ask.t("team.complete" if done else "team.incomplete") for done in frame["is_complete"]]),
    ).sort("dose_12m_msv", descending=True)


def _constrained(ask: Ask, frame: pl.DataFrame, establishment_key: int, quantity: str) -> pl.DataFrame:
    """With the constraint that holds for each, of the establishment or of their work unit, and what it leaves."""
    held = queries.constraints(ask, establishment_key)
    units = queries.work_units(ask, establishment_key) if any(c.team for c in held) else {}
    levels = [level_of(held, quantity, units.get(key)) for key in frame["worker_key"]]
    left = [None if level is None else level - dose for level, dose in zip(levels, frame["dose_12m_msv"], strict=True)]
    return frame.with_columns(
        pl.Series("constraint_msv", levels, dtype=pl.Decimal(12, 3)),
        pl.Series("left_msv", left, dtype=pl.Decimal(12, 3)),
    )


def _constraint_notice(ask: Ask, frame: pl.DataFrame) -> list:
    """How many have passed their constraint: a warning, no exceeded limit."""
    passed = frame.filter(pl.col("left_msv") < 0).height
    return [blocks.notice(ask.t("team.constraint_passed", count=passed), "orange")] if passed else []


def _constraints(ask: Ask, establishment_key: int):
    """The constraints that hold, and the form that sets or withdraws one."""
    held = queries.constraints(ask, establishment_key)
    units = sorted({unit for unit in queries.work_units(ask, establishment_key).values() if unit})
    facts = [
        (f"{c.team or ask.t('constraint.whole')} – {ask.label(LimitQuantity(c.limit_quantity))}",
         f"{ask.dose(c.level_msv)} mSv")
        for c in held
    ]  # fmt: skip
    quantities = [{"value": q.value, "label": ask.label(q)} for q in QUANTITIES]
    return blocks.card(
        ask.t("constraint.title"),
        blocks.facts(facts) if facts else dmc.Text(ask.t("constraint.none"), c="dimmed"),
        dmc.Group(
            [
                dmc.Select(
                    id="constraint-quantity", label=ask.t("label.quantity"), data=quantities,
                    value=quantities[0]["value"], allowDeselect=False, w=230,
                ),
                dmc.Select(
                    id="constraint-team", label=ask.t("constraint.team"), data=units, clearable=True,
                    placeholder=ask.t("constraint.whole"), w=260,
                ),
                dmc.TextInput(
                    id="constraint-level", label=ask.t("constraint.level"), description=ask.t("constraint.level_hint"),
                    inputProps={"inputMode": "decimal"}, w=260,
                ),
            ],
            align="end",
        ),
        dcc.Store(id="constraint-place", data=establishment_key),
        html.Div(id="constraint-answer", role="status", **{"aria-live": "polite"}),
        dmc.Group([dmc.Button(ask.t("constraint.submit"), id="constraint-submit")]),
        note=ask.t("constraint.note"),
    )  # fmt: skip


def _headlines(ask: Ask, frame: pl.DataFrame):
    watched = frame.filter(pl.col("share") > queries.WATCHED_SHARE).height
    return blocks.headlines(
        blocks.headline(ask.t("team.count"), ask.number(frame.height), "", None, ask.t("team.scope")),
        blocks.headline(ask.t("team.highest"), ask.dose(frame["dose_12m_msv"].max()), "mSv", None, ""),
        blocks.headline(
            ask.t("team.above_share", share=ask.number(queries.WATCHED_SHARE * 100)), ask.number(watched),
            ask.t("unit.workers"), None, "",
        ),
        blocks.headline(
            ask.t("team.incomplete_count"), ask.number(frame.filter(~pl.col("is_complete")).height),
            ask.t("unit.workers"), None, ask.t("team.incomplete_hint"),
        ),
    )  # fmt: skip


def _table(ask: Ask, frame: pl.DataFrame, quantity: str, on):
    is_cut = frame["counted_from"].null_count() < frame.height
    columns = [
        Column("worker", ask.t("label.worker"), width=190, href=True),
        Column("occupation", ask.t("dimension.occupation")),
        Column("category", ask.t("dimension.category"), "text", 124),
        Column("dose_12m_msv", ask.t("worker.dose_12m_msv") + " (mSv)", "msv"),
        Column("share", ask.t("team.share"), "percent"),
        *(
            [
                Column("constraint_msv", ask.t("team.constraint") + " (mSv)", "msv", 130),
                Column("left_msv", ask.t("team.constraint_left") + " (mSv)", "msv", 130),
            ]
            if frame["constraint_msv"].null_count() < frame.height
            else []
        ),
        Column("dose_60m_msv", ask.t("worker.dose_60m_msv") + " (mSv)", "msv"),
        *([Column("counted_from", ask.t("team.counted_from"), "date", 110)] if is_cut else []),
        Column("file", ask.t("team.file"), "text", 100),
    ]
    title = ask.t("team.table", day=ask.day(on), quantity=ask.label(LimitQuantity(quantity)))
    note = ask.t("team.note_cut" if is_cut else "team.note")
    return blocks.table_card(ask, "team", title, frame, columns, note=note, height=620)
