"""Run the solves of a bench, each as a task, and keep rows, problems, plans and traces in its folder."""

import hashlib
import math
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any, Protocol

from optimiser.bench import rows as table
from optimiser.bench.generators.families import GridParameters, grid
from optimiser.bench.instances import Instance, Limits, Run
from optimiser.bench.measuring import code, fault_line, longest_s
from optimiser.bench.rows import KEY, Key, Row, code_of, key_of, label_of, root_of, slug_of, time_to_gap
from optimiser.engine.methods.own_variant import OwnVariant, digest_of, text_of
from optimiser.engine.search.paths import covered
from optimiser.problem import dumps, load
from optimiser.problem import result as results
from optimiser.problem.errors import EnvironmentFault, OptimiserError, ProblemError, first_of
from optimiser.problem.jsonfile import make_folder, write_atomically
from optimiser.problem.result import Result, TracePoint, gap_of
from optimiser.run.folder import locked
from optimiser.tasks import Executor, Task, address_of
from optimiser.tasks import Outcome as TaskOutcome

EFFORT_S = 600.0
"""About the seconds that an effort of 1 takes (`search.task.MOST_NODES`)."""

_LATTICE = GridParameters(rows=3, columns=3, candidates=6, pairs=6)
"""Problem of the warm-up."""


type Facts = Mapping[str, Any]
"""Sizes and digest of a problem; names as in `Row`."""


def exclusive(folder: Path) -> AbstractContextManager[None]:
    """Hold the folder of a bench during a `with` block, so that no other bench writes its table.

    Parameters
    ----------
    folder
        Folder of the bench; it is created.

    Raises
    ------
    EnvironmentFault
        When another process holds it, or it cannot be created.
    """
    Store(folder).prepare()
    remedy = "Wait until that bench ends, or choose another folder with --out."
    return locked(folder, done="Nothing was solved.", remedy=remedy)


@dataclass(frozen=True, slots=True)
class Store:
    """The folder of a bench.

    Attributes
    ----------
    folder
        Holds `runs.csv`, `summary.md`, and the folders `instances`, `plans`, `traces` and `figures`.
    """

    folder: Path

    def prepare(self) -> None:
        """Create the folders.

        Raises
        ------
        EnvironmentFault
            When the disk does not allow it.
        """
        for name in ("instances", "plans", "traces", "figures"):
            make_folder(self.folder / name, done="Nothing was solved.")

    @property
    def runs(self) -> Path:
        """Return the path of the table."""
        return self.folder / "runs.csv"

    def rows(self) -> list[Row]:
        """Return the rows of the table so far."""
        return table.load(self.runs, Row)

    def file(self, kind: str, name: str) -> Path:
        """Return the path of a problem (`instances`), a result (`plans`) or a trace (`traces`)."""
        return self.folder / kind / f"{name}{'.csv' if kind == 'traces' else '.json'}"

    def facts(self, instance: Instance) -> Facts:
        """Write the problem file of an instance unless it exists, and return the sizes of the problem.

        A problem is made once per folder, so that a bench that continues solves the same problem as before.
        """
        path = self.file("instances", instance.name)
        if not path.exists():
            write_atomically(path, dumps(instance.make()))
        problem = load(path)
        now = covered(problem, ())
        every = covered(problem, [j for j, c in enumerate(problem.candidates) if c.fixed != "out"])
        return {
            "digest": hashlib.sha256(path.read_bytes()).hexdigest()[:12],
            "places": len(problem.nodes),
            "arcs": len(problem.arcs),
            "candidates": len(problem.candidates),
            "pairs": len(problem.pairs),
            "open_pairs": int((every & ~now).sum()),
            "minimise": problem.budget is None,
        }


# ---- continuing


def unchanged_file(own: OwnVariant) -> bytes:
    """Return the file of a variant of the user's own, as it was when the bench loaded it.

    Raises
    ------
    ProblemError
        When the file was changed since.
    """
    text = text_of(Path(own.path))
    if digest_of(text) != own.digest:
        raise ProblemError(
            "the file of a variant was changed while the bench was starting",
            where=own.path,
            done="The rows so far are kept; nothing was solved.",
            remedy="Give the changed variant another name in VARIANT, or bench in another folder with --out.",
        )
    return text


