"""Let nothing outlive a solve: processes end with their parent, temporary files with their owner."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

PR_SET_PDEATHSIG = 1
"""Option of Linux's `prctl` that names the signal at the death of the parent."""

PREFIX = "polyring-solve-"
"""Begin of the names of scratch folders."""

LOCK = ".lock"
"""File of a scratch folder that its owner holds locked."""

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


class ScratchFolder:
    """A folder for the temporary files of a process, which removes those that dead owners left.

    Attributes
    ----------
    environment
        Environment variables that make a process put its temporary files there.
    """

    def __init__(self) -> None:
        _remove_abandoned()
        self._path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = (self._path / LOCK).open("wb")
        _is_locked(self._lock.fileno())
        self.environment = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(self._path))

    def remove(self) -> None:
        """Remove the folder with all that it holds."""
        self._lock.close()
        shutil.rmtree(self._path, ignore_errors=True)


def _remove_abandoned() -> None:
    """Remove scratch folders whose owner is gone: the system has taken its lock back."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            with (folder / LOCK).open("rb+") as lock:
                is_abandoned = _is_locked(lock.fileno())
            if is_abandoned:
                shutil.rmtree(folder, ignore_errors=True)


def _is_locked(descriptor: int) -> bool:
    """Lock a file for this process; return whether that was possible, that is, whether nobody held it."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
