"""Choose links by simple rules for a given amount of money, to compare a plan with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Money:
    """Money to spend: in all, and where modes have budgets of their own, by mode.

    Attributes
    ----------
    total
        Most that may be spent in all.
    by_mode
        Most that may be spent on links of a mode; a mode that is not named has no limit of its own.
    """

    total: int
    by_mode: Mapping[str, int]

    def part(self, share: Fraction) -> Money:
        """Return a share of the money, each amount rounded down."""
        return Money(
            int(share * self.total), {mode: int(share * amount) for mode, amount in self.by_mode.items()}
        )


@dataclass(frozen=True, slots=True)
class Links:
    """Links to choose from.

    Attributes
    ----------
    modes
        Mode of each link.
    cost
        int64 [n], > 0.
    length_km
        float64 [n].
    people
        float64 [n], product of the populations of the two cities that a link joins; 0 where it joins no two.
    distance_km
        float64 [n], straight distance between these cities, > 0.
    core_km
        float64 [n], straight distance of the nearer of them to a core city.
    """

    modes: tuple[str, ...]
    cost: NDArray[np.int64]
    length_km: NDArray[np.float64]
    people: NDArray[np.float64]
    distance_km: NDArray[np.float64]
    core_km: NDArray[np.float64]


def by_population(links: Links) -> NDArray[np.int64]:
    """Return the links by population over distance, the most first.

    Notes
    -----
    The traffic between two cities as the product of their populations over their distance: G. K. Zipf, The
    P1 P2 / D hypothesis: on the intercity movement of persons, American Sociological Review 11 (1946).
    """
    return _falling(links.people / links.distance_km)


def by_population_per_cost(links: Links) -> NDArray[np.int64]:
    """Return the links by population over distance (`by_population`) per cost, the most first."""
    return _falling(links.people / links.distance_km / links.cost)


def towards_core(links: Links) -> NDArray[np.int64]:
    """Return the links of core cities first, then those that begin nearest to one; of equals the shortest."""
    return np.lexsort((links.length_km, links.core_km)).astype(np.int64)


def at_random(links: Links, seed: int) -> NDArray[np.int64]:
    """Return the links in a random order.

    Parameters
    ----------
    links
        The links.
    seed
        Seed of the order.
    """
    return np.random.default_rng(seed).permutation(len(links.cost)).astype(np.int64)


BASELINES: Mapping[str, Callable[[Links], NDArray[np.int64]]] = {
    "population": by_population,
    "population_per_cost": by_population_per_cost,
    "towards_core": towards_core,
}
"""Rules that know no chance, by name; `at_random` is the fourth."""

RANDOM = "random"
"""Name of the rule `at_random`."""


def _falling(score: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the rows by falling score; of equal ones the first comes first."""
    return np.argsort(-score, kind="stable").astype(np.int64)


def spend(order: Sequence[int], links: Links, money: Money) -> list[int]:
    """Return the links that a rule builds: in its order each one that the money left still pays for.

    Parameters
    ----------
    order
        Rows of the links.
    links
        The links.
    money
        What may be spent.

    Returns
    -------
    list of int
        Rows, rising.
    """
    total, by_mode = money.total, dict(money.by_mode)
    chosen = []
    for row in order:
        cost, mode = int(links.cost[row]), links.modes[row]
        if cost <= min(total, by_mode.get(mode, total)):
            chosen.append(int(row))
            total -= cost
            if mode in by_mode:
                by_mode[mode] -= cost
    return sorted(chosen)
