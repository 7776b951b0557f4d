"""Record what is proved about a frontier, and the boxes that are still open."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
