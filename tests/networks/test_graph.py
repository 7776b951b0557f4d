"""Test the exchange of networks with networkx and OSMnx."""

from __future__ import annotations

import networkx as nx
import osmnx as ox
import pytest
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given
from hypothesis import strategies as st
from network_drawing import draw, times
from tiers import examples

from networks.errors import SchemaError
from networks.graph import from_graph, to_graph
from networks.schema import CLOSED


@pytest.fixture
def network():
    links = [(0, 1, 10, 10), (1, 2, 20, CLOSED), (0, 2, 50, 40), (0, 1, 12, 8)]
    return draw(links, count=3)


def test_each_open_direction_is_an_edge(network):
    graph = to_graph(network)
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (3, 7)


def test_edges_have_metres_seconds_and_their_link(network):
    edge = to_graph(network).edges[0, 1, 0]
    assert edge["length"] == pytest.approx(1000 / 6)
    assert (edge["travel_time"], edge["link"], edge["highway"]) == (10, 0, "primary")


def test_the_line_of_an_edge_runs_in_the_direction_of_travel(network):
    graph = to_graph(network)
    line = graph.edges[1, 0, 0]["geometry"]
    assert line.coords[0] == (graph.nodes[1]["x"], graph.nodes[1]["y"])


def test_osmnx_finds_the_fastest_route(network):
    graph = to_graph(network)
    assert ox.routing.shortest_path(graph, 0, 2, weight="travel_time") == [0, 1, 2]


def test_osmnx_converts_the_graph_to_tables(network):
    nodes, edges = ox.convert.graph_to_gdfs(to_graph(network))
    assert (len(nodes), len(edges), nodes.crs.to_epsg()) == (3, 7, 4326)


def test_osmnx_computes_its_statistics(network):
    stats = ox.stats.basic_stats(to_graph(network))
    assert (stats["n"], stats["m"]) == (3, 7)


def test_osmnx_finds_the_nearest_edge_of_a_projected_graph(network):
    graph = ox.project_graph(to_graph(network))
    assert ox.distance.nearest_nodes(graph, graph.nodes[2]["x"], graph.nodes[2]["y"]) == 2


def test_converting_to_a_graph_and_back_gives_the_same_network(network):
    network = network.replace(links=network.links.assign(tracks=range(len(network.links))))
    found = from_graph(to_graph(network))
    assert_geodataframe_equal(found.links, network.links)
    assert_geodataframe_equal(found.nodes, network.nodes)


def test_a_graph_of_osmnx_becomes_a_network_of_one_way_links():
    graph = nx.MultiDiGraph(crs="EPSG:4326")
    graph.add_node(7, x=116.0, y=39.0)
    graph.add_node(9, x=116.1, y=39.0)
    graph.add_edge(7, 9, osmid=[5, 6], length=1500.0, speed_kph=90.0, highway=["trunk", "primary"])
    found = from_graph(graph).links.iloc[0]
    assert (found["osm_id"], found["link_class"], found["length_km"], found["oneway"]) == (
        5,
        "trunk",
        1.5,
        True,
    )


def test_a_graph_without_lengths_and_speeds_names_what_adds_them():
    graph = nx.MultiDiGraph(crs="EPSG:4326")
    graph.add_node(7, x=116.0, y=39.0)
    graph.add_edge(7, 7)
    with pytest.raises(SchemaError, match=r"add_edge_lengths(.|\n)*osmnx\.add_edge_speeds"):
        from_graph(graph)


def test_a_graph_whose_nodes_have_no_position_is_rejected():
    graph = nx.MultiDiGraph(crs="EPSG:4326")
    graph.add_node(7, x=116.0)
    with pytest.raises(SchemaError, match="no x and y, the first is 7"):
        from_graph(graph)


def test_osmnx_saves_and_loads_the_graph(network, tmp_path):
    ox.io.save_graphml(to_graph(network), tmp_path / "graph.graphml")
    found = ox.io.load_graphml(tmp_path / "graph.graphml")
    assert ox.routing.shortest_path(found, 0, 2, weight="travel_time") == [0, 1, 2]


node = st.integers(0, 7)
link = st.tuples(node, node, st.integers(1, 50), st.one_of(st.just(CLOSED), st.integers(1, 50)))


@examples(60)
@given(links=st.lists(link, max_size=12))
def test_the_graph_has_the_times_of_the_network(links):
    network, graph = draw(links, count=8), to_graph(draw(links, count=8))
    found = nx.all_pairs_dijkstra_path_length(graph, weight="travel_time")
    assert {(a, b): s for a, reached in found for b, s in reached.items()} == times(network, range(8))


@examples(60)
@given(links=st.lists(link, max_size=12))
def test_converting_any_network_to_a_graph_and_back_keeps_its_times(links):
    network = draw(links, count=8)
    assert times(from_graph(to_graph(network)), range(8)) == times(network, range(8))
