"""models.disclosure: what is hidden, and that what is shown does not give it back."""

from decimal import Decimal

import polars as pl
import pytest

from models.catalog import Model, models
from models.disclosure import Thresholds, protect

RULES = Thresholds(persons=11, establishments=3, dominance=Decimal("0.85"), high_percentile=50, highest_percentile=250)
NATIONAL = models()["national_statistics"]


def national(*rows: dict, model: Model = NATIONAL) -> pl.DataFrame:
    numbers = {c.name: 100 for c in model.columns.values() if c.protection not in ("key", "control")}
    keys = {"year": 2023, "limit_quantity": "effective", "dimension": "sex", "parent_code": None}
    controls = [c.name for c in model.columns.values() if c.protection == "control"]
    shares = {name: Decimal("0.100000") for name in controls}
    filled = [{**keys, **numbers, "n_establishments": 9, **shares, **row} for row in rows]
    types = {**dict.fromkeys(controls, pl.Decimal(12, 6)), "parent_code": pl.String}
    return protect(pl.DataFrame(filled, schema_overrides=types), model, RULES)


def by_group(frame: pl.DataFrame, column: str) -> dict:
    return dict(zip(frame["group_code"], frame[column], strict=True))


def test_thresholds_are_read_from_the_reference():
    assert Thresholds.from_reference() == RULES


@pytest.mark.parametrize(("row", "reason"), [
    ({"monitored": 10}, "PERSONS"),
    ({"n_establishments": 2}, "ESTABLISHMENTS"),
])  # fmt: skip
def test_a_small_cell_and_the_next_smallest_are_hidden(row, reason):
    shown = national(
        {"group_code": "M", **row}, {"group_code": "F", "monitored": 60}, {"group_code": "X", "monitored": 900}
    )
    assert by_group(shown, "suppression_reason") == {"M": reason, "F": "SECONDARY", "X": ""}
    for column in ("monitored", "exposed", "collective_dose_man_sv", "mean_exposed_msv", "n_gt_20", "number_ratio_1"):
        assert by_group(shown, column)["M"] is None and by_group(shown, column)["F"] is None


def test_eleven_persons_of_three_establishments_are_shown():
    shown = national({"group_code": "M", "monitored": 11, "n_establishments": 3}, {"group_code": "F"})
    assert by_group(shown, "monitored") == {"M": 11, "F": 100}


@pytest.mark.parametrize(("row", "reason"), [
    ({"exposed": 0}, "EXPOSED"),
    ({"top_share": Decimal("0.850001")}, "DOMINANCE"),
    ({"top_establishment_share_dose": Decimal("0.9")}, "DOMINANCE"),
    ({"top_establishment_share_workers": Decimal("0.9")}, "DOMINANCE"),
])  # fmt: skip
def test_doses_need_exposed_persons_and_no_dominant_one(row, reason):
    shown = national({"group_code": "M", **row}, {"group_code": "F"})
    assert by_group(shown, "suppression_reason") == {"M": reason, "F": "SECONDARY"}
    assert by_group(shown, "monitored") == {"M": 100, "F": 100}
    assert by_group(shown, "collective_dose_man_sv") == {"M": None, "F": None}


def test_high_percentiles_need_fifty_exposed():
    shown = national({"group_code": "M", "exposed": 49}, {"group_code": "F", "exposed": 50})
    for column in ("p90_exposed_msv", "p90_monitored_msv", "p95_exposed_msv"):
        assert by_group(shown, column) == {"M": None, "F": 100}
    assert by_group(shown, "p75_exposed_msv") == {"M": 100, "F": 100}


def test_high_percentiles_of_all_rows_need_fifty_who_are_exposed_in_them():
    """Of skin, another site may be the highest: a group may lose some of those who are exposed in it."""
    rows = {"group_code": "M", "exposed_all_rows": 49}, {"group_code": "F", "exposed_all_rows": 50, "exposed": 50}
    shown = national(*rows, model=models()["statistics_of_all_rows"])
    assert by_group(shown, "p90_exposed_all_rows_msv") == {"M": None, "F": 100}
    assert by_group(shown, "p75_exposed_all_rows_msv") == {"M": 100, "F": 100}


def test_the_highest_percentile_needs_two_hundred_and_fifty_exposed():
    shown = national({"group_code": "M", "exposed": 249}, {"group_code": "F", "exposed": 250})
    for column in ("p99_exposed_msv", "p99_monitored_msv"):
        assert by_group(shown, column) == {"M": None, "F": 100}
    assert by_group(shown, "p95_monitored_msv") == {"M": 100, "F": 100}


def test_counts_of_one_to_ten_and_the_ratios_that_give_them_back():
    shown = national({"group_code": "M", "n_gt_10": 3}, {"group_code": "F", "n_gt_10": 0}, {"group_code": "X"})
    assert by_group(shown, "n_gt_10") == {"M": None, "F": 0, "X": None}
    assert by_group(shown, "number_ratio_10") == {"M": None, "F": 100, "X": None}


def test_exceedances_are_national_news_only():
    assert national({"group_code": "ALL", "dimension": "ALL", "n_gt_20": 5})["n_gt_20"].to_list() == [5]
    assert national({"group_code": "NUCLEAR", "dimension": "domain", "n_gt_20": 5})["n_gt_20"].to_list() == [5]
    assert national({"group_code": "11", "dimension": "region", "n_gt_20": 5})["n_gt_20"].to_list() == [None]


