"""Drop candidates that another one replaces at no more cost."""

from __future__ import annotations

import numpy as np

from optimiser.engine.presolve.fixings import excluded_by
from optimiser.engine.presolve.stage import Stage, requirements, without
from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import Integers, Mask, time_rows
from optimiser.problem import Candidate, DesignProblem


def drop_dominated(stage: Stage) -> Stage:
    """Drop candidates that another one replaces.

    Proof. Candidate i replaces j when c_i <= c_j, when for each arc (u, v) of s seconds of j the network
    with one arc of i leads from u to v in at most s seconds, and when no row forbids it: nothing requires j;
    what i excludes is j, or excluded by j too; what i requires, j requires too; and the instrument of i has
    no cap, or is that of j. Take a plan with j. Without j, and with i, it costs no more, breaks no row (j
    was required by none, what i requires is there, what it excludes is not), and covers no less, since every
    way over an arc of j has one over i instead. So some optimal plan is without j. Candidates leave one at a
    time, each replaced by one that is still there, so the argument holds for all of them. Tie rule: the
    candidates are tried by falling cost, then by falling id, so that of two that replace each other the
    first in canonical order stays.

    Parameters
    ----------
    stage
        Any stage.
    """
    problem = stage.problem
    conditions = RowConditions(problem)
    rivals: dict[str, list[str]] = {}
    for j, i in np.argwhere(as_fast(problem)).tolist():
        one, other = problem.candidates[j], problem.candidates[i]
        if i != j and conditions.allow(one, other):
            rivals.setdefault(one.id, []).append(other.id)
    gone: set[str] = set()
    for candidate in dearest_first(problem):
        if any(name not in gone for name in rivals.get(candidate.id, ())):
            gone.add(candidate.id)
    return stage.on(without(problem, gone))


def dearest_first(problem: DesignProblem) -> list[Candidate]:
    """Return the candidates by falling cost, then by falling id."""
    return sorted(problem.candidates, key=lambda c: (c.cost, c.id), reverse=True)


class RowConditions:
    """What money and side constraints say about one candidate in the place of another."""

    def __init__(self, problem: DesignProblem) -> None:
        self._needs = requirements(problem)
        self._required = {second for _, second in problem.requires}
        self._excluded = excluded_by(problem)
        self._capped = {name for name, _ in problem.caps}

    def allow(self, one: Candidate, other: Candidate) -> bool:
        """Say whether `other` may stand wherever `one` does, as far as money and rows go."""
        return (
            other.cost <= one.cost
            and one.fixed is None
            and other.fixed is None
            and one.id not in self._required
            and self._excluded.get(other.id, set()) - {one.id} <= self._excluded.get(one.id, set())
            and self._needs[other.id] - {other.id} <= self._needs[one.id]
            and (other.instrument not in self._capped or other.instrument == one.instrument)
        )


def as_fast(problem: DesignProblem) -> Mask:
    """Return bool [j, i]: whether for each arc of j the network with one arc of i is as fast."""
    arcs = np.array([arc for c in problem.candidates for arc in c.arcs], dtype=np.int64).reshape(-1, 3)
    owner = np.array([j for j, c in enumerate(problem.candidates) for _ in c.arcs], dtype=np.int64)
    ends = np.unique(arcs[:, :2])
    today = np.ascontiguousarray(time_rows(problem, ends, ())[:, ends])
    places = np.searchsorted(ends, arcs[:, :2]).astype(np.int64)
    return _as_fast(places, arcs[:, 2].copy(), owner, today, len(problem.candidates))


@compiled
def _as_fast(ends: Integers, seconds: Integers, owner: Integers, today: Integers, size: int) -> Mask:
    """Compare each two arcs: `ends` of both as rows of `today`, the times with nothing built."""
    found = np.ones((size, size), np.bool_)
    serves = np.empty(size, np.bool_)
    for a in range(owner.size):
        tail, head, most = ends[a, 0], ends[a, 1], seconds[a]
        if today[tail, head] <= most:
            continue
        for i in range(size):
            serves[i] = False
        for b in range(owner.size):
            to, on = today[tail, ends[b, 0]], today[ends[b, 1], head]
            # Each by itself first: the sum of times out of reach would overflow.
            if to <= most and seconds[b] <= most and on <= most and to + seconds[b] + on <= most:
                serves[owner[b]] = True
        for i in range(size):
            if not serves[i]:
                found[owner[a], i] = False
    return found
