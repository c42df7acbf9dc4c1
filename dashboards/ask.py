"""What a page is asked: by whom, in which language, with which parameters in the address."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from dashboards import formats
from dashboards.texts import text
from lake import reference
from lake.vocabulary import Word
from registry.accounts import Account, account_of
from registry.policy import Data, Decision, Viewer, decide
from registry_api.ground import PARIS, Ground


@dataclass(frozen=True)
class Ask:
    """One reader's question; the viewer comes from the session and from nothing the page sends."""

    ground: Ground
    viewer: Viewer
    language: str
    params: dict[str, str]

    def t(self, key: str, /, **values) -> str:
        return text(key, self.language, **values)

    def decide(self, data: Data) -> Decision:
        return decide(self.viewer, data, sees_total_effective=self.ground.settings.crp_sees_total_effective)

    @cached_property
    def account(self) -> Account:
        return account_of(self.ground.engine, self.viewer.account_id)

    @property
    def today(self) -> date:
        return datetime.now(PARIS).date()

    @cached_property
    def latest_day(self) -> date:
        """The day sums are shown at unless another is asked for: today, or where the published data end."""
        until = self.ground.data_until()
        return self.today if until is None else min(self.today, until)

    def choice(self, name: str, choices: list[str], default: str | None = None) -> str | None:
        """The address's value of a parameter if it is one of `choices`, else the default or the first."""
        wanted = self.params.get(name)
        if wanted in choices:
            return wanted
        return default if default is not None else (choices[0] if choices else None)

    def on_day(self, name: str) -> date | None:
        """The address's value as a date; None when absent or malformed."""
        try:
            return date.fromisoformat(self.params[name])
        except (KeyError, ValueError):
            return None

    def label(self, word: Word) -> str:
        return word.label(self.language)

    def number(self, value, decimals: int = 0) -> str:
        return formats.number(value, decimals, self.language)

    def dose(self, value) -> str:
        return formats.dose(value, self.language)

    def day(self, value: date | None) -> str:
        return formats.day(value, self.language)

    def moment(self, value: datetime | None) -> str:
        return formats.moment(value, self.language)

    def reference_label(self, table: str, code: str | None) -> str:
        """The label of a sector, occupation or sender; the code itself when it has none."""
        if code is None or code == "UNSPECIFIED":
            return self.t("label.unspecified")
        if code == "ALL":
            return self.t("label.all")
        return _labels(table).get(code, code)


def _labels(table: str) -> dict[str, str]:
    key = {"sectors": "code", "occupations": "code", "senders": "sender_code"}[table]
    return dict(reference.table(table).select(key, "label_fr").iter_rows())
