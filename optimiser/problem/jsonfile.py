"""Read, check and write JSON files, whole or not at all, in folders for unfinished files; read tables."""

import difflib
import json
import os
import shutil
import stat
import tempfile
import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path
from typing import IO, Any

from optimiser.problem.errors import EnvironmentFault, ProblemError

LARGEST = 2**63 - 1
"""Largest integer of the file formats."""

MOST_BYTES = 2**30
"""A file has at most so many bytes."""

type Json = Any
"""A value as the JSON reader returns it."""

type Shape = Callable[[Json], str] | list[Shape] | dict[str, Shape]
"""What a JSON value must be: a check that returns its fault (empty: none), a list of one shape, or an object
with the shape of each key, in the order in which they are written; `key?` may be missing, `key??` null as
well, and `*` is any other key."""


# ---- reading


def packaged(package: str, name: str) -> dict[str, Any]:
    """Return a table in TOML that comes with a package, by the path of its file in it."""
    return tomllib.loads((resources.files(package) / name).read_text(encoding="utf-8"))


class JsonObject(dict[str, Json]):
    """A JSON object that remembers its duplicate keys."""

    duplicates: tuple[str, ...] = ()


def plain_file(path: Path) -> Path:
    """Return a path if it leads to a plain file of at most `MOST_BYTES`.

    Raises
    ------
    OSError
        When it leads to something else, such as a device or a pipe, which might never end.
    """
    if "\0" in str(path):
        raise OSError(0, "the path holds a null character")
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError(0, "it is a folder, a device or a pipe, not a file")
    if found.st_size > MOST_BYTES:
        raise OSError(0, f"it has {found.st_size:,} bytes, more than {MOST_BYTES:,}")
    return path


def read_bytes(path: Path) -> bytes:
    """Return the contents of a file that a user named.

    Raises
    ------
    EnvironmentFault
        When it cannot be opened.
    """
    try:
        return plain_file(path).read_bytes()
    except OSError as error:
        raise EnvironmentFault(
            f"cannot be read ({error.strerror})",
            where=str(path),
            remedy="Check the path and its permissions.",
        ) from error


