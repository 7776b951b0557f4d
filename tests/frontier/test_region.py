from __future__ import annotations

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st
from tiers import examples

from optimiser.frontier.point import LevelBox, ProvenRegion

sides = st.tuples(st.integers(0, 6), st.integers(0, 6)).map(sorted)
boxes = st.tuples(sides, sides).map(lambda both: LevelBox(*zip(*both, strict=True)))


@given(box=boxes, cut=boxes, axes=st.permutations([0, 1]))
def test_a_box_without_a_cut_is_partitioned(box, cut, axes):
    parts = list(box.without(cut.low, cut.high, axes))
    for level in itertools.product(range(7), range(7)):
        there = box.holds(level) and not cut.holds(level)
        assert sum(part.holds(level) for part in parts) == there


@given(st.lists(boxes, max_size=6))
def test_a_level_is_open_until_it_is_settled(cuts):
    region = ProvenRegion((0, 0), (6, 6))
    for cut in cuts:
        region.settle(cut.low, cut.high)
    for level in itertools.product(range(7), range(7)):
        assert region.is_open(level) == (not any(cut.holds(level) for cut in cuts))


def test_bounds_hold_at_harder_levels_and_plans_at_easier_ones():
    region = ProvenRegion((0,), (9,))
    region.proved((4,), 10.0)
    region.found((6,), 12.0)
    assert [region.lower((e,)) for e in (3, 4, 9)] == [float("-inf"), 10.0, 10.0]
    assert [region.upper((e,)) for e in (0, 6, 7)] == [12.0, 12.0, float("inf")]


def test_a_box_whose_bounds_agree_is_no_longer_open():
    region = ProvenRegion((0,), (9,))
    region.proved((0,), 12.0)
    region.found((9,), 12.0)
    assert region.widest() is None


# ---- boxes by hand


def test_a_box_knows_its_sides_and_its_middle_on_the_easy_side():
    box = LevelBox((0, -9), (5, -4))
    assert box.sides == (6, 6)
    assert box.middle() == (2, -7)
    assert LevelBox((3,), (3,)).sides == (1,)
    assert LevelBox((3,), (3,)).middle() == (3,)


def test_a_region_without_levels_has_no_box():
    assert ProvenRegion((4,), (3,)).boxes == []
    assert ProvenRegion((4, 0), (4, -1)).boxes == []
    assert ProvenRegion((4,), (4,)).widest() == LevelBox((4,), (4,))


def test_the_widest_box_has_most_levels_times_the_width_of_its_band():
    """Levels 0..9 are cut at 5: 0..4 has 5 levels and a band of 8, 6..9 has 4 levels and a band of 11."""
    region = ProvenRegion((0,), (9,))
    region.proved((0,), 2.0)
    region.found((4,), 10.0)
    region.settle((5,), (5,))
    region.proved((6,), 9.0)
    region.found((9,), 20.0)
    assert region.widest() == LevelBox((6,), (9,))
    region.proved((6,), 10.0)  # 4 x 10 is as much as 5 x 8: the first box
    assert region.widest() == LevelBox((0,), (4,))
    region.proved((6,), 19.999)
    assert region.widest() == LevelBox((0,), (4,))
    region.found((4,), 2.0)
    assert region.widest() == LevelBox((6,), (9,))


def test_the_boxes_that_are_too_narrow_are_closed_on_the_way():
    region = ProvenRegion((0,), (9,), gap=0.1)
    region.settle((5,), (5,))
    region.proved((0,), 9.0)
    region.found((4,), 10.0)  # a band of 1 on 10
    region.found((9,), 10.1)
    assert not region.is_open((3,))
    assert region.is_open((7,))
    assert region.is_known((3,))
    assert region.widest() == LevelBox((6,), (9,))
    assert region.boxes == [LevelBox((6,), (9,))]
    region.proved((6,), 9.5)
    assert region.widest() is None
    assert region.boxes == []


def test_a_gap_is_relative_to_one_at_least():
    region = ProvenRegion((0,), (9,), gap=0.5)
    region.proved((0,), 0.0)
    region.found((9,), 0.5)
    assert region.is_known((4,))
    region = ProvenRegion((0,), (9,), gap=0.5)
    region.proved((0,), -1.0)
    region.found((9,), -0.49)
    assert not region.is_known((4,))


def test_a_level_without_both_bounds_is_not_known():
    region = ProvenRegion((0,), (9,))
    assert not region.is_known((4,))
    region.proved((0,), 1.0)
    assert not region.is_known((4,))
    region.found((3,), 1.0)
    assert (region.is_known((3,)), region.is_known((4,))) == (True, False)


