"""Turn a claimed result, or a plan given by hand, into a verified plan; write and check its evidence."""

import dataclasses
import operator
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from optimiser.problem import DesignProblem, errors, jsonfile
from optimiser.problem import result as results
from optimiser.verify import bound_checker, infeasible, rules
from optimiser.verify.rules import (
    Step,
    coverable,
    covered,
    covered_pairs,
    fastest_steps,
    pair_times,
    shortest_paths,
)

GAP_TOLERANCE = 1e-9
"""Difference up to which two gaps agree."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Weights of the pairs of one group, or of all pairs.

    Attributes
    ----------
    total
        Weight of all pairs.
    before
        Weight of those covered with nothing built.
    after
        Weight of those covered with the plan built.
    all_built
        Weight of those covered with every candidate built that is not fixed `out`.
    """

    total: int
    before: int
    after: int
    all_built: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A verified plan: what the independent check found about a set of built candidates.

    Attributes
    ----------
    problem
        Name of the problem.
    built
        Ids, sorted.
    cost, objective
        Money; and the value that is optimised.
    coverage
        Coverage of all pairs.
    groups
        Coverage by group of pairs.
    covered, covered_before
        Positions of the covered pairs, ascending, with the plan built (and open by the end of the last
        period) and with nothing built.
    times_before_s, times_after_s
        Time of each pair with nothing and with the plan built, in seconds; None when no path joins it.
    cities, cities_before
        Ids of the covered cities with the plan built, and with nothing built, in the order of the problem.
    bound, gap, gap_of_gain, status
        As the solve proved them; bound and gap None without a proof. `gap_of_gain` relates the gap to what
        the plan gains over today; None without a bound or with a budget of None.
    rings
        Circuits of the rings that are formed.
    starts
        Periods in which the built candidates are started.
    coverage_by_period
        Weight of the pairs covered in each period, in order; empty without periods.
    infeasible_by
        With status `infeasible`, what proves it: an `argument` or an `enumeration` of the check itself, or
        only the claim of the `solver`; empty otherwise.
    bound_source
        Whose word the bound is; None without a bound, or where the result does not say.
    """

    problem: str
    built: tuple[str, ...]
    cost: int
    objective: int
    coverage: Coverage
    groups: Mapping[str, Coverage]
    covered: tuple[int, ...]
    covered_before: tuple[int, ...]
    times_before_s: tuple[int | None, ...]
    times_after_s: tuple[int | None, ...]
    bound: float | None = None
    gap: float | None = None
    gap_of_gain: float | None = None
    status: results.Status = "feasible"
    cities: tuple[str, ...] = ()
    cities_before: tuple[str, ...] = ()
    infeasible_by: infeasible.ProvedBy = ""
    rings: results.Circuits = field(default_factory=dict)
    starts: results.Starts = field(default_factory=dict)
    coverage_by_period: tuple[int, ...] = ()
    bound_source: results.ProofSource | None = None

    def __repr__(self) -> str:
        """Return sizes, cost and status in one line."""
        of = f"{len(self.covered)} of {len(self.times_after_s)} pairs, {len(self.covered_before)} today"
        return f"<Plan {self.problem}: {len(self.built)} built for {self.cost:,}, {of}; {self.status}>"

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as a JSON object, with rings in the form that they have in a result."""
        values = dataclasses.asdict(self)
        return {
            "format": "polyring-plan/1",
            **values,
            "rings": results.circuit_objects(self.rings),
            "groups": {k: values["groups"][k] for k in sorted(self.groups)},
        }


def score(
    problem: DesignProblem,
    built: Iterable[str],
    *,
    rings: results.Circuits | None = None,
    starts: results.Starts | None = None,
) -> Plan:
    """Return a plan given by hand with its cost, coverage and times, without a bound.

    Parameters
    ----------
    problem
        Any problem.
    built
        Ids of what is built.
    rings
        Circuits of the rings that are formed.
    starts
        With periods, the one in which each built candidate is started.

    Raises
    ------
    VerificationError
        When the plan names an unknown candidate or breaks a rule of the problem.
    """
    names, circuits, schedule = tuple(sorted(built)), dict(rings or {}), dict(starts or {})
    faults = list(_form_faults(problem, names, schedule))
    if not faults:
        plan = _evaluated(problem, names, circuits, schedule)
        faults = list(_rule_faults(problem, plan))
        if not faults:
            return plan
    raise _rejection(problem, faults)


