"""Take from a network what exists at the standard of a ring, and join what one junction consists of."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from networks.network import Network
from optimiser.proposals.candidates.neighbours import project
from optimiser.proposals.rings.graph import GraphLink, GraphNode, RingGraph
from optimiser.proposals.rings.rules import RingRules

SLIP = "_link"
"""What the class of a slip road ends in."""


def standard_graph(network: Network, rules: RingRules) -> RingGraph:
    """Return the links of a network that are at the standard of a ring, junctions joined.

    Slip roads of the classes belong to them, however slow. A junction of expressways consists of many nodes:
    those that short slip roads join, and ends of slip roads that lie beside each other, are one node. So the
    two carriageways of an expressway become parallel links between the same junctions.

    Parameters
    ----------
    network
        Road or rail network.
    rules
        Mode, classes and speed of the standard.

    Returns
    -------
    RingGraph
        Its nodes have the ids that the time graph gives to nodes of the network; nothing is contracted.
    """
    links = network.links
    at_class, slip = np.ones(len(links), dtype=bool), np.zeros(len(links), dtype=bool)
    if rules.classes:
        at_class = links["link_class"].isin(rules.classes).to_numpy()
        slip = links["link_class"].isin([f"{name}{SLIP}" for name in rules.classes]).to_numpy()
    fast = links["speed_kmh"].to_numpy(dtype=np.float64) >= rules.speed_kmh
    used = (links["mode"] == rules.mode).to_numpy() & ((at_class & fast) | slip)
    rows = np.flatnonzero(used)
    prefix = "road" if rules.mode == "road" else "station"
    points = network.nodes.geometry
    ends = links[["tail", "head"]].to_numpy(dtype=np.int64)[rows]
    kept = np.unique(ends)
    stops = rules.mode == "road" or (network.nodes["kind"] == "station").to_numpy()
    nodes = tuple(
        GraphNode(
            key=f"{prefix}:{row}",
            lon=float(points.iloc[row].x),
            lat=float(points.iloc[row].y),
            can_stop=bool(stops if isinstance(stops, bool) else stops[row]),
        )
        for row in kept.tolist()
    )
    new = {row: position for position, row in enumerate(kept.tolist())}
    table = links.iloc[rows]
    columns = (table.geometry, table["length_km"], table["ref"], table["name"])
    graph = RingGraph(
        nodes,
        tuple(
            GraphLink(new[a], new[b], line, float(km), str(ref) or str(name))
            for (a, b), line, km, ref, name in zip(ends.tolist(), *columns, strict=True)
        ),
    )
    return _joined(graph, slip[rows].tolist(), rules)


def _joined(graph: RingGraph, slip: list[bool], rules: RingRules) -> RingGraph:
    """Let the nodes of each junction be one, at the place of the first of them."""
    if not any(slip):
        return graph
    pairs = [
        (link.tail, link.head)
        for link, is_slip in zip(graph.links, slip, strict=True)
        if is_slip and link.length_km <= rules.slip_km
    ]
    pairs += _beside(graph, slip, rules.junction_km)
    count = len(graph.nodes)
    two = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    graph_of = coo_array((np.ones(len(two)), (two[:, 0], two[:, 1])), shape=(count, count))
    _, junction = connected_components(graph_of)
    first: dict[int, int] = {}
    for node, part in enumerate(junction.tolist()):
        first.setdefault(part, node)
    place = [first[part] for part in junction.tolist()]
    moved = RingGraph(graph.nodes, tuple(_moved(graph, place)))
    return moved.take([k for k, link in enumerate(moved.links) if link.tail != link.head])


def _moved(graph: RingGraph, place: list[int]) -> Iterator[GraphLink]:
    """Yield the links with their ends at the nodes that stand for them."""
    for link in graph.links:
        yield GraphLink(place[link.tail], place[link.head], link.line, link.length_km, link.name)


def _beside(graph: RingGraph, slip: list[bool], within_km: float) -> list[tuple[int, int]]:
    """Return the ends of slip roads that lie beside each other, two by two."""
    ends = sorted(
        {
            end
            for link, is_slip in zip(graph.links, slip, strict=True)
            if is_slip
            for end in (link.tail, link.head)
        }
    )
    tree = cKDTree(project(graph.lon[ends], graph.lat[ends]))
    return [(ends[a], ends[b]) for a, b in sorted(tree.query_pairs(within_km))]
