"""Let no process outlive a solve, since each ends with its parent, and direct what libraries print."""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1
"""Option of Linux's `prctl` that names the signal at the death of the parent."""

POLL_S = 0.2
"""Seconds between two looks at the parent."""


def die_with_parent() -> None:
    """Ask Linux to end this process with its parent."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def end_with_parent(parent: int) -> None:
    """Watch the parent in a thread; when it is gone, kill all that this process has started, and itself.

    A process that starts commands cannot leave this to the system, which would end it and not them.

    Parameters
    ----------
    parent
        Process id of the parent.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(POLL_S)
        end_tree(os.getpid())

    threading.Thread(target=watch, daemon=True).start()


def end_tree(process_id: int) -> None:
    """Kill all processes that a process has started, then the process itself."""
    import psutil  # takes a tenth of a second, and is rarely needed

    with suppress(psutil.Error):
        root = psutil.Process(process_id)
        for process in (*root.children(recursive=True), root):
            with suppress(psutil.Error):
                process.kill()


@contextmanager
def output_to(path: str | None = os.devnull) -> Iterator[None]:
    """Append the standard output, that of libraries too, to a file, by default none; None: leave it."""
    if path is None:
        yield
        return
    before = os.dup(1)
    with Path(path).open("ab") as file:
        os.dup2(file.fileno(), 1)
    try:
        yield
    finally:
        if sys.platform != "win32":
            ctypes.CDLL(None).fflush(None)
        os.dup2(before, 1)
        os.close(before)
