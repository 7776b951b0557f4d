"""Prove that a problem has no plan, by arguments or by trying every plan, or find one."""

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from optimiser.problem import DesignProblem, Ring, Target
from optimiser.problem.errors import MOST_LISTED, listed
from optimiser.problem.result import Reason
from optimiser.verify import rules
from optimiser.verify.rings import circuit_fault, ring_faults, ring_obstacles
from optimiser.verify.rules import coverable, covered, covered_pairs, pair_times

MOST_FREE = 12
"""Candidates that are not fixed up to which every plan of a plain problem is tried."""

MOST_WORK = 5_000_000
"""Plans times arcs times origins up to which every plan of a plain problem is tried: about a second."""

MOST_PLANS = 4_000
"""Plans, with their periods of start, up to which every plan with rings or periods is tried."""

MOST_STEPS = 200_000
"""Steps along links up to which circuits are enumerated."""

type ProvedBy = Literal["", "argument", "enumeration", "solver"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found about a problem that is claimed to have no plan.

    Attributes
    ----------
    by
        What proves the claim: an `argument`, an `enumeration` of all plans, or only the `solver`; empty when
        the claim is false.
    plan
        Ids of a plan that meets every constraint; None when none was found.
    """

    by: ProvedBy
    plan: tuple[str, ...] | None = None


def prove_infeasible(problem: DesignProblem) -> Verdict:
    """Prove or refute, as far as that is easy, that a problem has no plan."""
    if obstacles(problem):
        return Verdict("argument")
    must = [c.id for c in problem.candidates if c.fixed == "in"]
    allowed = [c.id for c in problem.candidates if c.fixed != "out"]
    with suppress(TooManyStepsError):
        if is_enumerable(problem):
            plan = _first_plan(problem, _every_plan(problem))
            return Verdict("enumeration") if plan is None else Verdict("", plan)
    with suppress(TooManyStepsError):
        plan = _first_plan(problem, (earliest_starts(problem, names) for names in (must, allowed)))
        if plan is not None:
            return Verdict("", plan)
    if problem.is_plain:
        return Verdict("solver")
    # Without rings and periods the problem is a relaxation: where that has no plan, neither has the problem.
    candidates = tuple(replace(c, lead=0) for c in problem.candidates)
    verdict = prove_infeasible(problem.replace(rings=(), periods=(), candidates=candidates))
    return Verdict("solver") if verdict.plan is not None else verdict


def is_enumerable(problem: DesignProblem) -> bool:
    """Return whether a problem is small enough to try every plan."""
    if problem.is_plain:
        free = sum(c.fixed is None for c in problem.candidates)
        arcs = len(problem.arcs) + sum(len(c.arcs) for c in problem.candidates)
        origins = len({pair.origin for pair in problem.pairs})
        return free <= MOST_FREE and (1 << free) * arcs * origins <= MOST_WORK
    count = 1
    for name in problem.index:
        count *= len(_start_choices(problem, name))
        if count > MOST_PLANS:
            return False
    return True


# ---- arguments without a search


FIXED_OUT = "is fixed out"
TOO_DEAR = "costs more than budget and caps leave, with all that it requires"
EXPECTED = (FIXED_OUT, TOO_DEAR)
"""Reasons that a reader expects."""
TOO_MUCH = "takes more than the capacity {capacity!r} leaves, with all that it requires"


def obstacles(problem: DesignProblem) -> tuple[Reason, ...]:
    """Return reasons each of which proves that the problem has no plan; empty when none was found.

    Notes
    -----
    Candidates that are fixed in, and all that they require, must be built (`needed`). There is no plan when
    two of them exclude each other, when one is fixed out, or when they cost more than the budget or a cap, or
    take more than a capacity. What conflicts with them, or exceeds a limit besides them, cannot be built
    (`barred`). Coverage is
    monotone: a target that is missed with everything else built is missed by every plan, and a ring that
    cannot be formed then (`ring_obstacles`) can never be formed.
    """
    needed = _requirements(problem, [c.id for c in problem.candidates if c.fixed == "in"])
    found = [*_conflicts(problem, needed), *_excesses(problem, needed)]
    if found:
        return tuple(found)
    barred = _barred(problem, needed)
    times = pair_times(problem, [c.id for c in problem.candidates if c.id not in barred])
    return (
        *_unreachable_pairs(problem, times, barred),
        *_missed_targets(problem, times, barred),
        *ring_obstacles(problem, barred),
    )


def _requirements(problem: DesignProblem, names: Iterable[str]) -> dict[str, str]:
    """Return what building some candidates requires, each with the candidate that requires it (or none)."""
    required: dict[str, list[str]] = {}
    for first, second in problem.requires:
        required.setdefault(first, []).append(second)
    found = dict.fromkeys(names, "")
    queue = list(found)
    for name in queue:
        for other in required.get(name, []):
            if other not in found:
                found[other] = name
                queue.append(other)
    return found


def _conflicts(problem: DesignProblem, needed: Mapping[str, str]) -> Iterator[Reason]:
    def chain(name: str) -> str:
        """Return why a candidate must be built: `a` is fixed in and requires `b`, which requires `c`."""
        back = [name]
        while needed[back[-1]]:
            back.append(needed[back[-1]])
        first, *rest = (repr(step) for step in reversed(back))
        return f"{first} is fixed in" + (" and requires " + ", which requires ".join(rest) if rest else "")

    for candidate in problem.candidates:
        if candidate.fixed == "out" and candidate.id in needed:
            yield Reason(f"{chain(candidate.id)}, yet {candidate.id!r} is fixed out")
    for first, second in problem.excludes:
        if first in needed and second in needed:
            both = f"{first!r} and {second!r} exclude each other, yet both must be built"
            yield Reason(f"{both}: {chain(first)}; {chain(second)}")


def _excesses(problem: DesignProblem, needed: Collection[str]) -> Iterator[Reason]:
    """Yield the budget, caps and capacities that what is needed exceeds."""
    of = {name: problem.candidates[problem.index[name]] for name in needed}
    what = "fixed in or required by that" if any(c.fixed != "in" for c in of.values()) else "fixed in"
    limits = [("", problem.budget, needed, "the budget is")] if problem.budget is not None else []
    for instrument, most in problem.caps:
        mine = [name for name in needed if of[name].instrument == instrument]
        limits.append((f", {instrument}", most, mine, f"the cap on {instrument} is"))
    for label, most, names, limit in limits:
        cost, together = problem.cost_of(names), "alone costs" if len(names) == 1 else "together cost"
        if cost > most:
            costs, limit_ = (f"{amount:,} {problem.money}".rstrip() for amount in (cost, most))
            yield Reason(f"{what}{label}: {listed(sorted(names))}; {together} {costs}, {limit} {limit_}")
    for capacity in problem.capacities:
        if (used := capacity.used_by(needed)) > capacity.most:
            names = sorted(name for name, _ in capacity.use if name in needed)
            together = "alone takes" if len(names) == 1 else "together take"
            yield Reason(
                f"{what}: {listed(names)}; {together} {used:,} of the capacity {capacity.id!r}, which is "
                f"{capacity.most:,}",
                capacity=capacity.id,
            )


def _barred(problem: DesignProblem, needed: Mapping[str, str]) -> dict[str, str]:
    """Return the candidates that no plan builds, each with the reason."""
    barred = {c.id: FIXED_OUT for c in problem.candidates if c.fixed == "out"}
    for first, second in problem.excludes:
        for name, other in ((first, second), (second, first)):
            if other in needed and name not in barred:
                barred[name] = f"excludes {other!r}, which must be built"
    for candidate in problem.candidates:
        if candidate.id not in barred:
            reason = _exclusion(problem, barred, candidate.id, needed)
            if reason:
                barred[candidate.id] = reason
    return barred


def _exclusion(problem: DesignProblem, barred: Mapping[str, str], name: str, needed: Collection[str]) -> str:
    """Return why a candidate cannot be built besides what is needed; empty when no reason is found."""
    together = {*needed, *_requirements(problem, [name])}
    for other in sorted(together & barred.keys()):
        return f"requires {other!r}, which {barred[other]}"
    for first, second in problem.excludes:
        if first in together and second in together:
            if name in (first, second):
                return f"requires {(second if name == first else first)!r}, which it excludes"
            return f"requires {first!r} and {second!r}, which exclude each other"
    reason = next(_excesses(problem, together), None)
    if reason is None:
        return ""
    return TOO_MUCH.format(capacity=reason.capacity) if reason.capacity else TOO_DEAR


def _unreachable_pairs(
    problem: DesignProblem, times: tuple[int | None, ...], barred: Mapping[str, str]
) -> Iterator[Reason]:
    """Yield coverable pairs that must be covered and cannot, because candidates cannot be built."""
    if not problem.must_cover:
        return
    for k in sorted(coverable(problem) - covered(problem, times)):
        yield Reason(
            f"the pair {_pair(problem, k, times[k])} must be covered, and cannot be with what may be built",
            nodes=_ends(problem, [k]),
            barred={name: why for name, why in barred.items() if why not in EXPECTED},
        )


def _ends(problem: DesignProblem, pairs: Iterable[int]) -> tuple[str, ...]:
    """Return the ids of the nodes that pairs join."""
    ends = ((problem.pairs[k].origin, problem.pairs[k].destination) for k in pairs)
    return tuple(problem.nodes[node] for pair in ends for node in pair)


def _pair(problem: DesignProblem, k: int, time: int | None) -> str:
    pair = problem.pairs[k]
    ends = f"{problem.nodes[pair.origin]} - {problem.nodes[pair.destination]}"
    return f"{ends} ({'no path' if time is None else f'{time} s'}, limit {pair.limit} s)"


def _missed_targets(
    problem: DesignProblem, times: tuple[int | None, ...], barred: Mapping[str, str]
) -> Iterator[Reason]:
    everything = "everything built that may be" if barred else "everything built"
    pairs = covered(problem, times)
    for target in problem.targets:
        reached = rules.target_coverage(problem, target, pairs)
        if reached < target.least:
            yield Reason(
                f"the target of {target.least} for the {target.of} of group {target.group!r} is "
                f"{target.least - reached} short even with {everything}"
                f"{_uncovered(problem, target, pairs, times)}",
                target=target,
                nodes=_ends(problem, [k for k in range(len(problem.pairs)) if k not in pairs]),
                barred={name: why for name, why in barred.items() if why not in EXPECTED},
            )


def _uncovered(
    problem: DesignProblem, target: Target, pairs: Collection[int], times: tuple[int | None, ...]
) -> str:
    """Return what of the group of a target stays uncovered, to end a sentence."""
    if target.of == "pairs":
        missed = [k for k, pair in enumerate(problem.pairs) if pair.group == target.group and k not in pairs]
        names = listed([_pair(problem, k, times[k]) for k in missed])
        return f"; beyond their limits even then: {names}" if missed else ", and all of them are covered then"
    done = set(rules.covered_cities(problem, pairs))
    lines = []
    for city in (c for i, c in enumerate(problem.cities) if c.group == target.group and i not in done):
        missed = [k for k in city.pairs if k not in pairs]
        names, have = listed([_pair(problem, k, times[k]) for k in missed]), len(city.pairs) - len(missed)
        lines.append(f"{city.id} has {have} of the {city.need} pairs that it needs, without {names}")
    shown = "; ".join(lines[:MOST_LISTED])
    return f"; {shown}" if shown else ", and all of them are covered then"


# ---- every plan


class TooManyStepsError(Exception):
    """The circuits of a problem take more than `MOST_STEPS` steps to enumerate."""


def _first_plan(problem: DesignProblem, plans: Iterable[Mapping[str, int]]) -> tuple[str, ...] | None:
    """Return what the first of some plans builds that keeps every rule; None where there is none.

    Parameters
    ----------
    problem
        Any problem.
    plans
        The period in which each built candidate is started; without periods the values do not count.

    Raises
    ------
    TooManyStepsError
        When its rings have too many circuits.
    """
    required, count = rules.required_pairs(problem), iter(range(MOST_STEPS))
    insufficient: list[set[str]] = []
    for starts in plans:
        built, schedule = set(starts), dict(starts) if problem.periods else {}
        final = set(rules.period_states(problem, built, schedule)[-1].is_open)
        # Coverage and rings depend on what is open in the end alone, and a part of it never does more.
        if any(final <= known for known in insufficient):
            continue
        if any(rules.building_faults(problem, built)) or any(rules.schedule_faults(problem, schedule)):
            continue
        enough = not any(rules.coverage_faults(problem, covered_pairs(problem, final), required))
        if enough and _can_form(problem, final, count):
            return tuple(sorted(built))
        insufficient.append(final)
    return None


def _every_plan(problem: DesignProblem) -> Iterator[dict[str, int]]:
    """Yield every plan with its starts, each after those that build as early and more."""
    names = list(problem.index)
    for choice in itertools.product(*(_start_choices(problem, name) for name in names)):
        yield {name: t for name, t in zip(names, choice, strict=True) if t is not None}


def earliest_starts(problem: DesignProblem, names: Iterable[str]) -> dict[str, int]:
    """Return the first period of each candidate by which there is money, one candidate after another.

    Without periods it is 0.
    """
    starts: dict[str, int] = {}
    if not problem.periods:
        return dict.fromkeys(names, 0)
    left = list(itertools.accumulate(period.budget for period in problem.periods))
    for name in names:
        cost = problem.cost_of([name])
        t = next((t for t in range(len(left)) if min(left[t:]) >= cost), len(left) - 1)
        starts[name] = t
        left = [money - cost if i >= t else money for i, money in enumerate(left)]
    return starts


def _start_choices(problem: DesignProblem, name: str) -> list[int | None]:
    """Return the periods in which a candidate may be started; None: it is not built."""
    fixed = problem.candidates[problem.index[name]].fixed
    periods: list[int | None] = [] if fixed == "out" else list(range(max(1, len(problem.periods))))
    return periods if fixed == "in" else [*periods, None]


def _can_form(problem: DesignProblem, final: Collection[str], count: Iterator[int]) -> bool:
    """Return whether the required rings can be formed with what is open, apart where they must be."""
    required = [ring for ring in problem.rings if ring.required]
    for chosen in itertools.product(*[list(_circuits(ring, final, count)) for ring in required]):
        if next(count, None) is None:
            raise TooManyStepsError
        circuits = {ring.id: links for ring, links in zip(required, chosen, strict=True)}
        if not any(ring_faults(problem, circuits, final)):
            return True
    return False


def _circuits(ring: Ring, built: Collection[str], count: Iterator[int]) -> Iterator[tuple[int, ...]]:
    """Yield every circuit that forms a ring, as links in order, once in each direction."""
    leave: dict[int, list[tuple[int, int]]] = {}
    for k, link in enumerate(ring.links):
        if link.candidate is None or link.candidate in built:
            leave.setdefault(link.tail, []).append((k, link.head))
            if link.tail != link.head:
                leave.setdefault(link.head, []).append((k, link.tail))
    for start in sorted(leave):
        # Only nodes after the start, so that each circuit is found from its first node alone.
        stack: list[tuple[int, tuple[int, ...], frozenset[int]]] = [(start, (), frozenset([start]))]
        while stack:
            at, links, seen = stack.pop()
            for k, to in leave[at]:
                if next(count, None) is None:
                    raise TooManyStepsError
                longer = (*links, k)
                if to == start and k not in links:
                    if not circuit_fault(ring, longer, built):
                        yield longer
                elif to > start and to not in seen:
                    stack.append((to, longer, seen | {to}))
