"""Measure how much of what was built lies near what is proposed: recall by km, corridors found, precision."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from optimiser.measures.equity import share_of

MODES = ("road", "rail")
"""Modes that are told apart, in the order of tables."""


@dataclass(frozen=True, slots=True)
class Course:
    """The course of a line: points that stand for parts of equal length.

    Attributes
    ----------
    mode
        road or rail.
    points
        float64 [n, 3], km in space, n >= 1; each is the midpoint of an n-th of the line.
    km
        Length.
    """

    mode: str
    points: NDArray[np.float64]
    km: float


@dataclass(frozen=True, slots=True)
class Nearness:
    """Which parts of what was built lie near which proposals; every choice is measured on this one table.

    Attributes
    ----------
    near, near_own
        bool [proposals, parts]; of the second the part is of the mode of the proposal.
    part_km
        float64 [parts].
    corridor
        int64 [parts], row of the corridor of each part.
    corridor_modes
        Mode of each corridor.
    proposal_km, proposal_near_km
        float64 [proposals]: length, and how much of it lies near something built of its mode.
    found_share
        Share of a corridor that must be near for the corridor to count as found.
    """

    near: NDArray[np.bool_]
    near_own: NDArray[np.bool_]
    part_km: NDArray[np.float64]
    corridor: NDArray[np.int64]
    corridor_modes: tuple[str, ...]
    proposal_km: NDArray[np.float64]
    proposal_near_km: NDArray[np.float64]
    found_share: float

    @classmethod
    def of(
        cls, built: Sequence[Course], proposed: Sequence[Course], *, near_km: float, found_share: float
    ) -> Nearness:
        """Compare lines.

        Parameters
        ----------
        built
            Corridors built; at least one.
        proposed
            Proposals.
        near_km
            Two points within this distance are near.
        found_share
            As in `Nearness`.
        """
        points = np.concatenate([one.points for one in built])
        count = np.array([len(one.points) for one in built], dtype=np.int64)
        corridor = np.repeat(np.arange(len(built), dtype=np.int64), count)
        modes = np.array([one.mode for one in built])[corridor]
        trees = {mode: cKDTree(points[modes == mode]) for mode in np.unique(modes).tolist()}
        near = np.zeros((len(proposed), len(points)), dtype=bool)
        own_km = np.zeros(len(proposed))
        for row, one in enumerate(proposed):
            near[row] = cKDTree(one.points).query(points)[0] <= near_km
            if one.mode in trees:
                own_km[row] = one.km * np.mean(trees[one.mode].query(one.points)[0] <= near_km)
        return cls(
            near=near,
            near_own=near & (np.array([one.mode for one in proposed], dtype=modes.dtype)[:, None] == modes),
            part_km=np.repeat(np.array([one.km for one in built]) / count, count),
            corridor=corridor,
            corridor_modes=tuple(one.mode for one in built),
            proposal_km=np.array([one.km for one in proposed], dtype=np.float64),
            proposal_near_km=own_km,
            found_share=found_share,
        )

    def found(self, rows: Sequence[int]) -> NDArray[np.float64]:
        """Return the share of each corridor near proposals of its mode; float64 [corridors].

        Parameters
        ----------
        rows
            Rows of the proposals that are built.
        """
        hit = self.near_own[np.asarray(rows, dtype=np.int64)].any(axis=0)
        near = np.bincount(self.corridor[hit], self.part_km[hit], minlength=len(self.corridor_modes))
        whole = np.bincount(self.corridor, self.part_km, minlength=len(self.corridor_modes))
        return np.asarray(near / whole, dtype=np.float64)

    def recall(self, rows: Sequence[int]) -> dict[str, float | None]:
        """Return how much of what was built some proposals find: columns of a table, by name.

        Parameters
        ----------
        rows
            Rows of the proposals that are built.

        Returns
        -------
        dict
            `proposed_km`; `recall_road`, `recall_rail` and `recall_both`, the share of the km built near a
            proposal of the same mode; `recall_any`, near a proposal of either; `found_road` and `found_rail`,
            corridors of which enough is near; `precision`, the share of the km proposed near what was built
            of the same mode. A share of nothing is None.
        """
        chosen, modes = np.asarray(rows, dtype=np.int64), np.array(self.corridor_modes)
        of_part, hit = modes[self.corridor], self.near_own[chosen].any(axis=0)
        # A part that is found wholly may come to a hair less than its share when its km are added up.
        found = modes[self.found(rows) >= self.found_share - 1e-9].tolist()
        own = {mode: of_part == mode for mode in MODES} | {"both": np.ones(len(hit), dtype=np.bool_)}
        near = self.near[chosen].any(axis=0)
        shares = {name: (hit & mask, mask) for name, mask in own.items()} | {"any": (near, own["both"])}
        km, of_km = self.proposal_km[chosen].sum(), self.proposal_near_km[chosen].sum()
        return {
            "proposed_km": float(km),
            **{
                f"recall_{name}": share_of(float(self.part_km[part].sum()), float(self.part_km[whole].sum()))
                for name, (part, whole) in shares.items()
            },
            **{f"found_{mode}": found.count(mode) for mode in MODES},
            "precision": share_of(float(of_km), float(km)),
        }


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
        by_mode = {mode: int(share * amount) for mode, amount in self.by_mode.items()}
        return Money(int(share * self.total), by_mode)


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
    "population": lambda links: _falling(links.people / links.distance_km),
    "population_per_cost": lambda links: _falling(links.people / links.distance_km / links.cost),
    "towards_core": lambda links: np.lexsort((links.length_km, links.core_km)).astype(np.int64),
}
"""Rules that know no chance, by name; each returns the links in its order. `at_random` is the fourth.

The traffic between two cities as the product of their populations over their distance, the most first: G. K.
Zipf, The P1 P2 / D hypothesis: on the intercity movement of persons, American Sociological Review 11 (1946);
the same per cost; links of core cities, then those that begin nearest to one, of equals the shortest."""

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
