"""Hold what is proved about a frontier, and where it is still open."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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

    def __init__(self, low: Level, high: Level) -> None:
        self.whole = Box(low, high)
        self.boxes: list[Box] = [self.whole] if all(side > 0 for side in self.whole.sides) else []
        self._bounds: dict[Level, float] = {}
        self._values: dict[Level, float] = {}

    def proved(self, level: Level, bound: float) -> None:
        """Take in that no plan that meets a level is worth less than a bound."""
        if bound > self._bounds.get(level, -math.inf):
            self._bounds[level] = bound

    def found(self, reach: Level, value: float) -> None:
        """Take in a plan: what it reaches, and its value."""
        if value < self._values.get(reach, math.inf):
            self._values[reach] = value

    def bounded(self) -> list[Level]:
        """Return the levels at which bounds were proved."""
        return list(self._bounds)

    def lower(self, level: Level) -> float:
        """Return the best bound of the value at a level."""
        return max((v for at, v in self._bounds.items() if _within(at, level)), default=-math.inf)

    def upper(self, level: Level) -> float:
        """Return the value of the best plan known that meets a level."""
        return min((v for at, v in self._values.items() if _within(level, at)), default=math.inf)

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
        return any(box.holds(level) for box in self.boxes)

    def close_narrow(self, gap: float) -> None:
        """Close the boxes in which the bounds agree within a relative gap."""
        self.boxes = [box for box in self.boxes if not self._is_narrow(box, gap)]

    def _is_narrow(self, box: Box, gap: float) -> bool:
        most, least = self.upper(box.high), self.lower(box.low)
        if math.isinf(most) or math.isinf(least):
            return False
        return most - least <= max(gap, SAME) * max(1.0, abs(most))

    def widest(self) -> Box | None:
        """Return the open box with most room for points: its levels times the width of its band."""
        if not self.boxes:
            return None
        return min(self.boxes, key=lambda box: (-self._room(box), box))

    def _room(self, box: Box) -> float:
        known = [*self._values.values(), *self._bounds.values()]
        least, most = min(known, default=0.0), max(known, default=0.0)
        high, low = min(self.upper(box.high), most), max(self.lower(box.low), least)
        return math.prod(box.sides) * max(high - low, SAME)

    def room(self) -> float:
        """Return the room of all open boxes together."""
        return math.fsum(self._room(box) for box in self.boxes)


def _within(easier: Sequence[int], harder: Sequence[int]) -> bool:
    return all(a <= b for a, b in zip(easier, harder, strict=True))
