"""List the problem files that a user points at."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from optimiser.bench.instances.instance import Instance
from optimiser.problem import FORMAT, DesignProblem, load
from optimiser.problem.errors import ProblemError

BESIDE = Path("../shared/instances")
"""Folder of public problems that is looked for beside the working folder."""


def from_path(path: Path) -> tuple[Instance, ...]:
    """Return the problem of a file, or those of all problem files in a folder and below.

    Parameters
    ----------
    path
        A file: family `files`. A folder: the family of each is the name of the folder that it lies in;
        files of JSON that are no problems are passed over.

    Raises
    ------
    ProblemError
        When there is nothing at the path, or no problem in the folder.
    """
    if path.is_file():
        return (_instance(path, "files"),)
    found = tuple(_below(path)) if path.is_dir() else ()
    if not found:
        raise ProblemError(
            "there is no problem file here" if path.exists() else "there is no such file or folder",
            where=str(path),
            done="Nothing was solved.",
            remedy="Name a problem file, a folder of them, or an instance of polyring bench --list.",
        )
    return found


def beside() -> tuple[Instance, ...]:
    """Return the public problems beside the working folder, none where that folder is not there."""
    return tuple(_below(BESIDE)) if BESIDE.is_dir() else ()


def _below(folder: Path) -> Iterator[Instance]:
    for path in sorted(folder.rglob("*.json")):
        if f'"{FORMAT}"' in path.read_text(encoding="utf-8", errors="replace"):
            yield _instance(path, path.resolve().parent.name)


def _instance(path: Path, family: str) -> Instance:
    return Instance(path.stem, family, path.as_posix(), partial(_load, path), path)


def _load(path: Path) -> DesignProblem:
    return load(path).replace(name=path.stem)
