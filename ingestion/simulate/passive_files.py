"""Passive results as their senders write them, with what is wrong in the text of a faulty row."""

from collections import Counter

import numpy as np
import polars as pl

from ingestion.simulate import calendar, calibration, faults
from ingestion.simulate.decimals import NO_VALUE, thousandths_text
from ingestion.simulate.establishments import Establishments
from ingestion.simulate.faults import CANCEL, DUPLICATE, ENDINGS, FIRST, MOTIVES, NO_MOTIVE, REJECTED, WAITING
from ingestion.simulate.files import Outcome
from ingestion.simulate.identities import Persons, birth_name_pool, first_name_pool
from ingestion.simulate.passive import (
    ABDOMEN,
    ABSENT,
    APRON,
    EYE,
    LOST,
    MAIN,
    NEUTRON,
    NOT_RETURNED,
    OTHER_PERIOD,
    RING_LEFT,
    RING_RIGHT,
    SKIN,
    STATUSES,
)  # fmt: skip
from ingestion.simulate.population import Seats
from lake import reference

LATE_AFTER_DAYS = 20

_LOCATIONS = {
    MAIN: "TRUNK", NEUTRON: "TRUNK", SKIN: "TRUNK", RING_LEFT: "FINGER_L", RING_RIGHT: "FINGER_R",
    EYE: "EYE", APRON: "BELT", ABDOMEN: "ABDOMEN",
}  # fmt: skip
_QUANTITIES = {SKIN: "HP007", RING_LEFT: "HP007", RING_RIGHT: "HP007", EYE: "HP3"}
_LIMITED = {
    MAIN: "effective", NEUTRON: "effective", APRON: "effective", SKIN: "skin", RING_LEFT: "extremities",
    RING_RIGHT: "extremities", EYE: "lens",
}  # fmt: skip
_TYPES = {NEUTRON: "TRACK", RING_LEFT: "TLD_RING", RING_RIGHT: "TLD_RING", EYE: "TLD"}


def names_as_written(style: str) -> tuple[pl.Series, pl.Series]:
    """Birth names and first names in a body's habit: as declared, without accents, or in lower case."""
    names, firsts = birth_name_pool(), first_name_pool()
    match style:
        case "PLAIN":
            plain = [
                pl.select(pl.Series(pool).str.normalize("NFD").str.replace_all(r"\p{M}", "")).to_series()
                for pool in (names, firsts)
            ]
            return plain[0].str.replace_all("-", " ", literal=True), plain[1].str.split(" ").list.first()
        case "TITLE":
            return names.str.to_titlecase(), firsts.str.to_titlecase()
    return names, firsts


