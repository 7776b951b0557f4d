"""Answer the questions of a frontier by a solve each, where there is no common process for them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Self

from optimiser.engine.methods.sweep_task import Asked
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import SolveFailure, solve
from optimiser.engine.task_process import TaskProcess
from optimiser.frontier.axes import Axes, own_problem
from optimiser.frontier.found import Found
from optimiser.frontier.gauge import Gauge, Measured
from optimiser.problem import DesignProblem
from optimiser.problem.result import Result


class SolveAsker:
    """Answers questions by a solve of its own each; plans are shared between them.

    Parameters
    ----------
    problem
        Any problem, also with rings and periods.
    axes
        What is weighed.
    gauge
        Of the problem.
    seed, threads
        As in `SolveParameters`.
    variant
        How to solve.
    """

    def __init__(
        self,
        problem: DesignProblem,
        axes: Axes,
        gauge: Gauge,
        *,
        seed: int,
        threads: int,
        variant: str = "auto",
    ) -> None:
        self._problem, self._axes, self._gauge = problem, axes, gauge
        self._params = SolveParameters(seed=seed, threads=threads)
        self._variant = variant
        self._plans: list[Measured] = []
        self._process = TaskProcess()

    def __enter__(self) -> Self:
        """Return the asker."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End the process of the solves."""
        self._process.close()

    def know(self, _built: Iterable[str]) -> None:
        """Do nothing: a plan without its circuits says too little."""

    def ask(self, asked: Asked, *, seconds: float, gap: float) -> Found:
        """Answer a question.

        Parameters
        ----------
        asked
            The question.
        seconds
            Time limit.
        gap
            Relative gap asked for.
        """
        begun = time.monotonic()
        try:
            problem = own_problem(self._problem, self._axes, asked)
        except ValueError:
            return self._thinned(asked, begun)
        try:
            result = solve(
                problem,
                variant=self._variant,
                params=self._params.replace(time_limit_s=seconds, gap=gap),
                run=self._process,
            )
        except SolveFailure as failure:
            result = failure.result
        if result.status in ("optimal", "feasible"):
            self._plans.append(self._gauge(result.built, rings=result.rings, starts=result.starts))
        return self._found(asked, result, time.monotonic() - begun)

    def _found(self, asked: Asked, result: Result, whole_seconds: float) -> Found:
        best = self._best(asked)
        return Found(
            asked=asked,
            built=None if best is None else best.built,
            bound=result.bound,
            empty=result.status == "infeasible",
            seconds=result.seconds,
            whole_seconds=whole_seconds,
            warm=False,
            nodes=result.trace[-1].nodes if result.trace else 0,
            cuts=result.trace[-1].cuts if result.trace else 0,
            reason="answered" if result.termination in ("proof", "gap", "infeasible") else result.termination,
            solver=result.solver,
            message=result.message,
            rings={} if best is None else best.rings,
            starts={} if best is None else best.starts,
        )

    def _best(self, asked: Asked) -> Measured | None:
        """Return the best plan met in any question that answers this one."""
        sign = 1 if asked.cheapest else -1

        def rank(plan: Measured) -> tuple[int, int]:
            return sign * (plan.cost if asked.cheapest else sum(plan.reached)), plan.cost

        able = (plan for plan in self._plans if not plan.faults and _answers(plan, asked))
        return min(able, key=rank, default=None)

    def _thinned(self, asked: Asked, begun: float) -> Found:
        """Leave out what the best plan does not need, where no problem file can say the question."""
        best = self._best(asked)
        if best is not None:
            best = self._without_idle(best, asked)
            self._plans.append(best)
        seconds = time.monotonic() - begun
        return Found(
            asked=asked,
            built=None if best is None else best.built,
            bound=None,
            empty=False,
            seconds=seconds,
            whole_seconds=seconds,
            warm=True,
            reason="thinned",
            rings={} if best is None else best.rings,
            starts={} if best is None else best.starts,
        )

    def _without_idle(self, plan: Measured, asked: Asked) -> Measured:
        cost = {c.id: c.cost for c in self._problem.candidates}
        for name in sorted(plan.built, key=lambda name: (-cost[name], name)):
            left = set(plan.built) - {name}
            starts = {key: period for key, period in plan.starts.items() if key != name}
            tried = self._gauge(left, rings=plan.rings, starts=starts)
            if not tried.faults and _answers(tried, asked) and sum(tried.reached) >= sum(plan.reached):
                plan = tried
        return plan


def _answers(plan: Measured, asked: Asked) -> bool:
    within = asked.budget is None or plan.needs <= asked.budget
    return within and all(has >= least for has, least in zip(plan.reached, asked.least, strict=True))
