"""Read a street graph of OSMnx as elements of a map, from which networks are built."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import shapely
from shapely.ops import substring

from networks.errors import SourceError
from networks.graph import Street, in_degrees, load_graphml, one_number, one_text, streets
from networks.inputs import checksum, printable
from networks.osm import DEFAULT_CLASSES, Elements, Nodes, Points, ReadCounts, Source, Ways
from networks.osm.tags import (
    BARRIER_KEYS,
    BARRIER_SIGNS,
    LENGTH_FACTOR,
    ROAD_KEYS,
    SIDED_KEYS,
    access_of_value,
    duration_s,
    with_slip_roads,
)
from networks.sphere import EARTH_RADIUS_KM

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
    source = source or _source(graph)
    read = load_graphml(Path(graph)) if isinstance(graph, str | Path) else graph
    read = in_degrees(_simplified(read))
    draft = _Draft(read, classes=with_slip_roads(roads), ferries=ferries)
    draft.add_all(streets(read))
    if not draft.roads.ids and not draft.ferries.ids:
        raise SourceError(
            "The graph has none of the road classes that are asked for.", where=source.name,
            done="Nothing was read.", remedy=f"It has: {', '.join(sorted(draft.classes_found)) or 'none'}.",
        )  # fmt: skip
    return draft.elements(source)


def _source(graph: nx.MultiDiGraph | str | Path) -> Source:
    if isinstance(graph, str | Path):
        path = Path(graph)
        return Source(path.name, checksum(path) if path.is_file() else "")
    digest = hashlib.sha256()
    for edge in graph.edges(keys=True, data=True):
        digest.update(repr(edge).encode())
    return Source("graph", digest.hexdigest())


def _simplified(graph: nx.MultiDiGraph) -> nx.MultiDiGraph:
    """Return a graph whose edges run from junction to junction of ways."""
    import osmnx as ox

    if graph.graph.get("simplified") or graph.graph.get("consolidated"):
        return graph
    return ox.simplify_graph(
        graph, node_attrs_include=sorted(BARRIER_SIGNS), edge_attrs_differ=["osmid"], remove_rings=False
    )


@dataclass(slots=True)
class _WayDraft:
    """Ways as they are found: ids, refs of their nodes, tags."""

    ids: list[int] = field(default_factory=list)
    refs: list[Sequence[int]] = field(default_factory=list)
    tags: list[Mapping[str, str]] = field(default_factory=list)

    def ways(self, nodes: Nodes) -> Ways:
        flat = np.array([ref for refs in self.refs for ref in refs], dtype=np.int64)
        offsets = np.concatenate([[0], np.cumsum([len(refs) for refs in self.refs])]).astype(np.int64)
        return Ways(np.array(self.ids, dtype=np.int64), offsets, nodes.rows_of(flat), tuple(self.tags))


class _Draft:
    """The elements of a graph while its streets are read.

    Nodes keep their OSM ids. Points that the graph does not name have negative ids, and so have all nodes of
    a consolidated graph, each of which stands for several.
    """

    def __init__(self, graph: nx.MultiDiGraph, *, classes: frozenset[str], ferries: bool) -> None:
        self.roads, self.ferries = _WayDraft(), _WayDraft()
        self.classes_found: set[str] = set()
        self._graph, self._classes, self._reads_ferries = graph, classes, ferries
        self._dropped: Counter[str] = Counter()
        named = not graph.graph.get("consolidated") and all(
            isinstance(node, int) and node > 0 for node in graph.nodes
        )
        self._id = {node: node if named else -1 - row for row, node in enumerate(graph.nodes)}
        self._next = -1 - len(graph)
        self._places: dict[int, tuple[float, float]] = {
            self._id[node]: (float(data["x"]), float(data["y"])) for node, data in graph.nodes(data=True)
        }
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
        places = np.array([self._places[one] for one in ids.tolist()])
        nodes = Nodes(ids, places[:, 0].copy(), places[:, 1].copy())
        refs = sum(map(len, (*self.roads.refs, *self.ferries.refs)))
        return replace(
            Elements.none(source),
            nodes=nodes,
            roads=self.roads.ways(nodes),
            ferries=self.ferries.ways(nodes),
            counts=ReadCounts(
                ways=len(self.roads.ids) + len(self.ferries.ids),
                node_references=refs,
                nodes=len(nodes),
                dropped=dict(sorted(self._dropped.items())),
            ),
            barriers=self._barriers(),
        )

    def _barriers(self) -> Points:
        found = sorted(
            (self._id[node], {key: one_text(data[key]) for key in data.keys() & BARRIER_KEYS})
            for node, data in self._graph.nodes(data=True)
            if data.keys() & BARRIER_SIGNS
        )
        places = [self._places[one] for one, _ in found]
        return Points(
            np.array([one for one, _ in found], dtype=np.int64),
            np.array([lon for lon, _ in places]),
            np.array([lat for _, lat in places]),
            tuple(tags for _, tags in found),
        )

    def _add_road(self, street: Street, classes: Sequence[str]) -> None:
        tags = _tags(street, keys=ROAD_KEYS)
        limits = _texts(street.data.get("maxspeed")) or [""]
        kinds = list(product(classes, limits))[:_MOST_PARTS]
        line = self._line(street)
        tags |= _length_factor(street, line)
        refs = self._refs(street, line, parts=len(kinds))
        for (name, limit), part in zip(kinds, refs, strict=True):
            self.roads.ids.append(one_number(street.data.get("osmid")))
            self.roads.refs.append(part)
            self.roads.tags.append({**tags, "highway": name, **({"maxspeed": limit} if limit else {})})

    def _add_ferry(self, street: Street) -> None:
        tags = _tags(street, keys=None)
        tags["route"] = next(kind for kind in _FERRIES if kind in _texts(street.data["route"]))
        osmid, line = one_number(street.data.get("osmid")), self._line(street)
        seconds = duration_s(tags.get("duration", ""))
        if seconds is not None and self._ferry_m[osmid]:
            # The duration is that of the whole way, of which this may be a part.
            share = street.data.get("length", 0.0) / self._ferry_m[osmid]
            tags["duration"] = f"PT{max(1, round(seconds * min(share, 1.0)))}S"
        self.ferries.ids.append(osmid)
        self.ferries.refs += self._refs(street, line, parts=1)
        self.ferries.tags.append(tags)

    def _line(self, street: Street) -> shapely.LineString:
        """Return the line of a street from its tail to its head; a straight one where the edge has none."""
        ends = [self._places[self._id[node]] for node in (street.tail, street.head)]
        line = street.data.get("geometry")
        if not isinstance(line, shapely.LineString) or line.is_empty:
            return shapely.LineString(ends)
        inner = [point[:2] for point in line.coords]
        inner = inner[1:] if _is_at(inner[0], ends[0]) else inner
        inner = inner[:-1] if inner and _is_at(inner[-1], ends[1]) else inner
        return shapely.LineString([ends[0], *inner, ends[1]])

    def _refs(self, street: Street, line: shapely.LineString, *, parts: int) -> list[list[int]]:
        """Return the refs of the nodes of a street, divided into parts of equal length."""
        pieces = [substring(line, part / parts, (part + 1) / parts, normalized=True) for part in range(parts)]
        found, first = [], self._id[street.tail]
        for number, piece in enumerate(pieces if parts > 1 else [line]):
            inner = [self._new_point(place) for place in piece.coords[1:-1]]
            last = self._id[street.head] if number == parts - 1 else self._new_point(piece.coords[-1])
            found.append([first, *inner, last])
            first = last
        return found

    def _new_point(self, place: tuple[float, ...]) -> int:
        self._next -= 1
        self._places[self._next] = (place[0], place[1])
        return self._next


def _is_ferry(data: Mapping[str, Any]) -> bool:
    """Tell whether an edge is a ferry; OSMnx joins a ferry and the only road to its pier to one edge."""
    is_road_alone = "highway" in data and not isinstance(data.get("osmid"), list)
    return not is_road_alone and not set(_texts(data.get("route"))).isdisjoint(_FERRIES)


def _is_at(one: Sequence[float], other: Sequence[float]) -> bool:
    return abs(one[0] - other[0]) <= _AT_NODE_DEG and abs(one[1] - other[1]) <= _AT_NODE_DEG


def _texts(value: object) -> list[str]:
    """Return the different values of an attribute, sorted, since OSMnx lists them in no order."""
    values = value if isinstance(value, list) else [value]
    return sorted({printable(text).strip() for text in values if isinstance(text, str)} - {""})


def _tags(street: Street, *, keys: frozenset[str] | None) -> dict[str, str]:
    """Return the tags of a street: of several values the first, but the strictest of an access tag."""
    data = street.data
    is_turned = data.get("reversed") is not False
    found = dict(_tag_values(data, keys, is_turned=is_turned))
    oneway = data.get("oneway")
    found["oneway"] = oneway if isinstance(oneway, str) else "yes" if street.back is None else "no"
    return found


def _tag_values(
    data: Mapping[str, Any], keys: frozenset[str] | None, *, is_turned: bool
) -> Iterator[tuple[str, str]]:
    for key, value in data.items():
        if (
            key.startswith("oneway")
            or key in {"maxspeed", "highway"}
            or (keys is not None and key not in keys)
        ):
            continue
        if is_turned and (":forward" in key or ":backward" in key):
            continue
        texts = _texts(value)
        if texts and key in SIDED_KEYS:
            yield key, min(texts, key=lambda text: _STRICTNESS.index(access_of_value(text)))
        elif texts:
            yield key, texts[0]


def _length_factor(street: Street, line: shapely.LineString) -> dict[str, str]:
    """Return the tag for a stated length that differs from that of the line, as of a schematic graph."""
    stated_km = street.data.get("length", 0.0) / 1000
    drawn_km = _great_circle_km(np.array(line.coords))
    if drawn_km <= 0 or abs(stated_km / drawn_km - 1) <= _LEAST_DIFFERENCE:
        return {}
    return {LENGTH_FACTOR: repr(float(stated_km / drawn_km))}


def _great_circle_km(coords: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    """Return the length of a line on the sphere, by which OSMnx measures."""
    lon, lat = np.radians(coords[:, :2]).T
    steps = np.sin(np.diff(lat) / 2) ** 2 + np.cos(lat[1:]) * np.cos(lat[:-1]) * np.sin(np.diff(lon) / 2) ** 2
    return float(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(steps, 0, 1))).sum())
