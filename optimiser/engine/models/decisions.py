"""Declare the decision variables that all models share, and add the rows on them, one function per family."""

import importlib.util
import math
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import compress

from optimiser.problem import City, DesignProblem, Pair

SLOW = ("ortools.sat.python.cp_model", "orloge")
"""Libraries that are imported when something in them is first asked for.

PuLP imports every solver library that is installed. OR-Tools alone, with pandas, takes longer than the solve
of a small problem.
"""

for _name in SLOW:
    with suppress(ImportError):
        _spec = importlib.util.find_spec(_name)
        if _spec is not None and _spec.loader is not None and _name not in sys.modules:
            _spec.loader = importlib.util.LazyLoader(_spec.loader)
            sys.modules[_name] = importlib.util.module_from_spec(_spec)
            _spec.loader.exec_module(sys.modules[_name])

import pulp as pulp  # noqa: E402, PLC0414 - the one place that imports it


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decision variables that all models share.

    Attributes
    ----------
    x
        x_j, binary: candidate j is built.
    y
        y_k, 0 to 1: pair k is covered. Empty where every pair must be covered.
    z
        z_i, binary: city i is covered. Empty where every pair, and so every city, must be covered.
    """

    x: tuple[pulp.LpVariable, ...]
    y: tuple[pulp.LpVariable, ...]
    z: tuple[pulp.LpVariable, ...] = ()


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
    y may stay continuous. For integer x, the rows of pair k force y_k = 0 where x does not cover the pair,
    and allow y_k = 1 where it does. Objective, targets and cities are never worse for a larger y, and cuts
    hold for the pairs that a plan really covers, so some optimal point has y in {0, 1}.
    """
    x = [lp.add_variable(f"x{j + 1:07d}", 0, 1, "Integer") for j in range(len(problem.candidates))]
    pairs, cities = (0, 0) if problem.must_cover else (len(problem.pairs), len(problem.cities))
    y = [lp.add_variable(f"y{k + 1:07d}", 0, 1) for k in range(pairs)]
    z = [lp.add_variable(f"z{i + 1:07d}", 0, 1, "Integer") for i in range(cities)]
    return Decisions(tuple(x), tuple(y), tuple(z))


def empty_model(problem: DesignProblem) -> pulp.LpProblem:
    """Return a model without variables; it maximises with a budget, and minimises without one."""
    return pulp.LpProblem("polyring", pulp.LpMinimize if problem.budget is None else pulp.LpMaximize)


def scale_of(problem: DesignProblem) -> int:
    """Return the greatest common divisor of the objective coefficients, by which models divide the objective.

    Small integer objectives keep the tolerances of solvers far below the smallest difference, one.
    """
    return divisor(_factors(problem))


def divisor(numbers: Iterable[int]) -> int:
    """Return the greatest common divisor of numbers; 1 for no numbers or zeros alone."""
    return math.gcd(*numbers) or 1


def set_objective(lp: pulp.LpProblem, problem: DesignProblem, decisions: Decisions) -> None:
    """Set the objective, divided by the greatest common divisor of its coefficients.

    With a budget, `max sum_k w_k y_k + sum_i w_i z_i`: the weight of covered pairs and cities. Without one,
    `min sum_j c_j x_j`: the cost of covering all that can be covered (y = 1), or, with `cover` `targets`, of
    what targets ask for.
    """
    variables = decisions.x if problem.budget is None else (*decisions.y, *decisions.z)
    lp.setObjective(weighted(variables, _factors(problem), scale_of(problem)))


def _factors(problem: DesignProblem) -> list[int]:
    """Return the coefficients of the objective, unscaled: c, or w."""
    if problem.budget is None:
        return [c.cost for c in problem.candidates]
    return [*(pair.weight for pair in problem.pairs), *(city.weight for city in problem.cities)]


PLAIN_BITS = 24
"""Numbers of more bits are given to solvers divided by a power of 2 (`power_of`)."""


