"""Define the graph on which travel times are computed: nodes, arcs and integer seconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

UNREACHABLE: int = int(np.iinfo(np.int64).max)


"""Skim value of a pair that no path joins."""


ARC_KINDS = (
    "road",
    "ferry",
    "connector",
    "access",
    "egress",
    "board",
    "ride",
    "alight",
    "transfer",
    "matrix",
)


"""What an arc stands for; `TimeGraph.kind` holds positions in this tuple."""


@dataclass(frozen=True, slots=True)
class TimeGraph:
    """Road and rail joined: a directed graph with integer seconds.

    Attributes
    ----------
    nodes
        Index 0..n-1; columns `node_id` (str, unique: `city:<id>`, `road:<n>`, `station:<n>`,
        `stop:<service>/<seq>`), `kind` (str: city, road, station, stop), `lon`, `lat` (float64, degrees).
    tail, head, seconds
        int64 [m]: rows of `nodes`, and travel time >= 1.
    kind
        int8 [m]: positions in `ARC_KINDS`.
    ref
        int64 [m]: row of the road network's links for road and ferry arcs, row of the services for board,
        ride and alight arcs, else -1.
    origin, destination
        int64 [c]: for each city, in the order of the cities table, the node where its trips start and end.
    definition
        `door_to_door` or `in_vehicle`.
    """

    nodes: pd.DataFrame
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    seconds: NDArray[np.int64]
    kind: NDArray[np.int8]
    ref: NDArray[np.int64]
    origin: NDArray[np.int64]
    destination: NDArray[np.int64]
    definition: str


Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Arcs:
    """Directed arcs: tails, heads and seconds, what each stands for and the row behind it."""

    tail: Ints
    head: Ints
    seconds: Ints
    kind: NDArray[np.int8]
    ref: Ints

    @classmethod
    def of(cls, kind: str, tail: Ints, head: Ints, seconds: Ints | int, *, ref: Ints | int = -1) -> Arcs:
        """Make arcs of one kind.

        Parameters
        ----------
        kind
            One of `ARC_KINDS`.
        tail, head
            Rows of nodes [m].
        seconds
            Times [m], or one time for all; below 1 they are lifted to 1.
        ref
            Rows behind the arcs, or one for all.

        Returns
        -------
        Arcs
            The arcs.
        """
        count = len(tail)
        return cls(
            tail=np.asarray(tail, dtype=np.int64),
            head=np.asarray(head, dtype=np.int64),
            seconds=np.maximum(np.broadcast_to(np.asarray(seconds, dtype=np.int64), count), 1),
            kind=np.full(count, ARC_KINDS.index(kind), dtype=np.int8),
            ref=np.broadcast_to(np.asarray(ref, dtype=np.int64), count).copy(),
        )

    @classmethod
    def join(cls, pieces: Iterable[Arcs]) -> Arcs:
        """Put arcs one after the other.

        Parameters
        ----------
        pieces
            Arcs, in order.

        Returns
        -------
        Arcs
            All of them.
        """
        found = list(pieces) or [cls.of("road", *(np.empty(0, dtype=np.int64) for _ in range(3)))]
        return cls(
            tail=np.concatenate([p.tail for p in found]),
            head=np.concatenate([p.head for p in found]),
            seconds=np.concatenate([p.seconds for p in found]),
            kind=np.concatenate([p.kind for p in found]),
            ref=np.concatenate([p.ref for p in found]),
        )

    def shifted(self, by: int) -> Arcs:
        """Return the arcs between nodes `by` rows farther on.

        Parameters
        ----------
        by
            Rows.

        Returns
        -------
        Arcs
            New arcs.
        """
        return Arcs(self.tail + by, self.head + by, self.seconds, self.kind, self.ref)
