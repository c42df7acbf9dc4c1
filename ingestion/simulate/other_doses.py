"""Aircrew have a cosmic dose each month, radon workers one each quarter, and a few workers an internal dose."""

import numpy as np
import polars as pl

from ingestion.simulate import calendar, calibration
from ingestion.simulate.decimals import hundredths_text, thousandths_text
from ingestion.simulate.employments import Year
from ingestion.simulate.establishments import Establishments
from ingestion.simulate.identities import Persons, birth_name_pool, first_name_pool
from ingestion.simulate.passive import share_out
from ingestion.simulate.population import Seats
from ingestion.simulate.streams import stream

COSMIC_STEP, COSMIC_THRESHOLD = 50, 100
_UNEXPOSED_AIRCREW = 0.045
_MICROSIEVERT_PER_HOUR = 3.4
_USUAL_AIRCREW_MEAN, _USUAL_AIRCREW_HIGHEST = 1.9, 5.6

RADON_THRESHOLD = 50
# mSv per kBq·h/m³ in millionths. Synthetic: the values of the orders of 2003 and 2023 are to be read in their text.
_RADON_COEFFICIENTS = {0: 3_100, 2024: 6_700}

_INTERNAL_PER_WORKER = 5 / 10_000
_NUCLIDES = {"NUC_POWER": ["Co-60", "H-3", "Cs-137"], "NUC_CYCLE": ["U-nat", "Pu-239", "Am-241"]}
_BIG_REGISTER = 100_000


def _identity(persons: Persons, person: np.ndarray, month: int) -> dict[str, pl.Series]:
    nir, key = persons.identifier(person, month)
    return {
        "nir": nir,
        "nir_key": key,
        "birth_name": birth_name_pool().gather(persons.birth_name[person]),
        "first_names": first_name_pool().gather(persons.first_names[person]),
    }


def _new_record(ids: pl.Series) -> dict[str, pl.Series]:
    nothing = pl.repeat(None, len(ids), dtype=pl.String, eager=True)
    return {
        "record_id": ids,
        "record_action": pl.repeat("NEW", len(ids), eager=True),
        "replaces_record_id": nothing,
        "motive_code": nothing,
    }


