"""Hold the paths of a pair that were found, and the arrays in which they are packed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.labels import LabelStore, new_store
from optimiser.engine.search.paths import Integers
from optimiser.engine.search.tables import Tables

type Floats = NDArray[np.float64]

LONGEST_PATH = 48
"""Most candidates of a path that is kept."""


class Pool(NamedTuple):
    """Paths found so far, a few a pair, kept between rounds.

    Attributes
    ----------
    known
        int64 [K], paths of each pair.
    size
        int16 [K, P], candidates of each path.
    member
        int16 [K, P, `LONGEST_PATH`], the candidates, as positions in the pair's own list (`t.use`).
    """

    known: Integers
    size: NDArray[np.int16]
    member: NDArray[np.int16]


class Room(NamedTuple):
    """Arrays that the packing works in, made once a thread.

    Attributes
    ----------
    labels
        Of the path search.
    inverse
        float64 [m, m], inverse of the basis.
    basis
        int64 [m], position of the path in the pool, or -1 - i for the slack of row i.
    filled
        float64 [m], values of the basis.
    dual, step
        float64 [m], prices, and the column that enters.
    price
        float64 [J + 1], prices for the path search: integers, so that sums are exact.
    found
        int64, candidates of the path found.
    place
        int64 [J], positions of candidates in the pair's own list.
    """

    labels: LabelStore
    inverse: Floats
    basis: Integers
    filled: Floats
    dual: Floats
    step: Floats
    price: Floats
    found: Integers
    place: Integers


def new_pool(t: Tables) -> Pool:
    """Return a pool without paths.

    Parameters
    ----------
    t
        The problem.
    """
    pairs = len(t.limit)
    places = _widest(t) + 32
    return Pool(
        np.zeros(pairs, np.int64),
        np.zeros((pairs, places), np.int16),
        np.zeros((pairs, places, LONGEST_PATH), np.int16),
    )


def new_room(t: Tables) -> Room:
    """Return arrays to work in.

    Parameters
    ----------
    t
        The problem.
    """
    m = _widest(t)
    return Room(
        new_store(t),
        np.zeros((m, m)),
        np.zeros(m, np.int64),
        np.zeros(m),
        np.zeros(m),
        np.zeros(m),
        np.zeros(t.size + 1),
        np.zeros(LONGEST_PATH, np.int64),
        np.zeros(t.size, np.int64),
    )


def _widest(t: Tables) -> int:
    return int(np.diff(t.use_start).max(initial=1))
