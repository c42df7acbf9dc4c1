"""models.catalog: every model is described, ordered and served under a level of the policy."""

import pytest

from lake.errors import ModelError
from models.build import in_order, sources_named, tables_named
from models.catalog import INTERNAL, check_columns, load, models
from registry.policy import Data


def test_every_model_has_a_sidecar_and_every_mart_its_columns():
    assert {m.name for m in models().values() if m.is_mart} >= {
        "persons", "rolling_doses", "limit_exceedances", "annual_worker_doses", "national_statistics",
        "dose_distribution", "establishment_statistics", "establishment_comparison", "transmission_timeliness",
    }  # fmt: skip


@pytest.mark.parametrize("model", [m for m in models().values() if m.is_mart], ids=lambda m: m.name)
def test_a_served_mart_can_be_scoped_and_read(model):
    assert model.level == INTERNAL or model.level in set(Data)
    if model.level in (Data.INDIVIDUAL, Data.EXCEEDANCE, Data.IDENTITY):
        assert model.scope == "worker_key" and "worker_key" in model.columns
        assert not model.disclosure
    elif model.level == Data.EXCEEDANCE_NOTICE:
        # An employer is told who, and no dose.
        assert model.scope == "establishment_key" and not [c for c in model.columns if c.endswith("_msv")]
    else:
        assert "worker_key" not in model.columns or model.level == INTERNAL


def test_columns_that_are_alike_are_described_once(tmp_path):
    (tmp_path / "alike.sql").write_text("select 1", encoding="utf-8")
    (tmp_path / "alike.toml").write_text(
        """
        description = "Nothing; one row per nothing"
        [columns."n_gt_{1,20}_now"]
        meaning = "persons above {} mSv"
        label_fr = "Plus de {} mSv"
        label_en = "> {} mSv"
        follows = ["n_gt_{}_now"]
        """,
        encoding="utf-8",
    )
    columns = load(tmp_path / "alike.sql").columns
    assert [(c.name, c.meaning, c.label_fr, c.label_en, *c.follows) for c in columns.values()] == [
        (f"n_gt_{n}_now", f"persons above {n} mSv", f"Plus de {n} mSv", f"> {n} mSv", f"n_gt_{n}_now") for n in (1, 20)
    ]


def test_no_model_takes_the_organ_out_of_the_lake():
    for model in models().values():
        assert "organ" not in model.sql.split() and "organ" not in model.columns


def test_no_limit_is_typed_into_the_exceedances():
    for name in ("limit_days", "exceedance_episodes", "prorata_peaks", "limit_exceedances"):
        assert not {"20", "500", "150", "50"} & set(models()[name].sql.split())


def test_order_follows_what_the_sql_names():
    names = [m.name for m in in_order(list(models().values()))]
    for earlier, later in (("current_doses", "dose_records"), ("rolling_windows", "rolling_doses"),
                           ("annual_worker_doses", "national_statistics")):  # fmt: skip
        assert names.index(earlier) < names.index(later)


def test_lake_tables_and_steps_of_the_sql_are_not_models():
    sql = """
        with employments as (select 1 from lake.doses join persons using (x)) -- from rolling_doses
        select extract(year from employments.day) from employments, (select 1 from reference.sectors)
    """
    assert tables_named(sql) == {"persons"}
    assert sources_named(sql) == {"lake.doses", "reference.sectors"}


def test_a_step_named_as_the_table_that_it_reads_reads_it():
    assert tables_named("with persons as (select 1 from persons where f(x) = ')') select 1 from persons") == {"persons"}
    assert tables_named("with a as (select 1), persons as (select (1) from a) select 1 from persons") == set()


RIGHT = """
description = "x; one row per x"
level = "national"
source = "y"
[columns.dose_msv]
meaning = "sum"
unit = "mSv"
label_fr = "Dose"
label_en = "Dose"
"""


def _load(folder, sidecar: str, kind: str = "marts"):
    (folder / kind).mkdir()
    (folder / kind / "x.sql").write_text("select 1")
    (folder / kind / "x.toml").write_text(sidecar)
    return load(folder / kind / "x.sql")


def test_a_description_is_a_meaning_and_a_grain(tmp_path):
    model = _load(tmp_path, RIGHT.replace("x; one row per x", "what it is; and more; one row per worker and year"))
    assert (model.meaning, model.grain) == ("what it is; and more", "worker and year")


@pytest.mark.parametrize(("right", "wrong", "told"), [
    ("x; one row per x", "no grain", "description"),
    ("x; one row per x", "; one row per x", "description"),
    ("x; one row per x", "x; one row per ", "description"),
    ('"national"', '"secret"', "level"),
    ('"national"', '"national"\nsurprise = 1', "surprise"),
    ('"national"', '"national"\ndisclosure = "some"', "disclosure"),
    ('"national"', '"national"\nrefreshed_by = "night"', "refreshed_by"),
    ('source = "y"', "", "source"),
    ('"mSv"', '"Sv"', "unit"),
    ('meaning = "sum"', 'meaning = ""', "needs a meaning"),
    ('meaning = "sum"', 'meaning = "dose"', "no more than its label"),
    ('label_fr = "Dose"', "", "label_fr"),
    ('label_fr = "Dose"', 'label_fr = "Dose"\nprotection = "none"', "protection"),
])  # fmt: skip
def test_a_wrong_sidecar_is_refused(tmp_path, right, wrong, told):
    assert right in RIGHT
    with pytest.raises(ModelError, match=told):
        _load(tmp_path, RIGHT.replace(right, wrong))


@pytest.mark.parametrize("sidecar", ["", 'description = "Operational months"'])
def test_a_staging_model_without_a_description_is_refused(tmp_path, sidecar):
    with pytest.raises(ModelError, match="description"):
        _load(tmp_path, sidecar, "staging")


def test_a_model_without_a_sidecar_is_refused(tmp_path):
    (tmp_path / "x.sql").write_text("select 1")
    with pytest.raises(ModelError, match="no sidecar"):
        load(tmp_path / "x.sql")


def test_columns_are_described_and_nothing_else_is():
    with pytest.raises(ModelError, match="not described: extra"):
        check_columns(models()["persons"], ["worker_key", "birth_year", "sex", "extra"])
    with pytest.raises(ModelError, match="absent: sex"):
        check_columns(models()["persons"], ["worker_key", "birth_year"])
