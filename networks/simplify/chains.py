"""Find the chains of links between nodes that stay, all at once by pointer doubling."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from networks.simplify.runs import Runs


def find_chains(
    tail: NDArray[np.int64], head: NDArray[np.int64], mode: NDArray[np.int64], kept: NDArray[np.bool_]
) -> Runs:
    """Find the chains of links between nodes that stay.

    A node is passed when it is not kept and joins exactly two links, of one mode. Each link is seen as two
    darts, `2 i` from tail to head and `2 i + 1` back. Every dart points to the one that follows it through a
    passed node; by doubling (Wyllie's list ranking) each learns the last dart of its chain and how many steps
    away that is, in log2(longest chain) rounds.

    Parameters
    ----------
    tail, head, mode
        int64 [m]: the links, none from a node to itself.
    kept
        bool [nodes]: nodes that stay.

    Returns
    -------
    Runs
        Chains of links, each link in one of them; circles without a node that stays are left out. Chains
        run so that the lower row of their two outer links comes first; one link alone keeps its direction.
    """
    following = _following(tail, head, mode, kept)
    last, steps = _ranked(following)
    darts = np.arange(last.size)
    ends = following[last] == last
    first = last[darts ^ 1] ^ 1
    taken = darts[ends & (first < (last ^ 1))]
    darts = taken[np.lexsort((-steps[taken], first[taken]))]
    begin = np.flatnonzero(np.diff(first[darts], prepend=-1))
    return Runs(np.append(begin, darts.size), darts >> 1, (darts & 1).astype(bool))


def _following(
    tail: NDArray[np.int64], head: NDArray[np.int64], mode: NDArray[np.int64], kept: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return for each dart the next one through a passed node, itself where its end stays."""
    leaves = np.column_stack((tail, head)).ravel()
    order = np.argsort(leaves, kind="stable")
    degree = np.bincount(leaves, minlength=kept.size)
    start = np.cumsum(degree) - degree
    through = start[~kept & (degree == 2)]
    one, other = order[through], order[through + 1]
    alike = mode[one >> 1] == mode[other >> 1]
    one, other = one[alike], other[alike]
    following = np.arange(leaves.size)
    following[one ^ 1] = other
    following[other ^ 1] = one
    return following


def _ranked(following: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each dart the last of its chain and the steps to it; darts of circles never arrive."""
    last, steps = following, (following != np.arange(following.size)).astype(np.int64)
    for _ in range(following.size.bit_length()):
        further = last[last]
        if np.array_equal(further, last):
            break
        steps = steps + steps[last]
        last = further
    return last, steps
