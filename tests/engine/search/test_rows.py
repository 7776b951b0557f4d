from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tiers import examples

from optimiser.engine.search.rows import (
    NO_ROWS,
    NO_SPLITS,
    ROUNDING,
    TINY,
    Rows,
    SplitRows,
    gathered,
    joined,
    packed,
    split_row,
    stacked,
    starts,
)

X = np.array([1.0, 2.0, 4.0])
Y = np.array([0.5, 0.25, 0.125])

MANY = (
    ((0, 2), {0: 1.0, 1: 2.0}),
    ((1,), {2: 0.5}),
    ((0, 1, 2), {}),
    ((2, 0), {0: 1.0, 1: 2.0}),
)
ALONE = (((1,), {0: 1.0, 2: 0.25}), ((0,), {}), ((1,), {1: 1.0}))


def rows(*lines, alone=False):
    """Return rows from (pairs, {candidate: value}); alone: each row has one pair."""
    return Rows(
        np.array([k for pairs, _ in lines for k in pairs], np.int64),
        starts(np.array([len(terms) for _, terms in lines], np.int64)),
        np.array([j for _, terms in lines for j in terms], np.int64),
        np.array([value for _, terms in lines for value in terms.values()], np.float64),
        None if alone else starts(np.array([len(pairs) for pairs, _ in lines], np.int64)),
    )


def lines(found):
    return [
        (
            tuple(found.pairs_of(i).tolist()),
            dict(zip(found.candidate[low:high].tolist(), found.value[low:high].tolist(), strict=True)),
        )
        for i, (low, high) in enumerate(zip(found.start[:-1], found.start[1:], strict=True))
    ]


def test_the_length_is_the_number_of_rows_however_many_pairs_they_name():
    assert len(rows(*MANY)) == 4
    assert len(rows(*ALONE, alone=True)) == 3
    assert len(NO_ROWS) == 0


def test_claims_count_the_pairs_of_each_row():
    assert rows(*MANY).pair_counts.tolist() == [2, 1, 3, 2]
    assert rows(*ALONE, alone=True).pair_counts.tolist() == [1, 1, 1]
    assert NO_ROWS.pair_counts.tolist() == []


def test_the_pairs_of_a_row_are_those_that_it_names():
    assert [rows(*MANY).pairs_of(i).tolist() for i in range(4)] == [[0, 2], [1], [0, 1, 2], [2, 0]]
    assert [rows(*ALONE, alone=True).pairs_of(i).tolist() for i in range(3)] == [[1], [0], [1]]


def test_the_right_side_of_a_row_does_not_depend_on_its_pairs():
    assert rows(*MANY).right_side(X).tolist() == [5.0, 2.0, 0.0, 5.0]
    assert rows(*ALONE, alone=True).right_side(X).tolist() == [2.0, 0.0, 2.0]


def test_the_left_side_is_the_sum_of_y_over_the_pairs():
    assert rows(*MANY).left_side(Y).tolist() == [0.625, 0.25, 0.875, 0.625]
    assert rows(*ALONE, alone=True).left_side(Y).tolist() == [0.25, 0.5, 0.25]
    assert NO_ROWS.left_side(Y).tolist() == []


@pytest.mark.parametrize("last", [(), (1,)])
def test_a_row_without_pairs_claims_nothing(last):
    assert rows(((0,), {0: 1.0}), (last, {1: 1.0})).left_side(Y).tolist() == [0.5, 0.25 * len(last)]


def test_some_rows_keep_their_pairs_and_terms():
    assert lines(rows(*MANY).only(np.array([False, True, True, False]))) == [MANY[1], MANY[2]]
    assert lines(rows(*ALONE, alone=True).only(np.array([True, False, True]))) == [ALONE[0], ALONE[2]]


def test_choosing_none_of_the_rows_gives_no_rows():
    assert lines(rows(*MANY).only(np.zeros(4, np.bool_))) == []


def test_rows_of_one_pair_each_stay_so_when_stacked():
    whole = stacked(rows(*ALONE, alone=True), NO_ROWS, rows(*ALONE[:1], alone=True))
    assert whole.pair_start is None
    assert lines(whole) == [*ALONE, ALONE[0]]


