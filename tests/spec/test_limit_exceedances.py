"""limit_exceedances: strictly above, dated limits, episodes, minors, and what rows that wait would do."""

from datetime import UTC, date, datetime

MARCH = datetime(2024, 3, 1, 12, tzinfo=UTC)
ASK = "select worker_key, limit_code, first_date, peak_date, peak_msv, status from {} order by all"


def episodes(register, mart="limit_exceedances", as_of=None) -> list[tuple]:
    return [(w, c, str(f), str(p), str(d), s) for w, c, f, p, d, s in register.rows_of(ASK.format(mart), as_of)]


def test_exactly_the_limit_is_compliant(register, table):
    for row in table("""
        worker_key | period_end | dose_msv
        1          | 2024-01-31 | 12.500
        1          | 2024-06-30 | 7.500
        2          | 2024-01-31 | 12.500
        2          | 2024-06-30 | 7.501
        3          | 2024-01-31 | 12.500
        3          | 2025-01-31 | 12.500
    """):
        register.dose(**row)
    assert episodes(register) == [(2, "L1", "2024-06-30", "2024-06-30", "20.001", "detected")]


def test_twelve_monthly_doses_that_total_twenty(register):
    for month in range(1, 13):
        register.dose(date(2023, month, 28), "1.667" if month < 12 else "1.663")
    assert episodes(register) == []


def test_an_episode_has_its_peak_and_a_later_one_is_another(register, table):
    for row in table("""
        period_end | dose_msv
        2010-01-31 | 21.000
        2010-06-30 | 4.000
        2010-09-30 | 0.100
        2015-01-31 | 22.000
    """):
        register.dose(**row)
    assert episodes(register) == [
        (1, "L1", "2010-01-31", "2010-09-30", "25.100", "detected"),
        (1, "L1", "2015-01-31", "2015-01-31", "22.000", "detected"),
    ]


def days_above(register, mart="limit_exceedances") -> list[tuple]:
    sql = f"select limit_code, first_date, last_date, peak_msv, status from {mart} order by all"
    return [(code, str(first), str(last), str(msv), status) for code, first, last, msv, status in register.rows_of(sql)]


def test_an_episode_is_the_days_on_which_the_limit_is_passed(register, table):
    for row in table("""
        worker_key | period_end | dose_msv
        1          | 2010-01-31 | 15.000
        1          | 2010-12-31 | 6.000
        1          | 2011-06-30 | 15.000
        2          | 2010-01-31 | 21.000
        2          | 2011-01-31 | 21.000
    """):
        register.dose(**row)
    assert days_above(register) == [
        # What was received on 31 January 2010 leaves the window a year later, and the sum falls to 6.
        ("L1", "2010-01-31", "2012-01-30", "21.000", "detected"),
        ("L1", "2010-12-31", "2011-01-30", "21.000", "detected"),
        ("L1", "2011-06-30", "2011-12-30", "21.000", "detected"),
    ]


def test_wear_across_two_regimes_that_passes_both_is_an_exceedance(register, table):
    for row in table("""
        worker_key | period_start | period_end | dose_msv
        1          | 2023-06-15   | 2023-07-14 | 60.000
        2          | 2023-06-15   | 2023-07-14 | 50.000
        3          | 2018-06-15   | 2018-07-14 | 160.000
    """):
        register.dose(quantity="HP3", body_location="EYE", **row)
    sql = "select worker_key, limit_code, status from exceedance_history order by all"
    assert register.rows_of(sql) == [
        (1, "L4", "detected"),
        (2, "L4", "transition"),
        # The block of five years is a limit of its own, and had no former one.
        (3, "L4t", "transition"),
        (3, "L4ty", "detected"),
    ]


def test_whether_a_reading_pro_rata_of_wear_would_comply(register, table):
    for row in table("""
        worker_key | period_start | period_end | dose_msv
        1          | 2022-01-02   | 2022-01-31 | 12.000
        1          | 2022-12-16   | 2023-01-14 | 12.000
        2          | 2022-05-01   | 2022-05-31 | 12.000
        2          | 2022-12-16   | 2023-01-14 | 12.000
        3          | 2022-03-30   | 2022-03-31 | 10.000
        3          | 2023-01-01   | 2023-03-30 | 11.000
    """):
        register.dose(**row)
    sql = """
        select worker_key, peak_msv, earliest_wear, prorata_peak_msv, complies_prorata from limit_exceedances order by 1
    """
    # On 14 January, 17 of the 30 days of the first badge are inside: 6.8 and 12. On 30 March one of two days is: 5 and
    # 11; but on the day before, both were, and 88 of the 89 days of the second badge.
    assert [tuple(map(str, row)) for row in register.rows_of(sql)] == [
        ("1", "24.000", "2022-01-02", "18.800", "True"),
        ("2", "24.000", "2022-05-01", "24.000", "False"),
        ("3", "21.000", "2022-03-30", "20.876", "False"),
    ]


