"""Evaluate plans on the original problem, and hold a frontier: points, open boxes, and what is proven."""

from __future__ import annotations

import dataclasses
import heapq
import itertools
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.incumbent import EvaluatedPlan, PlanEvaluator
from optimiser.engine.search.paths import Mask
from optimiser.engine.search.task import Question
from optimiser.engine.solve import versions
from optimiser.frontier.axes import Axes, shares_of, top_of
from optimiser.problem import DesignProblem
from optimiser.problem.result import Circuits, ProofSource, Result, Starts, gap_of
from optimiser.verify.rules import period_states

type Level = tuple[int, ...]
"""The demands of a question, one number per axis; larger numbers are harder to meet."""

RELATIVE_TOLERANCE = 1e-12
"""Relative difference up to which two values count as equal."""


@dataclass(frozen=True, slots=True, order=True)
class LevelBox:
    """All levels from `low` to `high`, both ends included."""

    low: Level
    high: Level

    @property
    def sides(self) -> tuple[int, ...]:
        """Return the number of levels along each axis."""
        return tuple(high - low + 1 for low, high in zip(self.low, self.high, strict=True))

    def holds(self, level: Level) -> bool:
        """Return whether a level is in the box."""
        return all(low <= at <= high for low, at, high in zip(self.low, level, self.high, strict=True))

    def middle(self) -> Level:
        """Return the level in the middle, rounded to the easy side."""
        return tuple(low + (high - low) // 2 for low, high in zip(self.low, self.high, strict=True))

    def without(self, low: Level, high: Level, axes: Sequence[int]) -> Iterator[LevelBox]:
        """Yield boxes that partition the part of this box outside another box.

        Parameters
        ----------
        low, high
            Ends of the other box.
        axes
            Order of the axes along which the box is cut; the first cuts go through the whole box.
        """
        first, last = list(self.low), list(self.high)
        if any(a > d or c > b for a, b, c, d in zip(self.low, self.high, low, high, strict=True)):
            yield self
            return
        for axis in axes:
            if first[axis] < low[axis]:
                yield LevelBox(tuple(first), (*last[:axis], low[axis] - 1, *last[axis + 1 :]))
                first[axis] = low[axis]
            if last[axis] > high[axis]:
                yield LevelBox((*first[:axis], high[axis] + 1, *first[axis + 1 :]), tuple(last))
                last[axis] = high[axis]


class ProvenRegion:
    """Bounds on the least value `v(e)` of the plans that meet level e, for all levels of a box.

    Parameters
    ----------
    low, high
        Easiest and hardest level.
    gap
        Relative difference of bound and value at which a box is closed.

    Notes
    -----
    A plan that meets a level meets every easier one, so v does not decrease when a level increases. Hence a
    plan of value U that reaches level r shows v(e) <= U for all e <= r, and a bound L proved at level q shows
    v(e) >= L for all e >= q. Invariant: every level e outside the open boxes is settled: a question at some
    q <= e found a plan that reaches e (v(e) lies between the bound and the value of that question), or proved
    that no plan meets q, or the bounds above agree at e within the gap. When no box is left, all
    non-dominated points are known within the gap (exactly, for a gap of 0).

    The boxes are those of the epsilon-constraint method of Kirlik and Sayin (European Journal of Operational
    Research 232, 2014, section 3), who search the space of all objectives but one by rectangles, the largest
    first. Here the priority of a box also depends on the width of its proven band, questions may be asked at
    its middle (as in the boxes of Boland, Charkhgard and Savelsbergh, INFORMS Journal on Computing 27, 2015),
    and boxes are cut by all that a plan reaches beyond the question.
    """

    def __init__(self, low: Level, high: Level, *, gap: float = 0.0) -> None:
        self.whole = LevelBox(low, high)
        self.boxes: list[LevelBox] = [self.whole] if all(side > 0 for side in self.whole.sides) else []
        self._gap = max(gap, RELATIVE_TOLERANCE)
        self._bounds = _BestValues(len(low))
        self._values = _BestValues(len(low))
        self._rooms: dict[LevelBox, float] = {}

    def proved(self, level: Level, bound: float) -> None:
        """Record a lower bound on the value of all plans that meet a level."""
        self._bounds.record(level, bound, better=max)

    def found(self, reach: Level, value: float) -> None:
        """Record a plan by the level that it reaches and its value."""
        self._values.record(reach, value, better=min)

    def bounded(self) -> list[Level]:
        """Return the levels at which bounds were proved."""
        return self._bounds.levels()

    def lower(self, level: Level) -> float:
        """Return the best lower bound on the value at a level."""
        places, values = self._bounds.arrays()
        return float(values[(places <= level).all(axis=1)].max(initial=-math.inf))

    def upper(self, level: Level) -> float:
        """Return the value of the best known plan that meets a level."""
        places, values = self._values.arrays()
        return float(values[(places >= level).all(axis=1)].min(initial=math.inf))

    def settle(self, low: Level, high: Level | None) -> None:
        """Close all levels from `low` to `high`; without `high`, all levels at least as hard as `low`."""
        last = self.whole.high if high is None else high
        parts = list[LevelBox]()
        for box in self.boxes:
            shares = np.divide(box.sides, self.whole.sides)
            # The longest axis first, relative to the whole, keeps boxes compact.
            parts += box.without(low, last, np.argsort(-shares, kind="stable").tolist())
        self.boxes = parts

    def is_open(self, level: Level) -> bool:
        """Return whether a level is not settled yet."""
        box = next((box for box in self.boxes if box.holds(level)), None)
        return box is not None and not self.is_narrow(box)

    def is_known(self, level: Level) -> bool:
        """Return whether the bounds at a level agree within the gap."""
        return self.is_narrow(LevelBox(level, level))

    def is_narrow(self, box: LevelBox) -> bool:
        """Return whether the bounds agree within the gap in the whole box."""
        most, least = self.upper(box.high), self.lower(box.low)
        if math.isinf(most) or math.isinf(least):
            return False
        return most - least <= self._gap * max(1.0, abs(most))

    def widest(self) -> LevelBox | None:
        """Return the open box of largest priority, None without one; narrow boxes are closed on the way.

        The priority (*room*) of a box is the number of its levels times the width of its band. It only
        decreases when more is proved, so earlier values are upper bounds, and few are computed again (lazy
        evaluation).
        """
        known = {box: self._rooms.get(box, math.inf) for box in self.boxes}
        heap = [(-room, box) for box, room in known.items()]
        heapq.heapify(heap)
        self._rooms = known
        while heap:
            box = heap[0][1]
            room = 0.0 if self.is_narrow(box) else self._room(box)
            if not room:
                heapq.heappop(heap)
                del known[box]
                continue
            known[box] = room
            if room >= -heap[0][0] or heapq.heapreplace(heap, (-room, box))[1] == heap[0][1]:
                self.boxes = list(known)
                return box
        self.boxes = []
        return None

    def _room(self, box: LevelBox) -> float:
        _, values = self._values.arrays()
        _, bounds = self._bounds.arrays()
        most = max(values.max(initial=-math.inf), bounds.max(initial=-math.inf))
        least = min(values.min(initial=math.inf), bounds.min(initial=math.inf))
        room = min(self.upper(box.high), most) - max(self.lower(box.low), least)
        if not math.isfinite(room):
            return math.inf
        return math.prod(box.sides) * max(float(room), RELATIVE_TOLERANCE)


class _BestValues:
    """The best known number at each level, also as arrays."""

    def __init__(self, axes: int) -> None:
        self._axes = axes
        self._known: dict[Level, float] = {}
        self._arrays: tuple[NDArray[np.int64], NDArray[np.float64]] | None = None

    def record(self, level: Level, value: float, *, better: Callable[[float, float], float]) -> None:
        """Record a number at a level if it is better than the known one."""
        best = value if level not in self._known else better(value, self._known[level])
        if best != self._known.get(level):
            self._known[level] = best
            self._arrays = None

    def levels(self) -> list[Level]:
        """Return the levels with a number."""
        return list(self._known)

    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the levels, int64 [n x axes], and their numbers, float64 [n]."""
        if self._arrays is None:
            places = np.array(list(self._known), np.int64).reshape(-1, self._axes)
            self._arrays = places, np.array(list(self._known.values()), np.float64)
        return self._arrays


# ---- points


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatedPoint(EvaluatedPlan):
    """A plan evaluated by the measures of a frontier; `faults` are those with an unlimited budget.

    Attributes
    ----------
    needs
        Least budget with which it can be built: its cost, or more where early periods have little budget.
    reached
        Value of each measure of the axes.
    by_group
        Weight of the covered pairs by group, and of all pairs under `all`.
    """

    needs: int
    reached: tuple[int, ...]
    by_group: Mapping[str, int]


class FrontierEvaluator:
    """Evaluates plans of a problem by the measures of a frontier.

    Parameters
    ----------
    problem
        The problem of the frontier.
    axes
        Axes of the frontier.
    """

    def __init__(self, problem: DesignProblem, axes: Axes) -> None:
        self.problem, self.axes = problem, axes
        self._top = top_of(problem)
        self._shares = shares_of(problem.periods)
        self._evaluator = PlanEvaluator(self._top)
        self._weight = np.array([pair.weight for pair in problem.pairs], np.int64)
        self._group = np.array([pair.group for pair in problem.pairs])

    def __call__(
        self, built: Collection[str], *, rings: Circuits | None = None, starts: Starts | None = None
    ) -> EvaluatedPoint:
        """Evaluate a plan.

        Parameters
        ----------
        built
            Ids of the built candidates.
        rings, starts
            As in `Result`.
        """
        plan = self._evaluator(built, rings=rings, starts=starts)
        needs = plan.cost  # pays for all that is started until then with the shares up to each period
        for number, (part, total) in enumerate(self._shares):
            spent = self._top.cost_of(name for name, start in plan.starts.items() if start <= number)
            if part:
                needs = max(needs, -(-spent * total // part))
        last = period_states(self._top, set(built), dict(plan.starts))[-1].is_open
        by_group = self._by_group(self._evaluator.covered(last))
        groups = tuple(sum(by_group.get(group, 0) for group in summed) for summed in self.axes.measured)
        return EvaluatedPoint(
            **{one.name: getattr(plan, one.name) for one in dataclasses.fields(plan)},
            needs=needs,
            reached=(plan.objective,) if self.axes.kind == "two_way" else groups,
            by_group=by_group,
        )

    def _by_group(self, covered: Mask) -> dict[str, int]:
        groups = {
            group: int(self._weight[covered & (self._group == group)].sum()) for group in self._top.groups
        }
        return {**groups, "all": int(self._weight[covered].sum())}

    def totals(self) -> dict[str, int]:
        """Return the weight of all pairs by group, and the total weight under `all`."""
        return self._by_group(np.ones(len(self._weight), np.bool_))


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question, on the original problem.

    Attributes
    ----------
    asked
        The question: the most coverage for a budget, or the least cost for a coverage.
    built
        Ids of the best plan; None when no plan was found.
    bound
        Proven upper bound on the coverage, or lower bound on the cost; None without one.
    empty
        Whether it is proved that no plan satisfies the question.
    seconds
        Solve time, without the start of a process.
    whole_seconds
        Elapsed time, with everything.
    warm
        Whether cuts and plans of other questions were used.
    nodes, cuts
        Numbers of nodes of trees and of cuts added.
    reason
        Why it ended: `answered`, `time`, `thinned`, or a failure of the solver.
    solver
        Solver with its version.
    message
        Details of a failure.
    rings, starts
        As in `Result`.
    """

    asked: Question
    built: tuple[str, ...] | None
    bound: float | None
    empty: bool
    seconds: float
    whole_seconds: float
    warm: bool
    nodes: int = 0
    cuts: int = 0
    reason: str = "answered"
    solver: str = ""
    message: str = ""
    rings: Circuits = field(default_factory=dict)
    starts: Starts = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        return dataclasses.asdict(self) | {"asked": self.asked.as_dict()}


def answer_from(value: Mapping[str, Any]) -> Answer:
    """Return the answer of a JSON object written by `Answer.as_dict`."""
    values = dict(value)
    values["asked"] = Question.of(value["asked"])
    values["built"] = None if value["built"] is None else tuple(value["built"])
    values["rings"] = {name: tuple(links) for name, links in value["rings"].items()}
    return Answer(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point(Answer):
    """A point of a frontier: an answer with a plan that is evaluated.

    Attributes
    ----------
    plan
        The plan.
    seed, threads
        Random seed and number of threads.
    """

    plan: EvaluatedPoint
    seed: int
    threads: int

    @classmethod
    def of(cls, answer: Answer, plan: EvaluatedPoint, *, seed: int, threads: int) -> Self:
        """Return the point of an answer with its plan, or a better one, evaluated."""
        values = {item.name: getattr(answer, item.name) for item in dataclasses.fields(Answer)}
        values |= {"built": plan.built, "rings": plan.rings, "starts": plan.starts}
        return cls(**values, plan=plan, seed=seed, threads=threads)

    @property
    def cost(self) -> int:
        """Return the cost of the plan."""
        return self.plan.cost

    @property
    def value(self) -> int:
        """Return the objective of the question: the cost, or the coverage."""
        return self.plan.cost if self.asked.cheapest else self.plan.reached[0]

    @property
    def gap(self) -> float | None:
        """Return the relative gap; None without a bound."""
        return gap_of(self.value, self.bound, minimise=self.asked.cheapest)

    @property
    def status(self) -> str:
        """Return `optimal` for a gap of 0, `feasible` otherwise."""
        return "optimal" if self.gap == 0 else "feasible"

    @property
    def place(self) -> tuple[int, ...]:
        """Return the position of the point: the budget that it needs, then the measures that it reaches."""
        return self.plan.needs, *self.plan.reached

    def result(self, name: str) -> Result:
        """Return the point as a result of the problem that it solves.

        Parameters
        ----------
        name
            Name of this problem.
        """
        return Result(
            problem=name,
            status="optimal" if self.gap == 0 else "feasible",
            built=self.plan.built,
            cost=self.plan.cost,
            coverage=self.plan.by_group["all"],
            objective=self.value,
            bound=self.bound,
            gap=self.gap,
            variant="frontier",
            seconds=round(self.seconds, 3),
            seed=self.seed,
            threads=self.threads,
            solver=self.solver,
            versions=versions(),
            termination="proof" if self.gap == 0 else "time" if self.reason == "time" else "gap",
            rings=self.plan.rings,
            starts=self.plan.starts,
            bound_source=None if self.bound is None else ProofSource("search", "frontier", self.solver),
        )


def dominates(first: Point, second: Point) -> bool:
    """Return whether the first point is nowhere worse than the second, and better in at least one axis."""
    first_place, second_place = first.place, second.place
    no_worse = first_place[0] <= second_place[0] and all(
        a >= b for a, b in zip(first_place[1:], second_place[1:], strict=True)
    )
    return no_worse and first_place != second_place


def front(
    points: Iterable[Point], region: ProvenRegion, levels: Mapping[Question, tuple[int, ...]]
) -> list[Point]:
    """Return the non-dominated points by cost, each with the best bound that any question proved for it.

    Parameters
    ----------
    points
        All points found.
    region
        The proven bounds.
    levels
        The level of each question.

    Notes
    -----
    Plans are compared by integers, so the filter is exact: no returned point is dominated by a plan that was
    found. With gaps of 0 and no open box, no plan at all dominates it; otherwise a dominating plan would have
    to lie in the band between its value and its bound.
    """
    best: dict[tuple[int, ...], Point] = {}
    for found in points:
        point = found
        bound = region.lower(levels[found.asked])
        if math.isfinite(bound):
            point = dataclasses.replace(point, bound=float(bound if point.asked.cheapest else -bound))
        known = best.get(point.place)
        if known is None or _gap_or_infinity(point) < _gap_or_infinity(known):
            best[point.place] = point
    kept = [point for point in best.values() if not any(dominates(other, point) for other in best.values())]
    return sorted(kept, key=lambda point: (point.place[0], tuple(-value for value in point.place[1:])))


def _gap_or_infinity(point: Point) -> float:
    return math.inf if point.gap is None else point.gap


# ---- the frontier for presentation


@dataclass(frozen=True, slots=True)
class Curve:
    """A frontier for presentation.

    Attributes
    ----------
    name, money
        Name of the problem, and the unit of its costs.
    axes
        Axes of the frontier.
    points
        Non-dominated points, by cost.
    today, everything
        The plans that build nothing, and everything that is not fixed out. Where candidates exclude each
        other, no feasible plan may reach the second.
    totals
        Weight of all pairs by group, and the total weight under `all`.
    band
        For a two-way frontier, bounds on the objective by rising budget, each from the budget before; empty
        otherwise.
    proved
        For a three-way frontier, lower bounds on the cost of coverages of the groups; empty otherwise.
    knee
        Position of the knee among the points; None with fewer than three points.
    ended
        `complete`: all non-dominated points are known within the gap; `points`: the requested number of
        points was found; `time`: the time limit was reached; `failed`: the solver failed, and the points are
        those found before.
    asked_gap
        Requested relative gap.
    open_boxes
        Number of boxes in which there may be more points.
    faults
        How the solver failed, as sentences.
    """

    name: str
    money: str
    axes: Axes
    points: tuple[Point, ...]
    today: EvaluatedPoint
    everything: EvaluatedPoint
    totals: Mapping[str, int]
    band: Mapping[int, float]
    proved: tuple[tuple[Level, float], ...]
    knee: int | None
    ended: str
    asked_gap: float
    open_boxes: int
    faults: tuple[str, ...] = ()

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the named groups of positive weight, the largest weight last."""
        named = [group for group, weight in self.totals.items() if group not in ("", "all") and weight]
        return tuple(sorted(named, key=lambda group: (self.totals[group], group)))

    @property
    def counts_pairs_alone(self) -> bool:
        """Whether the axis of coverage is the weight of pairs: no city or ring earns anything on it."""
        if self.axes.kind != "two_way":
            return True
        return all(point.plan.reached[0] == point.plan.by_group["all"] for point in self.points)

    def share(self, plan: EvaluatedPoint, group: str) -> float:
        """Return the share of the weight of a group that a plan covers, from 0 to 1."""
        return plan.by_group.get(group, 0) / max(1, self.totals.get(group, 0))


CORE = 0.5
"""Share of all points that must build a link of the core. A link that enters near the expensive end is in all
later points only because there are few of them."""


STEADY = {"two_way": 1.0, "three_way": 0.9}
"""Share of the points from its entry on that must build a link of the core, by the kind of axes. Points of a
three-way frontier with similar costs serve different groups, so hardly any link is in all of them."""


def marginal_order(points: Sequence[Point], *, steady: float) -> list[dict[str, Any]]:
    """Return the candidates that at least one point builds, in the order in which they enter.

    Parameters
    ----------
    points
        Points by cost.
    steady
        Share of the points from its entry on that must build a link of the core.

    Returns
    -------
    list of dict
        Id, number and cost of the cheapest point that builds it, number of points that do, their share of
        those from its entry on, number of points that build it while the next one does not, whether every
        point from its entry on builds it, and whether it belongs to the steady core: it is steady from its
        entry on, and at least the share `CORE` of all points build it.
    """
    plans = [set(point.plan.built) for point in points]
    found = []
    for name in sorted(set[str]().union(*plans)):
        is_built = [name in plan for plan in plans]
        first, count = is_built.index(True), sum(is_built)
        is_core = count >= steady * (len(is_built) - first) and count >= CORE * len(is_built)
        found.append(
            {
                "candidate_id": name,
                "enters_at_point": first + 1,
                "enters_at_cost": points[first].cost,
                "points": count,
                "share_from_entry": round(count / (len(is_built) - first), 4),
                "leaves": sum(a and not b for a, b in itertools.pairwise(is_built)),
                "stays": "yes" if all(is_built[first:]) else "",
                "core": "yes" if is_core else "",
            }
        )
    return sorted(found, key=lambda link: (link["enters_at_point"], -link["share_from_entry"]))
