"""The identity vault: the only place where an identifier, a name or a birth date stands, and there only sealed.

An identifier (NIR, or NIA while waiting for one) is looked up by keyed digest; so is a folded name.
Source: décret 2004-1489 (use of the NIR by the register); Code du travail R.4451-134.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from sqlalchemy import Engine, bindparam, insert, select

from lake.errors import IdentityConflict
from registry.keys import Keys
from registry.tables import identifiers

_CHUNK = 10_000
# A process that has asked for this many identifiers keeps them all at hand.
_INDEX_ABOVE = 20_000
_KNOWN = select(identifiers.c.identifier_mac, identifiers.c.worker_key, identifiers.c.name_mac)
_KNOWN_TYPES = {"mac": pl.Binary, "worker_key": pl.Int64, "name_mac": pl.Binary}
_IDENTITY = "vault identity"


@dataclass(frozen=True)
class Identity:
    """A person as the employer declared them; never leaves the vault but to a reader the policy names."""

    identifier: str
    identifier_key: str
    birth_name: str
    usage_name: str | None
    first_names: str
    sex: str
    birth_date: date

    def __repr__(self) -> str:
        return "Identity(…)"


class Vault:
    """Keys of persons, found by identifier; identities, opened by key."""

    def __init__(self, engine: Engine, keys: Keys):
        self.engine = engine
        self._keys = keys
        self._asked = 0
        self._index = _Index(_as_known([]))

    def identifier_macs(self, values: pl.Series) -> pl.Series:
        """Keyed digest of each identifier."""
        return self._macs("vault identifier", values)

    def name_macs(self, folded: pl.Series) -> pl.Series:
        """Keyed digest of each folded name (`ingestion.names`)."""
        return self._macs("vault name", folded)

    def find(self, macs: pl.Series) -> pl.DataFrame:
        """Known identifiers among `macs`: one row per known one, columns mac, worker_key, name_mac."""
        wanted = macs.drop_nulls().unique().alias("mac")
        return wanted.to_frame().hstack(self.known(wanted)).drop_nulls("worker_key")

    def known(self, macs: pl.Series) -> pl.DataFrame:
        """For each of `macs`, in order: worker_key, name_mac; NULL where the identifier is not known."""
        self._asked += macs.len()
        if self._asked > _INDEX_ABOVE:
            return self._newest_index().of(macs)
        wanted = macs.drop_nulls().unique()
        some = _KNOWN.where(identifiers.c.identifier_mac.in_(bindparam("macs", expanding=True)))
        with self.engine.connect() as connection:
            found = [row for part in _chunks(wanted) for row in connection.execute(some, {"macs": part})]
        return macs.to_frame("mac").join(_as_known(found), on="mac", how="left", maintain_order="left").drop("mac")

    def _newest_index(self) -> "_Index":
        """Every known identifier; rows are only ever added, so what is new is what has a higher key."""
        newer = _KNOWN.where(identifiers.c.worker_key > self._index.last_key)
        with self.engine.connect() as connection:
            # The driver's plain tuples: a row object for each of a million identifiers takes seconds.
            cursor = connection.connection.cursor()
            cursor.execute(str(newer.compile(connection, compile_kwargs={"literal_binds": True})))
            found = cursor.fetchall()
            cursor.close()
        if found:
            self._index = _Index(pl.concat([self._index.known, _as_known(found)], rechunk=True))
        return self._index

    def existing(self, worker_keys: pl.Series) -> pl.Series:
        """Those of the keys that the vault has given."""
        query = select(identifiers.c.worker_key).where(identifiers.c.worker_key.in_(bindparam("keys", expanding=True)))
        with self.engine.connect() as connection:
            found = [
                row[0]
                for part in _chunks(worker_keys.drop_nulls().unique())
                for row in connection.execute(query, {"keys": part})
            ]
        return pl.Series("worker_key", found, dtype=pl.Int64)

    def register(self, newcomers: list[tuple[bytes, bytes, Identity]]) -> None:
        """Give a key to each (identifier digest, name digest, identity) that has none yet; the order gives the keys."""
        known = set(self.find(pl.Series([mac for mac, _, _ in newcomers], dtype=pl.Binary))["mac"].to_list())
        rows = [
            {"identifier_mac": mac, "name_mac": name, "identity_sealed": self._seal(mac, identity)}
            for mac, name, identity in newcomers
            if mac not in known
        ]
        with self.engine.begin() as connection:
            for start in range(0, len(rows), _CHUNK):
                connection.execute(insert(identifiers), rows[start : start + _CHUNK])

    def identity(self, worker_key: int) -> Identity:
        """The identity behind a key; ask the policy first.

        Raises IdentityConflict when the key is unknown.
        """
        return self.identities([worker_key])[worker_key]

    def identities(self, worker_keys: list[int]) -> dict[int, Identity]:
        """The identities behind several keys; raises IdentityConflict when one is unknown."""
        query = select(identifiers.c.worker_key, identifiers.c.identifier_mac, identifiers.c.identity_sealed).where(
            identifiers.c.worker_key.in_(bindparam("keys", expanding=True))
        )
        found = {}
        with self.engine.connect() as connection:
            for start in range(0, len(worker_keys), _CHUNK):
                for key, mac, sealed in connection.execute(query, {"keys": worker_keys[start : start + _CHUNK]}):
                    found[key] = self._unseal(mac, sealed)
        if len(found) != len(set(worker_keys)):
            raise IdentityConflict("A key has no identity in the vault.", next_step="Run `dosilake check`.")
        return found

    def _macs(self, purpose: str, values: pl.Series) -> pl.Series:
        return pl.Series(values.name, self._keys.macs(purpose, values.to_list()), dtype=pl.Binary)

    def _seal(self, mac: bytes, identity: Identity) -> bytes:
        plain = json.dumps(vars(identity) | {"birth_date": identity.birth_date.isoformat()}, ensure_ascii=False)
        return self._keys.seal(_IDENTITY, plain.encode(), mac)

    def _unseal(self, mac: bytes, sealed: bytes) -> Identity:
        fields = json.loads(self._keys.unseal(_IDENTITY, sealed, mac))
        return Identity(**fields | {"birth_date": date.fromisoformat(fields["birth_date"])})


class _Index:
    """Every known identifier (mac, worker_key, name_mac), found by the beginning of its digest.

    A digest is as good as drawn by lot: hardly two begin alike, and what begins alike is compared whole.
    """

    def __init__(self, known: pl.DataFrame):
        self.known = known
        self.last_key = known["worker_key"].max() or 0
        beginnings = _beginnings(known["mac"])
        self._line = np.argsort(beginnings)
        self._beginnings = beginnings[self._line]
        # The last line tells NULL, for what is not known.
        told = known.select("worker_key", "name_mac")
        self._told = pl.concat([told, told.clear(1)], rechunk=True)

    def of(self, macs: pl.Series) -> pl.DataFrame:
        """For each digest, in order: worker_key, name_mac; NULL where it is not among the known."""
        asked = _beginnings(macs)
        order = np.argsort(asked)
        # In order, one look lands beside the last.
        first, end = (np.searchsorted(self._beginnings, asked[order], side) for side in ("left", "right"))
        begins_alike = end - first
        within = np.arange(begins_alike.sum()) - np.repeat(np.cumsum(begins_alike) - begins_alike, begins_alike)
        place = np.repeat(order, begins_alike)
        line = self._line[np.repeat(first, begins_alike) + within]
        is_same = (self.known["mac"][line] == macs[place]).fill_null(False).to_numpy()
        lines = np.full(len(asked), self.known.height)
        lines[place[is_same]] = line[is_same]
        return self._told[lines]


def _beginnings(macs: pl.Series) -> np.ndarray:
    return macs.bin.slice(0, 8).bin.reinterpret(dtype=pl.UInt64).fill_null(0).to_numpy()


def _as_known(rows: list) -> pl.DataFrame:
    columns = list(zip(*rows, strict=True)) or [[], [], []]
    return pl.DataFrame(dict(zip(_KNOWN_TYPES, columns, strict=True)), schema=_KNOWN_TYPES)


def _chunks(values: pl.Series) -> Iterator[list]:
    for start in range(0, values.len(), _CHUNK):
        yield values[start : start + _CHUNK].to_list()
