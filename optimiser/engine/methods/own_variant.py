"""Describe variants, and load variants of the user's own from Python files."""

import contextlib
import hashlib
import inspect
import re
import sys
import traceback
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Literal, NoReturn

from optimiser.problem.errors import ProblemError
from optimiser.problem.jsonfile import plain_file

SUFFIX = ".py"
"""Extension of files that contain a variant."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
"""Valid names of variants, which become parts of file names."""

REASONS = ("proof", "gap", "time", "heuristic", "infeasible")
"""Reasons for which a run of a user's own variant may end."""

DONE = "Nothing was solved."
REMEDY = "docs/bench.md has a complete example of a variant of your own."

_LATEST: dict[str, ModuleType] = {}
"""The module loaded last, by path."""

_FLAGS = ("proves", "covers_all")
_LISTS = ("solvers", "extended")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A method to solve problems, and its capabilities.

    Attributes
    ----------
    name
        Name in options and results.
    about
        Description in one sentence.
    proves
        Whether it proves bounds.
    covers_all
        Whether it solves problems without a budget (cover what must be covered at least cost).
    solvers
        Solvers that it supports, the default first; empty when it needs none.
    extended
        Solvers with which it solves problems with rings or periods, the default first; a file of the user's
        own must then define `run_extended(task, send)`. Empty when it solves no such problems.
    any_solver
        Whether it also supports all other solvers of PuLP, by PuLP's name.
    starts, limits
        Solvers that get the plan to start from as a solution, or its objective as a limit.
    model
        Which model can be written to a file: that of `flows`, or the master problem with `cuts`; else empty.
    """

    name: str
    about: str
    proves: bool
    covers_all: bool = True
    solvers: tuple[str, ...] = ()
    extended: tuple[str, ...] = ()
    any_solver: bool = False
    starts: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    model: Literal["", "flows", "cuts"] = ""

    def able(self, *, is_extended: bool) -> tuple[str, ...]:
        """Return the solvers with which it solves problems with rings or periods, or plain ones."""
        return self.extended if is_extended else self.solvers


@dataclass(frozen=True, slots=True)
class OwnVariant:
    """A variant of the user's own.

    Attributes
    ----------
    path
        Absolute path of its file.
    digest
        First characters of the SHA-256 hash of the file.
    variant
        Its description.
    """

    path: str
    digest: str
    variant: Variant


def parted(word: str) -> tuple[str, str]:
    """Return the variant and the solver that `VARIANT:SOLVER` names, the solver empty where it names none.

    Parameters
    ----------
    word
        Name of a variant, or path of a file with one, each alone or with a solver.
    """
    path, suffix, rest = word.rpartition(SUFFIX)
    if suffix and (not rest or rest.startswith(":")):
        return path + suffix, rest[1:]
    name, _, solver = word.partition(":")
    return name, solver


def load(path: Path, *, taken: Collection[str] = ()) -> OwnVariant:
    """Load the variant of a file.

    Parameters
    ----------
    path
        A Python file that defines `VARIANT` and `run(t, incumbent, task)`. The file is executed.
    taken
        Names that are already used by other variants.

    Raises
    ------
    ProblemError
        When the file cannot be read or executed, or does not define a valid variant.
    """
    text, where = text_of(path), str(path.resolve())
    module_object = _module(where, text)
    variant: Variant = module_object.VARIANT
    if variant.name in taken:
        _refuse(f"there is already a variant {variant.name!r}: choose another name in VARIANT", where, text)
    _LATEST[where] = module_object
    return OwnVariant(where, digest_of(text), variant)


def module(path: str) -> ModuleType:
    """Return the module of a file: the one loaded last, so that a solve uses one version of the file.

    Parameters
    ----------
    path
        Absolute path of the file.

    Raises
    ------
    ProblemError
        As for `load`.
    """
    if path not in _LATEST:
        _LATEST[path] = _module(path, text_of(Path(path)))
    return _LATEST[path]


def digest_of(text: bytes) -> str:
    """Return the first characters of the SHA-256 hash of the text of a file."""
    return hashlib.sha256(text).hexdigest()[:12]


def text_of(path: Path) -> bytes:
    """Return the text of the file of a variant.

    Raises
    ------
    ProblemError
        When it cannot be read.
    """
    try:
        return plain_file(path).read_bytes()
    except OSError as error:
        raise ProblemError(
            f"the file of a variant cannot be read ({error.strerror})",
            where=str(path), done=DONE, remedy=REMEDY,
        ) from error  # fmt: skip


@cache
def _module(where: str, text: bytes) -> ModuleType:
    """Execute the text of a file as a module; cached bytecode of the file is not used."""
    module_object = ModuleType(f"polyring_own_{digest_of(text)}")
    module_object.__file__ = where
    sys.modules[module_object.__name__] = module_object
    try:
        with contextlib.redirect_stdout(sys.stderr):
            exec(compile(text, where, "exec"), module_object.__dict__)  # noqa: S102 - the user names a file to be run
    except (Exception, SystemExit) as error:
        raise ProblemError(
            "the file of a variant cannot be run", where=_place(where, _line(error, where)),
            faults=[_error_text(error)], done=DONE, remedy=REMEDY,
        ) from error  # fmt: skip
    for fault, name in _faults(module_object):
        _refuse(fault, where, text, name)
    return module_object


def _refuse(fault: str, where: str, text: bytes, name: str = "VARIANT") -> NoReturn:
    found = re.search(rf"^(?:def |class )?{name}\b\s*[:=(]".encode(), text, re.MULTILINE)
    raise ProblemError(
        fault,
        where=_place(where, None if found is None else text.count(b"\n", 0, found.start()) + 1),
        done=DONE,
        remedy=REMEDY,
    )


def _faults(module_object: ModuleType) -> Iterator[tuple[str, str]]:
    """Yield the reasons why a module does not define a valid variant, each with the name concerned."""
    found = getattr(module_object, "VARIANT", None)
    if not isinstance(found, Variant):
        what = "there is no VARIANT in the file" if found is None else f"VARIANT is a {type(found).__name__}"
        yield f"{what}: it must be an optimiser.engine.methods.variants.Variant", "VARIANT"
        return
    if not isinstance(found.name, str) or not NAME.fullmatch(found.name) or found.name == "all":
        yield (
            f"{found.name!r} is not a valid name of a variant: use letters, digits, - and _, but not 'all'",
            "VARIANT",
        )
    for name in _FLAGS:
        if not isinstance(getattr(found, name), bool):
            yield f"{name} of VARIANT must be True or False, not {getattr(found, name)!r}", "VARIANT"
    for name in _LISTS:
        value = getattr(found, name)
        if not isinstance(value, tuple) or not all(isinstance(item, str) for item in value):
            yield f"{name} of VARIANT must be a tuple of names, not {value!r}", "VARIANT"
    for usage in ("run(t, incumbent, task)", *(["run_extended(task, send)"] if found.extended else [])):
        name = usage.partition("(")[0]
        function = getattr(module_object, name, None)
        if not callable(function):
            yield f"there is no function {usage} in the file", name
            continue
        try:
            inspect.signature(function).bind(*usage.split(","))
        except (TypeError, ValueError) as error:
            yield f"{name} cannot be called as {usage}: {error}", name


def checked_ending(outcome: object) -> tuple[str, str]:
    """Check the return value of the run of a variant, and return reason and solver.

    Parameters
    ----------
    outcome
        The return value.

    Raises
    ------
    TypeError
        When it is not a valid reason with a text.
    """
    if isinstance(outcome, tuple) and len(outcome) == 2 and all(isinstance(word, str) for word in outcome):
        reason, solver = outcome
        if reason in REASONS:
            return reason, solver
    raise TypeError(
        f"a run must return (reason, solver), two texts, of which the first is {' or '.join(REASONS)}; "
        f"this one returned {outcome!r}"
    )


def describe_error(error: BaseException, variant: str) -> str:
    """Describe an error in a run, with the line of the user's own file that led to it.

    Parameters
    ----------
    error
        The exception.
    variant
        Name of a variant, or path of a file with a variant.
    """
    line = _line(error, variant) if variant.endswith(SUFFIX) else None
    return f"{_error_text(error)} ({_place(variant, line)})" if line else _error_text(error)


def _error_text(error: BaseException) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}"


def _place(where: str, line: int | None) -> str:
    return where if line is None else f"{where}, line {line}"


def _line(error: BaseException, where: str) -> int | None:
    """Return the innermost line of a file in the traceback of an error; None without one."""
    if isinstance(error, SyntaxError) and error.filename == where:
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename == where), None)
