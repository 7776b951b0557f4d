"""Solve the compact model, which has an arc flow for each pair, by any solver that PuLP supports."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from optimiser.engine.backends import pulp_solvers
from optimiser.engine.backends.interfaces import MasterSolution, unscaled
from optimiser.engine.methods.cuts.master_loop import prove_by_master
from optimiser.engine.methods.heuristics.lns import start_plans
from optimiser.engine.methods.ring_plans import Values
from optimiser.engine.methods.rings import PointReader, extended_incumbent
from optimiser.engine.models.compact import build_compact
from optimiser.engine.models.decisions import Decisions, pulp, scale_of
from optimiser.engine.models.extended import ExtendedModel, build_extended
from optimiser.engine.search.incumbent import MaskIncumbent, Send
from optimiser.engine.search.rows import Floats
from optimiser.engine.search.tables import Tables
from optimiser.engine.search.task import Task
from optimiser.problem import DesignProblem

type Formulation = Callable[[DesignProblem], tuple[pulp.LpProblem, Decisions]]
"""States a reduced problem as an integer program that begins with the variables of `decisions.declare`. The x
of every point that satisfies it are a plan that covers the pairs whose y, or the cities whose z, it counts;
and every plan is the x of such a point, with all that it covers."""


def prove(
    t: Tables, incumbent: MaskIncumbent, task: Task, *, formulation: Formulation = build_compact
) -> tuple[str, str]:
    """Build a model of the whole problem and solve it; the variant `compact`.

    Parameters
    ----------
    t, task
        The reduced problem as arrays, and the problem with its solve parameters.
    incumbent
        Receives plans and bounds.
    formulation
        States the model.

    Returns
    -------
    tuple
        Why the solve ended (`proof`, `gap`, `time`, `infeasible` or `stalled`), and the solver with its
        version.
    """
    start_plans(t, incumbent, seed=task.seed)
    if incumbent.stop():
        return "time", ""
    lp, variables = formulation(task.problem)
    if incumbent.stop():
        return "time", task.solver
    solver, scale = pulp_solvers.installed_solver(task.solver), scale_of(task.problem)
    best = incumbent.best
    warm = best is not None and solver.gets_start
    if best is not None and warm:  # the solver completes the flows
        for variable, is_open in zip(variables.x, best[:-1].tolist(), strict=True):
            variable.setInitialValue(int(is_open))
    settings = task.settings_of(task.solver)
    if solver.is_watched:
        settings |= _watching(incumbent, len(variables.x), scale)
    stats = pulp_solvers.solve_model(
        lp, solver, seconds=incumbent.left(), gap=task.gap, warm=warm, nodes=task.nodes, **settings
    )
    if stats is None:
        return "time", pulp_solvers.result_name(None, solver)
    if (nodes := pulp_solvers.nodes_of(lp, solver)) is not None:
        incumbent.count("compact", nodes=nodes)
    if stats.has_solution:
        built = [float(v.varValue or 0.0) > 0.5 for v in variables.x]
        if stats.status in pulp_solvers.DONE and incumbent.evaluate(np.append(built, True)) is None:
            incumbent.pass_on({"built": np.flatnonzero(built).tolist()}, "compact")
        incumbent.plan(np.append(built, True), "compact")
    bound = pulp_solvers.proved_bound(stats, solver, gap=task.gap, minimise=incumbent.minimise)
    incumbent.bound(math.inf if bound is None else bound * scale, "compact")
    is_infeasible = stats.status == pulp.LpSolveStatus.Infeasible and solver.proves_infeasible
    # Solvers that run out of time may say infeasible; early on, against a known plan, it is a false claim.
    if is_infeasible and (incumbent.best is None or incumbent.left() > task.seconds / 2):
        return "infeasible", pulp_solvers.result_name(stats, solver)
    ending = incumbent.ending(task.gap)
    return _LIMITS.get(stats.status, ending) if ending == "stalled" else ending, pulp_solvers.result_name(
        stats, solver
    )


_LIMITS = {
    pulp.LpSolveStatus.TimeLimit: "time",
    pulp.LpSolveStatus.NodeLimit: "nodes",
    pulp.LpSolveStatus.SolutionLimit: "nodes",  # of HiGHS
}
"""Endings by the status of PuLP, where a limit of the solver ended it."""


def _watching(incumbent: MaskIncumbent, count: int, scale: int) -> dict[str, object]:
    """Return options that report plans and bounds during the solve, in case it is interrupted."""
    from optimiser.engine.backends.highs import callback_options

    def take(bound: float | None, values: Floats | None, nodes: int) -> bool:
        if values is not None:
            incumbent.plan(np.append(values[:count] > 0.5, True), "compact")
        if bound is not None:
            incumbent.bound(bound * scale, "compact" if nodes else "root")
        return False

    return callback_options(take)


@dataclass
class CompactMaster:
    """The compact model with rings or periods, solved repeatedly until no ring is in pieces.

    Attributes
    ----------
    task
        The problem with its solve parameters.
    model
        The model.
    reader
        Converts points to plans, and separates ring rows.
    """

    task: Task
    model: ExtendedModel
    reader: PointReader

    def __post_init__(self) -> None:
        """Find the solver; its name is known better after a solve."""
        self._solver = pulp_solvers.installed_solver(self.task.solver)
        self.name = pulp_solvers.result_name(None, self._solver)

    def solve(
        self,
        *,
        gap: float,
        turn: int,  # noqa: ARG002 - every turn does all it can
        seconds: float,
        on_point: Callable[[float | None, Values | None], bool],  # noqa: ARG002 - points come at the end
    ) -> MasterSolution[Values]:
        """Solve the model within the seconds given."""
        lp, task, solver = self.model.lp, self.task, self._solver
        settings = task.settings_of(task.solver)
        stats = pulp_solvers.solve_model(lp, solver, seconds=seconds, gap=gap, nodes=task.nodes, **settings)
        if stats is None:
            return MasterSolution(None, (), complete=True)
        self.name = pulp_solvers.result_name(stats, solver)
        infeasible = stats.status == pulp.LpSolveStatus.Infeasible and solver.proves_infeasible
        bound = pulp_solvers.proved_bound(stats, solver, gap=gap, minimise=task.problem.budget is None)
        values = {v.name: float(v.varValue or 0.0) for v in lp.variables()}
        points = (values,) if stats.has_solution else ()
        is_spent = _LIMITS.get(stats.status) == "nodes"
        nodes = task.nodes if is_spent else pulp_solvers.nodes_of(lp, solver) or 0
        bound = unscaled(bound, self.model.scale)
        return MasterSolution(bound, points, complete=not is_spent, infeasible=infeasible, nodes=nodes)

    def take(self, point: Values) -> None:
        """Do nothing: points come at the end of each solve."""

    def refute(self, points: tuple[Values, ...]) -> int:
        """Report the plans of the points, and add the ring rows that they violate."""
        rows = [row for point in points for row in self.reader.read(point, "compact")]
        for tag, (_, row) in rows:
            self.model.lp.addConstraint(row, f"detached{tag}_{len(self.model.lp.constraints()) + 1:07d}")
        return len(rows)


def prove_extended(task: Task, send: Send) -> tuple[str, str]:
    """Solve the compact model of a problem with rings or periods; the variant `compact`.

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
    """
    model = build_extended(task.problem)
    incumbent = extended_incumbent(task, unit=model.scale, send=send)
    reader = PointReader(task, model, incumbent)
    reader.report_first_plans()
    master = CompactMaster(task, model, reader)
    return prove_by_master(master, incumbent, gap=task.gap, step="compact"), master.name
