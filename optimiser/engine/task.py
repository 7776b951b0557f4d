"""Hold what a child process is asked to do."""

from __future__ import annotations

from dataclasses import dataclass

from optimiser.problem import DesignProblem


@dataclass(frozen=True, slots=True)
class Task:
    """One variant on one reduced problem.

    Attributes
    ----------
    problem
        A reduced problem.
    variant
        Name, or the path of the file of a user's own; never `auto`.
    seconds
        Time limit.
    gap, threads, seed, solver
        As in `SolveParameters`.
    base
        What the objective of the original problem has on top of that of the reduced one.
    """

    problem: DesignProblem
    variant: str
    seconds: float
    gap: float
    threads: int
    seed: int
    solver: str
    base: int = 0
