"""Writes docs/models, a page per mart, from the models' SQL and sidecars and from the tests' examples: `make docs`."""

from collections.abc import Iterable
from functools import partial
from itertools import product
from pathlib import Path

from models.build import kept, sources_named, tables_named, with_ancestors
from models.catalog import DISCLOSURES, PROTECTIONS, REFRESHES, SCOPES, Model, ModelColumn, models
from registry.policy import EVERY_QUANTITY, TABLE, Cell, Data, Rows
from spec_examples import Example, examples

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "models"

_NOTE = "<!-- Written by `make docs` from models/, registry/policy.py and tests/spec: do not edit. -->"
# What a mart must be bound by, for a cell of the policy to open rows of it.
_NEEDED_SCOPE = {
    Rows.SELF: "worker_key",
    Rows.WORKERS_OF_OWN_ESTABLISHMENTS: "worker_key",
    Rows.OWN_ESTABLISHMENTS: "establishment_key",
    Rows.OWN_DELIVERIES: "sender_code",
}
_ROWS = {
    Rows.ALL: "every row",
    Rows.SELF: "their own",
    Rows.WORKERS_OF_OWN_ESTABLISHMENTS: "workers of their establishments",
    Rows.OWN_ESTABLISHMENTS: "their establishments",
    Rows.OWN_DELIVERIES: "their deliveries",
}
# Names as GitHub's Mermaid draws them: a table of the lake is a cylinder, a nomenclature leans, staging is round.
_SHAPES = {
    "lake": '{id}[("{name}")]',
    "reference": '{id}[/"{name}"/]',
    "staging": '{id}(["{name}"])',
    "mart": '{id}["{name}"]',
}


def model_pages() -> dict[str, str]:
    """Every page of docs/models by its file name."""
    marts = [model for model in _sorted() if model.is_mart]
    tests = examples()
    pages = {f"{mart.name}.md": mart_page(mart, [e for e in tests if mart.name in e.marts]) for mart in marts}
    return {"README.md": index_page(marts), "staging.md": staging_page(), **pages}


def index_page(marts: list[Model]) -> str:
    """Every mart in a line, and how they are made of each other."""
    rows = [
        (f"[{mart.name}]({mart.name}.md)", _cell(mart.meaning), _cell(mart.grain), f"`{mart.level}`") for mart in marts
    ]
    return _page(
        "# The models",
        "What Dosilake computes from the lake: each mart is a SQL file with a sidecar that says what it means. "
        f"{len(marts)} marts are published in a snapshot; the [staging models](staging.md) on the way to them are not. "
        "Who may read a level, and by which article, stands on each page.",
        "## Marts",
        *_table(("Mart", "What it is", "One row per", "Level"), rows),
        "## Lineage",
        "Tables of the lake (cylinders) and the marts made of them. Nomenclatures are left out, and so is an arrow "
        "that a longer way implies; a [staging model](staging.md) (round) stands only where it saves arrows. Each "
        "mart's page has every step.",
        _mermaid(_overview()),
    )


def staging_page() -> str:
    """What stands between the lake and the marts, in one table."""
    rows = [
        (
            f"[{model.name}]({_source_link(model)})",
            _cell(model.meaning),
            _cell(model.grain),
            ", ".join(_linked(name) for name in sorted(parents(model))),
            ", ".join(_linked(child.name) for child in _sorted() if model.name in parents(child)),
            _refreshed(model),
        )
        for model in _sorted()
        if not model.is_mart
    ]
    return _page(
        "# Staging models",
        "Steps between the lake and the [marts](README.md), served to nobody and temporary; no snapshot holds any "
        "but those kept, which stand apart from the marts for the next refresh to start from.",
        *_table(("Model", "What it is", "One row per", "Made of", "Used by", "Refreshed"), rows),
    )


def mart_page(mart: Model, tests: list[Example]) -> str:
    """Everything the catalogue and the tests say of one mart."""
    return _page(
        f"# {mart.name}",
        f"{mart.meaning}. [All models](README.md).",
        f"**One row per** {mart.grain}.",
        f"**Source**: {mart.source}.",
        f"**Refreshed** `{mart.refreshed_by}`: {REFRESHES[mart.refreshed_by]}.",
        *_access(mart),
        "## Columns",
        *_columns(mart),
        "## Lineage",
        "Everything it is made of: tables of the lake (cylinders), nomenclatures (leaning), "
        "[staging models](staging.md) (round) and marts.",
        _mermaid(_ancestry(mart), mart.name),
        *_examples(tests),
        "## SQL",
        f"<details>\n<summary>models/marts/{mart.path.name}</summary>",
        _fence("sql", mart.sql),
        "</details>",
    )


