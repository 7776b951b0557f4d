from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from knapsack_program import Knapsack
from tiers import examples

from optimiser.engine.backends.interfaces import LpSolution, fractional
from optimiser.engine.methods.branching.tree import (
    LEAST_CHANGE,
    MOST_PROBED,
    RELIABLE,
    Node,
    Pseudocosts,
    branch,
    fix_by_reduced_cost,
    integer_bound,
)


class Scripted:
    """Answers probes from a table: (decision, side) to (objective, proved)."""

    def __init__(self, table):
        self.table = table
        self.asked = []

    def probe(self, decision, value, *, iterations):
        assert iterations > 0
        self.asked.append((decision, int(value)))
        return self.table[decision, int(value)]


def solved(*decisions):
    """Return a solution with objective 10."""
    return LpSolution("optimal", 10.0, np.array(decisions), np.ones(1), np.zeros(len(decisions)))


def children_of(table, at, *, cutoff=-math.inf, known=None, node=None):
    """Return (decision, side, bound) of each child, the probes, and what was observed."""
    size = len(at.decisions)
    program, observed = Scripted(table), Pseudocosts.none(size)
    found = branch(
        program,
        node or Node.root(at),
        at,
        cutoff=cutoff,
        known=known or Pseudocosts.none(size),
        observed=observed,
    )
    return [(child.decision, child.side, child.bound) for child in found], program.asked, observed


TWO = {(0, 0): (9.0, True), (0, 1): (9.0, True), (1, 0): (8.0, True), (1, 1): (7.0, True)}


def reliable_on(size, decisions):
    known = Pseudocosts.none(size)
    for decision in decisions:
        for side, _ in itertools.product((0, 1), range(RELIABLE)):
            known.note(decision, side, 1.0, 0.5)
    return known


def test_fractional_decisions_are_neither_0_nor_1():
    assert fractional(np.array([0.0, 1e-7, 0.3, 1.0 - 1e-7, 1.0, 0.999])).tolist() == [2, 5]


def test_the_decision_that_moves_both_bounds_most_is_branched_on():
    found, _, _ = children_of(TWO, solved(0.5, 0.5))
    assert found == [(1, 0, 8.0), (1, 1, 7.0)]


def test_changes_of_probes_are_recorded_per_unit():
    _, _, observed = children_of(TWO, solved(0.5, 0.25))
    assert observed.total.tolist() == [[2.0, 8.0], [2.0, 4.0]]


@pytest.mark.parametrize(("side", "other"), [(0, 1), (1, 0)])
def test_an_infeasible_side_leaves_the_other_one_and_ends_the_probing(side, other):
    found, asked, observed = children_of({**TWO, (0, side): (-math.inf, True)}, solved(0.5, 0.5))
    assert found == [(0, other, 10.0)]
    assert asked == [(0, 0), (0, 1)]
    assert observed.count.sum() == 0


def test_a_node_whose_sides_are_both_below_the_cutoff_has_no_children():
    found, _, _ = children_of({(0, 0): (5.9, True), (0, 1): (5.0, True)}, solved(0.5), cutoff=5.0)
    assert found == []


def test_a_probe_that_ended_at_its_limit_proves_no_bound():
    found, _, _ = children_of({(0, 0): (4.0, False), (0, 1): (3.0, False)}, solved(0.5), cutoff=5.0)
    assert found == [(0, 0, 10.0), (0, 1, 10.0)]


def test_a_probe_above_the_relaxation_counts_as_no_change():
    found, _, observed = children_of({(0, 0): (11.0, True), (0, 1): (9.0, True)}, solved(0.5))
    assert found == [(0, 0, 10.0), (0, 1, 9.0)]
    assert observed.total.tolist() == [[0.0], [2.0]]


def test_reliable_decisions_are_not_probed():
    found, asked, _ = children_of({}, solved(0.5, 0.4), known=reliable_on(2, [0, 1]))
    assert asked == []
    assert found == [(0, 0, 10.0), (0, 1, 10.0)]


def test_the_number_of_probes_at_a_node_is_limited():
    count = MOST_PROBED + 3
    table = dict.fromkeys(itertools.product(range(count), (0, 1)), (9.0, True))
    _, asked, _ = children_of(table, solved(*[0.5] * count))
    assert len(asked) == 2 * MOST_PROBED


def test_fixed_decisions_are_not_branched_on():
    at = solved(0.5, 0.5)
    node = Node.root(at).child(1, 1, bound=10.0, value=0.5)
    assert [child[0] for child in children_of(TWO, at, node=node)[0]] == [0, 0]


def test_a_node_whose_fractional_decisions_are_all_fixed_is_solved_again():
    at = solved(0.5)
    node = Node.root(at).child(0, 1, bound=12.0, value=0.5)
    assert children_of({}, at, node=node)[0] == [(-1, 0, 10.0)]


def test_a_decision_whose_reduced_cost_exceeds_the_gap_is_fixed():
    at = LpSolution(
        "optimal", 10.0, np.array([0.0, 1.0, 0.5, 0.0]), np.ones(1), np.array([-4.0, 4.0, 0.0, -1.0])
    )
    node = fix_by_reduced_cost(Node.root(at), at, 7.0)
    assert node.lower.tolist() == [0.0, 1.0, 0.0, 0.0]
    assert node.upper.tolist() == [0.0, 1.0, 1.0, 1.0]


