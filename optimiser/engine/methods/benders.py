"""Solve a problem by branch-and-Benders-cut: a tree in SCIP with cuts from flow problems in HiGHS.

After Bucarey et al. (arXiv 2007.06647): a master in x and y, a tree of SCIP; for each pair with y_k > 0 that
the candidates with x = 1 do not cover, at fractional and integer points, the flow problem of `compact` with
capacities x, whose duals are prices pi of links and lambda of time; from the start `y_k <= sum of x_j` over
the candidates at each end of a pair where no arc of today is. zeta is computed by shortest paths, so that no
tolerance of a solver makes a cut invalid. Normalised (`benders`), the flow is maximised, up to y_k, and
`zeta - lambda = 1`; normal (`benders-normal`), it is y_k, and the prices are a dual ray as HiGHS gives it.
The facet rule (Conforti and Wolsey) is missing. Only the paper's introduction was available: details are from
memory.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import coo_array, csr_array

from optimiser.engine.backends.highs import INFINITY, HighsModel, empty_model
from optimiser.engine.methods.heuristics.lns import TreeHeuristics, start_plans
from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.incumbent import MaskIncumbent, Stop
from optimiser.engine.search.paths import Floats, Integers
from optimiser.engine.search.rows import Rows, joined, rows_of
from optimiser.engine.search.scoring import covered_pairs
from optimiser.engine.search.tables import Commodity, Prices, Tables, commodities
from optimiser.engine.search.task import Task

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
                rows.append(((k,), candidates, np.ones(len(candidates))))
    return joined([rows_of(rows)])


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
    An arc costs its share of the limit times the price of time, and the price of its link; alpha is the cost
    of the cheapest path. A flow of y units within the limit costs at least `alpha y`, and at most
    `time y + sum of price times capacity`. Hence the cut `(alpha - time) y <= sum price x`, divided by
    `alpha - time` where that is positive. alpha is computed by shortest paths, so that no tolerance of a
    solver makes a cut invalid.
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
    # After i rounds, `price[v]` is at most the cost of every path from node 0 to v with at most i arcs. Costs
    # are >= 0, so that some cheapest path has fewer arcs than there are nodes, and the rounds end.
    price = np.full(nodes, np.inf)
    price[0] = 0.0
    changed = True
    while changed:
        changed = False
        for a in range(tail.size):
            if price[tail[a]] + cost[a] < price[head[a]]:
                price[head[a]] = price[tail[a]] + cost[a]
                changed = True
    return float(price[1])


class FlowProgram(HighsModel):
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
        super().__init__(empty_model(presolve="off", solver="simplex"))
        c, self._links, self._total = commodity, len(commodity.candidate), len(commodity.tail)
        arcs, on_link, kept = np.arange(self._total), c.link >= 0, c.head != 1
        # The time row (0), the link rows (1 to L), then those of the nodes except the destination.
        nodes = np.arange(c.nodes)
        row_of = 1 + self._links + np.where(nodes > 1, nodes - 1, 0)
        entries: list[tuple[Any, Any, Any]] = [  # rows, columns and values
            (0, arcs, c.seconds / max(1, c.limit)),
            (1 + c.link[on_link], arcs[on_link], 1.0),
            (row_of[c.tail], arcs, 1.0),
            (row_of[c.head[kept]], arcs[kept], -1.0),
            ([0, row_of[0]], self._total, -1.0),
        ]
        row, column, value = map(
            np.concatenate, zip(*(np.broadcast_arrays(*entry) for entry in entries), strict=True)
        )
        size = (self._links + c.nodes, self._total + 1)
        matrix = csr_array(coo_array((value, (row, column)), shape=size))
        least = np.where(np.arange(size[0]) <= self._links, -INFINITY, 0.0)
        start, index = matrix.indptr[:-1].astype(np.int32), matrix.indices.astype(np.int32)
        self._model.addVars(size[1], np.zeros(size[1]), np.full(size[1], INFINITY))
        self._model.addRows(size[0], least, np.zeros(size[0]), matrix.nnz, start, index, matrix.data)

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
        self._model.changeColCost(self._total, -1.0)
        self._solve(capacity, 0.0, target)
        if self._status() != "optimal":
            return None
        solution = self._model.getSolution()
        return float(solution.col_value[self._total]), self._prices(np.array(solution.row_dual))

    def ray(self, capacity: Floats, level: float) -> Prices | None:
        """Return a dual ray that proves a given flow impossible; None where the flow is possible.

        Parameters
        ----------
        capacity
            float64 [links].
        level
            The flow.
        """
        self._model.changeColCost(self._total, 0.0)
        self._solve(capacity, level, level)
        if self._status() != "infeasible":
            return None
        _, found, ray = self._model.getDualRay()
        return self._prices(np.array(ray)) if found else None

    def _solve(self, capacity: Floats, least: float, most: float) -> None:
        rows = np.arange(1, self._links + 1, dtype=np.int32)
        self._model.changeRowsBounds(self._links, rows, np.full(self._links, -INFINITY), capacity)
        self._model.changeColBounds(self._total, least, most)
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


class BendersCuts:
    """Separates Benders cuts; a `Separator` for a solver's tree.

    Parameters
    ----------
    t
        The problem.
    parts
        The commodity of each pair.
    is_normal
        True: the flow is fixed to y_k, and the cut is a dual ray of the infeasible problem, as the solver
        gives it. False: the flow is maximised; the dual then has the row `alpha - time = 1`, so that the cut
        reads `y <= sum sigma x` and is the most violated one of this form (normalised).
    stop
        Called before each pair; True ends the separation.
    """

    def __init__(self, t: Tables, parts: Sequence[Commodity], *, is_normal: bool, stop: Stop) -> None:
        self._t, self._parts, self._is_normal, self._stop = t, parts, is_normal, stop
        self._flows: dict[int, FlowProgram] = {}

    def __call__(self, x: Floats, y: Floats, *, integer: bool) -> Rows:  # noqa: ARG002 - as the protocol asks
        """Return the violated cuts, at most one per pair; the same at fractional and integer points.

        Parameters
        ----------
        x, y
            float64 [J] and [K], the point.
        integer
            Not used.

        Notes
        -----
        Pairs that the candidates with x = 1 cover alone have no violated cut, and are skipped.
        """
        is_certain = covered_pairs(self._t, np.append(x >= 1.0 - LEAST_VIOLATION, True))
        found: list[tuple[tuple[int], Integers, Floats]] = []
        for k in np.flatnonzero((y > LEAST_VIOLATION) & ~is_certain).tolist():
            if self._stop():
                break
            cut = self._cut(k, x, float(y[k]))
            if cut is not None and cut[1] @ x[cut[0]] < y[k] - LEAST_VIOLATION:
                found.append(((k,), *cut))
        return rows_of(found)

    def _cut(self, k: int, x: Floats, y: float) -> tuple[Integers, Floats] | None:
        part = self._parts[k]
        if k not in self._flows:
            self._flows[k] = FlowProgram(part)
        flow, capacity = self._flows[k], x[part.candidate]
        if self._is_normal:
            prices = flow.ray(capacity, y)
        else:
            amount, prices = flow.most(capacity, y) or (y, None)
            prices = None if amount >= y - LEAST_VIOLATION else prices
        return None if prices is None else benders_cut(part, prices)


def prove(t: Tables, incumbent: MaskIncumbent, task: Task) -> tuple[str, str]:
    """Solve a problem by branch-and-Benders-cut; the variants `benders` and `benders-normal`.

    Parameters
    ----------
    t, task
        The reduced problem as arrays, and the problem with its solve parameters.
    incumbent
        Receives plans, bounds and counts.

    Returns
    -------
    tuple
        Why the solve ended, and the solver with its version.
    """
    from optimiser.engine.backends.scip_tree import search_tree, version

    start_plans(t, incumbent, seed=task.seed)
    if incumbent.stop():
        return "time", ""
    parts = commodities(task.problem)
    separator = BendersCuts(t, parts, is_normal=task.variant == "benders-normal", stop=incumbent.stop)
    rows, improve = cut_set_rows(parts), TreeHeuristics(t, incumbent)
    return search_tree(t, task, incumbent, separator, rows=rows, improve=improve).reason, version()
