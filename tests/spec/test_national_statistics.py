"""national_statistics, dose_distribution, establishment_*: each person once per group, the definitions of the field."""

from decimal import Decimal

import pytest
from register import Passed, Register

from lake import reference
from lake.vocabulary import Role
from models.access import Access
from models.publish import publish
from registry.policy import Viewer


def test_a_person_with_two_employers_counts_once_in_the_nation_and_once_in_each_sector(register, table):
    register.add("establishments", establishment_key=10, sector_code="MED.01.01")
    register.add("establishments", establishment_key=11, sector_code="IND.01", row_no=3)
    for row in table("""
        worker_key | establishment_key | dose_msv
        1          | 10                | 1.000
        1          | 11                | 3.000
        2          | 10                | 0.000
        3          | 11                | 16.000
    """):
        register.dose("2023-06-30", **row)
    path = register.build()
    rows = _ask(
        path,
        """
        select dimension, group_code, monitored, exposed, collective_dose_man_sv, mean_monitored_msv, mean_exposed_msv,
            median_exposed_msv, n_gt_1, n_gt_15, number_ratio_15, dose_ratio_15, top_share, n_establishments
        from national_statistics where limit_quantity = 'effective'
            and (dimension in ('ALL', 'domain') or group_code = 'MED.01')
    """,
    )
    assert {row[:2]: tuple(str(v) for v in row[2:]) for row in rows} == {
        ("ALL", "ALL"): ("3", "2", "0.020000", "6.667", "10.000", "10.000", "2", "1", "0.333333", "0.800000",
                         "0.800000", "2"),
        ("domain", "MEDICAL_DENTAL_VET"): ("2", "1", "0.001000", "0.500", "1.000", "1.000", "0", "0", "0.000000",
                                           "0.000000", "1.000000", "1"),
        ("domain", "NON_NUCLEAR_INDUSTRY"): ("2", "2", "0.019000", "9.500", "9.500", "9.500", "2", "1", "0.500000",
                                             "0.842105", "0.842105", "1"),
        ("sector", "MED.01"): ("2", "1", "0.001000", "0.500", "1.000", "1.000", "0", "0", "0.000000", "0.000000",
                               "1.000000", "1"),
    }  # fmt: skip
    classes = _ask(
        path,
        """
        select class_code, workers from dose_distribution
        where limit_quantity = 'effective' and dimension = 'ALL' order by position
    """,
    )
    assert classes == [("0", 1), ("]1;5]", 1), ("]15;20]", 1)]


def test_class_bounds_are_closed_on_the_right(register, table):
    for row in table("""
        worker_key | dose_msv
        1          | 1.000
        2          | 1.001
        3          | 20.000
        4          | 20.001
    """):
        register.dose("2023-06-30", **row)
    assert register.rows_of("""
        select class_code, workers from dose_distribution
        where limit_quantity = 'effective' and dimension = 'ALL' order by position
    """) == [("]0;1]", 1), ("]1;5]", 1), ("]15;20]", 1), (">20", 1)]


def test_nobody_exposed_leaves_means_undefined(register):
    register.dose("2023-06-30", "0.000", result_status="BELOW_THRESHOLD")
    assert register.rows_of("""
        select monitored, exposed, mean_exposed_msv, median_exposed_msv, dose_ratio_1, number_ratio_1, top_share
        from national_statistics where limit_quantity = 'effective' and dimension = 'ALL'
    """) == [(1, 0, None, None, None, Decimal("0.000000"), None)]


def test_an_establishment_beside_its_sector(register):
    worker = 0
    for establishment, dose in ((10, "1.000"), (11, "2.000"), (12, "3.000"), (13, "6.000")):
        register.add("establishments", establishment_key=establishment, row_no=establishment)
        for _ in range(4):
            worker += 1
            register.add("employments", worker_key=worker, establishment_key=establishment, row_no=worker)
            register.dose("2023-06-30", dose, worker_key=worker, establishment_key=establishment)
    rows = register.rows_of("""
        select establishment_key, reference_sector, reference_establishments, reference_exposed, mean_exposed_msv,
            reference_mean_exposed_msv, percentile_among_establishments, expected_msv, standardised_dose_ratio
        from establishment_comparison where occupation_code = 'ALL' order by 1
    """)
    assert [tuple(str(v) for v in row) for row in rows] == [
        ("10", "MED.01.01", "4", "16", "1.000", "3.000", "25.0", "12.000", "0.333"),
        ("11", "MED.01.01", "4", "16", "2.000", "3.000", "50.0", "12.000", "0.667"),
        ("12", "MED.01.01", "4", "16", "3.000", "3.000", "75.0", "12.000", "1.000"),
        ("13", "MED.01.01", "4", "16", "6.000", "3.000", "100.0", "12.000", "2.000"),
    ]


