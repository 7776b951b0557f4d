"""Build the tables of nodes and links from ways and their attributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from networks.impedance import travel_time_s
from networks.network import CLOSED, Network
from networks.osm.access import stops_cars
from networks.osm.classes import LENGTH_FACTOR, ROAD_CLASSES
from networks.osm.directions import BACKWARD, BOTH
from networks.osm.elements import Nodes, Points, Relation, Tags
from networks.road.attributes import Floats, Ints, RoadWays, Texts
from networks.road.crossings import Crossings, crossing_times, ride_seconds
from networks.road.no_through import ends_to_detach
from networks.road.topology import Pieces, cut_at_junctions, first_occurrences, merge_zero_length
from networks.schema import CRS

_MM_PER_KM = 1e6
_LEAST_FACTOR, _MOST_FACTOR = 0.5, 3.0
_LEAST_FERRY_KMH, _MOST_FERRY_KMH = 5.0, 160.0


def assemble(
    roads: RoadWays, nodes: Nodes, *, barriers: Points, relations: Sequence[Relation]
) -> tuple[Network, dict[str, int]]:
    """Cut ways into links and build both tables.

    Parameters
    ----------
    roads
        Ways with their attributes.
    nodes
        Positions of the nodes.
    barriers
        Nodes with a barrier or an access tag. The links on both sides of one that stops cars end there, at
        nodes of their own.
    relations
        Route relations, which may state the duration of a ferry.

    Returns
    -------
    tuple of Network and dict
        The network with the columns of the data contract, and the number of nodes and pieces that were
        dropped, cut off or merged, by reason.
    """
    stops = _stops(barriers, nodes)
    pieces = _on_the_ground(cut_at_junctions(roads.ways, nodes, stops), roads)
    seconds, kmh, source = _times(roads, pieces, nodes, relations)
    reversed_ = roads.direction[pieces.way] == BACKWARD
    tail, head = pieces.rows[pieces.first], pieces.rows[pieces.last]
    tail, head = np.where(reversed_, head, tail), np.where(reversed_, tail, head)
    at_barrier = stops[tail], stops[head]
    ends = _Ends.of(*merge_zero_length(tail, head, pieces.length_km), size=len(nodes)).detached(*at_barrier)
    restricted = roads.is_restricted[pieces.way]
    is_ferry = (roads.mode == "ferry")[pieces.way]
    cut_off = ends_to_detach(ends.tail, ends.head, restricted, _ranks(roads)[pieces.way], is_ferry=is_ferry)
    ends = ends.detached(*cut_off)
    oneway = roads.direction[pieces.way] != BOTH
    kept, dropped = _kept(ends.tail, ends.head, pieces.length_km, oneway=oneway, speed=kmh)
    dropped |= _positive(
        barrier=len(np.unique(pieces.rows[stops[pieces.rows]])),
        no_through_traffic=int(np.count_nonzero(cut_off)),
    )
    oneway, source, kmh, seconds = oneway[kept], source[kept], kmh[kept], seconds[kept]
    pieces = pieces.keep(kept)
    used, at = np.unique(np.concatenate([ends.tail[kept], ends.head[kept]]), return_inverse=True)
    links = gpd.GeoDataFrame(
        {
            "tail": at[: len(at) // 2],
            "head": at[len(at) // 2 :],
            "mode": roads.mode[pieces.way],
            "link_class": roads.link_class[pieces.way],
            "length_km": pieces.length_km,
            "speed_kmh": kmh,
            "speed_source": source,
            "oneway": oneway,
            "forward_s": seconds,
            "backward_s": np.where(oneway, CLOSED, _backward_s(roads, pieces, kmh, seconds)),
            "osm_id": roads.ways.id[pieces.way],
            **{key: _column(roads, key)[pieces.way] for key in ("name", "ref", "start_date")},
            "tracks": 0,
        },
        geometry=_lines(pieces, nodes, reversed_[kept]),
        crs=CRS,
    )
    return Network(nodes=_node_table(ends.row_of(used), nodes), links=links), pieces.dropped | dropped


def _backward_s(roads: RoadWays, pieces: Pieces, kmh: Floats, seconds: Ints) -> Ints:
    """Return the times against the nodes: known already where the directions of a road differ in speed."""
    against = roads.against_kmh[pieces.way]
    differs = np.isfinite(against) & (against != kmh)
    known = travel_time_s(pieces.length_km, np.where(differs, against, 1.0))
    return np.where(differs, known, seconds)


def _stops(barriers: Points, nodes: Nodes) -> NDArray[np.bool_]:
    """Return bool [n], the nodes that stop cars."""
    stops = np.zeros(len(nodes), bool)
    ids = barriers.id[[stops_cars(tags) for tags in barriers.tags]] if len(barriers) else barriers.id
    rows = nodes.rows_of(ids)
    stops[rows[rows >= 0]] = True
    return stops


def _ranks(roads: RoadWays) -> Ints:
    """Return the rank of the class of each way, 0 for motorways; ferries come last."""
    rank = {name: i for i, name in enumerate(ROAD_CLASSES)}
    return np.array(
        [rank.get(str(name).removesuffix("_link"), len(rank)) for name in roads.link_class], np.int64
    )


def _positive(**counts: int) -> dict[str, int]:
    return {reason: count for reason, count in counts.items() if count}


@dataclass(frozen=True, slots=True)
class _Ends:
    """Nodes at the ends of links; numbers from `size` on are copies of nodes, `origin` holds their rows."""

    tail: Ints
    head: Ints
    size: int
    origin: Ints

    @classmethod
    def of(cls, tail: Ints, head: Ints, *, size: int) -> _Ends:
        return cls(tail, head, size, np.empty(0, np.int64))

    def detached(self, at_tail: NDArray[np.bool_], at_head: NDArray[np.bool_]) -> _Ends:
        """Return ends where the marked ones are copies of their nodes, which no other link shares."""
        ends, marked = np.concatenate([self.tail, self.head]), np.concatenate([at_tail, at_head])
        next_copy = self.size + len(self.origin)
        origin = np.concatenate([self.origin, self.row_of(ends[marked])])
        ends[marked] = next_copy + np.arange(np.count_nonzero(marked))
        half = len(self.tail)
        return _Ends(ends[:half], ends[half:], self.size, origin)

    def row_of(self, ends: Ints) -> Ints:
        """Return the rows of the nodes at ends."""
        rows = ends.copy()
        is_copy = ends >= self.size
        rows[is_copy] = self.origin[ends[is_copy] - self.size]
        return rows


def _kept(
    tail: Ints, head: Ints, length_km: Floats, *, oneway: NDArray[np.bool_], speed: Floats
) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Mark the links to keep: no loops, none of zero length, and the fastest of duplicates."""
    has_length = length_km > 0
    proper = has_length & (tail != head)
    low, high = np.minimum(tail, head), np.maximum(tail, head)
    low, high = np.where(oneway, tail, low), np.where(oneway, head, high)
    fastest_first = np.lexsort((-speed, ~proper))
    same = (np.rint(length_km * _MM_PER_KM).astype(np.int64), high, low, oneway, proper)
    single = np.empty(len(tail), dtype=bool)
    single[fastest_first] = first_occurrences(*(column[fastest_first] for column in same))
    kept = proper & single
    counts = {
        "zero_length": int(np.count_nonzero(~has_length)),
        "loop_after_joining": int(np.count_nonzero(has_length & ~proper)),
        "drawn_twice": int(np.count_nonzero(proper & ~single)),
    }
    return kept, _positive(**counts)


