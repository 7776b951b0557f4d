"""Recall on lines drawn in km: every figure is counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimiser.measures.recall import Course, Nearness


def line(mode: str, start: tuple[float, float], end: tuple[float, float], parts: int = 40) -> Course:
    """Return the course of a straight line on a plane, in so many equal parts."""
    a, b = np.array([*start, 0.0]), np.array([*end, 0.0])
    at = (np.arange(parts) + 0.5) / parts
    return Course(mode, a + at[:, None] * (b - a), float(np.linalg.norm(b - a)))


ROAD, RAIL = line("road", (0, 0), (40, 0)), line("rail", (0, 100), (20, 100), 20)
"""40 km of road and 20 km of railway, 100 km apart, in parts of 1 km."""
BESIDE_ROAD = line("road", (0, 9), (20, 9))
"""Beside the first half of the road, which its end reaches 12 km beyond: 15 = root of 9 x 9 + 12 x 12."""
ON_RAIL = line("road", (0, 100), (20, 100))
SHARES = [f"recall_{name}" for name in ("road", "rail", "both", "any")]
TRACK = line("rail", (0, 109), (10, 109), 400)


def nearness(*proposed: Course, found_share: float = 0.5) -> Nearness:
    return Nearness.of([ROAD, RAIL], proposed, near_km=15.0, found_share=found_share)


def test_built_km_within_the_distance_are_found():
    found = nearness(BESIDE_ROAD).recall([0])
    # The last sample of the proposal stands at 19.75 km, so that parts up to 31.75 km are near: 32 of them
    # have their midpoint there.
    assert (found["recall_road"], found["recall_rail"], found["recall_both"]) == (0.8, 0.0, 32 / 60)


def test_a_road_along_a_railway_finds_it_for_any_and_not_for_its_mode():
    found = nearness(ON_RAIL).recall([0])
    assert (found["recall_rail"], found["recall_both"], found["recall_any"]) == (0.0, 0.0, 20 / 60)
    assert found["precision"] == 0.0


def test_two_proposals_find_what_either_does_and_count_it_once():
    table = nearness(BESIDE_ROAD, BESIDE_ROAD, TRACK)
    once, twice, both = (table.recall(rows) for rows in ([0], [0, 1], [0, 2]))
    assert [twice[name] for name in SHARES] == [once[name] for name in SHARES]
    assert (both["recall_road"], both["recall_rail"]) == (0.8, 1.0)


def test_a_corridor_is_found_when_the_share_asked_for_is_near():
    for share, count in ((0.8, 1), (0.81, 0)):
        found = nearness(BESIDE_ROAD, found_share=share).recall([0])
        assert (found["found_road"], found["found_rail"]) == (count, 0)
    assert nearness(BESIDE_ROAD).found([0]).tolist() == [0.8, 0.0]


def test_precision_is_the_share_of_the_km_proposed_near_what_was_built():
    far = line("road", (0, 50), (60, 50))
    found = nearness(BESIDE_ROAD, far).recall([0, 1])
    assert (found["proposed_km"], found["precision"]) == (80.0, 0.25)


def test_nothing_proposed_finds_nothing():
    found = nearness(BESIDE_ROAD).recall([])
    assert (found["recall_both"], found["recall_any"], found["precision"]) == (0.0, 0.0, None)


def test_a_mode_of_which_nothing_was_built_has_no_share():
    found = Nearness.of([ROAD], [TRACK], near_km=15.0, found_share=0.5).recall([0])
    assert (found["recall_rail"], found["recall_road"]) == (None, 0.0)


spots = st.tuples(st.integers(0, 60), st.integers(0, 60))


@given(st.lists(st.tuples(st.sampled_from(["road", "rail"]), spots, spots), min_size=1, max_size=4))
def test_more_proposals_never_find_less_and_any_is_at_least_both(drawn):
    courses = [line(mode, a, b, 10) for mode, a, b in drawn]
    table = nearness(*courses)
    before = table.recall([])
    for count in range(1, len(courses) + 1):
        after = table.recall(range(count))
        assert after["recall_both"] >= before["recall_both"]
        assert after["recall_any"] >= after["recall_both"] - 1e-12
        assert all((after[name] or 0) <= 1 + 1e-9 for name in SHARES)
        before = after


@given(spots, spots, spots, st.floats(1, 40))
def test_a_part_is_near_just_when_some_point_of_the_proposal_is(a, b, c, near_km):
    built, proposed = line("road", a, b, 7), line("road", b, c, 5)
    table = Nearness.of([built], [proposed], near_km=near_km, found_share=0.5)
    distances = np.linalg.norm(built.points[:, None] - proposed.points[None], axis=2)
    assert table.near[0] == pytest.approx(distances.min(axis=1) <= near_km)