@pytest.mark.parametrize("first", [True, False])
def test_rows_of_one_pair_and_of_several_can_be_stacked(first):
    parts = [rows(*ALONE, alone=True), rows(*MANY)]
    expected = [*ALONE, *MANY] if first else [*MANY, *ALONE]
    whole = stacked(*(parts if first else parts[::-1]))
    assert lines(whole) == expected
    assert whole.left_side(Y).tolist() == [sum(Y[list(pairs)]) for pairs, _ in expected]


def test_a_row_of_one_pair_is_the_same_row_whether_or_not_others_name_several():
    assert lines(joined([rows(*ALONE, alone=True), rows(*MANY, *ALONE)])) == [*ALONE, *MANY]


def test_rows_with_the_same_terms_and_other_pairs_are_both_kept():
    some = [((0, 1), {0: 1.0}), ((0,), {0: 1.0}), ((0, 2), {0: 1.0}), ((0, 1), {0: 1.0})]
    assert lines(joined([rows(*some)])) == some[:3]


def test_joining_no_rows_gives_no_rows():
    assert len(joined([])) == len(joined([NO_ROWS, rows()])) == 0


# ---- split rows

MOST = 6


def binary_points(size):
    return np.array(list(itertools.product((0.0, 1.0), repeat=size)))


@st.composite
def systems(draw):
    """Draw whole rows G v >= g over a few decisions, multipliers p and q, a candidate and a point."""
    size, count = draw(st.integers(2, MOST)), draw(st.integers(1, 5))

    def whole(least, most, length):
        return np.array(draw(st.lists(st.integers(least, most), min_size=length, max_size=length)), float)

    matrix = np.array([whole(-3, 3, size) for _ in range(count)])
    inside = whole(0, 1, size)  # one point at least satisfies the rows
    sides = matrix @ inside - whole(0, 3, count)
    point = draw(st.lists(st.floats(0, 1) | st.sampled_from([0.25, 0.5]), min_size=size, max_size=size))
    chosen = draw(st.integers(0, size - 1))
    return matrix, sides, whole(0, 4, count), whole(0, 4, count), chosen, np.array(point)


def row_of(system):
    matrix, sides, p, q, j, point = system
    return split_row((p @ matrix, p @ sides), (q @ matrix, q @ sides), j, point)[:2]


def pack(row):
    alpha, least = row
    return packed(alpha, least, terms=np.abs(alpha).sum() + abs(least))


@given(systems())
@examples(300)
def test_every_integer_point_of_the_rows_satisfies_the_row_of_any_multipliers(system):
    matrix, sides, *_ = system
    alpha, least = row_of(system)
    points = binary_points(matrix.shape[1])
    points = points[(points @ matrix.T >= sides).all(axis=1)]
    assert len(points)
    assert (points @ alpha >= least - 1e-12).all()


@given(systems())
@examples(200)
def test_an_integer_point_that_satisfies_the_rows_of_its_own_side_satisfies_the_split_row(system):
    """Rows that hold when j is built need not hold when it is not: that is what makes a row deep."""
    matrix, sides, p, q, j, _ = system
    alpha, least = row_of(system)
    points = binary_points(matrix.shape[1])
    built = points[:, j] == 1.0
    keeps = np.where(built, points @ (p @ matrix) >= p @ sides, points @ (q @ matrix) >= q @ sides)
    assert (points[keeps] @ alpha >= least - 1e-12).all()


@given(systems())
@examples(200)
def test_a_split_row_has_norm_1_unless_it_is_empty(system):
    alpha, _ = row_of(system)
    assert not alpha.any() or np.linalg.norm(alpha) == pytest.approx(1.0)


@given(systems())
@examples(50)
def test_making_a_split_row_leaves_its_parts_unchanged(system):
    matrix, sides, p, q, j, point = system
    one, zero, seen = p @ matrix, q @ matrix, point.copy()
    split_row((one, p @ sides), (zero, q @ sides), j, point)
    assert (one == p @ matrix).all()
    assert (zero == q @ matrix).all()
    assert (point == seen).all()


