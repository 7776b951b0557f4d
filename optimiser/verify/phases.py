"""Judge when candidates are started and open, in plain Python and with nothing of the solving code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from optimiser.problem import DesignProblem

type Starts = Mapping[str, int]
"""Period in which each built candidate is started; empty without periods."""


class State(NamedTuple):
    """What is open in a period, or at all where there are none.

    Attributes
    ----------
    factor
        What a unit of the objective counts for in it.
    is_open
        Ids, sorted.
    """

    factor: int
    is_open: tuple[str, ...]


def states(problem: DesignProblem, built: Iterable[str], starts: Starts) -> tuple[State, ...]:
    """Return the state of each period in order; without periods, the one in which all that is built is open.

    Parameters
    ----------
    problem
        The problem.
    built
        Ids.
    starts
        Id to period of start.
    """
    if not problem.periods:
        return (State(1, tuple(sorted(built))),)
    return tuple(
        State(period.factor, open_by(problem, starts, t)) for t, period in enumerate(problem.periods)
    )


def factors(problem: DesignProblem) -> int:
    """Return what a unit of the objective counts for in all periods together; 1 without periods."""
    return sum(period.factor for period in problem.periods) if problem.periods else 1


def opening(problem: DesignProblem, starts: Starts) -> dict[str, int]:
    """Return the period from which on each built candidate is open; it may lie after the last one."""
    return {name: t + problem.candidates[problem.index[name]].lead for name, t in starts.items()}


def open_by(problem: DesignProblem, starts: Starts, period: int) -> tuple[str, ...]:
    """Return the ids, sorted, of what is open in a period.

    Parameters
    ----------
    problem
        A problem with periods.
    starts
        Id to period of start.
    period
        Position of the period.
    """
    return tuple(sorted(name for name, t in opening(problem, starts).items() if t <= period))


def start_faults(problem: DesignProblem, built: tuple[str, ...], starts: Starts) -> Iterator[str]:
    """Yield what is wrong with the form of starts: they name a period for each built candidate.

    Parameters
    ----------
    problem
        The problem.
    built
        Ids.
    starts
        Id to period of start.
    """
    last = len(problem.periods) - 1
    if last < 0:
        if starts:
            yield "starts: the problem has no periods"
        return
    yield from (f"starts: {name!r} is built, and no period is named" for name in built if name not in starts)
    for name, t in starts.items():
        if name not in built:
            yield f"starts: {name!r} is not built"
        if not 0 <= t <= last:
            yield f"starts: {name!r} is started in period {t}, which is none (0..{last})"


def phase_faults(problem: DesignProblem, starts: Starts) -> Iterator[str]:
    """Yield the budgets that are overdrawn, and what opens before what it requires.

    Parameters
    ----------
    problem
        The problem; without periods nothing is yielded.
    starts
        Id to period of start, of a form without faults.
    """
    paid = allowed = 0
    for t, period in enumerate(problem.periods):
        paid += problem.cost_of(name for name, start in starts.items() if start == t)
        allowed += period.budget
        if paid > allowed:
            yield f"{paid} is spent up to period {period.id!r}, more than its budgets of {allowed} so far"
    opens = opening(problem, starts)
    for first, second in problem.requires:
        if first in opens and second in opens and opens[second] > opens[first]:
            yield f"{first!r} requires {second!r}, which opens later"
