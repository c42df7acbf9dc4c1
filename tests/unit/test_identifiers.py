"""Check digits agree with python-stdnum, letter by letter, on thousands of numbers right and wrong."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.fr import nir as stdnum_nir
from stdnum.fr import siret as stdnum_siret

from delivery_files import key_of, rpps, siret
from ingestion.identifiers import is_rpps, is_siret, names_a_person, nir_key
from ingestion.names import name_check

departments = st.sampled_from(["01", "75", "2A", "2B", "97", "99"])
numbers = st.builds(
    lambda sex, born, department, rest: f"{sex}{born}{department}{rest:06d}",
    st.sampled_from("12"),
    st.sampled_from(["8001", "6512", "0203"]),
    departments,
    st.integers(0, 999_999),
)


@given(st.lists(numbers, min_size=1, max_size=50))
@settings(max_examples=50, deadline=None)
def test_the_key_is_stdnums(values):
    keys = pl.DataFrame({"nir": values}).select(key=nir_key("nir"))["key"].to_list()
    assert keys == [stdnum_nir.calc_check_digits(value) for value in values]


@given(st.lists(st.integers(0, 10**14 - 1).map(lambda n: f"{n:014d}"), min_size=1, max_size=50))
@settings(max_examples=50, deadline=None)
def test_a_siret_is_valid_when_stdnum_says_so(values):
    values = [*values, *[siret(i) for i in range(5)], "35600000000048"]
    found = pl.DataFrame({"siret": values}).select(ok=is_siret("siret"))["ok"].to_list()
    assert found == [stdnum_siret.is_valid(value) for value in values]


def test_la_poste_offices_count_by_plain_sum():
    offices = pl.DataFrame({"siret": ["35600000049837", "35600000049838", "73282932000074", "73282932000079"]})
    assert offices.select(is_siret("siret"))["siret"].to_list() == [True, False, True, False]


@given(st.integers(0, 10**11 - 1).map(lambda n: f"{n:011d}"))
def test_rpps_is_luhn(number):
    values = [number, rpps()]
    assert pl.DataFrame({"rpps": values}).select(is_rpps("rpps"))["rpps"].to_list() == [
        luhn.is_valid(number),
        True,
    ]


def test_corsican_departments_count_as_19_and_18():
    numbers = ["253072B073000", "253072A073000", "2530799073000"]
    frame = pl.DataFrame({"nir": numbers})
    assert frame.select(key=nir_key("nir"))["key"].to_list() == [stdnum_nir.calc_check_digits(n) for n in numbers]


def test_a_number_hidden_in_free_text_is_seen():
    person = "1800175001000"
    texts = [f"badge {person}{key_of(person)}", f"badge {person}00", "REC-2020-01"]
    assert pl.DataFrame({"text": texts}).select(names_a_person("text"))["text"].to_list() == [True, False, False]


def test_spelling_habits_do_not_make_another_person():
    spelled = pl.DataFrame(
        {
            "birth_name": ["de la Tour-d'Aubrac", "TOUR D AUBRAC", "TOUR D’AUBRAC", "Tour Aubrac", "Tours"],
            "first_names": ["Jean-Éloi", "JEAN ELOI, Luc", "jean", "Jeanne", "Jean"],
        }
    )
    checks = spelled.select(name_check("birth_name", "first_names"))["birth_name"].to_list()
    assert checks[0] == checks[1] == checks[2]
    assert len(set(checks)) == 3
