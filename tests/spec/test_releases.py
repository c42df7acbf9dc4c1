"""Releases: readers are shown statistics as they were frozen, and two releases tell of no change of few."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import duckdb
import pytest
from register import Passed, Register

from dashboards.ask import Ask
from dashboards.queries import national_years
from lake.errors import NoSnapshot, SettingError, UsageError
from lake.settings import Settings
from lake.vocabulary import Role
from models.access import Access
from models.catalog import INTERNAL, models, released
from models.changes import has_members
from models.publish import publish
from models.releases import due, freeze, in_force, may_release, releases
from registry.policy import Data, Viewer
from registry_api.routes.establishments import comparison
from registry_api.routes.statistics import national

EMPLOYER = Viewer(1, Role.EMPLOYER, None, frozenset({10, 11}))
AUTHORITY = Viewer(2, Role.AUTHORITY)
FIRST = datetime.now(UTC).date()
# They count wear periods and occupations, and tell no dose: that a result came may be seen.
OF_PERIODS = ("establishment_completeness", "statistics_completeness")


class Releases:
    """Workers in numbered order, releases one after the other, and what readers are shown of them."""

    def __init__(self, home):
        self.register = Register(home)
        self.worker = 0
        self.next_on = None
        self.first_dose = None
        self.access = Access(self.register.settings, lambda event: None)

    def establishment(self, key: int, sector: str = "MED.01.01") -> None:
        self.register.add("establishments", establishment_key=key, row_no=key, sector_code=sector)

    def workers(self, number: int, dose: str, place: int = 10, day: str = "2023-06-30", **fields) -> None:
        """So many more persons, each with one dose."""
        job = {name: fields.pop(name) for name in ("occupation_code", "category", "sector_code") if name in fields}
        for _ in range(number):
            self.worker += 1
            self.register.add("employments", worker_key=self.worker, establishment_key=place, row_no=self.worker, **job)
            row = self.register.dose(day, dose, worker_key=self.worker, establishment_key=place, **fields)
            self.first_dose = self.first_dose or row["dose_id"]

    def release(self) -> None:
        """Publish what was added; the first publication is a release, each further one is frozen a day later."""
        built = publish(self.register.settings, self.register.build(), lambda built: Passed())
        if self.next_on is None:
            self.next_on = in_force(self.register.settings).on
        else:
            self.next_on += timedelta(days=1)
            freeze(self.register.settings, built, self.next_on)

    def figures(self, number: int = -1) -> dict[str, list[dict]]:
        """Every table of doses of a release, the last by default, as readers together would hold it."""
        on = releases(self.register.settings)[number].on
        whole = {}
        for model in (model for model in released() if model.is_served and model.name not in OF_PERIODS):
            viewer = EMPLOYER if model.level == Data.ESTABLISHMENT else AUTHORITY
            whole[model.name] = self.access.fetch(model.name, viewer, as_of=on, purpose="test").to_dicts()
        return whole

    def moved(self) -> dict[str, list[tuple]]:
        """The rows whose figures are not those of the release before, by their keys."""
        before, now = self.figures(-2), self.figures(-1)
        return {
            name: [_key(row) for row in now[name] if row not in before[name]]
            + sorted({_key(row) for row in before[name]} - {_key(row) for row in now[name]})
            for name in now
        }

    def shown(self, model: str, viewer: Viewer = AUTHORITY, as_of: date | None = None, **where) -> list[dict]:
        return self.access.fetch(model, viewer, where=where, as_of=as_of, purpose="test").to_dicts()


def _key(row: dict) -> tuple:
    finds = (
        "establishment_key", "year", "limit_quantity", "component", "span", "reading", "site", "relation", "basis",
        "rule_code", "dimension", "group_code", "occupation_code", "category", "class_code", "limit_code", "domain",
    )  # fmt: skip
    return tuple(row[name] for name in finds if name in row)


@pytest.fixture
def home(tmp_path):
    made = Releases(tmp_path)
    yield made
    made.access.snapshots.close()


def test_every_table_of_statistics_comes_from_releases_or_says_why_not():
    """A new table is released unless its sidecar gives a reason; nothing that is protected may be read live."""
    told = {model.name for model in models().values() if model.is_mart and model.level != INTERNAL}
    statistics = {
        m.name for m in models().values() if m.name in told and m.level in (Data.NATIONAL, Data.ESTABLISHMENT)
    }
    live = {name for name in statistics if models()[name].live}
    assert live == {"transmission_timeliness", "establishments", "result_nowcast"}
    # What a projection tells of a job is told to whoever reads one.
    assert {model.name for model in released()} == statistics - live | {"job_paces"}
    # What has no protection is news whatever its number; what has, and says not who is behind it, stays as first shown.
    unsaid = {m.name for m in released() if not has_members(m)}
    assert unsaid == {"national_exceedances", *OF_PERIODS}
    assert not {name for name in unsaid if models()[name].disclosure}
    assert not [name for name in told - statistics | live if models()[name].disclosure]


def test_what_arrives_after_a_release_is_in_no_statistics_and_in_the_doses(home):
    home.workers(20, "1.000")
    home.release()
    (before,) = home.shown("establishment_statistics", EMPLOYER, limit_quantity="effective")
    home.register.dose("2023-12-31", "7.000", worker_key=1)
    publish(home.register.settings, home.register.build(), lambda built: Passed())
    as_of = home.next_on + timedelta(days=1)
    publish(home.register.settings, home.register.build(as_of), lambda built: Passed())
    for asked in (None, as_of):
        (after,) = home.shown("establishment_statistics", EMPLOYER, as_of=asked, limit_quantity="effective")
        assert (before, before["collective_dose_man_sv"] is not None) == (after, True)
    physician = Viewer(3, Role.PHYSICIAN, None, frozenset({10}))
    doses = home.shown("dose_records", physician, worker_key=1)
    assert [str(row["dose_msv"]) for row in doses] == ["1.000", "7.000"]


def test_the_first_publication_is_a_release_of_its_day(home):
    home.workers(1, "1.000")
    with pytest.raises(NoSnapshot):
        home.access.release()
    home.release()
    (made,) = releases(home.register.settings)
    assert made.on in (FIRST, FIRST + timedelta(days=1))
    assert set(made.checksums) == {model.name for model in released()}
    assert made.data_until == date(2023, 6, 30)


def test_as_of_names_the_release_in_force(home):
    home.workers(20, "1.000")
    home.release()
    home.workers(20, "2.000")
    home.release()
    first, second = (made.on for made in releases(home.register.settings))
    asked = [home.shown("establishment_statistics", EMPLOYER, day)[0]["monitored"] for day in (first, second, None)]
    assert asked == [20, 40, 40]
    with pytest.raises(NoSnapshot, match=(first - timedelta(days=1)).isoformat()):
        home.shown("establishment_statistics", EMPLOYER, first - timedelta(days=1))


def test_a_release_is_not_made_twice_nor_before_its_day_has_ended(home):
    home.workers(1, "1.000")
    home.release()
    settings = home.register.settings
    made = in_force(settings).on
    with pytest.raises(UsageError, match="released already"):
        freeze(settings, next(settings.marts.glob("*.duckdb")), made)
    with pytest.raises(UsageError, match="has not ended"):
        may_release(settings, made + timedelta(days=2))


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        (3, ["2026-12-31", "2027-03-31"]),
        (12, ["2026-12-31"]),
        (1, ["2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28", "2027-03-31"]),
    ],
)
def test_releases_are_due_once_their_reference_date_has_ended(tmp_path, months, expected):
    settings = Settings(home=tmp_path, release_months=months)
    assert due(settings, date(2027, 4, 1)) == []
    folder = settings.releases / "2026-11-27"
    folder.mkdir(parents=True)
    (folder / "release.json").touch()
    assert [str(day) for day in due(settings, date(2027, 4, 1))] == expected
    assert due(settings, date(2026, 11, 30)) == []


def test_months_between_releases_divide_the_year(tmp_path):
    with pytest.raises(SettingError):
        due(Settings(home=tmp_path, release_months=5))


DOMAINS = {"MED.01.01": (10, 11, 12), "IND.01": (13, 14, 15), "NUC.01": (16, 17, 18)}


@pytest.fixture
def nation(home):
    """Three domains of three establishments of twenty, released; worker 1 is in establishment 10."""
    for sector, places in DOMAINS.items():
        for place in places:
            home.establishment(place, sector)
            home.workers(20, "1.000", place, sector_code=sector)
    home.release()
    return home


def late(home, worker: int, dose: str = "0.500") -> None:
    """One more result of the year for one of the twenty of each establishment."""
    home.register.dose("2023-12-31", dose, worker_key=worker, establishment_key=10 + (worker - 1) // 20)


def of_place(place: int, number: int = 1) -> list[int]:
    """The first so many workers of an establishment."""
    return [20 * (place - 10) + n for n in range(1, number + 1)]


def test_one_late_result_moves_no_figure_of_any_table(nation):
    late(nation, 1, "7.000")
    nation.release()
    assert not [name for name, rows in nation.moved().items() if rows]


def test_what_did_not_move_does_not_tell_that_something_was_held(nation):
    late(nation, 1)
    nation.release()
    for name, rows in nation.figures().items():
        assert {row["figures_on"] for row in rows} <= {releases(nation.register.settings)[0].on}, name


def test_a_domain_of_one_late_result_does_not_follow_from_the_others(nation):
    """Fifteen in medicine, one in industry: the nation moves by sixteen, and no domain, else the one would be left."""
    for place in DOMAINS["MED.01.01"]:
        for worker in of_place(place, 5):
            late(nation, worker)
    late(nation, of_place(13)[0], "3.210")
    nation.release()
    moved = nation.moved()
    assert (2023, "effective", "ALL", "ALL") in moved["national_statistics"]
    assert not [row for row in moved["national_statistics"] if row[2] in ("domain", "sector")]
    assert not moved["establishment_statistics"]


def test_enough_late_results_move_what_they_are_part_of_and_only_that(nation):
    for place in DOMAINS["MED.01.01"]:
        for worker in of_place(place, 12 if place == 10 else 5):
            late(nation, worker)
    nation.release()
    moved, on = nation.moved(), releases(nation.register.settings)[1].on
    assert (2023, "effective", "domain", "MEDICAL_DENTAL_VET") in moved["national_statistics"]
    assert not [row for row in moved["national_statistics"] if row[3] in ("NUCLEAR", "IND", "NUC")]
    assert moved["establishment_statistics"] == [(10, 2023, "effective")]
    (own,) = nation.shown("establishment_statistics", EMPLOYER, establishment_key=10, limit_quantity="effective")
    assert (own["figures_on"], str(own["collective_dose_man_sv"])) == (on, "0.026000")
    (other,) = nation.shown("establishment_statistics", EMPLOYER, establishment_key=11, limit_quantity="effective")
    assert (other["figures_on"] < on, str(other["collective_dose_man_sv"])) == (True, "0.020000")


def test_changes_are_counted_from_the_figures_last_shown(nation):
    """Six, then six others: held, then told together."""
    for worker in of_place(10, 6):
        late(nation, worker)
    nation.release()
    assert not nation.moved()["establishment_statistics"]
    for worker in of_place(10, 12)[6:]:
        late(nation, worker)
    nation.release()
    assert nation.moved()["establishment_statistics"] == [(10, 2023, "effective")]
    nation.release()
    assert not nation.moved()["establishment_statistics"]


def test_the_same_six_twice_are_six(nation):
    for _ in range(2):
        for worker in of_place(10, 6):
            late(nation, worker)
        nation.release()
        assert not nation.moved()["establishment_statistics"]


@pytest.mark.parametrize(("doses", "does_move"), [
    (["0.000"] * 11 + ["4.000"], False), (["0.100"] * 11 + ["9.000"], False), (["0.400"] * 12, True),
], ids=["eleven zeros and one dose", "one is most of the change", "twelve alike"])  # fmt: skip
def test_a_change_of_dose_rests_on_enough_doses_and_no_one_is_most_of_it(nation, doses, does_move):
    for worker, dose in zip(of_place(10, 12), doses, strict=True):
        late(nation, worker, dose)
    nation.release()
    assert bool(nation.moved()["establishment_statistics"]) is does_move


def test_a_change_of_the_nation_rests_on_three_establishments(nation):
    for worker in of_place(10, 15):
        late(nation, worker)
    nation.release()
    moved = nation.moved()
    assert moved["establishment_statistics"] and not moved["national_statistics"]


def test_few_who_pass_a_dose_stay_uncounted_beside_many_who_do_not(nation):
    """Everybody of three establishments has a late result, and one of them passes 6 mSv by it."""
    for place in DOMAINS["MED.01.01"]:
        for worker in of_place(place, 20):
            late(nation, worker, "5.500" if worker == 1 else "0.800")
    nation.release()
    (own,) = nation.shown("establishment_statistics", EMPLOYER, establishment_key=10, limit_quantity="effective")
    assert (own["n_gt_1"], own["n_gt_6"]) == (20, 0)
    (row,) = nation.shown("national_statistics", limit_quantity="effective", dimension="category", group_code="B")
    assert (row["n_gt_1"], row["n_gt_5"], row["n_gt_6"]) == (60, 0, 0)


@pytest.mark.parametrize(("above", "told"), [(0, 0), (1, 0), (4, 12)])
def test_few_who_are_flagged_stay_uncounted_beside_many_who_come(nation, above, told):
    """Fourteen more are monitored in each of three establishments; some are flagged, in one alone or in each."""
    for place in DOMAINS["MED.01.01"]:
        flagged = above if above != 1 or place == 10 else 0
        nation.workers(14 - flagged, "1.000", place, sector_code="MED.01.01")
        nation.workers(flagged, "6.500", place, sector_code="MED.01.01")
    nation.release()
    rows = nation.shown("classification_watch_counts", year=2023, rule_code="B_OVER_6")
    counts = {row["group_code"]: (row["monitored"], row["flagged"]) for row in rows}
    assert (counts["ALL"], counts["MEDICAL_DENTAL_VET"]) == ((222, told), (102, told))


def test_persons_who_left_and_came_count_too(nation):
    """Two keys turn out to be one person: neither the one nor the other's establishment tells it."""
    nation.register.add("identity_links", worker_key=2, person_key=1)
    nation.release()
    assert not [name for name, rows in nation.moved().items() if rows]


