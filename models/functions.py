"""Functions that the models' SQL may call by name, of what it cannot say itself: scipy's quantiles, exact fractions."""

from fractions import Fraction
from math import ceil, floor

import duckdb
import pyarrow as pa
from scipy import special


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the functions below known to a connection by their names; NULL where an argument is."""
    connection.create_function("gamma_quantile", gamma_quantile, ["DOUBLE", "DOUBLE"], "DOUBLE", type="arrow")
    connection.create_function("grown", grown, ["BIGINT", "BIGINT[][]", "VARCHAR"], "BIGINT")


def gamma_quantile(shape: pa.ChunkedArray, probability: pa.ChunkedArray) -> pa.Array:
    """Quantile of the gamma distribution of scale 1; no unit."""
    return pa.array(special.gammaincinv(shape.to_numpy(), probability.to_numpy()))


def grown(results: int, ratios: list[list[int]], rounding: str) -> int:
    """A count times each ratio [later, earlier], as a whole number; rounding is `down`, `up` or `half_up`."""
    value = Fraction(results)
    for later, earlier in ratios:
        value *= Fraction(later, earlier)
    return {"down": floor, "up": ceil, "half_up": lambda exact: floor(exact + Fraction(1, 2))}[rounding](value)
