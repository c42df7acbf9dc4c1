"""The one door out for doses: who asks is decided, rows are bound, small groups hidden and every look written down.

`Access.fetch` serves the models whose sidecar names a level of `registry.policy.Data`; nothing else opens a snapshot
for a reader. Statistics come from a release (`models.releases`), for every reader and every `as_of`. Values reach SQL
as parameters only; column names are checked against the sidecar.
"""

import calendar
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import polars as pl

from lake.errors import AccessDenied, NoSnapshot, UsageError
from lake.settings import Settings
from lake.vocabulary import LimitQuantity
from models import outlook
from models.catalog import Model, served
from models.disclosure import NEVER_SHOWN
from models.provenance import Source, checksum
from models.releases import Release, in_force
from models.revisions import REVISIONS
from models.snapshot import Snapshots
from registry.policy import Cell, Data, Decision, Rows, Viewer, decide

OPERATORS = ("=", ">=", "<=", ">", "<")
_LOGGED = (Data.INDIVIDUAL, Data.EXCEEDANCE, Data.EXCEEDANCE_NOTICE, Data.IDENTITY)


@dataclass(frozen=True)
class AccessEvent:
    """One look, allowed or not: who, at what and whom, why, by which article, when."""

    account_id: int
    role: str
    model: str
    worker_keys: tuple[int, ...]
    purpose: str
    article: str
    at: datetime
    allowed: bool
    viewer: Viewer


@dataclass(frozen=True)
class _Bound:
    """A SQL condition with its parameters."""

    sql: str
    parameters: tuple = ()


@dataclass(frozen=True)
class _Cuts:
    """The first day from which each worker's doses are opened."""

    by_worker: dict[int, date]

    @property
    def parameters(self) -> tuple:
        return list(self.by_worker), list(self.by_worker.values())


