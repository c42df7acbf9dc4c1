"""Check digits agree with python-stdnum, letter by letter, on thousands of numbers right and wrong."""

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.fr import nir as stdnum_nir
from stdnum.fr import siren as stdnum_siren
from stdnum.fr import siret as stdnum_siret

from delivery_files import key_of, rpps, siret
from ingestion.identifiers import (
    is_nir_shaped,
    is_record_id,
    is_rpps,
    is_siren,
    is_siret,
    may_be_repeated,
    names_a_person,
    nir_key,
)
from ingestion.names import with_name_check

# Corsica before and after 1976, overseas, abroad; temporary numbers; incomplete civil status.
departments = st.sampled_from(["01", "20", "75", "2A", "2B", "96", "97", "98", "99"])
numbers = st.builds(
    lambda sex, born, department, rest: f"{sex}{born}{department}{rest:06d}",
    st.sampled_from("123478"),
    st.sampled_from(["8001", "6512", "0203", "7020", "5530", "5542", "4150", "4199"]),
    departments,
    st.integers(0, 999_999),
)


@given(st.lists(numbers, min_size=1, max_size=50))
@settings(max_examples=50, deadline=None)
def test_the_key_is_stdnums(values):
    keys = pl.DataFrame({"nir": values}).select(key=nir_key("nir"))["key"].to_list()
    assert keys == [stdnum_nir.calc_check_digits(value) for value in values]


@given(st.lists(numbers, min_size=1, max_size=50), st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_a_number_and_key_are_valid_when_stdnum_says_so(values, key):
    whole = [f"{value}{key:02d}" for value in values] + [f"{value}{key_of(value)}" for value in values]
    frame = pl.DataFrame({"nir": [w[:13] for w in whole], "key": [w[13:] for w in whole]})
    found = frame.select(ok=is_nir_shaped("nir") & (nir_key("nir") == pl.col("key")))["ok"].to_list()
    assert found == [stdnum_nir.is_valid(w) for w in whole]


@pytest.mark.parametrize(
    ("number", "is_shaped"),
    [
        ("1801275001000", True), ("1801375001000", False), ("1801975001000", False), ("1802075001000", True),
        ("1802175001000", False), ("1803075001000", True), ("1804275001000", True), ("1804375001000", False),
        ("1804975001000", False), ("1805075001000", True), ("1809975001000", True), ("1800075001000", False),
        ("3800175001000", True), ("4800175001000", True), ("7800175001000", True), ("8800175001000", True),
        ("5800175001000", False), ("180012A001000", True), ("180012C001000", False), ("1800100001000", False),
        ("1800197401000", True), ("1800198801000", True), ("1800199126000", True), ("180017500100", False),
    ],
)  # fmt: skip
def test_the_layout_of_a_number(number, is_shaped):
    assert pl.DataFrame({"nir": [number]}).select(is_nir_shaped("nir"))["nir"].to_list() == [is_shaped]


@given(st.lists(st.integers(0, 10**9 - 1).map(lambda n: f"{n:09d}"), min_size=1, max_size=50))
@settings(max_examples=50, deadline=None)
def test_a_siren_is_valid_when_stdnum_says_so(values):
    values = [*values, "732829320", "356000000", siret()[:9], "73282932", "7328293200"]
    found = pl.DataFrame({"siren": values}).select(ok=is_siren("siren"))["ok"].to_list()
    assert found == [stdnum_siren.is_valid(value) for value in values]


@given(st.lists(st.integers(0, 99_999).map(lambda n: f"356000000{n:05d}"), min_size=1, max_size=50))
@settings(max_examples=50, deadline=None)
def test_an_office_of_la_poste_is_valid_when_stdnum_says_so(values):
    values = [*values, "35600000000048", "35600000000049"]
    found = pl.DataFrame({"siret": values}).select(ok=is_siret("siret"))["ok"].to_list()
    assert found == [stdnum_siret.is_valid(value) for value in values]


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


SAID = st.one_of(
    st.text("AZaz09._:/- é\n", max_size=12),
    st.text("A1.", max_size=4),
    st.text("A1", min_size=39, max_size=41),
    st.integers(10**12, 10**13 - 1).map("x{}".format),
)


@given(st.lists(SAID, min_size=1, max_size=50))
def test_what_a_report_repeats_is_an_identifier_with_a_digit_and_no_number_of_a_person(texts):
    is_told, is_id = (pl.DataFrame({"id": texts}).select(ask("id"))["id"] for ask in (may_be_repeated, is_record_id))
    holds_number = [re.search("[1-478][0-9]{4}(2[AB]|[0-9]{2})[0-9]{6}", text) is not None for text in texts]
    assert is_told.to_list() == [
        has_shape and any(c.isdigit() for c in text) and not is_number
        for has_shape, text, is_number in zip(is_id, texts, holds_number, strict=True)
    ]


def test_spelling_habits_do_not_make_another_person():
    spelled = pl.DataFrame(
        {
            "birth_name": ["de la Tour-d'Aubrac", "TOUR D AUBRAC", "TOUR D’AUBRAC", "Tour Aubrac", "Tours"],
            "first_names": ["Jean-Éloi", "JEAN ELOI, Luc", "jean", "Jeanne", "Jean"],
        }
    )
    checks = with_name_check(spelled)["name"].to_list()
    assert checks[0] == checks[1] == checks[2]
    assert len(set(checks)) == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Lœuillet", "Zoé"), ("LOEUILLET", "ZOE")),
        (("Sørensen", "Łukasz"), ("SORENSEN", "LUKASZ")),
        (("Đặng", "Đức"), ("DANG", "DUC")),
        (("Weiß", "Anaïs"), ("WEISS", "ANAIS")),
        (("L'Hénoret", "Maël"), ("L HENORET", "MAEL")),
        (("MARTIN-DURAND", "Anne-Lise"), ("Martin Durand", "ANNE LISE, Rose")),
        (("de La Fontaine", "Jean"), ("LA FONTAINE", "Jean")),
        (("Le Goff", "Yann"), ("LE  GOFF", "yann")),
    ],
)
def test_two_spellings_of_one_name(one, other):
    names = pl.DataFrame([one, other], schema=["birth_name", "first_names"], orient="row")
    checks = with_name_check(names)["name"]
    assert checks.n_unique() == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Martin", "Jean"), ("Martine", "Jean")),
        (("Martin", "Jean"), ("Martin", "Jeanne")),
        (("Martin", "Jean"), ("Martin Durand", "Jean")),
        (("Martin", "Jean Luc"), ("Martin", "Luc Jean")),
        (("Delage", "Jean"), ("Lage", "Jean")),
    ],
)
def test_two_names_that_are_not_one(one, other):
    names = pl.DataFrame([one, other], schema=["birth_name", "first_names"], orient="row")
    assert with_name_check(names)["name"].n_unique() == 2
