"""Hold problems small enough to try every plan, with three tiers."""

from __future__ import annotations

import itertools
import random

from core_drawing import both_ways, covered_by

from optimiser.job.sections import Solve
from optimiser.problem import Candidate, DesignProblem, Pair

TIERS = ("core", "secondary", "small")
SETTINGS = Solve(gap=0.0, threads=1, time_limit_s=60)


def toy(seed):
    """Return a problem with a budget in which tiers compete; the same seed, the same problem."""
    chance = random.Random(seed)  # noqa: S311 - chance for drawings, no secret

    def link(fastest, slowest):
        return (*chance.sample(range(6), 2), chance.randint(fastest, slowest))

    candidates = tuple(
        Candidate(f"c{j}", chance.randint(1, 6), both_ways(link(1, 5)), "road") for j in range(7)
    )
    pairs = tuple(
        Pair(*chance.sample(range(6), 2), chance.randint(4, 9), chance.randint(1, 9), TIERS[k % 3])
        for k in range(12)
    )
    return DesignProblem(
        name=f"toy {seed}",
        nodes=tuple("abcdef"),
        arcs=both_ways(*(link(3, 9) for _ in range(3))),
        candidates=candidates,
        pairs=pairs,
        budget=chance.randint(4, 14),
    )


def plans(problem):
    """Yield every set of ids that the budget allows."""
    names = [c.id for c in problem.candidates]
    for size in range(len(names) + 1):
        for built in itertools.combinations(names, size):
            if problem.budget is None or problem.cost_of(built) <= problem.budget:
                yield built


def by_tier(problem, built):
    """Return the weight that a plan covers, by tier."""
    found = dict.fromkeys(TIERS, 0)
    for pair, yes in zip(problem.pairs, covered_by(problem, set(built)), strict=True):
        found[pair.group] += pair.weight * yes
    return found


def coverable(problem):
    """Return for each pair whether everything built covers it."""
    return covered_by(problem, {c.id for c in problem.candidates})


def rivals():
    """Return a candidate that covers a core pair of weight 7, and one that covers two small pairs of 2."""
    return DesignProblem(
        name="rivals",
        nodes=("a", "b", "c", "d"),
        arcs=both_ways((0, 1, 9), (0, 2, 9), (0, 3, 9)),
        candidates=(
            Candidate("to core", 3, both_ways((0, 1, 1))),
            Candidate("to small", 4, both_ways((0, 2, 1), (0, 3, 1))),
        ),
        pairs=(Pair(0, 1, 2, 7, "core"), Pair(0, 2, 2, 2, "small"), Pair(0, 3, 2, 2, "small")),
        budget=5,
        money="million",
    )
