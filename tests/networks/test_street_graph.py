"""Test street graphs of OSMnx as elements of a map."""

from __future__ import annotations

import networkx as nx
import osmnx as ox
import pytest
import shapely
from osm_drawing import write

from networks import impedance, road
from networks.errors import SourceError
from networks.graph import from_graph, read_graph, streets
from networks.osm import read
from networks.osm.tags import BARRIER_KEYS, LENGTH_FACTOR, ROAD_KEYS
from networks.schema import CLOSED

NODES = {
    1: (8.0, 50.0), 2: (8.01, 50.002), 3: (8.02, 50.0), 4: (8.03, 50.003), 5: (8.04, 50.0),
    6: (8.02, 50.01), 7: (8.03, 50.02), 8: (8.05, 50.0), 9: (8.06, 50.01),
}  # fmt: skip
WAYS = [
    (10, (1, 2, 3), {"highway": "primary", "maxspeed": "70"}),
    (11, (3, 4, 5), {"highway": "primary", "maxspeed": "50"}),
    (12, (3, 6, 7), {"highway": "tertiary"}),
    (13, (7, 5), {"highway": "trunk", "oneway": "yes", "maxspeed": "100"}),
    (14, (5, 3), {"highway": "secondary", "oneway": "-1"}),
    (15, (8, 5), {"highway": "residential"}),
    (16, (7, 9), {"highway": "secondary"}),
    (17, (9, 8), {"highway": "secondary", "access": "private"}),
]


@pytest.fixture
def drawn(tmp_path):
    """A small map with bends, one-way roads in both senses, a loop, and roads of several limits."""
    return write(tmp_path / "drawn.osm", nodes=NODES, ways=WAYS)


def build(elements, **options):
    return impedance.add_travel_times(road.build(elements, country="DE", **options)[0])


def arcs(network):
    """Return the directed links between nodes with an OSM id, with km and seconds."""
    osm_id, links = network.nodes["osm_id"].to_numpy(), network.links
    rows = zip(
        osm_id[links["tail"]].tolist(), osm_id[links["head"]].tolist(), links["length_km"].round(6),
        links["forward_s"], links["backward_s"], strict=True,
    )  # fmt: skip
    found = [
        arc
        for tail, head, km, there, back in rows
        for arc in ((tail, head, km, there), (head, tail, km, back))
        if arc[3] != CLOSED
    ]
    return sorted(found)


def test_a_graph_as_mapped_gives_the_network_of_its_extract(drawn):
    graph = ox.graph_from_xml(drawn, simplify=False, retain_all=True)
    assert arcs(build(read_graph(graph))) == arcs(build(read(drawn)))


def test_a_graph_simplified_within_ways_gives_the_network_of_its_extract(drawn):
    graph = ox.graph_from_xml(drawn, simplify=False, retain_all=True)
    simplified = ox.simplify_graph(graph, edge_attrs_differ=["osmid"])
    assert arcs(build(read_graph(simplified))) == arcs(build(read(drawn)))


def test_a_saved_graph_gives_the_same_network(drawn, tmp_path):
    graph = ox.graph_from_xml(drawn, retain_all=True)
    ox.save_graphml(graph, tmp_path / "g.graphml")
    assert arcs(build(read_graph(tmp_path / "g.graphml"))) == arcs(build(read_graph(graph)))


def test_two_edges_of_a_street_are_one_way_again(drawn):
    found = streets(ox.graph_from_xml(drawn, simplify=False, retain_all=True))
    assert sum(street.back is not None for street in found) == 9
    assert sum(street.back is None for street in found) == 2
    assert all(street.data["reversed"] is False for street in found)


def test_an_edge_of_two_limits_takes_the_time_of_equal_parts(drawn):
    graph = nx.MultiDiGraph(crs="EPSG:4326", simplified=True)
    graph.add_node(1, x=8.0, y=50.0)
    graph.add_node(2, x=8.0, y=51.0)
    for tail, head in ((1, 2), (2, 1)):
        data = {"osmid": [5, 6], "highway": "primary", "maxspeed": ["50", "100"], "length": 111_195.0}
        graph.add_edge(tail, head, **data, oneway=False, reversed=tail == 2)
    links = build(read_graph(graph)).links
    assert sorted(links["speed_kmh"].round(1)) == sorted(
        build(read_graph(one_limit(graph, limit))).links["speed_kmh"].round(1).item()
        for limit in ("50", "100")
    )
    assert links["length_km"].max() == pytest.approx(links["length_km"].min(), rel=0.01)


