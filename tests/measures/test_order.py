"""Check the build order of finished plans."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from core_drawing import both_ways, line, side_problems
from hypothesis import given, settings
from hypothesis import strategies as st

from optimiser.measures.appraisal import BuildOrder, OrderStep, build_order, interplay, valuer
from optimiser.measures.appraisal.marginal import Marginal
from optimiser.measures.appraisal.order import _exchanged
from optimiser.problem import Candidate, City, DesignProblem, Pair
from optimiser.problem.errors import ProblemError
from optimiser.verify import score

METHODS = ["best", "forward", "backward"]


def apart(*links):
    """Each link (cost, weight) joins a pair of its own."""
    return DesignProblem(
        name="apart",
        nodes=tuple(f"n{i}" for i in range(2 * len(links))),
        arcs=(),
        candidates=tuple(
            Candidate(f"c{i}", cost, both_ways((2 * i, 2 * i + 1, 5))) for i, (cost, _) in enumerate(links)
        ),
        pairs=tuple(Pair(2 * i, 2 * i + 1, 9, weight) for i, (_, weight) in enumerate(links)),
        budget=10**6,
    )


def chain():
    """Links ab and bc are worth 9 only together; cd is worth 1 at the same cost."""
    return DesignProblem(
        name="chain",
        nodes=("a", "b", "c", "d"),
        arcs=(),
        candidates=tuple(
            Candidate(name, 1, both_ways((i, i + 1, 5))) for i, name in enumerate(["ab", "bc", "cd"])
        ),
        pairs=(Pair(0, 2, 10, 9), Pair(2, 3, 5, 1)),
        budget=3,
    )


def ids(order):
    return [step.id for step in order.steps]


@pytest.mark.parametrize("method", METHODS)
def test_value_for_money_comes_first(method):
    # Weight a unit of money: 2, 5, 3.
    assert ids(build_order(valuer(apart((2, 4), (1, 5), (3, 9))), ["c0", "c1", "c2"], method=method)) == [
        "c1",
        "c2",
        "c0",
    ]


def test_each_step_tells_the_state_after_it():
    order = build_order(valuer(line()), ["ac", "bd"])
    # ac covers a-c (5) and a-d (7) for 3; bd then covers b-d (4) for 4; a-b (2) is covered today.
    assert order == BuildOrder(
        "forward",
        2,
        (
            OrderStep("ac", 3, 3, 12, 14, (("core", 9), ("small", 5))),
            OrderStep("bd", 4, 7, 4, 18, (("core", 9), ("small", 9))),
        ),
    )


def test_area_is_what_is_covered_while_money_is_spent():
    # Nothing above the start while ac is paid for, 12 while the 4 of bd are spent.
    assert build_order(valuer(line()), ["ac", "bd"]).area == 4 * 12


def test_links_worth_something_only_together_mislead_forward_but_not_best():
    assert ids(build_order(valuer(chain()), ["ab", "bc", "cd"], method="forward"))[0] == "cd"
    best = build_order(valuer(chain()), ["ab", "bc", "cd"])
    assert (ids(best), best.method) == (["ab", "bc", "cd"], "backward")


def test_exchanges_of_neighbours_carry_a_link_as_far_as_it_must_go():
    assert _exchanged(
        Marginal.of(valuer(apart((3, 1), (2, 2), (1, 3))), ["c0", "c1", "c2"]), ["c0", "c1", "c2"]
    ) == ["c2", "c1", "c0"]


def test_links_that_stand_in_for_each_other_mislead_backward_but_not_best():
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
    assert ids(build_order(valuer(problem), ["c0", "c1", "c2"])) == ["c0", "c2", "c1"]


@pytest.mark.parametrize("method", METHODS)
def test_free_links_that_cover_something_come_first(method):
    assert ids(build_order(valuer(apart((1, 9), (0, 1))), ["c0", "c1"], method=method)) == ["c1", "c0"]


@pytest.mark.parametrize("method", METHODS)
def test_a_link_follows_what_it_requires(method):
    problem = apart((1, 9), (5, 1), (1, 2)).replace(requires=(("c0", "c1"),))
    order = ids(build_order(valuer(problem), ["c0", "c1", "c2"], method=method))
    assert order.index("c0") > order.index("c1")


def test_a_dear_link_that_a_good_one_requires_waits_for_what_is_better_than_both():
    # c1 and c0 together bring 10 for 6, c2 brings 2 for 1.
    problem = apart((1, 9), (5, 1), (1, 2)).replace(requires=(("c0", "c1"),))
    assert ids(build_order(valuer(problem), ["c0", "c1", "c2"])) == ["c2", "c1", "c0"]


def test_links_that_require_each_other_are_ordered_all_the_same():
    problem = apart((1, 9), (1, 5)).replace(requires=(("c0", "c1"), ("c1", "c0")))
    assert ids(build_order(valuer(problem), ["c0", "c1"])) == ["c0", "c1"]


def test_covered_cities_count():
    problem = apart((1, 1), (1, 2)).replace(cities=(City("t", 5, (0,), 1),))
    assert ids(build_order(valuer(problem), ["c0", "c1"])) == ["c0", "c1"]


def test_an_empty_plan_has_no_steps():
    assert build_order(valuer(line()), ()) == BuildOrder("forward", 2, ())


@pytest.mark.parametrize("built", [["zz"], ["ac", "ac"]])
def test_what_is_no_plan_is_refused(built):
    with pytest.raises(ProblemError):
        build_order(valuer(line()), built)


@pytest.mark.parametrize("built", [["zz"], ["ac", "ac"]])
def test_interplay_of_what_is_no_plan_is_refused(built):
    with pytest.raises(ProblemError):
        interplay(valuer(line()), built)


def test_a_link_that_stands_alone_depends_on_none():
    found = interplay(valuer(apart((1, 4), (1, 5))), ["c0", "c1"])
    assert (found["c0"].alone, found["c0"].last, found["c0"].dependence) == (4, 4, 1)


def test_a_link_worth_nothing_alone_has_no_ratio():
    assert interplay(valuer(chain()), ["ab", "bc", "cd"])["ab"].dependence is None


def test_a_link_that_others_can_stand_in_for_depends_below_one():
    # ad covers a-d (7) alone as ac does; ac covers a-c (5) too.
    found = interplay(valuer(line()), ["ac", "ad"])
    assert (found["ac"].dependence, found["ad"].dependence) == (Fraction(5, 12), 0)


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
        candidates=tuple(Candidate(c.id, c.cost, c.arcs, c.kind) for c in problem.candidates),
    )


@settings(max_examples=40)
@given(plans(), st.sampled_from(METHODS))
def test_an_order_holds_each_link_once_and_never_loses_value(drawn, method):
    problem, built = drawn
    order = build_order(valuer(problem), built, method=method)
    assert sorted(ids(order)) == built
    assert all(step.gain >= 0 for step in order.steps)
    assert sum(step.gain for step in order.steps) == valuer(problem).value(built) - order.start
    assert sum(step.cost for step in order.steps) == problem.cost_of(built)


@settings(max_examples=40)
@given(plans())
def test_values_of_steps_are_those_of_the_independent_check(drawn):
    problem, built = drawn
    order = build_order(valuer(problem), built)
    for at, step in enumerate(order.steps):
        plan = score(freed(problem), ids(order)[: at + 1])
        assert (step.value, step.spent) == (plan.objective, plan.cost)
        assert dict(step.coverage) == {group: part.after for group, part in plan.groups.items()}


@settings(max_examples=40)
@given(plans())
def test_best_is_no_worse_than_forward_and_backward(drawn):
    problem, built = drawn
    areas = {method: build_order(valuer(problem), built, method=method).area for method in METHODS}
    assert areas["best"] >= max(areas["forward"], areas["backward"])


@settings(max_examples=40)
@given(plans())
def test_no_exchange_of_neighbours_makes_the_best_order_better(drawn):
    problem, built = drawn
    worth = valuer(problem)
    found = build_order(worth, built)

    def area(order):
        values = [worth.value(order[:at]) - found.start for at in range(len(order))]
        return sum(problem.cost_of([name]) * value for name, value in zip(order, values, strict=True))

    assert area(ids(found)) == found.area
    for at in range(len(built) - 1):
        order = ids(found)
        order[at], order[at + 1] = order[at + 1], order[at]
        if (order[at], order[at + 1]) not in problem.requires:
            assert area(order) <= found.area


@settings(max_examples=40)
@given(plans(), st.sampled_from(METHODS))
def test_what_is_required_comes_first_unless_it_goes_in_circles(drawn, method):
    problem, built = drawn
    order = ids(build_order(valuer(problem), built, method=method))
    for first, second in problem.requires:
        if {first, second} <= set(built) and (second, first) not in problem.requires:
            assert order.index(second) < order.index(first)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=4),
    st.sampled_from(METHODS),
)
def test_order_of_links_that_stand_alone_is_optimal(links, method):
    problem = apart(*links)

    def area(order):
        found = done = 0
        for i in order:
            found += links[i][0] * done
            done += links[i][1]
        return found

    best = max(area(order) for order in itertools.permutations(range(len(links))))
    assert build_order(valuer(problem), [c.id for c in problem.candidates], method=method).area == best
