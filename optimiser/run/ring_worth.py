"""Derive what a ring brings besides the pairs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pandas as pd

from networks.skims import TimeGraph
from optimiser.problem import DesignProblem, Ring
from optimiser.problem.model import candidates_on
from optimiser.problem.result import Result
from optimiser.proposals.prepare import root_weight
from optimiser.proposals.shortest_times import NO_PATH_S
from optimiser.proposals.table import Candidates
from optimiser.report.ring_layout import RingWorth
from optimiser.run.demands import exact_share
from optimiser.run.independence import WithoutCore
from optimiser.verify import check
from optimiser.verify.rings import circuit_nodes

type Solver = Callable[[DesignProblem], Result]
"""Solves a problem; what it claims is checked."""


def cheapest_circuit(problem: DesignProblem, ring: Ring, solve: Solver) -> tuple[int, ...]:
    """Return the circuit that forms a ring and meets its demands at least cost; empty where none was found.

    Parameters
    ----------
    problem
        The problem, whose candidates the ring may use.
    ring
        The ring.
    solve
        Solves the problem of this ring alone.

    Returns
    -------
    tuple of int
        Positions of its links, in order round it.
    """
    if not ring.links:
        return ()
    alone = problem.replace(
        pairs=(),
        targets=(),
        cities=(),
        caps=(),
        budget=None,
        cover="all",
        rings=(replace(ring, required=True, reward=0, apart=()),),
    )
    result = solve(alone)
    return check(alone, result).rings.get(ring.id, ()) if result.has_plan else ()


@dataclass(frozen=True)
class WorthSetting:
    """What the worth of rings is derived from.

    Attributes
    ----------
    graph, candidates
        What there is, and what may be built.
    cities
        Table of the cities: `city_id`, `name`, `population`.
    pairs
        One row a pair of the problem, as `WithoutCore.rows` reads them.
    without
        The region without its core.
    limit_s
        Time limit of the job.
    """

    graph: TimeGraph
    candidates: Candidates
    cities: pd.DataFrame
    pairs: pd.DataFrame
    without: WithoutCore
    limit_s: int

    def worth(self, problem: DesignProblem, ring: Ring, circuit: Sequence[int]) -> RingWorth:
        """Return what a circuit brings besides the pairs, by the rates of docs/rings.md.

        Parameters
        ----------
        problem
            The problem, its pairs with the weights that count.
        ring, circuit
            The ring and its circuit; empty: it cannot be formed, and is worth nothing.

        Notes
        -----
        With w the weight of independence, T the limit, p the people of a city and v the weight of a pair:

            worth = floor(w (sum of root(p) over the cities on the circuit
                             + sum of v min(T, seconds saved without the core) / T over the pairs outside the
                               core that meet the same steps of independence with and without the circuit;
                               all of them where pairs do not count for their independence))
        """
        rate = exact_share(self.without.asked.weight)
        nodes = set(circuit_nodes(ring, circuit) or ()) if circuit else set()
        on_it = {stop.id for stop in ring.stops if not nodes.isdisjoint(stop.nodes)}
        table = self.cities[self.cities["city_id"].astype(str).isin(on_it)]
        of_cities = rate * sum(root_weight(int(people)) for people in table["population"])
        built = sorted(candidates_on(problem, {ring.id: circuit}))
        faster, saved_s, of_minutes = self._minutes(problem, built)
        return RingWorth(
            ring=ring.id,
            reward=int(of_cities + rate * of_minutes),
            cost=problem.cost_of(built),
            cities=tuple(table["name"].astype(str)),
            of_cities=float(of_cities),
            pairs=faster,
            mean_minutes=saved_s / faster / 60 if faster else 0.0,
            of_minutes=float(rate * of_minutes),
        )

    def _minutes(self, problem: DesignProblem, built: Sequence[str]) -> tuple[int, int, Fraction]:
        """Return the pairs that get faster without a further step, the seconds saved, and their worth."""
        rows = self.without.rows(self.pairs)
        if not built or not len(rows):
            return 0, 0, Fraction(0)
        ends = self.pairs[["origin", "destination"]].to_numpy(dtype=np.int64)[rows]
        before, after = (self.without.times(self.graph, self.candidates, ends, plan) for plan in ((), built))
        counts = before < NO_PATH_S
        if self.without.asked.counts_pairs:  # a further step counts as a pair
            limits = self.without.limits_s(self.pairs["today_s"].to_numpy(dtype=np.int64)[rows])
            counts &= ((before <= limits) == (after <= limits)).all(axis=0)
        saved = np.where(counts, np.minimum(before - after, self.limit_s), 0)
        worth = sum(
            problem.pairs[k].weight * seconds
            for k, seconds in zip(rows.tolist(), saved.tolist(), strict=True)
        )
        return int((saved > 0).sum()), int(saved.sum()), Fraction(worth, self.limit_s)


def with_worth(
    problem: DesignProblem, derived: Collection[str], setting: WorthSetting, solve: Solver
) -> tuple[DesignProblem, tuple[RingWorth, ...]]:
    """Return a problem whose rings earn what they are worth, and what that is made of.

    Parameters
    ----------
    problem
        The problem with its rings.
    derived
        Ids of the rings whose reward is derived; the others keep theirs.
    setting
        What it is derived from.
    solve
        Finds the cheapest circuits.
    """
    found = tuple(
        setting.worth(problem, ring, cheapest_circuit(problem, ring, solve))
        for ring in problem.rings
        if ring.id in derived
    )
    rewards = {worth.ring: worth.reward for worth in found}
    rings = tuple(replace(ring, reward=rewards.get(ring.id, ring.reward)) for ring in problem.rings)
    return problem.replace(rings=rings), found
