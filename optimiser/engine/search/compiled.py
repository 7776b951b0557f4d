"""Compile a function once and keep the machine code, where a folder allows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import numba
from numba.core import event


def compiled[F: Callable[..., Any]](function: F) -> F:
    """Compile a function of numbers and arrays; the machine code is cached where a folder can be written.

    Parameters
    ----------
    function
        What to compile, in the part of Python that numba takes.

    Notes
    -----
    numba keeps the code beside the source, else in the user's cache folder; where neither can be written it
    refuses, and the code is then compiled anew in each process.
    """
    try:
        return cast("F", numba.njit(cache=True, nogil=True)(function))
    except RuntimeError:
        return cast("F", numba.njit(nogil=True)(function))


@contextmanager
def watch_compilation() -> Iterator[Callable[[], bool]]:
    """Give a function that returns whether anything was compiled since the block began."""
    with event.install_recorder("numba:compile") as recorder:
        yield lambda: bool(recorder.buffer)
