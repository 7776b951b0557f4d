"""Tasks that tests of several executors share, and a command that a signal stops."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil

from optimiser.tasks import Task, executor_of, run_tasks, signals


def task(name, function, **payload):
    limits = {"time_limit_s": payload.pop("limit_s", 60.0), "memory_mb": payload.pop("memory_mb", None)}
    return Task(name=name, function=f"task_functions:{function}", payload=payload, **limits)


def doubles(count):
    return [task(f"case {n}", "double", number=n) for n in range(count)]


def begins(folder, seconds):
    """Return tasks that leave a mark each and then sleep for some seconds."""
    return [
        task(f"sleep {n}", "begin", mark=str(folder / f"mark {n}"), seconds=each, limit_s=900)
        for n, each in enumerate(seconds)
    ]


def wait_for(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def stop_command(number, folder, cluster):
    """Stop a command by a signal when two of its four tasks are done, the others sleeping for ten minutes.

    Returns
    -------
    int
        The number of processes that it had started, all of which ended.
    """
    words = [sys.executable, __file__, str(folder), cluster]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    while running.stdout.readline().strip() != b"2":
        pass
    wait_for(lambda: all((folder / f"mark {n}").exists() for n in range(4)))
    started = psutil.Process(running.pid).children(recursive=True)
    running.send_signal(number)
    running.wait(120)
    assert psutil.wait_procs(started, timeout=120)[1] == []
    return len(started)


if __name__ == "__main__":
    with signals.raise_on_signals(), executor_of(workers=2, cluster=sys.argv[2]) as executor:
        tasks = begins(Path(sys.argv[1]), (0, 0, 600, 600))
        run_tasks(tasks, {}, executor, watch=lambda one: print(one.done, flush=True))  # noqa: T201
