from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from knapsack_program import Knapsack

from optimiser.engine.methods.branching.nodes import PROBED, fractional, halves, narrowed
from optimiser.engine.methods.branching.nodes import Node
from optimiser.engine.methods.branching.program import Answer
from optimiser.engine.methods.branching.nodes import RELIABLE, Experience


class Scripted:
    """Answers probes from a table: (decision, side) to (worth, proved)."""

    def __init__(self, table):
        self.table = table
        self.asked = []

    def probe(self, decision, value, *, iterations):
        assert iterations > 0
        self.asked.append((decision, int(value)))
        return self.table[decision, int(value)]


def answer(*decided, worth=10.0):
    count = len(decided)
    return Answer("optimal", worth, np.array(decided), np.ones(1), np.zeros(count))


def parts(table, at, *, cutoff=-math.inf, known=None, node=None):
    """Return (decision, side, worth) of each part, what was asked, and what was noted."""
    size = len(at.decided)
    program, noted = Scripted(table), Experience.none(size)
    found = halves(
        program,
        node or Node.root(at),
        at,
        cutoff=cutoff,
        known=known or Experience.none(size),
        noted=noted,
    )
    return [(part.decision, part.side, part.worth) for part in found], program.asked, noted


TWO = {(0, 0): (9.0, True), (0, 1): (9.0, True), (1, 0): (8.0, True), (1, 1): (7.0, True)}


def experienced(size, decisions):
    known = Experience.none(size)
    for decision in decisions:
        for side, _ in itertools.product((0, 1), range(RELIABLE)):
            known.note(decision, side, 1.0, 0.5)
    return known


def test_fractions_are_what_is_neither_nothing_nor_one():
    assert fractional(np.array([0.0, 1e-7, 0.3, 1.0 - 1e-7, 1.0, 0.999])).tolist() == [2, 5]


def test_the_decision_that_moves_both_sides_most_is_split_on():
    found, _, _ = parts(TWO, answer(0.5, 0.5))
    assert found == [(1, 0, 8.0), (1, 1, 7.0)]


def test_what_probes_show_is_noted_per_unit():
    _, _, noted = parts(TWO, answer(0.5, 0.25))
    assert noted.total.tolist() == [[2.0, 8.0], [2.0, 4.0]]


@pytest.mark.parametrize(("side", "other"), [(0, 1), (1, 0)])
def test_a_dead_side_leaves_the_other_alone_and_ends_the_probing(side, other):
    found, asked, noted = parts({**TWO, (0, side): (-math.inf, True)}, answer(0.5, 0.5))
    assert found == [(0, other, 10.0)]
    assert asked == [(0, 0), (0, 1)]
    assert noted.count.sum() == 0


def test_two_dead_sides_leave_nothing():
    found, _, _ = parts({(0, 0): (5.9, True), (0, 1): (5.0, True)}, answer(0.5), cutoff=5.0)
    assert found == []


def test_a_probe_cut_short_proves_no_bound():
    found, _, _ = parts({(0, 0): (4.0, False), (0, 1): (3.0, False)}, answer(0.5), cutoff=5.0)
    assert found == [(0, 0, 10.0), (0, 1, 10.0)]


def test_a_probe_above_the_relaxation_counts_as_no_change():
    found, _, noted = parts({(0, 0): (11.0, True), (0, 1): (9.0, True)}, answer(0.5))
    assert found == [(0, 0, 10.0), (0, 1, 9.0)]
    assert noted.total.tolist() == [[0.0], [2.0]]


def test_decisions_well_known_are_not_probed():
    found, asked, _ = parts({}, answer(0.5, 0.4), known=experienced(2, [0, 1]))
    assert asked == []
    assert found == [(0, 0, 10.0), (0, 1, 10.0)]


def test_only_so_many_are_probed_at_a_node():
    count = PROBED + 3
    table = dict.fromkeys(itertools.product(range(count), (0, 1)), (9.0, True))
    _, asked, _ = parts(table, answer(*[0.5] * count))
    assert len(asked) == 2 * PROBED


def test_decisions_that_are_fixed_are_not_split_on():
    at = answer(0.5, 0.5)
    node = Node.root(at).child(1, 1, worth=10.0, value=0.5)
    assert [part[0] for part in parts(TWO, at, node=node)[0]] == [0, 0]


def test_a_part_whose_fractions_are_all_fixed_is_solved_again():
    at = answer(0.5)
    node = Node.root(at).child(0, 1, worth=12.0, value=0.5)
    assert parts({}, at, node=node)[0] == [(-1, 0, 10.0)]


def test_what_costs_more_than_the_gap_is_fixed():
    at = Answer("optimal", 10.0, np.array([0.0, 1.0, 0.5, 0.0]), np.ones(1), np.array([-4.0, 4.0, 0.0, -1.0]))
    node = narrowed(Node.root(at), at, 7.0)
    assert node.lower.tolist() == [0.0, 1.0, 0.0, 0.0]
    assert node.upper.tolist() == [0.0, 1.0, 1.0, 1.0]


def test_without_a_plan_nothing_is_fixed():
    at = Answer("optimal", 10.0, np.array([0.0]), np.ones(1), np.array([-4.0]))
    node = Node.root(at)
    assert narrowed(node, at, -math.inf) is node


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=7),
    st.integers(1, 25),
    st.integers(-1, 30),
)
@settings(max_examples=100, deadline=None)
def test_every_better_plan_lies_in_one_of_the_parts(items, room, cutoff):
    values, sizes = zip(*items, strict=True)
    program = Knapsack(values, sizes, room)
    at = program.solve(seconds=1.0)
    if not fractional(at.decided).size or at.worth < cutoff + 1:
        return
    node = narrowed(Node.root(at), at, float(cutoff))
    size = len(values)
    found = halves(
        program, node, at, cutoff=float(cutoff), known=Experience.none(size), noted=Experience.none(size)
    )
    for plan in itertools.product((0.0, 1.0), repeat=size):
        worth = program.worth_of(np.array([*(x > 0 for x in plan), True]))
        inside = [(part.lower <= plan).all() and (plan <= part.upper).all() for part in found]
        assert sum(inside) <= 1
        if worth > cutoff:
            assert sum(inside) == 1
            assert found[inside.index(True)].worth >= worth - 1e-9
