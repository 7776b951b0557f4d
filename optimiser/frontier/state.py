"""Hold when a frontier is to end, what is kept of it, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from optimiser.engine.methods.sweep_task import Asked
from optimiser.frontier.found import Found
from optimiser.frontier.point import Point
from optimiser.frontier.region import Level, Region
from optimiser.problem.errors import ProblemError

type Placing = Literal["widest", "even"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a frontier is done.

    Attributes
    ----------
    points
        Points wanted; 0: all non-dominated ones.
    placing
        `widest`: where the proven band leaves most room; `even`: on a grid of equal steps.
    gap
        Relative gap of each point.
    point_s
        Time limit of each point, seconds.
    total_s
        Time limit of all, seconds.
    """

    points: int = 40
    placing: Placing = "widest"
    gap: float = 0.0
    point_s: float = 60.0
    total_s: float = 1200.0

    def __post_init__(self) -> None:
        """Refuse values outside their ranges, all at once."""
        checks = {
            f"points {self.points!r} is negative": self.points >= 0,
            f"gap {self.gap!r} is negative or not a number": self.gap >= 0,
            f"the limit {self.point_s!r} s of a point is not above 0": self.point_s > 0,
            f"the limit {self.total_s!r} s of all is not above 0": self.total_s > 0,
        }
        faults = [text for text, holds in checks.items() if not holds]
        if faults:
            raise ProblemError(
                "a frontier cannot be traced so", faults=faults, remedy="Mend the values named."
            )


@dataclass
class Memory:
    """Answers kept from before, and where new ones go.

    Attributes
    ----------
    recall
        Returns the kept answer to a question, None without one.
    keep
        Takes a new answer.
    """

    recall: Callable[[Asked], Found | None] = lambda _asked: None
    keep: Callable[[Found], object] = lambda _found: None


@dataclass
class State:
    """What is known while a frontier is traced.

    Attributes
    ----------
    region
        What is proved.
    points
        Points found, with those that others dominate.
    places
        Where they lie.
    levels
        The level of each question.
    start
        What the plan for the easiest level reaches: between it and the hardest one lies the frontier.
    answers
        Questions that were answered anew.
    unsettled
        Questions that ended without a plan and without the proof that there is none.
    faults
        What went wrong on the way.
    ended
        `complete`, `points` or `time`; empty before the end.
    """

    region: Region = field(default_factory=lambda: Region((), ()))
    points: list[Point] = field(default_factory=list)
    places: set[tuple[int, ...]] = field(default_factory=set)
    levels: dict[Asked, Level] = field(default_factory=dict)
    start: Level | None = None
    answers: int = 0
    unsettled: int = 0
    faults: list[str] = field(default_factory=list)
    ended: str = ""
