"""Give folders for unfinished files, and remove those that killed processes left behind."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

PREFIX = ".polyring-part-"
"""Begin of the names of these folders."""
TEMPORARY_VARIABLES = ("TMPDIR", "TMP", "TEMP")
"""Variables of the environment that name the folder of temporary files; PuLP puts the second first."""
_LOCK = ".lock"
_ATTEMPTS = 10


@contextmanager
def part_folder(parent: Path) -> Iterator[Path]:
    """Give an empty folder inside another one for the time of a `with` block.

    What killed processes left in `parent` is removed first.

    Parameters
    ----------
    parent
        The outer folder; it must exist.

    Yields
    ------
    pathlib.Path
        The folder. It holds a lock file, so that no other process takes it for one that was left behind.

    Raises
    ------
    OSError
        When it cannot be made.
    """
    remove_left_behind(parent)
    part, lock = _claimed(parent)
    with lock:
        try:
            yield part
        finally:
            shutil.rmtree(part, ignore_errors=True)
    # An open file cannot be removed on Windows.
    shutil.rmtree(part, ignore_errors=True)


def remove_left_behind(parent: Path) -> None:
    """Remove the folders of `part_folder` whose process has ended.

    The lock is the operating system's: that of a process goes with it, however it ends.
    """
    for part in parent.glob(f"{PREFIX}*"):
        lock = part / _LOCK
        with suppress(OSError):
            # Whatever is no folder of our own user's is somebody else's.
            found = part.lstat()
            if part.is_symlink() or (hasattr(os, "getuid") and found.st_uid != os.getuid()):
                continue
            with lock.open("a+", encoding="utf-8") as file:
                is_left = try_lock(file) and is_same_file(file, lock)
                if is_left:
                    shutil.rmtree(part, ignore_errors=True)
            if is_left:
                shutil.rmtree(part, ignore_errors=True)


def _claimed(parent: Path) -> tuple[Path, IO[str]]:
    """Make a folder and lock it; return it with its open lock file.

    Another process may remove it between the two, when it has no lock yet: then a new one is made. On a disk
    that knows no locks the last one is used without.
    """
    for left in reversed(range(_ATTEMPTS)):
        part = Path(tempfile.mkdtemp(dir=parent, prefix=PREFIX))
        try:
            file = (part / _LOCK).open("a+", encoding="utf-8")
        except FileNotFoundError:
            continue
        if (try_lock(file) and is_same_file(file, part / _LOCK)) or (not left and part.is_dir()):
            return part, file
        file.close()
    raise FileNotFoundError(0, "temporary folders are removed as soon as they are made", str(parent))


def try_lock(file: IO[str]) -> bool:
    """Take the lock of the operating system on an open file without waiting; return whether it was free."""
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


def is_same_file(file: IO[str], path: Path) -> bool:
    """Tell whether an open file is the one at a path, not one that was removed meanwhile."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
