"""Solve the problem of a job, raise its worst tiers, judge the outcome, and say why no plan meets it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from networks.skims import UNREACHABLE
from optimiser.engine.attempt import Runner
from optimiser.engine.attempt import prepare as prepare_process
from optimiser.engine.child import ChildProcess
from optimiser.engine.methods.variants import choose
from optimiser.engine.search.task import NamedPlan, SolveParameters, cores
from optimiser.engine.solve import FAILED, KILLED
from optimiser.engine.solve import solve as solve_problem
from optimiser.engine.tidy import tidied
from optimiser.frontier.levels import LevelTarget, highest_level, lexicographic_shares
from optimiser.job.model import Job, least_keys
from optimiser.job.sections import LEAST_LIMIT_S, Solve
from optimiser.problem import DesignProblem, Target, model
from optimiser.problem.errors import InfeasibleError, SolverError
from optimiser.problem.result import Reason, Result, TracePoint
from optimiser.proposals.table import Candidates
from optimiser.report import wording
from optimiser.run import demands, proposing
from optimiser.verify import Plan, rules, score

NOT_PROVEN = 10
"""Exit code of a usable plan whose gap is not proven to be within the one asked for."""
_UNLIKELY = 1_000
"""A budget of more times the cost of all candidates is taken for money in another unit (assumed)."""
_FAR_S = 24 * 3600
_WORTHWHILE = 0.1
"""Share of the pairs that the shorter limit of a sentence leaves beyond it (assumed)."""
_REMEDY = (
    "Raise the budget, a cap or a limit, lower a target, or take back what is fixed, excluded or required."
)


def exit_code(result: Result, gap: float) -> int:
    """Return the exit code of a result that holds a plan.

    Returns
    -------
    int
        4 where the solver failed and the plan is the best one found before; else 0 within the gap asked for,
        and 10 beyond it.
    """
    if result.termination in FAILED:
        return SolverError.exit_code
    return 0 if result.is_proven(gap) else NOT_PROVEN


def describe_failure(result: Result, time_limit_s: float) -> str:
    """Say why a plan is only the best one found so far.

    Parameters
    ----------
    result
        A result whose solver failed, or did not stop at its time limit.
    time_limit_s
        The time limit.
    """
    if result.termination == KILLED:
        return (
            f"The solver did not stop at its time limit of {time_limit_s:g} s and was ended. Plan and bound "
            "are the best found by then; the plan is checked."
        )
    return (
        f"The solver failed: {result.message}. The plan is the best one found and checked before, and the "
        "bound is what was believed then."
    )


def within_limit(counted: DesignProblem, plan: Plan) -> Plan:
    """Return a verified plan as it counts within the limit; objective, bound and status stay as they are.

    Where pairs count in parts, the problem has further pairs with later limits or without the core. No count,
    tier, target or measure includes them.

    Parameters
    ----------
    counted
        The problem without the further pairs.
    plan
        The plan of the problem that was solved.
    """
    if len(plan.times_after_s) == len(counted.pairs):
        return plan
    seen = score(counted, plan.built, rings=plan.rings, starts=plan.starts)
    kept = ("objective", "bound", "gap", "gap_of_gain", "bound_source", "status")
    return replace(seen, **{name: getattr(plan, name) for name in kept})


def refuse_empty(result: Result, *, reasons: Sequence[str] | None = None, remedy: str = "") -> None:
    """Refuse a result without a plan.

    Parameters
    ----------
    result
        What the solver claims.
    reasons
        Why no plan exists; default the reasons of the result.
    remedy
        What would do; default what may.

    Raises
    ------
    InfeasibleError
        When it is proven that no plan exists, with the reasons.
    SolverError
        When nothing was found and nothing proven.
    """
    where, done = f"problem {result.problem}", "No plan was written."
    if result.status == "infeasible":
        raise InfeasibleError(
            "no plan meets the constraints, proved.",
            where=where,
            faults=[str(reason) for reason in result.reasons] if reasons is None else reasons,
            done=done,
            remedy=remedy or _REMEDY,
        )
    if result.status == "none":
        raise SolverError(
            f"no plan was found, and none is excluded. {result.message}".strip(),
            where=where,
            done=done,
            remedy="Allow more time, or choose another variant; polyring list names them.",
        )


MOST_TIDIED = 1_000_000
"""Links of a plan times pairs up to which links without use are sought: that evaluates a plan for each."""


def solve(
    problem: DesignProblem,
    settings: Solve,
    *,
    progress: Callable[[TracePoint], None] | None = None,
    run: Runner | None = None,
    start: NamedPlan | None = None,
) -> Result:
    """Solve a problem as a job says; return what the solver claims.

    Parameters
    ----------
    problem
        The problem.
    settings
        Variant, solver, gap, limit, threads and seed.
    progress
        Called with each improvement of plan or bound.
    run
        The process that solves it; default one of its own.
    start
        A known plan to start from.

    Notes
    -----
    Links without which nothing is lost are left out of the plan, the dearest first, as beside rings.
    """
    params = parameters(settings).replace(start=start)
    result = solve_problem(problem, variant=settings.variant, params=params, progress=progress, run=run)
    is_brief = result.is_settled and len(result.built) * len(problem.pairs) <= MOST_TIDIED
    return tidied(problem, result) if result.has_plan and not result.rings and is_brief else result


def prepare(process: ChildProcess, job: Job) -> None:
    """Let a process load what the solve of a job will need, while its problem is still being made.

    Parameters
    ----------
    process
        The process that will solve it.
    job
        The job.
    """
    with_budget, with_ring = not job.budget.unlimited, bool(job.rings or job.phasing.names)
    params = parameters(job.solve)
    name, solver = choose(
        job.solve.variant,
        has_budget=with_budget,
        solver=params.solver,
        is_extended=with_ring,
        must_cover=not with_budget and job.budget.cover == "all",
    )
    params = params.replace(solver=solver)
    prepare_process(process, name, params, with_budget=with_budget, with_ring=with_ring)


def parameters(settings: Solve) -> SolveParameters:
    """Return the limits and choices of a solve as a job gives them."""
    return SolveParameters(
        time_limit_s=settings.time_limit_s,
        gap=settings.gap,
        effort=settings.effort,
        threads=settings.threads or cores(),
        seed=settings.seed,
        solver=settings.solver,
        memory_mb=settings.memory_mb or None,
    )


def refuse_empty_run(problem: DesignProblem, result: Result, job: Job, names: Mapping[str, str]) -> None:
    """Refuse a result without a plan, in terms of the job and with demands that could be met.

    Parameters
    ----------
    problem
        The problem.
    result
        What the solver claims.
    job
        The job.
    names
        Names of cities by the ids of their nodes.

    Raises
    ------
    InfeasibleError
        When it is proven that no plan exists.
    SolverError
        When nothing was found and nothing proven.
    """
    reasons, remedy = [in_terms_of_job(reason, job, names) for reason in result.reasons], ""
    is_on_target = not reasons or any(reason.target is not None for reason in result.reasons)
    if result.status == "infeasible" and is_on_target:
        remedy = " ".join(_remedies(problem, job))
    refuse_empty(result, reasons=reasons, remedy=remedy)


def in_terms_of_job(reason: Reason, job: Job, names: Mapping[str, str]) -> str:
    """Return a reason with cities by name, and with the key of the job that sets the target that it is about.

    Parameters
    ----------
    reason
        The reason.
    job
        The job.
    names
        Names of cities by their ids and those of their nodes; other nodes and stops keep their ids.
    """
    text = str(reason)
    # An id may begin another one, so the longest are replaced first.
    for node in sorted(set(reason.nodes) & names.keys(), key=len, reverse=True):
        text = text.replace(node, names[node])
    for stop in reason.stops:
        text = text.replace(repr(stop), names.get(stop, repr(stop)))
    if reason.target is None:
        return text
    name, prefix = ("least", "") if reason.target.of == "pairs" else ("city_coverage", "least_")
    key = f"{prefix}{reason.target.group}"
    share = getattr(getattr(job, name), key, 0.0)
    return f"{name}.{key} = {share:g}: {text}" if share else text


def _remedies(problem: DesignProblem, job: Job) -> Iterator[str]:
    """Yield what would do, where shares are demanded."""
    keys = least_keys(job)
    if not keys:
        return
    yield f"Lower {' or '.join(keys)}, or raise the budget."
    if problem.periods or problem.budget is None:
        return
    tiers = [target.group for target in problem.targets if target.of == "pairs"]
    if len(problem.targets) == len(tiers) == 1 and (tier := tiers[0]) in model.TIERS:
        pairs = tuple(replace(p, weight=p.weight if p.group == tier else 0) for p in problem.pairs)
        result = _solve_briefly(problem.replace(pairs=pairs, targets=(), cities=()), job)
        total = demands.weight_by_group(problem, rules.coverable(problem))[tier]
        if result.has_plan and total:
            share = 1000 * result.objective // total / 1000  # rounded down, so that it can be met
            yield f"With this budget least.{tier} = {share:g} can be met."
    if problem.caps:  # which grow with the budget
        return
    result = _solve_briefly(problem.replace(budget=None, cover="targets"), job)
    if result.has_plan:
        cost = f"{result.cost:,} {problem.money}".strip()
        yield f"What is demanded can be met with budget.amount = {result.cost} ({cost})."
    elif result.status == "infeasible":
        yield "No budget meets it, whatever is built of these candidates."


def _solve_briefly(problem: DesignProblem, job: Job) -> Result:
    return solve(problem, job.solve.of_study())


FORMAT = "polyring-levels/1"
STEPS = 1000
"""Shares are distinguished in thousandths."""
LEVEL_SHARE = 0.1
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
    weight = demands.weight_by_group(problem, (k for k, yes in enumerate(coverable) if yes))
    totals = {tier: weight[tier] for tier in model.TIERS if tier in weight}
    params = parameters(settings.of_study(gap=0.0))
    params = params.replace(time_limit_s=max(1.0, LEVEL_SHARE * params.time_limit_s))
    answered: list[Answered] = []

    def weights(fixed: Weights, level: int) -> Weights:
        """Return what tiers have to cover, those without a level of their own up to a common one."""
        asked = ((tier, Fraction(fixed.get(tier, level), STEPS), total) for tier, total in totals.items())
        return {tier: demands.least_weight(share, total) for tier, share, total in asked}

    def is_refused(least: Weights) -> bool:
        """Return whether an earlier answer refused as much or less: coverage is monotone in what is asked."""
        refused = (one.least for one in answered if one.answer != "yes")
        return any(all(least[tier] >= weight for tier, weight in one.items()) for one in refused)

    def common_level(fixed: Weights) -> int | None:
        free = [tier for tier, total in totals.items() if total and tier not in fixed]
        notify(f"Raising {', '.join(free)} together, question {len(answered) + 1}")
        lowest = max(fixed.values(), default=0)
        most = next(
            (level - 1 for level in range(lowest + 1, STEPS + 1) if is_refused(weights(fixed, level))), None
        )
        found = highest_level(
            with_least(problem, {tier: weights(fixed, 0)[tier] for tier in fixed}),
            [LevelTarget((tier,), Fraction(totals[tier], STEPS)) for tier in free],
            params,
            known=[one.built for one in answered if one.built],
            bound=most,
        )
        level = found.level
        if level is None:
            if found.status != "infeasible":
                answered.append(Answered(weights(fixed, 0), "open", (), found.seconds))
            # With other tiers fixed, the plans before attain the highest of their levels.
            return max(fixed.values(), default=None)
        answered.append(Answered(weights(fixed, level), "yes", found.built, found.seconds))
        if level < STEPS and level != most:  # else an earlier answer refused the next level
            answer = "no" if found.bound is not None and found.bound <= level else "open"
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


def notes_on_budget(problem: DesignProblem) -> tuple[str, ...]:
    """Return what a reader must know of a budget below what anything costs, or in another unit: sentences."""
    cost, name = min(
        ((one.cost, one.id) for one in problem.candidates if one.fixed != "out"), default=(0, "")
    )
    total = sum(one.cost for one in problem.candidates)
    if problem.budget is not None and problem.budget > _UNLIKELY * total > 0:
        times, budget = problem.budget // total, f"{problem.budget:,} {problem.money}".rstrip()
        return (f"The budget of {budget} is {times:,} times the cost of all candidates: check its unit.",)
    if problem.budget is None or cost <= problem.budget:
        return ()
    costs = f"{cost:,} {problem.money}".rstrip()
    cheapest = f"the cheapest candidate allowed, {name}, costs {costs}"
    return (f"Nothing can be built: {cheapest}, {problem.budget:,} given.",)


def notes_on_task(draft: proposing.StatedProblem, candidates: Candidates, job: Job) -> tuple[str, ...]:
    """Return why a plan must be empty or buys nothing, each with the key that changes it: sentences."""
    problem, pairs, kinds = draft.problem, draft.pairs, job.candidates.kinds
    of_money = notes_on_budget(problem)
    if job.rings and not problem.rings:
        of_money = (wording.WORDS["notes"]["no_rings"], *of_money)
    limits = np.array([pair.limit for pair in problem.pairs], dtype=np.int64)
    today, best = (pairs[name].replace(-1, UNREACHABLE).to_numpy() for name in ("today_s", "best_s"))
    if (today <= limits).all():
        shorter = int(np.quantile(today, 1 - _WORTHWHILE)) // LEAST_LIMIT_S * LEAST_LIMIT_S
        remedy = (
            f" A shorter limit leaves something to do: --set limit={shorter // 3600}h"
            f"{shorter % 3600 // 60:02d} leaves {int((today > shorter).sum()):,} pairs beyond it."
        )
        return (f"No pair of {len(today):,} is beyond the limit today.{remedy if shorter else ''}", *of_money)
    if not any(one.fixed != "out" for one in problem.candidates):
        if job.region.matrix and not len(candidates):
            return (wording.WORDS["notes"]["nothing_to_propose"],)
        asked = f" of the kinds asked for ({', '.join(kinds)}; candidates.kinds)" if kinds else ""
        most = sorted(candidates.report.items(), key=lambda item: -item[1])[:3]
        why = "; ".join(f"{reason} ({count:,})" for reason, count in most)
        told = f" The rules left out: {why}; left_out.csv counts all." if why else ""
        return (f"Nothing could be proposed{asked}.{told}",)
    if ((best <= limits) == (today <= limits)).all():
        missing = int((best - limits)[best > limits].min())
        nearest = "" if missing >= _FAR_S else f" The nearest misses it by {wording.clock(missing)} h."
        words = "No candidate brings a pair within the limit, not even all of them together."
        remedy = "A longer limit (times.limit) or other kinds (candidates.kinds) would leave a choice."
        return (f"{words}{nearest} {remedy}", *of_money)
    return of_money


def notes_on_empty(problem: DesignProblem) -> tuple[str, ...]:
    """Return what more money would buy where the best plan builds nothing, as sentences."""
    costs = {one.id: one.cost for one in problem.candidates}
    least = min(((costs[name], name) for name in demands.gains_alone(problem)), default=None)
    words = "no candidate brings a pair within the limit by itself, so that it takes several"
    if least is not None:
        words = f"the cheapest to do so by itself, {least[1]}, costs {least[0]:,} {problem.money}".rstrip()
    given = "" if problem.budget is None else f" for {problem.budget:,} {problem.money}".rstrip()
    return (f"No plan{given} brings a pair within the limit: {words}. Raise budget.amount.",)


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
    unsettled = f"{answers.count('open')} of {len(answers)} questions were not settled"
    reached = "The shares of the worst tiers are reached, but not proven to be the highest"
    return (f"{reached}: {unsettled}. Raise solve.effort.",)


def with_least(problem: DesignProblem, least: Weights) -> DesignProblem:
    """Return a problem that demands at least these weights of tiers, besides what it demanded."""
    before = {target.group: target.least for target in problem.targets if target.of == "pairs"}
    merged = {tier: max(weight, before.get(tier, 0)) for tier, weight in (before | dict(least)).items()}
    others = tuple(target for target in problem.targets if target.of != "pairs")
    raised = tuple(Target(tier, weight) for tier, weight in merged.items() if weight)
    return problem.replace(targets=(*raised, *others))
