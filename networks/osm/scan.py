"""Extract ways, relations and node positions from a file with the filters of pyosmium."""

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import osmium
from numpy.typing import NDArray

from networks.inputs import printable
from networks.osm.blocks import Block, nodes_with_ids
from networks.osm.elements import Member, Nodes, Points, Relation, Tags
from networks.osm.tags import (
    ACCESS_KEYS,
    BARRIER_KEYS,
    BARRIER_SIGNS,
    BUILT_UP,
    LARGE_VEHICLES,
    NOT_RUNNING,
    ROAD_KEYS,
    WALKERS,
)

STATION_TAGS = (("railway", "station"), ("railway", "halt"), ("public_transport", "station"))
PLACE_TAGS = (("place", "city"), ("place", "town"))
STOP_AREA = ("public_transport", "stop_area")
ROUTE_TAGS = (("route", "train"), ("route", "ferry"), ("route", "shuttle_train"))
RAIL_TAGS = (("railway", "rail"), ("railway", "narrow_gauge"), ("railway", "light_rail"))
"""Tracks that are read; `networks.rail` uses those of trains and counts the others."""
AREA_TAGS = tuple(("landuse", value) for value in BUILT_UP["landuse"])
FERRY_TAGS = ROUTE_TAGS[1:]
CROSSINGS = frozenset(value for _, value in FERRY_TAGS)
"""Values of `route` that carry cars."""
RESTRICTION = ("type", "restriction")
UNREAD_ROADS = (("highway", "construction"), ("highway", "proposed"), ("highway", "road"))
UNREAD_RAILWAYS = tuple(
    ("railway", kind) for kind in ("subway", "tram", "monorail", "funicular", "construction", "proposed")
)
"""Ways that are counted and not read."""
UNREAD_KEYS = frozenset(
    {"toll", "maxspeed:lanes", "maxspeed:variable", "access:lanes", "vehicle:lanes", "motor_vehicle:lanes"}
)
"""Tags of roads that are counted and not read."""
INHERITED = frozenset({"route", "state", *NOT_RUNNING, *ACCESS_KEYS, *WALKERS, *LARGE_VEHICLES})
"""Keys of ferry relations that are for their ways, where these lack them."""
_UNITS_PER_DEGREE = 10_000_000
"""Osmium stores coordinates as integers in units of 1e-7 degree."""


def _shown(tags: Tags) -> Tags:
    """Return tags without characters that a terminal would obey."""
    if all(map(str.isprintable, tags.values())):
        return tags
    return {key: printable(value) for key, value in tags.items()}


@dataclass(slots=True)
class RawWays:
    """Ways as stored in the file: ids, node references in one flat array, and tags.

    The references of way i end at `ends[i]`.
    """

    id: array[int] = field(default_factory=lambda: array("q"))
    ends: array[int] = field(default_factory=lambda: array("q"))
    refs: array[int] = field(default_factory=lambda: array("q"))
    tags: list[Tags] = field(default_factory=list)

    def add(self, way: osmium.osm.Way, tags: Tags) -> None:
        """Append a way with the tags that are kept."""
        self.id.append(way.id)
        self.refs.extend([node.ref for node in way.nodes])
        self.ends.append(len(self.refs))
        self.tags.append(_shown(tags))


@dataclass(slots=True)
class RawPoints:
    """Nodes with tags as stored in the file; coordinates in units of 1e-7 degree."""

    id: array[int] = field(default_factory=lambda: array("q"))
    x: array[int] = field(default_factory=lambda: array("q"))
    y: array[int] = field(default_factory=lambda: array("q"))
    tags: list[Tags] = field(default_factory=list)

    def add(self, node: osmium.osm.Node, *, keys: frozenset[str] | None = None) -> None:
        """Append a node with its tags: those of the given keys, or all."""
        tags = dict(node.tags)
        self.id.append(node.id)
        self.x.append(node.location.x)
        self.y.append(node.location.y)
        self.tags.append(_shown(tags if keys is None else {key: tags[key] for key in tags.keys() & keys}))

    def add_mean(self, point: int, nodes: Nodes, rows: NDArray[np.int64], tags: Tags) -> None:
        """Append a feature, by its id as a point, at the mean of its corners, which are rows of nodes."""
        self.id.append(point)
        self.x.append(round(float(nodes.lon[rows].mean()) * _UNITS_PER_DEGREE))
        self.y.append(round(float(nodes.lat[rows].mean()) * _UNITS_PER_DEGREE))
        self.tags.append(tags)

    def points(self, *, among: NDArray[np.int64] | None = None) -> Points:
        """Return the points sorted by id: all, or those with an id among some, which increase."""
        ids = ints(self.id)
        order = np.argsort(ids, kind="stable")
        if among is not None:
            order = order[np.isin(ids[order], among)]
        return Points(
            id=ids[order],
            lon=ints(self.x)[order] / _UNITS_PER_DEGREE,
            lat=ints(self.y)[order] / _UNITS_PER_DEGREE,
            tags=tuple(self.tags[row] for row in order),
        )


