"""Solve a problem: run a variant in a child process, and check and complete its result."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from optimiser import verify
from optimiser.engine.attempt import (
    CheckedClaims,
    Runner,
    UnsettledError,
    any_plan,
    attempt,
    plan_within_gap,
    runner,
)
from optimiser.engine.backends.solvers import ALTERNATIVE, ANY, BUNDLED, SOLVERS, UNNAMED, version_of
from optimiser.engine.certification import certify
from optimiser.engine.child import Ending
from optimiser.engine.explain import explain
from optimiser.engine.methods.own_variant import SUFFIX
from optimiser.engine.methods.variants import VARIANTS, choose, variant_of
from optimiser.engine.presolve.magnitudes import bounded, counted
from optimiser.engine.search.circuits import Circuit
from optimiser.engine.search.incumbent import PlanEvaluator
from optimiser.engine.search.task import STUDY_SHARE, NamedPlan, SolveParameters
from optimiser.engine.tidy import earlier_plans, tidied
from optimiser.problem import DesignProblem
from optimiser.problem.errors import SolverError, VerificationError
from optimiser.problem.result import (
    STARTS,
    ProofSource,
    Result,
    TracePoint,
    bound_tolerance,
    gap_of,
    rounded_bound,
)
from optimiser.verify.infeasible import prove_infeasible

PROVER = "cuts"
"""Variant that confirms the claims of others."""

LEAST_S = 0.5
"""Seconds of the time limit that must be left for a confirmation or a second attempt."""

KILLED = "killed"
"""Termination of a solve whose process did not stop at its limit by itself and was ended soon after. What it
had found before is a result as after any other time-out."""

FAILED = ("crash", "memory", "refused")
"""Terminations that mean a failure of the solver."""

NEAR = 1e-6
"""Gap up to which a bound is called near: solvers' own tolerances are as large."""

UNCONFIRMED = "unconfirmed"
"""Termination of a solve whose claimed proof nothing confirmed."""

LEAST_EXPLAINING_S = 0.5
"""Least time for explaining infeasibility, in seconds, which else is what the solve has left."""

_CHEAPEST: dict[DesignProblem, Mapping[str, Circuit]] = {}
_MOST_KEPT = 8
"""Problems of rings alone whose proven answers this process remembers, and how many."""

PACKAGES = ("polyring", "highspy", "pulp", "numba", "numpy", "pyscipopt", "gurobipy", "ortools")
"""Packages whose versions a result records."""


class SolveFailure(SolverError):
    """A solver crashed or made a false claim; `result` still contains the best checked plan.

    Parameters
    ----------
    what
        What happened, as a sentence.
    result
        A usable result whose claims were checked.
    """

    def __init__(self, what: str, *, result: Result, **parts: Any) -> None:  # noqa: ANN401 - as in the parent
        super().__init__(what, **parts)
        self.result = result


def solve(
    problem: DesignProblem,
    *,
    variant: str | Path = "auto",
    params: SolveParameters | None = None,
    progress: Callable[[TracePoint], None] | None = None,
    run: Runner | None = None,
) -> Result:
    """Solve a problem.

    Parameters
    ----------
    problem
        The problem.
    variant
        A name in `VARIANTS`, or a Python file with a variant of the user's own (docs/bench.md); the file is
        executed.
    params
        Limits and options; default: `SolveParameters()`.
    progress
        Called with each improvement of plan or bound.
    run
        Runs tasks in a child process; default: a new process.

    Returns
    -------
    Result
        After a time-out, the best plan so far with its bound: at worst the plan that builds nothing or
        everything, if one of them is feasible. The status is `none` when no plan is known, and `infeasible`
        when infeasibility is proved and confirmed (`confirm`); the message then explains it.

    Raises
    ------
    ProblemError
        When the variant does not exist, cannot be loaded or does not suit the problem.
    EnvironmentFault
        When the requested solver, or the only one of the variant, is not installed.
    SolveFailure
        When the solver crashed or made a false claim, and a second one did not help; its `result` is usable.
    """
    params = params or SolveParameters()
    _require(params.solver)
    name, solver = choose(
        variant,
        has_budget=problem.budget is not None,
        solver=params.solver,
        is_extended=not problem.is_plain,
        must_cover=problem.must_cover,
    )
    _require(solver)
    if params.solver_options:
        from optimiser.engine.backends.solvers import refuse_options

        refuse_options(solver, params.solver_options, integer=name != "cuts" or not problem.is_plain)
    # What the user named is not exchanged.
    is_named = bool(params.solver_options) or (params.solver != ANY and variant != "auto")
    params = params.replace(solver=solver)
    with runner(run) as run_task:
        return _solve(problem, name, params, progress, run_task, is_named=is_named)


