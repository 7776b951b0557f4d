"""Solve problems by the path formulation: column generation, then an integer model over listed columns.

f stays continuous: with x integer, `f_p > 0` needs all of p built. Pricing: for each pair the cheapest paths
within its limit, at the duals of its rows on x, that cost less than the dual of its cover row, at most three
a round; a label search over time and price finds them (`search/labels.py`), and a path pays a candidate once.
The bound of a round is the optimum over the columns so far, corrected by the reduced cost of the best missing
column of each pair (Lagrangean bound: Desrosiers and Lübbecke, "A primer in column generation", 2005, section
2.1), once a pair: it uses one unit of columns at most. In the integer phase a pair has all paths by which a
better plan can cover it, found by their reduced costs (as routes in Baldacci, Christofides and Mingozzi
2008), or, where they are many, time cuts, and the Benders cut of the last duals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from optimiser.engine.backends.highs import INFINITY, MOST_NODES, MasterHighs, reset_threads
from optimiser.engine.backends.interfaces import MasterSolution, Point
from optimiser.engine.backends.solvers import label
from optimiser.engine.methods.cuts.time_cuts import separate
from optimiser.engine.methods.heuristics.lns import Rounding, start_plans
from optimiser.engine.presolve.pairs import Column, Effort, list_columns
from optimiser.engine.search.incumbent import MaskIncumbent
from optimiser.engine.search.labels import PathFinder
from optimiser.engine.search.paths import Floats, Integers, Mask, starts
from optimiser.engine.search.rows import rows_of
from optimiser.engine.search.scoring import covered_pairs, objective_unit
from optimiser.engine.search.tables import Tables
from optimiser.engine.search.task import Task
from optimiser.problem import DesignProblem, result

NOISE = 1e-9
"""Share of the dual of a pair that is spread over the prices of its candidates, so that columns use few.

