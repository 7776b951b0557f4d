"""Run one solve in a process of its own, and measure its time and memory from outside.

`solve` is the function of its task (`optimiser.tasks`): it measures where the task runs.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

import psutil

from optimiser.engine.child import STARTUP_S, hard_limit_s
from optimiser.engine.search.task import cores
from optimiser.problem.errors import EnvironmentFault
from optimiser.tasks import Contents
from optimiser.tasks.cache import code_version

COMMAND = (sys.executable, "-m", "optimiser.bench.worker")
"""Command of the process."""

AROUND_S = 120.0
"""Seconds allowed for reading, reduction and check, besides start and solve."""

PAUSE_S = 0.1
"""Seconds between two samples of memory and time."""

WARM_UP_S = 120.0
"""Time limit of a solve that only fills the cache of compiled code, and is short where that is full."""

_SOLVE = ("variant", "solver", "seed", "time_limit_s", "gap", "threads")
"""What a solve is told besides its files."""

_WARM: set[tuple[str, ...]] = set()
"""Configurations that this process has warmed up."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Resources and answer of a process.

    Attributes
    ----------
    answer
        The JSON object that it printed; `fault` when it printed nothing usable.
    wall_s, cpu_s
        Wall time, and processor time of the process and all that it started.
    peak_mb
        Largest resident memory of all its processes together: the sum sampled from outside, or the largest
        single process as counted by the system, whichever is more.
    other_load
        Share of the machine's processor time that other processes took meanwhile, 0 to 1.
    """

    answer: Mapping[str, Any]
    wall_s: float
    cpu_s: float
    peak_mb: float
    other_load: float


class Child:
    """A running solve.

    Parameters
    ----------
    task
        JSON object for the process; `time_limit_s` sets its hard limit.
    command
        Command of the process.
    around_s
        Seconds allowed besides start and solve.
    """

    def __init__(
        self, task: Mapping[str, Any], *, command: Sequence[str] = COMMAND, around_s: float = AROUND_S
    ) -> None:
        self._begun = time.monotonic()
        self._limit_s = _killed_after_s(float(task["time_limit_s"])) + around_s
        self._out: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        self._peak_mb = self._cpu_s = 0.0
        self._late = False
        self._busy_s, self._total_s = _processor_s()
        self._process = self._start(command)
        self._seen = psutil.Process(self._process.pid)
        self._hand_over(task)

    def _start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(  # noqa: S603 - our own module, no shell
                list(command),
                stdin=subprocess.PIPE,
                stdout=self._out,
                stderr=self._errors,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        except OSError as error:
            raise EnvironmentFault(f"the process of a solve cannot be started ({error.strerror})") from error

    def _hand_over(self, task: Mapping[str, Any]) -> None:
        """Write the task; the pipe stays open, and the process ends when it is closed."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.write(json.dumps(task).encode() + b"\n")
                self._process.stdin.flush()

    def ended(self) -> bool:
        """Take a sample of memory and time; return whether the process has ended.

        A process beyond its hard limit is killed.
        """
        if self._process.poll() is not None:
            return True
        self._sample()
        if time.monotonic() - self._begun > self._limit_s:
            self._late = True
            self.kill()
        return self._process.poll() is not None

    def _sample(self) -> None:
        megabytes = seconds = 0.0
        for process in self._tree():
            with suppress(psutil.Error):
                megabytes += process.memory_info().rss / 2**20
                used = process.cpu_times()
                seconds += used.user + used.system
        self._peak_mb = max(self._peak_mb, megabytes)
        self._cpu_s = max(self._cpu_s, seconds)

    def _tree(self) -> list[psutil.Process]:
        with suppress(psutil.Error):
            return [self._seen, *self._seen.children(recursive=True)]
        return []

    def kill(self) -> None:
        """Kill the process and all that it started, and wait until they have ended."""
        tree = self._tree()
        for process in tree:
            with suppress(psutil.Error):
                process.kill()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        psutil.wait_procs(tree, timeout=5)

    def end(self) -> Measured:
        """Return the resources and the answer of the ended process, and close its files."""
        wall_s = time.monotonic() - self._begun
        answer = self._answer()
        cpu_s = max(self._cpu_s, float(answer.get("cpu_s", 0.0)))
        for stream in (self._process.stdin, self._out, self._errors):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        return Measured(
            answer=answer,
            wall_s=wall_s,
            cpu_s=cpu_s,
            peak_mb=max(self._peak_mb, float(answer.get("peak_mb", 0.0))),
            other_load=self._other_load(cpu_s),
        )

    def _other_load(self, own_s: float) -> float:
        busy_s, total_s = _processor_s()
        passed = total_s - self._total_s
        return min(1.0, max(0.0, busy_s - self._busy_s - own_s) / passed) if passed > 0 else 0.0

    def _answer(self) -> Mapping[str, Any]:
        if self._late:
            return {"fault": "it exceeded its time limit and was killed"}
        self._out.seek(0)
        with suppress(ValueError):
            value = json.loads(self._out.read())
            if isinstance(value, dict):
                return value
        self._errors.seek(0)
        tail = self._errors.read()[-500:].decode(errors="replace").strip()
        return {"fault": f"the process ended with code {self._process.returncode}: {tail}"}


