"""Cut ways where a source misses their nodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from networks.osm.elements import Nodes, Ways
from networks.osm.scan import RawWays, ints


@dataclass(frozen=True, slots=True)
class Cut:
    """Ways as runs of present nodes, and what was counted on the way there.

    Attributes
    ----------
    ways
        Runs of two nodes or more.
    read, references
        Ways and references to nodes before cutting.
    cut, missing
        Ways that miss nodes; references that are missing.
    lost
        Ways of which no run is left.
    """

    ways: Ways
    read: int
    references: int
    cut: int
    missing: int
    lost: int


def cut_at_missing(raw: RawWays, nodes: Nodes) -> Cut:
    """Turn references into rows of nodes, and cut each way at the nodes that miss.

    Parameters
    ----------
    raw
        Ways as read, with node ids.
    nodes
        The nodes that the source holds.

    Returns
    -------
    Cut
        The runs and the counts.
    """
    rows = nodes.rows_of(ints(raw.refs))
    ends = ints(raw.ends)
    way_of = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
    present = rows >= 0
    begins = present.copy()
    begins[1:] &= ~present[:-1] | (way_of[1:] != way_of[:-1])
    run_of = np.cumsum(begins) - 1
    kept = present.copy()
    sizes = np.bincount(run_of[present]) if present.any() else np.empty(0, dtype=np.int64)
    kept[present] = sizes[run_of[present]] > 1
    owner = way_of[begins][sizes > 1]
    sizes = sizes[sizes > 1]
    ways = Ways(
        id=ints(raw.id)[owner],
        offsets=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        rows=rows[kept],
        tags=tuple(raw.tags[way] for way in owner),
    )
    return Cut(
        ways=ways,
        read=len(ends),
        references=len(rows),
        cut=len(np.unique(way_of[~present])),
        missing=int(np.count_nonzero(~present)),
        lost=len(ends) - len(np.unique(owner)),
    )