def power_of(numbers: Iterable[int]) -> int:
    """Return the power of 2 that leaves numbers with `PLAIN_BITS` bits; 0 where they have no more.

    Dividing a row by 2^k rounds nothing in double precision. Solvers hold rows to some 1e-6, whatever their
    numbers: with numbers of 10^15 roundings alone are larger, and points which satisfy a row are cut off.
    After the division tolerances are relative to the numbers: no point that satisfies a row is cut off, and
    one that misses it by less is found out when the plan is evaluated.
    """
    return max(0, max(map(abs, numbers), default=0).bit_length() - PLAIN_BITS)


def state_whole(lp: pulp.LpProblem) -> list[int]:
    """Multiply the rows that were divided by a power of 2, so that all are of integers; return the powers.

    One of the integers of a row was odd (`divisor`), so that the largest denominator is the divisor.
    """
    powers = []
    for row in lp.constraints():
        parts = (float(factor).as_integer_ratio()[1] for factor in row.values())
        powers.append(power := max(parts, default=1).bit_length() - 1)
        if power:
            for variable, factor in list(row.items()):
                row[variable] = math.ldexp(factor, power)
            row.changeRHS(math.ldexp(-row.constant, power))
    return powers


def weighted(
    variables: Iterable[pulp.LpVariable], factors: Iterable[int], scale: int, power: int = 0
) -> pulp.LpAffineExpression:
    """Return the sum of variables times their factors, all divided by a common divisor and a power of 2."""
    terms = zip(variables, factors, strict=True)
    return affine((v, math.ldexp(factor // scale, -power)) for v, factor in terms)


def affine(terms: Iterable[tuple[pulp.LpVariable, float]]) -> pulp.LpAffineExpression:
    """Return a sum of terms, in which each variable occurs at most once."""
    return pulp.LpAffineExpression.from_list(list(terms))


def add_budget(lp: pulp.LpProblem, problem: DesignProblem, decisions: Decisions) -> None:
    """Add `budget: sum_j c_j x_j <= B`, divided by the divisor of the costs, right side rounded down."""
    if problem.budget is not None and problem.candidates:
        add_limit(lp, decisions.x, [c.cost for c in problem.candidates], problem.budget, "budget")


def add_limit(
    lp: pulp.LpProblem, variables: Iterable[pulp.LpVariable], uses: Sequence[int], most: int, name: str
) -> None:
    """Add a row on what variables use together, divided by the divisor of the uses and rounded down.

    Large numbers are divided by a power of 2 as well (`power_of`).
    """
    scale = divisor(uses)
    power = power_of((*(use // scale for use in uses), most // scale))
    lp.addConstraint(weighted(variables, uses, scale, power) <= math.ldexp(most // scale, -power), name)


def add_side_rows(lp: pulp.LpProblem, problem: DesignProblem, decisions: Decisions) -> None:
    """Add the side constraints.

    Sets: cities i with weight w_i, covered when N_i of their pairs K_i are; targets, the least weight L_g of
    a group of pairs K_g or cities I_g; caps M_b on the cost of the candidates J_b of an instrument;
    capacities M_b of which candidate j uses u_bj; pairs of candidates j, j' that exclude or require each
    other. Variables: x_j and y_k as in every model, z_i in {0, 1} (city i is covered).

    Parameters
    ----------
    lp
        The model.
    problem
        A reduced problem.
    decisions
        Its variables, from `declare`.
    """
    for add in (add_caps, add_capacities, add_excludes, add_requires, add_cities, add_targets):
        add(lp, problem, decisions)


def add_caps(lp: pulp.LpProblem, problem: DesignProblem, decisions: Decisions) -> None:
    """Add `cap_b: sum_{j in J_b} c_j x_j <= M_b`, divided and rounded as the budget."""
    for name, most in problem.caps:
        members = [j for j, c in enumerate(problem.candidates) if c.instrument == name]
        costs = [problem.candidates[j].cost for j in members]
        if sum(costs) > most:
            add_limit(lp, (decisions.x[j] for j in members), costs, most, f"cap_{name}")


def add_capacities(lp: pulp.LpProblem, problem: DesignProblem, decisions: Decisions) -> None:
    """Add `capacity_b: sum_j u_bj x_j <= M_b` over the candidates that use capacity b.

    Divided and rounded as the budget. A capacity that suffices for all of them needs no row.
    """
    for number, capacity in enumerate(problem.capacities, start=1):
        members = [decisions.x[problem.index[name]] for name, _ in capacity.use]
        uses = [units for _, units in capacity.use]
        if sum(uses) > capacity.most:
            add_limit(lp, members, uses, capacity.most, f"capacity_{number:07d}")


def add_excludes(lp: pulp.LpProblem, problem: DesignProblem, decisions: Decisions) -> None:
    """Add `exclude: x_j + x_j' <= 1` for each two candidates of which at most one may be built."""
    for number, (a, b) in enumerate(problem.excludes, start=1):
        both = decisions.x[problem.index[a]] + decisions.x[problem.index[b]]
        lp.addConstraint(both <= 1, f"exclude_{number:07d}")


def add_requires(lp: pulp.LpProblem, problem: DesignProblem, decisions: Decisions) -> None:
    """Add `require: x_j <= x_j'` for each candidate j that may be built only together with j'."""
    for number, (a, b) in enumerate(problem.requires, start=1):
        row = decisions.x[problem.index[a]] - decisions.x[problem.index[b]] <= 0
        lp.addConstraint(row, f"require_{number:07d}")


def add_cities(lp: pulp.LpProblem, problem: DesignProblem, decisions: Decisions, *, tag: str = "") -> None:
    """Add `city_i: N_i z_i <= sum_{k in K_i} y_k`; where all pairs are needed, `city_i_k: z_i <= y_k`.

    z must be integer, or a city would count in part. y need not be: for y in {0, 1}, which some optimal point
    satisfies, the row allows z_i = 1 exactly when N_i pairs of the city are covered. The rows of single pairs
    are equivalent to their sum at integer points, and stronger at others.
    """
    for i, (city, z) in enumerate(zip(problem.cities, decisions.z, strict=False), start=1):
        pair_variables = [decisions.y[k] for k in city.pairs]
        if city.need == len(pair_variables):
            for number, y in enumerate(pair_variables, start=1):
                lp.addConstraint(z - y <= 0, f"city_{i:07d}_{number:07d}{tag}")
        elif city.need:
            terms = [(z, float(city.need)), *((y, -1.0) for y in pair_variables)]
            lp.addConstraint(affine(terms) <= 0, f"city_{i:07d}{tag}")


def add_targets(lp: pulp.LpProblem, problem: DesignProblem, decisions: Decisions) -> None:
    """Add `target_g: sum_{k in K_g} w_k y_k >= L_g`; for cities `sum_{i in I_g} w_i z_i >= L_g`.

    Divided by the divisor of the weights, with the right side rounded up. A target above the total weight of
    its group becomes the row `x_1 <= -1`, which no plan satisfies. Where every pair must be covered, smaller
    targets need no row.
    """
    for number, target in enumerate(problem.targets, start=1):
        items: Sequence[Pair | City] = problem.pairs if target.of == "pairs" else problem.cities
        variables = decisions.y if target.of == "pairs" else decisions.z
        counts = [item.group == target.group for item in items]
        weights = [item.weight for item in compress(items, counts)]
        if target.least > sum(weights):
            if decisions.x:
                lp.addConstraint(decisions.x[0] <= -1, f"target_{number:07d}")
        elif target.least and not problem.must_cover:
            scale = divisor(weights)
            power = power_of(weight // scale for weight in weights)
            covered_weight = weighted(compress(variables, counts), weights, scale, power)
            least = math.ldexp(-(-target.least // scale), -power)
            lp.addConstraint(covered_weight >= least, f"target_{number:07d}")