def test_control_columns_and_maxima_never_leave():
    controls = {c.name for c in NATIONAL.columns.values() if c.protection == "control"}
    assert controls and not controls & set(national({"group_code": "M"}).columns)
    for model in models().values():
        if model.level in ("national", "establishment"):
            assert not [c for c in model.columns if c.startswith(("max_", "min_", "highest"))]


def test_no_single_hidden_number_can_be_found_by_subtraction():
    import random

    chance = random.Random(1)
    rows = [{"group_code": str(i), "monitored": chance.choice([5, 12, 40, 300]), "exposed": chance.choice([3, 11, 60]),
             "n_gt_6": chance.choice([0, 4, 15])} for i in range(7)]  # fmt: skip
    for size in range(2, 8):
        shown = national(*rows[:size])
        for column in ("monitored", "n_gt_6", "collective_dose_man_sv"):
            others = [r for r in shown.iter_rows(named=True) if r[column] != 0]
            hidden = sum(r[column] is None for r in others)
            assert hidden != 1 or len(others) == 1, (size, column)


def test_an_establishment_sees_its_own_from_eleven_persons():
    model = models()["establishment_statistics"]
    base = {c.name: 20 for c in model.columns.values()} | {"top_share": Decimal("0.1"), "limit_quantity": "effective"}
    frame = pl.DataFrame([{**base, "monitored": 10, "exposed": 10}, {**base, "monitored": 11, "exposed": 11}])
    assert protect(frame, model, RULES)["mean_exposed_msv"].to_list() == [None, 20]


@pytest.mark.parametrize(("exposed", "shown"), [(0, None), (1, None), (10, None), (11, 11), (40, 40)])
def test_an_employer_cannot_read_that_nobody_was_exposed(exposed, shown):
    """Zero exposed among persons the employer knows by name would be each one's dose."""
    model = models()["establishment_statistics"]
    row = {c.name: 40 for c in model.columns.values()} | {"limit_quantity": "effective", "exposed": exposed}
    frame = protect(pl.DataFrame([row | {"n_gt_1": 11, "n_gt_6": 11}]), model, RULES)
    assert frame["exposed"].to_list() == [shown]
    assert frame["monitored"].to_list() == [40]


@pytest.mark.parametrize("sizes", [(20, 1), (20, 15, 3), (40, 30, 5, 5), (200, 12, 4), (30, 0, 1), (60, 11, 11, 1)])
def test_an_employer_cannot_subtract_the_visible_jobs_from_the_whole(sizes):
    """What is left of ALL after the visible occupations is nothing, or at least eleven persons of two occupations."""
    model = models()["establishment_comparison"]
    numbers = {c.name: 100 for c in model.columns.values() if c.protection not in ("key", "control")}
    keys = {c.name: Decimal("0.1") for c in model.columns.values() if c.protection == "control"}
    keys |= {"establishment_key": 1, "year": 2023, "sector_code": "NUC"}
    jobs = [
        {**keys, **numbers, "occupation_code": f"M{i:02d}", "category": "B", "monitored": size + 40, "exposed": size}
        for i, size in enumerate(sizes)
    ]
    whole = {**keys, **numbers, "occupation_code": "ALL", "category": "ALL", "monitored": sum(sizes) + 40 * len(sizes)}
    shown = protect(pl.DataFrame([*jobs, whole | {"exposed": sum(sizes)}]), model, RULES)
    by_job = dict(zip(shown["occupation_code"], shown["exposed"], strict=True))
    assert by_job["ALL"] == sum(sizes)
    hidden = [size for i, size in enumerate(sizes) if by_job[f"M{i:02d}"] is None]
    assert not hidden or (len(hidden) >= 2 and sum(hidden) >= RULES.persons) or len(hidden) == len(sizes)


def test_the_class_between_two_counts_that_are_shown_is_not_small():
    shown = national({"group_code": "M", "n_gt_5": 60, "n_gt_6": 57, "n_gt_10": 30, "n_gt_15": 30, "n_gt_20": 12})
    assert shown["n_gt_5"].to_list() == [60]
    assert shown["n_gt_6"].to_list() == [None], "three persons between 5 and 6 mSv"
    assert shown["n_gt_10"].to_list() == [30]


def test_a_group_without_dose_does_not_hide_the_dose_of_another():
    """Both are hidden; of the one that shows nobody exposed, the reader knows the dose."""
    shown = national(
        {"group_code": "A", "exposed": 15, "top_share": Decimal("0.9")},
        {"group_code": "B", "exposed": 0},
        {"group_code": "C", "exposed": 40},
        {"group_code": "D", "exposed": 90},
    )
    doses = by_group(shown, "collective_dose_man_sv")
    assert doses == {"A": None, "B": None, "C": None, "D": 100}


@pytest.mark.parametrize(("share", "shown"), [("0.84", [None, None, 9, 100]), ("0.95", [None, None, None, 100])])
def test_what_is_left_of_several_hidden_doses_is_not_mostly_one_persons(share, shown):
    """The total less what is shown is the dose of A and B."""
    frame = national(
        {"group_code": "A", "exposed": 40, "top_share": Decimal(share), "collective_dose_man_sv": 9},
        {"group_code": "B", "exposed": 5, "collective_dose_man_sv": 0},
        {"group_code": "C", "exposed": 60, "collective_dose_man_sv": 9},
        {"group_code": "D", "exposed": 90},
    )
    assert frame["collective_dose_man_sv"].to_list() == shown
