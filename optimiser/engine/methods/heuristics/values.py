"""Say what the plan of a state is worth, costs and breaks."""

from __future__ import annotations

import numpy as np

from optimiser.engine.methods.heuristics.state import State
from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import Whole
from optimiser.engine.search.scoring import breach, missing, worth

FIRST = 2.0**40
"""What one unit of a shortfall counts against one unit of objective."""


@compiled
def merit(s: State) -> float:
    """Return what a plan is worth but for its cost: the objective, and before it what it lacks.

    Parameters
    ----------
    s
        The state, refreshed.
    """
    value = 0.0 if s.budget < 0 else float(worth(s.t, s.met))
    if s.must_cover or s.target_least.size:
        value -= FIRST * missing(s.t, s.met)
    return value


@compiled
def money_of(s: State, count: Whole) -> Whole:
    """Return what the listed candidates cost together.

    Parameters
    ----------
    s
        The state.
    count
        How many candidates are listed.
    """
    money = np.int64(0)
    for at in range(count):
        money += s.cost[s.listed[at]]
    return money


@compiled
def spent(s: State) -> Whole:
    """Return what the plan costs.

    Parameters
    ----------
    s
        The state.
    """
    money = np.int64(0)
    for j in range(s.cost.size):
        if s.ahead.is_open[j]:
            money += s.cost[j]
    return money


@compiled
def over(s: State) -> Whole:
    """Return the breach of the plan: money above budget and caps, and broken excludes and requires.

    Parameters
    ----------
    s
        The state.
    """
    if s.plain[0]:
        return 0 if s.budget < 0 else max(0, spent(s) - s.budget)
    return breach(s.t, s.ahead.is_open)


@compiled
def levels(s: State) -> tuple[float, float, float]:
    """Return the breach, what is maximised (the merit, less the cost where there is no budget), and the cost.

    Parameters
    ----------
    s
        The state, refreshed.
    """
    cost = float(spent(s))
    return float(over(s)), merit(s) - (cost if s.budget < 0 else 0.0), cost


@compiled
def breach_turned(s: State, count: Whole) -> Whole:
    """Return the breach that the plan would have with the listed candidates on their other side.

    Parameters
    ----------
    s
        The state; the same afterwards.
    count
        How many candidates `s.listed` names.
    """
    for at in range(count):
        s.ahead.is_open[s.listed[at]] = not s.ahead.is_open[s.listed[at]]
    found = over(s)
    for at in range(count):
        s.ahead.is_open[s.listed[at]] = not s.ahead.is_open[s.listed[at]]
    return found
