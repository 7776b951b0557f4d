"""Do tasks in this process, one after another."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Mapping, Sequence
from typing import Self

from optimiser.tasks.task import ATTEMPTS, Outcome, Task, call, describe_error

log = logging.getLogger(__name__)


class InProcess:
    """Does tasks in this process, for a debugger; no limit holds, and a crash ends this process."""

    workers = 1

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Do nothing: no process was started."""

    def run(self, tasks: Sequence[Task], contents: Mapping[str, bytes]) -> Generator[Outcome, None, None]:
        """Do tasks in their order; errors of the functions are caught."""
        for task in tasks:
            yield _outcome(task, contents)


def _outcome(task: Task, contents: Mapping[str, bytes]) -> Outcome:
    value, fault, number, begun = None, "", 0, time.monotonic()
    while number < ATTEMPTS:
        number, begun, fault = number + 1, time.monotonic(), ""
        try:
            value = call(task.function, task.payload, contents.__getitem__)
        except Exception as error:
            fault = describe_error(error)
            log.info("%s, attempt %d", task.name, number, exc_info=True)
        else:
            break
    return Outcome(
        key=task.key,
        name=task.name,
        value=value,
        fault=fault,
        attempts=number,
        seconds=round(time.monotonic() - begun, 3),
        worker="this process",
    )
