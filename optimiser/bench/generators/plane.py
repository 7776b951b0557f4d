"""Place points on a plane and join neighbours, in integers alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

type Integers = NDArray[np.int64]
type Edge = tuple[int, int]

TRIES = 200
"""Draws a point before the least distance between points is let go by a tenth."""


def generator(seed: int) -> np.random.Generator:
    """Return the source of chance of a generator: PCG64, integers only are drawn from it."""
    return np.random.Generator(np.random.PCG64(seed))


def scattered(rng: np.random.Generator, count: int, *, side_m: int, apart_m: int) -> Integers:
    """Draw points of a square that keep a distance from each other.

    Parameters
    ----------
    rng
        Source of chance.
    count
        Number of points.
    side_m
        Side of the square, metres.
    apart_m
        Least distance, metres; it shrinks by a tenth each time that `TRIES` draws found no place.

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

    The square root of an integer below 2^52 is rounded alike on every machine (IEEE 754), and its floor is
    exact.

    Parameters
    ----------
    points
        int64 [n, 2], metres, below 2^25 in size.

    Returns
    -------
    NDArray
        int64 [n, n], metres.
    """
    squares = ((points[:, None, :] - points[None, :, :]) ** 2).sum(axis=2)
    return np.floor(np.sqrt(squares)).astype(np.int64)


def spanning_tree(lengths: Integers) -> list[Edge]:
    """Return the edges of a shortest spanning tree (Prim 1957), ties to the smaller numbers, sorted.

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


def between(points: Integers) -> Integers:
    """Count the points inside the circle that has two points as ends of a diameter.

    Where the count is 0 the two are Gabriel neighbours (Gabriel and Sokal 1969); at most k: neighbours in
    the k-Gabriel graph (Su and Chang 1990), which contains the Delaunay edges in practice for small k.

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
    rows = [((squares[a][None, :] + squares) < squares[a][:, None]).sum(axis=1) for a in range(len(points))]
    return np.array(rows, dtype=np.int64).reshape(len(points), len(points))


def neighbours(points: Integers, count: int) -> list[Edge]:
    """Return the edges between the closest neighbours: fewest points between, then shortest.

    Parameters
    ----------
    points
        int64 [n, 2].
    count
        Number of edges wanted; all there are, where there are fewer.

    Returns
    -------
    list of tuple
        Positions a < b, in order of closeness.
    """
    tail, head = np.triu_indices(len(points), 1)
    order = np.lexsort((head, tail, distances(points)[tail, head], between(points)[tail, head]))[:count]
    return list(zip(tail[order].tolist(), head[order].tolist(), strict=True))
