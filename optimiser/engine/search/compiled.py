"""Run functions of numbers and arrays as plain Python first, and as machine code once that pays.

Importing numba and loading the machine code of a solve takes seconds, most of the time that a small problem
takes in all. A kernel therefore begins as the Python function that it is. When the kernels of a process have
run for as long as loading would take, or when a caller knows beforehand that a problem is large, they are
compiled (`use_machine_code`). Both ways give the same results: a test holds them against each other.
"""

import functools
import math
import os
import threading
import time
from collections.abc import Callable
from typing import Any, ClassVar, Self, cast, dataclass_transform

import numpy as np

from optimiser.problem import DesignProblem

INTERPRETED_S = 1.0
"""Seconds of CPU that the kernels of a process may run as Python before they are compiled."""

LEAST_WORK = 500
"""Candidates times pairs of a problem from which on the searches are compiled before they start."""

COMPILING_S = 20.0
"""Seconds before the end of a time limit from which on nothing is compiled."""

ZERO, ONE = cast("int", np.int64(0)), cast("int", np.int64(1))
"""Integers that numba does not take for literals (see `compiled`)."""


def compiled[F: Callable[..., Any]](function: F) -> F:
    """Make a kernel of a function; its machine code is kept on disk where a folder can be written.

    Parameters
    ----------
    function
        A function in the part of Python that numba compiles. It calls other kernels by their global names.

    Notes
    -----
    Each function takes some tenths of a second to compile once. A call with an integer literal, or with a
    variable that begins as one, compiles another variant of the callee for it: pass or begin with `ZERO` or
    `ONE`. A loop compiles in a fraction of the time of the NumPy expression that says the same.
    """
    return cast("F", Kernel(function))


def compiled_inner[F: Callable[..., Any]](function: F) -> F:
    """Make a kernel that only kernels call, which saves the entry for calls from Python.

    Parameters
    ----------
    function
        As of `compiled`.
    """
    return cast("F", InnerKernel(function))


class _Tier:
    """How the kernels of this process run: as Python for some time, then as machine code for good."""

    def __init__(self) -> None:
        self.compiles = False
        self.latest = math.inf
        self.dispatcher: Callable[[Kernel], Any]
        self.pack: Callable[[type[Record], tuple[Any, ...]], object]
        self._seconds = 0.0
        self._lock = threading.Lock()

    def spend(self, seconds: float) -> None:
        """Count time in Python; kernels of kernels count twice, for this is a rule of thumb."""
        self._seconds += seconds
        if self._seconds > INTERPRETED_S and time.monotonic() < self.latest:
            self.change()

    def change(self) -> None:
        """Compile kernels from now on."""
        with self._lock:
            if not self.compiles:
                # Read when numba is imported: a tenth less to compile, and searches on graphs run as fast.
                os.environ.setdefault("NUMBA_OPT", "1")
                from optimiser.engine.search import native

                native.let_kernels_call(Kernel)
                self.dispatcher, self.pack = native.dispatcher, native.pack
                self.compiles = True


_TIER = _Tier()


def is_large(problem: DesignProblem) -> bool:
    """Return whether loading machine code pays for a problem; a small one is solved sooner without."""
    return len(problem.candidates) * len(problem.pairs) >= LEAST_WORK


def use_machine_code() -> None:
    """Compile the kernels of this process from now on, as for a problem that is known to be large."""
    _TIER.change()


def compile_within(seconds: float) -> None:
    """Let this process change to machine code by itself only while that is worth it.

    Parameters
    ----------
    seconds
        Time limit of what begins now. In its last `COMPILING_S` seconds Python is the better choice: loading
        machine code takes some seconds and making it up to a minute, during which no clock is read.
    """
    _TIER.latest = time.monotonic() + seconds - COMPILING_S


class Kernel:
    """A function that runs as Python or as machine code.

    Parameters
    ----------
    function
        The Python function.
    """

    entry = True
    """Whether Python may call the machine code."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function

    def __call__(self, *args: Any, **others: Any) -> Any:  # noqa: ANN401 - whatever the function takes
        """Call the function, its machine code where kernels of this process are compiled."""
        if _TIER.compiles:
            return self.dispatcher(*map(_native, args), **{name: _native(a) for name, a in others.items()})
        begun = time.thread_time()
        try:
            with np.errstate(over="ignore"):  # random numbers overflow by design
                return self.function(*args, **others)
        finally:
            _TIER.spend(time.thread_time() - begun)

    @functools.cached_property
    def dispatcher(self) -> Any:  # noqa: ANN401 - numba's dispatchers have no public type
        """What numba calls; compiled or read from disk at the first call with each combination of types."""
        _TIER.change()
        return _TIER.dispatcher(self)


def _native(argument: Any) -> Any:  # noqa: ANN401 - whatever a kernel takes
    return argument.native if isinstance(argument, Record) else argument


class InnerKernel(Kernel):
    """A kernel that only kernels call: from Python it runs as Python, whatever the others do."""

    entry = False

    def __call__(self, *args: Any) -> Any:  # noqa: ANN401 - whatever the function takes and returns
        """Call the Python function."""
        return self.function(*args)


@dataclass_transform(kw_only_default=True)
class Record:
    """A record of arrays and numbers that kernels take as one pointer.

    A subclass annotates its fields, which Python and machine code read as attributes. Numba would pass a
    tuple of forty arrays as three hundred numbers, which is slow to compile and slow to convert at each
    call. Arrays are shared between Python and machine code. Numbers are copied when machine code first takes
    the record: nobody may assign to a field.
    """

    fields: ClassVar[tuple[str, ...]]

    def __init_subclass__(cls) -> None:
        """Note the names of the fields."""
        cls.fields = tuple(cls.__annotations__)

    def __init__(self, **fields: object) -> None:
        if fields.keys() != set(self.fields):
            raise TypeError(f"{type(self).__name__} has the fields {', '.join(self.fields)}")
        self.__dict__.update(fields)

    @functools.cached_property
    def native(self) -> object:
        """The record as machine code takes it."""
        return _TIER.pack(type(self), tuple(_native(getattr(self, name)) for name in self.fields))

    def _replace(self, **changes: object) -> Self:
        """Return a record with other values of some fields, as a named tuple does."""
        return type(self)(**{name: getattr(self, name) for name in self.fields} | changes)
