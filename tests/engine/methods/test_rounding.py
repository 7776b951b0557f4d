from __future__ import annotations

import math

import numpy as np
import pytest
from core_drawing import line, side_problems
from cut_drawing import clique_covers
from hypothesis import given, settings

from optimiser.engine.methods.heuristics.lns import Improver
from optimiser.engine.methods.rounding import (
    ATTEMPTS_AT_POINT,
    MOST_QUIET_ATTEMPTS,
    ROUNDED_EVERY,
    Rounding,
    TreeHeuristics,
)
from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.scoring import fits, objective_of
from optimiser.engine.search.tables import tables


@given(side_problems())
@settings(max_examples=40, deadline=None)
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
    """A neighbourhood search that counts its attempts by guide, and remembers its starts."""

    def __init__(self, t):
        super().__init__(t, seed=0)
        self.attempts, self.starts = {True: 0, False: 0}, []

    def start_from(self, start):
        self.starts.append(start)
        super().start_from(start)

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


@pytest.mark.parametrize("is_near", [True, False])
def test_near_a_proof_the_search_continues_from_the_best_plan_and_rests_later(is_near):
    t, incumbent = with_plan()
    search = Improving(t)
    heuristics = TreeHeuristics(t, incumbent, search, is_near=is_near)
    points = 2 * math.ceil(MOST_QUIET_ATTEMPTS / ATTEMPTS_AT_POINT)
    for _ in range(4):  # the plans of this small problem are found at once
        heuristics(np.full(t.size, 0.5))
    search.attempts, heuristics = {True: 0, False: 0}, TreeHeuristics(t, incumbent, search, is_near=is_near)
    for _ in range(points):
        heuristics(np.full(t.size, 0.5))
    attempts = sum(search.attempts.values())
    assert attempts == (MOST_QUIET_ATTEMPTS if is_near else points * ATTEMPTS_AT_POINT)
    assert search.attempts[True] == search.attempts[False]
    assert bool(search.starts) is is_near
    assert not search.starts or search.starts[-1] is incumbent.best


def test_a_better_plan_ends_the_rest():
    t, incumbent = with_plan()
    search = Improving(t)
    heuristics = TreeHeuristics(t, incumbent, search)
    for _ in range(2 * MOST_QUIET_ATTEMPTS // ATTEMPTS_AT_POINT):
        heuristics(np.full(t.size, 0.5))
    before = sum(search.attempts.values())
    again, incumbent.evaluated = incumbent.best.copy(), None
    incumbent.plan(again, "tree")
    heuristics(np.full(t.size, 0.5))
    assert sum(search.attempts.values()) == before + ATTEMPTS_AT_POINT


def test_without_a_plan_points_are_only_rounded():
    t, _ = with_plan()
    incumbent = mask_incumbent(t, seconds=-1.0, send=lambda _: None)
    search = Improving(t)
    TreeHeuristics(t, incumbent, search)(np.full(t.size, 0.5))
    assert sum(search.attempts.values()) == 0
