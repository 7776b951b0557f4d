"""Check who is whose neighbour, and which links go."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from optimiser.proposals.base_case import (
    NeighbourRules,
    drop_similar,
    gabriel_pairs,
    great_circle_km,
    nearest_pairs,
    neighbour_pairs,
    project,
)

places = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=2, max_size=14, unique=True
).map(lambda rows: np.array(rows, dtype=float))


def parts(points, pairs):
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(points), len(points)))
    return connected_components(graph, directed=False)[0]


@given(places)
def test_gabriel_pairs_are_those_whose_open_diameter_circle_is_empty(points):
    found = {tuple(pair) for pair in gabriel_pairs(points).tolist()}
    for a in range(len(points)):
        for b in range(a + 1, len(points)):
            middle, square = (points[a] + points[b]) / 2, ((points[a] - points[b]) ** 2).sum() / 4
            inside = [
                c
                for c in range(len(points))
                if c not in (a, b) and ((points[c] - middle) ** 2).sum() < square
            ]
            assert ((a, b) in found) == (not inside)


def test_gabriel_joins_points_in_line_one_after_the_other():
    points = np.array([[0.0, 0.0], [10.0, 0.0], [25.0, 0.0]])
    assert gabriel_pairs(points).tolist() == [[0, 1], [1, 2]]


def test_a_point_on_the_circle_does_not_break_a_pair():
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    assert [0, 2] in gabriel_pairs(square).tolist()


@given(places)
def test_the_gabriel_graph_is_in_one_part(points):
    assert parts(points, gabriel_pairs(points)) == 1


@given(places, st.integers(1, 4))
def test_each_point_has_at_least_the_links_to_its_nearest_pairs(points, count):
    pairs = nearest_pairs(points, count)
    degree = np.bincount(pairs.ravel(), minlength=len(points))
    assert (degree >= min(count, len(points) - 1)).all()


@settings(max_examples=50)
@given(places)
def test_dropping_similar_links_parts_nothing_and_leaves_a_short_way(points):
    pairs = gabriel_pairs(points)
    left = drop_similar(points, pairs, angle_deg=45.0, detour=1.2)
    assert {tuple(pair) for pair in left.tolist()} <= {tuple(pair) for pair in pairs.tolist()}
    assert parts(points, left) == parts(points, pairs)


def test_a_long_link_goes_when_a_way_in_its_direction_is_nearly_as_short():
    points = np.array([[0.0, 0.0], [50.0, 5.0], [100.0, 0.0]])
    pairs = np.array([[0, 1], [0, 2], [1, 2]])
    assert drop_similar(points, pairs, detour=1.15).tolist() == [[0, 1], [1, 2]]


def test_a_link_stays_when_the_other_leaves_at_a_wide_angle():
    points = np.array([[0.0, 0.0], [50.0, 51.0], [100.0, 0.0]])
    pairs = np.array([[0, 1], [0, 2], [1, 2]])
    assert len(drop_similar(points, pairs, detour=2.0)) == 3


def test_a_link_stays_when_the_other_way_is_too_long():
    points = np.array([[0.0, 0.0], [50.0, 30.0], [100.0, 0.0]])
    pairs = np.array([[0, 1], [0, 2], [1, 2]])
    assert len(drop_similar(points, pairs, detour=1.15)) == 3


def test_neighbours_are_neither_too_far_apart_nor_replaced_by_others():
    points = np.array([[0.0, 0.0], [50.0, 5.0], [100.0, 0.0], [900.0, 0.0]])
    found = neighbour_pairs(points, NeighbourRules(nearest=2, longest_km=200.0))
    assert found.tolist() == [[0, 1], [1, 2]]


def test_projected_distances_agree_with_the_ellipsoid_within_a_thousandth():
    lon, lat = np.array([114.0, 119.0, 116.4]), np.array([37.0, 41.0, 39.9])
    plane = project(lon, lat)
    flat = np.hypot(*(plane[0] - plane[1]))
    assert abs(flat / great_circle_km(lon[:1], lat[:1], lon[1:2], lat[1:2])[0] - 1) < 1e-3
