"""Trace a frontier: ask questions in open boxes until all is proved or enough points are known; sum it up."""

import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from optimiser.engine.search.task import Question, cores
from optimiser.frontier.askers import SessionAsker, SolveAsker
from optimiser.frontier.axes import Axes, AxesKind, axes_of, most_money
from optimiser.frontier.point import (
    Answer,
    Curve,
    EvaluatedPoint,
    FrontierEvaluator,
    Level,
    Point,
    ProvenRegion,
    front,
)
from optimiser.problem import DesignProblem
from optimiser.problem.errors import InfeasibleError, ProblemError, SolverError
from optimiser.problem.result import rounded_bound

type Ahead = Callable[[Tracer, Sequence[Level], float], Iterable[Answer]]
"""Answers the questions of levels elsewhere within some seconds; what it does not answer is asked here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of a frontier.

    Attributes
    ----------
    points
        Number of points; 0: all non-dominated points.
    placing
        `widest`: in the box with the widest proven band; `even`: on a grid of equal steps.
    gap
        Relative gap of each point.
    point_s
        Time limit for each point, in seconds.
    total_s
        Time limit for the whole frontier, in seconds.
    """

    points: int = 40
    placing: Literal["widest", "even"] = "widest"
    gap: float = 0.0
    point_s: float = 60.0
    total_s: float = 1200.0

    def __post_init__(self) -> None:
        """Check all values, and report all that are out of range at once."""
        checks = {
            f"points {self.points!r} is negative": self.points >= 0,
            f"gap {self.gap!r} is negative or not a number": self.gap >= 0,
            f"the limit {self.point_s!r} s of a point is not above 0": self.point_s > 0,
            f"the limit {self.total_s!r} s of all is not above 0": self.total_s > 0,
        }
        faults = [text for text, holds in checks.items() if not holds]
        ProblemError.refuse(
            faults, "the limits of the frontier are invalid", remedy="Correct the values named."
        )


@dataclass
class Memory:
    """A store of answers from earlier runs.

    Attributes
    ----------
    recall
        Returns the stored answer to a question; None without one.
    keep
        Stores a new answer.
    """

    recall: Callable[[Question], Answer | None] = lambda _asked: None
    keep: Callable[[Answer], object] = lambda _found: None


@dataclass
class State:
    """State of the tracing of a frontier.

    Attributes
    ----------
    region
        The proven bounds and open boxes.
    points
        Points found, including dominated ones.
    places
        Positions of these points.
    levels
        The level of each question.
    start
        The level that the plan for the easiest level reaches; the frontier lies between it and the hardest
        level.
    answers
        Number of questions that were not answered from memory.
    unsettled
        Number of questions that ended without a plan and without a proof of infeasibility.
    faults
        Failures of the solver.
    ahead
        Answers from elsewhere, by question; None before `Tracer.ahead` was called.
    ended
        `complete`, `points` or `time`; empty before the end.
    """

    region: ProvenRegion = field(default_factory=lambda: ProvenRegion((), ()))
    points: list[Point] = field(default_factory=list)
    places: set[tuple[int, ...]] = field(default_factory=set)
    levels: dict[Question, Level] = field(default_factory=dict)
    start: Level | None = None
    answers: int = 0
    unsettled: int = 0
    faults: list[str] = field(default_factory=list)
    ahead: dict[Question, Answer] | None = None
    ended: str = ""


SPREAD = 64
"""Number of points after which, where all points are requested, questions are asked at the easy end of
boxes instead of the middle: there each question finds a new point or closes a box."""


SECOND_STAGE_SHARE = 0.25
"""Least share of the time limit of a question for its second stage."""


FAILED = "failed"
"""Ending of a tracing whose solver failed after the first points."""

LEAST_S = 1.0
"""Seconds of the second stage of a question whose first answer is remembered when time has run out."""

MOST_FAULTS = 5
"""Number of failures of the solver after which a frontier ends."""


