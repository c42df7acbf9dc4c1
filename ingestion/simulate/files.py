"""A delivery file holds exactly its layout's columns, is named after sender and time, and stands in the manifest."""

import json
import shutil
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from lake import reference
from lake.vocabulary import Layout


@dataclass
class DeliveryFile:
    """One file and what its execution report should find; a row's outcome is what it meets on arrival."""

    name: str
    layout: str
    sender: str
    sent_at: str
    rows: int
    loaded: int
    rejected: int = 0
    waiting: int = 0
    duplicate: int = 0
    codes: dict[str, int] = field(default_factory=dict)
    resend_of: str | None = None


@dataclass
class Manifest:
    """What was asked, every file, and what the register should find once all files are in."""

    workers: int
    first_month: str
    last_month: str
    seed: int
    files: list[DeliveryFile] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    class_tables: dict[int, dict[str, dict[str, int]]] = field(default_factory=dict)
    quota: dict[str, dict[str, int]] = field(default_factory=dict)
    collective_msv: dict[int, str] = field(default_factory=dict)
    groups: dict[int, dict[str, dict[str, str | int]]] = field(default_factory=dict)
    natural: dict[int, dict[str, str | int]] = field(default_factory=dict)
    planted: dict[str, list[str]] = field(default_factory=dict)

    def total(self) -> None:
        """Sum the files' counts by code and by layout."""
        codes, rows = Counter(), Counter()
        for delivery in self.files:
            codes.update(delivery.codes)
            rows[delivery.layout] += delivery.rows
        self.codes, self.rows = dict(sorted(codes.items())), dict(sorted(rows.items()))

    def write(self, out: Path) -> None:
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1)
        (out / "manifest.json").write_text(text + "\n", encoding="utf-8")


@dataclass
class Outcome:
    """What should happen to the rows of a file."""

    rejected: int = 0
    waiting: int = 0
    duplicate: int = 0
    codes: dict[str, int] = field(default_factory=dict)


class Outbox:
    """The folder that receives the files; sequence numbers run over all of them."""

    def __init__(self, folder: Path, manifest: Manifest):
        self.folder = folder
        self.manifest = manifest
        folder.mkdir(parents=True, exist_ok=True)

    def send(
        self, layout: Layout, sender: str, sent_at: int, rows: pl.DataFrame, outcome: Outcome | None = None
    ) -> str:
        """Write one file; `sent_at` is in seconds since 1970, UTC."""
        outcome = outcome or Outcome()
        name, moment = self._name(layout, sender, sent_at)
        ordered = rows.select(layout_columns(layout))
        ordered.write_csv(self.folder / name, separator=";", quote_style="never")
        self.manifest.files.append(
            DeliveryFile(
                name=name,
                layout=layout.value,
                sender=sender,
                sent_at=moment,
                rows=len(rows),
                loaded=len(rows) - outcome.rejected - outcome.waiting - outcome.duplicate,
                rejected=outcome.rejected,
                waiting=outcome.waiting,
                duplicate=outcome.duplicate,
                codes=dict(sorted(outcome.codes.items())),
            )
        )
        return name

    def resend(self, first: str, layout: Layout, sender: str, sent_at: int) -> None:
        """The same bytes once more under a new name: the register must change nothing."""
        name, moment = self._name(layout, sender, sent_at)
        shutil.copyfile(self.folder / first, self.folder / name)
        delivery = DeliveryFile(name, layout.value, sender, moment, rows=0, loaded=0, codes={"F04": 1}, resend_of=first)
        self.manifest.files.append(delivery)

    def _name(self, layout: Layout, sender: str, sent_at: int) -> tuple[str, str]:
        moment = str(np.datetime64(int(sent_at), "s"))
        stamp = moment.replace("-", "").replace(":", "")
        number = len(self.manifest.files) + 1
        return f"{layout.value}_{sender}_{stamp}_{number:06d}.csv", f"{moment}Z"


def layout_columns(layout: Layout) -> list[str]:
    layouts = reference.table("layouts")
    return layouts.filter(pl.col("layout") == layout.value).sort("position")["field"].to_list()
