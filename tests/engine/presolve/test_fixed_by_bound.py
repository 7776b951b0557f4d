from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiers import examples

from optimiser.engine.presolve import fixings
from optimiser.engine.presolve.fixings import fixed_by_bound


@st.composite
def relaxations(draw):
    """Draw max cx over Ax <= b with multipliers p; return c, A, b and what p proves: r, x, bound."""
    variables, rows = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    number = st.integers(-6, 6)
    c = np.array(draw(st.lists(number, min_size=variables, max_size=variables)))
    a = np.array(draw(st.lists(number, min_size=variables * rows, max_size=variables * rows)))
    a = a.reshape(rows, variables)
    b = np.array(draw(st.lists(number, min_size=rows, max_size=rows)))
    p = np.array(draw(st.lists(st.integers(0, 3), min_size=rows, max_size=rows)))
    r = c - p @ a
    return c, a, b, (r, (r > 0).astype(float), p @ b + np.maximum(r, 0).sum())


@given(drawn=relaxations(), incumbent=st.integers(-20, 20))
@examples(300)
def test_no_better_plan_has_another_value(drawn, incumbent):
    c, a, b, (r, x, bound) = drawn
    must, never = fixed_by_bound(r.astype(float), x, float(bound), float(incumbent))
    for plan in itertools.product((0, 1), repeat=len(c)):
        if (a @ plan <= b).all() and c @ plan > incumbent:
            assert all(np.array(plan)[must] == 1)
            assert all(np.array(plan)[never] == 0)


def test_a_loss_of_all_the_room_fixes_and_a_smaller_one_does_not():
    reduced_cost, value = np.array([-4.0, -3.0, 5.0, 2.0]), np.array([0.0, 0.0, 1.0, 1.0])
    must, never = fixed_by_bound(reduced_cost, value, bound=14.5, incumbent=10.0)
    assert must.tolist() == [False, False, True, False]
    assert never.tolist() == [True, False, False, False]


@pytest.mark.parametrize(("bound", "room"), [(14.5, 3.5), (10.0, 0.0)])
def test_a_loss_fixes_exactly_where_it_exceeds_the_room_to_the_next_better_plan(bound, room):
    """The room is what the bound exceeds the least better objective by, and 1e-6 of the bound."""
    edge = room + 1e-6 * bound if room else 1e-6
    losses = np.array([-1.01, -0.99, 0.99, 1.01]) * edge
    if room:
        losses = np.array([-edge - 1e-9, -edge + 1e-9, edge - 1e-9, edge + 1e-9])
    must, never = fixed_by_bound(losses, np.array([0.0, 0.0, 1.0, 1.0]), bound=bound, incumbent=10.0)
    assert must.tolist() == [False, False, False, True]
    assert never.tolist() == [True, False, False, False]


def test_without_a_tolerance_a_loss_that_leaves_the_next_better_objective_fixes_nothing(monkeypatch):
    monkeypatch.setattr(fixings, "TOLERANCE", 0.0)
    losses = np.array([-3.5, -3.75, 3.5, 3.75])
    must, never = fixed_by_bound(losses, np.array([0.0, 0.0, 1.0, 1.0]), bound=14.5, incumbent=10.0)
    assert must.tolist() == [False, False, False, True]
    assert never.tolist() == [False, True, False, False]


def test_values_within_the_tolerance_of_0_and_1_count_as_these():
    losses, value = np.array([-9.0, -9.0, 9.0, 9.0]), np.array([9e-7, 1.1e-6, 1 - 9e-7, 1 - 1.1e-6])
    must, never = fixed_by_bound(losses, value, bound=11.0, incumbent=10.0)
    assert must.tolist() == [False, False, True, False]
    assert never.tolist() == [True, False, False, False]


def test_a_fractional_variable_is_never_fixed():
    must, never = fixed_by_bound(np.array([-9.0]), np.array([0.5]), bound=11.0, incumbent=10.0)
    assert not must.any()
    assert not never.any()


def test_arrays_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="2 reduced costs for 1 variables"):
        fixed_by_bound(np.zeros(2), np.zeros(1), bound=1.0, incumbent=0.0)
