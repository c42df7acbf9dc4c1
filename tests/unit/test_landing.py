"""The landing: a file's bytes are sealed once, given back exactly, and never a mixture of two states of the file."""

import hashlib
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.landing import Landing, Sent, first_read
from ingestion.read import check_file, slices
from lake.errors import DeliveryRefused, StorageError, UsageError
from lake.settings import Settings
from lake.vocabulary import Layout
from registry.keys import PIECE_BYTES, Keys
from registry.numbering import Numbered

NAME = "LINK_REGISTER_20200210T080000_1.csv"
DIGEST = "ab" * 32
LINE = b"MERGE;1;2;SAME_PERSON;" + b"x" * 160 + b";2020-01-01\n"


@pytest.fixture
def landing(tmp_path) -> Landing:
    return Landing(tmp_path / "sealed", Keys(bytes(32)))


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / NAME
    path.write_bytes(b"x" * (2 * PIECE_BYTES + 5))
    return path


def numbered(sent: Sent) -> Numbered:
    at = datetime(2020, 2, 12, tzinfo=UTC)
    return Numbered(1, sent.sha256, NAME, "REGISTER", "LINK", sent.byte_size, at, False, None, DIGEST)


def kept(landing: Landing) -> list[Path]:
    return [path for path in landing.folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, 2 * PIECE_BYTES + 5])
def test_what_is_kept_is_given_back(landing, file, size):
    file.write_bytes(b"x" * size)
    sent = first_read(file, Settings())
    assert (sent.sha256, sent.byte_size) == (hashlib.sha256(b"x" * size).hexdigest(), size)
    landing.keep(DIGEST, sent)
    assert b"".join(landing.pieces(numbered(sent))) == b"x" * size
    assert [path.name for path in kept(landing)] == [DIGEST]


def test_what_is_kept_already_is_neither_read_nor_sealed_again(landing, file):
    sent = first_read(file, Settings())
    landing.keep(DIGEST, sent)
    (path,) = kept(landing)
    before = path.read_bytes()
    file.unlink()
    landing.keep(DIGEST, sent)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "changed",
    [b"", b"x" * 5, b"x" * (2 * PIECE_BYTES + 4) + b"y", b"y" + b"x" * (2 * PIECE_BYTES + 4), b"x" * 4 * PIECE_BYTES],
)
def test_a_file_that_changes_after_it_was_read_is_not_kept(landing, file, changed):
    sent = first_read(file, Settings())
    file.write_bytes(changed)
    with pytest.raises(UsageError, match="changed while it was read"):
        landing.keep(DIGEST, sent)
    assert kept(landing) == [] and file.read_bytes() == changed


def test_a_file_that_grows_without_end_is_read_to_its_former_size(file):
    sent = first_read(file, Settings())
    read = 0
    with pytest.raises(UsageError, match="changed while it was read"), open(file, "ab") as growing:
        for piece in sent.pieces():
            read += len(piece)
            growing.write(bytes(2 * PIECE_BYTES))
            growing.flush()
    assert read <= sent.byte_size


def test_a_file_that_is_gone_is_wrong_usage(landing, file):
    sent = first_read(file, Settings())
    file.unlink()
    with pytest.raises(UsageError, match="no file"):
        landing.keep(DIGEST, sent)
    assert kept(landing) == []


def test_a_file_of_the_largest_size_is_taken_and_a_byte_more_is_not(file):
    file.write_bytes(bytes(2**20))
    assert first_read(file, Settings(largest_file_mib=1)).byte_size == 2**20
    file.write_bytes(bytes(2**20 + 1))
    with pytest.raises(DeliveryRefused, match="larger than 1 MiB .rule F07."):
        first_read(file, Settings(largest_file_mib=1))


def test_the_sealed_bytes_of_another_delivery_are_not_given(landing, file):
    sent = first_read(file, Settings())
    landing.keep(DIGEST, sent)
    landing.keep("cd" * 32, sent)
    (landing.folder / "cd" / ("cd" * 32)).replace(landing.folder / "ab" / DIGEST)
    with pytest.raises(StorageError, match="damaged"):
        list(landing.pieces(numbered(sent)))


def test_the_way_in_takes_no_memory_for_a_larger_file(landing, file):
    peaks = []
    for rows in (100_000, 300_000):
        file.write_bytes(b"action;worker_key;person_key;motive_code;comment;decided_on\n" + LINE * rows)
        digest = f"{rows:064x}"
        tracemalloc.start()
        sent = first_read(file, Settings())
        landing.keep(digest, sent)
        delivery = Numbered(**vars(numbered(sent)) | {"digest": digest})
        assert check_file(NAME, landing.pieces(delivery), 65536, 10**7) == rows + 1
        assert sum(part.total for part in slices(Layout.LINK, landing.pieces(delivery), 20_000)) == rows
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.1 < 20 * PIECE_BYTES
