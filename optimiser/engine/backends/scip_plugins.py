"""Let SCIP take in plans, pass on bounds, and stop when there is no more to do."""

from __future__ import annotations

import time
from typing import Any

from pyscipopt.scip import PY_SCIP_EVENTTYPE as EVENT
from pyscipopt.scip import PY_SCIP_HEURTIMING as TIMING
from pyscipopt.scip import PY_SCIP_RESULT as RESULT
from pyscipopt.scip import Eventhdlr, Heur

from optimiser.engine.backends.scip_handler import Watch
from optimiser.engine.backends.tree import Improve, noise, whole
from optimiser.engine.search.scoring import objective_of

PAUSE = 0.2
"""Seconds between two reports."""


def bound_of(watch: Watch) -> float | None:
    """Return the bound of the problem that follows from SCIP's: a whole multiple of the divisor.

    Parameters
    ----------
    watch
        What the plug-ins share.

    Returns
    -------
    float or None
        None when SCIP has no bound yet.
    """
    found = watch.made.model.getDualbound()
    if abs(found) >= watch.made.model.infinity():
        return None
    return float(whole(found, maximise=watch.made.maximise) * watch.made.divisor)


def cut_off(watch: Watch) -> None:
    """Tell SCIP to look only for plans better than the best one.

    Parameters
    ----------
    watch
        What the plug-ins share.
    """
    best, made = watch.progress.best, watch.made
    if best is None or best is watch.known:
        return
    watch.known = best
    value = objective_of(watch.t, best) // made.divisor
    if value == watch.cutoff:
        return
    watch.cutoff = value
    step = 1.0 - noise(value)
    made.model.setObjlimit(value + step if made.maximise else value - step)


class Incumbents(Heur):
    """Let SCIP prune with plans that were found elsewhere, and look for plans near fractional points.

    Parameters
    ----------
    watch
        What the plug-ins share.
    improve
        Makes plans near a point.

    Notes
    -----
    The objective of a plan is a multiple of the divisor, so only plans better by one step are of interest.
    An objective limit says that without a solution of SCIP's own, which fixings may not admit.
    """

    def __init__(self, watch: Watch, improve: Improve | None) -> None:
        self._watch = watch
        self._improve = improve
        self._calls = 0

    def heurexec(self, timing: int, _infeasible: bool) -> dict[str, int]:  # noqa: FBT001 - SCIP's signature
        """Take in what is new."""
        return self._watch.run(lambda: self._take(timing), RESULT.DIDNOTRUN)

    def _take(self, timing: int) -> int:
        if self._improve is not None and timing != TIMING.BEFORENODE:
            self._calls += 1
            if (self._calls & (self._calls - 1)) == 0 or self._calls % 200 == 0:
                self._improve(self._watch.point()[0])
        cut_off(self._watch)
        return RESULT.DIDNOTFIND


class Reporter(Eventhdlr):
    """Pass on bounds and counts, and stop SCIP when there is no more to do.

    Parameters
    ----------
    watch
        What the plug-ins share.
    gap
        Relative gap at which to end.
    """

    def __init__(self, watch: Watch, gap: float) -> None:
        self._watch = watch
        self._gap = gap
        self._next = 0.0
        self._told = (0, 0)

    def eventinitsol(self) -> None:
        """Listen to the search."""
        for kind in (EVENT.NODESOLVED, EVENT.LPSOLVED):
            self.model.catchEvent(kind, self)

    def eventexec(self, _event: Any) -> None:  # noqa: ANN401 - SCIP's own
        """Report, not too often."""
        if time.monotonic() >= self._next:
            self._watch.run(self.tell, 0)
            self._next = time.monotonic() + PAUSE

    def tell(self) -> int:
        """Report what there is now."""
        progress, watch = self._watch.progress, self._watch
        bound = bound_of(watch)
        if bound is not None:
            progress.bound(bound, "tree")
        nodes = int(self.model.getNTotalNodes())
        progress.count("tree", cuts=watch.cuts - self._told[0], nodes=nodes - self._told[1])
        self._told = (watch.cuts, nodes)
        if progress.stop() or progress.closed(self._gap):
            self.model.interruptSolve()
        return 0
