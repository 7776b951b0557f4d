"""Hold a whole job, typed and frozen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from optimiser.job import sections
from optimiser.job.rings import Rings

DEFAULT_SHARE = 0.1
"""Share of the cost of all candidates that is spent where a job names no budget."""


class Job(sections.Section):
    """An optimisation job with every default filled in."""

    region: sections.Region
    cities: sections.Cities = sections.Cities()
    times: sections.Times = sections.Times()
    access: sections.Access = sections.Access()
    candidates: sections.Candidates = sections.Candidates()
    capacity: sections.Capacity = sections.Capacity()
    costs: sections.Costs = sections.Costs()
    objective: sections.Objective = sections.Objective()
    steps: sections.Steps = sections.Steps()
    independence: sections.Independence = sections.Independence()
    budget: sections.Budget = sections.Budget()
    rings: Annotated[tuple[Rings, ...], Field(strict=False)] = ()
    least: sections.Least = sections.Least()
    city_coverage: sections.CityCoverage = sections.CityCoverage()
    caps: sections.Caps = sections.Caps()
    phasing: sections.Phasing = sections.Phasing()
    solve: sections.Solve = sections.Solve()
    frontier: sections.Frontier = sections.Frontier()
    reach: sections.Reach = sections.Reach()
    cases: sections.Cases = sections.Cases()
    backcast: sections.Backcast = sections.Backcast()
    measures: sections.Measures = sections.Measures()
    output: sections.Output = sections.Output()


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
        """Return an input path of the job as an absolute path."""
        return (self.folder / Path(text).expanduser()).resolve()

    def input_path(self, text: str) -> Path | None:
        """Return an input path of the job as an absolute path; None where the key is empty."""
        return self.path(text) if text else None

    def run_folder(self) -> Path:
        """Return the run folder that the job asks for, or the default one."""
        text = self.job.output.folder
        return self.path(text) if text else Path("polyring-runs") / self.name
