"""Objectives beyond 1e9, where the tolerance of a bound spans several integers."""

from __future__ import annotations

import pytest

from optimiser.engine.attempt import CheckedClaims, attempt
from optimiser.engine.child import Ending
from optimiser.engine.search.task import SolveParameters
from optimiser.problem import DesignProblem
from optimiser.problem.model import Candidate, Pair


def one_link(cost):
    """Return the problem of covering a pair by the cheaper of two links."""
    links = (Candidate("p", cost, ((0, 1, 5),)), Candidate("q", cost + 1, ((0, 1, 6),)))
    return DesignProblem("one link", ("a", "b"), (), links, (Pair(0, 1, 9, 1),), budget=None)


@pytest.mark.parametrize("cost", [5, 5 * 10**8, 5 * 10**9, 5 * 10**12])
@pytest.mark.usefixtures("here")
def test_a_proof_is_accepted_however_large_the_costs_are(cost):
    claims, ending = attempt(one_link(cost), "cuts", SolveParameters(solver="highs"))
    assert ending.reason == "proof"
    assert not claims.refusals
    assert claims.best()["objective"] == claims.best()["bound"] == cost


def test_a_claimed_proof_that_the_bound_does_not_support_is_rejected():
    claims = CheckedClaims(one_link(5), None)
    claims.receive({"kind": "plan", "step": "tree", "built": ["p"]})
    claims.receive({"kind": "bound", "step": "tree", "bound": 4.0})
    claims.finish(Ending("proof"), proves=True)
    assert claims.refusals == ["the solver claimed a proof of optimality that its bound does not support"]
