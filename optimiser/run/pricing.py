"""Find what the same budget would cover if nothing were demanded, and what it would cost to have both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from optimiser import verify
from optimiser.job.model import Job
from optimiser.job.sections import TIERS, Solve
from optimiser.problem import City, DesignProblem, Target
from optimiser.problem.model import unused_id
from optimiser.report.fairness import Fairness, TierPrice, from_dict
from optimiser.run import solving, store
from optimiser.run.solving import is_proven
from optimiser.verify import Plan

_WHAT = {
    "core": "pairs of core cities",
    "secondary": "pairs whose smaller city is secondary",
    "small": "pairs with a small city",
}


def demands(job: Job) -> tuple[str, ...]:
    """Return in words what a job demands of a plan for the sake of fairness; empty: nothing.

    Parameters
    ----------
    job
        The job.
    """
    return tuple(_demands(job)) if not job.budget.unlimited else ()


def _demands(job: Job) -> Iterator[str]:
    if job.objective.kind == "max_min":
        yield "the share of the worst tier as high as it goes, then that of the next"
    for tier in TIERS:
        share = getattr(job.least, tier)
        if share:
            yield f"{_share(share)} of the {_WHAT[tier]} that can be covered, by weight"
        cities = getattr(job.city_coverage, f"least_{tier}")
        if cities:
            yield f"{_share(cities)} of the {tier} cities that can be covered as a whole, by weight"
    factors = {tier: getattr(job.objective, tier) for tier in TIERS}
    if len(set(factors.values())) > 1:
        yield "weights of " + ", ".join(f"{tier} pairs times {factor}" for tier, factor in factors.items())
    if job.city_coverage.weight:
        yield f"cities covered as a whole to count besides pairs, with factor {job.city_coverage.weight}"


def _share(share: float) -> str:
    return f"{100 * share:g} %"


def write_fairness(folder: Path, problem: DesignProblem, plan: Plan, pairs: Path, job: Job) -> None:
    """Write `fairness.json`.

    Parameters
    ----------
    folder
        Where it goes.
    problem, plan
        What was solved and found, with the demands.
    pairs
        File with one row a pair: `weight` without the factor of its tier.
    job
        The job.
    """
    weights = [int(weight) for weight in pd.read_parquet(pairs)["weight"]]
    found = fairness(problem, plan, weights, asked=demands(job), settings=job.solve)
    store.save_json(folder / "fairness.json", found.as_dict())


def load_fairness(folder: Path) -> Fairness:
    """Read what `write_fairness` wrote."""
    return from_dict(store.load_json(folder / "fairness.json"))


def fairness(
    problem: DesignProblem, plan: Plan, weights: Sequence[int], *, asked: Sequence[str], settings: Solve
) -> Fairness:
    """Return what the demands of a problem change and cost.

    Parameters
    ----------
    problem, plan
        A problem with a budget, and its plan.
    weights
        Weight of each pair without the factor of its tier.
    asked
        What is demanded, in words.
    settings
        Variant, solver, gap, limit, threads and seed.

    Notes
    -----
    The plan meets all that the problem without demands asks for, so its worth there is a bound from below for
    that one: where the solver, within its gap, finds no better plan, the plan itself is taken.
    """
    open_ = free_problem(problem, weights)
    mine = verify.score(open_, plan.built, rings=plan.rings, starts=plan.starts)
    result = solving.solve(open_, settings)
    free = verify.check(open_, result) if result.status in {"optimal", "feasible"} else mine
    free = free if free.objective > mine.objective else mine
    states = (_coverable(open_), mine.covered_before, mine.covered, free.covered)
    weight = [_by_tier(open_, pairs) for pairs in states]
    tiers = tuple(TierPrice(t, *(one[t] for one in weight)) for t in TIERS if t in problem.groups)
    least, proven = (None, False) if problem.periods else _cost_of_both(open_, tiers, settings)
    built, other = set(plan.built), set(free.built)
    return Fairness(
        demands=tuple(asked),
        tiers=tiers,
        free_gap=result.gap,
        only_plan=tuple(sorted(built - other)),
        only_free=tuple(sorted(other - built)),
        cost_of_both=least,
        both_proven=proven,
        worth_plan=mine.objective,
        worth_free=free.objective,
        counted="weight over all periods, each with its factor" if problem.periods else "weight",
        budget=problem.budget or 0,
        money=problem.money,
    )


def free_problem(problem: DesignProblem, weights: Sequence[int]) -> DesignProblem:
    """Return the problem without targets, cities and factors of tiers; budget, caps and rings stay."""
    pairs = (replace(pair, weight=weight) for pair, weight in zip(problem.pairs, weights, strict=True))
    return problem.replace(pairs=tuple(pairs), targets=(), cities=())


def both_problem(problem: DesignProblem, tiers: Sequence[TierPrice]) -> DesignProblem:
    """Return the problem of covering at least cost what demands give to tiers, and in all as much as without.

    Parameters
    ----------
    problem
        The problem without demands.
    tiers
        What each tier has with the plan, and without demands.

    Notes
    -----
    Targets speak of one group, so that what is covered in all becomes a target of cities: one city for each
    pair that is not covered today, which that pair covers. Caps stay at the money that they were.
    """
    everything = unused_id("all pairs", problem.groups)
    open_ = [k for k, yes in enumerate(_covered(problem, ())) if not yes]
    cities = tuple(City(f"pair {k}", problem.pairs[k].weight, (k,), 1, everything) for k in open_)
    wanted = sum(tier.free - tier.today for tier in tiers)
    targets = (
        *(Target(tier.tier, tier.plan) for tier in tiers if tier.gained > 0),
        *((Target(everything, wanted, "cities"),) if wanted else ()),
    )
    return problem.replace(budget=None, cover="targets", cities=cities, targets=targets)


def _cost_of_both(
    problem: DesignProblem, tiers: Sequence[TierPrice], settings: Solve
) -> tuple[int | None, bool]:
    """Return the least cost to have both, and whether it is proven to the gap asked for."""
    if sum(tier.gained for tier in tiers) >= 0:
        return None, False
    result = solving.solve(both_problem(problem, tiers), settings)
    known = result.status in {"optimal", "feasible"}
    return (result.cost if known else None), is_proven(result, settings.gap)


def _covered(problem: DesignProblem, built: Sequence[str]) -> tuple[bool, ...]:
    from optimiser.verify.times import covered, pair_times

    return tuple(covered(problem, pair_times(problem, built)))


def _coverable(problem: DesignProblem) -> list[int]:
    everything = [c.id for c in problem.candidates if c.fixed != "out"]
    return [k for k, yes in enumerate(_covered(problem, everything)) if yes]


def _by_tier(problem: DesignProblem, pairs: Sequence[int]) -> dict[str, int]:
    found = dict.fromkeys(problem.groups, 0)
    for k in pairs:
        found[problem.pairs[k].group] += problem.pairs[k].weight
    return found
