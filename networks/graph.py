"""Exchange networks with networkx and OSMnx, and read street graphs as elements of a map."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely.ops import substring

from networks import schema, sphere
from networks.errors import SchemaError, SourceError
from networks.inputs import checked, checksum, printable
from networks.osm import DEFAULT_CLASSES, Elements, Nodes, Points, ReadCounts, Source, Ways
from networks.osm import tags as tag_rules
from networks.schema import CLOSED, Network

if TYPE_CHECKING:
    import networkx as nx

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
    import networkx as nx

    graph = nx.MultiDiGraph(crs=schema.CRS, simplified=True, created_with=CREATOR)
    nodes, links = network.nodes, network.links
    # As OSMnx counts, the ends of links at each node.
    streets_at = np.bincount(links[["tail", "head"]].to_numpy().ravel(), minlength=len(nodes))
    attributes = nodes[["osm_id", "kind", "name"]].assign(
        x=nodes.geometry.x, y=nodes.geometry.y, street_count=streets_at
    )
    graph.add_nodes_from(zip(range(len(nodes)), attributes.to_dict("records"), strict=True))
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
    if placeless := _placeless(graph):
        raise SchemaError(
            f"{len(placeless)} node(s) of the graph have no x and y, the first is {placeless[0]}"
        )
    graph = in_degrees(graph)
    row_of = {node: row for row, node in enumerate(graph.nodes)}
    data = [place for _, place in graph.nodes(data=True)]
    ids = (place.get("osm_id", node) for node, place in zip(graph.nodes, data, strict=True))
    columns = {
        # A node that stands for several, as OSMnx consolidates them, has no id.
        "osm_id": [int(one) if isinstance(one, int | np.integer) else 0 for one in ids],
        "kind": [one_text(place.get("kind", "junction")) for place in data],
        "name": [one_text(place.get("name", "")) for place in data],
        "geometry": shapely.points([place["x"] for place in data], [place["y"] for place in data]),
    }
    nodes = schema.table(columns, schema.NODES)
    found = streets(graph)
    edges = [data for street in found for data in (street.data, street.back) if data is not None]
    faults = [
        f"{count} of {len(edges)} edges have no {name}; osmnx.{adder} adds it"
        for name, adder in _ADDED_BY.items()
        if (count := sum(name not in data for data in edges))
    ]
    if faults:
        raise SchemaError(
            "the graph lacks what a network needs",
            faults=faults,
            remedy="Or read it with networks.read_graph, which finds speeds by country and class.",
        )
    if all("link" in street.data for street in found):
        found.sort(key=lambda street: street.data["link"])
    points = nodes.geometry.to_numpy()
    rows = [_link(row_of[street.tail], row_of[street.head], street, points=points) for street in found]
    links = pd.DataFrame.from_records(rows, columns=[column.name for column in schema.LINKS])
    network = Network(nodes=nodes, links=schema.table(links, schema.LINKS))
    schema.check(network)
    return network


def _placeless(graph: nx.MultiDiGraph) -> list[str]:
    return [str(node) for node, data in graph.nodes(data=True) if not {"x", "y"} <= set(data)]


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
            # What the two edges of a street share and parallel streets mostly do not.
            osmid = data.get("osmid")
            name = data.get("link", frozenset(osmid) if isinstance(osmid, list) else osmid)
            waiting = alone.get((head, tail, name), [])
            lengths = {row: (found[row].data.get("length", 0.0), data.get("length", 0.0)) for row in waiting}
            rows = [row for row, both in lengths.items() if max(both) - min(both) <= _SAME_LENGTH * max(both)]
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


def _is_reverse(one: _Edge, other: _Edge) -> bool:
    first, second = one.get("geometry"), other.get("geometry")
    if first is None or second is None:
        return first is second
    return bool(shapely.equals_exact(shapely.reverse(first), second, tolerance=1e-7))


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

    graph = None
    try:
        with checked(path).open("rb") as stream:
            before, root, _ = stream.read(_HEAD_BYTES).partition(b"<graphml")
        if root and b"<!DOCTYPE" not in before:
            graph = ox.io.load_graphml(path, node_dtypes=_NODE_TYPES, edge_dtypes=_EDGE_TYPES)
    except OSError as error:
        raise _no_graphml(path, str(error)) from error
    except Exception as error:  # networkx and OSMnx raise whatever a damaged file leads to
        raise _no_graphml(path, f"it is damaged ({error})") from error
    if graph is None:
        raise _no_graphml(path, "it does not begin as GraphML")
    placeless = _placeless(graph)
    if placeless or not graph.number_of_edges():
        raise _no_graphml(path, f"node {placeless[0]} has no x and y" if placeless else "it has no edges")
    return graph


_FLAGS = {"True": True, "False": False}
_NODE_TYPES = {"osm_id": int}
_EDGE_TYPES = {
    # `oneway` is a text where OSMnx kept the tag (`all_oneway`).
    "oneway": lambda text: _FLAGS.get(text, text), "reversed": lambda text: _FLAGS.get(text, text),
    "link": int, "osm_id": int, "tracks": int,
}  # fmt: skip
"""Types of attributes that OSMnx does not know."""


def _no_graphml(path: Path, fault: str) -> SourceError:
    return SourceError(
        f"the graph cannot be read: {fault}", where=str(path), done="Nothing was read.",
        remedy="Write the graph with osmnx.io.save_graphml.",
    )  # fmt: skip


def _edges(links: gpd.GeoDataFrame, *, reverse: bool) -> list[tuple[int, int, _Edge]]:
    ends = ["head", "tail"] if reverse else ["tail", "head"]
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
        travel_time=links["backward_s" if reverse else "forward_s"],
    )
    found = []
    for (tail, head), record in zip(links[ends].to_numpy().tolist(), data.to_dict("records"), strict=True):
        if record["travel_time"] == 0:
            del record["travel_time"]
        found.append((tail, head, record))
    return found


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


def one_text(value: object) -> str:
    """Return the first of several values as text: OSMnx lists the values of the edges that it joins."""
    first = value[0] if isinstance(value, list) and value else value
    return printable(first) if isinstance(first, str) else ""


def one_number(value: object) -> int:
    """Return the first of several values as a number, 0 if it is none."""
    first = value[0] if isinstance(value, list) and value else value
    return int(first) if isinstance(first, int | np.integer) else 0


_FERRIES = ("ferry", "shuttle_train")
_STRICTNESS = ("closed", "restricted", "open")
_LEAST_DIFFERENCE = 0.005
"""A stated length counts where it differs from that of the line by more than this share."""
_AT_NODE_DEG = 1e-7
_MOST_PARTS = 12
"""Parts into which a street of several classes and limits is divided at most."""


def read_graph(
    graph: nx.MultiDiGraph | str | Path,
    *,
    roads: frozenset[str] = DEFAULT_CLASSES,
    ferries: bool = True,
    source: Source | None = None,
) -> Elements:
    """Read a street graph of OSMnx as elements of a map.

    The two edges of a two-way street are one way again. Directions are those of the graph; speeds follow from
    `maxspeed`, `highway` and the country in `networks.road.build`, as for an extract. A simplified edge that
    lists several classes or limits, in no known order, is divided into parts of equal length, one for each.
    A graph that was not simplified is simplified within ways, so that times are not rounded at each bend.

    Parameters
    ----------
    graph
        Graph of OSMnx, whether simplified, consolidated, projected or none of these; or a GraphML file that
        `osmnx.io.save_graphml` wrote.
    roads
        Road classes to read; their slip roads are added.
    ferries
        Whether to read edges with `route=ferry` or `route=shuttle_train`.
    source
        Origin of a graph that was loaded already; None: the file, or the graph itself.

    Returns
    -------
    Elements
        Without tracks, stations and places, which such graphs do not hold.

    Raises
    ------
    SourceError
        If the graph cannot be read, or contains nothing of what is requested.
    """
    import osmnx as ox

    if isinstance(graph, str | Path):
        path = Path(graph)
        source = source or Source(path.name, checksum(path) if path.is_file() else "")
        read = load_graphml(path)
    else:
        digest = hashlib.sha256()
        for edge in graph.edges(keys=True, data=True):
            digest.update(repr(edge).encode())
        source, read = source or Source("graph", digest.hexdigest()), graph
    if not (read.graph.get("simplified") or read.graph.get("consolidated")):
        # Edges run from junction to junction of ways.
        read = ox.simplify_graph(
            read,
            node_attrs_include=sorted(tag_rules.BARRIER_SIGNS),
            edge_attrs_differ=["osmid"],
            remove_rings=False,
        )
    read = in_degrees(read)
    draft = _Draft(read, classes=tag_rules.with_slip_roads(roads), ferries=ferries)
    draft.add_all(streets(read))
    if not draft.roads and not draft.ferries:
        raise SourceError(
            "The graph has none of the road classes that are asked for.", where=source.name,
            done="Nothing was read.",
            remedy=f"It has: {', '.join(sorted(draft.classes_found))}." if draft.classes_found else
            "Give each edge a class of OpenStreetMap: nx.set_edge_attributes(graph, 'primary', 'highway').",
        )  # fmt: skip
    return draft.elements(source)


type _WayDraft = tuple[int, Sequence[int], Mapping[str, str]]
"""A way as it is found: its id, the refs of its nodes, its tags."""


class _Draft:
    """The elements of a graph while its streets are read.

    Nodes keep their OSM ids. Points that the graph does not name have negative ids, and so have all nodes of
    a consolidated graph, each of which stands for several.
    """

    def __init__(self, graph: nx.MultiDiGraph, *, classes: frozenset[str], ferries: bool) -> None:
        self.roads, self.ferries = list[_WayDraft](), list[_WayDraft]()
        self.classes_found: set[str] = set()
        self._graph, self._classes, self._reads_ferries = graph, classes, ferries
        self._dropped: Counter[str] = Counter()
        named = all(isinstance(node, int) and node > 0 for node in graph.nodes)
        named = named and not graph.graph.get("consolidated")
        self._id = {node: node if named else -1 - row for row, node in enumerate(graph.nodes)}
        places = graph.nodes(data=True)
        self._places = {self._id[node]: (float(data["x"]), float(data["y"])) for node, data in places}
        self._next = -1 - len(graph)
        self._ferry_m: dict[int, float] = defaultdict(float)

    def add_all(self, found: Sequence[Street]) -> None:
        """Add streets and ferries."""
        for street in found:
            if _is_ferry(street.data):
                self._ferry_m[one_number(street.data.get("osmid"))] += street.data.get("length", 0.0)
        for street in found:
            classes = _texts(street.data.get("highway"))
            self.classes_found.update(classes)
            asked = [name for name in classes if name in self._classes]
            if _is_ferry(street.data):
                if self._reads_ferries:
                    self._add_ferry(street)
            elif asked:
                self._add_road(street, asked)
            else:
                self._dropped["class_not_asked_for"] += 1

    def elements(self, source: Source) -> Elements:
        """Return everything that was added."""
        ids = np.array(sorted(self._places), dtype=np.int64)
        lon, lat = np.array([self._places[one] for one in ids.tolist()]).T.copy()
        nodes, both = Nodes(ids, lon, lat), [Ways.of(drafts) for drafts in (self.roads, self.ferries)]
        roads, ferries = (replace(ways, rows=nodes.rows_of(ways.rows)) for ways in both)
        found = sorted(
            (self._id[node], {key: one_text(data[key]) for key in data.keys() & tag_rules.BARRIER_KEYS})
            for node, data in self._graph.nodes(data=True)
            if data.keys() & tag_rules.BARRIER_SIGNS
        )
        rows = nodes.rows_of(np.array([one for one, _ in found], dtype=np.int64))
        return replace(
            Elements.none(source),
            nodes=nodes,
            roads=roads,
            ferries=ferries,
            counts=ReadCounts(
                ways=len(roads) + len(ferries),
                node_references=len(roads.rows) + len(ferries.rows),
                nodes=len(nodes),
                dropped=dict(sorted(self._dropped.items())),
            ),
            barriers=Points(ids[rows], lon[rows], lat[rows], tuple(tags for _, tags in found)),
        )

    def _add_road(self, street: Street, classes: Sequence[str]) -> None:
        tags = _tags(street, keys=tag_rules.ROAD_KEYS)
        kinds = list(product(classes, _texts(street.data.get("maxspeed")) or [""]))[:_MOST_PARTS]
        line = self._line(street)
        # A stated length that differs from that of the line, as of a schematic graph.
        stated_km = street.data.get("length", 0.0) / 1000
        steps = np.diff(sphere.unit_vectors(*np.array(line.coords)[:, :2].T), axis=0)
        drawn_km = float(sphere.chord_to_km(np.linalg.norm(steps, axis=1)).sum())
        if drawn_km > 0 and abs(stated_km / drawn_km - 1) > _LEAST_DIFFERENCE:
            tags[tag_rules.LENGTH_FACTOR] = repr(float(stated_km / drawn_km))
        refs = self._refs(street, line, parts=len(kinds))
        for (name, limit), part in zip(kinds, refs, strict=True):
            limited = {**tags, "highway": name, **({"maxspeed": limit} if limit else {})}
            self.roads.append((one_number(street.data.get("osmid")), part, limited))

    def _add_ferry(self, street: Street) -> None:
        tags = _tags(street, keys=None)
        tags["route"] = next(kind for kind in _FERRIES if kind in _texts(street.data["route"]))
        osmid, line = one_number(street.data.get("osmid")), self._line(street)
        seconds = tag_rules.duration_s(tags.get("duration", ""))
        if seconds is not None and self._ferry_m[osmid]:
            # The duration is that of the whole way, of which this may be a part.
            share = street.data.get("length", 0.0) / self._ferry_m[osmid]
            tags["duration"] = f"PT{max(1, round(seconds * min(share, 1.0)))}S"
        self.ferries += [(osmid, refs, tags) for refs in self._refs(street, line, parts=1)]

    def _line(self, street: Street) -> shapely.LineString:
        """Return the line of a street from its tail to its head; a straight one where the edge has none."""
        ends = [self._places[self._id[node]] for node in (street.tail, street.head)]
        line = street.data.get("geometry")
        if not isinstance(line, shapely.LineString) or line.is_empty:
            return shapely.LineString(ends)
        inner = np.array(line.coords)[:, :2]
        for at, end in ((0, ends[0]), (-1, ends[1])):
            if len(inner) and np.abs(inner[at] - end).max() <= _AT_NODE_DEG:
                inner = np.delete(inner, at, axis=0)
        return shapely.LineString([ends[0], *inner.tolist(), ends[1]])

    def _refs(self, street: Street, line: shapely.LineString, *, parts: int) -> list[list[int]]:
        """Return the refs of the nodes of a street, divided into parts of equal length."""
        pieces = [substring(line, part / parts, (part + 1) / parts, normalized=True) for part in range(parts)]
        found, first = [], self._id[street.tail]
        for piece in pieces if parts > 1 else [line]:
            new = range(self._next - 1, self._next - len(piece.coords), -1)
            self._places |= dict(zip(new, ((x, y) for x, y, *_ in piece.coords[1:]), strict=True))
            self._next = new[-1]
            found.append([first, *new])
            first = new[-1]
        # The last point is the head of the street, whatever its line says.
        del self._places[first]
        found[-1][-1] = self._id[street.head]
        return found


def _is_ferry(data: Mapping[str, Any]) -> bool:
    """Tell whether an edge is a ferry; OSMnx joins a ferry and the only road to its pier to one edge."""
    is_road_alone = "highway" in data and not isinstance(data.get("osmid"), list)
    return not is_road_alone and not set(_texts(data.get("route"))).isdisjoint(_FERRIES)


def _texts(value: object) -> list[str]:
    """Return the different values of an attribute, sorted, since OSMnx lists them in no order."""
    values = value if isinstance(value, list) else [value]
    return sorted({printable(text).strip() for text in values if isinstance(text, str)} - {""})


def _tags(street: Street, *, keys: frozenset[str] | None) -> dict[str, str]:
    """Return the tags of a street: of several values the first, but the strictest of an access tag."""
    data, found = street.data, dict[str, str]()
    is_turned = data.get("reversed") is not False
    for key, value in data.items():
        is_other = key.startswith("oneway") or key in {"maxspeed", "highway"} or (keys and key not in keys)
        if is_other or (is_turned and (":forward" in key or ":backward" in key)):
            continue
        if texts := _texts(value):
            strictest = min(texts, key=lambda text: _STRICTNESS.index(tag_rules.access_of_value(text)))
            found[key] = strictest if key in tag_rules.SIDED_KEYS else texts[0]
    oneway = data.get("oneway")
    found["oneway"] = oneway if isinstance(oneway, str) else "yes" if street.back is None else "no"
    return found