def test_limits_are_dated_and_old_wear_makes_a_transition(register, table):
    for row in table("""
        worker_key | period_start | period_end | dose_msv
        1          | 2023-04-01   | 2023-06-30 | 15.000
        1          | 2023-07-01   | 2023-09-30 | 6.000
        2          | 2023-04-01   | 2023-06-30 | 15.000
        2          | 2023-07-01   | 2023-09-30 | 20.001
        3          | 2022-04-01   | 2022-06-30 | 30.000
    """):
        register.dose(quantity="HP3", body_location="EYE", **row)
    path_rows = register.rows_of(ASK.format("exceedance_history"))
    assert [(w, c, str(d), s) for w, c, _, _, d, s in path_rows] == [
        (1, "L4", "21.000", "transition"),
        (2, "L4", "35.001", "detected"),
    ]
    assert [row[0] for row in episodes(register)] == [2]


def test_the_lens_block_of_five_years(register):
    for year in (2018, 2019, 2020, 2021, 2022):
        register.dose(date(year, 12, 31), "20.001", quantity="HP3", body_location="EYE")
    assert episodes(register) == [(1, "L4t", "2022-12-31", "2022-12-31", "100.005", "detected")]


def test_minors(register, table):
    register.add("minors", worker_key=1, adult_on=date(2024, 6, 15))
    for row in table("""
        period_start | period_end | dose_msv
        2024-05-01   | 2024-05-31 | 4.000
        2024-06-01   | 2024-06-30 | 2.001
        2024-07-01   | 2024-07-31 | 9.000
    """):
        register.dose(**row)
    assert episodes(register) == [(1, "L6", "2024-06-30", "2024-06-30", "6.001", "detected")]


def test_minors_before_2018(register, table):
    for worker in (1, 2):
        register.add("minors", worker_key=worker, adult_on=date(2018, 12, 1))
    for row in table("""
        worker_key | period_end | dose_msv
        1          | 2010-06-30 | 6.000
        2          | 2010-06-30 | 6.001
        2          | 2018-06-30 | 6.001
    """):
        register.dose(**row)
    rows = episodes(register)
    # What is above across 2018-07-01 is one exceedance: the text changed, the limit did not.
    assert [row[:3] for row in rows] == [(2, "L6", "2010-06-30"), (2, "L6", "2018-06-30")]


def test_a_corrected_birth_date_makes_nobody_a_minor_for_ever(register):
    register.add("minors", worker_key=1, adult_on=date(2034, 6, 15))
    corrected = datetime(2024, 3, 1, tzinfo=UTC)
    register.add("minors", worker_key=1, adult_on=date(2004, 6, 15), delivery_no=2, known_at=corrected)
    register.dose("2024-05-31", "6.001")
    assert episodes(register) == []


def test_rows_that_wait_are_provisional(register):
    register.dose("2024-01-31", "12.000")
    register.add("waiting", period_end=date(2024, 2, 29), dose_msv=9, worker_key=1, delivery_no=2)
    register.add("waiting", period_end=date(2024, 2, 29), dose_msv=99, worker_key=None, delivery_no=2)
    assert episodes(register) == []
    assert episodes(register, "provisional_exceedances") == [
        (1, "L1", "2024-02-29", "2024-02-29", "21.000", "provisional")
    ]


def test_rows_that_wait_and_would_raise_an_exceedance_are_provisional(register):
    register.dose("2024-01-31", "21.000")
    register.add("waiting", period_end=date(2024, 2, 29), dose_msv=30, worker_key=1, delivery_no=2)
    sql = "select peak_msv, counted_peak_msv from provisional_exceedances"
    assert [tuple(map(str, row)) for row in register.rows_of(sql)] == [("51.000", "21.000")]
    assert [row[4] for row in episodes(register)] == ["21.000"]


def test_the_authority_is_told_where_even_if_the_peak_waits(register):
    register.add("establishments", company_name="Clinique du Port")
    register.add("waiting", period_end=date(2024, 2, 29), dose_msv=30, worker_key=1, delivery_no=2)
    sql = "select status, domain, company_name, category from exceedance_context"
    assert register.rows_of(sql) == [("provisional", "MEDICAL_DENTAL_VET", "Clinique du Port", "UNSPECIFIED")]


def test_a_record_that_waited_and_came_again_is_counted_once(register):
    register.dose("2024-01-31", "12.000")
    waiting = register.add(
        "waiting", period_end=date(2024, 2, 29), dose_msv=5, worker_key=1, delivery_no=2, record_id="w"
    )
    register.dose("2024-02-29", "5.000", delivery_no=3, record_id=waiting["record_id"])
    assert episodes(register, "provisional_exceedances") == []


