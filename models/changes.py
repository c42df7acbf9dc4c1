"""How many persons stand behind the change of every row of statistics between two moments of the register.

A person counts in a row when what they bring to it was added, removed or altered. `members/<model>.sql` says who stands
behind the rows of a model, one row per person and contribution: the columns that find the row, worker_key,
establishment_key where the whole nation is told, dose_msv, is_monitored and, where more than these makes the
contribution, `other`; `aspect` parts contributions that are told apart. A column called as a count of persons above a
dose (`bounds`) says who is counted where the dose of the contribution does not. It is asked of the persons who changed
alone, on both sides.
"""

import tempfile
from collections.abc import Set
from pathlib import Path

import duckdb
import polars as pl

from lake import reference
from lake.settings import Settings
from lake.views import OFFLINE, expose_reference, quoted
from models.build import in_order, make, tables_named
from models.catalog import FOLDER, Model, models
from models.disclosure import NEVER_SHOWN

MEMBERS = FOLDER / "members"
BASIS = ("annual_worker_doses", "annual_doses_of_all_rows", "persons", "dose_parts", "dose_places",
         "classification_watch")  # fmt: skip
# What is the same for everybody.
_REACH = "pace_reach"
# The model of the results that stand and of all that were received.
_FROM_BASIS = "annual_doses"
_GIVEN = {*BASIS, _REACH, _FROM_BASIS}
# Of what an establishment is compared with, not of its own persons.
_OF_REFERENCE = "reference_exposed"
_CONTRIBUTION = ("worker_key", "establishment_key", "dose_msv", "is_monitored", "other")
_TOLD = ("aspect", "changed", "came_or_went", "dose_changed", "top_share", "n_establishments",
         "top_establishment_share")  # fmt: skip
# Parts of a dose, and readings beside it, as far as tables of statistics tell them.
_DOSE_PARTS = """
    select
        worker_key, establishment_key, cast(year(period_end) as bigint) as year, component,
        cast(sum(counted_msv) as decimal(18, 3)) as dose_msv, count(*) as records
    from dose_records
    where counted_msv is not null and (
        limit_quantity = 'operational'
        or (limit_quantity = 'effective' and component in ('internal', 'radon', 'cosmic'))
    )
    group by worker_key, establishment_key, year(period_end), component
"""

_COMPARED = """
    select establishment_key, year, occupation_code, category, reference_sector
    from establishment_comparison
    where reference_sector is not null
"""


def keep_basis(settings: Settings, snapshot: Path, basis: Path) -> None:
    """Copy from a snapshot to `basis` what changes are counted against: persons' figures and the nomenclatures."""
    connection = _open(settings)
    try:
        connection.execute(f"attach {quoted(str(snapshot))} as snapshot (read_only)")
        connection.execute("attach ':memory:' as reference")
        expose_reference(connection)
        connection.execute(f"attach {quoted(str(basis))} as basis")
        connection.execute("use snapshot")
        for name in BASIS:
            query = _DOSE_PARTS if name == "dose_parts" else f"select * from {name}"
            connection.execute(f"create table basis.{name} as {query}")
        connection.execute(f"create table basis.compared as {_COMPARED}")
        connection.execute(f"create table basis.{_REACH} as select distinct first_year, last_year from job_paces")
        connection.execute("create schema basis.reference")
        for name in reference.TABLES:
            connection.execute(f"create table basis.reference.{name} as select * from reference.{name}")
    finally:
        connection.close()


def persons_behind(settings: Settings, before: Path, now: Path) -> dict[str, pl.DataFrame]:
    """For every model whose members both bases tell, its rows in which a person changed between them.

    Columns: those that find the row, aspect, changed (persons), came_or_went (persons who are in it on one side alone),
    dose_changed (persons whose dose in the row did), top_share (the largest person's change in the sum of all),
    n_establishments and top_establishment_share (NULL in an establishment's own table) and, per count above a dose
    (`bounds`), crossed_<count> (persons who passed that dose in either direction). A row or an aspect without any is
    not there.
    """
    with tempfile.TemporaryDirectory(dir=_spill(settings)) as folder:
        work = Path(folder)
        changed = work / "changed.parquet"
        _find_changed(settings, before, now, changed)
        sides = {side: _members(settings, basis, changed, work / side) for side, basis in
                 (("before", before), ("now", now))}  # fmt: skip
        connection = _open(settings)
        try:
            found = {
                name: _compare(connection, name, sides["before"][name], sides["now"][name])
                for name in sides["now"].keys() & sides["before"].keys()
            }
            found["establishment_comparison"] = pl.concat(
                [found["establishment_comparison"], *_beside(connection, found, before, now)], how="diagonal_relaxed"
            )
        finally:
            connection.close()
    return {name: frame for name, frame in found.items() if name in models()}