def refuse_other_variants(rows: Iterable[Row], runs: Iterable[Run]) -> None:
    """Refuse a variant of the user's own that has rows from another variant of its name.

    Raises
    ------
    ProblemError
        When there is one.
    """
    known = {(row.variant, row.own) for row in rows}
    for one in dict.fromkeys(run.configuration for run in runs):
        own, where = ("", "") if one.own is None else (one.own.digest, one.own.path)
        if any(name == one.variant and digest != own for name, digest in known):
            remedy = "Give it another name in VARIANT, or bench in another folder with --out."
            raise _changed(f"the variant {one.variant!r}", where, remedy)


def refuse_other_problems(store: Store, rows: Collection[Row], runs: Iterable[Run]) -> None:
    """Refuse a problem file of the user's own that no longer holds the problem of earlier rows.

    The copy of a problem without rows is deleted, so that its file is read again.

    Raises
    ------
    ProblemError
        When there is one.
    """
    solved = {row.instance for row in rows}
    for instance in {run.instance.name: run.instance for run in runs if run.instance.source}.values():
        kept = store.file("instances", instance.name)
        if instance.name not in solved:
            kept.unlink(missing_ok=True)
        elif kept.exists() and dumps(instance.make()) != dumps(load(kept)):
            raise _other_problem(instance.name, instance.source or kept)


def _other_problem(name: str, where: Path) -> ProblemError:
    remedy = "Bench it in another folder with --out, or under another file name."
    return _changed(f"the problem {name!r}", where, remedy)


def _changed(what: str, where: object, remedy: str) -> ProblemError:
    fault, done = f"{what} is not the one that was measured before", "Its rows are kept; nothing was solved."
    return ProblemError(fault, where=str(where), done=done, remedy=remedy)


def old_code_note(rows: Mapping[Key, Row], runs: Sequence[Run], code: str) -> str:
    """Return a note on rows that are kept from earlier code, empty where there are none.

    Parameters
    ----------
    runs
        Solves that were asked for.
    code
        First characters of the hash of the source.
    """
    kept = [rows[key_of(run)] for run in runs if key_of(run) in rows]
    old = [row for row in kept if row.source != code]
    if not old:
        return ""
    solves = "1 solve is" if len(old) == 1 else f"{len(old)} solves are"
    codes = ", ".join(dict.fromkeys(row.source for row in old))
    return (
        f"{solves} kept from earlier code ({codes}; now {code}): bench in another folder with --out to solve "
        "them again"
    )


# ---- the solves


class Listener(Protocol):
    """Receives the progress of a bench."""

    def begins(self, run: Run, number: int, total: int, left_s: float) -> None:
        """Receive the start of a solve, and the estimated seconds until the bench ends."""

    def ends(self, row: Row) -> None:
        """Receive the end of a solve."""

    def notes(self, text: str) -> None:
        """Receive a note on something left out."""


class Silence:
    """Receives the progress of a bench and says nothing."""

    def begins(self, *_: object, **__: object) -> None:
        """Receive anything."""

    ends = notes = begins


def left_s(rows: Iterable[Row], runs: Iterable[Run]) -> float:
    """Return about how many seconds some solves will take, one after the other.

    Each is assumed to take the mean share of its limit (`_limit_s`) that its configuration took on its family
    so far, else on all families; the whole limit where nothing is known.
    """
    shares: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows:
        for family in (row.family, ""):
            shares[row.label, family].append(row.wall_s / max(_limit_s(row), 1e-9))
    total = 0.0
    for run in runs:
        label = label_of(run.configuration, run.limits.threads, run.limits.told)
        known = shares.get((label, run.instance.family)) or shares.get((label, "")) or [1.0]
        total += fmean(known) * _limit_s(run.limits)
    return total


def _limit_s(one: Row | Limits) -> float:
    """Return about the seconds after which a limit in seconds or in effort ends a solve."""
    return min(one.time_limit_s, EFFORT_S * (one.effort or math.inf))


@dataclass(slots=True)
class Outcome:
    """The state of a bench, and in the end its outcome.

    Attributes
    ----------
    solved
        Every row of the folder by its key, those of earlier calls first.
    after_each
        Called after each solve with every row of the folder.
    unfit
        Solves left out because the configuration does not fit the problem.
    faults
        What was asked for and could not be done.
    """

    store: Store
    listener: Listener
    solved: dict[Key, Row]
    after_each: Callable[[Sequence[Row]], object] = lambda _rows: None
    contents: dict[str, bytes] = field(default_factory=dict)
    facts: dict[str, Facts | None] = field(default_factory=dict)
    unfit: list[str] = field(default_factory=list)
    faults: list[OptimiserError] = field(default_factory=list)

    @property
    def rows(self) -> tuple[Row, ...]:
        """Return every row of the folder."""
        return tuple(self.solved.values())


