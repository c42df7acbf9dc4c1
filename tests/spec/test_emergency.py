"""Emergency doses (SUR) of a URGE file: kept, shown to whom the law names, and in no sum of planned exposure."""

from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import pytest

from delivery_files import Files, line
from ingestion.door import Door
from lake.settings import Settings
from lake.vocabulary import Role
from models.access import Access
from models.build import build
from models.publish import publish
from quality.gate import gate
from registry.policy import Viewer

AT = datetime(2020, 2, 12, tzinfo=UTC)
SUMS = [
    "rolling_doses", "annual_worker_doses", "period_doses", "limit_exceedances", "exceedance_history",
    "provisional_exceedances",
]  # fmt: skip


_WAITS = {"value_msv": "40.000", "period_start": "2021-01-01", "period_end": "2021-01-31"}


@pytest.fixture
def door(tmp_path):
    return Door(Settings(home=tmp_path / "home", memory_limit_gib=2))


@pytest.fixture
def built(door, tmp_path):
    """A snapshot of one worker's emergency, above every planned limit by each quantity, and a waiting row more."""
    files = Files(tmp_path)
    door.receive(files.write("ETAB", line("ETAB")), AT)
    door.receive(files.write("TRAV", line("TRAV", contract_end="2020-12-31")), AT)
    dose = {"value_msv": "900.000", "period_end": "2020-01-31"}
    report = door.receive(
        files.write(
            "URGE",
            line("URGE", record_id="hp10", **dose),
            line("URGE", record_id="hp3", quantity="HP3", body_location="EYE", **dose),
            line("URGE", record_id="hp007", quantity="HP007", body_location="FINGER_L", **dose),
            line("URGE", record_id="e", quantity="E", body_location="", method="RECONSTRUCTED", **dose),
            line("URGE", record_id="e50", quantity="E50", body_location="", **dose | {"value_msv": "50.000"}),
            # All together under the limit of a working life, which is the only one they count towards.
            line("URGE", record_id="waits", **_WAITS),
        ),
        AT.replace(year=2021),
    ).report
    assert (report["rows_loaded"], report["rows_waiting"]) == (5, 1), report["causes"]
    return build(door.settings, door.lake)


def _rows(built, sql: str) -> list[tuple]:
    with duckdb.connect(str(built), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_an_emergency_dose_enters_no_sum(built):
    for model in SUMS:
        assert _rows(built, f"select * from {model}") == [], model
    monitored = "select coalesce(sum(monitored), 0) from national_statistics where year = 2020"
    assert _rows(built, monitored) == [(0,)]
    assert _rows(built, "select * from transmission_timeliness") == []


def test_an_emergency_dose_is_kept_and_accounted_for(built):
    kept = "select dosimetry, quantity, dose_msv, result_status, situation, limit_quantity from dose_records"
    assert _rows(built, f"{kept} order by quantity") == [
        ("EMERGENCY_INTERNAL", "E", Decimal("900.000"), "ESTIMATED", "SUR", None),
        ("EMERGENCY_INTERNAL", "E50", Decimal("50.000"), "MEASURED", "SUR", None),
        ("EMERGENCY", "HP007", Decimal("900.000"), "MEASURED", "SUR", None),
        ("EMERGENCY", "HP10", Decimal("900.000"), "MEASURED", "SUR", None),
        ("EMERGENCY", "HP3", Decimal("900.000"), "MEASURED", "SUR", None),
    ]
    assert _rows(built, "select * from dose_ledger") == [
        ("EMERGENCY", "emergency", 3, Decimal("2700.000")),
        ("EMERGENCY_INTERNAL", "emergency", 2, Decimal("950.000")),
    ]


def test_the_gate_lets_emergency_doses_pass_and_only_physicians_see_their_internal_part(door, built):
    publish(door.settings, built, lambda path: gate(door.settings, door.lake, path, with_suites=False))
    access = Access(door.settings, lambda event: None, today=lambda: date(2020, 3, 1))
    (establishment,) = door.lake.scan("establishments").collect()["establishment_key"].unique()
    seen = {
        role: access.fetch(
            "dose_records", Viewer(7, role, establishment_keys=frozenset({establishment})), purpose="test"
        )
        for role in (Role.CRP, Role.INSPECTOR, Role.PHYSICIAN)
    }
    external = ["HP007", "HP10", "HP3"]
    assert sorted(seen[Role.CRP]["quantity"]) == sorted(seen[Role.INSPECTOR]["quantity"]) == external
    assert sorted(seen[Role.PHYSICIAN]["quantity"]) == ["E", "E50", *external]
