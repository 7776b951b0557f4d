"""Infer sections of line from the stops of trains, where no map shows the tracks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx
import numpy as np
import pandas as pd
import pyproj
import shapely

from networks import schema
from networks.gtfs.parameters import GtfsParameters
from networks.network import Network
from networks.rail.parameters import RailParameters

FROM_TIMETABLE = "timetable"
"""Source of the speed of a section: that of the fastest train over it."""

type Ends = tuple[int, int]
"""Rows of two stations, the smaller first."""


@dataclass(frozen=True, slots=True)
class Sections:
    """Sections of line between neighbouring stations.

    Attributes
    ----------
    ends
        Rows of the two stations of each section.
    length_km
        Length of each section.
    run_s
        Seconds of the fastest train over each section.
    ways
        For each two consecutive stops of a train, the sections between them in order, from the smaller row.
    """

    ends: tuple[Ends, ...]
    length_km: tuple[float, ...]
    run_s: tuple[float, ...]
    ways: Mapping[Ends, tuple[int, ...]]


def infer_sections(
    hops: Mapping[Ends, int], places: Sequence[tuple[float, float]], parameters: GtfsParameters
) -> Sections:
    """Infer the sections of line from consecutive stops of trains.

    Short hops come first, and each is a section of its own, unless other sections lead from stop to stop
    nearly as straight and trains there are nearly as fast: then the train passes the stations between. The
    fastest train that runs over a section sets its running time.

    Parameters
    ----------
    hops
        Seconds of the fastest train from each stop to the next.
    places
        Longitude and latitude of each station, degrees.
    parameters
        What is nearly as straight and nearly as fast.
    """
    straight = dict(zip(hops, straight_km(places, list(hops)), strict=True))
    graph = nx.Graph()
    nodes: dict[Ends, list[int]] = {}
    for ends in sorted(hops, key=lambda pair: (straight[pair], pair)):
        way = _way(graph, ends, straight[ends], hops[ends], parameters)
        if way is None:
            graph.add_edge(*ends, km=straight[ends], run_s=hops[ends])
            way = list(ends)
        nodes[ends] = way
    number = {pair: at for at, pair in enumerate(sorted(_in_order(*ends) for ends in graph.edges))}
    factor = parameters.route_factor
    length_km = [max(straight[pair] * factor, 1e-3) for pair in number]
    ways = {ends: tuple(number[_in_order(*pair)] for pair in pairwise(over)) for ends, over in nodes.items()}
    fastest = [float("inf")] * len(number)
    for ends, own in ways.items():
        whole_km = sum(length_km[section] for section in own)
        for section in own:
            fastest[section] = min(fastest[section], hops[ends] * length_km[section] / whole_km)
    return Sections(tuple(number), tuple(length_km), tuple(fastest), ways)


def _in_order(a: int, b: int) -> Ends:
    return (a, b) if a <= b else (b, a)


def straight_km(places: Sequence[tuple[float, float]], pairs: Sequence[Ends]) -> list[float]:
    """Return the distances of pairs of places over the ellipsoid, km."""
    at = np.array(places, dtype=np.float64).reshape(-1, 2)
    rows = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    metres = pyproj.Geod(ellps="WGS84").inv(*at[rows[:, 0]].T, *at[rows[:, 1]].T)[2]
    return [float(km) for km in np.asarray(metres) / 1000.0]


def _way(
    graph: nx.Graph, ends: Ends, least_km: float, run_s: int, parameters: GtfsParameters
) -> list[int] | None:
    """Return the stations over which a train runs between two stops, None if it has a section of its own."""
    if ends[0] not in graph or ends[1] not in graph:
        return None
    try:
        way: list[int] = nx.bidirectional_dijkstra(graph, *ends, weight="km")[1]
    except nx.NetworkXNoPath:
        return None
    pairs = [graph.edges[pair] for pair in pairwise(way)]
    if sum(edge["km"] for edge in pairs) > parameters.section_detour * least_km:
        return None
    stopping_s = sum(edge["run_s"] for edge in pairs) - parameters.stop_loss_s * (len(pairs) - 1)
    return way if run_s >= parameters.section_least_time * stopping_s else None


def section_links(
    sections: Sections,
    places: Sequence[tuple[float, float]],
    nodes: Sequence[int],
    rail: RailParameters,
) -> dict[str, object]:
    """Return the columns of the links of sections.

    Parameters
    ----------
    sections
        The sections.
    places
        Longitude and latitude of each station, degrees.
    nodes
        Row of the nodes of each station.
    rail
        Classes, and the ratio of running speed to design speed: a section has the design speed at which its
        fastest train, by this ratio, takes the time that it takes, time lost at stops included.
    """
    count = len(sections.ends)
    length_km, run_s = np.array(sections.length_km), np.array(sections.run_s)
    speed = length_km / (rail.running.factor * run_s / 3600.0)
    speed = np.clip(speed, schema.LEAST_SPEED_KMH, schema.MOST_SPEED_KMH)
    seconds = np.maximum(np.rint(run_s), 1).astype(np.int64)
    return {
        "tail": [nodes[a] for a, _ in sections.ends],
        "head": [nodes[b] for _, b in sections.ends],
        "mode": ["rail"] * count,
        "link_class": [rail.class_of_speed(float(kmh)) for kmh in speed],
        "length_km": length_km,
        "speed_kmh": speed,
        "speed_source": [FROM_TIMETABLE] * count,
        "oneway": np.zeros(count, dtype=bool),
        "forward_s": seconds,
        "backward_s": seconds,
        "osm_id": np.zeros(count, dtype=np.int64),
        "name": [""] * count,
        "ref": [""] * count,
        "tracks": np.zeros(count, dtype=np.int64),
        "start_date": [""] * count,
        "geometry": [shapely.LineString([places[a], places[b]]) for a, b in sections.ends],
    }


def extended(network: Network, nodes: dict[str, object], links: dict[str, object]) -> Network:
    """Return a network with further nodes and links at its end.

    Parameters
    ----------
    network
        The network.
    nodes, links
        Columns of the contract (`networks.schema`).
    """
    more = (schema.table(nodes, schema.NODES), schema.table(links, schema.LINKS))
    old = (network.nodes, network.links)
    both = [pd.concat([a, b], ignore_index=True) if len(b) else a for a, b in zip(old, more, strict=True)]
    return Network(nodes=schema.table(both[0], schema.NODES), links=schema.table(both[1], schema.LINKS))
