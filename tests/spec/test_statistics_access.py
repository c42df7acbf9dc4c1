"""The yearly tables are open to every reader, protected alike; what protects them is shown to none."""

import pytest
from register import Passed, Register

from lake.errors import ModelError
from lake.vocabulary import Role
from models.access import Access
from models.catalog import models
from models.publish import publish
from registry.policy import Viewer

TABLES = ("like_for_like", "workplace_statistics", "passive_operational_gaps", "component_statistics",
          "cumulative_distribution", "national_dose_changes", "classification_watch_counts")  # fmt: skip


@pytest.fixture(scope="module")
def access(tmp_path_factory):
    """Three establishments, a few workers each: every cell is small."""
    register = Register(tmp_path_factory.mktemp("tables"))
    for establishment in (10, 11, 12):
        register.add("establishments", establishment_key=establishment, row_no=establishment)
    for worker in range(1, 7):
        place = 10 + worker % 3
        register.add("employments", worker_key=worker, establishment_key=place, row_no=worker)
        register.dose("2022-06-30", "2.000", worker_key=worker, establishment_key=place)
        register.dose("2023-06-30", "1.000", worker_key=worker, establishment_key=place)
        register.dose("2023-06-30", "0.900", worker_key=worker, establishment_key=place, dosimetry="OPERATIONAL")
        register.dose("2023-06-30", "0.500", worker_key=worker, establishment_key=place, dosimetry="INTERNAL",
                      quantity="E50", radiation="ALPHA_INT", body_location=None)  # fmt: skip
    publish(register.settings, register.build(), lambda built: Passed())
    reader = Access(register.settings, lambda event: None)
    yield reader
    reader.snapshots.close()


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("name", TABLES)
def test_six_persons_are_in_every_table_and_told_in_none(access, name, role):
    rows = access.fetch(name, Viewer(1, role, 1, frozenset({10}), frozenset({"LANDAUER"})), purpose="test")
    columns = models()[name].columns.values()
    assert rows.height and set(rows["suppressed"]) == {True}
    shown = [c.name for c in columns if c.protection in ("count", "magnitude", "high_percentile")]
    assert rows.select(shown).null_count().sum_horizontal().item() == rows.height * len(shown)
    assert not {c.name for c in columns if c.protection in ("control", "margin", "margin_establishments")} & set(
        rows.columns
    )


@pytest.mark.parametrize("role", Role)
def test_the_weight_of_one_contributor_is_asked_for_in_vain(access, role):
    with pytest.raises(ModelError):
        access.fetch("top_contributors", Viewer(1, role, 1, frozenset({10})), purpose="test")
