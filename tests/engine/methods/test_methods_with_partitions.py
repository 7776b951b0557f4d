"""Solve problems whose network of today leaves places apart, by every method that uses time cuts."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from core_drawing import brute_force
from hypothesis import given, settings
from hypothesis import strategies as st
from partition_drawing import apart_today, triangle
from ring_drawing import whole_brute_force

from optimiser import verify
from optimiser.engine.attempt import unreduced
from optimiser.engine.ledger import Ledger
from optimiser.engine.methods import cut_loop
from optimiser.engine.methods.cuts import relaxation
from optimiser.engine.methods.cuts.partitions import PartitionCuts
from optimiser.engine.methods.variants.cuts import run
from optimiser.engine.presolve import reduce
from optimiser.engine.process import Ending
from optimiser.engine.search.incumbent import mask_incumbent
from optimiser.engine.search.scoring import objective_of
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import Task
from optimiser.engine.work import work
from optimiser.problem import Period
from optimiser.problem import result as results

LONG_S = 300.0
"""Room for the compilation of a first run on a slow and busy machine; the clock must not decide a proof."""

MODULES = {"cpsat": "ortools", "scip": "pyscipopt", "highs": "highspy"}


def proved(t, progress, task):
    """Return why a method ended."""
    if task.variant == "cuts-loop":
        return cut_loop.prove(t, progress, task)[0]
    return run(t, progress, task)[0]


@pytest.mark.parametrize(
    ("variant", "solver"),
    [("cuts", "highs"), ("cuts", "scip"), ("cuts-loop", "highs"), ("cuts-loop", "cpsat")],
)
@given(problem=apart_today() | apart_today(budget="some"))
@settings(max_examples=50, deadline=None)
def test_the_outcome_equals_that_of_trying_every_plan(variant, solver, problem):
    pytest.importorskip(MODULES[solver])
    small = reduce(problem).problem
    if not small.candidates or not small.pairs:
        return
    t, sent = tables(small), []
    progress = mask_incumbent(t, seconds=LONG_S, send=sent.append)
    best = brute_force(small)
    assert proved(t, progress, Task(small, variant, LONG_S, 0.0, 1, 1, solver)) == "proof"
    assert objective_of(t, progress.best) == best
    bounds = [message["bound"] for message in sent if message["kind"] == "bound"]
    assert all(bound <= best + 1e-6 if small.budget is None else bound >= best - 1e-6 for bound in bounds)


@st.composite
def over_time(draw):
    """Draw a problem with two periods whose candidates may open late."""
    problem = draw(apart_today(most=4))
    leads = draw(st.lists(st.integers(0, 2), min_size=4, max_size=4))
    candidates = tuple(
        dataclasses.replace(c, lead=lead) for c, lead in zip(problem.candidates, leads, strict=False)
    )
    total = sum(c.cost for c in candidates)
    first, second = draw(st.integers(0, total)), draw(st.integers(0, total))
    periods = Period("p", first, draw(st.integers(0, 3))), Period("q", second, draw(st.integers(1, 3)))
    return problem.replace(candidates=candidates, periods=periods, budget=first + second).canonical()


@given(over_time())
@settings(max_examples=25, deadline=None)
def test_the_outcome_over_two_periods_equals_that_of_trying_every_plan(problem):
    ledger = Ledger(problem, unreduced(problem), None)
    reason, used = work(Task(problem, "cuts", LONG_S, 0.0, 1, 1, "highs", 0), ledger.receive)
    ledger.finish(Ending(reason, "", used, 0.0), proves=True)
    outcome = results.Result(
        problem=problem.name, **ledger.best(), variant="cuts", seconds=0.0, seed=1, threads=1, solver=""
    )
    verify.check(problem, outcome)
    assert not ledger.refusals
    assert (outcome.status, outcome.objective) == ("optimal", whole_brute_force(problem))


def test_the_methods_do_add_rows_of_several_pairs(monkeypatch):
    found = []

    class Watched(PartitionCuts):
        def violated(self, built, level, *, margin, most):
            found.append(super().violated(built, level, margin=margin, most=most))
            return found[-1]

    monkeypatch.setattr(finder, "PartitionCuts", Watched)
    t = tables(triangle(budget=1))
    progress = mask_incumbent(t, seconds=LONG_S, send=lambda _: None)
    assert proved(t, progress, Task(triangle(budget=1), "cuts", LONG_S, 0.0, 1, 1, "highs")) == "proof"
    assert max(np.concatenate([rows.claims for rows in found])) == 2
