"""Hold the pairs of places with their times in one state of the network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from optimiser.problem import DesignProblem
from optimiser.verify.times import pair_times


@dataclass(frozen=True, slots=True)
class TimedPairs:
    """Pairs of places with their times; K pairs.

    Attributes
    ----------
    ends
        Two places a pair, by position; a pair stands for both directions.
    seconds
        Time of each; None when no path joins it.
    limits
        Seconds, inclusive.
    weights
        What covering each is worth.
    groups
        Tier of each.
    """

    ends: tuple[tuple[int, int], ...]
    seconds: tuple[int | None, ...]
    limits: tuple[int, ...]
    weights: tuple[int, ...]
    groups: tuple[str, ...]

    @classmethod
    def of(cls, problem: DesignProblem, built: Iterable[str]) -> TimedPairs:
        """Return the pairs of a problem with their times when candidates are built; places are its nodes.

        Parameters
        ----------
        problem
            The problem.
        built
            Ids.
        """
        return cls(
            ends=tuple((pair.origin, pair.destination) for pair in problem.pairs),
            seconds=pair_times(problem, built),
            limits=tuple(pair.limit for pair in problem.pairs),
            weights=tuple(pair.weight for pair in problem.pairs),
            groups=tuple(pair.group for pair in problem.pairs),
        )

    @property
    def within(self) -> tuple[bool, ...]:
        """Say which pairs are within their limits."""
        rows = zip(self.seconds, self.limits, strict=True)
        return tuple(time is not None and time <= limit for time, limit in rows)
