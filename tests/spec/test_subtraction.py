"""What a reader with several tables could take from each other: nothing of fewer than are shown."""

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest
from register import Passed, Register

from lake import reference
from lake.errors import UsageError
from lake.vocabulary import Role
from models.access import Access
from models.publish import publish
from registry.policy import Viewer

EMPLOYER = Viewer(1, Role.EMPLOYER, None, frozenset({10}))
AUTHORITY = Viewer(2, Role.AUTHORITY)
LATER = datetime(2023, 9, 1, tzinfo=UTC)
COSMIC = {"dosimetry": "COSMIC", "quantity": "E", "radiation": "COSMIC", "body_location": None}
INTAKE = {"dosimetry": "INTERNAL", "quantity": "E50", "radiation": "ALPHA_INT", "body_location": None}


class Tables:
    """Workers in numbered order, and what each reader is then shown."""

    def __init__(self, home):
        self.register = Register(home)
        self.worker = 0
        self.access = None

    def establishment(self, key: int, sector: str = "MED.01.01") -> None:
        self.register.add("establishments", establishment_key=key, row_no=key, sector_code=sector)

    def workers(self, number: int, dose: str, place: int = 10, day: str = "2023-06-30", **fields) -> None:
        """So many more persons, each with one dose."""
        job = {name: fields.pop(name) for name in ("occupation_code", "category", "sector_code") if name in fields}
        for _ in range(number):
            self.worker += 1
            self.register.add("employments", worker_key=self.worker, establishment_key=place, row_no=self.worker, **job)
            self.register.dose(day, dose, worker_key=self.worker, establishment_key=place, **fields)

    def cancelled(self, worker: int, dose: str, place: int = 10, day: str = "2023-03-31", **fields) -> None:
        """One more result of a person, and its cancellation."""
        of = {"worker_key": worker, "establishment_key": place, **fields}
        row = self.register.dose(day, dose, **of)
        self.register.dose(
            day, None, result_status="ABSENT", record_action="CANCEL", replaces_dose_id=row["dose_id"], **of
        )

    def shown(self, model: str, viewer: Viewer = AUTHORITY, **where) -> pl.DataFrame:
        if self.access is None:
            publish(self.register.settings, self.register.build(), lambda built: Passed())
            self.access = Access(self.register.settings, lambda event: None)
        return self.access.fetch(model, viewer, where=where, purpose="test")


@pytest.fixture
def tables(tmp_path):
    yield (made := Tables(tmp_path))
    if made.access:
        made.access.snapshots.close()


@pytest.mark.parametrize(("intakes", "is_shown"), [(0, True), (1, False), (10, False), (11, True)])
def test_the_mean_of_those_with_a_badge_gives_no_dose_of_those_without(tables, intakes, is_shown):
    """The whole less the mean of the monitored is the intakes of those who wear no badge."""
    for place in (10, 11, 12):
        tables.establishment(place)
        tables.workers(15, "1.000", place)
    tables.workers(intakes, "3.217", 10, **INTAKE)
    own = tables.shown("establishment_statistics", EMPLOYER, limit_quantity="effective")
    nation = tables.shown("national_statistics", year=2023, limit_quantity="effective", dimension="ALL")
    for rows in (own, nation):
        assert (rows["mean_monitored_msv"].null_count() == 0) is is_shown
        assert rows["collective_dose_man_sv"].null_count() == 0


@pytest.mark.parametrize("column", ["smallest_margin", "margin_establishments"])
def test_what_protects_a_table_is_not_asked_for(tables, column):
    tables.establishment(10)
    tables.workers(1, "1.000")
    for asked in ({"where": {column: 1}}, {"columns": [column]}, {"order_by": [column]}):
        tables.shown("component_statistics")
        with pytest.raises(UsageError) as refused:
            tables.access.fetch("component_statistics", AUTHORITY, purpose="test", **asked)
        assert "margin" not in str(refused.value.next_step)


