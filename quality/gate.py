"""The gate: after it says yes, a snapshot keeps every promise that can be counted, and may be published."""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from lake.settings import Settings
from lake.store import Lake
from lake.views import open_over_lake
from quality import suites

CHECKS = Path(__file__).parent / "checks"


@dataclass(frozen=True)
class Check:
    """One finding; `count` is how many rows break the rule, never which."""

    name: str
    passed: bool
    severity: str
    count: int
    sentence: str


@dataclass(frozen=True)
class GateReport:
    """Every check of one snapshot; it passes when no critical check failed."""

    version: str
    at: datetime
    checks: list[Check] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks if check.severity == "critical")

    def save(self, path: Path) -> None:
        """Write the report as JSON beside the snapshot."""
        said = {**asdict(self), "at": self.at.isoformat(), "passed": self.passed}
        path.write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "GateReport":
        said = json.loads(path.read_text(encoding="utf-8"))
        at = datetime.fromisoformat(said["at"])
        return cls(said["version"], at, [Check(**check) for check in said["checks"]])


def gate(
    settings: Settings,
    lake: Lake,
    built: Path,
    *,
    with_suites: bool = True,
    refreshed_otherwise: list[str] | None = None,
) -> GateReport:
    """Check a built snapshot against the lake it was made from.

    Reads the lake at the versions and the moment that the snapshot names. `with_suites` runs the schema suites in
    Great Expectations (seconds to import); without it the same counts are judged directly. `refreshed_otherwise`: what
    refreshes had made otherwise than this full build does; None: not compared.
    """
    with duckdb.connect(str(built), read_only=True) as connection:
        version, as_of, versions = connection.execute("select version, as_of, lake_versions from snapshot").fetchone()
    connection = open_over_lake(settings, lake, built, as_of, versions=versions)
    try:
        checks = [_run(connection, path) for path in sorted(CHECKS.glob("*.sql"))]
        checks += _schema_checks(connection, with_suites)
        checks.append(_freshness(connection, lake))
        if refreshed_otherwise is not None:
            checks.append(_reconciled(refreshed_otherwise))
    finally:
        connection.close()
    return GateReport(version, datetime.now(UTC), checks)


def _run(connection: duckdb.DuckDBPyConnection, path: Path) -> Check:
    """One SQL check: it passes when the query returns no rows."""
    sql = path.read_text(encoding="utf-8")
    said = [line.removeprefix("--").strip() for line in sql.splitlines() if line.startswith("--")]
    severity = "critical"
    if said and said[0].startswith("severity:"):
        severity = said.pop(0).removeprefix("severity:").strip()
    rule = " ".join(said)
    try:
        count = connection.execute(f"select count(*) from ({sql.strip()})").fetchone()[0]
    except duckdb.Error as error:
        return Check(path.stem, False, "critical", -1, f"The check could not run ({type(error).__name__}).")
    sentence = f"Holds: {rule}" if count == 0 else f"{count} row(s) break this rule: {rule}"
    return Check(path.stem, count == 0, severity, count, sentence)


def _schema_checks(connection: duckdb.DuckDBPyConnection, with_suites: bool) -> list[Check]:
    """Constraints of lake.schema, one finding per table."""
    profiled = suites.profiles(connection)
    if with_suites:
        results = suites.validate(profiled)
    else:
        rows = [row for frame in profiled.values() for row in frame.iter_rows(named=True)]
        results = [{"name": r["name"], "passed": r["broken"] == 0, "broken": r["broken"]} for r in rows]
    checks = []
    for table in profiled:
        of_table = [r for r in results if r["name"].startswith(f"{table}.")]
        broken = [r for r in of_table if not r["passed"]]
        listed = ", ".join(f"{r['name'].removeprefix(f'{table}.')} ({r['broken']})" for r in broken)
        sentence = f"{len(of_table)} constraints hold." if not broken else f"Broken constraints: {listed}."
        count = sum(r["broken"] for r in broken)
        checks.append(Check(f"schema_{table}", not broken, "critical", count, sentence))
    return checks


def _freshness(connection: duckdb.DuckDBPyConnection, lake: Lake) -> Check:
    """Whether the lake has moved since the snapshot was made; the next refresh takes what came."""
    recorded = connection.execute("select version from lake.versions where table_name = 'deliveries'").fetchone()[0]
    behind = lake.version("deliveries") - recorded
    sentence = "The snapshot holds every delivery." if not behind else f"{behind} commit(s) came since: refresh again."
    return Check("made_from_the_latest_lake", not behind, "warning", behind, sentence)


def _reconciled(differing: list[str]) -> Check:
    """Whether refreshes had come to what a full build gives; what this build holds is right either way."""
    sentence = (
        f"Until now, refreshes had made otherwise: {', '.join(differing)}. This full build puts it right: tell whoever "
        "maintains the models, with the reports of both snapshots."
        if differing
        else "The snapshot before, made by refreshes, holds the same rows."
    )
    return Check("refreshes_are_full_builds", not differing, "warning", len(differing), sentence)
