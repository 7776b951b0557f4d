"""State the side constraints, one function a family of rows.

Sets: cities i with weight v_i and need n_i of their pairs K_i; targets t with least weight L_t of pairs K_t
or cities I_t; caps M_q on the money for candidates J_q of an instrument; pairs of candidates that exclude or
require each other. Variables: x_j, y_k as in every model, z_i in {0, 1} (city i is covered).
"""

from __future__ import annotations

from collections.abc import Iterable

import pulp

from optimiser.engine.models.decisions import Decisions, divisor, weighted
from optimiser.problem import DesignProblem, Target


def add_side_rows(lp: pulp.LpProblem, problem: DesignProblem, decisions: Decisions) -> None:
    """Add every family of side constraints to a model.

    Parameters
    ----------
    lp
        The model.
    problem
        A reduced problem.
    decisions
        Its variables, as `declare` gave them.
    """
    add_caps(lp, problem, decisions)
    add_excludes(lp, problem, decisions)
    add_requires(lp, problem, decisions)
    add_cities(lp, problem, decisions)
    add_targets(lp, problem, decisions)


def add_caps(lp: pulp.LpProblem, problem: DesignProblem, decisions: Decisions) -> None:
    """Add `cap_q: sum_{j in J_q} c_j x_j <= M_q`, divided by the divisor of the costs, M_q rounded down."""
    for name, most in problem.caps:
        mine = [j for j, c in enumerate(problem.candidates) if c.instrument == name]
        costs = [problem.candidates[j].cost for j in mine]
        scale = divisor(costs)
        if sum(costs) > most:
            spent = weighted((decisions.built[j] for j in mine), costs, scale)
            lp.addConstraint(spent <= most // scale, f"cap_{name}")


def add_excludes(lp: pulp.LpProblem, problem: DesignProblem, decisions: Decisions) -> None:
    """Add `exclude_i: x_a + x_b <= 1` for each pair of candidates of which at most one is built."""
    for number, (a, b) in enumerate(problem.excludes, start=1):
        both = decisions.built[problem.index[a]] + decisions.built[problem.index[b]]
        lp.addConstraint(both <= 1, f"exclude_{number:07d}")


def add_requires(lp: pulp.LpProblem, problem: DesignProblem, decisions: Decisions) -> None:
    """Add `require_i: x_a <= x_b` for each candidate a that is built only if b is."""
    for number, (a, b) in enumerate(problem.requires, start=1):
        row = decisions.built[problem.index[a]] - decisions.built[problem.index[b]] <= 0
        lp.addConstraint(row, f"require_{number:07d}")


def add_cities(lp: pulp.LpProblem, problem: DesignProblem, decisions: Decisions, *, tag: str = "") -> None:
    """Add `city_i: n_i z_i <= sum_{k in K_i} y_k`; where all are needed, `city_i_k: z_i <= y_k` each.

    z must be integer, or a city could count in part. y need not be: with y in {0, 1}, which costs nothing
    (`declare`), the row lets z_i be 1 exactly when n_i of its pairs are covered. The rows of single pairs say
    the same as their sum for integer points, and more for others.
    """
    for i, (city, z) in enumerate(zip(problem.cities, decisions.city, strict=False), start=1):
        levels = [decisions.level[k] for k in city.pairs]
        if city.need == len(levels):
            for number, y in enumerate(levels, start=1):
                lp.addConstraint(z - y <= 0, f"city_{i:07d}_{number:07d}{tag}")
        elif city.need:
            terms = [(z, float(city.need)), *((y, -1.0) for y in levels)]
            lp.addConstraint(pulp.LpAffineExpression.from_list(terms) <= 0, f"city_{i:07d}{tag}")


def add_targets(lp: pulp.LpProblem, problem: DesignProblem, decisions: Decisions) -> None:
    """Add `target_t: sum_{k in K_t} w_k y_k >= L_t`; for cities `sum_{i in I_t} v_i z_i >= L_t`.

    Divided by the divisor of the weights, L_t rounded up. A target beyond the whole weight of its group makes
    the row `x_1 <= -1`, which no plan meets. Where every pair must be covered, a smaller one needs no row.
    """
    for number, target in enumerate(problem.targets, start=1):
        items = problem.pairs if target.of == "pairs" else problem.cities
        weights = [item.weight for item in items if item.group == target.group]
        if target.least > sum(weights):
            if decisions.built:
                lp.addConstraint(decisions.built[0] <= -1, f"target_{number:07d}")
        elif target.least and not problem.must_cover:
            scale = divisor(weights)
            reached = weighted(_counted(problem, decisions, target), weights, scale)
            lp.addConstraint(reached >= -(-target.least // scale), f"target_{number:07d}")


def _counted(problem: DesignProblem, decisions: Decisions, target: Target) -> Iterable[pulp.LpVariable]:
    if target.of == "pairs":
        both = zip(problem.pairs, decisions.level, strict=True)
        return (y for pair, y in both if pair.group == target.group)
    both_cities = zip(problem.cities, decisions.city, strict=True)
    return (z for city, z in both_cities if city.group == target.group)
