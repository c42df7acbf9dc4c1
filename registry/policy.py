"""The access policy: one table of reader × data, each cell with its scope, its window and its article.

`decide` answers (viewer, data) with a Decision; nothing else in the project decides who sees what.
What is not in the table is denied. Doses are then fetched by `models.access`, which binds the row scope into SQL.
NATIONAL and ESTABLISHMENT statistics are shown to every role as the last release froze them. No role reads them live:
whoever could, would take one late result from two readings; the register team judges a release beforehand by the gate
and by the counts of the revision report, which need no live figure.

Sources: Code du travail R.4451-67 to -72, -79; arrêté du 23 juin 2023 art. 4, 5, 7, 18, 19-27.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from lake.errors import AccessDenied
from lake.vocabulary import Dosimetry, LimitQuantity, Role


class Data(StrEnum):
    """What can be asked for; every model's sidecar names one."""

    NATIONAL = "national"
    ESTABLISHMENT = "establishment"
    INDIVIDUAL = "individual"
    EXCEEDANCE = "exceedance"
    EXCEEDANCE_CONTEXT = "exceedance_context"
    EXCEEDANCE_NOTICE = "exceedance_notice"
    IDENTITY = "identity"
    DELIVERY = "delivery"
    TRANSMISSION = "transmission"
    EXTRACT = "extract"
    CONSTRAINT = "constraint"
    CONSTRAINT_SETTING = "constraint_setting"
    OPERATIONS = "operations"
    ACCESS_LOG = "access_log"


class Rows(StrEnum):
    """Which rows a cell opens."""

    ALL = "all"
    SELF = "self"
    OWN_ESTABLISHMENTS = "own_establishments"
    WORKERS_OF_OWN_ESTABLISHMENTS = "workers_of_own_establishments"
    OWN_DELIVERIES = "own_deliveries"
    OWN_PROJECTS = "own_projects"


EVERY_QUANTITY = frozenset(q.value for q in LimitQuantity)
EXTERNAL_QUANTITIES = EVERY_QUANTITY - {LimitQuantity.EFFECTIVE.value}
EVERY_DOSIMETRY = frozenset(d.value for d in Dosimetry)
EXTERNAL_DOSIMETRY = EVERY_DOSIMETRY - {Dosimetry.INTERNAL.value, Dosimetry.EMERGENCY_INTERNAL.value}


@dataclass(frozen=True)
class Viewer:
    """Who is asking, as the session or token says; never built from what a page or request carries."""

    account_id: int
    role: Role
    worker_key: int | None = None
    establishment_keys: frozenset[int] = frozenset()
    sender_codes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Cell:
    """One opening of the policy table.

    months_back: how far back doses are seen and counted; never further than the worker's present contract.
    """

    rows: Rows
    article: str
    quantities: frozenset[str] = EVERY_QUANTITY
    dosimetry: frozenset[str] = EVERY_DOSIMETRY
    months_back: int | None = None


@dataclass(frozen=True)
class Decision:
    """The answer: whether, which rows, and by which article."""

    allowed: bool
    reason_fr: str
    reason_en: str
    article: str
    viewer: Viewer
    cell: Cell | None = field(default=None)

    def or_raise(self) -> "Decision":
        """Itself when allowed; raises AccessDenied with the reason and the way out otherwise."""
        if not self.allowed:
            raise AccessDenied(self.reason_fr, next_step="Demandez l'accès à la personne qui désigne les accédants.")
        return self


_ANYONE = "Code du travail R.4451-134 ; arrêté du 23 juin 2023 art. 7 (statistiques)"
_CONSTRAINT = Cell(Rows.OWN_ESTABLISHMENTS, "Code du travail R.4451-33")
_STATISTICS = "Code du travail R.4451-72 (bilan non nominatif)"

