"""Names folded so that spelling habits do not matter: accents, case, hyphens, apostrophes and particles."""

import polars as pl

_PARTICLES = r"\b(?:DE|DU|DES|D|LA|LE|LES|L|VAN|VON|DER|DEN|EL|AL)\b"


def folded(name: str) -> pl.Expr:
    """A name as one word of capital letters, for comparison."""
    return _joined(_words(pl.col(name)))


def with_name_check(people: pl.DataFrame) -> pl.DataFrame:
    """The people with `name`: what is compared with the register, from birth_name and first_names.

    The folded birth name, and the first of the first names, folded: “Jean-Pierre” and “Jean Pierre” give “JEAN”. Each
    spelling is folded once.
    """
    families = people.select(pl.col("birth_name").unique()).with_columns(family=_family("birth_name"))
    firsts = people.select(pl.col("first_names").unique()).with_columns(first=_first("first_names"))
    spelled = people.join(families, on="birth_name", how="left", nulls_equal=True, maintain_order="left")
    spelled = spelled.join(firsts, on="first_names", how="left", nulls_equal=True, maintain_order="left")
    return spelled.with_columns(name=pl.concat_str("family", pl.lit("|"), "first")).drop("family", "first")


def _family(birth_name: str) -> pl.Expr:
    words = _words(pl.col(birth_name))
    kept = _joined(words.str.replace_all(_PARTICLES, " "))
    # A name that is nothing but particles keeps them.
    return pl.when(kept == "").then(_joined(words)).otherwise(kept)


def _first(first_names: str) -> pl.Expr:
    return _words(pl.col(first_names)).str.strip_chars().str.split(" ").list.first()


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
