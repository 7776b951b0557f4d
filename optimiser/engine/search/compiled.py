"""Compile functions of numbers and arrays, and pass them records of arrays by reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Self, cast, dataclass_transform

import numba
import numpy as np
from numba.core import event, types
from numba.experimental import structref

ZERO, ONE = cast("int", np.int64(0)), cast("int", np.int64(1))
"""Integers that numba does not take for literals (see `compiled`)."""


def compiled[F: Callable[..., Any]](function: F) -> F:
    """Compile a function; the machine code is kept on disk where a folder can be written.

    Parameters
    ----------
    function
        A function in the part of Python that numba compiles.

    Notes
    -----
    Numba keeps the code beside the source, else in the user's cache folder. Where neither can be written it
    refuses, and each process compiles the function anew.

    The first run of a program compiles all that it calls, so every function costs some tenths of a second
    once. A call with an integer literal, or with a variable that begins as one, compiles another variant of
    the callee for it: pass or begin with `ZERO` or `ONE`.
    """
    return cast("F", _compile(function))


def compiled_inner[F: Callable[..., Any]](function: F) -> F:
    """Compile a function that only compiled functions call, which saves the entry for calls from Python.

    Parameters
    ----------
    function
        As of `compiled`.
    """
    return cast("F", _compile(function, no_cpython_wrapper=True))


def _compile(function: Callable[..., Any], **options: bool) -> object:
    compiler: Any = numba.njit  # its annotations leave out the options for wrappers
    options |= {"nogil": True, "no_cfunc_wrapper": True}
    try:
        return compiler(cache=True, **options)(function)
    except RuntimeError:
        return compiler(**options)(function)


@dataclass_transform(kw_only_default=True)
class Record(structref.StructRefProxy):
    """A record of arrays and numbers that compiled functions take as one pointer.

    A subclass annotates its fields, which Python and compiled code read as attributes. Numba would pass a
    tuple of forty arrays as three hundred numbers, which is slow to compile and slow to convert at each
    call. Arrays are shared between Python and compiled code. Numbers are copied: nobody may assign to a
    field.
    """

    Type: ClassVar[type[types.StructRef]]
    _fields: ClassVar[tuple[str, ...]]
    _pack: ClassVar[Callable[[tuple[Any, ...]], Any]]

    def __init_subclass__(cls) -> None:
        """Let numba know the record by the names of its fields."""
        cls._fields = tuple(name for name in cls.__annotations__ if not name.startswith("_"))
        # The type is an attribute of its record, so that cached machine code finds it again by that name.
        names = {"__module__": cls.__module__, "__qualname__": f"{cls.__qualname__}.Type"}
        cls.Type = type("Type", (types.StructRef,), names)
        structref.register(cls.Type)  # type: ignore[no-untyped-call] # numba does not say
        structref.define_proxy(cls, cls.Type, list(cls._fields))  # type: ignore[no-untyped-call] # numba does not say

        @compiled
        def pack(values: tuple[Any, ...]) -> Record:
            return cls(*values)

        cls._pack = staticmethod(pack)

    def __new__(cls, **fields: object) -> Self:
        """Return a record of fields given by name."""
        found = cls._pack(tuple(fields[name] for name in cls._fields))
        found.__dict__.update(fields)
        return cast("Self", found)

    def _replace(self, **changes: object) -> Self:
        """Return a record with other values of some fields, as a named tuple does."""
        return type(self)(**{**self.__dict__, **changes})


@contextmanager
def watch_compilation() -> Iterator[Callable[[], bool]]:
    """Give a function that returns whether anything was compiled since the block began."""
    with event.install_recorder("numba:compile") as recorder:
        yield lambda: bool(recorder.buffer)
