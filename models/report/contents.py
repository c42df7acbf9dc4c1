"""What stands in the annual report of a year: tables as a release shows them to every reader, and what explains them.

Source of the choice of tables: the annual reports of the authority (bilans des expositions professionnelles).
"""

from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from lake import reference
from lake.errors import StorageError, UsageError
from models.catalog import ModelColumn, models
from models.provenance import checksum, in_key_order
from models.releases import Release
from models.report.labels import label
from models.revisions import Cause
from models.snapshot import Snapshots

_HEADLINES = ("monitored", "exposed", "collective_dose_man_sv", "mean_monitored_msv", "mean_exposed_msv", "n_gt_1",
              "n_gt_6", "n_gt_20")  # fmt: skip
_GROUPS = ("monitored", "exposed", "collective_dose_man_sv", "mean_exposed_msv", "median_exposed_msv",
           "p95_exposed_msv", "n_gt_1", "n_gt_6", "n_gt_20")  # fmt: skip
_EFFECTIVE = {"limit_quantity": "effective"}
_NATION = {**_EFFECTIVE, "dimension": "ALL"}


@dataclass(frozen=True)
class Part:
    """A table to take from a model: which rows, named by which columns, with which figures."""

    key: str
    model: str
    title_fr: str
    title_en: str
    named_by: tuple[str, ...]
    figures: tuple[str, ...]
    where: dict[str, str]
    is_series: bool = False


_BY = (
    ("domain", "Par domaine d'activité", "By domain"),
    ("sector", "Par secteur d'activité", "By sector"),
    ("occupation", "Par métier", "By occupation"),
    ("category", "Par catégorie", "By category"),
    ("contract", "Par contrat", "By contract"),
    ("sex", "Par sexe", "By sex"),
    ("age_band", "Par âge", "By age"),
    ("region", "Par région", "By region"),
    ("size_band", "Par taille d'établissement", "By size of establishment"),
)
_RATIOS = tuple(f"{kind}_ratio_{bound}" for kind in ("number", "dose") for bound in (15, 10, 5, 1))
_CLASSES = ("workers", "collective_dose_man_sv")
_EFFECTS = ("monitored", "change_msv", "headcount_effect_msv", "mix_effect_msv", "rate_effect_msv")
_COUNTS = ("exceedances", "confirmed", "modified", "retained_by_default", "under_inquiry", "notified", "detected",
           "gone_modified", "gone_cancelled", "provisional")  # fmt: skip
PARTS = (
    Part("series", "national_statistics", "Série annuelle, dose efficace", "Annual series, effective dose", ("year",),
         _HEADLINES, _NATION, True),
    *(Part(f"by_{code}", "national_statistics", fr, en, ("group_code",), _GROUPS, {**_EFFECTIVE, "dimension": code})
      for code, fr, en in _BY),
    Part("classes", "dose_distribution", "Classes de dose efficace", "Classes of effective dose", ("class_code",),
         _CLASSES, _NATION),
    Part("classes_by_category", "dose_distribution", "Classes de dose efficace par catégorie",
         "Classes of effective dose by category", ("group_code", "class_code"), _CLASSES,
         {**_EFFECTIVE, "dimension": "category"}),
    Part("classes_by_domain", "dose_distribution", "Classes de dose efficace par domaine",
         "Classes of effective dose by domain", ("group_code", "class_code"), _CLASSES,
         {**_EFFECTIVE, "dimension": "domain"}),
    Part("lens", "national_statistics", "Cristallin", "Lens of the eye", ("year",), _HEADLINES,
         {"limit_quantity": "lens", "dimension": "ALL"}, True),
    Part("skin", "national_statistics", "Peau", "Skin", ("year",), _HEADLINES,
         {"limit_quantity": "skin", "dimension": "ALL"}, True),
    Part("extremities", "national_statistics", "Extrémités", "Extremities", ("year",), _HEADLINES,
         {"limit_quantity": "extremities", "dimension": "ALL"}, True),
    Part("components", "component_statistics", "Dose interne, radon, rayonnement cosmique",
         "Internal dose, radon, cosmic radiation", ("component", "group_code"),
         ("monitored", "exposed", "collective_dose_man_sv", "mean_exposed_msv"), {}),
    Part("ratios", "national_statistics", "Rapports de l'UNSCEAR, dose efficace", "UNSCEAR ratios, effective dose",
         ("year",), _RATIOS, _NATION, True),
    Part("workplaces", "workplace_statistics", "Lieu de travail et prestataires", "Place of work and contractors",
         ("site", "relation", "basis"), ("monitored", "exposed", "collective_dose_man_sv", "mean_exposed_msv"), {}),
    Part("gaps", "passive_operational_gaps", "Écart passif–opérationnel", "Passive–operational gap", ("group_code",),
         ("monitored", "exposed", "gap_of_sums", "median_gap"), {}),
    Part("watch", "classification_watch_counts", "Doses hors de la catégorie", "Doses that do not fit the category",
         ("rule_code",), ("monitored", "flagged"), {"dimension": "ALL"}),
    Part("cumulated", "cumulative_distribution", "Doses cumulées", "Accumulated doses",
         ("span", "group_code", "class_code"), _CLASSES, {}),
    Part("like_for_like", "like_for_like", "Série à champ constant", "Like-for-like series", ("year", "reading"),
         ("monitored", "exposed", "collective_dose_man_sv", "mean_exposed_msv"), {}, True),
    Part("changes", "national_dose_changes", "Variation de la dose collective", "Change of the collective dose",
         ("year",), _EFFECTS, {}, True),
    Part("exceedances", "national_exceedances", "Dépassements de limite", "Exceedances of limits",
         ("limit_code", "domain"), _COUNTS, {}),
)  # fmt: skip

