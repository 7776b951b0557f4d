"""Be the child process: read one task, send plans and bounds, end with the parent."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
import time
import traceback
from typing import Any, BinaryIO

DEATH_SIGNAL = 1
"""`PR_SET_PDEATHSIG` of Linux."""


def main() -> None:
    """Run the task given on standard input; messages go to standard output, one JSON object a line."""
    die_with_parent()
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    task = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_watch, args=(sys.stdin.buffer,), daemon=True).start()
    _limit_memory(task["memory_mb"])
    try:
        _run(task, out)
    except MemoryError:
        write_message(out, {"kind": "failed", "reason": "memory", "message": "the memory limit was reached"})
    except Exception as error:  # noqa: BLE001 - whatever went wrong is told to the parent
        from optimiser.engine.methods.variants.own import said

        message = said(error, str(task["variant"]))
        write_message(
            out, {"kind": "failed", "reason": "crash", "message": message, "detail": traceback.format_exc()}
        )


def _run(task: dict[str, Any], out: BinaryIO) -> None:
    from optimiser.engine.search.task import Task
    from optimiser.engine.warming import warm
    from optimiser.engine.work import work
    from optimiser.problem import parse

    names = ("variant", "seconds", "gap", "threads", "seed", "solver", "base")
    asked = Task(parse(task["problem"]), **{name: task[name] for name in names})
    warm(asked)
    write_message(out, {"kind": "ready"})
    begun = time.monotonic()
    reason, solver = work(asked, lambda m: write_message(out, m))
    write_message(
        out, {"kind": "done", "reason": reason, "solver": solver, "seconds": time.monotonic() - begun}
    )


def write_message(out: BinaryIO, message: dict[str, Any]) -> None:
    """Write a message to the parent; end when it is gone.

    Parameters
    ----------
    out
        Where messages go.
    message
        A JSON object.
    """
    try:
        out.write(json.dumps(message).encode() + b"\n")
    except BrokenPipeError:
        os._exit(1)


def die_with_parent() -> None:
    """Ask Linux to end this process with its parent."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(DEATH_SIGNAL, signal.SIGKILL)


def _watch(lifeline: BinaryIO) -> None:
    """End when the parent closes its side of the pipe, whatever the system."""
    lifeline.read()
    os._exit(1)


def _limit_memory(megabytes: int | None) -> None:
    if megabytes is None or sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))


if __name__ == "__main__":
    main()
