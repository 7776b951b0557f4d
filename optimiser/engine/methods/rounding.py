"""Search for plans near fractional points of a relaxation: round them, and search their neighbourhood."""

from __future__ import annotations

import numpy as np

from optimiser.engine.methods.heuristics.greedy import everything, fill_greedily, repair_breaches
from optimiser.engine.methods.heuristics.lns import Improver
from optimiser.engine.methods.heuristics.moves import close_redundant
from optimiser.engine.methods.heuristics.workspace import move_to, new_workspace
from optimiser.engine.search.incumbent import MaskIncumbent
from optimiser.engine.search.paths import Mask
from optimiser.engine.search.rows import Floats
from optimiser.engine.search.tables import Tables

POSITIVE = 1e-6
"""A candidate counts as built in part when its x is above this."""

ROUNDED_EVERY = 200
"""Points of a tree of which one is rounded; of the first ones, those whose number is a power of two."""

ATTEMPTS_AT_POINT = 5
"""Attempts of the large neighbourhood search at each point of a tree."""


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


class TreeHeuristics:
    """Searches for plans at the points of a tree, an `Improve`.

    Parameters
    ----------
    t
        The problem.
    incumbent
        Receives the plans.
    improver
        A large neighbourhood search for this tree alone, which does not begin with the best plan, in order to
        find plans of another kind; None: points are only rounded.
    """

    def __init__(self, t: Tables, incumbent: MaskIncumbent, improver: Improver | None = None) -> None:
        self._incumbent = incumbent
        self._rounding = Rounding(t, incumbent)
        self._improver = improver
        self._points = 0

    def __call__(self, x: Floats) -> None:
        """Search near a point, float64 [J]: odd points guide the neighbourhood search, even ones do not."""
        self._points += 1
        if (self._points & (self._points - 1)) == 0 or self._points % ROUNDED_EVERY == 0:
            self._rounding(x)
        if self._improver is not None:
            self._improver.improve(
                attempts=ATTEMPTS_AT_POINT,
                stop=self._incumbent.stop,
                take=lambda plan: self._incumbent.plan(plan, "lns"),
                guide=x if self._points % 2 else None,
            )
