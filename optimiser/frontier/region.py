"""Hold what is proved about a frontier, and where it is still open."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

type Level = tuple[int, ...]
"""What a question demands, a number an axis; larger is harder to meet."""

SAME = 1e-12
"""Relative difference at which two values count as one."""


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """All levels from `low` to `high`, both ends included."""

    low: Level
    high: Level

    @property
    def sides(self) -> tuple[int, ...]:
        """Return how many levels it has along each axis."""
        return tuple(high - low + 1 for low, high in zip(self.low, self.high, strict=True))

    def holds(self, level: Level) -> bool:
        """Say whether a level lies in it."""
        return all(low <= at <= high for low, at, high in zip(self.low, level, self.high, strict=True))

    def middle(self) -> Level:
        """Return the level in its middle, towards the easy side."""
        return tuple(low + (high - low) // 2 for low, high in zip(self.low, self.high, strict=True))

    def without(self, low: Level, high: Level, axes: Sequence[int]) -> Iterator[Box]:
        """Yield boxes that part what of this one lies outside another box.

        Parameters
        ----------
        low, high
            Ends of the other box.
        axes
            Order in which this one is cut: the first cuts go through all of it.
        """
        first, last = list(self.low), list(self.high)
        if any(a > d or c > b for a, b, c, d in zip(self.low, self.high, low, high, strict=True)):
            yield self
            return
        for axis in axes:
            if first[axis] < low[axis]:
                yield Box(tuple(first), (*last[:axis], low[axis] - 1, *last[axis + 1 :]))
                first[axis] = low[axis]
            if last[axis] > high[axis]:
                yield Box((*first[:axis], high[axis] + 1, *first[axis + 1 :]), tuple(last))
                last[axis] = high[axis]


class Region:
    """Bounds of the least value `v(e)` of a plan that meets level e, for all levels of a space.

    Parameters
    ----------
    low, high
        Easiest and hardest level.
    gap
        Relative distance of bound and value at which a box is closed.

    Notes
    -----
    A plan that meets a level meets every easier one, so v never falls when a level rises. Hence a plan worth
    U that reaches level r shows v(e) <= U for all e <= r, and a bound L proved at level q shows v(e) >= L for
    all e >= q. Invariant: every level outside the open boxes was answered: a question at some q <= e found a
    plan that reaches e (v(e) lies between that question's bound and value), or proved that none meets q, or
    the bounds above agree on it within the gap. When no box is left, all non-dominated points are known
    within the gap (exactly, with gap 0).

    The boxes are those of the epsilon-constraint method of Kirlik and Sayin (European Journal of Operational
    Research 232, 2014, section 3), who search the space of all objectives but one by rectangles, the largest
    first; here a rectangle is weighed by the width of its proven band as well, may be asked in its middle
    (as the boxes of Boland, Charkhgard and Savelsbergh, INFORMS Journal on Computing 27, 2015), and is cut
    by what a plan reaches beyond what was asked.
    """

    def __init__(self, low: Level, high: Level, *, gap: float = 0.0) -> None:
        self.whole = Box(low, high)
        self.boxes: list[Box] = [self.whole] if all(side > 0 for side in self.whole.sides) else []
        self._gap = max(gap, SAME)
        self._bounds = _Facts(len(low))
        self._values = _Facts(len(low))
        self._rooms: dict[Box, float] = {}

    def proved(self, level: Level, bound: float) -> None:
        """Take in that no plan that meets a level is worth less than a bound."""
        self._bounds.take(level, bound, better=max)

    def found(self, reach: Level, value: float) -> None:
        """Take in a plan: what it reaches, and its value."""
        self._values.take(reach, value, better=min)

    def bounded(self) -> list[Level]:
        """Return the levels at which bounds were proved."""
        return self._bounds.levels()

    def lower(self, level: Level) -> float:
        """Return the best bound of the value at a level."""
        places, values = self._bounds.arrays()
        return float(values[(places <= level).all(axis=1)].max(initial=-math.inf))

    def upper(self, level: Level) -> float:
        """Return the value of the best plan known that meets a level."""
        places, values = self._values.arrays()
        return float(values[(places >= level).all(axis=1)].min(initial=math.inf))

    def settle(self, low: Level, high: Level | None) -> None:
        """Close all levels between two; without the second, all that are as hard as the first.

        Parameters
        ----------
        low, high
            Ends of what was answered.
        """
        last = self.whole.high if high is None else high
        self.boxes = [part for box in self.boxes for part in box.without(low, last, self._longest_first(box))]

    def _longest_first(self, box: Box) -> list[int]:
        """Return the axes by the share of the whole that the box spans, so that boxes stay compact."""
        shares = [side / whole for side, whole in zip(box.sides, self.whole.sides, strict=True)]
        return sorted(range(len(shares)), key=lambda axis: (-shares[axis], axis))

    def is_open(self, level: Level) -> bool:
        """Say whether a level is still to be answered."""
        box = next((box for box in self.boxes if box.holds(level)), None)
        return box is not None and not self._is_narrow(box)

    def is_known(self, level: Level) -> bool:
        """Say whether the bounds agree at a level within the gap."""
        return self._is_narrow(Box(level, level))

    def _is_narrow(self, box: Box) -> bool:
        """Say whether the bounds agree all over a box within the gap."""
        most, least = self.upper(box.high), self.lower(box.low)
        if math.isinf(most) or math.isinf(least):
            return False
        return most - least <= self._gap * max(1.0, abs(most))

    def widest(self) -> Box | None:
        """Return the open box with most room for points, None without one; narrow boxes met are closed.

        The room of a box is the number of its levels times the width of its band. It only shrinks while more
        is learnt, so that rooms reckoned earlier limit those of now, and few are reckoned anew.
        """
        known = {box: self._rooms.get(box, math.inf) for box in self.boxes}
        heap = [(-room, box) for box, room in known.items()]
        heapq.heapify(heap)
        self._rooms = known
        while heap:
            box = heap[0][1]
            room = 0.0 if self._is_narrow(box) else self._room(box)
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

    def _room(self, box: Box) -> float:
        _, values = self._values.arrays()
        _, bounds = self._bounds.arrays()
        most = max(values.max(initial=-math.inf), bounds.max(initial=-math.inf))
        least = min(values.min(initial=math.inf), bounds.min(initial=math.inf))
        high, low = min(self.upper(box.high), most), max(self.lower(box.low), least)
        return math.prod(box.sides) * max(float(high - low), SAME) if math.isfinite(high - low) else math.inf


class _Facts:
    """Numbers known at levels, the best one at each, also as arrays."""

    def __init__(self, axes: int) -> None:
        self._axes = axes
        self._known: dict[Level, float] = {}
        self._arrays: tuple[NDArray[np.int64], NDArray[np.float64]] | None = None

    def take(self, level: Level, value: float, *, better: Callable[[float, float], float]) -> None:
        """Take in a number, where it is better than the one there."""
        best = value if level not in self._known else better(value, self._known[level])
        if best != self._known.get(level):
            self._known[level] = best
            self._arrays = None

    def levels(self) -> list[Level]:
        """Return the levels at which something is known."""
        return list(self._known)

    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the levels, int64 [n x axes], and their numbers, float64 [n]."""
        if self._arrays is None:
            places = np.array(list(self._known), np.int64).reshape(-1, self._axes)
            self._arrays = places, np.array(list(self._known.values()), np.float64)
        return self._arrays
