"""What a sender gets back: two files and JSON in two languages, never a number, a name or a dose, and never changed."""

import csv
import io
from datetime import UTC, datetime

import pytest

from delivery_files import key_of, line, nir, siret
from ingestion import reports
from ingestion.door import Door
from ingestion.rules import RULES
from ingestion.since import since

AT = datetime(2020, 2, 12, 9, 30, tzinfo=UTC)
LATER = datetime(2020, 3, 20, 9, tzinfo=UTC)
SOMEBODY = nir(50)


def _read(text: str) -> list[dict]:
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def _text(door: Door, delivery_no: int, kind: str) -> str:
    return reports.load_file(door.settings, delivery_no, kind).read_text(encoding="utf-8")


def test_the_acknowledgement_says_what_arrived(door, files):
    path = files.write("PASS", line("PASS"), line("PASS", record_id="r2", value_msv="1,5"))
    receipt = door.receive(path, AT)
    assert reports.load_file(door.settings, 3, "ACK").name == "ACK_LANDAUER_20200212T093000_00000003.csv"
    (row,) = _read(_text(door, receipt.delivery_no, "ACK"))
    assert row == {
        "file_id": "3", "file_name": path.name, "sender": "LANDAUER", "type": "PASS",
        "received_at": "2020-02-12T09:30:00Z", "sha256": receipt.report["sha256"],
        "byte_size": str(path.stat().st_size), "line_count": "3", "accepted": "true", "refusal_code": "",
    }  # fmt: skip


def test_a_file_refused_as_a_whole_is_acknowledged_with_the_rule(door, files):
    path = files.folder / "PASS_LANDAUER_20200210T080000_9.csv"
    path.write_text("record_id;nope\nx;y\n")
    receipt = door.receive(path, AT)
    (row,) = _read(_text(door, receipt.delivery_no, "ACK"))
    assert (row["accepted"], row["refusal_code"], row["line_count"]) == ("false", "F02", "2")
    counts, lines = _text(door, receipt.delivery_no, "RPT").split("\n\n")
    assert _read(counts)[0]["refusal_code"] == "F02" and _read(lines) == []


def test_the_execution_report_has_the_counts_then_a_line_per_problem_in_both_languages(door, files):
    receipt = door.receive(files.write("PASS", line("PASS"), line("PASS", record_id="r2", value_msv="1,5")), AT)
    assert reports.load_file(door.settings, 3, "RPT").name == "RPT_LANDAUER_20200212T093000_00000003.csv"
    counts, lines = _text(door, receipt.delivery_no, "RPT").split("\n\n")
    (count,) = _read(counts)
    assert {name: int(count[name]) for name in reports.COUNTS} == {
        name: receipt.report[name] for name in reports.COUNTS
    }
    assert _read(lines) == [
        {
            "row_no": "3", "record_id": "r2", "severity": "R", "code": "D01", "field": "value_msv",
            "message_fr": RULES["D01"].meaning_fr, "message_en": RULES["D01"].meaning_en,
        }
    ]  # fmt: skip


def test_no_receipt_echoes_a_number_a_name_or_a_dose(door, files):
    """Whatever field is wrong, and wherever a number hides: in a name, an identifier, a code."""
    number, key = nir(77), key_of(nir(77))
    secret = {"nir": number, "nir_key": key, "birth_name": "DURANDEAU", "first_names": "Philomène"}
    dose = "7.654"
    path = files.write(
        "PASS",
        line("PASS", **secret, value_msv=dose),
        line("PASS", **secret | {"nir_key": "00"}, record_id="k", value_msv=dose),
        line("PASS", birth_name="DURANDEAU", record_id="n", value_msv=dose),
        line("PASS", record_id=number + key, value_msv=dose),
        line("PASS", record_id="DURANDEAU Philomène", value_msv=dose),
        line("PASS", record_id="q", quantity=number, value_msv=dose),
        line("PASS", record_id="v", value_msv="7,654"),
    )
    named = path.rename(files.folder / f"PASS_LANDAUER_20200210T080000_{number}.csv")
    good = door.receive(files.write("PASS", *[line("PASS", record_id="ok", value_msv=dose)]), AT)
    refused = door.receive(named, AT)
    assert refused.report["refusal_code"] == "F06"
    judged = door.receive(named.rename(path), AT)
    assert judged.report["rows_total"] == 7 and judged.report["rows_loaded"] == 0
    for receipt in (good, refused, judged):
        said = [
            *reports.sentences(receipt.report, "fr"),
            *reports.sentences(receipt.report, "en"),
            *(p.read_text() for p in reports.folder(door.settings, receipt.delivery_no).iterdir()),
            str(since(door.lake, receipt.delivery_no).to_dicts()),
        ]
        for secret_text in (number, "DURANDEAU", "Philom", dose, "7,654", line("PASS")["nir"], "MARTIGNEUL"):
            assert not [text for text in said if secret_text in text], secret_text


def test_the_sender_learns_what_became_of_each_row_that_waited(door, files):
    """One row each: released by a list, refused then, sent again, waiting as at first, waiting for another reason."""
    rows = [
        line("PASS", nir=SOMEBODY),
        line("PASS", nir=SOMEBODY, record_id="r2", birth_name="AUTRENOM"),
        line("PASS", record_id="r3", siret=siret(2)),
        line("PASS", record_id="r4", nir=nir(51)),
        line("PASS", record_id="r5", nir=nir(52)),
        line("PASS", record_id="r6"),
    ]
    sent = door.receive(files.write("PASS", *rows), AT)
    before = {p.name: p.read_bytes() for p in reports.folder(door.settings, sent.delivery_no).iterdir()}
    assert since(door.lake, sent.delivery_no)["state"].to_list() == ["waiting"] * 5
    elsewhere = line("TRAV", nir=nir(52), siret=siret(2))
    listed = door.receive(files.write("TRAV", line("TRAV", nir=SOMEBODY), elsewhere), LATER)
    # Corrected by the sender before anybody declared the second establishment.
    again = door.receive(files.write("PASS", line("PASS", record_id="r3", body_location="BELT")), LATER)
    assert [tuple(row.values()) for row in since(door.lake, sent.delivery_no).to_dicts()] == [
        (2, "r1", "loaded", None, listed.delivery_no, LATER),
        (3, "r2", "refused", "I06", listed.delivery_no, LATER),
        (4, "r3", "sent_again", None, again.delivery_no, LATER),
        (5, "r4", "waiting", "I04", sent.delivery_no, AT),
        (6, "r5", "waiting", "I05", listed.delivery_no, LATER),
    ]
    assert before == {p.name: p.read_bytes() for p in reports.folder(door.settings, sent.delivery_no).iterdir()}


@pytest.mark.parametrize("is_sent_again", [True, False])
def test_a_crash_before_the_acknowledgement_leaves_one_after_the_rerun(door, files, monkeypatch, is_sent_again):
    path = files.write("PASS", line("PASS"))

    def crash(*_):
        raise OSError("power cut")

    with monkeypatch.context() as patch, pytest.raises(Exception, match="power cut"):
        patch.setattr(reports, "acknowledge", crash)
        door.receive(path, AT)
    number = door.receive(path, LATER).delivery_no if is_sent_again else door.land_all()[0]
    assert _read(_text(door, number, "ACK"))[0]["received_at"] == "2020-02-12T09:30:00Z"
