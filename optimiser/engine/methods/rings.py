"""Solve problems with rings or periods: a relaxation by time cuts, then an integer master with ring rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from optimiser.engine.backends.highs import ExtendedHighs, version
from optimiser.engine.backends.interfaces import LpStatus, MasterSolution
from optimiser.engine.methods.cuts.master_loop import prove_by_master
from optimiser.engine.methods.cuts.relaxation import CutFinder, tighten
from optimiser.engine.methods.ring_plans import (
    Circuits,
    Remainder,
    RingRepair,
    Values,
    circuits_of_point,
    first_plans,
    rows_against,
)
from optimiser.engine.models.extended import ExtendedModel, build_extended
from optimiser.engine.models.modelling import pulp
from optimiser.engine.presolve.sequence import open_network
from optimiser.engine.search.evaluation import PlanEvaluator
from optimiser.engine.search.incumbent import Evaluated, Incumbent, Send
from optimiser.engine.search.paths import Integers, Mask
from optimiser.engine.search.rows import Floats
from optimiser.engine.search.tables import Tables, tables
from optimiser.engine.search.task import Task

ANY_GAP = 1.0
"""Relative gap asked for from which on any feasible plan will do."""

ORDERS = 3
"""Random orders in which candidates are added for cuts against an integer point."""

IN_OUT_WEIGHT = 0.3
"""Share of the way to the core point at which a cut against an integer point is sought first."""

FIRST_NODES = 500
"""Nodes of the first solve of the master; each later one has twice as many, so that rows come early."""

MOST_POINTS = 4
"""Integer points of a turn, the last ones, that are cut off."""


class ExtendedPlan(NamedTuple):
    """A plan with rings or periods: ids of what is built, circuits, and periods in which they are started."""

    built: Collection[str]
    circuits: Circuits
    starts: Mapping[str, int]


def extended_incumbent(task: Task, *, unit: int, send: Send) -> Incumbent[ExtendedPlan]:
    """Return the incumbent of a problem with rings or periods.

    Parameters
    ----------
    task
        What is to be solved.
    unit
        Every objective is a multiple of it.
    send
        Takes messages.
    """
    problem, evaluate = task.problem, PlanEvaluator(task.problem)

    def evaluated(plan: ExtendedPlan) -> Evaluated[ExtendedPlan] | None:
        found = evaluate(plan.built, rings=plan.circuits, starts=plan.starts)
        if found.faults:
            return None
        built = [problem.index[name] for name in found.built]
        message = {"built": built, "rings": dict(plan.circuits), "starts": dict(plan.starts)}
        return Evaluated(plan, found.objective, found.cost, message)

    return Incumbent(evaluated, minimise=problem.budget is None, seconds=task.seconds, send=send, unit=unit)


class PointReader:
    """Reads plans off integer points of a model with rings or periods, and finds the rows that they violate.

    Parameters
    ----------
    task
        What is to be solved.
    model
        The model.
    incumbent
        Takes plans.
    repair
        Completes plans whose rings are in pieces; None: nobody does.
    """

    def __init__(
        self,
        task: Task,
        model: ExtendedModel,
        incumbent: Incumbent[ExtendedPlan],
        repair: RingRepair | None = None,
    ) -> None:
        self._task, self._model, self._incumbent, self._repair = task, model, incumbent, repair
        self._remainder: tuple[Circuits, Remainder] | None = None

    def begin(self) -> None:
        """Report plans to start from: good circuits for the rings, and the money that is left spent well.

        Where no circuits are found so, the repair looks for a plan that builds no more than its required
        rings need. With periods there is no first plan: what is built would have to be started in one.
        """
        task, incumbent = self._task, self._incumbent
        if not self._model.rings or task.problem.periods:
            return
        any_plan = task.gap >= ANY_GAP
        for first in first_plans(task.problem, any_plan=any_plan, seed=task.seed, left=incumbent.left):
            is_better = incumbent.plan(ExtendedPlan(first.built, first.circuits, {}), "start")
            if is_better:
                self._remainder = None if first.remainder is None else (first.circuits, first.remainder)
        if incumbent.best is None and self._repair is not None:
            must = np.array([c.fixed == "in" for c in task.problem.candidates], dtype=np.bool_)
            formed = np.array([ring.ring.required for ring in self._model.rings], dtype=np.bool_)
            self._take_repaired(self._repair(must, must, formed, seconds=incumbent.left()), {}, "rings")

    def improve(self, values: Values) -> None:
        """Look for better plans round the circuits of the best first plan, guided by a point."""
        if self._remainder is None:
            return
        circuits, remainder = self._remainder
        guide = {
            c.id: values[x.name] for c, x in zip(self._task.problem.candidates, self._model.x, strict=True)
        }
        built = remainder.improved(guide, stop=self._incumbent.stop)
        self._incumbent.plan(ExtendedPlan(built, circuits, {}), "lns")

    def read(self, values: Values, step: str) -> list[tuple[str, pulp.LpAffineExpression]]:
        """Report the plans of an integer point, and return the rows that its rings in pieces violate.

        Where rings are in pieces, the plan counts without them, unless one is required, and so does a
        repaired plan.

        Parameters
        ----------
        values
            The point.
        step
            Name of what found it.

        Returns
        -------
        list
            Tags of rings, and rows.
        """
        circuits, in_pieces = circuits_of_point(self._model.rings, values)
        built = [j for j, x in enumerate(self._model.x) if values[x.name] > 0.5]
        if not any(ring.ring.required for ring, _ in in_pieces):
            self._take(built, circuits, values, step)
        if in_pieces and self._repair is not None and not self._incumbent.stop():
            self._take_repaired(self._repaired(self._repair, values), values, step)
        return rows_against(in_pieces)

    def _repaired(self, repair: RingRepair, values: Values) -> tuple[tuple[int, ...], Circuits] | None:
        def chosen(variables: Iterable[pulp.LpVariable]) -> Mask:
            return np.array([values[v.name] > 0.5 for v in variables], dtype=np.bool_)

        return repair(
            chosen(self._model.x),
            chosen(self._model.states[-1].x),
            chosen(ring.formed for ring in self._model.rings),
            seconds=self._incumbent.left(),
        )

    def _take_repaired(
        self, repaired: tuple[tuple[int, ...], Circuits] | None, values: Values, step: str
    ) -> None:
        if repaired is not None:
            self._take(repaired[0], repaired[1], values, step)

    def _take(self, built: Sequence[int], circuits: Circuits, values: Values, step: str) -> None:
        problem = self._task.problem
        names = [problem.candidates[j].id for j in built]
        starts = {problem.candidates[j].id: self._start(values, j) for j in built if problem.periods}
        self._incumbent.plan(ExtendedPlan(names, circuits, starts), step)

    def _start(self, values: Values, j: int) -> int:
        """Return the period in which a built candidate is started."""
        mine = self._model.starts[j]
        return max(range(len(mine)), key=lambda t: values[mine[t].name])


@dataclass(frozen=True, slots=True)
class _State:
    """Columns of one state of the network, that is, of one period: candidates open, and pairs covered."""

    x: Integers
    y: Integers
    cuts: CutFinder


class StateCuts:
    """Finds time cuts for every state of a model with rings or periods.

    Parameters
    ----------
    t
        The plain problem over what may be built.
    live
        The model.
    states
        For each period, the columns of candidates and of pairs.
    seed
        For the orders in which cuts are sought.
    """

    def __init__(
        self, t: Tables, live: ExtendedHighs, states: Sequence[tuple[Integers, Integers]], seed: int
    ) -> None:
        self._live = live
        cuts = CutFinder.of(t)
        self._states = [_State(x, y, cuts if s == 0 else cuts.another()) for s, (x, y) in enumerate(states)]
        self._orders = np.random.default_rng(seed).random((ORDERS, t.size))
        first = cuts.at_core_point()
        for state in self._states:
            live.add_cuts(first, state.x, state.y)

    def cut(self, values: Floats, in_out_weight: float) -> int:
        """Cut off a point of the relaxation, and return the number of cuts."""
        added = 0
        for state in self._states:
            x = np.clip(values[state.x], 0.0, 1.0)
            rows = state.cuts.violated(x, values[state.y], in_out_weight=in_out_weight)
            state.cuts.follow(x)
            self._live.add_cuts(rows, state.x, state.y)
            added += len(rows)
        return added

    def refute(self, values: Floats) -> int:
        """Cut off an integer point that claims pairs which are not covered; return the number of cuts."""
        added = 0
        for state in self._states:
            x, y = np.round(values[state.x]), values[state.y]
            rows = state.cuts.refuting(x, y, orders=self._orders, in_out_weight=IN_OUT_WEIGHT)
            self._live.add_cuts(rows, state.x, state.y)
            added += len(rows)
        return added


class ExtendedMaster:
    """The integer master of a problem with rings or periods, in HiGHS.

    Parameters
    ----------
    live
        The model with the rows of the relaxation.
    reader
        Reads plans and ring rows off points.
    cuts
        Finds time cuts; None where no pair is open.
    scale
        Number by which the model divides the objective.
    """

    def __init__(self, live: ExtendedHighs, reader: PointReader, cuts: StateCuts | None, scale: int) -> None:
        self._live, self._reader, self._cuts, self._scale = live, reader, cuts, scale
        self._taken = 0
        self._ring_rows: list[pulp.LpAffineExpression] = []

    def solve(
        self,
        *,
        gap: float,
        turn: int,
        seconds: float,
        on_point: Callable[[float | None, Floats | None], bool],
    ) -> MasterSolution[Floats]:
        """Return what the model answers within the seconds given, with twice the nodes of the turn before."""
        points: list[Floats] = []
        self._taken = 0

        def heard(bound: float | None, values: Floats | None) -> bool:
            if values is not None:
                points.append(values)
            return on_point(None if bound is None else bound * self._scale, values)

        found = self._live.solve_integer(
            seconds=seconds, gap=gap, nodes=FIRST_NODES << min(turn, 30), on_progress=heard
        )
        kept = points[-MOST_POINTS:]
        if found.values is not None:
            kept.append(found.values)
        bound = None if found.bound is None else found.bound * self._scale
        return MasterSolution(bound, tuple(kept), found.complete, found.infeasible)

    def take(self, point: Floats) -> None:
        """Read a point found on the way; of many points ever fewer, since a repair takes time."""
        self._taken += 1
        if self._taken.bit_count() == 1:
            self._read(point)

    def _read(self, point: Floats) -> None:
        self._ring_rows += [row for _, row in self._reader.read(self._live.by_name(point), "master")]

    def refute(self, points: tuple[Floats, ...]) -> int:
        """Add time cuts against false claims of all points, and rows against rings in pieces."""
        added = 0 if self._cuts is None else sum(self._cuts.refute(values) for values in points)
        for point in points[-1:]:
            self._read(point)
        rows, self._ring_rows = self._ring_rows, []
        self._live.add_expressions(rows)
        return added + len(rows)


@dataclass(frozen=True, slots=True)
class _Solution:
    """A solution of the relaxation: its objective is always to be maximised."""

    status: LpStatus
    objective: float
    values: Floats = field(repr=False)


def prove(task: Task, send: Send) -> tuple[str, str]:
    """Solve a problem with rings or periods by time cuts; the variant `cuts`.

    Parameters
    ----------
    task
        What is to be solved.
    send
        Takes messages.

    Returns
    -------
    tuple
        Why it ended, and the name of the solver.

    Notes
    -----
    The model states rings and periods whole, and pairs by time cuts alone (`models.whole`). Each model is a
    relaxation of the problem, so that its bounds hold.
    """
    model = build_extended(task.problem, flows=False)
    repair = RingRepair(task.problem, threads=task.threads, seed=task.seed) if model.rings else None
    incumbent = extended_incumbent(task, unit=model.scale, send=send)
    reader = PointReader(task, model, incumbent, repair)
    reader.begin()
    live = ExtendedHighs(model, threads=task.threads, seed=task.seed)
    cuts = _state_cuts(task, model, live)
    if cuts is not None and not _relax(live, cuts, reader, incumbent, model.scale, task.gap):
        return "infeasible", version()
    master = ExtendedMaster(live, reader, cuts, model.scale)
    return prove_by_master(master, incumbent, gap=task.gap), version()


def _state_cuts(task: Task, model: ExtendedModel, live: ExtendedHighs) -> StateCuts | None:
    """Return what finds time cuts; None where no pair can be covered by building."""
    net, pairs = open_network(task.problem)
    if not net.candidates or not pairs:
        return None
    where = [task.problem.index[c.id] for c in net.candidates]
    states = [
        (live.columns(state.x[j] for j in where), live.columns(state.y[k] for k in pairs))
        for state in model.states
    ]
    return StateCuts(tables(net), live, states, task.seed)


def _relax(
    live: ExtendedHighs,
    cuts: StateCuts,
    reader: PointReader,
    incumbent: Incumbent[ExtendedPlan],
    scale: int,
    gap: float,
) -> bool:
    """Tighten the relaxation, and look for plans near its last point; return whether it has a point."""
    sign = -1.0 if incumbent.minimise else 1.0

    def solve() -> _Solution:
        status, objective, values = live.solve_relaxation(seconds=incumbent.left())
        return _Solution(status, sign * objective, values)

    def report(solution: _Solution, found: int) -> bool:
        incumbent.count("relaxation", cuts=found)
        incumbent.bound(sign * solution.objective * scale, "relaxation")
        return incumbent.closed(gap)

    def cut(solution: _Solution, weight: float, _history: list[float]) -> int:
        return cuts.cut(solution.values, weight)

    last = tighten(solve, cut, live.drop_slack_rows, report=report)
    if last.status == "optimal" and not incumbent.stop() and not incumbent.closed(gap):
        live.drop_slack_rows()
        reader.improve(live.by_name(last.values))
    return last.status != "infeasible"
