"""Check the build order of finished plans."""

from __future__ import annotations

import itertools

import pytest
from core_drawing import both_ways, line, side_problems
from hypothesis import given
from hypothesis import strategies as st
from link_drawing import apart, chain
from tiers import examples

from optimiser.measures.order import (
    BuildOrder,
    MarginalValues,
    _backward,
    _exchanged,
    _forward,
    _ordered,
    build_order,
    links_of_rings,
)
from optimiser.measures.valuation import Valuer
from optimiser.problem import Candidate, City, DesignProblem, Pair
from optimiser.problem.ring import Ring, RingLink
from optimiser.verify import score

METHODS = ["best", "forward", "backward"]


def ordered(problem, built, method="best"):
    return list(order_of(problem, built, method).links)


def order_of(problem, built, method):
    if method == "best":
        return build_order(Valuer.of(problem), built)
    values = MarginalValues.of(Valuer.of(problem), built)
    backward = _ordered(values, _backward(values), "backward")
    if method == "backward":
        return backward
    return _ordered(values, _forward(values, backward.links), "forward")


@pytest.mark.parametrize("method", METHODS)
def test_value_for_money_comes_first(method):
    # Weight a unit of money: 2, 5, 3.
    problem = apart((2, 4), (1, 5), (3, 9))
    assert ordered(problem, ["c0", "c1", "c2"], method=method) == ["c1", "c2", "c0"]


def test_area_is_what_is_covered_while_money_is_spent():
    # Nothing above the start while ac is paid for, 12 while the 4 of bd are spent.
    assert build_order(Valuer.of(line()), ["ac", "bd"]).area == 4 * 12


def test_links_with_value_only_together_mislead_forward_but_not_best():
    assert ordered(chain(), ["ab", "bc", "cd"], method="forward")[0] == "cd"
    best = build_order(Valuer.of(chain()), ["ab", "bc", "cd"])
    assert (list(best.links), best.method) == (["ab", "bc", "cd"], "backward")


def test_exchanges_move_a_link_past_several_neighbours():
    values = MarginalValues.of(Valuer.of(apart((3, 1), (2, 2), (1, 3))), ["c0", "c1", "c2"])
    assert _exchanged(values, ["c0", "c1", "c2"]) == ["c2", "c1", "c0"]


def test_links_that_replace_each_other_mislead_backward_but_not_best():
    # Either of c0 and c1 (cost 3) covers 6, c2 (cost 2) covers 3: c2 comes before the one that adds nothing.
    problem = DesignProblem(
        name="twins",
        nodes=("a", "b", "c", "d"),
        arcs=(),
        candidates=(
            Candidate("c0", 3, both_ways((0, 1, 5))),
            Candidate("c1", 3, both_ways((0, 1, 5))),
            Candidate("c2", 2, both_ways((2, 3, 5))),
        ),
        pairs=(Pair(0, 1, 9, 6), Pair(2, 3, 9, 3)),
        budget=8,
    )
    assert ordered(problem, ["c0", "c1", "c2"]) == ["c0", "c2", "c1"]


@pytest.mark.parametrize("method", METHODS)
def test_free_links_that_cover_something_come_first(method):
    assert ordered(apart((1, 9), (0, 1)), ["c0", "c1"], method=method) == ["c1", "c0"]


@pytest.mark.parametrize("method", METHODS)
def test_a_link_follows_what_it_requires(method):
    problem = apart((1, 9), (5, 1), (1, 2)).replace(requires=(("c0", "c1"),))
    order = ordered(problem, ["c0", "c1", "c2"], method=method)
    assert order.index("c0") > order.index("c1")


def test_an_expensive_required_link_waits_for_what_is_better_than_both_together():
    # c1 and c0 together bring 10 for 6, c2 brings 2 for 1.
    problem = apart((1, 9), (5, 1), (1, 2)).replace(requires=(("c0", "c1"),))
    assert ordered(problem, ["c0", "c1", "c2"]) == ["c2", "c1", "c0"]


def test_links_that_require_each_other_are_ordered_too():
    problem = apart((1, 9), (1, 5)).replace(requires=(("c0", "c1"), ("c1", "c0")))
    assert ordered(problem, ["c0", "c1"]) == ["c0", "c1"]


def test_covered_cities_count():
    problem = apart((1, 1), (1, 2)).replace(cities=(City("t", 5, (0,), 1),))
    assert ordered(problem, ["c0", "c1"]) == ["c0", "c1"]


