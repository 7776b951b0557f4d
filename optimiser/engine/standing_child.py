"""Keep a child process between messages: start it, tell it, hear it, end it."""

from __future__ import annotations

import queue
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from typing import IO, Any, Self

from optimiser.engine.process import end_child, hand_over, message_of, pump, silent_end, start_child


class StandingChild:
    """A child process that stands ready as long as it is asked; a context manager that ends it.

    Parameters
    ----------
    command
        The child's command.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._errors: IO[bytes] | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._lines: queue.Queue[bytes | None] = queue.Queue()

    def __enter__(self) -> Self:
        """Return the process; it starts with what it is first told to do."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End the child."""
        self.close()

    def close(self) -> None:
        """End the child, if there is one."""
        if self._child is not None:
            end_child(self._child)
            self._child = None
        if self._errors is not None:
            self._errors.close()
            self._errors = None

    def _start(self) -> bool:
        """Start the child unless it is there; say whether it was started now.

        Raises
        ------
        EnvironmentFault
            When it cannot be started.
        """
        if self._child is not None:
            return False
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the child lives
        self._child = start_child(self._command, self._errors)
        self._lines = queue.Queue()
        threading.Thread(target=pump, args=(self._child.stdout, self._lines), daemon=True).start()
        return True

    def _tell(self, value: Mapping[str, Any]) -> None:
        if self._child is not None:
            hand_over(self._child, value)

    def _next(self, deadline: float, begun: float) -> dict[str, Any]:
        """Return the next message; one of kind `failed` when the child ended or took too long.

        Parameters
        ----------
        deadline, begun
            Until when it may take, and since when it works, by the monotonic clock.
        """
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=min(0.5, left))
            except queue.Empty:
                continue
            if line is not None:
                return message_of(line)
            if self._child is None or self._errors is None:
                break
            ending = silent_end(self._child, self._errors, time.monotonic() - begun)
            return {"kind": "failed", "reason": ending.reason, "message": ending.message}
        return {"kind": "failed", "reason": "killed", "message": "the solver did not keep to its time limit"}
