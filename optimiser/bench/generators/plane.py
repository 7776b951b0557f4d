"""Place points on a plane and join neighbours, in integers alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

type Integers = NDArray[np.int64]
type Edge = tuple[int, int]

TRIES = 200
"""Draws without success after which the least distance between points shrinks by a tenth."""


def generator(seed: int) -> np.random.Generator:
    """Return the random number generator of a problem: PCG64, from which only integers are drawn."""
    return np.random.Generator(np.random.PCG64(seed))


def scatter(rng: np.random.Generator, count: int, *, side_m: int, apart_m: int) -> Integers:
    """Draw points of a square that keep a distance from each other.

    Parameters
    ----------
    rng
        Random number generator.
    count
        Number of points.
    side_m
        Side of the square, metres.
    apart_m
        Least distance, metres; it shrinks by a tenth whenever `TRIES` draws have found no place.

    Returns
    -------
    NDArray
        int64 [count, 2], metres.
    """
    points = np.empty((0, 2), dtype=np.int64)
    failed = 0
    while len(points) < count:
        point = rng.integers(0, side_m, size=(1, 2), endpoint=True)
        if len(points) and ((points - point) ** 2).sum(axis=1).min() < max(apart_m, 1) ** 2:
            failed += 1
            if failed % TRIES == 0:
                apart_m = apart_m * 9 // 10
            continue
        points = np.concatenate([points, point])
    return points


def distances(points: Integers) -> Integers:
    """Return the distances between points, rounded down to whole metres.

    The square root of an integer below 2^52 is rounded in the same way on every machine (IEEE 754), and its
    floor is exact.

    Parameters
    ----------
    points
        int64 [n, 2], metres, below 2^25 in absolute value.

    Returns
    -------
    NDArray
        int64 [n, n], metres.
    """
    squares = ((points[:, None, :] - points[None, :, :]) ** 2).sum(axis=2)
    return np.floor(np.sqrt(squares)).astype(np.int64)


def spanning_tree(lengths: Integers) -> list[Edge]:
    """Return the edges of a minimum spanning tree (Prim 1957), sorted; ties go to the smaller numbers.

    Parameters
    ----------
    lengths
        int64 [n, n], symmetric.
    """
    count = len(lengths)
    inside = np.zeros(count, dtype=np.bool_)
    nearest = np.zeros(count, dtype=np.int64)
    edges: list[Edge] = []
    if count:
        inside[0] = True
    best = lengths[0].copy() if count else lengths
    for _ in range(count - 1):
        to = int(np.where(inside, np.iinfo(np.int64).max, best).argmin())
        edges.append((min(int(nearest[to]), to), max(int(nearest[to]), to)))
        inside[to] = True
        closer = lengths[to] < best
        nearest[closer] = to
        best = np.minimum(best, lengths[to])
    return sorted(edges)


def points_between(points: Integers) -> Integers:
    """Count for every two points the points inside the circle on their diameter.

    Two points with count 0 are Gabriel neighbours (Gabriel and Sokal 1969). Two points with count at most k
    are neighbours in the k-Gabriel graph (Su and Chang 1990), which in practice contains the Delaunay edges
    for small k.

    Parameters
    ----------
    points
        int64 [n, 2].

    Returns
    -------
    NDArray
        int64 [n, n].
    """
    squares = ((points[:, None, :] - points[None, :, :]) ** 2).sum(axis=2)
    # By Thales, a point lies inside the circle if it sees the two ends under an obtuse angle.
    rows = [((squares[a][None, :] + squares) < squares[a][:, None]).sum(axis=1) for a in range(len(points))]
    return np.array(rows, dtype=np.int64).reshape(len(points), len(points))


def closest_neighbours(points: Integers, count: int) -> list[Edge]:
    """Return the edges between the closest neighbours: fewest points between them, then shortest.

    Parameters
    ----------
    points
        int64 [n, 2].
    count
        Number of edges wanted; all edges, where there are fewer.

    Returns
    -------
    list of tuple
        Positions a < b, in order of closeness.
    """
    tail, head = np.triu_indices(len(points), 1)
    keys = (head, tail, distances(points)[tail, head], points_between(points)[tail, head])
    order = np.lexsort(keys)[:count]
    return list(zip(tail[order].tolist(), head[order].tolist(), strict=True))
