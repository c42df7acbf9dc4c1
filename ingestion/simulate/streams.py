"""Each part of the register draws from its own stream, so that adding a part does not disturb the others."""

import zlib

import numpy as np


def stream(seed: int, part: str, turn: int = 0) -> np.random.Generator:
    """The child stream of one part (and of one year or month of it)."""
    key = (zlib.crc32(part.encode()), turn)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))
