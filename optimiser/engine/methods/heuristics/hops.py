"""List the arcs of candidates that each pair can use, in one place each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import Integers
from optimiser.engine.search.tables import Tables

type Short = NDArray[np.int32]


class Hops(NamedTuple):
    """Arcs of candidates on some walk within the limit of a pair, pair by pair and candidate by candidate.

    Attributes
    ----------
    start
        int64 [K + 1]: hops of each pair.
    tail, head, owner
        int32 [H]: nodes and candidate.
    seconds
        int64 [H].
    """

    start: Integers
    tail: Short
    head: Short
    owner: Short
    seconds: Integers


def hops(t: Tables) -> Hops:
    """Return the hops of all pairs.

    Parameters
    ----------
    t
        The problem.
    """
    many = np.diff(t.arc_start)[t.use].sum() if len(t.use) else 0
    start, arc, owner = (
        np.zeros(len(t.limit) + 1, np.int64),
        np.zeros(many, np.int64),
        np.zeros(many, np.int64),
    )
    count = _listed(t, start, arc, owner)
    arc, owner = arc[:count], owner[:count]
    return Hops(
        start=start,
        tail=t.arc_tail[arc].astype(np.int32),
        head=t.arc_head[arc].astype(np.int32),
        owner=owner.astype(np.int32),
        seconds=t.arc_seconds[arc],
    )


@compiled
def _listed(t: Tables, start: Integers, arc: Integers, owner: Integers) -> int:
    count = 0
    for k in range(t.limit.size):
        away, back, limit = t.away[t.origin_row[k]], t.back[t.destination_row[k]], t.limit[k]
        for j in t.use[t.use_start[k] : t.use_start[k + 1]]:
            for a in range(t.arc_start[j], t.arc_start[j + 1]):
                to, on = away[t.arc_tail[a]], back[t.arc_head[a]]
                if to <= limit and on <= limit and to + t.arc_seconds[a] + on <= limit:
                    arc[count], owner[count] = a, j
                    count += 1
        start[k + 1] = count
    return count
