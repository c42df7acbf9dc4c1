"""The landing: a file's bytes are sealed once, given back exactly, and never a mixture of two states of the file."""

import hashlib
import os
import time
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.landing import Draft, Landing, found
from ingestion.read import check_file, slices
from lake.errors import DeliveryRefused, StorageError, UsageError
from lake.settings import Settings
from lake.vocabulary import Layout
from registry.keys import PIECE_BYTES, Keys
from registry.numbering import Numbered

NAME = "LINK_REGISTER_20200210T080000_1.csv"
DIGEST = "ab" * 32
# What stands before the pieces: nonce, label and tag.
HEAD = 12 + 16 + 16
LINE = b"MERGE;1;2;SAME_PERSON;" + b"x" * 160 + b";2020-01-01\n"


@pytest.fixture
def landing(tmp_path) -> Landing:
    return Landing(tmp_path / "sealed", Keys(bytes(32)))


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / NAME
    path.write_bytes(b"x" * (2 * PIECE_BYTES + 5))
    return path


def sealed(landing: Landing, file: Path, digest: str = DIGEST) -> Draft:
    draft = landing.draft(found(file, Settings()))
    landing.keep(draft, digest)
    return draft


def numbered(draft: Draft, digest: str = DIGEST) -> Numbered:
    at = datetime(2020, 2, 12, tzinfo=UTC)
    return Numbered(1, draft.sha256, NAME, "REGISTER", "LINK", 0, at, False, None, digest)


def kept(landing: Landing) -> list[Path]:
    return [path for path in landing.folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, 2 * PIECE_BYTES + 5])
def test_what_is_kept_is_given_back(landing, file, size):
    file.write_bytes(b"x" * size)
    sent = found(file, Settings())
    draft = landing.draft(sent)
    assert (draft.sha256, sent.byte_size) == (hashlib.sha256(b"x" * size).hexdigest(), size)
    assert sent.digest() == draft.sha256
    landing.keep(draft, DIGEST)
    assert b"".join(landing.pieces(numbered(draft))) == b"x" * size
    assert [path.name for path in kept(landing)] == [DIGEST]


def test_what_is_watched_is_what_is_sealed(landing, file):
    seen = []
    draft = landing.draft(found(file, Settings()), lambda pieces: (seen.append(piece) or piece for piece in pieces))
    assert hashlib.sha256(b"".join(seen)).hexdigest() == draft.sha256


def test_what_is_kept_already_is_kept_as_it_was(landing, file):
    sealed(landing, file)
    (path,) = kept(landing)
    before = path.read_bytes()
    sealed(landing, file)
    assert kept(landing) == [path] and path.read_bytes() == before


def change(file: Path, content: bytes) -> None:
    """Written anew with the time set back, as a copy that keeps times does it."""
    before = file.stat().st_mtime_ns
    # What changes within a tick of the clock bears the same time.
    time.sleep(0.02)
    file.write_bytes(content)
    os.utime(file, ns=(before, before))


CHANGES = [
    b"",
    b"x" * 5,
    b"x" * (2 * PIECE_BYTES + 4) + b"y",
    b"y" + b"x" * (2 * PIECE_BYTES + 4),
    b"x" * 4 * PIECE_BYTES,
]


@pytest.mark.parametrize("content", CHANGES)
def test_a_file_that_changes_before_it_is_read_is_not_kept(landing, file, content):
    sent = found(file, Settings())
    change(file, content)
    with pytest.raises(UsageError, match="changed while it was read"):
        landing.draft(sent)
    assert kept(landing) == [] and file.read_bytes() == content


@pytest.mark.parametrize("content", CHANGES)
def test_a_file_that_changes_while_it_is_read_is_not_kept(landing, file, content):
    def change_at_first(pieces):
        for number, piece in enumerate(pieces):
            if number == 0:
                change(file, content)
            yield piece

    with pytest.raises(UsageError, match="changed while it was read"):
        landing.draft(found(file, Settings()), change_at_first)
    assert kept(landing) == [] and file.read_bytes() == content


def test_a_file_that_grows_without_end_is_read_to_its_former_size(file):
    sent = found(file, Settings())
    read = 0
    with pytest.raises(UsageError, match="changed while it was read"), open(file, "ab") as growing:
        for piece in sent.pieces():
            read += len(piece)
            growing.write(bytes(2 * PIECE_BYTES))
            growing.flush()
    assert read <= sent.byte_size


def test_a_file_that_is_gone_is_wrong_usage(landing, file):
    sent = found(file, Settings())
    file.unlink()
    with pytest.raises(UsageError, match="cannot be read"):
        landing.draft(sent)
    with pytest.raises(UsageError, match="no file"):
        found(file, Settings())
    assert kept(landing) == []


def test_a_file_of_the_largest_size_is_taken_and_a_byte_more_is_not(file):
    file.write_bytes(bytes(2**20))
    assert found(file, Settings(largest_file_mib=1)).byte_size == 2**20
    file.write_bytes(bytes(2**20 + 1))
    with pytest.raises(DeliveryRefused, match="larger than 1 MiB .rule F07."):
        found(file, Settings(largest_file_mib=1))


OTHER = "cd" * 32


@pytest.mark.parametrize("taken", [slice(None), slice(HEAD, None), slice(0, HEAD)])
def test_the_sealed_bytes_of_another_delivery_are_not_given(landing, file, taken):
    draft = sealed(landing, file)
    sealed(landing, file, OTHER)
    (own,), (other,) = ([path for path in kept(landing) if path.name == digest] for digest in (DIGEST, OTHER))
    changed = bytearray(own.read_bytes())
    changed[taken] = other.read_bytes()[taken]
    own.write_bytes(changed)
    with pytest.raises(StorageError, match="damaged"):
        list(landing.pieces(numbered(draft)))
    assert b"".join(landing.pieces(numbered(draft, OTHER))) == file.read_bytes()


@pytest.mark.parametrize("left", [0, 1, HEAD - 1, HEAD, HEAD + 1])
def test_a_sealed_file_cut_off_is_damaged(landing, file, left):
    draft = sealed(landing, file)
    (path,) = kept(landing)
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(StorageError, match="damaged"):
        list(landing.pieces(numbered(draft)))


def test_the_way_in_takes_no_memory_for_a_larger_file(landing, file):
    peaks = []
    for rows in (100_000, 300_000):
        file.write_bytes(b"action;worker_key;person_key;motive_code;comment;decided_on\n" + LINE * rows)
        digest = f"{rows:064x}"
        tracemalloc.start()
        delivery = numbered(sealed(landing, file, digest), digest)
        assert check_file(NAME, landing.pieces(delivery), 65536, 10**7) == rows + 1
        assert sum(part.total for part in slices(Layout.LINK, landing.pieces(delivery), 20_000)) == rows
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.1 < 20 * PIECE_BYTES
