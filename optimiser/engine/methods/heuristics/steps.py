"""Step from plan to plan, and keep times and covered pairs right."""

from __future__ import annotations

from optimiser.engine.methods.heuristics.rows import BROKEN, LENGTH, toggle, undo
from optimiser.engine.methods.heuristics.state import State
from optimiser.engine.methods.heuristics.values import merit
from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import Mask, Whole


@compiled
def refresh(s: State) -> None:
    """Look anew at the pairs of the origins whose times changed.

    Parameters
    ----------
    s
        The state, changed in place.
    """
    touched, time, met, limit, destination = s.ahead.touched, s.ahead.time, s.met, s.limit, s.destination
    first = s.first_pair
    s.now[0] += 1
    for row in range(touched.size):
        if touched[row]:
            touched[row] = False
            s.changed[row] = s.now[0]
            for k in range(first[row], first[row + 1]):
                met[k] = time[row, destination[k]] <= limit[k]


@compiled
def move_to(s: State, plan: Mask) -> None:
    """Open and close candidates until the state holds a plan; the logs begin anew there.

    Parameters
    ----------
    s
        The state, changed in place.
    plan
        bool [J + 1].
    """
    for r in (s.ahead, s.behind):
        if r.meter[BROKEN] == 0:
            undo(r, 0)
        for j in range(s.cost.size):
            if r.is_open[j] != plan[j]:
                toggle(r, j)
        r.meter[:] = 0
    refresh(s)


@compiled
def stay(s: State) -> None:
    """Let the logs begin anew at the plan that the state holds.

    Parameters
    ----------
    s
        The state, changed in place.
    """
    s.ahead.meter[:] = 0
    for j in range(s.cost.size):
        if s.behind.is_open[j] != s.ahead.is_open[j]:
            toggle(s.behind, j)
    s.behind.meter[:] = 0


@compiled
def take_back(s: State, length: Whole, count: Whole) -> None:
    """Take back the last moves, of the candidates that `s.listed` names.

    Parameters
    ----------
    s
        The state, changed in place.
    length
        Length of the log before them.
    count
        How many candidates are listed.
    """
    if s.ahead.meter[BROKEN] == 0:
        undo(s.ahead, length)
    else:
        for at in range(count):
            toggle(s.ahead, s.listed[at])
    refresh(s)


@compiled
def turn(s: State, count: Whole) -> None:
    """Change the side of the listed candidates.

    Parameters
    ----------
    s
        The state, changed in place.
    count
        How many candidates `s.listed` names.
    """
    for at in range(count):
        toggle(s.ahead, s.listed[at])
    refresh(s)


@compiled
def turned(s: State, count: Whole) -> float:
    """Return the merit that the plan would have with the listed candidates on their other side.

    Parameters
    ----------
    s
        The state; the same afterwards.
    count
        How many candidates `s.listed` names.
    """
    length = s.ahead.meter[LENGTH]
    turn(s, count)
    value = merit(s)
    take_back(s, length, count)
    return value


@compiled
def with_dependants(s: State, count: int) -> int:
    """List after some candidates all that must change sides with them; return the number of all.

    Parameters
    ----------
    s
        The state; `listed` grows.
    count
        How many candidates are listed, all open or all closed. With closed ones opens what they require; with
        open ones closes what requires them.
    """
    at = 0
    while at < count and s.require.shape[0]:
        j = s.listed[at]
        side = 1 if s.ahead.is_open[j] else 0
        for row in range(s.require.shape[0]):
            other = s.require[row, 1 - side]
            if s.require[row, side] == j and s.ahead.is_open[other] == s.ahead.is_open[j]:
                known = False
                for i in range(count):
                    known |= s.listed[i] == other
                if not known:
                    s.listed[count] = other
                    count += 1
        at += 1
    return count
