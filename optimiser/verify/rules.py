"""State the rules of a plan and its objective, and compute times and coverage in plain Python integers."""

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from optimiser.problem import DesignProblem, Target
from optimiser.problem.result import Circuits, Starts
from optimiser.verify.rings import ring_faults, ring_rewards

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


def fastest_steps(problem: DesignProblem, built: Iterable[str]) -> dict[int, tuple[Step, ...]]:
    """Return the outgoing arcs of each node: of parallel ones the fastest, of equal ones that of today."""
    best: dict[tuple[int, int], Step] = {}
    steps = [Step(*arc, None) for arc in problem.arcs]
    for name in sorted(built):
        steps += (Step(*arc, name) for arc in problem.candidates[problem.index[name]].arcs)
    for step in steps:
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


def covered(problem: DesignProblem, times: Iterable[int | None]) -> set[int]:
    """Return the positions of the pairs whose times are within their limits."""
    timed = enumerate(zip(problem.pairs, times, strict=True))
    return {k for k, (pair, time) in timed if time is not None and time <= pair.limit}


def covered_pairs(problem: DesignProblem, built: Iterable[str]) -> set[int]:
    """Return the positions of the pairs that are covered when some candidates are built."""
    return covered(problem, pair_times(problem, built))


def coverable(problem: DesignProblem) -> set[int]:
    """Return the positions of the pairs that are covered with every candidate built that is not fixed out."""
    return covered_pairs(problem, [c.id for c in problem.candidates if c.fixed != "out"])


# ---- periods


class PeriodState(NamedTuple):
    """What is open in a period, or in a problem without periods.

    Attributes
    ----------
    factor
        Factor of the objective in the period.
    is_open
        Ids, sorted.
    """

    factor: int
    is_open: tuple[str, ...]


def period_states(problem: DesignProblem, built: Iterable[str], starts: Starts) -> tuple[PeriodState, ...]:
    """Return the state of each period in order; without periods one state, with all that is built open.

    Parameters
    ----------
    problem
        Any problem.
    built
        Ids.
    starts
        Periods of start; ignored without periods.
    """
    if not problem.periods:
        return (PeriodState(1, tuple(sorted(built))),)
    return tuple(
        PeriodState(period.factor, open_in_period(problem, starts, t))
        for t, period in enumerate(problem.periods)
    )


def total_factor(problem: DesignProblem) -> int:
    """Return the sum of the factors of all periods; 1 without periods."""
    return sum(period.factor for period in problem.periods) if problem.periods else 1


def trivial_bound(problem: DesignProblem, coverable: Collection[int]) -> float:
    """Return a bound without a solver: the cost of what is fixed in, or the weight of all that counts.

    Parameters
    ----------
    problem
        Any problem.
    coverable
        Positions of the pairs that are covered when everything is built that may be.
    """
    if problem.budget is None:
        return float(problem.cost_of({c.id for c in problem.candidates if c.fixed == "in"}))
    gains = weight_of(problem, coverable) + sum(ring.reward for ring in problem.rings)
    return float(gains * total_factor(problem))


def opening_periods(problem: DesignProblem, starts: Starts) -> dict[str, int]:
    """Return the period from which on each built candidate is open; it may lie after the last one."""
    return {name: t + problem.candidates[problem.index[name]].lead for name, t in starts.items()}


def open_in_period(problem: DesignProblem, starts: Starts, period: int) -> tuple[str, ...]:
    """Return the ids, sorted, of the candidates that are open in a period, given by its position."""
    return tuple(sorted(name for name, t in opening_periods(problem, starts).items() if t <= period))


def start_faults(problem: DesignProblem, built: tuple[str, ...], starts: Starts) -> Iterator[str]:
    """Yield why starts do not name a period for each built candidate."""
    last = len(problem.periods) - 1
    if last < 0:
        if starts:
            yield "starts: the problem has no periods"
        return
    yield from (f"starts: {name!r} is built, and no period is named" for name in built if name not in starts)
    for name, t in starts.items():
        if name not in built:
            yield f"starts: {name!r} is not built"
        if not 0 <= t <= last:
            yield f"starts: {name!r} is started in period {t}, which is not one of 0..{last}"


def schedule_faults(problem: DesignProblem, starts: Starts) -> Iterator[str]:
    """Yield the budgets of periods that are overdrawn, and what opens before a candidate that it requires.

    Parameters
    ----------
    problem
        Any problem; nothing is yielded without periods.
    starts
        Periods of start, without `start_faults`.
    """
    paid = allowed = 0
    for t, period in enumerate(problem.periods):
        paid += problem.cost_of(name for name, start in starts.items() if start == t)
        allowed += period.budget
        if paid > allowed:
            yield f"{paid} is spent up to period {period.id!r}, more than its budgets of {allowed} so far"
    opens = opening_periods(problem, starts)
    for first, second in problem.requires:
        if first in opens and second in opens and opens[second] > opens[first]:
            yield f"{first!r} requires {second!r}, which opens later"


