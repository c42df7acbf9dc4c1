"""A file judged as it would be if it came now, and nothing kept: no number, no bytes, nobody registered.

Each file is held against the register as it stands, not against the files tried before it.
"""

from collections.abc import Iterable

import polars as pl

from ingestion import reports
from ingestion.door import Arrival, Receipt, as_received, delivery_row, judge, line_limits, no_findings, settle, told
from ingestion.judge import NO_IDS, Judgement, Question
from ingestion.landing import Sent, found
from ingestion.population import Populations
from ingestion.read import Checked, FileName, Rows, Seen, examined
from lake.schema import DELIVERIES
from lake.settings import Settings
from lake.store import Lake
from registry.database import read_registry
from registry.keys import open_keys
from registry.numbering import Numbered, delivery_with, unlanded
from registry.vault import Vault

# The number of a delivery that has none.
_NO_DELIVERY = 0


class Trial:
    """Judges files against the register of a home and leaves every byte of it as it was; a context manager.

    Raises StorageError when the home holds no register.
    """

    def __init__(self, settings: Settings):
        self.settings = settings
        self.lake = Lake(settings.lake_root)
        self.lake.version(DELIVERIES.name)
        self.engine = read_registry(settings)
        self.vault = Vault(self.engine, open_keys(settings))
        self._populations = Populations(self.lake)

    def __enter__(self) -> "Trial":
        return self

    def __exit__(self, *_) -> None:
        self.engine.dispose()

    def judge(self, arrival: Arrival) -> Receipt:
        """The execution report that the file would get, with `findings`; of bytes that came before, the first report.

        The report has no delivery_no. Raises UsageError (no such file, or one that changes while it is read) or
        DeliveryRefused F07 (too large).
        """
        sent = found(arrival.path, self.settings)
        longest, most = line_limits(self.settings)
        seen = Seen(longest)
        received = as_received(arrival, sent.digest(seen.watch), sent.byte_size)
        known = delivery_with(self.engine, received["digest"])
        if known is not None and known.is_landed:
            lines = reports.load_findings(self.settings, known.delivery_no)
            return Receipt(known.delivery_no, True, _with_lines(reports.load(self.settings, known.delivery_no), lines))
        numbered = Numbered(delivery_no=_NO_DELIVERY, is_landed=False, **received)
        # Seen as the lander would: without what a crash left of deliveries that are not landed.
        with self.lake.batch([waiting.delivery_no for waiting in unlanded(self.engine)], last=DELIVERIES):
            report, lines = self._judged(numbered, sent, examined(numbered.file_name, seen, most))
        return Receipt(_NO_DELIVERY, False, _with_lines(report | {"delivery_no": None}, lines))

    def _judged(self, numbered: Numbered, sent: Sent, checked: Checked) -> tuple[dict, pl.DataFrame]:
        settled = settle(self.settings, numbered, lambda: checked, sent.pieces, _question, self._judge)
        judgement, refusal = settled.judgement, settled.refusal
        findings = judgement.findings if judgement else no_findings()
        report = told(delivery_row(numbered, judgement, refusal), findings, refusal)
        return report, reports.lines_of(findings, judgement.record_ids if judgement else NO_IDS)

    def _judge(self, question: Question) -> Judgement:
        return judge(question, self.lake, self.vault, self._populations.current)


def _question(numbered: Numbered, name: FileName, slices: Iterable[Rows]) -> Question:
    return Question(_NO_DELIVERY, name.sender_code, name.layout, numbered.received_at, slices, is_trial=True)


def _with_lines(report: dict, lines: pl.DataFrame) -> dict:
    return report | {"findings": lines.head(reports.LINES_SHOWN).to_dicts(), "findings_total": lines.height}
