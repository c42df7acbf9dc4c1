"""The bytes of deliveries: read where the sender left them, kept sealed, and given back exactly as they came.

Nothing here holds a file whole: it is read twice, once to be named by its digest and once to be sealed, piece by piece.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag

from ingestion.ahead import one_ahead
from ingestion.read import kept_name
from lake.errors import DeliveryRefused, StorageError, UsageError
from lake.settings import Settings
from registry.keys import PIECE_BYTES, Keys
from registry.numbering import Numbered

_PURPOSE = "landed bytes"


@dataclass(frozen=True)
class Sent:
    """A file where its sender left it, as it was when it was first read."""

    path: Path
    sha256: str
    byte_size: int

    def pieces(self) -> Iterator[bytes]:
        """The file's bytes; raises UsageError when they are not those of the first reading any more."""
        hashed, size = hashlib.sha256(), 0
        for piece in _pieces_at(self.path):
            hashed.update(piece)
            size += len(piece)
            # A file that grows meanwhile is not read without end.
            if size > self.byte_size:
                break
            yield piece
        if hashed.hexdigest() != self.sha256:
            raise UsageError(
                f"The file {kept_name(self.path.name)} changed while it was read; it was left where it is.",
                next_step="Send it again once it is written whole.",
            )


def first_read(path: Path, settings: Settings) -> Sent:
    """The file's digest and size; raises UsageError (no such file) or DeliveryRefused F07 (too large)."""
    most = settings.largest_file_mib * 2**20
    hashed, size = hashlib.sha256(), 0
    for piece in _pieces_at(path, most):
        hashed.update(piece)
        size += len(piece)
    return Sent(path, hashed.hexdigest(), size)


def _pieces_at(path: Path, most: int | None = None) -> Iterator[bytes]:
    """The file's bytes in pieces; raises UsageError (no such file) or DeliveryRefused F07 (more than `most`)."""
    name = kept_name(path.name)
    try:
        if not path.is_file():
            raise UsageError(f"There is no file {name}.", next_step="Check the path.")
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if most is not None and size > most:
                raise _too_large(name, most)
            read = 0
            while piece := file.read(PIECE_BYTES):
                read += len(piece)
                # One that grows meanwhile is not read without end.
                if most is not None and read > most:
                    raise _too_large(name, most)
                yield piece
    except OSError as error:
        raise UsageError(
            f"The file {name} cannot be read ({error.strerror}).", next_step="Check the path and its permissions."
        ) from None


def _too_large(name: str, most: int) -> DeliveryRefused:
    return DeliveryRefused(
        f"{name} is larger than {most // 2**20} MiB (rule F07); it was left where it is.",
        next_step="Split it, or raise DOSILAKE_LARGEST_FILE_MIB.",
        code="F07",
    )


class Landing:
    """The sealed bytes of deliveries, in a folder, each under its delivery's digest.

    `keep` is for one process at a time: what a dead one left half-written is then nobody's, and it writes over it.
    """

    def __init__(self, folder: Path, keys: Keys):
        self.folder = folder
        self.keys = keys

    def keep(self, digest: str, sent: Sent, watch: Callable[[Iterator[bytes]], Iterator[bytes]] = iter) -> None:
        """Seal a file's bytes under the digest, once, whole or not at all; raises UsageError when the file changed.

        `watch` is given the bytes to pass on, unless they are sealed already.
        """
        path = self._path(digest)
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.folder / ".draft"
        try:
            with open(draft, "wb") as file:
                for sealed in self.keys.seal_pieces(_PURPOSE, one_ahead(watch(sent.pieces())), digest.encode()):
                    file.write(sealed)
                file.flush()
                os.fsync(file.fileno())
        except (UsageError, OSError):
            # Where the disk is full, half a draft would keep it so.
            draft.unlink(missing_ok=True)
            raise
        os.replace(draft, path)

    def pieces(self, numbered: Numbered) -> Iterator[bytes]:
        """A delivery's bytes, exactly as received; raises StorageError when the sealed ones are not those kept."""
        path = self._path(numbered.digest)
        try:
            with open(path, "rb") as sealed:
                yield from self.keys.unseal_pieces(_PURPOSE, sealed, numbered.digest.encode())
        except InvalidTag:
            raise StorageError(
                f"The landed bytes of delivery {numbered.delivery_no} are damaged ({path}).",
                next_step="Restore this file from the backup, then run the same command again.",
            ) from None

    def _path(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest
