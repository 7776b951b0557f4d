"""Hold one row of the results table a solve and the progress of each, and read and write both."""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from operator import attrgetter
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
from pydantic import TypeAdapter

from optimiser.bench.instances import Configuration, Run
from optimiser.problem.errors import ProblemError
from optimiser.problem.result import ROOT_STEPS, TracePoint, gap_of
from optimiser.report import tables, wording

type Key = tuple[str, str, str, str, int, int, float, float | None, float]
"""Values of the columns `KEY` of a row."""

KEY = (
    "instance", "variant", "solver", "options", "seed", "threads", "time_limit_s", "effort", "gap_asked",
)  # fmt: skip
"""Columns that identify a solve within a bench."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One solve: its input, its outcome, and what it took.

    Attributes
    ----------
    instance, family
        Name and family of the problem.
    digest
        First characters of the SHA-256 of the problem file.
    places, arcs, candidates, pairs, open_pairs
        Sizes of the problem; open pairs are not covered today and coverable.
    minimise
        The objective is cost.
    options
        Options of the solver; empty without any.
    time_limit_s, effort, gap_asked
        Limits; without one in effort seconds alone end the solve.
    status, termination, objective, bound, gap
        As in the result; None where there is none.
    seconds
        Wall time of reduction and solve, after imports and reading.
    wall_s
        Wall time of the whole process.
    cpu_s
        Processor time of the whole process and the solver's, with start, reading, reduction and check.
    peak_mb
        Largest resident memory of both processes together, sampled.
    other_load
        Share of the machine's processor time that other processes took meanwhile, 0 to 1.
    cuts, tree_nodes
        Numbers that the variant reports; None where nobody counts nodes.
    claimed_bound, claimed_gap
        Tighter bound that the solver told and nobody confirmed, and its gap; None without one.
    plan_1pct_s
        Seconds to the first plan within 1 % of the best known one on this instance in the table.
    gap_1pct_s
        Seconds until the gap was 1 % or less.
    root_bound, root_s
        Bound of the root relaxation with its cuts, before any branching, and seconds until its end; None
        where the variant has none or the solver tells none. What was not confirmed is as it was told.
    check
        `ok`, or why the independent check refused the outcome.
    message
        Details on how the solve ended.
    used
        Variant and solver with its version that the result names.
    versions
        Versions of the libraries that took part.
    code
        First characters of the hash of the source. For a variant of the user's own followed by `+` and those
        of the hash of its file, and by ` heuristic` where it proves nothing.
    machine
        Processor, cores, memory, system.
    """

    instance: str
    family: str
    digest: str
    places: int
    arcs: int
    candidates: int
    pairs: int
    open_pairs: int
    minimise: bool
    variant: str
    solver: str
    options: str
    seed: int
    threads: int
    time_limit_s: float
    effort: float | None
    gap_asked: float
    status: str
    termination: str
    objective: int | None
    bound: float | None
    gap: float | None
    seconds: float
    wall_s: float
    cpu_s: float
    peak_mb: float
    other_load: float
    cuts: int
    tree_nodes: int | None
    claimed_bound: float | None
    claimed_gap: float | None
    plan_1pct_s: float | None
    gap_1pct_s: float | None
    root_bound: float | None
    root_s: float | None
    check: str
    message: str
    used: str
    versions: str
    code: str
    machine: str

    @property
    def key(self) -> Key:
        """Return what identifies the solve within a bench."""
        key: Key = attrgetter(*KEY)(self)
        return key

    @property
    def limit_s(self) -> float:
        """Return the seconds of a time-out: the limit, or the seconds of the solve where effort limits it."""
        return self.time_limit_s if self.effort is None else min(self.seconds, self.time_limit_s)

    @property
    def label(self) -> str:
        """Return the name of the configuration, with its options, and threads where it has several."""
        return label_of(Configuration(self.variant, self.solver), self.threads, self.options)

    @property
    def source(self) -> str:
        """Return the hash of the source that solved it."""
        return self.code.partition("+")[0]

    @property
    def own(self) -> str:
        """Return the hash of the file of a variant of the user's own; empty for another variant."""
        return self.code.partition("+")[2].partition(" ")[0]

    @property
    def proved(self) -> bool:
        """Return whether the outcome is proved: an optimum, or infeasibility."""
        return self.check == "ok" and self.status in ("optimal", "infeasible")


HEURISTIC = " heuristic"
"""End of the cell `code` of a variant of the user's own that proves nothing."""


def label_of(configuration: Configuration, threads: int, options: str) -> str:
    """Return the name of a configuration, with its options, and threads where it has several."""
    more = [*filter(None, [options]), *([f"{threads} threads"] if threads > 1 else [])]
    return f"{configuration.label} ({', '.join(more)})" if more else configuration.label


