"""Ask what shares of all pairs cost, and explain the pairs that nothing brings within the limit."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from networks.skims import UNREACHABLE
from optimiser import verify
from optimiser.engine.search.task import Question, cores
from optimiser.frontier.askers import SessionAsker
from optimiser.frontier.axes import ALL_GROUPS, Axes, own_problem
from optimiser.frontier.point import FrontierEvaluator, Point
from optimiser.job.model import Job
from optimiser.problem import DesignProblem
from optimiser.problem.model import TIERS
from optimiser.problem.result import rounded_bound
from optimiser.proposals.base_case import great_circle_km
from optimiser.proposals.table import Candidates
from optimiser.run.demands import exact_share
from optimiser.run.proposing import StatedProblem
from optimiser.run.timing import Times
from optimiser.run.trip_parts import PARTS, trip_parts

FLOOR_KMH = 350
"""Speed of the fastest trains in service, along a straight line: part of the physical floor of a trip."""
FLOOR_S = 3600
"""Seconds for everything but riding in the physical floor of a trip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachRow:
    """The answer for one share of the pairs of one group.

    Attributes
    ----------
    group
        Group of the pairs; `all`: all pairs.
    total, today
        Pairs of the group, and those covered with nothing built.
    most, most_bound
        Most pairs of the group that a plan found covers, whatever it costs, and the proven upper bound on
        them; None without a bound.
    share
        Share asked for; None in the row that asks for as many as can be.
    asked
        Number of pairs asked for: the share of the total, rounded up.
    point
        The cheapest plan found with its proven bound; None without a plan.
    pairs
        Pairs of the group that the plan covers.
    """

    group: str
    total: int
    today: int
    most: int
    most_bound: int | None
    share: Fraction | None
    asked: int
    point: Point | None = None
    pairs: int | None = None

    @property
    def status(self) -> str:
        """Return `optimal`, `feasible`, `unreachable` (proved) or `open` (neither plan nor proof)."""
        if self.point is not None:
            return self.point.status
        return "unreachable" if self.most_bound is not None and self.asked > self.most_bound else "open"


def counting_problem(problem: DesignProblem, groups: Sequence[str]) -> DesignProblem:
    """Return a problem in which each pair has weight 1 and only the candidates and their relations are kept.

    Rings, periods, caps, targets and cities are demands of a job on its plan; a share of all pairs is
    another demand, which takes their place.

    Parameters
    ----------
    problem
        Any problem.
    groups
        Groups whose pairs are counted by themselves; those of all others lose their group.
    """
    return problem.replace(
        candidates=tuple(dataclasses.replace(candidate, lead=0) for candidate in problem.candidates),
        pairs=tuple(
            dataclasses.replace(p, weight=1, group=p.group if p.group in groups else "")
            for p in problem.pairs
        ),
        budget=problem.budget or 0,
        cover="all",
        caps=(),
        targets=(),
        cities=(),
        rings=(),
        periods=(),
    )


def counted_axes(groups: Sequence[str]) -> Axes:
    """Return the axes that count all pairs, under the name "", and those of each group."""
    return Axes("summed", ("", *groups), (("", *groups), *((group,) for group in groups)))


def reach(
    problem: DesignProblem,
    *,
    shares: Sequence[Fraction],
    groups: Sequence[str] = (),
    gap: float = 0.0,
    seconds: float = 60.0,
    seed: int = 1,
    threads: int = 0,
    notify: Callable[[ReachRow], object] = lambda _row: None,
) -> tuple[ReachRow, ...]:
    """Return the least cost of bringing shares of all pairs, and of those of groups, within the limit.

    Parameters
    ----------
    problem
        A problem of `counting_problem`, for the same groups.
    shares
        Shares of the pairs, above 0 to 1, rising.
    groups
        Groups of pairs whose shares are asked for besides those of all pairs.
    gap
        Relative gap of each question at which to stop.
    seconds
        Time limit of each question.
    seed, threads
        As in `SolveParameters`; 0 threads: number of cores.
    notify
        Called with each row when it is first known.

    Returns
    -------
    tuple of ReachRow
        One a group and share, all pairs first; where a share cannot be reached, followed by one row that asks
        for as many as can be.

    Raises
    ------
    InfeasibleError
        When no plan is feasible at any cost.

    Notes
    -----
    All questions go to one session (`askers.SessionAsker`), so cuts, bounds and plans of one serve the next.
    The first of each group asks for the most pairs with unlimited money; what lies above its bound cannot be
    reached. A bound for a share holds for every higher one of the group, and a plan for every row that it
    meets; both are used at the end.
    """
    axes = counted_axes(groups)
    rows: list[ReachRow] = []
    with SessionAsker(FrontierEvaluator(problem, axes), seed=seed, threads=threads or cores()) as asker:
        for place in range(len(axes.groups)):
            for row in _Group(place, asker, gap, seconds).rows(shares):
                notify(row)
                rows.append(row)
    return tuple(_tightened(row, rows, axes) for row in rows)


