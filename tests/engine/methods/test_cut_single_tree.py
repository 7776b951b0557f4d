from __future__ import annotations

import numpy as np
import pytest
from core_drawing import brute_force, line, side_problems
from hypothesis import given, settings

from optimiser.engine.methods.rounding import Rounding
from optimiser.engine.presolve import reduce
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.scoring import fits, objective_of
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import Task

pytest.importorskip("pyscipopt")

from optimiser.engine.methods.cut_opening import opened
from optimiser.engine.methods.cut_single_tree import prove_in_one_tree


@given(side_problems())
@settings(max_examples=60, deadline=None)
def test_the_outcome_equals_that_of_trying_every_plan(problem):
    small = reduce(problem).problem
    if not small.candidates or not small.pairs:
        return
    t = tables(small)
    progress = mask_incumbent(t, seconds=300.0, send=lambda _: None)
    task = Task(small, "cuts", 30.0, 0.0, 1, 1, "scip")
    begun = opened(t, progress, task)
    reason = begun if isinstance(begun, str) else prove_in_one_tree(t, progress, task, begun)[0]
    best = brute_force(small)
    if best is None:
        assert (reason, progress.best) == ("infeasible", None)
    else:
        assert reason == "proof"
        assert objective_of(t, progress.best) == best


@given(side_problems())
@settings(max_examples=40, deadline=None)
def test_plans_made_by_rounding_break_nothing(problem):
    small = reduce(problem).problem
    if not small.candidates or not small.pairs:
        return
    t = tables(small)
    progress = mask_incumbent(t, seconds=300.0, send=lambda _: None)
    Rounding(t, progress)(np.full(t.size, 0.4))
    assert progress.best is None or fits(t, progress.best)


def test_a_point_of_the_line_is_rounded_to_the_best_plan():
    small = reduce(line()).problem
    t = tables(small)
    progress = mask_incumbent(t, seconds=300.0, send=lambda _: None)
    Rounding(t, progress)(np.array([0.6, 0.0]))
    assert objective_of(t, progress.best) == 16