def pass_rows(rows: pl.DataFrame, body: int, sent_at: int, seats: Seats, sites: Establishments, persons: Persons):
    """The text columns of the PASS layout for the messages of one file."""
    sender = calibration.table("bodies").row(body, named=True)
    sent_day, file_month = sent_at // calendar.SECONDS_A_DAY, _month(sent_at)
    person, number = rows["person"].to_numpy(), rows["number"]
    nir, key = persons.identifier(person, file_month)
    names, firsts = names_as_written(sender["name_style"])
    kind = rows["kind"]
    sent = rows["sent"].fill_null(sent_day)
    has_value = rows["value"] != NO_VALUE
    read = pl.Series(sent - 3)
    returned = pl.select(pl.min_horizontal(read, rows["end"].cast(pl.Int64) + number % 12 + 1)).to_series()
    is_back = ~rows["status"].is_in([ABSENT, LOST, NOT_RETURNED])
    stem = pl.select(pl.format("P{}", number.cast(pl.String).str.zfill(10))).to_series()
    frame = pl.DataFrame(
        {
            "record_id": stem + pl.Series(ENDINGS).gather(rows["ending"]),
            "record_action": pl.Series(["NEW", "REPLACE", "CANCEL"]).gather(rows["action"]),
            "replaces_record_id": _targets(rows, stem),
            "motive_code": _when(rows["motive"] != NO_MOTIVE, pl.Series(MOTIVES).gather(rows["motive"].clip(0))),
            "oa_code": pl.repeat(sender["sender_code"], len(rows), eager=True),
            "siret": sites.siret.gather(rows["site"]),
            "nir": nir,
            "nir_key": key,
            "birth_name": names.gather(persons.birth_name[person]),
            "first_names": firsts.gather(persons.first_names[person]),
            "workplace_siret": _workplaces(rows, seats, sites),
            "period_start": calendar.day_text(rows["start"].to_numpy()),
            "period_end": calendar.day_text(rows["end"].to_numpy()),
            "period_code": pl.Series(["M", "T", "X"]).gather(rows["period"]),
            "dosimeter_type": pl.Series([_TYPES.get(k, sender["dosimeter_type"]) for k in range(8)]).gather(kind),
            "body_location": pl.Series([_LOCATIONS[k] for k in range(8)]).gather(kind),
            "badge_position": _positions(rows, seats),
            "badge_serial": pl.select(pl.format("B{}", (number * 7919 % 10_000_000).cast(pl.String))).to_series(),
            "radiation": _radiations(sender["radiation"]).gather(kind),
            "quantity": pl.Series([_QUANTITIES.get(k, "HP10") for k in range(8)]).gather(kind),
            "value_msv": thousandths_text(rows["value"].to_numpy()),
            "recording_threshold_msv": thousandths_text(rows["threshold"].to_numpy()),
            "result_status": pl.Series(STATUSES).gather(rows["status"]),
            "read_on": _when(has_value, calendar.day_text(read.to_numpy())),
            "returned_on": _when(is_back, calendar.day_text(returned.to_numpy())),
            "sent_on": calendar.day_text(sent.to_numpy()),
            "situation": pl.repeat("PLANNED", len(rows), eager=True),
        }
    )
    return _spoil(frame, rows, names, persons)


