"""Run as the process of one solve: read a task, solve, check, and print what it took."""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, BinaryIO

from optimiser.bench.exit_status import fault_line
from optimiser.engine.methods.variants import UnfitError
from optimiser.problem.errors import OptimiserError, ProblemError, VerificationError


def main() -> None:
    """Do the task given on standard input, and print its outcome and resources as one line of JSON."""
    # Standard output is kept for the answer; whatever libraries print goes to standard error.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    task = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_watch, args=(sys.stdin.buffer,), daemon=True).start()
    try:
        answer = measure(task)
    except UnfitError as fault:
        answer = {"unfit": fault.what}
    except ProblemError as fault:
        answer = {"wrong": fault_line(fault)}
    except OptimiserError as fault:
        answer = {"fault": str(fault)}
    except Exception as fault:  # noqa: BLE001 - whatever went wrong becomes a row of the table
        answer = {"fault": f"{type(fault).__name__}: {fault}", "detail": traceback.format_exc()}
    out.write(json.dumps({**answer, **usage()}) + "\n")
    out.flush()


def measure(task: dict[str, Any]) -> dict[str, Any]:
    """Solve a problem file, write the result file, and check the result.

    Parameters
    ----------
    task
        `problem` and `result` (paths), `variant`, `solver` (`none` and `auto`: the default of the variant),
        `time_limit_s`, `gap`, `threads`, `seed`, and `file`, the path of a variant of the user's own.

    Returns
    -------
    dict
        `check`: `ok`, or why the independent check refused the outcome.
    """
    from optimiser import verify
    from optimiser.engine.search.task import SolveParameters
    from optimiser.engine.solve import SolveFailure, solve
    from optimiser.problem import load
    from optimiser.problem import result as results

    problem = load(Path(task["problem"]))
    params = SolveParameters(
        time_limit_s=task["time_limit_s"],
        gap=task["gap"],
        threads=task["threads"],
        seed=task["seed"],
        solver="auto" if task["solver"] == "none" else task["solver"],
        second_solver=False,  # the row is that of the solver named
    )
    try:
        variant = Path(task["file"]) if task.get("file") else task["variant"]
        result = solve(problem, variant=variant, params=params)
    except SolveFailure as failure:
        result = failure.result
    results.save(result, Path(task["result"]))
    try:
        verify.check(problem, result)
    except VerificationError as fault:
        return {"check": "; ".join(fault.faults) or fault.what}
    return {"check": "ok"}


def usage() -> dict[str, float]:
    """Return processor seconds and peak memory (MB) of this process and its ended children.

    Empty where the system does not provide them.
    """
    try:
        import resource
    except ImportError:
        return {}
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return {
        "cpu_s": own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime,
        "peak_mb": max(own.ru_maxrss, children.ru_maxrss) / unit,
    }


def _watch(lifeline: BinaryIO) -> None:
    """End this process when the parent closes the pipe; the process of the solver ends in the same way."""
    lifeline.read()
    os._exit(1)


if __name__ == "__main__":
    main()
