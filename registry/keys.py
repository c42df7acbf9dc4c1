"""The vault's keys: made once in a new home, readable by their owner only, and never in the lake.

One master key; what seals, what looks up and what pseudonymises each uses a key of its own, derived from it (HKDF).
"""

import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from lake.errors import StorageError
from lake.settings import Settings

_NONCE_BYTES = 12


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
        keyed = HMAC(self.derive(purpose), SHA256())
        return [None if message is None else _digest(keyed.copy(), message) for message in messages]

    def seal(self, purpose: str, plain: bytes, label: bytes = b"") -> bytes:
        """Encrypted and authenticated (AES-256-GCM), bound to `label`."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher(purpose).encrypt(nonce, plain, label)

    def unseal(self, purpose: str, sealed: bytes, label: bytes = b"") -> bytes:
        return self._cipher(purpose).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], label)

    def _cipher(self, purpose: str) -> AESGCM:
        if purpose not in self._ciphers:
            self._ciphers[purpose] = AESGCM(self.derive(purpose))
        return self._ciphers[purpose]


def _digest(keyed: HMAC, message: str) -> bytes:
    keyed.update(message.encode())
    return keyed.finalize()


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
