"""Destroy a part of a plan, in one of several ways."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from optimiser.engine.methods.heuristics.desk import Desk
from optimiser.engine.methods.heuristics.state import Floats
from optimiser.engine.methods.heuristics.steps import turn, with_dependants
from optimiser.engine.methods.heuristics.ways import way
from optimiser.engine.search.paths import Integers, Mask

type Destroy = Callable[[Desk, np.random.Generator, int, Floats], None]
"""Changes the plan on a desk: with chance, a size, and the relation of candidates."""


def change(at: Desk, js: Integers) -> None:
    """Change the side of candidates that are on the same side, and of what must follow them.

    Parameters
    ----------
    at
        Where the plan is.
    js
        Positions of candidates, all open or all closed.
    """
    state = at.state
    if not len(js):
        return
    at.listed[: len(js)] = js
    turn(state, with_dependants(state, len(js)))


def _first(weight: Floats, allowed: Mask, size: int, chance: np.random.Generator) -> Integers:
    """Draw candidates without replacement, likelier the more they weigh (Efraimidis and Spirakis, 2006)."""
    js = np.flatnonzero(allowed)
    size = min(size, len(js))
    if size <= 0:
        return js[:0]
    key = np.log(chance.random(len(js)) + 1e-12) / np.maximum(weight[js], 1e-9)
    return np.sort(js[np.argpartition(-key, size - 1)[:size]])


def close_related(at: Desk, chance: np.random.Generator, size: int, near: Floats) -> None:
    """Close open candidates that share pairs with one of them."""
    built = np.flatnonzero(at.is_open[:-1])
    if len(built):
        change(at, _first(near[chance.choice(built)] ** 2, at.is_open[:-1], size, chance))


def close_weak(at: Desk, chance: np.random.Generator, size: int, _near: Floats) -> None:
    """Close open candidates whose closing loses little for their cost, as far as losses are known."""
    weak = at.t.cost / np.maximum(1.0, at.lost)
    change(at, _first(weak / max(weak.max(initial=0.0), 1e-9), at.is_open[:-1], size, chance))


def close_any(at: Desk, chance: np.random.Generator, size: int, _near: Floats) -> None:
    """Close open candidates, each as likely as another."""
    change(at, _first(np.ones(at.t.size), at.is_open[:-1], size, chance))


def open_ways(at: Desk, chance: np.random.Generator, size: int, _near: Floats) -> None:
    """Open the cheapest ways of some uncovered pairs, beyond the budget; else some closed candidates."""
    for _ in range(1 + size // 3):
        uncovered = np.flatnonzero(~at.met)
        if not len(uncovered):
            change(at, _first(np.ones(at.t.size), ~at.is_open[:-1], 1, chance))
            return
        state = at.state
        turn(state, with_dependants(state, way(state, chance.choice(uncovered))))


def open_related(at: Desk, chance: np.random.Generator, size: int, near: Floats) -> None:
    """Open closed candidates that share pairs with one of them, beyond the budget."""
    closed = np.flatnonzero(~at.is_open[:-1])
    if len(closed):
        change(at, _first(near[chance.choice(closed)] ** 2, ~at.is_open[:-1], size, chance))


def follow(at: Desk, chance: np.random.Generator, size: int, guide: Floats) -> None:
    """Open and close candidates that a guide sees on the other side.

    Parameters
    ----------
    at
        Where the plan is.
    chance
        Random numbers.
    size
        About how many.
    guide
        float64 [J], 0..1.
    """
    change(at, _first(guide, ~at.is_open[:-1], size, chance))
    change(at, _first(1.0 - guide, at.is_open[:-1], size // 2, chance))


DESTROYS: tuple[Destroy, ...] = (close_related, close_weak, close_any, open_ways, open_related)
"""Ways to destroy that need no guide."""
