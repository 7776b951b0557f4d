"""Trace a frontier: ask where most is open, until all is proved or enough points are known."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from optimiser.engine.methods.sweep_task import Asked
from optimiser.frontier.axes import Axes, most_money
from optimiser.frontier.found import Found
from optimiser.frontier.gauge import Gauge, Measured
from optimiser.frontier.point import Point, front
from optimiser.frontier.region import Level, Region
from optimiser.frontier.state import Limits, Memory, State
from optimiser.problem import DesignProblem
from optimiser.problem.errors import InfeasibleError, SolverError
from optimiser.problem.result import rounded_bound

SPREAD = 64
"""Questions asked in the middle of boxes where all points are wanted; later ones are asked at their easy end,
where each finds a new point or closes a box."""

REST = 0.25
"""Least share of a question's time limit for its second stage."""


MOST_FAULTS = 5
"""Faults of the solver after which a frontier ends."""


class Asker(Protocol):
    """Answers questions."""

    def ask(self, asked: Asked, *, seconds: float, gap: float) -> Found:
        """Answer a question within the seconds given."""

    def know(self, built: tuple[str, ...]) -> None:
        """Take in a plan found elsewhere."""


@dataclass(frozen=True, slots=True)
class Tracer:
    """Traces one frontier.

    Attributes
    ----------
    problem, axes, gauge
        What is weighed, and who measures it.
    asker
        Who answers.
    limits
        When to end.
    memory
        Answers kept from before.
    seed, threads
        For the results.
    """

    problem: DesignProblem
    axes: Axes
    gauge: Gauge
    asker: Asker
    limits: Limits
    memory: Memory
    seed: int
    threads: int
    state: State = field(default_factory=State)

    def __iter__(self) -> Iterator[Point]:
        """Yield points as they are found; `state` tells what is known meanwhile."""
        end = time.monotonic() + self.limits.total_s
        self.state.region = self._space(end)
        while (level := self._next()) is not None:
            if (left := end - time.monotonic()) <= 0:
                self.state.ended = "time"
                return
            point = self._at(level, min(self.limits.point_s, left))
            if point is not None and point.place not in self.state.places:
                self.state.places.add(point.place)
                yield point
        self.state.ended = self._ending()

    def _ending(self) -> str:
        """Return how it ended; what time alone left unproved is not complete, though no box is open."""
        state = self.state
        if state.region.widest() is not None:
            return "points"
        known = all(state.region.is_known(state.levels[point.asked]) for point in state.points)
        return "complete" if known and not state.unsettled else "time"

    def _space(self, end: float) -> Region:
        """Return the space of levels, with nothing answered."""
        if self.axes.kind == "two_way":
            least = self._least_money(end)
            return Region((-most_money(self.problem),), (-least,), gap=self.limits.gap)
        allowed = [c.id for c in self.problem.candidates if c.fixed != "out"]
        most = self.gauge(allowed).reached
        return Region(self.gauge(()).reached, most, gap=self.limits.gap)

    def _least_money(self, end: float) -> int:
        """Return the cost of the cheapest plan: nothing, unless something must be built."""
        nothing = self.gauge([c.id for c in self.problem.candidates if c.fixed == "in"])
        if not nothing.faults or self.problem.periods:
            return 0 if self.problem.periods else nothing.cost
        asked = Asked(None, (0,), cheapest=True)
        found = self._answer(asked, min(self.limits.point_s, end - time.monotonic()))
        if found.empty:
            raise InfeasibleError(
                "no plan meets the constraints, proved.",
                where=f"problem {self.problem.name!r}",
                done="No frontier was traced.",
                remedy="Lower a target, or take back what is fixed, excluded or required.",
            )
        return 0 if found.bound is None else max(0, rounded_bound(found.bound, minimise=True))

    def _next(self) -> Level | None:
        """Return the level to ask about next; None when there is no need to ask."""
        state, limits = self.state, self.limits
        for level in self._ends():
            if state.region.is_open(level):
                return level
        if limits.points and len(state.places) >= limits.points:
            return None
        if limits.placing == "even":
            return next((level for level in self._grid() if state.region.is_open(level)), None)
        box = state.region.widest()
        if box is None:
            return None
        middle = limits.points or len(state.places) < SPREAD
        return box.middle() if middle else box.low

    def _ends(self) -> tuple[Level, ...]:
        """Return the easiest level, which the cheapest or the fullest plan meets, and the hardest one."""
        whole = self.state.region.whole
        return whole.low, whole.high

    def _grid(self) -> Iterator[Level]:
        """Yield the levels of a grid of equal steps, the hardest first along each axis.

        The grid spans the levels between the ends of the frontier; a question whose answer is known from
        another one is passed over (as in AUGMECON2: Mavrotas and Florios, Applied Mathematics and Computation
        219, 2013).
        """
        high = self.state.region.whole.high
        low = self.state.start or self.state.region.whole.low
        steps = max(2, math.ceil((self.limits.points or SPREAD) ** (1 / len(low))))
        lines = [
            [last - (last - first) * i // (steps - 1) for i in range(steps)]
            for first, last in zip(low, high, strict=True)
        ]
        yield from itertools.product(*lines)

    def _at(self, level: Level, seconds: float) -> Point | None:
        """Ask about a level, and take in what is learnt; None without a plan."""
        begun = time.monotonic()
        if self.axes.kind == "two_way":
            asked = Asked(-level[0], (0,), cheapest=False)
        else:
            asked = Asked(None, level, cheapest=True)
        self.state.levels[asked] = level
        first = self._answer(asked, seconds)
        region = self.state.region
        bound = first.bound
        if bound is not None:
            region.proved(level, _turned(rounded_bound(bound, minimise=asked.cheapest), asked))
        if first.built is None:
            self.state.unsettled += not first.empty
            region.settle(level, None)
            return None
        plan = self._measured(first)
        if first.reason == "time" and seconds < self.limits.point_s:
            region.found(self._reach(plan), _turned(self._value(plan, asked), asked))
            return None
        left = max(REST * seconds, seconds - (time.monotonic() - begun))
        second = self._answer(self._second(asked, plan), left)
        plan = self._better(plan, second, asked)
        self._learn(asked, plan, second)
        reach = self._reach(plan)
        region.found(reach, _turned(self._value(plan, asked), asked))
        region.settle(level, reach)
        if level == region.whole.low:
            self.state.start = reach
        point = Point(
            asked=asked,
            plan=plan,
            bound=bound,
            seconds=first.seconds + second.seconds,
            whole_seconds=first.whole_seconds + second.whole_seconds,
            warm=first.warm,
            nodes=first.nodes + second.nodes,
            cuts=first.cuts + second.cuts,
            solver=first.solver,
            seed=self.seed,
            threads=self.threads,
            late=first.reason == "time",
        )
        self.state.points.append(point)
        return point

    def _second(self, asked: Asked, plan: Measured) -> Asked:
        """Return the question that makes a plan non-dominated: cheaper for as much, or more for as much."""
        if asked.cheapest:
            return Asked(plan.cost, asked.least, cheapest=False)
        return Asked(None, plan.reached, cheapest=True)

    def _better(self, plan: Measured, second: Found, asked: Asked) -> Measured:
        """Return the plan of the second stage where it is no worse in anything."""
        if second.built is None:
            return plan
        other = self._measured(second)
        no_worse = other.needs <= plan.needs and all(
            a >= b for a, b in zip(other.reached, plan.reached, strict=True)
        )
        sums = sum(other.reached) >= sum(plan.reached) and other.cost <= plan.cost
        return other if no_worse or (asked.cheapest and sums) else plan

    def _learn(self, asked: Asked, plan: Measured, second: Found) -> None:
        """Take in that less money than the second stage proves necessary buys less."""
        if asked.cheapest or second.bound is None or self.problem.periods:
            return
        least = rounded_bound(second.bound, minimise=True)
        if 0 < least <= plan.needs:
            self.state.region.proved((1 - least,), float(1 - plan.reached[0]))

    def _answer(self, asked: Asked, seconds: float) -> Found:
        kept = self.memory.recall(asked)
        if kept is not None:
            if kept.built is not None:
                self.asker.know(kept.built)
            return kept
        found = self.asker.ask(asked, seconds=seconds, gap=self.limits.gap)
        self.state.answers += 1
        if found.reason in ("crash", "memory", "killed", "refused"):
            self.state.faults.append(f"{found.reason}: {found.message}")
            if len(self.state.faults) > MOST_FAULTS:
                raise SolverError(
                    "the solver failed again and again",
                    faults=self.state.faults,
                    done="The points found before are kept.",
                    remedy="Allow more memory or time for a point, and run the same command again.",
                )
        else:
            self.memory.keep(found)
        return found

    def _measured(self, found: Found) -> Measured:
        plan = self.gauge(found.built or (), rings=found.rings, starts=found.starts)
        if plan.faults:
            raise SolverError(
                "the solver proposed a plan that breaks a rule",
                where=f"problem {self.problem.name!r}",
                faults=plan.faults,
                done="The points found before are kept.",
            )
        return plan

    def _reach(self, plan: Measured) -> Level:
        return (-plan.needs,) if self.axes.kind == "two_way" else plan.reached

    def _value(self, plan: Measured, asked: Asked) -> int:
        return plan.cost if asked.cheapest else plan.reached[0]

    def front(self) -> list[Point]:
        """Return the points found so far that no other one dominates, with the best bounds."""
        return front(self.state.points, self.state.region, self.state.levels)


def _turned(value: float, asked: Asked) -> float:
    """Return a value as one that is minimised."""
    return float(value if asked.cheapest else -value)
