"""Read roads, tracks, ferries, stations and places from an OpenStreetMap file."""

from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import osmium
import shapely
from numpy.typing import NDArray

from networks.errors import SourceError
from networks.osm import tags as tag_rules
from networks.osm.blocks import check, check_ways, file_error
from networks.osm.elements import Elements, Nodes, ReadCounts, Source, Ways, point_id
from networks.osm.scan import RawPoints, RawWays, Scan, add_members, add_parts, first_pass, ints, second_pass

ACCESS_CLASSES = ("unclassified", "residential", "living_street", "service")
"""Road classes that are searched for the way to a ferry, beside those that were asked for."""

MOST_WAYS = 40
"""Most ways between a ferry and the next road."""


def add_access_roads(path: Path, roads: RawWays, ferries: RawWays, *, classes: frozenset[str]) -> int:
    """Add the small roads that connect ferries with the roads that were read.

    Only where an end of a ferry that carries cars touches no road that was read, the file is read once more.
    From each such end the ways over fewest small roads are taken, those that cars leave by and those that
    they come by. What is open to customers, residents and the like alone is open to passengers.

    Parameters
    ----------
    roads, ferries
        Ways that were read; the small roads are added to `roads`.
    classes
        Road classes that were asked for.

    Returns
    -------
    int
        Number of ways added.
    """
    # The first and last nodes of the ferries that carry cars.
    stops, refs = ints(ferries.ends), ints(ferries.refs)
    starts = stops - np.diff(stops, prepend=0)
    used = (stops > starts) & np.array([tag_rules.carries_cars(tags) for tags in ferries.tags], bool)
    ends = np.unique(np.concatenate([refs[starts[used]], refs[stops[used] - 1]]))
    wanted = [name for name in ACCESS_CLASSES if name not in classes]
    if not len(ends) or not len(roads.refs) or not wanted:
        return 0
    known = np.unique(ints(roads.refs))
    loose = ends[~np.isin(ends, known)]
    if not len(loose):
        return 0
    small = RawWays()
    keep = osmium.filter.TagFilter(*(("highway", name) for name in wanted))
    for way in osmium.FileProcessor(str(path), osmium.osm.WAY).with_filter(keep):
        if isinstance(way, osmium.osm.Way):
            tags = dict(way.tags)
            small.add(way, {key: tags[key] for key in tags.keys() & tag_rules.ROAD_KEYS})
    search = _Search(small, known)
    paths = (search.ways(int(end), arriving=arriving) for end in loose for arriving in (False, True))
    chosen = sorted(set().union(*paths))
    for i in chosen:
        roads.id.append(small.id[i])
        roads.refs.extend(search.nodes(i).tolist())
        roads.ends.append(len(roads.refs))
        # Passengers are those whom access for customers and the like is for.
        shut = {
            key
            for key in tag_rules.SIDED_KEYS
            if tag_rules.access_of_value(small.tags[i].get(key, "")) == "restricted"
        }
        roads.tags.append({key: value for key, value in small.tags[i].items() if key not in shut})
    return len(chosen)


