"""Lines of links are thinned without moving them over a centre."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from optimiser.proposals.rings.thinning import thinned
from optimiser.verify.rings import winding_number

near = st.integers(-30_000_000, 30_000_000)
points = st.tuples(near, near)


def test_a_straight_line_needs_no_corners():
    line = [(0, 0), (100_000, 0), (200_000, 10), (300_000, 0)]
    assert thinned(line, [(0, 5_000_000)], within_km=0.5) == ()


def test_a_corner_that_matters_stays():
    line = [(0, 0), (1_000_000, 1_000_000), (2_000_000, 0)]
    assert thinned(line, [(0, 5_000_000)], within_km=0.5) == ((1_000_000, 1_000_000),)


def test_a_small_bend_round_a_centre_stays():
    line = [(0, 0), (1_000_000, 20_000), (2_000_000, 0)]  # 220 m north
    assert thinned(line, [(1_000_000, 10_000)], within_km=0.5) == ((1_000_000, 20_000),)
    assert thinned(line, [(1_000_000, 30_000)], within_km=0.5) == ()


@settings(max_examples=200, deadline=None)
@given(st.lists(points, min_size=3, max_size=9, unique=True), points, st.sampled_from([0.5, 50.0, 500.0]))
def test_windings_stay_as_they_are(line, centre, within_km):
    kept = [line[0], *thinned(line, [centre], within_km=within_km), line[-1]]
    before, after = winding_number(line, centre), winding_number(kept, centre)
    if before is not None:
        assert before == after
