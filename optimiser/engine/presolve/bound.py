"""Fix variables by a bound once a plan is known (reduced costs)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.paths import Mask

type Floats = NDArray[np.float64]


def fixed_by_bound(
    reduced_cost: Floats,
    value: Floats,
    bound: float,
    incumbent: float,
    *,
    minimise: bool = False,
    whole: bool = True,
    tolerance: float = 1e-6,
) -> tuple[Mask, Mask]:
    """Say which 0/1 variables have one value in every plan that is better than the incumbent.

    Theorem (Dantzig, Fulkerson and Johnson 1954; Nemhauser and Wolsey 1988, section II.5.2). Let the
    relaxation be max cx over Ax <= b, 0 <= x <= 1, let p >= 0 be multipliers of its rows, and r = c - pA.
    Every x in 0..1 with Ax <= b has cx <= pb + rx, which is at most

        U - (sum of r_j (1 - x_j) over r_j > 0) - (sum of |r_j| x_j over r_j < 0),

    where U = pb + (sum of r_j over r_j > 0) is the bound that p proves; for optimal p it is the value of the
    relaxation, and r are its reduced costs. So a plan with x_j = 1 where r_j < 0, or with x_j = 0 where
    r_j > 0, is worth at most U - |r_j|. When that is no better than the incumbent, no better plan has it.
    (Minimising, the signs turn round.) Plans of the incumbent's own objective are not spared, not even
    cheaper ones. The tree of our own asks this at every node; SCIP, HiGHS and Gurobi fix by reduced costs of
    their own in theirs.

    Parameters
    ----------
    reduced_cost
        float64 [J]: change of the relaxation's objective with each variable, as LP solvers give it.
    value
        float64 [J]: optimal point of the relaxation; only variables at 0 or 1 are judged.
    bound
        Value of the relaxation.
    incumbent
        Objective of the best plan known.
    minimise
        The objective is minimised.
    whole
        Objectives are integers, so that better means better by 1.
    tolerance
        How far a solver may be off, relative to max(1, |bound|) in sums, absolute in `value`.

    Returns
    -------
    must, never
        bool [J] each: built, and not built, in every plan better than the incumbent.

    Raises
    ------
    ValueError
        When the two arrays differ in length.
    """
    if len(reduced_cost) != len(value):
        raise ValueError(f"{len(reduced_cost)} reduced costs for {len(value)} variables")
    sign = -1.0 if minimise else 1.0
    gain = sign * reduced_cost
    room = sign * (bound - incumbent) - (1.0 if whole else 0.0) + tolerance * max(1.0, abs(bound))
    decided = np.abs(gain) > max(room, tolerance)
    must: Mask = decided & (gain > 0) & (value >= 1.0 - tolerance)
    never: Mask = decided & (gain < 0) & (value <= tolerance)
    return must, never
