"""Define the graph on which travel times are computed: nodes, arcs and integer seconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks.network import Ints

UNREACHABLE: int = int(np.iinfo(np.int64).max)
"""Travel time of a pair without a path."""

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
    "check_in",
)
"""Kinds of arcs; `TimeGraph.kind` holds positions in this tuple."""


@dataclass(frozen=True, slots=True)
class Arcs:
    """Directed arcs; the attributes are those of `TimeGraph`."""

    tail: Ints
    head: Ints
    seconds: Ints
    kind: NDArray[np.int8]
    ref: Ints

    @classmethod
    def of(cls, kind: str, tail: Ints, head: Ints, seconds: Ints | int, *, ref: Ints | int = -1) -> Arcs:
        """Create arcs of one kind.

        Parameters
        ----------
        kind
            One of `ARC_KINDS`.
        tail, head
            Rows of nodes [m].
        seconds
            Travel times [m], or one for all; values below 1 become 1.
        ref
            Rows of the links or services that the arcs represent [m], or one for all.
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
        """Concatenate arcs in order."""
        found = list(pieces) or [cls.of("road", *(np.empty(0, dtype=np.int64) for _ in range(3)))]
        return cls(
            **{name: np.concatenate([getattr(piece, name) for piece in found]) for name in cls.__slots__}
        )

    def shifted(self, by: int) -> Arcs:
        """Return the arcs with `by` added to the rows of their nodes."""
        return Arcs(self.tail + by, self.head + by, self.seconds, self.kind, self.ref)


@dataclass(frozen=True, slots=True)
class TimeGraph:
    """Roads and trains as one directed graph with integer travel times.

    Attributes
    ----------
    nodes
        Index 0..n-1; columns `node_id` (str, unique: `city:<id>`, `road:<n>`, `station:<n>`,
        `station:<n>/<hall>`, `stop:<service>/<seq>`), `kind` (str: city, road, station, stop), `lon`,
        `lat` (float64, degrees).
    tail, head, seconds
        int64 [m]: rows of `nodes`, and travel times, at least 1.
    kind
        int8 [m]: positions in `ARC_KINDS`.
    ref
        int64 [m]: row of the links of the road network for road and ferry arcs, row of the services for
        board, ride and alight arcs, otherwise -1.
    origin, destination
        int64 [c]: nodes at which the trips of each city start and end, in the order of the cities table.
    definition
        `door_to_door` or `in_vehicle`; see `networks.intermodal.join`.
    """

    nodes: pd.DataFrame
    tail: Ints
    head: Ints
    seconds: Ints
    kind: NDArray[np.int8]
    ref: Ints
    origin: Ints
    destination: Ints
    definition: str

    @classmethod
    def of(
        cls, nodes: pd.DataFrame, arcs: Arcs, *, origin: Ints, destination: Ints, definition: str
    ) -> TimeGraph:
        """Create a graph from its nodes and arcs; the parameters are those of the class."""
        columns = {name: getattr(arcs, name) for name in Arcs.__slots__}
        return cls(nodes=nodes, **columns, origin=origin, destination=destination, definition=definition)
