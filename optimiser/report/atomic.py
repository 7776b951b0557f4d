"""Write a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from optimiser.problem.errors import EnvironmentFault
from optimiser.problem.jsonfile import refuse_special_file


def write(path: Path, make: Callable[[Path], object]) -> Path:
    """Let `make` write a file beside `path`, then move it there in one step.

    Parameters
    ----------
    path
        Where the file shall stand; an older file stays intact until the new one is whole.
    make
        Called with the path of a file of the same suffix in a new folder beside `path`.

    Returns
    -------
    pathlib.Path
        `path`.

    Raises
    ------
    EnvironmentFault
        When the disk is full or the folder cannot be written, or something other than a file stands there.
    """
    refuse_special_file(path, done="Nothing was written.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".part-") as folder:
            part = Path(folder) / path.name
            make(part)
            _flush(part)
            part.replace(path)
    except OSError as error:
        raise EnvironmentFault(
            f"the file could not be written: {error.strerror or error}",
            where=str(path),
            done="An earlier version of it, if there was one, is untouched.",
            remedy="Make room on the disk or choose another folder with --out.",
        ) from error
    return path


def write_text(path: Path, text: str) -> Path:
    """Write text as UTF-8, whole or not at all."""
    return write(path, lambda part: part.write_text(text, encoding="utf-8", newline=""))


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
