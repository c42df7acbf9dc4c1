"""The door: bytes kept, numbered once, judged, landed once, reported.

A crash at any point, followed by a rerun, leaves the same lake as no crash: the bytes are sealed on disk before the
delivery is numbered, each table's append is guarded by the delivery's number, and the row of `deliveries` comes last.
Small deliveries that wait together are written together, each judged as if it had come alone after the one before.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import polars as pl
from filelock import FileLock

from ingestion import reports
from ingestion.authorisations import judge_authorisations
from ingestion.corrections import judge_corrections
from ingestion.inquiries import judge_inquiry_events
from ingestion.judge import NO_IDS, PARIS, SETTLED, Judgement, Question, judge_measurements
from ingestion.landing import Landing, found
from ingestion.links import judge_links
from ingestion.lists import judge_establishments, judge_workers
from ingestion.population import Population, Populations
from ingestion.read import Checked, FileName, Rows, Seen, examine, examined, kept_name, parse_name, slices
from ingestion.release import Cause, Release, releases
from lake.errors import DeliveryRefused, DosilakeError, NotSignedIn, UsageError
from lake.schema import DELIVERIES, EMPLOYMENTS, IDENTITY_LINKS, REJECTIONS, TABLES
from lake.settings import Settings
from lake.store import Lake, polars_types, storage_errors
from lake.vocabulary import Layout, Role
from registry.accounts import viewer_of
from registry.database import open_registry
from registry.keys import open_keys
from registry.numbering import Numbered, mark_landed, number_delivery, unlanded
from registry.vault import Vault
from registry.waiting import remember_waiting

_LISTS = (Layout.ETAB, Layout.TRAV, Layout.LINK)

_KNOWN_BY_SENDER = (Role.BODY, Role.REGISTER)

# Where a list says something of a worker that may let a waiting row load.
_NAMES_WORKERS = (EMPLOYMENTS.name, IDENTITY_LINKS.name)

# Deliveries written together: enough to share the cost of a commit, few enough to keep in memory.
_GROUP_FILES = 64
_GROUP_BYTES = 32 * 2**20

# Findings written at once.
_PIECE_ROWS = 131_072


@dataclass(frozen=True)
class Receipt:
    """What the sender gets: the delivery's number, whether these bytes were known, and the execution report."""

    delivery_no: int
    is_resend: bool
    report: dict


@dataclass(frozen=True)
class Arrival:
    """A file that came, when it did (None: now), and the account that sent it (None: the register team)."""

    path: Path
    received_at: datetime | None = None
    account_id: int | None = None


@dataclass(frozen=True)
class _Judged:
    """A delivery whose rows are settled and appended to the batch, and not reported yet."""

    numbered: Numbered
    report: dict
    # Rows of earlier deliveries that wait no longer, as (delivery_no, row_no).
    settled: list[tuple[int, int]]


