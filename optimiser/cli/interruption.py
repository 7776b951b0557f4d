"""Keep the best plan of a solve that a signal ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from optimiser.engine.process import Ending, run_child
from optimiser.run import stop

TERMINATION = "interrupted"
"""What a result says of its end when a signal ended the solve."""


class Interruption:
    """Runs the task of a solve, and ends it as at a time limit when a signal comes: what was found stands.

    From the signal to the end of the block nothing disturbs the checking and writing of the plan; they have
    the seconds that `stop` gives.
    """

    def __init__(self) -> None:
        self.heard = False
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Begin to run tasks."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let signals through again."""
        self._stack.close()

    def run(
        self, task: Mapping[str, Any], receive: Callable[[dict[str, Any]], None], *, time_limit_s: float
    ) -> Ending:
        """Run a task in a child process, as `run_child` does.

        Parameters
        ----------
        task, receive, time_limit_s
            As for `run_child`.

        Returns
        -------
        Ending
            Its reason is `interrupted` where a signal came; the child is gone then.
        """
        begun = time.monotonic()

        def taken(message: dict[str, Any]) -> None:
            nonlocal begun
            if message.get("kind") == "ready":
                begun = time.monotonic()
            receive(message)

        try:
            return run_child(task, taken, time_limit_s=time_limit_s)
        except (stop.Interrupted, KeyboardInterrupt):
            self.heard = True
            self._stack.enter_context(stop.undisturbed())
            return Ending(TERMINATION, "", "", time.monotonic() - begun)
