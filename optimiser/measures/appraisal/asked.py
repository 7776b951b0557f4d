"""Lay out pairs by their origins for searches, and time them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import FAR, LONGEST, Graph, Integers, Mask, times_from
from optimiser.problem import DesignProblem


class Asked(NamedTuple):
    """Pairs in order of their origins; O origins, A pairs.

    Attributes
    ----------
    pair
        int64 [A]: positions in the problem.
    origins, start
        int64 [O], [O + 1]: the nodes, and the pairs that begin at each.
    destination, limit
        int64 [A].
    """

    pair: Integers
    origins: Integers
    start: Integers
    destination: Integers
    limit: Integers


def pairs_of(problem: DesignProblem, pairs: Iterable[int]) -> Asked:
    """Lay out some pairs of a problem.

    Parameters
    ----------
    problem
        The problem.
    pairs
        Positions.
    """
    ks = sorted(pairs, key=lambda k: (problem.pairs[k].origin, k))
    origin = np.array([problem.pairs[k].origin for k in ks], dtype=np.int64)
    origins, start = np.unique(origin, return_index=True)
    return Asked(
        pair=np.array(ks, dtype=np.int64),
        origins=origins,
        start=np.append(start, len(ks)).astype(np.int64),
        destination=np.array([problem.pairs[k].destination for k in ks], dtype=np.int64),
        limit=np.array([min(problem.pairs[k].limit, LONGEST) for k in ks], dtype=np.int64),
    )


def some(asked: Asked, rows: NDArray[np.intp]) -> Asked:
    """Return some of the pairs.

    Parameters
    ----------
    asked
        All pairs.
    rows
        Their rows, rising.
    """
    origin = np.repeat(asked.origins, np.diff(asked.start))[rows]
    origins, start = np.unique(origin, return_index=True)
    return Asked(
        pair=asked.pair[rows],
        origins=origins,
        start=np.append(start, len(rows)).astype(np.int64),
        destination=asked.destination[rows],
        limit=asked.limit[rows],
    )


@compiled
def times_of(net: Graph, is_open: Mask, asked: Asked, endless: bool) -> Integers:  # noqa: FBT001 - compiled
    """Return the times of pairs over open arcs, `FAR` where no path leads.

    Parameters
    ----------
    net
        All arcs.
    is_open
        bool [candidates + 1], the last place True.
    asked
        The pairs.
    endless
        Search on beyond the limits; else times beyond the largest limit of an origin may be `FAR`.

    Returns
    -------
    NDArray
        int64 [A].
    """
    found = np.full(asked.pair.size, FAR)
    for row in range(asked.origins.size):
        low, high = asked.start[row], asked.start[row + 1]
        radius = LONGEST if endless else asked.limit[low:high].max()
        times = times_from(net, is_open, asked.origins[row], radius)
        for k in range(low, high):
            found[k] = times[asked.destination[k]]
    return found
