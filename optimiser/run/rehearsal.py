"""Tell the sizes of a job and how long it may take, without solving it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from optimiser.engine.presolve import reduce
from optimiser.engine.presolve.sequence import open_network
from optimiser.job.model import LoadedJob
from optimiser.run.chain import Chain
from optimiser.run.progress import Progress
from optimiser.run.source import settle

_REPORT_S = 15


def rehearse(loaded: LoadedJob, *, progress: Progress) -> dict[str, Any]:
    """Return sizes and the expected time of a job; only the cache is written.

    Parameters
    ----------
    loaded
        The job.
    progress
        Who is told of each step.

    Returns
    -------
    dict
        Sizes of network, candidates, problem and what is left after the reduction; budget; expected seconds.
    """
    chain = Chain(loaded=_without_levels(loaded), source=settle(loaded), progress=progress)
    problem = chain.design
    left = reduce(problem).problem if problem.is_plain else open_network(problem.canonical())[0]
    from optimiser.run.summary import sizes

    expected = expected_s(len(left.candidates), len(left.pairs))
    return {
        **sizes(chain),
        "candidates left to decide on": len(left.candidates),
        "pairs left to cover": len(left.pairs),
        "budget": problem.budget,
        "expected seconds of solving, about": min(expected, round(loaded.job.solve.time_limit_s)),
        "expected seconds of writing, about": _REPORT_S,
    }


def _without_levels(loaded: LoadedJob) -> LoadedJob:
    """Return a job that raises no worst tier first, which takes solving; its problem is of the same size."""
    objective = loaded.job.objective.model_copy(update={"kind": "coverage"})
    return replace(loaded, job=loaded.job.model_copy(update={"objective": objective}))


def expected_s(candidates: int, pairs: int) -> int:
    """Return about how many seconds a solve takes: 4 s at 100 candidates and 100 pairs, growing with both.

    The figure is a rule of thumb, fitted to two measured cases (93 candidates and 100 pairs: 4 s; 294
    candidates and 1,835 pairs: 177 s).
    """
    return max(1, round(4.0 * math.pow(candidates * pairs / 9_300, 0.93)))
