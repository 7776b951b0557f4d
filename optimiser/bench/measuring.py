"""Do one solve in a process of its own, and measure its time and memory from outside.

`solve` is the function of a task (`optimiser.tasks`): it measures where the task runs. `solve_here` is what
the process of the solve does.
"""

from __future__ import annotations

import json
import math
import platform
import re
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Self

import psutil

from optimiser.engine.backends.solvers import ANY, NONE
from optimiser.engine.child import STARTUP_S, ChildProcess, Ending, hard_limit_s
from optimiser.engine.methods.variants import UnfitError
from optimiser.engine.search.task import cores
from optimiser.problem.errors import OptimiserError, ProblemError, VerificationError
from optimiser.tasks import Contents
from optimiser.tasks.cache import code_version

COMMAND = (sys.executable, "-m", "optimiser.tasks.worker")
"""Command of the process."""

AROUND_S = 120.0
"""Seconds allowed for reading, reduction and check, besides start and solve."""

PAUSE_S = 0.1
"""Seconds between two samples of memory and time."""

WARM_UP_S = 120.0
"""Time limit of a solve that only fills the cache of compiled code, and is short where that is full."""

_SOLVE = ("variant", "solver", "options", "seed", "time_limit_s", "effort", "gap", "threads")
"""What a solve is told besides its files."""

_WARM: set[tuple[str, ...]] = set()
"""Configurations that this process has warmed up."""


# ---- the task


def longest_s(time_limit_s: float) -> float:
    """Return the seconds that `solve` may take, with a warm-up, for a solve with a time limit."""
    return sum(STARTUP_S + hard_limit_s(_limit_s(seconds)) for seconds in (WARM_UP_S, time_limit_s))


def _limit_s(time_limit_s: float) -> float:
    """Return the time limit of the process of a solve: start of the solver, solve, and what is around it."""
    return STARTUP_S + hard_limit_s(time_limit_s) + AROUND_S


def solve(payload: Mapping[str, Any], contents: Contents) -> dict[str, Any]:
    """Do one solve in a process of its own, and measure it: the function of a task.

    Before the first solve of a configuration in this process a tiny problem is solved with it, so that no
    measured solve includes compilation.

    Parameters
    ----------
    payload
        `name` of the solve; `problem` and `warm_up`, addresses of problem files; `variant`, `solver`, `seed`
        and limits, as in `solve_here`; `own`, the address of the file of a variant of the user's own, and
        `path`, where it lies on the user's machine; both None for another variant.

    Returns
    -------
    dict
        What `measure` returns, with the text of the result file (`result`; None where there is none), and the
        machine and the code that solved it.
    """
    configuration = (payload["variant"], payload["solver"], str(payload["own"]))
    if configuration not in _WARM:
        tiny = {"problem": payload["warm_up"], "seed": 1, "threads": 1, "options": {}}
        _measure({**payload, **tiny, "time_limit_s": WARM_UP_S, "effort": None, "gap": 0.0}, contents)
        _WARM.add(configuration)
    return {**_measure(payload, contents), "machine": machine(), "code": code()}


def _measure(payload: Mapping[str, Any], contents: Contents) -> dict[str, Any]:
    """Return what `measure` returns and the text of the result file of a solve."""
    with tempfile.TemporaryDirectory() as folder:
        problem, result, own = (Path(folder, name) for name in ("problem.json", "result.json", "own.py"))
        problem.write_bytes(contents(payload["problem"]))
        task = {name: payload[name] for name in _SOLVE} | {"problem": str(problem), "result": str(result)}
        if payload["own"] is not None:
            own.write_bytes(contents(payload["own"]))
            task["file"] = str(own)
        found = measure(task)
        text = result.read_text(encoding="utf-8") if result.exists() else None
        if payload["own"] is not None:  # messages name the line of a file: the one that the user knows
            text = text and text.replace(str(own), json.dumps(payload["path"])[1:-1])
            found["answer"] = {
                key: value.replace(str(own), payload["path"]) if isinstance(value, str) else value
                for key, value in found["answer"].items()
            }
    return {**found, "result": text}


# ---- the process


class _Sampler(threading.Thread):
    """Samples memory and processor time of a process and all that it starts, within its block."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak_mb = self.cpu_s = 0.0
        self._seen, self._ended = psutil.Process(pid), threading.Event()
        self._tree = [self._seen]

    def __enter__(self) -> Self:
        """Begin to sample."""
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Kill what is left of the processes, and wait until they have ended."""
        self._ended.set()
        self.join()
        self._kill()
        psutil.wait_procs(self._tree[1:], timeout=5)

    def run(self) -> None:
        """Sample until the block ends."""
        while not self._ended.wait(PAUSE_S):
            megabytes = seconds = 0.0
            with suppress(psutil.Error):
                # None is forgotten: what a killed process leaves is no longer among its children.
                self._tree += [p for p in self._seen.children(recursive=True) if p not in self._tree]
            for process in self._tree:
                with suppress(psutil.Error):
                    megabytes += process.memory_info().rss / 2**20
                    seconds += sum(process.cpu_times()[:2])  # user and system
            self.peak_mb, self.cpu_s = max(self.peak_mb, megabytes), max(self.cpu_s, seconds)
            if not self._seen.is_running():
                self._kill()  # what outlives it keeps its pipe open, and the parent reads to the end

    def _kill(self) -> None:
        for process in self._tree:
            with suppress(psutil.Error):
                process.kill()


