"""Check digits of the NIR and NIA, SIRET and RPPS, as polars expressions over whole columns.

Sources: Insee (NIR key, Corsica, SIRET and the La Poste exception); Luhn for RPPS. Checked against python-stdnum.
"""

from functools import cache

import polars as pl

# Month: 01 to 12, or 20, 30 to 42 and 50 to 99 for an incomplete civil status; department: never 00.
_NIR = r"^[1-478][0-9]{2}(0[1-9]|1[0-2]|20|3[0-9]|4[0-2]|[5-9][0-9])(2[AB]|0[1-9]|[1-9][0-9])[0-9]{6}$"
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
    return pl.col(column).str.contains(r"^[0-9]{9}$") & _is_siren(pl.col(column))


@cache
def is_siret(column: str) -> pl.Expr:
    """14 digits with Luhn's check, and the SIREN's nine; La Poste's offices: a digit sum that is a multiple of 5."""
    text = pl.col(column)
    shaped = text.str.contains(r"^[0-9]{14}$")
    plain_sum = pl.sum_horizontal(_digit(text, i) for i in range(14))
    is_la_poste = text.str.starts_with(_LA_POSTE) & (text != _LA_POSTE_HEAD_OFFICE)
    luhn = _luhn(text, 14) % 10 == 0
    return shaped & _is_siren(text.str.slice(0, 9)) & pl.when(is_la_poste).then(plain_sum % 5 == 0).otherwise(luhn)


@cache
def is_rpps(column: str) -> pl.Expr:
    """11 digits with Luhn's check."""
    text = pl.col(column)
    return text.str.contains(r"^[0-9]{11}$") & (_luhn(text, 11) % 10 == 0)


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
    holds_number = _at_least(13, text).str.contains(_HELD_NUMBER).fill_null(False)
    return is_record_id(column) & text.str.contains("[0-9]") & ~holds_number


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


def _is_siren(text: pl.Expr) -> pl.Expr:
    return _luhn(text, 9) % 10 == 0


def _digit(text: pl.Expr, position: int) -> pl.Expr:
    return text.str.slice(position, 1).cast(pl.Int32, strict=False)


def _luhn(text: pl.Expr, length: int) -> pl.Expr:
    """Luhn's sum; from the right, every second digit counts double, less 9 when above 9."""
    terms = []
    for position in range(length):
        digit = _digit(text, position)
        if (length - 1 - position) % 2 == 1:
            digit = pl.when(digit > 4).then(2 * digit - 9).otherwise(2 * digit)
        terms.append(digit)
    return pl.sum_horizontal(terms)
