"""Raise the worst tiers as far as the budget goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from optimiser.frontier.levels import LevelTarget, highest_level, lexicographic_shares
from optimiser.job.sections import Solve
from optimiser.problem import DesignProblem, Target
from optimiser.problem.errors import InfeasibleError
from optimiser.problem.model import TIERS
from optimiser.run import demands, solving

FORMAT = "polyring-levels/1"
STEPS = 1000
"""Shares are distinguished in thousandths."""
LEVEL_SHARE = 0.3
"""Part of the time limit of the job that the search for one level may take."""

type Weights = Mapping[str, int]
"""Weight by tier."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Whether tiers can be raised to given weights.

    Attributes
    ----------
    least
        Weight to be covered at least, by tier.
    answer
        `yes`: `built` does it; `no`: proved that no plan does; `open`: not settled in time, counts as no.
    built
        Ids of a plan that does it.
    seconds
        Elapsed time; 0 for what the answer before proved as well.
    """

    least: Weights
    answer: str
    built: tuple[str, ...]
    seconds: float


def raise_worst(
    problem: DesignProblem, coverable: Sequence[bool], settings: Solve, *, notify: Callable[[str], object]
) -> tuple[DesignProblem, dict[str, Any]]:
    """Return the problem with the levels that are best for the worst tiers as targets, and their proof.

    Parameters
    ----------
    problem
        A problem with a budget.
    coverable
        For each pair whether some plan covers it.
    settings
        Variant, solver, limit, threads and seed.
    notify
        Called with a line of text before each search for a level.

    Returns
    -------
    tuple
        The problem, and the contents of `levels.json`: each level, and what proves it: a plan that attains
        it, and the answer for the next higher level.

    Notes
    -----
    A share is of the weight of the tier's coverable pairs, as under `[least]`. A problem that has no plan is
    returned as it is, to be explained when it is solved.
    """
    totals = {tier: demands.coverable_weight(problem, tier, coverable) for tier in _tiers(problem)}
    params = solving.parameters(settings)
    params = params.replace(gap=0.0, time_limit_s=max(1.0, LEVEL_SHARE * params.time_limit_s))
    answered: list[Answered] = []

    def weights(fixed: Weights, level: int) -> Weights:
        """Return what tiers have to cover, those without a level of their own up to a common one."""
        asked = ((tier, Fraction(fixed.get(tier, level), STEPS), total) for tier, total in totals.items())
        return {tier: demands.least_weight(share, total) for tier, share, total in asked}

    def common_level(fixed: Weights) -> int | None:
        free = [tier for tier, total in totals.items() if total and tier not in fixed]
        notify(f"Raising {', '.join(free)} together, question {len(answered) + 1}")
        found = highest_level(
            with_least(problem, {tier: weights(fixed, 0)[tier] for tier in fixed}),
            [LevelTarget((tier,), Fraction(totals[tier], STEPS)) for tier in free],
            params,
            known=[one.built for one in answered if one.built],
        )
        level = found.level
        if level is None:
            if found.status != "infeasible":
                answered.append(Answered(weights(fixed, 0), "open", (), found.seconds))
            # With other tiers fixed, the plans before attain the highest of their levels.
            return max(fixed.values(), default=None)
        answered.append(Answered(weights(fixed, level), "yes", found.built, found.seconds))
        if level < STEPS:
            is_proven = found.bound is not None and found.bound <= level
            answer = "no" if is_proven else "open"
            answered.append(Answered(weights(fixed, level + 1), answer, (), 0.0))
        return level

    shares: dict[str, Fraction] = {}
    with suppress(InfeasibleError):
        shares = lexicographic_shares(totals, common_level, steps=STEPS)
    least = {tier: demands.least_weight(share, totals[tier]) for tier, share in shares.items()}
    proof = {
        "format": FORMAT,
        "steps": STEPS,
        "proven": all(one.answer != "open" for one in answered),
        "tiers": {
            tier: {"share": float(share), "least": least[tier], "coverable": totals[tier]}
            for tier, share in shares.items()
        },
        "questions": [asdict(one) for one in answered],
    }
    return with_least(problem, least), proof


def notes_on_levels(proof: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return what a reader must know of the levels, as sentences.

    Parameters
    ----------
    proof
        Contents of `levels.json`, None where there is none.
    """
    if proof is None or proof["proven"]:
        return ()
    answers = [question["answer"] for question in proof["questions"]]
    unsettled = f"{answers.count('open')} of {len(answers)} questions were not settled in time"
    reached = "The shares of the worst tiers are reached, but not proven to be the highest"
    return (f"{reached}: {unsettled}. Raise solve.time_limit_s.",)


def with_least(problem: DesignProblem, least: Weights) -> DesignProblem:
    """Return a problem that demands at least these weights of tiers, besides what it demanded."""
    before = {target.group: target.least for target in problem.targets if target.of == "pairs"}
    merged = {tier: max(weight, before.get(tier, 0)) for tier, weight in (before | dict(least)).items()}
    others = tuple(target for target in problem.targets if target.of != "pairs")
    raised = tuple(Target(tier, weight) for tier, weight in merged.items() if weight)
    return problem.replace(targets=(*raised, *others))


def _tiers(problem: DesignProblem) -> tuple[str, ...]:
    return tuple(tier for tier in TIERS if tier in problem.groups)
