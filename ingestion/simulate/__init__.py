"""The synthetic national register: every delivery file that a register of this size would receive, and its manifest.

Format projet v1, not the SISERI format. No person, number, name or establishment exists.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from ingestion.simulate.files import DeliveryFile, Manifest
from ingestion.simulate.register import Register
from lake.errors import UsageError

__all__ = ["DeliveryFile", "Manifest", "simulate"]

FEWEST_WORKERS = 50


def simulate(
    workers: int,
    first_month: date,
    last_month: date,
    seed: int,
    out: Path,
    progress: Callable[[str, float], None] | None = None,
) -> Manifest:
    """Write the deliveries of `workers` ground workers (aircrew on top) for wear from first to last month, included.

    The same arguments give the same bytes. Results of the last months are delivered after the span ends.
    """
    if workers < FEWEST_WORKERS:
        raise UsageError(
            f"A register of {workers} workers is too small.", next_step=f"Ask for {FEWEST_WORKERS} at least."
        )
    if first_month > last_month:
        raise UsageError("The first month is after the last one.", next_step="Give the months in order.")
    register = Register(workers, first_month, last_month, seed, Path(out))
    for label, share in register.deliveries():
        if progress:
            progress(label, share)
    return register.manifest