def test_a_sector_dominated_by_one_establishment_is_read_one_level_up(register):
    worker = 0
    places = [(10, "MED.01.01", 12), (11, "MED.01.01", 1), (12, "MED.01.01", 1), (13, "MED.02", 12), (14, "MED.03", 12)]
    for establishment, sector, size in places:
        register.add("establishments", establishment_key=establishment, sector_code=sector, row_no=establishment)
        for _ in range(size):
            worker += 1
            register.dose("2023-06-30", "2.000", worker_key=worker, establishment_key=establishment)
    assert register.rows_of("""
        select reference_sector, reference_level from establishment_comparison
        where occupation_code = 'ALL' and establishment_key = 10
    """) == [("MED", 1)]


def test_timeliness(register, table):
    from datetime import UTC, datetime

    register.dose("2024-01-31", received_at=datetime(2024, 2, 20, 12, tzinfo=UTC))
    register.dose("2024-01-31", received_at=datetime(2024, 2, 20, 23, 30, tzinfo=UTC))
    register.dose("2024-01-31", None, result_status="ABSENT", received_at=datetime(2024, 2, 5, tzinfo=UTC))
    assert register.rows_of("""
        select sender_code, rows_sent, on_time, late, open_absences, median_delay_days from transmission_timeliness
    """) == [("LANDAUER", 3, 2, 1, 1, 20)]


def test_a_reader_gets_a_protected_table(tmp_path):
    from test_access import viewer

    from models.access import Access

    register = Register(tmp_path)
    register.dose("2023-06-30", "1.000")
    publish(register.settings, register.build(), lambda built: Passed())
    where = {"year": 2023, "group_code": "ALL", "limit_quantity": "effective"}
    rows = Access(register.settings, print).fetch(
        "national_statistics", viewer("AUTHORITY"), purpose="test", where=where, columns=["year", "monitored"]
    )
    assert rows.columns == ["year", "monitored", "suppressed", "suppression_reason", "figures_on"]
    assert set(rows["monitored"]) == {None} and set(rows["suppression_reason"]) == {"PERSONS"}


