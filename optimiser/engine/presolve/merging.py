"""Make one pair of those that every plan covers or leaves alike."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np

from optimiser.engine.presolve.pairs import with_pairs
from optimiser.engine.presolve.stage import Stage
from optimiser.problem import City, DesignProblem, Pair


def merge_same_ends(stage: Stage) -> Stage:
    """Make one pair of those with the same ends, limit and group; of opposite ones too where ways run alike.

    Proof. Pairs with the same origin, destination and limit are covered by the same plans. When every arc has
    its reverse, of the same seconds and the same owner, the reverse of every way is a way of the same seconds
    that is open in the same plans, so a pair and its opposite are covered by the same plans too. What such
    pairs add up to, see `merged`.

    Parameters
    ----------
    stage
        Any stage after `start`.
    """
    both = is_symmetric(stage.problem)
    return stage.on(merged(stage.problem, [_ends(pair, both=both) for pair in stage.problem.pairs]))


def _ends(pair: Pair, *, both: bool) -> tuple[int, int, int]:
    ends = (pair.origin, pair.destination)
    return (min(ends), max(ends), pair.limit) if both else (*ends, pair.limit)


def is_symmetric(problem: DesignProblem) -> bool:
    """Say whether every arc has its reverse with the same seconds in the same owner.

    Parameters
    ----------
    problem
        The problem.
    """
    return all(
        {(head, tail, seconds) for tail, head, seconds in arcs} == {*arcs}
        for arcs in (problem.arcs, *(c.arcs for c in problem.candidates))
    )


def merged(problem: DesignProblem, keys: Sequence[Hashable]) -> DesignProblem:
    """Return a problem with one pair for those that have one key and one group.

    The first of the pairs stands for all, with the sum of their weights: objective and targets count the
    weights of all or of none. A city counts pairs, not weights; it allows a merger when it lists the same
    number m of pairs of every class of which it lists any: then it has `need` pairs exactly when it has
    ceil(need / m) classes. Where a city lists different numbers, its pairs of the classes of which it lists
    several stay by themselves; that makes the classes finer, which other cities may not allow, until all do.

    Parameters
    ----------
    problem
        The problem of a stage.
    keys
        One a pair; pairs of the same key are covered by the same plans.
    """
    classes: list[Hashable] = [(key, pair.group) for key, pair in zip(keys, problem.pairs, strict=True)]
    while apart := {k for city in problem.cities for k in _kept_apart(city, classes)}:
        classes = [k if k in apart else name for k, name in enumerate(classes)]
    first = {name: k for k, name in reversed(list(enumerate(classes)))}
    if len(first) == len(classes):
        return problem
    return _gathered(problem, [first[name] for name in classes])


def _kept_apart(city: City, classes: Sequence[Hashable]) -> list[int]:
    """Return the pairs that a city does not let merge."""
    times = Counter(classes[k] for k in city.pairs)
    if len({*times.values()}) <= 1:
        return []
    return [k for k in city.pairs if times[classes[k]] > 1]


def _gathered(problem: DesignProblem, first: list[int]) -> DesignProblem:
    """Return a problem in which `first[k]` stands for pair k."""
    weight = [0] * len(first)
    for k, pair in enumerate(problem.pairs):
        weight[first[k]] += pair.weight
    pairs = tuple(dataclasses.replace(p, weight=w) for p, w in zip(problem.pairs, weight, strict=True))
    cities = tuple(_gathered_city(city, first) for city in problem.cities)
    kept = np.array([k == one for k, one in enumerate(first)], dtype=np.bool_)
    targets = problem.targets
    changed = problem.replace(pairs=pairs, cities=cities, targets=(), cover="all")
    return with_pairs(changed, kept).replace(targets=targets, cover=problem.cover)


def _gathered_city(city: City, first: list[int]) -> City:
    pairs = tuple(sorted({first[k] for k in city.pairs}))
    times = len(city.pairs) // max(len(pairs), 1) or 1
    return dataclasses.replace(city, pairs=pairs, need=-(-city.need // times))
