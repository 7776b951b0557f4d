from __future__ import annotations

import numpy as np
import pytest
from core_drawing import covered_by, line, problems
from hypothesis import given
from tiers import examples

from optimiser import verify
from optimiser.engine.presolve import reduce
from optimiser.engine.search import paths
from optimiser.engine.search.tables import tables
from optimiser.problem import Pair
from optimiser.problem.errors import ProblemError
from optimiser.verify.rules import pair_times


def test_a_limit_met_to_the_second_counts_and_one_second_more_does_not():
    problem = line(pairs=(Pair(0, 3, 300, 1), Pair(0, 3, 299, 1)))
    assert paths.covered(problem, []).tolist() == [True, False]


def test_the_faster_of_parallel_arcs_counts():
    assert paths.pair_times(line(), [0, 2]).tolist()[2] == 60


def test_a_node_reaches_itself_in_no_time():
    assert paths.covered(line(pairs=(Pair(1, 1, 0, 1),)), []).all()


@given(problems())
@examples(80)
def test_compiled_and_plain_searches_agree_on_every_pair(problem):
    half = range(0, len(problem.candidates), 2)
    names = [problem.candidates[j].id for j in half]
    compiled = [None if t == paths.UNREACHED else t for t in paths.pair_times(problem, half).tolist()]
    plain = pair_times(problem, names)
    within = [
        t if t is not None and t <= p.limit else None for p, t in zip(problem.pairs, plain, strict=True)
    ]
    assert compiled == within
    assert paths.covered(problem, half).tolist() == covered_by(problem, names)


def test_a_limit_beyond_what_can_be_added_up_is_refused():
    with pytest.raises(ProblemError, match="largest supported"):
        paths.covered(line(pairs=(Pair(0, 3, 2**62, 1),)), [])


def test_arcs_of_huge_seconds_do_not_overflow():
    problem = line(
        arcs=((0, 1, 2**63 - 1), (1, 2, 2**60), (2, 3, 1)), candidates=(), pairs=(Pair(0, 3, 2**60, 1),)
    )
    assert not paths.covered(problem, []).any()


@given(problems())
@examples(40)
def test_times_with_everything_built_never_exceed_times_with_nothing_built(problem):
    t = tables(reduce(problem).problem)
    assert (t.from_origin <= t.base).all()
    assert t.base.dtype == np.int64


def test_a_plan_given_by_hand_is_scored_by_group():
    plan = verify.score(line(), ["bd", "ac"])
    assert plan.built == ("ac", "bd")
    assert plan.cost == 7
    assert plan.coverage == verify.Coverage(total=19, before=2, after=18, all_built=18)
    assert plan.groups["core"] == verify.Coverage(total=10, before=2, after=9, all_built=9)
    assert set(plan.covered) - set(plan.covered_before) == {0, 1, 2}
    assert plan.times_after_s == (50, 50, 150, 100, 150)
