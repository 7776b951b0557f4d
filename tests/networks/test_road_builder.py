"""Test that ways become links between junctions, with length, direction, speed and line."""

from __future__ import annotations

import itertools
from datetime import date
from importlib import resources

import networkx as nx
import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from road_drawing import CROSS, draw
from tiers import examples, long_case, thinned

from networks import impedance, osm, road, schema
from networks.errors import SourceError
from networks.road.builder import segment_km
from networks.schema import CLOSED

MAIN = {"highway": "primary"}
GEOD = pyproj.Geod(ellps="WGS84")


def pairs(network) -> set[tuple[int, int]]:
    """Return the OSM ids of the ends of each link."""
    ids = network.nodes["osm_id"].to_numpy()
    return {
        (int(ids[a]), int(ids[b])) for a, b in zip(network.links["tail"], network.links["head"], strict=True)
    }


def test_ways_are_cut_where_they_cross():
    network, _ = road.build(draw(CROSS, [(10, (1, 2, 3), MAIN), (11, (4, 2, 5), MAIN)]))
    assert pairs(network) == {(1, 2), (2, 3), (4, 2), (2, 5)}
    schema.check(network)


def test_an_isolated_way_is_not_cut():
    network, _ = road.build(draw(CROSS, [(10, (1, 2, 3), MAIN)]))
    assert pairs(network) == {(1, 3)}
    assert shapely.get_num_points(network.links.geometry[0]) == 3


def test_ways_that_cross_without_a_shared_node_are_not_connected():
    nodes = CROSS | {6: (116.01, 40.0)}
    network, _ = road.build(draw(nodes, [(10, (1, 2, 3), MAIN), (11, (4, 6, 5), MAIN)]))
    assert pairs(network) == {(1, 3), (4, 5)}


def test_a_way_is_cut_where_it_crosses_itself_and_the_loop_is_dropped():
    network, _ = road.build(draw(CROSS, [(10, (1, 2, 4, 3, 2), MAIN)]))
    assert pairs(network) == {(1, 2)}


def test_length_is_measured_on_the_ellipsoid():
    network, _ = road.build(draw(CROSS, [(10, (1, 2, 4), MAIN)]))
    wanted = GEOD.line_length([116.0, 116.01, 116.01], [40.0, 40.0, 40.01]) / 1000
    assert network.links["length_km"][0] == pytest.approx(wanted, rel=1e-7)


@given(ends=st.tuples(st.floats(-180, 180), st.floats(-89, 89), st.floats(-0.2, 0.2), st.floats(-0.2, 0.2)))
def test_segment_lengths_agree_with_geodesics(ends):
    lon, lat, east, north = ends
    points = [
        np.array([value])
        for value in (lon, lat, (lon + east + 180) % 360 - 180, np.clip(lat + north, -90, 90))
    ]
    wanted = GEOD.inv(*points)[2][0] / 1000
    assert segment_km(*points)[0] == pytest.approx(wanted, rel=2e-5, abs=1e-9)


def test_a_road_across_the_antimeridian_is_short():
    nodes = {1: (179.99, -17.0), 2: (-179.99, -17.0)}
    network, _ = road.build(draw(nodes, [(10, (1, 2), MAIN)]))
    assert network.links["length_km"][0] == pytest.approx(2.1297, abs=0.0001)


@pytest.mark.parametrize(("stated", "factor"), [("1.25", 1.25), ("0", 1.0), ("x", 1.0), ("9", 1.0)])
def test_a_way_may_state_its_length_on_the_ground(stated, factor):
    known, plain = (
        road.build(draw(CROSS, [(10, (1, 2, 3), MAIN | further), (11, (4, 2, 5), MAIN)]))[0]
        for further in ({"polyring:length_factor": stated}, {})
    )
    ratio = known.links["length_km"] / plain.links["length_km"]
    assert sorted(ratio.round(6)) == [1.0, 1.0, factor, factor]