def bench(
    runs: Sequence[Run],
    folder: Path,
    *,
    listener: Listener,
    executor: Executor,
    after_each: Callable[[Sequence[Row]], object] = lambda _rows: None,
) -> Outcome:
    """Do the solves of a bench that its folder has no row of yet.

    Parameters
    ----------
    folder
        Folder for tables, problems, plans and traces.
    executor
        Does the solves, within its block; those of several workers on a machine disturb each other's times.

    after_each
        Called after each solve with every row of the folder.

    Raises
    ------
    ProblemError
        When a problem or a variant of the user's own differs from the one that earlier rows were measured
        with.
    """
    store = Store(folder)
    store.prepare()
    state = Outcome(store, listener, {row.key: row for row in store.rows()}, after_each)
    refuse_other_variants(state.solved.values(), runs)
    refuse_other_problems(store, state.solved.values(), runs)
    if note := old_code_note(state.solved, runs, code()):
        listener.notes(note)
    tiny = _kept(state, dumps(grid(_LATTICE)).encode())
    solves: dict[str, tuple[Run, Facts]] = {}
    tasks: dict[str, Task] = {}
    for run in runs:
        if key_of(run) not in state.solved and (facts := _fitting(state, run)) is not None:
            own, slug = run.configuration.own, slug_of(key_of(run))
            problem = _kept(state, state.store.file("instances", run.instance.name).read_bytes())
            variant = None if own is None else _kept(state, unchanged_file(own))
            state.store.file("plans", slug).unlink(missing_ok=True)
            task = Task(
                name=f"solve {slug}",
                function="optimiser.bench.measuring:solve",
                payload={
                    "name": slug,
                    "problem": problem,
                    "warm_up": tiny,
                    "variant": run.configuration.variant,
                    "solver": run.configuration.solver,
                    "seed": run.seed,
                    **asdict(run.limits),
                    "own": variant,
                    "path": None if own is None else own.path,
                },
                contents=(problem, tiny, *([] if variant is None else [variant])),
                time_limit_s=longest_s(run.limits.time_limit_s),
            )
            solves[task.key], tasks[task.key] = (run, facts), task
    if state.solved:
        listener.notes(f"{folder} keeps its rows of earlier solves ({len(state.solved)}), with new tables.")
    _work(state, solves, list(tasks.values()), executor)
    return state


def _work(
    state: Outcome, solves: Mapping[str, tuple[Run, Facts]], tasks: Sequence[Task], executor: Executor
) -> None:
    """Do tasks, and make a row of each as it ends.

    What the cache keeps is not asked: other folders measure anew. The rows of this one are what is kept.
    """
    waiting, left = deque(tasks), dict(solves)

    def announce() -> None:
        if waiting:
            wait_s = left_s(state.solved.values(), [run for run, _ in left.values()])
            wait_s /= max(1, executor.workers)
            run, _ = solves[waiting.popleft().key]
            state.listener.begins(run, len(tasks) - len(waiting), len(tasks), wait_s)

    with closing(executor.run(tasks, state.contents)) as arriving:
        for _ in range(max(1, executor.workers)):
            announce()
        for outcome in arriving:
            _finish(state, *left.pop(outcome.key), outcome)
            announce()


def _fitting(state: Outcome, run: Run) -> Facts | None:
    """Return the sizes of a problem; None when it cannot be made or solved with the configuration."""
    name, configuration = run.instance.name, run.configuration
    if name not in state.facts:
        try:
            state.facts[name] = state.store.facts(run.instance)
        except OptimiserError as fault:
            state.faults.append(fault)
            state.listener.notes(f"{name} is left out: {fault_line(fault)}")
            state.facts[name] = None
    facts = state.facts[name]
    if facts is None:
        return None
    if any(row.instance == name and row.digest != facts["digest"] for row in state.solved.values()):
        raise _other_problem(name, state.store.file("instances", name))
    if facts["minimise"] and not configuration.capabilities.covers_all:
        _leave_out(state, run, f"variant {configuration.variant!r} needs a budget")
        return None
    return facts


def _kept(state: Outcome, content: bytes) -> str:
    """Keep what a solve reads, and return its address."""
    address = address_of(content)
    state.contents[address] = content
    return address


