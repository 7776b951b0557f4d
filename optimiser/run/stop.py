"""End in time when a user or the system asks for it."""

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
AGAIN_S = 0.05
"""Seconds after which an interruption that got lost is raised again."""
EXIT_CODE = 130
_SAID = b"Interrupted; run, frontier and bench keep finished steps: run the same command again to resume.\n"

_UNDISTURBED = threading.Lock()
"""Held in a block that is to end before the process is; a signal concerns the process, so this does too."""

_LEAVINGS: list[Callable[[], object]] = []
"""What is taken away when the process is ended by force; a signal concerns the process, so this does too."""


class Interrupted(BaseException):
    """The run was asked to stop by a signal; no handler of ordinary errors catches it on the way."""


@contextmanager
def on_signals() -> Iterator[None]:
    """Raise `Interrupted` on SIGINT and SIGTERM, and end by force if that is not heard in time.

    A long call into a compiled library can keep Python from running its signal handlers; a thread then kills
    the children, takes away what blocks of `taken_away` name and ends the process. A compiled library that is
    being imported turns whatever is raised into an `ImportError`: what fails once a signal was heard counts
    as interrupted. Where Python drops what is raised (in a destructor, in a callback of a compiled library),
    the interruption is raised again a moment later.

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
    heard, over = threading.Event(), threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        heard.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _ignore)
        raise Interrupted

    def dropped(unraisable: sys.UnraisableHookArgs) -> None:
        if not issubclass(unraisable.exc_type, Interrupted):
            before_hook(unraisable)
            return
        signal.signal(signal.SIGINT, stop)
        timer = threading.Timer(AGAIN_S, again)
        timer.daemon = True
        timer.start()

    def again() -> None:
        if not over.is_set():
            signal.raise_signal(signal.SIGINT)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    sys.unraisablehook = dropped
    watcher.start()
    try:
        yield
    except Exception as fault:
        if heard.is_set():
            raise Interrupted from fault
        raise
    finally:
        over.set()
        sys.unraisablehook = before_hook
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before_fd)
        os.close(write)


@contextmanager
def taken_away(leavings: Callable[[], object]) -> Iterator[None]:
    """Name what a block leaves behind, for the case that the process is ended by force within it.

    Parameters
    ----------
    leavings
        Takes it away; called from another thread, as the last thing the process does.

    Yields
    ------
    None
    """
    _LEAVINGS.append(leavings)
    try:
        yield
    finally:
        _LEAVINGS.remove(leavings)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let a signal, and an end by force, wait until a short block has ended: it is done whole or not at all.

    Yields
    ------
    None
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {
        number: signal.signal(number, lambda number, _frame: heard.append(number)) for number in numbers
    }
    try:
        with _UNDISTURBED:
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if heard:
            signal.raise_signal(heard[0])


def kill_children() -> None:
    """Kill every process that this one started, with their own children."""
    import psutil

    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            child.kill()


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Let further signals pass while the run is ending."""


def _watch(read: int) -> None:
    """Wait for a signal, then for the block to end; else end the process."""
    timer: threading.Timer | None = None
    while byte := os.read(read, 1):
        if timer is None and byte[0] in {signal.SIGINT, signal.SIGTERM}:
            timer = threading.Timer(GRACE_S, _end)
            timer.daemon = True
            timer.start()
    os.close(read)
    if timer is not None:
        timer.cancel()


def _end() -> NoReturn:
    _UNDISTURBED.acquire(timeout=GRACE_S)
    with suppress(Exception):
        kill_children()
    for leavings in reversed(_LEAVINGS):
        with suppress(Exception):
            leavings()
    os.write(2, _SAID)
    os._exit(EXIT_CODE)