def _month(sent_at: int) -> int:
    return int(calendar.month_of(np.array(sent_at // calendar.SECONDS_A_DAY)))


def _when(mask: pl.Series, text: pl.Series) -> pl.Series:
    return pl.select(pl.when(mask).then(text)).to_series()


def _radiations(usual: str) -> pl.Series:
    named = {NEUTRON: "NEUTRON", SKIN: "MIXED", RING_LEFT: "PHOTON", RING_RIGHT: "PHOTON", EYE: "PHOTON"}
    return pl.Series([named.get(k, usual) for k in range(8)])


def _targets(rows: pl.DataFrame, stem: pl.Series) -> pl.Series:
    known = rows["target"] == FIRST
    unknown = rows["target"] == faults.UNKNOWN_TARGET
    return pl.select(pl.when(known).then(stem).when(unknown).then(stem.str.replace("P", "Q"))).to_series()


def _positions(rows: pl.DataFrame, seats: Seats) -> pl.Series:
    wears_two = pl.Series(seats.has_apron[rows["seat"].to_numpy()]) & (rows["kind"] == MAIN)
    over = rows["kind"] == APRON
    return pl.select(pl.when(over).then(pl.lit("OVER_APRON")).when(wears_two).then(pl.lit("UNDER_APRON"))).to_series()


def _workplaces(rows: pl.DataFrame, seats: Seats, sites: Establishments) -> pl.Series:
    """Where travelling contractors and agency workers were exposed, when it is said."""
    seat = rows["seat"].to_numpy()
    inb = seats.inb_site[seat]
    away = (inb >= 0) & (inb != rows["site"].to_numpy()) & ((seat % 5 < 2) | (seats.contract[seat] == "TEMP"))
    return _when(pl.Series(away), sites.siret.gather(np.maximum(inb, 0)))


def _spoil(frame: pl.DataFrame, rows: pl.DataFrame, names: pl.Series, persons: Persons) -> pl.DataFrame:
    """Write what each refused row gets wrong."""
    meets = rows["meets"]
    wrong = {code: meets == code for code in REJECTED if (meets == code).any()}
    if not wrong:
        return frame
    none = pl.Series(np.zeros(len(rows), dtype=bool))
    is_eye = rows["kind"] == EYE
    other_name = names.gather((persons.birth_name[rows["person"].to_numpy()] + 1) % len(names))
    nonsense = pl.Series(["-0.150", "0,150", "ABC"]).gather(rows["number"] % 3)
    next_digit = ((frame["siret"].str.slice(13).cast(pl.Int64) + 1) % 10).cast(pl.String)
    next_key = (frame["nir_key"].cast(pl.Int64) % 97 + 1).cast(pl.String).str.zfill(2)
    early_end = calendar.day_text(rows.select(_early_end()).to_series().to_numpy())
    d01, d02 = wrong.get("D01", none), wrong.get("D02", none)

    def swapped(column: str, mask: pl.Series, text) -> pl.Expr:
        return pl.when(mask).then(text).otherwise(pl.col(column)).alias(column)

    return frame.with_columns(
        swapped("nir", wrong.get("I01", none), frame["nir"].str.slice(0, 5) + "X" + frame["nir"].str.slice(6)),
        swapped("nir_key", wrong.get("I02", none), next_key),
        swapped("siret", wrong.get("I03", none), frame["siret"].str.slice(0, 13) + next_digit),
        swapped("birth_name", wrong.get("I06", none), other_name),
        swapped("value_msv", d01, nonsense),
        swapped("result_status", d01, pl.lit("MEASURED")),
        swapped("dosimeter_type", wrong.get("N01", none), pl.lit("TLD9")),
        swapped("period_end", wrong.get("P01", none), early_end),
        swapped("body_location", d02 & is_eye, pl.lit("WRIST_L")),
        swapped("radiation", d02 & ~is_eye, pl.lit("BETA")),
    )


def expected(rows: pl.DataFrame, sent_at: int) -> Outcome:
    """What the execution report of this file should count."""
    meets = Counter(rows["meets"].cast(pl.String).to_list()) if len(rows) else Counter()
    codes = Counter({code: count for code, count in meets.items() if code})
    refused, cancels = pl.col("meets").is_in([*REJECTED, DUPLICATE]), pl.col("action") == CANCEL
    end = pl.when(pl.col("meets") == "P01").then(_early_end()).otherwise(pl.col("end"))
    warnings = rows.select(
        # Lateness and length are facts of the row, refused or not; a value is only judged on a row that is kept.
        P04=sent_at // calendar.SECONDS_A_DAY - end.cast(pl.Int64) > LATE_AFTER_DAYS,
        P02=pl.col("period") == OTHER_PERIOD,
        D03=pl.col("is_off_step") & ~refused & ~cancels,
        D04=_is_above_a_limit(rows) & ~refused & ~cancels,
    )
    codes.update({name: int(warnings[name].sum()) for name in warnings.columns})
    return Outcome(
        rejected=sum(meets[code] for code in REJECTED),
        waiting=sum(meets[code] for code in WAITING),
        duplicate=meets[DUPLICATE],
        codes={code: count for code, count in codes.items() if count},
    )


def _early_end() -> pl.Expr:
    return pl.col("start") - 10


def _is_above_a_limit(rows: pl.DataFrame) -> pl.Series:
    """One value above the limit of twelve months that held on the last day of wear."""
    limits = reference.table("dose_limits").filter(window="12_MONTHS", population="ADULT")
    limits = limits.select(
        "limit_quantity",
        limit_usv=(pl.col("limit_msv") * 1000).cast(pl.Int64),
        since=pl.col("valid_from").cast(pl.Int32),
        until=pl.col("valid_to").cast(pl.Int32).fill_null(2**31 - 1),
    )
    above = pl.Series(np.zeros(len(rows), dtype=bool))
    for kind, quantity in _LIMITED.items():
        for limit in limits.filter(limit_quantity=quantity).iter_rows(named=True):
            of_the_day = rows["end"].is_between(limit["since"], limit["until"])
            above |= (rows["kind"] == kind) & of_the_day & (rows["value"] > limit["limit_usv"])
    return above
