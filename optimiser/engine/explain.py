"""Explain why a problem is infeasible."""

import dataclasses
import itertools
import time
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from optimiser.problem import City, DesignProblem, Ring, Target, model
from optimiser.problem.result import Reason
from optimiser.verify.infeasible import is_enumerable, obstacles, prove_infeasible
from optimiser.verify.rules import required_pairs

MOST_SENTENCES = 5
"""Most reasons in a message."""

MOST_ENUMERATING_S = 1.0
"""Seconds after the time limit in which small relaxations are still enumerated, which needs no solver."""

MOST_PROOFS = 40
"""Most proofs by a solver that the search for a conflict takes, for some five constraints among fifty."""

MOST_LISTED = 12
"""Most constraints of a conflict that a message lists."""

type HasNoPlan = Callable[[DesignProblem, float], bool]
"""Returns whether a problem is proved infeasible within a number of seconds."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint of a problem that can be kept or left out.

    Attributes
    ----------
    key
        Field of the problem to which it belongs; `fixed` for fixed candidates, `must` for required pairs,
        `demands of rings` for what a ring that must be formed demands of its circuit.
    value
        Its entry in that field; of a demand the id of the ring, the field of `Ring` that holds it, and the
        group or the position of the stop (None where the field is the demand).
    reason
        What it says, as one of the reasons why there is no plan.
    """

    key: str
    value: Hashable
    reason: Reason


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
    end, proofs = time.monotonic() + seconds, itertools.count(1)
    all_constraints, is_cut_short = list(constraints(problem)), False

    def is_empty(some: Sequence[Constraint]) -> bool:
        nonlocal is_cut_short
        left = end - time.monotonic()
        if left <= -MOST_ENUMERATING_S:
            return False
        part = with_only(problem, some)
        if is_enumerable(part):
            verdict = prove_infeasible(part)
            if verdict.by != "solver":
                return verdict.plan is None
        is_cut_short = left <= 0 or next(proofs) > MOST_PROOFS
        return not is_cut_short and has_no_plan(part, left)

    found = quick_explain(all_constraints, is_empty)
    if len(found) > MOST_LISTED:
        kinds = ", ".join(sorted({item.key for item in found}))
        conflict = f"{len(found)} of its {len(all_constraints)} constraints ({kinds}) conflict"
        return (Reason(f"{conflict}, and no smaller set that does was found"),)
    # When cut short, the conflict may contain superfluous constraints.
    rest = "without any one of them the others can"
    rest = "not all of them may be needed for that" if is_cut_short else rest
    return (Reason(f"these cannot all be met, and {rest}:"), *(item.reason for item in found))


def quick_explain[T](items: Sequence[T], is_empty: Callable[[Sequence[T]], bool]) -> list[T]:
    """Return a subset of constraints that cannot all be satisfied.

    Parameters
    ----------
    items
        Constraints that cannot all be satisfied.
    is_empty
        Returns whether it is proved that the given constraints cannot all be satisfied. It may fail to find a
        proof, but True must be correct.

    Returns
    -------
    list
        The conflict, in the order of `items`. It is minimal if every proof was found.

    Notes
    -----
    QuickXplain (Junker, "Preferred explanations and relaxations for over-constrained problems", AAAI 2004): a
    conflict of k among n constraints takes about 2 k log(n / k) + 2 k proofs. Invariant of `_part`: `kept`
    and `left` together cannot be satisfied, and neither can `kept` and the result. A missed proof only leaves
    superfluous constraints in the conflict.
    """
    found = _part([], list(range(len(items))), lambda which: is_empty([items[i] for i in which]), fresh=False)
    return [items[i] for i in sorted(found)]


