"""Run a command on a Dask cluster of this machine whose workers, and whose scheduler, are killed.

    python benchmarks/cluster_kills.py polyring sweep job.toml --out sweep
    python benchmarks/cluster_kills.py --every 60 --scheduler-after 300 polyring sweep job.toml --out sweep

Starts a scheduler and workers on 127.0.0.1, runs the command with `--scheduler ADDRESS` added, and kills one
worker (SIGKILL) each time so many seconds have passed, none with `--every 0`; `--scheduler-after` kills the
scheduler once. Whatever ends is started again, as a batch system would. Prints what was killed, the exit code
and the seconds; what the command wrote is to be compared with what it writes undisturbed.
"""

import argparse
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

import psutil

LOOK_S = 0.2
"""Seconds between two looks whether a process has ended."""
ANSWER_S = 60.0
"""Seconds in which a scheduler must listen."""


class Cluster:
    """A scheduler and workers, each a process of its own, which are started again when they end.

    Parameters
    ----------
    workers
        Number of workers, each of one thread.
    path
        Folder from which modules can be imported besides those of this process.
    """

    def __init__(self, workers: int, path: Path | None = None) -> None:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self._port: int = one.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self._port}"
        self.killed: Counter[str] = Counter()
        self.started: Counter[str] = Counter()
        self._workers, self._path = workers, path
        self._stack = ExitStack()
        self._ended = threading.Event()
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        """Start all, and what starts them again."""
        self._folder = self._stack.enter_context(tempfile.TemporaryDirectory())
        self._keep()
        self._keeper = threading.Thread(target=self._keep_up, daemon=True)
        self._keeper.start()
        end = time.monotonic() + ANSWER_S
        while time.monotonic() < end:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1):
                return self
            time.sleep(LOOK_S)
        raise SystemExit(f"the scheduler does not listen within {ANSWER_S:g} s")

    def __exit__(self, *_error: object) -> None:
        """End all processes."""
        self._ended.set()
        self._keeper.join()
        for process in self._running.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._stack.close()

    def process(self, name: str) -> psutil.Process:
        """Return the process "scheduler", "worker 0" and so on."""
        return psutil.Process(self._running[name].pid)

    def kill(self, name: str) -> None:
        """Kill a process with SIGKILL; it is started again."""
        self.killed[name.split(maxsplit=1)[0]] += 1
        self._running[name].send_signal(signal.SIGKILL)

    def _keep_up(self) -> None:
        while not self._ended.wait(LOOK_S):
            self._keep()

    def _keep(self) -> None:
        """Start what does not run."""
        for name in ("scheduler", *(f"worker {number}" for number in range(self._workers))):
            process = self._running.get(name)
            if process is None or process.poll() is not None:
                self.started[name.split()[0]] += 1
                self._running[name] = self._start(name)

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        words: tuple[str, ...] = ("scheduler", "--port", str(self._port))
        if name != "scheduler":
            place = ("--local-directory", self._folder)
            words = ("worker", self.address, "--nthreads", "1", "--no-nanny", *place)
        paths = [str(self._path)] if self._path else []
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *words, "--host", "127.0.0.1", "--no-dashboard"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([*paths, *filter(None, sys.path)])},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def disturb(command: Sequence[str], cluster: Cluster, asked: argparse.Namespace) -> tuple[int, float]:
    """Run a command while processes of its cluster are killed; return its exit code and its seconds."""
    draw, begun = random.Random(asked.seed), time.monotonic()  # noqa: S311 - which worker, not a secret
    next_s, scheduler_s = asked.every or float("inf"), asked.scheduler_after or float("inf")
    process = subprocess.Popen([*command, "--scheduler", cluster.address])
    while process.poll() is None:
        time.sleep(LOOK_S)
        passed_s = time.monotonic() - begun
        if passed_s >= next_s:
            next_s += asked.every
            victim = f"worker {draw.randrange(asked.workers)}"
            print(f"[{passed_s:.0f} s] kills {victim}", file=sys.stderr, flush=True)
            cluster.kill(victim)
        if passed_s >= scheduler_s:
            scheduler_s = float("inf")
            print(f"[{passed_s:.0f} s] kills the scheduler", file=sys.stderr, flush=True)
            cluster.kill("scheduler")
    return process.returncode, time.monotonic() - begun


def main() -> int:
    """Run the command, print a line of figures, and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--every", type=float, default=60.0, help="seconds between two kills of a worker")
    parser.add_argument("--scheduler-after", type=float, default=0.0, help="seconds; 0: it is not killed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    asked = parser.parse_args()
    if not asked.command:
        parser.error("no command is named")
    with Cluster(asked.workers) as cluster:
        code, seconds = disturb(asked.command, cluster, asked)
        killed = ", ".join(f"{count} × {name}" for name, count in sorted(cluster.killed.items())) or "nothing"
    print(f"{' '.join(asked.command)}: exit code {code} after {seconds:.1f} s; killed: {killed}")
    return code


if __name__ == "__main__":
    sys.exit(main())