TABLE: dict[Role, dict[Data, Cell]] = {
    Role.WORKER: {
        Data.INDIVIDUAL: Cell(Rows.SELF, "Code du travail R.4451-67"),
        Data.EXCEEDANCE: Cell(Rows.SELF, "Code du travail R.4451-67"),
        Data.IDENTITY: Cell(Rows.SELF, "arrêté du 23 juin 2023 art. 21"),
        Data.NATIONAL: Cell(Rows.ALL, _ANYONE),
    },
    Role.EMPLOYER: {
        Data.ESTABLISHMENT: Cell(Rows.OWN_ESTABLISHMENTS, _STATISTICS),
        # Who must be taken out of the exposure, and nothing of the dose.
        Data.EXCEEDANCE_NOTICE: Cell(Rows.OWN_ESTABLISHMENTS, "arrêté du 23 juin 2023 art. 5 III"),
        Data.IDENTITY: Cell(Rows.WORKERS_OF_OWN_ESTABLISHMENTS, "arrêté du 23 juin 2023 art. 8"),
        Data.CONSTRAINT: _CONSTRAINT,
        Data.NATIONAL: Cell(Rows.ALL, _ANYONE),
    },
    Role.CRP: {
        Data.INDIVIDUAL: Cell(
            Rows.WORKERS_OF_OWN_ESTABLISHMENTS,
            "Code du travail R.4451-69",
            quantities=EXTERNAL_QUANTITIES,
            dosimetry=EXTERNAL_DOSIMETRY,
            months_back=60,
        ),
        Data.EXCEEDANCE: Cell(
            Rows.WORKERS_OF_OWN_ESTABLISHMENTS,
            # An exceedance is told to the adviser with identity and result, whatever the quantity that is limited: this
            # peak is to be known, though it counts internal dose and other employers'. No more of it is told.
            "Code du travail R.4451-79 ; arrêté du 23 juin 2023 art. 5 II",
            dosimetry=EXTERNAL_DOSIMETRY,
            months_back=60,
        ),
        Data.IDENTITY: Cell(Rows.WORKERS_OF_OWN_ESTABLISHMENTS, "Code du travail R.4451-69"),
        Data.ESTABLISHMENT: Cell(Rows.OWN_ESTABLISHMENTS, _STATISTICS),
        Data.CONSTRAINT: _CONSTRAINT,
        # The adviser tells the employer when a constraint may be reached, and so says where it lies.
        Data.CONSTRAINT_SETTING: Cell(Rows.OWN_ESTABLISHMENTS, "Code du travail R.4451-33, R.4451-69 II"),
        Data.NATIONAL: Cell(Rows.ALL, _ANYONE),
    },
    Role.PHYSICIAN: {
        Data.INDIVIDUAL: Cell(Rows.WORKERS_OF_OWN_ESTABLISHMENTS, "Code du travail R.4451-68"),
        Data.EXCEEDANCE: Cell(Rows.WORKERS_OF_OWN_ESTABLISHMENTS, "arrêté du 23 juin 2023 art. 5 II, 22"),
        Data.IDENTITY: Cell(Rows.WORKERS_OF_OWN_ESTABLISHMENTS, "arrêté du 23 juin 2023 art. 22"),
        Data.ESTABLISHMENT: Cell(Rows.OWN_ESTABLISHMENTS, _STATISTICS),
        Data.CONSTRAINT: _CONSTRAINT,
        Data.NATIONAL: Cell(Rows.ALL, _ANYONE),
    },
    Role.HEALTH_STAFF: {
        Data.INDIVIDUAL: Cell(Rows.WORKERS_OF_OWN_ESTABLISHMENTS, "arrêté du 23 juin 2023 art. 24"),
        Data.EXCEEDANCE: Cell(Rows.WORKERS_OF_OWN_ESTABLISHMENTS, "arrêté du 23 juin 2023 art. 24"),
        Data.IDENTITY: Cell(Rows.WORKERS_OF_OWN_ESTABLISHMENTS, "arrêté du 23 juin 2023 art. 24"),
        Data.ESTABLISHMENT: Cell(Rows.OWN_ESTABLISHMENTS, _STATISTICS),
        Data.CONSTRAINT: _CONSTRAINT,
        Data.NATIONAL: Cell(Rows.ALL, _ANYONE),
    },
    Role.INSPECTOR: {
        Data.INDIVIDUAL: Cell(
            Rows.WORKERS_OF_OWN_ESTABLISHMENTS,
            "Code du travail R.4451-71",
            quantities=EXTERNAL_QUANTITIES,
            dosimetry=EXTERNAL_DOSIMETRY,
        ),
        Data.EXCEEDANCE: Cell(
            Rows.WORKERS_OF_OWN_ESTABLISHMENTS, "Code du travail R.4451-71", dosimetry=EXTERNAL_DOSIMETRY
        ),
        Data.IDENTITY: Cell(Rows.WORKERS_OF_OWN_ESTABLISHMENTS, "Code du travail R.4451-71"),
        Data.ESTABLISHMENT: Cell(Rows.OWN_ESTABLISHMENTS, "Code du travail R.4451-71"),
        Data.CONSTRAINT: _CONSTRAINT,
        Data.NATIONAL: Cell(Rows.ALL, _ANYONE),
    },
    Role.BODY: {
        Data.DELIVERY: Cell(Rows.OWN_DELIVERIES, "arrêté du 23 juin 2023 art. 11, 13, 18"),
        Data.TRANSMISSION: Cell(Rows.OWN_DELIVERIES, "arrêté du 23 juin 2023 art. 11, 13, 18"),
        Data.NATIONAL: Cell(Rows.ALL, _ANYONE),
    },
    Role.AUTHORITY: {
        Data.NATIONAL: Cell(Rows.ALL, "Code du travail R.4451-134"),
        Data.EXCEEDANCE_CONTEXT: Cell(Rows.ALL, "arrêté du 23 juin 2023 art. 5 I (contexte sans identité)"),
        # Counts of files, of no person.
        Data.TRANSMISSION: Cell(Rows.ALL, "arrêté du 23 juin 2023 art. 2, 11 et 13 (décomptes sans identité)"),
    },
    Role.RESEARCHER: {
        Data.NATIONAL: Cell(Rows.ALL, _ANYONE),
        # Internal dose is under medical secrecy: an extract holds external quantities.
        Data.EXTRACT: Cell(
            Rows.OWN_PROJECTS,
            "arrêté du 23 juin 2023 art. 7",
            quantities=EXTERNAL_QUANTITIES,
            dosimetry=EXTERNAL_DOSIMETRY,
        ),
    },
    Role.REGISTER: {
        Data.DELIVERY: Cell(Rows.ALL, "arrêté du 23 juin 2023 art. 2"),
        Data.TRANSMISSION: Cell(Rows.ALL, "arrêté du 23 juin 2023 art. 2"),
        Data.OPERATIONS: Cell(Rows.ALL, "arrêté du 23 juin 2023 art. 2"),
        Data.NATIONAL: Cell(Rows.ALL, _ANYONE),
    },
    Role.AUDITOR: {
        Data.ACCESS_LOG: Cell(Rows.ALL, "RGPD art. 5 (2) et 32"),
        Data.NATIONAL: Cell(Rows.ALL, _ANYONE),
    },
}