def test_a_one_way_road_runs_from_tail_to_head():
    network, _ = road.build(draw(CROSS, [(10, (1, 2, 3), MAIN | {"oneway": "yes"})]))
    link = network.links.iloc[0]
    assert pairs(network) == {(1, 3)}
    assert link["oneway"]
    assert link["backward_s"] == CLOSED


def test_a_reverse_one_way_road_is_reversed_with_its_line():
    network, _ = road.build(draw(CROSS, [(10, (1, 2, 3), MAIN | {"oneway": "-1"})]))
    assert pairs(network) == {(3, 1)}
    assert [x for x, _ in network.links.geometry[0].coords] == [116.02, 116.01, 116.0]


def test_repeated_nodes_loops_and_duplicates_are_dropped_and_counted():
    ring = CROSS | {6: (116.03, 40.01), 7: (116.03, 39.99)}
    roads = [
        (10, (1, 1, 2, 2, 3), MAIN),
        (11, (3, 6, 7, 3), MAIN),
        (12, (2, 3), MAIN),
        (13, (4, 2), MAIN),
        (14, (2, 4), MAIN),
    ]
    network, report = road.build(draw(ring, roads))
    assert pairs(network) == {(1, 2), (2, 3), (4, 2)}
    assert dict(report.dropped) == {"repeated_node": 2, "loop": 1, "drawn_twice": 2}


def test_the_faster_of_two_duplicate_roads_is_kept():
    roads = [(10, (1, 2), {"highway": "tertiary"}), (11, (2, 1), {"highway": "trunk"})]
    network, _ = road.build(draw(CROSS, roads))
    assert network.links["link_class"].tolist() == ["trunk"]


def test_both_carriageways_between_two_junctions_are_kept():
    roads = [(10, (1, 2), MAIN | {"oneway": "yes"}), (11, (2, 1), MAIN | {"oneway": "yes"})]
    network, _ = road.build(draw(CROSS, roads))
    assert pairs(network) == {(1, 2), (2, 1)}


def test_junctions_at_one_position_are_merged_and_nothing_is_disconnected():
    nodes = {1: (116.0, 40.0), 2: (116.01, 40.0), 3: (116.01, 40.0), 4: (116.02, 40.0)}
    roads = [(10, (1, 2), MAIN), (11, (2, 3), MAIN), (12, (3, 4), MAIN)]
    network, report = road.build(draw(nodes, roads))
    assert report.dropped["zero_length"] == 1
    assert report.components == 1
    assert len(network.nodes) == 3


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"access": "taxi"}, "closed_to_cars"),
        ({"motor_vehicle": "service"}, "closed_to_cars"),
        ({"oneway": "yes", "vehicle:forward": "no"}, "closed_to_cars"),
        ({"construction": "yes"}, "under_construction"),
        ({"smoothness": "impassable"}, "impassable"),
        ({"motor_vehicle": "no"}, "closed_to_cars"),
        ({"access": "yes", "motor_vehicle": "no"}, "closed_to_cars"),
        ({"motor_vehicle": "agricultural; forestry"}, "closed_to_cars"),
        ({"area": "yes"}, "area"),
        ({"start_date": "2021"}, "not_yet_open"),
    ],
)
def test_unusable_ways_are_dropped_and_counted_by_reason(tags, reason):
    elements = draw(CROSS, [(10, (1, 2), MAIN), (11, (2, 3), MAIN | tags)])
    network, report = road.build(elements, opened_by=date(2020, 6, 1))
    assert pairs(network) == {(1, 2)}
    assert dict(report.dropped) == {reason: 1}


def test_a_road_open_to_cars_only_is_kept():
    network, _ = road.build(draw(CROSS, [(10, (1, 2), MAIN | {"access": "no", "motorcar": "yes"})]))
    assert len(network.links) == 1


def test_everything_is_open_by_default():
    network, _ = road.build(draw(CROSS, [(10, (1, 2), MAIN | {"start_date": "2031"})]))
    assert network.links["start_date"].tolist() == ["2031"]


