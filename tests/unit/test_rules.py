"""Each row rule: a row that gets the code, and its nearest neighbour that does not."""

from datetime import UTC, datetime

import polars as pl
import pytest

from delivery_files import SENDERS, Files, content, key_of, line, nir, siret
from ingestion.door import Door
from ingestion.judge import Question, judge_measurements
from ingestion.population import Populations
from ingestion.read import read_rows
from ingestion.rules import RULES
from lake.settings import Settings
from lake.vocabulary import Layout

CORSICAN = nir(7, department="2A")
OTHER = nir(2)
UNCLASSIFIED = nir(3)
ALIX = {"birth_name": "MARTIGNEUL", "first_names": "Alix"}
UNDER_APRON = {"badge_position": "UNDER_APRON"}

# code, layout, what makes the row get it, what its neighbour says instead
CASES = [
    ("S02", "PASS", {"sent_on": ""}, {"sent_on": "2020-02-10"}),
    ("S02", "PASS", {"value_msv": ""}, {"value_msv": "", "result_status": "ABSENT", "read_on": ""}),
    ("S02", "PASS", {"read_on": ""}, {"read_on": "2020-02-05"}),
    ("S03", "PASS", {"period_end": "31/01/2020"}, {"period_end": "2020-01-31"}),
    ("S03", "PASS", {"sent_on": "2020-02-30"}, {"sent_on": "2020-02-29"}),
    ("S03", "PASS", {"record_id": "r 1"}, {"record_id": "r-1"}),
    ("S04", "PASS", {"result_status": "BELOW_THRESHOLD"}, {"result_status": "BELOW_THRESHOLD", "value_msv": "0"}),
    ("S04", "PASS", {"result_status": "LOST"}, {"result_status": "LOST", "value_msv": "", "read_on": ""}),
    ("S05", "PASS", {"oa_code": "DOSILAB"}, {"oa_code": "LANDAUER"}),
    ("S06", "PASS", {"record_id": nir() + key_of(nir())}, {"record_id": nir() + "00"}),
    ("I01", "PASS", {"nir": "9" + nir()[1:]}, {"nir": nir()}),
    ("I02", "PASS", {"nir_key": "98"}, {"nir_key": key_of(nir())}),
    ("I02", "PASS", {"nir": CORSICAN, "nir_key": "01", **ALIX}, {"nir": CORSICAN, **ALIX}),
    ("I03", "PASS", {"siret": siret()[:-1] + str((int(siret()[-1]) + 1) % 10)}, {"siret": siret()}),
    ("I04", "PASS", {"nir": nir(99)}, {"nir": OTHER, "birth_name": "LE GOAZIOU", "first_names": "Maëlle"}),
    ("I05", "PASS", {"siret": siret(2)}, {"siret": siret(1)}),
    ("I05", "PASS", {"period_start": "2014-12-01", "period_end": "2014-12-31"}, {"period_start": "2014-12-02",
     "period_end": "2015-01-01"}),
    ("I06", "PASS", {"first_names": "Camille"}, {"first_names": "ALIX, Camille"}),
    ("I06", "PASS", {"nir": OTHER, "birth_name": "GOAZIOL", "first_names": "Maelle"},
     {"nir": OTHER, "birth_name": "le  goâziou", "first_names": "MAELLE-ANNE"}),
    ("I07", "PASS", {"nir": UNCLASSIFIED, "birth_name": "OBRANTE", "first_names": "Io", "period_start": "2024-02-01",
     "period_end": "2024-02-01"}, {"nir": UNCLASSIFIED, "birth_name": "OBRANTE", "first_names": "Io",
     "period_start": "2024-01-01", "period_end": "2024-01-31"}),
    ("P01", "PASS", {"period_start": "2020-02-01"}, {"period_start": "2020-01-31"}),
    ("P01", "PASS", {"period_start": "2024-05-01", "period_end": "2024-05-02"}, {"period_start": "2024-05-01",
     "period_end": "2024-05-01"}),
    ("P02", "PASS", {"period_start": "2020-01-01", "period_end": "2020-04-01"}, {"period_start": "2020-01-01",
     "period_end": "2020-03-31"}),
    ("P04", "PASS", {"period_start": "2024-04-01", "period_end": "2024-04-10"}, {"period_start": "2024-04-01",
     "period_end": "2024-04-11"}),
    ("D01", "PASS", {"value_msv": "1,5"}, {"value_msv": "1.5"}),
    ("D01", "PASS", {"value_msv": "-1"}, {"value_msv": "1"}),
    ("D01", "PASS", {"value_msv": "1e9"}, {"value_msv": "1"}),
    ("D01", "PASS", {"value_msv": "0.1234"}, {"value_msv": "0.123"}),
    ("D01", "PASS", {"value_msv": "0000025.000"}, {"value_msv": "000025.000"}),
    ("S03", "PASS", {"period_start": "0000-01-01"}, {"period_start": "2020-01-01"}),
    ("S04", "PASS", {"recording_threshold_msv": "0.101"}, {"recording_threshold_msv": "0.100"}),
    ("S04", "PASS", {"recording_threshold_msv": "100.000", "value_msv": "25.000"}, {"value_msv": "25.000"}),
    ("D01", "PASS", {"value_msv": "100000.001"}, {"value_msv": "100000.000"}),
    ("D02", "PASS", {"quantity": "HP3", "body_location": "WRIST_L"}, {"quantity": "HP3", "body_location": "EYE"}),
    ("D02", "PASS", {"radiation": "BETA"}, {"radiation": "MIXED"}),
    ("D03", "PASS", {"value_msv": "0.05"}, {"value_msv": "0.10"}),
    ("D03", "PASS", {"value_msv": "0.12"}, {"value_msv": "0.15"}),
    ("D04", "PASS", {"value_msv": "20.001"}, {"value_msv": "20.000"}),
    ("N01", "PASS", {"situation": "PLANED"}, {"situation": "PLANNED"}),
    ("N01", "PASS", {"quantity": "E50"}, {"quantity": "HP007"}),
    ("P01", "OPER", {"exit_ts": "2020-01-10T07:59:00+01:00"}, {"exit_ts": "2020-01-10T08:00:00+01:00"}),
    ("S03", "OPER", {"exit_ts": "2020-01-10 10:30"}, {"exit_ts": "2020-01-10T10:30Z"}),
    ("D01", "OPER", {"hp10_neutron_msv": "x"}, {"hp10_neutron_msv": "0.005"}),
    ("S03", "INTE", {"mdt_rpps": "10003000000"}, {}),
    ("S04", "INTE", {"organ": "LENS"}, {"organ": "LENS", "ht50_msv": "1.2"}),
    ("D01", "RADN", {"e_msv": "0.6000"}, {"e_msv": "0.600"}),
    ("N01", "COSM", {"method": "AMBIENT"}, {"method": "BADGE"}),
]  # fmt: skip


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    """A register of three people at one establishment; a second establishment employs nobody."""
    home = tmp_path_factory.mktemp("home")
    files = Files(home)
    door = Door(Settings(home=home))
    door.receive(files.write("ETAB", line("ETAB"), line("ETAB", siret=siret(2))), datetime(2015, 1, 1, tzinfo=UTC))
    report = door.receive(
        files.write(
            "TRAV",
            line("TRAV"),
            line("TRAV", nir=CORSICAN, **ALIX),
            line("TRAV", nir=OTHER, birth_name="LE GOAZIOU", first_names="Maëlle"),
            line("TRAV", nir=UNCLASSIFIED, birth_name="OBRANTE", first_names="Io", category="NC"),
        ),
        datetime(2015, 1, 1, tzinfo=UTC),
    ).report
    assert report["rows_loaded"] == 4, report["causes"]
    return door


