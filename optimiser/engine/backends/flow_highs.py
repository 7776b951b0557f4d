"""Maintain the flow problem of one commodity as a live HiGHS model."""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np

from optimiser.engine.search.paths import Floats
from optimiser.engine.search.tables import Commodity, Prices

INFINITY = highspy.kHighsInf


class FlowProgram:
    """The maximum flow of a pair within its time limit through links of given capacities.

    Parameters
    ----------
    commodity
        The arcs that the pair can use.

    Notes
    -----
    Variables: `f_a >= 0` for each arc, and y, the total flow. Rows: flow conservation at each node except the
    destination; `sum (t_a / T) f_a - y <= 0`, the mean travel time is within the limit T; for each link
    `sum_{a of the link} f_a <= capacity`. These are the rows of the compact model for one pair, where the two
    directions of a link share its capacity as in Bucarey et al.
    """

    def __init__(self, commodity: Commodity) -> None:
        self._commodity = commodity
        self._links = len(commodity.candidate)
        arcs = len(commodity.tail)
        solver: Any = highspy.Highs
        self._model: Any = solver()
        for name, value in (
            ("output_flag", False),
            ("presolve", "off"),
            ("solver", "simplex"),
            ("threads", 1),
        ):
            self._model.setOptionValue(name, value)
        self._model.addVars(arcs + 1, np.zeros(arcs + 1), np.full(arcs + 1, INFINITY))
        self._y = arcs
        self._add_rows()

    def _add_rows(self) -> None:
        """Add the time row (0), the link rows (1 to L), then the rows of the nodes except the destination."""
        c = self._commodity
        arcs = np.arange(len(c.tail))
        on_link = c.link >= 0
        kept = c.head != 1
        number = np.where(np.arange(c.nodes) > 1, np.arange(c.nodes) - 1, 0) + 1 + self._links
        row = np.concatenate(
            [np.zeros(len(arcs) + 1), 1 + c.link[on_link], number[c.tail], number[c.head[kept]]]
        )
        column = np.concatenate([arcs, [self._y], arcs[on_link], arcs, arcs[kept]])
        share = c.seconds / max(1, c.limit)
        value = np.concatenate(
            [share, [-1.0], np.ones(on_link.sum()), np.ones(len(arcs)), -np.ones(kept.sum())]
        )
        row, column = np.append(row, number[0]), np.append(column, self._y)
        value = np.append(value, -1.0)
        order = np.lexsort((column, row))
        count = self._links + c.nodes
        starts = np.searchsorted(row[order], np.arange(count))
        lower = np.concatenate([np.full(1 + self._links, -INFINITY), np.zeros(c.nodes - 1)])
        self._model.addRows(
            count,
            lower,
            np.zeros(count),
            len(order),
            starts.astype(np.int32),
            column[order].astype(np.int32),
            value[order],
        )

    def most(self, capacity: Floats, target: float) -> tuple[float, Prices] | None:
        """Return the maximum flow and its dual prices.

        Parameters
        ----------
        capacity
            float64 [links].
        target
            Upper limit of the flow; more is not needed.

        Returns
        -------
        tuple or None
            None when HiGHS found no optimum. The prices are normalised: the cost of the cheapest path exceeds
            the price of time by 1.
        """
        self._model.changeColCost(self._y, -1.0)
        self._solve(capacity, 0.0, target)
        if self._model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        solution = self._model.getSolution()
        flow = float(solution.col_value[self._y])
        return flow, self._prices(np.array(solution.row_dual))

    def ray(self, capacity: Floats, level: float) -> Prices | None:
        """Return a dual ray that proves a given flow impossible; None where the flow is possible.

        Parameters
        ----------
        capacity
            float64 [links].
        flow
            The flow.
        """
        self._model.changeColCost(self._y, 0.0)
        self._solve(capacity, level, level)
        if self._model.getModelStatus() != highspy.HighsModelStatus.kInfeasible:
            return None
        _, found, ray = self._model.getDualRay()
        return self._prices(np.array(ray)) if found else None

    def _solve(self, capacity: Floats, least: float, most: float) -> None:
        rows = np.arange(1, self._links + 1, dtype=np.int32)
        self._model.changeRowsBounds(self._links, rows, np.full(self._links, -INFINITY), capacity)
        self._model.changeColBounds(self._y, least, most)
        self._model.run()

    def _prices(self, dual: Floats) -> Prices:
        """Return the prices of time and links.

        These rows have only upper sides, so their duals have the same sign, except for numerical noise, which
        is set to 0.
        """
        price = dual[: self._links + 1]
        price = np.maximum(price if price.sum() > 0 else -price, 0.0)
        price[price < 1e-9 * max(1.0, price.max())] = 0.0
        return Prices(price[1:], float(price[0]))
