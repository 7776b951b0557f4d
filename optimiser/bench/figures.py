"""Draw the figures of a bench: performance profile, gaps over time, and time against size."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np

from optimiser.bench import analysis
from optimiser.bench.rows import Row, Trace, gaps_over_time
from optimiser.report import plots
from optimiser.report.plots import INK, MUTED, PAPER, unbound_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

type Pen = dict[str, Any]
"""Colour, dash and mark of a configuration, as Matplotlib takes them."""

type TraceOf = Callable[[Row], Trace]

SIZED_FAMILIES = ("size", "national")
"""Families whose problems differ only in size; they are drawn together against it."""

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#1d2126", "#8a6d00")
"""Colours that colour-blind readers can tell apart (Okabe and Ito 2008), with a darker yellow."""
# By name, or offset and lengths.
DASHES: tuple[str | tuple[float, tuple[float, ...]], ...] = ("-", "--", "-.", ":", (0, (6, 1.5, 1, 1.5)))
MARKS = ("o", "s", "^", "D", "v", "P", "X")
"""The numbers of colours, dashes and marks are coprime: the first 35 pens differ in at least two of three."""
DPI, SCREEN_DPI = 150, 120
"""Dots per inch of files and of notebooks; with fewer, hinting spoils bold titles."""

LEGEND_KEY_IN, LEGEND_LETTER_IN = 0.65, 0.075
"""Width of a key of the legend with its padding, and of a letter, inches."""

MOST_PANELS = 9
"""Most instances of a family that are drawn; those with the most open pairs are chosen."""
POINTS = 200
"""Moments at which a curve of gaps is evaluated."""
FIRST_S = 0.01
LEAST_GAP, MOST_GAP = 1e-4, 1.0
"""Range of gaps drawn; smaller gaps lie on the lower edge, larger ones and no gap on the upper edge."""


def write_figures(rows: Sequence[Row], trace_of: TraceOf, folder: Path) -> dict[str, Path]:
    """Draw the figures that the table allows, and write them as PNG files.

    Parameters
    ----------
    rows
        The table.
    trace_of
        Returns the progress of the solve of a row.
    folder
        Folder of the files.

    Returns
    -------
    dict
        Path of each figure by its title.
    """
    return {
        title: plots.write(figure, folder / f"{name}.png", dpi=DPI)
        for title, name, figure in _figures(rows, trace_of)
        if figure is not None
    }


def _figures(rows: Sequence[Row], trace_of: TraceOf) -> Iterator[tuple[str, str, Figure | None]]:
    pens = _pens(analysis.grouped(rows, "label"))
    yield "Performance profile", "profile", draw_profile(rows)
    yield "Mean gap over time", "gaps", _draw_mean_gaps(rows, trace_of, pens)
    for family, group in analysis.grouped(rows, "family").items():
        figure = draw_gaps(group, trace_of, title=family, pens=pens)
        yield f"Gap over time: {family}", f"gaps_{family}", figure
    sized = [row for row in rows if row.family in SIZED_FAMILIES]
    if sized:
        yield "Time against size", "sizes", _draw_sizes("generated countries", sized, pens)


def _pens(labels: Iterable[str]) -> dict[str, Pen]:
    kinds = zip(itertools.cycle(COLOURS), itertools.cycle(DASHES), itertools.cycle(MARKS), strict=False)
    names = ("color", "linestyle", "marker")
    return {label: dict(zip(names, kind, strict=True)) for label, kind in zip(labels, kinds, strict=False)}


def _line(pen: Pen) -> Pen:
    """Return a pen without its mark."""
    return {name: value for name, value in pen.items() if name != "marker"}


def _sheet(rows: int, columns: int, *, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """Return a figure that belongs to no window, and its axes row by row; panels are measured in inches."""
    size = (columns * width, rows * height)
    figure = unbound_figure(figsize=size, dpi=SCREEN_DPI, layout="constrained", facecolor=PAPER)
    axes: Any = figure.subplots(rows, columns, squeeze=False)
    panels = list(axes.flat)
    for panel in panels:
        plots.plain(panel, grid="both")
        panel.tick_params(labelsize=8.5)
        for axis in (panel.xaxis, panel.yaxis):
            axis.label.set_size(9)
    return figure, panels


def _plain(value: float, _position: float) -> str:
    """Return a tick of a logarithmic axis as a plain number."""
    return f"{value:,g}" if value < 1e6 else f"{value:.0e}"


def _title(panel: Axes, text: str, below: str = "") -> None:
    """Write a title, and below it what the panel counts."""
    panel.set_title(text, loc="left", fontsize=10.5, color=INK, fontweight="bold", pad=20 if below else 6)
    if below:
        panel.text(0, 1.025, below, transform=panel.transAxes, fontsize=8.5, color=MUTED, va="bottom")


def _legend(figure: Figure, panel: Axes) -> None:
    """Put one legend below all panels."""
    handles, labels = panel.get_legend_handles_labels()
    if handles:
        widest = LEGEND_KEY_IN + LEGEND_LETTER_IN * max(len(label) for label in labels)
        columns = max(1, min(5, len(labels), int(figure.get_figwidth() / widest)))
        figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize=9)


def draw_profile(rows: Sequence[Row]) -> Figure | None:
    """Draw for each configuration that can prove the share of problems proved within tau times the best time.

    Only problems (instance and seed) count on which every configuration was run. None where fewer than two
    configurations can be compared.
    """
    groups = analysis.comparable(rows)
    count = len(next(iter(groups.values()), []))
    if len(groups) < 2 or not count:
        return None
    ratios = analysis.performance_ratios(
        {label: [row.seconds if row.proved else math.inf for row in found] for label, found in groups.items()}
    )
    pens = _pens(analysis.grouped(rows, "label"))
    figure, (panel,) = _sheet(1, 1, width=7.6, height=4.8)
    last = 1.1 * max([2.0, *(r for column in ratios.values() for r in column if math.isfinite(r))])
    for label, column in ratios.items():
        steps = analysis.performance_profile(column)
        if not steps or steps[0][0] > 1.0:
            steps = ((1.0, 0.0), *steps)
        taus, shares = zip(*steps, strict=True)
        words = f"{label} ({sum(map(math.isfinite, column))} proved)"
        ends = ([*taus, last], [*shares, shares[-1]])
        panel.step(*ends, where="post", label=words, linewidth=2.0, **_line(pens[label]))
    panel.set_xscale("log", base=2)
    panel.xaxis.set_major_formatter(_plain)
    over = "time to proof over that of the fastest, τ (logarithmic)"
    panel.set(xlim=(1, last), ylim=(-0.02, 1.02), xlabel=over, ylabel="share of problems proved within τ")
    solved = sum(1 for column in zip(*ratios.values(), strict=True) if min(column) < math.inf)
    _title(
        panel,
        "Performance profile: time to proof",
        f"{count} problems, {solved} of them proved by some configuration; the rest count as failures of all",
    )
    _legend(figure, panel)
    return figure


def _draw_mean_gaps(rows: Sequence[Row], trace_of: TraceOf, pens: Mapping[str, Pen]) -> Figure | None:
    """Draw the mean over all solves of the gap at each moment, each gap at most 100 %.

    None where no configuration can prove.
    """
    able = [row for row in rows if analysis.proves(row)]
    if not able:
        return None
    last = max(2 * FIRST_S, *(row.limit_s for row in able))
    moments = _moments(last)
    figure, (panel,) = _sheet(1, 1, width=7.6, height=4.8)
    for label, group in analysis.grouped(able, "label").items():
        mean = np.mean([_gaps(row, trace_of(row), moments) for row in group], axis=0)
        panel.plot(moments, mean, label=f"{label} ({len(group)} solves)", linewidth=2.0, **_line(pens[label]))
    since = "seconds since the solve began (logarithmic)"
    panel.set(xscale="log", xlim=(FIRST_S, last), ylim=(0, 1), xlabel=since, ylabel="mean gap")
    panel.xaxis.set_major_formatter(_plain)
    panel.yaxis.set_major_formatter(plots.percent)
    _title(panel, "Mean gap over time, all problems", "a gap counts at most 100 %; no gap counts 100 %")
    _legend(figure, panel)
    return figure


def draw_gaps(
    rows: Sequence[Row], trace_of: TraceOf, *, title: str = "", pens: Mapping[str, Pen] | None = None
) -> Figure | None:
    """Draw the gap of each configuration over time, one panel per instance; thin lines are further seeds.

    Parameters
    ----------
    rows
        The table, or a part of it.
    trace_of
        Returns the progress of the solve of a row.
    title
        Follows "Gap over time" in the heading.
    pens
        Pens by label, where other figures have the same; None: chosen here.

    Returns
    -------
    matplotlib.figure.Figure or None
        None where no configuration can prove.
    """
    pens = _pens(analysis.grouped(rows, "label")) if pens is None else pens
    able = [row for row in rows if analysis.proves(row)]
    if not able:
        return None
    sizes = {row.instance: row.open_pairs for row in able}
    shown = sorted(sorted(sizes), key=sizes.__getitem__)[-MOST_PANELS:]
    columns = min(3, len(shown))
    lines = math.ceil(len(shown) / columns)
    figure, panels = _sheet(lines, columns, width=4.6 if columns > 1 else 7.6, height=3.3)
    for panel, name in zip(panels, shown, strict=False):
        here = [row for row in able if row.instance == name]
        for label, group in analysis.grouped(able, "label").items():
            for number, row in enumerate(row for row in group if row.instance == name):
                moments = _moments(max(row.limit_s, 2 * FIRST_S))
                gaps = [min(MOST_GAP, max(LEAST_GAP, gap)) for gap in _gaps(row, trace_of(row), moments)]
                look: Any = {"linewidth": 0.8} if number else {"linewidth": 1.7, "label": label}
                panel.step(moments, gaps, where="post", **look, **_line(pens[label]))
        panel.set(xscale="log", yscale="log", xlabel="seconds", ylabel="gap")
        last = max(2 * FIRST_S, *(row.limit_s for row in here))
        panel.set(xlim=(FIRST_S, last), ylim=(LEAST_GAP * 0.8, MOST_GAP * 1.25))
        panel.xaxis.set_major_formatter(_plain)
        panel.set_yticks([1e-4, 1e-3, 1e-2, 1e-1, 1], ["≤ 0.01 %", "0.1 %", "1 %", "10 %", "≥ 100 %"])
        panel.minorticks_off()
        _title(panel, name, f"{here[0].candidates} candidates, {here[0].open_pairs} open pairs")
    for panel in panels[len(shown) :]:
        panel.set_visible(False)
    heading = f"Gap over time: {title}" if title else "Gap over time"
    left = f" (the {MOST_PANELS} largest of {len(sizes)})" if len(sizes) > MOST_PANELS else ""
    figure.suptitle(f"{heading}{left}", x=0.01, ha="left", fontsize=12, fontweight="bold")
    _legend(figure, panels[0])
    return figure


def _moments(last: float) -> list[float]:
    """Return `POINTS` moments from `FIRST_S` to the last one in equal ratios."""
    return np.geomspace(FIRST_S, last, POINTS).tolist()


def _gaps(row: Row, trace: Trace, moments: Sequence[float]) -> list[float]:
    """Return the gap at each moment, at most 1; after a proof of infeasibility it is 0."""
    if row.status == "infeasible":
        return [1.0 if moment < row.seconds else 0.0 for moment in moments]
    return [min(1.0, gap) for gap in gaps_over_time(trace, moments, minimise=row.minimise)]


def _draw_sizes(family: str, rows: Sequence[Row], pens: Mapping[str, Pen]) -> Figure | None:
    """Draw seconds and what is left open against the number of open pairs, for each configuration.

    Left: seconds to proof (of a heuristic to its end); a hollow mark is a solve that its limit ended. Right:
    the gap at the end, or for a heuristic the distance from the best known plan. None where all problems have
    one size.
    """
    sizes = sorted({row.open_pairs for row in rows})
    if len(sizes) < 2:
        return None
    best = analysis.best_known(rows)
    figure, (left, right) = _sheet(1, 2, width=5.2, height=4.4)
    for label, group in analysis.grouped(rows, "label").items():
        by_size = [(size, [row for row in group if row.open_pairs == size]) for size in sizes]
        by_size = [(size, found) for size, found in by_size if found]
        shown, groups = zip(*by_size, strict=True)
        spent = [
            [analysis.time_of(row) if analysis.proves(row) else row.seconds for row in found]
            for found in groups
        ]
        times = [max(analysis.LEAST_S, analysis.shifted_geometric_mean(seconds, 1.0)) for seconds in spent]
        pen = pens[label]
        left.plot(shown, times, linewidth=1.6, **_line(pen))
        # A mark is hollow where a solve was cut off.
        whole = [all(row.proved or not analysis.proves(row) for row in found) for found in groups]
        fills = [pen["color"] if full else "white" for full in whole]
        left.scatter(shown, times, c=fills, edgecolors=pen["color"], marker=pen["marker"], s=42, zorder=3)
        left.plot([], [], linewidth=1.6, label=label, **pen)
        rests = [
            fmean(min(1.0, analysis.left_open(row, best[row.instance])) for row in found) for found in groups
        ]
        right.plot(shown, [100 * rest for rest in rests], linewidth=1.6, label=label, **pen)
    for panel in (left, right):
        panel.set(xscale="log", xlabel="open pairs (logarithmic)")
        panel.set_xticks(sizes, [f"{size:,}" for size in sizes])
        panel.minorticks_off()
    left.set(yscale="log", ylabel="seconds (logarithmic)")
    left.yaxis.set_major_formatter(_plain)
    right.set(ylim=(0, None), ylabel="left open, %")
    told = (f"{r.time_limit_s:g} s" if r.effort is None else f"an effort of {r.effort:g}" for r in rows)
    limits = ", ".join(dict.fromkeys(told))
    _title(left, f"Time against size: {family}", f"hollow: ended by the limit of {limits}")
    _title(right, "Left open at the end", "gap; of heuristics the distance from the best plan known")
    _legend(figure, left)
    return figure
