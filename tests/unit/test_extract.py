"""models.extract: every row of an extract fits at least eleven persons, and the internal dose stays out."""

import json
import re
import shutil
from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from lake import reference
from models.extract import CODEBOOK, DESCRIPTION, MERGED, blurred, make_extract
from registry import extracts
from registry.accounts import list_accounts, viewer_of
from registry.database import open_registry
from registry.keys import open_keys

THRESHOLD = int(reference.threshold("person_count"))


def _people(count: int, first: int = 0, **description) -> pl.DataFrame:
    common = {"year": 2023, "limit_quantity": "effective", "sex": "F", "birth_years": "1980-1984", "category": "B"}
    common |= {"sector_code": "MED.04", "occupation_code": "M32"} | description
    return pl.DataFrame({"worker_key": range(first, first + count)}).with_columns(
        **{name: pl.lit(value) for name, value in common.items()}
    )


def test_a_group_large_enough_is_described_in_full():
    assert blurred(_people(THRESHOLD))["occupation_code"].unique().to_list() == ["M32"]


def test_a_group_too_small_is_described_less_finely():
    rows = pl.concat([_people(THRESHOLD - 1, 100, occupation_code="M33"), _people(1, 200, occupation_code="M34")])
    shown = blurred(rows)
    assert shown.height == THRESHOLD
    assert shown["occupation_code"].unique().to_list() == [MERGED]
    assert shown["birth_years"].unique().to_list() == ["1980-1984"]


def test_too_few_persons_for_any_description_leave_nothing():
    assert blurred(_people(THRESHOLD - 1)).is_empty()


@pytest.fixture(scope="module")
def made(demo_home, tmp_path_factory):
    """The files of one extract of the demo's project, made in a copy of the home."""
    home = tmp_path_factory.mktemp("extract") / "home"
    shutil.copytree(demo_home.home, home, ignore=shutil.ignore_patterns("deliveries", "landing", "lake"))
    settings = replace(demo_home, home=home)
    engine, keys = open_registry(settings), open_keys(settings)
    account = next(a for a in list_accounts(engine) if a.email.startswith("chercheur"))
    viewer = viewer_of(engine, account.account_id, date.today())
    asked = extracts.request_extract(
        engine, viewer, project_code="COHORTE-DEMO", first_year=2020, last_year=2020, purpose="essai"
    )
    make_extract(settings, engine, keys, asked)
    return extracts.folder_of(settings, asked.extract_id)


def test_every_description_in_an_extract_fits_enough_persons(made):
    data = pl.read_csv(made / "data.csv", separator=";", infer_schema=False)
    assert data.columns == [name for name, *_ in CODEBOOK]
    groups = data.group_by("year", "limit_quantity", *DESCRIPTION).agg(pl.col("person_id").n_unique())
    assert groups["person_id"].min() >= THRESHOLD
    assert data["year"].unique().to_list() == ["2020"]
    assert "effective_external" in data["limit_quantity"] and "effective" not in data["limit_quantity"]


def test_an_extract_holds_pseudonyms_and_a_codebook_not_keys(made):
    data = pl.read_csv(made / "data.csv", separator=";", infer_schema=False)
    assert all(re.fullmatch(r"[0-9a-f]{32}", name) for name in data["person_id"])
    manifest = json.loads((made / "manifest.json").read_text())
    assert manifest["rows"] == data.height
    assert pl.read_csv(made / "codebook.csv", separator=";")["column"].to_list() == data.columns
