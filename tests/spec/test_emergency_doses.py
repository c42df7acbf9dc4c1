"""emergency_doses: one dose per emergency, the reference level it passed, and the limit of a lifetime."""

from datetime import UTC, date, datetime
from decimal import Decimal

from register import Register

from dashboards.app import fill
from dashboards.ask import Ask
from lake.settings import Settings
from lake.vocabulary import Role
from models.publish import publish
from quality.gate import gate
from registry.policy import Viewer
from registry_api.ground import Ground

NAMED = {"situation": "SUR", "dosimetry": "EMERGENCY", "radiation": "NOT_STATED", "emergency_id": "PENLY"}
STATED = NAMED | {"dosimetry": "EMERGENCY_INTERNAL", "quantity": "E", "body_location": None}
INTAKE = STATED | {"quantity": "E50", "radiation": "ALPHA_INT"}
LATER = datetime(2024, 9, 1, 12, tzinfo=UTC)


def emergencies(register, as_of=None) -> list[tuple]:
    sql = """
        select worker_key, emergency_id, limit_quantity, dose_msv, level_code, passed_on, lifetime_msv
        from emergency_doses order by all
    """
    return [tuple(str(value) for value in row) for row in register.rows_of(sql, as_of)]


def effective(register, as_of=None) -> list[tuple]:
    return [(w, e, *rest) for w, e, quantity, *rest in emergencies(register, as_of) if quantity == "effective"]


def exceeded(register, mart="limit_exceedances", as_of=None) -> list[tuple]:
    sql = f"select worker_key, limit_code, first_date, last_date, peak_date, peak_msv, status from {mart} order by all"
    return [tuple(str(value) for value in row) for row in register.rows_of(sql, as_of)]


def test_exactly_a_reference_level_is_not_passed(register, table):
    for row in table("""
        worker_key | emergency_id | period_end | dose_msv
        1          | PENLY        | 2024-02-28 | 60.000
        1          | PENLY        | 2024-02-29 | 40.000
        2          | PENLY        | 2024-02-28 | 60.000
        2          | PENLY        | 2024-02-29 | 40.001
        3          | PENLY        | 2024-02-29 | 500.000
        4          | PENLY        | 2024-02-29 | 500.001
    """):
        register.dose(period_start=row["period_end"], **(NAMED | row))
    assert effective(register) == [
        ("1", "PENLY", "100.000", "None", "None", "100.000"),
        ("2", "PENLY", "100.001", "E1", "2024-02-29", "100.001"),
        ("3", "PENLY", "500.000", "E1", "2024-02-29", "500.000"),
        ("4", "PENLY", "500.001", "E2", "2024-02-29", "500.001"),
    ]
    assert exceeded(register) == []


def test_a_level_is_of_one_emergency_and_the_lifetime_of_all(register, table):
    for row in table("""
        emergency_id | period_end | dose_msv
        PENLY        | 2020-02-29 | 90.000
        CHINON       | 2024-03-31 | 90.000
        -            | 2024-04-30 | 30.000
    """):
        register.dose(**(NAMED | row))
    assert effective(register) == [
        ("1", "CHINON", "90.000", "None", "None", "180.000"),
        ("1", "PENLY", "90.000", "None", "None", "90.000"),
        ("1", "None", "30.000", "None", "None", "210.000"),
    ]


