"""Settle pairs, cities and targets that every plan decides alike, and merge pairs that are covered alike."""

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
    """Return the first stage of a problem: in canonical order, with what must be covered settled.

    Proof. By monotony a plan covers no pair that all candidates not fixed out together leave uncovered. So
    where every coverable pair must be covered, every plan covers the same pairs, and with them the same
    cities: those that all these candidates together cover. A target is then met by every plan or by none,
    and cities change nothing.

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
    if reason := _short_target(problem, every):
        return stage.infeasible(reason)
    return stage.on(with_pairs(problem.replace(targets=(), cities=()), every))


def settle_pairs(stage: Stage) -> Stage:
    """Drop pairs covered already or by no plan, and whatever they settle.

    Proof. By monotony a pair covered with nothing more built is covered by every plan, and one not covered
    with every candidate built by none. Both are constants. A city needs the fewer of its open pairs the more
    of its pairs are covered already, and is itself a constant when it needs none or more than are open; a
    target asks for the less the more is reached already. A target out of reach with every candidate built is
    met by no plan, so there is none. Of what is still open, a pair or city matters only when it adds to the
    objective, to a target or to a city that matters, or when every pair must be covered.

    Parameters
    ----------
    stage
        Any stage after `first_stage`.
    """
    return settled(stage, covered(stage.problem, ()), with_everything(stage.problem))


def settled(stage: Stage, always: Mask, ever: Mask) -> Stage:
    """Return a stage without the pairs that every plan covers or none, as `settle_pairs` says.

    Parameters
    ----------
    stage
        Any stage after `first_stage`.
    always
        bool [pairs]: covered by every plan.
    ever
        bool [pairs]: covered by some plan, as far as is known.
    """
    problem = stage.problem
    if must_cover(problem) and not ever.all():
        return stage.infeasible(uncovered(problem, np.flatnonzero(~ever).tolist()))
    if reason := _short_target(problem, ever):
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
    """Return the problem of the open pairs, cities and targets that matter, without groups that do not."""
    targets = tuple(
        dataclasses.replace(target, least=target.least - reached)
        for target in problem.targets
        if (reached := _reached(problem, target, always)) < target.least
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


def _reached(problem: DesignProblem, target: Target, mask: Mask) -> int:
    """Return the weight that counts for a target when the pairs of a mask are covered."""
    if target.of == "pairs":
        return _pair_weight(problem.pairs, mask & _in_group(problem, target.group))
    return sum(c.weight for c in problem.cities if c.group == target.group and _is_met(c, mask))


def _in_group(problem: DesignProblem, group: str) -> Mask:
    return np.array([pair.group == group for pair in problem.pairs], dtype=np.bool_)


def _short_target(problem: DesignProblem, ever: Mask) -> str:
    """Return the reason that a target is out of reach even with everything built; empty when none is."""
    for target in problem.targets:
        reach = _reached(problem, target, ever)
        if reach < target.least:
            missed = listed(list(_missed(problem, target, ever)))
            least = f"target {target.group!r}: at most {reach} of {target.least} more can be covered"
            return f"{least}, even with everything built that may be; never within reach: {missed}"
    return ""


def _missed(problem: DesignProblem, target: Target, ever: Mask) -> Iterator[str]:
    """Yield the names of what counts for a target and no plan covers."""
    if target.of == "cities":
        yield from (c.id for c in problem.cities if c.group == target.group and not _is_met(c, ever))
        return
    rows = np.flatnonzero(~ever & _in_group(problem, target.group)).tolist()
    yield from (named_pair(problem, k) for k in rows)


def with_pairs(problem: DesignProblem, kept: Mask) -> DesignProblem:
    """Return a problem with some of its pairs alone.

    Parameters
    ----------
    problem
        The problem; targets and cities name only pairs that stay.
    kept
        bool [pairs].
    """
    place = np.cumsum(kept) - 1
    return problem.replace(
        pairs=tuple(pair for pair, yes in zip(problem.pairs, kept.tolist(), strict=True) if yes),
        cities=tuple(
            dataclasses.replace(c, pairs=tuple(int(place[k]) for k in c.pairs)) for c in problem.cities
        ),
    )


def merge_same_ends(stage: Stage) -> Stage:
    """Merge pairs with the same ends, limit and group, and opposite ones where every arc has its reverse.

    Proof. Pairs with the same origin, destination and limit are covered by the same plans. When every arc
    has its reverse, of the same seconds and the same owner, the reverse of every way is a way of the same
    seconds that is open in the same plans, so a pair and its opposite are covered by the same plans too.
    What such pairs add up to, see `merged`.

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
    """Say whether every arc has its reverse with the same seconds in the same owner."""
    return all(
        {(head, tail, seconds) for tail, head, seconds in arcs} == {*arcs}
        for arcs in (problem.arcs, *(c.arcs for c in problem.candidates))
    )


def merged(problem: DesignProblem, keys: Sequence[Hashable]) -> DesignProblem:
    """Return a problem with one pair for those that have one key and one group.

    The first of the pairs stands for all, with the sum of their weights: objective and targets count the
    weights of all or of none. A city counts pairs, not weights. It allows a merger when it lists the same
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
    """Return a problem in which pair `first[k]` stands for pair k."""
    weight = [0] * len(first)
    for k, pair in enumerate(problem.pairs):
        weight[first[k]] += pair.weight
    pairs = tuple(dataclasses.replace(p, weight=w) for p, w in zip(problem.pairs, weight, strict=True))
    cities = tuple(_gathered_city(city, first) for city in problem.cities)
    kept = np.array([k == one for k, one in enumerate(first)], dtype=np.bool_)
    changed = problem.replace(pairs=pairs, cities=cities, targets=(), cover="all")
    return with_pairs(changed, kept).replace(targets=problem.targets, cover=problem.cover)


def _gathered_city(city: City, first: list[int]) -> City:
    pairs = tuple(sorted({first[k] for k in city.pairs}))
    times = len(city.pairs) // max(len(pairs), 1) or 1
    return dataclasses.replace(city, pairs=pairs, need=-(-city.need // times))
