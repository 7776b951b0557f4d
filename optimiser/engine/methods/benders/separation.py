"""Separate Benders cuts by a flow problem for each pair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import numpy as np

from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import Floats, Integers, starts
from optimiser.engine.search.rows import NO_ROWS, Rows, joined
from optimiser.engine.search.scoring import covered_pairs
from optimiser.engine.search.tables import Commodity, Prices, Tables

type Kind = Literal["normalised", "normal"]

LEAST_VIOLATION = 1e-6
"""Least violation of a cut that is returned."""


def cut_set_rows(parts: Sequence[Commodity]) -> Rows:
    """Return the cut-set inequalities `y_k <= sum of x_j` at the origin and at the destination of each pair.

    The sum is over the candidates with a link there.

    Parameters
    ----------
    parts
        The commodity of each pair.

    Notes
    -----
    Bucarey et al. put these inequalities into the master problem from the start. With an existing network
    they hold only where no existing arc leaves the origin (or enters the destination); others are left out.
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


def benders_cut(part: Commodity, prices: Prices) -> tuple[Integers, Floats] | None:
    """Return the candidates and coefficients of the Benders cut that prices define, or None.

    Parameters
    ----------
    part
        The commodity.
    prices
        Any prices >= 0; dual prices of the flow problem give the most violated cut.

    Notes
    -----
    Let every arc cost its share of the limit times the price of time, plus the price of its link, and let
    alpha be the cost of the cheapest path. A flow of y units within the limit costs at least `alpha y`, and
    at most `time y + sum over links of price times capacity`. Hence `(alpha - time) y <= sum price x`: the
    Benders cut, divided by `alpha - time` where that is positive; elsewhere there is none. alpha is computed
    here by shortest paths, not taken from a solver, so that the cut is valid whatever the solver's tolerance.
    """
    cost = prices.time * part.seconds / part.limit if part.limit else np.zeros(len(part.tail))
    cost = cost + np.where(part.link >= 0, np.append(prices.link, 0.0)[part.link], 0.0)
    gain = cheapest_path_cost(part.nodes, part.tail, part.head, cost) - prices.time
    if not 1e-9 < gain < np.inf:
        return None
    total = np.bincount(part.candidate, weights=prices.link) / gain
    used = np.flatnonzero(total > 0)
    return used.astype(np.int64), total[used]


@compiled
def cheapest_path_cost(nodes: int, tail: Integers, head: Integers, cost: Floats) -> float:
    """Return the cost of the cheapest path from node 0 to node 1 (Bellman and Ford), infinite without one.

    Parameters
    ----------
    nodes
        Number of nodes.
    tail, head, cost
        [a] each, end nodes and costs >= 0 of the arcs.
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

    def most(self, capacity: Floats, target: float) -> tuple[float, Prices] | None:
        """Return the maximum flow, at most `target`, and its dual prices; None without an optimum."""

    def ray(self, capacity: Floats, flow: float) -> Prices | None:
        """Return dual prices that prove a flow impossible; None where it is possible."""


class BendersCuts:
    """Separates Benders cuts; a `Separator` for a solver's tree.

    Parameters
    ----------
    t
        The problem.
    parts
        The commodity of each pair.
    build
        Builds the flow problem of a commodity when it is first needed.
    kind
        `normal`: the flow is fixed to y_k, and the cut is a dual ray of the infeasible problem, as the solver
        gives it. `normalised`: the flow is maximised; the dual then has the row `alpha - time = 1`, so that
        the cut reads `y <= sum sigma x` and is the most violated one of this form.
    stop
        Called before each pair; True ends the separation.
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

    def __call__(self, x: Floats, y: Floats, *, integer: bool) -> Rows:  # noqa: ARG002 - as the protocol asks
        """Return the violated cuts, at most one per pair.

        Parameters
        ----------
        x, y
            float64 [J] and [K], the point.
        integer
            Not used: the same cuts are separated at fractional and integer points.

        Notes
        -----
        Pairs that the candidates with x = 1 cover alone have no violated cut, and are skipped.
        """
        is_certain = covered_pairs(self._t, np.append(x >= 1.0 - LEAST_VIOLATION, True))
        pairs: list[int] = []
        cuts: list[tuple[Integers, Floats]] = []
        for k in np.flatnonzero((y > LEAST_VIOLATION) & ~is_certain).tolist():
            if self._stop():
                break
            cut = self._cut(k, x, float(y[k]))
            if cut is not None and cut[1] @ x[cut[0]] < y[k] - LEAST_VIOLATION:
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

    def _cut(self, k: int, x: Floats, y: float) -> tuple[Integers, Floats] | None:
        part = self._parts[k]
        if k not in self._flows:
            self._flows[k] = self._build(part)
        flow, capacity = self._flows[k], x[part.candidate]
        prices = flow.ray(capacity, y) if self._kind == "normal" else _violation_prices(flow, capacity, y)
        return None if prices is None else benders_cut(part, prices)


def _violation_prices(flow: Flow, capacity: Floats, y: float) -> Prices | None:
    outcome = flow.most(capacity, y)
    return None if outcome is None or outcome[0] >= y - LEAST_VIOLATION else outcome[1]
