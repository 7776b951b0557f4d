"""Answer what a plan is for: a sentence for each plan to choose from, and the curve that all of them make."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optimiser.measures import coverage
from optimiser.report import ring_section, wording
from optimiser.report.inputs import ReportInput, StateShown
from optimiser.report.ring_layout import RingShown, formed

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
    """Return which rings a plan closes or could close with its budget, and at what price, in a clause."""
    rings = formed(plan.rings_shown)
    if rings:
        return f"; {_closed(report, plan, rings, 'is' if len(rings) == 1 else 'are')}"
    same = [one for one in report.states if one.budget == plan.budget and one.cost is not None]
    able = max(same, key=lambda one: len(formed(one.rings_shown)), default=None)
    if able is not None and formed(able.rings_shown):
        return f"; {_closed(report, able, formed(able.rings_shown), 'can be')}"
    why = next((one.why for one in report.states if one.budget == plan.budget and one.why), "")
    return f"; no ring can be closed with it: {why[:1].lower()}{why[1:].removesuffix('.')}" if why else ""


def _closed(report: ReportInput, plan: StateShown, rings: Sequence[RingShown], verb: str) -> str:
    """Return rings that a plan closes, for how much of its money and at the price of how many pairs."""
    needed = {name for ring in rings for name in ring.candidates}
    cost = sum(step.cost for step in plan.order if step.candidate_id in needed)
    if not cost:
        return f"{named(rings)} exist{'s' if len(rings) == 1 else ''} already"
    money = wording.amount(cost, report.money).removesuffix(wording.per_person(report.money)[1]).strip()
    return f"{named(rings)} {verb} closed for {money} of it{_price(report, plan)}"


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
