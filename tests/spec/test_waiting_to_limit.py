"""A dose above a limit is seen while it waits, and is the same exceedance once it is released or corrected."""

from datetime import UTC, date, datetime

import duckdb
import pytest

from delivery_files import Files, line, nir, siret
from ingestion.door import Door
from lake.schema import dose_id
from lake.settings import Settings
from models.build import build

AT = datetime(2020, 2, 12, tzinfo=UTC)
LATER = datetime(2020, 3, 20, 9, tzinfo=UTC)
MARTS = {"limit_exceedances": "true", "provisional_exceedances": "true", "exceedance_history": "status = 'gone'"}


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


@pytest.fixture
def door(tmp_path, files):
    door = Door(Settings(home=tmp_path / "home", memory_limit_gib=2))
    door.receive(files.write("ETAB", line("ETAB"), line("ETAB", siret=siret(2))), AT)
    door.receive(files.write("TRAV", line("TRAV")), AT)
    return door


def _episodes(door: Door, as_of: date | None = None) -> dict[str, list[tuple]]:
    """Per mart, who exceeded L1 and by which peak; of the history, what is gone."""
    built = build(door.settings, door.lake, as_of, only=set(MARTS))
    with duckdb.connect(str(built), read_only=True) as connection:
        sql = "select worker_key, cast(peak_msv as varchar) from {} where limit_code = 'L1' and {} order by all"
        return {mart: connection.execute(sql.format(mart, kept)).fetchall() for mart, kept in MARTS.items()}


def test_a_dose_that_waits_for_its_employment_is_provisional_then_released_into_an_exceedance(door, files):
    door.receive(files.write("PASS", line("PASS", siret=siret(2), value_msv="21.100")), AT)
    episode = [(1, "21.100")]
    nothing = {"limit_exceedances": [], "exceedance_history": []}
    assert _episodes(door) == nothing | {"provisional_exceedances": episode}
    door.receive(files.write("TRAV", line("TRAV", siret=siret(2))), LATER)
    assert _episodes(door) == nothing | {"limit_exceedances": episode, "provisional_exceedances": []}
    assert _episodes(door, date(2020, 3, 19)) == nothing | {"provisional_exceedances": episode}


def test_a_dose_of_an_unknown_number_is_seen_as_soon_as_its_worker_is_known(door, files):
    door.receive(files.write("PASS", line("PASS", nir=nir(50), value_msv="21.100")), AT)
    assert _episodes(door)["provisional_exceedances"] == []
    door.receive(files.write("TRAV", line("TRAV", nir=nir(50), siret=siret(2))), LATER)
    assert _episodes(door)["provisional_exceedances"] == [(2, "21.100")]


def test_a_modified_exceedance_is_gone_from_the_decision_on(door, files):
    landed = door.receive(files.write("PASS", line("PASS", value_msv="21.100")), AT)
    target = str(dose_id(landed.delivery_no, 2, 0))
    decision = line("CORR", dose_id=target, value_msv="0.100", decision_date="2020-03-19")
    assert door.receive(files.write("CORR", decision), LATER).report["rows_loaded"] == 1
    now, before = _episodes(door), _episodes(door, date(2020, 3, 19))
    assert (now["limit_exceedances"], now["exceedance_history"]) == ([], [(1, "21.100")])
    assert (before["limit_exceedances"], before["exceedance_history"]) == ([(1, "21.100")], [])