# Source: domain definitions of the annual reports; arrêté du 23 juin 2023; UNSCEAR 2000, annex E.
DEFINITIONS = (
    ("Effectif suivi : au moins un résultat passif au corps entier ou une dose cosmique dans l'année.",
     "Monitored: at least one whole-body passive result or a cosmic dose in the year."),
    ("Effectif exposé : dose annuelle supérieure à zéro, une valeur sous le seuil d'enregistrement valant zéro.",
     "Exposed: an annual dose above zero, values below the recording threshold counting as zero."),
    ("Dose collective : somme des doses individuelles, en homme·Sv.", "Collective dose: sum of the doses, in man·Sv."),
    ("Moyenne des exposés : dose collective divisée par l'effectif exposé ; celle des suivis, par l'effectif suivi.",
     "Mean of the exposed: collective dose over the exposed; that of the monitored, over the monitored."),
    ("« > x mSv » : strictement supérieur.", "“> x mSv”: strictly greater."),
    ("Rapport en nombre NR, en dose SR : part des suivis, ou de leur dose, au-dessus de 15, 10, 5 ou 1 mSv.",
     "Number ratio NR, dose ratio SR: share of the monitored, or of their dose, above 15, 10, 5 or 1 mSv."),
)  # fmt: skip
METHOD = (
    ("Une dose appartient au dernier jour de sa période de port et à l'année civile de ce jour.",
     "A dose belongs to the last day of its wear, and to the calendar year of that day."),
    ("Chaque personne compte une fois par groupe ; qui a deux secteurs compte dans chacun, une fois au total.",
     "Each person counts once per group; a worker of two sectors counts in each, and once in the whole."),
    ("Dose efficace : Hp(10), neutrons, dose interne engagée, radon et rayonnement cosmique. Les doses d'urgence sont "
     "comptées à part.",
     "Effective dose: Hp(10), neutrons, committed internal dose, radon and cosmic radiation. Emergency doses are "
     "counted apart."),
    ("Les corrections et annulations remplacent ; aucune dose n'est réécrite.",
     "Corrections and cancellations replace; no dose is rewritten."),
)  # fmt: skip


@dataclass(frozen=True)
class Table:
    """One table of the report: a label per row in each language, then figures; NULL is withheld or undefined."""

    part: Part
    columns: list[ModelColumn]
    labels_fr: list[str]
    labels_en: list[str]
    codes: list[str]
    values: list[list[Decimal | int | None]]
    withheld: list[bool]


@dataclass(frozen=True)
class Report:
    """The contents, in order."""

    year: int
    release: Release
    tables: list[Table]
    breaks: list[dict]
    revisions: list[tuple[str, str, str, str]]
    notes: list[tuple[str, str]]

    @property
    def title_fr(self) -> str:
        return f"Expositions professionnelles aux rayonnements ionisants – bilan {self.year}"

    @property
    def title_en(self) -> str:
        return f"Occupational exposure to ionising radiation – report {self.year}"


