"""Find Benders cuts that a point violates, from a flow problem for each pair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import numpy as np

from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import Floats, Integers
from optimiser.engine.search.rows import NO_ROWS, Rows, joined, starts
from optimiser.engine.search.scoring import covered_pairs
from optimiser.engine.search.tables import Commodity, Prices, Tables

type Kind = Literal["normalised", "normal"]

LEAST_VIOLATION = 1e-6
"""Least violation of a cut that is returned."""


def cut_sets(parts: Sequence[Commodity]) -> Rows:
    """Return `y_k <= sum of x_j` over candidates with a link at the origin, and at the destination.

    Parameters
    ----------
    parts
        The commodity of each pair.

    Notes
    -----
    These are the cut-set inequalities that Bucarey et al. put into the master problem from the start. With an
    existing network they hold only where no arc open today leaves the origin (or enters the destination);
    elsewhere there is none.
    """
    rows = []
    for k, part in enumerate(parts):
        for at_end in (part.tail == 0, part.head == 1):
            links = part.link[at_end]
            if (links >= 0).all():
                candidates = np.unique(part.candidate[links])
                rows.append(
                    Rows(np.array([k]), np.array([0, len(candidates)]), candidates, np.ones(len(candidates)))
                )
    return joined(rows)


def cut_of(part: Commodity, prices: Prices) -> tuple[Integers, Floats] | None:
    """Return candidates and values of the cut that prices make, None when they make none.

    Parameters
    ----------
    part
        The commodity.
    prices
        Any prices >= 0; those of the flow problem make the best cut.

    Notes
    -----
    Let every arc a cost its share of the limit times the price of time, plus the price of its link, and let
    alpha be the cost of the cheapest path. A flow of y units within the limit costs at least alpha y, and at
    most `time y + sum over links of price times capacity`. So `(alpha - time) y <= sum price x`: the Benders
    cut, divided by `alpha - time` where that is positive. alpha is found here by shortest paths, not taken
    from a solver, so that the cut is valid whatever the solver's tolerance.
    """
    cost = prices.time * part.seconds / part.limit if part.limit else np.zeros(len(part.tail))
    cost = cost + np.where(part.link >= 0, np.append(prices.link, 0.0)[part.link], 0.0)
    gain = cheapest(part.nodes, part.tail, part.head, cost) - prices.time
    if not 1e-9 < gain < np.inf:
        return None
    total = np.bincount(part.candidate, weights=prices.link) / gain
    used = np.flatnonzero(total > 0)
    return used.astype(np.int64), total[used]


@compiled
def cheapest(nodes: int, tail: Integers, head: Integers, cost: Floats) -> float:
    """Return the cost of the cheapest path from node 0 to node 1 (Bellman and Ford), infinite without one.

    Parameters
    ----------
    nodes
        Number of nodes.
    tail, head, cost
        [a], the arcs; no cost is negative.
    """
    price = np.full(nodes, np.inf)
    price[0] = 0.0
    changed = True
    while changed:
        changed = False
        for a in range(tail.size):
            if price[tail[a]] + cost[a] < price[head[a]]:
                price[head[a]] = price[tail[a]] + cost[a]
                changed = True
    least: float = price[1]
    return least


class Flow(Protocol):
    """The flow problem of one commodity."""

    def most(self, capacity: Floats, enough: float) -> tuple[float, Prices] | None:
        """Return the most that can flow, up to `enough`, and the prices that prove it."""

    def ray(self, capacity: Floats, level: float) -> Prices | None:
        """Return prices that prove that a flow is impossible."""


class BendersCuts:
    """A separator by one flow problem a pair.

    Parameters
    ----------
    t
        The problem.
    parts
        The commodity of each pair.
    build
        Makes the live flow problem of a commodity when it is first needed.
    kind
        `normal`: the flow is fixed to the level of the pair, and the cut is a ray of the dual of the
        infeasible problem, as the solver gives it. `normalised`: the flow is maximised; the dual then has
        the row `alpha - time = 1`, so that the cut reads `y <= sum sigma x` and is the most violated of
        these.
    stop
        Asked before each pair; True ends the search for cuts.
    """

    def __init__(
        self,
        t: Tables,
        parts: Sequence[Commodity],
        build: Callable[[Commodity], Flow],
        *,
        kind: Kind,
        stop: Callable[[], bool],
    ) -> None:
        self._t = t
        self._parts = parts
        self._build = build
        self._kind = kind
        self._stop = stop
        self._flows: dict[int, Flow] = {}

    def __call__(self, built: Floats, level: Floats, *, integer: bool) -> Rows:  # noqa: ARG002 - as the protocol asks
        """Return the violated cuts, at most one a pair.

        Parameters
        ----------
        built, level
            float64 [J] and [K], the point.
        integer
            Not used: the same cuts serve fractional and integer points.
        """
        surely = covered_pairs(self._t, np.append(built >= 1.0 - LEAST_VIOLATION, True))
        pairs: list[int] = []
        cuts: list[tuple[Integers, Floats]] = []
        for k in np.flatnonzero((level > LEAST_VIOLATION) & ~surely).tolist():
            if self._stop():
                break
            cut = self._cut(k, built, float(level[k]))
            if cut is not None and cut[1] @ built[cut[0]] < level[k] - LEAST_VIOLATION:
                pairs.append(k)
                cuts.append(cut)
        if not pairs:
            return NO_ROWS
        counts = np.array([len(candidates) for candidates, _ in cuts], np.int64)
        return Rows(
            np.array(pairs, np.int64),
            starts(counts),
            np.concatenate([candidates for candidates, _ in cuts]),
            np.concatenate([values for _, values in cuts]),
        )

    def _cut(self, k: int, built: Floats, level: float) -> tuple[Integers, Floats] | None:
        part = self._parts[k]
        if k not in self._flows:
            self._flows[k] = self._build(part)
        flow, capacity = self._flows[k], built[part.candidate]
        prices = flow.ray(capacity, level) if self._kind == "normal" else _prices(flow, capacity, level)
        return None if prices is None else cut_of(part, prices)


def _prices(flow: Flow, capacity: Floats, level: float) -> Prices | None:
    answer = flow.most(capacity, level)
    return None if answer is None or answer[0] >= level - LEAST_VIOLATION else answer[1]
