"""Find robust plans of each kind, with what is proven about them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from optimiser import verify
from optimiser.engine.attempt import Runner
from optimiser.engine.search.task import NamedPlan, SolveParameters
from optimiser.engine.solve import SolveFailure, solve
from optimiser.frontier.levels import LevelAnswer, LevelTarget, highest_level
from optimiser.frontier.robust import (
    Composition,
    Scenario,
    coverable_weights,
    covered_in_most,
    with_least,
)
from optimiser.problem import DesignProblem
from optimiser.problem.errors import ProblemError
from optimiser.problem.result import Result, rounded_bound
from optimiser.verify import Plan

type RobustKind = Literal["expected", "share", "max_min", "count", "regret"]
"""What a robust plan is best in: the expected weight; the same with a least share in every scenario; the
share that every scenario can be given; the weight of pairs covered in enough scenarios; the regret."""

STEPS = 1000
"""Shares of `max_min` are distinguished in thousandths."""
LEVEL_SHARE = 0.7
"""Share of the time that the largest level may take; the rest is for the best plan that attains it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RobustQuestion:
    """What a robust plan should be best in.

    Attributes
    ----------
    kind
        As `RobustKind` says.
    share
        With `share`: least share of the coverable weight in every scenario, 0 to 1.
    need
        With `count`: scenarios in which a pair must be covered to count.
    """

    kind: RobustKind = "expected"
    share: Fraction = Fraction(0)
    need: int = 1


@dataclass(frozen=True, slots=True)
class Alone:
    """The best plan of a scenario by itself.

    Attributes
    ----------
    built
        Ids of the best plan found.
    weight
        Its objective in the scenario.
    bound
        No plan is worth more there, as far as it is proven.
    """

    built: tuple[str, ...]
    weight: int
    bound: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RobustAnswer:
    """A robust plan, and what is proven about it.

    Attributes
    ----------
    problem
        The problem that `result` solves: the composed one, with the demands that the kind makes.
    result
        As the solver left it.
    plan
        What the independent check found about problem and result; None without a plan.
    level
        With `max_min` and `regret`: the largest level and its bound; None otherwise.
    """

    problem: DesignProblem
    result: Result
    plan: Plan | None
    level: LevelAnswer | None = None


def solve_alone(scenario: Scenario, params: SolveParameters, run: Runner | None = None) -> Alone:
    """Return the best plan of a scenario by itself, as if it were certain; it is checked independently.

    Parameters
    ----------
    scenario
        The scenario, its problem with a budget.
    params
        Gap, limit, seed and threads.
    run
        The process that solves it; default one of its own.

    Raises
    ------
    VerificationError
        When the plan fails the independent check.
    ProblemError
        When the scenario has no plan, or none was found.
    """
    result = _solved(scenario.problem, params, run)
    if not result.has_plan or result.bound is None:
        raise ProblemError(
            f"scenario {scenario.name!r} has no plan by itself that the others could be compared with",
            where=f"problem {scenario.problem.name!r}",
            faults=[result.message] if result.message else [],
            remedy="Leave the scenario out, or allow more time.",
        )
    plan = verify.check(scenario.problem, result)
    return Alone(plan.built, plan.objective, int(rounded_bound(result.bound)))


def robust_plan(
    composition: Composition,
    question: RobustQuestion,
    params: SolveParameters,
    *,
    alone: Sequence[Alone] = (),
    known: Iterable[Sequence[str]] = (),
    run: Runner | None = None,
    notify: Callable[[str], object] = lambda _text: None,
) -> RobustAnswer:
    """Return the best robust plan of a kind, with its proof.

    Parameters
    ----------
    composition
        The composed scenarios.
    question
        What the plan should be best in.
    params
        Gap, limit of everything together, seed and threads.
    alone
        The best plan of each scenario by itself, which `regret` needs.
    known
        Plans, as ids, from which to start.
    run
        The process that solves; default one of its own.
    notify
        Called with a line of text before each step.

    Raises
    ------
    ProblemError
        When the question does not suit the scenarios.
    VerificationError
        When the plan fails the independent check.

    Notes
    -----
    `max_min` and `regret` first find the largest level that some plan attains in all scenarios together
    (`levels.highest_level`): of the share in thousandths, or of the weight less that of the best plan found
    for the scenario alone. Then they find, among the plans that attain it, the one of the largest expected
    weight, which is what `result` proves. The bound on the level is a proof of its own.
    """
    known = tuple(tuple(built) for built in known)
    if question.kind == "count":
        return _answer(covered_in_most(composition, question.need), params, known, run)
    if question.kind == "expected":
        return _answer(composition.problem, params, known, run)
    ever = coverable_weights(composition)
    if question.kind == "share":
        least = [_rounded_up(question.share * weight) for weight in ever]
        return _answer(with_least(composition, least), params, known, run)
    begun = time.monotonic()
    targets, demanded = _targets(composition, question, ever, alone)
    with_least(composition, ever)  # refuses what has demands of its own
    if not targets:
        return _answer(composition.problem, params, known, run)
    limited = params.replace(time_limit_s=LEVEL_SHARE * params.time_limit_s, start=None)
    level = highest_level(composition.problem, targets, limited, known=known, notify=notify)
    if level.level is None:
        return _answer(composition.problem, params.replace(time_limit_s=1.0), known, run, level)
    problem = with_least(composition, demanded(level.level))
    left = max(1.0, params.time_limit_s - (time.monotonic() - begun))
    notify("Seeking the largest expected weight at that level")
    return _answer(problem, params.replace(time_limit_s=left), (level.built, *known), run, level)


def level_offset(alone: Sequence[Alone]) -> int:
    """Return the level at which the largest regret is 0: the smallest weight of a best plan.

    A gap of the level is then relative to the weight in the scenario that has least.
    """
    return min(one.weight for one in alone)


def _targets(
    composition: Composition, question: RobustQuestion, ever: Sequence[int], alone: Sequence[Alone]
) -> tuple[list[LevelTarget], Callable[[int], list[int]]]:
    """Return what a level asks for, and the function from a level to the least weight of each scenario."""
    scenarios = composition.scenarios
    if question.kind == "max_min":
        rows = [(s, weight) for s, weight in zip(scenarios, ever, strict=True) if weight]
        return [LevelTarget((s.name,), Fraction(s.weight * weight, STEPS)) for s, weight in rows], (
            lambda level: [_rounded_up(Fraction(level * weight, STEPS)) for weight in ever]
        )
    if len(alone) != len(scenarios):
        raise ProblemError("regret needs the best plan of each scenario by itself")
    offset = level_offset(alone)
    both = list(zip(scenarios, alone, strict=True))
    targets = [LevelTarget((s.name,), s.weight, s.weight * (one.weight - offset)) for s, one in both]
    return targets, lambda level: [max(0, one.weight - offset + level) for one in alone]


def _rounded_up(value: Fraction) -> int:
    return -(-value.numerator // value.denominator)


def _answer(
    problem: DesignProblem,
    params: SolveParameters,
    known: Sequence[Sequence[str]],
    run: Runner | None,
    level: LevelAnswer | None = None,
) -> RobustAnswer:
    start = NamedPlan(tuple(known[0])) if known else None
    result = _solved(problem, params.replace(start=start), run)
    plan = verify.check(problem, result) if result.has_plan else None
    return RobustAnswer(problem=problem, result=result, plan=plan, level=level)


def _solved(problem: DesignProblem, params: SolveParameters, run: Runner | None) -> Result:
    try:
        return solve(problem, params=params, run=run)
    except SolveFailure as failure:
        return failure.result