class Door:
    """The one way into the lake; open one per process and pass files through it."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.engine = open_registry(settings)
        self.keys = open_keys(settings)
        self.vault = Vault(self.engine, self.keys)
        self.landing = Landing(settings.landing / "sealed", self.keys)
        self.lake = Lake(settings.lake_root)
        with storage_errors(settings.home):
            settings.landing.mkdir(parents=True, exist_ok=True)
            self.lake.create()
        self._populations = Populations(self.lake)
        self._checked: dict[int, Checked] = {}

    def receive(
        self,
        path: Path,
        received_at: datetime | None = None,
        account_id: int | None = None,
    ) -> Receipt:
        """Take a delivery file in; the same bytes again give the same receipt and change nothing.

        Raises UsageError (no such file, or one that changes while it is read), DeliveryRefused F07 (too large) or
        StorageError; the file is left where it is.
        A file refused for another reason is kept, numbered and reported: see Receipt.report["accepted"].
        """
        accepted = self._accept(Arrival(path, received_at, account_id))
        self.land_all()
        return self._receipt(accepted)

    def receive_all(self, arrivals: Iterable[Arrival]) -> Iterator[tuple[Arrival, Receipt | DosilakeError]]:
        """As `receive` for many files in order, landed in groups; a file that is left where it is gives its error."""
        group: list[tuple[Arrival, tuple[Numbered, bool] | DosilakeError]] = []
        size = 0
        for arrival in arrivals:
            try:
                numbered, is_new = self._accept(arrival)
                group.append((arrival, (numbered, is_new)))
                size += numbered.byte_size
            except (DeliveryRefused, UsageError) as error:
                group.append((arrival, error))
            if len(group) == _GROUP_FILES or size > _GROUP_BYTES:
                yield from self._landed(group)
                group, size = [], 0
        yield from self._landed(group)

    def _landed(self, group) -> Iterator[tuple[Arrival, Receipt | DosilakeError]]:
        self.land_all()
        for arrival, accepted in group:
            yield arrival, accepted if isinstance(accepted, DosilakeError) else self._receipt(accepted)

    def _accept(self, arrival: Arrival) -> tuple[Numbered, bool]:
        """Seal the bytes, number and acknowledge them; returns the delivery and whether it is new.

        One process at a time, as the landing asks for.
        """
        sent = found(arrival.path, self.settings)
        longest, most = line_limits(self.settings)
        seen = Seen(longest)
        with storage_errors(self.settings.home), FileLock(self.settings.landing / ".sender.lock"):
            draft = self.landing.draft(sent, seen.watch)
            received = as_received(arrival, draft.sha256, sent.byte_size)
            self.landing.keep(draft, received["digest"])
            numbered, is_new = number_delivery(self.engine, **received)
            if is_new:
                self._checked[numbered.delivery_no] = examined(numbered.file_name, seen, most)
            self._acknowledge(numbered)
        return numbered, is_new

    def _acknowledge(self, numbered: Numbered) -> None:
        """Once; whoever numbered it may have died before."""
        if not reports.is_acknowledged(self.settings, numbered.delivery_no):
            reports.acknowledge(self.settings, numbered, self._checked_once(numbered))

    def _checked_once(self, numbered: Numbered) -> Checked:
        """What the file rules say of a delivery; its bytes are not read again for it until it is landed."""
        if numbered.delivery_no not in self._checked:
            pieces = self.landing.pieces(numbered)
            self._checked[numbered.delivery_no] = examine(numbered.file_name, pieces, *line_limits(self.settings))
        return self._checked[numbered.delivery_no]

    def _receipt(self, accepted: tuple[Numbered, bool]) -> Receipt:
        numbered, is_new = accepted
        return Receipt(numbered.delivery_no, not is_new, reports.load(self.settings, numbered.delivery_no))

    def land_all(self) -> list[int]:
        """Land every delivery that is received and not in the lake yet, oldest first; one lander at a time."""
        with storage_errors(self.settings.home), FileLock(self.settings.landing / ".lander.lock"):
            waiting = unlanded(self.engine)
            if waiting:
                with self.lake.alone():
                    for start, end in _groups(waiting):
                        self._land(waiting[start:end], [n.delivery_no for n in waiting[start:]])
            # Also of what another process landed meanwhile: nothing received is left to judge.
            self._checked.clear()
        return [numbered.delivery_no for numbered in waiting]

    def _land(self, group: list[Numbered], unlanded: list[int]) -> None:
        """Judge the deliveries one after the other, write them together, then report each."""
        with self.lake.batch(unlanded, last=DELIVERIES):
            judged = [self._judged(numbered) for numbered in group]
        for one in judged:
            self._acknowledge(one.numbered)
            reports.save_report(self.settings, one.report)
        settled = [place for one in judged for place in one.settled]
        mark_landed(self.engine, [numbered.delivery_no for numbered in group], settled)

    def _judged(self, numbered: Numbered) -> _Judged:
        settled = settle(
            self.settings,
            numbered,
            lambda: self._checked_once(numbered),
            lambda: self.landing.pieces(numbered),
            self._question,
            self._judge,
        )
        judgement, refusal = settled.judgement, settled.refusal
        findings = judgement.findings if judgement else no_findings()
        delivery = delivery_row(numbered, judgement, refusal)
        report = told(delivery, findings, refusal)
        app_id = f"delivery-{numbered.delivery_no}"
        record_ids = judgement.record_ids if judgement else NO_IDS
        tasks = [lambda: reports.draft_report(self.settings, report, findings, record_ids)]
        tables = {}
        if judgement:
            remember_waiting(self.engine, numbered.delivery_no, judgement.unknown.rows())
            pieces = {**judgement.tables, REJECTIONS.name: _rejections(numbered, findings)}
            if judgement.is_large:
                tasks += [partial(self.lake.append_pieces, TABLES[name], rows, app_id) for name, rows in pieces.items()]
            else:
                tables = {name: pl.concat(rows) for name, rows in pieces.items()}
        side_by_side(tasks)
        if judgement and judgement.is_large:
            self.lake.stands(numbered.delivery_no)
        tables[DELIVERIES.name] = pl.DataFrame([delivery], schema_overrides=polars_types(DELIVERIES))
        self._append(tables, app_id)
        if numbered.layout in _LISTS:
            self._populations.forget()
        released = self._released(numbered, tables) if IDENTITY_LINKS.name in tables else []
        if released:
            report |= {"released": [release.counts for release in released]}
        return _Judged(numbered, report, [place for release in released for place in release.places])

    def _append(self, tables: dict[str, pl.DataFrame], app_id: str) -> None:
        for name, frame in tables.items():
            if not frame.is_empty():
                self.lake.append(TABLES[name], frame, app_id)

    def _released(self, numbered: Numbered, lists: dict[str, pl.DataFrame]) -> list[Release]:
        """Judge again what waited for the people of a list that is in the batch by now."""
        named = pl.concat([frame["worker_key"] for name, frame in lists.items() if name in _NAMES_WORKERS])
        found = []
        population = self._populations.current()
        for release in releases(Cause(numbered, named), self.lake, self.vault, population, self.landing.pieces):
            self._append(release.tables, f"delivery-{numbered.delivery_no}-releases-{release.delivery_no}")
            found.append(release)
        return found

    def _question(self, numbered: Numbered, name: FileName, slices: Iterable[Rows]) -> Question:
        own = self._own(numbered)
        return Question(numbered.delivery_no, name.sender_code, name.layout, numbered.received_at, slices, own)

    def _judge(self, question: Question) -> Judgement:
        return judge(question, self.lake, self.vault, self._populations.current)

    def _own(self, numbered: Numbered) -> frozenset[int] | None:
        """The establishments that the account which sent the file answers for, on the day it did; None: all.

        An employer and a physician answer for those designated to them; a body, an operator and the register team are
        known by their sender code alone.
        """
        if numbered.account_id is None:
            return None
        on = numbered.received_at.astimezone(PARIS).date()
        try:
            viewer = viewer_of(self.engine, numbered.account_id, on)
        except NotSignedIn:
            # The account was closed between the upload and now: it opens nothing.
            return frozenset()
        return viewer.establishment_keys if viewer.role not in _KNOWN_BY_SENDER else None


def as_received(arrival: Arrival, sha256: str, byte_size: int) -> dict:
    """What the registry writes down of a file that came; `digest` is what makes it the same delivery."""
    name = kept_name(arrival.path.name)
    layout, sender = _stated(name)
    # A list may come back to an earlier state, and a file refused for its name may come back under a good one:
    # then the name is part of the identity.
    is_named = layout is None or layout in _LISTS
    return {
        "digest": hashlib.sha256(f"{sha256}/{name}".encode()).hexdigest() if is_named else sha256,
        "sha256": sha256,
        "file_name": name,
        "sender_code": sender,
        "layout": layout.value if layout else None,
        "byte_size": byte_size,
        "received_at": arrival.received_at or datetime.now(UTC),
        "account_id": arrival.account_id,
    }


@dataclass(frozen=True)
class Settled:
    """A delivery judged, or refused as a whole."""

    judgement: Judgement | None
    refusal: DeliveryRefused | None


def settle(
    settings: Settings,
    numbered: Numbered,
    checked: Callable[[], Checked],
    pieces: Callable[[], Iterable[bytes]],
    question: Callable[[Numbered, FileName, Iterable[Rows]], Question],
    judge_rows: Callable[[Question], Judgement],
) -> Settled:
    """Read a delivery and judge its rows; what nobody foresaw refuses it (F08), what the machine lacks is raised."""
    try:
        if refusal := checked().refusal:
            return Settled(None, refusal)
        name = parse_name(numbered.file_name)
        rows = slices(name.layout, pieces(), settings.slice_rows)
        return Settled(judge_rows(question(numbered, name, rows)), None)
    except DeliveryRefused as error:
        return Settled(None, error)
    except (DosilakeError, OSError, MemoryError):
        # The machine's fault, not the file's: it stays unlanded and is taken up by the next run.
        raise
    except Exception as error:
        # One file that nobody foresaw must not stop every other: nothing of it is in the lake yet.
        refusal = DeliveryRefused(
            f"{numbered.file_name} could not be judged ({type(error).__name__}, rule F08); its bytes are kept.",
            next_step="Nothing to send again: the register team sees it among the deliveries.",
            code="F08",
        )
        return Settled(None, refusal)


def judge(question: Question, lake: Lake, vault: Vault, population: Callable[[], Population]) -> Judgement:
    """What becomes of a delivery's rows, by the rules of its layout."""
    match question.layout:
        case Layout.LINK:
            return judge_links(question, vault)
        case Layout.ETAB:
            return judge_establishments(question, lake, vault)
        case Layout.TRAV:
            return judge_workers(question, lake, vault)
        case Layout.INQU:
            return judge_inquiry_events(question, vault)
        case Layout.EXAU:
            return judge_authorisations(question, vault)
        case Layout.CORR:
            return judge_corrections(question, lake, population())
    return judge_measurements(question, lake, vault, population())


