"""Answer portions of a frontier as tasks: evenly placed points do not depend on each other's answers."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from typing import Any

from optimiser.engine.child import STARTUP_S
from optimiser.frontier import Limits, Memory, Tracer, tracing
from optimiser.frontier.point import Answer, answer_from
from optimiser.frontier.region import Level
from optimiser.problem import dumps, parse
from optimiser.problem.errors import SolverError
from optimiser.tasks import Contents, Executor, Task, address_of

PORTION = 3
"""Levels of a portion. Its session is begun anew: it reduces the problem and finds its cuts again."""

STAGES = 2
"""Questions of a level, each with the time limit of a point."""


def answer_ahead(
    tracer: Tracer,
    levels: Sequence[Level],
    seconds: float,
    *,
    executor: Executor,
    watch: Callable[[Tracer], object],
) -> Iterator[Answer]:
    """Yield the answers to levels of a frontier, of which each portion is a task.

    A portion that fails is named among the faults of the tracer, which then answers its levels itself.

    Parameters
    ----------
    tracer
        The tracer that asks.
    levels
        Its levels, neighbours beside each other.
    seconds
        Time limit of all of them together.
    executor
        Does the tasks, within its block.
    watch
        Called after each portion.
    """
    content, end = dumps(tracer.problem).encode(), time.monotonic() + seconds
    tasks = [_task(tracer, part, address_of(content), seconds) for part in itertools.batched(levels, PORTION)]
    with closing(executor.run(tasks, {address_of(content): content})) as arriving:
        for outcome in arriving:
            if outcome.quarantined:
                tracer.state.faults.append(f"{outcome.name} failed and was answered here: {outcome.fault}")
            yield from map(answer_from, outcome.value or ())
            watch(tracer)
            if time.monotonic() > end:
                return


def _task(tracer: Tracer, levels: Sequence[Level], address: str, seconds: float) -> Task:
    """Return the task of a portion; all seconds are those of the whole frontier."""
    limits, whole = tracer.limits, tracer.state.region.whole
    longest_s = STARTUP_S + STAGES * limits.point_s * len(levels)
    return Task(
        name=f"frontier from {levels[0]} to {levels[-1]}",
        function="optimiser.studies.portions:answer",
        payload={
            "problem": address,
            "axes": tracer.axes.kind,
            "groups": tracer.axes.groups,
            "low": whole.low,
            "high": whole.high,
            "levels": levels,
            "gap": limits.gap,
            "point_s": limits.point_s,
            "seed": tracer.seed,
            "threads": tracer.threads,
        },
        contents=(address,),
        time_limit_s=max(1.0, min(longest_s, seconds)),
    )


def answer(payload: Mapping[str, Any], contents: Contents) -> list[dict[str, Any]]:
    """Answer a portion of a frontier in a session of its own: the function of a task.

    Parameters
    ----------
    payload
        `problem`, the address of a problem; `axes` and `groups`; `low` and `high`, the ends of the frontier;
        `levels`; `gap` and `point_s` of each point; `seed` and `threads`.
    contents
        The problem.

    Returns
    -------
    list of dict
        `Answer.as_dict` of both questions of each level; of fewer levels where the solver failed.
    """
    found: list[Answer] = []
    limits = Limits(placing="even", gap=payload["gap"], point_s=payload["point_s"])
    with (
        suppress(SolverError),
        tracing(
            parse(json.loads(contents(payload["problem"]))),
            axes=payload["axes"],
            groups=tuple(payload["groups"]),
            limits=limits,
            memory=Memory(keep=found.append),
            seed=payload["seed"],
            threads=payload["threads"],
        ) as tracer,
    ):
        tracer.answer(
            tuple(payload["low"]), tuple(payload["high"]), [tuple(level) for level in payload["levels"]]
        )
    return [one.as_dict() for one in found]
