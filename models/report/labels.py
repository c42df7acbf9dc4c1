"""What the codes of published tables are called, in French and English."""

from functools import cache

from lake import reference
from lake.vocabulary import BilanDomain, Category, Contract, LimitQuantity, Sex

_WORDS = {
    "domain": BilanDomain,
    "category": Category,
    "contract": Contract,
    "sex": Sex,
    "limit_quantity": LimitQuantity,
}
_TEXTS = {
    "ALL": ("Ensemble", "All"),
    "UNSPECIFIED": ("Non renseigné", "Not stated"),
    "BLANK_OUT": ("Catégories non renseignées exclues", "Blank categories left out"),
    "BLANK_IN": ("Catégories non renseignées incluses", "Blank categories counted"),
    "NUCLEAR_SITE": ("Installation nucléaire de base", "Basic nuclear installation"),
    "OTHER_SITE": ("Autre site", "Other site"),
    "UNKNOWN_SITE": ("Site inconnu", "Unknown site"),
    "OWN": ("Personnel du site", "Own staff"),
    "CONTRACTOR": ("Prestataire", "Contractor"),
    "STATED": ("Lieu déclaré", "Place stated"),
    "ESTIMATED": ("Lieu estimé", "Place estimated"),
    "PLACED": ("Lieu de mise à disposition", "Place of assignment"),
    "EMPLOYER": ("Lieu de l'employeur", "Employer's place"),
    "internal": ("Dose interne engagée", "Committed internal dose"),
    "radon": ("Radon", "Radon"),
    "cosmic": ("Rayonnement cosmique", "Cosmic radiation"),
    "5_YEARS": ("Cinq années", "Five years"),
    "CAREER": ("Carrière", "Career"),
}


def label(column: str, code, language: str) -> str:
    """A code of one column; the code itself where it has no other name."""
    code = str(code)
    if column in _WORDS and code in _WORDS[column].codes():
        return _WORDS[column](code).label(language)
    if code in _TEXTS:
        return _TEXTS[code][language == "en"]
    return _of_nomenclature(column, language).get(code, code)


@cache
def _of_nomenclature(column: str, language: str) -> dict[str, str]:
    """Labels of a nomenclature; sectors and occupations have French names alone."""
    tables = {
        "sector": ("sectors", "code", "label_fr"),
        "occupation": ("occupations", "code", "label_fr"),
        "size_band": ("headcount_bands", "size_band", f"label_{language}"),
        "class_code": ("dose_classes", "class_code", f"label_{language}"),
        "cumulative_class": ("cumulative_dose_classes", "class_code", f"label_{language}"),
        "limit_code": ("dose_limits", "limit_code", f"label_{language}"),
        "rule_code": ("classification_levels", "rule_code", f"label_{language}"),
    }
    if column not in tables:
        return {}
    table, code, name = tables[column]
    return dict(reference.table(table).select(code, name).iter_rows())
