"""The synthetic register: the same bytes each time, right identifiers, the published classes, the announced faults."""

import hashlib
import json
import re
from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ingestion.identifiers import is_nir_shaped, is_rpps, is_siret, nir_key
from ingestion.simulate import calendar, calibration, decimals, simulate
from ingestion.simulate.passive import share_out
from lake import reference
from lake.errors import UsageError

WORKERS = 3000
PUBLISHED = Path(__file__).parents[1] / "backtests" / "published" / "dose_class_category_2020.csv"


@pytest.fixture(scope="module")
def register(tmp_path_factory):
    """A year and a half around 2020, and its manifest."""
    out = tmp_path_factory.mktemp("register")
    return out, simulate(WORKERS, date(2019, 6, 1), date(2020, 12, 1), 7, out)


def read(out: Path, layout: str) -> pl.DataFrame:
    """Every row of a layout in order of arrival, files sent twice left out."""
    again = {f["name"] for f in json.loads((out / "manifest.json").read_text("utf-8"))["files"] if f["resend_of"]}
    paths = sorted(out.glob(f"{layout}_*.csv"), key=lambda path: path.name.rsplit("_", 2)[1])
    frames = [
        pl.read_csv(path, separator=";", infer_schema=False, quote_char=None).with_columns(file=pl.lit(path.name))
        for path in paths
        if path.name not in again
    ]
    return pl.concat(frames)


def digests(out: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.iterdir()}


def test_same_arguments_same_bytes_and_another_seed_another_register(tmp_path):
    span = (date(2023, 11, 1), date(2024, 2, 1))
    for name, seed in (("one", 3), ("two", 3), ("other", 4)):
        simulate(400, *span, seed, tmp_path / name)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert not set(digests(tmp_path / "one").values()) & set(digests(tmp_path / "other").values())


def test_every_file_has_its_layouts_header_and_an_allowed_sender(register):
    out, manifest = register
    layouts = reference.table("layouts").sort("position")
    seen = set()
    for delivery in manifest.files:
        name = re.fullmatch(r"([A-Z]{4})_([A-Z_]+)_(\d{8}T\d{6})_(\d{6})\.csv", delivery.name)
        with (out / delivery.name).open(encoding="utf-8", newline="") as file:
            header = file.readline().removesuffix("\n")
        assert header.split(";") == layouts.filter(layout=name[1])["field"].to_list()
        assert name[1] in reference.sender_layouts()[name[2]]
        seen.add(name[1])
    assert seen == {"ETAB", "TRAV", "PASS", "OPER", "INTE", "RADN", "COSM"}


def test_the_numbers_are_well_formed_have_their_key_and_cannot_exist(register):
    workers = read(register[0], "TRAV")
    checked = workers.select(
        shaped=is_nir_shaped("nir"),
        keyed=nir_key("nir") == pl.col("nir_key"),
        impossible=pl.col("nir").str.ends_with("000"),
        siret=is_siret("siret"),
        rpps=is_rpps("mdt_rpps"),
        sex=pl.col("nir").str.slice(0, 1).is_in(["2", "8"]) == (pl.col("sex") == "F"),
        born=pl.col("nir").str.slice(1, 4)
        == pl.col("birth_date").str.slice(2, 2) + pl.col("birth_date").str.slice(5, 2),
    )
    assert checked.select(pl.all().all()).row(0) == (True,) * checked.width
    assert workers.filter(pl.col("nir").str.contains("2A|2B")).height > 0
    assert read(register[0], "ETAB").select(is_siret("siret").all()).item()


def test_one_number_belongs_to_one_person(register):
    workers = read(register[0], "TRAV")
    persons = workers.group_by("nir").agg(pl.col("birth_name", "first_names", "birth_date").n_unique())
    assert persons.select(pl.exclude("nir").max()).row(0) == (1, 1, 1)


def test_class_counts_are_the_published_ones_at_this_size(register):
    _, manifest = register
    assert manifest.class_tables[2020] == manifest.quota
    published = pl.read_csv(PUBLISHED)["workers"].to_numpy()
    counts = [count for classes in manifest.quota.values() for count in classes.values()]
    assert sum(counts) == WORKERS
    assert np.abs(np.array(counts) - published * WORKERS / published.sum()).max() < 1


