"""Generate problems in which nothing is covered yet and every pair has many ways."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.bench.generators import plane
from optimiser.bench.generators.drawing import (
    NOWHERE,
    Drawing,
    Proposal,
    Road,
    drawn_pairs,
    drive_s,
    price,
    problem_of,
    upper,
)
from optimiser.bench.generators.plane import Integers
from optimiser.problem import DesignProblem, Pair

STEPS = 12
"""Halvings of the search for the slack; 2^12 per mille is more than any slack asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HardParameters:
    """What a hard problem is made from.

    Attributes
    ----------
    places, candidates, pairs
        Numbers of each.
    relevant
        Median number of candidates that a pair can use within its limit; the slack is set to come closest.
    roads_kmh
        Speed of a slow road beside every Gabriel edge that exists today; 0: there is no road at all.
    budget_percent
        Budget as a share of the cost of all candidates.
    seed
        Seed.
    """

    places: int = 75
    candidates: int = 200
    pairs: int = 1_000
    relevant: int = 60
    roads_kmh: int = 0
    budget_percent: int = 20
    seed: int = 1

    @property
    def name(self) -> str:
        """Return the name of the problem made."""
        return f"hard_{self.candidates}_{'roads' if self.roads_kmh else 'empty'}_{self.seed}"


SIDE_M = 1_000_000
APART_M = 50_000
FAST_KMH = 120
HEAVIEST = 20
"""Largest weight of a pair."""


def hard(p: HardParameters) -> DesignProblem:
    """Return a problem in which nothing is covered, everything coverable, and every pair has many ways.

    Places lie at random with a least distance; candidates are the links between closest neighbours, at one
    speed, dearer by up to a factor of three for the ground. Pairs are drawn among the uncovered ones; the
    limit of each is its time with everything built plus one slack in per mille for all, found by halving,
    so that the median number of candidates on some walk within the limit comes closest to `relevant`.
    Weights are 1 to 20.

    Parameters
    ----------
    p
        What to make.
    """
    rng = plane.generator(p.seed)
    drawing = _drawing(p, rng)
    best, today = drawing.times(built=True), drawing.times(built=False)
    joined = [(a, b) for a, b in upper(p.places) if best[a, b] < NOWHERE]
    chosen = [joined[k] for k in drawn_pairs(rng, joined, p.pairs)]
    slack = _slack(drawing, best, chosen, p.relevant)
    weights = rng.integers(1, HEAVIEST, size=len(chosen), endpoint=True).tolist()
    pairs = [
        Pair(a, b, min(_limit(int(best[a, b]), slack), int(today[a, b]) - 1), weight)
        for (a, b), weight in zip(chosen, weights, strict=True)
        if today[a, b] > best[a, b]
    ]
    return problem_of(
        drawing,
        pairs,
        name=p.name,
        budget_percent=p.budget_percent,
        note=f"Generated: nothing covered yet, limits {slack} per mille above the best time. {p!r}",
    )


def _drawing(p: HardParameters, rng: np.random.Generator) -> Drawing:
    points = plane.scattered(rng, p.places, side_m=SIDE_M, apart_m=APART_M)
    lengths = plane.distances(points)
    edges = plane.neighbours(points, p.candidates)
    ground = rng.integers(50, 150, size=len(edges), endpoint=True).tolist()
    links = [
        Proposal(a, b, drive_s(int(lengths[a, b]), FAST_KMH), price(int(lengths[a, b]), 1, percent))
        for (a, b), percent in zip(edges, ground, strict=True)
    ]
    empty = plane.between(points) == 0
    roads = [
        Road(a, b, drive_s(int(lengths[a, b]), p.roads_kmh))
        for a, b in upper(p.places)
        if p.roads_kmh and empty[a, b]
    ]
    return Drawing(p.places, tuple(roads), tuple(links))


def _limit(best: int, slack: int) -> int:
    return best + best * slack // 1_000


def _slack(drawing: Drawing, best: Integers, chosen: list[tuple[int, int]], wanted: int) -> int:
    """Return the slack, per mille, at which the median of the candidates a pair can use is closest."""
    low, high = 0, 2**STEPS
    while high - low > 1:
        middle = (low + high) // 2
        if _median_relevant(drawing, best, chosen, middle) <= wanted:
            low = middle
        else:
            high = middle
    below, above = (abs(_median_relevant(drawing, best, chosen, s) - wanted) for s in (low, high))
    return low if below <= above else high


def _median_relevant(drawing: Drawing, best: Integers, chosen: list[tuple[int, int]], slack: int) -> int:
    ends = np.array(chosen, dtype=np.int64).reshape(-1, 2)
    links = np.array([link[:3] for link in drawing.links], dtype=np.int64).reshape(-1, 3)
    limits = best[ends[:, 0], ends[:, 1]] * (1_000 + slack) // 1_000
    away, back = best[ends[:, 0]], best[:, ends[:, 1]].T
    there = away[:, links[:, 0]] + back[:, links[:, 1]]
    here = away[:, links[:, 1]] + back[:, links[:, 0]]
    counts = np.sort((np.minimum(there, here) + links[:, 2] <= limits[:, None]).sum(axis=1))
    return int(counts[len(counts) // 2])
