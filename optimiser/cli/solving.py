"""Solve a problem file."""

from __future__ import annotations

from pathlib import Path

from optimiser import result as results
from optimiser import verify
from optimiser.cli import screen
from optimiser.errors import EnvironmentFault
from optimiser.job.sections import Solve
from optimiser.pipeline import solving
from optimiser.problem import DesignProblem, load
from optimiser.problem.writing import refuse_special
from optimiser.result import Result
from optimiser.solve import SolveFailure


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
        0 within the gap, 10 not proven to it.

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
    refuse_special(output, done="Nothing was solved.")
    settings = Solve(
        variant=variant, solver=solver, gap=gap, time_limit_s=time_limit_s, threads=threads, seed=seed
    )
    with screen.progress(quiet=as_json) as progress, progress.step("solve", f"Solving {loaded.name}"):
        try:
            result = solving.solve(loaded, settings, progress=progress.trace, canonical=canonical)
        except SolveFailure as failure:
            results.save(failure.result, output)
            raise
    plan = verify.check(loaded, result)
    results.save(result, output)
    solving.refuse_empty(result)
    if as_json:
        screen.as_json({key: value for key, value in result.as_dict().items() if key != "trace"})
    else:
        screen.line(f"{result.status}: objective {plan.objective}, cost {plan.cost} {loaded.money}".rstrip())
        screen.line(f"bound {_figure(result.bound)}, gap {_figure(result.gap)}, {result.seconds:.1f} s")
        built = ", ".join(_started(loaded, result, name) for name in result.built)
        screen.line(f"built: {built or 'nothing'}")
        for name, links in result.rings.items():
            screen.line(f"ring {name}: formed by {len(links)} links")
    return solving.exit_code(result, gap)


def _started(problem: DesignProblem, result: Result, name: str) -> str:
    """Return a built candidate, with the period in which it is started where there are periods."""
    if name not in result.starts:
        return name
    return f"{name} (from {problem.periods[result.starts[name]].id})"


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}"
