"""Ask what shares of all pairs cost, and explain the pairs that nothing brings within the limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from networks.intermodal import AccessParameters
from networks.skims import UNREACHABLE
from optimiser import verify
from optimiser.engine.search.task import cores
from optimiser.frontier import reach
from optimiser.frontier.axes import own_problem
from optimiser.job.model import Job
from optimiser.problem import DesignProblem
from optimiser.problem.model import TIERS
from optimiser.proposals.base_case import great_circle_km
from optimiser.proposals.table import Candidates
from optimiser.run.demands import exact_share
from optimiser.run.proposing import Draft
from optimiser.run.timing import Times
from optimiser.run.trip_parts import PARTS, split_arcs, trip_parts

FLOOR_KMH = 350
"""Speed of the fastest trains in service, along a straight line: part of the physical floor of a trip."""
FLOOR_S = 3600
"""Seconds for everything but riding in the physical floor of a trip."""


def answer(problem: DesignProblem, job: Job, notify: Callable[[str], object]) -> list[dict[str, Any]]:
    """Return the rows of `reach.csv`: the least cost of each share, every plan checked independently.

    Parameters
    ----------
    problem
        The problem of the job.
    job
        Shares, gap and time limit of each question; seed and threads.
    notify
        Called with a line about each row.

    Raises
    ------
    VerificationError
        When a plan fails the independent check.
    """
    asked, counting = job.reach, reach.counting_problem(problem)
    groups = [tier for tier in TIERS if tier in problem.groups] if asked.tiers else []
    axes = reach.counted_axes(groups)
    found = reach.reach(
        counting,
        shares=sorted({exact_share(share) for share in asked.shares}),
        groups=groups,
        gap=asked.gap,
        seconds=asked.time_limit_s,
        seed=job.solve.seed,
        threads=job.solve.threads or cores(),
        notify=lambda row: notify(f"{row.asked} pairs of {row.group}: {row.status}"),
    )
    for row in found:
        if row.point is not None and row.asked > 0:
            own = own_problem(counting, axes, row.point.asked)
            verify.check(own, row.point.result(own.name))
    return [_row(row) for row in found]


def _row(row: reach.ReachRow) -> dict[str, Any]:
    point = row.point
    return {
        "group": row.group,
        "share": None if row.share is None else float(row.share),
        "total": row.total,
        "today": row.today,
        "asked": row.asked,
        "most": row.most,
        "most_bound": row.most_bound,
        "status": row.status,
        "pairs": row.pairs,
        "cost": None if point is None else point.cost,
        "bound": None if point is None else point.bound,
        "gap": None if point is None else point.gap,
        "seconds": None if point is None else round(point.seconds, 3),
        "links": None if point is None else len(point.plan.built),
        "built": [] if point is None else list(point.plan.built),
    }


def beyond(times: Times, candidates: Candidates, draft: Draft, job: Job) -> list[dict[str, Any]]:
    """Return the pairs that stay beyond the limit with everything built, their time by part, and their floor.

    Parameters
    ----------
    times, candidates, draft
        Outcomes of the steps before.
    job
        The definition of time that counts.

    Returns
    -------
    list of dict
        Names, tier, seconds today and with everything built (None where no path leads), seconds by part of
        `PARTS`, and `floor_s`: the straight line at `FLOOR_KMH` and `FLOOR_S`.
    """
    graph, cities = times.graphs[job.times.definition], times.cities
    pairs = draft.pairs[~draft.pairs["coverable"].to_numpy(dtype=bool)]
    origin, destination = (pairs[key].to_numpy(dtype=np.int64) for key in ("origin", "destination"))
    usable = candidates.take(np.flatnonzero(candidates.table["fixed"] != "out").tolist())
    arcs = split_arcs(graph, usable, start_s=AccessParameters.default().running.start_s)
    parts = trip_parts(arcs, graph.origin[origin], graph.destination[destination])
    lon, lat = (np.asarray(getattr(cities.geometry, axis), dtype=np.float64) for axis in ("x", "y"))
    km = great_circle_km(lon[origin], lat[origin], lon[destination], lat[destination])
    skim = times.skims[job.times.definition]
    names = cities["name"].astype(str).tolist()
    rows = []
    for at, (a, b, best) in enumerate(zip(origin, destination, pairs["best_s"], strict=True)):
        today = int(skim[a, b])
        rows.append(
            {
                "origin": names[a],
                "destination": names[b],
                "tier": str(pairs["group"].iloc[at]),
                "today_s": None if today == UNREACHABLE else today,
                "all_built_s": None if best < 0 else int(best),
                **{f"{part}_s": int(value) for part, value in zip(PARTS, parts[at], strict=True)},
                "straight_km": round(float(km[at]), 1),
                "floor_s": round(float(km[at]) / FLOOR_KMH * 3600) + FLOOR_S,
            }
        )
    return sorted(rows, key=lambda row: (row["all_built_s"] is None, row["all_built_s"]))