def test_a_worker_who_changes_between_two_establishments_of_an_employer_is_told_by_neither(nation):
    for establishment in (10, 11):
        assert nation.shown("establishment_statistics", EMPLOYER, establishment_key=establishment)
    dose = nation.register.dose("2023-06-30", "1.000", worker_key=1, establishment_key=11, record_action="REPLACE",
                                replaces_dose_id=nation.first_dose, delivery_no=2)  # fmt: skip
    assert dose["dose_id"] != nation.first_dose
    nation.release()
    assert not [name for name, rows in nation.moved().items() if rows]


def test_a_group_that_is_hidden_stays_so_while_it_changes_by_few(home):
    """Ten of a job are hidden; the eleventh, a late declaration, would be told by the row that appears."""
    for place in (10, 11, 12):
        home.establishment(place)
        home.workers(30, "1.000", place, occupation_code="M01")
    home.workers(10, "3.000", 10, occupation_code="M02")
    home.workers(30, "2.000", 10, occupation_code="M03")
    home.release()
    home.workers(1, "9.000", 10, occupation_code="M02")
    home.release()
    (row,) = home.shown("establishment_comparison", EMPLOYER, establishment_key=10, occupation_code="M02")
    assert row["monitored"] is None and row["suppressed"]
    assert not home.moved()["establishment_comparison"]


