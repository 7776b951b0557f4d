"""Confirm by our own prover what a solve claims, and choose the solver of a second attempt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from optimiser.engine.attempt import Runner, attempt
from optimiser.engine.child import Ending
from optimiser.engine.claims import CheckedClaims
from optimiser.engine.methods.variants import VARIANTS, variant_of
from optimiser.engine.search.task import NamedPlan, SolveParameters
from optimiser.problem import DesignProblem
from optimiser.problem.result import ProofSource, gap_of, rounded_bound
from optimiser.verify.infeasible import prove_infeasible

PROVER = "cuts"
"""Variant that confirms the claims of others."""

LEAST_S = 0.5
"""Seconds of the time limit that must be left for a confirmation or a second attempt."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a confirmation found.

    Attributes
    ----------
    source
        Whose word the bound is, or that no plan exists; None where the claims as they stand say so.
    note
        What was not confirmed, as a sentence; empty where nothing was left open.
    """

    source: ProofSource | None = None
    note: str = ""


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
    return Confirmation()


def _no_plan(
    claims: CheckedClaims, ending: Ending, name: str, params: SolveParameters, run: Runner
) -> Confirmation:
    """Confirm that no plan exists."""
    verdict = prove_infeasible(claims.problem)
    if verdict.by != "solver" and verdict.plan is None:
        return Confirmation(ProofSource(verdict.by))
    counterexample = None if verdict.plan is None else NamedPlan(verdict.plan)
    if counterexample is None:
        left, claim = params.time_limit_s - ending.seconds, f"that no plan exists is {_word(name, ending)}"
        if left < LEAST_S:
            return Confirmation(note=f"{claim}: no time was left to confirm it")
        prover, how = second_way(claims.problem, name, params, ending)
        how = how.replace(time_limit_s=left, start=None)
        found, end = attempt(claims.problem, prover, how, claims.progress, in_new_process(run))
        best = found.best()
        if found.is_called_infeasible:
            return Confirmation(ProofSource("search" if end.solver else "presolve", prover, end.solver))
        if best["status"] == "none":
            asked = named(prover, end.solver or how.solver)
            return Confirmation(note=f"{claim}: {asked} did not confirm it in {left:.0f} s")
        counterexample = NamedPlan(best["built"], best["rings"], best["starts"])
    builds = ", ".join(map(repr, counterexample.built)) or "nothing"
    claims.refuse(
        "the solver claimed that the problem is infeasible, yet a plan meets every constraint: it builds "
        f"{builds}",
        counterexample,
    )
    return Confirmation()


def _word(name: str, ending: Ending) -> str:
    return f"the word of {named(name, ending.solver)} alone"


def _bound(
    claims: CheckedClaims, claimed: float, ending: Ending, name: str, params: SolveParameters, run: Runner
) -> Confirmation:
    """Replace a bound that is not believed by one of our own."""
    best, minimise = claims.best(), claims.problem.budget is None
    claims.drop_claimed_bound()
    if best["status"] in ("none", "optimal"):
        return Confirmation()
    left, claim = params.time_limit_s - ending.seconds, f"the bound {claimed:g} is {_word(name, ending)}"
    if not variant_of(name).proves:
        return Confirmation(note=f"{claim}: the variant proves nothing")
    if left < LEAST_S:
        return Confirmation(note=f"{claim}: no time was left to confirm it")
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
        claims.refuse(f"a plan with objective {ours['objective']} contradicts the solver's bound {claimed}")
    claims.replace_bound(ours["bound"], found.bound_kind)
    believed = claims.best()["bound"]
    is_ours = believed == ours["bound"] and claims.bound_kind == found.bound_kind
    source = source_of(found.bound_kind, prover, end.solver) if is_ours else None
    proved = rounded_bound(believed, minimise=minimise)
    confirmed = claims.refusals or ((proved >= allowed) if minimise else (proved <= allowed))
    return Confirmation(source, "" if confirmed else f"{claim}: what is proved is {believed:g}")


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
    able = VARIANTS[PROVER].solvers if problem.is_plain else VARIANTS[PROVER].extended
    return PROVER, params.replace(solver=params.solver if params.solver in able else able[0])


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
        The variant, and parameters with its solver. Problems with rings or periods have `PROVER` with HiGHS
        alone, which then gets another seed.
    """
    # Imported here, since PuLP takes most of a second to import.
    from optimiser.engine.backends.pulp_solvers import is_installed
    from optimiser.engine.backends.solvers import SOLVERS
    from optimiser.engine.methods.branching.tree_search import SMALL

    if not problem.is_plain:
        return PROVER, params.replace(solver="highs", seed=params.seed % (2**31 - 1) + 1)
    used_scip = params.solver == "scip"
    if params.solver == "auto":
        is_ours = name == PROVER and len(problem.pairs) <= SMALL
        used_scip = ending.solver.startswith("SCIP") if ending.solver else is_ours
    solver = "scip" if not used_scip and is_installed(SOLVERS["scip"]) else "highs"
    return PROVER, params.replace(solver=solver)


def named(name: str, solver: str) -> str:
    """Return a variant and its solver as messages name them."""
    return " with ".join(filter(None, [variant_of(name).name, solver]))


def in_new_process(run: Runner) -> Runner:
    """Return what runs each task in a process that did none before.

    Code of the user, or a solver that broke, may have left anything in the old one.
    """

    def run_anew(
        task: Mapping[str, Any], receive: Callable[[dict[str, Any]], None], *, time_limit_s: float
    ) -> Ending:
        return run({**task, "fresh": True}, receive, time_limit_s=time_limit_s)

    return run_anew
