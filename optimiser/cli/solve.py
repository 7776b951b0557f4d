"""Solve a problem file, and score plans of it that are given by hand.

A signal ends a solve as a time limit does, with the best plan so far.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer

from networks import inputs
from optimiser.cli import options, screen
from optimiser.cli.screen import Display
from optimiser.engine.child import ChildProcess, Ending
from optimiser.engine.methods import variants
from optimiser.engine.methods.own_variant import SUFFIX, parted
from optimiser.engine.search.task import DAY_S, NamedPlan, SolveParameters, cores
from optimiser.problem import DesignProblem, jsonfile, load
from optimiser.problem import result as results
from optimiser.problem.errors import ProblemError, VerificationError
from optimiser.problem.result import STARTS, Circuits, Result, bound_tolerance
from optimiser.report import wording
from optimiser.run.folder import link_ends
from optimiser.tasks import signals

if TYPE_CHECKING:
    from optimiser.engine.model_file import Form
    from optimiser.verify.plan import Plan

NOTHING = "Nothing was computed."
"""What a refused question has done."""
INTERRUPTED = "interrupted"
"""Termination of a result whose solve was ended by a signal."""

LARGE_MB = 20
"""Size of a model file from which the reason for it is told."""
STANDARD = Path("-")
"""Stands for the standard error."""


def solve(
    problem: options.Problem,
    *,
    out: Annotated[Path | None, options.target("Result file to write; not needed to write a model.")] = None,
    variant: Annotated[
        str,
        typer.Option(
            help="Variant or a file of your own (mine.py), either with :SOLVER; see polyring list.",
            autocompletion=options.complete_variant,
        ),
    ] = "auto",
    effort: Annotated[float, options.ranged(options.FACTOR, "Limit in effort; 1 is some ten minutes.")] = 1.0,
    time_limit: Annotated[
        float, options.ranged(options.SECONDS, "Hard limit of the solve, seconds.")
    ] = DAY_S,
    gap: Annotated[float, options.ranged(options.GAP, "Relative gap asked for, 0 to 1.")] = 0.0,
    threads: Annotated[int, options.ranged(options.THREADS, "Threads; 0: as many as cores.")] = 0,
    seed: Annotated[int, options.ranged(options.SEED, "Seed of everything random.")] = 1,
    solver: Annotated[str, typer.Option(help="Solver of the variants that have a choice.")] = "auto",
    memory_mb: Annotated[
        int, options.ranged((0, 10_000_000), "Limit on the address space of the solver, MB; 0: none.")
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
    solver_option: options.SolverOption = None,
    write_lp: Annotated[
        Path | None, typer.Option(help="Write the model of the variant, in LP format.")
    ] = None,
    write_mps: Annotated[Path | None, typer.Option(help="Write it in MPS format.")] = None,
    json: options.Json = False,
) -> int:
    """Solve a problem file, or write its model."""
    _refuse_outputs([path for path in (out, write_lp, write_mps) if path is not None])
    loaded = load(problem)
    name, named_solver = parted(variant)
    if not name.endswith(SUFFIX):
        variants.refuse_unknown(name)
    _write_models(loaded, name, {"lp": write_lp, "mps": write_mps})
    if out is None:
        return 0
    params = SolveParameters(
        time_limit_s=time_limit,
        gap=gap,
        effort=effort,
        threads=options.note_threads(threads) or cores(),
        seed=seed,
        solver=named_solver or solver,
        memory_mb=memory_mb or None,
        canonical=canonical,
        start=None if start is None else named_plan(start, loaded),
        solver_options=options.solver_options(solver_option or ()),
    )

    from optimiser import verify
    from optimiser.engine.solve import SolveFailure
    from optimiser.engine.solve import solve as solve_problem
    from optimiser.run.solving import exit_code, refuse_empty

    with _log_file(solver_log) as log, Interruption() as interruption:
        params = params.replace(solver_log=log)
        with Display(quiet=json) as display, display.steps.step("solve", f"Solving {loaded.name}"):
            try:
                result = solve_problem(
                    loaded,
                    variant=Path(name) if name.endswith(SUFFIX) else name,
                    params=params,
                    progress=display.steps.trace,
                    run=interruption.run,
                )
            except SolveFailure as failure:
                results.save(failure.result, options.noted(out))
                raise
        plan = verify.check(loaded, result)
        if interruption.received and not result.has_plan:
            screen.note("Interrupted before a plan was known; no result was written.")
            return signals.EXIT_CODE
        results.save(result, options.noted(out))
    refuse_empty(result)
    if json:
        screen.as_json({key: value for key, value in result.as_dict().items() if key != "trace"})
    else:
        _show(loaded, result, plan, gap)
    for text in _notes(loaded, result, gap):
        screen.note(text)
    if interruption.received:
        screen.note(f"Interrupted: the best plan so far is in {out}. The same command starts anew.")
        return signals.EXIT_CODE
    return exit_code(result, gap)


def _refuse_outputs(paths: Sequence[Path]) -> None:
    """Refuse files that cannot be written, and a solve that writes none."""
    if not paths:
        raise typer.BadParameter(
            "no file to write is named: give --out, or a model to write with --write-lp or --write-mps."
        )
    for path in paths:
        options.refuse_output(path, done="Nothing was solved.")


def _write_models(problem: DesignProblem, variant: str, files: Mapping[Form, Path | None]) -> None:
    """Write the model of a problem in each format that is asked for."""
    for form, path in files.items():
        if path is not None:
            from optimiser.engine.model_file import write_model

            what = ", in place of another file" if path.exists() else ""
            write_model(problem, path, form=form, variant=variant)
            megabytes = path.stat().st_size / 1e6
            why = (
                ""
                if megabytes < LARGE_MB or variant.startswith("cuts")
                else wording.WORDS["large_model"]["flows"]
            )
            screen.note(f"The model is written to {path} ({megabytes:,.1f} MB){what}.{why}")


@contextmanager
def _log_file(asked: Path | None) -> Iterator[Path | None]:
    """Yield an empty file for the log of the solver; that of `-` is printed and removed at the end."""
    if asked is None:
        yield None
        return
    if asked != STANDARD:
        _refuse_outputs([asked])
        options.noted(asked).write_bytes(b"")
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
    if result.start:
        screen.line(f"start: {STARTS.get(result.start, result.start)}")
    if result.bound_source is not None:
        screen.line(f"source of the bound: {result.bound_source}")
    periods = {name: problem.periods[at].id for name, at in result.starts.items()}
    built = (f"{name} (from {periods[name]})" if name in periods else name for name in result.built)
    screen.line(f"built: {', '.join(built) or 'nothing'}")
    for name, links in result.rings.items():
        screen.line(f"ring {name}: formed by {len(links)} links")


def _notes(problem: DesignProblem, result: Result, gap: float) -> list[str]:
    """Return the notes of the solve on its outcome, and why the gap asked for is not proven."""
    notes = [f"Note: {line}." for line in result.message.splitlines()]
    if result.is_proven(gap):
        return notes
    if result.bound is not None and abs(result.bound - result.objective) <= bound_tolerance(result.bound):
        what = "money" if problem.budget is None else "weight"
        notes.append(
            f"The bound equals the objective, but the tolerance of a bound for numerical noise, 1e-6 + 1e-9 "
            f"of itself, is whole units of {what} at {result.bound:,.0f}: no result has a gap of 0 there.\n"
            f"Count {what} in a larger unit, so that the objective is below 1,000,000,000, or ask for --gap "
            "2e-9; what polyring certify proves is exact."
        )
    elif result.termination != INTERRUPTED:
        why = wording.WORDS["unproven"].get(result.termination, f"the end was {result.termination!r}")
        notes.append(f"The gap of {_per_cent(gap)} that was asked for is not proven: {why}.")
    return notes


def _per_cent(value: float | None) -> str:
    return "unknown" if value is None else f"{100 * value:.3g} %"


# ---- plans given by hand


def score(
    problem: options.Problem,
    built: Annotated[
        str | None, typer.Option(help="Ids of what is built, with commas; empty text: nothing.")
    ] = None,
    plan: Annotated[Path | None, typer.Option(help="File with a plan: a result, or one id a line.")] = None,
    best: Annotated[
        Path | None,
        typer.Option(help="Best known result to compare with [default: result.json beside PROBLEM]."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Tell cost, coverage and distance from the best known of a plan given by hand."""
    if (built is None) == (plan is None):
        raise ProblemError("give the plan by exactly one of --built and --plan", where="score", done=NOTHING)
    loaded = load(problem)
    ids = _ids(plan) if plan is not None else _listed(built or "", known=loaded.index)
    _refuse_unknown(loaded, ids, problem.parent, where=str(plan) if plan is not None else "--built")
    given, starts = _rings_and_starts(plan)

    from optimiser import verify as checks

    rings = find_circuits(loaded, ids) if loaded.rings and not given else given
    scored = checks.score(loaded, ids, rings=rings, starts=starts)
    distance = _distance(scored, best or problem.parent / "result.json", asked=bool(best))
    summary = outline(loaded, scored) | distance
    if json:
        screen.as_json(summary)
    else:
        show_outline(f"{problem}: the plan keeps every rule.", summary)


