"""Take ways, relations and node positions out of a file with pyosmium's filters."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import osmium
from numpy.typing import NDArray

from networks.osm.classes import ROAD_KEYS
from networks.osm.elements import Member, Nodes, Points, Relation, Tags

STATION_TAGS = (("railway", "station"), ("railway", "halt"))
PLACE_TAGS = (("place", "city"), ("place", "town"))
ROUTE_TAGS = (("route", "train"), ("route", "ferry"))
RAIL_TAG = ("railway", "rail")
FERRY_TAG = ("route", "ferry")
_DEGREE = 10_000_000


@dataclass(slots=True)
class RawWays:
    """Ways as they stand in the file: ids, references to nodes laid end to end, tags."""

    id: array[int] = field(default_factory=lambda: array("q"))
    ends: array[int] = field(default_factory=lambda: array("q"))
    refs: array[int] = field(default_factory=lambda: array("q"))
    tags: list[Tags] = field(default_factory=list)

    def add(self, way: osmium.osm.Way, tags: Tags) -> None:
        """Append one pyosmium way."""
        self.id.append(way.id)
        self.refs.extend([node.ref for node in way.nodes])
        self.ends.append(len(self.refs))
        self.tags.append(tags)


@dataclass(slots=True)
class RawPoints:
    """Nodes with tags as they stand in the file; coordinates in units of 1e-7 degree."""

    id: array[int] = field(default_factory=lambda: array("q"))
    x: array[int] = field(default_factory=lambda: array("q"))
    y: array[int] = field(default_factory=lambda: array("q"))
    tags: list[Tags] = field(default_factory=list)

    def add(self, node: osmium.osm.Node) -> None:
        """Append one pyosmium node with all its tags."""
        self.id.append(node.id)
        self.x.append(node.location.x)
        self.y.append(node.location.y)
        self.tags.append(dict(node.tags))

    def points(self) -> Points:
        """Return the points in order of their id."""
        ids = ints(self.id)
        order = np.argsort(ids, kind="stable")
        return Points(
            id=ids[order],
            lon=ints(self.x)[order] / _DEGREE,
            lat=ints(self.y)[order] / _DEGREE,
            tags=tuple(self.tags[row] for row in order),
        )


@dataclass(slots=True)
class Scan:
    """What the first pass over a file finds."""

    roads: RawWays = field(default_factory=RawWays)
    tracks: RawWays = field(default_factory=RawWays)
    ferries: RawWays = field(default_factory=RawWays)
    outlines: RawWays = field(default_factory=RawWays)
    stations: RawPoints = field(default_factory=RawPoints)
    places: RawPoints = field(default_factory=RawPoints)
    relations: list[Relation] = field(default_factory=list)


def ints(values: array[int]) -> NDArray[np.int64]:
    """Look at an array of machine integers as a numpy array, without a copy."""
    return np.frombuffer(values, dtype=np.int64) if len(values) else np.empty(0, dtype=np.int64)


def first_pass(path: Path, *, roads: frozenset[str], rail: bool, ferries: bool) -> Scan:
    """Read tagged nodes, ways and relations; the filter on tags runs in C++.

    Parameters
    ----------
    path
        The file.
    roads
        Values of `highway` to keep.
    rail, ferries
        Whether to keep tracks, stations and train routes; ferries.

    Returns
    -------
    Scan
        Everything found, without the positions of way nodes.
    """
    scan = Scan()
    kinds = [*PLACE_TAGS, *(("highway", name) for name in sorted(roads))]
    kinds += [RAIL_TAG, *STATION_TAGS, ROUTE_TAGS[0]] if rail else []
    kinds += [FERRY_TAG] if ferries else []
    wanted = osmium.filter.TagFilter(*kinds)
    for item in osmium.FileProcessor(str(path)).with_filter(wanted):
        if isinstance(item, osmium.osm.Way):
            _sort_way(scan, item, roads=roads, rail=rail, ferries=ferries)
        elif isinstance(item, osmium.osm.Node):
            _sort_node(scan, item, rail=rail)
        elif isinstance(item, osmium.osm.Relation):
            _add_relation(scan, item)
    return scan


def _sort_way(scan: Scan, way: osmium.osm.Way, *, roads: frozenset[str], rail: bool, ferries: bool) -> None:
    tags = dict(way.tags)
    if tags.get("highway") in roads:
        scan.roads.add(way, {key: tags[key] for key in tags.keys() & ROAD_KEYS})
    elif rail and tags.get("railway") == "rail":
        scan.tracks.add(way, tags)
    elif rail and (tags.get("railway") in {"station", "halt"}):
        scan.outlines.add(way, tags)
    elif ferries and tags.get("route") == "ferry":
        scan.ferries.add(way, tags)


def _sort_node(scan: Scan, node: osmium.osm.Node, *, rail: bool) -> None:
    tags = node.tags
    if rail and tags.get("railway") in {"station", "halt"}:
        scan.stations.add(node)
    if tags.get("place") in {"city", "town"} and "population" in tags:
        scan.places.add(node)


def _add_relation(scan: Scan, relation: osmium.osm.Relation) -> None:
    if relation.tags.get("route") in {"train", "ferry"}:
        members = tuple(Member(item.type, item.ref, item.role) for item in relation.members)
        scan.relations.append(Relation(relation.id, dict(relation.tags), members))


def second_pass(path: Path, wanted: NDArray[np.int64], *, stops: frozenset[int]) -> tuple[Nodes, Points]:
    """Read the positions of nodes; the filter on ids runs in C++.

    Parameters
    ----------
    path
        The file.
    wanted
        Ids of the nodes, rising.
    stops
        Those of them whose tags are needed as well.

    Returns
    -------
    tuple of Nodes and Points
        All wanted nodes that the file holds, and the stops with their tags. Coordinates are not judged.
    """
    ids, x, y, points = array("q"), array("q"), array("q"), RawPoints()
    if len(wanted):
        for node in _only(path, wanted):
            ids.append(node.id)
            place = node.location
            x.append(place.x)
            y.append(place.y)
            if stops and node.id in stops:
                points.add(node)
            if len(ids) == len(wanted):
                break
    return _in_order(ints(ids), ints(x), ints(y)), points.points()


def _only(path: Path, wanted: NDArray[np.int64]) -> Iterator[osmium.osm.Node]:
    keep = osmium.filter.IdFilter(wanted.tolist())
    for node in osmium.FileProcessor(str(path), osmium.osm.NODE).with_filter(keep):
        if isinstance(node, osmium.osm.Node):
            yield node


def _in_order(ids: NDArray[np.int64], x: NDArray[np.int64], y: NDArray[np.int64]) -> Nodes:
    unique, first = np.unique(ids, return_index=True)
    return Nodes(id=unique, lon=x[first] / _DEGREE, lat=y[first] / _DEGREE)
