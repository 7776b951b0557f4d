"""Keep a child process that answers the questions of a frontier, and ask it."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optimiser.engine.methods.sweep_task import Asked
from optimiser.engine.process import STARTUP_S, hard_limit_s
from optimiser.engine.standing_child import StandingChild
from optimiser.problem.errors import SolverError

WORKER = (sys.executable, "-m", "optimiser.engine.sweep_worker")
"""Command of the child process."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the child said to one question.

    Attributes
    ----------
    built
        Positions of candidates of the best plan; None without a plan.
    bound
        Proven limit of the objective of the reduced problem; None without one.
    empty
        It is proved that no plan answers the question.
    seconds
        Of the answer, without start-up.
    warm
        The child had answered another question before.
    nodes, cuts
        Done and found for it.
    reason
        `answered`, `time`, or why the child ended: `crash`, `memory`, `killed`.
    message
        More about a bad end.
    """

    built: tuple[int, ...] | None
    bound: float | None
    empty: bool
    seconds: float
    warm: bool
    nodes: int
    cuts: int
    reason: str
    message: str = ""


class SweepProcess(StandingChild):
    """A child process that lives as long as questions come; a context manager that ends it.

    Parameters
    ----------
    task
        JSON object for the child: the reduced `problem`, `measures`, `seed` and `threads`.
    command
        The child's command; default `WORKER`.
    """

    def __init__(self, task: Mapping[str, Any], *, command: Sequence[str] = WORKER) -> None:
        super().__init__(command)
        self._task = task
        self._known: set[tuple[int, ...]] = set()
        self.solver = ""

    def close(self) -> None:
        """End the child, if there is one; the next one has heard of no plan."""
        super().close()
        self._known = set()

    def ask(
        self, asked: Asked, *, seconds: float, gap: float, base: int, known: Sequence[tuple[int, ...]]
    ) -> Reply:
        """Ask a question, and wait for the answer.

        Parameters
        ----------
        asked
            The question, about the reduced problem.
        seconds
            Time limit; the child is ended at `hard_limit_s` of it.
        gap
            Relative gap asked for.
        base
            What the objective of the original problem has on top.
        known
            Plans found so far, each as positions of candidates; the child hears each of them once.
        """
        self._begin()
        fresh = [plan for plan in known if plan not in self._known]
        self._known.update(fresh)
        told = {"asked": asked.as_dict(), "seconds": seconds, "gap": gap, "base": base}
        self._tell({**told, "known": [list(plan) for plan in fresh]})
        return self._heard(time.monotonic() + hard_limit_s(seconds))

    def _begin(self) -> None:
        """Start the child and wait until it is ready, unless it is there."""
        if not self._start():
            return
        self._tell(self._task)
        begun = time.monotonic()
        message = self._next(begun + STARTUP_S, begun)
        if message["kind"] != "ready":
            self.close()
            raise SolverError(
                "the solver process did not start",
                faults=[str(message.get("message", message["kind"]))],
                done="No point was found.",
                remedy="Run polyring doctor; it says what this machine lacks.",
            )
        self.solver = str(message["solver"])

    def _heard(self, deadline: float) -> Reply:
        begun = time.monotonic()
        built: tuple[int, ...] | None = None
        bound: float | None = None
        empty = False
        while True:
            message = self._next(deadline, begun)
            kind = message["kind"]
            if kind == "plan":
                built = tuple(int(j) for j in message["built"])
            elif kind == "bound":
                bound = float(message["bound"])
            elif kind == "empty":
                empty = True
            elif kind == "answered":
                if built is not None:
                    self._known.add(built)
                counts = (int(message["nodes"]), int(message["cuts"]))
                reason = "time" if message["late"] else "answered"
                seconds, warm = float(message["seconds"]), bool(message["warm"])
                return Reply(built, bound, empty, seconds, warm, *counts, reason)
            else:
                self.close()
                seconds = time.monotonic() - begun
                reason, said = str(message.get("reason", "crash")), str(message.get("message", ""))
                return Reply(built, bound, empty, seconds, False, 0, 0, reason, said)
