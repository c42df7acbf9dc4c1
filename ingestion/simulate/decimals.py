"""Doses are whole numbers of thousandths until they are text: no float ever reaches a file."""

import numpy as np
import polars as pl

NO_VALUE = -1
_SMALL = pl.Series("text", [f"{n // 1000}.{n % 1000:03d}" for n in range(40_000)])


def thousandths_text(values: np.ndarray) -> pl.Series:
    """`12.345` for 12345; null where the value is `NO_VALUE`."""
    values = np.asarray(values, dtype=np.int64)
    if len(values) and values.max() >= len(_SMALL):
        column = pl.Series("text", values)
        return pl.select(
            pl.when(column >= 0).then(
                (column // 1000).cast(pl.String) + "." + (column % 1000).cast(pl.String).str.zfill(3)
            )
        ).to_series()
    text = _SMALL.gather(np.maximum(values, 0))
    known = values != NO_VALUE
    return text if known.all() else pl.select(pl.when(pl.Series(known)).then(text)).to_series()


def hundredths_text(values: np.ndarray) -> pl.Series:
    column = pl.Series("text", np.asarray(values, dtype=np.int64))
    return (column // 100).cast(pl.String) + "." + (column % 100).cast(pl.String).str.zfill(2)