def told(delivery: dict, findings: pl.DataFrame, refusal: DeliveryRefused | None) -> dict:
    """The execution report; of a file refused as a whole, with what is wrong and what to do next."""
    report = reports.execution_report(delivery, findings)
    return report | {"refusal": refusal.what, "next_step": refusal.next_step} if refusal else report


def side_by_side(tasks: Sequence[Callable[[], object]]) -> None:
    """Do all of them, on both cores where there are several; what one raises is raised once all are over."""
    if len(tasks) == 1:
        tasks[0]()
        return
    with ThreadPoolExecutor() as doers:
        done = [doers.submit(task) for task in tasks]
    for one in done:
        one.result()


def _groups(waiting: list[Numbered]) -> Iterator[tuple[int, int]]:
    """Runs (start, end) of deliveries that are written together."""
    start, size = 0, 0
    for end, numbered in enumerate(waiting):
        if end - start == _GROUP_FILES or (end > start and size + numbered.byte_size > _GROUP_BYTES):
            yield start, end
            start, size = end, 0
        size += numbered.byte_size
    yield start, len(waiting)


def _stated(name: str) -> tuple[Layout | None, str]:
    try:
        stated = parse_name(name)
    except DeliveryRefused:
        return None, ""
    return stated.layout, stated.sender_code


