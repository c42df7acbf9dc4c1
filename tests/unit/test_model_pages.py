"""docs/models says what the catalogue, the SQL and the spec tests say, byte for byte."""

from model_pages import FOLDER, model_pages, parents
from models.catalog import models
from spec_examples import examples, read_tests


def test_the_printed_model_pages_are_up_to_date():
    expected = {name: text.encode() for name, text in model_pages().items()}
    printed = {path.name: path.read_bytes() for path in FOLDER.iterdir()}
    differing = sorted(name for name in {*expected, *printed} if printed.get(name) != expected.get(name))
    assert not differing, "run `make docs`"


def test_every_mart_has_a_page_and_every_staging_model_a_line():
    pages = model_pages()
    for model in models().values():
        page = pages[f"{model.name}.md" if model.is_mart else "staging.md"]
        assert model.meaning in page and model.grain in page
        assert all(f"`{column}`" in page for column in model.columns)
        assert f"({model.name}.md)" in pages["README.md"] or not model.is_mart


def test_every_mart_has_an_example_with_small_tables():
    shown = set().union(*(example.marts for example in examples() if example.tables))
    assert {model.name for model in models().values() if model.is_mart} - shown == set()


def test_lineage_holds_what_the_sql_reads_and_no_name_of_its_own():
    assert parents(models()["persons"]) == {"person_keys", "lake.persons"}
    # `persons` is a step of this SQL, not the mart of that name.
    assert "persons as (" in models()["component_statistics"].sql
    assert "persons" not in parents(models()["component_statistics"])


SPEC = '''
ASK = "select dose_12m_msv from {} order by all"
PLACES = """
    establishment_key | siret
    10                | 00000000100010
"""


@pytest.fixture
def places(register, table):
    for row in table(PLACES):
        register.add("establishments", **row)


def asked(register, mart="limit_exceedances"):
    return register.rows_of(ASK.format(mart))


def test_a_fixture_and_another_mart(places, table):
    """Why
    it is so."""
    for row in table("""
        worker_key | dose_msv
        1          | 2.000
    """):
        places.dose(**row)
    assert asked(places, "rolling_doses") == [
        ("2.000",),
    ]


def test_the_default_mart(register):
    assert asked(register) == []


def test_no_mart(register):
    register.add("persons", worker_key=1)
    assert register.lake.scan("persons").collect().height == 1
'''


def test_an_example_is_what_the_source_says(tmp_path):
    (tmp_path / "test_x.py").write_text(SPEC)
    told, default, none = read_tests(tmp_path / "test_x.py")
    assert told.title == "A fixture and another mart"
    assert told.explanation == "Why it is so."
    assert told.tables == [
        ("", "worker_key | dose_msv\n1          | 2.000"),
        ("PLACES", "establishment_key | siret\n10                | 00000000100010"),
    ]
    assert told.queries == ["select dose_12m_msv from {} order by all"]
    assert told.steps.splitlines() == [
        'for row in table("…"):',
        "    places.dose(**row)",
        'assert asked(places, "rolling_doses") == [',
        '    ("2.000",),',
        "]",
    ]
    assert (told.marts, default.marts, none.marts) == ({"rolling_doses"}, {"limit_exceedances"}, set())