class Access:
    """Reads for viewers; one per process, safe to share between threads."""

    def __init__(
        self,
        settings: Settings,
        audit: Callable[[AccessEvent], None],
        *,
        snapshots: Snapshots | None = None,
        today: Callable[[], date] = date.today,
    ):
        self.settings = settings
        self.snapshots = snapshots or Snapshots(settings)
        self._audit = audit
        self._today = today

    def fetch(
        self,
        model: str,
        viewer: Viewer,
        *,
        where: Mapping[str, object] | None = None,
        columns: Sequence[str] | None = None,
        order_by: Sequence[str] = (),
        limit: int | None = None,
        purpose: str,
        as_of: date | None = None,
    ) -> pl.DataFrame:
        """Rows of a model that `viewer` may see.

        `where` maps a column to a value, a list of values, None, or an (operator, value) pair; `order_by` names
        columns, "-column" descending. Statistics are those of the release in force on `as_of`; they come with
        `figures_on`, the release that the row's figures stem from, and protected ones with `suppressed` and
        `suppression_reason`.
        Raises AccessDenied, the same for a person out of scope as for one who does not exist; UsageError for an
        unknown column; NoSnapshot. The look is in the access log before the rows are returned.
        """
        known = served(model)
        where = dict(where or {})
        _check_names(known, where, columns or (), order_by)
        cell = self._decide(known.name, Data(known.level), viewer, where, purpose)
        asked = self._check_asked(known, viewer, cell, where, purpose)
        cuts = self._cuts(viewer, cell, known, asked)
        bounds = [*self._scope(known, viewer, cell, bool(asked), as_of), *_limits(known, cell, cuts)]
        if known.is_released:
            rows = self._released(known, where, bounds, as_of)
            rows = _arranged(rows, where, columns, order_by, limit)
        else:
            # The log names the persons seen, whatever columns were asked for.
            keyed = [*columns, "worker_key"] if columns and "worker_key" in known.columns else columns
            is_counted_anew = cuts is not None and known.name == "rolling_doses"
            source = _Bound(f"({_ROLLING_WITHIN})", cuts.parameters) if is_counted_anew else None
            rows = self._plain(known, where, bounds, keyed, order_by, limit, as_of, source)
            rows = _masked(rows, known, cell)
        if Data(known.level) in _LOGGED:
            named = tuple(key for key in _listed(where.get("worker_key", ())) if isinstance(key, int))
            self._log(viewer, known.name, named or _keys(rows), purpose, cell.article)
        return rows.select(columns) if columns and not known.is_released else rows

    def release(self, as_of: date | None = None) -> Release:
        """The release that statistics are read from; raises NoSnapshot where there is none yet."""
        return in_force(self.settings, as_of)

    def revisions(self, viewer: Viewer, *, purpose: str, as_of: date | None = None) -> pl.DataFrame:
        """What became known between the release in force and the one before it, as far as readers may be told.

        One row per year (NULL: every year) and cause: persons, establishments, statements, deliveries; none of few.
        """
        self._decide("revisions", Data.NATIONAL, viewer, {}, purpose)
        return pl.DataFrame(self.release(as_of).revisions, schema=REVISIONS)

    def source(self, model: str, answer: pl.DataFrame, as_of: date | None = None) -> Source:
        """What `answer`, rows of the model, was made from."""
        if served(model).is_released:
            release = self.release(as_of)
            return Source(model, release.snapshot, release.code_version, release.checksums[model], release.on)
        return Source(model, *self.snapshots.made(as_of), checksum(answer))

    def rolling_on(
        self, viewer: Viewer, worker_key: int, on_date: date, *, purpose: str, as_of: date | None = None
    ) -> pl.DataFrame:
        """One worker's windows ending on any date: one row per limited quantity the worker has a result in.

        Columns limit_quantity, on_date, dose_12m_msv, dose_60m_msv, career_msv, wear_start_12m (NULL: no dose above
        zero in the window) and counted_from, the first day that a reader with a bounded view sees counted (NULL: all).
        Empty when the date lies before what the viewer may see. Raises UsageError for a date of no calendar here.
        """
        _check_day(on_date)
        model = served("rolling_doses")
        where = {"worker_key": worker_key}
        cell = self._decide(model.name, Data.INDIVIDUAL, viewer, where, purpose)
        self._check_asked(model, viewer, cell, where, purpose)
        cuts = self._cuts(viewer, cell, model, (worker_key,))
        if cuts and worker_key not in cuts.by_worker:
            # Left with the snapshot that came between the two questions.
            self._deny(viewer, model.name, (worker_key,), purpose, cell.article)
        counted_from = cuts.by_worker[worker_key] if cuts else None
        is_before = counted_from is not None and on_date < counted_from
        quantities = [] if is_before else sorted(cell.quantities)
        after = [months_before(on_date, months) for months in (12, 60)]
        parameters = [worker_key, on_date, *after, quantities, counted_from, worker_key, worker_key]
        rows = self.snapshots.query(_ROLLING_ON, parameters, as_of)
        rows = _masked(rows.sort("limit_quantity"), model, cell)
        self._log(viewer, "rolling_doses", (worker_key,), purpose, cell.article)
        return rows

    def outlook(
        self, viewer: Viewer, worker_key: int, on_date: date, *, purpose: str, as_of: date | None = None
    ) -> pl.DataFrame:
        """What lies ahead of one worker from a day on, as `models.outlook.table` tells it; no operational readings.

        Bounded, denied and logged as the sums of that day. The paces of jobs are those of the release in force on
        `as_of`, as statistics are: no projection where there is none.
        """
        now = self.rolling_on(viewer, worker_key, on_date, purpose=purpose, as_of=as_of)
        quantities = [q for q in now["limit_quantity"] if q != LimitQuantity.OPERATIONAL]
        counted_from = now["counted_from"].min()
        days = [months_after(on_date, months) for months in outlook.HORIZONS]
        ahead = self.snapshots.query(outlook.AHEAD, [on_date, quantities, counted_from, worker_key, days], as_of)
        own = self.snapshots.query(outlook.OWN, [on_date, quantities, counted_from, *3 * [worker_key]], as_of)
        pace = own.join(self._paces(own, as_of), on="limit_quantity")
        born = self.snapshots.query("select max(birth_year) from persons where worker_key = ?", [worker_key], as_of)
        # The day of the eighteenth birthday is nowhere in a snapshot.
        may_be_minor = born.item() is not None and on_date.year - born.item() <= 18
        after = {day: months_before(day, 12) for day in set(ahead["from_date"])}
        return outlook.table(ahead, pace, may_be_minor, after, counted_from)

    def _paces(self, own: pl.DataFrame, as_of: date | None) -> pl.DataFrame:
        """The paces of the person's job in a release; empty where there is no job or no release that tells it."""
        job = own.select("occupation_code", "category").row(0) if own.height else (None, None)
        try:
            return self.snapshots.query_release(self.release(as_of), outlook.JOB, job)
        except NoSnapshot:
            return pl.DataFrame(schema={"limit_quantity": pl.String})

    def workers_of(
        self,
        viewer: Viewer,
        establishment_key: int,
        *,
        purpose: str,
        on_date: date | None = None,
        as_of: date | None = None,
    ) -> pl.DataFrame:
        """Those employed today at one of the viewer's establishments, with their windows on `on_date` (today).

        One row per worker and status: worker_key, category, occupation_code, contract_type, valid_from, valid_to,
        is_complete, limit_quantity, dose_12m_msv, dose_60m_msv, counted_from (NULL: all). The quantity is the effective
        dose, or its external part for readers who may see no more; 0 when nothing above zero is in the window.
        """
        _check_day(on_date)
        cell = self._decide("rolling_doses", Data.INDIVIDUAL, viewer, {}, purpose)
        if cell.rows != Rows.WORKERS_OF_OWN_ESTABLISHMENTS or establishment_key not in viewer.establishment_keys:
            self._deny(viewer, "rolling_doses", (), purpose, cell.article)
        quantity = (
            LimitQuantity.EFFECTIVE
            if LimitQuantity.EFFECTIVE in cell.quantities
            else (LimitQuantity.EFFECTIVE_EXTERNAL)
        )
        today = self._today()
        day = on_date or today
        first = months_before(today, cell.months_back) if cell.months_back else None
        parameters = [first, establishment_key, today, today, quantity.value, months_before(day, 60), day,
                      months_before(day, 12), quantity.value]  # fmt: skip
        rows = self.snapshots.query(_TEAM, parameters, as_of)
        self._log(viewer, "rolling_doses", _keys(rows), purpose, cell.article)
        return rows

    def _decide(self, model: str, data: Data, viewer: Viewer, where: Mapping, purpose: str) -> Cell:
        decision: Decision = decide(viewer, data, sees_total_effective=self.settings.crp_sees_total_effective)
        if not decision.allowed:
            asked = _listed(where["worker_key"]) if "worker_key" in where else ()
            self._log(viewer, model, asked, purpose, decision.article, allowed=False)
        return decision.or_raise().cell

    def _check_asked(self, model: Model, viewer: Viewer, cell: Cell, where: Mapping, purpose: str) -> tuple[int, ...]:
        """The workers named in `where`; denies unless every one is in scope."""
        if cell.rows == Rows.OWN_ESTABLISHMENTS and "establishment_key" in where:
            if not set(_listed(where["establishment_key"])) <= viewer.establishment_keys:
                self._deny(viewer, model.name, (), purpose, cell.article)
        if "worker_key" not in where or model.scope != "worker_key":
            return ()
        asked = _listed(where["worker_key"])
        if cell.rows == Rows.SELF:
            in_scope = {viewer.worker_key}
        elif cell.rows == Rows.WORKERS_OF_OWN_ESTABLISHMENTS:
            in_scope = self._in_scope(viewer, asked)
        else:
            in_scope = set(asked) if cell.rows == Rows.ALL else set()
        if None in asked or not set(asked) <= in_scope:
            self._deny(viewer, model.name, tuple(k for k in asked if isinstance(k, int)), purpose, cell.article)
        return asked

    def _in_scope(self, viewer: Viewer, asked: tuple) -> set[int]:
        bound = self._employed_today(viewer)
        marks = ", ".join("?" for _ in asked)
        sql = f"select distinct worker_key from employments where worker_key in ({marks}) and {bound.sql}"
        return set(self.snapshots.query(sql, [*asked, *bound.parameters])["worker_key"]) if asked else set()

    def _employed_today(self, viewer: Viewer) -> _Bound:
        today = self._today()
        return _Bound(
            "establishment_key in (select unnest(?::bigint[])) "
            "and valid_from <= ? and (valid_to is null or valid_to >= ?)",
            (sorted(viewer.establishment_keys), today, today),
        )

    def _scope(self, model: Model, viewer: Viewer, cell: Cell, is_checked: bool, as_of: date | None) -> list[_Bound]:
        """The rows the cell opens, as conditions; nothing when the cell and the model do not meet."""
        nothing = [_Bound("false")]
        if cell.rows == Rows.ALL:
            return []
        if cell.rows == Rows.SELF:
            known = model.scope == "worker_key" and viewer.worker_key is not None
            return [_Bound("worker_key = ?", (viewer.worker_key,))] if known else nothing
        if cell.rows == Rows.OWN_ESTABLISHMENTS:
            keys = (sorted(viewer.establishment_keys),)
            bound = _Bound("establishment_key in (select unnest(?::bigint[]))", keys)
            return [bound] if model.scope == "establishment_key" else nothing
        if cell.rows == Rows.OWN_DELIVERIES:
            bound = _Bound("sender_code in (select unnest(?::varchar[]))", (sorted(viewer.sender_codes),))
            return [bound] if model.scope == "sender_code" else nothing
        if cell.rows == Rows.WORKERS_OF_OWN_ESTABLISHMENTS and model.scope == "worker_key":
            employed = self._employed_today(viewer)
            if model.own_establishments_only:
                return [employed]
            if is_checked:
                return []
            sql = f"select worker_key from employments where {employed.sql}"
            if as_of is None:
                return [_Bound(f"worker_key in ({sql})", employed.parameters)]
            # Rights are today's, whatever moment the doses are read at.
            keys = self.snapshots.query(sql, employed.parameters)["worker_key"].unique().sort().to_list()
            return [_Bound("worker_key in (select unnest(?::bigint[]))", (keys,))]
        return nothing

    def _cuts(self, viewer: Viewer, cell: Cell, model: Model, asked: tuple[int, ...]) -> "_Cuts | None":
        """From which day each worker's doses are opened, where the cell bounds it; None: every dose.

        Rights are today's, whatever moment the doses are read at.
        """
        if cell.months_back is None or model.scope != "worker_key":
            return None
        employed = self._employed_today(viewer)
        sql = f"""
            select worker_key, greatest(min(contract_start), ?) as counted_from
            from employments
            where {employed.sql} {"and worker_key in (select unnest(?::bigint[]))" if asked else ""}
            group by worker_key
        """
        first = months_before(self._today(), cell.months_back)
        rows = self.snapshots.query(sql, [first, *employed.parameters, *([list(asked)] if asked else [])])
        return _Cuts(dict(rows.iter_rows()))

    def _plain(
        self,
        model: Model,
        where: Mapping,
        bounds: list[_Bound],
        columns: Sequence[str] | None,
        order_by: Sequence[str],
        limit: int | None,
        as_of: date | None,
        source: _Bound | None = None,
    ) -> pl.DataFrame:
        """Rows of the model, or of the query that stands for it."""
        source = source or _Bound(model.name)
        shown = ", ".join(dict.fromkeys(columns or model.columns))
        conditions = [*(_condition(c, v) for c, v in where.items()), *bounds]
        sql, parameters = _selection(model.name, source, shown, conditions)
        if order_by:
            sql += " order by " + ", ".join(f"{c.lstrip('-')} {'desc' if c[0] == '-' else 'asc'}" for c in order_by)
        if limit is not None:
            sql += f" limit {int(limit)}"
        return self.snapshots.query(sql, parameters, as_of)

    def _released(self, model: Model, where: Mapping, bounds: list[_Bound], as_of: date | None) -> pl.DataFrame:
        """Rows of a release; a filter on anything but a key is for the protected figures."""
        keys = {c: v for c, v in where.items() if c in model.columns and model.columns[c].protection == "key"}
        sql, parameters = _selection(
            model.name, _Bound(model.name), "*", [*(_condition(c, v) for c, v in keys.items()), *bounds]
        )
        return self.snapshots.query_release(self.release(as_of), sql, parameters)

    def _deny(self, viewer: Viewer, model: str, keys: tuple[int, ...], purpose: str, article: str) -> None:
        self._log(viewer, model, keys, purpose, article, allowed=False)
        raise AccessDenied(
            "Ces données ne sont pas ouvertes à votre compte, ou n'existent pas.",
            next_step="Vérifiez votre périmètre auprès de la personne qui désigne les accédants.",
        )

    def _log(
        self, viewer: Viewer, model: str, keys: Sequence[int], purpose: str, article: str, *, allowed: bool = True
    ) -> None:
        at = datetime.now(UTC)
        role = viewer.role.value
        self._audit(AccessEvent(viewer.account_id, role, model, tuple(keys), purpose, article, at, allowed, viewer))