def measure(
    task: Mapping[str, Any], *, command: Sequence[str] = COMMAND, limit_s: float | None = None
) -> dict[str, Any]:
    """Do a solve in a process of its own, which is killed with all that it started once it is late.

    Parameters
    ----------
    task
        As for `solve_here`.
    limit_s
        Time limit of the process, seconds; None: as the time limit of the task asks.

    Returns
    -------
    dict
        `answer`, the JSON object that it gave, with `fault` where that is not usable; `wall_s`, and `cpu_s`,
        the processor time of the process and all that it started; `peak_mb`, the largest resident memory of
        all its processes together: the sum sampled from outside, or the largest single process as counted by
        the system, whichever is more; `other_load`, the share of the machine's processor time that other
        processes took meanwhile, 0 to 1.
    """
    function = "optimiser.bench.measuring:solve_here"
    asked = {"function": function, "payload": task, "folder": "", "memory_mb": None}
    begun, (busy_s, total_s) = time.monotonic(), _processor_s()
    with ChildProcess(command, name="the process") as child:
        child.start()
        with _Sampler(child.pid) as sampler:
            limit = _limit_s(float(task["time_limit_s"])) if limit_s is None else limit_s
            ending = child(asked, lambda _message: None, time_limit_s=limit)
    answer = _answer(ending)
    cpu_s = max(sampler.cpu_s, float(answer.get("cpu_s", 0.0)))
    busy, passed = (now - then for now, then in zip(_processor_s(), (busy_s, total_s), strict=True))
    return {
        "answer": answer,
        "wall_s": time.monotonic() - begun,
        "cpu_s": cpu_s,
        "peak_mb": max(sampler.peak_mb, float(answer.get("peak_mb", 0.0))),
        "other_load": min(1.0, max(0.0, busy - cpu_s) / passed) if passed > 0 else 0.0,
    }


def _answer(ending: Ending) -> Mapping[str, Any]:
    if ending.reason == "done":
        value: Mapping[str, Any] = ending.details["value"]
        return value
    late = "it exceeded its time limit and was killed"
    return {"fault": late if ending.reason == "killed" else ending.message}


def _processor_s() -> tuple[float, float]:
    """Return the busy and the total seconds of all processors since the machine was started."""
    fields = psutil.cpu_times()._asdict()
    # Linux counts guest time in user time as well.
    total = sum(fields.values()) - (fields.get("guest", 0.0) + fields.get("guest_nice", 0.0))
    return total - fields["idle"] - fields.get("iowait", 0.0), total


def solve_here(task: Mapping[str, Any], _contents: Contents) -> dict[str, Any]:
    """Solve a problem file, write the result file, and check the result.

    Parameters
    ----------
    task
        `problem` and `result` (paths), `variant`, `solver` (`none` and `auto`: the default of the variant),
        its `options`, `time_limit_s`, `effort` (None: no limit), `gap`, `threads`, `seed`, and `file`, the
        path of a variant of the user's own.

    Returns
    -------
    dict
        `check`: `ok`, or why the independent check refused the outcome; or `unfit`, `wrong` or `fault`, why
        there is none; `cpu_s` and `peak_mb` as in `usage`.
    """
    try:
        answer = _checked(task)
    except UnfitError as fault:
        answer = {"unfit": fault.what}
    except ProblemError as fault:
        answer = {"wrong": fault_line(fault)}
    except OptimiserError as fault:
        answer = {"fault": str(fault)}
    return {**answer, **usage()}


def _checked(task: Mapping[str, Any]) -> dict[str, Any]:
    """Solve a problem file, write the result file, and check the result."""
    from optimiser import verify
    from optimiser.engine.search.task import SolveParameters
    from optimiser.engine.solve import SolveFailure, solve
    from optimiser.problem import load
    from optimiser.problem import result as results

    problem = load(Path(task["problem"]))
    params = SolveParameters(
        **{name: task[name] for name in ("time_limit_s", "gap", "threads", "seed")},
        effort=math.inf if task["effort"] is None else task["effort"],
        solver=ANY if task["solver"] == NONE else task["solver"],
        solver_options=task["options"],
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


def fault_line(fault: OptimiserError) -> str:
    """Return the location, the fault and all its parts in one line."""
    head = f"{fault.where}: {fault.what}" if fault.where else fault.what
    return f"{head}: {'; '.join(fault.faults)}" if fault.faults else head


# ---- machine and code


@cache
def machine() -> str:
    """Return processor, available cores, memory, system and Python version in one line."""
    return (
        f"{_processor()}, {cores()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB, "
        f"{platform.system()}, Python {platform.python_version()}"
    )


def _processor() -> str:
    """Return the model name of the processor as Linux reports it, else its architecture."""
    facts = Path("/proc/cpuinfo")
    text = facts.read_text(encoding="utf-8", errors="replace") if facts.is_file() else ""
    if found := re.search(r"^model name\s*:(.*)$", text, re.MULTILINE):
        return " ".join(found[1].split())
    return platform.processor() or platform.machine()


def code() -> str:
    """Return the first characters of the hash of the source of both packages and of their libraries."""
    return code_version()[:12]
