"""The bytes of deliveries: read once where the sender left them, kept sealed, and given back exactly as they came.

Nothing here holds a file whole: one reading names it by its digest and seals it, piece by piece. The pieces are bound
to a label drawn before the first of them, which stands at the head of the sealed file, sealed and bound to the digest.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag

from ingestion.ahead import one_ahead
from ingestion.read import kept_name
from lake.errors import DeliveryRefused, StorageError, UsageError
from lake.settings import Settings
from registry.keys import PIECE_BYTES, SEAL_BYTES, Keys
from registry.numbering import Numbered

_PIECES = "landed bytes"
_HEAD = "landed label"
_LABEL_BYTES = 16
_HEAD_BYTES = _LABEL_BYTES + SEAL_BYTES
# Bytes that the disk is asked to take at once while a file is written.
_TAKEN_TOGETHER = 32 * 2**20


@dataclass(frozen=True)
class Sent:
    """A file where its sender left it, as it was when it was found; `state` is another one after any change."""

    path: Path
    byte_size: int
    state: tuple[int, ...]

    def pieces(self) -> Iterator[bytes]:
        """The file's bytes; raises UsageError when it is gone, or not as it was found any more."""
        try:
            with open(self.path, "rb") as file:
                read = 0
                while piece := file.read(PIECE_BYTES):
                    read += len(piece)
                    # A file that grows meanwhile is not read without end.
                    if read > self.byte_size:
                        break
                    yield piece
                state = _state(os.fstat(file.fileno()))
        except OSError as error:
            raise _unreadable(self.path, error) from None
        if (read, state) != (self.byte_size, self.state):
            raise UsageError(
                f"The file {kept_name(self.path.name)} changed while it was read; it was left where it is.",
                next_step="Send it again once it is written whole.",
            )

    def digest(self, watch: Callable[[Iterator[bytes]], Iterator[bytes]] = iter) -> str:
        """The SHA-256 of the file's bytes, in hexadecimal; `watch` is given them to pass on."""
        hashed = hashlib.sha256()
        for _ in watch(_passed_on(self.pieces(), hashed.update)):
            pass
        return hashed.hexdigest()


def found(path: Path, settings: Settings) -> Sent:
    """The file; raises UsageError (there is none, or it cannot be read) or DeliveryRefused F07 (too large)."""
    name = kept_name(path.name)
    most = settings.largest_file_mib * 2**20
    try:
        if not path.is_file():
            raise UsageError(f"There is no file {name}.", next_step="Check the path.")
        now = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from None
    if now.st_size > most:
        raise DeliveryRefused(
            f"{name} is larger than {most // 2**20} MiB (rule F07); it was left where it is.",
            next_step="Split it, or raise DOSILAKE_LARGEST_FILE_MIB.",
            code="F07",
        )
    return Sent(path, now.st_size, _state(now))


def _state(now: os.stat_result) -> tuple[int, ...]:
    # The time of the last change of the file's own entry cannot be set back, that of its bytes can.
    return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns


def _unreadable(path: Path, error: OSError) -> UsageError:
    return UsageError(
        f"The file {kept_name(path.name)} cannot be read ({error.strerror}).",
        next_step="Check the path and its permissions.",
    )


def _passed_on(pieces: Iterator[bytes], see: Callable[[bytes], object]) -> Iterator[bytes]:
    for piece in pieces:
        see(piece)
        yield piece


def _write(file: BinaryIO, pieces: Iterable[bytes]) -> None:
    """Write the pieces; of many, the disk takes the first while the next are made, and has little left to take."""
    with ThreadPoolExecutor(max_workers=1) as disk:
        taken, waiting = None, 0
        for piece in pieces:
            file.write(piece)
            waiting += len(piece)
            if waiting >= _TAKEN_TOGETHER and (taken is None or taken.done()):
                if taken:
                    taken.result()
                taken, waiting = disk.submit(os.fdatasync, file.fileno()), 0
    if taken:
        taken.result()


@dataclass(frozen=True)
class Draft:
    """A file sealed and not kept yet, with the digest of its bytes."""

    path: Path
    sha256: str
    label: bytes


class Landing:
    """The sealed bytes of deliveries, in a folder, each under its delivery's digest.

    Drafts are made and kept by one process at a time: what a dead one left is then nobody's, and it is written over.
    """

    def __init__(self, folder: Path, keys: Keys):
        self.folder = folder
        self.keys = keys

    def draft(self, sent: Sent, watch: Callable[[Iterator[bytes]], Iterator[bytes]] = iter) -> Draft:
        """Seal a file's bytes, whole or not at all, `watch` being given them to pass on; raises as `Sent.pieces`."""
        path = self.folder / ".draft"
        path.parent.mkdir(parents=True, exist_ok=True)
        hashed, label = hashlib.sha256(), os.urandom(_LABEL_BYTES)
        pieces = one_ahead(watch(_passed_on(sent.pieces(), hashed.update)))
        try:
            with open(path, "wb") as file:
                file.write(bytes(_HEAD_BYTES))
                _write(file, one_ahead(self.keys.seal_pieces(_PIECES, pieces, label)))
        except (UsageError, OSError):
            # Where the disk is full, half a draft would keep it so.
            path.unlink(missing_ok=True)
            raise
        return Draft(path, hashed.hexdigest(), label)

    def keep(self, draft: Draft, digest: str) -> None:
        """Keep what was sealed under the delivery's digest, once, whole or not at all."""
        path = self._path(digest)
        if path.exists():
            draft.path.unlink()
            return
        path.parent.mkdir(exist_ok=True)
        with open(draft.path, "r+b") as file:
            file.write(self.keys.seal(_HEAD, draft.label, digest.encode()))
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft.path, path)

    def pieces(self, numbered: Numbered) -> Iterator[bytes]:
        """A delivery's bytes, exactly as received; raises StorageError when the sealed ones are not those kept."""
        path = self._path(numbered.digest)
        try:
            with open(path, "rb") as sealed:
                label = self.keys.unseal(_HEAD, sealed.read(_HEAD_BYTES), numbered.digest.encode())
                yield from self.keys.unseal_pieces(_PIECES, sealed, label)
        except InvalidTag:
            raise StorageError(
                f"The landed bytes of delivery {numbered.delivery_no} are damaged ({path}).",
                next_step="Restore this file from the backup, then run the same command again.",
            ) from None

    def _path(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest
