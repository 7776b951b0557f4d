"""Solve a problem file; a signal ends the solve as a time limit does, with the best plan so far."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer

from optimiser.cli import screen
from optimiser.cli.options import (
    GAP,
    MEMORY_MB,
    SECONDS,
    SEED,
    THREADS,
    Json,
    Problem,
    complete_variant,
    within,
)
from optimiser.cli.score import named_plan
from optimiser.engine.child import ChildProcess, Ending
from optimiser.tasks import signals

if TYPE_CHECKING:
    from optimiser.engine.model_file import Form
    from optimiser.problem import DesignProblem
    from optimiser.problem.result import Result
    from optimiser.verify.plan import Plan

INTERRUPTED = "interrupted"
"""Termination of a result whose solve was ended by a signal."""

STANDARD = Path("-")
"""Stands for the standard error."""


def solve(
    problem: Problem,
    *,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Result file to write; not needed to write a model."),
    ] = None,
    variant: Annotated[
        str,
        typer.Option(
            help="Variant or a file of your own (mine.py), either with :SOLVER; see polyring list.",
            autocompletion=complete_variant,
        ),
    ] = "auto",
    time_limit: Annotated[float, typer.Option(callback=within(SECONDS), help="Limit, seconds.")] = 600.0,
    gap: Annotated[float, typer.Option(callback=within(GAP), help="Relative gap asked for, 0 to 1.")] = 0.0,
    threads: Annotated[int, typer.Option(callback=within(THREADS), help="Threads; 0: as many as cores.")] = 0,
    seed: Annotated[int, typer.Option(callback=within(SEED), help="Seed of everything random.")] = 1,
    solver: Annotated[str, typer.Option(help="Solver of the variants that have a choice.")] = "auto",
    memory_mb: Annotated[
        int,
        typer.Option(
            callback=within(MEMORY_MB), help="Limit on the address space of the solver, MB; 0: none."
        ),
    ] = 0,
    canonical: Annotated[
        bool,
        typer.Option(
            "--canonical", help="Of equal optimal plans the cheapest, then the first by id; solves again."
        ),
    ] = False,
    start: Annotated[
        Path | None, typer.Option(help="Known plan to start from: a result, a run folder, or one id a line.")
    ] = None,
    solver_log: Annotated[
        Path | None,
        typer.Option(help="File for the log of the integer solver; -: the standard error, at the end."),
    ] = None,
    write_lp: Annotated[
        Path | None, typer.Option(help="Write the model of the variant, in LP format.")
    ] = None,
    write_mps: Annotated[Path | None, typer.Option(help="Write it in MPS format.")] = None,
    json: Json = False,
) -> int:
    """Solve a problem file, or write its model."""
    from optimiser import verify
    from optimiser.engine.methods.own_variant import SUFFIX, parted
    from optimiser.engine.search.task import SolveParameters, cores
    from optimiser.engine.solve import SolveFailure
    from optimiser.engine.solve import solve as solve_problem
    from optimiser.problem import load
    from optimiser.problem import result as results
    from optimiser.run.outcome import exit_code, refuse_empty

    _refuse_outputs([path for path in (output, write_lp, write_mps) if path is not None])
    loaded = load(problem)
    name, named_solver = parted(variant)
    _write_models(loaded, name, {"lp": write_lp, "mps": write_mps})
    if output is None:
        return 0
    params = SolveParameters(
        time_limit_s=time_limit,
        gap=gap,
        threads=threads or cores(),
        seed=seed,
        solver=named_solver or solver,
        memory_mb=memory_mb or None,
        canonical=canonical,
        start=None if start is None else named_plan(start, loaded),
    )
    with _log_file(solver_log) as log, Interruption() as interruption:
        params = params.replace(solver_log=log)
        with screen.progress(quiet=json) as progress, progress.step("solve", f"Solving {loaded.name}"):
            try:
                result = solve_problem(
                    loaded,
                    variant=Path(name) if name.endswith(SUFFIX) else name,
                    params=params,
                    progress=progress.trace(time_limit),
                    run=interruption.run,
                )
            except SolveFailure as failure:
                results.save(failure.result, output)
                raise
        plan = verify.check(loaded, result)
        if interruption.received and not result.has_plan:
            screen.note("Interrupted before a plan was known; no result was written.")
            return signals.EXIT_CODE
        results.save(result, output)
    refuse_empty(result)
    if json:
        screen.as_json({key: value for key, value in result.as_dict().items() if key != "trace"})
    else:
        _show(loaded, result, plan, gap)
    for text in _notes(loaded, result, gap):
        screen.note(text)
    if interruption.received:
        screen.note(f"Interrupted: the best plan so far is in {output}. The same command starts anew.")
        return signals.EXIT_CODE
    return exit_code(result, gap)


def _refuse_outputs(paths: Sequence[Path]) -> None:
    """Refuse files that cannot be written, and a solve that writes none."""
    from optimiser.problem.errors import EnvironmentFault
    from optimiser.problem.jsonfile import refuse_special_file

    if not paths:
        raise typer.BadParameter(
            "no file to write is named: give -o, or a model to write with --write-lp or --write-mps."
        )
    for path in paths:
        if not path.resolve().parent.is_dir():
            raise EnvironmentFault(
                "the folder does not exist", where=str(path.parent), done="Nothing was solved.",
                remedy="Make the folder, or name another file.",
            )  # fmt: skip
        refuse_special_file(path, done="Nothing was solved.")


def _write_models(problem: DesignProblem, variant: str, files: Mapping[Form, Path | None]) -> None:
    """Write the model of a problem in each format that is asked for."""
    for form, path in files.items():
        if path is not None:
            from optimiser.engine.model_file import write_model

            write_model(problem, path, form=form, variant=variant)
            screen.note(f"The model is written to {path}.")


@contextmanager
def _log_file(asked: Path | None) -> Iterator[Path | None]:
    """Yield an empty file for the log of the solver; that of `-` is printed and removed at the end."""
    if asked is None:
        yield None
        return
    if asked != STANDARD:
        _refuse_outputs([asked])
        asked.write_bytes(b"")
        yield asked
        return
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "solver.log"
        log.touch()
        try:
            yield log
        finally:
            screen.note(log.read_text(encoding="utf-8", errors="replace"))


class Interruption:
    """Runs the task of a solve, and ends it when a signal comes as at a time limit: what was found stands.

    From the signal to the end of the block further signals wait, so that the plan is checked and written; the
    process has the seconds that `signals` allows.
    """

    def __init__(self) -> None:
        self.received = False
        self._stack = ExitStack()
        self._process = ChildProcess()

    def __enter__(self) -> Self:
        """Start the child process, which loads its libraries meanwhile."""
        self._process.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the child process, and let signals through again."""
        self._process.close()
        self._stack.close()

    def run(
        self, task: Mapping[str, Any], receive: Callable[[dict[str, Any]], None], *, time_limit_s: float
    ) -> Ending:
        """Run a task in the child process.

        Parameters
        ----------
        task, receive, time_limit_s
            As for `ChildProcess`.

        Returns
        -------
        Ending
            Its reason is `interrupted` where a signal came, now or before; the child is gone then.
        """
        if self.received:
            return Ending(INTERRUPTED)
        begun = time.monotonic()

        def receive_timed(message: dict[str, Any]) -> None:
            nonlocal begun
            if message.get("kind") == "ready":
                begun = time.monotonic()
            receive(message)

        try:
            return self._process(task, receive_timed, time_limit_s=time_limit_s)
        except (signals.Interrupted, KeyboardInterrupt):
            self.received = True
            self._stack.enter_context(signals.defer_signals())
            return Ending(INTERRUPTED, "", "", time.monotonic() - begun)


def _show(problem: DesignProblem, result: Result, plan: Plan, gap: float) -> None:
    """Print the outcome."""
    screen.line(f"{result.status}: objective {plan.objective}, cost {plan.cost} {problem.money}".rstrip())
    proven = "" if result.is_proven(gap) else " NOT proven,"
    bound = "none" if result.bound is None else f"{result.bound:.2f}".removesuffix("0").removesuffix(".0")
    screen.line(f"bound {bound}, gap {_per_cent(result.gap)},{proven} {result.seconds:.1f} s")
    if result.bound_source is not None:
        screen.line(f"source of the bound: {result.bound_source}")
    periods = {name: problem.periods[at].id for name, at in result.starts.items()}
    built = (f"{name} (from {periods[name]})" if name in periods else name for name in result.built)
    screen.line(f"built: {', '.join(built) or 'nothing'}")
    for name, links in result.rings.items():
        screen.line(f"ring {name}: formed by {len(links)} links")


def _notes(problem: DesignProblem, result: Result, gap: float) -> list[str]:
    """Return the notes of the solve on its outcome, and why the gap asked for is not proven."""
    from optimiser.problem.result import bound_tolerance

    notes = [f"Note: {line}." for line in result.message.splitlines()]
    if result.is_proven(gap):
        return notes
    if result.bound is not None and abs(result.bound - result.objective) <= bound_tolerance(result.bound):
        notes.append(_too_large(problem, result.bound))
    elif result.termination != INTERRUPTED:
        notes.append(
            f"The gap of {_per_cent(gap)} that was asked for is not proven: "
            f"{_WHY.get(result.termination, f'the end was {result.termination!r}')}."
        )
    return notes


_WHY = {
    "killed": "the solver did not stop in time; allow more with --time-limit, or try --variant auto",
    "time": "time ran out; allow more with --time-limit",
    "heuristic": "this variant proves nothing; take --variant auto",
    "stalled": "noise ended the search, or the solver proves nothing; take another --variant or --solver",
    "unconfirmed": "our own prover did not confirm what the solver claims; allow more with --time-limit",
    "nodes": "the search reached its limit of nodes; take another --variant",
}
"""Why a gap is not proven, and what to do, by the termination of the solve."""


def _too_large(problem: DesignProblem, bound: float) -> str:
    what = "money" if problem.budget is None else "weight"
    return (
        f"The bound equals the objective, but the tolerance of a bound for numerical noise, 1e-6 + 1e-9 of "
        f"itself, is whole units of {what} at {bound:,.0f}: a gap of 0 cannot be proven.\n"
        f"Count {what} in a larger unit, so that the objective is below 1,000,000,000, or ask for --gap 2e-9."
    )


def _per_cent(value: float | None) -> str:
    return "unknown" if value is None else f"{100 * value:.3g} %"
