"""Keep what is known of a problem with rings or periods while it is solved, and pass it on."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pulp

from optimiser.engine.methods.ring_repair import Repaired, RingRepair
from optimiser.engine.methods.ring_starts import Start, ring_starts
from optimiser.engine.models.extended import ExtendedModel
from optimiser.engine.models.rings import RingDecisions, circuits_in, detached_rows, forming
from optimiser.engine.search.circuits import Circuit
from optimiser.engine.search.incumbent import Send
from optimiser.engine.search.judge import Judge
from optimiser.engine.search.paths import Mask
from optimiser.engine.search.task import Task
from optimiser.problem.result import gap_of, rounded_bound

ANY_GAP = 1.0
"""Gap asked for from which on any plan will do, and none is made better."""

type Values = Mapping[str, float]
"""Value of each variable of a model by name."""


class Claims:
    """The clock, and the best plan and bound by now.

    Parameters
    ----------
    task
        What was asked.
    whole
        The model.
    send
        Takes messages.
    repair
        Completes plans whose rings are in pieces; None: nothing does.
    """

    def __init__(
        self, task: Task, whole: ExtendedModel, send: Send, repair: RingRepair | None = None
    ) -> None:
        self._task = task
        self._repair = repair
        self._whole = whole
        self._send = send
        self._judge = Judge(task.problem)
        self._end = time.monotonic() + task.seconds
        self._minimise = task.problem.budget is None
        self._value: int | None = None
        self._bound: float | None = None
        self._rows = 0
        self._start_from: Start | None = None

    def left(self) -> float:
        """Return the seconds left, none below 0."""
        return max(0.0, self._end - time.monotonic())

    @property
    def has_plan(self) -> bool:
        """Say whether a plan is known."""
        return self._value is not None

    def begin(self) -> None:
        """Pass on plans to start from: good circuits for the rings, and the money that is left spent well.

        Where no circuit is found so, the plan counts that builds no more than it must for its required rings.
        With periods there is none: what is built would have to be started in one.
        """
        task = self._task
        if not self._whole.rings or task.problem.periods:
            return
        any_plan = task.gap >= ANY_GAP
        for start in ring_starts(task.problem, any_plan=any_plan, seed=task.seed, left=self.left):
            if self._offer(start.built, start.circuits, "start"):
                self._start_from = start
        if self._value is None and self._repair is not None:
            self._begin_with_rings_alone(self._repair)

    def improve(self, values: Values) -> None:
        """Look for better plans round the circuits of the best start, led by a point of the relaxation."""
        start = self._start_from
        if start is None or start.rest is None:
            return
        guide = {
            c.id: values[x.name] for c, x in zip(self._task.problem.candidates, self._whole.x, strict=True)
        }
        self._offer(start.rest.improved(guide, stop=lambda: not self.left()), start.circuits, "lns")

    def _offer(self, names: Iterable[str], circuits: Mapping[str, Circuit], step: str) -> bool:
        """Take a plan without periods; say whether it is better than the last one."""
        return self._plan({}, [self._task.problem.index[name] for name in names], circuits, step)

    def _begin_with_rings_alone(self, repair: RingRepair) -> None:
        must = np.array([c.fixed == "in" for c in self._task.problem.candidates], dtype=np.bool_)
        formed = np.array([ring.ring.required for ring in self._whole.rings], dtype=np.bool_)
        found = repair(must, must, formed, seconds=self.left())
        if found is not None:
            self._plan({}, found.built, found.circuits, "rings")

    def bound(self, objective: float, step: str) -> None:
        """Take a bound of the model's objective, and pass it on where it is better than the last one.

        Plans are worth whole numbers in the model, and numerical noise is small there; it would not be after
        multiplying. So the bound is rounded first, where there is something to multiply by.
        """
        if not math.isfinite(objective):
            return
        scale = self._whole.scale
        whole = rounded_bound(objective, minimise=self._minimise)
        value = objective if scale == 1 else float(whole * scale)
        if self._bound is None or ((value > self._bound) if self._minimise else (value < self._bound)):
            self._bound = value
            self._send({"kind": "bound", "step": step, "bound": value})

    def count(self, rows: int, step: str, *, nodes: int = 0) -> None:
        """Tell that rows were added."""
        self._rows += rows
        self._send({"kind": "count", "step": step, "cuts": self._rows, "nodes": nodes})

    def closed(self) -> bool:
        """Say whether the gap is within the one asked for."""
        gap = self._gap()
        return gap is not None and gap <= self._task.gap

    def ending(self) -> str:
        """Return why the search ends."""
        if self._gap() == 0:
            return "proof"
        if self.closed():
            return "gap"
        return "stalled" if self.left() else "time"

    def point(self, values: Values, step: str) -> list[tuple[str, pulp.LpAffineExpression]]:
        """Take an integer point: pass on its plan, and return the rows that its rings in pieces break.

        A plan is passed on where it is better than the last one and keeps every rule. Where rings are in
        pieces, the plan without them counts, unless one is required, and so does a repaired one.

        Parameters
        ----------
        values
            The point.
        step
            What found it.

        Returns
        -------
        list
            Tags of rings, and rows.
        """
        circuits: dict[str, Circuit] = {}
        pieces: list[tuple[RingDecisions, list[Circuit]]] = []
        for ring in self._whole.rings:
            found = circuits_in(ring, values)
            whole = forming(ring, found)
            if whole is not None:
                circuits[ring.ring.id] = whole
            elif found:
                pieces.append((ring, found))
        built = [j for j, x in enumerate(self._whole.x) if values[x.name] > 0.5]
        if not any(ring.ring.required for ring, _ in pieces):
            self._plan(values, built, circuits, step)
        repaired = self._repaired(values) if pieces else None
        if repaired is not None:
            self._plan(values, repaired.built, repaired.circuits, step)
        return [(ring.tag, row) for ring, found in pieces for row in detached_rows(ring, found)]

    def _repaired(self, values: Values) -> Repaired | None:
        """Return the plan of a point with its rings made whole, where that is possible."""
        if self._repair is None or not self.left():
            return None

        def chosen(variables: Iterable[pulp.LpVariable]) -> Mask:
            return np.array([values[v.name] > 0.5 for v in variables], dtype=np.bool_)

        return self._repair(
            chosen(self._whole.x),
            chosen(self._whole.states[-1].x),
            chosen(ring.formed for ring in self._whole.rings),
            seconds=self.left(),
        )

    def _plan(self, values: Values, built: Sequence[int], circuits: Mapping[str, Circuit], step: str) -> bool:
        """Pass on a plan if it keeps every rule and is better than the last one; say whether it does."""
        problem = self._task.problem
        names = [problem.candidates[j].id for j in built]
        starts = {problem.candidates[j].id: self._start(values, j) for j in built if problem.periods}
        judged = self._judge(names, rings=circuits, starts=starts)
        if judged.faults:
            return False
        known, value = self._value, judged.objective
        if known is not None and not (value < known if self._minimise else value > known):
            return False
        self._value = value
        plan = {"built": list(built), "rings": dict(circuits), "starts": starts}
        self._send({"kind": "plan", "step": step, **plan})
        return True

    def _start(self, values: Values, j: int) -> int:
        """Return the period in which a built candidate is started."""
        mine = self._whole.starts[j]
        return max(range(len(mine)), key=lambda t: values[mine[t].name])

    def _gap(self) -> float | None:
        if self._value is None:
            return None
        return gap_of(self._value, self._bound, minimise=self._minimise)
