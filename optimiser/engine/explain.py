"""Explain why a problem is infeasible."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from optimiser.engine.conflict import quick_explain
from optimiser.problem import Capacity, City, DesignProblem, Period, Ring, Target
from optimiser.problem.model import unused_id
from optimiser.problem.result import Reason
from optimiser.verify.infeasible import is_enumerable, obstacles, prove_infeasible
from optimiser.verify.rules import required_pairs

MOST_SENTENCES = 5
"""Most reasons in a message."""

MOST_ENUMERATING_S = 1.0
"""Seconds after the time limit in which small relaxations are still enumerated, which needs no solver."""

MOST_LISTED = 12
"""Most constraints of a conflict that a message lists."""

type HasNoPlan = Callable[[DesignProblem, float], bool]
"""Returns whether a problem is proved infeasible within a number of seconds."""


@dataclass(frozen=True, slots=True)
class RingDemand:
    """A demand of a ring on its circuit, which can be kept or left out while the ring must be formed.

    Attributes
    ----------
    ring
        Id of the ring.
    key
        Field of `Ring` that holds the demand: `least_stops`, `least_by_group`, `stops` (that it must pass
        one) or `longest`.
    entry
        The group or the position of the stop; None where the field is the demand.
    """

    ring: str
    key: str
    entry: str | int | None = None


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint of a problem that can be kept or left out.

    Attributes
    ----------
    text
        Description for messages.
    key
        Field of the problem to which it belongs; `fixed` for fixed candidates, `must` for required pairs,
        `demands of rings` for what a ring demands of its circuit.
    value
        Its entry in that field.
    nodes
        Ids of the nodes that `text` names.
    stops
        Ids of the stops of a ring that `text` names.
    """

    text: str
    key: str
    value: object
    nodes: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()

    def as_reason(self) -> Reason:
        """Return the constraint as one of the reasons why a problem is infeasible."""
        target = self.value if isinstance(self.value, Target) else None
        capacity = self.value.id if isinstance(self.value, Capacity) else ""
        ring = self.value.ring if isinstance(self.value, RingDemand) else ""
        ring = str(self.value) if self.key == "rings" else ring
        return Reason(self.text, target, self.nodes, capacity=capacity, ring=ring, stops=self.stops)


def explain(problem: DesignProblem, has_no_plan: HasNoPlan, *, seconds: float) -> tuple[Reason, ...]:
    """Return why a problem is infeasible.

    Parameters
    ----------
    problem
        A problem that was proved infeasible.
    has_no_plan
        Proves relaxations of the problem infeasible that are too large for enumeration.
    seconds
        Time limit for these proofs.

    Notes
    -----
    Reasons that need no search come first (`obstacles`); without any, a conflict is sought
    (`conflict_among`).
    """
    known = obstacles(problem)
    if known:
        more = len(known) - MOST_SENTENCES
        return (*known[:MOST_SENTENCES], *([Reason(f"and {more} more reasons")] if more > 0 else []))
    return conflict_among(problem, has_no_plan, seconds=seconds)


def conflict_among(problem: DesignProblem, has_no_plan: HasNoPlan, *, seconds: float) -> tuple[Reason, ...]:
    """Return a small set of conflicting constraints (`quick_explain`), preceded by a heading.

    Parameters
    ----------
    problem, has_no_plan, seconds
        As for `explain`.
    """
    end = time.monotonic() + seconds
    all_constraints = list(constraints(problem))

    def is_empty(some: Sequence[Constraint]) -> bool:
        left = end - time.monotonic()
        if left <= -MOST_ENUMERATING_S:
            return False
        part = with_only(problem, some)
        if is_enumerable(part):
            verdict = prove_infeasible(part)
            if verdict.by != "solver":
                return verdict.plan is None
        return left > 0 and has_no_plan(part, left)

    found = quick_explain(all_constraints, is_empty)
    return _as_reasons(found, len(all_constraints), timed_out=time.monotonic() >= end)


def _as_reasons(found: Sequence[Constraint], count: int, *, timed_out: bool) -> tuple[Reason, ...]:
    """Return a conflict as reasons; after a time-out it may contain superfluous constraints."""
    if len(found) > MOST_LISTED:
        kinds = sorted({item.key for item in found})
        text = (
            f"{len(found)} of its {count} constraints ({', '.join(kinds)}) conflict, "
            "and no smaller set that does was found"
        )
        return (Reason(text),)
    rest = "not all of them may be needed for that" if timed_out else "without any one of them the others can"
    heading = Reason(f"these cannot all be met, and {rest}:")
    return (heading, *(item.as_reason() for item in found))


def constraints(problem: DesignProblem) -> Iterator[Constraint]:
    """Yield the constraints of a problem, first those that a user can hardly change."""
    for candidate in problem.candidates:
        if candidate.fixed is not None:
            yield Constraint(f"{candidate.id!r} is fixed {candidate.fixed}", "fixed", candidate.id)
    for two in problem.requires:
        yield Constraint(f"{two[0]!r} requires {two[1]!r}", "requires", two)
    for two in problem.excludes:
        yield Constraint(f"{two[0]!r} and {two[1]!r} exclude each other", "excludes", two)
    yield from _required_pairs(problem)
    for ring in problem.rings:
        if ring.required:
            yield Constraint(f"the ring {ring.id!r} must be formed", "rings", ring.id)
            yield from _ring_demands(ring)
    for target in problem.targets:
        text = f"the target of {target.least} for the {target.of} of group {target.group!r}"
        yield Constraint(text, "targets", target)
    for cap in problem.caps:
        yield Constraint(f"the cap of {_money(problem, cap[1])} on {cap[0]}", "caps", cap)
    for capacity in problem.capacities:
        yield Constraint(f"the capacity {capacity.id!r} of {capacity.most:,}", "capacities", capacity)
    if problem.budget is not None:
        yield Constraint(f"the budget of {_money(problem, problem.budget)}", "budget", problem.budget)


