"""Write every figure of a bench."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from optimiser.bench.figures import gaps, paper, profiles, sizes
from optimiser.bench.rows import Row
from optimiser.bench.table import Trace, families, labelled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZED = ("size", "national")
"""Families whose problems differ in size alone, drawn together against it."""


def write_all(rows: Sequence[Row], trace_of: Callable[[Row], Trace], folder: Path) -> dict[str, Path]:
    """Draw the figures that the table allows.

    Parameters
    ----------
    rows
        The table.
    trace_of
        Progress of the solve of a row.
    folder
        Where they go.

    Returns
    -------
    dict
        Path of each figure by what it shows.
    """
    return {
        name: paper.save(figure, folder / f"{file}.png")
        for name, file, figure in _figures(rows, trace_of)
        if figure is not None
    }


def _figures(
    rows: Sequence[Row], trace_of: Callable[[Row], Trace]
) -> Iterator[tuple[str, str, Figure | None]]:
    pens = paper.pens(labelled(rows))
    yield "Performance profile", "profile", profiles.draw(rows, pens)
    yield "Mean gap over time", "gaps", gaps.draw_mean(rows, trace_of, pens)
    for family, group in families(rows).items():
        yield f"Gap over time: {family}", f"gaps_{family}", gaps.draw_family(family, group, trace_of, pens)
    sized = [row for row in rows if row.family in SIZED]
    if sized:
        yield "Time against size", "sizes", sizes.draw("generated countries", sized, pens)
