"""The vault's keys: made once, closed to others, one per purpose, and never shown."""

import io
import os

import pytest
from cryptography.exceptions import InvalidTag

from lake.errors import StorageError
from lake.settings import Settings
from registry.keys import PIECE_BYTES, Keys, open_keys


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


OVERHEAD = 12 + 16
SEALED = PIECE_BYTES + OVERHEAD


@pytest.fixture(scope="module")
def keys() -> Keys:
    return Keys(bytes(32))


def _opened(keys: Keys, sealed: bytes, label: bytes = b"7", purpose: str = "landing") -> bytes:
    return b"".join(keys.unseal_pieces(purpose, io.BytesIO(sealed), label))


@pytest.fixture(scope="module")
def plain() -> bytes:
    """Two full pieces and a part of a third."""
    return b"ab" * (PIECE_BYTES + 50)


@pytest.fixture(scope="module")
def sealed(keys, plain) -> list[bytes]:
    return list(keys.seal_pieces("landing", [plain], b"7"))


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES])
@pytest.mark.parametrize("cut", [1_000_003, PIECE_BYTES, 3 * PIECE_BYTES])
def test_what_is_sealed_in_pieces_opens_however_it_came(keys, plain, size, cut):
    came = [plain[start : min(start + cut, size)] for start in range(0, size, cut)]
    pieces = list(keys.seal_pieces("landing", came, b"7"))
    assert [len(piece) for piece in pieces[:-1]] == [SEALED] * (len(pieces) - 1)
    assert sum(map(len, pieces)) == size + OVERHEAD * max(1, -(-size // PIECE_BYTES))
    assert _opened(keys, b"".join(pieces)) == plain[:size]


def test_a_piece_is_given_as_soon_as_it_is_sealed(keys):
    came = iter([bytes(PIECE_BYTES)] * 3)
    assert len(next(keys.seal_pieces("landing", came, b"7"))) == SEALED
    assert len(list(came)) == 1


def test_no_two_pieces_are_sealed_alike(keys, sealed):
    again = [*keys.seal_pieces("landing", [bytes(2 * PIECE_BYTES)], b"7")]
    assert len({piece[:12] for piece in [*sealed, *again]}) == 5 and again[0][12:] != again[1][12:]


def test_pieces_open_only_for_their_purpose_and_label(keys, sealed):
    for purpose, label in (("identity", b"7"), ("landing", b"8"), ("landing", b"")):
        with pytest.raises(InvalidTag):
            _opened(keys, b"".join(sealed), label, purpose)


def _flipped(piece: bytes, at: int) -> bytes:
    return piece[:at] + bytes([piece[at] ^ 1]) + piece[at + 1 :]


TAMPERED = {
    "nothing left": lambda a, b, c: [],
    "cut within a nonce": lambda a, b, c: [a[:5]],
    "cut within a tag": lambda a, b, c: [a, b, c[:20]],
    "cut between two pieces": lambda a, b, c: [a, b],
    "cut within a piece": lambda a, b, c: [a, b[:-1]],
    "the last byte gone": lambda a, b, c: [a, b, c[:-1]],
    "a byte more": lambda a, b, c: [a, b, c, b"x"],
    "swapped": lambda a, b, c: [b, a, c],
    "repeated": lambda a, b, c: [a, a, b, c],
    "one instead of another": lambda a, b, c: [a, a, c],
    "left out": lambda a, b, c: [a, c],
    "the end alone": lambda a, b, c: [c],
    "the end twice": lambda a, b, c: [a, b, c, c],
    "a bit of a nonce": lambda a, b, c: [a, _flipped(b, 0), c],
    "a bit of a text": lambda a, b, c: [a, _flipped(b, 1000), c],
    "a bit of a tag": lambda a, b, c: [a, b, _flipped(c, len(c) - 1)],
}


@pytest.mark.parametrize("what", TAMPERED)
def test_no_piece_changes_its_place_unnoticed(keys, sealed, what):
    with pytest.raises(InvalidTag):
        _opened(keys, b"".join(TAMPERED[what](*sealed)))


def test_a_piece_of_another_file_is_noticed(keys, plain, sealed):
    other = list(keys.seal_pieces("landing", [plain], b"8"))
    with pytest.raises(InvalidTag):
        _opened(keys, b"".join([sealed[0], other[1], sealed[2]]))


def test_what_stands_before_a_wrong_piece_is_given(keys, plain, sealed):
    opened = keys.unseal_pieces("landing", io.BytesIO(sealed[0] + sealed[1]), b"7")
    assert next(opened) == plain[:PIECE_BYTES]
    with pytest.raises(InvalidTag):
        next(opened)