def _leave_out(state: Outcome, run: Run, why: str) -> None:
    text = f"{run.configuration.label} on {run.instance.name} is left out: {why}"
    if text not in state.unfit:
        state.unfit.append(text)
        state.listener.notes(text)


def _finish(state: Outcome, run: Run, facts: Facts, outcome: TaskOutcome) -> None:
    """Make the row of a finished solve and write the table; a solve that did not fit has none."""
    where = f"{run.configuration.label} on {run.instance.name}, seed {run.seed}"
    measured, answer = outcome.value, {} if outcome.quarantined else outcome.value["answer"]
    if "unfit" in answer:
        _leave_out(state, run, str(answer["unfit"]))
        return
    if outcome.quarantined or "wrong" in answer:
        what = answer.get("wrong", f"it failed {outcome.attempts} times: {outcome.fault}")
        fault = (EnvironmentFault if outcome.quarantined else ProblemError)(str(what), where=where)
        state.faults.append(fault)
        state.listener.notes(f"{fault_line(fault)}: left out")
        return
    slug, result = slug_of(key_of(run)), None
    if "fault" not in answer and measured["result"] is not None:
        result = results.load(write_atomically(state.store.file("plans", slug), measured["result"]))
        table.save(result.trace, state.store.file("traces", slug), TracePoint)
    row = _row(run, facts, measured, result)
    state.solved[row.key] = row
    table.save(state.solved.values(), state.store.runs)
    state.after_each(state.rows)
    state.listener.ends(row)


def _row(run: Run, facts: Facts, measured: Mapping[str, Any], result: Result | None) -> Row:
    """Return the row of a solve from what its task measured; `result` is None when nothing came out."""
    answer = measured["answer"]
    trace = () if result is None else result.trace
    usable = result is not None and result.status in ("optimal", "feasible")
    claimed: dict[str, Any] = {"status": "none", "termination": "crash", "bound": None, "gap": None}
    asked: dict[str, Any] = dict(zip(KEY, key_of(run), strict=True))
    objective = result.objective if result is not None and usable else None
    # The bounds of a refused claim are not known: the trace then has the trivial one.
    root_bound, root_s = root_of(() if result is None or result.termination == "refused" else trace)
    told = trace[-1].claimed if trace else None
    claimed |= {} if result is None else {name: getattr(result, name) for name in claimed}
    return Row(
        **asked,
        family=run.instance.family,
        **facts,
        **claimed,
        objective=objective,
        seconds=measured["wall_s"] if result is None else result.seconds,
        **{name: round(measured[name], 3) for name in ("wall_s", "cpu_s", "other_load")},
        peak_mb=round(measured["peak_mb"], 1),
        cuts=trace[-1].cuts if trace else 0,
        tree_nodes=trace[-1].nodes if trace else None,
        claimed_bound=told,
        claimed_gap=None if objective is None else gap_of(objective, told, minimise=facts["minimise"]),
        plan_1pct_s=None,
        gap_1pct_s=time_to_gap(trace, 0.01, minimise=facts["minimise"]),
        root_bound=root_bound,
        root_s=root_s,
        check=str(answer.get("check", "no result")),
        message=str(answer.get("fault", "")) if result is None else result.message,
        used="" if result is None else f"{result.variant} {result.solver}".strip(),
        versions="" if result is None else ", ".join(f"{k} {v}" for k, v in result.versions.items()),
        code=code_of(run.configuration, measured["code"]),
        machine=measured["machine"],
    )


# ---- faults


def fault_lines(faults: Sequence[OptimiserError]) -> list[str]:
    """Return a line for each different fault, and the number of those beyond the first ones."""
    return first_of(list(dict.fromkeys(map(fault_line, faults))))


def incomplete(faults: Sequence[OptimiserError], *, solved: bool) -> OptimiserError:
    """Return the error with which a bench ends that could not do all that was asked for.

    Its exit status is 5 when all faults are faults of the environment (a solver that is not installed), else
    2.

    Parameters
    ----------
    faults
        What could not be done; at least one fault.
    solved
        The bench has rows nevertheless.
    """
    if len(faults) == 1 and not solved:
        return faults[0]
    kind = EnvironmentFault if all(isinstance(fault, EnvironmentFault) for fault in faults) else ProblemError
    return kind(
        "some of what was asked for could not be solved" if solved else "nothing could be solved",
        faults=fault_lines(faults),
        done="The rest is in the table; summary.md names what was left out." if solved else "",
        remedy="Correct what is named and run the same command again: finished solves are kept.",
    )