def code_of(configuration: Configuration, source: str) -> str:
    """Return the cell `code` of a row, from the first characters of the hash of the source."""
    own = configuration.own
    return source if own is None else f"{source}+{own.digest}{'' if own.variant.proves else HEURISTIC}"


def slug_of(key: Key) -> str:
    """Return the name of the files of a solve, unique within a bench."""
    instance, variant, solver, options, seed, threads, limit, effort, gap = key
    told = f"__o{sha256(options.encode()).hexdigest()[:8]}" if options else ""  # they may have any character
    told += "" if effort is None else f"__e{effort:g}"
    return f"{instance}__{variant}__{solver}{told}__s{seed}__n{threads}__t{limit:g}__g{gap:g}"


def key_of(run: Run) -> Key:
    """Return the key that the row of a run has."""
    one, limits = run.configuration, run.limits
    return (
        run.instance.name, one.variant, one.solver, limits.told, run.seed, limits.threads,
        float(limits.time_limit_s), limits.effort, float(limits.gap),
    )  # fmt: skip


def save(records: Iterable[object], path: Path, kind: type = Row) -> None:
    """Write rows, or points of a trace, as CSV with a header, whole or not at all.

    None is an empty cell, and a text one line.
    """
    tables.write_csv(tables.table_of(records, get_type_hints(kind)), path)


def load[T](path: Path, kind: type[T]) -> list[T]:
    """Return the records that `save` wrote; none where there is no file.

    Raises
    ------
    ProblemError
        With the lines that are no rows, when the file is no table of this form.
    """
    if not path.exists():
        return []
    types: Mapping[str, Any] = get_type_hints(kind)
    read = TypeAdapter(kind).validate_python
    reader, found = csv.reader(io.StringIO(path.read_text(encoding="utf-8"))), list[T]()
    odd = [] if (head := next(reader, [])) == [*types] else sorted({*head} ^ {*types}) or ["their order"]
    faults = [f"line 1: columns differ: {', '.join(odd)}"] if odd else []
    for cells in () if odd else reader:
        try:
            named = zip(types, cells, strict=True)
            values = {n: wording.unguarded(text) if types[n] is str else text or None for n, text in named}
            found.append(read(values))
        except ValueError as fault:
            faults.append(f"line {reader.line_num}: {fault}")
    ProblemError.refuse(
        faults,
        "the table of results is not one of this bench",
        where=str(path),
        done="Nothing was solved.",
        remedy="Write into another folder with --out, or remove the file.",
    )
    return found


# ---- traces


type Trace = tuple[TracePoint, ...]

ROUNDING = 1e-12
"""Tolerance of comparisons with a gap or distance that was computed in floating point."""


def root_of(trace: Sequence[TracePoint]) -> tuple[float | None, float | None]:
    """Return the bound at the end of the root relaxation, as told, and its seconds; None without one."""
    for point in reversed(trace):
        if point.step in ROOT_STEPS:
            return point.bound if point.claimed is None else point.claimed, point.seconds
    return None, None


def gap_at(point: TracePoint, *, minimise: bool) -> float:
    """Return the gap at a point of a trace; infinity without a plan or a bound."""
    if point.objective is None or point.bound is None:
        return math.inf
    gap = gap_of(point.objective, point.bound, minimise=minimise)
    return math.inf if gap is None else gap


def time_to_gap(trace: Sequence[TracePoint], gap: float, *, minimise: bool) -> float | None:
    """Return the seconds until the relative gap was at most `gap`; None when it never was.

    Parameters
    ----------
    minimise
        The objective is cost.
    """
    return next((p.seconds for p in trace if gap_at(p, minimise=minimise) <= gap + ROUNDING), None)


def time_to_plan(trace: Sequence[TracePoint], best: int, within: float, *, minimise: bool) -> float | None:
    """Return the seconds until a plan was within a relative distance of a known objective; None when never.

    Parameters
    ----------
    within
        Relative distance allowed, of max(1, best).
    minimise
        The objective is cost.
    """
    room, sign = within * max(1, abs(best)) + ROUNDING, 1 if minimise else -1
    known = ((point.seconds, point.objective) for point in trace if point.objective is not None)
    return next((seconds for seconds, objective in known if sign * (objective - best) <= room), None)


def gaps_over_time(
    trace: Sequence[TracePoint], seconds: Sequence[float], *, minimise: bool
) -> tuple[float, ...]:
    """Return the smallest gap up to each of some sorted times; infinity before the first gap."""
    gaps = np.minimum.accumulate([math.inf, *(gap_at(point, minimise=minimise) for point in trace)])
    return tuple(gaps[np.searchsorted([point.seconds for point in trace], seconds, side="right")].tolist())