def cosmic_year(seed: int, seats: Seats, persons: Persons, year: Year) -> pl.DataFrame:
    """Monthly cosmic doses; the year's mean over the exposed and its maximum follow the published series."""
    dice = stream(seed, "cosmic", year.year)
    crew = np.arange(seats.ground, seats.ground + seats.aircrew)
    totals = _cosmic_totals(seed, dice, persons, year, crew)
    count = year.months[crew].astype(np.int64)
    owner = np.repeat(np.arange(len(crew)), count)
    turn = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    month = year.year * 12 + year.start[crew][owner].astype(np.int64) - 1 + turn
    weight = dice.gamma(6.0, size=len(owner)) + 1e-9
    if len(owner) == 0:
        dose = np.zeros(0, dtype=np.int64)
    else:
        dose = share_out(dice, totals, COSMIC_STEP, np.array(COSMIC_THRESHOLD), owner, weight)
    hours = (dose / _MICROSIEVERT_PER_HOUR * 100 + dice.integers(100, 1500, len(owner))).astype(np.int64)
    return pl.DataFrame(
        {
            "seat": crew[owner].astype(np.int32),
            "person": year.person[crew][owner],
            "month": month.astype(np.int32),
            "dose": dose,
            "hours": hours,
            "flights": np.maximum(1, hours // 450),
        }
    )


def _cosmic_totals(seed: int, dice, persons: Persons, year: Year, crew: np.ndarray) -> np.ndarray:
    """Annual doses by rank, so that mean and maximum hold at every size; most persons keep their rank."""
    known = {row["year"]: row for row in calibration.table("aircrew_years").iter_rows(named=True)}.get(year.year, {})
    mean = known.get("mean_exposed_msv", _USUAL_AIRCREW_MEAN)
    highest = known.get("highest_msv", _USUAL_AIRCREW_HIGHEST)
    own = stream(seed, "cosmic latent").normal(size=len(persons))[year.person[crew]]
    score = np.sqrt(0.7) * own + np.sqrt(0.3) * dice.normal(size=len(crew)) - 3 * (12 - year.months[crew]) / 12
    rank = np.argsort(np.argsort(score, kind="stable"), kind="stable")
    exposed = rank >= round(_UNEXPOSED_AIRCREW * len(crew))
    shape = np.sort(stream(seed, "cosmic shape").gamma(4.0, size=max(len(crew), 1)))[: len(crew)]
    annual = np.where(exposed, shape[rank], 0.0)
    for _ in range(20):
        annual *= mean / max(annual[exposed].mean() if exposed.any() else mean, 1e-9)
        annual = np.minimum(annual, highest)
    return np.maximum(np.round(annual * 1000 / COSMIC_STEP), 2 * exposed).astype(np.int64) * COSMIC_STEP


def cosm_rows(rows: pl.DataFrame, month: int, sent_at: int, seats: Seats, sites: Establishments, persons: Persons):
    """The text columns of the COSM layout for one month."""
    count, dose = len(rows), rows["dose"].to_numpy()
    ids = pl.Series(np.arange(count)).cast(pl.String).str.zfill(6)
    return pl.DataFrame(
        {
            **_new_record(f"C{month // 12 % 100:02d}{month % 12 + 1:02d}" + ids),
            "oa_code": pl.repeat("SIEVERT", count, eager=True),
            "siret": sites.siret.gather(seats.site[rows["seat"].to_numpy()]),
            **_identity(persons, rows["person"].to_numpy(), month + 1),
            "month": calendar.day_text(np.full(count, calendar.first_day(month))),
            "n_flights": rows["flights"].cast(pl.String),
            "block_hours": hundredths_text(rows["hours"].to_numpy()),
            "e_msv": thousandths_text(dose),
            "recording_threshold_msv": thousandths_text(np.full(count, COSMIC_THRESHOLD)),
            "result_status": pl.Series(["BELOW_THRESHOLD", "MEASURED"]).gather((dose > 0).astype(np.int64)),
            "method": pl.repeat("CALC", count, eager=True),
            "sent_on": calendar.day_text(np.full(count, sent_at // calendar.SECONDS_A_DAY)),
        }
    )


def radon_year(seed: int, seats: Seats, persons: Persons, year: Year) -> pl.DataFrame:
    """Quarterly radon doses: the exposure times the coefficient in force, rounded half up to 0.001 mSv."""
    dice = stream(seed, "radon", year.year)
    staff = np.arange(seats.ground + seats.aircrew, len(seats))
    start, end = year.start[staff].astype(np.int64), year.end[staff].astype(np.int64)
    first_quarter, last_quarter = (start - 1) // 3, (end - 1) // 3
    count = last_quarter - first_quarter + 1
    owner = np.repeat(np.arange(len(staff)), count)
    quarter = first_quarter[owner] + np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    january = year.year * 12
    first = january + np.maximum(quarter * 3 + 1, start[owner]) - 1
    last = january + np.minimum(quarter * 3 + 3, end[owner]) - 1
    own = stream(seed, "radon latent").normal(size=len(persons))[year.person[staff]][owner]
    coefficient = max(item for item in _RADON_COEFFICIENTS.items() if item[0] <= year.year)[1]
    hours = dice.integers(80, 420, len(owner)) * (last - first + 1) // 3
    concentration = np.exp(5.6 + 0.7 * own + 0.3 * dice.normal(size=len(owner)))
    exposure = (concentration * hours).astype(np.int64)
    dose = (exposure * coefficient + 500_000) // 1_000_000
    is_below = dose < RADON_THRESHOLD
    return pl.DataFrame(
        {
            "seat": staff[owner].astype(np.int32),
            "person": year.person[staff][owner],
            "month": last.astype(np.int32),
            "start": calendar.first_day(first),
            "end": calendar.last_day(last),
            "exposure": np.where(is_below, 0, exposure),
            "hours": hours * 100,
            "coefficient": np.full(len(owner), coefficient),
            "dose": np.where(is_below, 0, dose),
        }
    )


def radn_rows(rows: pl.DataFrame, body: int, month: int, sent_at: int, seats: Seats, sites: Establishments, persons):
    """The text columns of the RADN layout for one body's file."""
    count, dose, seat = len(rows), rows["dose"].to_numpy(), rows["seat"].to_numpy()
    sender = calibration.table("bodies")["sender_code"][body]
    is_soil = seats.sector.gather(seat).str.starts_with("NAT.04")
    ids = pl.Series(np.arange(count)).cast(pl.String).str.zfill(6)
    methods = pl.Series(["AMBIENT", "PERSONAL_GAS", "PERSONAL_PAE"])
    return pl.DataFrame(
        {
            **_new_record(f"R{month // 12 % 100:02d}{month % 12 + 1:02d}" + ids),
            "oa_code": pl.repeat(sender, count, eager=True),
            "siret": sites.siret.gather(seats.site[seat]),
            **_identity(persons, rows["person"].to_numpy(), month + 1),
            "period_start": calendar.day_text(rows["start"].to_numpy()),
            "period_end": calendar.day_text(rows["end"].to_numpy()),
            "exposure_kbqh_m3": thousandths_text(rows["exposure"].to_numpy()),
            "hours": hundredths_text(rows["hours"].to_numpy()),
            "coefficient_msv_per_kbqh_m3": pl.Series([f"0.{c:06d}" for c in rows["coefficient"]], dtype=pl.String),
            "e_msv": thousandths_text(dose),
            "recording_threshold_msv": thousandths_text(np.full(count, RADON_THRESHOLD)),
            "result_status": pl.Series(["BELOW_THRESHOLD", "MEASURED"]).gather((dose > 0).astype(np.int64)),
            "situation": pl.select(pl.when(is_soil).then(pl.lit("EXISTING")).otherwise(pl.lit("PLANNED"))).to_series(),
            "method": methods.gather(seat % 3),
            "sent_on": calendar.day_text(np.full(count, sent_at // calendar.SECONDS_A_DAY)),
        }
    )


def internal_year(seed: int, seats: Seats, year: Year) -> pl.DataFrame:
    """A handful of intakes; a big register has one between 1 and 13 mSv each year."""
    dice = stream(seed, "internal", year.year)
    nuclear = np.flatnonzero(seats.is_operational & year.is_monitored() & (year.move_month == 0))
    count = min(len(nuclear), max(1, round(len(nuclear) * _INTERNAL_PER_WORKER)))
    seat = dice.choice(nuclear, count, replace=False) if count else nuclear
    turn = np.minimum(year.start[seat] + dice.integers(0, 12, count), year.end[seat]).astype(np.int64) - 1
    month = year.year * 12 + turn
    day = calendar.first_day(month) + dice.integers(0, 28, count)
    dose = np.clip(np.round(np.exp(dice.normal(-1.6, 0.9, count)) * 1000), 10, 990).astype(np.int64)
    if seats.ground >= _BIG_REGISTER:
        dose[0] = dice.integers(1000, 13_000)
    return pl.DataFrame(
        {
            "seat": seat.astype(np.int32),
            "person": year.person[seat],
            "month": month.astype(np.int32),
            "day": day,
            "dose": dose,
            "nuclide": dice.integers(0, 3, count),
            "is_assumed": dice.random(count) < 0.3,
        }
    )


def inte_rows(rows: pl.DataFrame, month: int, seats: Seats, year: Year, sites: Establishments, persons: Persons):
    """The text columns of the INTE layout for the intakes of one month, sent two months later."""
    count, seat = len(rows), rows["seat"].to_numpy()
    nothing = pl.repeat(None, count, dtype=pl.String, eager=True)
    nuclides = [
        _NUCLIDES.get(str(seats.group[s]), ["Co-60", "Cs-137", "Co-58"])[n]
        for s, n in zip(seat, rows["nuclide"], strict=True)
    ]
    ids = pl.Series(np.arange(count)).cast(pl.String).str.zfill(4)
    site = year.site[seat]
    return pl.DataFrame(
        {
            **_new_record(f"I{month // 12 % 100:02d}{month % 12 + 1:02d}" + ids),
            "mdt_rpps": sites.physician.gather(site),
            "siret": sites.siret.gather(site),
            **_identity(persons, rows["person"].to_numpy(), month + 2),
            "intake_date": calendar.day_text(rows["day"].to_numpy()),
            "intake_date_kind": pl.Series(["KNOWN", "ASSUMED"]).gather(rows["is_assumed"].cast(pl.Int64)),
            "radionuclide": pl.Series(nuclides, dtype=pl.String),
            "route": pl.repeat("INH", count, eager=True),
            "e50_msv": thousandths_text(rows["dose"].to_numpy()),
            "organ": nothing,
            "ht50_msv": nothing,
            "situation": pl.repeat("PLANNED", count, eager=True),
            "model_ref": pl.repeat("CIPR 130", count, eager=True),
            "decision_date": calendar.day_text(rows["day"].to_numpy() + 35),
        }
    )
