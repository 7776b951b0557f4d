"""Test that functions of OSMnx accept the graph of a real network, which can be read back afterwards."""

from __future__ import annotations

import importlib.util

import networkx as nx
import numpy as np
import osmnx as ox
import pytest
from geopandas.testing import assert_geodataframe_equal

import networks
from networks import regions
from networks.graph import from_graph, load_graphml, streets, to_graph
from networks.schema import CLOSED

BOX = (116.0, 39.3, 117.4, 40.3)
"""Beijing, Langfang and Tianjin."""


@pytest.fixture(scope="module")
def network():
    """The roads of the embedded region in a box, contracted."""
    elements = networks.osm.read(regions.read("jing-jin-ji").network, rail=False)
    roads = networks.add_travel_times(networks.road.build(elements, country="CN")[0])
    west, south, east, north = BOX
    ends = roads.nodes.cx[west:east, south:north].index
    inside = roads.links["tail"].isin(ends) & roads.links["head"].isin(ends)
    part = roads.with_links(inside.to_numpy())
    found = networks.contract(part, keep=np.zeros(0, np.int64)).network
    # The embedded map has no one-way roads: close one direction of some.
    oneway = found.links.index % 7 == 0
    backward = found.links["backward_s"].mask(oneway, CLOSED)
    return found.replace(links=found.links.assign(oneway=oneway, backward_s=backward))


@pytest.fixture(scope="module")
def graph(network):
    return to_graph(network)


def test_the_network_is_real(network):
    assert len(network.links) > 100
    assert network.links["oneway"].any()
    assert not network.links["oneway"].all()


def test_speeds_of_osmnx_are_those_of_the_network(network, graph):
    found = from_graph(ox.routing.add_edge_speeds(graph.copy())).links
    assert found["speed_kmh"].to_numpy() == pytest.approx(network.links["speed_kmh"].to_numpy())


def test_travel_times_of_osmnx_are_those_of_the_network(network, graph):
    timed = ox.routing.add_edge_travel_times(graph.copy())
    found = from_graph(timed).links
    # A contracted link has the sum of whole seconds of its parts, and OSMnx divides its length by its speed.
    ratio = (found["forward_s"] / network.links["forward_s"]).to_numpy()
    assert np.median(ratio) == pytest.approx(1.0, abs=0.01)
    assert (found["forward_s"] > 0).all()


@pytest.mark.long
def test_consolidated_intersections_are_read_back(network, graph):
    joined = ox.simplification.consolidate_intersections(ox.project_graph(graph), tolerance=500)
    assert len(joined) < len(graph)
    found = from_graph(joined)
    assert 0.8 < found.links["length_km"].sum() / network.links["length_km"].sum() < 1.2
    assert found.nodes.total_bounds == pytest.approx(network.nodes.total_bounds, abs=0.02)
    assert (found.links["forward_s"] > 0).any()


@pytest.mark.long
def test_statistics_of_osmnx_agree_with_the_network(network, graph):
    stats = ox.stats.basic_stats(graph)
    km = network.links["length_km"].to_numpy() * np.where(network.links["oneway"], 1, 2)
    assert (stats["n"], stats["m"]) == (len(network.nodes), graph.number_of_edges())
    assert stats["edge_length_total"] / 1000 == pytest.approx(km.sum())
    assert stats["street_length_total"] / 1000 == pytest.approx(network.links["length_km"].sum(), rel=1e-6)


def test_shortest_paths_of_osmnx_are_those_of_the_network(network, graph):
    origin, target = network.links["tail"].iloc[0], network.links["head"].iloc[-1]
    path = ox.routing.shortest_path(graph, origin, target, weight="travel_time")
    assert path is not None
    taken = ox.routing.route_to_gdf(graph, path, weight="travel_time")["travel_time"].sum()
    assert taken == nx.shortest_path_length(graph, origin, target, weight="travel_time")


@pytest.mark.long
@pytest.mark.skipif(importlib.util.find_spec("matplotlib") is None, reason="matplotlib is not here")
def test_osmnx_draws_the_graph(graph, tmp_path):
    picture = tmp_path / "graph.png"
    ox.plot.plot_graph(graph, show=False, close=True, save=True, filepath=picture, node_size=0)
    assert picture.stat().st_size > 10_000


def test_a_saved_graph_is_read_back_unchanged(network, graph, tmp_path):
    ox.io.save_graphml(graph, tmp_path / "graph.graphml")
    assert ox.io.load_graphml(tmp_path / "graph.graphml").number_of_edges() == graph.number_of_edges()
    found = from_graph(load_graphml(tmp_path / "graph.graphml"))
    assert_geodataframe_equal(found.links, network.links, check_like=True, check_less_precise=True)
    assert_geodataframe_equal(found.nodes, network.nodes, check_like=True, check_less_precise=True)


def test_tables_of_osmnx_become_the_graph_again(network, graph):
    nodes, edges = ox.convert.graph_to_gdfs(graph)
    assert len(edges) == graph.number_of_edges()
    again = ox.convert.graph_from_gdfs(nodes, edges, graph_attrs=graph.graph)
    found = from_graph(again)
    assert sorted(found.links["forward_s"]) == sorted(network.links["forward_s"])
    assert found.links["oneway"].sum() == network.links["oneway"].sum()


def test_the_largest_component_and_a_truncated_graph_keep_their_streets(network, graph):
    part = ox.truncate.truncate_graph_bbox(ox.truncate.largest_component(graph), (116.2, 39.5, 117.2, 40.1))
    found = from_graph(part)
    assert len(found.links) == len(streets(part))
    assert not found.links["oneway"].all()
