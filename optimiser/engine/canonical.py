"""Choose one of equal plans: the cheapest, and of these the first in canonical order."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence

from optimiser.problem import City, DesignProblem, Pair, Target
from optimiser.problem.model import unused_id
from optimiser.verify.times import coverable

type Ask = Callable[[DesignProblem], tuple[str, ...] | None]
"""Returns a plan of a problem, or None where it is proved that there is none; may raise when undecided."""


def earlier_plans(
    problem: DesignProblem, built: Sequence[str], value: int, *, cheapest: Ask, some: Ask
) -> Iterator[tuple[str, ...]]:
    """Yield optimal plans, each one cheaper than the one before or earlier; the last is the canonical one.

    Parameters
    ----------
    problem
        The problem.
    built
        An optimal plan.
    value
        Its objective.
    cheapest
        Answers with an optimal plan of a problem without a budget.
    some
        Answers with any plan.

    Notes
    -----
    Canonical order: of two plans, the one comes first that builds the first candidate, by id, in which they
    differ. The plan found does not depend on `built`, on seeds or on the order of a file.

    Plans as good as `built` are those that meet `as_good`. An earlier one builds some candidate that the
    known plan does not, and agrees with it in all before. Whether one of a range of candidates can be that
    one is asked at once, and the range halved while the answer is yes; so a plan without an equal takes one
    question.
    """
    known = tuple(built)
    if problem.budget is not None:
        found_cheapest = cheapest(at_least_cost(problem, value))
        known = known if found_cheapest is None else found_cheapest
        yield known
    part = as_good(problem, value, problem.cost_of(known))
    names = sorted(c.id for c in problem.candidates if c.fixed is None)
    after = 0
    while True:
        found = _first_other(part, names, known, [n for n in names[after:] if n not in known], some)
        if found is None:
            return
        name, known = found
        after = names.index(name) + 1
        yield known


def _first_other(
    part: DesignProblem, names: Sequence[str], known: Sequence[str], others: Sequence[str], some: Ask
) -> tuple[str, tuple[str, ...]] | None:
    """Return the first of some candidates with which a plan can leave the known one, and that plan."""
    if not others:
        return None
    before = {name: name in known for name in names[: names.index(others[0])]}
    plan = some(building_one(_with_fixed(part, before), others))
    if plan is None:
        return None
    if len(others) == 1:
        return others[0], plan
    half = len(others) // 2
    first = _first_other(part, names, known, others[:half], some)
    return first or _first_other(part, names, known, others[half:], some)


def _with_fixed(problem: DesignProblem, choices: dict[str, bool]) -> DesignProblem:
    return problem.replace(
        candidates=tuple(
            dataclasses.replace(c, fixed="in" if choices[c.id] else "out") if c.id in choices else c
            for c in problem.candidates
        )
    )


def building_one(problem: DesignProblem, names: Sequence[str]) -> DesignProblem:
    """Return a problem whose plans must build one of some candidates at least.

    Parameters
    ----------
    problem
        A problem with a budget.
    names
        Ids of the candidates.

    Notes
    -----
    Each of them gets an arc between two new nodes, of which the second must be reached from the first.
    """
    label, here = unused_id("one of them", _labels(problem)), len(problem.nodes)
    nodes = unused_id("from", set(problem.nodes)), unused_id("to", set(problem.nodes))
    chosen = set(names)
    return problem.replace(
        nodes=(*problem.nodes, *nodes),
        candidates=tuple(
            dataclasses.replace(c, arcs=(*c.arcs, (here, here + 1, 1))) if c.id in chosen else c
            for c in problem.candidates
        ),
        pairs=(*problem.pairs, Pair(here, here + 1, 1, 1, label)),
        targets=(*problem.targets, Target(label, 1)),
    )


def at_least_cost(problem: DesignProblem, value: int) -> DesignProblem:
    """Return the problem of reaching an objective at least cost.

    Parameters
    ----------
    problem
        A problem with a budget, which an optimal plan need not be told to keep to.
    value
        Its optimum.
    """
    wanted = _worth(problem, value) if value else problem
    if not wanted.targets:
        return wanted.replace(budget=None, pairs=(), cities=())
    return wanted.replace(budget=None, cover="targets")


def as_good(problem: DesignProblem, value: int, cost: int) -> DesignProblem:
    """Return the problem whose plans are the optimal plans of another that cost no more than some money.

    Parameters
    ----------
    problem
        Any problem.
    value
        Its optimum.
    cost
        Money, no more than its budget.
    """
    if problem.budget is not None:
        return (_worth(problem, value) if value else problem).replace(budget=cost)
    if not problem.must_cover:
        return problem.replace(budget=cost, cover="all")
    label = unused_id("all that can be covered", _labels(problem))
    wanted = [k for k, yes in enumerate(coverable(problem)) if yes]
    copies = [dataclasses.replace(problem.pairs[k], weight=1, group=label) for k in wanted]
    targets = [Target(label, len(copies))] if copies else []
    return problem.replace(budget=cost, pairs=(*problem.pairs, *copies), targets=(*problem.targets, *targets))


def _worth(problem: DesignProblem, value: int) -> DesignProblem:
    """Return a problem with a target for the weight of all covered pairs and cities together.

    Where cities have weight, each pair becomes a city of its own, for a target counts pairs or cities;
    otherwise pairs change their group, and are doubled where a target needs the old one.
    """
    label = unused_id("everything", _labels(problem))
    targets = (*problem.targets, Target(label, value, "cities" if _cities_count(problem) else "pairs"))
    if not _cities_count(problem):
        moved = tuple(dataclasses.replace(pair, group=label) for pair in problem.pairs)
        doubled = any(target.of == "pairs" for target in problem.targets)
        pairs = (*problem.pairs, *moved) if doubled else moved
        return problem.replace(pairs=pairs, targets=targets)
    cities = [City(f"{label} {i}", c.weight, c.pairs, c.need, label) for i, c in enumerate(problem.cities)]
    cities += [
        City(f"{label} pair {k}", pair.weight, (k,), 1, label)
        for k, pair in enumerate(problem.pairs)
        if pair.weight
    ]
    return problem.replace(cities=(*problem.cities, *cities), targets=targets)


def _cities_count(problem: DesignProblem) -> bool:
    return any(city.weight for city in problem.cities)


def _labels(problem: DesignProblem) -> set[str]:
    groups = {pair.group for pair in problem.pairs}
    return groups | {name for city in problem.cities for name in (city.id, city.group)}
