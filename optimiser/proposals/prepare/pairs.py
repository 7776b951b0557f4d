"""List the pairs of cities that a plan should bring within the limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks.timegraph import UNREACHABLE


def root_weight(population: int) -> int:
    """Return the default weight of a pair: the root of the smaller population, rounded."""
    return round(float(np.sqrt(population)))


def city_pairs(
    cities: Any,  # noqa: ANN401 (a frame with or without geometry)
    skim: NDArray[np.int64],
    *,
    limit_s: int,
    weight: Callable[[int], int] = root_weight,
) -> pd.DataFrame:
    """List every unordered pair of cities once.

    Parameters
    ----------
    cities
        Table of cities: `city_id`, `name`, `tier`, `population`.
    skim
        int64 [c, c], seconds today.
    limit_s
        Time limit.
    weight
        Weight of a pair by the smaller population.

    Returns
    -------
    pandas.DataFrame
        Columns `origin`, `destination` (rows of cities; the origin is the larger city, of equal ones the
        first), `origin_id`, `destination_id` (city ids), `limit`, `weight` (int64), `group` (tier of the
        smaller city), `today_s` (int64, -1 where no way leads), `covered_today` (bool).
    """
    population = cities["population"].to_numpy(dtype=np.int64)
    ids = cities["city_id"].astype(str).tolist()
    tiers = cities["tier"].astype(str).tolist()
    order: Sequence[int] = np.argsort(-population, kind="stable").tolist()
    rows = [(a, b) for at, a in enumerate(order) for b in order[at + 1 :]]
    seconds = [int(skim[a, b]) for a, b in rows]
    return pd.DataFrame(
        {
            "origin": np.array([a for a, _ in rows], dtype=np.int64),
            "destination": np.array([b for _, b in rows], dtype=np.int64),
            "origin_id": [ids[a] for a, _ in rows],
            "destination_id": [ids[b] for _, b in rows],
            "limit": np.full(len(rows), limit_s, dtype=np.int64),
            "weight": np.array([weight(int(population[b])) for _, b in rows], dtype=np.int64),
            "group": [tiers[b] for _, b in rows],
            "today_s": np.array([-1 if s >= UNREACHABLE else s for s in seconds], dtype=np.int64),
            "covered_today": np.array([s <= limit_s for s in seconds], dtype=bool),
        }
    )
