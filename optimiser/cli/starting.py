"""Write a commented job for a new region."""

from __future__ import annotations

from pathlib import Path

from optimiser.cli import screen
from optimiser.job import template
from optimiser.job.model import Job
from optimiser.job.sections import Budget, Region
from optimiser.problem.errors import EnvironmentFault, JobError
from optimiser.report import files

_TITLE = "A job for polyring. Keys behind a # show their defaults; take the # away to change one."


def init(path: Path, *, file: str, country: str = "") -> int:
    """Write a job file for a user to edit.

    Parameters
    ----------
    path
        Where; an existing file is never overwritten.
    file
        OSM extract that the job reads.
    country
        ISO 3166 code for default speeds.

    Returns
    -------
    int
        0 when the file was written.

    Raises
    ------
    JobError
        When the file exists or is not called `*.toml`.
    EnvironmentFault
        When it cannot be written.
    """
    if path.suffix != ".toml":
        raise JobError("a job file ends in .toml", where=str(path), done="Nothing was written.")
    if path.exists():
        raise JobError(
            "the file exists", where=str(path), done="It was left as it is.", remedy="Choose another name."
        )
    if not path.parent.is_dir():
        raise EnvironmentFault(
            "the folder does not exist", where=str(path.parent), done="Nothing was written."
        )
    job = Job(region=Region(file=file, country=country), budget=Budget(share=0.1))
    files.write_text(path, template(job, title=_TITLE))
    screen.line(f"{path} is written. Put {file} beside it, then: polyring run {path}")
    return 0
