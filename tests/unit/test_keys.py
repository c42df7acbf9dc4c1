"""The vault's keys: made once, closed to others, one per purpose, and never shown."""

import os

import pytest
from cryptography.exceptions import InvalidTag

from lake.errors import StorageError
from lake.settings import Settings
from registry.keys import open_keys


def test_a_new_home_gets_a_key_only_its_owner_can_read(tmp_path):
    keys = open_keys(Settings(home=tmp_path))
    path = tmp_path / "keys" / "master.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert open_keys(Settings(home=tmp_path)).derive("x") == keys.derive("x")
    assert path.read_bytes().hex() not in repr(keys)


def test_a_key_open_to_others_is_refused(tmp_path):
    open_keys(Settings(home=tmp_path))
    os.chmod(tmp_path / "keys" / "master.key", 0o644)
    with pytest.raises(StorageError, match="chmod 600"):
        open_keys(Settings(home=tmp_path))


def test_a_lost_key_is_not_silently_replaced(tmp_path):
    (tmp_path / "lake" / "doses").mkdir(parents=True)
    with pytest.raises(StorageError, match="Restore the key"):
        open_keys(Settings(home=tmp_path))


def test_what_is_sealed_opens_only_for_its_purpose_and_label(tmp_path):
    keys = open_keys(Settings(home=tmp_path))
    sealed = keys.seal("identity", b"plain", b"7")
    assert keys.unseal("identity", sealed, b"7") == b"plain"
    for purpose, label in (("landing", b"7"), ("identity", b"8")):
        with pytest.raises(InvalidTag):
            keys.unseal(purpose, sealed, label)