def _limits(model: Model, cell: Cell, cuts: _Cuts | None) -> list[_Bound]:
    """Which quantities, dosimetry and how far back."""
    bounds = []
    for column, allowed, every in (
        (model.quantity_column, cell.quantities, {q.value for q in LimitQuantity}),
        (model.dosimetry_column, cell.dosimetry, None),
    ):
        if column and allowed != every:
            bounds.append(_Bound(f"{column} in (select unnest(?::varchar[]))", (sorted(allowed),)))
    if cuts is not None and model.date_column:
        # A year is seen when all of it is.
        day = "make_date(year, 1, 1)" if model.date_column == "year" else model.date_column
        seen = f"""
            exists (
                select 1 from (select unnest(?::bigint[]) as cut_key, unnest(?::date[]) as cut_from)
                where cut_key = {model.name}.worker_key and {day} >= cut_from
            )
        """
        bounds.append(_Bound(seen, cuts.parameters))
    return bounds


def months_before(day: date, months: int) -> date:
    """The day that a window of so many months leaves out: the month end for a month end, else the same day or the last.

    Source: the window rule of rolling_doses.
    """
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    is_month_end = day.day == calendar.monthrange(day.year, day.month)[1]
    return date(year, month + 1, last if is_month_end else min(day.day, last))


