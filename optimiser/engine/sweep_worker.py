"""Be the child process of a frontier: read a problem, then one question after another."""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
import traceback
from contextlib import suppress
from typing import Any, BinaryIO

import numpy as np

from optimiser.engine.methods.sweep_task import asked_from
from optimiser.engine.worker import die_with_parent, write_message

WARMING_S = 5.0
"""Seconds for the tiny questions that load libraries and compiled code."""


def main() -> None:
    """Answer the questions on standard input; messages go to standard output, one JSON object a line."""
    die_with_parent()
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    lines: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=listen, args=(sys.stdin.buffer, lines), daemon=True).start()
    try:
        _serve(out, lines)
    except MemoryError:
        write_message(out, {"kind": "failed", "reason": "memory", "message": "the memory limit was reached"})
    except Exception as error:  # noqa: BLE001 - whatever went wrong is told to the parent
        said = f"{type(error).__name__}: {error}"
        detail = traceback.format_exc()
        write_message(out, {"kind": "failed", "reason": "crash", "message": said, "detail": detail})


def listen(lifeline: BinaryIO, lines: queue.Queue[bytes]) -> None:
    """Pass on what the parent says, and end when it is gone.

    Parameters
    ----------
    lifeline
        Standard input; its end means that the parent is gone.
    lines
        Takes each line.
    """
    for line in lifeline:
        lines.put(line)
    os._exit(1)


def _serve(out: BinaryIO, lines: queue.Queue[bytes]) -> None:
    from optimiser.engine.backends.live_program import version
    from optimiser.engine.methods.sweep import Sweep
    from optimiser.problem import parse

    task = json.loads(lines.get())
    problem = parse(task["problem"])
    _warm(task)
    write_message(out, {"kind": "ready", "solver": version()})
    sweep: Sweep | None = None
    while True:
        request = json.loads(lines.get())
        begun, warm = time.monotonic(), sweep is not None
        if sweep is None:
            measures = np.array(task["measures"], np.int64).reshape(len(task["measures"]), -1)
            sweep = Sweep(problem, measures, seed=task["seed"], threads=task["threads"])
        for built in request["known"]:
            sweep.know(built)
        talk = sweep.answer(
            asked_from(request["asked"]),
            seconds=request["seconds"],
            gap=request["gap"],
            base=request["base"],
            send=lambda message: write_message(out, message),
        )
        done = {"kind": "answered", "seconds": time.monotonic() - begun, "warm": warm}
        write_message(out, {**done, "nodes": talk.nodes, "cuts": talk.cuts, "late": talk.left() <= 0})


def _warm(task: dict[str, Any]) -> None:
    """Answer questions about a tiny problem, so that libraries and compiled code are loaded."""
    from optimiser.engine.methods.sweep import Sweep
    from optimiser.engine.methods.sweep_task import Asked
    from optimiser.engine.warming import tiny_problem

    tiny = tiny_problem(with_budget=True)
    measures = np.array([[pair.weight for pair in tiny.pairs]], np.int64)
    sweep = Sweep(tiny, measures, seed=1, threads=task["threads"])
    for asked in (Asked(7, (0,), cheapest=False), Asked(None, (7,), cheapest=True)):
        with suppress(Exception):
            sweep.answer(asked, seconds=WARMING_S, gap=0.0, base=0, send=lambda _message: None)


if __name__ == "__main__":
    main()
