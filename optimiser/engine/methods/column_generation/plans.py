"""Make plans near a point of the relaxation."""

from __future__ import annotations

import numpy as np

from optimiser.engine.methods.heuristics.greedy import greedy, reverse_greedy
from optimiser.engine.search.incumbent import MaskIncumbent
from optimiser.engine.search.label_store import Floats
from optimiser.engine.search.scoring import fits
from optimiser.engine.search.tables import Tables

EDGE = 1e-6
"""How near to 0 a value counts as that."""


def try_plans(t: Tables, built: Floats, progress: MaskIncumbent) -> None:
    """Thin out what a point builds, and what it builds by half, and report the plans.

    Parameters
    ----------
    t
        The problem.
    built
        float64 [J], how far each candidate is built.
    progress
        Takes plans.
    """
    for level in (EDGE, 0.5):
        plan = np.append(built > level, True)
        if level == EDGE or not fits(t, plan):
            plan = reverse_greedy(t, plan, stop=progress.stop)
        if t.budget >= 0:
            plan = reverse_greedy(t, greedy(t, plan), stop=progress.stop)
        if fits(t, plan):
            progress.plan(plan, "rounding")
