"""Turn the ids of candidates' arcs into rows of nodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimiser.proposals.candidates.table import Candidates


@dataclass(frozen=True, slots=True)
class Numbered:
    """Arcs of candidates by rows: those of the graph first, then new nodes.

    Attributes
    ----------
    count
        Number of nodes with the new ones.
    names
        Ids of the new nodes.
    candidate, tail, head, seconds
        int64 [m].
    """

    count: int
    names: tuple[str, ...]
    candidate: NDArray[np.int64]
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    seconds: NDArray[np.int64]


def number(row: dict[str, int], candidates: Candidates) -> Numbered:
    """Turn the ids of candidates' arcs into rows.

    Parameters
    ----------
    row
        Row of each node id of the graph.
    candidates
        Their arcs name nodes of the graph or new ones.
    """
    arcs = candidates.arcs
    ids = [*arcs["tail_id"].tolist(), *arcs["head_id"].tolist()]
    names = tuple(sorted({name for name in ids if name not in row}))
    new = {name: len(row) + at for at, name in enumerate(names)}
    rows = np.array([row[name] if name in row else new[name] for name in ids], dtype=np.int64)
    return Numbered(
        count=len(row) + len(names),
        names=names,
        candidate=arcs["candidate"].to_numpy(dtype=np.int64),
        tail=rows[: len(arcs)],
        head=rows[len(arcs) :],
        seconds=arcs["seconds"].to_numpy(dtype=np.int64),
    )
