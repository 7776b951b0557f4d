"""Spread the budget of a problem over the periods of a job."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate, pairwise

from optimiser.job.model import Job
from optimiser.job.sections import Phasing
from optimiser.problem import DesignProblem, Period

AFTER = "after"
"""Name of the time of use after the last period."""

PARTS_OF_A_YEAR = 100
"""A factor counts present value in hundredths of a year: rounding it shifts no period by over two days."""


def phase(problem: DesignProblem, job: Job) -> DesignProblem:
    """Return a problem with the periods that a job asks for; as it is where it asks for none.

    Parameters
    ----------
    problem
        A problem with a budget.
    job
        The job.
    """
    asked = job.phasing
    if not asked.names or problem.budget is None:
        return problem
    periods = tuple(_periods(asked, problem.budget))
    return problem.replace(
        candidates=tuple(replace(c, lead=lead(asked, c.kind)) for c in problem.candidates),
        periods=periods,
    )


def factor(start: int, years: int, rate: Fraction) -> int:
    """Return what a unit covered throughout a period counts for: its present value.

    Parameters
    ----------
    start
        Years from today to the begin of the period.
    years
        Length of the period.
    rate
        Discount rate a year.

    Returns
    -------
    int
        Hundredths of a year, rounded: 100 x the sum of (1 + rate)^-y over the years y = start + 1 to
        start + years, each counted at its end (the present value of an annuity).
    """
    value = sum((1 + rate) ** -y for y in range(start + 1, start + years + 1))
    return round(PARTS_OF_A_YEAR * value)


def budgets(shares: tuple[Fraction, ...], budget: int) -> tuple[int, ...]:
    """Return what comes with each period: all that came up to it is the share of the budget, rounded down."""
    so_far = [0, *(int(share * budget) for share in accumulate(shares))]
    return tuple(after - before for before, after in pairwise(so_far))


def lead(asked: Phasing, kind: str) -> int:
    """Return after how many periods a candidate of a kind opens.

    Parameters
    ----------
    asked
        The section of the job.
    kind
        Kind of the candidate.

    Returns
    -------
    int
        The years to build it over those of a mean period, rounded; a half is rounded up. What is built in
        less than half a period counts as open in the period in which it is started.
    """
    key = f"{kind}_years"
    years = getattr(asked, key) if key in type(asked).model_fields else asked.other_years
    count, whole = len(asked.lengths), sum(asked.lengths)
    return (2 * years * count + whole) // (2 * whole)


def _periods(asked: Phasing, budget: int) -> Iterator[Period]:
    """Yield the periods, and the time of use after them where it counts."""
    rate, start = Fraction(repr(asked.discount_rate)), 0
    money = budgets(asked.exact_shares, budget)
    for name, years, amount in zip(asked.names, asked.lengths, money, strict=True):
        yield Period(name, amount, factor(start, years, rate))
        start += years
    if asked.after_years:
        name = AFTER if AFTER not in asked.names else f"{AFTER} {asked.names[-1]}"
        yield Period(name, 0, factor(start, asked.after_years, rate))