def _require(solver: str) -> None:
    """Raise `EnvironmentFault` if a solver is not installed."""
    if solver not in (*UNNAMED, BUNDLED):
        # Imported here, since PuLP takes most of a second to import.
        from optimiser.engine.backends.pulp_solvers import installed_solver

        installed_solver(solver)


def _solve(
    problem: DesignProblem,
    name: str,
    params: SolveParameters,
    progress: Callable[[TracePoint], None] | None,
    run: Runner,
    *,
    is_named: bool,
) -> Result:
    """Solve a problem; where the solver fails, once more with another one unless the user named it."""
    result = _completed(problem, name, params, progress, run)
    fault = _fault(problem, result)
    if fault is None:
        return result
    left = params.time_limit_s - result.seconds
    if is_named or not params.second_solver or name.endswith(SUFFIX) or left < LEAST_S:
        raise fault
    prover, how = second_way(problem, name, params, Ending(result.termination, solver=result.solver))
    start = NamedPlan.of(result) if result.has_plan and isinstance(fault, SolveFailure) else None
    how = how.replace(time_limit_s=left, start=start)
    second = _completed(problem, prover, how, progress, in_new_process(run))
    if second.termination in (*FAILED, "interrupted") or _fault(problem, second) is not None:
        raise fault
    asked = "" if params.solver in UNNAMED else params.solver
    says = fault.result.message if isinstance(fault, SolveFailure) else "; ".join([fault.what, *fault.faults])
    why = says.splitlines()[0] if says else "without a message"
    note = (
        f"{named(name, result.solver or asked)} failed ({why}); solved again by "
        f"{named(prover, second.solver)}. --write-lp writes the model, for a report"
    )
    seconds = round(result.seconds + second.seconds, 3)
    return _with_note(second.replace(seconds=seconds, start=result.start), note)


def _completed(
    problem: DesignProblem,
    name: str,
    params: SolveParameters,
    progress: Callable[[TracePoint], None] | None,
    run: Runner,
) -> Result:
    """Run a variant, confirm what it claims, and complete its result."""
    claims, ending = attempt(problem, name, params, progress, run)
    begun = time.monotonic()
    ending, confirmation = _settled(claims, ending, name, params, run)
    ending = replace(ending, seconds=ending.seconds + time.monotonic() - begun)
    if name.endswith(SUFFIX):
        run = in_new_process(run)
    result, note = _result(claims, ending, confirmation, name, params), ""
    if params.start is not None:
        faults = "; ".join(claims.start_faults)
        note = f"the start was used only as a hint: {faults}" if faults else ""
        result = result.replace(start="hint" if note else _use_of_start(problem, name, params, ending))
        if params.solver_log is not None:
            with params.solver_log.open("a", encoding="utf-8") as log:
                log.write(f"polyring: {note or f'the start was {STARTS[result.start]}'}\n")
    params = params.replace(start=None)  # what is solved below has other optima
    if params.canonical and result.status in ("optimal", "feasible"):
        result = _canonical(problem, result, params, run)
    if result.rings and result.seconds < params.time_limit_s:
        begun = time.monotonic()
        left = params.replace(time_limit_s=params.time_limit_s - result.seconds)
        better = tidied(problem, result, find_rings=lambda part: _cheapest_rings(part, left, run))
        result = better.replace(seconds=round(result.seconds + time.monotonic() - begun, 3))
    if result.status == "infeasible":
        result = _explained(problem, result, params, run)
    return _with_note(result, note)


