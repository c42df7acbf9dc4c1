"""The registry's tables: SQLAlchemy Core, SQLite by default, PostgreSQL by URL; Alembic makes them."""

from datetime import UTC

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects import sqlite


class UtcDateTime(TypeDecorator):
    """A timestamp that is always aware and always UTC; SQLite stores it naive."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value, dialect):
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a timestamp of the registry must carry its time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value, dialect):
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite only counts up by itself on INTEGER PRIMARY KEY.
Key = BigInteger().with_variant(sqlite.INTEGER(), "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# One row per delivery received; `digest` is what makes it the same delivery (bytes; for lists bytes and file name).
deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_no", Integer, primary_key=True, autoincrement=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("sha256", String(64), nullable=False),
    Column("file_name", String(200), nullable=False),
    Column("sender_code", String(20), nullable=False),
    Column("layout", String(4)),
    Column("byte_size", BigInteger, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("is_landed", Boolean, nullable=False, default=False),
    Column("account_id", Key, ForeignKey("accounts.account_id")),
    sqlite_autoincrement=True,
)

# The identity vault. One row per identifier (NIR or NIA); everything that names a person is sealed or keyed.
identifiers = Table(
    "identifiers",
    metadata,
    Column("worker_key", Key, primary_key=True, autoincrement=True),
    Column("identifier_mac", LargeBinary(32), nullable=False, unique=True),
    Column("name_mac", LargeBinary(32), nullable=False),
    Column("identity_sealed", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

# Rows that wait for an identifier nobody has declared yet: which, by its keyed digest.
waiting_identifiers = Table(
    "waiting_identifiers",
    metadata,
    Column("delivery_no", Integer, primary_key=True, autoincrement=False),
    Column("row_no", Integer, primary_key=True, autoincrement=False),
    Column("identifier_mac", LargeBinary(32), nullable=False, index=True),
)

establishments = Table(
    "establishments",
    metadata,
    Column("establishment_key", Key, primary_key=True, autoincrement=True),
    Column("siret", String(14), nullable=False, unique=True),
    sqlite_autoincrement=True,
)

accounts = Table(
    "accounts",
    metadata,
    Column("account_id", Key, primary_key=True, autoincrement=True),
    Column("email", String(254), nullable=False, unique=True),
    Column("display_name", String(120), nullable=False),
    Column("role", String(20), nullable=False),
    Column("password_hash", String(200), nullable=False),
    Column("worker_key", Key),
    Column("is_active", Boolean, nullable=False, default=True),
    Column("is_demo", Boolean, nullable=False, default=False),
    Column("failed_attempts", Integer, nullable=False, default=0),
    Column("locked_until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_sign_in_at", UtcDateTime),
    sqlite_autoincrement=True,
)

# What opens an account's scope: an establishment, a sender or a research project, between two dates.
designations = Table(
    "designations",
    metadata,
    Column("designation_id", Key, primary_key=True, autoincrement=True),
    Column("account_id", Key, ForeignKey("accounts.account_id"), nullable=False, index=True),
    Column("establishment_key", Key),
    Column("sender_code", String(20)),
    Column("project_code", String(40)),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date),
    sqlite_autoincrement=True,
)

# Web sessions and API tokens: the secret itself is never stored.
sessions = Table(
    "sessions",
    metadata,
    Column("session_mac", LargeBinary(32), primary_key=True),
    Column("account_id", Key, ForeignKey("accounts.account_id"), nullable=False),
    Column("kind", String(5), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
)

# Append-only: who looked at whom, what, why, when, and whether the policy let them.
access_events = Table(
    "access_events",
    metadata,
    Column("event_id", Key, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("account_id", Key),
    Column("role", String(20)),
    Column("action", String(40), nullable=False),
    Column("worker_key", Key),
    Column("detail", Text, nullable=False, default=""),
    Column("purpose", Text, nullable=False, default=""),
    Column("article", Text, nullable=False, default=""),
    Column("allowed", Boolean, nullable=False),
    Index("ix_access_events_worker_key_at", "worker_key", "at"),
    sqlite_autoincrement=True,
)

# Research extracts: asked for by the API or a page, made by the worker loop.
extracts = Table(
    "extracts",
    metadata,
    Column("extract_id", Key, primary_key=True, autoincrement=True),
    Column("account_id", Key, ForeignKey("accounts.account_id"), nullable=False),
    Column("project_code", String(40), nullable=False),
    Column("first_year", Integer, nullable=False),
    Column("last_year", Integer, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("snapshot_version", String(60)),
    Column("row_count", BigInteger),
    Column("sha256", String(64)),
    Column("message", Text),
    sqlite_autoincrement=True,
)

# Append-only: the latest row of an establishment, work unit ('' for all of it) and quantity holds; no level: withdrawn.
dose_constraints = Table(
    "dose_constraints",
    metadata,
    Column("constraint_id", Key, primary_key=True, autoincrement=True),
    Column("establishment_key", Key, nullable=False, index=True),
    Column("team", String(120), nullable=False),
    Column("limit_quantity", String(20), nullable=False),
    Column("level_usv", BigInteger),
    Column("set_at", UtcDateTime, nullable=False),
    Column("account_id", Key, ForeignKey("accounts.account_id"), nullable=False),
    sqlite_autoincrement=True,
)
