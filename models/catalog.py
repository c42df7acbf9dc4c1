"""What every model is: its SQL, its grain, who may read it and what each column means.

A model is `<name>.sql` with `<name>.toml` beside it, in `staging/` (temporary, never served) or `marts/`. Columns that
are alike are described once: [columns."n_gt_{1,2}"] describes n_gt_1 and n_gt_2, each {} in it standing for 1 or 2.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lake.errors import ModelError
from registry.policy import Data

FOLDER = Path(__file__).parent
INTERNAL = "internal"
SCOPES = {
    "worker_key": "rows are bound to the persons whom the reader may see",
    "establishment_key": "rows are bound to the reader's establishments",
    "sender_code": "rows are bound to the reader's own deliveries",
    "none": "every reader whom the level is open to sees the same rows",
}
# What small groups are told by (models/disclosure.py).
DISCLOSURES = {
    "persons": "a row is a group of persons; small groups, and those that subtraction would give, are suppressed",
    "classes": "a row is a dose class of a group; small classes, and those that subtraction would give, are suppressed",
    "own": "a row is the reader's own establishment; few persons, and what tells of one, are suppressed all the same",
}
# What a refresh makes anew of a model (models/increment.py).
REFRESHES = {
    "worker_key": "a person's rows follow from that person's other rows and from whole tables: a refresh makes anew "
    "those of the persons touched",
    "year": "a year's rows follow from rows of that year and from nomenclatures: a refresh makes anew the years "
    "touched",
    "whole": "a refresh makes all rows anew once anything that they are made of has changed",
}
# How a column is protected in a published table (models/disclosure.py).
PROTECTIONS = {
    "key": "shown as it is",
    "count": "hidden when it, the difference to a neighbour or what corrections change between both is a small count",
    "exceedance_count": "as a count, but shown whatever its size for the whole nation and its domains",
    "magnitude": "hidden when it rests on few exposed persons or mostly on one of them or on one establishment",
    "high_percentile": "a magnitude that needs more exposed persons behind it",
    "highest_percentile": "a magnitude that needs the most exposed persons behind it",
    "control": "never shown: decides what is hidden",
    "amount": "never shown: what a control is a share of",
    "margin": "never shown: fewest persons that subtraction would give",
    "margin_establishments": "never shown: fewest establishments that subtraction would give",
}
# Levels of tables that readers could subtract from themselves, before and after one late result.
_STATISTICS = (Data.NATIONAL, Data.ESTABLISHMENT)
_GRAIN = "; one row per "
# A column whose name ends so is in this unit.
UNITS = {"_msv": "mSv", "_man_sv": "man.Sv", "_share": "share"}


@dataclass(frozen=True)
class ModelColumn:
    """One column of a model; `null` says what NULL means, empty when it cannot be NULL.

    `of`: what a control is a share of; of a high percentile, the count behind it where that is not `exposed`.
    """

    name: str
    meaning: str
    unit: str = ""
    null: str = ""
    label_fr: str = ""
    label_en: str = ""
    protection: str = "key"
    follows: tuple[str, ...] = ()
    of: str = ""
    covers_career: bool = False


@dataclass(frozen=True)
class Model:
    """One SQL file and its sidecar."""

    name: str
    path: Path
    sql: str
    is_mart: bool
    kind: str
    description: str
    level: str
    scope: str
    source: str
    columns: dict[str, ModelColumn]
    quantity_column: str | None = None
    dosimetry_column: str | None = None
    date_column: str | None = None
    own_establishments_only: bool = False
    disclosure: str | None = None
    adds_up_within: tuple[str, ...] = ()
    adds_up_across: tuple[str, ...] = ()
    total: tuple[str, str] | None = None
    live: str = ""
    released: str = ""
    refreshed_by: str = "whole"

    @property
    def meaning(self) -> str:
        """The description without its grain."""
        return self.description.rpartition(_GRAIN)[0]

    @property
    def grain(self) -> str:
        """What one row is: what follows “one row per”."""
        return self.description.rpartition(_GRAIN)[2].strip()

    @property
    def whole_partitions(self) -> tuple[str, ...]:
        """Columns by which rows may be chosen without cutting through what adds up."""
        across = self.adds_up_across or self.adds_up_within
        return tuple(c for c in self.adds_up_within if c in across)

    @property
    def is_by_person(self) -> bool:
        return self.refreshed_by == "worker_key"

    @property
    def is_by_year(self) -> bool:
        return self.refreshed_by == "year"

    @property
    def is_served(self) -> bool:
        return self.is_mart and self.level != INTERNAL

    @property
    def is_released(self) -> bool:
        """Whether readers are shown it as the last release froze it.

        `live` is the reason why a table needs none, `released` the reason why one does that nobody can ask for.
        """
        return bool(self.released) or (self.is_served and self.level in _STATISTICS and not self.live)


@cache
def models() -> dict[str, Model]:
    """Every model by name; raises ModelError when a file is missing its sidecar or a sidecar is wrong."""
    found = {}
    for path in sorted([*FOLDER.glob("staging/*.sql"), *FOLDER.glob("marts/*.sql")]):
        found[path.stem] = load(path)
    for sidecar in [*FOLDER.glob("staging/*.toml"), *FOLDER.glob("marts/*.toml")]:
        if sidecar.stem not in found:
            raise ModelError(f"The sidecar {sidecar.name} has no SQL beside it.")
    return found


def released() -> list[Model]:
    """The models that readers are shown as the releases froze them, by name."""
    return [model for model in models().values() if model.is_released]


def served(name: str) -> Model:
    """A model that readers may ask for; raises ModelError otherwise."""
    model = models().get(name)
    if model is None or not model.is_served:
        known = ", ".join(sorted(m.name for m in models().values() if m.is_served))
        raise ModelError(f"No model named “{name}” is served.", next_step=f"Served: {known}.")
    return model


def load(path: Path) -> Model:
    """One model from its SQL file; raises ModelError when its sidecar is missing or says something unknown."""
    sidecar = path.with_suffix(".toml")
    if not sidecar.exists():
        raise ModelError(f"{path.name} has no sidecar.", next_step=f"Write {sidecar.name} beside it.")
    said = tomllib.loads(sidecar.read_text(encoding="utf-8"))
    if said.get("scope") == "worker_key":
        said = {"refreshed_by": "worker_key"} | said
    try:
        columns = {
            name: ModelColumn(name, **{**fields, "follows": _listed(fields.get("follows", []))})
            for name, fields in _each(said.pop("columns", {}))
        }
        model = Model(
            name=path.stem,
            path=path,
            sql=path.read_text(encoding="utf-8").strip(),
            is_mart=path.parent.name == "marts",
            kind=said.pop("kind", "table"),
            columns=columns,
            adds_up_within=tuple(said.pop("adds_up_within", ())),
            adds_up_across=tuple(said.pop("adds_up_across", ())),
            total=tuple(said.pop("total", ())) or None,
            **{"level": INTERNAL, "scope": "none", "source": "", **said},
        )
    except TypeError as error:
        raise ModelError(f"The sidecar {sidecar.name} is wrong: {error}.") from None
    check(model)
    return model


def _each(columns: dict[str, dict]) -> Iterator[tuple[str, dict]]:
    """The columns; a name like n_gt_{1,2} is that of several, {} in what is said of them standing for 1 or 2."""
    for name, fields in columns.items():
        before, *differing = re.split(r"\{(.+)\}", name)
        if not differing:
            yield name, fields
            continue
        values, after = differing
        for value in values.split(","):
            yield f"{before}{value}{after}", {key: _filled(said, value) for key, said in fields.items()}


def _filled(said, value: str):
    if isinstance(said, list):
        return [_filled(word, value) for word in said]
    return said.replace("{}", value) if isinstance(said, str) else said


def _listed(words: str | list[str]) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words)


def check(model: Model) -> None:
    """Raises ModelError when the sidecar uses a word that means nothing or leaves out what is needed."""
    sidecar = f"{model.name}.toml"
    if not model.meaning or not model.grain:
        raise ModelError(f"{sidecar}: the description must say what it is and end with the grain, “…; one row per …”.")
    if model.level not in (INTERNAL, *Data):
        raise ModelError(f"{sidecar}: the level “{model.level}” is not in registry.policy.Data.")
    if model.scope not in SCOPES or model.kind not in ("table", "view"):
        raise ModelError(f"{sidecar}: unknown scope “{model.scope}” or kind “{model.kind}”.")
    if model.refreshed_by not in REFRESHES or (model.refreshed_by != "whole" and model.kind == "view"):
        raise ModelError(f"{sidecar}: refreshed_by “{model.refreshed_by}” is unknown, or said of a view.")
    if model.is_mart and not model.columns:
        raise ModelError(f"{sidecar}: every column of a mart needs [columns.<name>].")
    if model.is_mart and not model.source:
        raise ModelError(f"{sidecar}: a mart needs its source.")
    if model.live and model.level not in _STATISTICS:
        raise ModelError(f"{sidecar}: only a national or establishment table says why it is read live.")
    if model.released and model.level != INTERNAL:
        raise ModelError(f"{sidecar}: only a table that nobody can ask for says why it is released.")
    if model.disclosure is not None and model.disclosure not in DISCLOSURES:
        raise ModelError(f"{sidecar}: unknown disclosure “{model.disclosure}”.")
    named = [model.quantity_column, model.dosimetry_column, model.date_column]
    named += [*model.adds_up_within, *model.adds_up_across]
    named += list(model.total or ())[:1]
    named += [name for column in model.columns.values() for name in (*column.follows, column.of)]
    missing = [name for name in named if name and name not in model.columns]
    if missing:
        raise ModelError(f"{sidecar}: names columns it does not describe: {', '.join(missing)}.")
    for column in model.columns.values():
        if column.protection not in PROTECTIONS:
            raise ModelError(f"{sidecar}: unknown protection “{column.protection}” of {column.name}.")
        if not (column.meaning and column.label_fr and column.label_en):
            raise ModelError(f"{sidecar}: {column.name} needs a meaning, label_fr and label_en.")
        if column.meaning.casefold() == column.label_en.casefold():
            raise ModelError(f"{sidecar}: the meaning of {column.name} says no more than its label.")
        unit = next((unit for suffix, unit in UNITS.items() if column.name.endswith(suffix)), column.unit)
        if column.unit != unit:
            raise ModelError(f"{sidecar}: the unit of {column.name} must be {unit}.")


def check_columns(model: Model, actual: list[str]) -> None:
    """Raises ModelError when the SQL's columns and the described ones are not the same."""
    undescribed = sorted(set(actual) - set(model.columns))
    absent = sorted(set(model.columns) - set(actual))
    if undescribed or absent:
        raise ModelError(
            f"{model.name}: not described: {', '.join(undescribed) or 'none'}; "
            f"described but absent: {', '.join(absent) or 'none'}.",
            next_step=f"Correct {model.name}.toml.",
        )
