"""Remove pairs, cities and targets that are the same in every plan, and merge equivalent pairs."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence

import numpy as np

from optimiser.engine.presolve.fixings import listed, named_pair, uncovered
from optimiser.engine.presolve.stage import Stage, must_cover, with_everything
from optimiser.engine.search.paths import Mask, covered
from optimiser.problem import City, DesignProblem, Pair, Target


def first_stage(problem: DesignProblem) -> Stage:
    """Return the first stage of a problem, in canonical order.

    Where every coverable pair must be covered, targets and cities are removed.

    Proof. By monotonicity, no plan covers a pair that stays uncovered with all candidates built that are not
    fixed out. So where every coverable pair must be covered, every plan covers the same pairs and the same
    cities: those that all these candidates together cover. A target is then met by every plan or by none, and
    cities have no influence.

    Parameters
    ----------
    problem
        Any problem.
    """
    stage = Stage(problem.canonical())
    problem = stage.problem
    if not must_cover(problem):
        return stage
    every = covered(problem, [j for j, c in enumerate(problem.candidates) if c.fixed != "out"])
    if reason := _unreachable_target(problem, every):
        return stage.infeasible(reason)
    return stage.on(with_pairs(problem.replace(targets=(), cities=()), every))


def settle_pairs(stage: Stage) -> Stage:
    """Remove pairs that every plan or no plan covers, and the cities and targets that this decides.

    Proof. By monotonicity, a pair that is covered with nothing built is covered by every plan, and a pair
    that is not covered with everything built is covered by none. Both are constants: cities need, and targets
    require, correspondingly less of the open pairs. A city is a constant too if it needs no open pair, or
    more than there are. A target that is out of reach with everything built is met by no plan, so the problem
    is infeasible. An open pair or city matters only if it adds to the objective, to a target or to a city
    that matters, or if every pair must be covered.

    Parameters
    ----------
    stage
        Any stage after `first_stage`.
    """
    return settled(stage, covered(stage.problem, ()), with_everything(stage.problem))


def settled(stage: Stage, always: Mask, ever: Mask) -> Stage:
    """Return a stage without the pairs that every plan or no plan covers, as in `settle_pairs`.

    Parameters
    ----------
    stage
        Any stage after `first_stage`.
    always
        bool [K], pairs that every plan covers.
    ever
        bool [K], pairs that are not known to be uncovered in every plan.
    """
    problem = stage.problem
    if must_cover(problem) and not ever.all():
        return stage.infeasible(uncovered(problem, np.flatnonzero(~ever).tolist()))
    if reason := _unreachable_target(problem, ever):
        return stage.infeasible(reason)
    cities = sum(city.weight for city in problem.cities if _is_met(city, always))
    return dataclasses.replace(
        stage,
        problem=_open_part(problem, always, ever, stage.groups),
        base_weight=stage.base_weight + _pair_weight(problem.pairs, always) + cities,
    )


def _open_part(
    problem: DesignProblem, always: Mask, ever: Mask, kept_groups: frozenset[str]
) -> DesignProblem:
    """Return the problem of the open pairs, cities and targets that matter; unused groups are cleared."""
    targets = tuple(
        dataclasses.replace(target, least=target.least - reached)
        for target in problem.targets
        if (reached := _reached_weight(problem, target, always)) < target.least
    )
    city_groups = {target.group for target in targets if target.of == "cities"}
    pair_groups = {target.group for target in targets if target.of == "pairs"} | kept_groups
    cities = tuple(
        _open_city(city, always, ever, city_groups)
        for city in problem.cities
        if _is_met(city, ever) and not _is_met(city, always) and _matters(problem, city, city_groups)
    )
    in_cities = {k for city in cities for k in city.pairs}
    kept = [
        is_open and (must_cover(problem) or k in in_cities or _matters(problem, pair, pair_groups))
        for k, (pair, is_open) in enumerate(zip(problem.pairs, (ever & ~always).tolist(), strict=True))
    ]
    pairs = tuple(
        dataclasses.replace(p, group=p.group if p.group in pair_groups else "") for p in problem.pairs
    )
    cover = problem.cover if targets else "all"
    changed = problem.replace(pairs=pairs, cities=cities, targets=(), cover="all")
    return with_pairs(changed, np.array(kept, dtype=np.bool_)).replace(targets=targets, cover=cover)


def _matters(problem: DesignProblem, item: Pair | City, groups: Collection[str]) -> bool:
    return item.weight > 0 and (problem.budget is not None or item.group in groups)


def _open_city(city: City, always: Mask, ever: Mask, groups: Collection[str]) -> City:
    return dataclasses.replace(
        city,
        pairs=tuple(k for k in city.pairs if ever[k] and not always[k]),
        need=city.need - sum(bool(always[k]) for k in city.pairs),
        group=city.group if city.group in groups else "",
    )


def _is_met(city: City, mask: Mask) -> bool:
    return sum(bool(mask[k]) for k in city.pairs) >= city.need


def _pair_weight(pairs: Iterable[Pair], mask: Mask) -> int:
    return sum(pair.weight for pair, yes in zip(pairs, mask.tolist(), strict=True) if yes)


def _reached_weight(problem: DesignProblem, target: Target, mask: Mask) -> int:
    """Return the weight of a target that is reached when the pairs of a mask are covered."""
    if target.of == "pairs":
        return _pair_weight(problem.pairs, mask & _in_group(problem, target.group))
    return sum(c.weight for c in problem.cities if c.group == target.group and _is_met(c, mask))


def _in_group(problem: DesignProblem, group: str) -> Mask:
    return np.array([pair.group == group for pair in problem.pairs], dtype=np.bool_)


def _unreachable_target(problem: DesignProblem, ever: Mask) -> str:
    """Return the message that a target is out of reach even with everything built; empty if none is."""
    for target in problem.targets:
        reach = _reached_weight(problem, target, ever)
        if reach < target.least:
            missed = listed(list(_missed(problem, target, ever)))
            return (
                f"target {target.group!r}: at most {reach} of the {target.least} still required can be "
                f"covered, even with all candidates built that may be; out of reach: {missed}"
            )
    return ""


def _missed(problem: DesignProblem, target: Target, ever: Mask) -> Iterator[str]:
    """Yield the names of the pairs or cities of a target that no plan covers."""
    if target.of == "cities":
        yield from (c.id for c in problem.cities if c.group == target.group and not _is_met(c, ever))
        return
    rows = np.flatnonzero(~ever & _in_group(problem, target.group)).tolist()
    yield from (named_pair(problem, k) for k in rows)


def with_pairs(problem: DesignProblem, kept: Mask) -> DesignProblem:
    """Return a problem with a subset of its pairs.

    Parameters
    ----------
    problem
        A problem whose cities name only pairs that are kept.
    kept
        bool [K].
    """
    new_position = np.cumsum(kept) - 1
    return problem.replace(
        pairs=tuple(pair for pair, is_kept in zip(problem.pairs, kept.tolist(), strict=True) if is_kept),
        cities=tuple(
            dataclasses.replace(c, pairs=tuple(int(new_position[k]) for k in c.pairs)) for c in problem.cities
        ),
    )


def merge_same_ends(stage: Stage) -> Stage:
    """Merge pairs with the same ends, limit and group; on symmetric networks opposite pairs as well.

    Proof. Pairs with the same origin, destination and limit are covered by the same plans. If every arc has a
    reverse arc with the same seconds and owner, the reverse of every walk is a walk of the same time that is
    open in the same plans, so a pair and its opposite are covered by the same plans too. `merged` describes
    how pairs are merged.

    Parameters
    ----------
    stage
        Any stage after `first_stage`.
    """
    both = is_symmetric(stage.problem)
    return stage.on(merged(stage.problem, [_ends(pair, both=both) for pair in stage.problem.pairs]))


def _ends(pair: Pair, *, both: bool) -> tuple[int, int, int]:
    ends = (pair.origin, pair.destination)
    return (min(ends), max(ends), pair.limit) if both else (*ends, pair.limit)


def is_symmetric(problem: DesignProblem) -> bool:
    """Return whether every arc has a reverse arc with the same seconds and owner."""
    return all(
        {(head, tail, seconds) for tail, head, seconds in arcs} == {*arcs}
        for arcs in (problem.arcs, *(c.arcs for c in problem.candidates))
    )


def merged(problem: DesignProblem, keys: Sequence[Hashable]) -> DesignProblem:
    """Return a problem in which pairs with the same key and group are merged to one pair.

    The first pair of a class represents it, with the sum of the weights: objective and targets count the
    weights of all or none of its pairs. A city counts pairs, not weights. It allows a merge if it lists the
    same number m of pairs of every class that occurs in it: it then has `need` covered pairs exactly if
    ceil(need / m) classes are covered. If it lists different numbers, its pairs of classes that occur more
    than once in it are not merged. This refines the classes, which may violate the condition for other
    cities, so it is repeated until all cities allow the merge.

    Parameters
    ----------
    problem
        The problem of a stage.
    keys
        A key for each pair; pairs with the same key are covered by the same plans.
    """
    classes: list[Hashable] = [(key, pair.group) for key, pair in zip(keys, problem.pairs, strict=True)]
    while unmergeable := {k for city in problem.cities for k in _unmergeable(city, classes)}:
        classes = [k if k in unmergeable else name for k, name in enumerate(classes)]
    first = {name: k for k, name in reversed(list(enumerate(classes)))}
    if len(first) == len(classes):
        return problem
    return _merge_classes(problem, [first[name] for name in classes])


def _unmergeable(city: City, classes: Sequence[Hashable]) -> list[int]:
    """Return the pairs of a city that must not be merged."""
    counts = Counter(classes[k] for k in city.pairs)
    if len({*counts.values()}) <= 1:
        return []
    return [k for k in city.pairs if counts[classes[k]] > 1]


def _merge_classes(problem: DesignProblem, first: list[int]) -> DesignProblem:
    """Return a problem in which pair `first[k]` represents pair k."""
    weight = [0] * len(first)
    for k, pair in enumerate(problem.pairs):
        weight[first[k]] += pair.weight
    pairs = tuple(dataclasses.replace(p, weight=w) for p, w in zip(problem.pairs, weight, strict=True))
    cities = tuple(_merge_in_city(city, first) for city in problem.cities)
    kept = np.array([k == one for k, one in enumerate(first)], dtype=np.bool_)
    changed = problem.replace(pairs=pairs, cities=cities, targets=(), cover="all")
    return with_pairs(changed, kept).replace(targets=problem.targets, cover=problem.cover)


def _merge_in_city(city: City, first: list[int]) -> City:
    pairs = tuple(sorted({first[k] for k in city.pairs}))
    times = len(city.pairs) // max(len(pairs), 1) or 1
    return dataclasses.replace(city, pairs=pairs, need=-(-city.need // times))
