"""Cut OpenStreetMap ways into links at the nodes that they share, and build the road network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from networks.countries import read_table
from networks.errors import SourceError
from networks.impedance import travel_time_s
from networks.osm import tags as tag_rules
from networks.osm.elements import Elements, Nodes, Relation, Tags, Ways
from networks.road.attributes import TOWN, RoadReport, RoadWays, Texts, make_report, read_ferries, read_roads
from networks.road.speeds import SpeedTable, crossing_step, speed_table
from networks.schema import CLOSED, CRS, Floats, Ints, Mask, Network, components, empty_network
from networks.sphere import KM_PER_DEGREE

# The WGS 84 ellipsoid.
_SEMI_MAJOR_KM = 6378.137
_ECCENTRICITY_SQUARED = 0.0066943799901413165

_LONGEST_IN_PLANE_DEG = 0.1


@dataclass(frozen=True, slots=True)
class Pieces:
    """Parts of ways between junctions: piece i runs over `rows[first[i]:last[i] + 1]`.

    Attributes
    ----------
    rows
        Rows of the nodes of all ways in one flat array, without consecutive repeats.
    first, last
        Positions in `rows` of the ends of each piece.
    way
        Index of the way that each piece belongs to.
    length_km
        Length of each piece on the ellipsoid.
    dropped
        Number of nodes and pieces that were dropped, by reason.
    """

    rows: Ints
    first: Ints
    last: Ints
    way: Ints
    length_km: Floats
    dropped: dict[str, int]

    def keep(self, mask: Mask, *, reason: str = "") -> Pieces:
        """Return the selected pieces; if a reason is given, count the others under it."""
        lost = int(np.count_nonzero(~mask)) if reason else 0
        dropped = self.dropped | ({reason: lost} if lost else {})
        columns = {name: getattr(self, name)[mask] for name in ("first", "last", "way", "length_km")}
        return replace(self, **columns, dropped=dropped)


def cut_at_junctions(ways: Ways, nodes: Nodes, stops: Mask) -> Pieces:
    """Cut ways at their ends, at every node that is visited more than once, and where nobody passes.

    Parameters
    ----------
    ways
        Ways as sequences of nodes.
    stops
        bool [n], nodes that nobody passes.

    Returns
    -------
    Pieces
        Without loops. Consecutive repeats of a node are removed first.
    """
    # Nodes equal to the previous one of their way are dropped.
    rows, way_of = ways.rows, np.repeat(np.arange(len(ways)), np.diff(ways.offsets))
    kept = np.ones(len(rows), dtype=bool)
    kept[1:] = (way_of[1:] != way_of[:-1]) | (rows[1:] != rows[:-1])
    rows, way_of, repeats = rows[kept], way_of[kept], int(np.count_nonzero(~kept))
    lon, lat = nodes.lon[rows], nodes.lat[rows]
    steps = np.zeros(len(rows))
    if len(rows):
        steps[:-1] = segment_km(lon[:-1], lat[:-1], lon[1:], lat[1:])
    last_of_way = np.append(way_of[1:] != way_of[:-1], True)[: len(rows)]
    steps[last_of_way] = 0.0
    first_of_way = np.insert(last_of_way[:-1], 0, True)[: len(rows)]
    split = first_of_way | last_of_way | (np.bincount(rows, minlength=len(nodes))[rows] > 1) | stops[rows]
    first = np.flatnonzero(split & ~last_of_way)
    last = np.flatnonzero(split & ~first_of_way)
    pieces = Pieces(
        rows=rows,
        first=first,
        last=last,
        way=way_of[first],
        length_km=np.add.reduceat(steps, first) if len(first) else np.empty(0),
        dropped={"repeated_node": repeats} if repeats else {},
    )
    return pieces.keep(rows[pieces.first] != rows[pieces.last], reason="loop")


def segment_km(lon1: Floats, lat1: Floats, lon2: Floats, lat2: Floats) -> Floats:
    """Measure straight segments on the WGS 84 ellipsoid.

    Segments up to 0.1 degrees are measured in the tangent plane at their midpoint, with the radii of
    curvature in the meridian and in the prime vertical (relative error below 1e-6 under 10 km); longer ones
    as geodesics.

    Parameters
    ----------
    lon1, lat1, lon2, lat2
        Ends in degrees, arrays of one shape.

    Returns
    -------
    numpy.ndarray of float64
        Lengths in km. Segments across the antimeridian take the short way.
    """
    east = (lon2 - lon1 + 180.0) % 360.0 - 180.0
    north = lat2 - lat1
    middle = np.radians((lat1 + lat2) / 2)
    w_squared = 1.0 - _ECCENTRICITY_SQUARED * np.sin(middle) ** 2
    prime_vertical = _SEMI_MAJOR_KM / np.sqrt(w_squared)
    meridian = prime_vertical * (1.0 - _ECCENTRICITY_SQUARED) / w_squared
    lengths = np.hypot(np.radians(east) * prime_vertical * np.cos(middle), np.radians(north) * meridian)
    long = (np.abs(east) > _LONGEST_IN_PLANE_DEG) | (np.abs(north) > _LONGEST_IN_PLANE_DEG)
    if long.any():
        lengths[long] = geodesic_km(lon1[long], lat1[long], lon2[long], lat2[long])
    return np.asarray(lengths)


def geodesic_km(lon1: Floats, lat1: Floats, lon2: Floats, lat2: Floats) -> Floats:
    """Measure geodesics on the WGS 84 ellipsoid, in km; the parameters are those of `segment_km`."""
    return np.asarray(pyproj.Geod(ellps="WGS84").inv(lon1, lat1, lon2, lat2)[2], dtype=np.float64) / 1000.0


def merge_zero_length(tail: Ints, head: Ints, length_km: Floats) -> tuple[Ints, Ints]:
    """Merge the end nodes of links of zero length, so that dropping these links disconnects nothing.

    Parameters
    ----------
    tail, head
        Non-negative node numbers of each link.

    Returns
    -------
    tuple of two arrays
        `tail` and `head`, with one node number for all nodes that links of zero length connect.
    """
    zero = length_km <= 0
    if not zero.any():
        return tail, head
    label = components(tail[zero], head[zero], size=int(max(tail.max(), head.max())) + 1)
    _, representative = np.unique(label, return_index=True)
    return representative[label[tail]], representative[label[head]]


def ends_to_detach(
    tail: Ints, head: Ints, is_restricted: Mask, rank: Ints, *, is_ferry: Mask
) -> tuple[Mask, Mask]:
    """Choose the ends of restricted links to detach from open roads, so that no route leads through them.

    Restricted links that are connected with each other form a group. A group stays attached to the open roads
    at one node, that of the highest class, and is detached at all others: it can be entered and left, but not
    crossed. Within a group, and where a ferry meets it, nothing changes: who takes the ferry may drive to it.

    Parameters
    ----------
    tail, head
        Node of each end of each link, int64 [n].
    is_restricted
        Links without through traffic, bool [n].
    rank
        Rank of the class of each link, 0 for the highest, int64 [n].
    is_ferry
        Links that are no roads, bool [n].

    Returns
    -------
    tuple of two arrays
        bool [n] each, links to detach at their tail, and at their head.
    """
    size = int(max(tail.max(initial=-1), head.max(initial=-1))) + 1
    # `best[v]`: rank of the highest class of open road at node v; the largest integer where there is none.
    best = np.full(size, np.iinfo(np.int64).max)
    is_through = ~is_restricted & ~is_ferry
    for ends in (tail, head):
        np.minimum.at(best, ends[is_through], rank[is_through])
    inside = np.flatnonzero(is_restricted)
    group = components(tail[inside], head[inside], size=size)
    is_open = best < np.iinfo(np.int64).max
    borders = np.unique(np.concatenate([tail[inside], head[inside]]))
    borders = borders[is_open[borders]]
    # The first border of each group in this order is the one that stays attached.
    order = np.lexsort((borders, best[borders], group[borders]))
    _, first = np.unique(group[borders[order]], return_index=True)
    lost = np.zeros(size, bool)
    lost[borders] = True
    lost[borders[order[first]]] = False
    return is_restricted & lost[tail], is_restricted & lost[head]


def lines_along(
    rows: Ints, first: Ints, last: Ints, lon: Floats, lat: Floats, *, is_reversed: Mask | None = None
) -> NDArray[np.object_]:
    """Return the line of each piece of a sequence of points.

    Parameters
    ----------
    rows
        Points of all ways in one flat array.
    first, last
        Positions in `rows` of the ends of each piece [m].
    lon, lat
        Degrees of the points.
    is_reversed
        Pieces whose line runs from their last point to their first [m]; None for none.
    """
    turned = np.zeros(len(first), bool) if is_reversed is None else is_reversed
    sizes = last - first + 1
    piece = np.repeat(np.arange(len(sizes)), sizes)
    along = np.arange(len(piece)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    start, step = np.where(turned, last, first), np.where(turned, -1, 1)
    points = rows[start[piece] + step[piece] * along]
    return np.asarray(shapely.linestrings(np.column_stack([lon[points], lat[points]]), indices=piece))


# ---- the network


def ride_seconds(way_ids: Ints, tags: Sequence[Tags], relations: Sequence[Relation]) -> list[tuple[int, int]]:
    """Return the tagged duration of each way in seconds, and a key shared by the ways that it is for.

    The duration of a relation is for all its ways that have none of their own. Ways without any get 0.

    Parameters
    ----------
    way_ids, tags
        Id and tags of each way.
    """
    found = [
        (tag_rules.duration_s(one.get("duration", "")) or 0, position) for position, one in enumerate(tags)
    ]
    position_of: dict[int, list[int]] = {}
    for position, way in enumerate(way_ids.tolist()):
        position_of.setdefault(way, []).append(position)
    for row, relation in enumerate(relations):
        seconds = tag_rules.duration_s(relation.tags.get("duration", ""))
        if seconds is None or relation.tags.get("route") == "train":
            continue
        members = {member.ref for member in relation.members if member.kind == "w"}
        for way in sorted(members & position_of.keys()):
            for position in position_of[way]:
                if found[position][0] == 0:
                    found[position] = (seconds, len(tags) + row)
    return found


_MM_PER_KM = 1e6
_LEAST_FERRY_KMH, _MOST_FERRY_KMH = 5.0, 160.0


def assemble(roads: RoadWays, elements: Elements, *, table: SpeedTable) -> tuple[Network, dict[str, int]]:
    """Cut ways into links and build both tables.

    Parameters
    ----------
    elements
        What the ways are from. The links on both sides of a barrier that stops cars end there, at nodes of
        their own; route relations may state the duration of a ferry; by built-up areas streets of towns are
        known.
    table
        Speeds in towns.

    Returns
    -------
    tuple of Network and dict
        The network with the columns of the data contract, and the number of nodes and pieces that were
        dropped, cut off or merged, by reason.
    """
    nodes, barriers = elements.nodes, elements.barriers
    # bool [n], the nodes that stop cars.
    closed = barriers.id[np.array([tag_rules.stops_cars(tags) for tags in barriers.tags], dtype=bool)]
    stops = np.isin(nodes.id, closed)
    pieces = cut_at_junctions(roads.ways, nodes, stops)
    factors = np.array([tag_rules.length_factor(tags) for tags in roads.ways.tags], np.float64)
    pieces = replace(pieces, length_km=pieces.length_km * factors[pieces.way])
    kmh, against, source = _speeds(roads, pieces, elements, table)
    wait = _waits(roads, pieces, nodes)
    kmh, source, seconds = _with_ferries(roads, pieces, elements, kmh, source)
    # Times are known already of ferries, where cars wait, and against the nodes where directions differ.
    differs = np.isfinite(against) & (against != kmh)
    other_s = travel_time_s(pieces.length_km, np.where(differs, against, kmh)) + wait
    backward = np.where(differs | (wait > 0), other_s, seconds)
    seconds = np.where(wait > 0, travel_time_s(pieces.length_km, kmh) + wait, seconds)
    reversed_ = roads.direction[pieces.way] == tag_rules.BACKWARD
    tail, head = pieces.rows[pieces.first], pieces.rows[pieces.last]
    tail, head = np.where(reversed_, head, tail), np.where(reversed_, tail, head)
    at_barrier = stops[tail], stops[head]
    tail, head = merge_zero_length(tail, head, pieces.length_km)
    # Numbers of ends from that of nodes on are copies of nodes, which no other link shares.
    tail, head, row_of = _detached(tail, head, np.arange(len(nodes)), *at_barrier)
    restricted = roads.is_restricted[pieces.way]
    is_ferry = (roads.mode == "ferry")[pieces.way]
    # The rank of the class of each way, 0 for motorways; ferries come last.
    rank = {name: i for i, name in enumerate(tag_rules.ROAD_CLASSES)}
    names = (str(name).removesuffix("_link") for name in roads.link_class)
    ranks = np.array([rank.get(name, len(rank)) for name in names], np.int64)[pieces.way]
    cut_off = ends_to_detach(tail, head, restricted, ranks, is_ferry=is_ferry)
    tail, head, row_of = _detached(tail, head, row_of, *cut_off)
    oneway = roads.direction[pieces.way] != tag_rules.BOTH
    kept, dropped = _kept(tail, head, pieces.length_km, oneway=oneway, speed=kmh)
    dropped["barrier"] = len(np.unique(pieces.rows[stops[pieces.rows]]))
    dropped["no_through_traffic"] = int(np.count_nonzero(cut_off))
    oneway, source, kmh = oneway[kept], source[kept], kmh[kept]
    pieces = pieces.keep(kept)
    used, at = np.unique(np.concatenate([tail[kept], head[kept]]), return_inverse=True)
    tags_of = [roads.ways.tags[way] for way in pieces.way]
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
            "forward_s": seconds[kept],
            "backward_s": np.where(oneway, CLOSED, backward[kept]),
            "osm_id": roads.ways.id[pieces.way],
            **{key: [tags.get(key, "") for tags in tags_of] for key in ("name", "ref", "start_date")},
            "tracks": 0,
        },
        geometry=lines_along(
            pieces.rows, pieces.first, pieces.last, nodes.lon, nodes.lat, is_reversed=reversed_[kept]
        ),
        crs=CRS,
    )
    rows = row_of[used]
    # Ids below zero are points that a graph does not name.
    columns = {"osm_id": np.maximum(nodes.id[rows], 0), "kind": "junction", "name": ""}
    points = shapely.points(nodes.lon[rows], nodes.lat[rows])
    table = gpd.GeoDataFrame(columns, geometry=points, crs=CRS)
    return Network(nodes=table, links=links), pieces.dropped | {k: n for k, n in dropped.items() if n}


def _detached(tail: Ints, head: Ints, row_of: Ints, at_tail: Mask, at_head: Mask) -> tuple[Ints, Ints, Ints]:
    """Return ends where the marked ones are new copies of their nodes, and the row of the node of each."""
    ends, marked = np.concatenate([tail, head]), np.concatenate([at_tail, at_head])
    copied = row_of[ends[marked]]
    ends[marked] = len(row_of) + np.arange(len(copied))
    return ends[: len(tail)], ends[len(tail) :], np.append(row_of, copied)


def _kept(
    tail: Ints, head: Ints, length_km: Floats, *, oneway: Mask, speed: Floats
) -> tuple[Mask, dict[str, int]]:
    """Mark the links to keep: no loops, none of zero length, and the fastest of duplicates."""
    has_length = length_km > 0
    proper = has_length & (tail != head)
    low, high = np.minimum(tail, head), np.maximum(tail, head)
    low, high = np.where(oneway, tail, low), np.where(oneway, head, high)
    mm = np.rint(length_km * _MM_PER_KM).astype(np.int64)
    same = pd.DataFrame({"mm": mm, "low": low, "high": high, "oneway": oneway, "proper": proper})
    fastest_first = np.lexsort((-speed, ~proper))
    single = ~same.iloc[fastest_first].duplicated().sort_index().to_numpy()
    kept = proper & single
    return kept, {
        "zero_length": int(np.count_nonzero(~has_length)),
        "loop_after_joining": int(np.count_nonzero(has_length & ~proper)),
        "drawn_twice": int(np.count_nonzero(proper & ~single)),
    }


def _speeds(
    roads: RoadWays, pieces: Pieces, elements: Elements, table: SpeedTable
) -> tuple[Floats, Floats, Texts]:
    """Return the speeds of each piece along its nodes and against them, and their source.

    A piece without a limit has the speed of towns for the part of its length that lies in one.
    """
    kmh, against = roads.speed_kmh[pieces.way], roads.against_kmh[pieces.way]
    source = roads.speed_source[pieces.way]
    town = np.array([table.town_kmh(name) for name in roads.link_class])[pieces.way]
    is_slower = (source == "table") & (town < kmh)
    share = _town_shares(roads, pieces, elements, np.unique(pieces.way[is_slower]))
    kmh, against = (
        np.where(is_slower, 1 / ((1 - share) / one + share / np.minimum(town, one)), one)
        for one in (kmh, against)
    )
    return kmh, against, np.where(is_slower & (share > 0), TOWN, source)


def _town_shares(roads: RoadWays, pieces: Pieces, elements: Elements, ways: Ints) -> Floats:
    """Return the share of the length of each piece that lies in towns, by tags or by areas near it.

    A segment counts by half for each end that is near an area.

    Parameters
    ----------
    ways
        Rows of the ways that are looked at.
    """
    nodes, gap_km = elements.nodes, tag_rules.BUILT_UP["gap_km"] / 2
    scale = KM_PER_DEGREE * np.array([np.cos(np.radians(nodes.lat.mean())), 1.0])
    places = np.column_stack([nodes.lon, nodes.lat]) * scale
    tree = shapely.STRtree(shapely.transform(elements.built_up, lambda at: at * scale))
    of_way = np.repeat(np.arange(len(roads.ways)), np.diff(roads.ways.offsets))
    rows = np.unique(roads.ways.rows[np.isin(of_way, ways)])
    found, _ = tree.query(shapely.points(places[rows]), predicate="dwithin", distance=gap_km)
    near = np.isin(pieces.rows, rows[found]).astype(np.float64)
    km = np.linalg.norm(np.diff(places[pieces.rows], axis=0), axis=1)
    # Up to each point of all ways, in one row: km, and km in towns.
    total, town = (np.append(0.0, np.cumsum(one)) for one in (km, km * (near[:-1] + near[1:]) / 2))
    share = (town[pieces.last] - town[pieces.first]) / np.maximum(
        total[pieces.last] - total[pieces.first], 1e-9
    )
    streets = [
        any(tags.get(key) in values for key, values in tag_rules.BUILT_UP["streets"].items())
        for tags in roads.ways.tags
    ]
    return np.where(np.array(streets, dtype=bool)[pieces.way], 1.0, np.clip(share, 0.0, 1.0))


def _waits(roads: RoadWays, pieces: Pieces, nodes: Nodes) -> Ints:
    """Return the seconds that cars wait on each piece: half at each end of connected ways with a wait."""
    turning, opening = (read_table("speeds.toml")["wait"][key] for key in ("direction", "bridge"))
    waits = [
        max(turning.get(tag_rules.direction(tags)[1], 0), opening.get(tags.get("bridge"), 0))
        for tags in roads.ways.tags
    ]
    wait = np.where(roads.mode == "road", np.array(waits, dtype=np.int64), 0)[pieces.way]
    at = np.flatnonzero(wait)
    ends = pieces.rows[np.array([pieces.first[at], pieces.last[at]])]
    wait[at] = wait[at] * (np.bincount(ends.ravel(), minlength=len(nodes))[ends] == 1).sum(axis=0) // 2
    return wait


def _with_ferries(
    roads: RoadWays, pieces: Pieces, elements: Elements, kmh: Floats, source: Texts
) -> tuple[Floats, Texts, Ints]:
    """Return speeds and sources with those of ferries, and the seconds of each piece, 0 except for ferries.

    Pieces of ferries that meet at sea form one crossing. A tagged duration is shared by length among the
    pieces that it is for; without one, the speed of the table for the length of the crossing applies. Half of
    the wait of the table is added at each end on a shore, so that a crossing pays the wait once, however many
    ways it is mapped as.
    """
    seconds = np.zeros(len(pieces.way), dtype=np.int64)
    ferries = np.flatnonzero(roads.mode == "ferry")
    is_ferry = (roads.mode == "ferry")[pieces.way]
    at = np.flatnonzero(is_ferry & (pieces.length_km > 0))
    if not len(at):
        return kmh, source, seconds
    way, km, count = pieces.way[at], pieces.length_km[at], len(at)
    ends = pieces.rows[np.concatenate([pieces.first[at], pieces.last[at]])]
    # Shores are the nodes that a road touches, and ends of the ferries that nothing else touches.
    is_shore = np.bincount(ends, minlength=len(elements.nodes)) == 1
    is_shore[pieces.rows[np.concatenate([pieces.first[~is_ferry], pieces.last[~is_ferry]])]] = True
    # A graph of pieces (0 to count - 1) and of the nodes at sea behind them; its components are crossings.
    at_sea = ~is_shore[ends]
    piece = np.tile(np.arange(count), 2)
    crossing = components(piece[at_sea], count + ends[at_sea], size=count + len(elements.nodes))[:count]
    crossing_km = np.bincount(crossing, weights=km)[crossing]
    rides = ride_seconds(
        roads.ways.id[ferries], [roads.ways.tags[one] for one in ferries], elements.relations
    )
    ride_s, key = np.array(rides, dtype=np.int64)[np.searchsorted(ferries, way)].T
    shared_km = np.bincount(key, weights=km)[key]
    kinds = roads.link_class[way].tolist()
    steps = [crossing_step(kind, length) for kind, length in zip(kinds, crossing_km.tolist(), strict=True)]
    by_table = km / np.array([step.kmh for step in steps]) * 3600
    ride = np.where(ride_s > 0, ride_s * km / np.maximum(shared_km, 1e-9), by_table)
    # One end ashore pays half of the wait: a crossing has two such ends, however many pieces it is mapped as.
    wait = np.array([step.wait_s for step in steps]) / 2 * is_shore[ends].reshape(2, -1).sum(axis=0)
    seconds[at] = np.maximum(1, np.rint(ride + wait))
    source[at] = np.where(ride_s > 0, "tag", "table")
    kmh[at] = np.clip(km / seconds[at] * 3600, _LEAST_FERRY_KMH, _MOST_FERRY_KMH)
    return kmh, source, seconds


def build(
    elements: Elements, *, country: str = "CN", opened_by: date | None = None
) -> tuple[Network, RoadReport]:
    """Build the network of roads and car ferries.

    Ways are cut into links at their ends and at the nodes that they share. `networks.osm.tags` holds
    the rules for one-way roads, `networks.road.speeds` those for speeds; the data file `speeds.toml` holds
    the speed tables.

    Parameters
    ----------
    elements
        Elements from `networks.osm.read` or `networks.osm.fetch`.
    country
        Speed table: an ISO 3166 code, `EU` or `world`.
    opened_by
        Drop what opened after this day; None for the network of today.

    Returns
    -------
    tuple of Network and RoadReport
        The network, and counts of what was read, imputed and dropped. `forward_s` and `backward_s` of roads
        are 0 (computed later by `networks.impedance`) or -1 (closed); ferries have their times already.

    Raises
    ------
    SourceError
        If no link is left of roads, if there are neither roads nor tracks, or if `country` is not a country
        code.
    """
    table = speed_table(country)
    read, counts = read_roads(elements.roads, table=table, opened_by=opened_by)
    ferries, ferry_counts = read_ferries(elements.ferries, opened_by=opened_by)
    network, dropped = assemble(RoadWays.joined(read, ferries), elements, table=table)
    if network.links.empty and len(elements.tracks) and not len(elements.roads):
        network = empty_network()  # a map of railways alone
    elif network.links.empty:
        raise SourceError(
            "No roads are left to build a network.", where=elements.source.name,
            remedy="Include more road classes, or choose a later opening date.",
        )  # fmt: skip
    return network, make_report(
        network,
        country=table.country,
        ways=len(elements.roads) + len(elements.ferries),
        parts=(counts, ferry_counts),
        dropped=dropped,
    )
