"""A file judged before it is sent: the same report as if it came, and not a byte of the register changes."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from delivery_files import Files, line, nir, siret
from ingestion import reports
from ingestion.door import Arrival, Door
from ingestion.trial import Trial
from lake.errors import StorageError
from lake.settings import Settings

AT = datetime(2020, 2, 12, tzinfo=UTC)
PASSING = ("delivery_no", "ended_at", "released", "findings", "findings_total")


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "sent"
    folder.mkdir()
    return Files(folder)


@pytest.fixture
def settings(tmp_path, files) -> Settings:
    settings = Settings(home=tmp_path / "home")
    door = Door(settings)
    door.receive(files.write("ETAB", line("ETAB")), AT)
    door.receive(files.write("TRAV", line("TRAV")), AT)
    door.receive(files.write("PASS", line("PASS"), line("PASS", record_id="waits", nir=nir(50))), AT)
    door.engine.dispose()
    return settings


def _bytes_under(home: Path) -> dict[str, str]:
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in sorted(home.rglob("*"))
    }


def _cases(files: Files) -> dict[str, Path]:
    unread = files.folder / "PASS_LANDAUER_20200210T080000_9.csv"
    unread.write_text("record_id;nope\nx;y\n")
    february = {"period_start": "2020-02-01", "period_end": "2020-02-10"}
    return {
        "establishments": files.write("ETAB", line("ETAB", siret=siret(2)), line("ETAB", siret=siret(3)), line("ETAB")),
        "newcomers": files.write(
            "TRAV", line("TRAV", nir=nir(50)), line("TRAV", nir=nir(50), category="A"), line("TRAV", nir=nir(51)),
            line("TRAV", nir=nir(52), birth_name=""), line("TRAV", birth_name="AUTRENOM"), line("TRAV", siret=siret(9)),
        ),
        "a minor": files.write("TRAV", line("TRAV", nir=nir(60, year=3), birth_date="2003-01-15")),
        "a link": files.write("LINK", line("LINK")),
        "doses": files.write(
            "PASS", line("PASS"), line("PASS", value_msv="0.200"), line("PASS", record_id="r2", nir=nir(55)),
            line("PASS", record_id="r3", value_msv="1,5"), line("PASS", record_id="r4", **february),
        ),
        "operational": files.write("OPER", line("OPER", hp10_neutron_msv="0.005")),
        "a decision": files.write("CORR", line("CORR", dose_id=str((3 << 32) + 16))),
        "refused as a whole": unread,
        "another's layout": files.write("OPER", line("OPER"), sender="LANDAUER"),
    }  # fmt: skip


def test_a_trial_gives_the_report_that_the_door_gives_and_changes_no_byte(settings, files):
    for name, path in _cases(files).items():
        before = _bytes_under(settings.home)
        with Trial(settings) as trial:
            tried = trial.judge(Arrival(path, AT))
        assert _bytes_under(settings.home) == before, name
        door = Door(settings)
        real = door.receive(path, AT)
        lines = reports.load_findings(settings, real.delivery_no).to_dicts()
        door.engine.dispose()
        assert tried.report["findings"] == lines and tried.report["findings_total"] == len(lines), name
        assert _without(tried.report) == _without(real.report), name
        assert tried.report["delivery_no"] is None and not tried.is_resend


def _without(report: dict) -> dict:
    return {key: value for key, value in report.items() if key not in PASSING}


def test_bytes_that_came_before_get_the_first_report(settings, files):
    again = files.write("PASS", line("PASS"), line("PASS", record_id="waits", nir=nir(50)))
    with Trial(settings) as trial:
        tried = trial.judge(Arrival(again, AT))
    assert (tried.is_resend, tried.delivery_no, tried.report["rows_waiting"]) == (True, 3, 1)
    assert "(F04)" in reports.sentences(tried.report, is_resend=True)[0]


def test_what_nobody_foresaw_is_reported_and_not_thrown(settings, files, monkeypatch):
    monkeypatch.setattr(Trial, "_judge", lambda *_: 1 / 0)
    with Trial(settings) as trial:
        assert trial.judge(Arrival(files.write("PASS", line("PASS")), AT)).report["refusal_code"] == "F08"


def test_lines_are_said_with_their_field_and_the_rest_is_counted(settings, files):
    wrong = [line("PASS", record_id=f"w{i}", value_msv="x") for i in range(reports.LINES_SAID + 3)]
    with Trial(settings) as trial:
        said = reports.line_sentences(trial.judge(Arrival(files.write("PASS", *wrong), AT)).report)
    assert said[0] == "  ligne 2, value_msv : D01" and said[-1] == "  … et 3 autres constats (--json)"


def test_a_home_without_a_register_stays_empty(tmp_path):
    with pytest.raises(StorageError, match="no lake"):
        Trial(Settings(home=tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()
