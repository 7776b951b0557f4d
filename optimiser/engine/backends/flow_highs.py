"""Keep the flow problem of one commodity alive in HiGHS."""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np

from optimiser.engine.search.paths import Floats
from optimiser.engine.search.tables import Commodity, Prices

INFINITY = highspy.kHighsInf


class FlowProgram:
    """How much of a pair can flow within its limit through links of given capacity.

    Parameters
    ----------
    commodity
        What the pair can use.

    Notes
    -----
    Variables: `f_a >= 0` for each arc, and y, the flow in all. Rows: conservation at each node but the
    destination; `sum (t_a / T) f_a - y <= 0`, the mean time is within the limit; for each link
    `sum_{a of the link} f_a <= capacity`. These are the rows of the compact model for one pair, with the two
    directions of a link sharing its capacity as in Bucarey et al.
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
        """Add time (row 0), links (rows 1 ...), then nodes."""
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

    def most(self, capacity: Floats, enough: float) -> tuple[float, Prices] | None:
        """Return the most that can flow, and the prices that prove it.

        Parameters
        ----------
        capacity
            float64 [links].
        enough
            The search ends when this much flows.

        Returns
        -------
        tuple or None
            None when HiGHS gave no answer. The prices are those of the normalised problem: the cheapest path
            costs one more than the limit does.
        """
        self._model.changeColCost(self._y, -1.0)
        self._solve(capacity, 0.0, enough)
        if self._model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        solution = self._model.getSolution()
        flow = float(solution.col_value[self._y])
        return flow, self._prices(np.array(solution.row_dual))

    def ray(self, capacity: Floats, level: float) -> Prices | None:
        """Return prices that prove that a given flow is impossible, None where it is possible.

        Parameters
        ----------
        capacity
            float64 [links].
        level
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
        """Return the prices; duals of rows with an upper side alone all have one sign, noise apart."""
        sides = dual[: self._links + 1]
        sides = np.maximum(sides if sides.sum() > 0 else -sides, 0.0)
        sides[sides < 1e-9 * max(1.0, sides.max())] = 0.0
        return Prices(sides[1:], float(sides[0]))
