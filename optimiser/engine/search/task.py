"""Describe what to solve: parameters, tasks, plans to start from, and questions about one problem."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from optimiser.problem import DesignProblem
from optimiser.problem.errors import ProblemError
from optimiser.problem.result import Circuits, Result, Starts

type Options = Mapping[str, str | int | float | bool]
"""Options of a solver by its own names."""

NO_OPTIONS: Options = MappingProxyType({})

DAY_S = 86_400.0
"""Default limit in seconds: by default effort ends a solve, so that results do not depend on load."""
MOST_NODES = 7e6
"""Nodes of an effort of 1 in the least problem (`most_nodes`); some ten minutes on two cores, measured."""
STUDY_SHARE = 0.1
"""Part of an effort that each of the many questions of a study gets."""
LEAST_NODES, MOST_COUNTED = 100, 2**31 - 1
"""Nodes that a tree gets, however large the problem, and most nodes that HiGHS counts."""


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "process_cpu_count"):
        return os.process_cpu_count() or 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class NamedPlan(NamedTuple):
    """A plan by names, which another problem may share.

    Attributes
    ----------
    built
        Ids of the built candidates.
    circuits
        Circuit of each ring that is formed, by id; positions of links in the problem at hand.
    starts
        Position of the period in which each built candidate is started; empty: the first one.
    """

    built: Collection[str]
    circuits: Circuits = MappingProxyType({})
    starts: Starts = MappingProxyType({})

    @classmethod
    def of(cls, result: Result) -> NamedPlan:
        """Return the plan of a result; one that builds nothing where the result has none."""
        return cls(result.built, result.rings, result.starts)

    def known_to(self, problem: DesignProblem) -> NamedPlan:
        """Return the part of the plan whose candidates, rings, links and periods a problem has."""
        built = tuple(name for name in self.built if name in problem.index)
        links = {ring.id: set(range(len(ring.links))) for ring in problem.rings}
        return NamedPlan(
            built,
            {r: tuple(own) for r, own in self.circuits.items() if r in links and links[r].issuperset(own)},
            {name: at for name, at in self.starts.items() if name in built and at < len(problem.periods)},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveParameters:
    """Limits and options of a solve.

    Attributes
    ----------
    time_limit_s
        Time limit in seconds, >= 0, after which the best plan so far is returned.
    gap
        Relative gap at which to stop, >= 0.
    effort
        Limit in effort, > 0: the nodes of each tree (`most_nodes`), after which the best plan so far is
        returned. Heuristics and CP-SAT count no nodes; infinity: no limit.
    threads
        Number of threads, >= 1.
    seed
        Random seed, from 0 to 2147483647.
    solver
        `highs`, `scip`, `cbc`, `gurobi` or `cpsat`, if the variant supports it; for `compact` also PuLP's
        name of any other solver; `auto`: the default of the variant.
    memory_mb
        Limit on the address space of the child process, where the system supports one; None: no limit.
    canonical
        Whether to choose, among optimal plans, the cheapest, and of these the first in canonical order. This
        takes further solves with a time limit of their own, which the `seconds` of the result do not include.
    start
        A known plan, from which every variant starts; where it is infeasible, it is a hint. It changes how
        soon plans are found, never what is proved.
    solver_log
        File to which the log of the integer solver is appended; None: no log.
    solver_options
        Options of the solver by its own names, such as `mip_heuristic_effort`; only where `solver` names it.
    second_solver
        Whether another solver is tried when the solver breaks or makes a false claim, within the time limit;
        not where variant and solver are named, or options of a solver. False, and for variants of the user's
        own: nor does a plan of ours take the place of one that a broken solver did not find.
    """

    time_limit_s: float = DAY_S
    gap: float = 0.0
    effort: float = 1.0
    threads: int = field(default_factory=cores)
    seed: int = 1
    solver: str = "auto"
    memory_mb: int | None = None
    canonical: bool = False
    start: NamedPlan | None = None
    solver_log: Path | None = None
    solver_options: Options = NO_OPTIONS
    second_solver: bool = True

    def __post_init__(self) -> None:
        """Check all values, and report all that are out of range at once."""
        checks = {
            f"time limit {self.time_limit_s!r} s is negative or not a number": self.time_limit_s >= 0,
            f"gap {self.gap!r} is negative or not a number": self.gap >= 0,
            f"threads {self.threads!r} is below 1": self.threads >= 1,
            f"effort {self.effort!r} is not above 0": self.effort > 0,
            f"seed {self.seed!r} is outside 0..2147483647": 0 <= self.seed < 2**31,
        }
        faults = [text for text, holds in checks.items() if not holds]
        ProblemError.refuse(faults, "the solve parameters are invalid", remedy="Correct the values named.")

    def replace(self, **changes: Any) -> SolveParameters:  # noqa: ANN401 - any field may be exchanged
        """Return parameters with some fields replaced."""
        return dataclasses.replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Task:
    """A problem to be solved by a certain variant.

    Attributes
    ----------
    problem
        The problem; variants receive it reduced.
    variant
        Name of a variant other than `auto`, or the path of a file with a variant of the user's own.
    seconds
        Time limit.
    gap, threads, seed, solver, effort
        As in `SolveParameters`.
    base
        Constant by which the objective of the original problem exceeds that of the reduced one.
    start
        A plan to start from, feasible or not, by names that the problem has.
    log
        Whether integer solvers write their logs on the standard output of the process.
    options
        Options of the solver; no other one gets them.
    """

    problem: DesignProblem
    variant: str
    seconds: float
    gap: float
    threads: int
    seed: int
    solver: str
    base: int = 0
    start: NamedPlan | None = None
    log: bool = False
    effort: float = 1.0
    options: Options = NO_OPTIONS

    def options_of(self, solver: str) -> Options:
        """Return the options of a solver: none, where the task names another one."""
        return self.options if solver == self.solver else NO_OPTIONS

    def settings_of(self, solver: str) -> dict[str, Any]:
        """Return what models of a solver take: `threads`, `seed`, `log` and `options`."""
        own = self.options_of(solver)
        return {"threads": self.threads, "seed": self.seed, "log": self.log, "options": own}

    @property
    def nodes(self) -> int:
        """Return the nodes that a tree of the problem may have."""
        return most_nodes(self.problem, self.effort)


def most_nodes(problem: DesignProblem, effort: float) -> int:
    """Return the nodes of a tree for an effort: a node takes about the root of the size of the problem."""
    parts = len(problem.pairs) + sum(len(ring.links) for ring in problem.rings)
    nodes = effort * MOST_NODES / math.sqrt(max(1, len(problem.candidates) * parts))
    return max(LEAST_NODES, round(min(nodes, MOST_COUNTED)))


class LevelRow(NamedTuple):
    """What a level V asks of a measure: `scale * measure >= slope * V + offset`; integers.

    Attributes
    ----------
    scale
        Factor of the measure, >= 1.
    slope
        Factor of the level, >= 0; 0: the level asks nothing of this measure.
    offset
        What is asked at level 0, of any sign.
    """

    scale: int
    slope: int
    offset: int

    def level(self, value: int) -> int:
        """Return the largest level whose demand a value of the measure meets; the slope must not be 0."""
        return (self.scale * value - self.offset) // self.slope

    def least(self, level: int) -> int:
        """Return the least value of the measure that meets the demand of a level."""
        return -(-(self.slope * level + self.offset) // self.scale)


@dataclass(frozen=True, slots=True, order=True)
class Question:
    """Budget, targets and objective of one solve of a frontier.

    Attributes
    ----------
    budget
        Budget; None: unlimited.
    least
        Least value of each measure of coverage; values up to 0 require nothing.
    cheapest
        Whether the cost is minimised; otherwise the sum of the measures is maximised.
    levels
        For each measure what a level asks of it. Then the largest level is sought whose demands some plan
        meets (max-min); empty: a sum or the cost is optimised.
    """

    budget: int | None
    least: tuple[int, ...]
    cheapest: bool
    levels: tuple[LevelRow, ...] = ()

    def worth(self, values: Sequence[int]) -> int:
        """Return the objective, where it is maximised, of a plan with these values of the measures."""
        if self.levels:
            rows = zip(self.levels, values, strict=True)
            return min(row.level(int(value)) for row, value in rows if row.slope)
        return int(sum(values))

    def beyond(self, level: int) -> Question:
        """Return a question about levels with the demands of one of them as targets."""
        rows = zip(self.levels, self.least, strict=True)
        least = (max(row.least(level), asked) if row.slope else asked for row, asked in rows)
        return dataclasses.replace(self, least=tuple(least), levels=())

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        values = dataclasses.asdict(self)
        return {key: value for key, value in values.items() if value or key != "levels"}

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Question:
        """Return the question of a JSON object written by `as_dict`."""
        levels = tuple(LevelRow(*row) for row in value.get("levels", ()))
        return cls(**{**value, "least": tuple(value["least"]), "levels": levels})
