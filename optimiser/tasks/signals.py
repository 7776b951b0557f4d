"""End in time when a user or the system sends a signal."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

GRACE_S = 3.0
"""Seconds between the signal and the moment when the process ends whatever it is doing."""
RETRY_S = 0.05
"""Seconds after which an interruption that got lost is raised again."""
EXIT_CODE = 130
_MESSAGE = (
    b"Interrupted; run, frontier and bench keep finished steps: run the same command again to resume.\n"
)

# A signal concerns the whole process, and so do these two.
_DEFERRED = threading.Lock()
"""Held in a block that must end before the process does."""
_CLEANUPS: list[Callable[[], object]] = []
"""Called when the process is ended by force."""


class Interrupted(BaseException):
    """The process was asked to stop by a signal; handlers of ordinary errors do not catch it."""


@contextmanager
def raise_on_signals() -> Iterator[None]:
    """Raise `Interrupted` on SIGINT and SIGTERM, and end the process by force if that takes too long.

    A long call into a compiled library can keep Python from running its signal handlers; a thread then kills
    the children, runs the functions of `cleanup_on_kill` and ends the process. A compiled library that is
    being imported turns whatever is raised into an `ImportError`: an exception after a signal counts as
    interrupted. Where Python drops what is raised (in a destructor, in a callback of a compiled library), the
    interruption is raised again a moment later.

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
    watcher = threading.Thread(target=_watch, args=(read,), daemon=True)
    before_fd = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    before_hook = sys.unraisablehook
    received, over = threading.Event(), threading.Event()

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        received.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)  # further ones pass
        raise Interrupted

    def on_dropped(unraisable: sys.UnraisableHookArgs) -> None:
        if not issubclass(unraisable.exc_type, Interrupted):
            before_hook(unraisable)
            return
        signal.signal(signal.SIGINT, interrupt)
        timer = threading.Timer(RETRY_S, interrupt_again)
        timer.daemon = True
        timer.start()

    def interrupt_again() -> None:
        if not over.is_set():
            signal.raise_signal(signal.SIGINT)

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    sys.unraisablehook = on_dropped
    watcher.start()
    fault: Exception | None = None
    try:
        yield
    except Exception as error:
        if not received.is_set():
            raise
        fault = error
    finally:
        over.set()
        sys.unraisablehook = before_hook
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before_fd)
        os.close(write)
    if received.is_set():  # turned into a fault, or swallowed by an import that may fail
        raise Interrupted from fault


@contextmanager
def cleanup_on_kill(cleanup: Callable[[], object]) -> Iterator[None]:
    """Name what is to be done if the process is ended by force within a block.

    Parameters
    ----------
    cleanup
        Called from another thread, as the last thing the process does.

    Yields
    ------
    None
    """
    _CLEANUPS.append(cleanup)
    try:
        yield
    finally:
        _CLEANUPS.remove(cleanup)


@contextmanager
def defer_signals() -> Iterator[None]:
    """Let a signal, and an end by force, wait for the end of a short block: it is done whole or not at all.

    Yields
    ------
    None
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _frame: received.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        with _DEFERRED:
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if received:
            signal.raise_signal(received[0])


def kill_children() -> None:
    """Kill every process that this one started, with their own children."""
    import psutil

    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            child.kill()


def _watch(read: int) -> None:
    """Wait for a signal, then for the end of the block; end the process if that takes too long."""
    timer: threading.Timer | None = None
    while byte := os.read(read, 1):
        if timer is None and byte[0] in {signal.SIGINT, signal.SIGTERM}:
            timer = threading.Timer(GRACE_S, _end_process)
            timer.daemon = True
            timer.start()
    os.close(read)
    if timer is not None:
        timer.cancel()


def _end_process() -> NoReturn:
    _DEFERRED.acquire(timeout=GRACE_S)
    with suppress(Exception):
        kill_children()
    for cleanup in reversed(_CLEANUPS):
        with suppress(Exception):
            cleanup()
    os.write(2, _MESSAGE)
    os._exit(EXIT_CODE)