def one_limit(graph, limit):
    changed = graph.copy()
    nx.set_edge_attributes(changed, limit, "maxspeed")
    return changed


def test_classes_that_are_not_asked_for_do_not_break_an_edge(drawn):
    graph = nx.MultiDiGraph(crs="EPSG:4326", simplified=True)
    graph.add_node(1, x=8.0, y=50.0)
    graph.add_node(2, x=8.0, y=51.0)
    graph.add_edge(1, 2, osmid=[5, 6], highway=["residential", "primary"], length=111_195.0, oneway=True)
    elements = read_graph(graph)
    assert [tags["highway"] for tags in elements.roads.tags] == ["primary"]


def test_parallel_edges_stay_apart_and_loops_are_counted(drawn):
    graph = nx.MultiDiGraph(crs="EPSG:4326", simplified=True)
    graph.add_node(1, x=8.0, y=50.0)
    graph.add_node(2, x=8.0, y=50.1)
    line = {"highway": "primary", "oneway": False, "osmid": 4}
    for length in (11_120.0, 15_000.0):
        graph.add_edge(1, 2, **line, length=length, reversed=False)
        graph.add_edge(2, 1, **line, length=length, reversed=True)
    loop = shapely.LineString([(8.0, 50.0), (8.002, 50.0), (8.0, 50.001), (8.0, 50.0)])
    graph.add_edge(1, 1, **line, length=500.0, geometry=loop, reversed=False)
    graph.add_edge(1, 1, **line, length=500.0, geometry=loop.reverse(), reversed=True)
    network, report = road.build(read_graph(graph), country="DE")
    assert sorted(network.links["length_km"].round(1)) == [11.1, 15.0]
    assert not network.links["oneway"].any()
    assert report.dropped == {"loop": 1}


def test_a_stated_length_counts_where_there_is_no_line():
    graph = nx.MultiDiGraph(crs="EPSG:4326", simplified=True)
    graph.add_node(1, x=8.0, y=50.0)
    graph.add_node(2, x=8.0, y=50.1)
    graph.add_edge(1, 2, osmid=4, highway="primary", length=16_000.0, oneway=True, reversed=False)
    assert build(read_graph(graph)).links["length_km"].item() == pytest.approx(16, rel=0.005)


def test_a_stated_length_that_hardly_differs_leaves_the_length_of_the_line():
    graph = nx.MultiDiGraph(crs="EPSG:4326", simplified=True)
    graph.add_node(1, x=8.0, y=50.0)
    graph.add_node(2, x=8.0, y=50.1)
    graph.add_edge(1, 2, osmid=4, highway="primary", length=11_150.0, oneway=True, reversed=False)
    assert LENGTH_FACTOR not in read_graph(graph).roads.tags[0]


def test_an_edge_without_its_other_direction_is_one_way():
    graph = nx.MultiDiGraph(crs="EPSG:4326", simplified=True)
    graph.add_node(1, x=8.0, y=50.0)
    graph.add_node(2, x=8.0, y=50.1)
    graph.add_edge(1, 2, osmid=4, highway="primary", length=11_120.0, oneway=False, reversed=False)
    assert build(read_graph(graph)).links["oneway"].item()


def test_a_projected_and_consolidated_graph_is_read_in_degrees(drawn):
    graph = ox.project_graph(ox.graph_from_xml(drawn, retain_all=True))
    joined = ox.consolidate_intersections(graph, tolerance=10)
    network = build(read_graph(joined))
    assert network.links["length_km"].sum() == pytest.approx(
        build(read_graph(ox.graph_from_xml(drawn, retain_all=True))).links["length_km"].sum(), rel=0.01
    )
    assert set(network.nodes["osm_id"]) == {0}


@pytest.fixture
def more_tags(monkeypatch):
    """Let OSMnx keep all tags that are read of an extract."""
    monkeypatch.setattr(ox.settings, "useful_tags_way", sorted(ROAD_KEYS))
    monkeypatch.setattr(ox.settings, "useful_tags_node", sorted(BARRIER_KEYS))


