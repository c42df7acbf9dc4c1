"""Check digits of the NIR and NIA, SIRET and RPPS, as polars expressions over whole columns.

Sources: Insee (NIR key, Corsica, SIRET and the La Poste exception); Luhn for RPPS. Checked against python-stdnum.
"""

from functools import cache

import polars as pl

# Month: 01 to 12, or 20, 30 to 42 and 50 to 99 for an incomplete civil status; department: never 00.
_NIR = r"^[1-478][0-9]{2}(0[1-9]|1[0-2]|20|3[0-9]|4[0-2]|[5-9][0-9])(2[AB]|0[1-9]|[1-9][0-9])[0-9]{6}$"
_RECORD_ID_WITH_DIGIT = r"^(?:[0-9]|[A-Za-z][A-Za-z._:/-]*[0-9])[A-Za-z0-9._:/-]*$"
_HELD_NUMBER = r"[1-478][0-9]{4}(?:2[AB]|[0-9]{2})[0-9]{6}"
_LA_POSTE = "356000000"
_LA_POSTE_HEAD_OFFICE = "35600000000048"


@cache
def is_nir_shaped(column: str) -> pl.Expr:
    """13 characters in the layout of a NIR or a waiting number."""
    return pl.col(column).str.contains(_NIR)


@cache
def nir_key(column: str) -> pl.Expr:
    """The two-digit key of a well-shaped number: 97 − (N mod 97), Corsica's 2A and 2B read as 19 and 18."""
    return _key_of(pl.col(column))


@cache
def is_siren(column: str) -> pl.Expr:
    """9 digits with Luhn's check."""
    return pl.col(column).str.contains(r"^[0-9]{9}$") & _is_luhn(_number(column), 9)


@cache
def is_siret(column: str) -> pl.Expr:
    """14 digits with Luhn's check, and the SIREN's nine; La Poste's offices: a digit sum that is a multiple of 5."""
    text, number = pl.col(column), _number(column)
    shaped = text.str.contains(r"^[0-9]{14}$")
    plain_sum = pl.sum_horizontal(_digit(number, i) for i in range(14))
    is_la_poste = text.str.starts_with(_LA_POSTE) & (text != _LA_POSTE_HEAD_OFFICE)
    is_checked = pl.when(is_la_poste).then(plain_sum % 5 == 0).otherwise(_is_luhn(number, 14))
    return shaped & _is_luhn(number // 10**5, 9) & is_checked


@cache
def is_rpps(column: str) -> pl.Expr:
    """11 digits with Luhn's check."""
    return pl.col(column).str.contains(r"^[0-9]{11}$") & _is_luhn(_number(column), 11)


@cache
def is_record_id(column: str) -> pl.Expr:
    """A sender's own identifier: letters, digits and a few marks, 40 at most, the first a letter or a digit.

    A spreadsheet would take one that starts with a mark for a formula.
    """
    return pl.col(column).str.contains(r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,39}$")


@cache
def may_be_repeated(column: str) -> pl.Expr:
    """True of an identifier that a report may repeat: it has a digit, as no name has, and no number of a person."""
    text = pl.col(column)
    # Its shape and its digit in one search: each is felt where every row of a large file has a finding.
    is_told = text.str.contains(_RECORD_ID_WITH_DIGIT) & (text.str.len_bytes() <= 40)
    return is_told & ~_at_least(13, text).str.contains(_HELD_NUMBER).fill_null(False)


@cache
def names_a_person(column: str) -> pl.Expr:
    """True when a free text holds a well-shaped NIR with its right key: it must not enter the lake."""
    found = _at_least(15, pl.col(column)).str.extract(rf"({_HELD_NUMBER}[0-9]{{2}})", 1)
    return (found.str.slice(13, 2) == _key_of(found.str.slice(0, 13))).fill_null(False)


def _at_least(length: int, text: pl.Expr) -> pl.Expr:
    """The text where it has so many bytes, else NULL: nothing is searched in what is too short to hold it."""
    return pl.when(text.str.len_bytes() >= length).then(text)


def _key_of(number: pl.Expr) -> pl.Expr:
    digits = number.cast(pl.Int64, strict=False)
    corsican = pl.when(digits.is_null()).then(number)
    corsican = corsican.str.replace("2A", "19", literal=True).str.replace("2B", "18", literal=True)
    digits = pl.coalesce(digits, corsican.cast(pl.Int64, strict=False))
    return (97 - digits % 97).cast(pl.String).str.zfill(2)


def _number(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Int64, strict=False)


def _digit(number: pl.Expr, from_right: int) -> pl.Expr:
    return number // 10**from_right % 10


def _is_luhn(number: pl.Expr, length: int) -> pl.Expr:
    """Luhn's check: from the right, every second digit counts double, less 9 when above 9."""
    terms = []
    for from_right in range(length):
        digit = _digit(number, from_right)
        if from_right % 2 == 1:
            digit = 2 * digit - 9 * (digit > 4)
        terms.append(digit)
    return pl.sum_horizontal(terms) % 10 == 0
