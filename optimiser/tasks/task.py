"""Define a task, its outcome, and what does tasks."""

import hashlib
import importlib
import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol, Self, runtime_checkable

from optimiser.tasks import cache

ATTEMPTS = 3
"""Attempts at a task that fails, before it is quarantined."""

type Contents = Callable[[str], bytes]
"""Returns the shared bytes at an address; what was decoded of them the function keeps for itself."""

type Function = Callable[[Mapping[str, Any], Contents], Any]
"""What a task calls: takes payload and contents, and returns a JSON value."""


def address_of(content: bytes) -> str:
    """Return the address of shared bytes: their SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A call of a function that depends on nothing but its payload and shared contents.

    Attributes
    ----------
    name
        For readers: "case 17". It begins with what kind of task it is, which Dask's dashboard shows.
    function
        Module and name of a function, "optimiser.studies.sweep:solve_case": see `Function`.
    payload
        A small JSON object. What many tasks share belongs into contents.
    contents
        Addresses of the shared bytes that the function reads.
    time_limit_s
        Seconds from when the module of the function is imported; then its process is killed, at most 2 s or
        5 % later. The key does not depend on it.
    memory_mb
        Limit of the memory of its process; None: none.
    late
        Returns what is added to the payload when the task is handed out, such as its share of a common time
        limit; the key does not depend on it. None: nothing.
    keeps
        Tells of a value whether it is kept; None: every one is.
    """

    name: str
    function: str
    payload: Mapping[str, Any]
    contents: tuple[str, ...] = ()
    time_limit_s: float
    memory_mb: int | None = None
    late: Callable[[], Mapping[str, Any]] | None = None
    keeps: Callable[[Any], bool] | None = None

    def handed_out(self) -> dict[str, Any]:
        """Return the fields of the task as it begins now."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        added = {} if self.late is None else self.late()
        return values | {"payload": {**self.payload, **added}, "late": None, "keeps": None}

    @property
    def key(self) -> str:
        """Return the SHA-256 of function, payload, contents and the version of the code."""
        return cache.key(self.function, {"payload": self.payload, "contents": self.contents})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came out of a task.

    Attributes
    ----------
    key, name
        Of the task.
    value
        What the function returned; None where it failed.
    fault
        Why the last attempt failed; empty when one went well.
    attempts
        How often the task was begun.
    seconds
        Of the last attempt.
    worker
        Where the last attempt ran.
    """

    key: str
    name: str
    value: Any = None
    fault: str = ""
    attempts: int = 1
    seconds: float = 0.0
    worker: str = ""

    @property
    def quarantined(self) -> bool:
        """Return whether the task was given up after `ATTEMPTS` failures; all others went on."""
        return bool(self.fault)


@runtime_checkable
class Executor(Protocol):
    """Does tasks; leaving its block ends every process that it started."""

    @property
    def workers(self) -> int:
        """Return how many tasks run at a time."""

    def run(self, tasks: Sequence[Task], contents: Mapping[str, bytes]) -> Generator[Outcome, None, None]:
        """Do tasks, and yield their outcomes in the order in which they end, each once.

        Closing the iterator ends the tasks that still run.

        Parameters
        ----------
        tasks
            With different keys.
        contents
            Shared bytes by `address_of` them.

        Raises
        ------
        EnvironmentFault
            When no task can be done at all.
        """

    def __enter__(self) -> Self:
        """Start what it needs."""

    def __exit__(self, *_error: object) -> None:
        """End every process that it started."""


def call(function: str, payload: Mapping[str, Any], contents: Contents) -> Any:  # noqa: ANN401 - JSON value
    """Call the function of a task.

    Returns
    -------
    Any
        The value as it is read back from JSON, the same wherever the task runs.
    """
    return json.loads(json.dumps(find(function)(payload, contents), allow_nan=False))


def find(function: str) -> Function:
    """Return the function of a task; importing its module may take seconds."""
    module, _, name = function.partition(":")
    found: Function = getattr(importlib.import_module(module), name)
    return found


def describe_error(error: Exception) -> str:
    """Return what went wrong in a function, without anything that differs between two attempts."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
