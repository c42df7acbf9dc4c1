"""Settings: every `DOSILAKE_*` variable with its default, checked at start; nothing is read at import."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lake.errors import SettingError

PREFIX = "DOSILAKE_"


def setting(default, meaning: str):
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True)
class Settings:
    """One value per setting; `Settings.from_environ(os.environ)` at the edge, then passed on."""

    home: Path = setting(Path("var"), "folder that holds landing, lake, marts, registry and keys")
    database_url: str = setting("", "SQLAlchemy URL of the registry; empty: registry.sqlite in the home")
    host: str = setting("127.0.0.1", "address the web server binds")
    port: int = setting(8050, "port the web server binds")
    demo: bool = setting(False, "demo accounts exist and the pages say so")
    threads: int = setting(2, "threads DuckDB may use in a build")
    memory_limit_gib: int = setting(12, "memory DuckDB may use in a build, in GiB")
    doses_at_once: int = setting(10_000_000, "doses of persons made together in a full build; more take more memory")
    largest_file_mib: int = setting(1024, "a larger delivery file is refused (F07), in MiB")
    longest_line_kib: int = setting(64, "a file with a longer line is refused (F09), in KiB")
    most_lines: int = setting(10_000_000, "a file with more lines is refused (F09)")
    full_build_share: float = setting(
        0.25, "what touches a larger share of the persons is built in full: that is cheaper then"
    )
    slice_rows: int = setting(65_536, "lines of a file judged at a time; more take more memory")
    snapshots_kept: int = setting(5, "published snapshots kept")
    release_months: int = setting(3, "months between two releases of the statistics; 1, 2, 3, 4, 6 or 12")
    session_idle_minutes: int = setting(30, "a web session ends after this long without a request")
    token_minutes: int = setting(60, "an API token ends after this long")
    crp_sees_total_effective: bool = setting(
        False, "advisers and inspectors see the total effective dose instead of the external one"
    )
    poll_seconds: float = setting(1.0, "how often the worker loop looks for landed files")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], **overrides) -> "Settings":
        """Read `DOSILAKE_*`; raises SettingError for an unknown name or a value of the wrong type."""
        fields = {f.name: f for f in dataclasses.fields(cls)}
        known = {f"{PREFIX}{name.upper()}": name for name in fields}
        values = {}
        for variable, text in environ.items():
            if not variable.startswith(PREFIX):
                continue
            if variable not in known:
                raise SettingError(
                    f"Unknown setting {variable}.",
                    next_step="Unset it, or see `dosilake settings` for the names that exist.",
                )
            name = known[variable]
            values[name] = _parse(variable, text, type(fields[name].default))
        values.update({name: value for name, value in overrides.items() if value is not None})
        return cls(**values)

    @classmethod
    def described(cls) -> list[tuple[str, object, str]]:
        """(variable, default, meaning) of every setting, in order."""
        return [(f"{PREFIX}{f.name.upper()}", f.default, f.metadata["meaning"]) for f in dataclasses.fields(cls)]

    @property
    def registry_url(self) -> str:
        return self.database_url or f"sqlite:///{self.home / 'registry.sqlite'}"

    @property
    def lake_root(self) -> Path:
        return self.home / "lake"

    @property
    def landing(self) -> Path:
        return self.home / "landing"

    @property
    def releases(self) -> Path:
        return self.home / "releases"

    @property
    def marts(self) -> Path:
        return self.home / "marts"


def _parse(variable: str, text: str, wanted: type):
    if wanted is bool:
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        raise SettingError(f"{variable} must be true or false.", next_step="Correct it and start again.")
    if issubclass(wanted, Path):
        return Path(text)
    try:
        return wanted(text)
    except ValueError:
        raise SettingError(
            f"{variable} must be a {'whole number' if wanted is int else 'number'}.",
            next_step="Correct it and start again.",
        ) from None
