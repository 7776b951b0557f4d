"""Link the steps of a run: each one is made once from the ones before it, or taken from the cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optimiser.job.model import LoadedJob
from optimiser.problem import DesignProblem
from optimiser.problem import load as load_problem
from optimiser.problem import result as results
from optimiser.problem.result import Result
from optimiser.run import cache
from optimiser.run.cache import Outcome
from optimiser.run.progress import Progress
from optimiser.run.source import Source

if TYPE_CHECKING:
    from optimiser.report.inputs import ReportInput
    from optimiser.verify import Plan


@dataclass(frozen=True)
class Chain:
    """The steps of one run, each a folder of files.

    Attributes
    ----------
    loaded
        The job.
    source
        Where its data come from.
    progress
        Who is told of each step.
    """

    loaded: LoadedJob
    source: Source
    progress: Progress

    @cached_property
    def network(self) -> Outcome:
        """Return the step that reads the map: road and rail networks, services, import report."""
        job, loaded, source = self.loaded.job, self.loaded, self.source
        downloads = cache.folder() / "downloads"

        def make(folder: Path) -> None:
            from optimiser.run import fetching, reading

            if source.map_file is not None:
                elements = reading.read(source.map_file, job)
            else:
                elements = fetching.fetch(loaded, downloads)
            reading.write_networks(folder, elements, source=source, job=job)

        polygon = loaded.path(job.region.polygon) if job.region.polygon else None
        inputs = {
            "map": cache.checksum(source.map_file) if source.map_file is not None else "",
            "area": job.region.model_dump(include={"place", "bbox", "margin_km"}),
            "polygon": cache.checksum(polygon) if polygon is not None else "",
            "region": {"country": source.country, "as_of": job.region.as_of},
            "times": job.times.model_dump(include={"rail", "ferries", "road_classes"}),
            "factors": [source.road_factor, source.rail_factor],
            "places": job.cities.model_dump() if source.cities_from == "osm" else None,
        }
        words = "Reading the map" if source.map_file is not None else "Fetching and reading the map"
        return self._step("network", words, inputs, make)

    @cached_property
    def times(self) -> Outcome:
        """Return the step that places the cities and computes all travel times, by both definitions."""
        job, loaded, source = self.loaded.job, self.loaded, self.source

        def make(folder: Path) -> None:
            from optimiser.run import timing

            if source.matrix_file is not None:
                timing.write_matrix(folder, loaded, source)
            else:
                timing.write_times(folder, self.network.folder, loaded, source)

        inputs = {
            "cities": job.cities.model_dump(exclude={"file"}),
            "from": source.cities_from,
            "file": cache.checksum(source.cities_file) if source.cities_file else "",
            "network": "" if source.matrix_file is not None else self.network.key,
            "matrix": cache.checksum(source.matrix_file) if source.matrix_file is not None else "",
            "times": job.times.model_dump(exclude={"limit_s", "definition"}),
            "country": source.country,
        }
        return self._step("times", "Placing the cities and timing all trips", inputs, make)

    @cached_property
    def candidates(self) -> Outcome:
        """Return the step that proposes and prices candidates."""
        job, loaded, source = self.loaded.job, self.loaded, self.source

        def make(folder: Path) -> None:
            from optimiser.run import proposing

            proposing.write_candidates(folder, self.times.folder, loaded, source, networks=self._networks)

        inputs = {
            "times": self.times.key,
            "which": [job.times.limit_s, job.times.definition],
            "candidates": job.candidates.model_dump(exclude={"file"}),
            "costs": job.costs.model_dump(exclude={"table", "terrain"}),
            "files": [
                cache.checksum(path)
                for path in (
                    *(loaded.path(text) for text in (job.candidates.file, job.costs.table) if text),
                    *([source.terrain_file] if source.terrain_file else []),
                )
            ],
            "country": source.country,
            "rings": [ring.model_dump() for ring in job.rings],
        }
        return self._step("candidates", "Proposing and pricing candidates", inputs, make)

    @cached_property
    def draft(self) -> Outcome:
        """Return the step that writes the design problem, without the levels of max-min."""
        job, loaded, source = self.loaded.job, self.loaded, self.source

        def make(folder: Path) -> None:
            from optimiser.run import proposing

            proposing.write_problem(
                folder, self.times.folder, self.candidates.folder, loaded, source, networks=self._networks
            )

        weights = job.objective.weights_file
        inputs = {
            "name": loaded.name,
            "candidates": self.candidates.key,
            "objective": job.objective.model_dump(exclude={"weights_file", "kind"}),
            "weights": cache.checksum(loaded.path(weights)) if weights else "",
            "budget": job.budget.model_dump(),
            "demands": job.model_dump(include={"least", "city_coverage", "caps", "phasing"}),
        }
        return self._step("problem", "Writing the problem", inputs, make)

    @cached_property
    def problem(self) -> Outcome:
        """Return the step that holds the design problem: the draft, or with max-min that with its levels."""
        settings = self.loaded.job.solve
        if self.loaded.job.objective.kind != "max_min":
            return self.draft

        def make(folder: Path) -> None:
            from optimiser.run import levelling

            levelling.write_levels(folder, self.draft.folder, settings, tell=self.progress.begins)

        inputs = {"draft": self.draft.key, "solve": settings.model_dump()}
        return self._step("levels", "Raising the worst tier", inputs, make)

    @cached_property
    def design(self) -> DesignProblem:
        """Return the design problem."""
        return load_problem(self.problem.folder / "problem.json")

    @cached_property
    def result(self) -> Result:
        """Return what the solver claims; only proven results are kept for the next run."""
        job = self.loaded.job
        from optimiser.run import solving

        def make(folder: Path) -> None:
            results.save(
                solving.solve(self.design, job.solve, progress=self.progress.trace), folder / "result.json"
            )

        inputs = {"problem": self.problem.key, "solve": job.solve.model_dump()}
        outcome = self._step("solve", "Solving", inputs, make)
        found = results.load(outcome.folder / "result.json")
        if not solving.is_proven(found, job.solve.gap):
            cache.forget(outcome)
        return found

    @cached_property
    def sensitivity(self) -> Outcome | None:
        """Return the step that repeats the coverage at other speeds; None with a matrix."""
        if self.source.matrix_file is not None:
            return None
        job, built = self.loaded.job, self.result.built

        def make(folder: Path) -> None:
            from optimiser.run import sensitivity

            sensitivity.write_sensitivity(
                folder, self.network.folder, self.times.folder, self.candidates.folder, built=built, job=job
            )

        inputs = {"candidates": self.candidates.key, "built": built}
        return self._step("sensitivity", "Timing trips at other speeds", inputs, make)

    @cached_property
    def tables(self) -> Outcome:
        """Return the step that writes network, cities, times and candidates for other programs."""

        def make(folder: Path) -> None:
            from optimiser.run import reporting

            reporting.write_steps(folder, self)

        inputs = {"times": self.times.key, "candidates": self.candidates.key}
        return self._step("tables", "Writing network, cities and candidates", inputs, make)

    def fairness(self, plan: Plan) -> Outcome | None:
        """Return the step that prices what the job demands for fairness; None where it demands nothing.

        Parameters
        ----------
        plan
            The verified plan.
        """
        from optimiser.run import pricing

        job = self.loaded.job
        if not pricing.demands(job):
            return None

        def make(folder: Path) -> None:
            pricing.write_fairness(folder, self.design, plan, self.problem.folder / "pairs.parquet", job)

        inputs = {"problem": self.problem.key, "plan": plan.as_dict(), "solve": job.solve.model_dump()}
        return self._step("fairness", "Solving without the demands, to price them", inputs, make)

    def measures(self, plan: Plan) -> Outcome:
        """Return the step that measures the plan.

        Parameters
        ----------
        plan
            The verified plan.
        """
        job = self.loaded.job

        def make(folder: Path) -> None:
            from optimiser.run import measuring

            measured = measuring.load_plan(
                self.design,
                plan,
                times=self.times.folder,
                candidates=self.candidates.folder,
                pairs=self.problem.folder / "pairs.parquet",
                job=job,
                with_roads=self.source.matrix_file is None,
            )
            measuring.save(measuring.measure(measured), folder)

        inputs = {
            "problem": self.problem.key,
            "plan": [plan.built, plan.rings, plan.starts],
            "measures": job.measures.model_dump(),
        }
        return self._step("measures", "Measuring the plan", inputs, make)

    def report(self, plan: Plan, shown: ReportInput) -> Outcome:
        """Return the step that writes the report.

        Parameters
        ----------
        plan
            The verified plan.
        shown
            What the report shows.
        """
        job = self.loaded.job

        def make(folder: Path) -> None:
            from optimiser.run import reporting

            reporting.write_report(folder, shown, job.output)

        inputs = {
            "problem": self.problem.key,
            "plan": plan.as_dict(),
            "solve": [self.result.variant, self.result.solver, self.result.seconds],
            "words": [self.source.title, self.source.notes, self.source.attribution, shown.notes],
            "output": job.output.model_dump(exclude={"folder"}),
            "measures": job.measures.model_dump(),
        }
        return self._step("report", "Writing report, map and links", inputs, make)

    @property
    def _networks(self) -> Path | None:
        return None if self.source.matrix_file is not None else self.network.folder

    def _step(
        self, name: str, words: str, inputs: Mapping[str, Any], make: Callable[[Path], None]
    ) -> Outcome:
        """Make a step or find it; the steps before it are made first, so that each has a time of its own."""
        with self.progress.step(name, words):
            outcome = cache.get(name, inputs, make)
            if outcome.reused:
                self.progress.reused.append(name)
        return outcome
