"""Make first plans of problems with rings: good circuits, and the money that is left spent well."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from optimiser.circuits.insertion import Circuit
from optimiser.circuits.lengths import money_and_way, touching
from optimiser.circuits.starts import start_circuits
from optimiser.formulation.whole import counting_rings
from optimiser.heuristics.start import start_plans
from optimiser.problem import DesignProblem, Ring
from optimiser.progress import Progress
from optimiser.reduction import reduce
from optimiser.tables import tables

DEAR, FAIR = 10**9, 2 * 10**4
"""What a unit of money counts for where circuits are sought, in 1e-7 degree: 10,000 km, so that the cheapest
is taken first and then the shortest, or 220 m, so that short ones are found that cost more."""

MOST_SETS = 4
"""Sets of candidates for rings with which the rest of a plan is sought."""

MOST_RANKS = 2
"""Circuits of the last ring that are tried with the same circuits of the others."""

type Circuits = Mapping[str, Circuit]
"""The circuit of each ring that is formed, by id."""


@dataclass(frozen=True, slots=True)
class Start:
    """A plan to start from.

    Attributes
    ----------
    built
        Ids of what is built.
    circuits
        Circuit of each ring that is formed.
    """

    built: tuple[str, ...]
    circuits: Circuits


def ring_starts(
    problem: DesignProblem, *, seconds: float, seed: int, left: Callable[[], float]
) -> Iterator[Start]:
    """Yield plans that form every required ring, in no order; none where no circuit was found.

    Parameters
    ----------
    problem
        A problem with rings, without periods.
    seconds
        Most seconds of the search for the rest of one plan; 0: only what must be built is.
    seed
        For the random numbers.
    left
        Says how many seconds are left in all.

    Notes
    -----
    The candidates of the circuits are fixed `in`; what is left is a plain problem, which is reduced and
    given to the plain heuristics.
    """
    for circuits in _choices(problem):
        if left() <= 0:
            return
        wanted = names_on(problem, circuits)
        plain = problem.replace(
            rings=(),
            candidates=tuple(
                dataclasses.replace(c, fixed="in") if c.id in wanted else c for c in problem.candidates
            ),
        )
        for built in _plans(plain, seconds=min(seconds, left()), seed=seed):
            yield Start(built, circuits)


def names_on(problem: DesignProblem, circuits: Circuits) -> set[str]:
    """Return the ids of the candidates that circuits use."""
    rings = {ring.id: ring for ring in problem.rings}
    names = {rings[name].links[a].candidate for name, links in circuits.items() for a in links}
    return {name for name in names if name is not None}


def _plans(plain: DesignProblem, *, seconds: float, seed: int) -> Iterator[tuple[str, ...]]:
    reduced = reduce(plain)
    if not reduced.feasible:
        return
    yield reduced.lifted(())
    if seconds and reduced.problem.candidates and reduced.problem.pairs:
        found: list[list[int]] = []

        def hear(message: Mapping[str, object]) -> None:
            if message["kind"] == "plan":
                built = message["built"]
                found.append(built if isinstance(built, list) else [])

        t = tables(reduced.problem)
        start_plans(t, Progress(t, seconds=seconds, send=hear, base=reduced.base), seed=seed)
        yield from (reduced.lifted(built) for built in found[-1:])


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
        length = money_and_way(problem, ring, free=free, dear=dear)
        closed = touching(problem, ring, circuits)
        found = start_circuits(ring, length, barred=barred, closed=closed)
        if found:
            choices = [{**circuits, ring.id: links} for links in found[:MOST_RANKS]]
            circuits[ring.id] = found[0]
            free |= names_on(problem, {ring.id: found[0]})
        elif ring.required:
            return []
    return choices