def _codes(door: Door, layout: str, given: dict) -> set[str]:
    """The codes one row gets; it is judged without being landed."""
    rows = read_rows("file", Layout(layout), content(layout, [line(layout, **given)]).encode())
    question = Question(1_000, SENDERS[layout], Layout(layout), datetime(2024, 5, 1, 12, tzinfo=UTC), rows)
    population = Populations(door.lake).current()
    judged = judge_measurements(question, door.lake, door.vault, population)
    assert judged.loaded + judged.refused + judged.waiting + judged.duplicate == judged.total == 1
    assert judged.tables["doses"]["row_no"].n_unique() == judged.loaded
    return set(judged.findings["code"])


@pytest.mark.parametrize(("code", "layout", "given", "neighbour"), CASES)
def test_a_row_gets_its_code_and_its_neighbour_does_not(door, code, layout, given, neighbour):
    assert code in _codes(door, layout, given)
    assert code not in _codes(door, layout, neighbour)


def test_every_rule_speaks_both_languages():
    for rule in RULES.values():
        assert rule.severity in "FRADW"
        assert all((rule.meaning_fr, rule.meaning_en, rule.next_fr, rule.next_en))


def test_findings_name_rows_and_fields_only(door):
    findings = door.lake.scan("rejections").collect()
    assert findings.columns == ["delivery_no", "row_no", "judged_by", "severity", "code", "field"]
    assert findings.schema["field"] == pl.String
