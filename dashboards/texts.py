"""What pages say, in French first and in English; the catalogue is `texts.toml`."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

LANGUAGES = ("fr", "en")
COOKIE = "dosilake_language"

# AG Grid speaks English by itself.
_GRID_FR = {
    "noRowsToShow": "Aucune ligne",
    "loadingOoo": "Chargement…",
    "page": "Page",
    "of": "sur",
    "to": "à",
    "more": "plus",
    "nextPage": "Page suivante",
    "lastPage": "Dernière page",
    "firstPage": "Première page",
    "previousPage": "Page précédente",
    "pageSizeSelectorLabel": "Lignes par page :",
    "filterOoo": "Filtrer…",
    "equals": "Égal à",
    "notEqual": "Différent de",
    "contains": "Contient",
    "notContains": "Ne contient pas",
    "startsWith": "Commence par",
    "endsWith": "Finit par",
    "lessThan": "Inférieur à",
    "greaterThan": "Supérieur à",
    "inRange": "Entre",
    "blank": "Vide",
    "notBlank": "Non vide",
    "andCondition": "ET",
    "orCondition": "OU",
    "applyFilter": "Appliquer",
    "resetFilter": "Réinitialiser",
    "ariaLabelColumnMenu": "Menu de la colonne",
    "ariaSortableColumn": "Entrée pour trier",
    "ariaFilterInput": "Filtre",
    "ariaColumn": "Colonne",
    "ariaPageSizeSelectorLabel": "Lignes par page",
}


def language_of(cookies: Mapping[str, str]) -> str:
    """The reader's language; French unless they chose another."""
    chosen = cookies.get(COOKIE)
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def text(key: str, language: str, /, **values) -> str:
    """One text; raises KeyError for a key the catalogue does not have."""
    said = catalogue()[key][LANGUAGES.index(language)]
    return said.format(**values) if values else said


def grid_texts(language: str) -> dict[str, str]:
    return _GRID_FR if language == "fr" else {}


@cache
def catalogue() -> dict[str, tuple[str, str]]:
    """Every key with its French and its English text."""
    path = Path(__file__).with_name("texts.toml")
    return {key: tuple(said) for key, said in tomllib.loads(path.read_text(encoding="utf-8")).items()}
