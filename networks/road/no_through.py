"""Prevent routes through roads that cars may use only to reach places along them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


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
    best = np.full(size, np.iinfo(np.int64).max)
    is_through = ~is_restricted & ~is_ferry
    for ends in (tail, head):
        np.minimum.at(best, ends[is_through], rank[is_through])
    inside = np.flatnonzero(is_restricted)
    edges = (np.ones(len(inside)), (tail[inside], head[inside]))
    _, group = connected_components(coo_array(edges, shape=(size, size)), directed=False)
    is_open = best < np.iinfo(np.int64).max
    borders = np.unique(np.concatenate([tail[inside], head[inside]]))
    borders = borders[is_open[borders]]
    order = np.lexsort((borders, best[borders], group[borders]))
    _, first = np.unique(group[borders[order]], return_index=True)
    lost = np.zeros(size, bool)
    lost[borders] = True
    lost[borders[order[first]]] = False
    return is_restricted & lost[tail], is_restricted & lost[head]
