"""Run one solve in a process of its own, and watch time and memory from outside."""

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
"""Seconds that reading, reduction and check may take besides start and solve."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a process took and told.

    Attributes
    ----------
    told
        What it printed; `fault` when there is nothing usable.
    wall_s, cpu_s
        Of all its processes.
    peak_mb
        Largest resident memory of all its processes together: the sum sampled from outside, or the largest
        single process as the system counted it, whichever is more.
    other_load
        Share of the machine's processor time that other processes took meanwhile, 0 to 1.
    """

    told: Mapping[str, Any]
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
        Of the process.
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
        self._busy_s, self._whole_s = _processor_s()
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
        """Write the task; the pipe stays open, and its closing tells the process that we are gone."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.write(json.dumps(task).encode() + b"\n")
                self._process.stdin.flush()

    def ended(self) -> bool:
        """Take a sample; say whether the process has ended (one beyond its hard limit is killed)."""
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
        """End the process and all that it started, and wait until they are gone."""
        tree = self._tree()
        for process in tree:
            with suppress(psutil.Error):
                process.kill()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        psutil.wait_procs(tree, timeout=5)

    def end(self) -> Measured:
        """Return what the ended process took and told, and close its files."""
        wall_s = time.monotonic() - self._begun
        told = self._told()
        cpu_s = max(self._cpu_s, float(told.get("cpu_s", 0.0)))
        for stream in (self._process.stdin, self._out, self._errors):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        return Measured(
            told=told,
            wall_s=wall_s,
            cpu_s=cpu_s,
            peak_mb=max(self._peak_mb, float(told.get("peak_mb", 0.0))),
            other_load=self._other_load(cpu_s),
        )

    def _other_load(self, own_s: float) -> float:
        busy_s, whole_s = _processor_s()
        passed = whole_s - self._whole_s
        return min(1.0, max(0.0, busy_s - self._busy_s - own_s) / passed) if passed > 0 else 0.0

    def _told(self) -> Mapping[str, Any]:
        if self._late:
            return {"fault": "it did not keep to its time limit and was killed"}
        self._out.seek(0)
        with suppress(ValueError):
            value = json.loads(self._out.read())
            if isinstance(value, dict):
                return value
        self._errors.seek(0)
        tail = self._errors.read()[-500:].decode(errors="replace").strip()
        return {"fault": f"the process ended with code {self._process.returncode}: {tail}"}


def _processor_s() -> tuple[float, float]:
    """Return busy and whole seconds of all processors since the machine was started."""
    times = psutil.cpu_times()
    fields = times._asdict()
    extra = fields.get("guest", 0.0) + fields.get("guest_nice", 0.0)
    whole = sum(fields.values()) - extra
    return whole - fields["idle"] - fields.get("iowait", 0.0), whole