def test_a_group_that_is_shown_stays_so_while_few_leave_it(home):
    """Eleven of a job are shown; what becomes of one is not told by the row that goes."""
    for place in (10, 11, 12):
        home.establishment(place)
        home.workers(30, "1.000", place, occupation_code="M01")
    home.workers(20, "2.000", 10, occupation_code="M02")
    home.workers(11, "3.000", 10, occupation_code="M03")
    home.release()
    assert (
        home.shown("establishment_comparison", EMPLOYER, establishment_key=10, occupation_code="M03")[0]["monitored"]
        == 11
    )
    home.register.add("identity_links", worker_key=home.worker, person_key=1)
    home.release()
    assert not home.moved()["establishment_comparison"]


def test_a_sector_corrected_for_a_whole_group_moves_the_group(nation):
    """Sixty of three establishments were nuclear all along: both domains move, by enough."""
    later = datetime(2024, 1, 1, tzinfo=UTC)
    for place in DOMAINS["IND.01"]:
        for worker in of_place(place, 20):
            nation.register.add("employments", worker_key=worker, establishment_key=place, row_no=worker, delivery_no=2,
                                sector_code="NUC.01", known_at=later)  # fmt: skip
    nation.release()
    moved = {row[3] for row in nation.moved()["national_statistics"] if row[1:3] == ("effective", "domain")}
    assert len(moved) == 2
    assert not nation.moved()["establishment_statistics"]