def _refreshed(model: Model) -> str:
    if model.kind == "view":
        return "a view"
    return f"`{model.refreshed_by}`, kept" if model in kept() else f"`{model.refreshed_by}`"


def parents(model: Model) -> set[str]:
    """What the SQL of a model reads: models, tables of the lake, nomenclatures."""
    return (tables_named(model.sql) & set(models()) - {model.name}) | sources_named(model.sql)


def _access(mart: Model) -> list[str]:
    if not mart.is_served:
        said = [f"Level `{mart.level}`: no reader can ask for it."]
        if mart.released:
            said.append(f"Protected and frozen with the releases all the same (`models/releases.py`): {mart.released}.")
        return ["## Access", " ".join(said)]
    said = [f"Level `{mart.level}`, scope `{mart.scope}`: {SCOPES[mart.scope]}."]
    if mart.own_establishments_only:
        said.append("Of a worker, a reader with establishments sees the rows of those only.")
    if mart.disclosure:
        said.append(
            f"Disclosure `{mart.disclosure}`: {DISCLOSURES[mart.disclosure]} (`models/disclosure.py`, "
            "numbers in `lake/reference/thresholds.csv`)."
        )
    if mart.is_released:
        said.append(
            "Statistics: readers are shown the release in force, never the running snapshot (`models/releases.py`)."
        )
    if mart.live:
        said.append(f"Read live, not from a release: {mart.live}.")
    if mart.adds_up_within:
        said.append(f"Rows add up within {_codes(mart.adds_up_within)}, and are protected together.")
    if mart.total:
        said.append(f"The total is the row whose `{mart.total[0]}` is `{mart.total[1]}`.")
    readers: dict[tuple[str, str, str], list[str]] = {}
    for role, cells in TABLE.items():
        cell = cells.get(Data(mart.level))
        if cell and _NEEDED_SCOPE.get(cell.rows, mart.scope) == mart.scope:
            opened = (_ROWS[cell.rows], _bounds(mart, cell), _cell(cell.article))
            readers.setdefault(opened, []).append(f"{role.label_fr} / {role.label_en}")
    rows = [("<br>".join(who), *opened) for opened, who in readers.items()]
    return ["## Access", " ".join(said), *_table(("Lecteur / Reader", "Rows", "Bounds", "Article"), rows)]


def _bounds(mart: Model, cell: Cell) -> str:
    """What of a row's dose a reader is not shown."""
    said = []
    if mart.quantity_column and cell.quantities != EVERY_QUANTITY:
        said.append("external quantities (the total effective dose too by `DOSILAKE_CRP_SEES_TOTAL_EFFECTIVE`)")
    if mart.dosimetry_column and "INTERNAL" not in cell.dosimetry:
        said.append("no internal dosimetry")
    if cell.months_back:
        said.append(f"{cell.months_back} months, within the present contract")
    return ", ".join(said)


def _columns(mart: Model) -> list[str]:
    rows = [
        (
            f"`{column.name}`",
            _cell(column.label_fr),
            _cell(column.label_en),
            _cell(column.meaning),
            column.unit,
            _cell(column.null) or "never",
            _protection(column),
        )
        for column in mart.columns.values()
    ]
    said = _table(("Column", "Libellé", "Label", "Meaning", "Unit", "NULL means", "Protection"), rows)
    used = {column.protection for column in mart.columns.values()}
    return [*said, "\n".join(f"- *{word}*: {meaning}" for word, meaning in PROTECTIONS.items() if word in used)]


def _protection(column: ModelColumn) -> str:
    follows = f", hidden with {_codes(column.follows)}" if column.follows else ""
    of = f" of `{column.of}`" if column.of else ""
    return f"{column.protection}{of}{follows}"


