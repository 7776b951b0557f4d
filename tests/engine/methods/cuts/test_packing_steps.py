"""The steps of the packing, each against its definition: prices, ratio test, pivots, pool and endings."""

from __future__ import annotations

import numpy as np
import pytest
from cut_drawing import mesh, two_of_three

from optimiser.engine.methods.cuts import packing
from optimiser.engine.methods.cuts.packing import (
    CUT,
    PACKED,
    PathPool,
    _add_path,
    _cheapest_path,
    _entering_column,
    _fits_greedily,
    _free_position,
    _gain,
    _is_cut,
    _leaving_row,
    _pivot,
    new_pool,
    new_workspace,
    pack,
)
from optimiser.engine.search.rows import PRICE_UNIT
from optimiser.engine.search.tables import tables
from optimiser.problem import Pair


def pool_of(*paths, places=None):
    """Return a pool of one pair with paths given as positions of candidates."""
    places = places or len(paths)
    pool = PathPool(
        np.array([len(paths)]), np.zeros((1, places), np.int16), np.zeros((1, places, 8), np.int16)
    )
    for p, path in enumerate(paths):
        pool.size[0, p] = len(path)
        pool.member[0, p, : len(path)] = path
    return pool


def workspace(rows=3):
    """Return working arrays of as many rows as parallel candidates of one pair."""
    problem = mesh(2, [], [[(0, 1, 5)]] * rows, [Pair(0, 1, 6, 1)])
    t = tables(problem)
    return t, new_workspace(t)


def test_arrays_have_room_for_the_pair_that_can_use_most_candidates():
    links = [[(0, 1, 5)], [(0, 1, 5)], [(1, 2, 5)], [(3, 4, 5)]]
    t = tables(mesh(5, [], links, [Pair(0, 2, 10, 1), Pair(3, 4, 5, 1)]))
    w, pool = new_workspace(t), new_pool(t)
    assert w.inverse.shape == (3, 3)
    assert len(w.basis) == len(w.filled) == len(w.dual) == len(w.step) == 3
    assert (len(w.price), len(w.place)) == (5, 4)
    assert pool.known.tolist() == [0, 0]
    assert pool.member.shape[:2] == pool.size.shape
    assert pool.size.shape[1] > 3


def test_the_gain_of_a_path_is_one_less_its_prices():
    dual = np.array([0.5, 0.25, 2.0])
    pool = pool_of([0, 1], [2], [])
    assert [_gain(0, p, pool, dual) for p in range(3)] == [0.25, -1.0, 1.0]


@pytest.mark.parametrize(
    ("dual", "entering", "gain"),
    [
        ([0.0, 0.0, 0.0], 0, 1.0),  # of equal paths the first
        ([0.5, 0.25, 0.5], 1, 0.75),
        ([1.0, 1.0, 0.25], 2, 0.75),
        ([1.0, 1.0, 1.0], 0, 0.0),
        ([1.0, -0.5, 1.0], 1, 1.5),  # the path gains more than the slack
        ([3.0, 1.0, -2.5], 2, 3.5),
    ],
)
def test_the_path_or_slack_of_largest_gain_enters(dual, entering, gain):
    assert _entering_column(0, 3, pool_of([0], [1], [2]), np.array(dual)) == (entering, gain)


@pytest.mark.parametrize(
    ("dual", "entering", "gain"),
    [([-0.25, 9.0, 9.0], -1, 0.25), ([9.0, -0.5, -0.25], -2, 0.5), ([9.0, 9.0, -0.25], -3, 0.25)],
)
def test_a_slack_enters_at_a_negative_price(dual, entering, gain):
    assert _entering_column(0, 3, pool_of([0, 1, 2]), np.array(dual)) == (entering, gain)


def test_pivots_keep_the_inverse_the_values_and_the_prices_of_the_basis():
    """After each pivot: inverse of the basis, values B^-1 capacity, prices c_B B^-1, and the step length."""
    paths = [[0, 1], [1, 2], [0, 2], [0, 1, 2], [2]]
    pool, (_, w) = pool_of(*paths), workspace()
    capacity, chance = np.array([0.5, 0.75, 1.0]), np.random.default_rng(1)
    pivots = 0
    for _ in range(40):
        w.inverse[:] = np.eye(3)
        w.basis[:], w.filled[:], w.dual[:] = [-1, -2, -3], capacity, 0.0
        value = 0.0
        for entering in [*chance.permutation(5)[:4].tolist(), -1 - int(chance.integers(3))]:
            if entering in w.basis.tolist():
                continue
            column = np.zeros(3)
            column[paths[entering] if entering >= 0 else [-1 - entering]] = 1.0
            gain = float(entering >= 0) - column @ w.dual
            row = _leaving_row(0, 3, entering, pool, w)
            step = w.inverse @ column
            assert w.step == pytest.approx(step, abs=1e-12)
            ratios = {r: max(w.filled[r], 0.0) / step[r] for r in range(3) if step[r] > 1e-9}
            if not ratios:
                assert row == -1
                continue
            least = min(ratios.values())
            ties = [r for r, ratio in ratios.items() if ratio <= least + 1e-12]
            assert row in ties
            assert step[row] == max(step[r] for r in ties)
            length = _pivot(3, row, entering, gain, w)
            assert length == pytest.approx(least, abs=1e-12)
            basis = np.zeros((3, 3))
            for i, one in enumerate(w.basis.tolist()):
                basis[paths[one] if one >= 0 else [-1 - one], i] = 1.0
            assert w.basis[row] == entering
            assert w.inverse == pytest.approx(np.linalg.inv(basis), abs=1e-9)
            assert w.filled == pytest.approx(np.linalg.solve(basis, capacity), abs=1e-9)
            assert w.dual == pytest.approx((w.basis >= 0).astype(float) @ np.linalg.inv(basis), abs=1e-9)
            value += gain * length
            assert value == pytest.approx(w.filled[w.basis >= 0].sum(), abs=1e-9)
            pivots += 1
    assert pivots >= 80


