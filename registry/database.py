"""The registry database, opened and brought to the newest migration."""

from contextlib import nullcontext
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from filelock import FileLock
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import OperationalError

from lake.errors import StorageError
from lake.settings import Settings

MIGRATIONS = Path(__file__).parent / "migrations"


def open_registry(settings: Settings) -> Engine:
    """The registry's engine, migrated; a new home gets a new SQLite file.

    Raises StorageError when the home or the database cannot be used.
    """
    url = make_url(settings.registry_url)
    try:
        if url.get_backend_name() == "sqlite" and url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
            # SQLite tells the second of two processes that make the same new file that it is locked.
            alone = FileLock(f"{url.database}.lock")
        else:
            alone = nullcontext()
        engine = create_engine(url)
        event.listen(engine, "handle_error", _say_what_the_disk_says)
        if url.get_backend_name() == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("begin"))
        with alone:
            _migrate(engine)
        return engine
    except OSError as error:
        raise StorageError(
            f"The home folder {settings.home} cannot be written ({error.strerror or 'I/O error'}).",
            next_step="Give a writable folder with --home or DOSILAKE_HOME.",
        ) from None


def read_registry(settings: Settings) -> Engine:
    """The registry's engine for reading only: nothing is made, migrated or written; dispose of it after use.

    Raises StorageError when there is no registry, or one of another version.
    """
    url = make_url(settings.registry_url)
    is_sqlite = url.get_backend_name() == "sqlite"
    if is_sqlite and not (url.database and Path(url.database).exists()):
        raise StorageError(
            f"There is no registry in {settings.home}.", next_step="Give the register's folder with --home."
        )
    engine = create_engine(url)
    event.listen(engine, "handle_error", _say_what_the_disk_says)
    event.listen(engine, "connect", _only_read_sqlite if is_sqlite else _only_read_postgresql)
    with engine.connect() as connection:
        if MigrationContext.configure(connection).get_current_revision() != _newest():
            raise StorageError(
                f"The registry in {settings.home} is of another version of Dosilake.",
                next_step="Run a command that writes to it, such as `dosilake ingest`, with this version first.",
            )
    return engine


def _only_read_sqlite(connection, _record) -> None:
    cursor = connection.cursor()
    cursor.execute("pragma query_only = on")
    cursor.execute("pragma busy_timeout = 10000")
    cursor.close()


def _only_read_postgresql(connection, _record) -> None:
    cursor = connection.cursor()
    cursor.execute("set default_transaction_read_only = on")
    cursor.close()
    connection.commit()


def _say_what_the_disk_says(context) -> None:
    """A database that is full, locked, read-only or gone is a StorageError; a broken constraint is not."""
    if isinstance(context.sqlalchemy_exception, OperationalError):
        raise StorageError(
            f"The registry database cannot be used ({context.original_exception}).",
            next_step="Check DOSILAKE_DATABASE_URL, or that the home folder is writable and its disk not full; "
            "then run the same command again.",
        ) from None


def _prepare_sqlite(connection, _record) -> None:
    # The driver's own transactions leave table creation out; ours hold it, so that a migration is whole or not at all.
    connection.isolation_level = None
    cursor = connection.cursor()
    # Readers go on while one writes; a power cut loses no committed row.
    cursor.execute("pragma journal_mode = wal")
    cursor.execute("pragma synchronous = full")
    cursor.execute("pragma foreign_keys = on")
    cursor.execute("pragma busy_timeout = 10000")
    cursor.close()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _newest() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _migrate(engine: Engine) -> None:
    config, newest = _config(), _newest()
    with engine.begin() as connection:
        if MigrationContext.configure(connection).get_current_revision() == newest:
            return
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
