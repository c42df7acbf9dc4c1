"""Demo accounts: one per reader of the platform, over fictitious persons, only in a home that says it is a demo."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, select

from lake import reference
from lake.errors import SettingError
from lake.settings import Settings
from lake.vocabulary import Role
from registry.accounts import create_account, designate
from registry.tables import accounts

DEMO_PASSWORD = "dosilake-demo-2026"
DEMO_SINCE = date(2000, 1, 1)


@dataclass(frozen=True)
class _Reader:
    name: str
    role: Role
    label_fr: str
    opens: str = ""


READERS = (
    _Reader("autorite", Role.AUTHORITY, "Autorité (DGT, ASNR)"),
    _Reader("inspecteur", Role.INSPECTOR, "Inspecteur du travail", "establishments"),
    _Reader("employeur", Role.EMPLOYER, "Employeur (CES)", "establishments"),
    _Reader("crp", Role.CRP, "Conseiller en radioprotection", "establishments"),
    _Reader("medecin", Role.PHYSICIAN, "Médecin du travail", "establishments"),
    _Reader("infirmier", Role.HEALTH_STAFF, "Infirmier de santé au travail", "establishments"),
    _Reader("travailleur", Role.WORKER, "Travailleur"),
    _Reader("chercheur", Role.RESEARCHER, "Chercheur sous convention", "project"),
    _Reader("organisme", Role.BODY, "Organisme de dosimétrie", "body"),
    _Reader("exploitant", Role.BODY, "Exploitant nucléaire", "operator"),
    _Reader("registre", Role.REGISTER, "Équipe du registre"),
    _Reader("auditeur", Role.AUDITOR, "Auditeur"),
)


def create_demo_accounts(
    engine: Engine,
    *,
    settings: Settings,
    worker_key: int,
    establishment_keys: Iterable[int],
    sender_codes: Iterable[str],
    project_code: str,
) -> list[tuple[str, str, str, str]]:
    """One (email, password, role, label) per reader; those that exist already are left as they are.

    The body gets the first sender that is not an operator, the operator the first that is.
    Raises SettingError outside demo mode.
    """
    if not settings.demo:
        raise SettingError(
            "Demo accounts exist only in demo mode.", next_step="Set DOSILAKE_DEMO=true, never over real persons."
        )
    kinds = dict(reference.table("senders").select("sender_code", "kind").iter_rows())
    senders = list(sender_codes)
    opened = {
        "": [],
        "establishments": [{"establishment_key": key} for key in establishment_keys],
        "project": [{"project_code": project_code}],
        "body": [{"sender_code": code} for code in senders if kinds.get(code) != "OPERATOR"][:1],
        "operator": [{"sender_code": code} for code in senders if kinds.get(code) == "OPERATOR"][:1],
    }
    with engine.connect() as connection:
        existing = set(connection.scalars(select(accounts.c.email)))
    made = []
    for reader in READERS:
        email = f"{reader.name}@demo.example"
        made.append((email, DEMO_PASSWORD, reader.role.value, reader.label_fr))
        if email in existing:
            continue
        account_id = create_account(
            engine,
            email=email,
            password=DEMO_PASSWORD,
            role=reader.role,
            display_name=reader.label_fr,
            worker_key=worker_key if reader.role == Role.WORKER else None,
            is_demo=True,
        )
        for scope in opened[reader.opens]:
            designate(engine, account_id, starts_on=DEMO_SINCE, **scope)
    return made
