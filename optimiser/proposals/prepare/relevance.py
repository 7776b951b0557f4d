"""Find which arcs the pairs of a problem can use within their limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimiser.proposals.candidates.distances import between, matrix
from optimiser.proposals.prepare.reduction import Overlay


@dataclass(frozen=True, slots=True)
class BuildArcs:
    """Arcs of candidates by positions of the overlay; int64 [m] each."""

    candidate: NDArray[np.int64]
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    seconds: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Relevance:
    """What pairs can use.

    Attributes
    ----------
    base
        bool [m]: arcs of the overlay that some pair can use.
    build
        bool [k]: arcs of candidates that some pair can use.
    best_s
        int64 [pairs]: seconds with everything built.
    """

    base: NDArray[np.bool_]
    build: NDArray[np.bool_]
    best_s: NDArray[np.int64]


def needed_by_pairs(
    small: Overlay,
    arcs: BuildArcs,
    ends: tuple[NDArray[np.int64], NDArray[np.int64]],
    limit_s: NDArray[np.int64],
    usable: NDArray[np.bool_],
) -> Relevance:
    """Tell which arcs lie on a way that can matter to a pair.

    A way matters when it is within the limit of an open pair, or no longer than today's best way of a pair
    that is covered today. What fails even with everything built fails in every plan.

    Parameters
    ----------
    small
        The reduced network.
    arcs
        Arcs of candidates.
    ends
        Origin and destination of each pair, positions in the overlay.
    limit_s
        Limit of each pair.
    usable
        bool [k]: arcs of candidates that may be built at all.
    """
    origin, destination = ends
    everywhere = np.arange(len(small.terminals), dtype=np.int64)
    built = matrix(
        len(everywhere),
        np.concatenate([small.tail, arcs.tail[usable]]),
        np.concatenate([small.head, arcs.head[usable]]),
        np.concatenate([small.seconds, arcs.seconds[usable]]),
    )
    full = between(built, everywhere, everywhere)
    today = small.distance[origin, destination]
    most = np.where(today <= limit_s, today, limit_s)
    base = _touched(full, small.tail, small.head, small.seconds, (origin, destination, most))
    build = _touched(full, arcs.tail, arcs.head, arcs.seconds, (origin, destination, most))
    return Relevance(base=base, build=build & usable, best_s=full[origin, destination])


def _touched(
    full: NDArray[np.int64],
    tail: NDArray[np.int64],
    head: NDArray[np.int64],
    seconds: NDArray[np.int64],
    pairs: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
) -> NDArray[np.bool_]:
    """Tell which arcs lie on a way of a pair that is short enough with everything built."""
    touched = np.zeros(len(tail), dtype=bool)
    for origin in np.unique(pairs[0]).tolist():
        own = pairs[0] == origin
        slack = pairs[2][own][None, :] - full[head][:, pairs[1][own]]
        touched |= full[origin, tail] + seconds <= slack.max(axis=1)
    return touched
