"""Cut ways into links at the nodes that they share, and measure them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from networks.osm.elements import Nodes, Ways
from networks.schema import Floats, Ints, Mask, components

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


def cut_at_junctions(ways: Ways, nodes: Nodes, stops: Mask | None = None) -> Pieces:
    """Cut ways at their ends, at every node that is visited more than once, and where nobody passes.

    Parameters
    ----------
    ways
        Ways as sequences of nodes.
    stops
        bool [n], nodes that nobody passes; None for none.

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
    ends = first_of_way | last_of_way
    split = ends | (np.bincount(rows, minlength=len(nodes))[rows] > 1)
    if stops is not None:
        split |= stops[rows]
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
    size = int(max(tail.max(), head.max())) + 1
    label = components(tail[zero], head[zero], size=size)
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
    none = np.zeros(len(tail), bool)
    if not is_restricted.any():
        return none, none
    size = int(max(tail.max(), head.max())) + 1
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
