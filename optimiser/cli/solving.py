"""Solve a problem file."""

from __future__ import annotations

from pathlib import Path

from optimiser import verify
from optimiser.cli import screen
from optimiser.cli.interruption import TERMINATION, Interruption
from optimiser.engine.solve import SolveFailure
from optimiser.engine.solve import solve as run_solver
from optimiser.job.sections import Solve
from optimiser.problem import DesignProblem, load
from optimiser.problem import result as results
from optimiser.problem.errors import EnvironmentFault
from optimiser.problem.jsonfile import refuse_special_file
from optimiser.problem.result import Result, bound_tolerance
from optimiser.run import solving
from optimiser.run.stop import EXIT_CODE as INTERRUPTED
from optimiser.verify.plan import Plan


def solve(
    problem: Path,
    output: Path,
    *,
    variant: str,
    time_limit_s: float,
    gap: float,
    threads: int,
    seed: int,
    solver: str = "auto",
    canonical: bool = False,
    as_json: bool = False,
) -> int:
    """Solve a problem file, check the outcome and write the result file.

    Parameters
    ----------
    problem
        The problem file.
    output
        The result file to write.
    variant
        Formulation and solver.
    time_limit_s
        Limit in seconds.
    gap
        Relative gap asked for.
    threads
        Threads of the solver; 0: as many as cores.
    seed
        Seed of everything random.
    solver
        Solver of the variants that have a choice.
    canonical
        Choose the cheapest of equal optimal plans, and of these the first by id.
    as_json
        Print JSON.

    Returns
    -------
    int
        0 within the gap, 10 not proven to it, 130 when a signal ended the solve: the best plan so far is
        written then, where there is one.

    Raises
    ------
    InfeasibleError
        When no plan exists, proved; the result file says so. Exit code 3.
    SolverError
        When nothing was found. Exit code 4.
    VerificationError
        When the independent check refuses the plan; nothing is written. Exit code 4.
    """
    loaded = load(problem)
    if not output.resolve().parent.is_dir():
        raise EnvironmentFault(
            "the folder does not exist", where=str(output.parent), done="Nothing was solved.",
            remedy="Make the folder, or write elsewhere with -o.",
        )  # fmt: skip
    refuse_special_file(output, done="Nothing was solved.")
    settings = Solve(
        variant=variant, solver=solver, gap=gap, time_limit_s=time_limit_s, threads=threads, seed=seed
    )
    params = solving.parameters(settings).replace(canonical=canonical)
    with Interruption() as interruption:
        with screen.progress(quiet=as_json) as progress, progress.step("solve", f"Solving {loaded.name}"):
            try:
                result = run_solver(
                    loaded, variant=variant, params=params, progress=progress.trace, run=interruption.run
                )
            except SolveFailure as failure:
                results.save(failure.result, output)
                raise
        plan = verify.check(loaded, result)
        if interruption.heard and result.status not in ("optimal", "feasible"):
            screen.note("Interrupted before a plan was known; no result was written.")
            return INTERRUPTED
        results.save(result, output)
    solving.refuse_empty(result)
    if as_json:
        screen.as_json({key: value for key, value in result.as_dict().items() if key != "trace"})
    else:
        _show(loaded, result, plan, gap)
    notes = _notes(loaded, result, gap)
    if interruption.heard:
        notes.append(f"Interrupted: the best plan so far is in {output}. The same command starts anew.")
    for text in notes:
        screen.note(text)
    return INTERRUPTED if interruption.heard else solving.exit_code(result, gap)


def _show(problem: DesignProblem, result: Result, plan: Plan, gap: float) -> None:
    """Print the outcome."""
    screen.line(f"{result.status}: objective {plan.objective}, cost {plan.cost} {problem.money}".rstrip())
    proven = "" if solving.is_proven(result, gap) else " NOT proven,"
    screen.line(f"bound {_figure(result.bound)}, gap {_per_cent(result.gap)},{proven} {result.seconds:.1f} s")
    built = ", ".join(_started(problem, result, name) for name in result.built)
    screen.line(f"built: {built or 'nothing'}")
    for name, links in result.rings.items():
        screen.line(f"ring {name}: formed by {len(links)} links")


def _notes(problem: DesignProblem, result: Result, gap: float) -> list[str]:
    """Return what the solve itself says of its outcome, and why the gap asked for is not proven."""
    notes = [f"Note: {line}." for line in result.message.splitlines()]
    if solving.is_proven(result, gap):
        return notes
    if result.bound is not None and abs(result.bound - result.objective) <= bound_tolerance(result.bound):
        notes.append(_too_large(problem, result.bound))
    elif result.termination != TERMINATION:
        notes.append(
            f"The gap of {_per_cent(gap)} that was asked for is not proven: "
            f"{_WHY.get(result.termination, f'the end was {result.termination!r}')}."
        )
    return notes


_WHY = {
    "time": "time ran out; allow more with --time-limit",
    "heuristic": "this variant proves nothing; take --variant auto",
    "stalled": "numerical noise ended the search; take another --variant or --solver",
    "nodes": "the search reached its limit of nodes; take another --variant",
}
"""Why a gap is not proven, and what to do, by how the solve ended."""


def _too_large(problem: DesignProblem, bound: float) -> str:
    what = "money" if problem.budget is None else "weight"
    return (
        f"The bound is the objective, but a bound is forgiven 1e-6 + 1e-9 of itself as numerical noise, "
        f"which at {bound:,.0f} is whole units of {what}: a gap of 0 cannot be proven.\n"
        f"Count {what} in a larger unit, so that the objective is below 1,000,000,000, or ask for --gap 2e-9."
    )


def _started(problem: DesignProblem, result: Result, name: str) -> str:
    """Return a built candidate, with the period in which it is started where there are periods."""
    if name not in result.starts:
        return name
    return f"{name} (from {problem.periods[result.starts[name]].id})"


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}".removesuffix("0").removesuffix(".0")


def _per_cent(value: float | None) -> str:
    return "unknown" if value is None else f"{100 * value:.3g} %"
