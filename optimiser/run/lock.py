"""Let one process at a time work in a run folder."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from optimiser.problem.errors import EnvironmentFault

NAME = ".lock"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a run folder for the time of a `with` block.

    The lock is the operating system's, so it goes with the process however that ends; a file left behind
    stops nobody.

    Parameters
    ----------
    folder
        The run folder; it must exist.

    Yields
    ------
    None

    Raises
    ------
    EnvironmentFault
        At once, when another process holds the folder, or when the folder cannot be written.
    """
    path = folder / NAME
    try:
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise EnvironmentFault(
            f"the folder cannot be written: {error.strerror}",
            where=str(folder),
            done="Nothing was written.",
            remedy="Choose another folder with --out.",
        ) from error
    with file:
        if not _try_lock(file) or not _still_there(file, path):
            raise EnvironmentFault(
                f"the folder is in use by {_holder(path)}",
                where=str(folder),
                done="Nothing was written.",
                remedy="Wait until that run ends, or choose another folder with --out.",
            )
        _sign(file)
        try:
            yield
        finally:
            with suppress(OSError):
                path.unlink()


def _still_there(file: IO[str], path: Path) -> bool:
    """Tell whether the locked file is the one in the folder, not one just removed by its last holder."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _sign(file: IO[str]) -> None:
    file.seek(0)
    file.truncate()
    since = datetime.now(UTC).isoformat(timespec="seconds")
    json.dump({"pid": os.getpid(), "host": socket.gethostname(), "since": since}, file)
    file.flush()


def _holder(path: Path) -> str:
    try:
        held_by = json.loads(path.read_text(encoding="utf-8"))
        return f"process {held_by['pid']} on host {held_by['host']} since {held_by['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def _try_lock(file: IO[str]) -> bool:
    """Take the lock of the operating system without waiting."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