def _examples(tests: list[Example]) -> list[str]:
    if not tests:
        return []
    shown = [example for example in tests if example.tables]
    rest = [example for example in tests if not example.tables]
    said = ["## Examples", "Tests of `tests/spec` that ask this mart, run by `make test`."]
    if shown:
        said.append(
            "Each stands as in its source: its ASCII tables, the queries of its helpers, then its steps, in which … is "
            "a table above."
        )
    for example in shown:
        said.append(f"### {example.title}")
        said += [example.explanation] if example.explanation else []
        for name, text in example.tables:
            said += [f"`{name}`", _fence("text", text)] if name else [_fence("text", text)]
        said += [_fence("sql", text) for text in example.queries]
        said.append(_fence("python", example.steps))
        said.append(f"[{example.path.name}]({_test_link(example)})")
    if rest:
        said += ["### Without a table"] if shown else []
        said.append("\n".join(f"- {example.title} ([{example.path.name}]({_test_link(example)}))" for example in rest))
    return said


def _test_link(example: Example) -> str:
    return f"../../{example.path.relative_to(ROOT).as_posix()}"


def _source_link(model: Model) -> str:
    return f"../../{model.path.relative_to(ROOT).as_posix()}"


def _ancestry(mart: Model) -> set[tuple[str, str]]:
    family = [models()[name] for name in with_ancestors({mart.name})]
    return {(parent, model.name) for model in family for parent in parents(model)}


def _overview() -> set[tuple[str, str]]:
    """Lake tables and marts; a staging model stands only where more arrows would be needed without it."""
    arrows = _reduced(
        {
            (parent, model.name)
            for model in _sorted()
            for parent in parents(model)
            if _kind(parent) != "reference" and parent != "lake.clock"
        }
    )
    while passed_over := next(filter(None, map(partial(_without, arrows), _staging(arrows))), None):
        arrows = _reduced(passed_over)
    return arrows


def _staging(arrows: set[tuple[str, str]]) -> list[str]:
    return sorted({name for arrow in arrows for name in arrow if _kind(name) == "staging"})


def _without(arrows: set[tuple[str, str]], name: str) -> set[tuple[str, str]] | None:
    """The arrows with those through `name` drawn past it; None when that makes more of them."""
    before = {start for start, end in arrows if end == name}
    after = {end for start, end in arrows if start == name}
    if len(before) * len(after) > len(before) + len(after):
        return None
    return {arrow for arrow in arrows if name not in arrow} | set(product(before, after))


def _reduced(arrows: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The arrows without those that a longer way implies."""
    after: dict[str, set[str]] = {}
    for start, end in arrows:
        after.setdefault(start, set()).add(end)
    return {
        (start, end) for start, end in arrows if not any(_leads(after, other, end) for other in after[start] - {end})
    }


def _leads(after: dict[str, set[str]], start: str, end: str) -> bool:
    return any(step == end or _leads(after, step, end) for step in after.get(start, ()))


def _mermaid(arrows: set[tuple[str, str]], highlighted: str = "") -> str:
    names = sorted({name for arrow in arrows for name in arrow} | ({highlighted} - {""}))
    lines = ["```mermaid", "flowchart LR"]
    lines += [f"    {_SHAPES[_kind(name)].format(id=_id(name), name=name)}" for name in names]
    lines += [f"    {_id(start)} --> {_id(end)}" for start, end in sorted(arrows)]
    lines += [f"    style {_id(highlighted)} stroke-width:3px"] if highlighted else []
    return "\n".join([*lines, "```"])


def _id(name: str) -> str:
    return name.replace(".", "_")


def _kind(name: str) -> str:
    schema, dot, _ = name.partition(".")
    if dot:
        return schema
    return "mart" if models()[name].is_mart else "staging"


def _linked(name: str) -> str:
    return f"[{name}]({name}.md)" if _kind(name) == "mart" else f"`{name}`"


def _sorted() -> list[Model]:
    return sorted(models().values(), key=lambda model: model.name)


def _codes(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    lines = [header, ("---",) * len(header), *rows]
    return ["\n".join(f"| {' | '.join(line)} |" for line in lines)]


def _fence(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def _page(*parts: str) -> str:
    return "\n\n".join([_NOTE, *parts]) + "\n"


def write() -> None:
    """Make docs/models what the catalogue says, pages of models that are gone taken away."""
    FOLDER.mkdir(exist_ok=True)
    pages = model_pages()
    for path in set(FOLDER.glob("*.md")) - {FOLDER / name for name in pages}:
        path.unlink()
    for name, text in pages.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
