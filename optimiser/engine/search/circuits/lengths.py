"""Say what makes a circuit of a problem long, and where it may not go."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from optimiser.engine.search.circuits.insertion import Circuit
from optimiser.engine.search.circuits.starts import drawn_lengths
from optimiser.engine.search.paths import Integers, Mask
from optimiser.problem import DesignProblem, Ring
from optimiser.problem.ring import Point

LARGEST = 2**57
"""Most that all links of a ring may be long together, so that walks add up in 64 bits."""


def money_and_way(problem: DesignProblem, ring: Ring, *, free: Collection[str], dear: int) -> Integers:
    """Return the length of each link of a ring as it is drawn, and what it costs as so much more.

    Parameters
    ----------
    problem
        The problem.
    ring
        One of its rings.
    free
        Ids of candidates that are built in any case.
    dear
        What a unit of money counts for, in 1e-7 degree; less where numbers would grow too large.

    Returns
    -------
    NDArray
        int64 [links]. A candidate that several links name counts for each.
    """
    price = {c.id: 0 if c.id in free else c.cost for c in problem.candidates}
    money = [0 if link.candidate is None else price[link.candidate] for link in ring.links]
    much = max(1, sum(money))
    unit = max(1, -(-much // LARGEST))
    return np.array([min(dear, max(1, LARGEST // much)) * (m // unit) for m in money]) + drawn_lengths(ring)


def touching(problem: DesignProblem, ring: Ring, circuits: Mapping[str, Circuit]) -> Mask:
    """Return which links of a ring touch the circuits of rings from which it is kept apart.

    Parameters
    ----------
    problem
        The problem.
    ring
        One of its rings.
    circuits
        Circuits of other rings, by id.

    Returns
    -------
    NDArray
        bool [links].
    """
    taken: set[Point] = set()
    for other in problem.rings:
        if other.id in circuits and (other.id in ring.apart or ring.id in other.apart):
            used = (other.links[a] for a in circuits[other.id])
            taken |= {other.nodes[v] for link in used for v in (link.tail, link.head)}
    touched = [ring.nodes[k.tail] in taken or ring.nodes[k.head] in taken for k in ring.links]
    return np.array(touched, dtype=np.bool_)