def _on_the_ground(pieces: Pieces, roads: RoadWays) -> Pieces:
    """Multiply the lengths of each way by the factor that its tag states, if it states one."""
    factors = np.array([_length_factor(tags) for tags in roads.ways.tags], dtype=np.float64)
    return replace(pieces, length_km=pieces.length_km * factors[pieces.way])


def _length_factor(tags: Tags) -> float:
    try:
        factor = float(tags.get(LENGTH_FACTOR, 1.0))
    except ValueError:
        return 1.0
    return factor if _LEAST_FACTOR <= factor <= _MOST_FACTOR else 1.0


def _times(
    roads: RoadWays, pieces: Pieces, nodes: Nodes, relations: Sequence[Relation]
) -> tuple[Ints, Floats, Texts]:
    """Return the seconds (0 except for ferries), the speed and its source of each piece."""
    kmh, source = roads.speed_kmh[pieces.way], roads.speed_source[pieces.way]
    seconds = np.zeros(len(pieces.way), dtype=np.int64)
    ferries = np.flatnonzero(roads.mode == "ferry")
    is_ferry = (roads.mode == "ferry")[pieces.way]
    at = np.flatnonzero(is_ferry & (pieces.length_km > 0))
    if not len(at):
        return seconds, kmh, source
    first, last = pieces.rows[pieces.first], pieces.rows[pieces.last]
    shore = np.zeros(len(nodes), bool)
    shore[first[~is_ferry]] = shore[last[~is_ferry]] = True
    times, is_tagged = crossing_times(
        Crossings(np.searchsorted(ferries, pieces.way[at]), first[at], last[at], pieces.length_km[at]),
        shore=shore,
        rides=ride_seconds(roads.ways.id[ferries], [roads.ways.tags[way] for way in ferries], relations),
        kinds=roads.link_class[ferries].tolist(),
    )
    seconds[at] = times
    source[at] = np.where(is_tagged, "tag", "table")
    kmh[at] = np.clip(pieces.length_km[at] / times * 3600, _LEAST_FERRY_KMH, _MOST_FERRY_KMH)
    return seconds, kmh, source


def _column(roads: RoadWays, key: str) -> Texts:
    """Return the value of a tag for each way, empty if there is none."""
    return np.array([tags.get(key, "") for tags in roads.ways.tags], dtype=object)


def _lines(pieces: Pieces, nodes: Nodes, reversed_: NDArray[np.bool_]) -> Texts:
    """Return the line of each piece from tail to head."""
    sizes = pieces.last - pieces.first + 1
    piece = np.repeat(np.arange(len(sizes)), sizes)
    along = np.arange(len(piece)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    start, step = np.where(reversed_, pieces.last, pieces.first), np.where(reversed_, -1, 1)
    rows = pieces.rows[start[piece] + step[piece] * along]
    points = np.column_stack([nodes.lon[rows], nodes.lat[rows]])
    return np.asarray(shapely.linestrings(points, indices=piece), dtype=object)


def _node_table(used: Ints, nodes: Nodes) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "osm_id": np.maximum(nodes.id[used], 0),  # ids below zero are points that a graph does not name
            "kind": np.full(len(used), "junction", dtype=object),
            "name": np.full(len(used), "", dtype=object),
        },
        geometry=shapely.points(nodes.lon[used], nodes.lat[used]),
        crs=CRS,
    )