def _listed(text: str, *, known: Container[str]) -> list[str]:
    """Return the ids of a text with commas; ids that contain commas are recognised as known ones."""
    pieces = [piece.strip() for piece in text.split(",")]
    ids = []
    while pieces:
        ends = (end for end in range(len(pieces), 0, -1) if ",".join(pieces[:end]) in known)
        end = next(ends, 1)
        ids.append(",".join(pieces[:end]))
        pieces = pieces[end:]
    return [name for name in ids if name]


def named_plan(path: Path, problem: DesignProblem) -> NamedPlan:
    """Return the plan of a file: a run folder, a result, or one id a line.

    Parameters
    ----------
    problem
        The problem at hand; a plan none of whose candidates it has is refused.

    Raises
    ------
    ProblemError
        When there is no plan in the file, or the problem has none of its candidates.
    """
    file = path / "result.json" if path.is_dir() else path
    ids = _ids(file)
    if ids and not set(ids) & problem.index.keys():
        _refuse_unknown(problem, ids[:3], file.parent, where=str(file))
    return NamedPlan(tuple(ids), *_rings_and_starts(file))


def _ids(path: Path) -> list[str]:
    """Return the ids of a plan file: JSON with `built`, or one id a line."""
    if path.suffix == ".json":
        value = jsonfile.read_json(path)
        ids = value.get("built") if isinstance(value, dict) else value
        if not isinstance(ids, list) or not all(isinstance(name, str) for name in ids):
            raise ProblemError("holds no list of ids named 'built'", where=str(path), done=NOTHING)
        return ids
    try:
        lines = inputs.read_text(path).splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise ProblemError(f"cannot be read: {fault}", where=str(path), done=NOTHING) from fault
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _rings_and_starts(path: Path | None) -> tuple[Circuits, Mapping[str, int]]:
    """Return the circuits and periods of start of a plan file; empty where it does not name them."""
    value = jsonfile.read_json(path) if path is not None and path.suffix == ".json" else None
    return results.parse_rings_and_starts(value, where=str(path)) if isinstance(value, dict) else ({}, {})


def _refuse_unknown(problem: DesignProblem, ids: Sequence[str], home: Path, *, where: str) -> None:
    """Refuse ids that no candidate has, with the nearest by id, or by name in a run folder."""
    from optimiser.job.model import unknown_links

    ends = link_ends(home)
    known = {candidate.id: ends.get(candidate.id, "") for candidate in problem.candidates}
    if faults := unknown_links(dict.fromkeys(ids), {}, known):
        some = ", ".join([*known][:5]) + (", ..." if len(known) > 5 else "")
        raise ProblemError(
            f"problem {problem.name!r} has no such candidates",
            where=where,
            faults=faults,
            done=NOTHING,
            remedy=f"The problem has {len(known)} candidates{f': {some}' if known else ''}.",
        )


def find_circuits(problem: DesignProblem, built: Collection[str]) -> Circuits:
    """Return the circuits of a plan that names none: one for each ring that what is built can form.

    Parameters
    ----------
    built
        Ids of what the plan builds.

    Returns
    -------
    Mapping
        Rings that earn a reward are formed such that the sum of rewards is largest.

    Raises
    ------
    VerificationError
        When a required ring cannot be formed with what is built; exit code 4.
    """
    from optimiser.engine.solve import solve

    candidates = tuple(
        replace(one, fixed="in" if one.id in built else "out", lead=0) for one in problem.candidates
    )
    # Nothing but rings is left, and no choice but what is built.
    alone = DesignProblem(
        name=problem.name,
        nodes=problem.nodes,
        arcs=(),
        candidates=candidates,
        pairs=(),
        budget=sum(candidate.cost for candidate in candidates),
        rings=problem.rings,
    )
    found = solve(alone, params=SolveParameters(threads=1))
    if found.status == "infeasible":
        # Here the candidates that cannot be built are those that the plan leaves out.
        left_out = [", ".join(map(repr, reason.barred)) for reason in found.reasons]
        raise VerificationError(
            "what is built does not form the rings that it must",
            where=problem.name,
            faults=[
                f"{reason.text}; not built: {names}" if names else reason.text
                for reason, names in zip(found.reasons, left_out, strict=True)
            ],
            done="The plan was not scored.",
            remedy="Build what is missing, or give the plan as a JSON file with `rings`, as in a result.",
        )
    return found.rings