class _Search:
    """Search for the ways over fewest small roads between ferries and known nodes, as cars drive."""

    def __init__(self, small: RawWays, known: NDArray[np.int64]) -> None:
        self._known = known
        self._tags = small.tags
        self._refs = ints(small.refs)
        self._stops = ints(small.ends)
        self._starts = np.concatenate([[0], self._stops[:-1]]).astype(np.int64)
        self._order = np.argsort(self._refs, kind="stable")
        self._sorted = self._refs[self._order]
        self._turns: dict[int, int] = {}

    def nodes(self, way: int) -> NDArray[np.int64]:
        """Return the nodes of a way."""
        return self._refs[self._starts[way] : self._stops[way]]

    def ways(self, end: int, *, arriving: bool) -> set[int]:
        """Return the ways on the path from the end of a ferry to a known node; the reverse if `arriving`."""
        came_from: dict[int, tuple[int, int]] = {end: (-1, -1)}
        queue = deque([(end, 0)])
        while queue:
            node, count = queue.popleft()
            at = np.searchsorted(self._known, node)
            if at < len(self._known) and self._known[at] == node:
                found = set()
                while node != end:
                    way, node = came_from[node]
                    found.add(way)
                return found
            if count == MOST_WAYS:
                continue
            for way, nodes in self._next(node, arriving=arriving):
                for following in nodes.tolist():
                    if following not in came_from:
                        came_from[following] = (way, node)
                        queue.append((following, count + 1))
        return set()

    def _next(self, node: int, *, arriving: bool) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Yield the ways at a node, each with the nodes that cars reach along it (or come from)."""
        first, last = np.searchsorted(self._sorted, node), np.searchsorted(self._sorted, node, side="right")
        for at in self._order[first:last].tolist():
            way = int(np.searchsorted(self._stops, at, side="right"))
            # The direction in which a way is open.
            if way not in self._turns:
                tags = self._tags[way]
                tagged, _ = tag_rules.direction(tags)
                self._turns[way] = (
                    tag_rules.NEITHER
                    if tag_rules.closed_reason(tags)
                    else tag_rules.open_direction(tagged, tag_rules.access(tags))
                )
            turn = self._turns[way]
            against = tag_rules.FORWARD if arriving else tag_rules.BACKWARD
            if turn in (tag_rules.BOTH, against):
                yield way, self._refs[self._starts[way] : at]
            if turn in (tag_rules.BOTH, -against):
                yield way, self._refs[at + 1 : self._stops[way]]


def read(
    path: str | Path,
    *,
    roads: frozenset[str] = tag_rules.DEFAULT_CLASSES,
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
    digest, blocks = check(path)
    try:
        scan = first_pass(path, roads=classes, rail=rail, ferries=ferries)
        if ferries:
            add_members(path, scan)
            add_access_roads(path, scan.roads, scan.ferries, classes=classes)
        add_parts(path, scan)
        related = (one for relation in (*scan.relations, *scan.stations_of_ways) for one in relation.members)
        stops = frozenset(one.ref for one in related if one.kind == "n")
        raw = (scan.roads, scan.tracks, scan.ferries, scan.outlines, scan.platforms, scan.areas, scan.parts)
        refs = [*(ints(ways.refs) for ways in raw), np.array(list(stops), dtype=np.int64)]
        nodes, points = second_pass(path, blocks, np.unique(np.concatenate(refs)), stops=stops)
    except (RuntimeError, ValueError, OSError, osmium.InvalidLocationError) as fault:
        raise file_error(path, f"The file cannot be read to the end: {fault}.") from fault
    _check_found(path, scan)
    if not scan.relations:
        check_ways(path, blocks)
    _check_positions(path, nodes, points, scan)
    return _assemble(path, scan, nodes, points, digest=digest, most_missing=most_missing)


def _known(roads: frozenset[str]) -> frozenset[str]:
    unknown = sorted(
        roads - set(tag_rules.ROAD_CLASSES) - tag_rules.with_slip_roads(frozenset(tag_rules.ROAD_CLASSES))
    )
    if unknown:
        raise SourceError(
            f"Unknown road classes: {', '.join(unknown)}.",
            remedy=f"Choose from: {', '.join(tag_rules.ROAD_CLASSES)}.",
        )
    return tag_rules.with_slip_roads(roads)


def _check_found(path: Path, scan: Scan) -> None:
    if len(scan.roads.id) or len(scan.tracks.id) or len(scan.ferries.id):
        return
    if next(iter(osmium.FileProcessor(str(path), osmium.osm.WAY)), None) is None:
        raise file_error(path, "The file contains no ways at all: it is truncated, or not a map extract.")
    raise file_error(
        path, "The file contains ways, but none of the requested roads, tracks or ferries.",
        remedy="Request more road classes, or use another extract.",
    )  # fmt: skip


def _check_positions(path: Path, nodes: Nodes, points: RawPoints, scan: Scan) -> None:
    found = (nodes, *(raw.points() for raw in (points, scan.stations, scan.places)))
    ids, lon, lat = (np.concatenate([getattr(one, name) for one in found]) for name in ("id", "lon", "lat"))
    bad = np.unique(ids[(np.abs(lon) > 180) | (np.abs(lat) > 90)])
    if len(bad):
        few = ", ".join(f"node {one}" for one in bad[:5])
        raise file_error(
            path, f"{len(bad)} nodes have invalid coordinates: {few}.",
            remedy="Correct or remove these nodes; longitude is within 180 and latitude within 90 degrees.",
        )  # fmt: skip


def cut_at_missing(raw: RawWays, nodes: Nodes) -> tuple[Ways, Counter[str]]:
    """Replace node ids by rows of nodes, and cut each way at the nodes that are missing.

    Parameters
    ----------
    nodes
        The nodes that the source contains.

    Returns
    -------
    Ways and Counter
        Entries of at least two nodes, and the numbers of `ReadCounts`; `lost`: ways of which nothing is left.
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
    return ways, Counter(
        ways=len(ends),
        node_references=len(rows),
        ways_cut=len(np.unique(way_of[~present])),
        nodes_missing=int(np.count_nonzero(~present)),
        lost=len(ends) - len(np.unique(owner)),
    )


