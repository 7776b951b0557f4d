"""Round fractional points of a relaxation to plans, and repair them."""

from __future__ import annotations

import numpy as np

from optimiser.engine.methods.heuristics.greedy import everything, fill_greedily, repair_breaches
from optimiser.engine.methods.heuristics.moves import close_redundant
from optimiser.engine.methods.heuristics.workspace import move_to, new_workspace
from optimiser.engine.search.incumbent import MaskIncumbent
from optimiser.engine.search.paths import Mask
from optimiser.engine.search.rows import Floats
from optimiser.engine.search.tables import Tables

POSITIVE = 1e-6
"""A candidate counts as built in part when its x is above this."""


class Rounding:
    """Rounds points of a relaxation and repairs the results; plans go to the incumbent.

    Parameters
    ----------
    t
        The problem.
    incumbent
        Receives the plans.
    """

    def __init__(self, t: Tables, incumbent: MaskIncumbent) -> None:
        self._t = t
        self._incumbent = incumbent
        self._workspace = new_workspace(t, everything(t))
        self._seen: set[bytes] = set()

    def __call__(self, x: Floats) -> None:
        """Round a point at one half and just above 0, then close what is too much and open what gains.

        Parameters
        ----------
        x
            float64 [J], values of the candidates. A rounded point seen before is skipped.
        """
        for threshold in (0.5, POSITIVE):
            start = np.append(x > threshold, True)
            key = np.packbits(start).tobytes()
            if key not in self._seen and not self._incumbent.stop():
                self._seen.add(key)
                self._incumbent.plan(self._repaired(start), "rounding")

    def _repaired(self, start: Mask) -> Mask:
        workspace, stop = self._workspace, self._incumbent.stop
        move_to(workspace, start)
        repair_breaches(workspace, stop=stop)
        fill_greedily(workspace, stop=stop)
        if not stop():
            close_redundant(workspace)
        return fill_greedily(workspace, stop=stop)