def months_after(day: date, months: int) -> date:
    """The same day so many months later, or the last of its month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


_ROLLING_ON = """
    with asked as (
        select ?::bigint as worker_key, ?::date as on_date, ?::date as after_12m, ?::date as after_60m,
            ?::varchar[] as quantities, ?::date as counted_from
    ),
    seen as (
        select distinct limit_quantity
        from annual_worker_doses, asked
        where annual_worker_doses.worker_key = ? and year <= year(on_date)
            and (counted_from is null or year > year(counted_from) or exists (
                select 1 from period_doses
                where period_doses.worker_key = annual_worker_doses.worker_key
                    and period_doses.limit_quantity = annual_worker_doses.limit_quantity
                    and period_doses.period_end >= counted_from
            ))
            and list_contains(quantities, limit_quantity)
    ),
    sites as (
        select
            limit_quantity, site,
            sum(case when period_end > after_12m then dose_msv end) as dose_12m,
            sum(case when period_end > after_60m then dose_msv end) as dose_60m,
            sum(dose_msv) as career,
            min(case when period_end > after_12m then period_start end) as wear_start
        from period_doses, asked
        where period_doses.worker_key = ? and period_end <= on_date and list_contains(quantities, limit_quantity)
            and (counted_from is null or period_end >= counted_from)
        group by limit_quantity, site
    ),
    totals as (
        select limit_quantity, max(dose_12m) as dose_12m, max(dose_60m) as dose_60m, max(career) as career,
            min(wear_start) filter (where is_highest) as wear_start
        from (
            select *, dose_12m = max(dose_12m) over (partition by limit_quantity) as is_highest from sites
        )
        group by limit_quantity
    )
    select
        limit_quantity, on_date,
        cast(coalesce(dose_12m, 0) as decimal(12, 3)) as dose_12m_msv,
        cast(coalesce(dose_60m, 0) as decimal(12, 3)) as dose_60m_msv,
        cast(coalesce(career, 0) as decimal(12, 3)) as career_msv,
        wear_start as wear_start_12m,
        counted_from
    from seen left join totals using (limit_quantity) cross join asked
