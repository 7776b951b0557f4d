"""Look for plans by heuristics where the tree of a question grows."""

from __future__ import annotations

import numpy as np

from optimiser.engine.methods.branching.program import Floats
from optimiser.engine.methods.heuristics.greedy import everything, filled, nothing, relieve, thinned
from optimiser.engine.methods.heuristics.lns import Improver, attempts_for
from optimiser.engine.methods.heuristics.moves import thin
from optimiser.engine.methods.heuristics.workspace import SearchWorkspace, move_to, new_workspace
from optimiser.engine.methods.sweep_state import Plans, tables_for
from optimiser.engine.methods.sweep_talk import Talk
from optimiser.engine.search.paths import Integers, Mask
from optimiser.engine.search.tables import Tables
from optimiser.problem import DesignProblem

NODES = 64
"""Nodes of a tree before heuristics are asked: most questions are done by then."""

TRIES = 3
"""Attempts of the large neighbourhood search after each round of a tree."""


class Searcher:
    """Heuristics on one question, made only when they are needed.

    Parameters
    ----------
    t, problem
        The reduced problem, in both forms.
    measures
        int64 [M, K + C].
    plans
        What is known.
    talk
        The question.
    seed
        For the random numbers.
    """

    def __init__(
        self,
        t: Tables,
        problem: DesignProblem,
        measures: Integers,
        plans: Plans,
        talk: Talk,
        *,
        seed: int,
    ) -> None:
        self._made = (t, problem, measures)
        self._plans, self._talk, self._seed = plans, talk, seed
        self._improver: Improver | None = None

    def start(self) -> None:
        """Look for plans before anything else: greedily from both ends, then in large neighbourhoods."""
        t = tables_for(*self._made, self._talk.asked)
        at = new_workspace(t, nothing(t), seed=self._seed)
        for begin in (nothing(t), everything(t)):
            move_to(at, begin)
            at.loss[:] = -1.0
            if begin.all():
                thinned(at, stop=self._over)
            filled(at, stop=self._over)
            self._take(thinned(at, stop=self._over))
        self._improver = Improver(t, seed=self._seed, at=at)
        if self._talk.best is not None:
            self._improver.begin(self._talk.best.plan)
        self._improve(attempts_for(t), None)

    def look(self, guide: Floats) -> None:
        """Look for better plans, when the tree has grown.

        Parameters
        ----------
        guide
            float64 [J], the point of the relaxation.
        """
        if self._over() or (self._improver is None and self._talk.nodes < NODES):
            return
        if self._improver is None:
            self._improver = self._begun(guide)
            self._improve(attempts_for(self._made[0]), guide)
        else:
            self._improve(TRIES, guide)

    def _begun(self, guide: Floats) -> Improver:
        """Round the point of the relaxation, and start a search from the best plan there is."""
        t = tables_for(*self._made, self._talk.asked)
        at = new_workspace(t, everything(t), seed=self._seed)
        for least in (0.5, 1e-6):
            self._take(self._repaired(at, np.append(guide > least, True)))
        improver = Improver(t, seed=self._seed, at=at)
        if self._talk.best is not None:
            improver.begin(self._talk.best.plan)
        return improver

    def _repaired(self, at: SearchWorkspace, start: Mask) -> Mask:
        move_to(at, start)
        relieve(at, stop=self._over)
        filled(at, stop=self._over)
        if not self._over():
            thin(at)
        return filled(at, stop=self._over)

    def _improve(self, attempts: int, guide: Floats | None) -> None:
        if self._improver is not None:
            self._improver.improve(attempts=attempts, stop=self._over, take=self._take, guide=guide)

    def _take(self, plan: Mask) -> None:
        self._talk.plan(self._plans.see(plan))

    def _over(self) -> bool:
        return self._talk.left() <= 0 or self._talk.closed()
