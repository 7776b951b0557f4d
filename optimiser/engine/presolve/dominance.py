"""Remove candidates that another candidate replaces at no more cost."""

from __future__ import annotations

import numpy as np

from optimiser.engine.presolve.fixings import excluded_by
from optimiser.engine.presolve.stage import Reduction, requirements, without
from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import (
    Integers,
    Mask,
    arc_table,
    graph,
    longest_limit,
    opened,
    times_from,
)
from optimiser.engine.search.tables import islands_of
from optimiser.problem import Candidate, DesignProblem


def drop_dominated(stage: Reduction) -> Reduction:
    """Remove candidates that another candidate replaces.

    Proof. Candidate i replaces j if c_i <= c_j, if for each arc (u, v) of j with s seconds the existing
    network plus one arc of i has a path from u to v of at most s seconds, and if the side constraints allow
    it: no candidate requires j; i excludes only j and what j excludes; i requires only what j requires; the
    instrument of i has no cap, or is that of j; and i uses no more of any capacity than j. Take a plan with
    j. With i in place of j it costs no more, violates no side constraint (none requires j, what i requires is
    built, what it excludes is not, and no more of a cap or capacity is used), and covers no less, since a
    walk over an arc of j can use i instead. So some optimal plan does not build j. Candidates are removed one
    at a time, each replaced by a remaining one, so the argument holds for all of them. Tie rule: candidates
    are tried by falling cost, then by falling id, so that of two that replace each other the first in
    canonical order stays.

    Parameters
    ----------
    stage
        Any stage.
    """
    problem = stage.problem
    conditions = RowConditions(problem)
    replacements: dict[str, list[str]] = {}
    for j, i in np.argwhere(as_fast(problem)).tolist():
        one, other = problem.candidates[j], problem.candidates[i]
        if i != j and conditions.allow(one, other):
            replacements.setdefault(one.id, []).append(other.id)
    removed: set[str] = set()
    for candidate in dearest_first(problem):
        if any(name not in removed for name in replacements.get(candidate.id, ())):
            removed.add(candidate.id)
    return stage.on(without(problem, removed))


def dearest_first(problem: DesignProblem) -> list[Candidate]:
    """Return the candidates by falling cost, then by falling id."""
    return sorted(problem.candidates, key=lambda c: (c.cost, c.id), reverse=True)


class RowConditions:
    """Checks whether costs and side constraints allow one candidate to replace another."""

    def __init__(self, problem: DesignProblem) -> None:
        self._needs = requirements(problem)
        self._required = {second for _, second in problem.requires}
        self._excluded = excluded_by(problem)
        self._capped = {name for name, _ in problem.caps}
        self._uses: dict[str, dict[str, int]] = {c.id: {} for c in problem.candidates}
        for capacity in problem.capacities:
            for name, units in capacity.use:
                self._uses[name][capacity.id] = units

    def allow(self, one: Candidate, other: Candidate) -> bool:
        """Return whether `other` may replace `one` in every plan, as far as costs and side constraints go."""
        return (
            other.cost <= one.cost
            and one.fixed is None
            and other.fixed is None
            and one.id not in self._required
            and self._excluded.get(other.id, set()) - {one.id} <= self._excluded.get(one.id, set())
            and self._needs[other.id] - {other.id} <= self._needs[one.id]
            and (other.instrument not in self._capped or other.instrument == one.instrument)
            and all(units <= self._uses[one.id].get(key, 0) for key, units in self._uses[other.id].items())
        )


def as_fast(problem: DesignProblem) -> Mask:
    """Return bool [J x J]: whether the network with one arc of i (column) replaces each arc of j (row)."""
    arcs = arc_table(problem)[len(problem.arcs) :]
    net, mask, radius = graph(problem), opened(problem, ()), longest_limit(problem)
    found = np.ones((len(problem.candidates),) * 2, np.bool_)
    # Only arcs of the same island can replace each other, and only nodes of it are compared.
    island = islands_of(problem)[arcs[:, 0]]
    for number in np.unique(island).tolist():
        mine = island == number
        ends = np.unique(arcs[mine, :2])
        existing = np.array([times_from(net, mask, end, radius)[ends] for end in ends.tolist()], np.int64)
        positions = np.searchsorted(ends, arcs[mine, :2]).astype(np.int64)
        found &= _as_fast(positions, arcs[mine, 2], arcs[mine, 3], existing, len(problem.candidates))
    return found


@compiled
def _as_fast(ends: Integers, seconds: Integers, owner: Integers, existing: Integers, size: int) -> Mask:
    """Compare all pairs of arcs; `ends` are positions in `existing`, the times with nothing built."""
    found = np.ones((size, size), np.bool_)
    serves = np.empty(size, np.bool_)
    for a in range(owner.size):
        tail, head, most = ends[a, 0], ends[a, 1], seconds[a]
        if existing[tail, head] <= most:
            continue
        for i in range(size):
            serves[i] = False
        for b in range(owner.size):
            to_tail, from_head = existing[tail, ends[b, 0]], existing[ends[b, 1], head]
            # Check each term first: a sum of unreached times would overflow.
            if (
                to_tail <= most
                and seconds[b] <= most
                and from_head <= most
                and to_tail + seconds[b] + from_head <= most
            ):
                serves[owner[b]] = True
        for i in range(size):
            if not serves[i]:
                found[owner[a], i] = False
    return found