def ring(name, reward, *candidates):
    nodes = ((0, 0), (9, 0), (0, 9))
    links = tuple(RingLink(at % 3, (at + 1) % 3, one) for at, one in enumerate(candidates))
    return Ring(name, False, ((1, 1),), nodes, links, reward=reward)


def test_links_of_a_ring_that_bring_no_pair_stand_together_the_best_ring_for_money_first():
    # c3 and c4 close a ring of 8 for 4, c0 and c2 one of 3 for 2; c1 alone covers a pair.
    rings = (ring("poor", 3, "c2", "c0"), ring("rich", 8, "c3", None, "c4"))
    problem = apart((1, 0), (9, 5), (1, 0), (3, 0), (1, 0))
    problem = problem.replace(rings=tuple(sorted(rings, key=lambda one: one.id)))
    names = [f"c{at}" for at in range(5)]
    circuits = {"poor": (0, 1), "rich": (0, 1, 2)}
    found = build_order(Valuer.of(problem), names, links_of_rings(problem, circuits))
    assert found.links[0] == "c1"
    assert [set(found.links[1:3]), set(found.links[3:])] == [{"c3", "c4"}, {"c0", "c2"}]
    assert found.area == build_order(Valuer.of(problem), names).area


def test_an_empty_plan_has_no_steps():
    assert build_order(Valuer.of(line()), ()) == BuildOrder("forward", (), 0)


@st.composite
def plans(draw):
    problem = draw(side_problems(most_candidates=4))
    names = [c.id for c in problem.candidates]
    return problem, sorted(draw(st.sets(st.sampled_from(names)))) if names else []


def freed(problem):
    return problem.replace(
        budget=10**6,
        cover="all",
        caps=(),
        targets=(),
        excludes=(),
        requires=(),
        capacities=(),
        candidates=tuple(Candidate(c.id, c.cost, c.arcs, c.kind) for c in problem.candidates),
    )


@examples(40)
@given(plans(), st.sampled_from(METHODS))
def test_an_order_holds_each_link_once_and_never_loses_value(drawn, method):
    problem, built = drawn
    order = order_of(problem, built, method)
    assert sorted(order.links) == built
    values = [Valuer.of(problem).value(order.links[:at]) for at in range(len(built) + 1)]
    assert values == sorted(values)


@examples(40)
@given(plans())
def test_the_area_uses_the_values_of_the_independent_check(drawn):
    problem, built = drawn
    order = build_order(Valuer.of(problem), built)
    plans = [score(freed(problem), order.links[:at]) for at in range(len(built) + 1)]
    gained = [plan.objective - plans[0].objective for plan in plans]
    steps = zip(plans, plans[1:], gained, strict=False)
    assert order.area == sum((after.cost - before.cost) * gain for before, after, gain in steps)


@examples(40)
@given(plans())
def test_best_is_no_worse_than_forward_and_backward(drawn):
    problem, built = drawn
    areas = {method: order_of(problem, built, method).area for method in METHODS}
    assert areas["best"] >= max(areas["forward"], areas["backward"])


@examples(40)
@given(plans())
def test_no_exchange_of_neighbours_makes_the_best_order_better(drawn):
    problem, built = drawn
    valuer = Valuer.of(problem)
    found = build_order(valuer, built)

    def area(order):
        values = [valuer.value(order[:at]) - valuer.value(()) for at in range(len(order))]
        return sum(problem.cost_of([name]) * value for name, value in zip(order, values, strict=True))

    assert area(list(found.links)) == found.area
    for at in range(len(built) - 1):
        order = list(found.links)
        order[at], order[at + 1] = order[at + 1], order[at]
        if (order[at], order[at + 1]) not in problem.requires:
            assert area(order) <= found.area


@examples(40)
@given(plans(), st.sampled_from(METHODS))
def test_required_links_come_first_unless_they_require_each_other(drawn, method):
    problem, built = drawn
    order = ordered(problem, built, method=method)
    for first, second in problem.requires:
        if {first, second} <= set(built) and (second, first) not in problem.requires:
            assert order.index(second) < order.index(first)


@examples(40)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=4),
    st.sampled_from(METHODS),
)
def test_the_order_of_independent_links_is_optimal(links, method):
    problem = apart(*links)

    def area(order):
        found = done = 0
        for i in order:
            found += links[i][0] * done
            done += links[i][1]
        return found

    best = max(area(order) for order in itertools.permutations(range(len(links))))
    assert order_of(problem, [c.id for c in problem.candidates], method).area == best