def test_nothing_is_fixed_without_a_plan():
    at = LpSolution("optimal", 10.0, np.array([0.0]), np.ones(1), np.array([-4.0]))
    node = Node.root(at)
    assert fix_by_reduced_cost(node, at, -math.inf) is node


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=7),
    st.integers(1, 25),
    st.integers(-1, 30),
)
@examples(100)
def test_every_better_plan_lies_in_one_child(items, room, cutoff):
    values, sizes = zip(*items, strict=True)
    program = Knapsack(values, sizes, room)
    at = program.solve(seconds=1.0)
    if not fractional(at.decisions).size or at.objective < cutoff + 1:
        return
    node = fix_by_reduced_cost(Node.root(at), at, float(cutoff))
    size = len(values)
    found = branch(
        program, node, at, cutoff=float(cutoff), known=Pseudocosts.none(size), observed=Pseudocosts.none(size)
    )
    for plan in itertools.product((0.0, 1.0), repeat=size):
        value = program.value_of(np.array([*(x > 0 for x in plan), True]))
        inside = [(child.lower <= plan).all() and (plan <= child.upper).all() for child in found]
        assert sum(inside) <= 1
        if value > cutoff:
            assert sum(inside) == 1
            assert found[inside.index(True)].bound >= value - 1e-9


# ---- nodes


def root():
    values = np.array([0.25, 1.0, 0.5])
    return Node.root(LpSolution("optimal", 9.5, values, np.ones(2), np.zeros(3)))


def test_the_root_leaves_every_decision_free():
    node = root()
    assert (node.bound, node.depth, node.decision) == (9.5, 0, -1)
    assert node.lower.tolist() == [0.0, 0.0, 0.0]
    assert node.upper.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(("side", "distance"), [(0, 0.25), (1, 0.75)])
def test_a_child_fixes_one_decision(side, distance):
    child = root().child(0, side, bound=8.0, value=0.25)
    assert child.lower.tolist() == [float(side), 0.0, 0.0]
    assert child.upper.tolist() == [float(side), 1.0, 1.0]
    assert (child.bound, child.depth) == (8.0, 1)
    assert (child.decision, child.side, child.distance) == (0, side, distance)


def test_a_grandchild_keeps_what_its_parent_fixed():
    node = root().child(2, 1, bound=8.0, value=0.5).child(0, 0, bound=7.0, value=0.25)
    assert node.lower.tolist() == [0.0, 0.0, 1.0]
    assert node.upper.tolist() == [0.0, 1.0, 1.0]
    assert node.depth == 2


def test_children_leave_their_parent_as_it_was():
    node = root()
    node.child(0, 1, bound=8.0, value=0.25)
    assert node.lower.tolist() == [0.0, 0.0, 0.0]


# ---- pseudocosts


def seen(*notes, size=2):
    known = Pseudocosts.none(size)
    for note in notes:
        known.note(*note)
    return known


def test_a_change_counts_per_unit_of_distance():
    known = seen((0, 0, 3.0, 0.25), (0, 0, 1.0, 0.5), (0, 1, 6.0, 0.75))
    assert known.total[:, 0].tolist() == [14.0, 8.0]
    assert known.count[:, 0].tolist() == [2, 1]


def test_a_score_is_the_product_of_the_mean_changes_on_both_sides():
    known = seen((0, 0, 3.0, 0.25), (0, 0, 1.0, 0.5), (0, 1, 6.0, 0.75))
    assert known.scores(np.array([0.5, 0.0]))[0] == pytest.approx((7.0 * 0.5) * (8.0 * 0.5))
    assert known.scores(np.array([0.2, 0.0]))[0] == pytest.approx((7.0 * 0.2) * (8.0 * 0.8))


def test_decisions_without_observations_count_as_the_mean_of_the_others():
    known = seen((0, 0, 2.0, 1.0), (0, 0, 4.0, 1.0), (0, 1, 8.0, 1.0))
    assert known.scores(np.array([0.5, 0.25]))[1] == pytest.approx((3.0 * 0.25) * (8.0 * 0.75))


def test_without_observations_all_scores_are_the_same():
    assert Pseudocosts.none(3).scores(np.array([0.1, 0.5, 0.9])).tolist() == [LEAST_CHANGE * LEAST_CHANGE] * 3


def test_a_negative_change_counts_as_none():
    known = seen((1, 0, -1e-7, 0.5))
    assert (known.total[0, 1], known.count[0, 1]) == (0.0, 1)


def test_an_infinite_change_is_ignored():
    assert seen((0, 0, math.inf, 0.5)).count.sum() == 0


def test_a_distance_of_zero_is_replaced_by_the_least_change():
    assert seen((0, 0, LEAST_CHANGE, 0.0)).total[0, 0] == 1.0


def test_a_decision_is_reliable_once_both_sides_were_observed_often():
    known = seen(*[(0, 0, 1.0, 0.5)] * RELIABLE, *[(0, 1, 1.0, 0.5)] * (RELIABLE - 1))
    assert not known.reliable(0)
    known.note(0, 1, 1.0, 0.5)
    assert known.reliable(0)
    assert not known.reliable(1)


def test_the_sum_of_observations_leaves_both_terms_unchanged():
    first, second = seen((0, 0, 1.0, 0.5)), seen((0, 0, 3.0, 0.5), (1, 1, 1.0, 1.0))
    both = first.plus(second)
    assert both.total.tolist() == [[8.0, 0.0], [0.0, 1.0]]
    assert both.count.tolist() == [[2, 0], [0, 1]]
    assert first.count.sum() == 1
    assert second.count.sum() == 2


@pytest.mark.parametrize(
    ("bound", "value"),
    [(3.0, 3), (2.9999999, 3), (2.99, 2), (-4.0000001, -4), (-math.inf, -math.inf), (math.inf, math.inf)],
)
def test_a_bound_allows_the_largest_integer_objective_below_it(bound, value):
    assert integer_bound(bound) == value
