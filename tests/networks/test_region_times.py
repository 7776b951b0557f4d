"""Test the times of the embedded region against networkx, and before against after contraction."""

from __future__ import annotations

from importlib.resources import files

import networkx as nx
import numpy as np
import pytest

from networks import cities, impedance, intermodal, osm, rail, road, skims
from networks.cities import Cities
from networks.simplify import contract
from networks.skims import UNREACHABLE

REGION = files("networks") / "regions" / "jing-jin-ji"


@pytest.fixture(scope="module")
def region():
    """Return roads, railways and snapped cities of the region."""
    elements = osm.read(str(REGION / "network.osm.pbf"))
    roads = impedance.add_travel_times(road.build(elements, country="CN")[0])
    found = cities.load_csv(str(REGION / "cities.csv"))
    railways = rail.build(elements, parameters=rail.RailParameters.default("CN"))
    return roads, railways, cities.snap(found, roads).cities


@pytest.fixture(scope="module")
def contracted(region):
    roads, _, places = region
    found = contract(roads, keep=places.table["road_node"].to_numpy())
    moved = places.table.assign(road_node=found.node_map[places.table["road_node"].to_numpy()])
    return found, Cities(moved)


@pytest.mark.long
def test_contraction_keeps_every_road_time_between_cities(region, contracted):
    roads, _, places = region
    found, moved = contracted
    before = skims.travel_times(intermodal.join(roads, None, places, definition="in_vehicle"))
    after = skims.travel_times(intermodal.join(found.network, None, moved, definition="in_vehicle"))
    assert len(found.network.links) < len(roads.links)
    assert np.array_equal(before, after)


@pytest.mark.long
def test_the_length_of_a_joined_link_is_the_sum_of_its_parts(region, contracted):
    length = region[0].links["length_km"].to_numpy()
    found = contracted[0]
    parts = np.add.reduceat(length[found.member], found.member_ptr[:-1])
    assert found.network.links["length_km"].to_numpy() == pytest.approx(parts)


@pytest.mark.long
@pytest.mark.parametrize("definition", ["door_to_door", "in_vehicle"])
def test_the_skim_agrees_with_networkx_on_a_sample(region, contracted, definition):
    graph = intermodal.join(contracted[0].network, region[1], contracted[1], definition=definition)
    skim = skims.travel_times(graph)
    other = nx.MultiDiGraph()
    other.add_nodes_from(range(len(graph.nodes)))
    arcs = zip(graph.tail.tolist(), graph.head.tolist(), graph.seconds.tolist(), strict=True)
    other.add_weighted_edges_from(arcs, weight="seconds")
    for row in np.random.default_rng(1).choice(len(skim), 3, replace=False):
        reached = nx.single_source_dijkstra_path_length(other, graph.origin[row], weight="seconds")
        expected = [reached.get(end, UNREACHABLE) for end in graph.destination.tolist()]
        expected[row] = 0
        assert skim[row].tolist() == expected
