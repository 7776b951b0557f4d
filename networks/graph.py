"""Exchange networks with networkx and OSMnx."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from networks import schema
from networks.errors import SchemaError
from networks.network import CLOSED, Network

type _Edge = dict[str, Any]

_METRES_PER_KM = 1000.0
_CARRIED = ("mode", "link_class", "speed_source", "osm_id", "name", "ref", "tracks", "start_date")


def to_graph(network: Network) -> nx.MultiDiGraph:
    """Convert a network to a networkx graph that OSMnx accepts.

    Parameters
    ----------
    network
        Network that satisfies the data contract.

    Returns
    -------
    networkx.MultiDiGraph
        The nodes are rows of the nodes table, with `x`, `y` (degrees) and the other columns. Each open
        direction of a link is an edge with `osmid`, `length` (m), `speed_kph`, `travel_time` (s, absent while
        not computed), `highway` (the class), `oneway`, `reversed`, `geometry` in the direction of travel,
        `link` (row of the links table) and the other columns. Graph attributes: `crs`, `simplified`.
    """
    graph = nx.MultiDiGraph(crs=schema.CRS, simplified=True, created_with="polyring")
    nodes = network.nodes
    attributes = nodes[["osm_id", "kind", "name"]].assign(
        x=nodes.geometry.x, y=nodes.geometry.y, street_count=_streets_at(network)
    )
    graph.add_nodes_from(zip(range(len(nodes)), attributes.to_dict("records"), strict=True))
    links = network.links
    forward, backward = links["forward_s"].to_numpy(), links["backward_s"].to_numpy()
    graph.add_edges_from(_edges(links[forward != CLOSED], reverse=False))
    graph.add_edges_from(_edges(links[(backward != CLOSED) & ~links["oneway"].to_numpy()], reverse=True))
    return graph


def from_graph(graph: nx.MultiDiGraph) -> Network:
    """Convert a graph of OSMnx or of `to_graph` to a network.

    Parameters
    ----------
    graph
        Graph whose nodes have `x` and `y` (degrees) and whose edges have `length` (m) and `speed_kph`; for a
        graph of OSMnx, call `osmnx.add_edge_speeds` first. OSMnx stores a two-way street as two edges, which
        become two one-way links. Edges of `to_graph` name their `link`, so two-way links are restored.

    Returns
    -------
    Network
        Travel times are those of `travel_time`, rounded; 0 (not computed) for edges without it.

    Raises
    ------
    SchemaError
        If a required attribute is missing or out of range.
    """
    placeless = [str(node) for node, data in graph.nodes(data=True) if not {"x", "y"} <= set(data)]
    if placeless:
        raise SchemaError(
            f"{len(placeless)} node(s) of the graph have no x and y, the first is {placeless[0]}"
        )
    row_of = {node: row for row, node in enumerate(graph.nodes)}
    nodes = schema.table(_places(graph), schema.NODES)
    edges = [(row_of[a], row_of[b], data) for a, b, data in graph.edges(data=True)]
    edges.sort(key=lambda edge: edge[2].get("link", len(edges)))
    there = {data["link"] for _, _, data in edges if "link" in data and not data["reversed"]}
    back = {data["link"]: data for _, _, data in edges if data.get("link") in there and data["reversed"]}
    points = nodes.geometry.to_numpy()
    rows = [
        _link(tail, head, data, other=back.get(data.get("link")), points=points)
        for tail, head, data in edges
        if data is not back.get(data.get("link"))
    ]
    links = pd.DataFrame.from_records(rows, columns=[column.name for column in schema.LINKS])
    network = Network(nodes=nodes, links=schema.table(links, schema.LINKS))
    schema.check(network)
    return network


def _places(graph: nx.MultiDiGraph) -> dict[str, object]:
    data = [place for _, place in graph.nodes(data=True)]
    return {
        "osm_id": [
            place.get("osm_id", _one_number(node)) for node, place in zip(graph.nodes, data, strict=True)
        ],
        "kind": [_one_text(place.get("kind", "junction")) for place in data],
        "name": [_one_text(place.get("name", "")) for place in data],
        "geometry": shapely.points([place["x"] for place in data], [place["y"] for place in data]),
    }


def _streets_at(network: Network) -> NDArray[np.int64]:
    """Count the ends of links at each node, as OSMnx does for `street_count`."""
    links = network.links
    ends = np.concatenate((links["tail"].to_numpy(), links["head"].to_numpy()))
    return np.bincount(ends, minlength=len(network.nodes))


def _edges(links: gpd.GeoDataFrame, *, reverse: bool) -> list[tuple[int, int, _Edge]]:
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
    tail: int, head: int, data: _Edge, *, other: _Edge | None, points: NDArray[np.object_]
) -> dict[str, object]:
    text = {name: _one_text(data.get(name, "")) for name in _CARRIED if name not in {"osm_id", "tracks"}}
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
        "osm_id": _one_number(data.get("osmid", 0)),
        "tracks": _one_number(data.get("tracks", 0)),
        "geometry": data.get("geometry", shapely.LineString([points[tail], points[head]])),
    }


def _one_text(value: object) -> str:
    """Return the first of several values as text: OSMnx lists the values of the edges that it joins."""
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, str) else ""


def _one_number(value: object) -> int:
    first = value[0] if isinstance(value, list) and value else value
    return int(first) if isinstance(first, int | np.integer) else 0
