from __future__ import annotations

import numpy as np
import pytest
from cut_drawing import largest_packing, mesh, meshes, paths_of, two_of_three
from hypothesis import given
from hypothesis import strategies as st
from tiers import examples

from optimiser.engine.methods.cuts.packing import CUT, LOST, PACKED, new_pool, new_workspace, pack
from optimiser.engine.search.rows import PRICE_UNIT
from optimiser.engine.search.tables import tables
from optimiser.problem import Pair

capacities = st.lists(st.integers(0, 8).map(lambda eighths: eighths / 8), min_size=6, max_size=6)


class Packing:
    """Packings of one problem, one after the other with the same pool."""

    def __init__(self, problem):
        self.problem, self.t = problem, tables(problem)
        self.pool, self.workspace = new_pool(self.t), new_workspace(self.t)

    def at(self, capacity, *, k=0, target=np.inf, tolerance=0.0):
        """Return how it ended, and the price of each candidate in units of `PRICE_UNIT`."""
        capacity = np.array(capacity, np.float64)[: self.t.size]
        ending = pack(self.t, k, capacity, target, tolerance, self.pool, self.workspace)
        mine = self.t.use[self.t.use_start[k] : self.t.use_start[k + 1]]
        prices = np.zeros(self.t.size, np.int64)
        prices[mine] = self.workspace.price[mine]
        return ending, prices


def test_two_of_three_shortcuts_are_priced_at_one_half_each():
    ending, prices = Packing(two_of_three()).at([0.5, 0.5, 0.5])
    assert ending == CUT
    assert prices.tolist() == [PRICE_UNIT // 2] * 3


def test_a_shortcut_without_capacity_leaves_the_other_two_in_series():
    ending, prices = Packing(two_of_three()).at([0.5, 0.4, 0.0])
    assert ending == CUT
    assert prices @ [0.5, 0.4, 0.0] / PRICE_UNIT == pytest.approx(0.4, abs=1e-5)


def test_parallel_candidates_share_a_price_of_one_each():
    problem = mesh(2, [], [[(0, 1, 5)], [(0, 1, 6)], [(0, 1, 9)]], [Pair(0, 1, 6, 1)])
    ending, prices = Packing(problem).at([0.25, 0.5, 1.0])
    assert ending == CUT
    assert prices.tolist() == [PRICE_UNIT, PRICE_UNIT, 0]


def test_a_packing_that_reaches_what_is_wanted_ends_the_search():
    packing = Packing(two_of_three())
    assert packing.at([0.5, 0.5, 0.5], target=0.74)[0] == PACKED
    assert packing.at([0.5, 0.5, 0.5], target=0.76)[0] == CUT


def test_paths_found_before_answer_without_a_search():
    packing = Packing(two_of_three())
    packing.at([0.5, 0.5, 0.5])
    packing.workspace.labels.heap_key[:] = -1
    assert packing.at([1.0, 1.0, 0.0], target=0.9)[0] == PACKED
    assert (packing.workspace.labels.heap_key == -1).all()


@given(meshes(), capacities)
@examples(150)
def test_the_prices_are_the_dual_of_the_largest_packing(problem, capacity):
    packing = Packing(problem)
    capacity = capacity[: len(problem.candidates)]
    for k, pair in enumerate(problem.pairs):
        paths = paths_of(problem, pair)
        ending, prices = packing.at(capacity, k=k)
        assert ending == CUT
        assert prices @ capacity / PRICE_UNIT == pytest.approx(largest_packing(paths, capacity), abs=2e-5)
        assert min(sum(prices[j] for j in path) for path in paths) >= PRICE_UNIT


@given(meshes(), capacities, st.floats(0.0, 0.9))
@examples(150)
def test_within_a_tolerance_the_prices_are_a_cut_that_exceeds_the_packing_by_no_more(
    problem, capacity, tolerance
):
    packing = Packing(problem)
    capacity = capacity[: len(problem.candidates)]
    for k, pair in enumerate(problem.pairs):
        paths = paths_of(problem, pair)
        ending, prices = packing.at(capacity, k=k, tolerance=tolerance)
        assert ending == CUT
        assert min(sum(prices[j] for j in path) for path in paths) >= PRICE_UNIT
        most = largest_packing(paths, capacity) / (1.0 - tolerance)
        assert prices @ capacity / PRICE_UNIT <= most + 2e-5


@given(meshes(), capacities, st.floats(0.05, 1.5))
@examples(150)
def test_below_a_target_the_prices_are_a_cut_below_it(problem, capacity, target):
    packing = Packing(problem)
    capacity = capacity[: len(problem.candidates)]
    for k, pair in enumerate(problem.pairs):
        paths = paths_of(problem, pair)
        ending, prices = packing.at(capacity, k=k, target=target)
        largest = largest_packing(paths, capacity)
        if largest < target - 2e-5:
            assert ending == CUT
            assert prices @ capacity / PRICE_UNIT < target + 2e-5
        if ending == CUT:
            assert min(sum(prices[j] for j in path) for path in paths) >= PRICE_UNIT


@given(meshes(), capacities, capacities)
@examples(60)
def test_a_pool_filled_at_another_point_changes_no_value(problem, first, second):
    used, fresh = Packing(problem), Packing(problem)
    used.at(first)
    (_, prices), (_, expected) = used.at(second), fresh.at(second)
    capacity = np.array(second)[: len(problem.candidates)]
    assert prices @ capacity == pytest.approx(expected @ capacity, abs=20)


@given(meshes(), capacities, st.floats(0.05, 1.5))
@examples(100)
def test_the_outcome_tells_whether_the_packing_reaches_the_target(problem, capacity, target):
    most = largest_packing(paths_of(problem, problem.pairs[0]), capacity[: len(problem.candidates)])
    if abs(most - target) > 1e-4:
        assert Packing(problem).at(capacity, target=target)[0] == (PACKED if most > target else CUT)


def test_a_path_of_more_candidates_than_there_is_room_for_ends_the_search():
    packing = Packing(two_of_three())
    packing.workspace = packing.workspace._replace(found=np.zeros(1, np.int64))
    assert packing.at([0.5, 0.5, 0.5])[0] == LOST
    assert not packing.pool.size.any()
