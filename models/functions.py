"""Statistical functions that the models' SQL may call by name; each is scipy's, over whole columns at a time."""

import duckdb
import pyarrow as pa
from scipy import special


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `gamma_quantile(shape, probability)` known to a connection; NULL where an argument is."""
    connection.create_function("gamma_quantile", gamma_quantile, ["DOUBLE", "DOUBLE"], "DOUBLE", type="arrow")


def gamma_quantile(shape: pa.ChunkedArray, probability: pa.ChunkedArray) -> pa.Array:
    """Quantile of the gamma distribution of scale 1; no unit."""
    return pa.array(special.gammaincinv(shape.to_numpy(), probability.to_numpy()))
