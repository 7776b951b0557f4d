"""State what values a problem may hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from optimiser.problem.errors import ProblemError
from optimiser.problem.ring_rules import period_faults, ring_faults
from optimiser.problem.side_rules import side_faults
from optimiser.problem.values import is_integer, twice

if TYPE_CHECKING:
    from optimiser.problem.model import Arc, Candidate, DesignProblem, Pair

MOST_SHOWN = 20
"""Faults that one message lists; the rest is counted."""


def report(faults: Sequence[str], *, where: str = "", what: str = "the problem breaks its format") -> None:
    """Raise one `ProblemError` with all faults, or return when there is none.

    Raises
    ------
    ProblemError
        When there is a fault.
    """
    if not faults:
        return
    shown = list(faults[:MOST_SHOWN])
    if len(faults) > MOST_SHOWN:
        shown.append(f"and {len(faults) - MOST_SHOWN} more")
    raise ProblemError(
        what,
        where=where,
        faults=shown,
        done="Nothing was solved.",
        remedy="Mend the places named and try again.",
    )


def check_rules(problem: DesignProblem) -> None:
    """Refuse a problem whose values break the format.

    Raises
    ------
    ProblemError
        With every fault and its place.
    """
    report(list(_faults(problem)), where=f"problem {problem.name!r}")


def _faults(problem: DesignProblem) -> Iterator[str]:
    nodes = len(problem.nodes)
    yield from (f"nodes: {name!r} stands twice" for name in twice(problem.nodes))
    yield from _arc_faults(problem.arcs, nodes, "arcs")
    yield from (f"candidates: id {name!r} stands twice" for name in twice(c.id for c in problem.candidates))
    for position, candidate in enumerate(problem.candidates):
        yield from _candidate_faults(candidate, nodes, f"candidates[{position}] ({candidate.id!r})")
    for position, pair in enumerate(problem.pairs):
        yield from _pair_faults(pair, nodes, f"pairs[{position}]")
    if problem.budget is not None and not is_integer(problem.budget):
        yield f"budget: {problem.budget!r} is neither null nor an integer >= 0"
    yield from side_faults(problem)
    yield from ring_faults(problem)
    yield from period_faults(problem)


def _arc_faults(arcs: Iterable[Arc], nodes: int, place: str) -> Iterator[str]:
    for position, (tail, head, seconds) in enumerate(arcs):
        if not (is_integer(tail, high=nodes - 1) and is_integer(head, high=nodes - 1)):
            arc = [tail, head, seconds]
            yield f"{place}[{position}]: {arc} names a node that is not there (0..{nodes - 1})"
        if not is_integer(seconds, low=1):
            yield f"{place}[{position}]: travel time {seconds!r} is not an integer >= 1 s"


def _candidate_faults(candidate: Candidate, nodes: int, place: str) -> Iterator[str]:
    if not is_integer(candidate.cost):
        yield f"{place}.cost: {candidate.cost!r} is not an integer >= 0"
    yield from _arc_faults(candidate.arcs, nodes, f"{place}.arcs")


def _pair_faults(pair: Pair, nodes: int, place: str) -> Iterator[str]:
    for key in ("origin", "destination"):
        value = getattr(pair, key)
        if not is_integer(value, high=nodes - 1):
            yield f"{place}.{key}: {value!r} names a node that is not there (0..{nodes - 1})"
    for key in ("limit", "weight"):
        value = getattr(pair, key)
        if not is_integer(value):
            yield f"{place}.{key}: {value!r} is not an integer >= 0"