def _assemble(
    path: Path, scan: Scan, nodes: Nodes, points: RawPoints, *, digest: str, most_missing: float
) -> Elements:
    lines = (scan.roads, scan.tracks, scan.ferries)
    kept = np.isin(nodes.id, np.concatenate([ints(points.id), *(ints(raw.refs) for raw in lines)]))
    used = Nodes(nodes.id[kept], nodes.lon[kept], nodes.lat[kept])  # without the corners of outlines
    cuts = [cut_at_missing(raw, used) for raw in lines]
    numbers = {name: sum(of_cut[name] for _, of_cut in cuts) for name in cuts[0][1]}
    lost = numbers.pop("lost")
    turns = int(np.isin(ints(scan.turns).reshape(-1, 2), ints(scan.roads.id)).all(axis=1).sum())
    counts = ReadCounts(
        **numbers,
        nodes=len(used),
        dropped={"fewer_than_two_nodes": lost} if lost else {},
        unread=dict(sorted(scan.unread.items())) | ({"turn restrictions": turns} if turns else {}),
    )
    missing = counts.nodes_missing / max(1, counts.node_references)
    if missing > most_missing:
        raise file_error(
            path, f"{100 * missing:.0f} % of the nodes of the ways are not in the file "
            f"(limit {100 * most_missing:.0f} %).",
            remedy="Use an extract that was cut with complete ways.",
        )  # fmt: skip
    _add_outlines(scan.stations, scan.outlines, nodes)
    _add_relations(scan, nodes)
    _add_outlines(points, scan.platforms, nodes)
    stations = scan.stations.points()
    # Stop areas count where they have a station or a stop of a train.
    trains = (relation for relation in scan.relations if relation.tags["route"] == "train")
    known = {one.point for relation in trains for one in relation.stops()} | set(stations.id.tolist())
    return Elements(
        nodes=used,
        roads=cuts[0][0],
        tracks=cuts[1][0],
        ferries=cuts[2][0],
        stations=stations,
        stops=points.points(),
        places=scan.places.points(),
        relations=tuple(scan.relations),
        source=Source(name=path.name, sha256=digest),
        counts=counts,
        barriers=scan.barriers.points(among=used.id),
        built_up=_areas(scan, nodes),
        stop_areas=tuple(a for a in scan.stop_areas if any(one.point in known for one in a.members)),
    )


def _add_outlines(found: RawPoints, outlines: RawWays, nodes: Nodes) -> None:
    """Add features mapped as outlines, at the mean of their corners."""
    tags = dict(zip(outlines.id, outlines.tags, strict=True))
    for way, rows in _corners(outlines, nodes).items():
        found.add_mean(point_id("w", way), nodes, rows, tags[way])


def _add_relations(scan: Scan, nodes: Nodes) -> None:
    """Add stations mapped as relations, at the mean of the corners of their ways and of their nodes."""
    corners = _corners(scan.parts, nodes)
    for relation in scan.stations_of_ways:
        own = nodes.rows_of(np.array([one.ref for one in relation.members if one.kind == "n"], np.int64))
        ways = [corners[one.ref] for one in relation.members if one.kind == "w" and one.ref in corners]
        rows = np.concatenate([own[own >= 0], *ways])
        if len(rows):
            scan.stations.add_mean(point_id("r", relation.id), nodes, rows, relation.tags)


def _corners(outlines: RawWays, nodes: Nodes) -> dict[int, NDArray[np.int64]]:
    """Return the rows of the nodes of each way that the source contains."""
    ways, _ = cut_at_missing(outlines, nodes)
    found: dict[int, NDArray[np.int64]] = {}
    for i, way in enumerate(ways.id.tolist()):
        rows = ways.rows[ways.offsets[i] : ways.offsets[i + 1]]
        found[way] = np.concatenate([found[way], rows]) if way in found else rows
    return found


def _areas(scan: Scan, nodes: Nodes) -> NDArray[np.object_]:
    """Return the built-up areas as polygons in degrees; lines that do not close enclose none."""
    corners = _corners(scan.parts, nodes) | _corners(scan.areas, nodes)
    # A relation stands for its outer ways; its rings enclose areas and holes by turns.
    outer = {one.ref for area in scan.areas_of_ways for one in area.members if one.role != "inner"}
    groups = [[way] for way in scan.areas.id if way not in outer]
    groups += [[one.ref for one in area.members if one.kind == "w"] for area in scan.areas_of_ways]
    places = np.column_stack([nodes.lon, nodes.lat])
    lines = [shapely.MultiLineString([places[corners[w]] for w in g if w in corners]) for g in groups]
    found = shapely.get_parts(shapely.build_area(np.array(lines, dtype=object)))
    return np.array([shape for shape in found if not shape.is_empty], dtype=object)
