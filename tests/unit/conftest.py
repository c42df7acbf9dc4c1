"""A door with one person behind it, for tests of what comes in by it."""

import pytest

from delivery_files import Files, line, siret
from ingestion.door import Door
from lake.settings import Settings


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "sent"
    folder.mkdir()
    return Files(folder)


@pytest.fixture
def door(tmp_path, files, request):
    """Two establishments, one person employed at the first: known since the moment `AT` of the test's file."""
    at = request.module.AT
    door = Door(Settings(home=tmp_path / "home", memory_limit_gib=2))
    door.receive(files.write("ETAB", line("ETAB"), line("ETAB", siret=siret(2))), at)
    door.receive(files.write("TRAV", line("TRAV")), at)
    return door
