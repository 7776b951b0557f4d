"""Leave out candidates for which another one does as much for no more money."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.presolve.fixings import against
from optimiser.engine.presolve.stage import Stage, requirements, without
from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import Integers, Mask, graph, opened, times_from
from optimiser.problem import Candidate, DesignProblem


def drop_dominated(stage: Stage) -> Stage:
    """Leave out candidates that another one replaces.

    Proof. Candidate i replaces j when c_i <= c_j, when for each arc (u, v) of s seconds of j the network with
    one arc of i leads from u to v in at most s seconds, and when no row minds: nothing requires j; what i
    excludes is j, or excluded by j too; what i requires, j requires too; and the instrument of i has no cap,
    or is that of j. Take a plan with j. Without j, and with i, it costs no more, breaks no row (j was
    required by none, what i requires is there, what it excludes is not), and covers no less, since every way
    over an arc of j has one over i instead. So some optimal plan is without j. Candidates leave one at a
    time, each replaced by one that is still there, so the argument holds for all of them. Tie rule: the
    candidates are tried by falling cost, then by falling id, so that of two that replace each other the first
    in canonical order stays.

    Parameters
    ----------
    stage
        Any stage.
    """
    problem = stage.problem
    rivals = _rivals(problem)
    gone: set[str] = set()
    order = sorted(problem.candidates, key=lambda c: (c.cost, c.id), reverse=True)
    for candidate in order:
        if any(name not in gone for name in rivals.get(candidate.id, ())):
            gone.add(candidate.id)
    return stage.on(without(problem, gone))


def _rivals(problem: DesignProblem) -> Mapping[str, list[str]]:
    """Return for each candidate those that replace it."""
    rows = Rows(problem)
    found: dict[str, list[str]] = {}
    for j, i in np.argwhere(as_fast(problem)).tolist():
        one, other = problem.candidates[j], problem.candidates[i]
        if i != j and rows.allow(one, other):
            found.setdefault(one.id, []).append(other.id)
    return found


class Rows:
    """What the side constraints say about one candidate in the place of another.

    Parameters
    ----------
    problem
        The problem.
    """

    def __init__(self, problem: DesignProblem) -> None:
        self._needs = requirements(problem)
        self._required = {second for _, second in problem.requires}
        self._against = against(problem)
        self._capped = {name for name, _ in problem.caps}

    def allow(self, one: Candidate, other: Candidate) -> bool:
        """Say whether `other` may stand wherever `one` does, as far as money and rows go."""
        return (
            other.cost <= one.cost
            and one.fixed is None
            and other.fixed is None
            and one.id not in self._required
            and self._against.get(other.id, set()) - {one.id} <= self._against.get(one.id, set())
            and self._needs[other.id] - {other.id} <= self._needs[one.id]
            and (other.instrument not in self._capped or other.instrument == one.instrument)
        )


def as_fast(problem: DesignProblem) -> Mask:
    """Say which candidate does all that which other one does.

    Parameters
    ----------
    problem
        The problem.

    Returns
    -------
    NDArray
        bool [j, i]: for each arc of j, the network with one arc of i is as fast.
    """
    size = len(problem.candidates)
    arcs = np.array([arc for c in problem.candidates for arc in c.arcs], dtype=np.int64).reshape(-1, 3)
    owner = np.array([j for j, c in enumerate(problem.candidates) for _ in c.arcs], dtype=np.int64)
    ends = np.unique(arcs[:, :2])
    net, mask = graph(problem), opened(problem, ())
    radius = int(arcs[:, 2].max(initial=0))
    today = np.empty((len(ends), len(ends)), dtype=np.int64)
    for row, node in enumerate(ends.tolist()):
        today[row] = times_from(net, mask, node, radius)[ends]
    tail, head = np.searchsorted(ends, arcs[:, 0]), np.searchsorted(ends, arcs[:, 1])
    return _as_fast(tail, head, np.ascontiguousarray(arcs[:, 2]), owner, today, size)


@compiled
def _as_fast(
    tail: NDArray[np.intp],
    head: NDArray[np.intp],
    seconds: Integers,
    owner: Integers,
    today: Integers,
    size: int,
) -> Mask:
    found = np.ones((size, size), np.bool_)
    serves = np.empty(size, np.bool_)
    for a in range(len(tail)):
        most = seconds[a]
        serves[:] = today[tail[a], head[a]] <= most
        for b in range(len(tail)):
            to, on = today[tail[a], tail[b]], today[head[b], head[a]]
            if to <= most and seconds[b] <= most and on <= most and to + seconds[b] + on <= most:
                serves[owner[b]] = True
        found[owner[a]] &= serves
    return found
