"""Draw levels of small problems by chance, and find the largest one by trying every plan."""

from __future__ import annotations

import itertools
import math
import random
from fractions import Fraction

from core_drawing import covered_by, dense_problem, plan_value

from optimiser.frontier.levels import LevelTarget


def budgeted(count):
    """Return the seeds of so many dense problems with a budget."""
    seeds = (seed for seed in itertools.count() if dense_problem(seed).budget is not None)
    return list(itertools.islice(seeds, count))


def plans(problem):
    """Yield the ids of every plan of a small problem."""
    names = [c.id for c in problem.candidates]
    for size in range(len(names) + 1):
        for built in map(set, itertools.combinations(names, size)):
            if plan_value(problem, built) is not None:
                yield built


def drawn_targets(problem, seed):
    """Return two or three demands on groups of a problem, some on several at once."""
    chance = random.Random(f"levels {seed}")  # noqa: S311 - chance for drawings, no secret
    groups = list(problem.groups)

    def number(least):
        return Fraction(chance.randint(least, 12), chance.randint(1, 4))

    return [
        LevelTarget(
            tuple(sorted(chance.sample(groups, chance.randint(1, len(groups))))), number(1), number(-9)
        )
        for _ in range(chance.randint(2, 3))
    ]


def weights(problem, targets, built):
    """Return the weight that a plan covers for each demand."""
    both = list(zip(problem.pairs, covered_by(problem, built), strict=True))
    return [sum(p.weight for p, yes in both if yes and p.group in target.groups) for target in targets]


def level_of(targets, reached):
    """Return the largest level that some weights attain, read off its definition."""
    return math.floor(min((w - t.base) / t.factor for t, w in zip(targets, reached, strict=True)))


def largest(problem, targets):
    """Return the largest level of all plans; None where there is no plan."""
    return max((level_of(targets, weights(problem, targets, b)) for b in plans(problem)), default=None)
