"""Solve problems with rings or periods by time cuts: first the relaxation, then an integer master."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np

from optimiser.engine.backends.highs import ExtendedHighs
from optimiser.engine.backends.interfaces import LpSolution, MasterSolution, unscaled
from optimiser.engine.backends.solvers import label
from optimiser.engine.methods.cuts.master_loop import IN_OUT_WEIGHT, prove_by_master
from optimiser.engine.methods.cuts.relaxation import CORE_POINT_SHARE, FAMILIES, CutFamily, CutFinder, tighten
from optimiser.engine.methods.ring_plans import Circuits, Remainder, Values, circuits_of_point, first_plans
from optimiser.engine.models.decisions import pulp
from optimiser.engine.models.extended import ExtendedModel, build_extended
from optimiser.engine.models.rings import ProvedRow, detached_rows
from optimiser.engine.presolve.sequence import open_network
from optimiser.engine.search.incumbent import Evaluated, Incumbent, PlanEvaluator, Send
from optimiser.engine.search.paths import Integers
from optimiser.engine.search.rows import Floats
from optimiser.engine.search.tables import tables
from optimiser.engine.search.task import NamedPlan, Task
from optimiser.problem import DesignProblem

ANY_GAP = 1.0
"""Requested relative gap from which any feasible plan is good enough."""

ORDERS = 3
"""Random orders of the candidates for cuts against an integer point."""

FIRST_NODES = 500
"""Node limit of the first turn of the master; it doubles each turn, so that rows are found early."""

MOST_POINTS = 4
"""Number of integer points of a turn that are cut off: the last ones, and the final point."""


def extended_incumbent(task: Task, *, unit: int, send: Send) -> Incumbent[NamedPlan]:
    """Return the incumbent of a problem with rings or periods, which has the plan to start from, if feasible.

    Parameters
    ----------
    task
        The problem with its solve parameters.
    unit
        Number of which every objective is a multiple.
    send
        Sends messages.
    """
    problem, evaluate = task.problem, PlanEvaluator(task.problem)

    def evaluated(plan: NamedPlan) -> Evaluated[NamedPlan] | None:
        found = evaluate(plan.built, rings=plan.circuits, starts=plan.starts or None)
        if found.faults:
            return None
        built = [problem.index[name] for name in found.built]
        message = {"built": built, "rings": dict(plan.circuits), "starts": dict(found.starts)}
        return Evaluated(plan, found.objective, found.cost, message)

    incumbent = Incumbent(
        evaluated, minimise=problem.budget is None, seconds=task.seconds, send=send, unit=unit
    )
    incumbent.most_nodes = task.nodes
    if task.start is not None:
        incumbent.plan(task.start, "start")
    return incumbent


@dataclass
class PointReader:
    """Converts integer points of a model with rings or periods to plans, and separates ring rows.

    Attributes
    ----------
    task
        The problem with its solve parameters.
    model
        The model.
    incumbent
        Receives plans.
    """

    task: Task
    model: ExtendedModel
    incumbent: Incumbent[NamedPlan]
    _remainder: tuple[Circuits, Remainder] | None = None

    def report_first_plans(self) -> None:
        """Report first plans: good circuits for the rings, with the remaining budget spent by heuristics.

        Where there is a plan to start from, its circuits are the good ones. With periods there is no first
        plan, since built candidates would need a period of start.
        """
        task, incumbent = self.task, self.incumbent
        if not self.model.rings or task.problem.periods:
            return
        any_plan = task.gap >= ANY_GAP
        for first, remainder in first_plans(
            task.problem, any_plan=any_plan, seed=task.seed, left=incumbent.left, start=task.start
        ):
            is_better = incumbent.plan(first, "start")
            if is_better or (task.start is not None and self._remainder is None):
                self._remainder = None if remainder is None else (first.circuits, remainder)

    def improve(self, values: Values) -> None:
        """Search for better plans with the circuits of the best first plan, guided by a point."""
        if self._remainder is None:
            return
        circuits, remainder = self._remainder
        guide = {
            c.id: values[x.name] for c, x in zip(self.task.problem.candidates, self.model.x, strict=True)
        }
        built = remainder.improved(guide, stop=self.incumbent.stop)
        self.incumbent.plan(NamedPlan(built, circuits), "lns")

    def read(self, values: Values, step: str) -> list[tuple[str, ProvedRow]]:
        """Report the plans of an integer point, and return the ring rows that it violates.

        If rings are in pieces, the plan without these rings is reported, unless one of them is required.

        Parameters
        ----------
        values
            Values of the point by variable name.
        step
            Name of the step that found it.

        Returns
        -------
        list
            Violated rows with their evidence, each after the tag of its ring.
        """
        circuits, in_pieces = circuits_of_point(self.model.rings, values)
        built = [j for j, x in enumerate(self.model.x) if values[x.name] > 0.5]
        if not any(ring.ring.required for ring, _ in in_pieces):
            problem, starts = self.task.problem, dict[str, int]()
            for j in built if problem.periods else ():  # the period in which each candidate is started
                begins = [values[start.name] for start in self.model.starts[j]]
                starts[problem.candidates[j].id] = begins.index(max(begins))
            self.incumbent.plan(NamedPlan([problem.candidates[j].id for j in built], circuits, starts), step)
        return [(ring.tag, row) for ring, found in in_pieces for row in detached_rows(ring, found)]


class StateCuts:
    """Separates time cuts in every state of a model with rings or periods.

    Parameters
    ----------
    problem, model, live
        The problem, its model without flows, and the live model.
    seed
        Random seed of the orders of candidates.
    left
        Returns the seconds left.
    families
        Returns the families of rows besides time cuts, given the open pairs on their network and the
        positions of these pairs in the problem.
    threads
        Threads that separate the cuts of the first state.

    Attributes
    ----------
    states
        For each period, the columns of candidates and of pairs, and what finds cuts; none where no pair
        depends on what is built.
    """

    def __init__(
        self,
        problem: DesignProblem,
        model: ExtendedModel,
        live: ExtendedHighs,
        *,
        seed: int,
        left: Callable[[], float],
        families: Callable[[DesignProblem, Sequence[int]], Sequence[CutFamily]] = lambda _n, _p: FAMILIES,
        threads: int = 1,
    ) -> None:
        self._live, self.states = live, list[tuple[Integers, Integers, CutFinder]]()
        net, pairs = open_network(problem)
        if not net.candidates or not pairs:
            return
        positions = [problem.index[c.id] for c in net.candidates]
        cuts = CutFinder(
            tables(net), families=families(net, pairs), stop=lambda: left() <= 0, threads=threads
        )
        self._orders = np.random.default_rng(seed).random((ORDERS, cuts.size))
        first = cuts.at_core_point(seconds=CORE_POINT_SHARE * left())
        for state in model.states:
            x, y = live.columns(state.x[j] for j in positions), live.columns(state.y[k] for k in pairs)
            self.states.append((x, y, cuts.another() if self.states else cuts))
            live.add_cuts(first, x, y)

    def cut(self, values: Floats, in_out_weight: float | None = None) -> int:
        """Add time cuts that a point violates, an integer one without a weight; return their number."""
        added = 0
        for x, y, cuts in self.states:
            if in_out_weight is None:
                rows = cuts.refuting(
                    np.round(values[x]), values[y], orders=self._orders, in_out_weight=IN_OUT_WEIGHT
                )
            else:
                point = np.clip(values[x], 0.0, 1.0)
                rows = cuts.violated(point, values[y], in_out_weight=in_out_weight)
                cuts.follow(point)
            self._live.add_cuts(rows, x, y)
            added += len(rows)
        return added


@dataclass
class ExtendedMaster:
    """The integer master of a problem with rings or periods, in HiGHS.

    Attributes
    ----------
    live
        The model with the rows of the relaxation.
    reader
        Converts points to plans, and separates ring rows.
    cuts
        Separates time cuts.
    scale
        Number by which the model divides the objective.
    """

    live: ExtendedHighs
    reader: PointReader
    cuts: StateCuts
    scale: int
    _points_seen: int = 0
    _ring_rows: list[pulp.LpAffineExpression] = field(default_factory=list)

    def solve(
        self,
        *,
        gap: float,
        turn: int,
        seconds: float,
        on_point: Callable[[float | None, Floats | None], bool],
    ) -> MasterSolution[Floats]:
        """Solve the model within the seconds given; the node limit doubles with each turn."""
        self._points_seen = 0
        found = self.live.solve_integer(
            seconds=seconds,
            gap=gap,
            nodes=FIRST_NODES << min(turn, 30),
            on_progress=lambda bound, values, _nodes: on_point(unscaled(bound, self.scale), values),
        )
        kept = replace(found, points=found.points[-MOST_POINTS - 1 :])
        return kept.converted(self.scale, lambda point: point)

    def take(self, point: Floats) -> None:
        """Convert a point found during the solve; only points 1, 2, 4, 8, ..., since repairs take time."""
        self._points_seen += 1
        if self._points_seen.bit_count() == 1:
            self._read(point)

    def _read(self, point: Floats) -> None:
        self._ring_rows += [row for _, (_, row) in self.reader.read(self.live.by_name(point), "master")]

    def refute(self, points: tuple[Floats, ...]) -> int:
        """Add time cuts that the points violate, and ring rows that the last point violates."""
        added = sum(self.cuts.cut(values) for values in points)
        for point in points[-1:]:
            self._read(point)
        rows, self._ring_rows = self._ring_rows, []
        self.live.add_expressions(rows)
        return added + len(rows)


def prove(task: Task, send: Send) -> tuple[str, str]:
    """Solve a problem with rings or periods by time cuts; the variant `cuts`.

    Parameters
    ----------
    task
        The problem with its solve parameters.
    send
        Sends plans, bounds and counts.

    Returns
    -------
    tuple
        Why the solve ended, and the solver with its version.

    Notes
    -----
    The model contains the rows of rings and periods except the separated ring rows, and pairs by time cuts
    only (`models.extended`). It is a relaxation of the problem in every turn, so its bounds are valid.
    """
    model = build_extended(task.problem, flows=False)
    incumbent = extended_incumbent(task, unit=model.scale, send=send)
    reader = PointReader(task, model, incumbent)
    with ThreadPoolExecutor(1) as beside:
        first = beside.submit(reader.report_first_plans)  # they and the first cuts need nothing of each other
        if task.threads == 1:
            first.result()
        live = ExtendedHighs(model, **task.settings_of("highs"))
        cuts = StateCuts(task.problem, model, live, seed=task.seed, left=incumbent.left, threads=task.threads)
        first.result()
    if cuts.states and not _relax(live, cuts, reader, incumbent, model.scale, task.gap):
        return "infeasible", label()
    master = ExtendedMaster(live, reader, cuts, model.scale)
    return prove_by_master(master, incumbent, gap=task.gap), label()


def _relax(
    live: ExtendedHighs,
    cuts: StateCuts,
    reader: PointReader,
    incumbent: Incumbent[NamedPlan],
    scale: int,
    gap: float,
) -> bool:
    """Tighten the relaxation, and search for plans near its last point; return whether it is feasible."""
    unit = -scale if incumbent.minimise else scale

    def report(solution: LpSolution, found: int) -> bool:
        incumbent.count("relaxation", cuts=found)
        incumbent.bound(unit * solution.objective, "relaxation")
        return incumbent.closed(gap)

    last = tighten(
        lambda: live.solve_relaxation(seconds=incumbent.left()),
        lambda _solution, weight, _history: cuts.cut(live.values, weight),
        live.drop_slack_rows,
        report=report,
    )
    if last.status == "optimal" and not incumbent.stop() and not incumbent.closed(gap):
        live.drop_slack_rows()
        reader.improve(live.by_name(live.values))
    return last.status != "infeasible"
