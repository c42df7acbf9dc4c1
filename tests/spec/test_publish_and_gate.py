"""publish and gate: what fails is refused, says why and leaves the old snapshot in place."""

from datetime import date

import duckdb
import pytest

from lake.errors import GateRefused
from models.publish import current_version, publish
from models.snapshot import Snapshots
from quality.gate import GateReport, gate


def checked(register, with_suites=False):
    return lambda built: gate(register.settings, register.lake, built, with_suites=with_suites)


@pytest.fixture
def first(register):
    register.add("persons", worker_key=1)
    register.dose("2024-01-31", "21.000")
    publish(register.settings, register.build(), checked(register))
    return register


def test_a_tampered_snapshot_is_refused_and_the_old_one_stays(first):
    before = current_version(first.settings)
    built = first.build()
    with duckdb.connect(str(built)) as connection:
        connection.execute("update annual_worker_doses set dose_msv = dose_msv + 0.001")
    with pytest.raises(GateRefused, match="counted_doses_agree"):
        publish(first.settings, built, checked(first))
    assert current_version(first.settings) == before
    assert not built.exists()
    reports = [GateReport.load(path) for path in first.settings.marts.glob("*.json")]
    assert sorted(report.passed for report in reports) == [False, True]


def test_a_hidden_exceedance_is_refused(first):
    built = first.build()
    with duckdb.connect(str(built)) as connection:
        connection.execute("delete from exceedance_history")
    assert "no_exceedance_unseen" in {c.name for c in checked(first)(built).checks if not c.passed}


def test_a_tampered_lake_is_refused(first):
    first.rows["doses"].append(first.dose("2024-03-31", row_no=77))
    first.rows["deliveries"].append({**first._delivery(9, True), "rows_total": 5})
    built = first.build()
    failed = {c.name for c in checked(first)(built).checks if not c.passed}
    assert {"schema_doses", "delivery_counts_add_up", "loaded_rows_are_there"} <= failed


def test_a_delivery_that_lands_between_build_and_gate_changes_nothing(first):
    built = first.build()
    first.dose("2024-02-29", delivery_no=2)
    first.land()
    report = checked(first)(built)
    assert report.passed
    assert [c.name for c in report.checks if not c.passed] == ["made_from_the_latest_lake"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_suites_agree_with_the_counts(first):
    built = first.build()
    with_suites, without = checked(first, with_suites=True)(built), checked(first)(built)
    assert [(c.name, c.passed, c.count) for c in with_suites.checks] == [
        (c.name, c.passed, c.count) for c in without.checks
    ]


def test_readers_see_the_new_snapshot_and_old_ones_go(first):
    snapshots = Snapshots(first.settings)
    assert snapshots.query("select count(*) as n from dose_records")["n"][0] == 1
    first.dose("2024-02-29", delivery_no=2)
    publish(first.settings, first.build(), checked(first))
    assert snapshots.query("select count(*) as n from dose_records")["n"][0] == 2
    snapshots.close()


def test_an_as_of_build_never_becomes_current(first):
    before = current_version(first.settings)
    published = publish(first.settings, first.build(as_of=date(2024, 1, 15)), checked(first))
    assert published.name == "as-of-2024-01-15.duckdb"
    assert current_version(first.settings) == before
    seen = Snapshots(first.settings).query("select count(*) as n from dose_records", as_of=date(2024, 1, 15))
    assert seen["n"][0] == 0


def test_the_snapshot_holds_no_minor_and_no_lake_view(first):
    built = first.build()
    with duckdb.connect(str(built), read_only=True) as connection:
        names = {row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()}
        views = connection.execute("select count(*) from duckdb_views() where not internal").fetchone()[0]
    assert "minors" not in names and "limited_doses" not in names and views == 0
