"""One row or file that gets each code, beside its nearest neighbour that does not: what the tests run and docs/rules.md
shows.

The register that they are held against stands in `tests/rule_register.py`: three people at the establishment of
siret(1), nobody at siret(2), NEIGHBOUR at siret(3), a waiting number, and two passive results of June 2019: HELD of
siret(1), and another of NEIGHBOUR.
"""

from dataclasses import dataclass, field

from delivery_files import content, key_of, line, nir, rpps, siret
from lake.schema import dose_id

CORSICAN = nir(7, department="2A")
OTHER = nir(2)
UNCLASSIFIED = nir(3)
WAITING_NUMBER = "7" + nir(8)[1:]
ALIX = {"birth_name": "MARTIGNEUL", "first_names": "Alix"}
MAELLE = {"nir": OTHER, "birth_name": "LE GOAZIOU", "first_names": "Maëlle"}
IO = {"nir": UNCLASSIFIED, "birth_name": "OBRANTE", "first_names": "Io"}
HELD = {"record_id": "held", "period_start": "2019-06-01", "period_end": "2019-06-30"}
NEIGHBOUR = {"siret": siret(3), "nir": nir(9)}
HELD_DOSE, NEIGHBOURS_DOSE = (str(dose_id(3, row_no, 0)) for row_no in (2, 3))
CHANGE = {"record_action": "REPLACE", "replaces_record_id": "held", "motive_code": "TYPING"}
ZERO = {"e_msv": "0", "exposure_kbqh_m3": "0"}


@dataclass(frozen=True)
class Case:
    """A line of `layout` that gets `code` with the fields `given`, and does not with those of `neighbour`.

    `sender`: who sends it, else the layout's usual sender; an EMPLOYER's or MDT's account holds siret(1) only.
    """

    code: str
    layout: str
    given: dict[str, str]
    neighbour: dict[str, str]
    sender: str | None = None


@dataclass(frozen=True)
class FileCase:
    """A file (name, bytes) that gets `code` and its neighbour that does not, each described in French.

    `setting`: a setting of the door that takes them; `breaks`: the judge fails on the first, as on nothing foreseen.
    """

    code: str
    given_fr: str
    given: tuple[str, bytes]
    neighbour_fr: str
    neighbour: tuple[str, bytes]
    setting: dict = field(default_factory=dict)
    breaks: bool = False


def _row(code: str, layout: str, given: dict, neighbour: dict, sender: str | None = None) -> Case:
    return Case(code, layout, given, neighbour, sender)


