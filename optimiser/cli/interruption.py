"""Keep the best plan of a solve that a signal ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from optimiser.engine.child import ChildProcess, Ending
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
            Its reason is `interrupted` where a signal came, then or before; the child is gone then.
        """
        if self.heard:
            return Ending(TERMINATION)
        begun = time.monotonic()

        def taken(message: dict[str, Any]) -> None:
            nonlocal begun
            if message.get("kind") == "ready":
                begun = time.monotonic()
            receive(message)

        try:
            return self._process(task, taken, time_limit_s=time_limit_s)
        except (stop.Interrupted, KeyboardInterrupt):
            self.heard = True
            self._stack.enter_context(stop.undisturbed())
            return Ending(TERMINATION, "", "", time.monotonic() - begun)