Lines are excepted: the label search keeps track of lines already paid for, which weakens dominance.
"""

COLUMNS_A_ROUND = 3
"""Most columns that a pair gets in a round."""

ROUNDS_PER_PLAN = 5
"""Number of rounds after which the relaxation is rounded to a plan again."""

NEAR_ZERO = 1e-6
"""Values up to this count as 0."""

FIRST_NODES = 2000
"""Node limit of the first integer round where some pairs are modelled by cuts; it doubles each round."""


@dataclass(frozen=True, slots=True)
class RelaxedPaths:
    """Optimal solution of the linear relaxation over the columns found so far.

    Attributes
    ----------
    objective
        Objective of the problem, unscaled.
    x
        float64 [J], values of the candidates.
    pair_dual
        float64 [K] >= 0, duals of the cover rows: the value of one more unit of columns of each pair.
    use_dual
        float64 >= 0, aligned with `Tables.use`: duals of the use rows, 0 where the row does not exist yet.
    reduced_costs
        float64 [J], reduced costs of x.
    """

    objective: float
    x: Floats
    pair_dual: Floats
    use_dual: Floats
    reduced_costs: Floats


class PathMaster(MasterHighs):
    """The path formulation over a subset of its columns.

    Parameters
    ----------
    problem, t
        A reduced problem, and its arrays.
    by_columns
        bool [K], pairs that need a column to be covered; the coverage of the others is limited by cuts alone.
    **settings
        As for `backends.highs.to_highs`.

    Notes
    -----
    x, y, budget and side rows are those of `models.cuts_master`. Added to it are a variable `f_p >= 0` for
    each column p, and two families of rows:

    * `cover_k: sum_{p of k} f_p - y_k >= 0`, with 1 in the place of `y_k` where every pair must be covered;
    * `use_kj: x_j - sum_{p of k using j} f_p >= 0`, for each pair k and candidate j that a column of k uses.

    f may stay continuous: with x integer, `f_p > 0` needs all of p built. The objective is divided by the
    greatest common divisor of its numbers, so that an absolute gap below one closes the proof.
    """

    def __init__(self, problem: DesignProblem, t: Tables, *, by_columns: Mask, **settings: Any) -> None:  # noqa: ANN401
        reset_threads()  # an earlier task of the process may have had another number
        super().__init__(problem, **settings)
        self._t = t
        self._known = set[tuple[int, bytes]]()
        self._cover = self._row_count()
        self._use_row = np.full(len(t.use), -1, dtype=np.int64)
        # The cover row of each pair; it is free for a pair that needs no column.
        count = len(t.limit)
        if self._y is None:
            least, start, index = np.ones(count), np.zeros(count, np.int64), np.zeros(0, np.int64)
        else:
            least, start, index = np.zeros(count), np.arange(count), self._y
        self.add_rows(np.where(by_columns, least, -INFINITY), start, index, np.full(len(index), -1.0))

    def add_columns(self, columns: Sequence[Column]) -> int:
        """Add those columns that are new, with the use rows that they need; return their number."""
        found = {key: one for one in columns if (key := (one[0], one[1].tobytes())) not in self._known}
        if not found:
            return 0
        self._known |= found.keys()
        pairs, counts = np.array([k for k, _ in found.values()]), [len(row) for _, row in found.values()]
        # `Tables.use` rises within each pair.
        t, candidate = self._t, np.concatenate([row for _, row in found.values()])
        owner = np.repeat(np.arange(len(t.limit)), np.diff(t.use_start))
        position = np.searchsorted(owner * t.size + t.use, np.repeat(pairs, counts) * t.size + candidate)
        new = np.unique(position[self._use_row[position] < 0])
        self._use_row[new] = self._row_count() + np.arange(len(new))
        self.add_rows(np.zeros(len(new)), np.arange(len(new)), self._x[t.use[new]], np.ones(len(new)))
        before = starts(counts)[:-1]
        index = np.insert(self._use_row[position], before, pairs + self._cover)
        value = np.insert(np.full(len(position), -1.0), before, 1.0)
        self._add_paths(0.0, before + np.arange(len(found)), index, value)
        return len(found)

    def _add_paths(self, objective: float, start: Integers, index: Integers, value: Floats) -> None:
        """Add columns >= 0 with a common objective coefficient; `index` and `value` are their row entries."""
        count = len(start)
        self._model.addCols(
            count,
            np.full(count, objective),
            np.zeros(count),
            np.full(count, INFINITY),
            len(index),
            start.astype(np.int32),
            index.astype(np.int32),
            value,
        )

    def add_penalty_columns(self, penalty: float) -> None:
        """Add a column for each pair that covers it at a penalty, so that the relaxation is feasible."""
        pairs = np.arange(len(self._t.limit))
        self._add_paths(
            -self._sense * penalty / self.divisor, pairs, self._cover + pairs, np.ones(len(pairs))
        )

    def fix(self, *, closed: Mask, free: Mask) -> None:
        """Fix candidates at 0 (`closed`) and at 1 (`free`); bool [J] each."""
        self.change_bounds(self._x, free.astype(np.float64), (~closed).astype(np.float64))

    def relax(self, *, seconds: float) -> RelaxedPaths | None:
        """Return the optimum of the relaxation; None when it is infeasible or the time is up."""
        solution, unit = self.solve_relaxation(seconds=seconds), self._sense * self.divisor
        if solution.status != "optimal":
            return None
        duals = -unit * np.array(self._model.getSolution().row_dual)
        pair_dual = duals[self._cover : self._cover + self._pairs]
        use_dual = np.where(self._use_row >= 0, duals[self._use_row], 0.0)
        count = len(self._x)
        return RelaxedPaths(
            unit * solution.objective,
            solution.decisions[:count],
            np.maximum(pair_dual, 0.0),
            np.maximum(use_dual, 0.0),
            unit * solution.reduced_costs[:count],
        )

    def solve(self, start: Mask | None, *, gap: float, seconds: float, nodes: int) -> MasterSolution[Point]:
        """Solve the integer model over the current columns; its point has the plan and what it claims.

        Parameters
        ----------
        start
            bool [J + 1], a plan to start from; None: no start.
        gap
            Relative gap at which to stop.
        seconds, nodes
            Limits of time and nodes.
        """
        values = None if start is None else (self._x, start[:-1].astype(np.float64))
        found = self.solve_integer(seconds=seconds, gap=gap, nodes=nodes, start=values)
        return found.converted(self.divisor, self._point)


def first_columns(t: Tables, plan: Mask | None) -> list[Column]:
    """Return initial columns: the cheapest path of each pair, and its cheapest path within a plan.

    Parameters
    ----------
    t
        The problem.
    plan
        bool [J + 1]; None without a plan.
    """
    finder, cost = PathFinder(t), np.append(t.cost, 0).astype(np.float64)
    return [
        (k, path)
        for price in ([cost] if plan is None else [cost, np.where(plan, cost, np.inf)])
        for k in range(len(t.limit))
        for path in finder.cheapest(k, price, np.inf)
    ]


def price_columns(
    t: Tables, pair_dual: Floats, use_dual: Floats, finder: PathFinder, *, least: float = 1e-8
) -> tuple[list[Column], Floats]:
    """Return for each pair the cheapest paths whose price is below the dual of the pair.

    Parameters
    ----------
    t
        The problem.
    pair_dual
        float64 [K], duals of the cover rows.
    use_dual
        float64, aligned with `t.use`: prices of the candidates of each pair.
    finder
        Path search; it is set to the number of columns that a pair may get.
    least
        Least excess of a column, relative to the largest dual of a pair.

    Returns
    -------
    tuple
        Columns of negative reduced cost, the best one of each pair first; and float64 [K] >= 0, upper bounds
        on the dual of each pair minus the price of its cheapest path (the excess).

    Notes
    -----
    The search is exact up to `least` and `NOISE`; `excess` accounts for both, so that the Lagrangean bound
    computed from it is valid.
    """
    margin = least * max(1.0, float(pair_dual.max(initial=0.0)))
    excess = np.where(pair_dual <= margin, np.maximum(pair_dual, 0.0), margin + NOISE * pair_dual)
    price, columns = np.zeros(t.size + 1), list[Column]()
    for k in np.flatnonzero(pair_dual > margin).tolist():
        entries = slice(t.use_start[k], t.use_start[k + 1])
        use = t.use[entries]
        price[use] = use_dual[entries] + np.where(
            finder.is_line(use), 0.0, NOISE * pair_dual[k] / max(1, len(use))
        )
        paths = finder.cheapest(k, price, pair_dual[k] - margin)
        if paths:
            excess[k] += pair_dual[k] - margin - price[paths[0]].sum()
        columns += [(k, path) for path in paths]
    return columns, excess


@dataclass(frozen=True, slots=True)
class Root:
    """The relaxation at the end of column generation.

    Attributes
    ----------
    relaxed
        Optimal solution over the columns found.
    bound
        Lagrangean bound on the objective at the duals of `relaxed`.
    cheapest
        float64 [K], lower bound on the price of the cheapest path of each pair at these duals, capped at the
        dual of the pair.
    """

    relaxed: RelaxedPaths
    bound: float
    cheapest: Floats


def tightened(t: Tables, bound: float) -> float:
    """Return a proven bound, rounded to the nearest multiple of the objective's unit that it allows."""
    return float(result.rounded_bound(bound, minimise=t.budget < 0, unit=objective_unit(t)))