def depth_with(system, turned):
    """Return by how much a point falls short of the row, before it is scaled, with some decisions turned."""
    matrix, sides, p, q, j, point = system
    sign = np.where(turned, -1.0, 1.0)
    shift = turned.astype(float)
    one, zero = (p @ matrix) * sign, (q @ matrix) * sign
    one_least, zero_least = p @ sides - p @ matrix @ shift, q @ sides - q @ matrix @ shift
    alpha = np.maximum(one, zero)
    alpha[j] = zero_least - one_least + one[j]
    return zero_least - alpha @ (shift + sign * point)


@given(systems())
@examples(150)
def test_a_point_that_violates_the_row_of_any_complemented_decisions_violates_the_one_returned(system):
    matrix, _, _, _, j, point = system
    alpha, least = row_of(system)
    ways = [way.astype(bool) for way in binary_points(matrix.shape[1]) if not way[j]]
    deepest = max(depth_with(system, way) for way in ways)
    assume(abs(deepest) > 1e-9)
    depth = least - alpha @ point
    assert (depth > 0.0) == (deepest > 0.0)


def test_money_for_one_of_two_links_covers_no_pair_that_needs_both():
    """x1 + x2 <= 1, y <= x1, y <= x2.

    With x1 built: x2 <= 0, so y <= 0. Without: y <= x1 = 0. Hence y <= 0, although half of each link is
    half of the pair in all three rows.
    """
    matrix = np.array([[-1.0, -1.0, 0.0], [1.0, 0.0, -1.0], [0.0, 1.0, -1.0]])
    sides = np.array([-1.0, 0.0, 0.0])
    p, q = np.array([1.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])
    alpha, least = row_of((matrix, sides, p, q, 0, np.array([0.5, 0.5, 0.5])))
    assert alpha.tolist() == [0.0, 0.0, -1.0]
    assert least == 0.0


def test_what_is_needed_with_a_candidate_is_needed_as_far_as_it_is_built():
    """With x1 built x2 >= 1, without it nothing: x2 >= x1."""
    alpha, least, _ = split_row((np.array([0.0, 1.0]), 1.0), (np.zeros(2), 0.0), 0, np.array([0.5, 0.25]))
    assert alpha == pytest.approx([-math.sqrt(0.5), math.sqrt(0.5)])
    assert least == 0.0


def test_the_split_row_is_empty_at_a_point_that_satisfies_what_is_needed():
    alpha, least, _ = split_row((np.array([0.0, 1.0]), 1.0), (np.zeros(2), 0.0), 0, np.array([0.25, 0.75]))
    assert alpha.tolist() == [0.0, 0.0]
    assert least <= 0.0


def test_what_a_candidate_excludes_is_possible_as_far_as_it_is_not_built():
    """With x1 built x2 <= 0, without it nothing; 1 - x2 stands for x2: x1 + x2 <= 1."""
    alpha, least, _ = split_row((np.array([0.0, -1.0]), 0.0), (np.zeros(2), 0.0), 0, np.array([0.5, 0.75]))
    assert alpha == pytest.approx([-math.sqrt(0.5), -math.sqrt(0.5)])
    assert least == pytest.approx(-math.sqrt(0.5))


def test_what_is_needed_without_a_candidate_and_with_it_is_needed():
    """With x1 built 2 x2 >= 1, without it x2 + x3 >= 1: both give 2 x2 + x3 >= 1."""
    alpha, least, _ = split_row(
        (np.array([0.0, 2.0, 0.0]), 1.0), (np.array([0.0, 1.0, 1.0]), 1.0), 0, np.array([0.5, 0.25, 0.25])
    )
    assert alpha == pytest.approx(np.array([0.0, 2.0, 1.0]) / math.sqrt(5.0))
    assert least == pytest.approx(1.0 / math.sqrt(5.0))


@st.composite
def full_rows(draw, *, size=MOST):
    """Draw all coefficients of a row with a norm of 1, many of them near the least that is kept; or zeros."""
    small = st.floats(-3e-4, 3e-4, allow_subnormal=False)
    large = st.floats(-1, 1, allow_subnormal=False)
    edge = st.sampled_from([0.0, TINY, -TINY, np.nextafter(TINY, 0.0)])
    alpha = np.array(draw(st.lists(small | large | edge, min_size=size, max_size=size)))
    norm = float(np.linalg.norm(alpha))
    return (alpha / norm if norm > 1e-2 else np.zeros(size)), draw(st.floats(-2, 2))


