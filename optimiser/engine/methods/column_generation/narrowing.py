"""Leave to the integer phase only what can be part of a better plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.engine.methods.column_generation.generation import Root, granule
from optimiser.engine.search.label_store import Floats
from optimiser.engine.search.paths import Mask
from optimiser.engine.search.tables import Tables


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What a plan better than the best known can look like.

    Attributes
    ----------
    closed, free
        bool [J]: candidates that it does not build, and candidates that it builds in any case.
    most
        float64 [K]: it covers a pair by a path of a price below this (at the duals of the root).
    """

    closed: Mask
    free: Mask
    most: Floats


def narrow(t: Tables, root: Root, value: int | None) -> Narrowed:
    """Return what the bound of the root leaves of candidates and paths.

    Parameters
    ----------
    t
        The problem.
    root
        Its relaxation.
    value
        Objective of the best plan known; None: nothing is left out.

    Notes
    -----
    At the duals of the root each plan is worth at most the bound less the reduced costs of what it does
    otherwise than the relaxation (Lagrange). With `room` the distance from the bound to the least improvement
    of the best plan, a candidate whose reduced cost is above `room` stays as the relaxation has it, and a
    pair is covered by a path whose price is at most `room` above `root.cheapest` (as Baldacci, Christofides
    and Mingozzi 2008 for routes).
    """
    if value is None:
        return Narrowed(np.zeros(t.size, np.bool_), np.zeros(t.size, np.bool_), np.full(len(t.limit), np.inf))
    sign = 1.0 if t.budget < 0 else -1.0
    room = sign * (value - root.bound) - granule(t)
    room += 1e-6 * max(1.0, abs(value))
    slope = sign * root.relaxed.slope
    return Narrowed(slope > room, -slope > room, root.cheapest + room)
