"""Declare what every model decides: what is built, and which pairs are covered."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pulp

from optimiser.problem import DesignProblem


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decision variables that all models share.

    Attributes
    ----------
    built
        x_j, binary: candidate j is built.
    level
        y_k, 0 to 1: pair k is covered. Without a budget every pair must be covered, and there is none.
    """

    built: tuple[pulp.LpVariable, ...]
    level: tuple[pulp.LpVariable, ...]


def declare(lp: pulp.LpProblem, problem: DesignProblem) -> Decisions:
    """Add the variables `x` and `y` to a model.

    Parameters
    ----------
    lp
        An empty model.
    problem
        A reduced problem.
    """
    built = [lp.add_variable(f"x{j + 1:07d}", 0, 1, "Integer") for j in range(len(problem.candidates))]
    pairs = range(len(problem.pairs)) if problem.budget is not None else range(0)
    level = [lp.add_variable(f"y{k + 1:07d}", 0, 1) for k in pairs]
    return Decisions(tuple(built), tuple(level))


def empty_model(problem: DesignProblem) -> pulp.LpProblem:
    """Return a model without variables, maximising with a budget and minimising without one."""
    sense = pulp.LpMinimize if problem.budget is None else pulp.LpMaximize
    return pulp.LpProblem("polyring", sense)


def scale_of(problem: DesignProblem) -> int:
    """Return the greatest common divisor of all numbers of the objective: it is divided by that.

    An objective of small integers keeps the solver's tolerances far from a difference of one.
    """
    if problem.budget is None:
        return _divisor([c.cost for c in problem.candidates])
    return _divisor([pair.weight for pair in problem.pairs])


def _divisor(numbers: Sequence[int]) -> int:
    return math.gcd(*numbers) or 1


def set_objective(lp: pulp.LpProblem, problem: DesignProblem, decisions: Decisions) -> None:
    """Set the objective, divided by `scale_of`.

    With a budget, `max sum_k w_k y_k`: the weight of covered pairs. Without one, `min sum_j c_j x_j`: the
    money spent.
    """
    scale = scale_of(problem)
    if problem.budget is None:
        terms = zip(decisions.built, (c.cost for c in problem.candidates), strict=True)
    else:
        terms = zip(decisions.level, (pair.weight for pair in problem.pairs), strict=True)
    lp.setObjective(
        pulp.LpAffineExpression.from_list([(variable, float(factor // scale)) for variable, factor in terms])
    )


def add_budget(lp: pulp.LpProblem, problem: DesignProblem, decisions: Decisions) -> None:
    """Add `budget: sum_j c_j x_j <= B`, divided by the divisor of the costs, B rounded down."""
    if problem.budget is None or not problem.candidates:
        return
    scale = _divisor([c.cost for c in problem.candidates])
    terms = [(x, float(c.cost // scale)) for x, c in zip(decisions.built, problem.candidates, strict=True)]
    lp.addConstraint(pulp.LpAffineExpression.from_list(terms) <= problem.budget // scale, "budget")
