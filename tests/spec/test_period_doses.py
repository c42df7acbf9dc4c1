"""period_doses: from what is measured to what is limited, and the ledger that accounts for every row."""

from decimal import Decimal

JANUARY = {"period_start": "2024-01-01", "period_end": "2024-01-31"}


def retained(register) -> dict:
    rows = register.rows_of("""
        select worker_key, limit_quantity, site, sum(dose_msv), sum(considered_msv), bool_or(has_overlap)
        from period_doses group by all order by all
    """)
    return {(worker, quantity, site): (str(d), str(c), o) for worker, quantity, site, d, c, o in rows}


def test_several_badges_in_one_period(register, table):
    for row in table("""
        worker_key | dose_msv | quantity | radiation | body_location | badge_position
        1          | 1.000    | HP10     | PHOTON    | TRUNK         | -
        1          | 1.500    | HP10     | PHOTON    | BELT          | -
        1          | 0.200    | HP10     | NEUTRON   | TRUNK         | -
        1          | 0.300    | HP10     | NEUTRON   | BELT          | -
        2          | 1.000    | HP3      | PHOTON    | EYE           | -
        2          | 0.500    | HP3      | BETA      | EYE           | -
        2          | 1.400    | HP3      | MIXED     | EYE           | -
        2          | 1.450    | HP3      | MIXED     | HEAD_BAND     | -
        3          | 1.000    | HP3      | PHOTON    | EYE           | -
        3          | 1.400    | HP3      | MIXED     | EYE           | -
        4          | 9.000    | HP10     | PHOTON    | TRUNK         | OVER_APRON
        4          | 1.000    | HP10     | PHOTON    | TRUNK         | UNDER_APRON
        4          | 8.000    | HP10     | PHOTON    | ABDOMEN       | -
    """):
        register.dose("2024-01-31", **row)
    doses = retained(register)
    assert doses[1, "effective", "WHOLE_BODY"] == ("1.800", "3.000", False)
    assert doses[2, "lens", "LENS"] == ("1.500", "4.350", False)
    assert doses[3, "lens", "LENS"] == ("1.400", "2.400", False)
    assert doses[4, "effective", "WHOLE_BODY"] == ("1.000", "1.000", False)


def test_components_are_added_and_the_external_dose_leaves_the_internal_one_out(register, table):
    for row in table("""
        dosimetry | quantity | radiation | body_location | dose_msv
        PASSIVE   | HP10     | PHOTON    | TRUNK         | 1.000
        PASSIVE   | HP10     | NEUTRON   | TRUNK         | 0.200
        INTERNAL  | E50      | ALPHA_INT | -             | 0.030
        INTERNAL  | E50      | ALPHA_INT | -             | 0.020
        INTERNAL  | HT50     | ALPHA_INT | -             | 7.000
        RADON     | E        | RADON     | -             | 0.004
        COSMIC    | E        | COSMIC    | -             | 0.600
    """):
        register.dose("2024-01-31", **row)
    doses = retained(register)
    assert doses[1, "effective", "WHOLE_BODY"][0] == "1.854"
    assert doses[1, "effective_external", "WHOLE_BODY"][0] == "1.804"
    assert len(doses) == 2


def test_other_overlaps_are_summed_and_flagged(register, table):
    for row in table("""
        worker_key | establishment_key | period_start | period_end | dose_msv | radiation
        1          | 10                | 2024-01-01   | 2024-01-31 | 1.000    | PHOTON
        1          | 10                | 2024-01-01   | 2024-03-31 | 2.000    | PHOTON
        2          | 10                | 2024-01-01   | 2024-01-31 | 1.000    | PHOTON
        2          | 11                | 2024-01-01   | 2024-03-31 | 2.000    | PHOTON
        3          | 10                | 2024-01-01   | 2024-01-31 | 1.000    | PHOTON
        3          | 10                | 2024-01-01   | 2024-03-31 | 2.000    | NEUTRON
        4          | 10                | 2024-01-01   | 2024-01-31 | 1.000    | PHOTON
        4          | 10                | 2024-02-01   | 2024-02-29 | 2.000    | PHOTON
    """):
        register.dose(**row)
    doses = retained(register)
    assert [doses[worker, "effective", "WHOLE_BODY"][0] for worker in (1, 2, 3, 4)] == ["3.000"] * 4
    assert [doses[worker, "effective", "WHOLE_BODY"][2] for worker in (1, 2, 3, 4)] == [True, False, False, False]