# ---- coverage and objective


def covered_cities(problem: DesignProblem, pairs: Collection[int]) -> tuple[int, ...]:
    """Return the positions of the covered cities, from the positions of the covered pairs (best a set)."""
    return tuple(
        i for i, city in enumerate(problem.cities) if sum(k in pairs for k in city.pairs) >= city.need
    )


def weight_of(problem: DesignProblem, pairs: Collection[int]) -> int:
    """Return the weight of covered pairs and of the cities that they cover."""
    cities = covered_cities(problem, pairs)
    return sum(problem.pairs[k].weight for k in pairs) + sum(problem.cities[i].weight for i in cities)


def objective_of(
    problem: DesignProblem, states: Sequence[PeriodState], pairs: Sequence[set[int]], circuits: Circuits
) -> int:
    """Return the objective of a plan in a problem with a budget.

    It is the sum over all states of the factor times the weight of covered pairs and cities plus the rewards
    of the rings that are formed.

    Parameters
    ----------
    problem
        A problem with a budget.
    states
        What is open in each period.
    pairs
        Positions of the pairs covered in each period.
    circuits
        Circuits of the rings.
    """
    return sum(
        state.factor * (weight_of(problem, covered) + ring_rewards(problem, circuits, state.is_open))
        for state, covered in zip(states, pairs, strict=True)
    )


def target_coverage(problem: DesignProblem, target: Target, pairs: Collection[int]) -> int:
    """Return the covered weight that counts for a target."""
    if target.of == "pairs":
        return sum(problem.pairs[k].weight for k in pairs if problem.pairs[k].group == target.group)
    cities = (problem.cities[i] for i in covered_cities(problem, pairs))
    return sum(city.weight for city in cities if city.group == target.group)


def required_pairs(problem: DesignProblem) -> set[int]:
    """Return the positions of the pairs that must be covered; none where only targets demand coverage."""
    return coverable(problem) if problem.must_cover else set()


# ---- rules


def plan_faults(
    problem: DesignProblem, built: Collection[str], circuits: Circuits, starts: Starts
) -> Iterator[str]:
    """Yield the rules that a plan breaks regardless of coverage: of building, of periods, of rings.

    Parameters
    ----------
    problem
        Any problem.
    built
        Ids, a set.
    circuits
        Circuits of the rings.
    starts
        Periods of start, without `start_faults`.
    """
    yield from building_faults(problem, built)
    yield from schedule_faults(problem, starts)
    yield from ring_faults(problem, circuits, set(period_states(problem, built, starts)[-1].is_open))


def building_faults(problem: DesignProblem, built: Collection[str]) -> Iterator[str]:
    """Yield the rules that a set of built candidates breaks regardless of coverage, periods and rings."""
    for candidate in problem.candidates:
        if candidate.fixed == "in" and candidate.id not in built:
            yield f"candidate {candidate.id!r} must be built and is not"
        if candidate.fixed == "out" and candidate.id in built:
            yield f"candidate {candidate.id!r} must not be built and is"
    yield from _limit_faults(problem, built)
    for first, second in problem.excludes:
        if first in built and second in built:
            yield f"{first!r} and {second!r} exclude each other and both are built"
    for first, second in problem.requires:
        if first in built and second not in built:
            yield f"{first!r} requires {second!r}, which is not built"


def _limit_faults(problem: DesignProblem, built: Collection[str]) -> Iterator[str]:
    """Yield the budget, caps and capacities that a set of built candidates exceeds."""
    cost = problem.cost_of(built)
    if problem.budget is not None and cost > problem.budget:
        yield f"it costs {cost}, more than the budget of {problem.budget}"
    for instrument, most in problem.caps:
        spent = sum(c.cost for c in problem.candidates if c.id in built and c.instrument == instrument)
        if spent > most:
            yield f"candidates of instrument {instrument!r} cost {spent}, more than the cap of {most}"
    for capacity in problem.capacities:
        used = capacity.used_by(built)
        if used > capacity.most:
            yield f"it takes {used} of the capacity {capacity.id!r}, more than the {capacity.most} there are"


def coverage_faults(problem: DesignProblem, pairs: set[int], required: set[int]) -> Iterator[str]:
    """Yield the rules that are broken by covering too little.

    Parameters
    ----------
    problem
        Any problem.
    pairs
        Positions of the covered pairs.
    required
        Those of the pairs that could be covered, where all of these must be.
    """
    if problem.must_cover and (missed := required - pairs):
        yield f"{len(missed)} pairs that could be covered are not"
    for target in problem.targets:
        reached = target_coverage(problem, target, pairs)
        if reached < target.least:
            what = f"target for the {target.of} of group {target.group!r}"
            yield f"{what}: {reached} of {target.least} is reached"
