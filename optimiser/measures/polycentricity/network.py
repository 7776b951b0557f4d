"""Lay out the arcs that a plan opens for searches without any limit of time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from optimiser.engine.search.paths import LONGEST, Graph, Integers, times_from
from optimiser.problem import Arc, DesignProblem
from optimiser.problem.errors import ProblemError

ALWAYS = np.ones(1, dtype=np.bool_)
"""Mask of an open network: every arc belongs to owner 0, which is open."""


def open_arcs(problem: DesignProblem, built: Iterable[str]) -> tuple[Arc, ...]:
    """Return the arcs open with a plan, of parallel ones the fastest.

    Parameters
    ----------
    problem
        The problem.
    built
        Ids of what is built.

    Raises
    ------
    ProblemError
        When an id is unknown.
    """
    best: dict[tuple[int, int], int] = {}
    for tail, head, seconds in _every(problem, built):
        best[tail, head] = min(seconds, best.get((tail, head), seconds))
    return tuple((tail, head, seconds) for (tail, head), seconds in sorted(best.items()))


def _every(problem: DesignProblem, built: Iterable[str]) -> Iterator[Arc]:
    yield from problem.arcs
    for name in built:
        if name not in problem.index:
            raise ProblemError(f"there is no candidate {name!r}", where=f"problem {problem.name!r}")
        yield from problem.candidates[problem.index[name]].arcs


def laid_out(arcs: Iterable[Arc], nodes: int) -> Graph:
    """Return arcs in compressed rows, all open.

    Parameters
    ----------
    arcs
        Tail, head and seconds.
    nodes
        Number of nodes.

    Raises
    ------
    ProblemError
        When times are longer than the compiled code can add up.
    """
    table = np.array(sorted(arcs), dtype=object).reshape(-1, 3)
    if len(table) and max(table[:, 2]) * nodes > LONGEST:
        raise ProblemError(f"paths may last longer than the {LONGEST} s that can be added up")
    rows = table.astype(np.int64)
    counts = np.bincount(rows[:, 0], minlength=nodes)
    return Graph(
        start=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        head=np.ascontiguousarray(rows[:, 1]),
        seconds=np.ascontiguousarray(rows[:, 2]),
        owner=np.zeros(len(rows), dtype=np.int64),
    )


def open_network(problem: DesignProblem, built: Iterable[str]) -> Graph:
    """Return the network that is open with a plan.

    Parameters
    ----------
    problem
        The problem.
    built
        Ids of what is built.

    Raises
    ------
    ProblemError
        When an id is unknown, or times are longer than the compiled code can add up.
    """
    return laid_out(open_arcs(problem, built), len(problem.nodes))


def all_times(net: Graph, origin: int) -> Integers:
    """Return the seconds from one node to every other, `FAR` where no path leads."""
    found: Integers = times_from(net, ALWAYS, origin, LONGEST)
    return found


def positions(problem: DesignProblem, nodes: Iterable[str]) -> tuple[int, ...]:
    """Return the positions of nodes given by id, rising.

    Raises
    ------
    ProblemError
        When an id is unknown.
    """
    known = {name: i for i, name in enumerate(problem.nodes)}
    wanted = set(nodes)
    if missing := sorted(wanted - known.keys()):
        raise ProblemError(
            "nodes are unknown", where=f"problem {problem.name!r}", faults=[repr(name) for name in missing]
        )
    return tuple(sorted(known[name] for name in wanted))


def pairs_by_origin(problem: DesignProblem) -> dict[int, list[int]]:
    """Return the positions of the pairs that begin at each origin."""
    found: dict[int, list[int]] = {}
    for k, pair in enumerate(problem.pairs):
        found.setdefault(pair.origin, []).append(k)
    return found
