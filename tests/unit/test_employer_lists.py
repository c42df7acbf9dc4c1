"""Lists sent by an employer's account: its own establishments, the lines it may write, and nothing else."""

from datetime import UTC, date, datetime

import pytest

from delivery_files import line, siret
from ingestion.door import Door
from lake.schema import TABLES
from lake.settings import Settings
from lake.vocabulary import Role
from registry.accounts import create_account, designate

AT = datetime(2020, 2, 12, tzinfo=UTC)


@pytest.fixture
def door(tmp_path, files):
    door = Door(Settings(home=tmp_path / "home"))
    door.receive(files.write("ETAB", line("ETAB"), line("ETAB", siret=siret(2))), AT)
    return door


def _account(door: Door, role: Role, establishment_key: int | None = None) -> int:
    account = create_account(
        door.engine, email=f"{role}@example.org".lower(), password="long enough to be one", role=role, display_name="T"
    )
    if establishment_key:
        designate(door.engine, account, starts_on=date(2019, 1, 1), establishment_key=establishment_key)
    return account


def _codes(door: Door, path, account_id: int | None) -> list[str]:
    return [cause["code"] for cause in door.receive(path, AT, account_id).report["causes"]]


def test_an_employer_declares_at_the_establishments_designated_to_the_account_only(door, files):
    employer = _account(door, Role.EMPLOYER, establishment_key=1)
    assert _codes(door, files.write("TRAV", line("TRAV"), sender="EMPLOYER"), employer) == []
    assert _codes(door, files.write("TRAV", line("TRAV", siret=siret(2)), sender="EMPLOYER"), employer) == ["I10"]
    assert _codes(door, files.write("ETAB", line("ETAB", siret=siret(3)), sender="EMPLOYER"), employer) == ["I10"]


def test_an_establishment_changes_employer_only_by_the_register_team(door, files):
    employer = _account(door, Role.EMPLOYER, establishment_key=1)
    team = _account(door, Role.REGISTER)
    spelled = line("ETAB", company_name="ATELIERS DU VAL", town="Lyon")
    assert _codes(door, files.write("ETAB", spelled, sender="EMPLOYER"), employer) == []
    other = line("ETAB", company_name="Fonderies du Port")
    assert _codes(door, files.write("ETAB", other, sender="EMPLOYER"), employer) == ["I13"]
    assert _codes(door, files.write("ETAB", other), team) == []
    assert _codes(door, files.write("ETAB", line("ETAB", company_name="Fonderies du Port", town="Brest")), None) == []
    names = door.lake.scan("establishments").filter(establishment_key=1).sort("delivery_no").collect()["company_name"]
    assert names.to_list() == ["Ateliers du Val", "ATELIERS DU VAL", "Fonderies du Port", "Fonderies du Port"]


def test_a_minor_is_told_once_however_many_lists_name_them_and_again_when_the_birth_date_is_corrected(door, files):
    young = {"birth_date": "2003-05-01", "contract_start": "2019-09-01", "category_start": "2019-09-01"}
    for change in ({}, {"action": "UPDATE"}, {"action": "UPDATE", "birth_date": "1980-01-15"}):
        report = door.receive(files.write("TRAV", line("TRAV", **young | change)), AT).report
        assert report["rows_loaded"] == 1, report["causes"]
    told = door.lake.scan("minors").sort("delivery_no").collect()
    assert told["adult_on"].to_list() == [date(2021, 5, 1), date(1998, 1, 15)]
    assert told.select(TABLES["minors"].key).is_unique().all()