@dataclass(frozen=True, slots=True)
class Tracer:
    """Traces one frontier.

    Attributes
    ----------
    asker
        Answers the questions; it evaluates plans of the problem by the axes of the frontier.
    limits
        Limits of the frontier.
    memory
        Store of answers.
    ahead
        Called once, with the levels of the grid, where points are placed evenly: their questions do not
        depend on each other's answers.
    """

    asker: SessionAsker | SolveAsker
    limits: Limits
    memory: Memory
    ahead: Ahead | None = None
    state: State = field(default_factory=State)

    @property
    def problem(self) -> DesignProblem:
        """The problem."""
        return self.asker.evaluate.problem

    @property
    def axes(self) -> Axes:
        """The axes of the frontier."""
        return self.asker.evaluate.axes

    def __iter__(self) -> Iterator[Point]:
        """Yield points as they are found; `state` is up to date in between."""
        end = time.monotonic() + self.limits.total_s
        self.state.region = self.new_region(end)
        while (level := self.next_level(end)) is not None:
            left = end - time.monotonic()
            if left <= 0 and self._recall(self._question(level)) is None:
                self.state.ended = "time"
                return
            try:
                point = self.answer_level(level, min(self.limits.point_s, left if left > 0 else LEAST_S))
            except SolverError as error:
                if not self.state.points:
                    raise
                self.state.faults.append(error.what)
                self.state.ended = FAILED
                return
            if point is not None and point.place not in self.state.places:
                self.state.places.add(point.place)
                yield point
        if self.state.faults and not self.state.points:
            raise SolverError(
                "the solver failed before the first point",
                where=f"problem {self.problem.name!r}",
                faults=self.state.faults,
                done="No point was found.",
                remedy="Run polyring doctor, which reports what this machine lacks, or allow more memory.",
            )
        self.state.ended = self.ending()

    def answer(self, low: Level, high: Level, levels: Sequence[Level]) -> None:
        """Answer some levels of a frontier in their order; `memory` keeps the answers.

        A level that the answer to another one settles is passed over, as on the whole grid.

        Parameters
        ----------
        low, high
            Easiest and hardest level of the frontier.
        levels
            Levels between them.
        """
        self.state.region = ProvenRegion(low, high, gap=self.limits.gap)
        for level in levels:
            if self.state.region.is_open(level):
                self.answer_level(level, self.limits.point_s)

    def ending(self) -> str:
        """Return how the tracing ended; with unproved points it is not complete, even without open boxes."""
        state = self.state
        if state.region.widest() is not None:
            return "points"
        all_known = all(state.region.is_known(state.levels[point.asked]) for point in state.points)
        return "complete" if all_known and not state.unsettled else "time"

    def new_region(self, end: float) -> ProvenRegion:
        """Return the region of all levels, with nothing settled."""
        if self.axes.kind == "two_way":
            return ProvenRegion((-most_money(self.problem),), (-self._least_money(end),), gap=self.limits.gap)
        allowed = [c.id for c in self.problem.candidates if c.fixed != "out"]
        return ProvenRegion(
            self.asker.evaluate(()).reached, self.asker.evaluate(allowed).reached, gap=self.limits.gap
        )

    def _least_money(self, end: float) -> int:
        """Return a lower bound on the cost of feasible plans: 0 unless something must be built."""
        nothing = self.asker.evaluate([c.id for c in self.problem.candidates if c.fixed == "in"])
        if not nothing.faults or self.problem.periods:
            return 0 if self.problem.periods else nothing.cost
        question = Question(None, (0,), cheapest=True)
        found = self.answer_of(question, min(self.limits.point_s, end - time.monotonic()))
        if found.empty:
            raise InfeasibleError(
                "no plan meets the constraints, proved.",
                where=f"problem {self.problem.name!r}",
                done="No frontier was traced.",
                remedy="Lower a target, or remove fixed candidates, exclusions or requirements.",
            )
        return 0 if found.bound is None else max(0, rounded_bound(found.bound, minimise=True))

    def next_level(self, end: float) -> Level | None:
        """Return the level of the next question; None when no further question is needed."""
        state, limits = self.state, self.limits
        whole = state.region.whole
        for level in (whole.low, whole.high):  # the easiest and the hardest one
            if state.region.is_open(level):
                return level
        if limits.points and len(state.places) >= limits.points:
            return None
        if limits.placing == "even":
            if self.ahead is not None and state.ahead is None:
                # Let the open levels of the grid be answered elsewhere, as far as nothing is remembered of
                # them.
                self.state.ahead = answers = dict[Question, Answer]()
                levels = [
                    level
                    for level in self.grid()
                    if self.state.region.is_open(level) and self._recall(self._question(level)) is None
                ]
                for found in self.ahead(self, levels, end - time.monotonic()):
                    answers[found.asked] = found
                    self.memory.keep(found)
            return next((level for level in self.grid() if state.region.is_open(level)), None)
        box = state.region.widest()
        if box is None:
            return None
        middle = limits.points or len(state.places) < SPREAD
        return box.middle() if middle else box.low

    def _recall(self, question: Question) -> Answer | None:
        """Return the answer to a question that came from elsewhere or is remembered; None without one."""
        return (self.state.ahead or {}).get(question) or self.memory.recall(question)

    def grid(self) -> Iterator[Level]:
        """Yield the levels of a grid of equal steps, the hardest first along each axis.

        The grid spans the levels between the ends of the frontier. Levels that another answer has settled are
        skipped by the caller (as in AUGMECON2: Mavrotas and Florios, Applied Mathematics and Computation 219,
        2013).
        """
        high = self.state.region.whole.high
        low = self.state.start or self.state.region.whole.low
        steps = max(2, math.ceil((self.limits.points or SPREAD) ** (1 / len(low))))
        lines = [
            [last - (last - first) * i // (steps - 1) for i in range(steps)]
            for first, last in zip(low, high, strict=True)
        ]
        yield from itertools.product(*lines)

    def answer_level(self, level: Level, seconds: float) -> Point | None:
        """Ask the question of a level, and record the answer; return its point, None without a plan.

        The second stage makes the plan non-dominated: it optimises the other axis at the value found.
        """
        start_time = time.monotonic()
        question = self._question(level)
        cut_short = seconds < self.limits.point_s and self._recall(question) is None
        self.state.levels[question] = level
        first, region = self.answer_of(question, seconds), self.state.region
        if first.bound is not None:
            bound = rounded_bound(first.bound, minimise=question.cheapest)
            region.proved(level, _as_minimised(bound, question))
        if first.built is None:
            self.state.unsettled += not first.empty
            region.settle(level, None)
            return None
        plan = self.plan_of(first)
        if first.reason == "time" and cut_short:
            region.found(self._level_reached(plan), _as_minimised(self._value(plan, question), question))
            return None
        left = max(SECOND_STAGE_SHARE * seconds, seconds - (time.monotonic() - start_time))
        second = self.answer_of(self.second_question(question, plan), left)
        plan = self.better(plan, second, question)
        self.record_second_bound(question, plan, second)
        reached_level = self._level_reached(plan)
        region.found(reached_level, _as_minimised(self._value(plan, question), question))
        region.settle(level, reached_level)
        if level == region.whole.low:
            self.state.start = reached_level
        effort = {
            name: getattr(first, name) + getattr(second, name)
            for name in ("seconds", "whole_seconds", "nodes", "cuts")
        }
        point = Point.of(replace(first, **effort), plan, seed=self.asker.seed, threads=self.asker.threads)
        self.state.points.append(point)
        return point

    def _question(self, level: Level) -> Question:
        """Return the question of a level."""
        if self.axes.kind == "two_way":
            return Question(-level[0], (0,), cheapest=False)
        return Question(None, level, cheapest=True)

    def second_question(self, question: Question, plan: EvaluatedPoint) -> Question:
        """Return the question of the second stage, which optimises the other axis at the value found."""
        if question.cheapest:
            return Question(plan.cost, question.least, cheapest=False)
        return Question(None, plan.reached, cheapest=True)

    def better(self, plan: EvaluatedPoint, second: Answer, question: Question) -> EvaluatedPoint:
        """Return the plan of the second stage if it is nowhere worse, else the plan of the first."""
        if second.built is None:
            return plan
        other = self.plan_of(second)
        no_worse = other.needs <= plan.needs and all(
            a >= b for a, b in zip(other.reached, plan.reached, strict=True)
        )
        sums = sum(other.reached) >= sum(plan.reached) and other.cost <= plan.cost
        return other if no_worse or (question.cheapest and sums) else plan

    def record_second_bound(self, question: Question, plan: EvaluatedPoint, second: Answer) -> None:
        """Record the bound of the second stage: budgets below the proven least cost reach less coverage."""
        if question.cheapest or second.bound is None or self.problem.periods:
            return
        least = rounded_bound(second.bound, minimise=True)
        if 0 < least <= plan.needs:
            self.state.region.proved((1 - least,), float(1 - plan.reached[0]))

    def answer_of(self, question: Question, seconds: float) -> Answer:
        """Return the answer to a question, remembered or new; a solver that fails again and again ends it."""
        stored = self._recall(question)
        if stored is not None:
            if stored.built is not None:
                self.asker.know(stored.built)
            return stored
        found = self.asker.ask(question, seconds=seconds, gap=self.limits.gap)
        self.state.answers += 1
        if found.reason in ("crash", "memory", "killed", "refused"):
            self.state.faults.append(f"{found.reason}: {found.message}")
            if len(self.state.faults) > MOST_FAULTS:
                raise SolverError(
                    "the solver failed repeatedly",
                    faults=self.state.faults,
                    done="The points found before are kept.",
                    remedy="Allow more memory or time for a point, and run the same command again.",
                )
        else:
            self.memory.keep(found)
        return found

    def plan_of(self, found: Answer) -> EvaluatedPoint:
        """Return the plan of an answer, which must keep all rules."""
        plan = self.asker.evaluate(found.built or (), rings=found.rings, starts=found.starts)
        SolverError.refuse(
            plan.faults,
            "the solver proposed a plan that violates a rule",
            where=f"problem {self.problem.name!r}",
            done="The points found before are kept.",
        )
        return plan

    def _level_reached(self, plan: EvaluatedPoint) -> Level:
        return (-plan.needs,) if self.axes.kind == "two_way" else plan.reached

    def _value(self, plan: EvaluatedPoint, question: Question) -> int:
        return plan.cost if question.cheapest else plan.reached[0]

    def front(self) -> list[Point]:
        """Return the non-dominated points found so far, with the best bounds."""
        return front(self.state.points, self.state.region, self.state.levels)


def _as_minimised(value: float, question: Question) -> float:
    """Return a value with the sign of minimisation: coverage, which is maximised, is negated."""
    return float(value if question.cheapest else -value)


@contextmanager
def tracing(
    problem: DesignProblem,
    *,
    axes: AxesKind = "two_way",
    groups: tuple[str, ...] = (),
    limits: Limits | None = None,
    memory: Memory | None = None,
    ahead: Ahead | None = None,
    seed: int = 1,
    threads: int = 0,
) -> Iterator[Tracer]:
    """Provide a tracer of a frontier; its child process ends with the `with` block.

    Parameters
    ----------
    problem
        The problem; its own budget is ignored.
    axes
        `two_way`: cost against the objective; `three_way`: cost against the coverage of two groups.
    groups
        The groups of a three-way frontier; default: `secondary` and `small`.
    limits
        Limits of the frontier; default: `Limits()`.
    memory
        Store of answers from earlier runs; default: none.
    ahead
        Answers the questions of evenly placed points elsewhere; default: nobody does.
    seed
        Random seed.
    threads
        Number of threads; 0: number of cores.

    Yields
    ------
    Tracer
        Iterating over it yields the points; `front()` returns the non-dominated ones.

    Raises
    ------
    ProblemError
        When the axes do not suit the problem.
    InfeasibleError
        When no plan is feasible at any cost.
    """
    evaluate = FrontierEvaluator(problem, axes_of(axes, problem, groups))
    kind = SessionAsker if problem.is_plain else SolveAsker
    with kind(evaluate, seed=seed, threads=threads or cores()) as asker:
        yield Tracer(asker=asker, limits=limits or Limits(), memory=memory or Memory(), ahead=ahead)


def trace(
    problem: DesignProblem,
    *,
    axes: AxesKind = "two_way",
    groups: tuple[str, ...] = (),
    limits: Limits | None = None,
    seed: int = 1,
    threads: int = 0,
) -> Iterator[Point]:
    """Yield the points of a frontier as they are found.

    Parameters
    ----------
    problem, axes, groups, limits, seed, threads
        As for `tracing`.

    Yields
    ------
    Point
        A plan that is optimal for its budget or coverage, or within a stated gap of the optimum.
    """
    with tracing(problem, axes=axes, groups=groups, limits=limits, seed=seed, threads=threads) as tracer:
        yield from tracer


def curve(tracer: Tracer) -> Curve:
    """Return the frontier that a tracer has found so far.

    Parameters
    ----------
    tracer
        A tracer, during or after its iteration.
    """
    problem, axes, points = tracer.problem, tracer.axes, tuple(tracer.front())
    allowed = [c.id for c in problem.candidates if c.fixed != "out"]
    region, three = tracer.state.region, axes.kind == "three_way"
    return Curve(
        name=problem.name,
        money=problem.money,
        axes=axes,
        points=points,
        today=tracer.asker.evaluate(()),
        everything=tracer.asker.evaluate(allowed),
        totals=tracer.asker.evaluate.totals(),
        band={} if three else band(region, most_money(problem)),
        proved=tuple((level, region.lower(level)) for level in region.bounded()) if three else (),
        knee=knee([point.place for point in points]),
        ended=tracer.state.ended,
        asked_gap=tracer.limits.gap,
        open_boxes=len(region.boxes),
        faults=tuple(tracer.state.faults),
    )


def band(region: ProvenRegion, most: int) -> dict[int, float]:
    """Return the bounds of a two-way frontier by the budgets, rising, up to which they hold.

    Parameters
    ----------
    region
        The proven bounds; its levels are negative budgets.
    most
        Largest budget.
    """
    steps: dict[int, float] = {}
    for level in sorted(region.bounded(), reverse=True):
        bound = -region.lower(level)
        if math.isfinite(bound) and -level[0] <= most:
            if steps and next(reversed(steps.values())) == bound:
                steps.popitem()
            steps[-level[0]] = bound
    return steps


def knee(places: Sequence[Sequence[int]]) -> int | None:
    """Return the position of the knee: the point farthest beyond the chord between the ends.

    Parameters
    ----------
    places
        Cost, then coverages, of each point, sorted by cost.

    Returns
    -------
    int or None
        None with fewer than three points, or when no point lies beyond the chord.

    Notes
    -----
    Each axis is scaled to 0..1 over the points. The distance is the mean coverage minus the cost. With two
    axes it is proportional to the distance from the chord between the ends (Das, Structural Optimization 18,
    1999), where each end is the best point in one axis.
    """
    if len(places) < 3:
        return None
    table = np.array(places, dtype=np.float64)
    scaled = (table - table.min(axis=0)) / np.maximum(np.ptp(table, axis=0), 1.0)
    distance = scaled[:, 1:].mean(axis=1) - scaled[:, 0]
    best = int(np.argmax(distance))
    return best if scaled[:, 0].any() and distance[best] > 0 else None
