"""Each rule: a row or a file that gets the code, and its nearest neighbour that does not."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from rule_register import rule_register

from delivery_files import SENDERS, Files, content, line, siret
from ingestion import door as door_module
from ingestion.door import Door
from ingestion.judge import Question, _row_checks
from ingestion.measurements import MEASUREMENTS
from ingestion.read import read_rows
from ingestion.rules import RULES
from lake.errors import DeliveryRefused
from lake.settings import Settings
from lake.vocabulary import Layout
from registry.numbering import establishment_keys
from rule_cases import CASES, FILE_CASES, HELD
from rule_table import PATH, rule_table

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    return rule_register(tmp_path_factory.mktemp("home"))


def _codes(door: Door, layout: str, given: dict, sender: str | None) -> set[str]:
    """The codes one row gets; it is judged without being landed."""
    rows = read_rows("file", Layout(layout), content(layout, [line(layout, **given)]).encode())
    key = establishment_keys(door.engine, pl.Series("siret", [siret(1)]))["establishment_key"].item()
    own = frozenset({key}) if sender in ("EMPLOYER", "MDT") else None
    question = Question(1_000, sender or SENDERS[layout], Layout(layout), NOW, [rows], own)
    judged = door._judge(question)
    if layout in MEASUREMENTS:
        assert judged.table("doses")["row_no"].n_unique() == judged.loaded
    assert judged.loaded + judged.refused + judged.waiting + judged.duplicate == judged.total == 1
    return set(judged.findings["code"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.layout}")
def test_a_row_gets_its_code_and_its_neighbour_does_not(door, case):
    assert case.code in _codes(door, case.layout, case.given, case.sender)
    assert case.code not in _codes(door, case.layout, case.neighbour, case.sender)


def _file_code(home, file: tuple[str, bytes], **setting) -> str | None:
    """The code a file gets at a door that has received HELD's file before."""
    door = Door(Settings(home=home, **setting))
    home.mkdir(exist_ok=True)
    sent = Files(home)
    door.receive(sent.write("PASS", line("PASS", **HELD)), NOW)
    path = home / file[0]
    path.write_bytes(file[1])
    try:
        receipt = door.receive(path, NOW)
    except DeliveryRefused as refusal:
        return refusal.code
    return "F04" if receipt.is_resend else receipt.report["refusal_code"]


@pytest.mark.parametrize("case", FILE_CASES, ids=lambda case: case.code)
def test_a_file_gets_its_code_and_its_neighbour_does_not(tmp_path, monkeypatch, case):
    with monkeypatch.context() as patched:
        if case.breaks:
            patched.setattr(door_module, "judge_measurements", lambda *_: 1 / 0)
        assert _file_code(tmp_path / "given", case.given, **case.setting) == case.code
    assert _file_code(tmp_path / "neighbour", case.neighbour, **case.setting) is None


def test_no_rule_is_without_a_case():
    assert {case.code for case in [*CASES, *FILE_CASES]} == set(RULES)


def test_the_printed_rule_table_is_up_to_date():
    assert PATH.read_text(encoding="utf-8") == rule_table(), "run `make docs`"


def test_every_rule_speaks_both_languages():
    for rule in RULES.values():
        assert rule.severity in "FRADW"
        assert all((rule.meaning_fr, rule.meaning_en, rule.next_fr, rule.next_en))


def test_findings_name_rows_and_fields_only(door):
    findings = door.lake.scan("rejections").collect()
    assert findings.columns == ["delivery_no", "row_no", "judged_by", "severity", "code", "field"]
    assert findings.schema["field"] == pl.String


def test_three_months_of_wear_end_before_the_day_they_began_on():
    """Every start of two years, one of them a leap year, against the calendar counted by hand."""
    question = Question(1, SENDERS["PASS"], Layout.PASS, NOW, [])
    (check,) = [check for check in _row_checks(question) if check.code == "P02"]
    spans = []
    for start in (date(2019, 1, 1) + timedelta(days=n) for n in range(730)):
        year, month = divmod(start.year * 12 + start.month - 1 + 3, 12)
        days = monthrange(year, month + 1)[1]
        last = date(year, month + 1, start.day - 1) if 1 < start.day <= days else date(year, month + 1, days)
        if start.day == 1:
            last = date(year, month + 1, 1) - timedelta(days=1)
        spans += [(start, last, False), (start, last + timedelta(days=1), True), (start, start, False)]
    rows = pl.DataFrame(spans, schema=["period_start", "period_end", "is_long"], orient="row")
    assert rows.filter(check.broken != pl.col("is_long")).is_empty()
