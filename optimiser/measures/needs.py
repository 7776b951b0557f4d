"""Say what each city gains, and what would bring another of its pairs within the limit."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
import pandas as pd

from optimiser.engine.search.labels import PathFinder
from optimiser.engine.search.paths import Integers
from optimiser.engine.search.tables import tables
from optimiser.problem import Candidate, DesignProblem


def cheapest_sets(
    problem: DesignProblem, built: Collection[str], pairs: Iterable[int]
) -> dict[int, tuple[int, tuple[str, ...]]]:
    """Return the cheapest candidates that bring each of some pairs within its limit, beside what is built.

    Parameters
    ----------
    problem, built
        The problem, and ids of what is built.
    pairs
        Positions of pairs.

    Returns
    -------
    dict
        By position, cost and ids; pairs that nothing brings within their limits are missing. Rules
        between candidates, caps, periods and room on lines do not count.
    """
    order = sorted(pairs, key=lambda k: (problem.pairs[k].origin, k))
    some = tuple(problem.pairs[k] for k in order)
    plain = tuple(Candidate(c.id, c.cost, c.arcs) for c in problem.candidates)
    finder = PathFinder(tables(DesignProblem(problem.name, problem.nodes, problem.arcs, plain, some, None)))
    price = np.array([np.inf if c.fixed == "out" else float(c.cost) for c in problem.candidates] + [0.0])
    price[[problem.index[name] for name in built]] = 0.0
    found = {}
    for at, k in enumerate(order):
        for used in finder.cheapest(at, price, np.inf)[:1]:
            new = [problem.candidates[j] for j in used.tolist() if problem.candidates[j].id not in built]
            found[k] = (sum(one.cost for one in new), tuple(one.id for one in new))
    return found


def needs(
    problem: DesignProblem, built: Collection[str], ends: Integers, *, today: Integers, plan: Integers
) -> pd.DataFrame:
    """Return a row for each city that has pairs beyond their limits today, those that gain least first.

    Parameters
    ----------
    problem, built
        The problem, and ids of what the plan builds.
    ends
        Rows of the cities of each pair, int64 [K x 2].
    today, plan
        Seconds of each pair, int64 [K].

    Returns
    -------
    pandas.DataFrame
        `city` (row), `open` (pairs beyond their limits today), and of these those that are `gained`, that are
        `left` to other candidates, and that are out of reach of all (`never`); `pair`, the position of the
        one that takes least money, else lies least beyond its limit (-1: all are gained), its other city
        `partner` (row), and `cost` and `candidates` (ids) beyond the plan, where candidates bring it.

    Notes
    -----
    Cities are ordered by the share of open pairs that they gain, then by the number of those that remain.
    """
    limit = np.array([pair.limit for pair in problem.pairs], dtype=np.int64)
    is_open, rest = today > limit, plan > limit
    sets = cheapest_sets(problem, built, np.flatnonzero(rest).tolist())
    rows = []
    for city in np.unique(ends[is_open]).tolist():
        mine = np.flatnonzero(is_open & (ends == city).any(axis=1))
        remain = mine[rest[mine]].tolist()
        left = [k for k in remain if k in sets]
        nearest = min(remain, key=lambda k: (plan[k] - limit[k], k), default=-1)
        pair = min(left, key=lambda k: (sets[k][0], k), default=nearest)
        row = {"city": city, "open": len(mine), "gained": len(mine) - len(remain), "left": len(left)}
        partner = int(ends[pair].sum()) - city if remain else -1
        row |= {"never": len(remain) - len(left), "pair": pair, "partner": partner}
        cost, names = sets.get(pair, (None, ()))
        rows.append(row | {"cost": cost, "candidates": names})
    found = pd.DataFrame(rows, columns=["city", *_COUNTS, "pair", "partner", "cost", "candidates"])
    share = found["gained"] / found["open"]
    order = np.lexsort([found["city"], -(found["left"] + found["never"]), share])
    return found.astype({"cost": "Int64"}).iloc[order].reset_index(drop=True)


_COUNTS = ("open", "gained", "left", "never")
