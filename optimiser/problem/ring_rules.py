"""State what values the rings and periods of a problem may hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from optimiser.problem.values import LARGEST, is_integer, twice

if TYPE_CHECKING:
    from optimiser.problem.model import DesignProblem
    from optimiser.problem.ring import Point, Ring, RingLink


def ring_faults(problem: DesignProblem) -> Iterator[str]:
    """Yield every value of the rings that breaks the format.

    Parameters
    ----------
    problem
        Any problem.
    """
    yield from (f"rings: id {name!r} stands twice" for name in twice(ring.id for ring in problem.rings))
    names = {candidate.id for candidate in problem.candidates}
    rings = {ring.id for ring in problem.rings}
    for position, ring in enumerate(problem.rings):
        place = f"rings[{position}] ({ring.id!r})"
        yield from _ring_faults(ring, place)
        for number, link in enumerate(ring.links):
            yield from _link_faults(link, len(ring.nodes), names, f"{place}.links[{number}]")
        for number, stop in enumerate(ring.stops):
            yield from _node_faults(stop.nodes, len(ring.nodes), f"{place}.stops[{number}] ({stop.id!r})")
        for other in ring.apart:
            if other == ring.id or other not in rings:
                yield f"{place}.apart: {other!r} is no other ring"


def _ring_faults(ring: Ring, place: str) -> Iterator[str]:
    required: object = ring.required
    if not isinstance(required, bool):
        yield f"{place}.required: {ring.required!r} is neither true nor false"
    for key in ("reward", "least_stops"):
        value = getattr(ring, key)
        if not is_integer(value):
            yield f"{place}.{key}: {value!r} is not an integer >= 0"
    if not ring.centres:
        yield f"{place}.centres: there is none"
    yield from _point_faults(ring.centres, f"{place}.centres")
    yield from _point_faults(ring.nodes, f"{place}.nodes")


def _link_faults(link: RingLink, nodes: int, names: Collection[str], place: str) -> Iterator[str]:
    yield from _node_faults((link.tail, link.head), nodes, place)
    if link.candidate is not None and link.candidate not in names:
        yield f"{place}: there is no candidate {link.candidate!r}"
    yield from _point_faults(link.via, f"{place}.via")


def _node_faults(items: Iterable[int], nodes: int, place: str) -> Iterator[str]:
    for node in items:
        if not is_integer(node, high=nodes - 1):
            yield f"{place}: {node!r} names a node that is not there (0..{nodes - 1})"


def _point_faults(points: Iterable[Point], place: str) -> Iterator[str]:
    for position, point in enumerate(points):
        if not all(is_integer(value, low=-LARGEST - 1) for value in point):
            yield f"{place}[{position}]: {list(point)} is not two integers"


def period_faults(problem: DesignProblem) -> Iterator[str]:
    """Yield every value of the periods, and of the leads of candidates, that breaks the format.

    Parameters
    ----------
    problem
        Any problem.
    """
    for position, candidate in enumerate(problem.candidates):
        place = f"candidates[{position}] ({candidate.id!r}).lead"
        if not is_integer(candidate.lead):
            yield f"{place}: {candidate.lead!r} is not an integer >= 0"
        elif candidate.lead and not problem.periods:
            yield f"{place}: goes with periods only"
    wrong = False
    for position, period in enumerate(problem.periods):
        for key in ("budget", "factor"):
            value = getattr(period, key)
            if not is_integer(value):
                wrong = True
                yield f"periods[{position}] ({period.id!r}).{key}: {value!r} is not an integer >= 0"
    if problem.periods and not wrong:
        total = sum(period.budget for period in problem.periods)
        if problem.budget != total:
            yield f"budget: {problem.budget!r} is not {total}, the sum of the periods' budgets"