@dataclass(slots=True)
class Scan:
    """Result of the first pass over a file, and of later ones.

    `outlines` are stations mapped as ways, `platforms` likewise; `stations_of_ways` are those mapped as
    relations; `areas` and `areas_of_ways` are built-up areas mapped as either. `parts` are the ways of both.
    `barriers` are all nodes that may stop cars. `turns` holds the first and the last way of each turn
    restriction.
    """

    roads: RawWays = field(default_factory=RawWays)
    tracks: RawWays = field(default_factory=RawWays)
    ferries: RawWays = field(default_factory=RawWays)
    outlines: RawWays = field(default_factory=RawWays)
    platforms: RawWays = field(default_factory=RawWays)
    stations: RawPoints = field(default_factory=RawPoints)
    places: RawPoints = field(default_factory=RawPoints)
    barriers: RawPoints = field(default_factory=RawPoints)
    relations: list[Relation] = field(default_factory=list)
    stop_areas: list[Relation] = field(default_factory=list)
    stations_of_ways: list[Relation] = field(default_factory=list)
    areas: RawWays = field(default_factory=RawWays)
    areas_of_ways: list[Relation] = field(default_factory=list)
    parts: RawWays = field(default_factory=RawWays)
    turns: array[int] = field(default_factory=lambda: array("q"))
    unread: Counter[str] = field(default_factory=Counter)


def ints(values: array[int]) -> NDArray[np.int64]:
    """Return a view of an array of 64-bit integers as a numpy array."""
    return np.frombuffer(values, dtype=np.int64) if len(values) else np.empty(0, dtype=np.int64)


def first_pass(path: Path, *, roads: frozenset[str], rail: bool, ferries: bool) -> Scan:
    """Read tagged nodes, ways and relations; the tag filter runs in C++.

    Parameters
    ----------
    roads
        Values of `highway` to keep.
    rail, ferries
        Whether to keep tracks, stations and train routes, and whether to keep ferries.

    Returns
    -------
    Scan
        All elements found, without the positions of way nodes.
    """
    scan = Scan()
    kinds = [*AREA_TAGS, *(("highway", name) for name in sorted(roads))]
    kinds += [RESTRICTION, *UNREAD_ROADS] if roads else []
    kinds += [*RAIL_TAGS, *UNREAD_RAILWAYS, *STATION_TAGS, STOP_AREA, ROUTE_TAGS[0]] if rail else []
    kinds += FERRY_TAGS if ferries else ()
    keys = {key for key, _ in (*PLACE_TAGS, *(STATION_TAGS if rail else ()))}
    lines, nodes = osmium.filter.TagFilter(*kinds), osmium.filter.KeyFilter(*sorted(BARRIER_SIGNS | keys))
    lines.enable_for(osmium.osm.WAY | osmium.osm.RELATION)
    nodes.enable_for(osmium.osm.NODE)
    for item in osmium.FileProcessor(str(path)).with_filter(nodes).with_filter(lines):
        if isinstance(item, osmium.osm.Way):
            _add_way(scan, item, roads=roads, rail=rail, ferries=ferries)
        elif isinstance(item, osmium.osm.Node):
            _add_node(scan, item, rail=rail)
        elif isinstance(item, osmium.osm.Relation):
            _add_relation(scan, item, rail=rail)
    return scan


def is_station(tags: Tags | osmium.osm.TagList) -> bool:
    """Return whether tags are those of a station: of railways, or of public transport with trains."""
    if "railway" in tags:
        return tags.get("railway") in {"station", "halt"}
    return tags.get("public_transport") == "station" and tags.get("train") == "yes"


def _add_way(scan: Scan, way: osmium.osm.Way, *, roads: frozenset[str], rail: bool, ferries: bool) -> None:
    tags = dict(way.tags)
    is_ferry = tags.get("route") in CROSSINGS
    if tags.get("highway") in roads and not is_ferry:
        scan.roads.add(way, {key: tags[key] for key in tags.keys() & ROAD_KEYS})
        if found := tags.keys() & UNREAD_KEYS:
            scan.unread.update(found)
        return
    if ("landuse", tags.get("landuse")) in AREA_TAGS:
        scan.areas.add(way, {})
    if ferries and is_ferry:
        scan.ferries.add(way, tags)
    if rail and ("railway", tags.get("railway")) in RAIL_TAGS:
        scan.tracks.add(way, tags)
    elif rail and is_station(tags):
        scan.outlines.add(way, tags)
    scan.unread.update(
        f"{key}={tags[key]}" for key, value in (*UNREAD_ROADS, *UNREAD_RAILWAYS) if tags.get(key) == value
    )


def _add_node(scan: Scan, node: osmium.osm.Node, *, rail: bool) -> None:
    tags = node.tags
    if rail and is_station(tags):
        scan.stations.add(node)
    if tags.get("place") in {"city", "town"}:
        scan.places.add(node)
    if any(key in tags for key in BARRIER_SIGNS):
        scan.barriers.add(node, keys=BARRIER_KEYS)