def test_a_released_dose_counts_from_the_day_the_list_came(register):
    register.dose("2024-01-31", "12.000", delivery_no=2)
    waiting = register.add("waiting", period_end=date(2024, 2, 29), dose_msv=9, worker_key=1, delivery_no=2, row_no=7)
    list_came = datetime(2024, 4, 10, 12, tzinfo=UTC)
    released = {"delivery_no": 2, "row_no": 7, "judged_by": 5, "received_at": list_came}
    dose = register.dose("2024-02-29", "9.000", **released)
    assert dose["dose_id"] == waiting["dose_id"]
    # The list that releases it does not stand yet: its lander crashed before the end.
    assert episodes(register) == []
    register.add("employments", delivery_no=5, known_at=list_came)
    episode = (1, "L1", "2024-02-29", "2024-02-29", "21.000")
    assert episodes(register) == [(*episode, "detected")]
    assert episodes(register, "provisional_exceedances") == []
    assert episodes(register, "provisional_exceedances", date(2024, 4, 9)) == [(*episode, "provisional")]
    assert episodes(register, as_of=date(2024, 4, 9)) == []


def test_what_was_refused_at_its_release_waits_no_more(register):
    register.dose("2024-01-31", "12.000")
    register.add("waiting", period_end=date(2024, 2, 29), dose_msv=9, worker_key=1, delivery_no=2, row_no=7)
    register.add("employments", delivery_no=5)
    register.add("rejections", delivery_no=2, row_no=7, judged_by=5, severity="R", code="P03", field="period_start")
    assert episodes(register, "provisional_exceedances") == []


def test_a_corrected_exceedance_is_gone_but_not_forgotten(register):
    wrong = register.dose("2024-01-31", "500.000")
    register.dose("2024-01-31", "0.500", record_action="REPLACE", replaces_dose_id=wrong["dose_id"], delivery_no=2,
                  author_role="PHYSICIAN", motive_code="MEDICAL_INQUIRY", received_at=MARCH)  # fmt: skip
    assert episodes(register) == []
    assert episodes(register, "exceedance_history") == [(1, "L1", "2024-01-31", "2024-01-31", "500.000", "gone")]


def test_an_exceedance_between_two_corrections_is_not_forgotten(register):
    first = register.dose("2024-01-31", "1.000")
    again = {"record_action": "REPLACE", "motive_code": "VALUE"}
    wrong = register.dose("2024-01-31", "25.000", delivery_no=2, received_at=MARCH,
                          replaces_dose_id=first["dose_id"], **again)  # fmt: skip
    april = datetime(2024, 4, 2, 12, tzinfo=UTC)
    register.dose("2024-01-31", "2.000", delivery_no=3, received_at=april, replaces_dose_id=wrong["dose_id"], **again)
    assert episodes(register, as_of=date(2024, 3, 15)) == [(1, "L1", "2024-01-31", "2024-01-31", "25.000", "detected")]
    assert episodes(register) == []
    sql = "select peak_msv, status, gone_at from exceedance_history"
    assert [(str(m), s, at.astimezone(UTC)) for m, s, at in register.rows_of(sql)] == [("25.000", "gone", april)]


def test_emergency_and_operational_doses_make_no_exceedance(register):
    register.dose("2024-01-31", "90.000", situation="SUR")
    register.dose("2024-01-31", "90.000", dosimetry="OPERATIONAL")
    assert episodes(register) == []


def test_a_text_that_takes_a_limit_over_unchanged_ends_no_exceedance(register, table):
    """500 mSv to hands or skin across 2018-07-01, and 150 mSv to the lens across 2010-07-05, are one limit."""
    for row in table("""
        worker_key | quantity | body_location | period_end | dose_msv
        1          | HP007    | FINGER_L      | 2018-03-31 | 500.001
        2          | HP007    | TRUNK         | 2018-03-31 | 300.000
        2          | HP007    | TRUNK         | 2018-09-30 | 200.001
        3          | HP3      | EYE           | 2010-03-31 | 150.001
        4          | HP007    | FINGER_L      | 1970-03-31 | 500.001
    """):
        register.dose(**row)
    rows = register.rows_of("select worker_key, limit_code, first_date, last_date from limit_exceedances order by all")
    assert [(*row[:2], *map(str, row[2:])) for row in rows] == [
        (1, "L2", "2018-03-31", "2019-03-30"),
        (2, "L3", "2018-09-30", "2019-03-30"),
        (3, "L4h", "2010-03-31", "2011-03-30"),
        (4, "L2", "1970-03-31", "1971-03-30"),
    ]
