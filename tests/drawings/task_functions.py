"""Functions of tasks: some do well, the others do whatever harms a process."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path


def double(payload, _contents):
    return {"twice": 2 * payload["number"]}


def process_id(_payload, _contents):
    return os.getpid()


def read(payload, contents):
    return contents(payload["address"]).decode()


def begin(payload, _contents):
    """Leave a mark, then do nothing for a while."""
    Path(payload["mark"]).touch()
    time.sleep(payload["seconds"])
    return "slept"


def fail(payload, _contents):
    raise ValueError(f"bad number {payload['number']}")


def leave(_payload, _contents):
    os._exit(7)


def get_killed(_payload, _contents):
    os.kill(os.getpid(), signal.SIGKILL)


def hang(_payload, _contents):
    time.sleep(600)


def eat_memory(_payload, _contents):
    return len(bytearray(2**33))


def print_much(_payload, _contents):
    sys.stdout.write("x" * 100_000)


def return_nan(_payload, _contents):
    return float("nan")


def fail_at_first(payload, _contents):
    """Leave as often as asked, then do well: what a task looks like whose process others kill."""
    marks = Path(payload["folder"])
    before = len(list(marks.iterdir()))
    if before < payload["failures"]:
        (marks / str(before)).touch()
        os._exit(7)
    return before
