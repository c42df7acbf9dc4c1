"""Writes a report as HTML, PDF, XLSX and CSV; the same contents give the same bytes in any process.

Dates in the files are those of the release; rows come sorted; no locale, clock or system font is asked.
"""

import csv
import hashlib
import io
import json
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from html import escape
from pathlib import Path

from models.catalog import ModelColumn
from models.report.contents import DEFINITIONS, METHOD, Report, Table

_TEMPLATE = Path(__file__).with_name("report.typ")
_DECIMALS = {"mSv": 3, "man.Sv": 3, "share": 4}
_THIN_SPACE = "\u202f"
_STYLE = """
body{font:16px/1.45 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#161616}
table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem;font-size:.9rem}
caption{text-align:left;font-weight:600;padding:.3rem 0}
th,td{border-bottom:1px solid #ccc;padding:.25rem .5rem;text-align:right;vertical-align:top}
th[scope=row],thead th:first-child{text-align:left}
[lang=en]{color:#595959;font-weight:400;font-size:.9em}
code{overflow-wrap:anywhere}
"""


def write_report(report: Report, folder: Path) -> dict[str, str]:
    """Write `bilan-<year>.html`, `.pdf`, `.xlsx`, `.csv` and `SHA256SUMS`; returns the SHA-256 of each by its name."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {"html": as_html(report), "pdf": as_pdf(report), "xlsx": as_xlsx(report), "csv": as_csv(report)}
    sums = {}
    for kind, content in made.items():
        path = folder / f"bilan-{report.year}.{kind}"
        path.write_bytes(content)
        sums[path.name] = hashlib.sha256(content).hexdigest()
    lines = "".join(f"{value}  {name}\n" for name, value in sorted(sums.items()))
    (folder / "SHA256SUMS").write_text(lines, encoding="utf-8")
    return sums


def figure(value: Decimal | int | None, column: ModelColumn, withheld: bool) -> str:
    """A figure as French text writes it; `s` where it is withheld, a dash where it is undefined."""
    if value is None:
        return "s" if withheld else "–"
    decimals = _decimals(column, value)
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return f"{rounded:,.{decimals}f}".replace(",", _THIN_SPACE).replace(".", ",").replace("-", "\u2212")


def as_csv(report: Report) -> bytes:
    """One row per table, row and measure: commas, points, an empty value where there is none, UTF-8, LF."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["release", "table", "model", "row", "label_fr", "label_en", "measure", "unit", "value", "is_withheld"]
    )
    for table in report.tables:
        names = zip(table.codes, table.labels_fr, table.labels_en, strict=True)
        for named, values, withheld in zip(names, table.values, table.withheld, strict=True):
            for column, value in zip(table.columns, values, strict=True):
                writer.writerow(
                    [
                        report.release.name, table.part.key, table.part.model, *named, column.name, column.unit,
                        "" if value is None else value, str(value is None and withheld).lower(),
                    ]
                )  # fmt: skip
    return out.getvalue().encode()


def as_html(report: Report) -> bytes:
    """One page without script or outside file."""
    release = report.release
    body = [
        f"<h1>{escape(report.title_fr)}<br>{_english(report.title_en)}</h1>",
        f"<p><strong>{escape(release.label('fr'))}</strong> · {_english(release.label('en'))}</p>",
        *(_html_table(table) for table in report.tables),
        _html_list("Définitions", "Definitions", DEFINITIONS),
        _html_list("Méthode", "Method", METHOD),
        _html_list("Ruptures de série", "Series breaks", _breaks(report)),
        _html_list("Secret statistique", "Disclosure control", report.notes),
        _html_list("Révisions depuis l'arrêté précédent", "Revisions since the release before", _revisions(report)),
        "<h2>Sources et empreintes · " + _english("Sources and checksums") + "</h2><ul>",
        *(f"<li><code>{escape(line)}</code></li>" for line in _sources(report)),
        "</ul>",
    ]
    head = f'<meta charset="utf-8"><title>{escape(report.title_fr)}</title><style>{_STYLE}</style>'
    page = f'<!DOCTYPE html>\n<html lang="fr"><head>{head}</head>\n<body>\n' + "\n".join(body) + "\n</body></html>\n"
    return page.encode()


def as_pdf(report: Report) -> bytes:
    """Accessible and archivable (PDF/UA-1, PDF/A-2a), in typst's own fonts."""
    import typst

    told = {
        "title_fr": report.title_fr,
        "title_en": report.title_en,
        "release_fr": report.release.label("fr"),
        "release_en": report.release.label("en"),
        "tables": [
            {
                "title_fr": table.part.title_fr,
                "title_en": table.part.title_en,
                "columns": [[c.label_fr, c.label_en, c.unit] for c in table.columns],
                "rows": _text_rows(table),
            }
            for table in report.tables
        ],
        "texts": [
            ["Définitions", "Definitions", DEFINITIONS],
            ["Méthode", "Method", METHOD],
            ["Ruptures de série", "Series breaks", _breaks(report)],
            ["Secret statistique", "Disclosure control", report.notes],
            ["Révisions depuis l'arrêté précédent", "Revisions since the release before", _revisions(report)],
        ],
        "sources": _sources(report),
    }
    return typst.compile(
        _TEMPLATE.read_bytes(),
        ignore_system_fonts=True,
        pdf_standards=["ua-1", "a-2a"],
        sys_inputs={"report": json.dumps(told, ensure_ascii=False)},
        timestamp=_stamp(report),
    )


