"""Find which cities are neighbours, and which links between them are worth a look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

_GEOD = pyproj.Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True)
class NeighbourRules:
    """Rules for links between neighbours.

    The angle rule is the one of Krantz, Optimal investments in Africa's road network: a link adds little when
    another one leaves in nearly the same direction and leads on to the same place without much of a detour.

    Attributes
    ----------
    nearest
        Each city is joined to this many nearest ones besides its Gabriel neighbours.
    angle_deg
        A link may be dropped for another one that leaves the same city within this angle.
    detour
        It is dropped when the way through the other one is at most this many times as long.
    longest_km
        Links longer than this are left out.
    """

    nearest: int = 3
    angle_deg: float = 45.0
    detour: float = 1.15
    longest_km: float = 250.0


def project(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Project points on a plane in km, true to distance round their middle.

    Parameters
    ----------
    lon, lat
        Degrees, float64 [n].

    Returns
    -------
    numpy.ndarray
        float64 [n, 2], km east and north of the middle (azimuthal equidistant).
    """
    crs = pyproj.CRS.from_proj4(
        f"+proj=aeqd +lat_0={np.mean(lat):.6f} +lon_0={np.mean(lon):.6f} +datum=WGS84 +units=km"
    )
    x, y = pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform(lon, lat)
    return np.column_stack([x, y])


def great_circle_km(
    lon_a: NDArray[np.float64],
    lat_a: NDArray[np.float64],
    lon_b: NDArray[np.float64],
    lat_b: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return distances over the ellipsoid in km, float64 [n]."""
    return np.asarray(_GEOD.inv(lon_a, lat_a, lon_b, lat_b)[2], dtype=np.float64) / 1000.0


def line_km(line: shapely.Geometry) -> float:
    """Return the length of a line in degrees over the ellipsoid, km."""
    return float(_GEOD.geometry_length(line)) / 1000.0


def gabriel(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the Gabriel graph: pairs whose diameter circle holds no third point.

    Parameters
    ----------
    points
        float64 [n, 2], on a plane. A point on the circle does not break the pair.

    Returns
    -------
    numpy.ndarray
        int64 [m, 2], smaller row first, in rising order. Compares each pair with each point, so it is exact
        also for points in line or in one place.
    """
    square = ((points[:, None, :] - points[None, :, :]) ** 2).sum(axis=2)
    rows, columns = np.triu_indices(len(points), k=1)
    kept = [
        not np.any(square[a] + square[b] < square[a, b] * (1 - 1e-12))
        for a, b in zip(rows.tolist(), columns.tolist(), strict=True)
    ]
    pairs = np.column_stack([rows, columns])[np.asarray(kept, dtype=bool)]
    return np.asarray(pairs, dtype=np.int64)


def nearest(points: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Return the pairs of each point with its `count` nearest ones.

    Parameters
    ----------
    points
        float64 [n, 2], on a plane.
    count
        How many; ties go to the smaller row.

    Returns
    -------
    numpy.ndarray
        int64 [m, 2], smaller row first, in rising order, each once.
    """
    square = ((points[:, None, :] - points[None, :, :]) ** 2).sum(axis=2)
    np.fill_diagonal(square, np.inf)
    order = np.argsort(square, axis=1, kind="stable")[:, : min(count, len(points) - 1)]
    rows = np.repeat(np.arange(len(points)), order.shape[1])
    return unique_pairs(np.column_stack([rows, order.ravel()]))


def unique_pairs(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return unordered pairs once each, smaller row first, in rising order; int64 [m, 2]."""
    if len(pairs) == 0:
        return np.zeros((0, 2), dtype=np.int64)
    return np.unique(np.sort(pairs, axis=1), axis=0).astype(np.int64)


def detour_index(network: NDArray[np.float64], direct: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return network distance over direct distance (or times alike), infinite where no way leads.

    Parameters
    ----------
    network, direct
        Distances or times of the same unit, float64 [n]; `direct` > 0.
    """
    return np.asarray(network / direct, dtype=np.float64)


def drop_similar(
    points: NDArray[np.float64], pairs: NDArray[np.int64], *, angle_deg: float = 45.0, detour: float = 1.15
) -> NDArray[np.int64]:
    """Drop links that another link nearly replaces.

    The longest link is tried first. It goes when, at one of its ends, another remaining link leaves within
    `angle_deg` and the way over it and on along remaining links is at most `detour` times as long.

    Parameters
    ----------
    points
        float64 [n, 2], on a plane.
    pairs
        int64 [m, 2], links.
    angle_deg, detour
        See `NeighbourRules`.

    Returns
    -------
    numpy.ndarray
        The remaining links, int64 [k, 2], in rising order. Every two points joined before stay joined.
    """
    lengths = np.hypot(*(points[pairs[:, 0]] - points[pairs[:, 1]]).T)
    alive = np.ones(len(pairs), dtype=bool)
    for link in np.lexsort((np.arange(len(pairs)), -lengths)).tolist():
        alive[link] = False
        alive[link] = not _replaced(points, pairs, lengths, alive, link, angle_deg, detour)
    return unique_pairs(pairs[alive])


def _replaced(
    points: NDArray[np.float64],
    pairs: NDArray[np.int64],
    lengths: NDArray[np.float64],
    alive: NDArray[np.bool_],
    link: int,
    angle_deg: float,
    detour: float,
) -> bool:
    """Tell whether remaining links replace one, seen from either end."""
    count = len(points)
    weights = np.maximum(lengths[alive], 1e-9)
    graph = csr_array((weights, (pairs[alive, 0], pairs[alive, 1])), shape=(count, count))
    ends = pairs[link].tolist()
    reach = dijkstra(graph, directed=False, indices=ends, limit=detour * lengths[link] * (1 + 1e-9))
    for start, end, from_end in ((ends[0], ends[1], reach[1]), (ends[1], ends[0], reach[0])):
        touching = alive & ((pairs[:, 0] == start) | (pairs[:, 1] == start))
        others = pairs[touching].sum(axis=1) - start
        way = lengths[touching] + from_end[others]
        near = _angles(points, start, end, others) <= np.radians(angle_deg)
        if np.any(near & (way <= detour * lengths[link])):
            return True
    return False


def _angles(
    points: NDArray[np.float64], start: int, end: int, others: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the angles at `start` between the link to `end` and the links to others, radians."""
    main = points[end] - points[start]
    side = points[others] - points[start]
    cross = main[0] * side[:, 1] - main[1] * side[:, 0]
    return np.asarray(np.abs(np.arctan2(cross, side @ main)), dtype=np.float64)


def links(points: NDArray[np.float64], rules: NeighbourRules) -> tuple[NDArray[np.int64], dict[str, int]]:
    """Return the links between neighbours that the rules leave, and how many went by which rule.

    Parameters
    ----------
    points
        float64 [n, 2], km on a plane.
    rules
        Which neighbours, which links.

    Returns
    -------
    tuple
        Links, int64 [m, 2]; reason to count.
    """
    if len(points) < 2:
        return np.zeros((0, 2), dtype=np.int64), {}
    every = unique_pairs(np.concatenate([gabriel(points), nearest(points, rules.nearest)]))
    lengths = np.hypot(*(points[every[:, 0]] - points[every[:, 1]]).T)
    short = every[lengths <= rules.longest_km]
    kept = drop_similar(points, short, angle_deg=rules.angle_deg, detour=rules.detour)
    return kept, {
        f"neighbours: farther apart than {rules.longest_km:g} km": len(every) - len(short),
        f"neighbours: another link within {rules.angle_deg:g} degrees nearly replaces it": len(short)
        - len(kept),
    }