def _settled(
    claims: CheckedClaims, ending: Ending, name: str, params: SolveParameters, run: Runner
) -> tuple[Ending, Confirmation]:
    """Confirm claims; search and prove in integers what the tolerances of solvers left open.

    From 1e9 units on, what they call a proof leaves a gap of up to 1e-9, or contradicts their own bound. Of
    10^6 units, say of money, they overlook one: they lose plans, and find some that cost too much. Half of
    the time left is for the check of the proof, or for another solver after a failure.
    """
    begun, confirmation = time.monotonic(), confirm(claims, ending, name, params, run)
    best, small, since = claims.best(), bounded(claims.problem), ending.seconds + time.monotonic() - begun
    left = (params.time_limit_s - since) / 2
    claimed = None if best["bound"] is None else best["objective"]
    is_vast = claimed is not None and bound_tolerance(claimed) >= 1.0
    seeks = params.second_solver and not name.endswith(SUFFIX) and NEAR * max(counted(small).values()) >= 1.0
    if claims.refusals or ending.reason in FAILED:
        is_open = seeks or is_vast
    elif ending.reason == "stalled" or (claims.is_called_infeasible and confirmation[0] is None):
        is_open = seeks or (ending.reason == "stalled" and claimed is None)
    else:
        is_open = is_vast and best["bound"] != claimed and (best["gap"] or 0.0) <= NEAR
    if not is_open or left < LEAST_S:
        return ending, confirmation

    try:
        proof = certify(
            small,
            claimed,
            time_limit_s=left,
            seed=params.seed,
            memory_mb=params.memory_mb,
            run=run,
            take_plan=lambda found: claims.receive({**found, "seconds": since}) if seeks else None,
        )
    except SolverError:
        return ending, confirmation
    after = claims.best()
    known = None if after["bound"] is None else after["objective"]
    is_proved = proof.bound == known
    if not is_proved and known == claimed:
        return ending, confirmation
    message = "; ".join(filter(None, [ending.message, *claims.refusals]))
    claims.settle(proof.bound, is_proved=is_proved)
    if is_proved:
        ending = replace(ending, reason="infeasible" if known is None else "proof", message=message)
    elif ending.reason == "infeasible":  # a plan was found
        ending = replace(ending, reason="stalled")
    return ending, (ProofSource("search", PROVER, "HiGHS"), "")


def _result(
    claims: CheckedClaims, ending: Ending, confirmation: Confirmation, name: str, params: SolveParameters
) -> Result:
    source, note = confirmation
    best, variant, reason = claims.best(), variant_of(name).name, ending.reason
    if claims.is_called_infeasible:
        best["status"] = "none" if source is None else "infeasible"
    if note and reason in ("proof", "gap", "infeasible"):
        reason = UNCONFIRMED
    messages = "; ".join(filter(None, [ending.message, *claims.refusals]))
    options = ", ".join(f"{name} = {value}" for name, value in params.solver_options.items())
    by_bound = None if best["bound"] is None else source_of(claims.bound_kind, variant, ending.solver)
    return Result(
        problem=claims.problem.name,
        **best,
        variant=variant,
        seconds=round(ending.seconds, 3),
        seed=params.seed,
        threads=params.threads,
        solver=f"{ending.solver or params.solver} ({options})" if options else ending.solver,
        versions=versions(),
        termination="refused" if claims.refusals else reason,
        message="\n".join(filter(None, [messages, note])),
        trace=tuple(claims.trace),
        bound_source=by_bound and (source or by_bound),
        infeasible_by=source if best["status"] == "infeasible" else None,
    )


def _use_of_start(problem: DesignProblem, name: str, params: SolveParameters, ending: Ending) -> str:
    """Return what became of a feasible start (`STARTS`)."""
    if not ending.solver:
        return "taken"
    variant = variant_of(name)
    if variant.any_solver:
        from optimiser.engine.backends.pulp_solvers import installed_solver

        return "solution" if problem.is_plain and installed_solver(params.solver).gets_start else "taken"
    solver = next((one for one, row in SOLVERS.items() if ending.solver.startswith(row.title or one)), "")
    return "solution" if solver in variant.starts else "limit" if solver in variant.limits else "taken"


def versions() -> dict[str, str]:
    """Return the versions of the installed packages that take part in a solve."""
    return {package: found for package in PACKAGES if (found := version_of(package))}


def _canonical(problem: DesignProblem, result: Result, params: SolveParameters, run: Runner) -> Result:
    """Return the result with the canonical optimal plan, or with a note why it was not determined."""
    if not problem.is_plain:
        return _with_note(result, "the canonical plan is not determined for problems with rings or periods")
    if result.status != "optimal":
        return _with_note(result, "the canonical plan is not determined without a proof of optimality")
    name, params = prover_of(problem, params.replace(gap=0.0))
    end = time.monotonic() + params.time_limit_s

    def left() -> SolveParameters:
        return params.replace(time_limit_s=max(0.0, end - time.monotonic()))

    plans = earlier_plans(
        problem,
        result.built,
        result.objective,
        cheapest=lambda part: plan_within_gap(part, name, left(), run),
        some=lambda part: any_plan(part, name, left(), run),
    )
    known, note = result.built, ""
    try:
        for plan in plans:
            known = plan
    except UnsettledError:
        note = "the canonical plan was not determined within the time limit"
    found = PlanEvaluator(problem)(known)
    return _with_note(result.replace(built=found.built, cost=found.cost, coverage=found.coverage), note)


