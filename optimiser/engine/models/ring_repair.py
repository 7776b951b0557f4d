"""State the model of the rings alone, to complete a plan whose rings are in pieces."""

from __future__ import annotations

import pulp

from optimiser.engine.models.decisions import Decisions, add_budget
from optimiser.engine.models.rings import add_apart, add_ring_rows, declare_ring
from optimiser.engine.models.side import add_caps, add_excludes, add_requires
from optimiser.engine.models.whole import Whole, counting_rings
from optimiser.engine.search.circuits.useful import useful_links
from optimiser.problem import DesignProblem


def build_repair(problem: DesignProblem) -> Whole:
    """Return the model of the rings of a problem: what is built for them, and their circuits.

    It minimises `sum_j (c_j + 1) n x_j + sum_a (f_a+ + f_a-)`, n the number of links and one more: first what
    is built, then the length of the rings in links, so that no circuit is there in vain. Budgets, caps,
    excludes and requires hold; bounds say what is built already.

    Parameters
    ----------
    problem
        A problem with rings.
    """
    lp = pulp.LpProblem("polyring", pulp.LpMinimize)
    built = tuple(lp.add_variable(f"x{j + 1:07d}", 0, 1, "Integer") for j in range(len(problem.candidates)))
    by_id = {c.id: x for c, x in zip(problem.candidates, built, strict=True)}
    rings = tuple(
        declare_ring(lp, ring, number, useful_links(problem, ring))
        for number, ring in enumerate(counting_rings(problem), start=1)
    )
    for ring in rings:
        add_ring_rows(lp, ring, by_id)
    add_apart(lp, rings)
    decisions = Decisions(built, ())
    for add in (add_budget, add_caps, add_excludes, add_requires):
        add(lp, problem, decisions)
    links = [f for ring in rings for side in (ring.ahead, ring.back) for f in side.values()]
    much = float(len(links) + 1)
    terms = [(x, much * (c.cost + 1)) for x, c in zip(built, problem.candidates, strict=True)]
    lp.setObjective(pulp.LpAffineExpression.from_list([*terms, *((f, 1.0) for f in links)]))
    return Whole(lp, built, (), (), rings, 1)
