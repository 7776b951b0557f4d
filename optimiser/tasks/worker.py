"""Be the child process that does tasks, each one line of JSON, until its parent is gone.

The other side is `child_processes`. The clock of a task starts with `ready`, when the module of its function
is imported; `done` has its value.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from optimiser.engine import worker
from optimiser.tasks.task import call, describe_error, find


def main() -> None:
    """Do the tasks that standard input gives; messages go to standard output."""
    worker.serve(_doing, lambda error, _task: describe_error(error))


def _doing(send: worker.Send) -> Callable[[Mapping[str, Any]], None]:
    """Return what does a task: `function`, `payload`, `folder` with the contents, and `memory_mb`."""

    def do(task: Mapping[str, Any]) -> None:
        folder = Path(task["folder"])
        worker.limit_memory(None)
        find(task["function"])
        worker.limit_memory(task["memory_mb"])  # what cannot be imported says all sorts of things
        send({"kind": "ready"})
        begun = time.monotonic()
        value = call(task["function"], task["payload"], lambda address: (folder / address).read_bytes())
        send({"kind": "done", "reason": "done", "seconds": time.monotonic() - begun, "value": value})

    return do


if __name__ == "__main__":
    main()
