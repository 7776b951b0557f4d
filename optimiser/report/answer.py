"""Answer what a plan is for: a sentence for each plan to choose from, and the curve that all of them make."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from optimiser.measures import coverage
from optimiser.report import plots, ring_section, wording
from optimiser.report.inputs import ReportInput, StateShown
from optimiser.report.ring_layout import RingShown, formed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
"""Numbers written as words."""

SMALL = "small"
"""Tier of the pairs that the sentence names."""


def sentence(report: ReportInput, plan: StateShown) -> str:
    """Return what a plan brings, for what money, and what becomes of the rings, in one sentence."""
    if plan.cost is None:
        money = "" if plan.budget is None else f" for {wording.amount(plan.budget, report.money)}"
        return f"No plan with {plan.rings}{money}. {plan.why}".strip()
    return f"{_brings(report, plan, plan.cost)}{_rings(report, plan)}."


def _brings(report: ReportInput, plan: StateShown, cost: int) -> str:
    """Return the money and the pairs, in a clause."""
    pairs = f"{wording.integer(len(report.pairs))} pairs of cities"
    limit = wording.hours(report.limit_s)
    if not plan.order:
        return f"Nothing is built: {wording.integer(len(plan.covered))} of {pairs} are within {limit}"
    today = np.flatnonzero(coverage.within(report.pairs, state="before"))
    new = np.setdiff1d(np.array(plan.covered, dtype=np.int64), today)
    small = int((report.pairs["group"].to_numpy(dtype=str)[new] == SMALL).sum())
    more = f"{wording.integer(len(new)) if len(new) else 'no'} more of {pairs} within {limit}"
    if len(new) == 1 and small:
        more += ", of a small city"
    elif small:
        more += f", {'all' if small == len(new) else wording.integer(small)} of them of small cities"
    spent = wording.amount(cost, report.money)
    if plan.budget is None or spent == wording.amount(plan.budget, report.money):
        return f"{spent} bring {more}"
    both = wording.amount(cost, report.money, of=plan.budget)
    is_enough = plan.gap == 0 and len(new)
    return f"{both} are enough: they bring {more}" if is_enough else f"{both} bring {more}"


def _rings(report: ReportInput, plan: StateShown) -> str:
    """Return which rings a plan closes or could close with its budget, and at what price, in clauses."""
    rings = formed(plan.rings_shown)
    if rings:
        return f"; {_closed(report, plan, 'is' if len(rings) == 1 else 'are')}"
    same = [one for one in report.states if one.budget == plan.budget and one.cost is not None]
    able = {frozenset(ring.id for ring in formed(one.rings_shown)): one for one in same[::-1]}
    able.pop(frozenset(), None)
    if able:
        few_first = [able[ids] for ids in sorted(able, key=len)]
        return "".join(f"; {_closed(report, one, 'can be')}" for one in few_first)
    why = next((one.why for one in report.states if one.budget == plan.budget and one.why), "")
    return f"; no ring can be closed with it: {why[:1].lower()}{why[1:].removesuffix('.')}" if why else ""


def _closed(report: ReportInput, plan: StateShown, verb: str) -> str:
    """Return the rings that a plan closes, for how much of its money, at which price and to what use."""
    rings = formed(plan.rings_shown)
    needed = {name for ring in rings for name in ring.candidates}
    cost = sum(step.cost for step in plan.order if step.candidate_id in needed)
    if not cost:
        return f"{named(rings)} exist{'s' if len(rings) == 1 else ''} already"
    money = wording.amount(cost, report.money).removesuffix(wording.per_person(report.money)[1]).strip()
    use = ""
    if plan.ring_use is not None:
        places = plan.ring_use.alone[0].relieved_places
        takes = {"is": "takes", "are": "take"}.get(verb, "would take")
        trips = (
            f"trips of {wording.integer(places)} {'town' if places == 1 else 'towns'}"
            if places
            else "no trips"
        )
        use = f", and {takes} {trips} out of the cores"
    return f"{named(rings)} {verb} closed for {money} of it{_price(report, plan)}{use}"


def _price(report: ReportInput, plan: StateShown) -> str:
    """Return at the price of how many pairs a plan forms its rings; empty where that is not known."""
    plain = [
        one
        for one in report.states
        if one.budget == plan.budget and one.cost is not None and not formed(one.rings_shown)
    ]
    if not plain:
        return ""
    lost = max(len(one.covered) for one in plain) - len(plan.covered)
    if lost <= 0:
        return ", at the price of no pair"
    return f", at the price of {'one pair' if lost == 1 else f'{wording.integer(lost)} pairs'}"


def named(rings: Sequence[RingShown]) -> str:
    """Return rings by number, kind and length: ``three ring roads of 985, 623 and 288 km``."""
    kinds = {{"road": "ring road", "rail": "railway ring"}.get(ring.facts.mode, "ring") for ring in rings}
    noun = kinds.pop() if len(kinds) == 1 else "ring"
    if len(rings) == 1:
        return f"a {noun} of {rings[0].length_km:,.0f} km {ring_section.around(rings[0])}"
    lengths = sorted((round(ring.length_km) for ring in rings), reverse=True)
    count = NUMBERS[len(rings)] if len(rings) < len(NUMBERS) else str(len(rings))
    return f"{count} {noun}s of {wording.join_names([f'{km:,}' for km in lengths])} km"


def note(report: ReportInput, plan: StateShown, number: int) -> str:
    """Return which point of the curve a plan is, and how good it provably is."""
    if plan.cost is None:
        return (
            "No plan exists, proven."
            if plan.status == "infeasible"
            else "No plan is known, and none excluded."
        )
    words = [f"Point {number + 1} of {len(report.points)}"] if report.points else []
    words += ["the knee"] if report.points and number == report.knee else []
    words += [f"forms {', '.join(sorted(plan.circuits))}"] if report.points and plan.circuits else []
    words.append(f"cost {report.money_of(plan.cost)}")
    if report.budget is not None and plan.budget is not None:
        words.append(f"budget {wording.integer(plan.budget)}")
    words.append(proven(plan.gap))
    return f"{wording.capitalised(', '.join(words))}."


def proven(gap: float | None) -> str:
    """Return in a clause how far a plan can be from the optimum."""
    if gap is None:
        return "no bound: the distance from the optimum is not known"
    return "proven optimal" if gap == 0 else f"proven within {wording.gap(gap)} of the optimum"


def axis(report: ReportInput) -> tuple[int, str]:
    """Return what the axis of money of the curve counts in: amounts of the report in a unit, and its name."""
    most = max((plan.budget or plan.cost or 0 for plan in report.plans), default=0)
    factor, single = wording.per_person(report.money)
    for name, size in reversed(wording.SCALES.items()):
        if factor <= size <= most * factor / 10:
            return size // factor, f"{name} {single}"
    return 1, report.money


# ---- the curve as a still picture

LOOKS = ((plots.INK, "solid"), (plots.TIER_LINES["secondary"], (0, (5, 2))), (plots.LOSES, (0, (1.5, 1.2))))
"""Colour and dashes of the lines of the choices of rings, in turn: told apart in grey as well."""

BAND = "#b9c3cf"
"""Colour of the band between plans and proven bounds."""


WIDTH, HEIGHT, EDGE = 11.0, 4.6, 0.06
"""Inches of the picture, and where its first panel begins, as a share of the width."""


def draw(report: ReportInput, *, dpi: int = 160) -> Figure:
    """Draw the share of the pairs within the limit over the budget: a panel a tier, a line a choice of rings.

    Parameters
    ----------
    report
        What to draw: one with states at several budgets.
    dpi
        Dots per inch.
    """
    groups = report.pairs["group"].to_numpy(dtype=str)
    panels = {"all": np.ones(len(groups), dtype=bool)}
    panels |= {name: groups == name for name in coverage.groups_in_order(groups) if sum(groups == name) > 1}
    found = {one.rings: _line_of(report, one.rings) for one in report.states}
    lines = {name: line for name, line in found.items() if len(line) > 1}
    limit = wording.short_hours(report.limit_s)
    subtitle = f"Share of the pairs of cities within {limit}, by tier of the smaller city"
    title = f"{report.region}: what each sum of money brings"
    with plots.sheet(WIDTH, HEIGHT, title, subtitle, dpi=dpi, note=report.attribution) as figure:
        for at, (name, mine) in enumerate(panels.items()):
            step = (1 - EDGE) / len(panels)
            axes = figure.add_axes((EDGE + at * step, 0.24, step - EDGE, 0.5))
            _draw_panel(axes, report, lines, mine)
            axes.set_title(f"{name} ({int(mine.sum())} pairs)", loc="left", size=10)
        below: Any = {"loc": "upper left", "bbox_to_anchor": (0, -0.24), "borderaxespad": 0, "frameon": False}
        figure.axes[0].legend(ncols=4, **below)
        words = "white: today; dashed: budget of the job; shaded: what a better plan may add (proven bound)"
        figure.text(0.98, 0.12 / HEIGHT, words, size=7.5, color=plots.MUTED, ha="right")
    return figure


def _draw_panel(
    axes: Axes, report: ReportInput, lines: Mapping[str, Sequence[StateShown]], mine: NDArray[np.bool_]
) -> None:
    """Draw a line a choice of rings over the budget, for some pairs; for all of them with the proven band."""
    unit, name = axis(report)
    right = 1.03 * max(_spent(one) for line in lines.values() for one in line) / unit
    start = float(coverage.within(report.pairs, state="before").to_numpy(dtype=bool)[mine].mean())
    for (choice, line), (colour, dash) in zip(lines.items(), itertools.cycle(LOOKS), strict=False):
        money = [_spent(one) / unit for one in line]
        shares = [float(mine[list(one.covered)].sum() / mine.sum()) for one in line]
        look: Any = {"color": colour, "linestyle": dash, "linewidth": 1.8, "label": choice}
        axes.step([0.0, *money, right], [start, *shares, shares[-1]], where="post", **look)
        axes.scatter(money, shares, s=12, color=colour, zorder=4)
        if mine.all():
            more = [share + weight_left(report, one) for share, one in zip(shares, line, strict=True)]
            upper, lower = [*more, more[-1]], [*shares, shares[-1]]
            axes.fill_between([*money, right], lower, upper, step="post", color=BAND, lw=0)
    axes.scatter([0], [start], s=30, c="white", edgecolors=plots.INK, zorder=5, clip_on=False)
    if report.budget is not None:
        axes.axvline(report.budget / unit, color=plots.MUTED, lw=0.9, linestyle=(0, (3, 3)), zorder=1)
    plots.plain(axes, x=plots.thousands, y=plots.percent)
    axes.set_xlim(0, right)
    axes.set_xlabel(f"{'Budget' if report.budget is not None else 'Cost'}, {name}", color=plots.MUTED)


def _line_of(report: ReportInput, rings: str) -> list[StateShown]:
    """Return the states with a choice of rings that have a plan, by what they may spend."""
    found = [one for one in report.states if one.rings == rings and one.cost is not None]
    return sorted(found, key=_spent)


def weight_left(report: ReportInput, plan: StateShown) -> float:
    """Return what a plan may lack to the optimum, as a share of the weight of all pairs; 0 where proven."""
    more = 0 if plan.is_proven else (plan.bound or 0) - (plan.objective or 0)
    return max(0, more) / max(int(report.pairs["weight"].sum()), 1)


def _spent(plan: StateShown) -> int:
    return (plan.cost or 0) if plan.budget is None else plan.budget
