"""Read roads, tracks, ferries, stations and places from an OpenStreetMap file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import osmium
from numpy.typing import NDArray

from networks.errors import SourceError
from networks.osm import integrity
from networks.osm.classes import DEFAULT_CLASSES, ROAD_CLASSES, with_slip_roads
from networks.osm.elements import (
    Elements,
    Nodes,
    Points,
    ReadCounts,
    Relation,
    Source,
    Tags,
    Ways,
    point_id,
)
from networks.osm.piers import add_access_roads
from networks.osm.scan import (
    RawWays,
    Scan,
    add_members,
    add_places_of_trains,
    first_pass,
    ints,
    second_pass,
)


def read(
    path: str | Path,
    *,
    roads: frozenset[str] = DEFAULT_CLASSES,
    rail: bool = True,
    ferries: bool = True,
    most_missing: float = 0.3,
) -> Elements:
    """Read an OpenStreetMap file.

    The integrity of the file is checked first. Two filtered passes follow: one for tags, one for node ids.
    Ways that cross the border of the extract are cut there and counted.

    Parameters
    ----------
    path
        A file `.osm.pbf`, `.osm`, `.osm.gz` or `.osm.bz2`.
    roads
        Road classes to read, values of `highway` from `motorway` to `service`; their slip roads are
        added. Empty for none.
    rail, ferries
        Whether to read tracks, stations and train routes, and whether to read ferries.
    most_missing
        Largest share of the node references of all ways that may be missing from the file, 0 to 1.

    Returns
    -------
    Elements
        Input of `networks.road.build`, `networks.rail.build` and `networks.cities.from_osm_places`.

    Raises
    ------
    SourceError
        If the file is incomplete, not OpenStreetMap data, or contains nothing of what is requested.
    """
    path = Path(path)
    classes = _known(roads)
    checked = integrity.check(path)
    try:
        scan = first_pass(path, roads=classes, rail=rail, ferries=ferries)
        if ferries:
            add_members(path, scan)
            add_access_roads(path, scan.roads, scan.ferries, classes=classes)
        if rail:
            add_places_of_trains(path, scan)
        stops = _member_nodes([*scan.relations, *scan.stations_of_ways])
        wanted = _wanted(scan, stops)
        nodes, points = second_pass(path, checked.blocks, wanted, stops=frozenset(stops.tolist()))
    except (RuntimeError, ValueError, OSError, osmium.InvalidLocationError) as fault:
        raise integrity.file_error(path, f"The file cannot be read to the end: {fault}.") from fault
    _check_found(path, scan)
    if not scan.relations:
        integrity.check_ways(path, checked.blocks)
    _check_positions(path, nodes, points, scan)
    elements = _assemble(path, scan, nodes, points, digest=checked.sha256, most_missing=most_missing)
    return replace(elements, barriers=scan.barriers.points(among=nodes.id))


def _known(roads: frozenset[str]) -> frozenset[str]:
    unknown = sorted(roads - set(ROAD_CLASSES) - with_slip_roads(frozenset(ROAD_CLASSES)))
    if unknown:
        raise SourceError(
            f"Unknown road classes: {', '.join(unknown)}.", remedy=f"Choose from: {', '.join(ROAD_CLASSES)}."
        )
    return with_slip_roads(roads)


def _member_nodes(relations: list[Relation]) -> NDArray[np.int64]:
    refs = {member.ref for relation in relations for member in relation.members if member.kind == "n"}
    return np.array(sorted(refs), dtype=np.int64)


def _wanted(scan: Scan, stops: NDArray[np.int64]) -> NDArray[np.int64]:
    raw = (scan.roads, scan.tracks, scan.ferries, scan.outlines, scan.platforms, scan.parts)
    return np.unique(np.concatenate([*(ints(ways.refs) for ways in raw), stops]))


def _check_found(path: Path, scan: Scan) -> None:
    if len(scan.roads.id) or len(scan.tracks.id) or len(scan.ferries.id):
        return
    if next(iter(osmium.FileProcessor(str(path), osmium.osm.WAY)), None) is None:
        raise integrity.file_error(
            path, "The file contains no ways at all: it is truncated, or not a map extract."
        )
    raise integrity.file_error(
        path, "The file contains ways, but none of the requested roads, tracks or ferries.",
        remedy="Request more road classes, or use another extract.",
    )  # fmt: skip


def _check_positions(path: Path, nodes: Nodes, points: Points, scan: Scan) -> None:
    tagged = (points, scan.stations.points(), scan.places.points())
    ids = np.concatenate([nodes.id, *(part.id for part in tagged)])
    lon = np.concatenate([nodes.lon, *(part.lon for part in tagged)])
    lat = np.concatenate([nodes.lat, *(part.lat for part in tagged)])
    bad = np.unique(ids[(np.abs(lon) > 180) | (np.abs(lat) > 90)])
    if len(bad):
        few = ", ".join(f"node {one}" for one in bad[:5])
        raise integrity.file_error(
            path, f"{len(bad)} nodes have invalid coordinates: {few}.",
            remedy="Correct or remove these nodes; longitude is within 180 and latitude within 90 degrees.",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cut:
    """Ways cut at missing nodes, with counts.

    Attributes
    ----------
    ways
        Entries of at least two nodes that the source contains.
    read, references
        Number of ways and of node references before cutting.
    cut, missing
        Number of ways with missing nodes, and of missing references.
    lost
        Number of ways of which nothing is left.
    """

    ways: Ways
    read: int
    references: int
    cut: int
    missing: int
    lost: int


def cut_at_missing(raw: RawWays, nodes: Nodes) -> Cut:
    """Replace node ids by rows of nodes, and cut each way at the nodes that are missing.

    Parameters
    ----------
    raw
        Ways with node ids.
    nodes
        The nodes that the source contains.
    """
    rows = nodes.rows_of(ints(raw.refs))
    ends = ints(raw.ends)
    way_of = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
    present = rows >= 0
    # A run of present nodes begins after a missing node or at the start of a way.
    begins = present.copy()
    begins[1:] &= ~present[:-1] | (way_of[1:] != way_of[:-1])
    run_of = np.cumsum(begins) - 1
    kept = present.copy()
    sizes = np.bincount(run_of[present]) if present.any() else np.empty(0, dtype=np.int64)
    kept[present] = sizes[run_of[present]] > 1
    owner = way_of[begins][sizes > 1]
    sizes = sizes[sizes > 1]
    ways = Ways(
        id=ints(raw.id)[owner],
        offsets=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        rows=rows[kept],
        tags=tuple(raw.tags[way] for way in owner),
    )
    return Cut(
        ways=ways,
        read=len(ends),
        references=len(rows),
        cut=len(np.unique(way_of[~present])),
        missing=int(np.count_nonzero(~present)),
        lost=len(ends) - len(np.unique(owner)),
    )


def _assemble(
    path: Path, scan: Scan, nodes: Nodes, points: Points, *, digest: str, most_missing: float
) -> Elements:
    cuts = [cut_at_missing(raw, nodes) for raw in (scan.roads, scan.tracks, scan.ferries)]
    lost = sum(cut.lost for cut in cuts)
    counts = ReadCounts(
        ways=sum(cut.read for cut in cuts),
        node_references=sum(cut.references for cut in cuts),
        nodes=len(nodes),
        ways_cut=sum(cut.cut for cut in cuts),
        nodes_missing=sum(cut.missing for cut in cuts),
        dropped={"fewer_than_two_nodes": lost} if lost else {},
        unread=_unread(scan),
    )
    missing = counts.nodes_missing / max(1, counts.node_references)
    if missing > most_missing:
        raise integrity.file_error(
            path, f"{100 * missing:.0f} % of the nodes of the ways are not in the file "
            f"(limit {100 * most_missing:.0f} %).",
            remedy="Use an extract that was cut with complete ways.",
        )  # fmt: skip
    stations = _with_outlines(scan.stations.points(), scan.outlines, nodes)
    stations = _with_relations(stations, scan, nodes)
    return Elements(
        nodes=nodes,
        roads=cuts[0].ways,
        tracks=cuts[1].ways,
        ferries=cuts[2].ways,
        stations=stations,
        stops=_with_outlines(points, scan.platforms, nodes),
        places=scan.places.points(),
        relations=tuple(scan.relations),
        source=Source(name=path.name, sha256=digest),
        counts=counts,
        stop_areas=_areas_of_trains(scan, stations),
    )


def _unread(scan: Scan) -> dict[str, int]:
    """Return the counts of what is in the file and not read."""
    ends = ints(scan.turns).reshape(-1, 2)
    turns = int(np.isin(ends, ints(scan.roads.id)).all(axis=1).sum())
    return dict(sorted(scan.unread.items())) | ({"turn restrictions": turns} if turns else {})


def _areas_of_trains(scan: Scan, stations: Points) -> tuple[Relation, ...]:
    """Return the stop areas with a station or with a stop of a train."""
    trains = (relation for relation in scan.relations if relation.tags["route"] == "train")
    known = {one.point for relation in trains for one in relation.stops()} | set(stations.id.tolist())
    return tuple(area for area in scan.stop_areas if any(one.point in known for one in area.members))


def _with_outlines(points: Points, outlines: RawWays, nodes: Nodes) -> Points:
    """Add features mapped as outlines, at the mean of their corners."""
    tags = dict(zip(outlines.id, outlines.tags, strict=True))
    corners = _corners(outlines, nodes)
    return _joined(points, [(point_id("w", way), rows, tags[way]) for way, rows in corners.items()], nodes)


def _with_relations(points: Points, scan: Scan, nodes: Nodes) -> Points:
    """Add features mapped as relations, at the mean of the corners of their ways and of their nodes."""
    corners = _corners(scan.parts, nodes)
    found = []
    for relation in scan.stations_of_ways:
        own = nodes.rows_of(np.array([one.ref for one in relation.members if one.kind == "n"], np.int64))
        ways = [corners[one.ref] for one in relation.members if one.kind == "w" and one.ref in corners]
        rows = np.concatenate([own[own >= 0], *ways])
        if len(rows):
            found.append((point_id("r", relation.id), rows, relation.tags))
    return _joined(points, found, nodes)


def _corners(outlines: RawWays, nodes: Nodes) -> dict[int, NDArray[np.int64]]:
    """Return the rows of the nodes of each way that the source contains."""
    ways = cut_at_missing(outlines, nodes).ways
    found: dict[int, NDArray[np.int64]] = {}
    for i, way in enumerate(ways.id.tolist()):
        rows = ways.rows[ways.offsets[i] : ways.offsets[i + 1]]
        found[way] = np.concatenate([found[way], rows]) if way in found else rows
    return found


def _joined(points: Points, found: list[tuple[int, NDArray[np.int64], Tags]], nodes: Nodes) -> Points:
    """Add points, each an id, the rows of the nodes around it, and tags."""
    if not found:
        return points
    ids = np.concatenate([np.array([point for point, _, _ in found], np.int64), points.id])
    order = np.argsort(ids, kind="stable")
    tags = (*(own for _, _, own in found), *points.tags)
    return Points(
        id=ids[order],
        lon=np.concatenate([[nodes.lon[rows].mean() for _, rows, _ in found], points.lon])[order],
        lat=np.concatenate([[nodes.lat[rows].mean() for _, rows, _ in found], points.lat])[order],
        tags=tuple(tags[row] for row in order),
    )
