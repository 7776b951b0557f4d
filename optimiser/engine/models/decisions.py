"""Declare what every model decides: what is built, and which pairs are covered."""

from __future__ import annotations

import math
from collections.abc import Iterable
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
        y_k, 0 to 1: pair k is covered. None where every pair must be covered.
    city
        z_i, binary: city i is covered. None where every pair, and so every city, must be covered.
    """

    built: tuple[pulp.LpVariable, ...]
    level: tuple[pulp.LpVariable, ...]
    city: tuple[pulp.LpVariable, ...] = ()


def declare(lp: pulp.LpProblem, problem: DesignProblem) -> Decisions:
    """Add the variables `x`, `y` and `z` to a model, in that order.

    Parameters
    ----------
    lp
        An empty model.
    problem
        A reduced problem.

    Notes
    -----
    y may stay continuous: once x is integer, the rows of a pair keep y_k at 0 where x leaves it uncovered and
    let it be 1 where x covers it. Everything else in which y stands (objective, targets, cities) only gains
    when it grows, or holds for what a plan really covers (cuts), so that some optimal point has y in {0, 1}.
    """
    built = [lp.add_variable(f"x{j + 1:07d}", 0, 1, "Integer") for j in range(len(problem.candidates))]
    pairs, cities = (0, 0) if problem.must_cover else (len(problem.pairs), len(problem.cities))
    level = [lp.add_variable(f"y{k + 1:07d}", 0, 1) for k in range(pairs)]
    city = [lp.add_variable(f"z{i + 1:07d}", 0, 1, "Integer") for i in range(cities)]
    return Decisions(tuple(built), tuple(level), tuple(city))


def empty_model(problem: DesignProblem) -> pulp.LpProblem:
    """Return a model without variables, maximising with a budget and minimising without one."""
    sense = pulp.LpMinimize if problem.budget is None else pulp.LpMaximize
    return pulp.LpProblem("polyring", sense)


def scale_of(problem: DesignProblem) -> int:
    """Return the greatest common divisor of all numbers of the objective: it is divided by that.

    An objective of small integers keeps the solver's tolerances far from a difference of one.
    """
    if problem.budget is None:
        return divisor(c.cost for c in problem.candidates)
    return divisor(_weights(problem))


def divisor(numbers: Iterable[int]) -> int:
    """Return the greatest common divisor of numbers, 1 when there is none."""
    return math.gcd(*numbers) or 1


def set_objective(lp: pulp.LpProblem, problem: DesignProblem, decisions: Decisions) -> None:
    """Set the objective, divided by `scale_of`.

    With a budget, `max sum_k w_k y_k + sum_i v_i z_i`: the weight of covered pairs and cities. Without one,
    `min sum_j c_j x_j`: the money spent.
    """
    if problem.budget is None:
        lp.setObjective(weighted(decisions.built, (c.cost for c in problem.candidates), scale_of(problem)))
        return
    variables = (*decisions.level, *decisions.city)
    lp.setObjective(weighted(variables, _weights(problem), scale_of(problem)))


def _weights(problem: DesignProblem) -> list[int]:
    return [*(pair.weight for pair in problem.pairs), *(city.weight for city in problem.cities)]


def weighted(
    variables: Iterable[pulp.LpVariable], factors: Iterable[int], scale: int
) -> pulp.LpAffineExpression:
    """Return the sum of variables, each times its factor divided by a common divisor."""
    terms = zip(variables, factors, strict=True)
    return pulp.LpAffineExpression.from_list(
        [(variable, float(factor // scale)) for variable, factor in terms]
    )


def add_budget(lp: pulp.LpProblem, problem: DesignProblem, decisions: Decisions) -> None:
    """Add `budget: sum_j c_j x_j <= B`, divided by the divisor of the costs, B rounded down."""
    if problem.budget is None or not problem.candidates:
        return
    costs = [c.cost for c in problem.candidates]
    scale = divisor(costs)
    lp.addConstraint(weighted(decisions.built, costs, scale) <= problem.budget // scale, "budget")
