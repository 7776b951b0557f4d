"""Turn a claimed result, or a plan given by hand, into a verified plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from optimiser.problem import DesignProblem
from optimiser.problem.errors import VerificationError
from optimiser.problem.result import Result, gap_of, rounded_bound
from optimiser.problem.values import twice
from optimiser.verify.circuits import Circuits
from optimiser.verify.infeasible import judge
from optimiser.verify.phases import Starts, factors, start_faults, states
from optimiser.verify.plan import Coverage, Plan
from optimiser.verify.rules import (
    coverable,
    covered_cities,
    covering_faults,
    objective_of,
    plan_faults,
    wanted_pairs,
    weight_of,
)
from optimiser.verify.times import covered, pair_times

TOLERANCE = 1e-9
"""Difference of two gaps that is no disagreement."""


def score(
    problem: DesignProblem,
    built: Iterable[str],
    *,
    rings: Circuits | None = None,
    starts: Starts | None = None,
) -> Plan:
    """Return cost, coverage and times of a plan given by hand; no bound.

    Parameters
    ----------
    problem
        The problem.
    built
        Ids of what is built.
    rings
        Links of each ring that is formed, in order round it.
    starts
        With periods, the one in which each built candidate is started.

    Raises
    ------
    VerificationError
        When the plan names an unknown candidate or breaks a rule of the problem.
    """
    names = tuple(sorted(built))
    known_starts = dict(starts or {})
    faults = [*_name_faults(problem, names), *start_faults(problem, names, known_starts)]
    if not faults:
        plan = _plan(problem, names, dict(rings or {}), known_starts)
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

    Returns
    -------
    Plan
        Empty when the result holds none. That no plan exists is proved anew where that is easy; otherwise
        the solver's word is taken, and `infeasible_by` says so.

    Raises
    ------
    VerificationError
        With every claim that disagrees with what is recomputed.
    """
    faults = [] if result.problem == problem.name else [f"it is for problem {result.problem!r}"]
    if result.status in ("infeasible", "none"):
        faults += _empty_faults(result)
        plan = None if faults else _plan(problem, (), {}, {})
    else:
        faults += [
            *_name_faults(problem, result.built),
            *start_faults(problem, result.built, result.starts),
        ]
        plan = None if faults else _plan(problem, result.built, result.rings, result.starts)
    if plan is None:
        raise _refusal(problem, faults)
    if result.status == "none":
        return _with_proof(problem, plan, result)
    if result.status == "infeasible":
        return _judged(problem, plan, result)
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


def _plan(problem: DesignProblem, built: tuple[str, ...], circuits: Circuits, starts: Starts) -> Plan:
    opened = states(problem, built, starts)
    final_s = pair_times(problem, opened[-1].is_open)
    before_s, after = pair_times(problem, ()), covered(problem, final_s)
    before, every = covered(problem, before_s), coverable(problem)
    pairs, pairs_before = _places(after), _places(before)
    earlier = [set(_places(covered(problem, pair_times(problem, s.is_open)))) for s in opened[:-1]]
    by_state = [*earlier, set(pairs)]
    groups = {
        group: _coverage(
            problem, [k for k, p in enumerate(problem.pairs) if p.group == group], before, after, every
        )
        for group in problem.groups
    }
    cost = problem.cost_of(built)
    minimise = problem.budget is None
    return Plan(
        problem=problem.name,
        built=built,
        cost=cost,
        objective=cost if minimise else objective_of(problem, opened, by_state, circuits),
        coverage=_coverage(problem, range(len(problem.pairs)), before, after, every),
        groups=groups,
        covered=pairs,
        covered_before=pairs_before,
        times_before_s=before_s,
        times_after_s=final_s,
        cities=_names(problem, pairs),
        cities_before=_names(problem, pairs_before),
        rings=circuits,
        starts=starts,
        coverage_by_period=tuple(
            sum(problem.pairs[k].weight for k in ks) for ks in (by_state if problem.periods else ())
        ),
    )


def _places(mask: Iterable[bool]) -> tuple[int, ...]:
    return tuple(k for k, yes in enumerate(mask) if yes)


def _names(problem: DesignProblem, pairs: Iterable[int]) -> tuple[str, ...]:
    return tuple(problem.cities[i].id for i in covered_cities(problem, set(pairs)))


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
    yield from plan_faults(problem, set(plan.built), plan.rings, plan.starts)
    yield from covering_faults(problem, set(plan.covered), wanted_pairs(problem))


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


def _judged(problem: DesignProblem, plan: Plan, result: Result) -> Plan:
    """Return the empty plan of a result that claims that there is none, with who has proved it."""
    verdict = judge(problem)
    if verdict.plan is not None:
        names = ", ".join(verdict.plan) or "nothing"
        raise _refusal(problem, [f"it is called infeasible, yet building {names} meets every constraint"])
    return replace(_with_proof(problem, plan, result), infeasible_by=verdict.by)


def _with_proof(problem: DesignProblem, plan: Plan, result: Result) -> Plan:
    minimise = problem.budget is None
    gap = gap_of(plan.objective, result.bound, minimise=minimise)
    gain = None
    if gap is not None and result.bound is not None and not minimise:
        best = rounded_bound(result.bound)
        before = weight_of(problem, set(plan.covered_before)) * factors(problem)
        gain = (best - plan.objective) / max(1, plan.objective - before)
    return replace(plan, bound=result.bound, gap=gap, gap_of_gain=gain, status=result.status)


def _empty_faults(result: Result) -> list[str]:
    claimed = result.built or result.cost or result.coverage or result.rings
    return [f"it is called {result.status}, yet something is claimed"] if claimed else []