def test_what_an_establishment_is_compared_with_moves_by_enough_persons_elsewhere(nation):
    """One late result in another establishment of the sector would be read from the reference."""
    late(nation, of_place(12)[0], "5.000")
    nation.release()
    assert not nation.moved()["establishment_comparison"]
    for place in (11, 12):
        for worker in of_place(place, 10):
            late(nation, worker, "0.500")
    for worker in of_place(10, 1):
        late(nation, worker, "0.500")
    nation.release()
    assert not [row for row in nation.moved()["establishment_comparison"] if row[0] == 10]


def cancel(home, worker: int, dose: str, day: str = "2023-03-31") -> None:
    """One more result of a worker of the twenty of an establishment, and its cancellation."""
    # Rows are numbered anew after each landing: the delivery tells them from earlier ones.
    of = {"worker_key": worker, "establishment_key": 10 + (worker - 1) // 20, "delivery_no": home.next_on.toordinal()}
    row = home.register.dose(day, dose, **of)
    home.register.dose(day, None, result_status="ABSENT", record_action="CANCEL", replaces_dose_id=row["dose_id"], **of)


def all_rows(home) -> dict[str, object]:
    """The nation in both views, in mSv."""
    (row,) = home.shown("statistics_of_all_rows", limit_quantity="effective", dimension="ALL")
    return {name: row[name] for name in ("collective_dose_man_sv", "collective_dose_all_rows_man_sv", "figures_on")}


def test_both_views_move_by_enough_late_results_and_what_corrections_change_by_enough_corrections(nation):
    """Fifteen late results, then one correction beside fifteen more, then eleven corrections more."""
    first = all_rows(nation)
    for worker in [w for place in (10, 11, 12) for w in of_place(place, 5)]:
        late(nation, worker, "1.000")
    nation.release()
    second = all_rows(nation)
    assert [str(second[name] - first[name]) for name in list(first)[:2]] == ["0.015000", "0.015000"]
    for worker in [20 * place + n for place in range(3) for n in range(6, 11)]:
        late(nation, worker, "1.000")
    cancel(nation, 1, "1.500")
    nation.release()
    assert all_rows(nation) == second
    assert not nation.moved()["dose_distribution_of_all_rows"]
    (row,) = nation.shown("national_statistics", limit_quantity="effective", dimension="ALL")
    assert str(row["collective_dose_man_sv"]) == "0.210000"
    for worker in [20 * place + n for place in range(3) for n in range(11, 16)]:
        cancel(nation, worker, "2.000")
    nation.release()
    last = all_rows(nation)
    assert [str(last[name]) for name in list(first)[:2]] == ["0.210000", "0.241500"]


def test_what_corrections_change_in_a_domain_does_not_follow_from_the_others(nation):
    """One correction in medicine, twelve in industry; enough late results in each for both views to move."""
    for place in range(10, 19):
        for worker in of_place(place, 5):
            late(nation, worker, "1.000")
    cancel(nation, of_place(10, 6)[-1], "7.000")
    for worker in [20 * (place - 10) + n for place in DOMAINS["IND.01"] for n in range(11, 15)]:
        cancel(nation, worker, "2.000")
    nation.release()
    rows = nation.moved()["statistics_of_all_rows"]
    domains = [row[3] for row in rows if row[1:3] == ("effective", "domain")]
    assert (2023, "effective", "ALL", "ALL") in rows
    assert domains == ["NUCLEAR"]


def test_counts_of_all_rows_stay_while_corrections_make_few_pass_a_level(home):
    """Twelve pass 5 mSv by corrections, then one beside fifteen whose dose is corrected below, then twelve."""
    for place in range(10, 19):
        home.establishment(place)
        home.workers(20, "4.000", place)
    home.release()
    seen = []
    for passing, below in ((range(1, 180, 15), ()), ([2], range(5, 180, 12)), (range(3, 180, 15), ())):
        for worker in passing:
            cancel(home, worker, "3.000")
        for worker in below:
            cancel(home, worker, "0.500")
        home.release()
        (row,) = home.shown("statistics_of_all_rows", limit_quantity="effective", dimension="ALL")
        names = ("n_gt_5", "n_gt_5_all_rows", "number_ratio_5_all_rows", "dose_ratio_5_all_rows",
                 "collective_dose_all_rows_man_sv")  # fmt: skip
        seen.append([str(row[name]) for name in names])
    assert seen == [
        ["0", "12", "0.066667", "0.111111", "0.756000"],
        ["0", "12", "0.066667", "0.111111", "0.766500"],
        ["0", "25", "0.138889", "0.218069", "0.802500"],
    ]


def test_figures_that_earlier_code_did_not_give_come_where_their_count_does_not_stay(home):
    """The count of the exposed stays, since one came to a dose: a mean that was not told would give it."""
    for place in (10, 11, 12):
        home.establishment(place)
        home.workers(30, "1.000", place)
        home.workers(11, "0.000", place)
    home.release()
    folder = home.register.settings.releases / releases(home.register.settings)[0].name
    added = [c for c in models()["statistics_of_all_rows"].columns if c.startswith(("mean_", "n_gt_"))]
    with duckdb.connect(str(folder / "basis.duckdb")) as connection:
        for name in ("whole_statistics_of_all_rows", "shown_statistics_of_all_rows"):
            for column in added:
                connection.execute(f"alter table {name} drop column {column}")
    for worker in (*range(1, 21), 31, *range(42, 62), *range(83, 93)):
        home.register.dose("2023-12-31", "2.000", worker_key=worker, establishment_key=10 + (worker - 1) // 41)
    home.release()
    (row,) = home.shown("statistics_of_all_rows", limit_quantity="effective", dimension="ALL")
    assert (str(row["collective_dose_all_rows_man_sv"]), row["exposed_all_rows"]) == ("0.192000", 90)
    assert row["mean_exposed_all_rows_msv"] is None
    assert (str(row["mean_monitored_all_rows_msv"]), row["n_gt_1_all_rows"]) == ("1.561", 51)


def test_a_basis_of_earlier_code_keeps_both_views_as_they_were(nation):
    folder = nation.register.settings.releases / releases(nation.register.settings)[0].name
    with duckdb.connect(str(folder / "basis.duckdb")) as connection:
        connection.execute("drop table annual_doses_of_all_rows")
    first = all_rows(nation)
    for place in range(10, 19):
        for worker in of_place(place, 5):
            late(nation, worker, "1.000")
    for _ in range(2):
        nation.release()
        assert all_rows(nation) == first
    assert (
        nation.shown("national_statistics", limit_quantity="effective", dimension="ALL")[0]["figures_on"]
        > (first["figures_on"])
    )


def test_years_that_earlier_code_told_of_other_groups_stay_as_they_were(home):
    """Occupations were compared whatever the category: the whole then, less a part now, would be the other part."""
    for place in (10, 11, 12, 13):
        home.establishment(place)
        home.workers(20, "1.000", place)
    home.release()
    folder = home.register.settings.releases / releases(home.register.settings)[0].name
    with duckdb.connect(str(folder / "basis.duckdb")) as connection:
        for name in ("compared", "whole_establishment_comparison", "shown_establishment_comparison"):
            connection.execute(f"alter table {name} drop column category")
    seen = []
    for changed in (1, 1, 20, 20):
        for worker in range(1, changed + 1):
            late(home, worker, "5.000")
        if len(seen) == 2:
            for worker in range(1, 81):
                home.register.dose("2024-06-30", "2.000", worker_key=worker, establishment_key=10 + (worker - 1) // 20)
        home.release()
        rows = home.shown("establishment_comparison", EMPLOYER, establishment_key=10)
        seen.append(
            {(row["year"], row["occupation_code"], row["category"], str(row["mean_exposed_msv"])) for row in rows}
        )
    of_before = {(2023, code, None, "1.000") for code in ("ALL", "M01")}
    of_after = {(2024, "ALL", "ALL", "2.000"), (2024, "M01", "B", "2.000")}
    assert seen == [of_before, of_before, of_before | of_after, of_before | of_after]


def test_a_table_of_which_nobody_says_who_is_behind_it_stays_as_first_shown(nation, monkeypatch):
    monkeypatch.setattr("models.releases.has_members", lambda model: False)
    for place in DOMAINS["MED.01.01"]:
        for worker in of_place(place, 20):
            late(nation, worker)
    nation.release()
    assert not [name for name, rows in nation.moved().items() if rows]


def test_a_release_of_nothing_is_followed_by_one_of_something(home):
    home.release()
    home.establishment(10)
    home.workers(20, "1.000")
    home.release()
    assert home.moved()["establishment_statistics"] == [(10, 2023, "effective"), (10, 2023, "effective_external")]


def of_category(home, category: str = "B") -> dict:
    (row,) = home.shown("national_statistics", limit_quantity="effective", dimension="category", group_code=category)
    return row


def test_what_follows_a_count_stays_with_it(nation):
    """Thirty are above 5 mSv; beside ninety who change one more passes it, whose dose a ratio would give."""
    for place in (10, 13, 16):
        nation.workers(10, "7.000", place)
    for place in (11, 14, 17):
        nation.workers(12, "2.000", place)
    nation.release()
    before = of_category(nation)
    for place in DOMAINS["MED.01.01"]:
        for worker in of_place(place, 20):
            late(nation, worker, "5.500" if worker == 1 else "0.800")
    for worker in range(181, 211):
        nation.register.dose("2023-12-31", "0.100", worker_key=worker, establishment_key=10 + (worker - 181) // 10 * 3)
    nation.release()
    after = of_category(nation)
    assert before["figures_on"] < after["figures_on"]
    staying = ("n_gt_5", "number_ratio_5", "dose_ratio_5")
    assert [(after[name], after[name] is not None) for name in staying] == [(before[name], True) for name in staying]


def test_a_count_that_stays_is_not_said_to_hide_another(nation):
    """Nobody was above 5 mSv; one is now: neither a missing ratio nor the reason of a suppression says so."""
    before = of_category(nation)
    for place in DOMAINS["MED.01.01"]:
        for worker in of_place(place, 20):
            late(nation, worker, "5.500" if worker == 1 else "0.800")
    nation.release()
    after = of_category(nation)
    told = ("n_gt_5", "number_ratio_5", "dose_ratio_5", "suppressed", "suppression_reason")
    assert before["figures_on"] < after["figures_on"]
    assert [after[name] for name in told] == [before[name] for name in told]


def test_many_who_change_within_a_class_do_not_tell_who_passed_its_bound(home):
    """One of three hundred and sixty passes 5 mSv: no class of the nation says so, and the nation's dose moves."""
    for sector, places in DOMAINS.items():
        for place in places:
            home.establishment(place, sector)
            home.workers(20, "2.000", place, sector_code=sector)
            home.workers(20, "5.500", place, sector_code=sector)
    home.release()
    asked = {"limit_quantity": "effective", "dimension": "ALL"}
    before = {row["class_code"]: row["workers"] for row in home.shown("dose_distribution", **asked)}
    for worker in range(1, 361):
        dose, place = "3.500" if worker == 1 else "0.100", 10 + (worker - 1) // 40
        home.register.dose("2023-12-31", dose, worker_key=worker, establishment_key=place)
    home.release()
    after = {row["class_code"]: row["workers"] for row in home.shown("dose_distribution", **asked)}
    assert after == before
    (nation,) = home.shown("national_statistics", **asked)
    assert str(nation["collective_dose_man_sv"]) == "1.389400"


def test_classes_of_all_rows_move_by_enough_who_cross_by_corrections(home):
    """One correction, whose person had 1 mSv and would have 3, then twelve in each domain."""
    for sector, places in DOMAINS.items():
        for place in places:
            home.establishment(place, sector)
            home.workers(20, "1.000", place, sector_code=sector)
            home.workers(20, "2.000", place, sector_code=sector)
    home.release()
    for number in (1, 4):
        for place in range(9):
            for worker in range(1, 1 + number) if number > 1 or not place else ():
                of = {"worker_key": 40 * place + worker, "establishment_key": 10 + place, "delivery_no": 2 + number}
                row = home.register.dose("2023-03-31", "2.000", **of)
                home.register.dose("2023-03-31", None, result_status="ABSENT", record_action="CANCEL",
                                   replaces_dose_id=row["dose_id"], **of)  # fmt: skip
        home.release()
        moved = [row[3:] for row in home.moved()["dose_distribution_of_all_rows"] if row[1:3] == ("effective", "ALL")]
        assert moved == ([("ALL", "]0;1]"), ("ALL", "]1;5]")] if number > 1 else [])
    assert not home.moved()["dose_distribution"]


def test_a_release_older_than_a_table_says_so(nation):
    """And is read without what the table would tell beside its figures."""
    folder = nation.register.settings.releases / releases(nation.register.settings)[0].name
    with duckdb.connect(str(folder / "statistics.duckdb")) as connection:
        connection.execute("drop table statistics_completeness")
        connection.execute("drop table establishment_completeness")
    with pytest.raises(NoSnapshot):
        nation.shown("statistics_completeness")
    ground = SimpleNamespace(access=nation.access)
    figures = national(AUTHORITY, ground, dimension="ALL", limit_quantity="effective")
    own = comparison("0" * 14, EMPLOYER, ground)
    for page, model in ((figures, "statistics_completeness"), (own, "establishment_completeness")):
        assert page.not_kept == [model] and page.items
        assert {row["occupation_known_share"] for row in page.items} == {None}
    assert figures.items[0]["monitored"] == 180


def test_a_release_older_than_a_share_is_read_with_the_others(nation):
    folder = nation.register.settings.releases / releases(nation.register.settings)[0].name
    with duckdb.connect(str(folder / "statistics.duckdb")) as connection:
        connection.execute("alter table statistics_completeness drop column received_results_share")
    ground = SimpleNamespace(access=nation.access)
    figures = national(AUTHORITY, ground, dimension="domain", limit_quantity="effective")
    assert figures.not_kept == ["statistics_completeness"]
    assert {row["received_results_share"] for row in figures.items} == {None}
    assert {str(row["occupation_known_share"]) for row in figures.items} == {"1.00"}


def test_a_release_older_than_a_figure_of_all_rows_is_shown_with_the_others(nation):
    folder = nation.register.settings.releases / releases(nation.register.settings)[0].name
    with duckdb.connect(str(folder / "statistics.duckdb")) as connection:
        connection.execute("alter table statistics_of_all_rows drop column mean_exposed_all_rows_msv")
    ground = SimpleNamespace(access=nation.access, settings=nation.register.settings, snapshot_version=lambda: "")
    (year,) = national_years(Ask(ground, AUTHORITY, "fr", {}), "effective", of_all_rows=True).to_dicts()
    assert (year["monitored"], year["mean_exposed_msv"], str(year["mean_monitored_msv"])) == (180, None, "1.000")


def test_few_who_come_to_a_dose_are_not_counted_beside_many_who_had_one(home):
    """Twenty of thirty-one are exposed and get a dose more; one of the others gets a first."""
    for place in (10, 11, 12):
        home.establishment(place)
        home.workers(20, "1.000", place)
        home.workers(11, "0.000", place)
    home.release()
    asked = {"limit_quantity": "effective", "establishment_key": 10}
    (before,) = home.shown("establishment_statistics", EMPLOYER, **asked)
    for worker in range(1, 22):
        home.register.dose("2023-12-31", "0.500", worker_key=worker)
    home.release()
    (after,) = home.shown("establishment_statistics", EMPLOYER, **asked)
    assert (str(before["collective_dose_man_sv"]), str(after["collective_dose_man_sv"])) == ("0.020000", "0.030500")
    staying = ("exposed", "mean_exposed_msv")
    assert [(before[c], after[c]) for c in staying] == [(20, 20), (before["mean_exposed_msv"],) * 2]
    for name in ("establishment_comparison", "national_statistics"):
        assert {row["exposed"] for row in home.figures(-2)[name]} == {row["exposed"] for row in home.figures()[name]}
    for worker in (1, *range(22, 32)):
        home.register.dose("2023-11-30", "0.500", worker_key=worker)
    home.release()
    (together,) = home.shown("establishment_statistics", EMPLOYER, **asked)
    assert (together["exposed"], together["mean_exposed_msv"] < before["mean_exposed_msv"]) == (31, False)


def test_a_dose_that_fewer_than_are_shown_are_left_with_stays(home):
    """Of twelve exposed, four were none: a count that stays would show the dose of eight."""
    home.workers(12, "1.000")
    home.workers(20, "0.000")
    home.release()
    first = home.first_dose
    for worker in range(1, 13):
        home.register.dose("2023-06-30", "0.000" if worker <= 4 else "1.500", worker_key=worker, delivery_no=2,
                           record_action="REPLACE", replaces_dose_id=first + 8 * (worker - 1))  # fmt: skip
    home.release()
    assert not home.moved()["establishment_statistics"]


def test_no_more_are_shown_as_exposed_than_as_monitored(home):
    """Five of thirty leave beside twelve who change: the number that stays would be above that of the monitored."""
    home.workers(30, "1.000")
    home.workers(20, "1.000", 11)
    home.release()
    first = home.first_dose
    for worker in range(1, 6):
        home.register.dose("2023-06-30", "1.000", worker_key=worker, establishment_key=11, delivery_no=2,
                           record_action="REPLACE", replaces_dose_id=first + 8 * (worker - 1))  # fmt: skip
    for worker in range(6, 18):
        home.register.dose("2023-12-31", "0.500", worker_key=worker)
    home.release()
    assert not home.moved()["establishment_statistics"]


@pytest.fixture
def half_exposed(home):
    """Three domains of three establishments, of each of which eleven have a dose and eleven have none."""
    for sector, places in DOMAINS.items():
        for place in places:
            home.establishment(place, sector)
            home.workers(11, "1.000", place, sector_code=sector)
            home.workers(11, "0.000", place, sector_code=sector)
    home.release()
    return home


def in_place(place: int, first: int, last: int) -> list[tuple[int, int]]:
    """Workers of an establishment by their place in it, from 1; the first eleven are exposed."""
    return [(22 * (place - 10) + n, place) for n in range(first, last + 1)]


def test_a_count_that_stays_does_not_follow_from_parts_of_another(half_exposed):
    """One of medicine comes to a dose, and twelve of industry: its count stays too, and so does that of its sectors."""
    workers = [who for place in DOMAINS["MED.01.01"] for who in in_place(place, 1, 11)] + in_place(10, 12, 12)
    workers += [who for place in DOMAINS["IND.01"] for who in in_place(place, 1, 15)]
    for worker, place in workers:
        half_exposed.register.dose("2023-12-31", "0.500", worker_key=worker, establishment_key=place)
    half_exposed.release()
    before, after = ({(row["dimension"], row["group_code"]): row for row in rows["national_statistics"]
                      if row["limit_quantity"] == "effective"}
                     for rows in map(half_exposed.figures, (-2, -1)))  # fmt: skip
    assert after["ALL", "ALL"]["exposed"] == before["ALL", "ALL"]["exposed"] + 13
    groups = [key for key in before if key[0] in ("domain", "sector")]
    assert [after[key]["exposed"] for key in groups] == [before[key]["exposed"] for key in groups]
    doses = [str(after["domain", name]["collective_dose_man_sv"]) for name in ("MEDICAL_DENTAL_VET",
                                                                             "NON_NUCLEAR_INDUSTRY")]  # fmt: skip
    assert doses == ["0.050000", "0.055500"]


def test_what_an_establishment_is_compared_with_counts_no_few_who_come_to_a_dose(home):
    """Everybody exposed elsewhere in the sector has a dose more, and one of the others has a first."""
    for place in (10, 11, 12, 13):
        home.establishment(place)
        home.workers(11, "1.000", place)
        home.workers(11, "0.000", place)
    home.release()
    asked = {"establishment_key": 10, "occupation_code": "ALL"}
    (before,) = home.shown("establishment_comparison", EMPLOYER, **asked)
    for worker, place in [*in_place(11, 1, 12), *in_place(12, 1, 11), *in_place(13, 1, 11)]:
        home.register.dose("2023-12-31", "0.500", worker_key=worker, establishment_key=place)
    home.release()
    (after,) = home.shown("establishment_comparison", EMPLOYER, **asked)
    assert after["figures_on"] > before["figures_on"]
    staying = ("reference_exposed", "reference_mean_exposed_msv", "shrunk_mean_exposed_msv")
    assert [(after[c], after[c] is not None) for c in staying] == [(before[c], True) for c in staying]


def test_few_who_come_to_be_compared_are_not_counted(home):
    """The gap counts those with at least half a millisievert: one more reaches it beside thirty who change above it."""
    for place in (10, 11, 12):
        home.establishment(place)
        home.workers(10, "1.000", place)
        home.workers(11, "0.100", place)
        for worker in range(home.worker - 20, home.worker + 1):
            home.register.dose("2023-06-30", "0.400", worker_key=worker, establishment_key=place,
                               dosimetry="OPERATIONAL")  # fmt: skip
    home.release()
    (before,) = home.shown("passive_operational_gaps", dimension="ALL")
    for worker in [w for first in (1, 22, 43) for w in range(first, first + 10)] + [11]:
        home.register.dose("2023-12-31", "0.600", worker_key=worker, establishment_key=10 + (worker - 1) // 21)
    home.release()
    (after,) = home.shown("passive_operational_gaps", dimension="ALL")
    assert (before["exposed"], after["exposed"]) == (30, 30)
    assert after["gap_of_sums"] != before["gap_of_sums"]


@pytest.mark.parametrize(("others", "does_move"), [(1, False), (15, True)])
@pytest.mark.parametrize(
    "of_others", [{"sector_code": "NAT.01"}, {"category": "UNSPECIFIED"}], ids=["natural", "blank"]
)
def test_a_series_moves_by_no_change_that_leaves_few_of_the_nation(home, of_others, others, does_move):
    """The nation less what a reading counts, or one reading less the other, is what few others changed by."""
    for first, job in ((10, {}), (13, of_others)):
        for place in (first, first + 1, first + 2):
            home.establishment(place, job.get("sector_code", "MED.01.01"))
            home.workers(20, "1.000", place, **job)
    home.release()
    for worker in [20 * place + n for place in range(3) for n in range(1, 6)]:
        late(home, worker)
    for worker in [20 * place + n for n in range(1, 6) for place in (3, 4, 5)][:others]:
        late(home, worker)
    home.release()
    moved = home.moved()
    assert (2023, "effective", "ALL", "ALL") in moved["national_statistics"]
    assert ((2023, "BLANK_OUT") in moved["like_for_like"]) is does_move
