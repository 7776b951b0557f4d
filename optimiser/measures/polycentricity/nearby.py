"""Say which places lie on a ring: within a few minutes of its nodes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from optimiser.engine.search.paths import times_from
from optimiser.measures.polycentricity.network import ALWAYS, laid_out, open_arcs, positions
from optimiser.problem import DesignProblem


def near(
    problem: DesignProblem, built: Iterable[str], *, ring: Iterable[str], places: Iterable[str], within: int
) -> tuple[str, ...]:
    """Return the places from which a node of the ring is reached, and back, within a time.

    Parameters
    ----------
    problem
        The problem.
    built
        Ids of what is built.
    ring
        Ids of the nodes of the ring.
    places
        Ids of the nodes asked about.
    within
        Seconds, inclusive; the way to one node of the ring and back from it must each keep to it.

    Raises
    ------
    ProblemError
        When an id is unknown.
    """
    arcs, n = open_arcs(problem, built), len(problem.nodes)
    net = laid_out(arcs, n)
    back = laid_out([(head, tail, seconds) for tail, head, seconds in arcs], n)
    is_near = np.zeros(n, dtype=np.bool_)
    for node in positions(problem, ring):
        away = times_from(net, ALWAYS, node, within) <= within
        is_near |= away & (times_from(back, ALWAYS, node, within) <= within)
    return tuple(problem.nodes[i] for i in positions(problem, places) if is_near[i])
