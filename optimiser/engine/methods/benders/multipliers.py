"""Make a row of prices for links and for time: the Benders cut of a pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.engine.methods.benders.commodity import Commodity
from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import Integers
from optimiser.engine.search.rows import Floats

FAR = 1e100
"""Price of a node that is out of reach."""


@dataclass(frozen=True, slots=True)
class Multipliers:
    """Prices of a commodity: dual values, or a ray of them, of its flow problem.

    Attributes
    ----------
    link
        float64 [links], price of a unit of capacity, >= 0.
    time
        Price of taking the whole limit, >= 0.
    """

    link: Floats
    time: float


def cut_of(commodity: Commodity, prices: Multipliers) -> tuple[Integers, Floats] | None:
    """Return candidates and values of the cut that prices make, None when they make none.

    Parameters
    ----------
    commodity
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
    cost = (
        prices.time * commodity.seconds / commodity.limit
        if commodity.limit
        else np.zeros(len(commodity.tail))
    )
    cost = cost + np.where(commodity.link >= 0, np.append(prices.link, 0.0)[commodity.link], 0.0)
    alpha = cheapest(commodity.nodes, commodity.tail, commodity.head, cost)
    gain = alpha - prices.time
    if alpha >= FAR or gain <= 1e-9:
        return None
    total = np.bincount(commodity.candidate, weights=prices.link) / gain
    used = np.flatnonzero(total > 0)
    return used.astype(np.int64), total[used]


@compiled
def cheapest(nodes: int, tail: Integers, head: Integers, cost: Floats) -> float:
    """Return the cost of the cheapest path from node 0 to node 1 (Bellman and Ford).

    Parameters
    ----------
    nodes
        Number of nodes.
    tail, head, cost
        [a], the arcs; no cost is negative.
    """
    price = np.full(nodes, FAR)
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
