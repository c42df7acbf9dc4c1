"""quality.suites: the constraints follow the declared schema."""

from lake.schema import TABLES
from quality.suites import constraints


def test_every_declared_constraint_is_counted():
    for table in TABLES.values():
        found = {(c.column, c.kind) for c in constraints(table)}
        for column in table.columns:
            assert ((column.name, "not null") in found) == (not column.nullable)
            assert ((column.name, "known word") in found) == (column.words is not None)
            assert any(c == column.name and k.startswith("at least") for c, k in found) == (column.at_least is not None)


def test_checks_say_what_they_check():
    from quality.gate import CHECKS

    for path in CHECKS.glob("*.sql"):
        assert path.read_text(encoding="utf-8").startswith("-- "), path.name