@given(full_rows())
@examples(300)
def test_an_integer_point_that_satisfies_a_row_satisfies_it_packed(row):
    alpha, least = row
    kept = pack(row)
    for point in binary_points(MOST):
        if alpha @ point >= least:
            assert kept.left_side(point)[0] >= kept.least[0]


@given(full_rows(), st.lists(st.floats(0, 1), min_size=MOST, max_size=MOST))
@examples(200)
def test_a_packed_row_is_hardly_weaker_anywhere(row, point):
    alpha, least = row
    kept, there = pack(row), np.array(point)
    lost = (kept.left_side(there) - kept.least)[0] - (alpha @ there - least)
    assert -1e-15 <= lost <= MOST * (TINY + 2 * ROUNDING) + 1e-15


@given(full_rows())
@examples(100)
def test_only_small_coefficients_leave_a_row(row):
    alpha, _ = row
    kept = pack(row)
    assert kept.column.tolist() == [i for i in range(MOST) if abs(alpha[i]) >= TINY]
    assert kept.value.tolist() == alpha[kept.column].tolist()


def test_a_dropped_coefficient_lowers_the_right_side_by_what_it_could_add():
    half = math.sqrt(0.5)
    rows = gathered([pack((np.array([half, small, half]), 0.5)) for small in (5e-5, -5e-5)])
    assert rows.column.tolist() == [0, 2, 0, 2]
    assert rows.least == pytest.approx([0.5 - 5e-5, 0.5], abs=1e-8)
    assert (rows.least < [0.5 - 5e-5, 0.5]).all()


def split_rows(*lines):
    """Return rows from ({column: value}, least)."""
    return SplitRows(
        np.cumsum([0, *(len(terms) for terms, _ in lines)]).astype(np.int64),
        np.array([column for terms, _ in lines for column in terms], np.int64),
        np.array([value for terms, _ in lines for value in terms.values()], np.float64),
        np.array([least for _, least in lines], np.float64),
    )


def lines_of_splits(rows):
    """Return ({column: value}, least) of each row."""
    stretches = itertools.pairwise(rows.start.tolist())
    return [
        (dict(zip(rows.column[low:high].tolist(), rows.value[low:high].tolist(), strict=True)), least)
        for (low, high), least in zip(stretches, rows.least.tolist(), strict=True)
    ]


numbers = st.sampled_from([-2.0, -1.0, -0.5, 0.5, 1.0, 3.0])
entries = st.dictionaries(st.integers(0, MOST - 1), numbers).map(lambda terms: dict(sorted(terms.items())))
split_lines = st.lists(st.tuples(entries, numbers), max_size=5)


@given(split_lines, st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=MOST, max_size=MOST))
@examples(150)
def test_the_left_side_of_a_split_row_is_the_sum_over_its_columns(drawn, point):
    rows = split_rows(*drawn)
    assert len(rows) == len(drawn)
    assert rows.left_side(np.array(point)).tolist() == [
        sum(value * point[column] for column, value in terms.items()) for terms, _ in drawn
    ]


@given(st.lists(split_lines, max_size=4))
@examples(100)
def test_lists_of_split_rows_are_gathered_in_their_order(parts):
    rows = gathered([split_rows(*part) for part in parts])
    assert lines_of_splits(rows) == [line for part in parts for line in part]
    assert (rows.start.dtype, rows.column.dtype) == (np.int64, np.int64)


@given(split_lines, st.lists(st.booleans(), min_size=5, max_size=5))
@examples(100)
def test_some_split_rows_keep_their_terms(drawn, flags):
    kept = np.array(flags[: len(drawn)], np.bool_)
    rows = split_rows(*drawn).only(kept)
    assert lines_of_splits(rows) == [line for line, yes in zip(drawn, flags, strict=False) if yes]


@pytest.mark.parametrize("rows", [NO_SPLITS, gathered([]), gathered([NO_SPLITS, NO_SPLITS])])
def test_no_split_rows_have_no_left_sides(rows):
    assert len(rows) == 0
    assert rows.left_side(np.ones(3)).tolist() == []
    assert len(rows.only(np.zeros(0, np.bool_))) == 0
