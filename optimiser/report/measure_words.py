"""Say in two sentences what a plan means beside the pairs that it covers."""

from __future__ import annotations

from collections.abc import Iterator

from optimiser.report.equity_shown import clock, percent
from optimiser.report.inputs import ReportInput

LEAST = "small"
"""Tier that the first sentence speaks of."""


def told(report: ReportInput) -> tuple[str, ...]:
    """Return the sentences; none where the plan was not measured, or a region has nothing to say.

    Parameters
    ----------
    report
        The plan.
    """
    return tuple(_told(report))


def _told(report: ReportInput) -> Iterator[str]:
    if report.measures is None:
        return
    equity, core = report.measures.equity, report.measures.polycentricity
    rows = equity[equity["tier"] == LEAST].set_index("state")
    if len(rows) and rows["mean_minutes"].notna().all():
        today, plan = (clock(float(rows["mean_minutes"][state])) for state in ("today", "plan"))
        yield f"From small cities to the people of all others it takes {plan} h on average, {today} today"
    shares = core[core["measure"] == "core_every_share"]
    if len(shares) and shares[["today", "plan"]].notna().all(axis=None):
        share, before = (percent(shares.iloc[0][state]) for state in ("plan", "today"))
        names = " and ".join(str(name) for name in report.measures.facts["core"])
        yield f"{share} of the weight of trips between other cities cannot avoid {names}, {before} today"