def has_members(model: Model) -> bool:
    """Whether it is said who stands behind the rows of a model; where not, a row that was shown never changes."""
    return (MEMBERS / f"{model.name}.sql").exists()


def grain(changes: pl.DataFrame) -> list[str]:
    """The columns of a table of changes that find a row of the model."""
    return [column for column in changes.columns if column not in _TOLD and not column.startswith("crossed_")]


def _spill(settings: Settings) -> Path:
    spill = settings.home / "tmp"
    spill.mkdir(parents=True, exist_ok=True)
    return spill


def _open(settings: Settings) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:", config=dict(OFFLINE))
    connection.execute(f"set threads = {settings.threads}")
    connection.execute(f"set memory_limit = '{settings.memory_limit_gib}GiB'")
    connection.execute(f"set temp_directory = {quoted(str(_spill(settings)))}")
    return connection


def _find_changed(settings: Settings, before: Path, now: Path, changed: Path) -> None:
    """The keys of persons of whom anything of the basis differs."""
    connection = _open(settings)
    try:
        for side, path in (("before", before), ("now", now)):
            connection.execute(f"attach {quoted(str(path))} as {side} (read_only)")
        parts = []
        held = {row[0] for row in connection.execute("show tables from before").fetchall()}
        for name in (name for name in BASIS if name in held):
            ours = [row[0] for row in connection.execute(f"describe now.{name}").fetchall()]
            theirs = {row[0] for row in connection.execute(f"describe before.{name}").fetchall()}
            columns = ", ".join(column for column in ours if column in theirs)
            for one, other in (("before", "now"), ("now", "before")):
                parts.append(
                    f"select worker_key from (select {columns} from {one}.{name} "
                    f"except all select {columns} from {other}.{name})"
                )
        if _REACH in held:
            # Years that have left the reach of the paces, or come into it, change what persons bring to them.
            for one, other in (("before", "now"), ("now", "before")):
                parts.append(
                    f"select worker_key from {one}.annual_worker_doses as doses "
                    f"inner join {one}.{_REACH} as reach on doses.year between reach.first_year and reach.last_year "
                    f"anti join {other}.{_REACH} as others on doses.year between others.first_year and others.last_year"
                )
        union = " union ".join(parts)
        connection.execute(f"copy ({union}) to {quoted(str(changed))} (format parquet)")
    finally:
        connection.close()


def _members(settings: Settings, basis: Path, changed: Path, folder: Path) -> dict[str, Path]:
    """One Parquet file per members query, of the changed persons on one side, with that side's nomenclatures."""
    folder.mkdir()
    connection = _open(settings)
    try:
        connection.execute(f"attach {quoted(str(basis))} as basis (read_only)")
        connection.execute("attach ':memory:' as reference")
        for name in reference.TABLES:
            connection.execute(f"create table reference.{name} as select * from basis.reference.{name}")
        held = {row[0] for row in connection.execute("show tables from basis").fetchall()}
        for name in held & set(BASIS):
            connection.execute(
                f"create table {name} as select * from basis.{name} "
                f"where worker_key in (select worker_key from read_parquet({quoted(str(changed))}))"
            )
        if _REACH in held:
            connection.execute(f"create view {_REACH} as select * from basis.{_REACH}")
        kept = {"current": "annual_worker_doses", "all": "annual_doses_of_all_rows"}
        both = " union all by name ".join(
            f"select '{basis}' as basis, * from {table}" for basis, table in kept.items() if table in held
        )
        connection.execute(f"create view {_FROM_BASIS} as {both}")
        queries = {path.stem: path.read_text(encoding="utf-8") for path in sorted(MEMBERS.glob("*.sql"))}
        needed = {name: _needed(tables_named(sql)) for name, sql in queries.items()}
        # A basis of earlier code lacks some: who stands behind these tables is not known of it.
        queries = {name: sql for name, sql in queries.items() if needed[name] & _GIVEN <= held | {_FROM_BASIS}}
        for model in in_order([models()[name] for name in set().union(*(needed[name] for name in queries)) - _GIVEN]):
            make(connection, model)
        found = {}
        for name, sql in queries.items():
            found[name] = folder / f"{name}.parquet"
            connection.execute(f"copy ({sql}) to {quoted(str(found[name]))} (format parquet)")
        return found
    finally:
        connection.close()


