"""Draw small regions whose roads, railways and cities are plain numbers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import fields

import networkx as nx
import numpy as np
import pandas as pd
import shapely

from networks import cities as city_tables
from networks import intermodal, schema, skims
from networks.cities import Cities
from networks.impedance import add_travel_times
from networks.rail import RailBuild, RailReport
from networks.schema import Network, Services
from networks.skims import TimeGraph, time_matrix
from optimiser.proposals.base_case import BaseCase
from optimiser.proposals.costs import Cost, builtin_cost_table
from optimiser.proposals.shortest_times import times_between
from optimiser.proposals.table import Candidates, Item, Proposal, assemble
from optimiser.proposals.terrain import PLAIN

KM = 1.0 / 111.195
"""Degrees of latitude, or of longitude at the equator, that make about one km."""


def network(
    spots: Sequence[tuple[float, float]],
    links: Sequence[tuple[int, int, str, float, float]],
    mode: str = "road",
) -> Network:
    """Draw spots in km east and north of 0, 0 and links (tail, head, class, length_km, speed_kmh)."""
    at = np.array(spots, dtype=float).reshape(-1, 2) * KM
    count = len(links)
    nodes = {
        "osm_id": [0] * len(at),
        "kind": ["junction"] * len(at),
        "name": [f"n{i}" for i in range(len(at))],
    }
    table = {
        "tail": [link[0] for link in links],
        "head": [link[1] for link in links],
        "mode": [mode] * count,
        "link_class": [link[2] for link in links],
        "length_km": [float(link[3]) for link in links],
        "speed_kmh": [float(link[4]) for link in links],
        "speed_source": [""] * count,
        "oneway": [False] * count,
        "forward_s": [0] * count,
        "backward_s": [0] * count,
        "osm_id": [0] * count,
        "name": [""] * count,
        "ref": [""] * count,
        "tracks": [0] * count,
        "start_date": [""] * count,
        "geometry": [shapely.LineString([at[link[0]], at[link[1]]]) for link in links],
    }
    drawn = Network(
        nodes=schema.table({**nodes, "geometry": shapely.points(at)}, schema.NODES),
        links=schema.table(table, schema.LINKS),
    )
    return add_travel_times(drawn)


def cities(road: Network, places: Sequence[tuple[str, tuple[float, float], int, int]]) -> Cities:
    """Draw cities (id, place in km, population, road node)."""
    at = np.array([place for _, place, _, _ in places], dtype=float) * KM
    table = city_tables.build(
        {
            "city_id": [name for name, *_ in places],
            "name": [name.title() for name, *_ in places],
            "population": [people for _, _, people, _ in places],
            "tier": city_tables.DEFAULT_THRESHOLDS.tier([people for _, _, people, _ in places]),
            "population_definition": [""] * len(places),
            "source": ["drawn"] * len(places),
        },
        lon=at[:, 0],
        lat=at[:, 1],
    ).table
    nodes = [node for *_, node in places]
    return Cities(table.assign(road_node=np.array(nodes, dtype=np.int64), road_snap_km=np.zeros(len(nodes))))


def four_in_line() -> tuple[Network, Cities]:
    """Draw four cities 100 km apart in a line, two hours by road from one to the next, and their road."""
    road = network(
        [(0, 0), (100, 0), (200, 0), (300, 0)],
        [(0, 1, "primary", 100, 50), (1, 2, "primary", 100, 50), (2, 3, "primary", 100, 50)],
    )
    places = [
        ("a", (0, 0), 9_000_000, 0),
        ("b", (100, 0), 900_000, 1),
        ("c", (200, 0), 800_000, 2),
        ("d", (300, 0), 90_000, 3),
    ]
    return road, cities(road, places)


def railway(tracks: Network, lines: Sequence[tuple[str, int, Sequence[int], Sequence[int]]]) -> RailBuild:
    """Draw services (class, headway, nodes, running seconds) on tracks whose nodes are all stations."""
    stops = [
        (at, seq, node, run)
        for at, (_, _, nodes, runs) in enumerate(lines)
        for seq, (node, run) in enumerate(zip(nodes, runs, strict=True))
    ]
    services = Services(
        lines=pd.DataFrame(
            {
                "service_id": [f"s{at}" for at in range(len(lines))],
                "name": [f"line {at}" for at in range(len(lines))],
                "link_class": [line[0] for line in lines],
                "headway_s": np.array([line[1] for line in lines], dtype=np.int64),
                "headway_source": ["tag"] * len(lines),
                "known_times": [False] * len(lines),
            }
        ),
        stops=pd.DataFrame(
            {
                "service": np.array([stop[0] for stop in stops], dtype=np.int64),
                "seq": np.array([stop[1] for stop in stops], dtype=np.int64),
                "node": np.array([stop[2] for stop in stops], dtype=np.int64),
                "run_s": np.array([stop[3] for stop in stops], dtype=np.int64),
                "length_km": np.full(len(stops), 10.0),
                "stop_s": np.zeros(len(stops), dtype=np.int64),
            }
        ),
        routes=routes(tracks, [line[2] for line in lines]),
    )
    count = len(tracks.nodes)
    report = RailReport(**dict.fromkeys((field.name for field in fields(RailReport)), 0))
    stations = pd.DataFrame({"node": np.arange(count, dtype=np.int64), "name": tracks.nodes["name"]})
    return RailBuild(network=tracks, services=services, stations=stations, report=report)


def routes(tracks: Network, lines: Sequence[Sequence[int]]) -> pd.DataFrame:
    """Draw the links of services that call at some nodes: the shortest way from each to the next."""
    graph = nx.Graph()
    for link, row in enumerate(tracks.links.itertuples()):
        graph.add_edge(row.tail, row.head, km=row.length_km, link=link)
    found = set()
    for service, nodes in enumerate(lines):
        for ends in itertools.pairwise(nodes):
            way = nx.shortest_path(graph, *ends, weight="km") if nx.has_path(graph, *ends) else []
            found |= {(service, graph.edges[hop]["link"]) for hop in itertools.pairwise(way)}
    return pd.DataFrame(sorted(found), columns=["service", "link"]).astype("int64")


def base_case(
    road: Network,
    places: Cities,
    rail: RailBuild | None = None,
    *,
    limit_s: int = 3600,
    definition: str = "door_to_door",
) -> BaseCase:
    """Join everything as a job does."""
    graph = intermodal.join(road, rail, places, definition=definition)
    return BaseCase(
        graph=graph,
        cities=places.table,
        road=road,
        rail=None if rail is None else rail.network,
        services=None if rail is None else rail.services,
        skim=skims.travel_times(graph),
        limit_s=limit_s,
    )


def with_arcs(graph: TimeGraph, added):
    """Return city to city seconds with arcs added to a graph."""
    names = list(graph.nodes["node_id"])
    names += sorted({name for arc in added for name in arc[:2]} - set(names))
    row = {name: at for at, name in enumerate(names)}
    tail = np.concatenate([graph.tail, np.array([row[a] for a, _, _ in added], dtype=np.int64)])
    head = np.concatenate([graph.head, np.array([row[b] for _, b, _ in added], dtype=np.int64)])
    seconds = np.concatenate([graph.seconds, np.array([s for *_, s in added], dtype=np.int64)])
    found = times_between(time_matrix(len(names), tail, head, seconds), graph.origin, graph.destination)
    np.fill_diagonal(found, 0)
    return found


def proposal(name, a, b, seconds, *, cost=10, ends=("A", "B"), kind="road_link"):
    """Draw a road between two road nodes as a proposal with a cost of its own."""
    return Proposal(
        candidate_id=name,
        kind=kind,
        instrument="infrastructure",
        mode="road",
        from_name=ends[0],
        to_name=ends[1],
        length_km=10.0,
        speed_kmh=100.0,
        standard="expressway-4",
        why="drawn",
        geometry=shapely.LineString([(0, 0), (0.1, 0)]),
        arcs=((f"road:{a}", f"road:{b}", seconds), (f"road:{b}", f"road:{a}", seconds)),
        items=(Item("expressway-4", 10.0),),
        cost=Cost(cost, cost, cost),
    )


def table(*proposals: Proposal) -> Candidates:
    """Put proposals in tables, in the plain."""
    return assemble(proposals, builtin_cost_table(), PLAIN)
