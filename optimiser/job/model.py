"""Hold a whole job, typed and frozen."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from optimiser.job import sections
from optimiser.job.rings import Rings
from optimiser.job.sweep import Sweep

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
    closures: sections.Closures = sections.Closures()
    reach: sections.Reach = sections.Reach()
    cases: sections.Cases = sections.Cases()
    robust: sections.Robust = sections.Robust()
    sweep: Sweep = Sweep()
    certificate: sections.Certificate = sections.Certificate()
    backcast: sections.Backcast = sections.Backcast()
    measures: sections.Measures = sections.Measures()
    output: sections.Output = sections.Output()


PATH_KEYS = {
    "region": ("file", "graph", "matrix", "polygon", "gtfs"),
    "cities": ("file",),
    "candidates": ("file",),
    "costs": ("table", "terrain"),
    "objective": ("weights_file",),
}
"""Keys of a job that are paths of files to read, by section."""


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

    def moved_to(self, folder: Path) -> Job:
        """Return the job as it is written in another folder: the same files, by paths from there."""
        changed: dict[str, sections.Section] = {}
        for name, keys in PATH_KEYS.items():
            section = getattr(self.job, name)
            paths = {key: self.input_path(getattr(section, key)) for key in keys}
            moved = {key: _path_from(folder, path) for key, path in paths.items() if path is not None}
            changed[name] = section.model_copy(update=moved)
        return self.job.model_copy(update=changed)

    def run_folder(self) -> Path:
        """Return the run folder that the job asks for, or the default one."""
        text = self.job.output.folder
        return self.path(text) if text else Path("polyring-runs") / self.name


@dataclass(frozen=True, slots=True)
class Cluster:
    """A region of several that are compared, each with a job of its own.

    Attributes
    ----------
    title
        Name for people.
    loaded
        The job, under the name of the cluster.
    """

    title: str
    loaded: LoadedJob


def _path_from(folder: Path, path: Path) -> str:
    """Return a path as seen from a folder; absolute where they are on different drives."""
    try:
        return Path(os.path.relpath(path, folder.resolve())).as_posix()
    except ValueError:
        return path.as_posix()
