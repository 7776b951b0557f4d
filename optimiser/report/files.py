"""Write files whole or not at all, and tables that a spreadsheet cannot mistake for formulas."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from optimiser.problem.errors import EnvironmentFault
from optimiser.problem.jsonfile import refuse_special_file
from optimiser.problem.parts import part_folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""First letters by which a spreadsheet takes a text for a formula, or that hide one of them."""


def write_whole(path: Path, make: Callable[[Path], object]) -> Path:
    """Let `make` write a file beside `path`, then move it there in one step.

    Parameters
    ----------
    path
        The file to write; an older one stays intact until the new one is complete.
    make
        Called with the path of a file of the same name in a new folder beside `path`.

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
        with part_folder(path.parent) as folder:
            part = folder / path.name
            make(part)
            with part.open("rb+") as file:
                os.fsync(file.fileno())
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
    return write_whole(path, lambda part: part.write_text(text, encoding="utf-8", newline=""))


def write_csv(table: pd.DataFrame, path: Path) -> Path:
    """Write a table as UTF-8 CSV, text cells and headings guarded against formulas.

    Parameters
    ----------
    table
        Any table without geometry. Numbers are written as they are.
    path
        The file; written whole or not at all.
    """
    safe = table.rename(columns=guard_formula)
    texts = [column for column in safe.columns if not pd.api.types.is_numeric_dtype(safe[column])]
    safe = safe.assign(**{column: safe[column].map(guard_formula) for column in texts})
    return write_text(path, safe.to_csv(index=False, lineterminator="\n"))


def guard_formula(value: object) -> object:
    """Return a text that starts like a formula with an apostrophe before it; leave all else as it is."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def write_figure(figure: Figure, path: Path, *, dpi: float) -> Path:
    """Write a figure of matplotlib as an image of so many dots per inch."""
    return write_whole(path, lambda part: figure.savefig(part, dpi=dpi, facecolor=figure.get_facecolor()))
