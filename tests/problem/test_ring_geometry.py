"""The ray crossings of links, which the model of rings is made of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from ring_drawing import square

from optimiser.problem import RingLink
from optimiser.problem.ring_geometry import link_crossings, link_line, ray_crossings

near = st.integers(-3, 3)
lines = st.lists(st.tuples(near, near), min_size=2, max_size=8)


def test_a_link_crosses_a_ray_northwards_or_southwards_or_not_at_all():
    ring = square(centres=((2, 2), (0, 2)))
    crossings = [link_crossings(ring, k) for k in range(len(ring.links))]
    # South, east, north, west past (-1, 2), and the diagonal through (2, 2).
    assert crossings == [(0, 0), (1, 1), (0, 0), (0, 0), None]


def test_the_lower_end_of_an_edge_counts_and_the_upper_end_does_not():
    assert ray_crossings([(1, 0), (1, 1)], (0, 0)) == 1
    assert ray_crossings([(1, -1), (1, 0)], (0, 0)) == 0
    assert ray_crossings([(1, -1), (1, 0), (1, 1)], (0, 0)) == 1
    assert ray_crossings([(1, 1), (1, 0), (1, 1)], (0, 0)) == 0
    assert ray_crossings([(1, 0), (2, 0)], (0, 0)) == 0


def test_the_line_of_a_link_runs_from_tail_to_head_past_its_via_points():
    ring = square(links=(RingLink(3, 0, None, ((-1, 2), (-1, 1))),))
    assert link_line(ring, 0) == [(0, 4), (-1, 2), (-1, 1), (0, 0)]


@given(lines, st.tuples(near, near))
def test_a_line_passed_the_other_way_has_the_opposite_count(line, centre):
    ahead, back = ray_crossings(line, centre), ray_crossings(line[::-1], centre)
    assert (ahead is None) == (back is None)
    assert ahead is None or ahead == -back


@given(lines, lines, st.tuples(near, near))
def test_the_counts_of_joined_lines_add_up(first, second, centre):
    parts = [ray_crossings(line, centre) for line in (first, [first[-1], *second])]
    joined = ray_crossings([*first, *second], centre)
    assert joined == (None if None in parts else sum(parts))
