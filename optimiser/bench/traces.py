"""Keep the progress of solves, and read times off it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from optimiser.problem.jsonfile import write_atomically
from optimiser.problem.result import TracePoint, gap_of

type Trace = tuple[TracePoint, ...]

COLUMNS = ("seconds", "step", "objective", "bound", "cuts", "nodes")

ROUNDING = 1e-12
"""Tolerance of comparisons with a gap or distance that was computed in floating point."""


def save(trace: Iterable[TracePoint], path: Path) -> None:
    """Write a trace as CSV, whole or not at all; None is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for point in trace:
        cells = (getattr(point, name) for name in COLUMNS)
        writer.writerow(["" if cell is None else cell for cell in cells])
    write_atomically(path, text.getvalue())


def load(path: Path) -> Trace:
    """Read a trace; a missing file is an empty one."""
    if not path.exists():
        return ()
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(_point(cells) for cells in csv.DictReader(file))


def _point(cells: dict[str, str]) -> TracePoint:
    return TracePoint(
        seconds=float(cells["seconds"]),
        step=cells["step"],
        objective=int(cells["objective"]) if cells["objective"] else None,
        bound=float(cells["bound"]) if cells["bound"] else None,
        cuts=int(cells["cuts"]),
        nodes=int(cells["nodes"]),
    )


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
    trace
        Progress of a solve.
    gap
        Relative gap.
    minimise
        The objective is cost.
    """
    return next((p.seconds for p in trace if gap_at(p, minimise=minimise) <= gap + ROUNDING), None)


def time_to_plan(trace: Sequence[TracePoint], best: int, within: float, *, minimise: bool) -> float | None:
    """Return the seconds until a plan was within a relative distance of a known objective; None when never.

    Parameters
    ----------
    trace
        Progress of a solve.
    best
        Known objective.
    within
        Relative distance allowed, of max(1, best).
    minimise
        The objective is cost.
    """
    room = within * max(1, abs(best))
    for point in trace:
        if point.objective is None:
            continue
        missing = point.objective - best if minimise else best - point.objective
        if missing <= room + ROUNDING:
            return point.seconds
    return None


def gaps_over_time(
    trace: Sequence[TracePoint], seconds: Sequence[float], *, minimise: bool
) -> tuple[float, ...]:
    """Return the smallest gap up to each of some sorted times; infinity before the first gap."""
    gaps, at, now = [], 0, math.inf
    for moment in seconds:
        while at < len(trace) and trace[at].seconds <= moment:
            now = min(now, gap_at(trace[at], minimise=minimise))
            at += 1
        gaps.append(now)
    return tuple(gaps)
