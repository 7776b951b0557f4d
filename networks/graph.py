"""Exchange networks with networkx and OSMnx."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from networks import schema
from networks.errors import SchemaError, SourceError
from networks.inputs import checked, printable
from networks.network import CLOSED, Network

type _Edge = dict[str, Any]

CREATOR = "polyring"
"""Value of the attribute `created_with` of the graphs of `to_graph`."""

_ADDED_BY = {"length": "distance.add_edge_lengths", "speed_kph": "add_edge_speeds"}
"""Attributes that edges need, with the functions of OSMnx that add them."""
_METRES_PER_KM = 1000.0
_SAME_LENGTH = 1e-3
"""The two edges of a street have the same length, up to this share of it."""
_HEAD_BYTES = 4096
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
        `link` (row of the links table) and the other columns. `maxspeed` repeats the speed as text, so that
        `osmnx.add_edge_speeds` keeps it. Graph attributes: `crs`, `simplified`.
    """
    graph = nx.MultiDiGraph(crs=schema.CRS, simplified=True, created_with=CREATOR)
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
        graph of OSMnx, call `osmnx.add_edge_speeds` first, or let `networks.read_graph` and
        `networks.road.build` find speeds by country and class. The two edges of a two-way street become one
        link (`streets`).

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
    graph = in_degrees(graph)
    row_of = {node: row for row, node in enumerate(graph.nodes)}
    nodes = schema.table(_places(graph), schema.NODES)
    found = streets(graph)
    _require_attributes(found)
    if all("link" in street.data for street in found):
        found.sort(key=lambda street: street.data["link"])
    points = nodes.geometry.to_numpy()
    rows = [_link(row_of[street.tail], row_of[street.head], street, points=points) for street in found]
    links = pd.DataFrame.from_records(rows, columns=[column.name for column in schema.LINKS])
    network = Network(nodes=nodes, links=schema.table(links, schema.LINKS))
    schema.check(network)
    return network


@dataclass(frozen=True, slots=True)
class Street:
    """A street of a graph: one edge, or the two edges of its directions.

    Attributes
    ----------
    tail, head
        Nodes of the edge that runs as the way was drawn, where this is known.
    data
        Attributes of that edge.
    back
        Attributes of the edge in the other direction; None for a one-way street.
    """

    tail: Any
    head: Any
    data: _Edge
    back: _Edge | None = None


def _require_attributes(found: Sequence[Street]) -> None:
    edges = [data for street in found for data in (street.data, street.back) if data is not None]
    lacking = {name: sum(name not in data for data in edges) for name in _ADDED_BY}
    faults = [
        f"{count} of {len(edges)} edges have no {name}; osmnx.{_ADDED_BY[name]} adds it"
        for name, count in lacking.items()
        if count
    ]
    if faults:
        raise SchemaError(
            "the graph lacks what a network needs",
            faults=faults,
            remedy="Or read it with networks.read_graph, which finds speeds by country and class.",
        )


def in_degrees(graph: nx.MultiDiGraph) -> nx.MultiDiGraph:
    """Return a graph with positions in degrees, where OSMnx projected it."""
    import osmnx as ox

    is_projected = CRS.from_user_input(graph.graph.get("crs", schema.CRS)).is_projected
    return ox.project_graph(graph, to_latlong=True) if is_projected else graph


def streets(graph: nx.MultiDiGraph) -> list[Street]:
    """Join the two edges of each two-way street of a graph.

    Two edges belong together if they are not one-way, run between the same nodes in opposite directions, have
    the same `link` (edges of `to_graph`) or else the same `osmid`, and the same length.

    Parameters
    ----------
    graph
        Graph of OSMnx or of `to_graph`; parallel edges and loops are allowed.

    Returns
    -------
    list of Street
        In the order of their first edges.
    """
    found: list[Street] = []
    alone: dict[tuple[Any, ...], list[int]] = {}
    for tail, head, data in graph.edges(data=True):
        if data.get("oneway") is not True:
            name = _identity(data)
            waiting = alone.get((head, tail, name), [])
            rows = [row for row in waiting if _is_as_long(found[row].data, data)]
            if rows:
                row = next((one for one in rows if _is_reverse(found[one].data, data)), rows[0])
                waiting.remove(row)
                other = found[row].data
                if other.get("reversed") is True and data.get("reversed") is not True:
                    found[row] = Street(tail, head, data, back=other)
                else:
                    found[row] = Street(head, tail, other, back=data)
                continue
            alone.setdefault((tail, head, name), []).append(len(found))
        found.append(Street(tail, head, data))
    return found


def _identity(data: _Edge) -> object:
    """Return what the two edges of a street share and parallel streets mostly do not."""
    if "link" in data:
        return data["link"]
    osmid = data.get("osmid")
    return frozenset(osmid) if isinstance(osmid, list) else osmid


