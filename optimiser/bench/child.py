"""Run one solve in a process of its own, and measure its time and memory from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

import psutil

from optimiser.engine.child import STARTUP_S, hard_limit_s
from optimiser.problem.errors import EnvironmentFault

COMMAND = (sys.executable, "-m", "optimiser.bench.worker")
"""Command of the process."""

AROUND_S = 120.0
"""Seconds allowed for reading, reduction and check, besides start and solve."""


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
        self._limit_s = STARTUP_S + hard_limit_s(float(task["time_limit_s"])) + around_s
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


def _processor_s() -> tuple[float, float]:
    """Return the busy and the total seconds of all processors since the machine was started."""
    times = psutil.cpu_times()
    fields = times._asdict()
    # Linux counts guest time in user time as well.
    extra = fields.get("guest", 0.0) + fields.get("guest_nice", 0.0)
    total = sum(fields.values()) - extra
    return total - fields["idle"] - fields.get("iowait", 0.0), total
