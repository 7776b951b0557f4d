"""Draw time against size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from optimiser.bench.figures import paper
from optimiser.bench.measures import LEAST_S, shifted_geometric_mean
from optimiser.bench.rows import Row
from optimiser.bench.table import best_known, labelled, proves, time_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw(family: str, rows: Sequence[Row], pens: Mapping[str, paper.Pen]) -> Figure | None:
    """Draw seconds and what is left open against the number of open pairs, for each way to solve.

    Left: seconds to proof (of a heuristic: to its end); a hollow mark is a solve that its limit ended.
    Right: the gap at the end, or for a heuristic the distance from the best known plan.

    Parameters
    ----------
    family
        Name.
    rows
        Of the family.
    pens
        Of each way.

    Returns
    -------
    Figure or None
        None where all problems have one size.
    """
    if len({row.open_pairs for row in rows}) < 2:
        return None
    best = best_known(rows)
    figure, (left, right) = paper.sheet(1, 2, width=5.2, height=4.4)
    for label, group in labelled(rows).items():
        _times(left, label, group, pens[label])
        _rest(right, label, group, best, pens[label])
    for panel in (left, right):
        panel.set_xscale("log")
        sizes = sorted({row.open_pairs for row in rows})
        panel.set_xticks(sizes, [f"{size:,}" for size in sizes])
        panel.minorticks_off()
        panel.set_xlabel("open pairs (logarithmic)", fontsize=9)
    left.set_yscale("log")
    left.yaxis.set_major_formatter(paper.plain)
    left.set_ylabel("seconds (logarithmic)", fontsize=9)
    right.set_ylabel("left open, %", fontsize=9)
    right.set_ylim(bottom=0)
    limits = ", ".join(f"{limit:g} s" for limit in sorted({row.time_limit_s for row in rows}))
    paper.title(left, f"Time against size: {family}", f"hollow: ended by the limit of {limits}")
    paper.title(right, "Left open at the end", "gap; of heuristics the distance from the best plan known")
    paper.legend(figure, left)
    return figure


def _by_size(rows: Sequence[Row]) -> list[tuple[int, list[Row]]]:
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.open_pairs].append(row)
    return sorted(groups.items())


def _times(panel: Axes, label: str, rows: Sequence[Row], pen: paper.Pen) -> None:
    """Draw the mean of the times at each size; a mark is hollow where a solve was cut off."""
    sizes, times, whole = [], [], []
    for size, group in _by_size(rows):
        spent = [time_of(row) if proves(row) else row.seconds for row in group]
        sizes.append(size)
        times.append(max(LEAST_S, shifted_geometric_mean(spent, 1.0)))
        whole.append(all(row.proved or not proves(row) for row in group))
    panel.plot(sizes, times, color=pen.colour, linestyle=pen.dash, linewidth=1.6)
    fills = [pen.colour if full else "white" for full in whole]
    panel.scatter(sizes, times, c=fills, edgecolors=pen.colour, marker=pen.mark, s=42, zorder=3)
    panel.plot([], [], color=pen.colour, linestyle=pen.dash, marker=pen.mark, linewidth=1.6, label=label)


def _rest(
    panel: Axes, label: str, rows: Sequence[Row], best: Mapping[str, int | None], pen: paper.Pen
) -> None:
    sizes, rests = [], []
    for size, group in _by_size(rows):
        sizes.append(size)
        rests.append(100 * sum(_open(row, best[row.instance]) for row in group) / len(group))
    panel.plot(
        sizes, rests, color=pen.colour, linestyle=pen.dash, marker=pen.mark, linewidth=1.6, label=label
    )


def _open(row: Row, best: int | None) -> float:
    if row.status == "infeasible":
        return 0.0
    if proves(row):
        return 1.0 if row.gap is None else min(1.0, row.gap)
    if best is None or row.objective is None:
        return 1.0
    return min(1.0, abs(best - row.objective) / max(1, abs(best)))
