"""Check values and the people that they fall on before they are measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from optimiser.problem.errors import ProblemError

type Floats = NDArray[np.float64]
type Numbers = Sequence[float] | NDArray[np.int64] | NDArray[np.float64]


def weighed(values: Numbers, people: Numbers, *, endless: bool = False) -> tuple[Floats, Floats]:
    """Return values and shares of people as arrays, places without people left out.

    Parameters
    ----------
    values
        One value a place, >= 0, for example seconds.
    people
        People of each place, >= 0, not all 0.
    endless
        Take infinite values, as of a place that is cut off.

    Returns
    -------
    values, shares
        float64; the shares sum to one.

    Raises
    ------
    ProblemError
        When the arrays differ in length, hold nobody, or a value or number of people is not allowed.
    """
    value = np.asarray(values, dtype=np.float64)
    share = np.asarray(people, dtype=np.float64)
    faults = list(_faults(value, share, endless=endless))
    if faults:
        raise ProblemError("values and people cannot be measured", faults=faults)
    lived_in = share > 0
    return value[lived_in], share[lived_in] / share.sum()


def _faults(value: Floats, people: Floats, *, endless: bool) -> list[str]:
    if value.shape != people.shape or value.ndim != 1:
        return [f"shapes {value.shape} and {people.shape} are not those of two lists of equal length"]
    if not np.all(np.isfinite(people)) or np.any(people < 0):
        return ["a number of people is below 0 or not finite"]
    faults = []
    if np.any(np.isnan(value)) or np.any(value < 0) or (not endless and np.any(np.isinf(value))):
        faults.append("a value is below 0 or not finite")
    if not np.any(people > 0):
        faults.append("there are no people")
    return faults