def contents(snapshots: Snapshots, release: Release, year: int) -> Report:
    """The report of a year as a release shows it.

    Raises UsageError when the release has no such year, StorageError when it was altered.
    """
    years = snapshots.query_release(release, "select distinct year from national_statistics order by year")["year"]
    if year not in years:
        known = f"{years.min()} to {years.max()}" if len(years) else "none"
        raise UsageError(f"The release of {release.name} has no statistics of {year}.", next_step=f"Years: {known}.")
    _must_be_as_released(snapshots, release)
    tables = [_table(snapshots, release, part, year) for part in PARTS]
    breaks = reference.table("series_breaks").filter(pl.col("since").dt.year() <= year).sort("since", "break_code")
    return Report(year, release, [t for t in tables if t.values], breaks.to_dicts(), _revisions(release), _notes())


def _must_be_as_released(snapshots: Snapshots, release: Release) -> None:
    """Raises StorageError when a table is not the one whose checksum the release gave."""
    for name in sorted({part.model for part in PARTS}):
        frame = snapshots.query_release(release, f"select * from {name}")
        if checksum(in_key_order(frame, models()[name])) != release.checksums[name]:
            raise StorageError(
                f"The table {name} of the release of {release.name} was altered.",
                next_step="Restore the folder of the release from a copy.",
            )


def _table(snapshots: Snapshots, release: Release, part: Part, year: int) -> Table:
    model = models()[part.model]
    conditions = [f"{column} = ?" for column in part.where] + ["year <= ?" if part.is_series else "year = ?"]
    sql = f"select * from {part.model} where {' and '.join(conditions)}"
    frame = in_key_order(snapshots.query_release(release, sql, [*part.where.values(), year]), model)
    order = [name for name in ("position",) if name in frame.columns]
    if order:
        frame = frame.sort([*(n for n in part.named_by if n != "class_code"), *order])
    rows = frame.to_dicts()
    told = {language: [_named(part, row, language) for row in rows] for language in ("fr", "en")}
    return Table(
        part,
        [model.columns[name] for name in part.figures],
        told["fr"],
        told["en"],
        ["|".join(str(row[name]) for name in part.named_by) for row in rows],
        [[row[name] for name in part.figures] for row in rows],
        [bool(row.get("suppressed")) for row in rows],
    )


def _named(part: Part, row: dict, language: str) -> str:
    names = []
    for column in part.named_by:
        kind = column
        if column == "group_code":
            # Tables of few dimensions hold domains.
            kind = part.where.get("dimension") or "domain"
        if column == "class_code" and part.model == "cumulative_distribution":
            kind = "cumulative_class"
        names.append(label(kind, row[column], language))
    return " – ".join(names)


def _revisions(release: Release) -> list[tuple[str, str, str, str]]:
    """(year, cause in French, in English, persons) of what became known since the release before."""
    return [
        (
            str(row["year"] or "–"), Cause(row["cause"]).label_fr, Cause(row["cause"]).label_en,
            "–" if row["persons"] is None else str(row["persons"]),
        )
        for row in release.revisions
    ]  # fmt: skip


def _notes() -> list[tuple[str, str]]:
    """What is withheld and why, with the thresholds in force."""
    persons, places = reference.threshold("person_count"), reference.threshold("establishment_count")
    share = (100 * reference.threshold("dominance_share")).normalize()
    return [
        (f"s : secret statistique – moins de {persons} personnes ou de {places} établissements, plus de {share:f} % "
         "d'un seul, ou ce qui le donnerait par différence (loi du 7 juin 1951, art. 6).",
         f"s: withheld – fewer than {persons} persons or {places} establishments, more than {share:f} % of one, or "
         "what would give it by subtraction (law of 7 June 1951, art. 6)."),
        ("– : non défini (personne dans le groupe).", "–: undefined (nobody in the group)."),
        (f"D'un arrêté au suivant, un chiffre changé pour moins de {persons} personnes reste le même.",
         f"From one release to the next, a figure changed for fewer than {persons} persons stays the same."),
    ]  # fmt: skip
