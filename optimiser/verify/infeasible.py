"""Judge the claim that a problem has no plan."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from optimiser.problem import DesignProblem
from optimiser.verify.obstacles import obstacles
from optimiser.verify.plan import ProvedBy
from optimiser.verify.rules import building_faults, covering_faults, wanted_pairs
from optimiser.verify.times import covered, pair_times
from optimiser.verify.trial import TooMuchError, first_whole_plan, may_try_whole

MOST_FREE = 12
"""Candidates that are not fixed, up to which every plan is tried."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found about a problem that is said to have no plan.

    Attributes
    ----------
    by
        What proves it: an `argument`, an `enumeration` of all plans, or nothing but the `solver`; empty when
        it is not true.
    plan
        Ids of a plan that meets every constraint, when one was found.
    """

    by: ProvedBy
    plan: tuple[str, ...] | None = None


MOST_WORK = 5_000_000
"""Plans, times arcs, times origins, up to which every plan is tried: about a second."""


def may_try_all(problem: DesignProblem) -> bool:
    """Say whether a problem is small enough to try every plan."""
    free = sum(c.fixed is None for c in problem.candidates)
    if free > MOST_FREE:
        return False
    arcs = len(problem.arcs) + sum(len(c.arcs) for c in problem.candidates)
    return (1 << free) * arcs * len({pair.origin for pair in problem.pairs}) <= MOST_WORK


def judge(problem: DesignProblem) -> Verdict:
    """Prove or refute that a problem has no plan, as far as that is easy.

    Parameters
    ----------
    problem
        Any problem.
    """
    if obstacles(problem):
        return Verdict("argument")
    if not problem.is_plain:
        return _judge_whole(problem)
    free = [c.id for c in problem.candidates if c.fixed is None]
    must = [c.id for c in problem.candidates if c.fixed == "in"]
    small = may_try_all(problem)
    tried = _subsets(free) if small else iter([set(free), set[str]()])
    plan = _first_plan(problem, must, tried)
    if plan is not None:
        return Verdict("", plan)
    return Verdict("enumeration" if small else "solver")


def _judge_whole(problem: DesignProblem) -> Verdict:
    """Judge a problem with rings or periods by trying every plan, or else what is left of it without them."""
    if may_try_whole(problem):
        with suppress(TooMuchError):
            plan = first_whole_plan(problem)
            return Verdict("enumeration") if plan is None else Verdict("", plan)
    candidates = tuple(replace(c, lead=0) for c in problem.candidates)
    verdict = judge(problem.replace(rings=(), periods=(), candidates=candidates))
    return Verdict("solver") if verdict.plan is not None else verdict


def _subsets(names: list[str]) -> Iterator[set[str]]:
    """Yield every subset of names, larger ones first."""
    masks = sorted(range(1 << len(names)), key=lambda mask: -mask.bit_count())
    yield from ({name for j, name in enumerate(names) if mask >> j & 1} for mask in masks)


def _first_plan(problem: DesignProblem, must: list[str], tried: Iterator[set[str]]) -> tuple[str, ...] | None:
    """Return the first of some sets that meets every constraint together with what must be built.

    A part of a set that covers too little covers too little as well, and is passed over.
    """
    wanted = wanted_pairs(problem)
    short: list[set[str]] = []
    for chosen in tried:
        if any(chosen <= known for known in short):
            continue
        built = {*must, *chosen}
        if any(building_faults(problem, built)):
            continue
        pairs = {k for k, yes in enumerate(covered(problem, pair_times(problem, built))) if yes}
        if not any(covering_faults(problem, pairs, wanted)):
            return tuple(sorted(built))
        short.append(chosen)
    return None
