"""Hold a whole job, typed and frozen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from optimiser.job.demands import Caps, CityCoverage, Least
from optimiser.job.frontier import Frontier
from optimiser.job.measures import Measures
from optimiser.job.phasing import Phasing
from optimiser.job.rings import Rings
from optimiser.job.sections import (
    Budget,
    Candidates,
    Cities,
    Costs,
    Objective,
    Output,
    Region,
    Section,
    Solve,
    Times,
)

DEFAULT_SHARE = 0.1
"""Share of the cost of all candidates that is spent where a job names no budget."""


class Job(Section):
    """An optimisation job with every default filled in."""

    region: Region = Field(description=Region.__doc__)
    cities: Cities = Field(default=Cities(), description=Cities.__doc__)
    times: Times = Field(default=Times(), description=Times.__doc__)
    candidates: Candidates = Field(default=Candidates(), description=Candidates.__doc__)
    costs: Costs = Field(default=Costs(), description=Costs.__doc__)
    objective: Objective = Field(default=Objective(), description=Objective.__doc__)
    budget: Budget = Field(default=Budget(), description=Budget.__doc__)
    rings: Annotated[tuple[Rings, ...], Field(strict=False)] = Field((), description=Rings.__doc__)
    least: Least = Field(default=Least(), description=Least.__doc__)
    city_coverage: CityCoverage = Field(default=CityCoverage(), description=CityCoverage.__doc__)
    caps: Caps = Field(default=Caps(), description=Caps.__doc__)
    phasing: Phasing = Field(default=Phasing(), description=Phasing.__doc__)
    solve: Solve = Field(default=Solve(), description=Solve.__doc__)
    frontier: Frontier = Field(default=Frontier(), description=Frontier.__doc__)
    measures: Measures = Field(default=Measures(), description=Measures.__doc__)
    output: Output = Field(default=Output(), description=Output.__doc__)


@dataclass(frozen=True, slots=True)
class LoadedJob:
    """A job together with where it came from.

    Attributes
    ----------
    name
        Name of the job: of the ready job, or of the file without its ending.
    folder
        Folder that relative paths of the job start from.
    job
        The job itself.
    """

    name: str
    folder: Path
    job: Job

    def path(self, text: str) -> Path:
        """Return an input path of the job, seen from the job's folder."""
        return (self.folder / Path(text).expanduser()).resolve()

    def run_folder(self) -> Path:
        """Return the run folder that the job asks for, or the default one."""
        text = self.job.output.folder
        return self.path(text) if text else Path("polyring-runs") / self.name
