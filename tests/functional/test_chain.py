"""One dose is followed from its file and line to the snapshot and back, and no row is lost on the way."""

import json
from decimal import Decimal

import polars as pl
import pytest
from sqlalchemy import select

from flows.steps import arrivals
from ingestion import reports
from ingestion.read import parse_name, read_rows
from lake.schema import place_of
from lake.store import Lake
from models.catalog import models
from models.snapshot import Snapshots
from registry.database import open_registry
from registry.tables import deliveries


@pytest.fixture(scope="module")
def snapshots(demo_home):
    snapshots = Snapshots(demo_home)
    yield snapshots
    snapshots.close()


def test_a_dose_on_screen_names_its_file_and_line(demo_home, snapshots):
    shown = snapshots.query(
        "select * from dose_records where dosimetry = 'PASSIVE' and dose_msv > 1 order by dose_id limit 1"
    ).row(0, named=True)
    delivery_no, row_no, _ = place_of(shown["dose_id"])
    with open_registry(demo_home).connect() as connection:
        name = connection.execute(
            select(deliveries.c.file_name).where(deliveries.c.delivery_no == delivery_no)
        ).scalar_one()
    file = demo_home.home / "deliveries" / name
    header, line = (file.read_text().splitlines()[i].split(";") for i in (0, row_no - 1))
    sent = dict(zip(header, line, strict=True))
    assert Decimal(sent["value_msv"]) == shown["dose_msv"]
    assert sent["period_end"] == shown["period_end"].isoformat()
    career = snapshots.query(
        "select max(career_msv) as career from rolling_doses where worker_key = ? and limit_quantity = 'effective'",
        [shown["worker_key"]],
    )["career"].item()
    assert career >= shown["counted_msv"]


def test_a_column_whose_null_is_not_explained_has_none(snapshots):
    for mart in (model for model in models().values() if model.is_mart):
        never = [column.name for column in mart.columns.values() if not column.null]
        counts = ", ".join(f"count(*) filter ({name} is null) as {name}" for name in never)
        found = snapshots.query(f"select {counts} from {mart.name}").row(0, named=True)
        assert not {name for name, count in found.items() if count}, mart.name


def test_every_row_of_every_file_is_accounted_for(demo_home):
    landed = Lake(demo_home.lake_root).scan("deliveries").collect()
    balance = pl.sum_horizontal("rows_loaded", "rows_refused", "rows_waiting", "rows_duplicate")
    assert landed.filter(pl.col("rows_total") != balance).is_empty()
    for path in (arrival.path for arrival in arrivals(demo_home.home / "deliveries")):
        rows = read_rows(path.name, parse_name(path.name).layout, path.read_bytes())
        counted = landed.filter(file_name=path.name)
        if counted.is_empty():
            # The same bytes came before under another name.
            assert landed.filter(byte_size=path.stat().st_size).height >= 1
        else:
            assert counted["rows_total"].item() == rows.total


def test_what_the_simulator_put_wrong_is_what_the_reports_count(demo_home):
    """File by file and code by code; bytes that came again have the first's report."""
    manifest = json.loads((demo_home.home / "deliveries" / "manifest.json").read_text())
    put = {
        file["name"]: (
            *(file[count] for count in ("rows", "loaded", "rejected", "waiting", "duplicate")),
            file["codes"],
        )
        for file in manifest["files"]
        if not file["resend_of"]
    }
    counts = [f"rows_{count}" for count in ("total", "loaded", "refused", "waiting", "duplicate")]
    counted = {}
    for number in Lake(demo_home.lake_root).scan("deliveries").select("delivery_no").collect().to_series():
        report = reports.load(demo_home, number)
        causes = {cause["code"]: cause["rows"] for cause in report["causes"]}
        counted[report["file_name"]] = (*(report[count] for count in counts), causes)
    assert counted == put
    assert len(manifest["codes"]) > 15


def test_no_number_or_name_is_in_the_lake_or_the_marts(demo_home):
    worker_list = next(a.path for a in arrivals(demo_home.home / "deliveries") if a.path.name.startswith("TRAV"))
    people = read_rows(worker_list.name, parse_name(worker_list.name).layout, worker_list.read_bytes()).good.head(20)
    secrets = [
        value.encode()
        for value in [*people["nir"], *people["birth_name"].filter(people["birth_name"].str.len_chars() > 6)]
    ]
    searched = [*demo_home.lake_root.rglob("*"), *demo_home.marts.rglob("*"), *demo_home.landing.rglob("*")]
    assert secrets
    for path in searched:
        if path.is_file():
            data = path.read_bytes()
            assert not any(secret in data for secret in secrets), path
