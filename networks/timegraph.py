"""Hold what travel times are computed on: ids, arcs and integer seconds."""

from __future__ import annotations

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
