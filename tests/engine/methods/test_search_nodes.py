from __future__ import annotations

import numpy as np
import pytest

from optimiser.engine.methods.branching.nodes import Node
from optimiser.engine.methods.branching.program import Answer


def root():
    values = np.array([0.25, 1.0, 0.5])
    return Node.root(Answer("optimal", 9.5, values, np.ones(2), np.zeros(3)))


def test_the_root_leaves_every_decision_free():
    node = root()
    assert (node.worth, node.depth, node.decision) == (9.5, 0, -1)
    assert node.lower.tolist() == [0.0, 0.0, 0.0]
    assert node.upper.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(("side", "distance"), [(0, 0.25), (1, 0.75)])
def test_a_child_fixes_one_decision(side, distance):
    child = root().child(0, side, worth=8.0, value=0.25)
    assert child.lower.tolist() == [float(side), 0.0, 0.0]
    assert child.upper.tolist() == [float(side), 1.0, 1.0]
    assert (child.worth, child.depth) == (8.0, 1)
    assert (child.decision, child.side, child.distance) == (0, side, distance)


def test_a_grandchild_keeps_what_its_parent_fixed():
    node = root().child(2, 1, worth=8.0, value=0.5).child(0, 0, worth=7.0, value=0.25)
    assert node.lower.tolist() == [0.0, 0.0, 1.0]
    assert node.upper.tolist() == [0.0, 1.0, 1.0]
    assert node.depth == 2


def test_children_leave_their_parent_as_it_was():
    node = root()
    node.child(0, 1, worth=8.0, value=0.25)
    assert node.lower.tolist() == [0.0, 0.0, 0.0]