def _cheapest_rings(part: DesignProblem, params: SolveParameters, run: Runner) -> Mapping[str, Circuit]:
    """Return circuits that form the rings of a problem at least cost; empty where the time ran out first.

    The last answers are kept: the states of a job ask for the same rings again and again.
    """
    if part not in _CHEAPEST:
        name, params = prover_of(part, params.replace(gap=0.0))
        best = attempt(part, name, params, run=run)[0].best()
        if best["status"] != "optimal":
            return {}
        if len(_CHEAPEST) == _MOST_KEPT:
            del _CHEAPEST[next(iter(_CHEAPEST))]
        _CHEAPEST[part] = best["rings"]
    return _CHEAPEST[part]


def _with_note(result: Result, note: str) -> Result:
    return result.replace(message="\n".join(filter(None, [result.message, note])))


def _explained(problem: DesignProblem, result: Result, params: SolveParameters, run: Runner) -> Result:
    """Return a result whose message explains why the problem is infeasible."""
    name, params = prover_of(problem, params.replace(effort=STUDY_SHARE**2 * params.effort))

    def has_no_plan(part: DesignProblem, seconds: float) -> bool:
        try:
            return any_plan(part, name, params.replace(time_limit_s=seconds), run) is None
        except UnsettledError:
            return False

    seconds = max(LEAST_EXPLAINING_S, params.time_limit_s - result.seconds)
    reasons = explain(problem, has_no_plan, seconds=seconds)
    return _with_note(result.replace(message="", reasons=reasons), "\n".join(map(str, reasons)))


def _fault(problem: DesignProblem, result: Result) -> SolverError | None:
    """Return what is wrong with a result: a failure of its solver, or what the independent check finds."""
    try:
        verify.check(problem, result)
    except VerificationError as error:
        return SolverError("the result failed the independent check", faults=error.faults)
    if result.termination not in FAILED:
        return None
    return SolveFailure(
        f"the solver failed: {result.message}",
        result=result,
        where=f"problem {problem.name!r}, variant {result.variant!r}",
        done="The best plan found before, if any, is kept; its cost and coverage are checked.",
        remedy="Try another --variant or --solver, a longer time limit, or more memory.",
    )


# ---- confirmation


type Confirmation = tuple[ProofSource | None, str]
"""Whose word a bound is, or that no plan exists (None where the claims as they stand say so); and what was
not confirmed, as a sentence, empty where nothing was left open."""


def confirm(
    claims: CheckedClaims, ending: Ending, name: str, params: SolveParameters, run: Runner
) -> Confirmation:
    """Confirm claims of a solve that are not believed, as far as time allows; refuse those that are false.

    Parameters
    ----------
    claims, ending
        The checked claims, and how the solve ended; claims that turn out to be false are refused.
    name, params
        Variant and parameters of the solve.
    run
        Runs tasks in a child process.

    Notes
    -----
    No solver is believed that no plan exists. Shortest paths and sums prove it, or the enumeration of a small
    problem; otherwise `PROVER` must come to the same result, in a new process and with another solver where
    there is one. A bound needs confirmation where `attempt.is_believed` does not hold: `PROVER` starts from
    the plan of the solve, and its bound counts, whatever it is.
    """
    if claims.is_called_infeasible:
        return _no_plan(claims, ending, name, params, run)
    if claims.claimed_bound is not None:
        return _bound(claims, claims.claimed_bound, ending, name, params, run)
    return None, ""


def _no_plan(
    claims: CheckedClaims, ending: Ending, name: str, params: SolveParameters, run: Runner
) -> Confirmation:
    """Confirm that no plan exists."""
    verdict = prove_infeasible(claims.problem)
    if verdict.by != "solver" and verdict.plan is None:
        return ProofSource(verdict.by), ""
    counterexample = None if verdict.plan is None else NamedPlan(verdict.plan)
    if counterexample is None:
        left, claim = params.time_limit_s - ending.seconds, f"that no plan exists is {_word(name, ending)}"
        if left < LEAST_S:
            return None, f"{claim}: no time was left to confirm it"
        prover, how = second_way(claims.problem, name, params, ending)
        how = how.replace(time_limit_s=left, start=None)
        found, end = attempt(claims.problem, prover, how, claims.progress, in_new_process(run))
        best = found.best()
        if found.is_called_infeasible:
            return ProofSource("search" if end.solver else "presolve", prover, end.solver), ""
        if best["status"] == "none":
            asked = named(prover, end.solver or how.solver)
            return None, f"{claim}: {asked} did not confirm it in {left:.0f} s"
        counterexample = NamedPlan(best["built"], best["rings"], best["starts"])
    builds = ", ".join(map(repr, counterexample.built)) or "nothing"
    claims.refuse(
        "the solver claimed that the problem is infeasible, yet a plan meets every constraint: it builds "
        f"{builds}",
        counterexample,
    )
    return None, ""