def _distance(plan: Plan, best: Path, *, asked: bool) -> dict[str, Any]:
    """Return how far a plan is from the best known result."""
    if not asked and not best.exists():
        return {}
    known = results.load(best)
    if known.problem != plan.problem or not known.has_plan:
        return {}
    away = abs(known.objective - plan.objective)
    return {
        "best_known": known.objective,
        "away": away,
        "away_share": round(away / max(1, abs(known.objective)), 6),
        "bound": known.bound,
    }


def outline(problem: DesignProblem, plan: Plan) -> dict[str, Any]:
    """Return the figures of a plan that commands print as JSON."""
    tiers = {
        name or "all": {"total": group.total, "before": group.before, "after": group.after}
        for name, group in plan.groups.items()
    }
    rings = {
        "rings": [{"id": name, "links": list(links)} for name, links in plan.rings.items()],
        "rings_not_formed": [ring.id for ring in problem.rings if ring.id not in plan.rings],
    }
    periods = {"starts": dict(plan.starts), "coverage_by_period": list(plan.coverage_by_period)}
    return {
        "problem": problem.name,
        "built": list(plan.built),
        "cost": plan.cost,
        "budget": problem.budget,
        "money": problem.money,
        "objective": plan.objective,
        "coverage": plan.coverage.after,
        "coverage_before": plan.coverage.before,
        "coverage_total": plan.coverage.total,
        **({"cities": list(plan.cities)} if problem.cities else {}),
        **(rings if problem.rings else {}),
        **(periods if problem.periods else {}),
        "groups": tiers,
    }


def in_words(run: dict[str, Any], key: str, value: Any) -> object:  # noqa: ANN401 - a JSON value
    """Return a figure of a run as people write it: money with its unit, the limit in hours."""
    if value is None:
        return ""
    if key in ("cost", "budget", "cost of all candidates"):
        return wording.money(value, run.get("money", ""))
    if key in ("gap", "gap_of_gain"):
        return wording.gap(value)
    if key == "bound":
        return round(value, 2)
    return wording.hours(value) if key == "limit_s" else value


def show_outline(head: str, summary: dict[str, Any]) -> None:
    """Print a line and the figures of a plan."""
    screen.line(head)
    figures = {
        key.replace("_", " "): in_words(summary, key, value)
        for key, value in summary.items()
        if key not in ("problem", "money") and not isinstance(value, list | dict)
    }
    screen.pairs("", figures, heads=("what", "value"))
    for ring in summary.get("rings", []):
        screen.line(f"Ring {ring['id']}: formed by {len(ring['links'])} links.")
    for name in summary.get("rings_not_formed", []):
        screen.line(f"Ring {name}: not formed; it is not required.")
    groups = [{"group": name, **values} for name, values in summary["groups"].items()]
    screen.table("Covered weight", groups, right=["total", "before", "after"])
