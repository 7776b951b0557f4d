from __future__ import annotations

import numpy as np
import pytest

from optimiser.engine.methods.cuts import time_cuts
from optimiser.engine.methods.cuts.time_cuts import CutStore
from optimiser.engine.search.rows import NO_ROWS, Rows, joined, stacked


def rows(*lines):
    """Return rows from (pair, {candidate: value})."""
    counts = [len(terms) for _, terms in lines]
    return Rows(
        np.array([pair for pair, _ in lines], np.int64),
        np.concatenate(([0], np.cumsum(np.array(counts, np.int64)))),
        np.array([j for _, terms in lines for j in terms], np.int64),
        np.array([value for _, terms in lines for value in terms.values()], np.float64),
    )


def lines(found):
    return [
        (int(k), dict(zip(found.candidate[a:b].tolist(), found.value[a:b].tolist(), strict=True)))
        for k, a, b in zip(found.pair, found.start[:-1], found.start[1:], strict=True)
    ]


MANY = (
    (0, {0: 1.0, 1: 1.0}),
    (0, {0: 0.5, 2: 0.5}),
    (1, {1: 1.0}),
    (1, {}),
    (0, {2: 1.0}),
    (1, {0: 0.25, 1: 0.25, 2: 0.25}),
)


def kept(*lines_kept, pairs=2):
    held = CutStore(pairs)
    held.keep(rows(*lines_kept))
    return held


def asked(held, point, *, wanted=(0, 1), level=(1.0, 1.0), margin=1e-6):
    return lines(held.violated(np.array(wanted), np.array(point), np.array(level), margin=margin))


def test_the_right_side_of_each_row_is_its_sum():
    assert rows(*MANY).at(np.array([1.0, 2.0, 4.0])).tolist() == [3.0, 2.5, 2.0, 0.0, 4.0, 1.75]


def test_no_rows_have_no_right_sides():
    assert NO_ROWS.at(np.ones(3)).tolist() == []
    assert len(NO_ROWS) == 0


def test_some_rows_keep_their_terms():
    chosen = np.array([True, False, False, True, False, True])
    assert lines(rows(*MANY).only(chosen)) == [MANY[0], MANY[3], MANY[5]]


def test_stacked_rows_stand_one_after_the_other():
    assert lines(stacked(rows(*MANY[:2]), NO_ROWS, rows(*MANY[1:]))) == [*MANY[:2], *MANY[1:]]


def test_joined_rows_are_each_there_once():
    other = (0, {0: 1.0, 1: 0.5})
    assert lines(joined([rows(*MANY[:3]), rows(other, *MANY[1:])])) == [*MANY[:3], other, *MANY[3:]]
    assert len(joined([])) == len(joined([NO_ROWS])) == 0


def test_the_most_violated_row_of_each_pair_is_returned():
    assert asked(kept(*MANY[:3], *MANY[4:]), [0.4, 0.9, 0.2]) == [MANY[4], MANY[5]]


def test_a_row_without_terms_is_violated_by_any_level():
    assert asked(kept(*MANY), [1.0, 1.0, 1.0], level=(0.0, 0.1)) == [MANY[3]]


def test_pairs_that_are_not_wanted_are_left_out():
    assert asked(kept(*MANY[:3]), [0.0, 0.0, 0.0], wanted=(1,)) == [MANY[2]]


def test_the_level_and_the_margin_decide_what_is_violated():
    held = kept(MANY[0])
    assert asked(held, [0.3, 0.3, 0.0], level=(0.6, 1.0)) == []
    assert asked(held, [0.3, 0.3, 0.0], level=(0.7, 1.0)) == [MANY[0]]
    assert asked(held, [0.3, 0.3, 0.0], level=(0.7, 1.0), margin=0.2) == []


def test_an_empty_store_returns_nothing():
    assert asked(CutStore(2), [0.0, 0.0, 0.0]) == []


def test_rows_kept_later_are_known_too():
    held = kept(MANY[0])
    held.keep(rows(MANY[2]))
    held.keep(NO_ROWS)
    assert asked(held, [0.0, 0.0, 0.0]) == [MANY[0], MANY[2]]


def test_of_equal_rows_the_first_is_returned():
    assert asked(kept((0, {0: 1.0}), (0, {1: 1.0})), [0.5, 0.5, 0.0]) == [(0, {0: 1.0})]


def test_the_older_half_is_forgotten_when_there_are_too_many_terms(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(store, "MOST_TERMS", 3)
    held = kept((0, {0: 1.0, 1: 1.0}), (1, {2: 1.0, 1: 1.0}))
    assert asked(held, [0.0, 0.0, 0.0]) == [(1, {2: 1.0, 1: 1.0})]
