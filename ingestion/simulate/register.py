"""Month by month, every sender sends its files, in the order in which they would arrive."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl

from ingestion.simulate import (
    calendar,
    calibration,
    employments,
    faults,
    operational,
    other_doses,
    passive,
    passive_files,
    planted,
    tally,
    worker_lists,
)  # fmt: skip
from ingestion.simulate.files import Manifest, Outbox
from ingestion.simulate.population import draw_seats
from ingestion.simulate.streams import stream
from lake.vocabulary import Layout

# Files still to come after the last month worn: late declarations, corrections two months later, late files.
_AFTERMATH_MONTHS = 5
_LAST_LISTS_MONTHS = 2
_HOUR = 3600


class Register:
    """One simulated register; `deliveries` writes everything."""

    def __init__(self, workers: int, first_month: date, last_month: date, seed: int, out: Path):
        self.seed = seed
        self.first = calendar.month_number(first_month)
        self.last = calendar.month_number(last_month)
        self.manifest = Manifest(workers, f"{first_month:%Y-%m}", f"{last_month:%Y-%m}", seed)
        self.outbox = Outbox(out, self.manifest)
        self.quota = calibration.quota(workers, classified_only=self.first >= employments.LAST_UNCLASSIFIED_MONTH)
        self.manifest.quota = self.quota.by_category()
        self.schedule = faults.draw_schedule(seed, self.first, self.last)
        self.waiting = None
        self.doses = {}
        self.cosmic, self.radon, self.internal = {}, {}, {}

    def deliveries(self) -> Iterator[tuple[str, float]]:
        """Write the files; yields what was done and the share of the whole."""
        out_months = range(self.first, self.last + _AFTERMATH_MONTHS + 1)
        self._populate()
        yield "population", 0.02
        self._take_over()
        for n, month in enumerate(out_months):
            if month <= self.last and (month == self.first or month % 12 == 0):
                self._draw_year(month // 12)
            self._send_month(month)
            yield f"{month // 12}-{month % 12 + 1:02d}", 0.02 + 0.98 * (n + 1) / len(out_months)
        self.manifest.planted = {name: records for name, records in self.cases.records.items() if records}
        self.manifest.total()
        self.manifest.write(self.outbox.folder)

    def _populate(self) -> None:
        years = list(range(self.first // 12, self.last // 12 + 1))
        span = (self.first, self.last)
        self.sites, self.seats = draw_seats(self.seed, self.quota)
        minors = employments.minors(self.seats)
        self.seats.contract[minors] = "APPR"
        timeline = employments.draw_years(self.seed, self.seats, self.sites, years)
        self.years = {year.year: year for year in timeline}
        self.persons = employments.draw_holders(self.seed, self.seats, timeline, span)
        self.lines = worker_lists.draw_lines(self.seed, self.seats, self.persons, timeline)
        self.lines = self.lines.filter(pl.col("month") <= self.last + _LAST_LISTS_MONTHS)
        self.cases = planted.choose(self.seed, self.seats, timeline, span)

    def _take_over(self) -> None:
        """The register's first content: establishments, then the employments that hold."""
        day = int(calendar.first_day(self.first))
        moment = day * calendar.SECONDS_A_DAY
        rows = worker_lists.etab_takeover(self.sites, day)
        self.outbox.send(Layout.ETAB, "REGISTER", moment + 600, rows)
        held = worker_lists.takeover(self.lines, self.first)
        rows = worker_lists.trav_rows(held, self.first, self.seats, self.sites, self.persons)
        self.outbox.send(Layout.TRAV, "REGISTER", moment + 1200, rows)
        self.lines = worker_lists.changes(self.lines, self.first)

    def _draw_year(self, number: int) -> None:
        """Every result of a calendar year; those outside the span are forgotten."""
        year, seed, seats = self.years[number], self.seed, self.seats
        rows = passive.draw_year(seed, seats, self.sites, self.persons, self.quota, year, self.cases)
        self.doses = {n: doses for n, doses in self.doses.items() if n == number - 1}
        self.doses[number] = operational.monthly_doses(rows, seats, year)
        rows = rows.filter(pl.col("month").is_between(self.first, self.last))
        rows = faults.prepare(seed, rows, self.sites, self.persons, year, self.cases, self.schedule)
        tally.add_year(self.manifest, number, faults.settled(seed, rows, year), seats)
        messages = faults.messages(seed, rows, year, seats, self.sites, self.schedule)
        if number * 12 + 2 > self.last:
            messages = messages.filter(pl.col("meets") != "I07")
        waiting = messages if self.waiting is None else pl.concat([self.waiting, messages])
        self.waiting = waiting.sort("deliver", "body", "number", "ending")
        span = pl.col("month").is_between(self.first, self.last)
        self.cosmic[number] = other_doses.cosmic_year(seed, seats, self.persons, year).filter(span)
        self.radon[number] = other_doses.radon_year(seed, seats, self.persons, year).filter(span)
        self.internal[number] = other_doses.internal_year(seed, seats, year).filter(span)
        tally.add_natural(self.manifest, number, self.cosmic[number], self.radon[number])

    def _send_month(self, month: int) -> None:
        if self.first < month <= self.last + _LAST_LISTS_MONTHS:
            self._send_lists(month)
        if self.first <= month - 1 <= self.last:
            self._send_operational(month - 1)
            self._send_cosmic(month - 1)
        self._send_passive(month)
        if self.first <= month - 1 <= self.last:
            self._send_radon(month - 1)
        if self.first <= month - 2 <= self.last:
            self._send_internal(month - 2)

    def _moment(self, part: str, month: int, day: int, turn: int = 0) -> int:
        """Some second of the working hours of a day of the month."""
        dice = stream(self.seed, f"moment {part} {turn}", month)
        hour = int(dice.integers(6 * _HOUR, 16 * _HOUR))
        return (int(calendar.first_day(month)) + day - 1) * calendar.SECONDS_A_DAY + hour

    def _send_lists(self, month: int) -> None:
        if month <= self.last:
            rows = worker_lists.etab_changes(self.seed, self.sites, (self.first, self.last), month)
            if len(rows):
                self.outbox.send(Layout.ETAB, "EMPLOYER", self._moment("etab", month, 2), rows)
        lines = self.lines.filter(pl.col("month") == month)
        if len(lines):
            rows = worker_lists.trav_rows(lines, month, self.seats, self.sites, self.persons)
            self.outbox.send(Layout.TRAV, "EMPLOYER", self._moment("trav", month, 3), rows)

    def _send_operational(self, month: int) -> None:
        year = self.years[month // 12]
        entries = operational.month_entries(self.seed, self.seats, year, self.doses[month // 12], month)
        operators = self.sites.operator.gather(entries["inb"])
        for turn, operator in enumerate(operational.OPERATORS):
            mine = entries.filter(operators == operator)
            if len(mine) == 0:
                continue
            mine = mine.with_columns(number=pl.int_range(pl.len()))
            moment = self._moment("oper", month + 1, 4 + turn, turn)
            rows = operational.oper_rows(mine, operator, month, moment, self.sites, self.persons)
            self.outbox.send(Layout.OPER, operator, moment, rows)

    def _send_passive(self, month: int) -> None:
        due = self.waiting.filter(pl.col("deliver") == month)
        self.waiting = self.waiting.filter(pl.col("deliver") > month)
        for body, sender in enumerate(calibration.table("bodies")["sender_code"]):
            mine = due.filter(pl.col("body") == body)
            if len(mine) == 0:
                continue
            sent_at = self.schedule.of(month, body)
            rows = passive_files.pass_rows(mine, body, sent_at, self.seats, self.sites, self.persons)
            name = self.outbox.send(Layout.PASS, sender, sent_at, rows, passive_files.expected(mine, sent_at))
            if self.schedule.is_sent_twice(month, body):
                self.outbox.resend(name, Layout.PASS, sender, sent_at + 5 * _HOUR)

    def _send_cosmic(self, month: int) -> None:
        rows = self.cosmic[month // 12].filter(pl.col("month") == month)
        if len(rows):
            moment = self._moment("cosmic", month + 1, 10)
            text = other_doses.cosm_rows(rows, month, moment, self.seats, self.sites, self.persons)
            self.outbox.send(Layout.COSM, "SIEVERT", moment, text)

    def _send_radon(self, month: int) -> None:
        rows = self.radon[month // 12].filter(pl.col("month") == month)
        bodies = self.sites.body[self.seats.site[rows["seat"].to_numpy()]]
        for body, sender in enumerate(calibration.table("bodies")["sender_code"]):
            mine = rows.filter(pl.Series(bodies == body))
            if len(mine):
                moment = self._moment("radon", month + 1, 18, body)
                text = other_doses.radn_rows(mine, body, month, moment, self.seats, self.sites, self.persons)
                self.outbox.send(Layout.RADN, sender, moment, text)

    def _send_internal(self, month: int) -> None:
        rows = self.internal[month // 12].filter(pl.col("month") == month)
        if len(rows):
            year = self.years[month // 12]
            text = other_doses.inte_rows(rows, month, self.seats, year, self.sites, self.persons)
            self.outbox.send(Layout.INTE, "MDT", self._moment("internal", month + 2, 20), text)
