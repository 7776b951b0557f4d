"""Make first plans of problems with rings: good circuits, and the money that is left spent well."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from optimiser.engine.methods.heuristics.greedy import Stop
from optimiser.engine.methods.heuristics.lns import Improver, attempts_for, start_plans
from optimiser.engine.models.extended import counting_rings
from optimiser.engine.presolve import Reduction, reduce
from optimiser.engine.search.circuit_starts import priced_lengths, start_circuits, touching_links
from optimiser.engine.search.circuits import Circuit
from optimiser.engine.search.incumbent import Progress
from optimiser.engine.search.judge import Judge
from optimiser.engine.search.tables import tables
from optimiser.problem import DesignProblem, Ring

DEAR, FAIR = 10**9, 2 * 10**4
"""What a unit of money counts for where circuits are sought, in 1e-7 degree: 10,000 km, so that the cheapest
is taken first and then the shortest, or 220 m, so that short ones are found that cost more."""

MOST_SETS = 4
"""Sets of candidates for rings with which the rest of a plan is sought."""

LARGE = 1_000_000
"""Pairs times candidates from which on the rest is sought for one set only: it takes seconds there."""

MOST_RANKS = 2
"""Circuits of the last ring that are tried with the same circuits of the others."""

type Circuits = Mapping[str, Circuit]
"""The circuit of each ring that is formed, by id."""


@dataclass(frozen=True, slots=True)
class Rest:
    """The plain problem that is left once circuits are chosen, and the search for plans of it.

    Attributes
    ----------
    reduced
        What is left.
    improver
        The search.
    attempts
        Attempts that suit its size.
    """

    reduced: Reduction
    improver: Improver
    attempts: int

    def improved(self, guide: Mapping[str, float], *, stop: Stop) -> tuple[str, ...]:
        """Return the best plan after more attempts: ids of what is built.

        Parameters
        ----------
        guide
            How far each candidate should be built, 0..1, for example a point of a relaxation.
        stop
            Asked now and then.
        """
        wish = np.array([guide[c.id] for c in self.reduced.problem.candidates])
        self.improver.improve(attempts=self.attempts, stop=stop, guide=np.clip(wish, 0.0, 1.0))
        return self.reduced.lifted(np.flatnonzero(self.improver.best[:-1]).tolist())


@dataclass(frozen=True, slots=True)
class Start:
    """A plan to start from.

    Attributes
    ----------
    built
        Ids of what is built.
    circuits
        Circuit of each ring that is formed.
    rest
        What may be built better round these circuits; None where nothing is left to decide.
    """

    built: tuple[str, ...]
    circuits: Circuits
    rest: Rest | None = None


def ring_starts(
    problem: DesignProblem, *, any_plan: bool, seed: int, left: Callable[[], float]
) -> Iterator[Start]:
    """Yield plans that keep every rule, in no order; none where no circuit was found.

    Parameters
    ----------
    problem
        A problem with rings, without periods.
    any_plan
        Build no more than what must be built where that is a plan, to save time.
    seed
        For the random numbers.
    left
        Says how many seconds are left in all.

    Notes
    -----
    The candidates of the circuits are fixed `in`; what is left is a plain problem, which is reduced and
    given to the plain heuristics.
    """
    judge = Judge(problem)
    large = len(problem.pairs) * len(problem.candidates) > LARGE
    for circuits in _choices(problem)[: 1 if large else MOST_SETS]:
        if left() <= 0:
            return
        wanted = names_on(problem, circuits)
        plain = problem.replace(
            rings=(),
            candidates=tuple(
                dataclasses.replace(c, fixed="in") if c.id in wanted else c for c in problem.candidates
            ),
        )
        reduced = reduce(plain)
        if not reduced.feasible:
            continue
        least = Start(reduced.lifted(()), circuits)
        enough = not judge(least.built, rings=circuits).faults
        if enough:
            yield least
        if reduced.problem.candidates and reduced.problem.pairs and not (any_plan and enough):
            filled = _filled(reduced, circuits, seconds=left(), seed=seed)
            if not judge(filled.built, rings=circuits).faults:
                yield filled


def _filled(reduced: Reduction, circuits: Circuits, *, seconds: float, seed: int) -> Start:
    """Return a plan of the plain heuristics for what is left beside circuits."""
    t = tables(reduced.problem)
    progress = Progress(t, seconds=seconds, send=lambda _message: None, base=reduced.base)
    improver = start_plans(t, progress, seed=seed)
    best = () if progress.best is None else np.flatnonzero(progress.best[:-1]).tolist()
    return Start(reduced.lifted(best), circuits, Rest(reduced, improver, attempts_for(t)))


def names_on(problem: DesignProblem, circuits: Circuits) -> set[str]:
    """Return the ids of the candidates that circuits use."""
    rings = {ring.id: ring for ring in problem.rings}
    names = {rings[name].links[a].candidate for name, links in circuits.items() for a in links}
    return {name for name in names if name is not None}


def _choices(problem: DesignProblem) -> list[Circuits]:
    """Return circuits for all rings that need one or earn something, and for the required ones alone."""
    rings = counting_rings(problem)
    required = tuple(ring for ring in rings if ring.required)
    chosen: dict[frozenset[str], Circuits] = {}
    for wanted in (rings, required) if len(required) < len(rings) else (rings,):
        for dear in (DEAR, FAIR):
            for circuits in _circuits(problem, wanted, dear=dear):
                chosen.setdefault(frozenset(names_on(problem, circuits)), circuits)
    cost = {c.id: c.cost for c in problem.candidates}
    ranked = sorted(chosen, key=lambda names: (sum(cost[name] for name in names), sorted(names)))
    kept = [*ranked[: MOST_SETS - 1], *ranked[MOST_SETS - 1 :][-1:]]
    return [chosen[names] for names in kept]


def _circuits(problem: DesignProblem, rings: tuple[Ring, ...], *, dear: int) -> list[Circuits]:
    """Return choices of a circuit for each ring, ring after ring; none where a required one found none.

    Candidates of rings before are there for nothing, and nodes of rings that are to be apart are closed. The
    choices differ in the last ring.
    """
    circuits: dict[str, Circuit] = {}
    choices: list[Circuits] = [{}]
    barred = {c.id for c in problem.candidates if c.fixed == "out"}
    free = {c.id for c in problem.candidates if c.fixed == "in"}
    for ring in rings:
        length = priced_lengths(problem, ring, free=free, money_weight=dear)
        closed = touching_links(problem, ring, circuits)
        found = start_circuits(ring, length, barred=barred, closed=closed)
        if found:
            choices = [{**circuits, ring.id: links} for links in found[:MOST_RANKS]]
            circuits[ring.id] = found[0]
            free |= names_on(problem, {ring.id: found[0]})
        elif ring.required:
            return []
    return choices