"""

# As the model rolling_doses, over what is opened of each worker.
_ROLLING_WITHIN = """
    with cuts as (select unnest(?::bigint[]) as worker_key, unnest(?::date[]) as counted_from),
    doses as (
        select period_doses.*, cuts.counted_from
        from period_doses inner join cuts using (worker_key)
        where period_end >= counted_from
    ),
    days as (
        select distinct worker_key, limit_quantity, counted_from, period_end as on_date,
            case when period_end = last_day(period_end) then last_day(period_end - interval 12 month)
                else cast(period_end - interval 12 month as date) end as after_12m,
            case when period_end = last_day(period_end) then last_day(period_end - interval 60 month)
                else cast(period_end - interval 60 month as date) end as after_60m
        from doses
    ),
    sites as (
        select
            days.worker_key, days.limit_quantity, days.counted_from, days.on_date, doses.site,
            sum(case when doses.period_end > days.after_12m then doses.dose_msv end) as dose_12m,
            sum(case when doses.period_end > days.after_60m then doses.dose_msv end) as dose_60m,
            min(case when doses.period_end > days.after_12m then doses.period_start end) as wear_start
        from days
        inner join doses
            on doses.worker_key = days.worker_key and doses.limit_quantity = days.limit_quantity
            and doses.period_end <= days.on_date
        group by all
    ),
    highest as (
        select *, dose_12m = max(dose_12m) over (partition by worker_key, limit_quantity, on_date) as is_highest
        from sites
    )
    select
        worker_key, limit_quantity, on_date,
        cast(max(dose_12m) as decimal(12, 3)) as dose_12m_msv,
        cast(max(dose_60m) as decimal(12, 3)) as dose_60m_msv,
        cast(null as decimal(12, 3)) as career_msv,
        min(wear_start) filter (where is_highest) as wear_start_12m,
        any_value(counted_from) as counted_from
    from highest
    group by worker_key, limit_quantity, on_date
