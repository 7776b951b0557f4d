"""Print tables on the standard output and progress on the standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Self

from networks.inputs import printable
from optimiser.tasks import cache

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Task
    from rich.progress_bar import ProgressBar


_WIDTH = 120

PACE_S = 600.0
"""Seconds over whose pace the time left is estimated."""


def line(text: str = "") -> None:
    """Print a line, or several, on the standard output."""
    sys.stdout.write(f"{_shown(text)}\n")


def note(text: str) -> None:
    """Print a line on the standard error."""
    sys.stderr.write(f"{_shown(text)}\n")
    sys.stderr.flush()


def _shown(text: str) -> str:
    """Return lines without characters that a terminal would obey, whatever file they come from."""
    return "\n".join(map(printable, text.split("\n")))


def warn(warnings: Sequence[str]) -> None:
    """Print warnings on the standard error, also where the output is JSON."""
    for text in warnings:
        note(f"WARNING: {text}")


def as_json(value: object) -> None:
    """Print a value as JSON on the standard output."""
    line(json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False, default=str))


def rich(shown: RenderableType) -> None:
    """Print anything that rich can show on the standard output."""
    _console().print(shown)


def _console() -> Console:
    """Return a console on the standard output that leaves a closed pipe to the caller."""
    from rich.console import Console, ConsoleOptions
    from rich.segment import Segment

    class Piped(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

        def render(
            self, renderable: RenderableType, options: ConsoleOptions | None = None
        ) -> Iterator[Segment]:
            # Styles become terminal codes after this, so that all other codes come from names.
            for part in super().render(renderable, options):
                yield part if part.control else part._replace(text=_shown(part.text))

    return Piped(file=sys.stdout, width=None if sys.stdout.isatty() else _WIDTH, highlight=False)


def table(title: str, rows: Sequence[Mapping[str, object]], *, right: Sequence[str] = ()) -> None:
    """Print rows as a table.

    Parameters
    ----------
    rows
        One mapping a row, all with the same keys, which head the columns.
    right
        Columns set flush right.
    """
    if not rows:
        return
    from rich.table import Table
    from rich.text import Text

    console = _console()
    shown = Table(title=Text(title), title_justify="left", box=None, pad_edge=False)
    for name in rows[0]:
        shown.add_column(Text(name), justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(Text(str(value)) for value in row.values()))
    console.print(shown)
    console.print()


def pairs(title: str, values: Mapping[str, object], *, heads: tuple[str, str], right: bool = True) -> None:
    """Print names and values as a table of two columns.

    Parameters
    ----------
    right
        Set the values flush right.
    """
    rows = [dict(zip(heads, pair, strict=True)) for pair in values.items()]
    table(title, rows, right=heads[1:] if right else ())


def duration(seconds: float) -> str:
    """Return seconds as people say them: in seconds, minutes, or hours and minutes."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


class Display:
    """Shows on the standard error how far a command has come, within its block.

    On a terminal that is a moving line, with a bar where `count` names a total; elsewhere a line for each
    step that ended, and each minute what is being done.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.text import Text

        class Bar(BarColumn):
            def render(self, task: Task) -> ProgressBar | Text:  # type: ignore[override]
                return super().render(task) if task.total else Text()

        self.moves = sys.stderr.isatty() and not quiet
        self._quiet, self._last, self._shown = quiet, "", ExitStack()
        self._rich = Progress(
            SpinnerColumn(), TextColumn("{task.description}", markup=False), Bar(), TimeElapsedColumn(),
            console=Console(stderr=True, highlight=False), transient=True,
            speed_estimate_period=PACE_S, disable=not self.moves,
        )  # fmt: skip
        self._task = self._rich.add_task("starting", total=None)

    def __enter__(self) -> Self:
        """Begin to show what is being done."""
        self._shown.enter_context(self._rich)
        if not self.moves and not self._quiet:
            self._shown.enter_context(cache.at_intervals(self._print, cache.MINUTE_S, cache.MINUTE_S))
        return self

    def __exit__(self, *_error: object) -> None:
        """Remove the moving line."""
        self._shown.close()

    @cached_property
    def steps(self) -> cache.Progress:
        """Return what reports on the steps of a run."""
        return cache.Progress(begins=self.begins, ends=self.ends)

    def begins(self, text: str) -> None:
        """Say what is being done."""
        self._last = text
        self._rich.update(self._task, description=text)

    def ends(self, text: str) -> None:
        """Leave a line that stays."""
        if self.moves:
            self._rich.console.print(text, markup=False)
        elif not self._quiet:
            note(text)

    def count(self, done: int, total: int | None) -> None:
        """Say how many of so many parts are done; without a total there is no bar."""
        self._rich.update(self._task, completed=done, total=total)

    @property
    def left_s(self) -> float | None:
        """Return the seconds that the rest takes at the pace of the last parts; None where unknown."""
        return self._rich.tasks[0].time_remaining

    def _print(self, seconds: float) -> None:
        if self._last:
            note(f"[{seconds / 60.0:.0f} min] {self._last}")
