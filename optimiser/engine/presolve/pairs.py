"""Remove pairs, cities and targets that are the same in every plan, and merge equivalent pairs."""

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Sequence

import numpy as np

from optimiser.engine.presolve.fixings import SHOWN, named_pair, uncovered
from optimiser.engine.presolve.stage import Reduction
from optimiser.engine.search.paths import Mask, covered
from optimiser.problem import City, DesignProblem, Pair
from optimiser.problem.errors import listed
from optimiser.verify.rules import target_coverage, weight_of


def first_stage(problem: DesignProblem) -> Reduction:
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
    problem = problem.canonical()
    stage = Reduction(problem)
    if not problem.must_cover:
        return stage
    every = covered(problem, [j for j, c in enumerate(problem.candidates) if c.fixed != "out"])
    if reason := _unreachable_target(problem, every):
        return stage.infeasible(reason)
    return stage.on(problem.derived(targets=(), cities=()).on_pairs(np.flatnonzero(every).tolist()))


def settle_pairs(stage: Reduction) -> Reduction:
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
    every = range(len(stage.problem.candidates))
    return settled(stage, covered(stage.problem, ()), covered(stage.problem, every))


def settled(stage: Reduction, always: Mask, ever: Mask) -> Reduction:
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
    if problem.must_cover and not ever.all():
        return stage.infeasible(uncovered(problem, np.flatnonzero(~ever).tolist()))
    if reason := _unreachable_target(problem, ever):
        return stage.infeasible(reason)
    known = set(np.flatnonzero(always).tolist())
    return dataclasses.replace(
        stage,
        problem=_open_part(problem, always, ever, stage.groups),
        base_weight=stage.base_weight + weight_of(problem, known),
    )


def _open_part(
    problem: DesignProblem, always: Mask, ever: Mask, kept_groups: frozenset[str]
) -> DesignProblem:
    """Return the problem of the open pairs, cities and targets that matter; unused groups are cleared."""
    known = set(np.flatnonzero(always).tolist())
    targets = tuple(
        dataclasses.replace(target, least=target.least - reached)
        for target in problem.targets
        if (reached := target_coverage(problem, target, known)) < target.least
    )
    city_groups = {target.group for target in targets if target.of == "cities"}
    pair_groups = {target.group for target in targets if target.of == "pairs"} | kept_groups

    def matters(item: Pair | City, groups: Collection[str]) -> bool:
        return item.weight > 0 and (problem.budget is not None or item.group in groups)

    is_open = (ever & ~always).tolist()
    cities = tuple(
        dataclasses.replace(
            city,
            pairs=tuple(k for k in city.pairs if is_open[k]),
            need=city.need - int(always[list(city.pairs)].sum()),
            group=city.group if city.group in city_groups else "",
        )
        for city in problem.cities
        if _is_met(city, ever) and not _is_met(city, always) and matters(city, city_groups)
    )
    in_cities = {k for city in cities for k in city.pairs}
    kept = [
        k
        for k, pair in enumerate(problem.pairs)
        if is_open[k] and (problem.must_cover or k in in_cities or matters(pair, pair_groups))
    ]
    pairs = tuple(
        dataclasses.replace(p, group=p.group if p.group in pair_groups else "") for p in problem.pairs
    )
    cover = problem.cover if targets else "all"
    changed = problem.derived(pairs=pairs, cities=cities, targets=(), cover="all")
    return changed.on_pairs(kept).derived(targets=targets, cover=cover)


def _is_met(city: City, mask: Mask) -> bool:
    return int(mask[list(city.pairs)].sum()) >= city.need


def _unreachable_target(problem: DesignProblem, ever: Mask) -> str:
    """Return the message that a target is out of reach even with everything built; empty if none is."""
    reachable = set(np.flatnonzero(ever).tolist())
    for target in problem.targets:
        reach = target_coverage(problem, target, reachable)
        if reach < target.least:
            pairs = [
                named_pair(problem, k)
                for k, p in enumerate(problem.pairs)
                if p.group == target.group and not ever[k]
            ]
            cities = [c.id for c in problem.cities if c.group == target.group and not _is_met(c, ever)]
            missed = pairs if target.of == "pairs" else cities
            return (
                f"target {target.group!r}: at most {reach} of the {target.least} still required can be "
                f"covered, even with all candidates built that may be; out of reach: {listed(missed, SHOWN)}"
            )
    return ""


def merge_same_ends(stage: Reduction) -> Reduction:
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
    ends = [(pair.origin, pair.destination) for pair in stage.problem.pairs]
    if is_symmetric(stage.problem):
        ends = [(min(two), max(two)) for two in ends]
    keys = [(*two, pair.limit) for two, pair in zip(ends, stage.problem.pairs, strict=True)]
    return stage.on(merged(stage.problem, keys))


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
    weight: dict[Hashable, int] = defaultdict(int)
    for name, pair in zip(classes, problem.pairs, strict=True):
        weight[name] += pair.weight
    cities = []
    for city in problem.cities:
        pairs = tuple(sorted({first[classes[k]] for k in city.pairs}))
        times = len(city.pairs) // max(len(pairs), 1) or 1
        cities.append(dataclasses.replace(city, pairs=pairs, need=-(-city.need // times)))
    changed = problem.derived(
        pairs=tuple(
            dataclasses.replace(pair, weight=weight[name])
            for name, pair in zip(classes, problem.pairs, strict=True)
        ),
        cities=tuple(cities),
        targets=(),
        cover="all",
    )
    kept = sorted(first.values())
    return changed.on_pairs(kept).derived(targets=problem.targets, cover=problem.cover)


def _unmergeable(city: City, classes: Sequence[Hashable]) -> list[int]:
    """Return the pairs of a city that must not be merged."""
    counts = Counter(classes[k] for k in city.pairs)
    return [k for k in city.pairs if counts[classes[k]] > 1] if len({*counts.values()}) > 1 else []
