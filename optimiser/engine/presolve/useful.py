"""Leave out arcs and candidates that no open pair can use, even with everything built."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.presolve.stage import Stage, requirements, without
from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import Integers, Mask, graph, opened, times_from
from optimiser.problem import Arc, DesignProblem


def drop_useless(stage: Stage) -> Stage:
    """Leave out arcs on no walk within the limit of any pair, and candidates without an arc left.

    Proof. Let a(u) be the least time from a pair's origin to u and b(v) that from v to its destination, with
    every candidate built. A walk of the pair over the arc (u, v) of s seconds takes at least a(u) + s + b(v)
    in any plan. Where that is above the limit for every pair, no pair is ever covered over the arc, and
    without it every plan covers the same. A candidate without arcs only costs money; it leaves unless one
    that stays requires it. Leaving it out of a plan breaks no row, since no candidate left requires it. Nodes
    that are no end of anything leave too.

    Parameters
    ----------
    stage
        Any stage.
    """
    problem = stage.problem
    flags = iter(any_useful(problem).tolist())
    network = [arc for arc in problem.arcs if next(flags)]
    own = [[arc for arc in c.arcs if next(flags)] for c in problem.candidates]
    return stage.on(without_idle(with_arcs(problem, [*own, network])))


def with_arcs(problem: DesignProblem, arcs: Sequence[Sequence[Arc]]) -> DesignProblem:
    """Return a problem with other arcs.

    Parameters
    ----------
    problem
        The problem.
    arcs
        The arcs of each candidate and, last, of the network.
    """
    return problem.replace(
        arcs=tuple(arcs[-1]),
        candidates=tuple(
            dataclasses.replace(c, arcs=tuple(own))
            for c, own in zip(problem.candidates, arcs[:-1], strict=True)
        ),
    )


def without_idle(problem: DesignProblem) -> DesignProblem:
    """Return a problem without candidates that open nothing and that nobody requires, nor idle nodes.

    Parameters
    ----------
    problem
        The problem.
    """
    needs = requirements(problem)
    kept = {name for c in problem.candidates if c.arcs for name in needs[c.id]}
    kept |= {name for c in problem.candidates if c.fixed for name in needs[c.id]}
    return without_nodes(without(problem, {c.id for c in problem.candidates} - kept))


def without_nodes(problem: DesignProblem) -> DesignProblem:
    """Return a problem without nodes that are no end of an arc or a pair.

    Parameters
    ----------
    problem
        The problem.
    """
    arcs = [*problem.arcs, *(arc for c in problem.candidates for arc in c.arcs)]
    ends = {node for tail, head, _ in arcs for node in (tail, head)}
    ends |= {node for p in problem.pairs for node in (p.origin, p.destination)}
    if len(ends) == len(problem.nodes):
        return problem
    new = {node: position for position, node in enumerate(sorted(ends))}

    def moved(rows: tuple[Arc, ...]) -> tuple[Arc, ...]:
        return tuple((new[t], new[h], s) for t, h, s in rows)

    return problem.replace(
        nodes=tuple(problem.nodes[node] for node in sorted(ends)),
        arcs=moved(problem.arcs),
        candidates=tuple(dataclasses.replace(c, arcs=moved(c.arcs)) for c in problem.candidates),
        pairs=tuple(
            dataclasses.replace(p, origin=new[p.origin], destination=new[p.destination])
            for p in problem.pairs
        ),
    )


def any_useful(problem: DesignProblem) -> Mask:
    """Say which arcs, those of the network and then those of the candidates, some pair can use.

    Parameters
    ----------
    problem
        The problem.
    """
    arcs = [*problem.arcs, *(arc for c in problem.candidates for arc in c.arcs)]
    return _any_useful(*_search(problem, arcs))


def useful_arcs(problem: DesignProblem, arcs: list[Arc]) -> Mask:
    """Say which arcs lie on a walk within the limit of which pair, with everything built.

    Parameters
    ----------
    problem
        The problem.
    arcs
        Arcs to judge.

    Returns
    -------
    NDArray
        bool [pairs x arcs].
    """
    return _useful(*_search(problem, arcs))


def uses(problem: DesignProblem) -> tuple[Integers, Integers]:
    """Return the candidates that each pair can use within its limit, with everything built.

    Parameters
    ----------
    problem
        The problem.

    Returns
    -------
    start, use
        int64 [pairs + 1], then positions of candidates, rising within each pair.
    """
    arcs = [arc for c in problem.candidates for arc in c.arcs]
    owner = np.array([j for j, c in enumerate(problem.candidates) for _ in c.arcs], dtype=np.int64)
    return _uses(*_search(problem, arcs), owner)


type Search = tuple[Integers, Integers, NDArray[np.intp], NDArray[np.intp], Integers, Integers]


def _search(problem: DesignProblem, arcs: list[Arc]) -> Search:
    """Return arcs, ends of pairs, and the times to and from them with everything built."""
    table = np.array(arcs, dtype=np.int64).reshape(-1, 3)
    ends = np.array([(p.origin, p.destination, p.limit) for p in problem.pairs], dtype=np.int64)
    ends = ends.reshape(-1, 3)
    origins, origin_row = np.unique(ends[:, 0], return_inverse=True)
    destinations, destination_row = np.unique(ends[:, 1], return_inverse=True)
    away = distance_rows(problem, origins)
    back = distance_rows(problem, destinations, reverse=True)
    return table, ends, origin_row, destination_row, away, back


def distance_rows(problem: DesignProblem, sources: Integers, *, reverse: bool = False) -> Integers:
    """Return times from (or, reversed, to) nodes with everything built, one row a source.

    Parameters
    ----------
    problem
        The problem.
    sources
        int64 [s], positions of nodes.
    reverse
        Times to the sources instead of from them.

    Returns
    -------
    NDArray
        int64 [s x n], seconds; `FAR` beyond the largest limit.
    """
    net = graph(problem, reverse=reverse)
    mask = opened(problem, range(len(problem.candidates)))
    radius = max((pair.limit for pair in problem.pairs), default=0)
    found = np.empty((len(sources), len(problem.nodes)), dtype=np.int64)
    for row, source in enumerate(sources.tolist()):
        found[row] = times_from(net, mask, source, radius)
    return found


@compiled
def _within(arcs: Integers, ends: Integers, k: int, a: int, to: int, on: int) -> bool:
    limit = ends[k, 2]
    return bool(to <= limit and on <= limit and arcs[a, 2] <= limit and to + arcs[a, 2] + on <= limit)


@compiled
def _useful(
    arcs: Integers,
    ends: Integers,
    origin_row: NDArray[np.intp],
    destination_row: NDArray[np.intp],
    away: Integers,
    back: Integers,
) -> Mask:
    found = np.zeros((len(ends), len(arcs)), np.bool_)
    for k in range(len(ends)):
        o, d = origin_row[k], destination_row[k]
        for a in range(len(arcs)):
            found[k, a] = _within(arcs, ends, k, a, away[o, arcs[a, 0]], back[d, arcs[a, 1]])
    return found


@compiled
def _any_useful(
    arcs: Integers,
    ends: Integers,
    origin_row: NDArray[np.intp],
    destination_row: NDArray[np.intp],
    away: Integers,
    back: Integers,
) -> Mask:
    found = np.zeros(len(arcs), np.bool_)
    for a in range(len(arcs)):
        for k in range(len(ends)):
            to, on = away[origin_row[k], arcs[a, 0]], back[destination_row[k], arcs[a, 1]]
            if _within(arcs, ends, k, a, to, on):
                found[a] = True
                break
    return found


@compiled
def _uses(
    arcs: Integers,
    ends: Integers,
    origin_row: NDArray[np.intp],
    destination_row: NDArray[np.intp],
    away: Integers,
    back: Integers,
    owner: Integers,
) -> tuple[Integers, Integers]:
    start = np.zeros(len(ends) + 1, np.int64)
    use = np.empty(max(1, 8 * len(ends)), np.int64)
    count = 0
    for k in range(len(ends)):
        last = -1
        o, d = origin_row[k], destination_row[k]
        for a in range(len(arcs)):
            if owner[a] == last:
                continue
            if _within(arcs, ends, k, a, away[o, arcs[a, 0]], back[d, arcs[a, 1]]):
                if count == len(use):
                    grown = np.empty(2 * count, np.int64)
                    grown[:count] = use
                    use = grown
                use[count] = owner[a]
                count += 1
                last = owner[a]
        start[k + 1] = count
    return start, use[:count].copy()
