"""Turn a claimed result, or a plan given by hand, into a verified plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from optimiser.errors import VerificationError
from optimiser.problem import DesignProblem
from optimiser.problem.values import twice
from optimiser.result import Result, gap_of, rounded_bound
from optimiser.verify.plan import Coverage, Plan
from optimiser.verify.times import covered, pair_times

TOLERANCE = 1e-9
"""Difference of two gaps that is no disagreement."""


def score(problem: DesignProblem, built: Iterable[str]) -> Plan:
    """Return cost, coverage and times of a plan given by hand; no bound.

    Parameters
    ----------
    problem
        The problem.
    built
        Ids of what is built.

    Raises
    ------
    VerificationError
        When the plan names an unknown candidate or breaks a rule of the problem.
    """
    names = list(built)
    faults = list(_name_faults(problem, names))
    if not faults:
        plan = _plan(problem, tuple(sorted(names)))
        faults = list(_rule_faults(problem, plan))
        if not faults:
            return plan
    raise _refusal(problem, faults)


def check(problem: DesignProblem, result: Result) -> Plan:
    """Recompute a result and return it as a verified plan.

    Parameters
    ----------
    problem
        The problem.
    result
        What was claimed.

    Raises
    ------
    VerificationError
        With every claim that disagrees with what is recomputed.
    """
    faults = [] if result.problem == problem.name else [f"it is for problem {result.problem!r}"]
    if result.status in ("infeasible", "none"):
        faults += _empty_faults(result)
        plan = None if faults else _plan(problem, ())
    else:
        faults += _name_faults(problem, result.built)
        plan = None if faults else _plan(problem, result.built)
    if plan is None:
        raise _refusal(problem, faults)
    if result.status in ("infeasible", "none"):
        return _with_proof(problem, plan, result)
    faults += [
        *_rule_faults(problem, plan),
        *_claim_faults(result, plan),
        *_proof_faults(problem, result, plan),
    ]
    if faults:
        raise _refusal(problem, faults)
    return _with_proof(problem, plan, result)


def _refusal(problem: DesignProblem, faults: Sequence[str]) -> VerificationError:
    return VerificationError(
        "the plan failed the independent check",
        where=f"problem {problem.name!r}",
        faults=faults,
        done="The plan is withheld.",
        remedy="Solve again with another variant or solver, and report the problem file.",
    )


def _name_faults(problem: DesignProblem, built: Sequence[str]) -> Iterator[str]:
    yield from (f"built: there is no candidate {name!r}" for name in built if name not in problem.index)
    yield from (f"built: {name!r} stands twice" for name in twice(built))


def _plan(problem: DesignProblem, built: tuple[str, ...]) -> Plan:
    allowed = [c.id for c in problem.candidates if c.fixed != "out"]
    before_s, after_s = pair_times(problem, ()), pair_times(problem, built)
    before, after = covered(problem, before_s), covered(problem, after_s)
    every = covered(problem, pair_times(problem, allowed))
    groups = {
        group: _coverage(
            problem, [k for k, p in enumerate(problem.pairs) if p.group == group], before, after, every
        )
        for group in problem.groups
    }
    total = _coverage(problem, range(len(problem.pairs)), before, after, every)
    cost = problem.cost_of(built)
    return Plan(
        problem=problem.name,
        built=built,
        cost=cost,
        objective=cost if problem.budget is None else total.after,
        coverage=total,
        groups=groups,
        covered=tuple(k for k, yes in enumerate(after) if yes),
        covered_before=tuple(k for k, yes in enumerate(before) if yes),
        times_before_s=before_s,
        times_after_s=after_s,
    )


def _coverage(
    problem: DesignProblem,
    pairs: Iterable[int],
    before: Sequence[bool],
    after: Sequence[bool],
    every: Sequence[bool],
) -> Coverage:
    ks = list(pairs)
    total, *covered_weights = (
        sum(problem.pairs[k].weight for k in ks if mask is None or mask[k])
        for mask in (None, before, after, every)
    )
    return Coverage(total, *covered_weights)


def _rule_faults(problem: DesignProblem, plan: Plan) -> Iterator[str]:
    built = set(plan.built)
    for candidate in problem.candidates:
        if candidate.fixed == "in" and candidate.id not in built:
            yield f"candidate {candidate.id!r} must be built and is not"
        if candidate.fixed == "out" and candidate.id in built:
            yield f"candidate {candidate.id!r} must not be built and is"
    if problem.budget is not None:
        if plan.cost > problem.budget:
            yield f"it costs {plan.cost}, more than the budget of {problem.budget}"
        return
    allowed = [c.id for c in problem.candidates if c.fixed != "out"]
    coverable = covered(problem, pair_times(problem, allowed))
    missed = sum(coverable) - len(plan.covered)
    if missed:
        yield f"{missed} pairs that could be covered are not"


def _claim_faults(result: Result, plan: Plan) -> Iterator[str]:
    true = {"cost": plan.cost, "coverage": plan.coverage.after, "objective": plan.objective}
    for key, value in true.items():
        claimed = getattr(result, key)
        if claimed != value:
            yield f"{key}: {claimed} was claimed, {value} is true"


def _proof_faults(problem: DesignProblem, result: Result, plan: Plan) -> Iterator[str]:
    minimise = problem.budget is None
    if result.bound is None:
        if result.status == "optimal":
            yield "it is called optimal without a bound"
        return
    best = rounded_bound(result.bound, minimise=minimise)
    if (best > plan.objective) if minimise else (best < plan.objective):
        yield f"the bound {result.bound} lies on the wrong side of the objective {plan.objective}"
        return
    gap = gap_of(plan.objective, result.bound, minimise=minimise) or 0.0
    if result.status == "optimal" and gap > 0:
        yield f"it is called optimal with a gap of {gap:.6f}"
    if result.gap is not None and abs(result.gap - gap) > TOLERANCE:
        yield f"gap: {result.gap} was claimed, {gap} is true"


def _with_proof(problem: DesignProblem, plan: Plan, result: Result) -> Plan:

    minimise = problem.budget is None
    gap = gap_of(plan.objective, result.bound, minimise=minimise)
    gain = None
    if gap is not None and result.bound is not None and not minimise:
        best = rounded_bound(result.bound)
        gain = (best - plan.objective) / max(1, plan.objective - plan.coverage.before)
    return replace(plan, bound=result.bound, gap=gap, gap_of_gain=gain, status=result.status)


def _empty_faults(result: Result) -> list[str]:
    claimed = result.built or result.cost or result.coverage
    return [f"it is called {result.status}, yet something is claimed"] if claimed else []
