"""Complete plans whose rings are in pieces, by a small model of the rings alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from optimiser.engine.backends.live_whole import LiveWhole
from optimiser.engine.models.extended import build_repair
from optimiser.engine.models.rings import circuits_in, detached_rows, forming
from optimiser.engine.search.circuits import Circuit
from optimiser.engine.search.paths import Mask
from optimiser.problem import DesignProblem

ROUNDS = 12
"""Most times that the small model is solved for one plan."""

GAP = 0.2
"""Relative gap at which it may end: any circuits will do."""

NODES = 2_000
"""Most nodes of one solve: a limit by the clock would give another plan on another machine."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """What completes a plan.

    Attributes
    ----------
    built
        Positions of all that is built then.
    circuits
        Circuit of each ring that is formed.
    """

    built: tuple[int, ...]
    circuits: Mapping[str, Circuit]


class RingRepair:
    """Keeps the small model alive, with the rows found so far.

    Parameters
    ----------
    problem
        A problem with rings.
    threads, seed
        Passed on to HiGHS.
    """

    def __init__(self, problem: DesignProblem, *, threads: int, seed: int) -> None:
        self._may_build = np.array([c.fixed != "out" and not problem.periods for c in problem.candidates])
        self._whole = build_repair(problem)
        self._live = LiveWhole(self._whole, threads=threads, seed=seed)
        self._built = self._live.columns(self._whole.x)
        self._formed = self._live.columns(ring.formed for ring in self._whole.rings)

    def __call__(self, built: Mask, is_open: Mask, formed: Mask, *, seconds: float) -> Repaired | None:
        """Return a plan with whole rings that builds all of another one; None when none was found.

        Parameters
        ----------
        built, is_open
            bool [J]: what the plan builds, and what of it is open at the end.
        formed
            bool [rings]: rings that shall be formed.
        seconds
            Time allowed.

        Notes
        -----
        With periods nothing more is built, since it would have to be started as well.
        """
        least = is_open.astype(np.float64)
        self._live.limit(self._built, least, np.maximum(least, self._may_build))
        self._live.limit(self._formed, formed.astype(np.float64), formed.astype(np.float64))
        for _ in range(ROUNDS):
            solved = self._live.solve(seconds=seconds, gap=GAP, nodes=NODES)
            if solved.values is None:
                return None
            values = self._live.named(solved.values)
            circuits, rows = {}, []
            for ring in self._whole.rings:
                found = circuits_in(ring, values)
                whole = forming(ring, found)
                if whole is not None:
                    circuits[ring.ring.id] = whole
                elif found:
                    rows += list(detached_rows(ring, found))
            if not rows:
                more = (solved.values[self._built] > 0.5) | built
                return Repaired(tuple(np.flatnonzero(more).tolist()), circuits)
            self._live.add_rows(rows)
        return None
