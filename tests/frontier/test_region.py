from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from optimiser.frontier.region import Box, Region

sides = st.tuples(st.integers(0, 6), st.integers(0, 6)).map(sorted)
boxes = st.tuples(sides, sides).map(lambda both: Box(*zip(*both, strict=True)))


@given(box=boxes, cut=boxes, axes=st.permutations([0, 1]))
def test_a_box_without_a_cut_is_partitioned(box, cut, axes):
    parts = list(box.without(cut.low, cut.high, axes))
    for level in itertools.product(range(7), range(7)):
        there = box.holds(level) and not cut.holds(level)
        assert sum(part.holds(level) for part in parts) == there


@given(st.lists(boxes, max_size=6))
def test_a_level_is_open_until_it_is_settled(cuts):
    region = Region((0, 0), (6, 6))
    for cut in cuts:
        region.settle(cut.low, cut.high)
    for level in itertools.product(range(7), range(7)):
        assert region.is_open(level) == (not any(cut.holds(level) for cut in cuts))


def test_bounds_hold_at_harder_levels_and_plans_at_easier_ones():
    region = Region((0,), (9,))
    region.proved((4,), 10.0)
    region.found((6,), 12.0)
    assert [region.lower((e,)) for e in (3, 4, 9)] == [float("-inf"), 10.0, 10.0]
    assert [region.upper((e,)) for e in (0, 6, 7)] == [12.0, 12.0, float("inf")]


def test_a_box_whose_bounds_agree_is_no_longer_open():
    region = Region((0,), (9,))
    region.proved((0,), 12.0)
    region.found((9,), 12.0)
    assert region.widest() is None