def test_the_dose_stated_and_badge_with_intakes_are_two_readings(register, table):
    week = {"period_start": date(2024, 3, 4), "period_end": date(2024, 3, 10)}
    for worker, stated in ((1, "70.000"), (2, "69.999"), (3, None)):
        register.dose(dose_msv="50.000", **NAMED | week, worker_key=worker)
        register.dose(dose_msv="40.000", **NAMED | week | {"body_location": "BELT"}, worker_key=worker)
        register.dose(dose_msv="12.000", **INTAKE | week, worker_key=worker)
        register.dose(dose_msv="8.000", **INTAKE | week, worker_key=worker)
        if stated:
            register.dose(dose_msv=stated, **STATED | week, worker_key=worker)
    register.dose(dose_msv="80.000", **STATED | week, worker_key=4)
    # Of two badges the higher; intakes add up; an external dose is only what badges read.
    assert emergencies(register) == [
        ("1", "PENLY", "effective", "70.000", "None", "None", "70.000"),
        ("1", "PENLY", "effective_external", "50.000", "None", "None", "50.000"),
        ("2", "PENLY", "effective", "70.000", "None", "None", "70.000"),
        ("2", "PENLY", "effective_external", "50.000", "None", "None", "50.000"),
        ("3", "PENLY", "effective", "70.000", "None", "None", "70.000"),
        ("3", "PENLY", "effective_external", "50.000", "None", "None", "50.000"),
        ("4", "PENLY", "effective", "80.000", "None", "None", "80.000"),
    ]


def test_the_exceptional_level_is_one_of_external_exposure(register):
    register.dose("2024-03-31", "600.000", **STATED)
    register.dose("2024-03-31", "90.000", **NAMED)
    register.dose("2024-03-31", "510.000", **NAMED, worker_key=2)
    register.dose("2010-03-31", "310.000", **STATED, worker_key=3)
    assert [(w, q, level) for w, _, q, _, level, _, _ in emergencies(register)] == [
        # Whoever reads the external dose alone learns nothing of what the whole passes.
        ("1", "effective", "E1"),
        ("1", "effective_external", "None"),
        ("2", "effective", "E2"),
        ("2", "effective_external", "E2"),
        ("3", "effective", "E2h"),
    ]


def test_a_badge_of_the_month_worn_in_an_emergency_counts_by_its_radiation(register):
    month = {"situation": "SUR", "period_end": date(2024, 3, 31)}
    register.dose(dose_msv="10.000", **month)
    register.dose(dose_msv="11.000", radiation="MIXED", **month)
    register.dose(dose_msv="5.000", radiation="NEUTRON", **month)
    register.dose(dose_msv="90.000", badge_position="OVER_APRON", **month)
    register.dose(dose_msv="90.000", body_location="ABDOMEN", **month)
    register.dose(dose_msv="90.000", dosimetry="OPERATIONAL", **month)
    register.dose(dose_msv="90.000", quantity="HP3", body_location="EYE", **month)
    register.dose(dose_msv=None, result_status="LOST", **month)
    assert effective(register) == [("1", "None", "16.000", "None", "None", "16.000")]


def test_a_life_of_emergencies_is_held_to_its_limit(register, table):
    register.add("identity_links", worker_key=3, person_key=1)
    for row in table("""
        worker_key | emergency_id | period_end | dose_msv
        1          | PENLY        | 2019-02-28 | 400.000
        3          | CHINON       | 2024-02-29 | 600.001
        2          | PENLY        | 2019-02-28 | 400.000
        2          | CHINON       | 2024-02-29 | 600.000
    """):
        register.dose(**(STATED | row))
    as_of = date(2024, 6, 30)
    peak = ("1", "L7", "2024-02-29", "2024-06-30", "2024-02-29", "1000.001", "detected")
    assert exceeded(register, as_of=as_of) == exceeded(register, "exceedance_history", as_of) == [peak]
    # As it was known before the second emergency, nothing was passed.
    assert exceeded(register, as_of=date(2024, 2, 28)) == []
    assert effective(register, date(2024, 2, 28)) == [
        ("1", "PENLY", "400.000", "E1", "2019-02-28", "400.000"),
        ("2", "PENLY", "400.000", "E1", "2019-02-28", "400.000"),
    ]
    records = register.rows_of("select distinct limit_code, period_end, counted_msv from exceedance_records order by 2")
    assert [tuple(map(str, row)) for row in records] == [
        ("L7", "2019-02-28", "400.000"),
        ("L7", "2024-02-29", "600.001"),
    ]