def as_xlsx(report: Report) -> bytes:
    """A sheet of explanations, then one per table; figures are numbers, `s` and – text."""
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties(
        {"title": report.title_fr, "author": "Dosilake", "created": _stamp(report).replace(tzinfo=None)}
    )
    bold, wrap = (
        book.add_format({"bold": True, "text_wrap": True, "valign": "top"}),
        book.add_format({"text_wrap": True}),
    )
    sheet = book.add_worksheet("Lisez-moi – Read me")
    sheet.set_column(0, 1, 70, wrap)
    lines = [
        (report.title_fr, report.title_en),
        (report.release.label("fr"), report.release.label("en")),
        *DEFINITIONS,
        *METHOD,
        *_breaks(report),
        *report.notes,
        *_revisions(report),
        *((line, "") for line in _sources(report)),
    ]
    for at, (french, english) in enumerate(lines):
        sheet.write_string(at, 0, french)
        sheet.write_string(at, 1, english)
    for table in report.tables:
        sheet = book.add_worksheet(table.part.key)
        sheet.write_string(0, 0, f"{table.part.title_fr} · {table.part.title_en} · {report.release.label('fr')}", bold)
        sheet.set_column(0, 0, 45)
        sheet.set_column(1, len(table.columns), 16)
        sheet.freeze_panes(2, 1)
        for place, column in enumerate(table.columns, start=1):
            sheet.write_string(1, place, _headed(column), bold)
        for at, (name, values, withheld) in enumerate(zip(table.labels_fr, table.values, table.withheld, strict=True)):
            sheet.write_string(at + 2, 0, name)
            for place, (column, value) in enumerate(zip(table.columns, values, strict=True), start=1):
                if value is None:
                    sheet.write_string(at + 2, place, figure(None, column, withheld))
                else:
                    decimals = _decimals(column, value)
                    style = book.add_format({"num_format": f"#,##0{'.' * bool(decimals)}{'0' * decimals}"})
                    sheet.write_number(at + 2, place, value, style)
    book.close()
    return out.getvalue()


def _stamp(report: Report) -> datetime:
    """The moment that files carry as that of their making: that of the snapshot."""
    return report.release.known_until.astimezone(UTC).replace(microsecond=0)


def _decimals(column: ModelColumn, value: Decimal | int) -> int:
    return 0 if isinstance(value, int) else _DECIMALS.get(column.unit, 3)


def _headed(column: ModelColumn) -> str:
    unit = f" ({column.unit})" if column.unit in _DECIMALS else ""
    return f"{column.label_fr} · {column.label_en}{unit}"


def _text_rows(table: Table) -> list[list[str]]:
    """Name in French, in English, then every figure as text."""
    return [
        [
            french,
            english,
            *(figure(value, column, withheld) for column, value in zip(table.columns, values, strict=True)),
        ]
        for french, english, values, withheld in zip(
            table.labels_fr, table.labels_en, table.values, table.withheld, strict=True
        )
    ]


def _html_table(table: Table) -> str:
    heads = "".join(
        f'<th scope="col">{escape(c.label_fr)}{f" ({c.unit})" if c.unit in _DECIMALS else ""}<br>'
        f"{_english(c.label_en)}</th>"
        for c in table.columns
    )
    rows = []
    for french, english, *figures in _text_rows(table):
        beside = "" if english == french else f"<br>{_english(english)}"
        cells = "".join(f"<td>{one}</td>" for one in figures)
        rows.append(f'<tr><th scope="row">{escape(french)}{beside}</th>{cells}</tr>')
    caption = f"{escape(table.part.title_fr)} · {_english(table.part.title_en)}"
    return (
        f'<table id="{table.part.key}"><caption>{caption}</caption><thead><tr><td></td>{heads}</tr></thead><tbody>\n'
        + "\n".join(rows)
        + "\n</tbody></table>"
    )


def _html_list(french: str, english: str, lines) -> str:
    if not lines:
        return ""
    items = "".join(f"<li>{escape(fr)}<br>{_english(en)}</li>" for fr, en in lines)
    return f"<h2>{escape(french)} · {_english(english)}</h2><ul>{items}</ul>"


def _english(text: str) -> str:
    return f'<span lang="en">{escape(text)}</span>'


def _breaks(report: Report) -> list[tuple[str, str]]:
    return [
        (
            f"{row['since'].isoformat()} : {row['label_fr']} ({row['source']})",
            f"{row['since'].isoformat()}: {row['label_en']}",
        )
        for row in report.breaks
    ]


def _revisions(report: Report) -> list[tuple[str, str]]:
    return [(f"{year} : {fr}, {n} personnes", f"{year}: {en}, {n} persons") for year, fr, en, n in report.revisions]


def _sources(report: Report) -> list[str]:
    release = report.release
    used = sorted({table.part.model for table in report.tables})
    return [
        f"Dosilake {release.code_version}",
        f"snapshot {release.snapshot}",
        f"release {release.name}",
        *(f"{name} SHA-256 {release.checksums[name]}" for name in used),
    ]