def check(problem: DesignProblem, result: results.Result) -> Plan:
    """Recompute a result and return it as a verified plan.

    Parameters
    ----------
    problem
        Any problem.
    result
        The claim.

    Returns
    -------
    Plan
        Empty when the result holds none. Where the result claims that no plan exists, that is proved anew if
        it is easy; otherwise `infeasible_by` says that it rests on the solver.

    Raises
    ------
    VerificationError
        With every claim that disagrees with what is recomputed.
    """
    is_empty = result.status in ("infeasible", "none")
    faults = [] if result.problem == problem.name else [f"it is for problem {result.problem!r}"]
    if is_empty and (result.built or result.cost or result.coverage or result.rings):
        faults.append(f"it is called {result.status}, yet something is claimed")
    if not is_empty:
        faults += _form_faults(problem, result.built, result.starts)
    if faults:
        raise _rejection(problem, faults)
    if is_empty:
        plan = _evaluated(problem, (), {}, {})
        if result.status == "infeasible":
            verdict = infeasible.prove_infeasible(problem)
            if verdict.plan is not None:
                names = ", ".join(verdict.plan) or "nothing"
                fault = f"it is called infeasible, yet building {names} meets every constraint"
                raise _rejection(problem, [fault])
            plan = replace(plan, infeasible_by=verdict.by)
    else:
        plan = _evaluated(problem, result.built, result.rings, result.starts)
        true = {"cost": plan.cost, "coverage": plan.coverage.after, "objective": plan.objective}
        claims = [(key, getattr(result, key), value) for key, value in true.items()]
        faults = [
            *_rule_faults(problem, plan),
            *(f"{key}: {one} was claimed, {value} is true" for key, one, value in claims if one != value),
            *_bound_faults(problem, result, plan),
        ]
        if faults:
            raise _rejection(problem, faults)
    minimise, gain = problem.budget is None, None
    if result.bound is not None and not minimise:
        before = rules.weight_of(problem, set(plan.covered_before)) * rules.total_factor(problem)
        gain = (results.rounded_bound(result.bound) - plan.objective) / max(1, plan.objective - before)
    return replace(
        plan,
        status=result.status,
        bound=result.bound,
        gap=results.gap_of(plan.objective, result.bound, minimise=minimise),
        gap_of_gain=gain,
        bound_source=result.bound_source,
    )


def _rejection(problem: DesignProblem, faults: Sequence[str]) -> errors.VerificationError:
    return errors.VerificationError(
        "the plan failed the independent check",
        where=f"problem {problem.name!r}",
        faults=faults,
        done="The plan is withheld.",
        remedy="Solve again with another variant or solver, and report the problem file.",
    )


def _form_faults(problem: DesignProblem, built: tuple[str, ...], starts: results.Starts) -> Iterator[str]:
    """Yield what keeps a plan from being evaluated."""
    yield from (f"built: there is no candidate {name!r}" for name in built if name not in problem.index)
    yield from (f"built: {name!r} occurs twice" for name in jsonfile.repeated(built))
    yield from rules.start_faults(problem, built, starts)


def _evaluated(
    problem: DesignProblem, built: tuple[str, ...], circuits: results.Circuits, starts: results.Starts
) -> Plan:
    states = rules.period_states(problem, built, starts)
    before_s, after_s = pair_times(problem, ()), pair_times(problem, states[-1].is_open)
    before, after, every = covered(problem, before_s), covered(problem, after_s), coverable(problem)
    by_state = [*(covered_pairs(problem, state.is_open) for state in states[:-1]), after]

    def coverage(pairs: set[int]) -> Coverage:
        masks = (pairs, before, after, every)
        return Coverage(*(sum(problem.pairs[k].weight for k in pairs & mask) for mask in masks))

    cost = problem.cost_of(built)
    return Plan(
        problem=problem.name,
        built=built,
        cost=cost,
        objective=cost if problem.budget is None else rules.objective_of(problem, states, by_state, circuits),
        coverage=coverage(set(range(len(problem.pairs)))),
        groups={
            group: coverage({k for k, pair in enumerate(problem.pairs) if pair.group == group})
            for group in problem.groups
        },
        covered=tuple(sorted(after)),
        covered_before=tuple(sorted(before)),
        times_before_s=before_s,
        times_after_s=after_s,
        cities=_city_names(problem, after),
        cities_before=_city_names(problem, before),
        rings=circuits,
        starts=starts,
        coverage_by_period=tuple(
            sum(problem.pairs[k].weight for k in pairs) for pairs in (by_state if problem.periods else ())
        ),
    )


