"""Open a frontier: choose who answers its questions, and end every process when it is left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from optimiser.engine.search.task import cores
from optimiser.frontier.axes import Kind, axes_of
from optimiser.frontier.gauge import Gauge
from optimiser.frontier.point import Point
from optimiser.frontier.solving import SolveAsker
from optimiser.frontier.state import Limits, Memory
from optimiser.frontier.sweeping import SweepAsker
from optimiser.frontier.tracer import Tracer
from optimiser.problem import DesignProblem


@contextmanager
def tracing(
    problem: DesignProblem,
    *,
    axes: Kind = "two_way",
    groups: tuple[str, ...] = (),
    limits: Limits | None = None,
    memory: Memory | None = None,
    seed: int = 1,
    threads: int = 0,
) -> Iterator[Tracer]:
    """Give a tracer of a frontier; its child process ends with the `with` block.

    Parameters
    ----------
    problem
        The problem; its own budget plays no part.
    axes
        `two_way`: cost against the objective; `three_way`: cost against the coverage of two groups.
    groups
        The groups of a three-way frontier; default `secondary` and `small`.
    limits
        When to end; default `Limits()`.
    memory
        Answers kept from before; default none.
    seed
        Seed of everything random.
    threads
        Threads; 0: as many as cores.

    Yields
    ------
    Tracer
        Iterate over it for the points; `front()` gives those that no other one dominates.

    Raises
    ------
    ProblemError
        When the axes do not suit the problem.
    InfeasibleError
        When no plan exists whatever it costs.
    """
    chosen = axes_of(axes, problem, groups)
    gauge, count = Gauge(problem, chosen), threads or cores()
    kind = SweepAsker if problem.is_plain else SolveAsker
    with kind(problem, chosen, gauge, seed=seed, threads=count) as asker:
        yield Tracer(
            problem=problem,
            axes=chosen,
            gauge=gauge,
            asker=asker,
            limits=limits or Limits(),
            memory=memory or Memory(),
            seed=seed,
            threads=count,
        )


def trace(
    problem: DesignProblem,
    *,
    axes: Kind = "two_way",
    groups: tuple[str, ...] = (),
    limits: Limits | None = None,
    seed: int = 1,
    threads: int = 0,
) -> Iterator[Point]:
    """Yield the points of a frontier as they are found.

    Parameters
    ----------
    problem, axes, groups, limits, seed, threads
        As for `tracing`.

    Yields
    ------
    Point
        A plan that was proved best for its budget or its coverage, or is within a stated gap of that.
    """
    with tracing(problem, axes=axes, groups=groups, limits=limits, seed=seed, threads=threads) as tracer:
        yield from tracer
