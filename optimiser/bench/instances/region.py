"""List the problems of the default region, built as a run of its job builds them."""

from __future__ import annotations

from functools import partial

from optimiser.bench.instances.instance import Instance
from optimiser.problem import DesignProblem

JOBS = {"cities": "jing-jin-ji-links", "counties": "jing-jin-ji-counties"}
"""Ready job of each list of cities."""

HOURS = (3, 4, 5)
SHARES = (5, 10)
"""Budgets, per cent of the cost of all candidates."""


def region() -> tuple[Instance, ...]:
    """Return the problems of the default region: lists of cities, limits, budgets, and full cover."""
    budgets = [
        Instance(
            name=f"{places}_{hours}h_{share:02}",
            family=f"region-{places}",
            about=f"default region, {places}, {hours} h, budget {share} %",
            make=partial(build, places, hours, share),
        )
        for places in JOBS
        for hours in HOURS
        for share in SHARES
    ]
    covers = [
        Instance(
            name=f"{places}_4h_cover",
            family=f"cover-{places}",
            about=f"default region, {places}, 4 h, cover everything coverable at least cost",
            make=partial(build, places, 4, None),
        )
        for places in JOBS
    ]
    return (*budgets, *covers)


def build(places: str, hours: int, share: int | None) -> DesignProblem:
    """Build a problem of the default region; the steps are kept in the cache of runs.

    Parameters
    ----------
    places
        A key of `JOBS`.
    hours
        Limit of every pair.
    share
        Budget, per cent of the cost of all candidates; None: cover all that can be covered at least cost.
    """
    from optimiser.job import find
    from optimiser.run.chain import Chain
    from optimiser.run.progress import Progress
    from optimiser.run.source import settle

    settings = [f"times.limit_s={hours * 3600}", f"budget.share={(share or 10) / 100}"]
    loaded = find(JOBS[places], settings=settings)
    problem = Chain(loaded=loaded, source=settle(loaded), progress=Progress()).design
    if share is None:
        return problem.replace(name=f"{places}_{hours}h_cover", budget=None)
    return problem.replace(name=f"{places}_{hours}h_{share:02}")