def test_replacements_and_cancellations_remove_every_part_over_all_years(register):
    first = register.dose("2023-12-31", "5.000", row_no=50, part=0, dosimetry="OPERATIONAL")
    register.dose("2023-12-31", "6.000", row_no=50, part=1, dosimetry="OPERATIONAL", radiation="NEUTRON")
    moved = register.dose("2024-01-31", "7.000", delivery_no=2, record_action="REPLACE",
                          replaces_dose_id=first["dose_id"], motive_code="TYPING", dosimetry="OPERATIONAL")  # fmt: skip
    wrong = register.dose("2024-02-29", "3.000")
    register.dose("2024-02-29", None, delivery_no=2, record_action="CANCEL", result_status="MEASURED",
                  replaces_dose_id=wrong["dose_id"], motive_code="NOT_WORN")  # fmt: skip
    assert moved["dose_id"] >> 32 == 2
    assert retained(register) == {(1, "operational", "WHOLE_BODY"): ("7.000", "7.000", False)}


def test_a_replacement_that_is_itself_cancelled_does_not_bring_the_first_row_back(register):
    first = register.dose("2024-01-31", "5.000")
    second = register.dose("2024-01-31", "4.000", record_action="REPLACE", replaces_dose_id=first["dose_id"])
    register.dose("2024-01-31", None, record_action="CANCEL", replaces_dose_id=second["dose_id"])
    assert retained(register) == {}


def test_the_ledger_accounts_for_every_row_and_decimal(register, table):
    for row in table("""
        dose_msv | result_status   | radiation | badge_position | situation | quantity | body_location | threshold
        1.000    | MEASURED        | PHOTON    | -              | PLANNED   | HP10     | TRUNK         | -
        0.600    | MEASURED        | MIXED     | -              | PLANNED   | HP10     | TRUNK         | -
        0.050    | MEASURED        | NEUTRON   | -              | PLANNED   | HP10     | TRUNK         | 0.100
        0.000    | MEASURED        | NEUTRON   | -              | PLANNED   | HP10     | BELT          | 0.100
        9.000    | MEASURED        | PHOTON    | OVER_APRON     | PLANNED   | HP10     | TRUNK         | -
        8.000    | MEASURED        | PHOTON    | -              | PLANNED   | HP10     | ABDOMEN       | -
        70.000   | MEASURED        | PHOTON    | -              | SUR       | HP10     | TRUNK         | -
        -        | LOST            | PHOTON    | -              | PLANNED   | HP10     | BELT          | -
        0.001    | MEASURED        | BETA      | -              | PLANNED   | HP10     | TRUNK         | -
    """):
        register.dose("2024-01-31", recording_threshold_msv=row.pop("threshold"), **row)
    old = register.dose("2024-02-29", "0.500")
    register.dose("2024-02-29", "0.400", record_action="REPLACE", replaces_dose_id=old["dose_id"])
    rows = register.rows_of("select disposition, dose_rows, dose_msv from dose_ledger order by disposition")
    assert [(name, count, str(dose)) for name, count, dose in rows] == [
        ("abdomen", 1, "8.000"),
        ("below_threshold", 1, "0.050"),
        ("counted", 2, "1.400"),
        ("emergency", 1, "70.000"),
        ("no_result", 1, "0.000"),
        ("not_limited", 1, "0.001"),
        ("not_the_highest", 1, "0.600"),
        ("over_apron", 1, "9.000"),
        ("replaced", 1, "0.500"),
        ("zero", 1, "0.000"),
    ]
    assert sum(dose for _, _, dose in rows) == Decimal("89.551")
