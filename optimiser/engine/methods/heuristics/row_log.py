"""Log what changes in rows of shortest times, so that it can be taken back."""

from __future__ import annotations

from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import Integers, Whole

LENGTH, BROKEN = 0, 1
"""Places of `Rows.meter`: entries in the log, and 1 when the log had no room for all of them."""


@compiled
def log(log_at: Integers, log_time: Integers, meter: Integers, at: Whole, time: Whole) -> None:
    """Log a change; the meter tells when there was no room for it.

    Parameters
    ----------
    log_at, log_time, meter
        As in `Rows`, changed in place.
    at, time
        What is logged, as in `Rows`.
    """
    length = meter[LENGTH]
    if length < log_at.size:
        log_at[length] = at
        log_time[length] = time
        meter[LENGTH] = length + 1
    else:
        meter[BROKEN] = 1
