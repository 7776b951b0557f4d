"""Make plans near fractional points of a relaxation."""

from __future__ import annotations

import numpy as np

from optimiser.engine.methods.heuristics.greedy import everything, fill_greedily, repair_breaches
from optimiser.engine.methods.heuristics.moves import close_redundant
from optimiser.engine.methods.heuristics.workspace import move_to, new_workspace
from optimiser.engine.search.incumbent import MaskIncumbent
from optimiser.engine.search.paths import Mask
from optimiser.engine.search.rows import Floats
from optimiser.engine.search.tables import Tables

EDGE = 1e-6
"""How near to 0 a value counts as that."""


class Rounding:
    """Round points and repair what comes out; plans go to `progress`.

    Parameters
    ----------
    t
        The problem.
    progress
        Takes plans.
    """

    def __init__(self, t: Tables, progress: MaskIncumbent) -> None:
        self._t = t
        self._progress = progress
        self._workspace = new_workspace(t, everything(t))
        self._seen: set[bytes] = set()

    def __call__(self, built: Floats) -> None:
        """Round a point at one half, and at nothing; drop what is too much, add what gains.

        Parameters
        ----------
        built
            float64 [J].
        """
        for least in (0.5, EDGE):
            start = np.append(built > least, True)
            key = np.packbits(start).tobytes()
            if key not in self._seen and not self._progress.stop():
                self._seen.add(key)
                self._progress.plan(self._repaired(start), "rounding")

    def _repaired(self, start: Mask) -> Mask:
        at, stop = self._workspace, self._progress.stop
        move_to(at, start)
        repair_breaches(at, stop=stop)
        fill_greedily(at, stop=stop)
        if not stop():
            close_redundant(at)
        return fill_greedily(at, stop=stop)