def test_of_rows_of_equal_ratio_the_largest_pivot_leaves():
    _, w = workspace()
    w.inverse[:] = np.diag([1.0, 4.0, 2.0])
    w.filled[:] = [1.0, 4.0, 2.0]
    assert _leaving_row(0, 3, 0, pool_of([0, 1, 2]), w) == 1
    w.filled[:] = [1.0, 4.0, 1.9]
    assert _leaving_row(0, 3, 0, pool_of([0, 1, 2]), w) == 2


def test_a_value_below_zero_counts_as_zero_and_small_or_negative_pivots_are_none():
    _, w = workspace()
    w.inverse[:] = np.diag([1.0, 1e-10, -1.0])
    w.filled[:] = [-0.5, 0.0, 0.0]
    assert _leaving_row(0, 3, 0, pool_of([0, 1, 2]), w) == 0
    assert _pivot(3, 0, 0, 1.0, w) == 0.0
    assert _leaving_row(0, 3, 0, pool_of([1, 2]), w) == -1


def test_a_path_takes_a_free_place_and_in_a_full_pool_that_of_the_worst_path_outside_the_basis():
    _, w = workspace()
    w.basis[:], w.dual[:] = [-1, 1, -3], [0.5, 0.9, 0.2]
    pool = pool_of([0], [0, 1], [1], [2], places=5)
    assert _free_position(0, 3, pool, w) == 4
    assert pool.known.tolist() == [5]
    full = pool_of([0], [0, 1], [1], [2])  # gains 0.5, -0.4, 0.1, 0.8; the second is in the basis
    assert _free_position(0, 3, full, w) == 2
    assert full.known.tolist() == [4]
    w.basis[:] = [2, 1, -3]
    assert _free_position(0, 3, full, w) == 0
    w.basis[:] = [2, 1, 0]
    assert _free_position(0, 3, full, w) == 3
    w.basis[:2] = [3, 0]
    assert _free_position(0, 2, pool_of([0], [0, 1]), w) == 1
    w.basis[:2] = [1, 0]
    assert _free_position(0, 2, pool_of([0], [0, 1]), w) == -1


@pytest.mark.parametrize("places", [8, 9, 10])
def test_a_pool_that_is_full_makes_room_for_the_paths_of_each_basis(places):
    """Nine candidates, three in each of three places in a row: 27 paths, of which nine make a basis."""
    links = [[(i, i + 1, 1)] for i in range(3) for _ in range(3)]
    t = tables(mesh(4, [], links, [Pair(0, 3, 3, 1)]))
    pool = PathPool(
        np.zeros(1, np.int64), np.zeros((1, places), np.int16), np.zeros((1, places, 48), np.int16)
    )
    w, chance = new_workspace(t), np.random.default_rng(1)
    for _ in range(40):
        capacity = chance.integers(0, 9, 9) / 8
        assert pack(t, 0, capacity, np.inf, 0.0, pool, w) == CUT
        least = capacity.reshape(3, 3).sum(axis=1).min()  # what the narrowest place lets pass
        assert w.price[:9] @ capacity / PRICE_UNIT == pytest.approx(least, abs=2e-5)
    assert pool.known.tolist() == [places]


def test_a_basis_holds_the_slacks_of_the_rows_that_no_path_fills():
    """Two links in a row of capacities 1 and a half: the path takes the place of the second slack."""
    t = tables(mesh(3, [], [[(0, 1, 1)], [(1, 2, 1)]], [Pair(0, 2, 2, 1)]))
    w, pool = new_workspace(t), new_pool(t)
    assert pack(t, 0, np.array([1.0, 0.5]), np.inf, 0.0, pool, w) == CUT
    assert w.basis.tolist() == [-1, 0]
    assert w.filled.tolist() == [0.5, 0.5]
    assert w.dual.tolist() == [0.0, 1.0]
    assert pack(t, 0, np.array([0.5, 1.0]), np.inf, 0.0, pool, w) == CUT
    assert w.basis.tolist() == [0, -2]


