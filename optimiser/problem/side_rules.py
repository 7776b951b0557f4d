"""State what values the side constraints of a problem may hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from optimiser.problem.values import is_integer, twice

if TYPE_CHECKING:
    from optimiser.problem.model import City, DesignProblem, Target


def side_faults(problem: DesignProblem) -> Iterator[str]:
    """Yield every value of the side constraints that breaks the format.

    Parameters
    ----------
    problem
        Any problem.
    """
    if problem.cover == "targets" and problem.budget is not None:
        yield "cover: goes with a budget of null only"
    if problem.cover == "targets" and not problem.targets:
        yield "cover: 'targets' without targets"
    yield from _cap_faults(problem)
    names = {candidate.id for candidate in problem.candidates}
    yield from _two_faults(problem.excludes, names, "excludes")
    yield from _two_faults(problem.requires, names, "requires")
    yield from (f"cities: id {name!r} stands twice" for name in twice(city.id for city in problem.cities))
    for position, city in enumerate(problem.cities):
        yield from _city_faults(city, len(problem.pairs), f"cities[{position}] ({city.id!r})")
    for position, target in enumerate(problem.targets):
        yield from _target_faults(target, problem, f"targets[{position}]")


def _cap_faults(problem: DesignProblem) -> Iterator[str]:
    yield from (f"caps: {name!r} stands twice" for name in twice(name for name, _ in problem.caps))
    for name, most in problem.caps:
        if not is_integer(most):
            yield f"caps.{name}: {most!r} is not an integer >= 0"


def _two_faults(items: Iterable[tuple[str, str]], names: set[str], key: str) -> Iterator[str]:
    for position, (first, second) in enumerate(items):
        place = f"{key}[{position}]"
        yield from (
            f"{place}: there is no candidate {name!r}" for name in (first, second) if name not in names
        )
        if first == second:
            yield f"{place}: {first!r} stands on both sides"


def _city_faults(city: City, pairs: int, place: str) -> Iterator[str]:
    if not is_integer(city.weight):
        yield f"{place}.weight: {city.weight!r} is not an integer >= 0"
    if not is_integer(city.need, high=len(city.pairs)):
        yield f"{place}.need: {city.need!r} is not an integer within 0..{len(city.pairs)}, its pairs"
    wrong = [k for k in city.pairs if not is_integer(k, high=pairs - 1)]
    yield from (f"{place}.pairs: {k!r} is no pair (0..{pairs - 1})" for k in wrong)
    if not wrong:
        yield from (f"{place}.pairs: {k} stands twice" for k in twice(map(str, city.pairs)))


def _target_faults(target: Target, problem: DesignProblem, place: str) -> Iterator[str]:
    groups = {item.group for item in (problem.pairs if target.of == "pairs" else problem.cities)} - {""}
    if target.group not in groups:
        yield f"{place}.group: no {target.of} are of group {target.group!r}" + (
            f"; there are {', '.join(sorted(groups))}" if groups else ""
        )
    if not is_integer(target.least):
        yield f"{place}.least: {target.least!r} is not an integer >= 0"