def _is_as_long(one: _Edge, other: _Edge) -> bool:
    first, second = one.get("length", 0.0), other.get("length", 0.0)
    return bool(abs(first - second) <= _SAME_LENGTH * max(first, second))


def _is_reverse(one: _Edge, other: _Edge) -> bool:
    lines = one.get("geometry"), other.get("geometry")
    if None in lines:
        return lines == (None, None)
    return bool(shapely.equals_exact(shapely.reverse(lines[0]), lines[1], tolerance=1e-7))


def load_graphml(path: Path) -> nx.MultiDiGraph:
    """Load a graph that `osmnx.io.save_graphml` wrote, with the types of its attributes.

    Parameters
    ----------
    path
        The file: a graph of OSMnx or of `to_graph`.

    Raises
    ------
    SourceError
        If it is no such file, or damaged.
    """
    import osmnx as ox

    fault = ""
    try:
        with checked(path).open("rb") as stream:
            before, root, _ = stream.read(_HEAD_BYTES).partition(b"<graphml")
        if not root or b"<!DOCTYPE" in before:
            fault = "it does not begin as GraphML"
        else:
            graph = ox.io.load_graphml(path, node_dtypes=_NODE_TYPES, edge_dtypes=_EDGE_TYPES)
    except OSError as error:
        raise _no_graphml(path, str(error)) from error
    except Exception as error:  # networkx and OSMnx raise whatever a damaged file leads to
        raise _no_graphml(path, f"it is damaged ({error})") from error
    if fault:
        raise _no_graphml(path, fault)
    placeless = [str(node) for node, data in graph.nodes(data=True) if not {"x", "y"} <= set(data)]
    if placeless or not graph.number_of_edges():
        raise _no_graphml(path, f"node {placeless[0]} has no x and y" if placeless else "it has no edges")
    return graph


def _flag(text: str) -> bool | str:
    """Return true or false, or the text of `oneway` where OSMnx kept the tag (`all_oneway`)."""
    return {"True": True, "False": False}.get(text, text)


_NODE_TYPES = {"osm_id": int}
_EDGE_TYPES = {"oneway": _flag, "reversed": _flag, "link": int, "osm_id": int, "tracks": int}
"""Types of attributes that OSMnx does not know."""


def _no_graphml(path: Path, fault: str) -> SourceError:
    return SourceError(
        f"the graph cannot be read: {fault}", where=str(path), done="Nothing was read.",
        remedy="Write the graph with osmnx.io.save_graphml.",
    )  # fmt: skip


def _places(graph: nx.MultiDiGraph) -> dict[str, object]:
    data = [place for _, place in graph.nodes(data=True)]
    return {
        "osm_id": [_own_id(place.get("osm_id", node)) for node, place in zip(graph.nodes, data, strict=True)],
        "kind": [one_text(place.get("kind", "junction")) for place in data],
        "name": [one_text(place.get("name", "")) for place in data],
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
        maxspeed=links["speed_kmh"].map(repr),
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


def _link(tail: int, head: int, street: Street, *, points: NDArray[np.object_]) -> dict[str, object]:
    data, back = street.data, street.back
    text = {name: one_text(data.get(name, "")) for name in _CARRIED if name not in {"osm_id", "tracks"}}
    text["link_class"] = text["link_class"] or one_text(data.get("highway", ""))
    text["mode"] = text["mode"] or "road"
    text["speed_source"] = text["speed_source"] or "graph"
    return {
        **text,
        "tail": tail,
        "head": head,
        "length_km": data.get("length", np.nan) / _METRES_PER_KM,
        "speed_kmh": data.get("speed_kph", np.nan),
        "oneway": back is None,
        "forward_s": round(data.get("travel_time", 0)),
        "backward_s": CLOSED if back is None else round(back.get("travel_time", 0)),
        "osm_id": one_number(data.get("osmid", 0)),
        "tracks": one_number(data.get("tracks", 0)),
        "geometry": data.get("geometry", shapely.LineString([points[tail], points[head]])),
    }


def _own_id(value: object) -> int:
    """Return the OSM id of a node; 0 for one that stands for several, as OSMnx consolidates them."""
    return int(value) if isinstance(value, int | np.integer) else 0


def one_text(value: object) -> str:
    """Return the first of several values as text: OSMnx lists the values of the edges that it joins."""
    first = value[0] if isinstance(value, list) and value else value
    return printable(first) if isinstance(first, str) else ""


def one_number(value: object) -> int:
    """Return the first of several values as a number, 0 if it is none."""
    first = value[0] if isinstance(value, list) and value else value
    return int(first) if isinstance(first, int | np.integer) else 0
