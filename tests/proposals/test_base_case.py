"""Check who is whose neighbour, and which links go."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from candidates_drawing import KM, base_case, four_in_line, network
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra
from tiers import examples

from networks.skims import fastest_arcs, time_matrix
from optimiser.proposals.base_case import (
    NeighbourRules,
    RoadPaths,
    drop_similar,
    gabriel_pairs,
    great_circle_km,
    nearby,
    nearest_pairs,
    neighbour_pairs,
    on_sphere,
    project,
    road_label,
    travel_time_s,
)
from optimiser.proposals.shortest_times import MANY, NO_PATH_S, faster_of, times_between

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


@given(
    st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=1, max_size=8),
    st.floats(0, 20_000),
)
def test_points_near_one_are_those_whose_distance_over_the_ellipsoid_is_no_longer(points, within_km):
    lons, lats = np.array(points).T
    km = great_circle_km(lons[0], lats[0], lons, lats)
    rows, found = nearby(lons[0], lats[0], lons, lats, within_km=within_km)
    assert rows.tolist() == np.flatnonzero(km <= within_km).tolist()
    assert found.tolist() == km[rows].tolist()


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


@examples(50)
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


def test_links_are_dropped_within_45_degrees_for_ways_up_to_15_percent_longer_where_nothing_else_is_asked():
    pairs = np.array([[0, 1], [0, 2], [1, 2]])
    for aside, kept in ((27.0, 2), (30.0, 3)):  # 1.14 and 1.17 times as long
        points = np.array([[0.0, 0.0], [50.0, aside], [100.0, 0.0]])
        assert len(drop_similar(points, pairs)) == kept
    for aside, kept in ((49.0, 2), (51.0, 3)):
        points = np.array([[0.0, 0.0], [50.0, aside], [100.0, 0.0]])
        assert len(drop_similar(points, pairs, detour=2.0)) == kept
    assert NeighbourRules() == NeighbourRules(nearest=3, angle_deg=45.0, detour=1.15, longest_km=250.0)


@pytest.mark.parametrize("scale", [0.008, 1.0, 0.016])
def test_links_are_dropped_whatever_their_unit(scale):
    points = np.array([[0.0, 0.0], [50.0, 5.0], [100.0, 0.0]]) * scale
    assert len(drop_similar(points, np.array([[0, 1], [0, 2], [1, 2]]), detour=1.15)) == 2


def test_neighbours_are_neither_too_far_apart_nor_replaced_by_others():
    points = np.array([[0.0, 0.0], [50.0, 5.0], [100.0, 0.0], [900.0, 0.0]])
    found = neighbour_pairs(points, NeighbourRules(nearest=2, longest_km=200.0))
    assert found.tolist() == [[0, 1], [1, 2]]


def test_projected_distances_agree_with_the_ellipsoid_within_a_thousandth():
    lon, lat = np.array([114.0, 119.0, 116.4]), np.array([37.0, 41.0, 39.9])
    plane = project(lon, lat)
    flat = np.hypot(*(plane[0] - plane[1]))
    assert abs(flat / great_circle_km(lon[:1], lat[:1], lon[1:2], lat[1:2])[0] - 1) < 1e-3


def test_two_points_are_neighbours_and_one_has_none():
    points = np.array([[0.0, 0.0], [50.0, 5.0]])
    assert neighbour_pairs(points, NeighbourRules()).tolist() == [[0, 1]]
    assert neighbour_pairs(points, NeighbourRules(longest_km=50.0)).tolist() == []
    assert neighbour_pairs(points[:1], NeighbourRules()).shape == (0, 2)


def test_the_nearest_of_equally_near_points_is_the_first():
    points = np.array([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [9.0, 0.0]])
    assert nearest_pairs(points, 1).tolist() == [[0, 1], [0, 2], [0, 3], [1, 4]]
    assert len(nearest_pairs(points, 9)) == 10


@pytest.mark.parametrize(
    ("angle_deg", "detour", "stays"), [(20.0, 1.2, True), (21.9, 1.2, False), (60.0, 1.07, True)]
)
def test_a_link_goes_at_the_edge_of_angle_and_detour(angle_deg, detour, stays):
    """The way over the third point leaves at 21.8 degrees and is 1.0770 times as long."""
    points = np.array([[0.0, 0.0], [50.0, 20.0], [100.0, 0.0]])
    left = drop_similar(points, np.array([[0, 1], [0, 2], [1, 2]]), angle_deg=angle_deg, detour=detour)
    assert ([0, 2] in left.tolist()) == stays


# ---- arcs and times


arcs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(1, 9)), max_size=25)


def split(found):
    return (np.array([arc[k] for arc in found], dtype=np.int64) for k in range(3))


@given(arcs)
def test_of_parallel_arcs_the_first_of_the_fastest_remains_and_loops_go(found):
    best = {}
    for at, (tail, head, seconds) in enumerate(found):
        if tail != head and seconds < best.get((tail, head), (99, 0))[0]:
            best[tail, head] = seconds, at
    assert fastest_arcs(*split(found)).tolist() == [at for _, (_, at) in sorted(best.items())]


@given(arcs, arcs)
def test_of_two_networks_the_faster_arc_between_two_nodes_counts(first, second):
    both = faster_of(time_matrix(5, *split(first)), time_matrix(5, *split(second)))
    assert (both.todense() == time_matrix(5, *split([*first, *second])).todense()).all()
    wider = faster_of(time_matrix(5, *split(first)), time_matrix(7, *split([*second, (5, 6, 3)])))
    assert (wider.todense() == time_matrix(7, *split([*first, *second, (5, 6, 3)])).todense()).all()


@given(arcs)
def test_times_between_nodes_are_the_shortest_up_to_a_limit(found):
    graph = time_matrix(5, *split(found))
    every = np.arange(5)
    exact = dijkstra(graph)
    assert (times_between(graph, every, every) == np.where(np.isfinite(exact), exact, NO_PATH_S)).all()
    near = times_between(graph, every, every, most_s=6)
    assert (near == np.where(exact <= 6, exact, NO_PATH_S)).all()
    many = np.tile(every, MANY // 5 + 30)  # several blocks, and a contracted graph
    assert (times_between(graph, many, every) == times_between(graph, every, every)[many]).all()


# ---- a region of four cities


ROAD, PLACES = four_in_line()
REGION = base_case(ROAD, PLACES)


def test_a_path_over_roads_names_its_nodes_and_its_fastest_links():
    links = [
        (0, 1, "primary", 10, 50),
        (0, 1, "primary", 10, 80),
        (2, 1, "primary", 10, 50),
        (3, 3, "primary", 1, 50),
    ]
    paths = RoadPaths.of(network([(0, 0), (10, 0), (20, 0), (30, 0)], links))
    _, before = paths.tree(0)
    assert paths.path(before, 0, 2) == ([0, 1, 2], [1, 2])
    assert paths.path(before, 0, 0) == ([0], [])
    assert paths.path(before, 0, 3) == ([], [])
    assert paths.tree(2)[0].tolist() == [720 + 450, 720, 0, np.inf]


def test_times_by_road_end_at_cities_on_the_network():
    assert REGION.road_s(0, 2) == 14_400
    off = dataclasses.replace(REGION, cities=PLACES.table.assign(road_node=[0, 1, -1, 3]))
    assert (off.road_s(0, 2), off.road_s(2, 0), off.road_s(0, 3)) == (None, None, 21_600)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ((100, 20), "B (20 km north)"),
        ((110, 10), "B (14 km north-east)"),
        ((120, 0), "B (20 km east)"),
        ((110, -10), "B (14 km south-east)"),
        ((100, -20), "B (20 km south)"),
        ((90, -10), "B (14 km south-west)"),
        ((80, 0), "B (20 km west)"),
        ((90, 10), "B (14 km north-west)"),
        ((260, 0), "D (40 km west)"),
    ],
)
def test_a_place_is_named_by_the_nearest_city_and_the_way_from_it(place, words):
    assert REGION.beside_city(place[0] * KM, place[1] * KM) == words


def test_neighbours_may_be_of_some_tiers_alone_and_go_by_ids():
    assert REGION.neighbours(NeighbourRules(nearest=1)) == [(0, 1), (1, 2), (2, 3)]
    assert REGION.tiers == ["core", "secondary", "secondary", "small"]
    assert REGION.neighbours(NeighbourRules(nearest=1), tiers=("core", "small")) == []
    assert REGION.neighbours(NeighbourRules(longest_km=400.0), tiers=("core", "small")) == [(0, 3)]
    assert REGION.neighbours(NeighbourRules(), tiers=("small",)) == []
    assert REGION.in_id_order(3, 1) == (1, 3)


def test_new_roads_open_both_ways_in_every_copy_of_the_network():
    arc = ("road:0", "road:9", 60)
    assert REGION.two_way_road_arcs([arc]) == (arc, ("road:9", "road:0", 60))
    vehicles = base_case(ROAD, PLACES, definition="in_vehicle").two_way_road_arcs([arc])
    assert len(vehicles) == 6
    assert {a.partition("/")[2] for a, _, _ in vehicles} == {"", "between", "after"}
    assert all(a.partition("/")[2] == b.partition("/")[2] for a, b, _ in vehicles)


@given(st.lists(st.sets(st.integers(0, 7), min_size=1), min_size=1, max_size=3))
def test_times_asked_for_bit_by_bit_are_those_asked_for_at_once(questions):
    region = base_case(ROAD, PLACES)
    for some in questions:
        nodes = np.array(sorted(some), dtype=np.int64)
        assert (region.today_s(nodes) == times_between(region.times, nodes, nodes)).all()


def test_a_link_is_open_in_the_directions_that_take_time_be_it_a_second():
    drawn = network([(0, 0), (1, 0), (2, 0)], [(0, 1, "primary", 1, 50), (1, 2, "primary", 1, 50)])
    drawn = drawn.replace(links=drawn.links.assign(forward_s=[1, 72], backward_s=[1, 0]))
    found = RoadPaths.of(drawn).matrix.tocoo()
    assert list(zip(found.row.tolist(), found.col.tolist(), found.data.tolist(), strict=True)) == [
        (0, 1, 1),
        (1, 0, 1),
        (1, 2, 72),
    ]


def test_of_equally_fast_parallel_links_the_first_counts_whichever_way_it_was_drawn():
    drawn = network([(0, 0), (10, 0)], [(1, 0, "primary", 10, 50), (0, 1, "primary", 10, 50)])
    assert list(RoadPaths.of(drawn).link.values()) == [0, 0]


# ---- what is worked out once


def test_what_follows_from_networks_is_made_once_for_all_limits():
    region, made = base_case(ROAD, PLACES), []
    for one in (region, region.at_limit(7200), region.at_limit(region.limit_s)):
        assert one.once("x", lambda: made.append("x") or "made") == "made"
        assert one.once(("y", one.limit_s), lambda: None) is None
    assert made == ["x"]
    assert region.at_limit(region.limit_s) is region
    assert region.at_limit(7200).limit_s == 7200
    assert region.at_limit(7200).known is region.known


def test_rows_and_ids_of_nodes_lead_to_each_other():
    assert [REGION.node_row[name] for name in REGION.node_ids] == list(range(len(REGION.node_ids)))
    assert REGION.city_ends(2) == ("city:c", "city:c")
    assert REGION.straight_km(0, 2) == pytest.approx(200, rel=0.01)
    assert np.round(np.array(REGION.straight_line(1, 3).coords) / KM).tolist() == [[100, 0], [300, 0]]
    nearest, km = REGION.nearest_city(140 * KM, 30 * KM)
    assert (nearest, round(km)) == (1, 50)


def test_times_from_where_trips_start_reach_every_node():
    found = REGION.from_origins_s
    assert found.shape == (4, len(REGION.node_ids))
    for city in range(4):
        assert found[city, REGION.graph.origin[city]] == 0
        assert found[city, REGION.graph.destination].tolist() == REGION.skim[city].tolist()
    cut = network([(0, 0), (100, 0), (200, 0), (300, 0)], [(0, 1, "primary", 100, 50)])
    parted = base_case(cut, PLACES)
    assert parted.from_origins_s[0, parted.graph.destination[2]] == NO_PATH_S
    assert parted.drive_s[0].tolist() == [0.0, 7200.0, np.inf, np.inf]


@pytest.mark.parametrize(("km", "kmh", "seconds"), [(100.0, 50.0, 7200), (0.0, 50.0, 1), (0.02, 48.0, 2)])
def test_travel_times_are_whole_seconds_and_one_at_least(km, kmh, seconds):
    assert travel_time_s(km, kmh) == seconds


def test_points_on_the_sphere_are_as_far_apart_as_on_the_ground():
    lon, lat = np.array([10.0, 10.1, 10.0, -170.0]), np.array([50.0, 50.0, 50.1, -50.0])
    at = on_sphere(lon, lat)
    assert np.linalg.norm(at, axis=1) == pytest.approx([6371.0088] * 4)
    assert np.linalg.norm(at[0] - at[1]) == pytest.approx(7.1475, abs=1e-3)
    assert np.linalg.norm(at[0] - at[2]) == pytest.approx(11.1195, abs=1e-3)
    assert at[3] == pytest.approx(-at[0])
    assert on_sphere(np.array([0.0, 90.0, 0.0]), np.array([0.0, 0.0, 90.0])) == pytest.approx(
        6371.0088 * np.eye(3), abs=1e-9
    )


@pytest.mark.parametrize(
    ("ref", "name", "shown"),
    [
        ("G45-N", "Daqing-Guangzhou, north", "G45"),
        ("G95-a;G95-b", "Capital Ring", "G95"),
        ("G1N-0", "", "G1N"),
        ("G1;G25", "", "G1;G25"),
        ("S-HE", "Hengshui-Dezhou (Hengde)", "Hengshui-Dezhou (Hengde)"),
        ("G4;S-SJZR", "Beijing-Hong Kong-Macau", "G4"),
        ("A-7", "", "A-7"),
        ("N-340", "", "N-340"),
        ("", "Ring road", "Ring road"),
        ("S-HE", "", "S-HE"),
    ],
)
def test_roads_are_called_by_the_number_on_their_signs_or_by_name(ref, name, shown):
    assert road_label(ref, name) == shown
