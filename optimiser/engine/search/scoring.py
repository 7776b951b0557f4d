"""Evaluate plans of a reduced problem: cost, coverage, and violated constraints."""

import math

import numpy as np

from optimiser.engine.search.compiled import ZERO, compiled
from optimiser.engine.search.paths import Mask, Whole, times_from
from optimiser.engine.search.tables import Tables


@compiled
def covered_pairs(t: Tables, is_open: Mask) -> Mask:
    """Return bool [K], the pairs that a plan covers.

    Parameters
    ----------
    t
        The problem.
    is_open
        bool [J + 1], the plan; the last entry is True.
    """
    # Pairs are sorted by origin, so one search per origin, up to the largest limit of its pairs, is enough.
    found = np.zeros(t.destination.size, np.bool_)
    for row in range(t.origins.size):
        first, end = t.first_pair[row], t.first_pair[row + 1]
        longest = ZERO
        for k in range(first, end):
            longest = max(longest, t.limit[k])
        times = times_from(t.net, is_open, t.origins[row], longest)
        for k in range(first, end):
            found[k] = times[t.destination[k]] <= t.limit[k]
    return found


@compiled
def covered_cities(t: Tables, pair: Mask) -> Mask:
    """Return bool [C], the cities of which at least `need` pairs are covered.

    Parameters
    ----------
    t
        The problem.
    pair
        bool [K], the covered pairs.
    """
    found = np.zeros(t.side.city_need.size, np.bool_)
    for city in range(found.size):
        missing = t.side.city_need[city]
        for k in t.side.city_pair[t.side.city_start[city] : t.side.city_start[city + 1]]:
            missing -= pair[k]
        found[city] = missing <= 0
    return found


@compiled
def covered_weight(t: Tables, pair: Mask) -> Whole:
    """Return the weight of the covered pairs and of the cities that they cover.

    Parameters
    ----------
    t
        The problem.
    pair
        bool [K], the covered pairs.
    """
    weight = np.int64(0)
    for k in range(pair.size):
        if pair[k]:
            weight += t.weight[k]
    city = covered_cities(t, pair)
    for i in range(city.size):
        if city[i]:
            weight += t.side.city_weight[i]
    return weight


@compiled
def shortfall(t: Tables, pair: Mask) -> Whole:
    """Return the weight missing from all targets, plus the number of uncovered pairs that must be covered.

    Parameters
    ----------
    t
        The problem.
    pair
        bool [K], the covered pairs.
    """
    side = t.side
    city = covered_cities(t, pair)
    missing_weight = np.int64(0)
    for target in range(side.target_least.size):
        short = side.target_least[target]
        for k in side.target_pair[side.target_pair_start[target] : side.target_pair_start[target + 1]]:
            if pair[k]:
                short -= t.weight[k]
        for i in side.target_city[side.target_city_start[target] : side.target_city_start[target + 1]]:
            if city[i]:
                short -= side.city_weight[i]
        missing_weight += max(short, 0)
    if t.must_cover:
        for k in range(pair.size):
            missing_weight += not pair[k]
    return missing_weight


@compiled
def breach(t: Tables, is_open: Mask) -> Whole:
    """Return what exceeds budget, caps and capacities, plus the number of violated excludes and requires.

    Money and units of capacities are added up: the sum only tells plans that violate less from others.

    Parameters
    ----------
    t
        The problem.
    is_open
        bool [J + 1], the plan.
    """
    side = t.side
    violation = np.int64(0)
    if t.budget >= 0:
        spent = np.int64(0)
        for j in range(t.cost.size):
            if is_open[j]:
                spent += t.cost[j]
        violation += max(spent - t.budget, np.int64(0))
    for limit in range(side.limit_most.size):
        used = np.int64(0)
        for at in range(side.limit_start[limit], side.limit_start[limit + 1]):
            if is_open[side.limit_candidate[at]]:
                used += side.limit_use[at]
        violation += max(used - side.limit_most[limit], np.int64(0))
    for row in range(side.exclude.shape[0]):
        violation += is_open[side.exclude[row, 0]] and is_open[side.exclude[row, 1]]
    for row in range(side.require.shape[0]):
        violation += is_open[side.require[row, 0]] and not is_open[side.require[row, 1]]
    return violation


def cost_of(t: Tables, is_open: Mask) -> int:
    """Return the cost of a plan, bool [J + 1]."""
    return int(t.cost[is_open[:-1]].sum())


def objective_of(t: Tables, is_open: Mask) -> int:
    """Return the objective of a plan: the covered weight with a budget, the cost without one."""
    return cost_of(t, is_open) if t.budget < 0 else int(covered_weight(t, covered_pairs(t, is_open)))


def objective_unit(t: Tables) -> int:
    """Return the greatest common divisor of the objective coefficients, of which objectives are multiples."""
    numbers = t.cost if t.budget < 0 else np.concatenate((t.weight, t.side.city_weight))
    return math.gcd(*numbers.tolist()) or 1


def fits(t: Tables, is_open: Mask) -> bool:
    """Return whether a plan, bool [J + 1], satisfies all constraints.

    Coverage, which takes shortest paths, is computed only where a constraint needs it.
    """
    if breach(t, is_open):
        return False
    needs_coverage = t.must_cover or t.side.target_least.size
    return not needs_coverage or shortfall(t, covered_pairs(t, is_open)) == 0