def read_json(path: Path) -> Json:
    """Read a JSON file; objects are returned as `JsonObject`.

    Raises
    ------
    ProblemError
        When the file is not JSON in UTF-8.
    EnvironmentFault
        When the file cannot be opened.
    """
    text = read_bytes(path)
    try:
        return json.loads(text.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ProblemError(
            f"not a JSON file: {error}",
            where=str(path),
            done="Nothing was read.",
            remedy="Check that the file is complete and is text in UTF-8.",
        ) from error


def _object(items: list[tuple[str, Json]]) -> JsonObject:
    found = JsonObject(items)
    if len(found) < len(items):
        found.duplicates = tuple(repeated(key for key, _ in items))
    return found


def _refuse_constant(name: str) -> Json:
    """Refuse NaN and Infinity, which Python's reader accepts and JSON does not know."""
    raise ValueError(f"{name} is not a JSON number")


# ---- checking


def shape_faults(value: Json, shape: Shape, place: str = "") -> Iterator[str]:
    """Yield where a JSON value departs from a shape, each fault with its place.

    Parameters
    ----------
    place
        Of the value in its file; empty for the whole file, whose type is not checked.
    """
    if callable(shape):
        if fault := shape(value):
            yield f"{place}: {fault}"
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield f"{place}: not a list"
            return
        for position, item in enumerate(value):
            if not callable(shape[0]) or shape[0](item):
                yield from shape_faults(item, shape[0], f"{place}[{position}]")
    elif not isinstance(value, dict):
        yield f"{place}: not an object"
    else:
        known = {key.rstrip("?"): inner for key, inner in shape.items()}
        yield from _key_faults(value, shape, known, f"{place}: " if place else "")
        for key, item in value.items():
            inner = known.get(key, known.get("*"))
            if inner is not None and (item is not None or f"{key}??" not in shape):
                yield from shape_faults(item, inner, f"{place}.{key}" if place else key)


def _key_faults(value: Json, shape: Iterable[str], known: Collection[str], place: str) -> Iterator[str]:
    """Yield missing, unknown (with the nearest known) and duplicate keys of one object."""
    for key in shape:
        if not key.endswith(("?", "*")) and key not in value:
            yield f"{place}key {key!r} is missing"
    for key in value:
        if key not in known and "*" not in known:
            near = difflib.get_close_matches(key, known, 1)
            yield f"{place}unknown key {key!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    yield from (f"{place}key {key!r} occurs twice" for key in getattr(value, "duplicates", ()))


def anything(_: Json) -> str:
    """Accept a value that is checked elsewhere."""
    return ""


def shape_of(is_one: Callable[[Json], bool], fault: str) -> Shape:
    """Return the shape of values for which a condition holds; `fault` follows those for which it does not."""
    return lambda value: "" if is_one(value) else f"{value!r} {fault}"


text = shape_of(lambda value: isinstance(value, str), "is not a string")


def word_of(words: Sequence[str]) -> Shape:
    """Return the shape of one of some words."""
    return shape_of(lambda value: value in words, f"is none of {', '.join(words)}")


def is_integer(value: object, *, low: int = 0, high: int = LARGEST) -> bool:
    """Return whether a value is an integer (no bool, no float) within bounds."""
    return type(value) is int and low <= value <= high


def integer_faults(item: object, keys: Iterable[str], place: str) -> Iterator[str]:
    """Yield which values of an item, by the names of its fields, are no integers >= 0."""
    for key in keys:
        value = getattr(item, key)
        if not is_integer(value):
            yield f"{place}.{key}: {value!r} is not an integer >= 0"


def repeated(names: Iterable[str]) -> list[str]:
    """Return the names that occur more than once, sorted."""
    return sorted(name for name, count in Counter(names).items() if count > 1)


# ---- writing


def write_atomically(path: Path, text: str) -> Path:
    """Write text as UTF-8, completely or not at all, as `write_whole` does."""
    return write_whole(path, lambda part: part.write_text(text, encoding="utf-8", newline="\n"))


def write_whole(path: Path, make: Callable[[Path], object]) -> Path:
    """Let `make` write a file in a new folder beside `path`, then move it there in one step.

    Where a symbolic link stands, the file that it names is written, and the link stays.

    Parameters
    ----------
    path
        The file to write; an older one stays intact until the new one is complete.
    make
        Called with the path of a file of the same name in the new folder.

    Returns
    -------
    pathlib.Path
        `path`.

    Raises
    ------
    EnvironmentFault
        When the disk or the folder does not allow it, or something other than a file stands there.
    """
    refuse_special_file(path, done="Nothing was written.")
    target = _target(path)
    try:
        with part_folder(target.parent) as folder:
            part = folder / target.name
            make(part)
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            part.replace(target)
    except OSError as error:
        raise _write_fault(path, error) from error
    return path


_SPECIAL_FILES = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISLNK, "a link that leads to itself"),
)


def refuse_special_file(path: Path, *, done: str) -> None:
    """Refuse to replace a pipe, a device, a socket or a folder by a file.

    Parameters
    ----------
    path
        Where a file is to be written.
    done
        What has been done so far, for the message.

    Raises
    ------
    EnvironmentFault
        When something other than a file, or a link to one, stands there.
    """
    try:
        mode = _target(path).lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise _write_fault(path, error) from error
    if not stat.S_ISREG(mode):
        kind = next((word for is_kind, word in _SPECIAL_FILES if is_kind(mode)), "something else")
        raise EnvironmentFault(
            f"is not a file but {kind}, and would be replaced by a file",
            where=str(path),
            done=done,
            remedy="Name a file, or a path that does not exist yet.",
        )


def _target(path: Path) -> Path:
    """Return the file that is written: the path itself, or what a symbolic link there names."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _write_fault(path: Path, error: OSError) -> EnvironmentFault:
    return EnvironmentFault(
        f"cannot be written ({error.strerror})",
        where=str(path),
        done="An earlier file of that name is intact.",
        remedy="Check the folder, its permissions and the free space.",
    )


def make_folder(path: Path, *, done: str = "", remedy: str = "Choose another folder with --out.") -> None:
    """Make a folder and those above it, where they do not exist.

    Raises
    ------
    EnvironmentFault
        When the disk does not allow it.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"the folder cannot be made ({error.strerror})"
        raise EnvironmentFault(what, where=str(path), done=done, remedy=remedy) from error


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
