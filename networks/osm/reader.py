"""Read roads, tracks, ferries, stations and places out of an OpenStreetMap file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import osmium
from numpy.typing import NDArray

from networks.errors import SourceError
from networks.osm import integrity
from networks.osm.classes import DEFAULT_CLASSES, LADDER, with_links
from networks.osm.elements import Elements, Nodes, Points, ReadCounts, Relation, Source, Ways
from networks.osm.runs import Cut, cut_at_missing
from networks.osm.scan import RawWays, Scan, first_pass, ints, second_pass

_MOST_MISSING = 0.3


def read(
    path: str | Path,
    *,
    roads: frozenset[str] = DEFAULT_CLASSES,
    rail: bool = True,
    ferries: bool = True,
    most_missing: float = _MOST_MISSING,
) -> Elements:
    """Read an OpenStreetMap file.

    The file is checked as a whole first. Two passes follow, filtered in C++: tags, then node ids.
    Ways that leave the file at its border are cut there and counted.

    Parameters
    ----------
    path
        A file `.osm.pbf`, `.osm`, `.osm.gz` or `.osm.bz2`.
    roads
        Road classes to read, values of `highway` from `motorway` to `residential`; their slip roads come
        along. Empty for none.
    rail, ferries
        Whether to read tracks, stations and train routes; ferries.
    most_missing
        Largest share of references to nodes, over all ways read, that may miss in the file.

    Returns
    -------
    Elements
        Everything that the builders of networks need.

    Raises
    ------
    SourceError
        When the file is not whole, not OpenStreetMap data, or holds nothing of what is asked for.
    """
    path = Path(path)
    classes = _known(roads)
    digest = integrity.check(path)
    try:
        scan = first_pass(path, roads=classes, rail=rail, ferries=ferries)
        stops = _member_nodes(scan.relations)
        nodes, points = second_pass(path, _wanted(scan, stops), stops=frozenset(stops.tolist()))
    except (RuntimeError, ValueError, OSError, osmium.InvalidLocationError) as fault:
        raise integrity.refuse(path, f"The file cannot be read to its end: {fault}.") from fault
    _check_found(path, scan)
    _check_positions(path, nodes, points, scan)
    return _assemble(path, scan, nodes, points, digest=digest, most_missing=most_missing)


def _known(roads: frozenset[str]) -> frozenset[str]:
    unknown = sorted(roads - set(LADDER) - with_links(frozenset(LADDER)))
    if unknown:
        raise SourceError(
            f"Unknown road classes: {', '.join(unknown)}.", remedy=f"Choose from: {', '.join(LADDER)}."
        )
    return with_links(roads)


def _member_nodes(relations: list[Relation]) -> NDArray[np.int64]:
    refs = {member.ref for relation in relations for member in relation.members if member.kind == "n"}
    return np.array(sorted(refs), dtype=np.int64)


def _wanted(scan: Scan, stops: NDArray[np.int64]) -> NDArray[np.int64]:
    raw = (scan.roads, scan.tracks, scan.ferries, scan.outlines)
    return np.unique(np.concatenate([*(ints(ways.refs) for ways in raw), stops]))


def _check_found(path: Path, scan: Scan) -> None:
    if len(scan.roads.id) or len(scan.tracks.id) or len(scan.ferries.id):
        return
    if next(iter(osmium.FileProcessor(str(path), osmium.osm.WAY)), None) is None:
        raise integrity.refuse(path, "The file holds no ways at all: it is cut short, or not a map extract.")
    raise integrity.refuse(
        path, "The file holds ways, but none of the roads, tracks or ferries asked for.",
        remedy="Ask for more road classes, or take another extract.",
    )  # fmt: skip


def _check_positions(path: Path, nodes: Nodes, points: Points, scan: Scan) -> None:
    tagged = (points, scan.stations.points(), scan.places.points())
    ids = np.concatenate([nodes.id, *(part.id for part in tagged)])
    lon = np.concatenate([nodes.lon, *(part.lon for part in tagged)])
    lat = np.concatenate([nodes.lat, *(part.lat for part in tagged)])
    bad = np.unique(ids[(np.abs(lon) > 180) | (np.abs(lat) > 90)])
    if len(bad):
        few = ", ".join(f"node {one}" for one in bad[:5])
        raise integrity.refuse(
            path, f"{len(bad)} nodes lie outside the globe: {few}.",
            remedy="Correct or remove these nodes; longitudes run to 180 and latitudes to 90 degrees.",
        )  # fmt: skip


def _assemble(
    path: Path, scan: Scan, nodes: Nodes, points: Points, *, digest: str, most_missing: float
) -> Elements:
    cuts = [cut_at_missing(raw, nodes) for raw in (scan.roads, scan.tracks, scan.ferries)]
    counts = _counts(cuts, nodes)
    missing = counts.nodes_missing / max(1, counts.node_references)
    if missing > most_missing:
        raise integrity.refuse(
            path, f"{missing:.0%} of the nodes of the ways are not in the file (limit {most_missing:.0%}).",
            remedy="Take an extract that was cut with complete ways.",
        )  # fmt: skip
    return Elements(
        nodes=nodes,
        roads=cuts[0].ways,
        tracks=cuts[1].ways,
        ferries=cuts[2].ways,
        stations=_with_outlines(scan.stations.points(), scan.outlines, nodes),
        stops=points,
        places=scan.places.points(),
        relations=tuple(scan.relations),
        source=Source(name=path.name, sha256=digest),
        counts=counts,
    )


def _counts(cuts: list[Cut], nodes: Nodes) -> ReadCounts:
    lost = sum(cut.lost for cut in cuts)
    return ReadCounts(
        ways=sum(cut.read for cut in cuts),
        node_references=sum(cut.references for cut in cuts),
        nodes=len(nodes),
        ways_cut=sum(cut.cut for cut in cuts),
        nodes_missing=sum(cut.missing for cut in cuts),
        dropped={"fewer_than_two_nodes": lost} if lost else {},
    )


def _with_outlines(stations: Points, outlines: RawWays, nodes: Nodes) -> Points:
    """Add stations drawn as outlines, at the middle of their corners, with the negative id of the way."""
    ways: Ways = cut_at_missing(outlines, nodes).ways
    if not len(ways):
        return stations
    first, size = ways.offsets[:-1], np.diff(ways.offsets)
    lon = np.add.reduceat(nodes.lon[ways.rows], first) / size
    lat = np.add.reduceat(nodes.lat[ways.rows], first) / size
    ids = np.concatenate([-ways.id, stations.id])
    order = np.argsort(ids, kind="stable")
    tags = (*ways.tags, *stations.tags)
    return Points(
        id=ids[order],
        lon=np.concatenate([lon, stations.lon])[order],
        lat=np.concatenate([lat, stations.lat])[order],
        tags=tuple(tags[row] for row in order),
    )
