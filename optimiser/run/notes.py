"""Say what a reader must know of a run before taking its plan for an answer."""

from __future__ import annotations

from optimiser.job.model import Job

NOTHING_TO_PROPOSE = (
    "Nothing could be proposed: a table of travel times proposes no links by itself. Name your own "
    "candidates with candidates.file; without them the plan is empty, and a budget given as a share is 0."
)
"""Said where a job starts from a matrix and names no candidates."""


def counted(job: Job) -> str:
    """Return in words what the objective of a job with a budget adds up.

    Parameters
    ----------
    job
        The job.
    """
    factors = {job.objective.core, job.objective.secondary, job.objective.small}
    parts = (
        "covered weight",
        " with the factors of the tiers" if factors != {1} else "",
        " of pairs and of cities" if job.city_coverage.weight else "",
        " and rewards of rings" if any(ring.reward for ring in job.rings) else "",
        " over all periods, each with its factor," if job.phasing.names else "",
    )
    return "".join(parts)


def of(job: Job) -> tuple[str, ...]:
    """Return the notes on a job, as sentences.

    Parameters
    ----------
    job
        The job.
    """
    return (NOTHING_TO_PROPOSE,) if job.region.matrix and not job.candidates.file else ()
