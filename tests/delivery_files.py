"""Small delivery files for tests: a line says only what matters, the rest has plausible defaults."""

from pathlib import Path

from lake import reference


def nir(commune: int = 1, sex: int = 1, year: int = 80, month: int = 1, department: str = "75") -> str:
    """A number that cannot exist: its order is 000."""
    return f"{sex}{year:02d}{month:02d}{department}{commune:03d}000"


def key_of(number: str) -> str:
    digits = number.replace("2A", "19").replace("2B", "18")
    return f"{97 - int(digits) % 97:02d}"


def _with_luhn(stem: str) -> str:
    total = 0
    for i, digit in enumerate(reversed(stem)):
        doubled = int(digit) * (2 if i % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return stem + str(-total % 10)


def siret(number: int = 1) -> str:
    """A SIRET of an invented company, with its check digits."""
    return _with_luhn(_with_luhn(f"9{number:07d}") + "0001")


def rpps(stem: str = "1000300000") -> str:
    return _with_luhn(stem)


_PERSON = {"birth_name": "MARTIGNEUL", "first_names": "Alix"}

DEFAULTS: dict[str, dict[str, str]] = {
    "ETAB": {
        "action": "ADD",
        "siret": siret(),
        "company_name": "Ateliers du Val",
        "address": "1 rue du Port",
        "postcode": "75001",
        "town": "Paris",
        "country": "FR",
        "region_code": "11",
        "department_code": "75",
        "naf": "8610Z",
        "sector_code": "MED.04.01",
        "domain": "CIVIL",
        "is_inb": "false",
        "valid_from": "2015-01-01",
    },
    "TRAV": {
        "action": "ADD",
        "siret": siret(),
        "nir": nir(),
        "id_kind": "NIR",
        **_PERSON,
        "sex": "M",
        "birth_date": "1980-01-15",
        "category": "B",
        "category_start": "2015-01-01",
        "sector_code": "MED.04.01",
        "occupation_code": "M32",
        "contract_type": "CDI",
        "contract_start": "2015-01-01",
        "oa_code": "LANDAUER",
    },
    "LINK": {
        "action": "MERGE",
        "worker_key": "2",
        "person_key": "1",
        "motive_code": "SAME_PERSON",
        "decided_on": "2020-03-01",
    },
    "PASS": {
        "record_id": "r1",
        "record_action": "NEW",
        "oa_code": "LANDAUER",
        "siret": siret(),
        "nir": nir(),
        **_PERSON,
        "period_start": "2020-01-01",
        "period_end": "2020-01-31",
        "period_code": "M",
        "dosimeter_type": "OSL",
        "body_location": "TRUNK",
        "radiation": "PHOTON",
        "quantity": "HP10",
        "value_msv": "0.150",
        "recording_threshold_msv": "0.100",
        "result_status": "MEASURED",
        "read_on": "2020-02-05",
        "sent_on": "2020-02-10",
        "situation": "PLANNED",
    },
    "OPER": {
        "record_id": "o1",
        "record_action": "NEW",
        "operator_code": "EXPL_EDF",
        "inb_siret": siret(),
        "siret": siret(),
        "nir": nir(),
        **_PERSON,
        "entry_ts": "2020-01-10T08:00:00+01:00",
        "exit_ts": "2020-01-10T10:30:00+01:00",
        "hp10_photon_msv": "0.012",
        "sent_on": "2020-01-15",
    },
    "INTE": {
        "record_id": "i1",
        "record_action": "NEW",
        "mdt_rpps": rpps(),
        "siret": siret(),
        "nir": nir(),
        **_PERSON,
        "intake_date": "2020-01-10",
        "intake_date_kind": "KNOWN",
        "radionuclide": "Co-60",
        "route": "INH",
        "e50_msv": "0.400",
        "situation": "PLANNED",
        "decision_date": "2020-02-01",
    },
    "CORR": {
        "record_id": "k1",
        "action": "MODIFY",
        "value_msv": "0.050",
        "motive_code": "MEDICAL_INQUIRY",
        "mdt_rpps": rpps(),
        "decision_date": "2020-02-11",
    },
    "INQU": {
        "action": "NOTIFIED",
        "worker_key": "1",
        "limit_code": "L1",
        "on_date": "2020-02-29",
        "happened_on": "2020-03-05",
    },
    "EXAU": {
        "action": "GRANT",
        "decision_ref": "DREETS-76-2024-001",
        "worker_key": "1",
        "limit_quantity": "effective",
        "valid_from": "2024-02-29",
        "valid_to": "2024-03-31",
        "decided_on": "2024-02-15",
    },
    "RADN": {
        "record_id": "n1",
        "record_action": "NEW",
        "oa_code": "ALGADE",
        "siret": siret(),
        "nir": nir(),
        **_PERSON,
        "period_start": "2020-01-01",
        "period_end": "2020-03-31",
        "exposure_kbqh_m3": "120.000",
        "hours": "400.00",
        "coefficient_msv_per_kbqh_m3": "0.005000",
        "e_msv": "0.600",
        "recording_threshold_msv": "0.050",
        "result_status": "MEASURED",
        "situation": "EXISTING",
        "method": "PERSONAL_PAE",
        "sent_on": "2020-04-10",
    },
    "COSM": {
        "record_id": "c1",
        "record_action": "NEW",
        "oa_code": "SIEVERT",
        "siret": siret(),
        "nir": nir(),
        **_PERSON,
        "month": "2020-01-01",
        "n_flights": "12",
        "block_hours": "60.00",
        "e_msv": "0.250",
        "recording_threshold_msv": "0.100",
        "result_status": "MEASURED",
        "method": "CALC",
        "sent_on": "2020-02-10",
    },
    "URGE": {
        "record_id": "u1",
        "record_action": "NEW",
        "sender_code": "EMPLOYER",
        "siret": siret(),
        "nir": nir(),
        **_PERSON,
        "emergency_id": "EXERCICE-2020",
        "sur_group": "2",
        "period_start": "2020-01-10",
        "period_end": "2020-01-11",
        "body_location": "TRUNK",
        "quantity": "HP10",
        "value_msv": "12.340",
        "method": "MEASURED",
        "sent_on": "2020-02-10",
    },
}

SENDERS = {
    "ETAB": "REGISTER",
    "TRAV": "REGISTER",
    "LINK": "REGISTER",
    "PASS": "LANDAUER",
    "OPER": "EXPL_EDF",
    "INTE": "MDT",
    "CORR": "MDT",
    "INQU": "REGISTER",
    "EXAU": "REGISTER",
    "RADN": "ALGADE",
    "COSM": "SIEVERT",
    "URGE": "EMPLOYER",
}


def fields_of(layout: str) -> list[str]:
    return reference.table("layouts").filter(layout=layout).sort("position")["field"].to_list()


def line(layout: str, **given: str) -> dict[str, str]:
    """One line with the layout's defaults; the key follows the number unless it is given."""
    values = DEFAULTS[layout] | given
    if "nir" in values and "nir_key" not in values:
        values["nir_key"] = key_of(values["nir"])
    return values


def content(layout: str, lines: list[dict[str, str]]) -> str:
    fields = fields_of(layout)
    rows = [";".join(values.get(field, "") for field in fields) for values in lines]
    return "\n".join([";".join(fields), *rows]) + "\n"


class Files:
    """Writes delivery files with running names into a folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.count = 0

    def write(
        self, layout: str, *lines: dict[str, str], sender: str | None = None, at: str = "20200210T080000"
    ) -> Path:
        self.count += 1
        path = self.folder / f"{layout}_{sender or SENDERS[layout]}_{at}_{self.count:06d}.csv"
        path.write_text(content(layout, list(lines)), encoding="utf-8")
        return path
