"""Find what a job asks for that cannot be asked for together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from optimiser.job.rings import clashes

if TYPE_CHECKING:
    from optimiser.job.model import Job

TIERS = ("core", "secondary", "small")
INSTRUMENTS = ("barrier", "infrastructure", "subsidy")
_NO_BUDGET = "and budget.unlimited has none; give budget.share or budget.amount"

type Contradiction = tuple[tuple[str, ...], str]
"""Path of the key that a user should look at first, and a sentence."""


def contradictions(job: Job) -> Iterator[Contradiction]:
    """Yield what does not go together, with the key to look at and what to do.

    Parameters
    ----------
    job
        A job whose sections are sound, each by itself.
    """
    yield from _of_unlimited(job) if job.budget.unlimited else _of_budget(job)
    yield from _of_cities(job)
    yield from clashes(job.rings)


def least_keys(job: Job) -> tuple[str, ...]:
    """Return the keys of the least shares that a job asks for, `least.small` and the like."""
    pairs = [f"least.{tier}" for tier in TIERS if getattr(job.least, tier)]
    cities = [f"city_coverage.least_{tier}" for tier in TIERS if getattr(job.city_coverage, f"least_{tier}")]
    return (*pairs, *cities)


def _of_unlimited(job: Job) -> Iterator[Contradiction]:
    """Yield what does not go with an unlimited budget."""
    if job.phasing.names:
        yield ("phasing", "names"), f"periods share out a budget, {_NO_BUDGET}"
    for name in INSTRUMENTS:
        if getattr(job.caps, name) < 1:
            yield ("caps", name), f"a cap is a share of the budget, {_NO_BUDGET}"
    if job.objective.kind == "max_min":
        yield ("objective", "kind"), f"max_min raises the worst tier as far as the budget goes, {_NO_BUDGET}"
    least = least_keys(job)
    if job.budget.cover == "all" and least:
        told = f"every coverable pair is covered, so {' and '.join(least)} would change nothing; "
        yield ("budget", "cover"), told + "set it to 'targets' to reach only these shares at least cost"
    if job.budget.cover == "targets" and not least:
        yield ("budget", "cover"), "'targets' needs something to reach: give least.small or another share"


def _of_budget(job: Job) -> Iterator[Contradiction]:
    """Yield what goes with an unlimited budget alone."""
    if job.budget.cover == "targets":
        yield (
            ("budget", "cover"),
            "'targets' asks for the least cost: it goes with budget.unlimited = true only",
        )


def _of_cities(job: Job) -> Iterator[Contradiction]:
    """Yield least shares of cities where cities do not count."""
    keys = [key for key in least_keys(job) if key.startswith("city_coverage.")]
    if keys and not job.city_coverage.weight:
        told = f"it is 0, and {' and '.join(keys)} would be a share of nothing; set it to 1 or more"
        yield ("city_coverage", "weight"), told
