"""Names folded so that spelling habits do not matter: accents, case, hyphens, apostrophes and particles."""

import polars as pl

_PARTICLES = r"\b(?:DE|DU|DES|D|LA|LE|LES|L|VAN|VON|DER|DEN|EL|AL)\b"


def folded(name: str) -> pl.Expr:
    """A name as one word of capital letters, for comparison."""
    return _joined(_words(pl.col(name)))


def name_check(birth_name: str, first_names: str) -> pl.Expr:
    """What is compared with the register: the folded birth name, and the first of the first names, folded.

    “Jean-Pierre” and “Jean Pierre” give the same first name, “JEAN”.
    """
    words = _words(pl.col(birth_name))
    kept = _joined(words.str.replace_all(_PARTICLES, " "))
    # A name that is nothing but particles keeps them.
    family = pl.when(kept == "").then(_joined(words)).otherwise(kept)
    first = _words(pl.col(first_names)).str.strip_chars().str.split(" ").list.first()
    return pl.concat_str(family, pl.lit("|"), first)


def _words(name: pl.Expr) -> pl.Expr:
    return (
        name.str.normalize("NFKD")
        .str.replace_all(r"\p{M}", "")
        .str.to_uppercase()
        .str.replace_all("Œ", "OE", literal=True)
        .str.replace_all("Æ", "AE", literal=True)
        .str.replace_all("Ø", "O", literal=True)
        .str.replace_all("Ł", "L", literal=True)
        .str.replace_all("[ÐĐ]", "D")
        .str.replace_all("Þ", "TH", literal=True)
        .str.replace_all(r"[^A-Z]+", " ")
    )


def _joined(words: pl.Expr) -> pl.Expr:
    return words.str.replace_all(" ", "", literal=True)