def test_the_files_themselves_hold_the_announced_classes_and_dose(register):
    out, manifest = register
    dose = chest_doses(out)
    annual = dose.filter(pl.col("period_end").str.starts_with("2020")).group_by("person").agg(pl.col("dose").sum())
    labels = np.array(["0", "1", "5", "10", "more"])
    dose_of_each = annual["dose"].to_numpy()
    classes = Counter(labels[np.searchsorted([0, 1000, 5000, 10_000], dose_of_each, side="left")].tolist())
    announced = Counter()
    for row in manifest.quota.values():
        announced.update(dict(zip(labels.tolist(), row.values(), strict=True)))
    assert classes == announced
    assert int(annual["dose"].sum()) == round(float(manifest.collective_msv[2020]) * 1000)


def chest_doses(out: Path) -> pl.DataFrame:
    """Counted whole-body results after corrections, in thousandths, by rules written for this test alone."""
    rows = read(out, "PASS")
    links = read(out, "TRAV").drop_nulls("replaces_nir").select(person="nir", nir="replaces_nir").unique("nir")
    nonsense = (pl.col("radiation") == "BETA") | (pl.col("dosimeter_type") == "TLD9")
    nonsense |= pl.col("replaces_record_id").str.starts_with("Q").fill_null(False)
    nonsense |= ~pl.col("value_msv").str.contains(r"^\d+\.\d{3}$").fill_null(True)
    nonsense |= (nir_key("nir") != pl.col("nir_key")).fill_null(True) | ~is_siret("siret")
    nonsense |= (pl.col("period_end") < pl.col("period_start")) | pl.col("record_id").str.ends_with("-D")
    rows = rows.filter(~nonsense).unique("record_id", keep="first", maintain_order=True)
    gone = rows.filter(pl.col("record_action") != "NEW")["replaces_record_id"]
    rows = rows.filter(~pl.col("record_id").is_in(gone.implode()), pl.col("record_action") != "CANCEL")
    rows = rows.filter(quantity="HP10", body_location="TRUNK").drop_nulls("value_msv")
    # A row under another person's name was refused; its second sending is the one that counts.
    rows = rows.unique(["nir", "siret", "radiation", "period_end"], keep="last", maintain_order=True)
    dose, threshold = (
        pl.col(column).str.replace(".", "", literal=True).cast(pl.Int64)
        for column in ("value_msv", "recording_threshold_msv")
    )
    return rows.join(links, on="nir", how="left").select(
        person=pl.coalesce("person", "nir"),
        dose=pl.when(dose >= threshold).then(dose).otherwise(0),
        period_end="period_end",
    )


def test_class_means_give_the_published_collective_dose_within_three_per_cent():
    man_msv = (calibration.class_means() * calibration.published_counts()).sum()
    assert man_msv / 1000 == pytest.approx(calibration.volume("collective_2020"), rel=0.03)


def test_the_dose_of_a_small_register_follows_the_national_one(register):
    target = calibration.volume("collective_2020") * 1e3 * WORKERS / calibration.volume("table_workers_2020")
    assert float(register[1].collective_msv[2020]) == pytest.approx(target, rel=0.03)


def test_decimals_are_exact_text(register):
    out, _ = register
    good = r"^\d+\.\d{3}$"
    for layout, columns in {
        "PASS": ["recording_threshold_msv"],
        "OPER": ["hp10_photon_msv", "hp10_neutron_msv", "hp007_msv"],
        "COSM": ["e_msv"],
        "RADN": ["exposure_kbqh_m3", "e_msv"],
        "INTE": ["e50_msv"],
    }.items():
        rows = read(out, layout)
        assert rows.select(pl.col(columns).drop_nulls().str.contains(good).all()).row(0) == (True,) * len(columns)
    values = read(out, "PASS").filter(pl.col("value_msv").is_not_null())["value_msv"]
    assert set(values.filter(~values.str.contains(good))) == {"-0.150", "0,150", "ABC"}
    assert decimals.thousandths_text(np.array([0, 1, 50, 1050, 503_000, decimals.NO_VALUE])).to_list() == [
        "0.000", "0.001", "0.050", "1.050", "503.000", None,
    ]  # fmt: skip


def test_faults_are_there_in_their_usual_share(register):
    _, manifest = register
    codes = {"I01", "I02", "I03", "I04", "I06", "D01", "D02", "D03", "D05", "N01", "P01", "P03", "P04", "R02"}
    assert codes <= set(manifest.codes)
    refused = sum(f.rejected for f in manifest.files if f.layout == "PASS")
    assert 0.02 < refused / manifest.rows["PASS"] < 0.04
    for delivery in manifest.files:
        assert delivery.rows == delivery.loaded + delivery.rejected + delivery.waiting + delivery.duplicate