@dataclass(frozen=True, slots=True)
class _Group:
    """The questions about one group, asked of a session."""

    place: int
    asker: SessionAsker
    gap: float
    seconds: float

    def rows(self, shares: Sequence[Fraction]) -> list[ReachRow]:
        group = self.asker.evaluate.axes.groups[self.place] or ALL_GROUPS
        total, today = self.asker.evaluate.totals()[group], self.asker.evaluate(()).reached[self.place]
        most, most_bound = self.most(today)
        asked = [
            ReachRow(
                group=group,
                total=total,
                today=today,
                most=most,
                most_bound=most_bound,
                share=share,
                asked=math.ceil(share * total),
            )
            for share in shares
        ]
        found = [row if row.status == "unreachable" else self.answered(row) for row in asked]
        if asked and asked[-1].status == "unreachable":  # shares rise
            found.append(self.answered(dataclasses.replace(asked[-1], share=None, asked=most)))
        return found

    def most(self, today: int) -> tuple[int, int | None]:
        """Return the most pairs that a plan found covers, and the proven upper bound on them."""
        nothing_asked = (0,) * len(self.asker.evaluate.axes.groups)
        question = Question(None, nothing_asked, cheapest=False, rows=(self.place,))
        answer = self.asker.ask(question, seconds=self.seconds, gap=0.0)
        most = today if answer.built is None else self.asker.evaluate(answer.built).reached[self.place]
        bound = None if answer.bound is None else rounded_bound(answer.bound)
        return most, None if bound is None else max(most, int(bound))

    def answered(self, row: ReachRow) -> ReachRow:
        """Return a row with the cheapest plan that reaches it."""
        least = tuple(
            row.asked if at == self.place else 0 for at in range(len(self.asker.evaluate.axes.groups))
        )
        answer = self.asker.ask(Question(None, least, cheapest=True), seconds=self.seconds, gap=self.gap)
        if answer.built is None:
            most = min(row.asked - 1, row.most_bound or row.total)
            return dataclasses.replace(row, most_bound=most) if answer.empty else row
        point = Point.of(
            answer, self.asker.evaluate(answer.built), seed=self.asker.seed, threads=self.asker.threads
        )
        return dataclasses.replace(row, point=point, pairs=point.plan.reached[self.place])


def _tightened(row: ReachRow, rows: Sequence[ReachRow], axes: Axes) -> ReachRow:
    """Return a row with the cheapest plan and the highest bound that any row gives it."""
    if row.point is None:
        return row
    place = 0 if row.group == ALL_GROUPS else axes.groups.index(row.group)
    others = [(other, other.point) for other in rows if other.point is not None]
    best = min(
        (point.plan for _, point in others if point.plan.reached[place] >= row.asked),
        key=lambda plan: (plan.cost, -plan.reached[place]),
    )
    bounds = (
        point.bound
        for other, point in others
        if other.group == row.group and other.asked <= row.asked and point.bound is not None
    )
    answer = row.point.replace(bound=max(bounds, default=None))
    point = Point.of(answer, best, seed=answer.seed, threads=answer.threads)
    return dataclasses.replace(row, point=point, pairs=best.reached[place])


# ---- the shares that a job asks for


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
    asked = job.reach
    groups = [tier for tier in TIERS if tier in problem.groups] if asked.tiers else []
    counting, axes = counting_problem(problem, groups), counted_axes(groups)
    found = reach(
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
    return [_as_dict(row) for row in found]


def _as_dict(row: ReachRow) -> dict[str, Any]:
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


def beyond(times: Times, candidates: Candidates, draft: StatedProblem, job: Job) -> list[dict[str, Any]]:
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
    ends = pairs[["origin", "destination"]].to_numpy(dtype=np.int64)
    usable = candidates.take(np.flatnonzero(candidates.table["fixed"] != "out").tolist())
    parts, (origin, destination) = trip_parts(graph, usable, ends), ends.T
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