"""

_TEAM = """
    with asked as (select ?::date as first_day),
    team as (
        select worker_key, category, occupation_code, contract_type, valid_from, valid_to, is_complete,
            -- The sum is the worker's: it counts from the earliest of their contracts here.
            min(case when first_day is not null then greatest(contract_start, first_day) end)
                over (partition by worker_key) as counted_from
        from employments cross join asked
        where establishment_key = ? and valid_from <= ? and (valid_to is null or valid_to >= ?)
    ),
    recent as (
        select worker_key, period_end, dose_msv
        from period_doses
        inner join (select worker_key, min(counted_from) as counted_from from team group by worker_key)
            using (worker_key)
        where limit_quantity = ? and period_end > ? and period_end <= ?
            and (counted_from is null or period_end >= counted_from)
    ),
    windows as (
        select worker_key, sum(case when period_end > ? then dose_msv end) as dose_12m, sum(dose_msv) as dose_60m
        from recent group by worker_key
    )
    select
        team.*, ?::varchar as limit_quantity,
        cast(coalesce(dose_12m, 0) as decimal(12, 3)) as dose_12m_msv,
        cast(coalesce(dose_60m, 0) as decimal(12, 3)) as dose_60m_msv
    from team left join windows using (worker_key)
    order by dose_12m_msv desc, worker_key
