"""Answer what a plan is for: a sentence for each plan to choose from, and the curve that all of them make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from optimiser.measures import coverage
from optimiser.problem.errors import listed
from optimiser.report import plots, ring_section, wording
from optimiser.report.inputs import ReportInput, StateShown
from optimiser.report.ring_layout import RingShown, formed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
"""Numbers written as words."""

SMALL = "small"
"""Tier of the pairs that the sentence names."""


def sentence(report: ReportInput, plan: StateShown | None = None) -> str:
    """Return what a plan (None: as chosen) brings, for what money, and what becomes of the rings."""
    plan = plan or report.plans[0]
    if plan.cost is None:
        money = "" if plan.budget is None else f" for {wording.amount(plan.budget, report.money)}"
        able = _least([one for one in report.states if one.rings == plan.rings])
        if not money or able is None:
            return f"No plan with {plan.rings}{money}. {' '.join(plan.why.split())}".strip()
        return f"No plan with {plan.rings}{money}: the least sum asked that has one is {_sum(report, able)}."
    closed = f"; {_closed(report, plan)}" if formed(plan.rings_shown) else ""
    screened = "A screening: " if report.screening else ""
    return f"{screened}{_brings(report, plan, plan.cost - _ring_cost(plan))}{closed}."


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
    forced = [name for name in report.forced if name in plan.built]
    if forced:
        words = {row["candidate_id"]: wording.link_name(row) for row in report.links.to_dict("records")}
        more += f", with {listed([words.get(name, name) for name in forced], 2, ' and ')} required"
    spent = wording.amount(cost, report.money)
    if plan.budget is None or spent == wording.amount(plan.budget, report.money):
        return f"{spent} bring {more}"
    both = wording.amount(cost, report.money, of=plan.budget)
    # Money may be left because nothing fits: it is enough where no pair that could be reached is missing.
    most = np.flatnonzero(coverage.within(report.pairs, state="all_built"))
    is_enough = plan.gap == 0 and not forced and len(new) and np.isin(most, plan.covered).all()
    return f"{both} are enough: they bring {more}" if is_enough else f"{both} bring {more}"


def beside(report: ReportInput, plan: StateShown) -> str:
    """Return which rings the money of a plan without any could close, and at what price, in sentences."""
    if plan.cost is None or formed(plan.rings_shown):
        return ""
    same = [one for one in report.states if one.budget == plan.budget and one.cost is not None]
    able = {frozenset(ring.id for ring in formed(one.rings_shown)): one for one in same[::-1]}
    able.pop(frozenset(), None)
    if able:
        few_first = [able[ids] for ids in sorted(able, key=len)]
        return " ".join(f"{wording.capitalised(_closed(report, one, could=True))}." for one in few_first)
    least = _least([one for one in report.states if formed(one.rings_shown)])
    asked = [one for one in report.states if one.budget == plan.budget and one.ring_ids]
    if not asked or least is None or any(one.status != "infeasible" for one in asked):
        return ""
    return f"It closes no ring: the least sum asked that does is {_sum(report, least)}."


def _least(states: Sequence[StateShown]) -> StateShown | None:
    """Return the state with a plan that asks for least money; None without any."""
    return min((one for one in states if one.cost is not None), key=_spent, default=None)


def _sum(report: ReportInput, plan: StateShown) -> str:
    return wording.amount(_spent(plan), report.money)


def _ring_cost(plan: StateShown) -> int:
    """Return the money of a plan that goes into what its rings use."""
    needed = {name for ring in formed(plan.rings_shown) for name in ring.candidates}
    return sum(step.cost for step in plan.order if step.candidate_id in needed)


def _closed(report: ReportInput, plan: StateShown, *, could: bool = False) -> str:
    """Return the rings that a plan closes, for how much more money, or of it, at which price, to what use."""
    rings, cost = formed(plan.rings_shown), _ring_cost(plan)
    if not cost:
        return f"{named(rings)} exist{'s' if len(rings) == 1 else ''} already"
    money = wording.amount(cost, report.money).removesuffix(wording.per_person(report.money)[1]).strip()
    use = ""
    if plan.ring_use is not None:
        verb, used = "would take" if could else "takes", plan.ring_use
        use = f", and {verb} {ring_section.relieved(used.today, used.alone)} out of the cores"
        use += ring_section.with_plan(used)
        if used.alone[0].through_pairs >= used.today[0].through_pairs:
            use = f"; {ring_section.gains(used)}"
    price = f"{_price(report, plan)}{use}"
    if could:
        return f"{named(rings)} can be closed for {money} of it{price}"
    return f"another {money} closes {named(rings)}{price}"


def _price(report: ReportInput, plan: StateShown) -> str:
    """Return how many pairs fewer a plan has than one of its budget without rings; empty: not known."""
    plain = [
        len(one.covered)
        for one in report.states
        if one.budget == plan.budget and one.cost is not None and not formed(one.rings_shown)
    ]
    lost = max(plain, default=0) - len(plan.covered)
    if lost <= 0:
        return ", without costing a pair" if plain else ""
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


def ring_names(report: ReportInput, plan: StateShown) -> str:
    """Return the rings that a plan must form, or does, by name."""
    wanted = plan.ring_ids or [ring.id for ring in formed(plan.rings_shown)]
    return ", ".join(ring_section.name(ring, report.rings) for ring in report.rings if ring.id in wanted)


def note(report: ReportInput, plan: StateShown, number: int) -> str:
    """Return which point of the curve a plan is, and how good it provably is."""
    if plan.cost is None:
        is_proven = plan.status == "infeasible"
        return "No plan exists, proven." if is_proven else "No plan is known, and none excluded."
    words = [f"Point {number + 1} of {len(report.points)}"] if report.points else []
    words += ["the knee"] if report.points and number == report.knee else []
    words += [f"forms {', '.join(sorted(plan.circuits))}"] if report.points and plan.circuits else []
    words.append(f"cost {report.money_of(plan.cost)}")
    if report.budget is not None and plan.budget is not None:
        words.append(f"budget {wording.integer(plan.budget)}")
    words.append(proven(plan.gap))
    return f"{wording.capitalised(', '.join(words))}. {best_ring(report, plan)}{beside(report, plan)}".strip()


def best_ring(report: ReportInput, plan: StateShown) -> str:
    """Return which ring of several is that of a plan, in a sentence; empty where the job says it."""
    if plan.best_at is None:
        return ""
    best = f"{ring_names(report, plan)}, the best one for {report.money_of(plan.best_at)}"
    return f"{wording.capitalised(plan.rings)}: {best}; for other sums another may be better. "


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


def draw(report: ReportInput) -> Figure | None:
    """Draw the share of the pairs within the limit over the budget: a panel a tier, a line a choice of rings.

    That of all pairs has the proven band: what a plan may lack to the optimum, as a share of the weight.

    Parameters
    ----------
    report
        What to draw.

    Returns
    -------
    matplotlib.figure.Figure or None
        None where no choice of rings has plans at several budgets.
    """
    groups = report.pairs["group"].to_numpy(dtype=str)
    today = coverage.within(report.pairs, state="before").to_numpy(dtype=bool)
    panels = {"all": np.ones(len(groups), dtype=bool)}
    panels |= {name: groups == name for name in coverage.groups_in_order(groups) if sum(groups == name) > 1}
    unit, name = axis(report)
    lines: dict[str, list[StateShown]] = {}
    for one in sorted(report.states, key=_spent):
        if one.cost is not None:
            lines.setdefault(one.rings, []).append(one)
    lines = {choice: line for choice, line in lines.items() if len(line) > 1}
    if not lines:
        return None
    drawn: dict[str, dict[str, plots.Steps]] = {}
    limit = wording.short_hours(report.limit_s)
    for tier, mine in panels.items():
        curves = drawn[f"{tier.capitalize()} ({int(mine.sum()):,} pairs): within {limit}"] = {}
        for choice, line in lines.items():
            within = [today, *(np.isin(np.arange(len(mine)), one.covered) for one in line)]
            shares = [float(held[mine].mean()) for held in within]
            more = [0.0, *(weight_left(report, one) for one in line)]
            upper = np.add(shares, more).tolist() if mine.all() and any(more) else ()
            curves[choice] = plots.Steps([0, *(_spent(one) / unit for one in line)], shares, upper)
    words = "Budget" if report.budget is not None else "Cost"
    mark = None if report.budget is None else report.budget / unit
    return plots.draw_curves(drawn, across=f"{words}, {name}", mark=mark)


def weight_left(report: ReportInput, plan: StateShown) -> float:
    """Return what a plan may lack to the optimum, as a share of the weight of all pairs; 0 where proven."""
    more = 0 if plan.is_proven else (plan.bound or 0) - (plan.objective or 0)
    return max(0, more) / max(int(report.pairs["weight"].sum()), 1)


def _spent(plan: StateShown) -> int:
    return (plan.cost or 0) if plan.budget is None else plan.budget
