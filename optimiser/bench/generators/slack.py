"""Set limits between the time today and the time with everything built."""

from __future__ import annotations

import numpy as np

from optimiser.bench.generators.drawing import NOWHERE, Drawing, drawn_pairs, upper
from optimiser.problem import Pair


def open_pairs(
    rng: np.random.Generator, drawing: Drawing, *, count: int, slack_percent: int, heaviest: int
) -> list[Pair]:
    """Draw pairs that are not covered today and can be.

    Parameters
    ----------
    rng
        Source of chance.
    drawing
        Places, roads and links; there may be pairs of places without a way today.
    count
        Number of pairs; all there are, where there are fewer.
    slack_percent
        The limit lies this far above the time with everything built, in per cent of that time, but always
        below the time today.
    heaviest
        Weights are 1 to this.

    Returns
    -------
    list of Pair
        In order of origin and destination.
    """
    today, best = drawing.times(built=False), drawing.times(built=True)
    gaining = [(a, b) for a, b in upper(drawing.places) if best[a, b] < min(int(today[a, b]), NOWHERE)]
    chosen = [gaining[k] for k in drawn_pairs(rng, gaining, count)]
    weights = rng.integers(1, heaviest, size=len(chosen), endpoint=True).tolist()
    return [
        Pair(a, b, limit_of(int(best[a, b]), int(today[a, b]), slack_percent), weight)
        for (a, b), weight in zip(chosen, weights, strict=True)
    ]


def limit_of(best: int, today: int, slack_percent: int) -> int:
    """Return a limit above the best time by the slack, yet below the time today.

    Parameters
    ----------
    best, today
        Seconds with everything built and with nothing, best < today.
    slack_percent
        Of the best time.
    """
    return min(best + best * slack_percent // 100, today - 1)
