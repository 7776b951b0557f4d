"""Problems whose numbers fit the format one by one, but whose sums do not."""

from __future__ import annotations

import pytest

from optimiser.problem import (
    Candidate,
    Capacity,
    City,
    DesignProblem,
    Pair,
    Period,
    Ring,
    RingLink,
    load,
    save,
)
from optimiser.problem.errors import ProblemError
from optimiser.problem.jsonfile import LARGEST

HALF = 2**62


def two(weights=(1, 1), costs=(1, 1), **changes):
    """Return a problem of two pairs, each with a candidate of its own."""
    problem = DesignProblem(
        name="two",
        nodes=("a", "b", "c"),
        arcs=(),
        candidates=(Candidate("ab", costs[0], ((0, 1, 1),)), Candidate("bc", costs[1], ((1, 2, 1),))),
        pairs=(Pair(0, 1, 9, weights[0]), Pair(1, 2, 9, weights[1])),
        budget=1,
    )
    return problem.replace(**changes)


def faults_of(problem, tmp_path):
    save(problem, tmp_path / "p.json")
    with pytest.raises(ProblemError) as caught:
        load(tmp_path / "p.json")
    assert caught.value.exit_code == 2
    assert "p.json" in caught.value.where
    return caught.value.faults


RING = Ring(
    id="r",
    required=False,
    reward=HALF,
    centres=((2, 1),),
    nodes=((0, 0), (4, 0), (2, 4)),
    links=(RingLink(0, 1), RingLink(1, 2), RingLink(2, 0)),
)


@pytest.mark.parametrize(
    ("problem", "says"),
    [
        (two(weights=(HALF, HALF)), "pairs: the weights sum to 9,223,372,036,854,775,808, above"),
        (two(weights=(HALF, HALF), budget=None), "pairs: the weights sum to"),
        (
            two(weights=(HALF, 1), cities=(City("c", HALF, (0,), 1),)),
            "the weights of pairs and cities and the",
        ),
        (
            two(weights=(HALF, 1), rings=(RING,)),
            "the weights of pairs and cities and the rewards of rings sum",
        ),
        (
            two(weights=(1, 1), periods=(Period("p", 1, HALF), Period("q", 0, HALF - 1))),
            "the weights of pairs and cities and the rewards of rings, over all periods, sum to",
        ),
        (
            two(capacities=(Capacity("c", (("ab", HALF), ("bc", HALF)), 1),)),
            "capacities: the uses of 'c' sum to 9,223,372,036,854,775,808, above",
        ),
        (
            two(costs=(HALF, HALF), budget=None),
            "candidates: the costs sum to 9,223,372,036,854,775,808, above",
        ),
    ],
)
def test_a_sum_that_is_too_large_is_reported_with_the_limit(problem, says, tmp_path):
    (fault,) = faults_of(problem, tmp_path)
    assert fault.startswith(says)
    assert "9,223,372,036,854,775,807 (2^63 - 1)" in fault


@pytest.mark.parametrize(
    "problem",
    [
        two(weights=(HALF, HALF - 1)),
        two(costs=(HALF, HALF)),
        two(costs=(HALF, HALF - 1), budget=None),
        two(
            candidates=(Candidate("a", LARGEST, (), fixed="out"), Candidate("ab", 2, ((0, 1, 1),))),
            budget=None,
        ),
    ],
)
def test_sums_that_a_result_can_hold_are_accepted(problem, tmp_path):
    save(problem, tmp_path / "p.json")
    assert load(tmp_path / "p.json") == problem
