"""Exchange networks with networkx and OSMnx."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import shapely

from networks import schema
from networks.network import CLOSED, Network

_METRES_PER_KM = 1000.0
_CARRIED = ("mode", "link_class", "speed_source", "osm_id", "name", "ref", "start_date")


def to_graph(network: Network) -> nx.MultiDiGraph:
    """Give a network as a graph that OSMnx functions accept.

    Parameters
    ----------
    network
        Network by the data contract.

    Returns
    -------
    networkx.MultiDiGraph
        Nodes are rows of the nodes table, with `x`, `y` (degrees) and the other columns. Each open direction
        of a link is an edge with `osmid`, `length` (m), `speed_kph`, `travel_time` (s, left out while not
        computed), `highway` (the class), `oneway`, `reversed`, `geometry` in the direction of travel, `link`
        (row of the links table) and the other columns. Graph attributes: `crs`, `simplified`.
    """
    graph = nx.MultiDiGraph(crs=schema.CRS, simplified=True, created_with="polyring")
    nodes = network.nodes
    attributes = nodes[["osm_id", "kind", "name"]].assign(x=nodes.geometry.x, y=nodes.geometry.y)
    graph.add_nodes_from(zip(range(len(nodes)), attributes.to_dict("records"), strict=True))
    links = network.links
    forward, backward = links["forward_s"].to_numpy(), links["backward_s"].to_numpy()
    graph.add_edges_from(_edges(links[forward != CLOSED], reverse=False))
    graph.add_edges_from(_edges(links[(backward != CLOSED) & ~links["oneway"].to_numpy()], reverse=True))
    return graph


def from_graph(graph: nx.MultiDiGraph) -> Network:
    """Build a network from a graph of OSMnx or of `to_graph`.

    Parameters
    ----------
    graph
        Graph with `x`, `y` on nodes and `length` (m) and `speed_kph` on edges (for a graph of OSMnx call
        `osmnx.add_edge_speeds` first). Two-way streets, which such graphs hold as two edges, become two
        one-way links, except where the graph came from `to_graph` (edges that name their `link`).

    Returns
    -------
    Network
        By the data contract; times are taken from `travel_time`, rounded, where all edges have one.

    Raises
    ------
    SchemaError
        When what is needed is missing or out of range.
    """
    row_of = {node: row for row, node in enumerate(graph.nodes)}
    places = pd.DataFrame.from_records([data for _, data in graph.nodes(data=True)])
    edges = [(row_of[a], row_of[b], data) for a, b, data in graph.edges(data=True)]
    closed = {data["link"] for _, _, data in edges if "link" in data and not data.get("reversed", False)}
    back = {
        data["link"]: data
        for _, _, data in edges
        if data.get("reversed", False) and data.get("link") in closed
    }
    points = shapely.points(places.get("x", []), places.get("y", []))
    nodes = {
        "osm_id": places["osm_id"] if "osm_id" in places else [_one_id(node) for node in graph.nodes],
        "kind": places["kind"] if "kind" in places else ["junction"] * len(places),
        "name": places["name"].fillna("") if "name" in places else [""] * len(places),
        "geometry": points,
    }
    taken = [edge for edge in edges if not (edge[2].get("reversed", False) and edge[2].get("link") in back)]
    rows = [_link(tail, head, data, back=back, points=points) for tail, head, data in taken]
    links = pd.DataFrame.from_records(rows, columns=[column.name for column in schema.LINKS])
    network = Network(nodes=schema.table(nodes, schema.NODES), links=schema.table(links, schema.LINKS))
    schema.check(network)
    return network


def _edges(links: Any, *, reverse: bool) -> list[tuple[int, int, dict[str, Any]]]:  # noqa: ANN401 - untyped frame
    ends = ("head", "tail") if reverse else ("tail", "head")
    seconds = links["backward_s" if reverse else "forward_s"].to_numpy()
    lines = links.geometry.to_numpy()
    data = links[list(_CARRIED)].assign(
        osmid=links["osm_id"],
        highway=links["link_class"],
        length=links["length_km"] * _METRES_PER_KM,
        speed_kph=links["speed_kmh"],
        oneway=links["oneway"],
        reversed=reverse,
        geometry=shapely.reverse(lines) if reverse else lines,
        link=links.index,
    )
    records = data.to_dict("records")
    for record, time in zip(records, seconds.tolist(), strict=True):
        if time > 0:
            record["travel_time"] = time
    return list(zip(links[ends[0]].tolist(), links[ends[1]].tolist(), records, strict=True))


def _link(
    tail: int,
    head: int,
    data: dict[str, Any],
    *,
    back: dict[int, dict[str, Any]],
    points: np.ndarray[Any, Any],
) -> dict[str, Any]:
    other = back.get(data.get("link", -1))
    text = {name: _one_text(data.get(name, "")) for name in _CARRIED if name != "osm_id"}
    text["link_class"] = text["link_class"] or _one_text(data.get("highway", ""))
    text["mode"] = text["mode"] or "road"
    text["speed_source"] = text["speed_source"] or "graph"
    return {
        **text,
        "tail": tail,
        "head": head,
        "length_km": data.get("length", np.nan) / _METRES_PER_KM,
        "speed_kmh": data.get("speed_kph", np.nan),
        "oneway": other is None,
        "forward_s": round(data.get("travel_time", 0)),
        "backward_s": CLOSED if other is None else round(other.get("travel_time", 0)),
        "osm_id": _one_id(data.get("osmid", 0)),
        "geometry": data.get("geometry", shapely.LineString([points[tail], points[head]])),
    }


def _one_text(value: object) -> str:
    """Return the first of several values, as text: OSMnx lists what a simplified edge is made of."""
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, str) else ""


def _one_id(value: object) -> int:
    first = value[0] if isinstance(value, list) and value else value
    return int(first) if isinstance(first, int | np.integer) else 0