def _add_relation(scan: Scan, relation: osmium.osm.Relation, *, rail: bool) -> None:
    tags = relation.tags
    if ("type", tags.get("type")) == RESTRICTION:
        ends = {item.role: item.ref for item in relation.members if item.role in {"from", "to"}}
        if "restriction" in tags and "motorcar" not in (tags.get("except") or "") and len(ends) == 2:
            scan.turns.extend((ends["from"], ends["to"]))
        return
    if ("route", tags.get("route")) in ROUTE_TAGS:
        found = scan.relations
    elif rail and (STOP_AREA[0], tags.get(STOP_AREA[0])) == STOP_AREA:
        found = scan.stop_areas
    elif rail and is_station(tags):
        found = scan.stations_of_ways
    elif tags.get("type") == "multipolygon" and ("landuse", tags.get("landuse")) in AREA_TAGS:
        found = scan.areas_of_ways
    else:
        return
    members = tuple(Member(item.type, item.ref, item.role) for item in relation.members)
    found.append(Relation(relation.id, _shown(dict(tags)), members))


def add_members(path: Path, scan: Scan) -> None:
    """Add the ways of ferry relations that do not say themselves that they are ferries.

    Only such relations cost another pass over the ways. Each way gets the access tags of its relation that it
    lacks, as do the ways that were read already.

    Parameters
    ----------
    scan
        Result of the first pass, which is changed.
    """
    inherited: dict[int, Tags] = {}
    for relation in scan.relations:
        if relation.tags["route"] in CROSSINGS:
            tags = {key: relation.tags[key] for key in relation.tags.keys() & INHERITED}
            # Stops and platforms beside a route are no parts of its way.
            ridden = (m for m in relation.members if not m.role.startswith(("stop", "platform")))
            inherited |= {one.ref: tags for one in ridden if one.kind == "w"}
    ferries = scan.ferries
    read = zip(ferries.id, ferries.tags, strict=True)
    ferries.tags = [{**inherited.get(way, {}), **tags} for way, tags in read]
    missing = inherited.keys() - set(ferries.id) - set(scan.roads.id)
    tracks = set(scan.tracks.id)
    missing = {way for way in missing if way not in tracks or inherited[way]["route"] == "shuttle_train"}
    for way in _ways_with_ids(path, missing):
        if "highway" not in way.tags:
            ferries.add(way, {**inherited[way.id], **dict(way.tags), "route": inherited[way.id]["route"]})


def add_parts(path: Path, scan: Scan) -> None:
    """Add the ways that stations and areas consist of, and the platforms of trains without stop positions.

    Only such stations, areas and trains cost another pass over the ways.

    Parameters
    ----------
    scan
        Result of the first pass, which is changed.
    """
    trains = (relation for relation in scan.relations if relation.tags["route"] == "train")
    platforms = {one.ref for relation in trains for one in relation.stops() if one.kind == "w"}
    platforms -= set(scan.outlines.id)
    whole = (*scan.stations_of_ways, *scan.areas_of_ways)
    parts = {one.ref for relation in whole for one in relation.members if one.kind == "w"}
    for way in _ways_with_ids(path, platforms | parts):
        for wanted, found in ((platforms, scan.platforms), (parts, scan.parts)):
            if way.id in wanted:
                found.add(way, dict(way.tags))


def _ways_with_ids(path: Path, wanted: set[int]) -> Iterator[osmium.osm.Way]:
    if not wanted:
        return
    keep = osmium.filter.IdFilter(sorted(wanted))
    keep.enable_for(osmium.osm.WAY)
    for way in osmium.FileProcessor(str(path), osmium.osm.WAY).with_filter(keep):
        if isinstance(way, osmium.osm.Way):
            yield way


def second_pass(
    path: Path, blocks: Sequence[Block], wanted: NDArray[np.int64], *, stops: frozenset[int]
) -> tuple[Nodes, RawPoints]:
    """Read the positions of nodes.

    Parameters
    ----------
    blocks
        Its blocks; empty for one that is no PBF file.
    wanted
        Ids of the nodes, increasing.
    stops
        Ids among them whose tags are needed as well.

    Returns
    -------
    tuple of Nodes and RawPoints
        The wanted nodes that the file contains, and the stops with their tags. Coordinates are not checked.
    """
    ids, x, y, points = array("q"), array("q"), array("q"), RawPoints()
    if len(wanted):
        for node in nodes_with_ids(path, blocks, wanted):
            ids.append(node.id)
            place = node.location
            x.append(place.x)
            y.append(place.y)
            if stops and node.id in stops:
                points.add(node)
            if len(ids) == len(wanted):
                break
    unique, first = np.unique(ints(ids), return_index=True)
    lon, lat = ints(x)[first] / _UNITS_PER_DEGREE, ints(y)[first] / _UNITS_PER_DEGREE
    return Nodes(id=unique, lon=lon, lat=lat), points
