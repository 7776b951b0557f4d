"""Ask the questions of a frontier of one process that keeps cuts, paths and plans."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Self

import numpy as np

from optimiser.engine.methods.sweep_task import Asked
from optimiser.engine.presolve import Reduction, reduce
from optimiser.engine.search.scoring import covered_cities, covered_pairs
from optimiser.engine.search.tables import tables
from optimiser.engine.sweep_process import SweepProcess
from optimiser.frontier.axes import Axes, top_of
from optimiser.frontier.found import Found
from optimiser.frontier.gauge import Gauge
from optimiser.problem import DesignProblem, dumps
from optimiser.problem.errors import InfeasibleError


class SweepAsker:
    """Answers questions about a plain problem; a context manager that ends its process.

    Parameters
    ----------
    problem
        A plain problem.
    axes
        What is weighed.
    gauge
        Of the problem.
    seed, threads
        As in `SolveParameters`.

    Raises
    ------
    InfeasibleError
        When no plan exists even with money for everything.

    Notes
    -----
    The problem is reduced once, with money for everything. Each rule of the reduction shows that every plan
    has another one among what is left that costs no more and covers no less, pair by pair. So one reduction
    serves every budget and every target, with what is built in any case and covered in any case taken off.
    """

    def __init__(self, problem: DesignProblem, axes: Axes, gauge: Gauge, *, seed: int, threads: int) -> None:
        reduced = reduce(top_of(problem), groups=axes.groups)
        if not reduced.feasible:
            raise InfeasibleError(
                "no plan meets the constraints, even with money for everything; proved.",
                where=f"problem {problem.name!r}",
                faults=[reduced.reason],
                done="No frontier was traced.",
                remedy="Lower a target, or take back what is fixed or excluded.",
            )
        measures = axes.measures(reduced.problem)
        self._reduced, self._cheapest_base = reduced, reduced.forced_cost
        self._base = _base(reduced, gauge, measures)
        task = {
            "problem": json.loads(dumps(reduced.problem)),
            "measures": measures.tolist(),
            "seed": seed,
            "threads": threads,
        }
        self._process = SweepProcess(task)
        self._known: dict[tuple[int, ...], None] = {}

    def __enter__(self) -> Self:
        """Return the asker."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End the process."""
        self._process.close()

    def know(self, built: Iterable[str]) -> None:
        """Take in a plan found elsewhere, as far as it can be said in the reduced problem.

        Parameters
        ----------
        built
            Ids.
        """
        index = self._reduced.problem.index
        self._known[tuple(sorted(index[name] for name in built if name in index))] = None

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
        budget = None if asked.budget is None else asked.budget - self._cheapest_base
        if budget is not None and budget < 0:
            return Found(asked, None, None, empty=True, seconds=0.0, whole_seconds=0.0, warm=True)
        least = tuple(value - base for value, base in zip(asked.least, self._base, strict=True))
        base = self._cheapest_base if asked.cheapest else sum(self._base)
        reply = self._process.ask(
            Asked(budget, least, asked.cheapest), seconds=seconds, gap=gap, base=base, known=list(self._known)
        )
        if reply.built is not None:
            self._known[reply.built] = None
        return Found(
            asked=asked,
            built=None if reply.built is None else self._reduced.lifted(reply.built),
            bound=None if reply.bound is None else reply.bound + base,
            empty=reply.empty,
            seconds=reply.seconds,
            whole_seconds=time.monotonic() - begun,
            warm=reply.warm,
            nodes=reply.nodes,
            cuts=reply.cuts,
            reason=reply.reason,
            solver=self._process.solver,
            message=reply.message,
        )


def _base(
    reduced: Reduction, gauge: Gauge, measures: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
) -> list[int]:
    """Return what every plan of the original problem reaches on top of its plan of the reduced one."""
    t = tables(reduced.problem)
    nothing = np.zeros(t.size + 1, np.bool_)
    nothing[-1] = True
    pair = covered_pairs(t, nothing) if len(t.limit) else np.zeros(0, np.bool_)
    covered = np.concatenate([pair, covered_cities(t, pair)])
    there = measures @ covered
    return [has - int(mine) for has, mine in zip(gauge(reduced.lifted(())).reached, there, strict=True)]
