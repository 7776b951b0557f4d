"""Draw gaps over time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from optimiser.bench import traces
from optimiser.bench.figures import paper
from optimiser.bench.rows import Row
from optimiser.bench.table import Trace, labelled, proves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = 9
"""Instances of a family drawn at most: those with the most open pairs."""
POINTS = 200
FIRST_S = 0.01
LEAST_GAP, MOST_GAP = 1e-4, 1.0
"""Gaps drawn; a smaller one (0 too) lies on the lower edge, a larger one or none on the upper."""


def draw_family(
    family: str, rows: Sequence[Row], trace_of: Callable[[Row], Trace], pens: Mapping[str, paper.Pen]
) -> Figure | None:
    """Draw the gap of each way over time, a panel an instance; thin lines are seeds.

    Parameters
    ----------
    family
        Name.
    rows
        Of the family.
    trace_of
        Progress of the solve of a row.
    pens
        Of each way.

    Returns
    -------
    Figure or None
        None where no way can prove.
    """
    able = [row for row in rows if proves(row)]
    if not able:
        return None
    sizes = {row.instance: row.open_pairs for row in able}
    shown = sorted(sorted(sizes), key=sizes.__getitem__)[-PANELS:]
    columns = min(3, len(shown))
    lines = math.ceil(len(shown) / columns)
    figure, panels = paper.sheet(lines, columns, width=4.6 if columns > 1 else 7.6, height=3.3)
    for panel, name in zip(panels, shown, strict=False):
        here = [row for row in able if row.instance == name]
        for label, group in labelled(able).items():
            for number, row in enumerate(row for row in group if row.instance == name):
                _curve(panel, label if not number else None, row, trace_of(row), pens[label])
        _frame(panel, max(row.time_limit_s for row in here))
        first = here[0]
        paper.title(panel, name, f"{first.candidates} candidates, {first.open_pairs} open pairs")
    for panel in panels[len(shown) :]:
        panel.set_visible(False)
    left = f" (the {PANELS} largest of {len(sizes)})" if len(sizes) > PANELS else ""
    figure.suptitle(f"Gap over time: {family}{left}", x=0.01, ha="left", fontsize=12, fontweight="bold")
    paper.legend(figure, panels[0])
    return figure


def draw_mean(
    rows: Sequence[Row], trace_of: Callable[[Row], Trace], pens: Mapping[str, paper.Pen]
) -> Figure | None:
    """Draw the mean over all solves of the gap at each moment, each gap at most 100 %.

    Parameters
    ----------
    rows, trace_of, pens
        As for `draw_family`.

    Returns
    -------
    Figure or None
        None where no way can prove.
    """
    able = [row for row in rows if proves(row)]
    if not able:
        return None
    last = max(row.time_limit_s for row in able)
    moments = _moments(last)
    figure, (panel,) = paper.sheet(1, 1, width=7.6, height=4.8)
    for label, group in labelled(able).items():
        columns = [_gaps(row, trace_of(row), moments) for row in group]
        mean = [sum(values) / len(values) for values in zip(*columns, strict=True)]
        pen = pens[label]
        panel.plot(
            moments, mean, label=f"{label} ({len(group)} solves)",
            color=pen.colour, linestyle=pen.dash, linewidth=2.0,
        )  # fmt: skip
    panel.set_xscale("log")
    panel.set_xlim(FIRST_S, last)
    panel.xaxis.set_major_formatter(paper.plain)
    panel.set_ylim(0, 1)
    panel.yaxis.set_major_formatter(_percent)
    panel.set_xlabel("seconds since the solve began (logarithmic)", fontsize=9)
    panel.set_ylabel("mean gap", fontsize=9)
    paper.title(panel, "Mean gap over time, all problems", "a gap counts at most 100 %, as does none")
    paper.legend(figure, panel)
    return figure


def _moments(last: float) -> list[float]:
    ratio = (last / FIRST_S) ** (1 / (POINTS - 1))
    return [FIRST_S * ratio**i for i in range(POINTS - 1)] + [last]


def _gaps(row: Row, trace: Trace, moments: Sequence[float]) -> list[float]:
    """Return the gap at each moment, at most 1; a problem proved to have no plan has none left."""
    if row.status == "infeasible":
        return [1.0 if moment < row.seconds else 0.0 for moment in moments]
    found = traces.gaps_over_time(trace, moments, minimise=row.minimise)
    return [min(1.0, gap) for gap in found]


def _curve(panel: Axes, label: str | None, row: Row, trace: Trace, pen: paper.Pen) -> None:
    moments = _moments(max(row.time_limit_s, 2 * FIRST_S))
    gaps = [min(MOST_GAP, max(LEAST_GAP, gap)) for gap in _gaps(row, trace, moments)]
    panel.step(
        moments, gaps, where="post", label=label,
        color=pen.colour, linestyle=pen.dash, linewidth=1.7 if label else 0.8,
    )  # fmt: skip


def _frame(panel: Axes, last: float) -> None:
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xlim(FIRST_S, last)
    panel.xaxis.set_major_formatter(paper.plain)
    panel.set_ylim(LEAST_GAP * 0.8, MOST_GAP * 1.25)
    panel.set_yticks([1e-4, 1e-3, 1e-2, 1e-1, 1], ["≤ 0.01 %", "0.1 %", "1 %", "10 %", "≥ 100 %"])
    panel.minorticks_off()
    panel.set_xlabel("seconds", fontsize=9)
    panel.set_ylabel("gap", fontsize=9)


def _percent(value: float, _position: float) -> str:
    return f"{100 * value:g} %"