UNIT = int(PRICE_UNIT)


@pytest.mark.parametrize(
    ("least", "total", "target", "tolerance", "is_cut"),
    [
        (UNIT, 0.5, np.inf, 0.0, True),
        (UNIT - 1, 0.5, np.inf, 0.0, False),
        (UNIT // 2, 0.5, np.inf, 0.5, True),
        (UNIT // 2 - 1, 0.5, np.inf, 0.5, False),
        (UNIT, 9.0, 0.5, 0.0, True),  # no path costs less: the packing is the largest one
        (UNIT // 2, 0.25, 0.51, 0.0, True),  # 0.25 over a half is below the target
        (UNIT // 2, 0.25, 0.5, 0.0, False),
        (UNIT // 2, 0.25, 0.49, 0.9, False),
    ],
)
def test_prices_over_that_of_the_cheapest_path_are_a_cut_where_that_is_enough(
    least, total, target, tolerance, is_cut
):
    _, w = workspace()
    w.price[:] = [3, UNIT // 4, UNIT, 7]
    usable = np.array([0, 1, 2])
    assert _is_cut(usable, float(least), total, target, tolerance, w) == is_cut
    share = PRICE_UNIT / least if is_cut and least < UNIT else 1.0
    expected = [min(UNIT, int(np.ceil(price * share))) for price in (3, UNIT // 4, UNIT)]
    assert w.price.tolist() == [*expected, 7]


@pytest.mark.parametrize(
    ("capacity", "target", "fits"),
    [
        ([0.5, 0.5, 0.5], 0.5, True),
        ([0.5, 0.5, 0.5], 0.51, False),  # the first path takes all that the others need
        ([0.5, 0.75, 0.5], 0.75, True),
        ([0.5, 0.75, 0.5], 0.76, False),
        ([0.5, 0.75, 0.0], 0.5, True),
        ([5.0, 7.0, 9.0], 2.0, True),  # no path carries more than one
        ([5.0, 7.0, 9.0], 2.1, True),
        ([5.0, 7.0, 9.0], 3.1, False),
        ([1e-10, 0.5, 0.5], 0.5, True),
        ([0.5, 0.5, 0.5], np.inf, False),
    ],
)
def test_known_paths_filled_one_after_the_other_fit_the_target_or_not(capacity, target, fits):
    t, w = workspace()
    pool = pool_of([0, 1], [1, 2], [0, 2])
    assert _fits_greedily(t, 0, np.array(capacity), target, pool, w) == fits


@pytest.mark.parametrize(
    ("dual", "least"),
    [
        ([0.5, 0.5, 0.5], UNIT),
        ([0.25, 0.5, 0.5], UNIT * 3 // 4),
        ([0.0, 0.0, 0.5], 0),
        ([-1.0, 0.25, 9.0], UNIT // 4),
        ([1 / 3, 1 / 3, 1.0], 2 * (UNIT // 3 + 1)),  # rounded up
        ([0.25 + 1e-13, 0.25, 1.0], UNIT // 2),  # a rounding error is none
    ],
)
def test_the_cheapest_path_is_priced_in_whole_units(dual, least):
    """Two of three shortcuts make a path; prices above 1 count as 1."""
    t = tables(two_of_three())
    w = new_workspace(t)
    w.dual[:] = dual
    assert _cheapest_path(t, 0, np.arange(3), w) == least
    expected = [min(UNIT, int(np.ceil(max(price, 0.0) * UNIT - 1e-6))) for price in dual]
    assert w.price[:3].tolist() == expected


def test_a_path_that_was_found_is_added_as_positions_among_the_candidates_of_its_pair():
    """The pair can use the last two candidates only, which are its first two."""
    links = [[(2, 3, 1)], [(0, 1, 1)], [(1, 2, 1)]]
    t = tables(mesh(4, [], links, [Pair(0, 2, 2, 1)]))
    w, pool = new_workspace(t), new_pool(t)
    w.place[t.use] = np.arange(2)
    w.dual[:] = 0.0
    assert _cheapest_path(t, 0, t.use, w) == 0.0
    assert _add_path(0, 2, pool, w) == 0
    assert sorted(pool.member[0, 0, : pool.size[0, 0]].tolist()) == [0, 1]


def test_a_packing_tells_targets_apart_that_it_reaches_just_or_not_quite():
    t = tables(two_of_three())
    w = new_workspace(t)
    pool = new_pool(t)
    assert pack(t, 0, np.full(3, 0.5), np.inf, 0.0, pool, w) == CUT
    assert pack(t, 0, np.full(3, 0.5), 0.75, 0.0, pool, w) == PACKED
    assert pack(t, 0, np.full(3, 0.5), 0.75 + 1e-4, 0.0, pool, w) == CUT
    assert len({packing.PACKED, packing.CUT, packing.LOST}) == 3
