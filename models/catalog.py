"""What every model is: its SQL, its grain, who may read it and what each column means.

A model is `<name>.sql` with `<name>.toml` beside it, in `staging/` (temporary, never served) or `marts/`.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lake.errors import ModelError
from registry.policy import Data

FOLDER = Path(__file__).parent
INTERNAL = "internal"
SCOPES = ("worker_key", "establishment_key", "sender_code", "none")
# How a column is protected in a published table (models/disclosure.py).
PROTECTIONS = (
    "key", "count", "exceedance_count", "magnitude", "high_percentile", "highest_percentile", "control", "margin",
    "margin_establishments",
)  # fmt: skip


@dataclass(frozen=True)
class ModelColumn:
    """One column of a model; `null` says what NULL means, empty when it cannot be NULL."""

    name: str
    meaning: str
    unit: str = ""
    null: str = ""
    label_fr: str = ""
    label_en: str = ""
    protection: str = "key"
    follows: str = ""
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
    total: tuple[str, str] | None = None

    @property
    def is_served(self) -> bool:
        return self.is_mart and self.level != INTERNAL


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
    try:
        columns = {
            name: ModelColumn(name, **{**fields, "null": fields.get("null", "")})
            for name, fields in said.pop("columns", {}).items()
        }
        model = Model(
            name=path.stem,
            path=path,
            sql=path.read_text(encoding="utf-8").strip(),
            is_mart=path.parent.name == "marts",
            kind=said.pop("kind", "table"),
            columns=columns,
            adds_up_within=tuple(said.pop("adds_up_within", ())),
            total=tuple(said.pop("total", ())) or None,
            **{"level": INTERNAL, "scope": "none", "source": "", **said},
        )
    except TypeError as error:
        raise ModelError(f"The sidecar {sidecar.name} is wrong: {error}.") from None
    check(model)
    return model


def check(model: Model) -> None:
    """Raises ModelError when the sidecar uses a word that means nothing or leaves out what is needed."""
    sidecar = f"{model.name}.toml"
    if "one row per" not in model.description:
        raise ModelError(f"{sidecar}: the description must end with the grain, “one row per …”.")
    if model.level not in (INTERNAL, *Data):
        raise ModelError(f"{sidecar}: the level “{model.level}” is not in registry.policy.Data.")
    if model.scope not in SCOPES or model.kind not in ("table", "view"):
        raise ModelError(f"{sidecar}: unknown scope “{model.scope}” or kind “{model.kind}”.")
    if model.is_mart and not model.columns:
        raise ModelError(f"{sidecar}: every column of a mart needs [columns.<name>].")
    named = [model.quantity_column, model.dosimetry_column, model.date_column, *model.adds_up_within]
    named += list(model.total or ())[:1]
    named += [column.follows for column in model.columns.values()]
    missing = [name for name in named if name and name not in model.columns]
    if missing:
        raise ModelError(f"{sidecar}: names columns it does not describe: {', '.join(missing)}.")
    for column in model.columns.values():
        if column.protection not in PROTECTIONS:
            raise ModelError(f"{sidecar}: unknown protection “{column.protection}” of {column.name}.")
        if column.name.endswith("_msv") and column.unit != "mSv":
            raise ModelError(f"{sidecar}: the unit of {column.name} must be mSv.")


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
