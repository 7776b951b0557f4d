"""Keep of links between the same two nodes the fastest of each direction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from networks.network import CLOSED

_NEVER = np.iinfo(np.int64).max

type Ints = NDArray[np.int64]


def merge(
    pair: Ints, up: Ints, down: Ints, *, length_km: NDArray[np.float64], kind: Ints
) -> tuple[NDArray[np.bool_], Ints, Ints]:
    """Keep of links between the same two nodes the fastest of each direction.

    Of equals the shorter stays, then the first. Where the two directions are won by two links of one kind,
    they become one two-way link; where their kinds differ, both stay, each in its direction alone.

    Parameters
    ----------
    pair
        int64 [m, 2]: the two nodes, the lower first.
    up, down
        int64 [m]: seconds from the lower to the higher node and back, or CLOSED; never both closed.
    length_km
        float64 [m].
    kind
        int64 [m]: code of mode and class.

    Returns
    -------
    tuple of arrays
        Which links stay, and their seconds up and down.
    """
    alive, up, down = np.ones(up.size, dtype=bool), up.copy(), down.copy()
    rows, group = _with_company(pair)
    if rows.size == 0:
        return alive, up, down
    first = _fastest(rows, group, up, length_km)
    second = _fastest(rows, group, down, length_km)
    first, second = _preferably_one(first, second, up, down)
    alive[rows] = False
    alive[first] = True
    alive[second] = True
    two = first != second
    first, second = first[two], second[two]
    alike = kind[first] == kind[second]
    down[first] = np.where(alike, down[second], CLOSED)
    alive[second[alike]] = False
    up[second[~alike]] = CLOSED
    return alive, up, down


def _with_company(pair: Ints) -> tuple[Ints, Ints]:
    """Return the rows of links that are not alone between their nodes, and the group of each."""
    key = pair[:, 0] * (int(pair.max(initial=0)) + 1) + pair[:, 1]
    _, group, count = np.unique(key, return_inverse=True, return_counts=True)
    rows = np.flatnonzero(count[group] > 1)
    return rows, group[rows]


def _fastest(rows: Ints, group: Ints, seconds: Ints, length_km: NDArray[np.float64]) -> Ints:
    """Return for each group the row with the least seconds, then length, then row; closed ones come last."""
    time = np.where(seconds[rows] == CLOSED, _NEVER, seconds[rows])
    order = np.lexsort((rows, length_km[rows], time, group))
    begin = np.flatnonzero(np.diff(group[order], prepend=-1))
    return rows[order][begin]


def _preferably_one(first: Ints, second: Ints, up: Ints, down: Ints) -> tuple[Ints, Ints]:
    """Let one link serve both directions where it is as fast, or where one direction is closed."""
    no_up, no_down = up[first] == CLOSED, down[second] == CLOSED
    second = np.where(no_down | (~no_up & (down[first] == down[second])), first, second)
    first = np.where(no_up | (up[first] == up[second]), second, first)
    return first, second