def line_limits(settings: Settings) -> tuple[int, int]:
    """The longest line in bytes and the most lines a file may have."""
    return settings.longest_line_kib * 2**10, settings.most_lines


def _rejections(numbered: Numbered, findings: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The findings as rows of lake.rejections, in pieces."""
    number = pl.lit(numbered.delivery_no, dtype=pl.Int32)
    for start in range(0, max(findings.height, 1), _PIECE_ROWS):
        yield findings.slice(start, _PIECE_ROWS).with_columns(delivery_no=number, judged_by=number)


def no_findings() -> pl.DataFrame:
    return pl.DataFrame(schema=SETTLED)


def delivery_row(numbered: Numbered, judgement: Judgement | None, refusal: DeliveryRefused | None) -> dict:
    counts = ("total", "loaded", "refused", "waiting", "duplicate", "warned")
    return {
        "delivery_no": numbered.delivery_no,
        "sender_code": numbered.sender_code,
        "layout": numbered.layout,
        "file_name": numbered.file_name,
        "sha256": numbered.sha256,
        "byte_size": numbered.byte_size,
        "received_at": numbered.received_at,
        "ended_at": datetime.now(UTC),
        "accepted": refusal is None,
        "refusal_code": refusal.code if refusal else None,
        **{f"rows_{name}": getattr(judgement, name) if judgement else 0 for name in counts},
    }
