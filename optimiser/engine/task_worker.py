"""Be a child process that does one task after another, so that libraries are loaded once."""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
import traceback
from typing import Any, BinaryIO

from optimiser.engine.sweep_worker import listen
from optimiser.engine.worker import die_with_parent, write_message

FIELDS = ("variant", "seconds", "gap", "threads", "seed", "solver", "base")
"""Keys of a task besides the problem."""


def main() -> None:
    """Do the tasks on standard input; messages go to standard output, one JSON object a line."""
    die_with_parent()
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    lines: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=listen, args=(sys.stdin.buffer, lines), daemon=True).start()
    warmed: set[tuple[Any, ...]] = set()
    while True:
        task = json.loads(lines.get())
        try:
            _do(task, out, warmed)
        except MemoryError:
            message = "the memory limit was reached"
            write_message(out, {"kind": "failed", "reason": "memory", "message": message})
        except Exception as error:  # noqa: BLE001 - whatever went wrong is told to the parent
            from optimiser.engine.methods.variants.own import said

            told, detail = said(error, str(task["variant"])), traceback.format_exc()
            write_message(out, {"kind": "failed", "reason": "crash", "message": told, "detail": detail})


def _do(task: dict[str, Any], out: BinaryIO, warmed: set[tuple[Any, ...]]) -> None:
    from optimiser.engine.search.task import Task
    from optimiser.engine.warming import warm
    from optimiser.engine.work import work
    from optimiser.problem import parse

    asked = Task(parse(task["problem"]), **{name: task[name] for name in FIELDS})
    kind = (asked.variant, asked.solver, asked.problem.is_plain, asked.problem.budget is None)
    if kind not in warmed:
        warmed.add(kind)
        warm(asked)
    write_message(out, {"kind": "ready"})
    begun = time.monotonic()
    reason, solver = work(asked, lambda message: write_message(out, message))
    seconds = time.monotonic() - begun
    write_message(out, {"kind": "done", "reason": reason, "solver": solver, "seconds": seconds})


if __name__ == "__main__":
    main()