def _city_names(problem: DesignProblem, pairs: Collection[int]) -> tuple[str, ...]:
    return tuple(problem.cities[i].id for i in rules.covered_cities(problem, pairs))


def _rule_faults(problem: DesignProblem, plan: Plan) -> Iterator[str]:
    yield from rules.plan_faults(problem, set(plan.built), plan.rings, plan.starts)
    yield from rules.coverage_faults(problem, set(plan.covered), rules.required_pairs(problem))


def _bound_faults(problem: DesignProblem, result: results.Result, plan: Plan) -> Iterator[str]:
    """Yield how the bound, the gap or the status contradict the plan."""
    minimise, bound = problem.budget is None, result.bound
    gap = results.gap_of(plan.objective, bound, minimise=minimise)
    is_optimal, source = result.status == "optimal", result.bound_source
    if bound is None or gap is None:
        faults = [
            (is_optimal, "it is called optimal without a bound"),
            (source is not None, "a source is named for a bound that is not there"),
        ]
    else:
        best, true = results.rounded_bound(bound, minimise=minimise), bound
        if source is not None and source.kind == "trivial":  # the check can recompute it
            true = rules.trivial_bound(problem, coverable(problem))
        worse = operator.gt if minimise else operator.lt
        is_crossed = worse(best, plan.objective)
        wrong_gap = result.gap is not None and abs(result.gap - gap) > GAP_TOLERANCE
        faults = [
            (worse(bound, true), f"the bound {bound} is called trivial, and sums of the problem give {true}"),
            (is_crossed, f"the bound {bound} lies on the wrong side of the objective {plan.objective}"),
            (not is_crossed and is_optimal and gap > 0, f"it is called optimal with a gap of {gap:.6f}"),
            (not is_crossed and wrong_gap, f"gap: {result.gap} was claimed, {gap} is true"),
        ]
    yield from (fault for is_wrong, fault in faults if is_wrong)


FORMAT = bound_checker.FORMAT


def certificate(problem: DesignProblem, plan: Plan) -> dict[str, Any]:
    """Return the evidence for a plan: its cost item by item, and a path for each covered pair.

    Parameters
    ----------
    problem
        Any problem.
    plan
        A verified plan for it.

    Returns
    -------
    dict
        JSON object: `format`, `problem`, `built` (id and cost), `cost`, `coverage`, and `paths`, each with
        `pair`, `nodes` (ids), `seconds` (one an arc), `candidates` (what opens the arc, or null) and
        `time_s`. With cities, also `cities`: each covered one with `id`, `weight` and those of its `pairs`
        that have a path. With rings or periods, also `rings` (id and links in order) and `starts`; paths and
        cities are those of the last period.
    """
    rows = fastest_steps(problem, rules.period_states(problem, plan.built, plan.starts)[-1].is_open)
    paths: list[dict[str, Any]] = []
    last_steps: dict[int, dict[int, Step]] = {}
    for k in plan.covered:
        origin = problem.pairs[k].origin
        if origin not in last_steps:
            last_steps[origin] = shortest_paths(rows, origin)[1]
        # The path is found backwards from its destination.
        steps, at = list[Step](), problem.pairs[k].destination
        while at != origin:
            steps.insert(0, last_steps[origin][at])
            at = steps[0].tail
        seconds = [step.seconds for step in steps]
        paths.append(
            {
                "pair": k,
                "nodes": [problem.nodes[node] for node in (origin, *(step.head for step in steps))],
                "seconds": seconds,
                "candidates": [step.candidate for step in steps],
                "time_s": sum(seconds),
            }
        )
    evidence = {
        "format": FORMAT,
        "problem": problem.name,
        "built": [{"id": name, "cost": problem.cost_of([name])} for name in plan.built],
        "cost": plan.cost,
        "coverage": plan.coverage.after,
        "paths": paths,
    }
    if problem.cities:
        covered = set(plan.covered)
        evidence["cities"] = [
            {"id": city.id, "weight": city.weight, "pairs": [k for k in city.pairs if k in covered]}
            for city in (problem.cities[i] for i in rules.covered_cities(problem, covered))
        ]
    if problem.rings:  # of those that have variables in the proof of a bound
        earns = {r.id for r in problem.rings if r.required or (r.reward and problem.budget is not None)}
        evidence["rings"] = results.circuit_objects(
            {name: plan.rings[name] for name in plan.rings if name in earns}
        )
    if problem.periods:
        evidence["starts"] = dict(plan.starts)
    return evidence
