"""Cut ways into links at the nodes that they share, and measure them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyproj
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from networks.osm.elements import Nodes, Ways

_SEMI_MAJOR_KM = 6378.137


_ECCENTRICITY_2 = 0.0066943799901413165


_LONG_DEGREES = 0.1


Floats = NDArray[np.float64]


def segment_km(lon1: Floats, lat1: Floats, lon2: Floats, lat2: Floats) -> Floats:
    """Measure straight segments on the WGS 84 ellipsoid.

    Short segments are measured in the plane that touches the ellipsoid at their middle (radii of curvature of
    the meridian and the prime vertical; right to a millionth below 10 km), longer ones by the geodesic.

    Parameters
    ----------
    lon1, lat1, lon2, lat2
        Ends in degrees, arrays of one shape.

    Returns
    -------
    numpy.ndarray of float64
        Lengths in km. Segments across the antimeridian go the short way.
    """
    east = (lon2 - lon1 + 180.0) % 360.0 - 180.0
    north = lat2 - lat1
    middle = np.radians((lat1 + lat2) / 2)
    bulge = 1.0 - _ECCENTRICITY_2 * np.sin(middle) ** 2
    vertical = _SEMI_MAJOR_KM / np.sqrt(bulge)
    meridian = vertical * (1.0 - _ECCENTRICITY_2) / bulge
    lengths = np.hypot(np.radians(east) * vertical * np.cos(middle), np.radians(north) * meridian)
    far = (np.abs(east) > _LONG_DEGREES) | (np.abs(north) > _LONG_DEGREES)
    if far.any():
        geod = pyproj.Geod(ellps="WGS84")
        lengths[far] = geod.inv(lon1[far], lat1[far], lon2[far], lat2[far])[2] / 1000.0
    return np.asarray(lengths)


Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pieces:
    """Links before they have a direction: piece i runs over `rows[first[i]:last[i] + 1]`.

    Attributes
    ----------
    rows
        Rows of the nodes of all ways, laid end to end, no node twice in a row.
    first, last
        Positions in `rows` of the ends of each piece.
    way
        Index of the way that each piece belongs to.
    length_km
        Length of each piece.
    dropped
        What was left out or merged, by reason.
    """

    rows: Ints
    first: Ints
    last: Ints
    way: Ints
    length_km: NDArray[np.float64]
    dropped: dict[str, int]

    def keep(self, mask: NDArray[np.bool_], *, reason: str = "") -> Pieces:
        """Return the pieces that a mask keeps, with the others counted under a reason if one is given."""
        lost = int(np.count_nonzero(~mask)) if reason else 0
        return Pieces(
            rows=self.rows,
            first=self.first[mask],
            last=self.last[mask],
            way=self.way[mask],
            length_km=self.length_km[mask],
            dropped=self.dropped | ({reason: lost} if lost else {}),
        )


def cut_at_junctions(ways: Ways, nodes: Nodes) -> Pieces:
    """Cut ways at their ends and at every node that is passed more than once.

    Parameters
    ----------
    ways
        Runs of nodes.
    nodes
        Positions of the nodes.

    Returns
    -------
    Pieces
        Without loops; repeated nodes are merged.
    """
    rows, way_of, repeats = _without_repeats(ways)
    lon, lat = nodes.lon[rows], nodes.lat[rows]
    steps = np.zeros(len(rows))
    if len(rows):
        steps[:-1] = segment_km(lon[:-1], lat[:-1], lon[1:], lat[1:])
    last_of_way = np.append(way_of[1:] != way_of[:-1], True)[: len(rows)]
    steps[last_of_way] = 0.0
    first_of_way = np.insert(last_of_way[:-1], 0, True)[: len(rows)]
    ends = first_of_way | last_of_way
    split = ends | (np.bincount(rows, minlength=len(nodes))[rows] > 1)
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


def _without_repeats(ways: Ways) -> tuple[Ints, Ints, int]:
    """Drop nodes that repeat the one before in their way."""
    rows = ways.rows
    way_of = np.repeat(np.arange(len(ways)), np.diff(ways.offsets))
    same_way = way_of[1:] == way_of[:-1]
    repeated = np.zeros(len(rows), dtype=bool)
    repeated[1:] = same_way & (rows[1:] == rows[:-1])
    kept = ~repeated
    return rows[kept], way_of[kept], int(np.count_nonzero(repeated))


def merge_zero_length(tail: Ints, head: Ints, length_km: NDArray[np.float64]) -> tuple[Ints, Ints]:
    """Join the ends of links of no length, so that dropping these links parts nothing.

    Parameters
    ----------
    tail, head
        Ends of each link, any non-negative numbers of nodes.
    length_km
        Lengths.

    Returns
    -------
    tuple of two arrays
        The ends, with one number for all nodes that links of no length join.
    """
    zero = length_km <= 0
    if not zero.any():
        return tail, head
    size = int(max(tail.max(), head.max())) + 1
    graph = coo_array((np.ones(zero.sum()), (tail[zero], head[zero])), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    _, representative = np.unique(label, return_index=True)
    return representative[label[tail]], representative[label[head]]


def first_occurrences(*columns: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Mark the first row of each set of rows that agree in all columns.

    Parameters
    ----------
    *columns
        Arrays of one length.

    Returns
    -------
    numpy.ndarray of bool
        True where no earlier row is equal.
    """
    order = np.lexsort(columns)
    new = np.zeros(len(order), dtype=bool)
    new[:1] = True
    for column in columns:
        ranked = column[order]
        new[1:] |= ranked[1:] != ranked[:-1]
    marks = np.empty(len(order), dtype=bool)
    marks[order] = new
    return marks