def _killed_after_s(time_limit_s: float) -> float:
    """Return the seconds that the process of a solve with a time limit may take for start and solve."""
    return STARTUP_S + hard_limit_s(time_limit_s)


def _processor_s() -> tuple[float, float]:
    """Return the busy and the total seconds of all processors since the machine was started."""
    times = psutil.cpu_times()
    fields = times._asdict()
    # Linux counts guest time in user time as well.
    extra = fields.get("guest", 0.0) + fields.get("guest_nice", 0.0)
    total = sum(fields.values()) - extra
    return total - fields["idle"] - fields.get("iowait", 0.0), total


# ---- the task


def longest_s(time_limit_s: float) -> float:
    """Return the seconds that `solve` may take, with a warm-up, for a solve with a time limit."""
    return sum(_killed_after_s(seconds) + AROUND_S for seconds in (WARM_UP_S, time_limit_s))


def solve(payload: Mapping[str, Any], contents: Contents) -> dict[str, Any]:
    """Do one solve in a process of its own, and measure it: the function of a task.

    Before the first solve of a configuration in this process a tiny problem is solved with it, so that no
    measured solve includes compilation.

    Parameters
    ----------
    payload
        `name` of the solve; `problem` and `warm_up`, addresses of problem files; `variant`, `solver`, `seed`
        and limits, as in `worker.measure`; `own`, the address of the file of a variant of the user's own, and
        `path`, where it lies on the user's machine; both None for another variant.
    contents
        The files by address.

    Returns
    -------
    dict
        `Measured`, with the text of the result file (`result`; None where there is none), and the machine and
        the code that solved it.
    """
    configuration = (payload["variant"], payload["solver"], str(payload["own"]))
    if configuration not in _WARM:
        limits = {"seed": 1, "time_limit_s": WARM_UP_S, "gap": 0.0, "threads": 1}
        _measure({**payload, **limits, "problem": payload["warm_up"]}, contents)
        _WARM.add(configuration)
    return {**_measure(payload, contents), "machine": machine(), "code": code()}


def _measure(payload: Mapping[str, Any], contents: Contents) -> dict[str, Any]:
    """Return `Measured` and the text of the result file of a solve."""
    with tempfile.TemporaryDirectory() as folder:
        problem, result, own = (Path(folder, name) for name in ("problem.json", "result.json", "own.py"))
        problem.write_bytes(contents(payload["problem"]))
        task = {name: payload[name] for name in _SOLVE} | {"problem": str(problem), "result": str(result)}
        if payload["own"] is not None:
            own.write_bytes(contents(payload["own"]))
            task["file"] = str(own)
        found = asdict(_outcome(Child(task)))
        text = result.read_text(encoding="utf-8") if result.exists() else None
        if payload["own"] is not None:  # messages name the line of a file: the one that the user knows
            known = payload["path"]
            text = text and text.replace(str(own), json.dumps(known)[1:-1])
            answer = found["answer"]
            found["answer"] = {
                key: value.replace(str(own), known) if isinstance(value, str) else value
                for key, value in answer.items()
            }
    return {**found, "result": text}


def _outcome(child: Child) -> Measured:
    try:
        while not child.ended():
            time.sleep(PAUSE_S)
    except BaseException:
        child.kill()
        raise
    return child.end()


@cache
def machine() -> str:
    """Return processor, available cores, memory, system and Python version in one line."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{_processor()}, {cores()} cores, {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}"
    )


def _processor() -> str:
    """Return the model name of the processor as Linux reports it, else its architecture."""
    facts = Path("/proc/cpuinfo")
    if facts.is_file():
        for line in facts.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return " ".join(value.split())
    return platform.processor() or platform.machine()


def code() -> str:
    """Return the first characters of the hash of the source of both packages and of their libraries."""
    return code_version()[:12]