"""


def _check_day(day: date | None) -> None:
    """Raises UsageError outside the years that the register can hold (ingestion.fields)."""
    if day is not None and not 1900 <= day.year <= 2199:
        raise UsageError("Cette date est hors du calendrier du registre.", next_step="Donnez un jour de 1900 à 2199.")


def _check_names(model: Model, where: Mapping, columns: Sequence[str], order_by: Sequence[str]) -> None:
    extra = {"suppressed", "suppression_reason"} if model.disclosure else set()
    extra |= {"figures_on"} if model.is_released else set()
    hidden = {c.name for c in model.columns.values() if c.protection in NEVER_SHOWN}
    known = (set(model.columns) | extra) - hidden
    for name in [*where, *columns, *(c.lstrip("-") for c in order_by)]:
        if name not in known:
            raise UsageError(
                f"Le modèle {model.name} n'a pas de colonne « {name} ».",
                next_step=f"Colonnes : {', '.join(sorted(known))}.",
            )


def _selection(name: str, source: _Bound, shown: str, conditions: list[_Bound]) -> tuple[str, list]:
    """The query for what all the conditions let through, with its parameters."""
    sql = f"select {shown} from {source.sql} as {name}"
    if conditions:
        sql += " where " + " and ".join(f"({b.sql})" for b in conditions)
    return sql, [p for b in (source, *conditions) for p in b.parameters]


def _condition(column: str, value: object) -> _Bound:
    match value:
        case None:
            return _Bound(f"{column} is null")
        case (str() as operator, wanted) if operator in OPERATORS and isinstance(value, tuple):
            return _Bound(f"{column} {operator} ?", (wanted,))
        case list() | tuple() | set() | frozenset():
            if not value:
                return _Bound("false")
            return _Bound(f"{column} in ({', '.join('?' for _ in value)})", tuple(value))
        case _:
            return _Bound(f"{column} = ?", (value,))


def _arranged(
    rows: pl.DataFrame,
    where: Mapping,
    columns: Sequence[str] | None,
    order_by: Sequence[str],
    limit: int | None,
) -> pl.DataFrame:
    """Filter, sort and cut a protected table; a filter on a hidden number finds no row that hides it."""
    for column, value in where.items():
        rows = rows.filter(_matches(pl.col(column), value))
    if order_by:
        rows = rows.sort([c.lstrip("-") for c in order_by], descending=[c[0] == "-" for c in order_by], nulls_last=True)
    rows = rows.head(limit) if limit is not None else rows
    if not columns:
        return rows
    told = [c for c in ("suppressed", "suppression_reason", "figures_on") if c in rows.columns and c not in columns]
    return rows.select([*columns, *told])


def _matches(column: pl.Expr, value: object) -> pl.Expr:
    match value:
        case None:
            return column.is_null()
        case (str() as operator, wanted) if operator in OPERATORS and isinstance(value, tuple):
            compare = {"=": column.eq, ">=": column.ge, "<=": column.le, ">": column.gt, "<": column.lt}
            return compare[operator](wanted)
        case list() | tuple() | set() | frozenset():
            return column.is_in(list(value))
        case _:
            return column == value


def _masked(rows: pl.DataFrame, model: Model, cell: Cell) -> pl.DataFrame:
    """Without what reaches further back than the cell opens."""
    hidden = [c.name for c in model.columns.values() if c.covers_career and c.name in rows.columns]
    if cell.months_back is None or not hidden:
        return rows
    return rows.with_columns([pl.lit(None, dtype=rows.schema[c]).alias(c) for c in hidden])


def _keys(rows: pl.DataFrame) -> tuple[int, ...]:
    return tuple(rows["worker_key"].unique().sort().to_list()) if "worker_key" in rows.columns else ()


def _listed(value: object) -> tuple:
    match value:
        case (str(), _) if isinstance(value, tuple):
            raise UsageError("Une personne se demande par sa clé, non par un intervalle.")
        case list() | tuple() | set() | frozenset():
            return tuple(value)
        case _:
            return (value,)
