from __future__ import annotations

import numpy as np
from core_drawing import line, side_problems
from cut_drawing import clique_covers
from hypothesis import given
from tiers import examples

from optimiser.engine.methods.heuristics.lns import (
    ATTEMPTS_AT_POINT,
    ROUNDED_EVERY,
    Improver,
    Rounding,
    TreeHeuristics,
)
from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.scoring import fits, objective_of
from optimiser.engine.search.tables import tables


@given(side_problems())
@examples(40)
def test_rounded_plans_violate_no_constraint(problem):
    small = reduce(problem).problem
    if not small.candidates or not small.pairs:
        return
    t = tables(small)
    incumbent = mask_incumbent(t, seconds=300.0, send=lambda _: None)
    Rounding(t, incumbent)(np.full(t.size, 0.4))
    assert incumbent.best is None or fits(t, incumbent.best)


def test_a_point_of_the_line_is_rounded_to_the_best_plan():
    small = reduce(line()).problem
    t = tables(small)
    incumbent = mask_incumbent(t, seconds=300.0, send=lambda _: None)
    Rounding(t, incumbent)(np.array([0.6, 0.0]))
    assert objective_of(t, incumbent.best) == 16


class Improving(Improver):
    """A neighbourhood search that counts its attempts by guide."""

    def __init__(self, t):
        super().__init__(t, seed=0)
        self.attempts = {True: 0, False: 0}

    def improve(self, *, attempts, stop, take, guide=None):
        self.attempts[guide is not None] += attempts
        return super().improve(attempts=attempts, stop=stop, take=take, guide=guide)


def with_plan():
    """Return the arrays of a small problem, and an incumbent with the plan that builds everything."""
    t = tables(reduce(clique_covers(4, 3)).problem)
    incumbent = mask_incumbent(t, seconds=300.0, send=lambda _: None)
    incumbent.plan(np.ones(t.size + 1, bool), "start")
    return t, incumbent


def test_a_tree_rounds_points_more_and_more_rarely(monkeypatch):
    rounded = []
    monkeypatch.setattr(Rounding, "__call__", lambda _self, x: rounded.append(int(x[0])))
    t, incumbent = with_plan()
    search = TreeHeuristics(t, incumbent)
    for number in range(1, 2 * ROUNDED_EVERY + 2):
        search(np.full(t.size, float(number)))
    assert rounded == [1, 2, 4, 8, 16, 32, 64, 128, ROUNDED_EVERY, 256, 2 * ROUNDED_EVERY]


def test_every_other_point_guides_the_search_of_a_tree():
    t, incumbent = with_plan()
    search = Improving(t)
    heuristics = TreeHeuristics(t, incumbent, search)
    for _ in range(6):
        heuristics(np.full(t.size, 0.5))
    assert search.attempts == {True: 3 * ATTEMPTS_AT_POINT, False: 3 * ATTEMPTS_AT_POINT}
    assert objective_of(t, incumbent.best) <= objective_of(t, search.best)