def test_names_and_numbers_are_kept():
    network, _ = road.build(
        draw(CROSS, [(10, (1, 2), MAIN | {"name": "京哈高速", "ref": "G1"}), (11, (2, 3), MAIN)])
    )
    assert network.links["name"].tolist() == ["京哈高速", ""]
    assert network.links["ref"].tolist() == ["G1", ""]
    assert network.links["osm_id"].tolist() == [10, 11]


def test_a_source_without_roads_is_rejected():
    with pytest.raises(SourceError, match="No roads are left"):
        road.build(draw(CROSS, [(10, (1, 2), MAIN | {"access": "no"})]))


def test_components_and_lengths_are_reported():
    nodes = CROSS | {8: (117.0, 40.0), 9: (117.01, 40.0)}
    _, report = road.build(
        draw(nodes, [(10, (1, 2, 3), MAIN), (11, (4, 2), MAIN), (12, (8, 9), {"highway": "trunk"})])
    )
    assert (report.components, report.largest_component) == (2, 0.75)
    assert set(report.length_km) == {"primary", "trunk"}


ONEWAY = st.sampled_from(["", "yes", "-1"])


@given(
    ways=st.lists(
        st.tuples(st.lists(st.integers(0, 14), min_size=2, max_size=7), ONEWAY), min_size=1, max_size=8
    )
)
@examples(150)
def test_distances_between_junctions_equal_those_in_the_graph_of_all_segments(ways):
    nodes = {one: (116 + 0.01 * (one % 4), 40 + 0.01 * (one // 4)) for one in range(15)}
    whole = nx.DiGraph()
    for path, oneway in ways:
        for a, b in itertools.pairwise(path):
            km = GEOD.inv(*nodes[a], *nodes[b])[2] / 1000
            if a != b and oneway != "-1":
                whole.add_edge(a, b, km=km)
            if a != b and oneway != "yes":
                whole.add_edge(b, a, km=km)
    roads = [
        (n, path, MAIN | ({"oneway": oneway} if oneway else {})) for n, (path, oneway) in enumerate(ways, 1)
    ]
    try:
        network, _ = road.build(draw(nodes, roads))
    except SourceError:
        return
    schema.check(network)
    cut = nx.DiGraph()
    ids = network.nodes["osm_id"].to_numpy()
    for link in network.links.itertuples():
        ends = (ids[link.tail], ids[link.head])
        for a, b in (ends,) if link.oneway else (ends, ends[::-1]):
            if not cut.has_edge(a, b) or cut[a][b]["km"] > link.length_km:
                cut.add_edge(a, b, km=link.length_km)
    distances = dict(nx.all_pairs_dijkstra_path_length(whole, weight="km"))
    for a, found in nx.all_pairs_dijkstra_path_length(cut, weight="km"):
        wanted = {b: km for b, km in distances[a].items() if b in cut}
        assert found == pytest.approx(wanted)


def test_lines_end_at_their_nodes_and_have_the_length_of_the_link(everywhere):
    network, _ = road.build(everywhere)
    links, places = network.links, network.nodes.geometry.to_numpy()
    lines = links.geometry.to_numpy()
    assert (shapely.get_point(lines, 0) == places[links["tail"]]).all()
    assert (shapely.get_point(lines, -1) == places[links["head"]]).all()
    measured = np.array([GEOD.geometry_length(line) for line in lines]) / 1000
    assert links["length_km"].to_numpy() == pytest.approx(measured, rel=1e-6)


@pytest.fixture
def everywhere():
    """A lattice of irregular ways: in turn two-way, one-way forward, one-way backward."""
    rng = np.random.default_rng(5)
    nodes = {one: (116 + 0.02 * (one % 12), 40 + 0.02 * (one // 12)) for one in range(144)}
    nodes = {one: (x + rng.uniform(0, 0.01), y + rng.uniform(0, 0.01)) for one, (x, y) in nodes.items()}
    rows = [range(12 * k, 12 * k + 12) for k in range(0, 12, 3)] + [
        range(k, 144, 12) for k in range(0, 12, 3)
    ]
    values = ["", "yes", "-1", "no"]
    return draw(
        nodes, [(n, list(path), MAIN | {"oneway": values[n % 4]}) for n, path in enumerate(rows, start=1)]
    )


@pytest.mark.shared
@pytest.mark.parametrize(
    "name",
    thinned([
        "georust_liechtenstein.osm.pbf", "gh_andorra.osm.gz", "gh_andorra.osm.pbf", "gh_krems.osm.gz",
        "gh_north-bayreuth.osm.gz", "malta_2018.osm.pbf", "ors_heidelberg.osm.pbf", "osrm_monaco.osm.pbf",
        "pyosmium_example-test.pbf", "pyosmium_liechtenstein.osm.pbf", "r5_fiji-ferry.osm.pbf",
    ], 2),
)  # fmt: skip
def test_every_extract_gives_a_valid_network(shared_dir, name):
    elements = osm.read(shared_dir / "data" / "osm" / name)
    network, report = road.build(elements, country="EU")
    schema.check(network)
    assert report.links == len(network.links) > 100
    assert report.speeds.tagged + report.speeds.imputed == sum(report.directions.values()) - len(
        elements.ferries
    ) + sum(count for reason, count in report.dropped.items() if reason == "ferry_without_cars")


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "start", "goal", "minutes", "ferries"),
    [
        long_case("malta_2018.osm.pbf", (14.515, 35.899), (14.239, 36.044), (55, 95), 1),
        ("georust_liechtenstein.osm.pbf", (9.500, 47.068), (9.570, 47.220), (20, 35), 0),
        ("gh_andorra.osm.pbf", (1.522, 42.506), (1.733, 42.543), (25, 50), 0),
    ],
)
def test_places_of_real_extracts_are_joined_both_ways_in_plausible_times(
    shared_dir, name, start, goal, minutes, ferries
):
    """Valletta to Gozo over its ferry; along the borders of Liechtenstein; over the passes of Andorra."""
    network, _ = road.build(osm.read(shared_dir / "data" / "osm" / name), country="EU")
    links = impedance.add_travel_times(network).links
    ends = links[["tail", "head", "forward_s", "backward_s", "mode"]].itertuples(index=False)
    graph = nx.DiGraph()
    for tail, head, forward, backward, mode in ends:
        for a, b, seconds in ((tail, head, forward), (head, tail, backward)):
            if seconds >= 0 and seconds < graph.get_edge_data(a, b, {"s": np.inf})["s"]:
                graph.add_edge(a, b, s=seconds, mode=mode)
    joined = np.array(sorted(max(nx.strongly_connected_components(graph), key=len)))
    places = network.nodes.geometry.to_numpy()[joined]
    a, b = (int(joined[shapely.distance(places, shapely.Point(*place)).argmin()]) for place in (start, goal))
    for path in (nx.shortest_path(graph, a, b, "s"), nx.shortest_path(graph, b, a, "s")):
        steps = [graph[u][v] for u, v in itertools.pairwise(path)]
        assert minutes[0] <= sum(step["s"] for step in steps) / 60 <= minutes[1]
        assert sum(step["mode"] == "ferry" for step in steps) == ferries


@pytest.fixture(scope="module")
def region():
    """The roads of the default region."""
    with resources.as_file(
        resources.files("networks") / "regions" / "jing-jin-ji" / "network.osm.pbf"
    ) as path:
        return osm.read(path, rail=False)


def test_the_default_region_gives_a_valid_and_connected_network(region):
    network, report = road.build(region)
    schema.check(network)
    assert report.largest_component > 0.99
    assert set(report.length_km) >= {"motorway", "primary"}


def test_an_earlier_state_of_the_default_region_has_fewer_expressways(region):
    _, today = road.build(region)
    _, then = road.build(region, opened_by=date(2016, 3, 10))
    assert then.dropped["not_yet_open"] > 0
    assert then.length_km["motorway"] < today.length_km["motorway"]
    assert then.length_km["primary"] == today.length_km["primary"]
