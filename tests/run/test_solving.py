"""A result without a plan ends with a message that says why."""

from __future__ import annotations

import pytest

from optimiser.job.sections import Solve
from optimiser.problem import Candidate, DesignProblem, Pair
from optimiser.problem.errors import InfeasibleError
from optimiser.run import solving


def _problem(*, budget: int) -> DesignProblem:
    candidates = (
        Candidate("east", 40, ((0, 1, 30),), fixed="in"),
        Candidate("west", 1_500, ((0, 1, 20),), fixed="in"),
        Candidate("free", 1, ((0, 1, 10),)),
    )
    return DesignProblem(
        name="small",
        nodes=("a", "b"),
        arcs=((0, 1, 100),),
        candidates=candidates,
        pairs=(Pair(0, 1, 50, 1),),
        budget=budget,
        money="kCNY",
    )


def test_candidates_fixed_in_beyond_the_budget_are_named_with_their_sum() -> None:
    problem = _problem(budget=1_539)
    result = solving.solve(problem, Solve())
    with pytest.raises(InfeasibleError) as caught:
        solving.refuse_empty(result)
    assert caught.value.exit_code == 3
    assert caught.value.faults == (
        "fixed in: east, west; together cost 1,540 kCNY, the budget is 1,539 kCNY",
    )


def test_candidates_fixed_in_within_the_budget_are_built() -> None:
    problem = _problem(budget=1_540)
    result = solving.solve(problem, Solve())
    solving.refuse_empty(result)
    assert set(result.built) >= {"east", "west"}