def test_a_limit_of_a_life_that_a_later_text_kept_is_passed_once(register, table):
    for row in table("""
        worker_key | period_end | dose_msv
        1          | 2010-03-31 | 1000.001
        2          | 2003-04-03 | 1000.001
    """):
        register.dose(**(STATED | row))
    assert exceeded(register, as_of=date(2024, 6, 30)) == [
        ("1", "L7", "2010-03-31", "2024-06-30", "2010-03-31", "1000.001", "detected"),
        # What was received before the first text counts in the life, from that text on.
        ("2", "L7", "2003-04-04", "2024-06-30", "2003-04-04", "1000.001", "detected"),
    ]


def test_a_corrected_lifetime_is_gone_but_not_forgotten(register):
    wrong = register.dose("2024-03-31", "1200.000", **STATED)
    register.dose("2024-03-31", "120.000", **STATED, record_action="REPLACE", replaces_dose_id=wrong["dose_id"],
                  delivery_no=2, motive_code="TYPING", received_at=LATER)  # fmt: skip
    assert exceeded(register) == []
    assert exceeded(register, "exceedance_history") == [
        ("1", "L7", "2024-03-31", "2024-09-01", "2024-03-31", "1200.000", "gone")
    ]
    assert [row[:4] for row in effective(register)] == [("1", "PENLY", "120.000", "E1")]


def test_emergency_doses_that_wait_would_exceed_provisionally(register):
    register.add("establishments", company_name="Centrale de Penly")
    register.dose("2024-03-31", "600.000", **STATED)
    waiting = STATED | {"period_end": date(2024, 4, 30), "delivery_no": 2}
    register.add("waiting", dose_msv=Decimal("400.001"), **waiting)
    as_of = date(2024, 6, 30)
    assert exceeded(register, as_of=as_of) == []
    peak = ("1", "L7", "2024-04-30", "2024-06-30", "2024-04-30", "1000.001", "provisional")
    assert exceeded(register, "provisional_exceedances", as_of) == [peak]
    context = "select limit_code, status, company_name, peak_msv from exceedance_context"
    assert [tuple(map(str, row)) for row in register.rows_of(context, as_of)] == [
        ("L7", "provisional", "Centrale de Penly", "1000.001")
    ]


def test_the_page_of_a_worker_shows_a_level_passed_and_no_exceedance(tmp_path):
    # The keys come before the lake, as in any home.
    ground = Ground.open(Settings(home=tmp_path))
    register = Register(tmp_path)
    register.add("establishments")
    for worker in (1, 2):
        register.add("persons", worker_key=worker)
        register.add("employments", worker_key=worker, row_no=worker + 1)
        register.dose("2024-02-29", "1.000", worker_key=worker)
    register.dose("2024-03-31", "120.000", **NAMED)
    publish(
        register.settings,
        register.build(),
        lambda path: gate(register.settings, register.lake, path, with_suites=False),
    )
    shown = {}
    for worker in (1, 2):
        ask = Ask(ground, Viewer(7, Role.WORKER, worker), "fr", {})
        shown[worker] = str(fill(ask, f"/app/worker/{worker}")[0])
        assert ask.t("worker.no_exceedance") in shown[worker]
    assert "Urgence : niveau de référence de 100 mSv" in shown[1] and "PENLY" in shown[1]
    assert ask.t("worker.emergencies") in shown[1] and ask.t("worker.emergencies") not in shown[2]


def test_a_lifetime_passed_before_the_limit_came_into_force_has_its_place(register):
    register.add("establishments")
    register.dose("2002-06-30", "1000.001", situation="SUR", emergency_id="e1")
    found = register.rows_of("select limit_code, siret, domain from exceedance_context order by limit_code")
    assert found == [("L7", "00000000000000", "MEDICAL_DENTAL_VET")]