def _required_pairs(problem: DesignProblem) -> Iterator[Constraint]:
    for k, is_required in enumerate(required_pairs(problem)):
        if is_required:
            pair = problem.pairs[k]
            ends = (problem.nodes[pair.origin], problem.nodes[pair.destination])
            text = f"the pair {' - '.join(ends)} must be covered within {pair.limit} s"
            yield Constraint(text, "must", k, ends)


def _ring_demands(ring: Ring) -> Iterator[Constraint]:
    def demand(
        text: str, key: str, entry: str | int | None = None, stops: tuple[str, ...] = ()
    ) -> Constraint:
        value = RingDemand(ring.id, key, entry)
        return Constraint(f"the ring {ring.id!r} {text}", "demands of rings", value, stops=stops)

    if ring.least_stops:
        yield demand(f"must pass {ring.least_stops} stops", "least_stops")
    for group, least in ring.least_by_group:
        if least:
            yield demand(f"must pass {least} stops of group {group!r}", "least_by_group", group)
    for position, stop in enumerate(ring.stops):
        if stop.must:
            yield demand(f"must pass {stop.id!r}", "stops", position, (stop.id,))
    if ring.longest is not None:
        yield demand(f"may be {ring.longest:,} m long", "longest")


def _money(problem: DesignProblem, amount: int) -> str:
    return f"{amount:,} {problem.money}".rstrip()


def with_only(problem: DesignProblem, some: Sequence[Constraint]) -> DesignProblem:
    """Return a problem with only some of its constraints; it is feasible exactly if they can be satisfied.

    Parameters
    ----------
    problem
        The problem.
    some
        Some of its `constraints`.

    Notes
    -----
    Without the budget constraint, the budget is the cost of everything, so that it never binds, and all of it
    is available in the first period. A required pair becomes a target of one for a city that consists of this
    pair, in a group of its own. Rings are kept apart only from other rings that must be formed.
    """
    by_key: dict[str, list[object]] = {}
    for item in some:
        by_key.setdefault(item.key, []).append(item.value)
    fixed, must = set(by_key.get("fixed", [])), [k for k in by_key.get("must", []) if isinstance(k, int)]
    taken = {name for city in problem.cities for name in (city.id, city.group)}
    names = {k: unused_id(f"pair {k}", taken) for k in must}
    cities = [City(names[k], 1, (k,), 1, names[k]) for k in must]
    budget = problem.budget if "budget" in by_key else sum(c.cost for c in problem.candidates)
    return problem.replace(
        candidates=tuple(
            c if c.id in fixed else dataclasses.replace(c, fixed=None) for c in problem.candidates
        ),
        budget=budget,
        rings=_only_rings(problem, by_key.get("rings", []), by_key.get("demands of rings", [])),
        periods=problem.periods if "budget" in by_key else _all_at_once(problem, budget),
        cover="all",
        cities=(*problem.cities, *cities),
        caps=tuple(cap for cap in problem.caps if cap in by_key.get("caps", [])),
        capacities=tuple(c for c in problem.capacities if c in by_key.get("capacities", [])),
        targets=(
            *(target for target in problem.targets if target in by_key.get("targets", [])),
            *(Target(names[k], 1, "cities") for k in must),
        ),
        excludes=tuple(two for two in problem.excludes if two in by_key.get("excludes", [])),
        requires=tuple(two for two in problem.requires if two in by_key.get("requires", [])),
    )


def _only_rings(
    problem: DesignProblem, names: Sequence[object], demands: Sequence[object]
) -> tuple[Ring, ...]:
    """Return the rings that must be formed, with some of their demands."""
    return tuple(_with_demands(ring, names, demands) for ring in problem.rings if ring.id in names)


def _with_demands(ring: Ring, names: Sequence[object], demands: Sequence[object]) -> Ring:
    def demanded(key: str, entry: str | int | None = None) -> bool:
        return RingDemand(ring.id, key, entry) in demands

    return dataclasses.replace(
        ring,
        apart=tuple(other for other in ring.apart if other in names),
        least_stops=ring.least_stops if demanded("least_stops") else 0,
        least_by_group=tuple(item for item in ring.least_by_group if demanded("least_by_group", item[0])),
        stops=tuple(
            dataclasses.replace(stop, must=stop.must and demanded("stops", i))
            for i, stop in enumerate(ring.stops)
        ),
        longest=ring.longest if demanded("longest") else None,
    )


def _all_at_once(problem: DesignProblem, money: int | None) -> tuple[Period, ...]:
    """Return the periods with the whole budget in the first one."""
    return tuple(
        dataclasses.replace(period, budget=0 if t else money or 0) for t, period in enumerate(problem.periods)
    )
