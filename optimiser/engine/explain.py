"""Say why a problem that was proved to have no plan has none."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from optimiser.engine.conflict import quick_explain
from optimiser.problem import City, DesignProblem, Period, Ring, Target
from optimiser.problem.model import unused_id
from optimiser.problem.result import Reason
from optimiser.verify.infeasible import is_enumerable, obstacles, prove_infeasible
from optimiser.verify.rules import required_pairs

MOST_SENTENCES = 5
"""Sentences that one message holds."""

MOST_LISTED = 12
"""Constraints of a conflict that one message lists."""

type HasNoPlan = Callable[[DesignProblem, float], bool]
"""Says whether it is proved within some seconds that a problem has no plan."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """One constraint of a problem, as a part that can be put in and left out.

    Attributes
    ----------
    text
        For a reader.
    key
        Field of the problem that it belongs to; `fixed` and `must` for candidates and pairs.
    value
        What it adds to that field.
    nodes
        Ids of the nodes that `text` names.
    """

    text: str
    key: str
    value: object
    nodes: tuple[str, ...] = ()


def explain(problem: DesignProblem, has_no_plan: HasNoPlan, *, seconds: float) -> tuple[Reason, ...]:
    """Return why no plan exists.

    Parameters
    ----------
    problem
        A problem that was proved to have no plan.
    has_no_plan
        Proves the same of parts of it that are too large to try every plan.
    seconds
        Most time to spend on that.

    Notes
    -----
    An argument that needs no search comes first (`obstacles`), else a conflict (`conflict_among`).
    """
    known = obstacles(problem)
    if known:
        more = len(known) - MOST_SENTENCES
        return (*known[:MOST_SENTENCES], *([Reason(f"and {more} more reasons")] if more > 0 else []))
    return conflict_among(problem, has_no_plan, seconds=seconds)


def conflict_among(problem: DesignProblem, has_no_plan: HasNoPlan, *, seconds: float) -> tuple[Reason, ...]:
    """Return a small set of constraints that cannot all be met, behind a heading (`quick_explain`).

    Parameters
    ----------
    problem, has_no_plan, seconds
        As for `explain`.
    """
    end = time.monotonic() + seconds
    every = list(constraints(problem))

    def is_empty(some: Sequence[Constraint]) -> bool:
        part = with_only(problem, some)
        if is_enumerable(part):
            verdict = prove_infeasible(part)
            if verdict.by != "solver":
                return verdict.plan is None
        left = end - time.monotonic()
        return left > 0 and has_no_plan(part, left)

    found = quick_explain(every, is_empty)
    return _told(found, len(every), whole=time.monotonic() >= end)


def _told(found: Sequence[Constraint], count: int, *, whole: bool) -> tuple[Reason, ...]:
    """Return a conflict as reasons; `whole`: time ran out before all that is not needed was left out."""
    if len(found) > MOST_LISTED:
        kinds = sorted({item.key for item in found})
        text = (
            f"{len(found)} of its {count} constraints ({', '.join(kinds)}) conflict, "
            "and no smaller set that does was found"
        )
        return (Reason(text),)
    rest = "not all of them may be needed for that" if whole else "without any one of them the others can"
    heading = Reason(f"these cannot all be met, and {rest}:")
    return (heading, *(_reason(item) for item in found))


def _reason(item: Constraint) -> Reason:
    return Reason(item.text, item.value if isinstance(item.value, Target) else None, item.nodes)


def constraints(problem: DesignProblem) -> Iterator[Constraint]:
    """Yield the constraints of a problem, those first that a reader can least change."""
    for candidate in problem.candidates:
        if candidate.fixed is not None:
            yield Constraint(f"{candidate.id!r} is fixed {candidate.fixed}", "fixed", candidate.id)
    for two in problem.requires:
        yield Constraint(f"{two[0]!r} requires {two[1]!r}", "requires", two)
    for two in problem.excludes:
        yield Constraint(f"{two[0]!r} and {two[1]!r} exclude each other", "excludes", two)
    yield from _wanted_pairs(problem)
    for ring in problem.rings:
        if ring.required:
            yield Constraint(f"the ring {ring.id!r} must be formed", "rings", ring.id)
    for target in problem.targets:
        text = f"the target of {target.least} for the {target.of} of group {target.group!r}"
        yield Constraint(text, "targets", target)
    for cap in problem.caps:
        yield Constraint(f"the cap of {_money(problem, cap[1])} on {cap[0]}", "caps", cap)
    if problem.budget is not None:
        yield Constraint(f"the budget of {_money(problem, problem.budget)}", "budget", problem.budget)


def _wanted_pairs(problem: DesignProblem) -> Iterator[Constraint]:
    for k, wanted in enumerate(required_pairs(problem)):
        if wanted:
            pair = problem.pairs[k]
            ends = (problem.nodes[pair.origin], problem.nodes[pair.destination])
            text = f"the pair {' - '.join(ends)} must be covered within {pair.limit} s"
            yield Constraint(text, "must", k, ends)


def _money(problem: DesignProblem, amount: int) -> str:
    return f"{amount:,} {problem.money}".rstrip()


def with_only(problem: DesignProblem, some: Sequence[Constraint]) -> DesignProblem:
    """Return a problem with only some of its constraints, which has a plan if and only if they can be met.

    Parameters
    ----------
    problem
        The problem.
    some
        Of its `constraints`.

    Notes
    -----
    Its budget is that of the problem, or else what everything costs, so that it never binds. That pair k must
    be covered becomes a target of one for a city of that pair alone, in a group of its own. Rings are apart
    from those only that must be formed as well; without the budget all its money comes in the first period.
    """
    held: dict[str, list[object]] = {}
    for item in some:
        held.setdefault(item.key, []).append(item.value)
    fixed, must = set(held.get("fixed", [])), [k for k in held.get("must", []) if isinstance(k, int)]
    taken = {name for city in problem.cities for name in (city.id, city.group)}
    names = {k: unused_id(f"pair {k}", taken) for k in must}
    cities = [City(names[k], 1, (k,), 1, names[k]) for k in must]
    budget = problem.budget if "budget" in held else sum(c.cost for c in problem.candidates)
    return problem.replace(
        candidates=tuple(
            c if c.id in fixed else dataclasses.replace(c, fixed=None) for c in problem.candidates
        ),
        budget=budget,
        rings=_only_rings(problem, held.get("rings", [])),
        periods=problem.periods if "budget" in held else _all_at_once(problem, budget),
        cover="all",
        cities=(*problem.cities, *cities),
        caps=tuple(cap for cap in problem.caps if cap in held.get("caps", [])),
        targets=(
            *(target for target in problem.targets if target in held.get("targets", [])),
            *(Target(names[k], 1, "cities") for k in must),
        ),
        excludes=tuple(two for two in problem.excludes if two in held.get("excludes", [])),
        requires=tuple(two for two in problem.requires if two in held.get("requires", [])),
    )


def _only_rings(problem: DesignProblem, names: Sequence[object]) -> tuple[Ring, ...]:
    return tuple(
        dataclasses.replace(ring, apart=tuple(other for other in ring.apart if other in names))
        for ring in problem.rings
        if ring.id in names
    )


def _all_at_once(problem: DesignProblem, money: int | None) -> tuple[Period, ...]:
    """Return the periods with all money in the first one."""
    return tuple(
        dataclasses.replace(period, budget=0 if t else money or 0) for t, period in enumerate(problem.periods)
    )