def generate(t: Tables, master: PathMaster, incumbent: MaskIncumbent) -> Root | None:
    """Solve the relaxation by column generation; bounds and plans go to the incumbent.

    Parameters
    ----------
    t
        The problem.
    master
        A master problem whose relaxation is feasible.
    incumbent
        Receives bounds and plans, and knows the time left.

    Returns
    -------
    Root or None
        The best bound and the relaxation that gave it; None when the time was up before the first bound.

    Notes
    -----
    Dantzig-Wolfe column generation; the bound of each round is the Lagrangean bound. The correction counts
    each pair once: a pair uses at most one unit of columns, for more can be scaled down.
    """
    finder, round_to_plans = PathFinder(t, paths=COLUMNS_A_ROUND), Rounding(t, incumbent)
    best: Root | None = None
    round_number = 0
    while not incumbent.stop():
        relaxed = master.relax(seconds=incumbent.left())
        if relaxed is None:
            break
        columns, excess = price_columns(t, relaxed.pair_dual, relaxed.use_dual, finder)
        added, total = master.add_columns(columns), float(excess.sum())
        bound = relaxed.objective - total if t.budget < 0 else relaxed.objective + total
        if best is None or not added or ((bound > best.bound) == (t.budget < 0)):
            best = Root(relaxed, bound, relaxed.pair_dual - excess)
        incumbent.bound(tightened(t, bound), "columns")
        if round_number % ROUNDS_PER_PLAN == 0 or not added:
            round_to_plans(relaxed.x)
        if not added or incumbent.closed(0.0):
            break
        round_number += 1
    return best


