"""End in time when a user or the system asks for it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

GRACE_S = 3.0
"""Seconds between the signal and the moment when the process ends whatever it is doing."""
EXIT_CODE = 130


class Interrupted(BaseException):
    """The run was asked to stop by a signal; no handler of ordinary errors catches it on the way."""


@contextmanager
def on_signals(*, cleanup: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Raise `Interrupted` on SIGINT and SIGTERM, and end by force if that is not heard in time.

    A long call into a compiled library can keep Python from running its signal handlers; a thread then kills
    the children, cleans up and ends the process. A compiled library that is being imported turns whatever is
    raised into an `ImportError`: what fails once a signal was heard counts as interrupted.

    Parameters
    ----------
    cleanup
        Called before the process is ended by force.

    Yields
    ------
    None

    Raises
    ------
    Interrupted
        After a signal.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    read, write = os.pipe()
    os.set_blocking(write, False)
    watcher = threading.Thread(target=_watch, args=(read, cleanup), daemon=True)
    before_fd = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    heard = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        heard.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _ignore)
        raise Interrupted

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    watcher.start()
    try:
        yield
    except Exception as fault:
        if heard.is_set():
            raise Interrupted from fault
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before_fd)
        os.close(write)


def kill_children() -> None:
    """Kill every process that this one started, with their own children."""
    import psutil

    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            child.kill()


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Let further signals pass while the run is ending."""


def _watch(read: int, cleanup: Callable[[], object]) -> None:
    """Wait for a signal, then for the block to end; else end the process."""
    timer: threading.Timer | None = None
    while byte := os.read(read, 1):
        if timer is None and byte[0] in {signal.SIGINT, signal.SIGTERM}:
            timer = threading.Timer(GRACE_S, _end, args=(cleanup,))
            timer.daemon = True
            timer.start()
    os.close(read)
    if timer is not None:
        timer.cancel()


def _end(cleanup: Callable[[], object]) -> NoReturn:
    with suppress(Exception):
        kill_children()
    with suppress(Exception):
        cleanup()
    os.write(2, b"Interrupted; run the same command again to resume.\n")
    os._exit(EXIT_CODE)