CASES = [
    _row("S01", "PASS", {"sent_on": "2020-02-10;"}, {"sent_on": "2020-02-10"}),
    _row("S02", "PASS", {"sent_on": ""}, {"sent_on": "2020-02-10"}),
    _row("S02", "PASS", {"value_msv": ""}, {"value_msv": "", "result_status": "ABSENT", "read_on": ""}),
    _row("S02", "PASS", {"read_on": ""}, {"read_on": "2020-02-05"}),
    _row("S02", "PASS", CHANGE | {"motive_code": ""}, CHANGE),
    _row("S02", "PASS", CHANGE | {"replaces_record_id": ""}, CHANGE),
    _row("S02", "RADN", {"e_msv": ""}, {"e_msv": "", "result_status": "LOST"}),
    _row("S02", "URGE", {"body_location": ""}, {"body_location": "", "quantity": "E"}),
    _row("S02", "URGE", {"emergency_id": ""}, {"emergency_id": "EXERCICE-2020"}),
    _row("S02", "URGE", {"value_msv": ""}, CHANGE | {"value_msv": "", "record_action": "CANCEL"}),
    _row("S02", "TRAV", {"action": "CLOSE"}, {"action": "CLOSE", "contract_end": "2020-01-31"}),
    _row("S02", "TRAV", {"contract_type": "TEMP"}, {"contract_type": "TEMP", "user_siret": siret(2)}),
    _row("S02", "ETAB", {"action": "CLOSE"}, {"action": "CLOSE", "valid_to": "2020-01-31"}),
    _row("S03", "PASS", {"period_end": "31/01/2020"}, {"period_end": "2020-01-31"}),
    _row("S03", "PASS", {"sent_on": "2020-02-30"}, {"sent_on": "2020-02-29"}),
    _row("S03", "PASS", {"record_id": "r 1"}, {"record_id": "r-1"}),
    _row("S03", "PASS", {"period_start": "0000-01-01"}, {"period_start": "2020-01-01"}),
    _row("S03", "OPER", {"exit_ts": "2020-01-10 10:30"}, {"exit_ts": "2020-01-10T10:30Z"}),
    _row("S03", "INTE", {"mdt_rpps": "10003000000"}, {"mdt_rpps": rpps()}),
    _row("S03", "COSM", {"month": "2020-01-02"}, {"month": "2020-01-01"}),
    _row("S03", "URGE", {"emergency_id": "exercice 2020"}, {"emergency_id": "exercice-2020"}),
    _row("S03", "TRAV", {"work_quota": "1.01"}, {"work_quota": "1.00"}),
    _row("S04", "PASS", {"result_status": "BELOW_THRESHOLD"}, {"result_status": "BELOW_THRESHOLD", "value_msv": "0"}),
    _row("S04", "PASS", {"result_status": "LOST"}, {"result_status": "LOST", "value_msv": "", "read_on": ""}),
    _row("S04", "PASS", {"replaces_record_id": "held"}, {"replaces_record_id": ""}),
    _row("S04", "PASS", {"recording_threshold_msv": "0.101"}, {"recording_threshold_msv": "0.100"}),
    _row("S04", "PASS", {"recording_threshold_msv": "100.000", "value_msv": "25.000"}, {"value_msv": "25.000"}),
    _row("S04", "RADN", {"recording_threshold_msv": "0.051"}, {"recording_threshold_msv": "0.050"}),
    _row("S04", "RADN", {"e_msv": "0.602"}, {"e_msv": "0.600"}),
    _row("S04", "RADN", {"result_status": "DAMAGED"}, {"result_status": "DAMAGED", **ZERO}),
    _row("S04", "COSM", {"recording_threshold_msv": "0.101"}, {"recording_threshold_msv": "0.100"}),
    _row("S04", "INTE", {"organ": "LENS"}, {"organ": "LENS", "ht50_msv": "1.2"}),
    _row("S04", "TRAV", {"category": "NC", "category_start": "2024-02-01"}, {"category": "NC",
         "category_start": "2024-01-31"}),
    _row("S05", "PASS", {"oa_code": "DOSILAB"}, {"oa_code": "LANDAUER"}),
    _row("S05", "OPER", {"operator_code": "EXPL_CEA"}, {"operator_code": "EXPL_EDF"}),
    _row("S05", "URGE", {"sender_code": "LANDAUER"}, {"sender_code": "EMPLOYER"}),
    _row("S06", "PASS", {"record_id": nir() + key_of(nir())}, {"record_id": OTHER + "00"}),
    _row("S06", "PASS", {"record_id": f"w-{nir()}"}, {"record_id": f"w-{OTHER}"}),
    _row("S06", "URGE", {"emergency_id": nir() + key_of(nir())}, {"emergency_id": nir() + "00"}),
    _row("S06", "TRAV", {"group_label": nir() + key_of(nir())}, {"group_label": "Bloc 2"}),
    _row("I01", "PASS", {"nir": "9" + nir()[1:]}, {"nir": nir()}),
    _row("I01", "PASS", {"nir": nir(month=43)}, {"nir": nir(month=42)}),
    _row("I01", "PASS", {"nir": nir(month=13)}, {"nir": nir(month=20)}),
    _row("I01", "PASS", {"nir": nir(month=49)}, {"nir": nir(month=50)}),
    _row("I01", "PASS", {"nir": nir(department="00")}, {"nir": nir(department="99")}),
    _row("I01", "PASS", {"nir": nir(department="2C"), "nir_key": "01"}, {"nir": nir(department="2B")}),
    _row("I02", "PASS", {"nir_key": "98"}, {"nir_key": key_of(nir())}),
    _row("I02", "PASS", {"nir": CORSICAN, "nir_key": "01"}, {"nir": CORSICAN}),
    _row("I03", "PASS", {"siret": siret()[:-1] + str((int(siret()[-1]) + 1) % 10)}, {"siret": siret()}),
    _row("I03", "PASS", {"workplace_siret": "35600000049838"}, {"workplace_siret": "35600000049837"}),
    _row("I04", "PASS", {"nir": nir(99)}, MAELLE),
    _row("I05", "PASS", {"siret": siret(2)}, {"siret": siret(1)}),
    _row("I05", "PASS", {"period_start": "2014-12-01", "period_end": "2014-12-31"}, {"period_start": "2014-12-02",
         "period_end": "2015-01-01"}),
    _row("I06", "PASS", {"first_names": "Camille"}, {"first_names": "ALIX, Camille"}),
    _row("I06", "PASS", MAELLE | {"birth_name": "GOAZIOL"}, MAELLE | {"birth_name": "le  goâziou",
         "first_names": "MAELLE-ANNE"}),
    _row("I06", "TRAV", {"birth_name": "AUTRENOM"}, {"birth_name": "MARTIGNEUL"}),
    _row("I07", "PASS", IO | {"period_start": "2024-02-01", "period_end": "2024-02-01"}, IO | {
         "period_start": "2024-01-01", "period_end": "2024-01-31"}),
    _row("I07", "URGE", IO | {"period_start": "2024-02-01", "period_end": "2024-02-01"}, {
         "period_start": "2024-02-01", "period_end": "2024-02-01"}),
    _row("I08", "TRAV", {"sex": "F"}, {"sex": "M"}),
    _row("I08", "TRAV", {"birth_date": "1980-02-15"}, {"birth_date": "1980-01-15"}),
    _row("I09", "TRAV", {"siret": siret(4)}, {"siret": siret(2)}),
    _row("I10", "URGE", {"siret": siret(2)}, {"siret": siret(1)}, sender="EMPLOYER"),
    _row("I10", "OPER", {"siret": siret(2)}, {"siret": siret(1)}, sender="EMPLOYER"),
    _row("I10", "TRAV", {"siret": siret(2)}, {"siret": siret(1)}, sender="EMPLOYER"),
    _row("I12", "LINK", {"person_key": "99"}, {"person_key": "1"}),
    _row("I12", "LINK", {"person_key": "2"}, {"person_key": "1"}),
    _row("I13", "ETAB", {"company_name": "Fonderies du Port"}, {"company_name": "ATELIERS DU VAL"}, sender="EMPLOYER"),
    _row("I14", "CORR", {"dose_id": NEIGHBOURS_DOSE}, {"dose_id": HELD_DOSE}, sender="MDT"),
    _row("D05", "CORR", {"dose_id": str(dose_id(99, 2, 0))}, {"dose_id": HELD_DOSE}),
    _row("I15", "INQU", {"worker_key": "99"}, {"worker_key": "1"}),
    _row("P01", "INQU", {"happened_on": "2024-05-02"}, {"happened_on": "2024-05-01"}),
    _row("P01", "INQU", {"happened_on": "2020-02-28"}, {"happened_on": "2020-02-29"}),
    _row("I15", "EXAU", {"worker_key": "99"}, {"worker_key": "1"}),
    _row("P01", "EXAU", {"valid_to": "2024-02-28"}, {"valid_to": "2024-02-29"}),
    _row("P01", "EXAU", {"decided_on": "2024-03-01"}, {"decided_on": "2024-02-29"}),
    _row("S02", "EXAU", {"valid_from": ""}, {"action": "WITHDRAW", "valid_from": "", "valid_to": ""}),
    _row("S04", "EXAU", {"action": "WITHDRAW"}, {"action": "WITHDRAW", "valid_from": "", "valid_to": ""}),
    _row("S06", "EXAU", {"decision_ref": nir() + key_of(nir())}, {"decision_ref": nir() + "00"}),
    _row("N01", "INQU", {"limit_code": "L5"}, {"limit_code": "L7"}),
    _row("I11", "TRAV", {"replaces_nir": OTHER}, {"replaces_nir": WAITING_NUMBER}),
    _row("P01", "PASS", {"period_start": "2020-02-01"}, {"period_start": "2020-01-31"}),
    _row("P01", "PASS", {"period_start": "2024-05-01", "period_end": "2024-05-02"}, {"period_start": "2024-05-01",
         "period_end": "2024-05-01"}),
    _row("P01", "OPER", {"exit_ts": "2020-01-10T07:59:00+01:00"}, {"exit_ts": "2020-01-10T08:00:00+01:00"}),
    _row("P01", "URGE", {"period_end": "2024-05-02"}, {"period_end": "2024-05-01"}),
    _row("P01", "TRAV", {"contract_end": "2014-12-31"}, {"contract_end": "2015-01-01"}),
    _row("P02", "PASS", {"period_start": "2020-01-01", "period_end": "2020-04-01"}, {"period_start": "2020-01-01",
         "period_end": "2020-03-31"}),
    _row("P02", "RADN", {"period_start": "2019-11-30", "period_end": "2020-03-01"}, {"period_start": "2019-11-30",
         "period_end": "2020-02-29"}),
    _row("P03", "PASS", {"period_start": "2019-06-30", "period_end": "2019-07-31"}, {"period_start": "2019-07-01",
         "period_end": "2019-07-31"}),
    _row("P03", "PASS", HELD | {"record_id": "r2"}, HELD | CHANGE | {"record_id": "r2"}),
    _row("P03", "PASS", HELD | {"record_id": "r2", "badge_position": "NONE"}, HELD | {"record_id": "r2",
         "badge_position": "UNDER_APRON"}),
    _row("P03", "PASS", HELD | {"record_id": "r2", "situation": "EXISTING"}, HELD | {"record_id": "r2",
         "situation": "SUR"}),
    _row("P03", "PASS", HELD | {"record_id": "r2", "radiation": "PHOTON"}, HELD | {"record_id": "r2",
         "radiation": "NEUTRON"}),
    _row("P04", "PASS", {"period_start": "2024-04-01", "period_end": "2024-04-10"}, {"period_start": "2024-04-01",
         "period_end": "2024-04-11"}),
    _row("P04", "RADN", {"period_start": "2024-04-01", "period_end": "2024-04-10"}, {"period_start": "2024-04-01",
         "period_end": "2024-04-11"}),
    _row("D01", "PASS", {"value_msv": "1,5"}, {"value_msv": "1.5"}),
    _row("D01", "PASS", {"value_msv": "-1"}, {"value_msv": "1"}),
    _row("D01", "PASS", {"value_msv": "1e9"}, {"value_msv": "1"}),
    _row("D01", "PASS", {"value_msv": "0.1234"}, {"value_msv": "0.123"}),
    _row("D01", "PASS", {"value_msv": "0000025.000"}, {"value_msv": "000025.000"}),
    _row("D01", "PASS", {"value_msv": "100000.001"}, {"value_msv": "100000.000"}),
    _row("D01", "OPER", {"hp10_neutron_msv": "x"}, {"hp10_neutron_msv": "0.005"}),
    _row("D01", "RADN", {"e_msv": "0.6000"}, {"e_msv": "0.600"}),
    _row("D01", "URGE", {"value_msv": "-1"}, {"value_msv": "0"}),
    _row("D02", "PASS", {"quantity": "HP3", "body_location": "WRIST_L"}, {"quantity": "HP3", "body_location": "EYE"}),
    _row("D02", "PASS", {"radiation": "BETA"}, {"radiation": "MIXED"}),
    _row("D02", "URGE", {"quantity": "E"}, {"quantity": "E", "body_location": ""}),
    _row("D02", "URGE", {"quantity": "HP3"}, {"quantity": "HP3", "body_location": "EYE"}),
    _row("D03", "PASS", {"value_msv": "0.05"}, {"value_msv": "0.10"}),
    _row("D03", "PASS", {"value_msv": "0.12"}, {"value_msv": "0.15"}),
    _row("D03", "OPER", {"hp10_neutron_msv": "0.004"}, {"hp10_neutron_msv": "0.005"}),
    _row("D03", "COSM", {"e_msv": "0.260"}, {"e_msv": "0.250"}),
    _row("D04", "PASS", {"value_msv": "20.050"}, {"value_msv": "20.000"}),
    _row("D04", "PASS", {"value_msv": "20.050"}, {"value_msv": "20.050", "situation": "SUR"}),
    _row("D04", "INTE", {"e50_msv": "20.001"}, {"e50_msv": "20.000"}),
    _row("D05", "PASS", CHANGE | {"replaces_record_id": "nobody"}, CHANGE),
    _row("D05", "PASS", MAELLE | CHANGE, MAELLE | CHANGE | {"motive_code": "IDENTITY"}),
    _row("N01", "PASS", {"situation": "PLANED"}, {"situation": "PLANNED"}),
    _row("N01", "PASS", {"quantity": "E50"}, {"quantity": "HP007"}),
    _row("N01", "RADN", {"situation": "SUR"}, {"situation": "EXISTING"}),
    _row("N01", "COSM", {"method": "AMBIENT"}, {"method": "BADGE"}),
    _row("N01", "URGE", {"sur_group": "3"}, {"sur_group": "2"}),
    _row("N01", "URGE", {"method": "ESTIMATED"}, {"method": "RECONSTRUCTED"}),
    _row("N01", "URGE", {"sender_code": "SIEVERT"}, {"sender_code": "EMPLOYER"}),
    _row("N02", "TRAV", {"oa_code": "IRSN"}, {"oa_code": "ASNR_LDI"}),
    _row("R01", "PASS", HELD | {"value_msv": "0.200"}, HELD | {"record_id": "r2", "value_msv": "0.200"}),
    _row("R02", "PASS", HELD, HELD | {"record_id": "r2"}),
]  # fmt: skip

