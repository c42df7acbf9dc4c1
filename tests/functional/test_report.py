"""The annual report: the same bytes in any process, and in every format the figures that the release holds."""

import csv
import dataclasses
import io
import json
import re
import shutil
from decimal import ROUND_HALF_UP, Decimal
from html.parser import HTMLParser

import duckdb
import openpyxl
import pypdf
import pytest
from test_cli import dosilake

from lake.errors import StorageError, UsageError
from models.releases import in_force
from models.report.contents import PARTS, contents
from models.snapshot import Snapshots

YEAR = 2020
KINDS = ("html", "pdf", "xlsx", "csv")


@pytest.fixture(scope="module")
def written(demo_home, tmp_path_factory):
    """The report written twice, each time by a process of its own with its own locale and time zone."""
    folders = [tmp_path_factory.mktemp("report") for _ in range(2)]
    places = [{"LC_ALL": "C", "TZ": "UTC"}, {"LC_ALL": "C.UTF-8", "TZ": "Pacific/Noumea", "PYTHONHASHSEED": "7"}]
    told = []
    for folder, environ in zip(folders, places, strict=True):
        done = dosilake("report", YEAR, "--out", folder, "--json", home=demo_home.home, **environ)
        assert done.returncode == 0, done.stderr
        told.append(json.loads(done.stdout)["sha256"])
    assert told[0] == told[1]
    return folders


@pytest.fixture(scope="module")
def released(demo_home):
    """Rows of a table of the release in force."""
    snapshots = Snapshots(demo_home)
    yield lambda sql: snapshots.query_release(in_force(demo_home), sql).to_dicts()
    snapshots.close()


def nation(released) -> dict:
    return released(f"select * from national_statistics where year = {YEAR} and limit_quantity = 'effective' "
                    "and dimension = 'ALL'")[0]  # fmt: skip


def french(value, decimals: int) -> str:
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return f"{rounded:,}".replace(",", "\u202f").replace(".", ",")


@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_write_the_same_bytes(written, kind):
    first, second = (folder / f"bilan-{YEAR}.{kind}" for folder in written)
    assert first.read_bytes() == second.read_bytes()


def test_every_figure_of_the_csv_is_that_of_the_release(written, released, demo_home):
    rows = list(csv.DictReader(io.StringIO((written[0] / f"bilan-{YEAR}.csv").read_text(encoding="utf-8"))))
    assert {row["release"] for row in rows} == {in_force(demo_home).name}
    told = {(row["table"], row["row"], row["measure"]): row for row in rows}
    assert len(told) == len(rows)
    counted = 0
    for part in PARTS:
        years = f"year <= {YEAR}" if part.is_series else f"year = {YEAR}"
        wanted = " and ".join([years, *(f"{name} = '{value}'" for name, value in part.where.items())])
        for held in released(f"select * from {part.model} where {wanted}"):
            key = "|".join(str(held[name]) for name in part.named_by)
            for measure in part.figures:
                said = told[part.key, key, measure]
                assert said["value"] == ("" if held[measure] is None else str(held[measure]))
                assert (said["is_withheld"] == "true") == (held[measure] is None and held.get("suppressed", False))
                counted += 1
    assert counted == len(rows) > 500


def test_the_workbook_holds_numbers(written, released):
    book = openpyxl.load_workbook(written[0] / f"bilan-{YEAR}.xlsx", data_only=True)
    sheet, row = book["series"], nation(released)
    heads = [cell.value for cell in sheet[2]]
    values = dict(zip(heads, [cell.value for cell in sheet[3]], strict=True))
    assert values[None] == str(YEAR)
    assert values["Travailleurs suivis · Monitored"] == row["monitored"]
    collective = next(value for head, value in values.items() if head and head.startswith("Dose collective"))
    assert Decimal(str(collective)) == row["collective_dose_man_sv"]
    domains = {r[0].value: r[1].value for r in book["by_domain"].iter_rows(min_row=3)}
    shown = released(f"select * from national_statistics where year = {YEAR} and limit_quantity = 'effective' "
                     "and dimension = 'domain'")  # fmt: skip
    assert sorted(map(str, domains.values())) == sorted(
        "s" if r["monitored"] is None else str(r["monitored"]) for r in shown
    )


class _Cells(HTMLParser):
    """Texts of the cells of each table, by its id."""

    def __init__(self):
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.now = None
        self.is_cell = False

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.now = self.tables[dict(attrs)["id"]] = []
        elif tag == "tr":
            self.now.append([])
        elif tag in ("td", "th"):
            self.now[-1].append("")
        self.is_cell = tag in ("td", "th") or (self.is_cell and tag in ("br", "span"))

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.is_cell = False

    def handle_data(self, data):
        if self.is_cell:
            self.now[-1][-1] += data


def test_the_page_shows_the_figures_and_loads_nothing(written, released):
    text = (written[0] / f"bilan-{YEAR}.html").read_text(encoding="utf-8")
    assert not re.search(r"<script|<link|src=|http", text)
    page = _Cells()
    page.feed(text)
    row = nation(released)
    (line,) = [cells for cells in page.tables["series"] if cells[0].startswith(str(YEAR))]
    assert line[1:4] == [
        french(row["monitored"], 0),
        french(row["exposed"], 0),
        french(row["collective_dose_man_sv"], 3),
    ]
    assert set(page.tables) <= {part.key for part in PARTS} and "by_domain" in page.tables


def test_the_pdf_is_tagged_says_its_moment_and_shows_the_figures(written, released, demo_home):
    reader = pypdf.PdfReader(written[0] / f"bilan-{YEAR}.pdf")
    text = "\n".join(page.extract_text() for page in reader.pages)
    row, release = nation(released), in_force(demo_home)
    for figure in (french(row["monitored"], 0), french(row["collective_dose_man_sv"], 3)):
        assert figure.replace("\u202f", "") in re.sub(r"[\u202f\u00a0 ]", "", text)
    assert release.label("fr") in text and release.checksums["national_statistics"][:20] in text.replace("\n", "")
    assert reader.metadata.creation_date == release.known_until.replace(microsecond=0)
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_what_explains_the_figures_is_in_the_report(written):
    text = (written[0] / f"bilan-{YEAR}.html").read_text(encoding="utf-8")
    for said in ("Définitions", "Méthode", "Ruptures de série", "Secret statistique", "SHA-256", "Arrêté au "):
        assert said in text


def test_a_year_that_is_not_there_and_a_release_that_was_altered_are_refused(demo_home, tmp_path):
    snapshots = Snapshots(demo_home)
    with pytest.raises(UsageError, match="no statistics of 1950"):
        contents(snapshots, in_force(demo_home), 1950)
    snapshots.close()
    copied = dataclasses.replace(demo_home, home=tmp_path)
    shutil.copytree(demo_home.releases, copied.releases)
    release = in_force(copied)
    with duckdb.connect(str(copied.releases / release.name / "statistics.duckdb")) as connection:
        connection.execute("update national_statistics set monitored = monitored + 1 where dimension = 'ALL'")
    with pytest.raises(StorageError, match="was altered"):
        contents(Snapshots(copied), release, YEAR)
