"""Say what a reader must know of a run before taking its plan for an answer."""

from __future__ import annotations

from optimiser.job.model import Job

NOTHING_TO_PROPOSE = (
    "Nothing could be proposed: a table of travel times proposes no links by itself. Name your own "
    "candidates with candidates.file; without them the plan is empty, and a budget given as a share is 0."
)
"""Said where a job starts from a matrix and names no candidates."""


def of(job: Job) -> tuple[str, ...]:
    """Return the notes on a job, as sentences.

    Parameters
    ----------
    job
        The job.
    """
    return (NOTHING_TO_PROPOSE,) if job.region.matrix and not job.candidates.file else ()
