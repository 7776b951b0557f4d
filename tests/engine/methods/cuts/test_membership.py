"""The membership programs against one over all rows, and the rows that their multipliers define."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import csr_array
from tiers import thinned

from optimiser.engine.backends.highs import SmallLps
from optimiser.engine.methods.cuts import root as lift_project
from optimiser.engine.methods.cuts.root import MOST_NEW_ROWS, MOST_SOLVES, Splitter
from optimiser.engine.search.rows import NO_SPLITS, packed

SIZE = 7


def drawing(seed):
    """Draw rows that a point keeps, some of them just, and the point, which has entries at 0 and at 1."""
    chance = np.random.default_rng(seed)
    matrix = chance.integers(-4, 5, (14, SIZE)) * (chance.random((14, SIZE)) < 0.6)
    matrix[:, 0] = np.where(np.abs(matrix).sum(axis=1) == 0, 1, matrix[:, 0])
    point = chance.choice([0.0, 1.0, 0.25, 0.5, 0.6, 0.75], SIZE)
    point[0] = chance.choice([0.3, 0.5, 0.8])
    least = matrix @ point - chance.choice([0.0, 0.0, 0.03], 14)
    return matrix.astype(np.float64), least, point


def shortfall(matrix, least, point, j):
    """Return the least shortfall of the membership program over all rows, each scaled to norm 1."""
    norm = np.linalg.norm(matrix, axis=1)
    g, right, share = matrix / norm[:, None], least / norm, point[j]
    rows = np.vstack((-g, g))
    sides = np.concatenate((-right * share, g @ point - right * (1.0 - share)))
    low, high = np.maximum(0.0, point + share - 1.0), np.minimum(point, share)
    low[j] = high[j] = share
    bounds = [*zip(low, np.maximum(low, high), strict=True), (0.0, None)]
    answer = linprog(
        np.append(np.zeros(SIZE), 1.0), A_ub=np.hstack((rows, -np.ones((28, 1)))), b_ub=sides, bounds=bounds
    )
    return answer.fun


class Keeping:
    """Solves membership programs, and keeps the least shortfall and the number of rows of each."""

    def __init__(self):
        self._solve, self.short, self.rows = SmallLps(), [], []

    def __call__(self, matrix, least, lower, upper):
        found = self._solve(matrix, least, lower, upper)
        self.short.append(found[0][-1])
        self.rows.append(matrix.shape[0])
        return found


def test_taking_in_violated_rows_ends_at_the_shortfall_of_all_rows(monkeypatch):
    monkeypatch.setattr(lift_project, "MOST_SOLVES", 99)
    later = violated = 0
    for seed in range(40):
        matrix, least, point = drawing(seed)
        own, keeping = np.zeros(14, np.bool_), Keeping()
        own[:1] = True
        row = Splitter(csr_array(matrix), least, own, point, keeping).cut(0)
        expected = shortfall(matrix, least, point, 0)
        assert keeping.short[-1] == pytest.approx(expected, abs=2e-4)
        assert all(a <= b + 1e-9 for a, b in zip(keeping.short, keeping.short[1:], strict=False))
        assert len(row) <= int(expected > 0)
        later += len(keeping.short) > 1
        violated += len(row)
    assert later >= 12
    assert violated >= 5


def test_a_membership_program_is_solved_a_few_times_at_most():
    counts = []
    for seed in range(40):
        matrix, least, point = drawing(seed)
        keeping = Keeping()
        Splitter(csr_array(matrix), least, np.zeros(14, np.bool_), point, keeping).cut(0)
        counts.append(len(keeping.short))
    assert max(counts) == MOST_SOLVES
    assert min(counts) == 1


def splitter(matrix, least, point, own=None, solve=None):
    own = np.ones(len(least), np.bool_) if own is None else np.array(own)
    return Splitter(csr_array(np.array(matrix, np.float64)), np.array(least), own, np.array(point), solve)


def test_rows_of_the_model_and_rows_that_nearly_bind_take_part_if_they_have_a_fractional_variable():
    """Slack relative to the right side where that is above 1: 0.05 at most."""
    point = [0.5, 1.0, 0.5, 0.0]
    matrix = [
        [1, 0, 0, 0],  # of the model, however slack
        [1, 0, 0, 0],
        [1, 0, 0, 0],
        [200, 0, 0, 0],
        [200, 0, 0, 0],
        [-200, 0, 0, 0],
        [0, 1, 0, 1],  # without a fractional variable
        [0, 1, 1, 0],
    ]
    least = [-9.0, 0.45, 0.44, 95.3, 95.2, -105.2, 1.0, 1.5]
    own = [True, False, False, False, False, False, True, False]
    found = splitter(matrix, least, point, own)
    norms = np.linalg.norm(matrix, axis=1)
    # the slacks of the rows of 200: 4.7 of 95.3, 4.8 of 95.2, and 5.2 of 105.2
    kept = [0, 1, 3, 5, 7]
    assert found.rows.toarray() == pytest.approx((np.array(matrix) / norms[:, None])[kept])
    assert found.least == pytest.approx((np.array(least) / norms)[kept])
    assert found.own.tolist() == [0]


def test_variables_at_1_are_constants_and_those_at_0_are_left_out():
    point = [0.5, 1.0, 0.25, 0.0, 1.0 - 5e-7, 5e-7, 1.0 + 1e-9, -1e-9]
    matrix = [[2, 2, 4, 9, 1, 0, 0, 0], [1, 0, 0, 0, 0, 2, 2, 4]]
    found = splitter(matrix, [1.0, 2.0], point)
    norms = np.linalg.norm(matrix, axis=1)
    assert found.right_side == pytest.approx(np.array([1.0 - 2 - 1, 2.0 - 2]) / norms)
    free = np.zeros((2, 8))
    free[0, [0, 2]], free[1, 0] = [2, 4], 1
    assert found.free.toarray() == pytest.approx(free / norms[:, None])
    assert found.free.nnz == 3
    assert found.activity == pytest.approx(np.array([2.0, 0.5]) / norms)


def test_of_the_rows_left_out_the_most_violated_join_first_and_thirty_at_most():
    found = splitter(np.eye(3), [0.0] * 3, [0.5] * 3)
    missing = np.array([0.5, 0.1, 0.9, 0.2, 0.30005, 0.30015])
    assert found.most_violated(missing, 0.3, np.array([0])).tolist() == [2, 5]
    assert found.most_violated(missing, 0.0, np.array([2, 3])).tolist() == [0, 5, 4, 1]
    assert found.most_violated(np.full(50, 0.5), 0.2, np.array([0, 1])).tolist() == [*range(2, 32)]
    assert MOST_NEW_ROWS == 30


def test_a_program_has_the_columns_of_its_rows_and_the_candidate_and_a_shortfall_in_each_row():
    matrix = [[1, 0, 2, 0, 0], [0, 0, 1, 0, 3], [0, 1, 0, 0, 0]]
    found = splitter(matrix, [0.0] * 3, [0.5] * 5)
    columns, program = found.program(np.array([0]), np.array([1, 0]), 3)
    assert columns.tolist() == [0, 2, 3, 4]
    one, two = np.array([1, 2, 0, 0]) / 5**0.5, np.array([0, 1, 0, 3]) / 10**0.5
    assert program.toarray() == pytest.approx(np.column_stack((np.vstack((one, -two, -one)), np.ones(3))))


@pytest.mark.parametrize("seed", thinned(range(12), 4))
def test_the_row_of_multipliers_is_that_of_its_definition(monkeypatch, seed):
    """`alpha_i = max(a_i, b_i)`, `alpha_j = q g - p g + a_j` and `beta = q g`, without complements."""
    chance = np.random.default_rng(seed)
    matrix, least = chance.integers(-3, 4, (4, 5)).astype(float), chance.integers(-3, 4, 4).astype(float)
    matrix[:, 0] += np.abs(matrix).sum(axis=1) == 0
    taken = []

    def keep(alpha, right, *, terms):
        taken.append((alpha, right, terms))
        return packed(alpha, right, terms=terms)

    def plain(one, zero, j, _point):
        a, b = one[0], zero[0]
        alpha = np.maximum(a, b)
        alpha[j] = zero[1] - one[1] + a[j]
        return alpha / 2.0, zero[1] / 2.0, 2.0

    monkeypatch.setattr(lift_project, "packed", keep)
    monkeypatch.setattr(lift_project, "split_row", plain)
    found = splitter(matrix, least, np.full(5, 0.5))
    duals = chance.integers(-1, 4, 5) / 2.0
    one, zero, j = np.array([0, 2]), np.array([1, 3, 0]), 2
    row = found.row(j, one, zero, duals)
    norms = np.linalg.norm(matrix, axis=1)
    g, right, weights = matrix / norms[:, None], least / norms, np.maximum(0.0, duals)
    p, q = weights[:2], weights[2:]
    a, b = p @ g[one], q @ g[zero]
    alpha = np.maximum(a, b)
    alpha[j] = q @ right[zero] - p @ right[one] + a[j]
    ((mine, beta, terms),) = taken
    assert mine == pytest.approx(alpha / 2.0)
    assert beta == pytest.approx(q @ right[zero] / 2.0)
    sizes = np.abs(g).sum(axis=1) + np.abs(right)
    assert terms == pytest.approx((p @ sizes[one] + q @ sizes[zero]) / 2.0)
    is_deep = beta - mine @ np.full(5, 0.5) > lift_project.LEAST_DEPTH + 1e-6
    assert len(row) == int(is_deep)


@pytest.mark.parametrize(("depth", "found"), [(2.1e-3, 1), (1.9e-3, 0)])
def test_a_row_that_cuts_off_less_than_the_least_depth_is_dropped(monkeypatch, depth, found):
    monkeypatch.setattr(lift_project, "LEAST_DEPTH", 2e-3)
    monkeypatch.setattr(lift_project, "split_row", lambda *_: (np.array([1.0, 0.0]), 0.5 + depth, 1.0))
    assert (
        len(splitter(np.eye(2), [0.0, 0.0], [0.5, 0.5]).row(0, np.array([0]), np.array([1]), np.ones(2)))
        == found
    )


def test_of_no_rows_none_is_kept():
    kept = splitter(np.eye(2), [0.0, 0.0], [0.5, 0.5]).kept([NO_SPLITS, NO_SPLITS])
    assert len(kept) == 0


def test_of_alike_rows_the_deepest_is_kept_and_the_order_is_by_depth():
    """The first two are alike; opposite rows are not, nor are those at a cosine below nine tenths."""
    rows = [([1.0, 0.0], 0.6), ([0.95, 0.3122], 0.9), ([-1.0, 0.0], -0.1), ([0.0, 1.0], 0.7)]
    given = [packed(np.array(alpha), least, terms=0.0) for alpha, least in rows]
    kept = splitter(np.eye(2), [0.0, 0.0], [0.5, 0.5]).kept(given)
    assert kept.least.tolist() == [-0.1, 0.9, 0.7]