def _needed(named: Set[str]) -> set[str]:
    """What members are made of: the models to be made, and of what the basis gives, which is not made again."""
    known = _GIVEN | models().keys()
    needed: set[str] = set()
    waiting = named & known
    while waiting:
        needed |= waiting
        waiting = (set().union(*(tables_named(models()[name].sql) for name in waiting - _GIVEN)) & known) - needed
    return needed


def bounds(model: Model) -> list[str]:
    """The columns that count persons above a dose: the exposed are those above zero; and those that a rule flags.

    None of a table of classes, in which whoever passes a dose comes or goes.
    """
    if model.disclosure == "classes":
        return []
    counts = [c.name for c in model.columns.values() if c.protection not in NEVER_SHOWN]
    return [name for name in counts if name.startswith(("n_gt_", "exposed", "flagged")) or name == _OF_REFERENCE]


def _counted(name: str, columns: list[str], side: str) -> dict[str, str]:
    """Per count of the table, whether a person is in it on a side, in SQL."""
    counts = bounds(models()[name]) if name in models() else ["exposed"]
    above = {count: f"dose_{side} > {count.removeprefix('n_gt_') if 'n_gt_' in count else 0}" for count in counts}
    said = {count: f"{count}_{side}" for count in counts if count in columns}
    return above | said | ({_OF_REFERENCE: "false"} if _OF_REFERENCE in counts else {})


def _columns(connection: duckdb.DuckDBPyConnection, source: str) -> list[str]:
    return [row[0] for row in connection.execute(f"describe {source}").fetchall()]


def _compare(connection: duckdb.DuckDBPyConnection, name: str, before: Path, now: Path) -> pl.DataFrame:
    files = {side: f"read_parquet({quoted(str(path))})" for side, path in (("before", before), ("now", now))}
    columns = _columns(connection, f"select * from {files['now']}")
    is_own = name in models() and models()[name].scope == "establishment_key"
    before_in, now_in = (_counted(name, columns, side) for side in ("before", "now"))
    said = [c for c in columns if c in now_in]
    keys = [c for c in columns if c not in (*_CONTRIBUTION, *said) or (is_own and c == "establishment_key")]
    key = ", ".join(keys)
    other = "min(other)" if "other" in columns else "cast(null as varchar)"
    place = "cast(null as bigint)" if is_own else "establishment_key"
    sides = " union all ".join(
        f"""
        select {key}, worker_key, {place} as place, '{side}' as side, cast(sum(dose_msv) as decimal(18, 3)) as dose_msv,
            bool_or(is_monitored) as is_monitored, {other} as other{"".join(f", bool_or({c}) as {c}" for c in said)}
        from {file} group by {key}, worker_key, place
        """
        for side, file in files.items()
    )
    crosses = {c: f"coalesce({before_in[c]}, false) <> coalesce({now_in[c]}, false)" for c in now_in}
    crossed = "".join(f", count(*) filter (where {crossing}) as crossed_{c}" for c, crossing in crosses.items())
    of_sides = "".join(f", bool_or({c}) filter (where side = '{s}') as {c}_{s}" for c in said for s in files)
    share = "case when sum(abs({0})) > 0 then cast(max(abs({0})) as double) / cast(sum(abs({0})) as double) end"
    nation = "cast(null as {1})" if is_own else "{0}"
    return connection.sql(f"""
        with sides as ({sides}),
        persons as (
            select {key}, worker_key,
                cast(sum(dose_msv) filter (where side = 'before') as decimal(18, 3)) as dose_before,
                cast(sum(dose_msv) filter (where side = 'now') as decimal(18, 3)) as dose_now,
                coalesce(sum(dose_msv) filter (where side = 'now'), 0)
                    - coalesce(sum(dose_msv) filter (where side = 'before'), 0) as change_msv,
                bool_or(is_monitored) filter (where side = 'before') as monitored_before,
                bool_or(is_monitored) filter (where side = 'now') as monitored_now,
                min(other) filter (where side = 'before') as other_before,
                min(other) filter (where side = 'now') as other_now
                {of_sides}
            from sides group by {key}, worker_key
        ),
        altered as (
            select * from persons
            where dose_before is distinct from dose_now or monitored_before is distinct from monitored_now
                or other_before is distinct from other_now {"".join(f" or {crosses[c]}" for c in said)}
        ),
        places as (
            select {key}, count(distinct place) as n_establishments,
                {share.format("change_msv")} as top_establishment_share
            from (
                select {key}, place,
                    coalesce(sum(dose_msv) filter (where side = 'now'), 0)
                        - coalesce(sum(dose_msv) filter (where side = 'before'), 0) as change_msv
                from sides semi join altered using ({key}, worker_key)
                group by {key}, place
            )
            group by {key}
        )
        select {key}, count(*) as changed,
            count(*) filter (where (dose_before is null) <> (dose_now is null)) as came_or_went,
            count(*) filter (where change_msv <> 0) as dose_changed,
            {share.format("change_msv")} as top_share,
            {nation.format("any_value(places.n_establishments)", "bigint")} as n_establishments,
            {nation.format("any_value(places.top_establishment_share)", "double")} as top_establishment_share
            {crossed}
        from altered left join places using ({key})
        group by {key}
    """).pl()


