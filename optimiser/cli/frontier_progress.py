"""Show how far a frontier has come, and how long it may still take."""

from __future__ import annotations

import math
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from optimiser.cli import screen

if TYPE_CHECKING:
    from optimiser.frontier import Tracer

RECENT = 12
"""Points over whose pace the time left is estimated."""

PAUSE_S = 10.0
"""Seconds between two lines where the standard error is no terminal."""


class Pace:
    """Estimates the time left from when the last points came.

    Parameters
    ----------
    wanted
        Points wanted; 0: all.
    total_s
        Time limit of all, seconds.
    """

    def __init__(self, wanted: int, total_s: float) -> None:
        self._wanted, self._total = wanted, total_s
        self._begun: float | None = None
        self._came: deque[tuple[float, int]] = deque(maxlen=RECENT)

    def note(self, points: int) -> None:
        """Take in that there are so many points now."""
        now = time.monotonic()
        self._begun = now if self._begun is None else self._begun
        self._came.append((now, points))

    def left_s(self) -> float:
        """Return the seconds that are left, at most those of the time limit."""
        if self._begun is None:
            return self._total
        most = max(0.0, self._total - (time.monotonic() - self._begun))
        (first, few), (last, many) = self._came[0], self._came[-1]
        if not self._wanted or many <= few:
            return most
        return min(most, (self._wanted - many) * (last - first) / (many - few))


@contextmanager
def watched(*, wanted: int, total_s: float, quiet: bool) -> Iterator[Callable[[Tracer], None]]:
    """Give a function that shows the state of a tracer on the standard error.

    Parameters
    ----------
    wanted
        Points wanted; 0: all.
    total_s
        Time limit of all, seconds.
    quiet
        Show nothing.

    Yields
    ------
    Callable
        To be called after each point: a bar on a terminal, a line now and then elsewhere.
    """
    pace = Pace(wanted, total_s)
    if quiet:
        yield lambda _tracer: None
    elif sys.stderr.isatty():
        yield from _bar(pace, wanted)
    else:
        yield _lines(pace, wanted)


def _bar(pace: Pace, wanted: int) -> Iterator[Callable[[Tracer], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("Frontier"), BarColumn(), TextColumn("{task.description}"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True, highlight=False)) as bar:
        task = bar.add_task("starting", total=wanted or None)

        def show(tracer: Tracer) -> None:
            pace.note(len(tracer.state.places))
            said = _said(tracer, pace, wanted)
            bar.update(task, completed=len(tracer.state.places), description=said)

        yield show


def _lines(pace: Pace, wanted: int) -> Callable[[Tracer], None]:
    last = -math.inf

    def show(tracer: Tracer) -> None:
        nonlocal last
        pace.note(len(tracer.state.places))
        if time.monotonic() - last >= PAUSE_S:
            last = time.monotonic()
            screen.note(f"Frontier: {_said(tracer, pace, wanted)}")

    return show


def _said(tracer: Tracer, pace: Pace, wanted: int) -> str:
    points = len(tracer.state.places)
    many = f"{points} of {wanted} points" if wanted else f"{points} points"
    left = pace.left_s()
    unit = f"{left:.0f} s" if left < 120 else f"{left / 60:.0f} min"
    return (
        f"{many}, {len(tracer.state.region.boxes)} gaps open, {'about' if wanted else 'at most'} {unit} left"
    )