_NAME = "PASS_LANDAUER_20200210T080000_1.csv"
_TEXT = content("PASS", [line("PASS", first_names="Maëlle")])
_GOOD = (_NAME, _TEXT.encode())

FILE_CASES = [
    FileCase("F01", "texte en latin-1", (_NAME, _TEXT.encode("latin-1")), "le même en UTF-8", _GOOD),
    FileCase("F01", "texte en UTF-16", (_NAME, _TEXT.encode("utf-16")), "UTF-8 avec marque d'ordre (BOM)",
             (_NAME, b"\xef\xbb\xbf" + _TEXT.encode())),
    FileCase("F02", "en-tête commençant par `record_no`", (_NAME, _TEXT.replace("record_id", "record_no", 1).encode()),
             "en-tête commençant par `record_id`", _GOOD),
    FileCase("F03", "`OPER_LANDAUER_20200210T080000_1.csv`", ("OPER_LANDAUER_20200210T080000_1.csv", b"x"),
             "`PASS_LANDAUER_20200210T080000_1.csv`", _GOOD),
    FileCase("F03", "`URGE_SIEVERT_20200210T080000_1.csv`", ("URGE_SIEVERT_20200210T080000_1.csv", b"x"),
             "`URGE_EMPLOYER_20200210T080000_1.csv`",
             ("URGE_EMPLOYER_20200210T080000_1.csv", content("URGE", [line("URGE")]).encode())),
    FileCase("F04", "les octets d'un fichier déjà reçu, sous un autre nom",
             ("PASS_LANDAUER_20200210T080000_2.csv", content("PASS", [line("PASS", **HELD)]).encode()),
             "les mêmes lignes et une de plus",
             (_NAME, content("PASS", [line("PASS", **HELD), line("PASS")]).encode())),
    FileCase("F05", "l'en-tête seul", (_NAME, content("PASS", []).encode()), "l'en-tête et une ligne", _GOOD),
    FileCase("F06", "`PASS_LANDAUER_20200210.csv`", ("PASS_LANDAUER_20200210.csv", _TEXT.encode()),
             "`PASS_LANDAUER_20200210T080000_1.csv`", _GOOD),
    FileCase("F06", "`XXXX_LANDAUER_20200210T080000_1.csv`", ("XXXX_LANDAUER_20200210T080000_1.csv", b"x"),
             "`PASS_LANDAUER_20200210T080000_1.csv`", _GOOD),
    FileCase("F07", "1 Mio et un octet, la limite étant à 1 Mio", (_NAME, _TEXT.encode().ljust(2**20 + 1, b"\n")),
             "1 Mio", (_NAME, _TEXT.encode().ljust(2**20, b"\n")), setting={"largest_file_mib": 1}),
    FileCase("F08", "un fichier sur lequel le programme échoue", _GOOD, "tout autre fichier", _GOOD, breaks=True),
    FileCase("F09", "une ligne de 1 Kio et un octet, la limite étant à 1 Kio",
             (_NAME, _TEXT.encode() + b"x" * 1025 + b"\n"), "une ligne de 1 Kio",
             (_NAME, _TEXT.encode() + b"x" * 1024 + b"\n"), setting={"longest_line_kib": 1}),
    FileCase("F09", "quatre lignes, la limite étant à trois", (_NAME, _TEXT.encode() + b"x\ny\n"), "trois lignes",
             (_NAME, _TEXT.encode() + b"x\n"), setting={"most_lines": 3}),
]  # fmt: skip