def _part(
    kept: list[int], left: list[int], is_empty: Callable[[list[int]], bool], *, fresh: bool
) -> list[int]:
    """Return a subset of `left` that conflicts with `kept`; `fresh`: `kept` has grown just now."""
    if fresh and is_empty(kept):
        return []
    if len(left) == 1:
        return left
    first, second = left[: len(left) // 2], left[len(left) // 2 :]
    late = _part([*kept, *first], second, is_empty, fresh=bool(first))
    return [*_part([*kept, *late], first, is_empty, fresh=bool(late)), *late]


def constraints(problem: DesignProblem) -> Iterator[Constraint]:
    """Yield the constraints of a problem, first those that a user can hardly change."""

    def money(amount: int) -> str:
        return f"{amount:,} {problem.money}".rstrip()

    for c in (c for c in problem.candidates if c.fixed is not None):
        yield Constraint("fixed", c.id, Reason(f"{c.id!r} is fixed {c.fixed}"))
    for two in problem.requires:
        yield Constraint("requires", two, Reason(f"{two[0]!r} requires {two[1]!r}"))
    for two in problem.excludes:
        yield Constraint("excludes", two, Reason(f"{two[0]!r} and {two[1]!r} exclude each other"))
    for k in sorted(required_pairs(problem)):
        pair = problem.pairs[k]
        ends = (problem.nodes[pair.origin], problem.nodes[pair.destination])
        text = f"the pair {' - '.join(ends)} must be covered within {pair.limit} s"
        yield Constraint("must", k, Reason(text, nodes=ends))
    for ring in (ring for ring in problem.rings if ring.required):
        yield Constraint("rings", ring.id, Reason(f"the ring {ring.id!r} must be formed", ring=ring.id))
        for text, key, entry, stops in _ring_demands(ring):
            reason = Reason(f"the ring {ring.id!r} {text}", ring=ring.id, stops=stops)
            yield Constraint("demands of rings", (ring.id, key, entry), reason)
    for target in problem.targets:
        text = f"the target of {target.least} for the {target.of} of group {target.group!r}"
        yield Constraint("targets", target, Reason(text, target))
    for cap in problem.caps:
        yield Constraint("caps", cap, Reason(f"the cap of {money(cap[1])} on {cap[0]}"))
    for capacity in problem.capacities:
        text = f"the capacity {capacity.id!r} of {capacity.most:,}"
        yield Constraint("capacities", capacity, Reason(text, capacity=capacity.id))
    if problem.budget is not None:
        yield Constraint("budget", problem.budget, Reason(f"the budget of {money(problem.budget)}"))


def _ring_demands(ring: Ring) -> Iterator[tuple[str, str, str | int | None, tuple[str, ...]]]:
    """Yield what a ring demands of its circuit: in words, field, entry, and the stops that the words name."""
    if ring.least_stops:
        yield f"must pass {ring.least_stops} stops", "least_stops", None, ()
    for group, least in ring.least_by_group:
        if least:
            yield f"must pass {least} stops of group {group!r}", "least_by_group", group, ()
    for position, stop in enumerate(ring.stops):
        if stop.must:
            yield f"must pass {stop.id!r}", "stops", position, (stop.id,)
    if ring.longest is not None:
        yield f"may be {ring.longest:,} m long", "longest", None, ()


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
    kept = {(item.key, item.value) for item in some}

    def left(key: str) -> tuple[Any, ...]:
        return tuple(value for value in getattr(problem, key) if (key, value) in kept)

    taken = {name for city in problem.cities for name in (city.id, city.group)}
    names = {k: model.unused_id(f"pair {k}", taken) for k in range(len(problem.pairs)) if ("must", k) in kept}
    budget, periods = problem.budget, problem.periods
    if ("budget", budget) not in kept:
        budget = sum(c.cost for c in problem.candidates)
        periods = tuple(dataclasses.replace(p, budget=0 if t else budget) for t, p in enumerate(periods))
    return problem.replace(
        candidates=tuple(
            c if ("fixed", c.id) in kept else dataclasses.replace(c, fixed=None) for c in problem.candidates
        ),
        budget=budget,
        rings=tuple(_with_demands(ring, kept) for ring in problem.rings if ("rings", ring.id) in kept),
        periods=periods,
        cover="all",
        cities=(*problem.cities, *(City(name, 1, (k,), 1, name) for k, name in names.items())),
        caps=left("caps"),
        capacities=left("capacities"),
        targets=(*left("targets"), *(Target(name, 1, "cities") for name in names.values())),
        excludes=left("excludes"),
        requires=left("requires"),
    )


def _with_demands(ring: Ring, kept: Collection[tuple[str, Hashable]]) -> Ring:
    """Return a ring with those of its demands that are kept."""

    def demanded(key: str, entry: str | int | None = None) -> bool:
        return ("demands of rings", (ring.id, key, entry)) in kept

    return dataclasses.replace(
        ring,
        apart=tuple(other for other in ring.apart if ("rings", other) in kept),
        least_stops=ring.least_stops if demanded("least_stops") else 0,
        least_by_group=tuple(item for item in ring.least_by_group if demanded("least_by_group", item[0])),
        stops=tuple(
            dataclasses.replace(stop, must=stop.must and demanded("stops", i))
            for i, stop in enumerate(ring.stops)
        ),
        longest=ring.longest if demanded("longest") else None,
    )
