"""The ground: settings are checked by name, words are whole, an append lands once, a dose names its file and line."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lake import reference, vocabulary
from lake.errors import SettingError, StorageError
from lake.schema import DOSES, EMPLOYMENTS, PERSONS, REJECTIONS, dose_id, place_of
from lake.settings import Settings
from lake.store import Lake, _in_parts, word_types


def test_an_unknown_setting_is_refused_by_name():
    with pytest.raises(SettingError, match="DOSILAKE_HOEM"):
        Settings.from_environ({"DOSILAKE_HOEM": "x"})


@pytest.mark.parametrize(("variable", "text"), [("DOSILAKE_PORT", "eighty"), ("DOSILAKE_DEMO", "yes")])
def test_a_setting_of_the_wrong_type_is_refused_by_name(variable, text):
    with pytest.raises(SettingError, match=variable):
        Settings.from_environ({variable: text})


def test_a_setting_given_on_the_command_line_wins(tmp_path):
    assert Settings.from_environ({"DOSILAKE_HOME": "a"}, home=tmp_path).home == tmp_path


def test_every_word_has_both_labels():
    words = [w for kind in vocabulary.Word.__subclasses__() for w in kind]
    assert words
    assert all(word.label("fr") and word.label("en") for word in words)


@pytest.mark.parametrize("place", [(1, 1, 0), (2**20, 2**28, 7), (42, 1_000_001, 3)])
def test_a_dose_id_names_its_delivery_row_and_part(place):
    assert place_of(dose_id(*place)) == place


def test_limits_are_dated_and_sourced():
    limits = reference.table("dose_limits")
    assert limits["legal_source"].null_count() == 0
    assert reference.table("classification_levels")["legal_source"].null_count() == 0
    assert limits.filter(limit_code="L1")["limit_msv"].item() == Decimal("20.000")
    assert set(limits["kind"]) == {"LIMIT", "EMERGENCY_LIMIT", "REFERENCE_LEVEL", "AUTHORISED"}


@pytest.mark.parametrize("number", range(1, 10))
def test_every_limit_of_the_law_has_a_row_in_force_or_says_why_nothing_is_computed(number):
    rows = reference.table("dose_limits").filter(pl.col("limit_code").str.starts_with(f"L{number}"))
    assert rows["valid_to"].null_count() >= 1
    for row in rows.to_dicts():
        # Of an unborn child and of a flight the register holds no dose: said, not silently absent.
        assert (row["not_computed_because"] is not None) == (number in (5, 9)), row["limit_code"]


def test_one_value_of_a_limit_follows_another_without_overlap():
    same = ("kind", "limit_quantity", "population", "window", "label")
    # Several emergency levels stand side by side: each follows its own code.
    limits = reference.table("dose_limits").with_columns(
        label=pl.when(kind="REFERENCE_LEVEL").then(pl.col("limit_code").str.slice(0, 2))
    )
    for _, rows in limits.sort("valid_from").group_by(same, maintain_order=True):
        for earlier, later in pairwise(rows.to_dicts()):
            assert earlier["valid_to"] + timedelta(days=1) == later["valid_from"], later["limit_code"]


def test_a_text_that_took_a_limit_over_unchanged_begins_where_the_earlier_one_ends():
    rows = {row["limit_code"]: row for row in reference.table("dose_limits").to_dicts()}
    earlier = {code: row for code, row in rows.items() if row["counted_as"]}
    assert {code: row["counted_as"] for code, row in earlier.items()} == {
        "L2h": "L2", "L3h": "L3", "L4hh": "L4h", "L6h": "L6", "L6bh": "L6b", "L6sh": "L6s", "L7h": "L7"
    }  # fmt: skip
    for row in earlier.values():
        later = rows[row["counted_as"]]
        same = ("kind", "limit_quantity", "population", "window", "passes", "limit_msv")
        assert [row[name] for name in same] == [later[name] for name in same]
        assert row["valid_to"] + timedelta(days=1) == later["valid_from"] and later["counted_as"] is None


@pytest.mark.parametrize(("quantity", "day", "limit"), [
    ("extremities", "1966-01-01", 500), ("extremities", "2018-06-30", 500), ("extremities", "2018-07-01", 500),
    ("skin", "1966-01-01", 500), ("skin", "2018-06-30", 500), ("skin", "2018-07-01", 500),
    ("lens", "1966-01-01", 150), ("lens", "2010-07-04", 150), ("lens", "2010-07-05", 150), ("lens", "2018-06-30", 150),
    ("lens", "2018-07-01", 50), ("lens", "2023-07-01", 20),
])  # fmt: skip
def test_the_limit_of_a_day_is_the_same_whichever_text_sets_it(quantity, day, limit):
    assert reference.limit_on(quantity, date.fromisoformat(day)) == limit


# The first day on which a text applies as it was read; what stood before is known from memory at best.
READ_AS_OF = {
    "Code du travail, art. R.4451-": date(2018, 7, 1),
    "Décret 2018-437": date(2018, 7, 1),
    "Code du travail, ancien art. R.4451-13": date(2010, 7, 5),
    "Code de la santé publique, ancien art. R.1333-86": date(2003, 4, 4),
}


@pytest.mark.parametrize("name", ["dose_limits", "classification_levels"])
def test_no_row_is_marked_verified_from_before_the_text_it_cites(name):
    for row in reference.table(name).filter(confidence="V").to_dicts():
        (since,) = [day for text, day in READ_AS_OF.items() if row["legal_source"].startswith(text)]
        assert row["valid_from"] >= since, row


def test_what_is_not_planned_exposure_is_no_limit_of_adults_or_minors():
    others = reference.table("dose_limits").filter(pl.col("kind") != "LIMIT")
    assert not {"ADULT", "MINOR"} & set(others["population"])


@pytest.mark.parametrize(("name", "apart"), [("dose_classes", "limit_quantity"), ("cumulative_dose_classes", "span")])
def test_dose_classes_leave_no_gap(name, apart):
    for _, classes in reference.table(name).sort("position").group_by(apart, maintain_order=True):
        assert classes["up_to_msv"].to_list()[:-1] == classes["above_msv"].to_list()[1:]


def _person(worker_key: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "worker_key": [worker_key],
            "birth_year": [1980],
            "sex": ["F"],
            "delivery_no": [1],
            "known_at": [datetime(2024, 1, 1, tzinfo=UTC)],
        }
    )


def test_the_same_application_id_lands_once(tmp_path):
    lake = Lake(tmp_path)
    lake.create()
    assert lake.append(PERSONS, _person(1), "delivery-1")
    assert not lake.append(PERSONS, _person(1), "delivery-1")
    assert lake.append(PERSONS, _person(2), "delivery-2")
    assert sorted(lake.scan("persons").collect()["worker_key"]) == [1, 2]


def test_words_held_as_codes_are_stored_as_text_like_all_others(tmp_path):
    lake = Lake(tmp_path)
    lake.create()
    sexes = pl.Series("sex", ["F", "M", "M"], dtype=word_types(PERSONS)["sex"])
    coded = pl.concat([_person(1), _person(2), _person(3)]).with_columns(sexes)
    lake.append_pieces(PERSONS, [coded, coded.clear()], "delivery-1")
    lake.append(PERSONS, _person(4), "delivery-2")
    assert all(pq.read_schema(path).field("sex").type == pa.string_view() for path in lake.files("persons"))
    assert lake.scan("persons").sort("worker_key").collect()["sex"].to_list() == ["F", "M", "M", "F"]


def test_the_log_tells_what_each_file_holds(tmp_path):
    lake = Lake(tmp_path)
    lake.create()
    told = dict(judged_by=1, severity="W", code="P04", field="period_end")
    rows = pl.DataFrame([told | {"delivery_no": row_no // 20, "row_no": row_no} for row_no in range(20, 60)])
    lake.append(REJECTIONS, rows, "delivery-1")
    (told,) = pa.table(lake.opened("rejections").get_add_actions(flatten=True)).to_pylist()
    assert (told["num_records"], told["min.delivery_no"], told["max.delivery_no"], told["null_count.delivery_no"]) == (
        40, 1, 2, 0,
    )  # fmt: skip


_PLACED = {
    "year": pl.Int32,
    "sector": pl.String,
    "worker_key": pl.Int64,
    "period_end": pl.Date,
    "dose_id": pl.Int64,
}
_DOSE = st.tuples(
    st.sampled_from([2019, 2020]),
    st.sampled_from(["MED", "IND", "UNK"]),
    st.none() | st.integers(1, 3) | st.just(2**40),
    st.dates(date(1900, 1, 1), date(2199, 12, 31)),
    st.integers(8, 30) | st.integers(2**62, 2**63 - 1),
)


@given(st.lists(_DOSE, min_size=1, max_size=20))
@example([(2020, "MED", 2, date(2020, 1, 31), 9), (2019, "IND", None, date(2020, 1, 31), 8)])
def test_each_partition_gets_its_rows_in_order(doses):
    rows = pl.DataFrame(doses, schema=_PLACED, orient="row")
    rows = pl.concat([rows.slice(0, 3), rows.slice(3)], rechunk=False)
    found = dict(_in_parts(rows, DOSES))
    expected = rows.sort(DOSES.sorted_by).partition_by("year", "sector", as_dict=True, include_key=False)
    assert {values: part.rows() for values, part in found.items()} == {
        values: part.rows() for values, part in expected.items()
    }


def test_a_table_without_partitions_is_one_part():
    rows = pl.DataFrame({"worker_key": [2, 1, 2], "category_start": [date(2020, 1, 1), None, date(2019, 1, 1)]})
    ((values, part),) = _in_parts(rows, EMPLOYMENTS)
    assert values == () and part.rows() == [(1, None), (2, date(2019, 1, 1)), (2, date(2020, 1, 1))]
    assert [part.height for _, part in _in_parts(rows, REJECTIONS)] == [3]


@pytest.mark.parametrize("folder", ["with space", "été", "l'un#1"])
def test_a_lake_may_stand_in_a_folder_with_any_name(tmp_path, folder):
    lake = Lake(tmp_path / folder)
    lake.create()
    lake.append(PERSONS, _person(1), "delivery-1")
    assert lake.scan("persons").collect().height == lake.scan("persons", pl.lit(True)).collect().height == 1


def test_a_lake_that_is_not_there_says_what_to_do(tmp_path):
    with pytest.raises(StorageError, match="dosilake ingest"):
        Lake(tmp_path).scan("doses")
