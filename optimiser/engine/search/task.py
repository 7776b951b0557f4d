"""Say what a solve is asked for: parameters, tasks, and questions about one problem."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from optimiser.problem import DesignProblem
from optimiser.problem.errors import ProblemError


def cores() -> int:
    """Return the number of cores that this process may use."""
    return os.process_cpu_count() or 1 if hasattr(os, "process_cpu_count") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveParameters:
    """Limits and choices of a solve.

    Attributes
    ----------
    time_limit_s
        Seconds after which the best plan so far is returned; >= 0.
    gap
        Relative gap at which the solve may end; >= 0.
    threads
        Threads of the solver; >= 1.
    seed
        Seed of everything that is left to chance; >= 0.
    solver
        `highs`, `scip`, `cbc`, `gurobi`, `cpsat`, as far as the variant has a choice; with `compact`
        also PuLP's name of any other; `auto`: its default.
    memory_mb
        Most address space of the child process (where the system can limit it); None: no limit.
    canonical
        Among optimal plans choose the cheapest, and of these the first in canonical order, by further solves
        within a time limit of their own; the result's `seconds` leave them out.
    """

    time_limit_s: float = 600.0
    gap: float = 0.0
    threads: int = field(default_factory=cores)
    seed: int = 1
    solver: str = "auto"
    memory_mb: int | None = None
    canonical: bool = False

    def __post_init__(self) -> None:
        """Refuse values outside their ranges, all at once."""
        checks = {
            f"time limit {self.time_limit_s!r} s is negative or not a number": self.time_limit_s >= 0,
            f"gap {self.gap!r} is negative or not a number": self.gap >= 0,
            f"threads {self.threads!r} is below 1": self.threads >= 1,
            f"seed {self.seed!r} is outside 0..2147483647": 0 <= self.seed < 2**31,
        }
        faults = [text for text, holds in checks.items() if not holds]
        if faults:
            raise ProblemError("the solve cannot be run so", faults=faults, remedy="Mend the values named.")

    def replace(self, **changes: Any) -> SolveParameters:  # noqa: ANN401 - any field may be exchanged
        """Return parameters with some fields exchanged."""
        return dataclasses.replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Task:
    """One variant on one problem.

    Attributes
    ----------
    problem
        The problem; variants get it reduced.
    variant
        Name, or the path of the file of a user's own; never `auto`.
    seconds
        Time limit.
    gap, threads, seed, solver
        As in `SolveParameters`.
    base
        Constant that the objective of the original problem has on top of that of a reduced one.
    """

    problem: DesignProblem
    variant: str
    seconds: float
    gap: float
    threads: int
    seed: int
    solver: str
    base: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Question:
    """What is asked about a problem.

    Attributes
    ----------
    budget
        Most money; None: any.
    least
        Least value of each measure of coverage; 0 and below ask nothing.
    cheapest
        Minimise the cost; else maximise the sum of the measures.
    """

    budget: int | None
    least: tuple[int, ...]
    cheapest: bool

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {"budget": self.budget, "least": list(self.least), "cheapest": self.cheapest}

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Question:
        """Return the question that a JSON object of `as_dict` holds."""
        return cls(value["budget"], tuple(value["least"]), bool(value["cheapest"]))