def narrow(t: Tables, root: Root, value: int | None) -> tuple[Mask, Mask, Floats]:
    """Fix candidates and limit the prices of paths by the bound of the root.

    Parameters
    ----------
    t
        The problem.
    root
        The relaxation.
    value
        Objective of the best known plan; None: nothing is excluded.

    Returns
    -------
    tuple
        What holds for every plan that is better than the known one: bool [J] each, candidates that it does
        not build, and those that it builds; and float64 [K]: it covers a pair by a path whose price at the
        duals of the root is below this.

    Notes
    -----
    By Lagrangean duality, the objective of a plan is at most the bound of the root minus the reduced costs of
    all decisions in which it differs from the relaxation. Let `slack` be the distance between the bound and
    the least improvement of the best plan. Then a candidate whose reduced cost exceeds `slack` keeps its
    value, and each pair is covered by a path whose price is at most `slack` above `root.cheapest` (as in
    Baldacci, Christofides and Mingozzi 2008 for routes). A tolerance on `slack` allows for rounding.
    """
    if value is None:
        return np.zeros(t.size, np.bool_), np.zeros(t.size, np.bool_), np.full(len(t.limit), np.inf)
    sign = 1.0 if t.budget < 0 else -1.0
    slack = sign * (value - root.bound) - objective_unit(t)
    slack += 1e-6 * max(1.0, abs(value))
    slope = sign * root.relaxed.reduced_costs
    return slope > slack, -slope > slack, root.cheapest + slack


EFFORT = Effort(sets=200, labels=5_000)
"""Pairs with more columns than this are modelled by cuts in the integer phase."""


