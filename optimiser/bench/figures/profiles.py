"""Draw performance profiles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from optimiser.bench.figures import paper
from optimiser.bench.measures import performance_profile, performance_ratios
from optimiser.bench.rows import Row
from optimiser.bench.table import comparable, time_or_never

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw(rows: Sequence[Row], pens: Mapping[str, paper.Pen]) -> Figure | None:
    """Draw, for each way that can prove, the share of problems proved within tau times the best time.

    Only problems (instance and seed) count on which every way was run.

    Parameters
    ----------
    rows
        Of a bench.
    pens
        Of each way.

    Returns
    -------
    Figure or None
        None where fewer than two ways can be compared.
    """
    groups = comparable(rows)
    count = len(next(iter(groups.values()), []))
    if len(groups) < 2 or not count:
        return None
    ratios = performance_ratios({label: [time_or_never(row) for row in g] for label, g in groups.items()})
    figure, (panel,) = paper.sheet(1, 1, width=7.6, height=4.8)
    last = 1.1 * max([2.0, *(r for column in ratios.values() for r in column if math.isfinite(r))])
    for label, column in ratios.items():
        _curve(panel, label, column, last, pens[label])
    panel.set_xscale("log", base=2)
    panel.set_xlim(1, last)
    panel.xaxis.set_major_formatter(paper.plain)
    panel.set_ylim(-0.02, 1.02)
    panel.set_xlabel("time to proof over that of the fastest, τ (logarithmic)", fontsize=9)
    panel.set_ylabel("share of problems proved within τ", fontsize=9)
    solved = sum(1 for column in zip(*ratios.values(), strict=True) if min(column) < math.inf)
    paper.title(
        panel,
        "Performance profile: time to proof",
        f"{count} problems, {solved} of them proved by some way; the rest count as failures of all",
    )
    paper.legend(figure, panel)
    return figure


def _curve(panel: Axes, label: str, column: Sequence[float], last: float, pen: paper.Pen) -> None:
    steps = performance_profile(column)
    taus = [1.0, *(tau for tau, _ in steps), last]
    shares = [0.0, *(rho for _, rho in steps)]
    if steps and steps[0][0] == 1.0:
        taus, shares = taus[1:], shares[1:]
    shares.append(shares[-1])
    proved = sum(map(math.isfinite, column))
    panel.step(
        taus, shares, where="post", label=f"{label} ({proved} proved)",
        color=pen.colour, linestyle=pen.dash, linewidth=2.0,
    )  # fmt: skip