def _beside(
    connection: duckdb.DuckDBPyConnection, found: dict[str, pl.DataFrame], before: Path, now: Path
) -> list[pl.DataFrame]:
    """What changed outside an establishment in what it is compared with: its references, the means of its jobs."""
    own = found["establishment_comparison"]
    keys = ["establishment_key", "year", "occupation_code", "category"]
    told = own.select(*keys, own_changed="changed", own_dose_changed="dose_changed", own_crossed="crossed_exposed")
    frames = []
    for side, path in (("before", before), ("now", now)):
        connection.execute(f"attach {quoted(str(path))} as {side} (read_only)")
        rows = connection.sql(f"select * from {side}.compared").pl()
        references = found["comparison_references"].rename({"crossed_exposed": f"crossed_{_OF_REFERENCE}"})
        # A basis of earlier code compared occupations alone.
        on = [c for c in ("reference_sector", "year", "occupation_code", "category") if c in rows.columns]
        compared = rows.join(references, on=on)
        frames.append(compared.with_columns(aspect=pl.lit(f"reference {side}")))
        jobs = connection.sql(f"""
            select distinct establishment_key, year, sector_code, category,
                coalesce(occupation_code, 'UNSPECIFIED') as occupation_code
            from {side}.annual_worker_doses where limit_quantity = 'effective'
        """).pl()
        cells = jobs.join(found["comparison_cells"], on=["sector_code", "year", "occupation_code", "category"])
        together = cells.with_columns(occupation_code=pl.lit("ALL"), category=pl.lit("ALL"))
        for of_jobs in (cells, together):
            summed = of_jobs.group_by(keys).agg(pl.col("changed", "dose_changed").sum())
            frames.append(summed.with_columns(aspect=pl.lit(f"jobs {side}")))
    others = []
    for frame in frames:
        left = frame.join(told, on=keys, how="left").with_columns(
            changed=pl.col("changed").cast(pl.Int64) - pl.col("own_changed").fill_null(0),
            dose_changed=pl.col("dose_changed").cast(pl.Int64) - pl.col("own_dose_changed").fill_null(0),
        )
        kept = [c for c in (*keys, *_TOLD) if c in left.columns]
        others.append(left.filter(pl.col("changed") > 0).select(kept))
        if (crossed := f"crossed_{_OF_REFERENCE}") in left.columns:
            # Neither all who passed zero there, nor those elsewhere alone, may be few.
            total, elsewhere = pl.col(crossed), pl.col(crossed) - pl.col("own_crossed").fill_null(0)
            fewest = pl.when(elsewhere > 0).then(elsewhere).otherwise(total)
            passed = left.select(*keys, "aspect", fewest.alias(crossed), changed=0, dose_changed=0)
            others.append(passed.filter(pl.col(crossed) > 0))
    return others