@pytest.mark.parametrize("simplify", [True, False])
def test_ferries_keep_their_time(more_tags, tmp_path, simplify):
    ways = [*WAYS[:2], (20, (5, 8, 9), {"route": "ferry", "duration": "01:30", "motor_vehicle": "yes"})]
    drawn = write(tmp_path / "ferry.osm", nodes=NODES, ways=ways)
    graph = ox.graph_from_xml(drawn, simplify=simplify, retain_all=True)
    ferries = [build(elements) for elements in (read_graph(graph), read(drawn))]
    times = [one.links.loc[one.links["mode"] == "ferry", "forward_s"].sum() for one in ferries]
    assert times[0] == times[1] > 5400


def test_a_barrier_stops_cars_where_osmnx_keeps_its_tag(more_tags, tmp_path):
    drawn = write(tmp_path / "b.osm", nodes=NODES, ways=WAYS[:2], node_tags={2: {"barrier": "bollard"}})
    graph = ox.graph_from_xml(drawn, simplify=False, retain_all=True)
    assert arcs(build(read_graph(graph))) == arcs(build(read(drawn)))
    assert len(read_graph(graph).barriers) == 1


def test_of_several_access_values_the_strictest_counts():
    graph = nx.MultiDiGraph(crs="EPSG:4326", simplified=True)
    graph.add_node(1, x=8.0, y=50.0)
    graph.add_node(2, x=8.0, y=50.1)
    data = {"osmid": [1, 2], "highway": "primary", "length": 11_120.0, "access": ["yes", "no"]}
    graph.add_edge(1, 2, **data, oneway=True, reversed=False)
    with pytest.raises(SourceError, match="No roads are left"):
        build(read_graph(graph))


def test_names_lose_characters_that_a_terminal_obeys():
    graph = nx.MultiDiGraph(crs="EPSG:4326", simplified=True)
    graph.add_node(1, x=8.0, y=50.0)
    graph.add_node(2, x=8.0, y=50.1)
    name = "A\x1b[31m\u202eB"
    graph.add_edge(1, 2, osmid=1, highway="primary", name=name, length=11_120.0, speed_kph=50.0, oneway=True)
    assert build(read_graph(graph)).links["name"].item() == "A[31mB"
    assert from_graph(graph).links["name"].item() == "A[31mB"


def test_a_graph_without_roads_says_what_it_has():
    graph = nx.MultiDiGraph(crs="EPSG:4326", simplified=True)
    graph.add_node(1, x=8.0, y=50.0)
    graph.add_edge(1, 1, osmid=4, highway="footway", length=5.0, oneway=True, reversed=False)
    with pytest.raises(SourceError, match=r"none of the road classes.*\n.*\n.*footway"):
        read_graph(graph)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<osm version='0.6'></osm>",
        "<!DOCTYPE x [<!ENTITY a 'b'>]><graphml>&a;</graphml>",
        "<graphml xmlns='http://graphml.graphdrawing.org/xmlns'><graph edgedefault='directed'><node id='x'",
        "<graphml xmlns='http://graphml.graphdrawing.org/xmlns'><graph edgedefault='directed'/></graphml>",
    ],
)
def test_a_file_that_is_no_graph_is_refused(tmp_path, text):
    (tmp_path / "g.graphml").write_text(text)
    with pytest.raises(SourceError, match="the graph cannot be read"):
        read_graph(tmp_path / "g.graphml")


def test_the_speeds_of_a_graph_become_two_way_links(drawn):
    graph = ox.add_edge_travel_times(ox.add_edge_speeds(ox.graph_from_xml(drawn, retain_all=True)))
    network = from_graph(graph)
    pair = network.links[~network.links["oneway"]]
    assert len(pair) == sum(street.back is not None for street in streets(graph))
    assert (pair["forward_s"] > 0).all()
    assert (pair["backward_s"] > 0).all()


@pytest.mark.long
@pytest.mark.shared
def test_a_graph_of_a_real_map_agrees_with_it(shared_dir):
    import numpy as np

    from benchmarks.osmnx_graphs import compared

    for one in compared(shared_dir / "data" / "osm" / "osrm_monaco.osm.pbf"):
        assert one.km == pytest.approx(one.km_expected, rel=0.005)
        assert np.median(one.ratios) == pytest.approx(1.0, abs=0.01)
