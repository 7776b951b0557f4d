"""Keep a child process that does one task after another."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from optimiser.engine.process import STARTUP_S, Ending, hard_limit_s
from optimiser.engine.standing_child import StandingChild

WORKER = (sys.executable, "-m", "optimiser.engine.task_worker")
"""Command of the child process."""


class TaskProcess(StandingChild):
    """Does tasks as `process.run_child` does, in one child that starts with the first of them.

    Parameters
    ----------
    command
        The child's command; default `WORKER`.

    Notes
    -----
    A child that fails or breaks its hard limit is ended; the next task has a new one.
    """

    def __init__(self, *, command: Sequence[str] = WORKER) -> None:
        super().__init__(command)

    def __call__(
        self, task: Mapping[str, Any], receive: Callable[[dict[str, Any]], None], *, time_limit_s: float
    ) -> Ending:
        """Do a task and pass on its messages.

        Parameters
        ----------
        task, receive, time_limit_s
            As for `process.run_child`; a limit of memory plays no part.
        """
        self._start()
        self._tell(task)
        try:
            return self._converse(receive, time_limit_s)
        except BaseException:
            self.close()  # what it says from now on would be taken for the next task's
            raise

    def _converse(self, receive: Callable[[dict[str, Any]], None], time_limit_s: float) -> Ending:
        begun = time.monotonic()
        deadline = begun + STARTUP_S + hard_limit_s(time_limit_s)
        while True:
            message = self._next(deadline, begun)
            if message["kind"] == "ready":
                begun = time.monotonic()
                deadline = begun + hard_limit_s(time_limit_s)
                receive(message)
            elif message["kind"] == "done":
                solver = str(message.get("solver", ""))
                return Ending(message["reason"], "", solver, float(message["seconds"]))
            elif message["kind"] == "failed":
                self.close()
                return Ending(message["reason"], message["message"], "", time.monotonic() - begun)
            else:
                receive(message)