def _word(name: str, ending: Ending) -> str:
    return f"the word of {named(name, ending.solver)} alone"


def _bound(
    claims: CheckedClaims, claimed: float, ending: Ending, name: str, params: SolveParameters, run: Runner
) -> Confirmation:
    """Replace a bound that is not believed by one of our own."""
    best, minimise, told = claims.best(), claims.problem.budget is None, claims.told_bound
    claims.drop_claimed_bound()
    if best["status"] in ("none", "optimal"):
        return None, ""
    left, claim = params.time_limit_s - ending.seconds, f"the bound {told:.12g} is {_word(name, ending)}"
    if not variant_of(name).proves:
        return None, f"{claim}: the variant proves nothing"
    if left < LEAST_S:
        return None, f"{claim}: no time was left to confirm it"
    prover, how = second_way(claims.problem, name, params, ending)
    how = how.replace(
        time_limit_s=left,
        gap=gap_of(best["objective"], claimed, minimise=minimise) or 0.0,
        start=NamedPlan(best["built"], best["rings"], best["starts"]),
    )
    found, end = attempt(claims.problem, prover, how, claims.progress, in_new_process(run))
    ours = found.best()
    allowed = rounded_bound(claimed, minimise=minimise)
    if (ours["objective"] < allowed) if minimise else (ours["objective"] > allowed):
        claims.refuse(f"a plan with objective {ours['objective']} contradicts the solver's bound {told}")
    claims.replace_bound(ours["bound"], found.bound_kind)
    believed = claims.best()["bound"]
    is_ours = believed == ours["bound"] and claims.bound_kind == found.bound_kind
    source = source_of(found.bound_kind, prover, end.solver) if is_ours else None
    proved = rounded_bound(believed, minimise=minimise)
    confirmed = claims.refusals or ((proved >= allowed) if minimise else (proved <= allowed))
    return source, "" if confirmed else f"{claim}: what is proved is {believed:g}"


def source_of(kind: str, variant: str, solver: str) -> ProofSource:
    """Return the source of a bound; what needs no solver is nobody's word.

    Parameters
    ----------
    kind
        As in `ProofSource`.
    variant, solver
        What proved it.
    """
    return ProofSource(kind) if kind in ("trivial", "presolve") else ProofSource(kind, variant, solver)


def prover_of(problem: DesignProblem, params: SolveParameters) -> tuple[str, SolveParameters]:
    """Return `PROVER`, and parameters with the solver asked for if it runs with that, else its default.

    Parameters
    ----------
    problem
        The problem.
    params
        Parameters of a solve.
    """
    able = VARIANTS[PROVER].able(is_extended=not problem.is_plain)
    solver = params.solver if params.solver in able else able[0]
    return PROVER, params.replace(solver=solver, solver_options={})


def second_way(
    problem: DesignProblem, name: str, params: SolveParameters, ending: Ending
) -> tuple[str, SolveParameters]:
    """Return `PROVER` with a solver other than the one of a solve, where there is one.

    Parameters
    ----------
    problem
        The problem.
    name, params, ending
        The solve.

    Returns
    -------
    tuple
        The variant, and parameters with its solver. Where `PROVER` runs with the bundled solver alone, as on
        problems with rings or periods, that gets another seed.
    """
    # Imported here, since PuLP takes most of a second to import.
    from optimiser.engine.backends.pulp_solvers import is_installed
    from optimiser.engine.methods.branching.tree_search import SMALL

    params = params.replace(solver_options={})  # they are those of the first solver
    if ALTERNATIVE not in VARIANTS[PROVER].able(is_extended=not problem.is_plain):
        return PROVER, params.replace(solver=BUNDLED, seed=params.seed % (2**31 - 1) + 1)
    other, is_used = SOLVERS[ALTERNATIVE], params.solver == ALTERNATIVE
    if params.solver == ANY:
        is_ours = name == PROVER and len(problem.pairs) <= SMALL
        is_used = ending.solver.startswith(other.title) if ending.solver else is_ours
    return PROVER, params.replace(solver=BUNDLED if is_used or not is_installed(other) else ALTERNATIVE)


def named(name: str, solver: str) -> str:
    """Return a variant and its solver as messages name them."""
    return " with ".join(filter(None, [variant_of(name).name, solver]))


def in_new_process(run: Runner) -> Runner:
    """Return what runs each task in a process that did none before.

    Code of the user, or a solver that broke, may have left anything in the old one.
    """
    return lambda task, receive, *, time_limit_s: run(
        {**task, "fresh": True}, receive, time_limit_s=time_limit_s
    )