def test_the_best_of_several_bounds_and_plans_at_a_level_counts():
    region = ProvenRegion((0,), (9,))
    for bound in (3.0, 5.0, 4.0):
        region.proved((2,), bound)
    for value in (9.0, 7.0, 8.0):
        region.found((2,), value)
    assert (region.lower((2,)), region.upper((2,)), region.bounded()) == (5.0, 7.0, [(2,)])


def test_without_a_plan_all_harder_levels_are_settled():
    region = ProvenRegion((0, 0), (3, 3))
    region.settle((1, 2), None)
    assert [region.is_open(level) for level in ((1, 2), (3, 3), (0, 3), (3, 1))] == [False, False, True, True]


def test_a_box_is_cut_along_its_longest_side_first():
    """Relative to the whole, the second side is longer: that cut goes through the whole box."""
    region = ProvenRegion((0, 0), (99, 9))
    region.settle((0, 0), (49, 9))
    region.settle((70, 4), (70, 4))
    assert sorted(region.boxes) == [
        LevelBox((50, 0), (99, 3)),
        LevelBox((50, 4), (69, 4)),
        LevelBox((50, 5), (99, 9)),
        LevelBox((71, 4), (99, 4)),
    ]


# ---- against a region that looks at every level

LEVELS = list(itertools.product(range(5), range(5)))
numbers = st.integers(-3, 6).map(float)
events = st.lists(
    st.tuples(st.sampled_from(["proved", "found", "settle"]), st.sampled_from(LEVELS), numbers, boxes),
    max_size=8,
)


def room_of(box, found, proved):
    """Return the number of levels times the width of the band, at least the tolerance."""
    high = min(value for at, value in found.items() if at[0] >= box.high[0] and at[1] >= box.high[1])
    low = max(value for at, value in proved.items() if at[0] <= box.low[0] and at[1] <= box.low[1])
    return math.prod(b - a + 1 for a, b in zip(box.low, box.high, strict=True)) * max(high - low, 1e-12)


@examples(40)
@given(events=events, gap=st.sampled_from([0.0, 0.5]))
def test_the_open_box_of_most_room_is_the_widest_whatever_was_asked_before(events, gap):
    region, found, proved = ProvenRegion((0, 0), (4, 4), gap=gap), {(4, 4): 6.0}, {(0, 0): -3.0}
    region.found((4, 4), 6.0)
    region.proved((0, 0), -3.0)
    for kind, level, value, box in events:
        if kind == "settle":
            region.settle(box.low, box.high)
        elif kind == "proved":
            region.proved(level, value)
            proved[level] = max(value, proved.get(level, -math.inf))
        else:
            region.found(level, value)
            found[level] = min(value, found.get(level, math.inf))
        before = [one for one in region.boxes if not region.is_narrow(one)]
        widest = region.widest()
        if widest is None:
            assert before == []
        else:
            rooms = {one: room_of(one, found, proved) for one in before}
            assert rooms[widest] == max(rooms.values())
            assert widest in region.boxes
            assert set(before) <= set(region.boxes)
    for level in LEVELS:
        below = [v for at, v in proved.items() if at[0] <= level[0] and at[1] <= level[1]]
        above = [v for at, v in found.items() if at[0] >= level[0] and at[1] >= level[1]]
        least, most = max(below, default=-math.inf), min(above, default=math.inf)
        assert (region.lower(level), region.upper(level)) == (least, most)
        agree = (
            math.isfinite(least) and math.isfinite(most) and most - least <= gap * max(1, abs(most)) + 1e-9
        )
        assert region.is_known(level) == agree


def test_boxes_of_the_same_room_go_by_their_levels():
    region = ProvenRegion((0,), (8,))
    region.settle((4,), (4,))
    region.proved((0,), 0.0)
    region.found((8,), 5.0)
    assert region.widest() == LevelBox((0,), (3,))
    region.settle((0,), (0,))
    assert region.widest() == LevelBox((5,), (8,))


def test_without_any_number_every_box_is_as_wide_as_can_be():
    region = ProvenRegion((0,), (8,))
    region.settle((2,), (2,))
    assert region.widest() == LevelBox((0,), (1,))
    region.found((8,), 5.0)
    assert region.widest() == LevelBox((3,), (8,))


def test_what_is_settled_may_lie_beyond_the_levels():
    region = ProvenRegion((0, 0), (3, 3))
    region.settle((4, 4), None)
    region.settle((-5, -5), (-1, 9))
    assert region.boxes == [LevelBox((0, 0), (3, 3))]
    region.settle((-5, 2), (9, 9))
    assert region.boxes == [LevelBox((0, 0), (3, 1))]