def prove(t: Tables, incumbent: MaskIncumbent, task: Task) -> tuple[str, str]:
    """Solve a problem by the path formulation; the variant `paths`.

    Parameters
    ----------
    t, task
        The reduced problem as arrays, and the problem with its solve parameters.
    incumbent
        Receives plans and bounds, and knows the time left.

    Returns
    -------
    tuple
        Why the solve ended (`proof`, `gap`, `time`, `infeasible`, or `stalled` when numerical tolerances keep
        the gap open), and the solver with its version.

    Notes
    -----
    The method is exact. In the integer model, a pair has either all paths by which a better plan can cover it
    (`narrow`, `list_columns`), or cuts, which are added whenever the model claims a pair that its plan does
    not cover.
    """
    start_plans(t, incumbent, seed=task.seed)
    if incumbent.stop():
        return "time", ""
    build = partial(PathMaster, task.problem, t, **task.settings_of("highs") | {"log": False})
    master = build(by_columns=np.ones(len(t.limit), np.bool_))
    master.add_columns(first_columns(t, incumbent.best))
    if incumbent.best is None:  # columns that cost more than any difference of objectives
        largest = t.cost.sum() if t.budget < 0 else t.weight.sum() + t.side.city_weight.sum()
        master.add_penalty_columns(float(largest) + 1.0)
    root = generate(t, master, incumbent)
    if incumbent.closed(task.gap):
        return incumbent.ending(task.gap), label()
    if root is None or incumbent.stop():
        return "time", label()
    closed, free, most = narrow(t, root, incumbent.objective)
    prices = np.where(closed[t.use], np.inf, root.relaxed.use_dual)
    columns, complete = list_columns(t, prices, most, free, EFFORT, stop=incumbent.stop)
    master = build(by_columns=complete)
    master.add_columns(columns)
    master.fix(closed=closed, free=free)
    _add_benders_cuts(t, master, root, complete)
    return _integer_rounds(t, master, incumbent, gap=task.gap, complete=complete), label()


def _add_benders_cuts(t: Tables, master: PathMaster, root: Root, complete: Mask) -> None:
    """Add, for each pair modelled by cuts, the Benders cut of the duals of the root.

    At these duals, every path of pair k within its limit costs at least `root.cheapest_k`, so that
    `sum_j price_kj x_j >= cheapest_k y_k`. Together these cuts reproduce the bound of the root.
    """
    rows = []
    for k in np.flatnonzero(~complete & (root.cheapest > NEAR_ZERO)).tolist():
        own = slice(t.use_start[k], t.use_start[k + 1])
        use, price = t.use[own], root.relaxed.use_dual[own]
        value = np.minimum(price[price > 0.0] / (root.cheapest[k] * (1.0 - 1e-9)), 1.0)
        rows.append(((k,), use[price > 0.0], value))
    master.add(rows_of(rows))


def _integer_rounds(
    t: Tables, master: PathMaster, incumbent: MaskIncumbent, *, gap: float, complete: Mask
) -> str:
    most = int(min(MOST_NODES, incumbent.most_nodes))
    nodes, master_gap = (most if complete.all() else FIRST_NODES), gap
    round_to_plans, ties = Rounding(t, incumbent), np.arange(t.size) / t.size
    while not incumbent.is_spent():
        outcome = master.solve(incumbent.best, gap=master_gap, seconds=incumbent.left(), nodes=nodes)
        incumbent.count("integer", nodes=outcome.nodes)
        if outcome.infeasible and incumbent.best is None:
            return "infeasible"
        false_claims = np.zeros(0, np.int64)  # pairs that the plan does not cover, as the model claims
        for point in outcome.points:
            plan = np.append(point.x > 0.5, True)
            x = plan[:-1].astype(np.float64)
            claimed = (point.y > NEAR_ZERO) & ~complete
            false_claims = np.flatnonzero(claimed & ~covered_pairs(t, plan)).astype(np.int64)
            incumbent.plan(plan, "integer")
            round_to_plans(x)
            # Minimal time cuts of these pairs, for two orders of the candidates.
            for tie in (ties, 1.0 - ties) if len(false_claims) else ():
                master.add(separate(t, false_claims, x, point.y, -x + 0.4 * tie))
        # The model excludes plans no better than the best known one: that is at best its bound.
        known = incumbent.objective
        proved = known if outcome.infeasible else outcome.bound
        if proved is not None:
            bounds = (proved, proved if known is None else known)
            incumbent.bound(tightened(t, min(bounds) if t.budget < 0 else max(bounds)), "integer")
        if incumbent.closed(gap):
            return incumbent.ending(gap)
        if not len(false_claims) and (outcome.complete or outcome.infeasible):
            if master_gap == 0.0:
                return "stalled"
            master_gap = 0.0
        nodes = min(2 * nodes, most)
    return incumbent.ending(gap)
