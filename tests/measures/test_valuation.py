"""Compare prepared problems with fresh shortest-path searches and with the independent check."""

from __future__ import annotations

import pytest
from core_drawing import line, side_problems
from hypothesis import given
from hypothesis import strategies as st
from small_networks import arc_lists, pair_lists, shortest_times
from tiers import examples

from optimiser.engine.search.paths import LONGEST
from optimiser.measures.valuation import Valuer
from optimiser.problem import Candidate, DesignProblem, Pair
from optimiser.problem.errors import ProblemError

NODES = 7


def problem_of(open_arcs, built, pairs) -> DesignProblem:
    return DesignProblem(
        name="random",
        nodes=tuple(f"n{i}" for i in range(NODES)),
        arcs=tuple(open_arcs),
        candidates=tuple(Candidate(f"c{j}", 1, tuple(part)) for j, part in enumerate(built)),
        pairs=tuple(Pair(i, j, 12, 1 + i) for i, j in pairs),
        budget=9,
    )


several_arc_lists = st.lists(arc_lists(NODES), min_size=1, max_size=3)


@examples(60)
@given(arc_lists(NODES), several_arc_lists, pair_lists(NODES), st.data())
def test_times_are_exact_for_every_subset_whatever_the_limit(open_arcs, built, pairs, data):
    problem = problem_of(open_arcs, built, pairs)
    names = data.draw(st.lists(st.sampled_from([c.id for c in problem.candidates]), unique=True))
    arcs = [*open_arcs, *(arc for name in names for arc in problem.candidates[problem.index[name]].arcs)]
    assert Valuer.of(problem).times(names).tolist() == shortest_times(NODES, arcs, pairs)


@examples(60)
@given(arc_lists(NODES), several_arc_lists, pair_lists(NODES), st.data())
def test_restriction_to_a_plan_changes_no_value(open_arcs, built, pairs, data):
    problem = problem_of(open_arcs, built, pairs)
    plan = data.draw(st.lists(st.sampled_from([c.id for c in problem.candidates]), unique=True))
    part = data.draw(st.lists(st.sampled_from(plan), unique=True)) if plan else []
    whole, narrow = Valuer.of(problem), Valuer.of(problem).within(plan)
    assert narrow.covered(part) == whole.covered(part)
    assert narrow.value(part) == whole.value(part)


@examples(60)
@given(side_problems(), st.data())
def test_times_without_a_link_are_those_of_the_rest(problem, data):
    plan = [c.id for c in problem.candidates if data.draw(st.booleans())]
    valuer = Valuer.of(problem)
    for name, found in valuer.times_without(plan, valuer.times(plan)):
        assert found.tolist() == valuer.times([other for other in plan if other != name]).tolist()


def test_times_that_could_overflow_are_refused():
    with pytest.raises(ProblemError, match="added up"):
        Valuer.of(line(arcs=((0, 1, LONGEST),)))