_NO_DOSE_FOR_EMPLOYER = (
    "L'employeur et le CES n'ont pas accès aux doses individuelles (code du travail, art. R.4451-67 à -71).",
    "Employers have no access to individual doses (labour code, art. R.4451-67 to -71).",
)


def decide(viewer: Viewer, data: Data, *, sees_total_effective: bool = False) -> Decision:
    """Whether `viewer` may read `data`, which rows of it, and by which article; denies what the table does not open.

    `sees_total_effective` is the setting that shows advisers and inspectors the total effective dose
    (R.4451-69, -71) instead of its external part; internal records stay closed to them.
    """
    cell = TABLE.get(viewer.role, {}).get(data)
    if cell is None:
        if viewer.role == Role.EMPLOYER and data in (Data.INDIVIDUAL, Data.EXCEEDANCE):
            reason_fr, reason_en = _NO_DOSE_FOR_EMPLOYER
        else:
            reason_fr = f"Le rôle « {viewer.role.label_fr} » n'ouvre pas ces données."
            reason_en = f"The role “{viewer.role.label_en}” does not open these data."
        return Decision(False, reason_fr, reason_en, "arrêté du 23 juin 2023 art. 4", viewer)
    if sees_total_effective and cell.quantities == EXTERNAL_QUANTITIES:
        cell = Cell(cell.rows, cell.article, EVERY_QUANTITY, cell.dosimetry, cell.months_back)
    return Decision(True, f"Ouvert par {cell.article}.", f"Opened by {cell.article}.", cell.article, viewer, cell)
