"""Construct plans of problems with rings: first plans from good circuits, and repairs of rings in pieces."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from optimiser.engine.methods.heuristics.lns import (
    LEAST_ATTEMPTS,
    Improver,
    attempts_for,
    report_start,
    start_plans,
)
from optimiser.engine.models.extended import counting_rings
from optimiser.engine.models.rings import RingDecisions, circuits_in, forming
from optimiser.engine.presolve import Reduction, reduce
from optimiser.engine.search.circuit_starts import priced_lengths, start_circuits, touching_links
from optimiser.engine.search.circuits import Circuit
from optimiser.engine.search.incumbent import MaskIncumbent, PlanEvaluator, Stop, mask_incumbent
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import NamedPlan
from optimiser.problem import DesignProblem, Ring
from optimiser.problem.model import candidates_on, with_circuits

CHEAPEST_FIRST, BALANCED = 10**9, 2 * 10**4
"""Length, in 1e-7 degree, that a unit of cost counts for in the search for circuits: 10,000 km for the
shortest of the cheapest circuits; 220 m for circuits that are shorter but cost more."""

MOST_SETS = 4
"""Most sets of candidates for rings for which the rest of a plan is searched."""

LARGE = 1_000_000
"""Pairs times candidates above which the rest is searched for one set only, since it takes seconds."""

MOST_RANKS = 2
"""Circuits of the last ring that are tried with the same circuits of the others."""

type Circuits = Mapping[str, Circuit]
"""Circuit of each ring that is formed, by id."""

type Values = Mapping[str, float]
"""Values of a point by variable name."""


@dataclass(frozen=True, slots=True)
class Remainder:
    """The plain problem that remains when the circuits are fixed, with the search for its plans.

    Attributes
    ----------
    reduced
        The reduced problem.
    improver
        The large neighbourhood search.
    attempts
        Number of attempts that suits its size.
    incumbent
        Has the best plan of the reduced problem, and knows the time left.
    """

    reduced: Reduction
    improver: Improver
    attempts: int
    incumbent: MaskIncumbent

    def best_plan(self, circuits: Circuits) -> NamedPlan:
        """Return the best plan so far, with the circuits that the reduced problem builds on."""
        best = self.incumbent.best
        built = () if best is None else np.flatnonzero(best[:-1]).tolist()
        return NamedPlan(self.reduced.lifted(built), circuits)

    def improved(self, guide: Values, *, stop: Stop) -> tuple[str, ...]:
        """Return the ids of the best plan after further attempts.

        Parameters
        ----------
        guide
            Preference for building each candidate, by id, for example a point of a relaxation.
        stop
            Returns whether the time is up.
        """
        preference = np.array([guide[c.id] for c in self.reduced.problem.candidates])
        self.improver.improve(attempts=self.attempts, stop=stop, guide=np.clip(preference, 0.0, 1.0))
        return self.reduced.lifted(np.flatnonzero(self.improver.best[:-1]).tolist())


type FirstPlan = tuple[NamedPlan, Remainder | None]
"""A plan to start from, and the search for the rest of it."""


def first_plans(
    problem: DesignProblem,
    *,
    any_plan: bool,
    seed: int,
    left: Callable[[], float],
    start: NamedPlan | None = None,
) -> Iterator[FirstPlan]:
    """Yield feasible plans, in no particular order; none where no circuits were found.

    Parameters
    ----------
    problem
        A problem with rings and without periods.
    any_plan
        Whether any feasible plan is good enough.
    seed
        Random seed.
    left
        Returns the seconds left.
    start
        A plan to start from. Where it forms every ring that counts, only its circuits are tried, unless no
        plan with them is feasible.

    Notes
    -----
    Good circuits are chosen first. Their candidates are then fixed, and the heuristics spend the remaining
    budget on the plain problem: briefly for each choice, and then at full length for the one whose plan is
    best.
    """
    evaluate = PlanEvaluator(problem)
    plans_with = partial(_plans_with, problem, evaluate, any_plan=any_plan, seed=seed, left=left, start=start)
    if start is not None and start.circuits.keys() >= {ring.id for ring in counting_rings(problem)}:
        plans = list(plans_with([start.circuits]))
        yield from plans
        if plans:
            return
    is_large = len(problem.pairs) * len(problem.candidates) > LARGE
    yield from plans_with(_choices(problem)[: 1 if is_large else MOST_SETS])


def _plans_with(
    problem: DesignProblem,
    evaluate: PlanEvaluator,
    choices: Sequence[Circuits],
    *,
    any_plan: bool,
    seed: int,
    left: Callable[[], float],
    start: NamedPlan | None,
) -> Iterator[FirstPlan]:
    """Yield feasible plans with the circuits of each choice, and a better one of the best choice."""
    starts: list[tuple[int, NamedPlan, Remainder]] = []
    is_short = len(choices) > 1
    for circuits in choices:
        if left() <= 0:
            return
        reduced = reduce(with_circuits(problem, circuits))
        if not reduced.feasible:
            continue
        least = NamedPlan(reduced.lifted(()), circuits)
        is_feasible = not evaluate(least.built, rings=circuits).faults
        if is_feasible:
            yield least, None
        if reduced.problem.candidates and reduced.problem.pairs and not (any_plan and is_feasible):
            remainder = _start(reduced, seconds=left(), seed=seed, start=start, is_short=is_short)
            full_plan = remainder.best_plan(circuits)
            found = evaluate(full_plan.built, rings=circuits)
            if not found.faults:
                starts.append((found.objective, full_plan, remainder))
                yield full_plan, remainder
    if starts and is_short and left() > 0:
        best = min if problem.budget is None else max
        _, plan, remainder = best(starts, key=lambda entry: entry[0])
        remainder.improver.improve_for(remainder.incumbent, remainder.attempts - LEAST_ATTEMPTS)
        better = remainder.best_plan(plan.circuits)
        if not evaluate(better.built, rings=better.circuits).faults:
            yield better, remainder


def _start(
    reduced: Reduction, *, seconds: float, seed: int, start: NamedPlan | None, is_short: bool
) -> Remainder:
    """Return the search for the rest of a plan after its first attempts."""
    t = tables(reduced.problem)
    incumbent = mask_incumbent(t, seconds=seconds, send=lambda _message: None, base=reduced.base)
    if start is not None:
        report_start(t, incumbent, reduced.problem, start.built)
    attempts = attempts_for(t)
    improver = start_plans(t, incumbent, seed=seed, attempts=LEAST_ATTEMPTS if is_short else attempts)
    return Remainder(reduced, improver, attempts, incumbent)


def _choices(problem: DesignProblem) -> list[Circuits]:
    """Return choices of circuits with different candidates: the cheapest choices, and the most expensive."""
    rings = counting_rings(problem)
    required = tuple(ring for ring in rings if ring.required)
    chosen: dict[frozenset[str], Circuits] = {}
    for chosen_rings in (rings, required) if len(required) < len(rings) else (rings,):
        for length_of_money in (CHEAPEST_FIRST, BALANCED):
            for circuits in _circuits(problem, chosen_rings, length_of_money=length_of_money):
                chosen.setdefault(frozenset(candidates_on(problem, circuits)), circuits)
    cost = {c.id: c.cost for c in problem.candidates}
    ranked = sorted(chosen, key=lambda names: (sum(cost[name] for name in names), sorted(names)))
    return [chosen[names] for names in [*ranked[: MOST_SETS - 1], *ranked[MOST_SETS - 1 :][-1:]]]


def _circuits(problem: DesignProblem, rings: tuple[Ring, ...], *, length_of_money: int) -> list[Circuits]:
    """Return choices of circuits for the rings, found one ring after another.

    There are several choices where several circuits are found for the last ring.
    """
    circuits: dict[str, Circuit] = {}
    choices: list[Circuits] = [{}]
    barred = {c.id for c in problem.candidates if c.fixed == "out"}
    free = {c.id for c in problem.candidates if c.fixed == "in"}
    for ring in rings:
        length = priced_lengths(problem, ring, free=free, money_weight=length_of_money)
        closed = touching_links(problem, ring, circuits)
        found = start_circuits(ring, length, barred=barred, closed=closed)
        if found:
            choices = [{**circuits, ring.id: links} for links in found[:MOST_RANKS]]
            circuits[ring.id] = found[0]
            free |= candidates_on(problem, {ring.id: found[0]})
        elif ring.required:
            return []
    return choices


def circuits_of_point(
    rings: Sequence[RingDecisions], values: Values
) -> tuple[dict[str, Circuit], list[tuple[RingDecisions, list[Circuit]]]]:
    """Return the circuits of the rings that an integer point forms, and the rings that are in pieces.

    Parameters
    ----------
    rings
        Rings of a model.
    values
        Values of the point by variable name.
    """
    circuits: dict[str, Circuit] = {}
    in_pieces: list[tuple[RingDecisions, list[Circuit]]] = []
    for ring in rings:
        found = circuits_in(ring, values)
        circuit = forming(ring, found)
        if circuit is not None:
            circuits[ring.ring.id] = circuit
        elif found:
            in_pieces.append((ring, found))
    return circuits, in_pieces