@pytest.mark.parametrize(("highest", "is_shown"), [("5.000", False), ("0.300", True)])
def test_the_interval_does_not_tell_the_highest_dose(tables, highest, is_shown):
    """Its limits give the sum of the squares, of which one high dose is nearly all."""
    for place in (10, 11, 12, 13):
        tables.establishment(place)
        tables.workers(10 if place == 10 else 30, "0.100", place)
    tables.workers(1, highest, 10)
    (row,) = tables.shown("establishment_comparison", EMPLOYER, occupation_code="ALL").to_dicts()
    assert row["standardised_dose_ratio"] is not None
    told = [row[c] for c in ("standardised_dose_ratio_low", "standardised_dose_ratio_high", "differs_from_expected")]
    assert (None not in told) is is_shown


@pytest.mark.parametrize(("highest", "is_shown"), [("5.000", False), ("0.300", True)])
def test_the_funnel_does_not_tell_the_highest_dose_elsewhere(tables, highest, is_shown):
    for place in (10, 11, 12, 13):
        tables.establishment(place)
        tables.workers(20, "0.100", place)
    tables.workers(1, highest, 11)
    (row,) = tables.shown("establishment_comparison", EMPLOYER, occupation_code="ALL").to_dicts()
    assert row["standardised_dose_ratio_low"] is not None
    told = [row[c] for c in row if c.startswith("funnel_")]
    assert (None not in told) is is_shown


@pytest.mark.parametrize(("places", "is_shown"), [((10, 11), False), ((10, 11, 12), True)])
def test_a_change_of_the_nation_tells_no_establishment(tables, places, is_shown):
    """One year's figure is shown and the other's withheld: the change would give it."""
    for place in (10, 11, 12):
        tables.establishment(place)
        tables.workers(15, "1.000", place, "2022-06-30")
    for place in places:
        tables.workers(15, "2.000", place, "2023-06-30")
    (before,) = tables.shown("national_statistics", year=2022, limit_quantity="effective", dimension="ALL").to_dicts()
    (now,) = tables.shown("national_statistics", year=2023, limit_quantity="effective", dimension="ALL").to_dicts()
    assert before["collective_dose_man_sv"] is not None
    assert (now["collective_dose_man_sv"] is not None) is is_shown
    (change,) = tables.shown("national_dose_changes").to_dicts()
    assert (change["change_msv"] is not None) is is_shown


def test_a_change_of_the_nation_tells_no_domain_of_one_establishment(tables):
    for place in (10, 11, 12):
        tables.establishment(place)
    tables.establishment(13, "IND.01")
    for year in (2022, 2023):
        for place in (10, 11, 12):
            tables.workers(15, "1.000", place, f"{year}-06-30")
        tables.workers(15, "2.000", 13, f"{year}-06-30", sector_code="IND.01")
    (change,) = tables.shown("national_dose_changes").to_dicts()
    assert (change["change_msv"], change["mix_effect_msv"]) == (None, None)


@pytest.mark.parametrize("model", ["dose_distribution", "cumulative_distribution"])
def test_a_class_of_few_does_not_follow_from_other_domains(tables, model):
    """Hidden beside the class of few, a class follows from the other domains; and from it, the class of few."""
    for domain, sector in enumerate(("MED.01.01", "IND.01", "NUC.01")):
        for place in range(10 + 3 * domain, 13 + 3 * domain):
            tables.establishment(place, sector)
    for domain, sector in enumerate(("MED.01.01", "IND.01", "NUC.01")):
        for worker in range(15 * (domain + 1)):
            tables.workers(1, "0.500", 10 + 3 * domain + worker % 3, sector_code=sector)
        for worker in range(25):
            tables.workers(1, "4.000", 10 + 3 * domain + worker % 3, sector_code=sector)
    tables.workers(5, "12.000", 10, sector_code="MED.01.01")
    where = {"span": "CAREER"} if model == "cumulative_distribution" else {"limit_quantity": "effective"}
    rows = tables.shown(model, year=2023, **where).filter(pl.col("dimension").is_in(["ALL", "domain"]))
    wholes = rows.filter(dimension="ALL")
    for whole in wholes.iter_rows(named=True):
        domains = rows.filter(dimension="domain", class_code=whole["class_code"])
        hidden = domains["workers"].null_count()
        assert whole["workers"] is None or hidden != 1, whole["class_code"]


