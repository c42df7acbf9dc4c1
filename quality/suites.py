"""Great Expectations suites derived from `lake.schema`, over one small profile per lake table: counts, never values.

DuckDB counts what breaks each declared constraint. The profile of a table has one row per column and one count per
kind of constraint; its suite expects every count to be zero. Great Expectations takes seconds to import, so only
`validate` imports it.
"""

import importlib
import os
import threading
from dataclasses import dataclass

import duckdb
import polars as pl

from lake.schema import TABLES, Table
from lake.views import quoted


@dataclass(frozen=True)
class Constraint:
    """One thing that lake.schema declares; `broken_when` is the SQL condition of a row that breaks it."""

    table: str
    column: str
    kind: str
    broken_when: str

    @property
    def name(self) -> str:
        return f"{self.table}.{self.column} {self.kind}"


def constraints(table: Table) -> list[Constraint]:
    """Non-null, allowed words and lower bounds of one table; its key is counted apart."""
    found = []
    for column in table.columns:
        name = column.name
        if not column.nullable:
            found.append(Constraint(table.name, name, "not null", f"{name} is null"))
        if column.words:
            words = ", ".join(quoted(code) for code in column.words.codes())
            found.append(Constraint(table.name, name, "known word", f"{name} not in ({words})"))
        if column.at_least is not None:
            found.append(Constraint(table.name, name, f"at least {column.at_least}", f"{name} < {column.at_least}"))
    return found


def profile(connection: duckdb.DuckDBPyConnection, table: Table) -> pl.DataFrame:
    """Counts of rows of one table that break each of its constraints.

    Columns table, column, kind, kind_group, name, row_count, broken; one row per constraint.
    """
    wanted = constraints(table)
    counts = ", ".join(f"count(*) filter (where {c.broken_when})" for c in wanted)
    key = ", ".join(table.key)
    row = connection.execute(f"select count(*), {counts} from lake.{table.name}").fetchone()
    doubled = connection.execute(
        f"select coalesce(sum(times - 1), 0) from (select count(*) as times from lake.{table.name} group by {key}"
        " having count(*) > 1)"
    ).fetchone()[0]
    wanted.append(Constraint(table.name, "+".join(table.key), "key is unique", ""))
    return pl.DataFrame(
        {
            "table": [c.table for c in wanted],
            "column": [c.column for c in wanted],
            "kind": [c.kind for c in wanted],
            "kind_group": [c.kind.rstrip("0123456789 ") for c in wanted],
            "name": [c.name for c in wanted],
            "row_count": [row[0]] * len(wanted),
            "broken": [int(n) for n in (*row[1:], doubled)],
        }
    )


def warm() -> None:
    """Import Great Expectations in the background, so that `validate` need not wait for it."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    threading.Thread(target=importlib.import_module, args=["great_expectations"], daemon=True).start()


def validate(profiles: dict[str, pl.DataFrame]) -> list[dict]:
    """Run one suite per profile; returns name, passed and broken count per constraint.

    The result keeps counts only: no value of a row is in a profile.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas("profiles")
    results = []
    for table, frame in profiles.items():
        wide = frame.pivot("kind_group", index="column", values="broken", aggregate_function="sum")
        kinds = [name for name in wide.columns if name != "column"]
        suite = gx.ExpectationSuite(name=table)
        for kind in kinds:
            suite.add_expectation(gx.expectations.ExpectColumnValuesToBeBetween(column=kind, min_value=0, max_value=0))
        batch = source.add_dataframe_asset(table).add_batch_definition_whole_dataframe("all")
        outcome = batch.get_batch(batch_parameters={"dataframe": wide.to_pandas()}).validate(
            suite, result_format="BOOLEAN_ONLY"
        )
        holds = {r.expectation_config.kwargs["column"]: bool(r.success) for r in outcome.results}
        results += [
            {"name": r["name"], "passed": holds[r["kind_group"]] or r["broken"] == 0, "broken": r["broken"]}
            for r in frame.iter_rows(named=True)
        ]
    return results


def profiles(connection: duckdb.DuckDBPyConnection) -> dict[str, pl.DataFrame]:
    """The profile of every lake table."""
    return {name: profile(connection, table) for name, table in TABLES.items()}
