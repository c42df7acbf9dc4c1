"""The vault: an identifier is found by its whole digest, asked for alone or among many."""

from datetime import date

import polars as pl
import pytest

from lake.settings import Settings
from registry import vault as vault_module
from registry.database import open_registry
from registry.keys import Keys
from registry.vault import Identity, Vault

ALIKE = [bytes(31) + bytes([last]) for last in range(3)]
OTHERS = [bytes([first]) * 32 for first in (7, 200, 255)]
IDENTITY = Identity("1850113055001", "08", "ADA", None, "EVE", "F", date(1985, 1, 1))


@pytest.fixture(params=[0, 10**6], ids=["kept at hand", "asked of the registry"])
def vault(request, tmp_path, monkeypatch) -> Vault:
    monkeypatch.setattr(vault_module, "_INDEX_ABOVE", request.param)
    return Vault(open_registry(Settings(home=tmp_path)), Keys(bytes(32)))


def _known(vault: Vault, macs: list[bytes | None]) -> dict[bytes, tuple[int, bytes]]:
    found = vault.find(pl.Series(macs, dtype=pl.Binary))
    assert found.columns == ["mac", "worker_key", "name_mac"] and found["mac"].is_unique().all()
    return {mac: (key, name) for mac, key, name in found.iter_rows()}


def test_an_identifier_is_found_by_all_of_its_digest(vault):
    vault.register([(mac, mac[::-1], IDENTITY) for mac in (ALIKE[1], OTHERS[2], ALIKE[0])])
    first, second, third = ALIKE[1], OTHERS[2], ALIKE[0]
    asked = [*OTHERS, *ALIKE, None, first]
    assert _known(vault, asked) == {first: (1, first[::-1]), second: (2, second[::-1]), third: (3, third[::-1])}
    assert _known(vault, [ALIKE[2], OTHERS[0]]) == {} and _known(vault, [None]) == {} and _known(vault, []) == {}


def test_one_that_came_since_is_found_too(vault):
    vault.register([(ALIKE[0], ALIKE[0], IDENTITY)])
    assert _known(vault, ALIKE) == {ALIKE[0]: (1, ALIKE[0])}
    vault.register([(ALIKE[0], ALIKE[0], IDENTITY), (ALIKE[2], ALIKE[2], IDENTITY)])
    assert _known(vault, ALIKE) == {ALIKE[0]: (1, ALIKE[0]), ALIKE[2]: (2, ALIKE[2])}
