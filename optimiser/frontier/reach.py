"""Answer what it costs to bring shares of all pairs within the limit, and how many can be at most."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from optimiser.engine.search.task import Question, cores
from optimiser.frontier.askers import SessionAsker
from optimiser.frontier.axes import ALL_GROUPS, Axes
from optimiser.frontier.point import FrontierEvaluator, Point
from optimiser.problem import DesignProblem
from optimiser.problem.result import rounded_bound


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


def counting_problem(problem: DesignProblem) -> DesignProblem:
    """Return a problem in which each pair has weight 1 and only the candidates and their relations are kept.

    Rings, periods, caps, targets and cities are demands of a job on its plan; a share of all pairs is
    another demand, which takes their place.

    Parameters
    ----------
    problem
        Any problem.
    """
    return problem.replace(
        candidates=tuple(dataclasses.replace(candidate, lead=0) for candidate in problem.candidates),
        pairs=tuple(dataclasses.replace(pair, weight=1) for pair in problem.pairs),
        budget=problem.budget or 0,
        cover="all",
        caps=(),
        targets=(),
        cities=(),
        rings=(),
        periods=(),
    )


def counted_axes(groups: Sequence[str]) -> Axes:
    """Return the axes that count all pairs, and those of each group."""
    return Axes("counted", (ALL_GROUPS, *(group for group in groups if group != ALL_GROUPS)))


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
        A problem of `counting_problem`.
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
    evaluate, count = FrontierEvaluator(problem, axes), threads or cores()
    rows: list[ReachRow] = []
    with SessionAsker(problem, axes, evaluate, seed=seed, threads=count) as asker:
        for place in range(len(axes.groups)):
            questions = _Group(axes, place, evaluate, asker, gap, seconds, seed, count)
            for row in questions.rows(shares):
                notify(row)
                rows.append(row)
    return tuple(_tightened(row, rows, axes) for row in rows)


@dataclass(frozen=True, slots=True)
class _Group:
    """The questions about one group, asked of a session."""

    axes: Axes
    place: int
    evaluate: FrontierEvaluator
    asker: SessionAsker
    gap: float
    seconds: float
    seed: int
    threads: int

    def rows(self, shares: Sequence[Fraction]) -> list[ReachRow]:
        group = self.axes.groups[self.place]
        total, today = self.evaluate.totals()[group], self.evaluate(()).reached[self.place]
        most, most_bound = self.most(today)
        found = []
        beyond = False
        for share in shares:
            row = ReachRow(
                group=group,
                total=total,
                today=today,
                most=most,
                most_bound=most_bound,
                share=share,
                asked=math.ceil(share * total),
            )
            unreachable = most_bound is not None and row.asked > most_bound
            beyond = beyond or unreachable
            found.append(row if unreachable else self.answered(row))
        if beyond:
            last = dataclasses.replace(found[-1], share=None, asked=most, point=None, pairs=None)
            found.append(self.answered(last))
        return found

    def most(self, today: int) -> tuple[int, int | None]:
        """Return the most pairs that a plan found covers, and the proven upper bound on them."""
        nothing_asked = (0,) * len(self.axes.groups)
        question = Question(None, nothing_asked, cheapest=False, rows=(self.place,))
        answer = self.asker.ask(question, seconds=self.seconds, gap=0.0)
        most = today if answer.built is None else self.evaluate(answer.built).reached[self.place]
        bound = None if answer.bound is None else rounded_bound(answer.bound)
        return most, None if bound is None else max(most, int(bound))

    def answered(self, row: ReachRow) -> ReachRow:
        """Return a row with the cheapest plan that reaches it."""
        least = tuple(row.asked if at == self.place else 0 for at in range(len(self.axes.groups)))
        answer = self.asker.ask(Question(None, least, cheapest=True), seconds=self.seconds, gap=self.gap)
        if answer.built is None:
            most = min(row.asked - 1, row.most_bound or row.total)
            return dataclasses.replace(row, most_bound=most) if answer.empty else row
        point = Point.of(answer, self.evaluate(answer.built), seed=self.seed, threads=self.threads)
        return dataclasses.replace(row, point=point, pairs=point.plan.reached[self.place])


def _tightened(row: ReachRow, rows: Sequence[ReachRow], axes: Axes) -> ReachRow:
    """Return a row with the cheapest plan and the highest bound that any row gives it."""
    if row.point is None:
        return row
    place = axes.groups.index(row.group)
    points = [other.point for other in rows if other.point is not None]
    best = min(
        (point.plan for point in points if point.plan.reached[place] >= row.asked),
        key=lambda plan: (plan.cost, -plan.reached[place]),
    )
    bounds = [
        other.point.bound
        for other in rows
        if other.group == row.group and other.asked <= row.asked and other.point is not None
    ]
    bound = max((value for value in bounds if value is not None), default=None)
    answer = row.point.replace(bound=bound)
    point = Point.of(answer, best, seed=answer.seed, threads=answer.threads)
    return dataclasses.replace(row, point=point, pairs=best.reached[place])
