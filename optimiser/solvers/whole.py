"""Solve problems with rings or periods: the compact model, again and again until no ring is in pieces."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import pulp

from optimiser.errors import VerificationError
from optimiser.formulation.detached import Circuit, circuits_in, detached_rows, forming
from optimiser.formulation.whole import build_whole
from optimiser.progress import Send
from optimiser.result import gap_of
from optimiser.solvers.registry import instance
from optimiser.solvers.task import Task
from optimiser.verify import score

STEP = "compact"
"""What messages name as the source of plans and bounds."""

type Values = Mapping[str, float]


def solve_whole(task: Task, send: Send) -> tuple[str, str]:
    """Solve the compact model with rings and periods; plans and bounds go out as messages.

    Parameters
    ----------
    task
        The task.
    send
        Takes messages.

    Returns
    -------
    tuple
        Why it ended, and the name of the solver.

    Notes
    -----
    Each model is a relaxation of the problem, so that its bound holds. Where the best point of a model has a
    ring of several circuits of which none forms it, rows that forbid this are added and the model is solved
    again; there are finitely many sets of circuits, and each row forbids one at least.
    """
    return _Search(task, send).run()


class _Search:
    """A model, what is known of its problem by now, and the clock."""

    def __init__(self, task: Task, send: Send) -> None:
        self._task = task
        self._send = send
        self._end = time.monotonic() + task.seconds
        self._whole = build_whole(task.problem)
        self._minimise = task.problem.budget is None
        self._value: int | None = None
        self._bound: float | None = None
        self._rows = 0

    def run(self) -> tuple[str, str]:
        """Solve until a whole plan is best, the gap is closed, or time is up."""
        name = self._task.solver
        while time.monotonic() < self._end:
            stats = self._solve()
            name = f"{stats.solver} {stats.solver_version or ''}".strip()
            if stats.status == pulp.LpSolveStatus.Infeasible:
                return ("infeasible" if self._value is None else "proof"), name
            self._take_bound(stats)
            added = self._take_point() if stats.has_solution else 0
            if self._closed() or not added:
                return self._reason(), name
            self._rows += added
            self._send({"kind": "count", "step": STEP, "cuts": self._rows, "nodes": 0})
        return self._reason(), name

    def _solve(self) -> Any:  # noqa: ANN401 - PuLP's own
        task = self._task
        left = max(0.0, self._end - time.monotonic())
        solver = instance(task.solver, seconds=left, gap=task.gap, threads=task.threads, seed=task.seed)
        return self._whole.lp.solve(solver)

    def _take_bound(self, stats: Any) -> None:  # noqa: ANN401 - PuLP's own
        """Pass on a bound that is better than the last one."""
        bound = self._bound_of(stats)
        if bound is None or not math.isfinite(bound):
            return
        value = bound * self._whole.scale
        if self._bound is None or ((value > self._bound) if self._minimise else (value < self._bound)):
            self._bound = value
            self._send({"kind": "bound", "step": STEP, "bound": value})

    def _bound_of(self, stats: Any) -> float | None:  # noqa: ANN401 - PuLP's own
        """Return the bound that a solver gave, or that its word of being done gives; None without one."""
        if stats.best_bound is not None:
            return float(stats.best_bound)
        done = (pulp.LpSolveStatus.Optimal, pulp.LpSolveStatus.GapLimit)
        if stats.objective is None or stats.status not in done or self._task.gap >= 1.0:
            return None
        share = 1.0 - self._task.gap
        return float(stats.objective * share if self._minimise else stats.objective / share)

    def _take_point(self) -> int:
        """Pass on the plan of the point, where no required ring is in pieces; return the rows added."""
        values = {v.name: float(v.varValue or 0.0) for v in self._whole.lp.variables()}
        circuits: dict[str, Circuit] = {}
        pieces = []
        for ring in self._whole.rings:
            found = circuits_in(ring, values)
            whole = forming(ring, found)
            if whole is not None:
                circuits[ring.ring.id] = whole
            elif found:
                pieces.append((ring, found))
        if not any(ring.ring.required for ring, _ in pieces):
            self._take_plan(values, circuits)
        return sum(self._add(ring.tag, row) for ring, found in pieces for row in detached_rows(ring, found))

    def _add(self, tag: str, row: pulp.LpAffineExpression) -> int:
        self._whole.lp.addConstraint(row, f"detached{tag}_{len(self._whole.lp.constraints()) + 1:07d}")
        return 1

    def _take_plan(self, values: Values, circuits: Mapping[str, Circuit]) -> None:
        """Pass on a plan that is better than the last one; solvers forgive small breaches, the check none."""
        problem = self._task.problem
        built = [j for j, x in enumerate(self._whole.built) if values[x.name] > 0.5]
        names = [problem.candidates[j].id for j in built]
        starts = {
            problem.candidates[j].id: max(
                range(len(problem.periods)), key=lambda t: values[self._whole.starts[j][t].name]
            )
            for j in built
            if problem.periods
        }
        try:
            value = score(problem, names, rings=circuits, starts=starts).objective
        except VerificationError:
            return
        if self._value is None or ((value < self._value) if self._minimise else (value > self._value)):
            self._value = value
            plan = {"built": built, "rings": dict(circuits), "starts": starts}
            self._send({"kind": "plan", "step": STEP, **plan})

    def _gap(self) -> float | None:
        if self._value is None:
            return None
        return gap_of(self._value, self._bound, minimise=self._minimise)

    def _closed(self) -> bool:
        gap = self._gap()
        return gap is not None and gap <= self._task.gap

    def _reason(self) -> str:
        if self._gap() == 0:
            return "proof"
        if self._closed():
            return "gap"
        return "time" if time.monotonic() >= self._end else "stalled"