def test_the_absurd_dose_is_cancelled_two_months_later(register):
    out, manifest = register
    first, cancel = manifest.planted["absurd_dose"]
    rows = read(out, "PASS").filter(pl.col("record_id").is_in([first, cancel]))
    assert rows["value_msv"].to_list() == ["503.000", None]
    assert rows["record_action"].to_list() == ["NEW", "CANCEL"]
    assert rows["replaces_record_id"][1] == first and rows["motive_code"][1] == "NOT_A_PERSON_DOSE"


def test_one_worker_passes_20_msv_over_twelve_months_only(register):
    out, manifest = register
    rows = read(out, "PASS").filter(pl.col("record_id").is_in(manifest.planted["rolling_only"]))
    dose = rows.group_by(pl.col("period_end").str.slice(0, 4)).agg(pl.col("value_msv").cast(pl.Decimal(9, 3)).sum())
    assert rows["nir"].n_unique() == 1
    assert [str(value) for value in sorted(dose["value_msv"])] == ["10.100", "11.000"]
    ends = rows["period_end"].str.to_date()
    assert (ends.max() - ends.min()).days < 365


def test_a_dose_is_moved_to_the_year_it_was_received_in(register):
    out, manifest = register
    rows = read(out, "PASS").filter(pl.col("record_id").is_in(manifest.planted["moved_to_another_year"]))
    assert rows["period_end"].to_list()[:2] == ["2019-12-31", "2020-01-31"]
    assert rows["record_action"].to_list()[:2] == ["NEW", "REPLACE"]


def test_the_manifest_holds_no_person(register):
    out, _ = register
    text = (out / "manifest.json").read_text("utf-8")
    numbers = read(out, "TRAV")["nir"].unique().to_list()
    assert not any(number in text for number in numbers)


def test_unclassified_workers_send_nothing_after_january_2024_but_a_few_stray_badges(tmp_path):
    manifest = simulate(2500, date(2023, 10, 1), date(2024, 6, 1), 5, tmp_path)
    assert sum(manifest.class_tables[2024]["NR"].values()) == 0
    assert 0 < manifest.codes["I07"] < 15
    workers = read(tmp_path, "TRAV").filter(pl.col("category").is_in(["NC", "NR"]))
    assert workers["category_start"].max() < "2024-02-01"
    assert (workers["category_end"] == "2024-01-31").any()


def test_entries_carry_the_offset_of_paris_and_some_end_the_next_day(register):
    rows = read(register[0], "OPER")
    month = rows["entry_ts"].str.slice(5, 2)
    offset = rows["entry_ts"].str.slice(-6)
    assert set(offset.filter(month == "01")) == {"+01:00"}
    assert set(offset.filter(month == "07")) == {"+02:00"}
    assert (rows["exit_ts"].str.slice(0, 10) > rows["entry_ts"].str.slice(0, 10)).any()
    spring = np.array(["2020-03-29T00:59:59", "2020-03-29T01:00:00"], dtype="datetime64[s]").astype(np.int64)
    assert calendar.paris_offset_hours(spring).tolist() == [1, 2]


@pytest.mark.parametrize("step, least", [(50, 50), (50, 100)])
def test_a_shared_out_dose_keeps_its_total_and_no_part_is_below_the_threshold(step, least):
    dice = np.random.default_rng(0)
    owner = np.repeat(np.arange(500), dice.integers(1, 13, 500))
    totals = dice.integers(0, 60, 500) * step
    totals = np.where((totals > 0) & (totals < least), least, totals)
    parts = share_out(dice, totals, step, np.full(500, least), owner, dice.gamma(1.0, size=len(owner)) + 1e-6)
    assert np.bincount(owner, parts, minlength=500).astype(int).tolist() == totals.tolist()
    assert ((parts == 0) | (parts >= least)).all() and (parts % step == 0).all()


def test_largest_remainder_counts_sum_to_the_total():
    counts = calibration.largest_remainder(np.array([[0.2, 0.5], [0.3, 0.0]]), 7)
    assert counts.sum() == 7 and counts[1, 1] == 0


@pytest.mark.parametrize(
    "workers, first, last", [(10, date(2020, 1, 1), date(2020, 2, 1)), (100, date(2020, 2, 1), date(2020, 1, 1))]
)
def test_impossible_requests_are_refused_in_words(workers, first, last, tmp_path):
    with pytest.raises(UsageError):
        simulate(workers, first, last, 1, tmp_path)
