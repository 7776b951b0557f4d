"""Fix how the figures of a bench look, for readers of all kinds of sight."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optimiser.report import files
from optimiser.report.style import INK, MUTED, PAPER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

type Dash = str | tuple[float, tuple[float, ...]]
"""A dash by name, or its offset and lengths."""

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#1d2126", "#8a6d00")
"""Colours that remain apart for colour-blind readers (Okabe and Ito 2008), yellow darkened."""
DASHES: tuple[Dash, ...] = ("-", "--", "-.", ":", (0.0, (6.0, 1.5, 1.0, 1.5)))
MARKS = ("o", "s", "^", "D", "v", "P", "X")
"""Their numbers have no common divisor, so that no two of the first 35 ways are alike in two of them."""
DPI = 150


@dataclass(frozen=True, slots=True)
class Pen:
    """Colour, dash and mark of one way to solve: two ways differ in at least two of them."""

    colour: str
    dash: Dash
    mark: str


def pens(labels: Iterable[str]) -> dict[str, Pen]:
    """Return a pen for each label, in order."""
    kinds = zip(itertools.cycle(COLOURS), itertools.cycle(DASHES), itertools.cycle(MARKS), strict=False)
    return {label: Pen(*next(kinds)) for label in labels}


def sheet(rows: int, columns: int, *, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """Return a figure bound to no window, and its axes row by row.

    Parameters
    ----------
    rows, columns
        Panels.
    width, height
        Of one panel, inches.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(columns * width, rows * height), layout="constrained", facecolor=PAPER)
    axes: Any = figure.subplots(rows, columns, squeeze=False)
    panels = list(axes.flat)
    for panel in panels:
        dress(panel)
    return figure, panels


def dress(panel: Axes) -> None:
    """Give axes their look."""
    panel.set_facecolor(PAPER)
    panel.grid(visible=True, color=MUTED, alpha=0.22, linewidth=0.6)
    panel.tick_params(colors=INK, labelsize=8.5)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        panel.spines[side].set_color(MUTED)


def plain(value: float, _position: float) -> str:
    """Write a tick of a logarithmic axis as a plain number."""
    return f"{value:,g}" if value < 1e6 else f"{value:.0e}"


def title(panel: Axes, text: str, below: str = "") -> None:
    """Write a title, and under it what the panel counts."""
    panel.set_title(text, loc="left", fontsize=10.5, color=INK, fontweight="bold", pad=20 if below else 6)
    if below:
        panel.text(0, 1.025, below, transform=panel.transAxes, fontsize=8.5, color=MUTED, va="bottom")


KEY_IN, LETTER_IN = 0.65, 0.075
"""Width of the key of a legend with what is round it, and of a letter of its words, inches."""


def legend(figure: Figure, panel: Axes) -> None:
    """Put one legend under all panels."""
    handles, labels = panel.get_legend_handles_labels()
    if handles:
        widest = KEY_IN + LETTER_IN * max(len(label) for label in labels)
        columns = max(1, min(5, len(labels), int(figure.get_figwidth() / widest)))
        figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize=9)


def save(figure: Figure, path: Path) -> Path:
    """Write a PNG file, whole or not at all."""
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=DPI, format="png", facecolor=PAPER)
    return files.write_whole(path, lambda part: part.write_bytes(buffer.getvalue()))