def _ask(path, sql: str) -> list[tuple]:
    import duckdb

    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_percentiles_of_a_nation_are_those_of_its_persons(register):
    """Through value counts as through a sorted list: the same order statistics."""
    doses = [Decimal(n * n % 97 + 1) / 1000 for n in range(1, 42)]
    for number, dose in enumerate(doses, start=1):
        register.dose("2023-12-31", dose, worker_key=number)
    found = register.rows_of("""
        select p25_exposed_msv, median_exposed_msv, p75_exposed_msv, p90_exposed_msv, p95_exposed_msv
        from national_statistics where dimension = 'ALL' and limit_quantity = 'effective'
    """)
    ordered = sorted(doses)
    assert found == [tuple(ordered[40 * percent // 100] for percent in (25, 50, 75, 90, 95))]


def test_standardised_ratios_of_all_establishments_average_to_one(register):
    """Three establishments alike, one person working at two of them."""
    for establishment in (10, 11, 12):
        register.add("establishments", establishment_key=establishment, row_no=establishment)
        for number in range(4):
            worker = establishment * 10 + number if number else establishment if establishment == 12 else 7
            register.add("employments", worker_key=worker, establishment_key=establishment, row_no=worker)
            register.dose("2023-12-31", "1.000", worker_key=worker, establishment_key=establishment)
    rows = register.rows_of("""
        select standardised_dose_ratio, expected_msv from establishment_comparison where occupation_code = 'ALL'
    """)
    assert [tuple(map(str, row)) for row in rows] == [("1.000", "4.000")] * 3


def test_the_external_dose_is_not_published_beside_the_total(register):
    """Their difference is internal dose, in every group, class and count."""
    for establishment in (10, 11, 12):
        register.add("establishments", establishment_key=establishment, row_no=establishment)
    for worker in range(1, 61):
        place = 10 + worker % 3
        register.add("persons", worker_key=worker)
        register.add("employments", worker_key=worker, establishment_key=place, row_no=worker + 100)
        register.dose("2023-06-30", "1.000", worker_key=worker, establishment_key=place)
    publish(register.settings, register.build(), lambda built: Passed())
    access = Access(register.settings, lambda event: None)
    employer = Viewer(2, Role.EMPLOYER, None, frozenset({10}))
    for model, reader, size in (
        ("national_statistics", Viewer(1, Role.AUTHORITY), "monitored"),
        ("dose_distribution", Viewer(1, Role.AUTHORITY), "workers"),
        ("establishment_statistics", employer, "monitored"),
    ):
        rows = access.fetch(model, reader, where={"year": 2023}, purpose="t")
        total, external = (rows.filter(limit_quantity=q) for q in ("effective", "effective_external"))
        assert total[size].drop_nulls().len() and external.height
        hidden = external.select("exposed", size, "collective_dose_man_sv")
        assert hidden.null_count().row(0) == (external.height,) * 3
        assert set(external["suppression_reason"]) == {"INTERNAL"}


@pytest.mark.parametrize(("establishments", "is_compared"), [(3, False), (4, True)])
def test_a_reference_stands_without_the_readers_own_establishment(register, establishments, is_compared):
    """Three establishments, less one's own, would leave two: each mean would tell the other's."""
    for establishment in range(10, 10 + establishments):
        register.add("establishments", establishment_key=establishment, row_no=establishment)
        for number in range(6):
            worker = establishment * 10 + number
            register.add("employments", worker_key=worker, establishment_key=establishment, row_no=worker)
            register.dose("2023-12-31", f"{establishment - 9}.000", worker_key=worker, establishment_key=establishment)
    rows = register.rows_of("""
        select reference_mean_exposed_msv is not null from establishment_comparison where occupation_code = 'ALL'
    """)
    assert rows == [(is_compared,)] * establishments


def test_percentiles_of_all_monitored_count_the_zeros_and_the_unmonitored_are_left_out(register, table):
    """Four monitored, two of them exposed; the fifth has a ring only, the sixth an intake only."""
    for row in table("""
        worker_key | dose_msv | dosimetry | quantity | radiation | body_location
        1          | 0.000    | PASSIVE   | HP10     | PHOTON    | TRUNK
        2          | 0.000    | PASSIVE   | HP10     | PHOTON    | TRUNK
        3          | 2.000    | PASSIVE   | HP10     | PHOTON    | TRUNK
        4          | 4.001    | PASSIVE   | HP10     | PHOTON    | TRUNK
        5          | 90.000   | PASSIVE   | HP007    | PHOTON    | FINGER_L
        6          | 8.000    | INTERNAL  | E50      | ALPHA_INT | -
    """):
        register.dose("2023-06-30", **row)
    rows = register.rows_of("""
        select monitored, exposed, p25_monitored_msv, median_monitored_msv, p99_monitored_msv, median_exposed_msv,
            p99_exposed_msv
        from national_statistics where limit_quantity = 'effective' and dimension = 'ALL'
    """)
    assert [tuple(map(str, row)) for row in rows] == [("4", "3", "0.000", "1.000", "3.941", "4.001", "7.920")]


def test_equal_doses_stand_beside_each_other_with_and_without_a_badge(register, table):
    """Of five exposed, two wear a badge; the dose that four share is each percentile up to the 75th."""
    for row in table("""
        worker_key | dose_msv | dosimetry | quantity | radiation | body_location
        1          | 1.000    | PASSIVE   | HP10     | PHOTON    | TRUNK
        2          | 1.000    | PASSIVE   | HP10     | PHOTON    | TRUNK
        3          | 1.000    | INTERNAL  | E50      | ALPHA_INT | -
        4          | 1.000    | INTERNAL  | E50      | ALPHA_INT | -
        5          | 3.000    | INTERNAL  | E50      | ALPHA_INT | -
    """):
        register.dose("2023-06-30", **row)
    rows = register.rows_of("""
        select monitored, p25_exposed_msv, median_exposed_msv, p75_exposed_msv, p90_exposed_msv, p99_monitored_msv
        from national_statistics where limit_quantity = 'effective' and dimension = 'ALL'
    """)
    assert [tuple(map(str, row)) for row in rows] == [("2", "1.000", "1.000", "1.000", "2.200", "1.000")]


def test_what_one_contributor_weighs(register, table):
    register.add("establishments", establishment_key=10)
    register.add("establishments", establishment_key=11, row_no=3)
    for row in table("""
        worker_key | establishment_key | dose_msv
        1          | 10                | 6.000
        2          | 10                | 1.000
        2          | 11                | 2.000
        3          | 11                | 1.000
    """):
        register.dose("2023-06-30", **row)
    rows = register.rows_of("""
        select top_person_share, collective_dose_without_person_man_sv, mean_exposed_without_person_msv,
            top_establishment_share, collective_dose_without_establishment_man_sv,
            mean_exposed_without_establishment_msv
        from top_contributors where limit_quantity = 'effective' and dimension = 'ALL'
    """)
    assert [tuple(map(str, row)) for row in rows] == [
        ("0.600000", "0.004000", "2.000", "0.700000", "0.003000", "1.500")
    ]


def test_establishments_are_grouped_by_size(register, table):
    for row in table("""
        establishment_key | headcount_band | valid_from
        10                | 03             | 2000-01-01
        11                | 11             | 2000-01-01
        12                | -              | 2000-01-01
        13                | 03             | 2000-01-01
        13                | 42             | 2023-07-01
    """):
        band = row.pop("headcount_band")
        band = f"{band:02d}" if band is not None else None
        register.add("establishments", headcount_band=band, row_no=len(register.rows["establishments"]) + 2, **row)
    for worker, establishment in ((1, 10), (2, 11), (3, 12), (4, 13), (1, 11)):
        register.dose("2023-06-30", worker_key=worker, establishment_key=establishment)
        register.dose("2023-12-31", worker_key=worker, establishment_key=establishment)
    rows = register.rows_of("""
        select group_code, monitored, collective_dose_man_sv from national_statistics
        where limit_quantity = 'effective' and dimension = 'size_band' order by group_code
    """)
    # An establishment that grew counts as what it became; a person of two sizes counts once in each.
    assert [tuple(map(str, row)) for row in rows] == [
        ("0-9", "1", "0.002000"), ("10-49", "2", "0.004000"), ("1000+", "1", "0.002000"),
        ("UNSPECIFIED", "1", "0.002000"),
    ]  # fmt: skip


def test_every_headcount_band_of_the_lists_has_a_size():
    stated = reference.table("layouts").filter(layout="ETAB", field="headcount_band")["rule"].item()
    assert stated.removeprefix("INSEE bands ").split(", ") == reference.table("headcount_bands")["code"].to_list()


def test_lens_and_extremities_have_their_own_population(register, table):
    """Of extremities the site with the highest total of the year counts; the lens is monitored by its own badge."""
    for row in table("""
        period_end | worker_key | quantity | body_location | dose_msv
        2023-03-31 | 1          | HP3      | EYE           | 4.000
        2023-06-30 | 1          | HP3      | EYE           | 12.000
        2023-03-31 | 1          | HP007    | FINGER_L      | 40.000
        2023-06-30 | 1          | HP007    | FINGER_R      | 60.000
        2023-09-30 | 1          | HP007    | FINGER_L      | 30.000
        2023-06-30 | 2          | HP007    | WRIST_L       | 0.000
        2023-06-30 | 3          | HP10     | TRUNK         | 1.000
    """):
        register.dose(**row)
    rows = register.rows_of("""
        select limit_quantity, monitored, exposed, collective_dose_man_sv, median_monitored_msv, n_gt_15, n_gt_50
        from national_statistics where dimension = 'ALL' and limit_quantity in ('lens', 'extremities') order by 1
    """)
    assert [tuple(map(str, row)) for row in rows] == [
        ("extremities", "2", "1", "0.070000", "35.000", "1", "1"),
        ("lens", "1", "1", "0.016000", "16.000", "1", "0"),
    ]
