"""Compute shortest times and coverage in plain Python integers."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from optimiser.problem import DesignProblem

KEPT = 8
"""Results of `pair_times` that are kept: every check asks for two, nothing and all built."""


@dataclass(frozen=True, slots=True)
class Step:
    """One arc of a path.

    Attributes
    ----------
    tail, head
        Positions of nodes.
    seconds
        Travel time.
    candidate
        Id of the candidate that opens it; None when it is open today.
    """

    tail: int
    head: int
    seconds: int
    candidate: str | None


def open_steps(problem: DesignProblem, built: Iterable[str]) -> Iterator[Step]:
    """Yield every open arc when some candidates are built."""
    yield from (Step(tail, head, seconds, None) for tail, head, seconds in problem.arcs)
    for name in sorted(built):
        candidate = problem.candidates[problem.index[name]]
        yield from (Step(tail, head, seconds, name) for tail, head, seconds in candidate.arcs)


def fastest_steps(problem: DesignProblem, built: Iterable[str]) -> dict[int, tuple[Step, ...]]:
    """Return the outgoing arcs of each node: of parallel ones the fastest, of equal ones that of today."""
    best: dict[tuple[int, int], Step] = {}
    for step in open_steps(problem, built):
        known = best.get((step.tail, step.head))
        if known is None or step.seconds < known.seconds:
            best[step.tail, step.head] = step
    rows: dict[int, list[Step]] = defaultdict(list)
    for step in best.values():
        rows[step.tail].append(step)
    return {tail: tuple(steps) for tail, steps in rows.items()}


def shortest_paths(rows: dict[int, tuple[Step, ...]], origin: int) -> tuple[dict[int, int], dict[int, Step]]:
    """Return the time from a node to each node reached, and the last step of a fastest path (Dijkstra)."""
    times, last, heap, done = {origin: 0}, {}, [(0, origin)], set()
    while heap:
        time, node = heapq.heappop(heap)
        if node in done:
            continue
        done.add(node)
        for step in rows.get(node, ()):
            reached = time + step.seconds
            if step.head not in times or reached < times[step.head]:
                times[step.head] = reached
                last[step.head] = step
                heapq.heappush(heap, (reached, step.head))
    return times, last


def pair_times(problem: DesignProblem, built: Iterable[str]) -> tuple[int | None, ...]:
    """Return the time of each pair in seconds when some candidates are built; None without a path."""
    return _pair_times(problem, frozenset(built))


@lru_cache(maxsize=KEPT)
def _pair_times(problem: DesignProblem, built: frozenset[str]) -> tuple[int | None, ...]:
    rows = fastest_steps(problem, built)
    origins = {pair.origin for pair in problem.pairs}
    times = {origin: shortest_paths(rows, origin)[0] for origin in origins}
    return tuple(times[pair.origin].get(pair.destination) for pair in problem.pairs)


def covered(problem: DesignProblem, times: Iterable[int | None]) -> tuple[bool, ...]:
    """Return for each pair whether its time is within its limit."""
    return tuple(
        time is not None and time <= pair.limit for pair, time in zip(problem.pairs, times, strict=True)
    )


def covered_pairs(problem: DesignProblem, built: Iterable[str]) -> set[int]:
    """Return the positions of the pairs that are covered when some candidates are built."""
    return {k for k, yes in enumerate(covered(problem, pair_times(problem, built))) if yes}


def coverable(problem: DesignProblem) -> tuple[bool, ...]:
    """Return for each pair whether it is covered with every candidate built that is not fixed out."""
    allowed = [c.id for c in problem.candidates if c.fixed != "out"]
    return covered(problem, pair_times(problem, allowed))
