from __future__ import annotations

import numpy as np
import pytest

from optimiser.engine.search.rows import NO_ROWS, Rows, joined, stacked, starts

BUILT = np.array([1.0, 2.0, 4.0])
LEVEL = np.array([0.5, 0.25, 0.125])

MANY = (
    ((0, 2), {0: 1.0, 1: 2.0}),
    ((1,), {2: 0.5}),
    ((0, 1, 2), {}),
    ((2, 0), {0: 1.0, 1: 2.0}),
)
ALONE = (((1,), {0: 1.0, 2: 0.25}), ((0,), {}), ((1,), {1: 1.0}))


def rows(*lines, alone=False):
    """Return rows from (pairs, {candidate: value}); alone: without saying where the pairs of a row start."""
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
    assert rows(*MANY).claims.tolist() == [2, 1, 3, 2]
    assert rows(*ALONE, alone=True).claims.tolist() == [1, 1, 1]
    assert NO_ROWS.claims.tolist() == []


def test_the_pairs_of_a_row_are_those_that_it_names():
    assert [rows(*MANY).pairs_of(i).tolist() for i in range(4)] == [[0, 2], [1], [0, 1, 2], [2, 0]]
    assert [rows(*ALONE, alone=True).pairs_of(i).tolist() for i in range(3)] == [[1], [0], [1]]


def test_the_right_side_of_a_row_does_not_depend_on_its_pairs():
    assert rows(*MANY).at(BUILT).tolist() == [5.0, 2.0, 0.0, 5.0]
    assert rows(*ALONE, alone=True).at(BUILT).tolist() == [2.0, 0.0, 2.0]


def test_the_left_side_is_the_sum_of_the_levels_of_the_pairs():
    assert rows(*MANY).claimed(LEVEL).tolist() == [0.625, 0.25, 0.875, 0.625]
    assert rows(*ALONE, alone=True).claimed(LEVEL).tolist() == [0.25, 0.5, 0.25]
    assert NO_ROWS.claimed(LEVEL).tolist() == []


@pytest.mark.parametrize("last", [(), (1,)])
def test_a_row_without_pairs_claims_nothing(last):
    assert rows(((0,), {0: 1.0}), (last, {1: 1.0})).claimed(LEVEL).tolist() == [0.5, 0.25 * len(last)]


def test_some_rows_keep_their_pairs_and_terms():
    assert lines(rows(*MANY).only(np.array([False, True, True, False]))) == [MANY[1], MANY[2]]
    assert lines(rows(*ALONE, alone=True).only(np.array([True, False, True]))) == [ALONE[0], ALONE[2]]


def test_none_of_the_rows_are_no_rows():
    assert lines(rows(*MANY).only(np.zeros(4, np.bool_))) == []


def test_rows_of_one_pair_each_stay_so_when_stacked():
    whole = stacked(rows(*ALONE, alone=True), NO_ROWS, rows(*ALONE[:1], alone=True))
    assert whole.claim_start is None
    assert lines(whole) == [*ALONE, ALONE[0]]


@pytest.mark.parametrize("first", [True, False])
def test_rows_of_one_pair_and_of_several_can_be_stacked(first):
    parts = [rows(*ALONE, alone=True), rows(*MANY)]
    expected = [*ALONE, *MANY] if first else [*MANY, *ALONE]
    whole = stacked(*(parts if first else parts[::-1]))
    assert lines(whole) == expected
    assert whole.claimed(LEVEL).tolist() == [sum(LEVEL[list(pairs)]) for pairs, _ in expected]


def test_a_row_of_one_pair_is_the_same_row_whether_or_not_others_name_several():
    assert lines(joined([rows(*ALONE, alone=True), rows(*MANY, *ALONE)])) == [*ALONE, *MANY]


def test_rows_with_the_same_terms_and_other_pairs_are_both_kept():
    some = [((0, 1), {0: 1.0}), ((0,), {0: 1.0}), ((0, 2), {0: 1.0}), ((0, 1), {0: 1.0})]
    assert lines(joined([rows(*some)])) == some[:3]


def test_rows_that_join_nothing_are_no_rows():
    assert len(joined([])) == len(joined([NO_ROWS, rows()])) == 0
