"""Say which rules of a problem a plan breaks, in plain Python and with nothing of the solving code."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from optimiser.problem import DesignProblem, Target
from optimiser.verify.circuits import Circuits, rewards, ring_faults
from optimiser.verify.phases import Starts, State, phase_faults, states
from optimiser.verify.times import covered, pair_times


def covered_cities(problem: DesignProblem, pairs: Collection[int]) -> tuple[int, ...]:
    """Return the positions of the cities that are covered.

    Parameters
    ----------
    problem
        The problem.
    pairs
        Positions of the covered pairs; looked up often, so best a set.
    """
    return tuple(
        i for i, city in enumerate(problem.cities) if sum(k in pairs for k in city.pairs) >= city.need
    )


def weight_of(problem: DesignProblem, pairs: Collection[int]) -> int:
    """Return the weight of covered pairs and of the cities that they cover."""
    cities = covered_cities(problem, pairs)
    return sum(problem.pairs[k].weight for k in pairs) + sum(problem.cities[i].weight for i in cities)


def objective_of(
    problem: DesignProblem, opened: Sequence[State], pairs: Sequence[Collection[int]], circuits: Circuits
) -> int:
    """Return what is gained, in a problem with a budget.

    Over all states, the factor times the weight of covered pairs and cities and the rewards of rings formed.

    Parameters
    ----------
    problem
        A problem with a budget.
    opened
        What is open in each period (`phases.states`).
    pairs
        Positions of the pairs covered then, each a set.
    circuits
        Circuits of the rings.
    """
    return sum(
        state.factor * (weight_of(problem, covered) + rewards(problem, circuits, state.is_open))
        for state, covered in zip(opened, pairs, strict=True)
    )


def plan_faults(
    problem: DesignProblem, built: Collection[str], circuits: Circuits, starts: Starts
) -> Iterator[str]:
    """Yield the rules that a plan breaks whatever it covers: of building, of periods, of rings.

    Parameters
    ----------
    problem
        The problem.
    built
        Ids, a set.
    circuits
        Circuits of the rings.
    starts
        Periods of start, of a form without faults.
    """
    yield from building_faults(problem, built)
    yield from phase_faults(problem, starts)
    yield from ring_faults(problem, circuits, set(states(problem, built, starts)[-1].is_open))


def reached(problem: DesignProblem, target: Target, pairs: Collection[int]) -> int:
    """Return the covered weight that counts for a target."""
    if target.of == "pairs":
        return sum(problem.pairs[k].weight for k in pairs if problem.pairs[k].group == target.group)
    cities = (problem.cities[i] for i in covered_cities(problem, pairs))
    return sum(city.weight for city in cities if city.group == target.group)


def coverable(problem: DesignProblem) -> tuple[bool, ...]:
    """Say for each pair whether it is covered with every candidate built that is not fixed out."""
    allowed = [c.id for c in problem.candidates if c.fixed != "out"]
    return covered(problem, pair_times(problem, allowed))


def building_faults(problem: DesignProblem, built: Collection[str]) -> Iterator[str]:
    """Yield the rules that a set of built candidates breaks whatever it covers.

    Parameters
    ----------
    problem
        The problem.
    built
        Ids, a set.
    """
    for candidate in problem.candidates:
        if candidate.fixed == "in" and candidate.id not in built:
            yield f"candidate {candidate.id!r} must be built and is not"
        if candidate.fixed == "out" and candidate.id in built:
            yield f"candidate {candidate.id!r} must not be built and is"
    cost = problem.cost_of(built)
    if problem.budget is not None and cost > problem.budget:
        yield f"it costs {cost}, more than the budget of {problem.budget}"
    for instrument, most in problem.caps:
        spent = sum(c.cost for c in problem.candidates if c.id in built and c.instrument == instrument)
        if spent > most:
            yield f"candidates of instrument {instrument!r} cost {spent}, more than the cap of {most}"
    for first, second in problem.excludes:
        if first in built and second in built:
            yield f"{first!r} and {second!r} exclude each other and both are built"
    for first, second in problem.requires:
        if first in built and second not in built:
            yield f"{first!r} requires {second!r}, which is not built"


def wanted_pairs(problem: DesignProblem) -> tuple[bool, ...]:
    """Say for each pair whether it must be covered; empty where only targets ask for coverage."""
    return coverable(problem) if problem.must_cover else ()


def covering_faults(problem: DesignProblem, pairs: Collection[int], wanted: Sequence[bool]) -> Iterator[str]:
    """Yield the rules that are broken by covering too little.

    Parameters
    ----------
    problem
        The problem.
    pairs
        Positions of the covered pairs, a set.
    wanted
        What `wanted_pairs` returned.
    """
    if problem.must_cover:
        missed = sum(wanted) - len(pairs)
        if missed:
            yield f"{missed} pairs that could be covered are not"
    for target in problem.targets:
        got = reached(problem, target, pairs)
        if got < target.least:
            yield f"target for the {target.of} of group {target.group!r}: {got} of {target.least} is reached"
