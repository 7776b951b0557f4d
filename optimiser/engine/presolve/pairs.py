"""Leave out pairs, cities and targets that every plan decides alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np

from optimiser.engine.presolve.fixings import listed, named_pair, uncovered
from optimiser.engine.presolve.stage import Stage, must_cover, with_everything
from optimiser.engine.search.paths import Mask, covered
from optimiser.problem import City, DesignProblem, Pair, Target


def start(problem: DesignProblem) -> Stage:
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
        return stage.refused(reason)
    settled = with_pairs(problem.replace(targets=(), cities=()), every)
    return dataclasses.replace(stage, problem=settled, closed_weight=_pair_weight(problem.pairs, ~every))


def close_pairs(stage: Stage) -> Stage:
    """Leave out pairs covered by now or never, and whatever they settle.

    Proof. By monotony a pair covered with nothing more built is covered by every plan, and one not covered
    with every candidate built by none. Both are constants: a city needs the fewer of its open pairs the more
    of its pairs are covered by now, is itself a constant when it needs none or more than are open, and a
    target asks for the less the more is reached by now. A target out of reach with every candidate built is
    met by no plan, so there is none. Of what is still open, a pair or city matters only when it adds to the
    objective, to a target or to a city that matters, or when every pair must be covered.

    Parameters
    ----------
    stage
        Any stage after `start`.
    """
    return settle(stage, covered(stage.problem, ()), with_everything(stage.problem))


def settle(stage: Stage, now: Mask, every: Mask) -> Stage:
    """Return a stage without the pairs that are covered by every plan or by none, as `close_pairs` says.

    Parameters
    ----------
    stage
        Any stage after `start`.
    now
        bool [pairs]: covered by every plan.
    every
        bool [pairs]: covered by some plan, as far as is known.
    """
    problem = stage.problem
    if must_cover(problem) and not every.all():
        return stage.refused(uncovered(problem, np.flatnonzero(~every).tolist()))
    if reason := _short_target(problem, every):
        return stage.refused(reason)
    gained = _pair_weight(problem.pairs, now) + sum(c.weight for c in problem.cities if _met(c, now))
    return dataclasses.replace(
        stage,
        problem=_open_part(problem, now, every, stage.groups),
        base_weight=stage.base_weight + gained,
        closed_weight=stage.closed_weight + _pair_weight(problem.pairs, ~every),
    )


def _open_part(problem: DesignProblem, now: Mask, every: Mask, apart: frozenset[str]) -> DesignProblem:
    """Return the problem of the open pairs, cities and targets that matter; groups that do not leave."""
    targets = tuple(
        dataclasses.replace(target, least=target.least - got)
        for target in problem.targets
        if (got := _reached(problem, target, now)) < target.least
    )
    grouped = {of: {t.group for t in targets if t.of == of} for of in ("pairs", "cities")}
    grouped["pairs"] |= apart
    cities = tuple(
        _smaller_city(city, now, every, grouped["cities"])
        for city in problem.cities
        if _met(city, every) and not _met(city, now) and _matters(problem, city, grouped["cities"])
    )
    listed_pairs = {k for city in cities for k in city.pairs}
    kept = [
        is_open and (must_cover(problem) or k in listed_pairs or _matters(problem, pair, grouped["pairs"]))
        for k, (pair, is_open) in enumerate(zip(problem.pairs, (every & ~now).tolist(), strict=True))
    ]
    pairs = tuple(
        dataclasses.replace(p, group=p.group if p.group in grouped["pairs"] else "") for p in problem.pairs
    )
    cover = problem.cover if targets else "all"
    changed = problem.replace(pairs=pairs, cities=cities, targets=(), cover="all")
    return with_pairs(changed, np.array(kept, dtype=np.bool_)).replace(targets=targets, cover=cover)


def _matters(problem: DesignProblem, item: Pair | City, groups: Iterable[str]) -> bool:
    return item.weight > 0 and (problem.budget is not None or item.group in groups)


def _smaller_city(city: City, now: Mask, every: Mask, groups: Iterable[str]) -> City:
    return dataclasses.replace(
        city,
        pairs=tuple(k for k in city.pairs if every[k] and not now[k]),
        need=city.need - sum(bool(now[k]) for k in city.pairs),
        group=city.group if city.group in groups else "",
    )


def _met(city: City, mask: Mask) -> bool:
    return sum(bool(mask[k]) for k in city.pairs) >= city.need


def _pair_weight(pairs: Iterable[Pair], mask: Mask) -> int:
    return sum(pair.weight for pair, yes in zip(pairs, mask.tolist(), strict=True) if yes)


def _reached(problem: DesignProblem, target: Target, mask: Mask) -> int:
    """Return the weight that counts for a target when the pairs of a mask are covered."""
    if target.of == "pairs":
        return _pair_weight(problem.pairs, mask & _in_group(problem, target.group))
    return sum(c.weight for c in problem.cities if c.group == target.group and _met(c, mask))


def _in_group(problem: DesignProblem, group: str) -> Mask:
    return np.array([pair.group == group for pair in problem.pairs], dtype=np.bool_)


def _short_target(problem: DesignProblem, every: Mask) -> str:
    """Say which target is out of reach even with everything built, and why; empty when none is."""
    for target in problem.targets:
        reach = _reached(problem, target, every)
        if reach < target.least:
            missed = listed(list(_missed(problem, target, every)))
            least = f"target {target.group!r}: at most {reach} of {target.least} more can be covered"
            return f"{least}, even with everything built that may be; never within reach: {missed}"
    return ""


def _missed(problem: DesignProblem, target: Target, every: Mask) -> Iterator[str]:
    if target.of == "cities":
        yield from (c.id for c in problem.cities if c.group == target.group and not _met(c, every))
        return
    rows = np.flatnonzero(~every & _in_group(problem, target.group)).tolist()
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
