"""Prove a bound by a tree whose leaves carry exact multipliers of rows that hold for every plan.

The relaxation is that of `models.extended` with time cuts, partition inequalities and ring rows. HiGHS solves
it in floating point. At each leaf its duals, rounded to multiples of 2^-`BITS`, prove a bound in integers by
weak duality, whatever HiGHS did: a wrong dual makes the bound weaker, never wrong (Neumaier and Shcherbina,
"Safe bounds in linear and mixed-integer linear programming", Mathematical Programming 2004; for certificates
with a tree: Cheung, Gleixner and Steffy, "Verifying integer programming results", IPCO 2017). All rows are
those of the original problem, without presolve. `verify.bound_checker` evaluates the tree independently.
"""

import heapq
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from optimiser.engine.backends.highs import ExtendedHighs
from optimiser.engine.backends.interfaces import LpSolution, fractional
from optimiser.engine.backends.solvers import BUNDLED
from optimiser.engine.methods.branching.tree import Node, Pseudocosts, branch, branch_on_integers
from optimiser.engine.methods.cuts.partitions import PartitionCuts, forest_size, part_graph
from optimiser.engine.methods.cuts.relaxation import CutFamily, stalls
from optimiser.engine.methods.rings import PointReader, StateCuts, extended_incumbent
from optimiser.engine.models.decisions import power_of, pulp, state_whole
from optimiser.engine.models.extended import ExtendedModel, build_extended
from optimiser.engine.models.rings import ProvedRow
from optimiser.engine.presolve.magnitudes import bounded
from optimiser.engine.search.incumbent import Send
from optimiser.engine.search.paths import Integers
from optimiser.engine.search.rows import PRICE_UNIT, Floats, Rows
from optimiser.engine.search.tables import Reach, Tables
from optimiser.engine.search.task import STUDY_SHARE, Task, most_nodes
from optimiser.problem import DesignProblem

BITS = 40
"""Multipliers are multiples of 2^-`BITS`: with costs of 10^6, roundings stay far below an objective of 1."""

ROOT_ROUNDS, NODE_ROUNDS = 200, 4
"""Most rounds of cuts at the root, and at another node."""

FIRST_ROUNDS, FIRST_WEIGHT, LATER_WEIGHT = 3, 0.3, 0.2
"""In-out weight of the cuts of the first rounds of the root, and of later ones; 0 where these find none."""

NODE_PROGRESS = 1e-5
"""Relative progress of a round below which a node is branched on."""

CLEAN_EVERY = 4
"""Rounds of the root after which rows that do not bind are removed from the program."""

MOST_NODES = 20_000
"""Most nodes of a tree: a leaf takes 4 to 8 kB of the certificate."""

