"""Tell whoever watches which step is running and how long each one took."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from optimiser.problem.result import TracePoint

log = logging.getLogger(__name__)


def _silent(_text: str) -> None:
    return


@dataclass(slots=True)
class Progress:
    """A clock over the steps of a run.

    Attributes
    ----------
    begins, ends
        Called with a line of text when a step begins, and when it ends.
    seconds
        Wall time of each step that ended, in order.
    reused
        Names of the steps whose outcome was there before.
    """

    begins: Callable[[str], object] = _silent
    ends: Callable[[str], object] = _silent
    seconds: dict[str, float] = field(default_factory=dict)
    reused: list[str] = field(default_factory=list)

    def trace(self, point: TracePoint) -> None:
        """Tell how far a solve has come."""
        bound = "none" if point.bound is None else f"{point.bound:.1f}"
        self.begins(f"Solving, {point.seconds:.0f} s: plan {point.objective}, bound {bound}")

    @contextmanager
    def step(self, name: str, words: str) -> Iterator[None]:
        """Time a step.

        Parameters
        ----------
        name
            Key of the step in `seconds`.
        words
            What the step does, for people.

        Yields
        ------
        None
        """
        self.begins(words)
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)
        note = " (kept from before)" if name in self.reused else ""
        line = f"{words}: {self.seconds[name]:.1f} s{note}"
        log.info(line)
        self.ends(line)
