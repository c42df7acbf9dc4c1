"""The register that tests/rule_cases.py speaks of, taken in through the real door."""

from datetime import UTC, datetime
from pathlib import Path

from delivery_files import Files, line, siret
from ingestion.door import Door
from lake.settings import Settings
from rule_cases import ALIX, CORSICAN, HELD, IO, MAELLE, NEIGHBOUR, WAITING_NUMBER

LONG_AGO = datetime(2015, 1, 1, tzinfo=UTC)


def rule_register(home: Path) -> Door:
    """Three establishments, six people, and two results received in 2020; the door to it."""
    files = Files(home)
    door = Door(Settings(home=home))
    door.receive(files.write("ETAB", *[line("ETAB", siret=siret(i)) for i in (1, 2, 3)]), LONG_AGO)
    people = [line("TRAV"), line("TRAV", nir=CORSICAN, **ALIX), line("TRAV", **MAELLE)]
    people += [line("TRAV", category="NC", **IO), line("TRAV", nir=WAITING_NUMBER, id_kind="NIA")]
    people.append(line("TRAV", **NEIGHBOUR))
    held = line("PASS", **HELD), line("PASS", **HELD | NEIGHBOUR | {"record_id": "neighbour"})
    for lines in (("TRAV", *people), ("PASS", *held)):
        report = door.receive(files.write(*lines), LONG_AGO.replace(year=2020)).report
        assert report["rows_loaded"] == len(lines) - 1, report["causes"]
    return door
