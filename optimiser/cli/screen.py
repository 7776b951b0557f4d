"""Print tables on the standard output and progress on the standard error."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from networks.inputs import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from optimiser.tasks.cache import Progress

_WIDTH = 120

MINUTE_S = 60.0
"""Seconds between two lines of progress where the output is no terminal."""


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
    title
        Heading.
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
    title
        Heading of the table.
    values
        Value by name.
    heads
        Headings of the columns.
    right
        Set the values flush right.
    """
    rows = [dict(zip(heads, pair, strict=True)) for pair in values.items()]
    table(title, rows, right=heads[1:] if right else ())


@contextmanager
def _each_minute() -> Iterator[Callable[[str], None]]:
    """Yield what takes a line of progress; the last one is printed each minute, while nothing else is."""
    last, ended = "", threading.Event()

    def begins(text: str) -> None:
        nonlocal last
        last = text

    def print_lines() -> None:
        start = time.monotonic()
        while not ended.wait(MINUTE_S):
            if last:
                note(f"[{(time.monotonic() - start) / MINUTE_S:.0f} min] {last}")

    threading.Thread(target=print_lines, daemon=True).start()
    try:
        yield begins
    finally:
        ended.set()


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Progress]:
    """Show the steps of a run on the standard error.

    Parameters
    ----------
    quiet
        Show nothing.

    Yields
    ------
    Progress
        A moving line on a terminal; elsewhere a line for each step that ended, and each minute what is being
        done.
    """
    from optimiser.tasks.cache import Progress

    if quiet:
        yield Progress()
    elif not sys.stderr.isatty():
        with _each_minute() as begins:
            yield Progress(begins=begins, ends=note)
    else:
        from rich.console import Console
        from rich.markup import escape

        console = Console(stderr=True, highlight=False)
        with console.status("starting") as status:
            yield Progress(
                begins=lambda text: status.update(escape(text)), ends=lambda text: console.print(escape(text))
            )