LEVELS = (0, 1, 2, 5, 6, 10, 15, 20, 50)
# Persons above each level and not above the next.
OF_LEVELS = {
    "a class of few below a larger one": (180, 120, 0, 0, 5, 51, 21, 0, 0),
    "few within a class": (180, 115, 5, 0, 33, 0, 21, 0, 0),
    "few in the class within which a level lies": (180, 30, 0, 3, 4, 20, 21, 0, 0),
    "few at the top": (180, 120, 0, 30, 0, 40, 25, 3, 0),
    "few at the bottom": (4, 60, 0, 40, 0, 30, 0, 0, 0),
    "two small neighbours": (180, 60, 0, 6, 0, 6, 40, 0, 0),
    "none of few": (180, 60, 20, 15, 12, 30, 20, 15, 0),
}


@pytest.mark.parametrize("numbers", OF_LEVELS.values(), ids=OF_LEVELS)
def test_no_few_follow_from_classes_and_counts_above_doses(tables, numbers):
    """Whatever is added up and taken from each other of a group's classes and counts."""
    for place in range(10, 14):
        tables.establishment(place)
        tables.workers(30, "0.000", place)
    for level, number in zip(LEVELS, numbers, strict=True):
        for place in range(10, 14):
            tables.workers(number // 4 + (place - 10 < number % 4), f"{level + 0.5:.3f}", place)
    where = {"year": 2023, "limit_quantity": "effective"}
    (row,) = tables.shown("national_statistics", **where, dimension="category").to_dicts()
    told = {(0, None): row["exposed"], **{(level, None): row[f"n_gt_{level}"] for level in LEVELS[1:]}}
    classes = tables.shown("dose_distribution", **where, dimension="category").select("class_code", "workers").rows()
    bounds = {
        one["class_code"]: (float(one["above_msv"]), one["up_to_msv"] and float(one["up_to_msv"]))
        for one in reference.table("dose_classes").filter(pl.col("above_msv").is_not_null()).to_dicts()
        if one["limit_quantity"] == "effective"
    }
    told |= {bounds[code]: workers for code, workers in classes if code in bounds}
    known = [parts(*of) for of, number in told.items() if number is not None]
    assert known
    for start, first in enumerate(LEVELS):
        for end in (*LEVELS[start + 1 :], None):
            within = parts(first, end)
            if 0 < within @ np.array(numbers) < 11:
                assert not follows(within, known), (first, end)


def parts(above: float, up_to: float | None) -> np.ndarray:
    """Of the parts between two levels, those above one dose and up to another."""
    return np.array([float(level >= above and (up_to is None or level < up_to)) for level in LEVELS])


def follows(wanted: np.ndarray, known: list[np.ndarray]) -> bool:
    return np.linalg.matrix_rank(np.array([*known, wanted])) == np.linalg.matrix_rank(np.array(known))


@pytest.mark.parametrize(("others", "is_shown"), [(0, True), (1, False), (11, True)])
def test_references_of_jobs_leave_no_job_of_few(tables, others, is_shown):
    """The sector less the jobs that an establishment is compared with is what others do there."""
    for place in (10, 11, 12, 13):
        tables.establishment(place)
        tables.workers(20, "1.000", place, occupation_code="M01")
        tables.workers(15, "2.000", place, occupation_code="M02")
    for job in ("M03", "M04") if others > 1 else ("M03",):
        for worker in range(others):
            tables.workers(1, "5.000", 11 + worker % 3, occupation_code=job)
    rows = tables.shown("establishment_comparison", EMPLOYER).sort("occupation_code")
    references = dict(zip(rows["occupation_code"], rows["reference_mean_exposed_msv"], strict=True))
    assert references["ALL"] is not None and references["M01"] is not None
    assert (references["M02"] is not None) is is_shown


OTHERS = {
    "nobody else": ({}, True),
    "one elsewhere": ({11: 1}, False),
    "ten elsewhere": ({11: 4, 12: 3, 13: 3}, False),
    "two establishments": ({11: 15, 12: 15}, False),
    "one is most of it": ({11: 80, 12: 4, 13: 4}, False),
    "enough": ({11: 15, 12: 15, 13: 15}, True),
}


@pytest.mark.parametrize(("elsewhere", "is_shown"), OTHERS.values(), ids=OTHERS)
def test_what_is_expected_of_a_job_tells_no_few_elsewhere(tables, elsewhere, is_shown):
    """The national mean of the job, times one's own number; one's own part taken from it, the others' is left."""
    for place in (10, 11, 12, 13):
        tables.establishment(place)
        tables.workers(30, "1.000", place, category="B")
        tables.workers(30, "1.500", place, category="NC")
    for place, number in {10: 20, **elsewhere}.items():
        tables.workers(number, "4.000", place, category="A")
    rows = tables.shown("establishment_comparison", EMPLOYER)
    (own,) = rows.filter(category="A").to_dicts()
    assert own["mean_exposed_msv"] is not None
    told = [own[c] for c in own if c == "expected_msv" or c.startswith("standardised") or c == "differs_from_expected"]
    assert [value is not None for value in told] == [is_shown] * 5
    # Another job goes with it, or the whole less those that stay would give it.
    assert rows["expected_msv"].null_count() == 0 if is_shown else rows["expected_msv"].null_count() > 1
    assert rows.filter(category="ALL")["expected_msv"].null_count() == 0


@pytest.mark.parametrize(("flyers", "is_shown"), [(0, True), (1, False), (11, True)])
def test_a_domain_of_one_part_alone_gives_no_part_of_another(tables, flyers, is_shown):
    """All cosmic dose less that of a domain which has no other, as national_statistics tells, is the rest's."""
    for place, sector in ((10, "NAT.01"), (11, "NAT.01"), (12, "NAT.01"), *((p, "MED.01.01") for p in (13, 14, 15))):
        tables.establishment(place, sector)
    for place in (10, 11, 12):
        tables.workers(20, "2.000", place, sector_code="NAT.01", **COSMIC)
    for place in (13, 14, 15):
        tables.workers(20, "1.000", place)
    for number in range(0, 5 * flyers, 5):
        place = 13 + number // 20
        tables.register.dose("2023-03-31", "0.400", worker_key=61 + number, establishment_key=place, **COSMIC)
    nation = tables.shown("national_statistics", year=2023, limit_quantity="effective", dimension="domain")
    assert nation["collective_dose_man_sv"].null_count() == 0
    rows = tables.shown("component_statistics", year=2023, dimension="ALL", component="cosmic")
    assert (rows["collective_dose_man_sv"].null_count() == 0) is is_shown


@pytest.mark.parametrize(("blank", "is_shown"), [(0, True), (1, False), (11, True)])
def test_two_bounds_of_a_series_tell_of_no_few_between_them(tables, blank, is_shown):
    """Twelve are blank in part of the year and classified in the rest: between the bounds stand only the others."""
    for place in (10, 11, 12):
        tables.establishment(place)
        tables.workers(20, "1.000", place, category="B")
    for worker in range(1, 61, 5):
        place = 10 + (worker - 1) // 20
        tables.register.add("employments", worker_key=worker, establishment_key=place, row_no=worker, category="NR",
                            category_start=date(2023, 9, 1), known_at=LATER)  # fmt: skip
        tables.register.dose("2023-12-31", "0.500", worker_key=worker, establishment_key=place)
    for place in range(blank):
        tables.workers(1, "0.500", 10 + place % 3, category="NR")
    rows = tables.shown("like_for_like").sort("reading")
    assert (rows["monitored"].null_count() == 0) is is_shown
    assert (rows["exposed"].null_count() == 0) is is_shown


@pytest.mark.parametrize(("movers", "is_shown"), [(0, True), (1, False), (11, True)])
def test_a_change_tells_no_dose_that_was_received_in_another_job(tables, movers, is_shown):
    """The effects give the means of whole persons' jobs; the comparison, of what was received in each."""
    tables.establishment(10)
    for year in (2022, 2023):
        tables.workers(20, "1.000", day=f"{year}-06-30", occupation_code="M01")
        tables.workers(22, "2.000", day=f"{year}-06-30", occupation_code="M02")
    for worker in range(63, 63 + movers):
        tables.register.add("employments", worker_key=worker, row_no=worker, occupation_code="M01",
                            category_start=date(2023, 9, 1), known_at=LATER)  # fmt: skip
        tables.register.dose("2023-12-31", "0.500", worker_key=worker)
    (change,) = tables.shown("dose_changes", EMPLOYER).to_dicts()
    assert (change["mix_effect_msv"] is not None) is is_shown


def test_a_high_percentile_is_not_the_dose_of_the_second_highest(tables):
    """Of eleven, P90 is the tenth."""
    for place in (10, 11, 12):
        tables.establishment(place)
        tables.workers(3, "1.000", place)
    tables.workers(1, "4.321", 10)
    tables.workers(1, "6.000", 11)
    (row,) = tables.shown("national_statistics", year=2023, limit_quantity="effective", dimension="ALL").to_dicts()
    assert row["p75_exposed_msv"] is not None
    assert (row["p90_exposed_msv"], row["p90_monitored_msv"]) == (None, None)


@pytest.mark.parametrize(("unexposed", "is_shown"), [(0, True), (1, False), (10, False), (11, True)])
def test_nobody_counts_the_few_without_a_dose(tables, unexposed, is_shown):
    """The monitored less the exposed; a mean over the exposed would give them back beside the dose of all."""
    for place in (10, 11, 12, 13):
        tables.establishment(place)
        tables.workers(15, "1.000", place, "2022-06-30")
        tables.workers(20, "1.000", place)
    tables.workers(unexposed, "0.000", 10)
    nation = tables.shown("national_statistics", year=2023, limit_quantity="effective", dimension="ALL")
    own = tables.shown("establishment_statistics", EMPLOYER, year=2023, limit_quantity="effective")
    compared = tables.shown("establishment_comparison", EMPLOYER, year=2023, occupation_code="ALL")
    for rows in (nation, own, compared):
        assert rows["monitored"].null_count() == 0
        assert (rows["exposed"].null_count() == 0) is is_shown
        assert (rows["mean_exposed_msv"].null_count() == 0) is is_shown
    assert (compared["funnel_inner_low_msv"].null_count() == 0) is is_shown
    assert nation["collective_dose_man_sv"].null_count() == own["collective_dose_man_sv"].null_count() == 0
    for changes in (tables.shown("dose_changes", EMPLOYER), tables.shown("national_dose_changes")):
        assert (changes["exposed"].null_count() == 0) is is_shown
        assert changes["change_msv"].null_count() == 0


def test_no_row_beside_gives_the_few_without_a_dose_back(tables):
    """One sex has few without a dose, the other none: the whole less the other is the one."""
    for place in (10, 11, 12):
        tables.establishment(place)
    tables.workers(60, "1.000")
    tables.workers(5, "0.000")
    for person in range(1, 66):
        tables.register.add("persons", worker_key=person, sex="F" if person > 30 else "M")
    rows = tables.shown("national_statistics", year=2023, limit_quantity="effective")
    assert rows.filter(pl.col("dimension").is_in(["ALL", "sex"]))["exposed"].null_count() == 3


ALL_ROWS = ("monitored_all_rows", "exposed_all_rows", "collective_dose_all_rows_man_sv", "median_exposed_all_rows_msv",
            "p75_monitored_all_rows_msv")  # fmt: skip


@pytest.mark.parametrize(("corrected", "is_shown"), [(0, True), (1, False), (10, False), (11, True)])
def test_the_two_views_tell_no_dose_that_was_cancelled_of_few(tables, corrected, is_shown):
    for place in (10, 11, 12):
        tables.establishment(place)
        tables.workers(15, "1.000", place)
    for number in range(corrected):
        tables.cancelled(1 + 15 * (number % 3) + number // 3, "3.000", 10 + number % 3)
    (row,) = tables.shown("statistics_of_all_rows", limit_quantity="effective", dimension="ALL").to_dicts()
    assert (row["monitored"], row["exposed"], str(row["collective_dose_man_sv"])) == (45, 45, "0.045000")
    assert [row[c] is not None for c in ALL_ROWS] == [is_shown] * 5


@pytest.mark.parametrize(("highest", "is_shown"), [("3.000", True), ("300.000", False)])
def test_the_two_views_tell_no_dose_that_is_most_of_what_was_cancelled(tables, highest, is_shown):
    for place in (10, 11, 12):
        tables.establishment(place)
        tables.workers(15, "1.000", place)
    for number in range(12):
        tables.cancelled(1 + 15 * (number % 3) + number // 3, "3.000" if number else highest, 10 + number % 3)
    (row,) = tables.shown("statistics_of_all_rows", limit_quantity="effective", dimension="ALL").to_dicts()
    assert [row[c] is not None for c in ALL_ROWS] == [True, True, is_shown, is_shown, is_shown]


@pytest.mark.parametrize(("places", "is_shown"), [([6, 6, 0], False), ([40, 1, 1], False), ([6, 6, 6], True)])
def test_the_two_views_tell_no_establishment_of_which_most_was_cancelled(tables, places, is_shown):
    """Of two establishments, each knows its own part; of one that is nearly all, everybody."""
    for place, number in zip((10, 11, 12), places, strict=True):
        tables.establishment(place)
        tables.workers(45, "2.000", place)
        for worker in range(tables.worker, tables.worker - number, -1):
            tables.cancelled(worker, "0.500", place)
    asked = {"limit_quantity": "effective", "dimension": "ALL"}
    (row,) = tables.shown("statistics_of_all_rows", **asked).to_dicts()
    assert (str(row["collective_dose_man_sv"]), row["monitored"]) == ("0.270000", 135)
    told = [c for c in ALL_ROWS if c.endswith("_msv") or c.endswith("_man_sv")]
    assert [row[c] is not None for c in told] == [is_shown] * 3
    (in_class,) = tables.shown("dose_distribution_of_all_rows", **asked).to_dicts()
    assert in_class["collective_dose_man_sv"] is not None
    assert (in_class["collective_dose_all_rows_man_sv"] is not None) is is_shown


@pytest.mark.parametrize(("gone", "is_shown"), [(0, True), (3, False)])
def test_the_two_views_do_not_count_the_few_of_whom_nothing_is_left(tables, gone, is_shown):
    """Eleven others were corrected as well: the doses are those of many, the persons more are few."""
    for place in (10, 11, 12):
        tables.establishment(place)
        tables.workers(15, "1.000", place)
    for number in range(12):
        tables.cancelled(1 + 15 * (number % 3) + number // 3, "3.000", 10 + number % 3)
    for worker in range(46, 46 + gone):
        tables.cancelled(worker, "1.000")
    (row,) = tables.shown("statistics_of_all_rows", limit_quantity="effective", dimension="ALL").to_dicts()
    assert [row[c] is not None for c in ALL_ROWS] == [is_shown, is_shown, True, True, True]


def test_the_two_views_of_other_groups_leave_no_group_of_few(tables):
    """Five persons of one domain: the whole less the two others would be theirs, and the next fewest go with them."""
    sectors = ("MED.01.01", "IND.01", "NUC.01")
    for number, sector in enumerate(sectors):
        for place in range(10 * number, 10 * number + 3):
            tables.establishment(1 + place, sector)
            tables.workers(15, "1.000", 1 + place, sector_code=sector)
    for first, many in ((1, 5), (46, 12), (91, 15)):
        for number in range(many):
            tables.cancelled(first + 15 * (number % 3) + number // 3, "3.000", 1 + 10 * (first // 45) + number % 3)
    rows = tables.shown("statistics_of_all_rows", limit_quantity="effective")
    whole = rows.filter(dimension="ALL")
    assert whole["collective_dose_all_rows_man_sv"].null_count() == 0
    domains = rows.filter(dimension="domain").sort("group_code")
    told = dict(domains.select("group_code", "collective_dose_all_rows_man_sv").iter_rows())
    assert [name for name, dose in told.items() if dose is None] == ["MEDICAL_DENTAL_VET", "NON_NUCLEAR_INDUSTRY"]
    assert domains["collective_dose_man_sv"].null_count() == 0


def both_views(tables) -> dict:
    (row,) = tables.shown("statistics_of_all_rows", limit_quantity="effective", dimension="ALL").to_dicts()
    return row


ABOVE_5 = [f"{name}_all_rows" for name in ("n_gt_5", "n_gt_6", "number_ratio_5", "dose_ratio_5")]


@pytest.mark.parametrize(
    ("crossing", "places", "is_shown"), [(0, 3, True), (1, 3, False), (10, 3, False), (11, 3, True), (12, 2, False)]
)
def test_the_counts_above_a_level_of_two_views_tell_no_few_who_passed_it(tables, crossing, places, is_shown):
    """Twelve others were corrected above the level: they hide nobody who passed it."""
    for place in (10, 11, 12):
        tables.establishment(place)
        tables.workers(20, "4.000", place)
        tables.workers(20, "7.000", place)
    for number in range(crossing):
        tables.cancelled(1 + 40 * (number % places) + number // places, "3.000", 10 + number % places)
    for number in range(12):
        tables.cancelled(21 + 40 * (number % 3) + number // 3, "0.500", 10 + number % 3)
    row = both_views(tables)
    assert (row["n_gt_5"], row["n_gt_1_all_rows"], row["n_gt_10_all_rows"]) == (60, 120, 0)
    assert [row[name] is not None for name in ABOVE_5] == [is_shown] * 4
    others = ("mean_exposed_all_rows_msv", "mean_monitored_all_rows_msv", "number_ratio_1_all_rows",
              "dose_ratio_1_all_rows")  # fmt: skip
    assert [row[name] is not None for name in others] == [True] * 4


@pytest.mark.parametrize(("between", "is_shown"), [(0, True), (3, False), (11, True)])
def test_two_levels_of_two_views_tell_no_few_who_came_between_them(tables, between, is_shown):
    """Nineteen pass 1 and 2 mSv: beside them those who pass 1 mSv alone would follow."""
    for place in (10, 11, 12):
        tables.establishment(place)
        tables.workers(20, "0.500", place)
        tables.workers(20, "1.500", place)
        tables.workers(20, "4.000", place)
    for number in range(19 + between):
        dose = "3.000" if number < 19 else "1.000"
        tables.cancelled(1 + 60 * (number % 3) + number // 3, dose, 10 + number % 3)
    row = both_views(tables)
    assert (row["n_gt_1_all_rows"], row["n_gt_2"], row["n_gt_5_all_rows"]) == (139 + between, 60, 0)
    assert row["n_gt_2_all_rows"] == (79 if is_shown else None)


@pytest.mark.parametrize(
    ("above", "below", "is_shown"), [(0, 20, True), (3, 20, False), (12, 0, True), (12, 3, False), (12, 12, True)]
)
def test_the_dose_above_a_level_of_two_views_tells_no_dose_of_few(tables, above, below, is_shown):
    """Nobody passes the level; what was corrected above it, or below it, is the dose of few."""
    for place in (10, 11, 12):
        tables.establishment(place)
        tables.workers(20, "0.500", place)
        tables.workers(20, "7.000", place)
    for number in range(above):
        tables.cancelled(21 + 40 * (number % 3) + number // 3, "0.500", 10 + number % 3)
    for number in range(below):
        tables.cancelled(1 + 40 * (number % 3) + number // 3, "0.200", 10 + number % 3)
    row = both_views(tables)
    assert (row["n_gt_5_all_rows"], row["number_ratio_5_all_rows"]) == (60, row["number_ratio_5_all_rows"])
    assert row["number_ratio_5_all_rows"] is not None and row["collective_dose_all_rows_man_sv"] is not None
    assert [row[f"dose_ratio_{level}_all_rows"] is not None for level in (5, 1)] == [is_shown] * 2


@pytest.mark.parametrize(("monitored", "is_shown"), [(0, True), (3, False), (11, True)])
def test_the_mean_of_those_with_a_badge_tells_no_corrected_dose_of_few_beside_the_whole(tables, monitored, is_shown):
    """Twelve intakes of persons without a badge were cancelled, and results of some who have one."""
    for place in (10, 11, 12):
        tables.establishment(place)
        tables.workers(20, "1.000", place)
        tables.workers(5, "2.000", place, **INTAKE)
    for number in range(12):
        tables.cancelled(21 + 25 * (number % 3) + number // 3, "0.500", 10 + number % 3, **INTAKE)
    for number in range(monitored):
        tables.cancelled(1 + 25 * (number % 3) + number // 3, "0.500", 10 + number % 3)
    row = both_views(tables)
    assert row["collective_dose_all_rows_man_sv"] is not None and row["mean_exposed_all_rows_msv"] is not None
    assert (row["mean_monitored_all_rows_msv"] is not None) is is_shown


def watched(tables, **where) -> tuple[int | None, int | None]:
    """(monitored, flagged) of category B by its rule for the effective dose."""
    rows = tables.shown("classification_watch_counts", year=2023, rule_code="B_OVER_6", **where)
    ((monitored, flagged),) = rows.select("monitored", "flagged").rows()
    return monitored, flagged


@pytest.mark.parametrize(("others", "is_shown"), [(0, True), (1, False), (10, False), (11, True)])
@pytest.mark.parametrize(("beside", "category"), [("A", "NC"), ("B", "A")])
def test_those_of_one_category_leave_no_few_of_the_others(tables, others, is_shown, beside, category):
    """All who are monitored in the domain less those of category B, and less those of A as well."""
    for place in (10, 11, 12):
        tables.establishment(place)
        tables.workers(15, "1.000", place, category="B")
        tables.workers(15, "1.000", place, category=beside)
    for worker in range(others):
        tables.workers(1, "1.000", 10 + worker % 3, category=category)
    monitored = 45 if beside == "A" else 90
    assert watched(tables, dimension="domain") == (monitored if is_shown else None, 0)


def test_the_nation_s_categories_leave_no_few_of_another(tables):
    """Three of category A do not follow from the unclassified, whom national_statistics counts, and those of B."""
    for place in (10, 11, 12):
        tables.establishment(place)
        tables.workers(10, "1.000", place, category="B")
        tables.workers(30, "1.000", place, category="NC")
        tables.workers(1, "1.000", place, category="A")
    assert watched(tables, dimension="ALL") == (None, 0)


@pytest.mark.parametrize(("fitting", "is_shown"), [(0, True), (1, False), (10, False), (11, True)])
def test_those_flagged_leave_no_few_who_are_not(tables, fitting, is_shown):
    for place in (10, 11, 12):
        tables.establishment(place)
        tables.workers(15, "7.000", place)
    for worker in range(fitting):
        tables.workers(1, "1.000", 10 + worker % 3)
    assert watched(tables, dimension="ALL") == (45 + fitting, 45 if is_shown else None)


@pytest.mark.parametrize(("others", "is_shown"), [(0, True), (1, False), (10, False), (11, True)])
def test_those_flagged_leave_no_few_of_another_category_above_the_level(tables, others, is_shown):
    """Persons above 6 mSv, whom national_statistics counts, less those of category B."""
    for place in (10, 11, 12):
        tables.establishment(place)
        tables.workers(15, "1.000", place)
        tables.workers(15, "7.000", place)
        tables.workers(15, "1.000", place, category="A")
    for worker in range(others):
        tables.workers(1, "8.000", 10 + worker % 3, category="A")
    assert watched(tables, dimension="ALL") == (90, 45 if is_shown else None)


def test_the_flagged_of_other_sectors_leave_no_few_of_one(tables):
    for number, sector in enumerate(("MED.01.01", "IND.01", "NUC.01")):
        for place in range(10 + 3 * number, 13 + 3 * number):
            tables.establishment(place, sector)
            tables.workers(15, "1.000", place, sector_code=sector)
            tables.workers(1 if sector == "MED.01.01" else 5 + number, "7.000", place, sector_code=sector)
    rows = tables.shown("classification_watch_counts", year=2023, rule_code="B_OVER_6", dimension="domain")
    told = dict(rows.select("group_code", "flagged").iter_rows())
    assert [name for name, flagged in told.items() if flagged is None] == ["MEDICAL_DENTAL_VET", "NON_NUCLEAR_INDUSTRY"]
    assert told["NUCLEAR"] == 21


@pytest.mark.parametrize(
    ("crossing", "within", "is_shown"), [(0, 0, True), (0, 10, False), (0, 11, True), (3, 12, False), (11, 12, True)]
)
def test_the_classes_of_two_views_do_not_tell_the_few_who_cross_a_bound(tables, crossing, within, is_shown):
    """Nobody who crosses is hidden by those whose dose changes within the class: a count tells only who crosses."""
    for place in (10, 11, 12):
        tables.establishment(place)
        tables.workers(30, "2.000", place)
        tables.workers(20, "6.000", place)
    for number in range(crossing + within):
        tables.cancelled(
            1 + 50 * (number % 3) + number // 3, "4.000" if number < crossing else "0.500", 10 + number % 3
        )
    asked = {"limit_quantity": "effective", "dimension": "ALL"}
    rows = tables.shown("dose_distribution_of_all_rows", **asked).sort("position")
    assert rows.select("workers", "collective_dose_man_sv").null_count().row(0) == (0, 0)
    (lower, upper) = rows.to_dicts()
    assert (lower["collective_dose_all_rows_man_sv"] is not None) is is_shown
    for row in (lower, upper):
        assert (row["workers_all_rows"] is not None) is (crossing != 3)