REPORT_S = 0.5
"""Least seconds between two reports."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """What multipliers prove within the bounds of a node.

    Attributes
    ----------
    multipliers
        By number of the row, in units of 2^-`CertifyingHighs.bits`.
    weight
        Multiplier of the objective, 1; 0 where the multipliers show that the node holds no plan.
    bound
        Largest scaled objective of a plan in the node; None: it holds none.
    """

    multipliers: dict[int, int]
    weight: int
    bound: int | None

    def proves(self, target: float) -> bool:
        """Return whether no plan in the node is better than a target."""
        return self.bound is None or self.bound <= target


@dataclass(slots=True)
class _TreeNode:
    """A node of the tree; without children, its leaf counts."""

    node: Node
    leaf: Leaf
    column: int = -1
    children: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class BoundProof:
    """A proof of a bound.

    Attributes
    ----------
    bound
        Bound on the objective of every plan; None: there is no plan.
    is_complete
        Whether the bound that was asked for is proved.
    nodes
        Number of nodes of the tree.
    document
        The proof as a JSON object: `bound`, `denominator_bits`, `rows` (each with its evidence) and `tree` (a
        list of nodes: a variable with the positions of both children, or a leaf with its multipliers).
    """

    bound: int | None
    is_complete: bool
    nodes: int
    document: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class CertifiedRow:
    """A row `sum of coefficient * variable <= right`, with what tells a checker why it holds.

    Attributes
    ----------
    evidence
        JSON object of the certificate.
    columns, coefficients
        int64 and Python integers, the terms.
    right
        Right side.
    unit
        Common denominator of the coefficients and the right side.
    is_equation
        Whether both sides are equal, so that the multiplier may have either sign.
    """

    evidence: dict[str, Any]
    columns: Sequence[int]
    coefficients: Sequence[int]
    right: int
    unit: int = 1
    is_equation: bool = False


class CertifyingHighs(ExtendedHighs):
    """The live relaxation of a model, with rings, periods or neither, whose rows carry their evidence.

    Parameters
    ----------
    model
        The model, without flows.
    seed
        Random seed of HiGHS.

    Attributes
    ----------
    rows
        All rows so far, those since removed too; a row is known by its number here.
    decisions
        int64 [N], the integer columns, on which a search may branch.
    lower_bounds, upper_bounds
        float64, bounds of all columns in the model.
    gain
        Coefficients of the scaled objective, which is maximised.
    values
        float64, values of all columns at the last solution.
    partitions
        Returns the parts and the coefficients of a partition inequality on the original network, or None
        where it does not hold there (`PartitionRows`).
    bits, power
        Multipliers are multiples of 2^-`bits`; HiGHS has the objective divided by 2^`power`.
    open_columns
        For the column of each pair, those of the candidates that are open in its state.

    Notes
    -----
    The objective is always maximised; HiGHS minimises its negative. It uses one thread and no presolve,
    so that duals and rays are those of the rows as they stand.
    """

    def __init__(self, model: ExtendedModel, *, seed: int) -> None:
        super().__init__(model, threads=1, seed=seed)
        self._relax()
        self._model.setOptionValue("presolve", "off")
        self._model.setOptionValue("solver", "simplex")
        lp = self._model.getLp()
        self.gain = [-round(value) for value in lp.col_cost_]
        self.rows: list[CertifiedRow] = []
        # For each row of the program, its number; its sign, -1 where HiGHS has the negative of the row; and
        # the power of 2 by which HiGHS has it divided.
        self._live: list[tuple[int, int, int]] = []
        powers = state_whole(model.lp)  # HiGHS has the rows as they were
        for row, power in zip(model.lp.constraints(), powers, strict=True):
            certified = self._certified({"model": row.name}, row)
            self._record(certified, -1 if row.sense == pulp.LpConstraintGE else 1, power)
        self.bits = BITS + max(powers, default=0)
        matrix = self._matrix()
        self._signed = matrix.maximum(0.0), matrix.minimum(0.0)
        self._least, self._most = np.array(lp.row_lower_), np.array(lp.row_upper_)
        self.power, columns = power_of(self.gain), np.arange(len(self.gain), dtype=np.int32)
        costs = np.ldexp(np.array(lp.col_cost_), -self.power)
        self._model.changeColsCost(len(columns), columns, costs)
        self._decide(self._integers.astype(np.int64))
        self.lower_bounds, self.upper_bounds = np.array(lp.col_lower_), np.array(lp.col_upper_)
        self.partitions: Callable[[Integers], tuple[list[int], dict[int, int]] | None] = lambda _pairs: None
        self.open_columns = {
            self._column[y.name]: [self._column[x.name] for x in state.x]
            for state in model.states
            for y in state.y
        }

    def _certified(
        self, evidence: dict[str, Any], row: pulp.LpAffineExpression | pulp.LpConstraint
    ) -> CertifiedRow:
        """Return a row of PuLP as one with a right side above."""
        sign = -1 if row.sense == pulp.LpConstraintGE else 1
        terms = {self._column[v.name]: sign * round(factor) for v, factor in row.items()}
        is_equation, right = row.sense == pulp.LpConstraintEQ, -sign * round(row.constant)
        return CertifiedRow(evidence, [*terms], [*terms.values()], right, is_equation=is_equation)

    def _record(self, row: CertifiedRow, sign: int, power: int = 0) -> None:
        self._live.append((len(self.rows), sign, power))
        self.rows.append(row)

    def _objective(self) -> float:
        return math.ldexp(super()._objective(), self.power)

    def add_cuts(self, rows: Rows, x: Integers, y: Integers | None) -> None:
        """Add time cuts, and partition inequalities that hold on the original network."""
        if y is None:
            raise ValueError(y)
        found = []
        for i, count in enumerate(rows.pair_counts.tolist()):
            inside, pairs = slice(rows.start[i], rows.start[i + 1]), rows.pairs_of(i)
            claims = y[pairs].tolist()
            names = [self.names[k] for k in claims]
            if count == 1:
                columns, value = x[rows.candidate[inside]].tolist(), rows.value[inside]
                unit = 1 if bool((value == 1.0).all()) else int(PRICE_UNIT)
                prices = [round(v * unit) for v in value.tolist()]
                opens = {self.names[j]: price for j, price in zip(columns, prices, strict=True)}
                evidence = {"time": names[0], "unit": unit, "prices": opens}
                factors = [unit, *(-price for price in prices)]
                found.append(CertifiedRow(evidence, [*claims, *columns], factors, 0, unit))
            elif (partition := self.partitions(pairs)) is not None:
                parts, merges = partition
                # The variables of the candidates in the state to which these pairs belong.
                columns = [self.open_columns[claims[0]][j] for j in merges]
                factors = [*(1 for _ in claims), *(-m for m in merges.values())]
                evidence = {"partition": names, "parts": parts}
                found.append(CertifiedRow(evidence, [*claims, *columns], factors, 0))
        self._add(found)

    def unmet_row(self, low: Floats, high: Floats) -> int | None:
        """Return a row of the model that no point within some bounds meets; None without one.

        HiGHS may overlook it: it goes beyond a bound by up to 1e-7, which costs of 10^7 make a whole unit.

        Parameters
        ----------
        low, high
            float64, bounds of all columns.
        """
        positive, negative = self._signed
        least, most = positive @ low + negative @ high, positive @ high + negative @ low
        unmet = np.flatnonzero((least > self._most) | (most < self._least))
        return int(unmet[0]) if len(unmet) else None

    def add_proved(self, rows: Sequence[ProvedRow]) -> None:
        """Add rows of rings, each with its evidence."""
        self._add([self._certified(evidence, row) for evidence, row in rows])

    def _add(self, rows: Sequence[CertifiedRow]) -> None:
        """Add rows to the program, in which every added row has a least value."""
        super().add_rows(
            np.array([-row.right / row.unit for row in rows]),
            np.cumsum([0, *(len(row.columns) for row in rows)])[:-1],
            np.array([i for row in rows for i in row.columns], np.int64),
            np.array([-c / row.unit for row in rows for c in row.coefficients]),
        )
        for row in rows:
            self._record(row, -1)

    def drop_slack_rows(self) -> int:
        """Remove added rows that do not bind at the last point, and return the number of added rows left."""
        removed = set(self._slack_rows().tolist())
        left = super().drop_slack_rows()
        self._live = [row for i, row in enumerate(self._live) if i not in removed]
        return left

    def duals(self) -> tuple[dict[int, int], int]:
        """Return the multipliers of the last solve: duals of its optimum, or a ray where it has no point.

        They are by number of the row, in units of 2^-`bits`, at least 0 but for equations; that of the
        objective is 1, or 0 for a ray, which shows that no point exists.
        """
        weight = 1
        if self._status() == "optimal":
            values = np.array(self._model.getSolution().row_dual)
        else:
            weight = 0
            _status, has_ray, *rest = self._model.getDualRay()
            values = np.array(rest[0]) if has_ray and rest else np.zeros(0)
        found = {}
        for at in np.flatnonzero(values).tolist():
            number, sign, power = self._live[at]
            multiplier = -sign * round(math.ldexp(float(values[at]), self.bits + self.power - power))
            if multiplier > 0 or (multiplier and self.rows[number].is_equation):
                found[number] = multiplier
        return found, weight


def prove_bound(
    problem: DesignProblem,
    target: int | None,
    *,
    seed: int,
    left: Callable[[], float],
    progress: Callable[[int | None, int], None] = lambda _bound, _nodes: None,
    send: Send = lambda _message: None,
) -> BoundProof:
    """Prove a bound, or as much of it as the time allows.

    Parameters
    ----------
    problem
        Any problem.
    target
        Bound on the objective to be proved; None: that there is no plan.
    seed
        Random seed.
    left
        Returns the seconds left.
    progress
        Called with the bound proved so far and the number of nodes.
    send
        Takes messages about plans that are better than the target, which each then becomes.
    """
    return _Prover(problem, target, seed, left, progress, send).prove()


class _Prover:
    def __init__(
        self,
        problem: DesignProblem,
        target: int | None,
        seed: int,
        left: Callable[[], float],
        progress: Callable[[int | None, int], None],
        send: Send,
    ) -> None:
        self.problem, self.seed, self.left, self.progress = problem, seed, left, progress
        self._model = model = build_extended(bounded(problem), flows=False, all_links=True)
        self._lp = CertifyingHighs(model, seed=seed)
        self._sign = -1 if problem.budget is None else 1
        # Scaled objectives are integers: what lies between two of them is as good as the lower one.
        self._target = -math.inf
        if target is not None:
            self._target = self._sign * target // model.scale
        task = Task(problem, "cuts", max(0.0, left()), 0.0, 1, seed, BUNDLED)
        self._reader = PointReader(task, model, extended_incumbent(task, unit=model.scale, send=send))
        self._reported_s = -math.inf
        self._nodes: list[_TreeNode] = []

    def prove(self) -> BoundProof:
        """Search the tree, largest proved bound first, until the target is proved or the time is over.

        Invariant: the leaf of each node without children proves its bound for all plans within the node; at
        first with the multipliers of its parent.
        """
        lp = self._lp
        root = Node(math.inf, lp.lower_bounds[lp.decisions], lp.upper_bounds[lp.decisions])
        self._nodes = [_TreeNode(root, self._evaluated({}, 1, root))]
        if self.left() > 0:
            self._cuts = StateCuts(
                self.problem, self._model, self._lp, seed=self.seed, left=self.left, families=self._families
            )
        heap, known = [(-math.inf, -math.inf, 0)], Pseudocosts.none(len(lp.decisions))
        most = min(MOST_NODES, most_nodes(self.problem, STUDY_SHARE))
        while heap and self.left() > 0 and len(self._nodes) < most:
            at = heapq.heappop(heap)[2]
            solution = None if self._nodes[at].leaf.proves(self._target) else self._solve(at)
            self._report()
            if solution is None or self._settles(self._nodes[at]):
                continue
            observed = Pseudocosts.none(len(lp.decisions))
            children = self._children(self._nodes[at].node, solution, known, observed)
            known = known.plus(observed)
            if not children or self.left() <= 0:
                break
            self._nodes[at].column = int(lp.decisions[children[0].decision])
            self._nodes[at].children = tuple(range(len(self._nodes), len(self._nodes) + len(children)))
            inherited = self._nodes[at].leaf
            for child in children:
                leaf = self._evaluated(inherited.multipliers, inherited.weight, child)
                if leaf.bound is not None and not leaf.proves(self._target):
                    heapq.heappush(heap, (-leaf.bound, -child.bound, len(self._nodes)))
                self._nodes.append(_TreeNode(child, leaf))
        return self._proof()

    def _families(self, net: DesignProblem, pairs: Sequence[int]) -> tuple[CutFamily]:
        """Return the family of partition inequalities, which is stated on the original network as well."""
        rows = PartitionRows(self.problem, net, pairs)
        self._lp.partitions = rows.row
        return (rows.family,)

    def _children(
        self, node: Node, solution: LpSolution, known: Pseudocosts, observed: Pseudocosts
    ) -> list[Node]:
        """Return the children of a node, value 0 first; none where every decision is fixed."""
        if len(fractional(solution.decisions)):
            # Without a cutoff, no child is dropped for what a probe says: only leaves prove anything.
            found = branch(self._lp, node, solution, cutoff=-math.inf, known=known, observed=observed)
            if len(found) == 2:
                return sorted(found, key=lambda child: child.side)
        return branch_on_integers(node, solution, len(node.lower))

    def _solve(self, at: int) -> LpSolution | None:
        """Tighten the relaxation of a node, and keep its best multipliers; None where they suffice."""
        lp, item = self._lp, self._nodes[at]
        lp.set_bounds(item.node.lower, item.node.upper)
        row = lp.unmet_row(*self._box(item.node))
        if row is not None and self._improves(item, {row: 1 << lp.bits}, 0):
            return None
        history: list[float] = []
        # Where HiGHS proves nothing exactly, branching goes on with any decision.
        last = LpSolution("limit", item.node.bound, np.full(len(lp.decisions), 0.5), _NONE, _NONE)
        for turn in range(ROOT_ROUNDS if at == 0 else NODE_ROUNDS):
            solution = lp.solve_lp(seconds=self.left())
            if self._closes(item, solution):
                return None
            if solution.status != "optimal":
                break
            last = solution
            history.append(solution.objective)
            if self.left() <= 0 or (at and stalls(history, NODE_PROGRESS, 1)):
                break
            if turn and turn % CLEAN_EVERY == 0:
                lp.drop_slack_rows()
            if not at:
                self._report()
            weight = FIRST_WEIGHT if not at and turn < FIRST_ROUNDS else LATER_WEIGHT
            if not self._cut(lp.values, weight) and not self._cut(lp.values, 0.0):
                break
        return last

    def _closes(self, item: _TreeNode, solution: LpSolution) -> bool:
        """Keep the multipliers of the last solve if they are better; return whether the target is proved."""
        known = item.leaf.bound
        is_better = known is None or solution.objective < known + 1.0
        if solution.status == "infeasible" or (solution.status == "optimal" and is_better):
            duals, weight = self._lp.duals()
            # Duals of large objectives are often integers of which the last digits got lost.
            one = self._lp.bits
            whole = {row: u + (1 << one - 1) >> one << one for row, u in duals.items()}
            for multipliers in (duals, whole) if self._lp.power else (duals,):
                self._improves(item, multipliers, weight)
        return item.leaf.proves(self._target)

    def _improves(self, item: _TreeNode, multipliers: dict[int, int], weight: int) -> bool:
        """Keep multipliers if they prove more of a node; return whether the target is proved there."""
        leaf, known = self._evaluated(multipliers, weight, item.node), item.leaf.bound
        if known is not None and leaf.proves(known - 1):
            item.leaf = leaf
        return item.leaf.proves(self._target)

    def _settles(self, item: _TreeNode) -> bool:
        """Prove a node whose decisions are fixed by the rows alone; return whether that suffices.

        Other columns are at 0 where a row leaves no more: `a v + rest <= b` with a > 0 and b at most the
        least of the rest. Multipliers of the objective alone, or of a row that no point then meets, are
        completed: each such column whose factor is left positive takes as much of its row, last one first, as
        brings it to 0 or below. HiGHS may miss what differs by less than its tolerances.
        """
        if (item.node.upper > item.node.lower).any():
            return item.leaf.proves(self._target)
        lp, box = self._lp, self._box(item.node)
        self._take(box[0])
        low, high = ([int(value) for value in side] for side in box)

        def least(row: CertifiedRow, sign: int = 1, but: int = -1) -> int:
            terms = zip(row.columns, row.coefficients, strict=True)
            return sum(sign * c * (low[v] if sign * c > 0 else high[v]) for v, c in terms if v != but)

        closed = list[tuple[int, int, int, int]]()  # column, its row, sign of the row, factor of the column
        before = -1
        while before != len(closed):
            before = len(closed)
            self._cuts.cut(np.array(high, np.float64))  # what is claimed and not covered by what may be open
            for number, row in enumerate(lp.rows):
                for sign in (1, -1) if row.is_equation else (1,):
                    for v, c in zip(row.columns, row.coefficients, strict=True):
                        if sign * c > 0 == low[v] < high[v] and sign * row.right <= least(row, sign, v):
                            closed.append((v, number, sign, sign * c))
                            high[v] = 0
        unmet = (i for i, row in enumerate(lp.rows) if least(row) > row.right)
        for base, weight in [({}, 1), *(({i: 1 << lp.bits}, 0) for i in unmet)]:
            multipliers = dict[int, int](base)
            for v, number, sign, factor in reversed(closed):
                left, _, scale = self._left(multipliers, weight)
                if left[v] > 0:  # in units of a multiplier: times the unit of its row, over those of all
                    share = -(-left[v] * lp.rows[number].unit // (factor * (scale >> lp.bits)))
                    multipliers[number] = multipliers.get(number, 0) + sign * share
            self._improves(item, multipliers, weight)
        return item.leaf.proves(self._target)

    def _cut(self, values: Floats, weight: float) -> int:
        """Add rows that a point violates; return their number."""
        added = self._cuts.cut(values, weight)
        if not len(fractional(values[self._lp.decisions])):
            rows = self._take(values)
            self._lp.add_proved(rows)
            added += len(rows)
        return added

    def _take(self, values: Floats) -> list[ProvedRow]:
        """Aim at the plan of an integer point if it is better; return ring rows that the point violates."""
        rows = self._reader.read(self._lp.by_name(np.round(values)), "proof")
        found = self._reader.incumbent.objective
        if found is not None:
            self._target = max(self._target, self._sign * found // self._model.scale)
        return [row for _, row in rows]

    def _evaluated(self, multipliers: dict[int, int], weight: int, node: Node) -> Leaf:
        """Return what multipliers prove within a node, in integers (`verify.bound_checker.leaf_bound`)."""
        left, total, scale = self._left(multipliers, weight)
        for value, least, most in zip(left, *(side.tolist() for side in self._box(node)), strict=True):
            if value:
                total += value * int(most if value > 0 else least)
        if weight:
            return Leaf(multipliers, 1, total // scale)
        return Leaf(multipliers, 0, None) if total < 0 else self._evaluated({}, 1, node)

    def _left(self, multipliers: dict[int, int], weight: int) -> tuple[list[int], int, int]:
        """Return d = c - u a, u b, and the scale of both."""
        lp = self._lp
        units = math.lcm(*(lp.rows[row].unit for row in multipliers))
        scale = units << lp.bits
        left, total = [weight * gain * scale for gain in lp.gain], 0
        for number, multiplier in multipliers.items():
            row = lp.rows[number]
            factor = multiplier * (units // row.unit)
            total += factor * row.right
            for column, coefficient in zip(row.columns, row.coefficients, strict=True):
                left[column] -= factor * coefficient
        return left, total, scale

    def _box(self, node: Node) -> tuple[Floats, Floats]:
        """Return the bounds of all columns within a node."""
        lp = self._lp
        low, high = lp.lower_bounds.copy(), lp.upper_bounds.copy()
        low[lp.decisions], high[lp.decisions] = node.lower, node.upper
        return low, high

    def _bound(self) -> int | None:
        leaves = (item.leaf.bound for item in self._nodes if not item.children)
        scaled = max((bound for bound in leaves if bound is not None), default=None)
        return None if scaled is None else self._sign * scaled * self._model.scale

    def _report(self) -> None:
        """Report the bound, but not more often than every `REPORT_S`: it takes a look at every node."""
        now = time.monotonic()
        if now - self._reported_s >= REPORT_S:
            self._reported_s = now
            self.progress(self._bound(), len(self._nodes))

    def _proof(self) -> BoundProof:
        leaves = [item.leaf for item in self._nodes if not item.children]
        used = sorted({row for leaf in leaves for row in leaf.multipliers})
        place = {row: i for i, row in enumerate(used)}
        tree: list[Any] = []
        for item in self._nodes:
            if item.children:
                tree.append([self._lp.names[item.column], *item.children])
            else:
                pairs = [[place[row], u] for row, u in sorted(item.leaf.multipliers.items())]
                tree.append({"objective": item.leaf.weight, "multipliers": pairs})
        bound = self._bound()
        self.progress(bound, len(self._nodes))
        document = {
            "bound": bound,
            "denominator_bits": self._lp.bits,
            "rows": [self._lp.rows[row].evidence for row in used],
            "tree": tree,
        }
        is_complete = all(leaf.proves(self._target) for leaf in leaves)
        return BoundProof(bound, is_complete, len(self._nodes), document)


_NONE = np.zeros(0)


class PartitionRows:
    """Separates partition inequalities of the reduced network, and proves them on the original one.

    Parameters
    ----------
    problem
        The original problem.
    net
        Its open pairs on the reduced network (`presolve.sequence.open_network`).
    pairs
        Positions of the pairs of `net` in the problem.

    Notes
    -----
    A row of the reduced network names parts of its nodes. Nodes that the reduction contracted join the part
    to which arcs lead that some pair of the row can use, and the coefficients are counted anew on the
    original network, as a checker counts them: the number of merges that the arcs of a candidate make.
    """

    def __init__(self, problem: DesignProblem, net: DesignProblem, pairs: Sequence[int]) -> None:
        self._problem, self._pairs = problem, pairs
        position = {name: i for i, name in enumerate(problem.nodes)}
        self._node = np.array([position[name] for name in net.nodes], np.int64)
        arcs = [
            *((*arc, -1) for arc in problem.arcs),
            *((*arc, j) for j, c in enumerate(problem.candidates) if c.fixed != "out" for arc in c.arcs),
        ]
        self._arcs = np.array(arcs, np.int64).reshape(-1, 4)
        self._parts: dict[bytes, Integers] = {}
        self._reach: Reach | None = None

    def family(self, t: Tables) -> Callable[[], PartitionCuts] | None:
        """Prepare the family, as `methods.cuts.partitions.partition_inequalities` does."""
        g = part_graph(t)
        return None if g is None else partial(PartitionCuts, g, self._keep)

    def _keep(self, pairs: Integers, part: Integers) -> None:
        self._parts[pairs.tobytes()] = part.copy()

    def row(self, pairs: Integers) -> tuple[list[int], dict[int, int]] | None:
        """Return the row of some pairs of the reduced network, as it holds on the original one.

        Returns
        -------
        tuple or None
            The part of each node, and the coefficients by position of the candidate. None where existing arcs
            join parts.
        """
        chosen = [self._pairs[k] for k in pairs.tolist()]
        reach = self._reach
        if reach is None:
            reach = self._reach = Reach.of(self._problem)
        used = self._arcs[reach.only(chosen).used(self._arcs)]
        parts = np.full(len(self._problem.nodes), -1, np.int64)
        parts[self._node] = self._parts[pairs.tobytes()]
        existing, built = used[used[:, 3] < 0], used[used[:, 3] >= 0]
        for arcs in (existing, built, existing):
            _spread(parts, arcs)
        left = np.flatnonzero(parts < 0)
        parts[left] = parts.max(initial=-1) + 1 + np.arange(len(left))
        if (parts[existing[:, 0]] != parts[existing[:, 1]]).any():
            return None
        one, other = parts[built[:, 0]], parts[built[:, 1]]
        opens = np.where(one != other, built[:, 3], -1)  # the candidate that opens a crossing arc
        return parts.tolist(), {
            j: forest_size(one[opens == j], other[opens == j]) for j in np.unique(opens[opens >= 0]).tolist()
        }


def _spread(parts: Integers, arcs: Integers) -> None:
    """Give nodes without a part that of a neighbour along the arcs, as long as there is one."""
    while True:
        tail, head = parts[arcs[:, 0]], parts[arcs[:, 1]]
        to_head, to_tail = (tail >= 0) & (head < 0), (head >= 0) & (tail < 0)
        if not (to_head.any() or to_tail.any()):
            return
        parts[arcs[to_head, 1]] = tail[to_head]
        parts[arcs[to_tail, 0]] = np.where(
            parts[arcs[to_tail, 0]] < 0, head[to_tail], parts[arcs[to_tail, 0]]
        )
