"""Fixtures of the model specifications: an empty register, and small ASCII tables read as rows."""

import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))

from register import Register  # noqa: E402


@pytest.fixture
def register(tmp_path) -> Register:
    """A lake with nothing in it, on disk."""
    return Register(tmp_path)


@pytest.fixture
def table():
    """Reads an ASCII table."""
    return read_table


@pytest.fixture
def expected():
    """Reads an ASCII table as the rows that a query gives."""
    return lambda text: [tuple(row.values()) for row in read_table(text)]


def read_table(text: str) -> list[dict]:
    """Rows of `a | b` lines under a header; a cell is a date, a number, true or false, - for NULL, or text."""
    lines = [line.strip() for line in text.splitlines() if set(line) - set("-+| ")]
    header = [cell.strip() for cell in lines[0].split("|")]
    return [dict(zip(header, (_value(c.strip()) for c in line.split("|")), strict=True)) for line in lines[1:]]


def _value(cell: str):
    if cell in ("-", "true", "false"):
        return {"-": None, "true": True, "false": False}[cell]
    for read in (date.fromisoformat, int, Decimal):
        try:
            return read(cell)
        except (ValueError, ArithmeticError):
            continue
    return cell
