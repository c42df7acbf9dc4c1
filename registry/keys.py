"""The vault's keys: made once in a new home, readable by their owner only, and never in the lake.

One master key; what seals, what looks up and what pseudonymises each uses a key of its own, derived from it (HKDF).

A small secret is sealed whole. A file is sealed in pieces of PIECE_BYTES, so that neither way takes more memory than a
piece: each is nonce (12 bytes), ciphertext and tag (16 bytes), authenticated together with its index, whether it is the
last, and the file's label. Every piece but the last is full; an empty file is one empty piece.
Source: Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance", CRYPTO 2015 (STREAM; here a piece's place is authenticated data and its nonce random).
"""

import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from lake.errors import StorageError
from lake.settings import Settings

PIECE_BYTES = 4 * 2**20
_NONCE_BYTES = 12
_TAG_BYTES = 16
# What sealing adds to a text.
SEAL_BYTES = _NONCE_BYTES + _TAG_BYTES
_SEALED_BYTES = PIECE_BYTES + SEAL_BYTES


@dataclass(frozen=True)
class Keys:
    """Keys derived from the master key; `repr` shows none of them."""

    _master: bytes
    _derived: dict[str, bytes] = field(default_factory=dict, compare=False)
    _ciphers: dict[str, AESGCM] = field(default_factory=dict, compare=False)

    def __repr__(self) -> str:
        return "Keys(…)"

    def derive(self, purpose: str) -> bytes:
        """The 32-byte key of one purpose."""
        if purpose not in self._derived:
            hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode())
            self._derived[purpose] = hkdf.derive(self._master)
        return self._derived[purpose]

    def mac(self, purpose: str, message: str) -> bytes:
        """Keyed digest (HMAC-SHA-256): the only form in which an identifier or a name is compared."""
        return self.macs(purpose, [message])[0]

    def macs(self, purpose: str, messages: Iterable[str | None]) -> list[bytes | None]:
        """Keyed digest of each message; None stays None."""
        fresh = HMAC(self.derive(purpose), SHA256()).copy
        digests = []
        # Asked for each person of a large file: a call more, or a list less plain, is felt.
        for message in messages:
            if message is None:
                digests.append(None)
            else:
                keyed = fresh()
                keyed.update(message.encode())
                digests.append(keyed.finalize())
        return digests

    def seal(self, purpose: str, plain: bytes, label: bytes = b"") -> bytes:
        """Encrypted and authenticated (AES-256-GCM), bound to `label`."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher(purpose).encrypt(nonce, plain, label)

    def unseal(self, purpose: str, sealed: bytes, label: bytes = b"") -> bytes:
        """What `seal` sealed; raises InvalidTag when it is not that, or not for this purpose and label."""
        if len(sealed) < SEAL_BYTES:
            raise InvalidTag
        return self._cipher(purpose).decrypt(sealed[:_NONCE_BYTES], memoryview(sealed)[_NONCE_BYTES:], label)

    def seal_pieces(self, purpose: str, pieces: Iterable[bytes], label: bytes) -> Iterator[bytes]:
        """The pieces' bytes, however they are cut, sealed piece by piece and bound to `label`."""
        for index, (piece, is_last) in enumerate(_with_last(_full_pieces(pieces))):
            yield self.seal(purpose, piece, _place(label, index, is_last))

    def unseal_pieces(self, purpose: str, sealed: BinaryIO, label: bytes) -> Iterator[bytes]:
        """What `seal_pieces` sealed, in pieces of PIECE_BYTES.

        Raises InvalidTag at the first piece that is not the one sealed there under this label: changed, cut off,
        swapped, repeated, left out, or another file's. That the end is missing shows only at the end.
        """
        for index, (piece, is_last) in enumerate(_with_last(iter(lambda: sealed.read(_SEALED_BYTES), b""))):
            yield self.unseal(purpose, piece, _place(label, index, is_last))

    def _cipher(self, purpose: str) -> AESGCM:
        if purpose not in self._ciphers:
            self._ciphers[purpose] = AESGCM(self.derive(purpose))
        return self._ciphers[purpose]


def _place(label: bytes, index: int, is_last: bool) -> bytes:
    """Where a piece belongs; what goes before the label has a fixed length, so no two places read the same."""
    return index.to_bytes(8, "big") + bytes([is_last]) + label


def _full_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of PIECE_BYTES; the last may be shorter."""
    kept, size = [], 0
    for piece in pieces:
        kept.append(piece)
        size += len(piece)
        if size >= PIECE_BYTES:
            whole = b"".join(kept)
            end = size - size % PIECE_BYTES
            yield from (whole[start : start + PIECE_BYTES] for start in range(0, end, PIECE_BYTES))
            kept, size = [whole[end:]], size - end
    if size:
        yield b"".join(kept)


def _with_last(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each piece and whether it is the last; of nothing at all, an empty piece that is."""
    pieces = iter(pieces)
    piece = next(pieces, b"")
    for following in pieces:
        yield piece, False
        piece = following
    yield piece, True


def open_keys(settings: Settings) -> Keys:
    """The home's keys; a new home gets new ones (file mode 0600).

    Raises StorageError when the key file is missing in a home that has data, unreadable, or open to others.
    """
    path = settings.home / "keys" / "master.key"
    try:
        # Looked at first: another process may be making the home, and it makes the key before the lake.
        has_data = (settings.lake_root / "doses").exists()
        if not path.exists():
            if has_data:
                raise StorageError(
                    f"The key {path} is missing, but the home has data sealed under it.",
                    next_step="Restore the key from its backup; without it the identities cannot be read.",
                )
            _create(path)
        if path.stat().st_mode & 0o077:
            raise StorageError(
                f"The key {path} can be read by other accounts.", next_step=f"Run `chmod 600 {path}` and start again."
            )
        return Keys(path.read_bytes())
    except OSError as error:
        raise StorageError(
            f"The key folder {path.parent} cannot be used ({error.strerror}).",
            next_step="Give a writable home folder with --home or DOSILAKE_HOME.",
        ) from None


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(secrets.token_bytes(32))
        file.flush()
        os.fsync(file.fileno())
    try:
        # Appears whole or not at all, and the first of two processes wins.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
