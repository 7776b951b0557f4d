"""Leave out links of a ring that no circuit within the budget uses."""

from __future__ import annotations

from collections import Counter

import numpy as np

from optimiser.engine.search.circuits.through import through_links
from optimiser.engine.search.paths import FAR
from optimiser.problem import DesignProblem, Ring

LARGEST = int(FAR) // 2**9
"""Most that all candidates may cost for lengths to add up: a walk passes a link twice in each sheet."""


def useful_links(problem: DesignProblem, ring: Ring) -> frozenset[int]:
    """Return the positions of links that a circuit which forms a ring may use within the budget.

    Parameters
    ----------
    problem
        The problem.
    ring
        One of its rings.

    Notes
    -----
    Proof. Let k links of the ring name candidate j of cost c_j, and let each of them be c_j // k long, links
    that exist or are fixed `in` 0. A circuit pays c_j once for each candidate it uses that is not fixed `in`,
    and uses k links of it at most, so it costs at least its length. What it can cost is at most the budget
    less the cost of what is fixed `in`, which is paid in any case (with periods, the budget is the sum of
    theirs, and all that is ever started counts). So a link leaves no plan worse off when each circuit through
    it that forms the ring is longer than that (`circuits.through`), or when there is none.
    """
    barred = {c.id for c in problem.candidates if c.fixed == "out"}
    cost = {c.id: 0 if c.fixed == "in" else c.cost for c in problem.candidates}
    named = Counter(link.candidate for link in ring.links)
    length = [
        0 if link.candidate is None else cost[link.candidate] // named[link.candidate] for link in ring.links
    ]
    spare = sum(cost.values())
    if problem.budget is not None:
        spare = min(spare, problem.budget - sum(c.cost for c in problem.candidates if c.fixed == "in"))
    if sum(cost.values()) > LARGEST:
        length, spare = [0] * len(length), 0
    through = through_links(ring, np.array(length, dtype=np.int64), barred=barred)
    return frozenset(np.flatnonzero(through <= spare).tolist())
