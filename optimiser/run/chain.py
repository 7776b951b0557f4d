"""Link the steps of a run: each is made once from the values of earlier steps, or taken from the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Self

from networks import schema
from networks.inputs import checksum
from networks.rail import RailBuild
from networks.schema import Network
from optimiser import report as reports
from optimiser.engine.certification import Certified, certify
from optimiser.engine.child import ChildProcess
from optimiser.engine.search.task import DAY_S
from optimiser.engine.solve import FAILED, KILLED, SolveFailure
from optimiser.frontier.cases import scale_of, with_steps
from optimiser.job.model import Job, LoadedJob
from optimiser.job.sections import DERIVED
from optimiser.measures.order import rank_links
from optimiser.measures.ring_use import RoadTimes
from optimiser.measures.tables import Measures
from optimiser.problem import DesignProblem, errors
from optimiser.problem import result as results
from optimiser.problem.result import Result
from optimiser.proposals.base_case import BaseCase
from optimiser.proposals.table import Candidates
from optimiser.report import wording
from optimiser.report.inputs import CertifiedBound, Question, ReportInput
from optimiser.run import (
    demands,
    independence,
    measured_plan,
    measuring,
    proposing,
    reading,
    reporting,
    ring_use,
    solving,
    store,
    timing,
)
from optimiser.run.source import Source, find_source
from optimiser.tasks import cache
from optimiser.tasks.cache import Kept, Outcome, Progress
from optimiser.verify import Plan

LEVELS = "levels.json"
"""File with the proof of the max-min levels."""

AHEAD = ("network", "times", "candidates", "problem")
"""Steps before the solve, during which its process loads its code."""

MOST_CERTIFIED = 500_000_000
"""Pairs times arcs up to which a run certifies its bound. The check in plain Python looks at all arcs for
each pair of a row, and no time limit ends it."""


@dataclass(frozen=True)
class Chain:
    """The steps of one run; nothing is made before it is asked for.

    Attributes
    ----------
    loaded
        The job.
    source
        Its data.
    progress
        Notified of each step.
    solver
        The process that solves the problem, and loads its code while the problem is being made; None: one of
        its own for each solve.
    own
        Candidates in place of those that would be proposed; None: they are proposed.
    known
        The result of an earlier run, in place of a solve; None: the problem is solved.
    like
        Steps of a job that differs only after the times: networks, times and what is known of them are
        shared. None: there are none.
    faults
        What failed without taking the plan along, as sentences; they become notes of the run.
    """

    loaded: LoadedJob
    source: Source
    progress: Progress = field(default_factory=Progress)
    solver: ChildProcess | None = None
    own: Candidates | None = None
    known: Result | None = None
    like: Chain | None = None
    faults: list[str] = field(default_factory=list, compare=False)

    @classmethod
    def of(cls, loaded: LoadedJob) -> Self:
        """Return the steps of a job, whose files must exist."""
        return cls(loaded, find_source(loaded))

    @cached_property
    def networks(self) -> Kept[reading.Networks]:
        """Road and rail networks of the map, services, import report."""
        if self.like is not None:
            return self.like.networks
        job, source = self.loaded.job, self.source
        if not source.has_map:
            title = "Reading the timetable"
        elif source.files.keys() & {"region.file", "region.graph"}:
            title = "Reading the map"
        else:
            title = "Fetching and reading the map"
        downloads = cache.folder() / "downloads"
        step = "network", title, self._network_inputs
        return self._kept(*step, lambda: reading.read_networks(job, source, downloads=downloads))

    @property
    def _network_inputs(self) -> dict[str, Any]:
        job, source = self.loaded.job, self.source
        return {
            "files": self._checksums("region.file", "region.graph", "region.polygon", "region.gtfs"),
            "area": [
                job.region.model_dump(include={"place", "bbox", "margin_km", "graph_speeds"}),
                [repr(source.area), source.closed_borders] if source.area else None,
            ],
            "region": {"country": source.country, "as_of": job.region.as_of},
            "times": job.times.model_dump(include={"rail", "ferries", "road_classes"}),
            "timetable": job.region.model_dump(
                mode="json", include={"gtfs_date", "gtfs_modes", "gtfs_hours"}
            ),
            "places": job.cities.model_dump() if source.cities_from == "osm" or source.area else None,
        }

    def networks_are_kept(self) -> bool:
        """Return whether the map was read in an earlier run."""
        return cache.is_kept("network", self._network_inputs)

    @cached_property
    def rail(self) -> RailBuild | None:
        """Railways of the map; None with a matrix."""
        if self.like is not None:
            return self.like.rail
        return None if self.has_matrix else store.load(self.networks.outcome.folder, ["rail"])

    @cached_property
    def times(self) -> Kept[timing.Times]:
        """Cities, and the times of all trips by both definitions."""
        if self.like is not None:
            return self.like.times
        job, source = self.loaded.job, self.source
        inputs = {
            "files": self._checksums("cities.file", "region.matrix"),
            "cities": job.cities.model_dump(exclude={"file"}),
            "from": source.cities_from,
            "network": "" if self.has_matrix else self.networks.key,
            "times": job.times.model_dump(exclude={"limit_s", "definition"}),
            "access": job.access.model_dump(),
            "definition": job.times.definition if self.has_matrix else "",
            "country": source.country,
        }

        def make() -> timing.Times:
            if self.has_matrix:
                return timing.read_matrix(job, source)
            return timing.compute_times(self.networks.read(), job, source)

        return self._kept("times", "Placing the cities and timing all trips", inputs, make)

    @cached_property
    def base(self) -> BaseCase:
        """What exists before anything is built."""
        job = self.loaded.job
        if self.like is not None:
            return self.like.base.at_limit(job.times.limit_s)
        return proposing.base_case(self.times.value, self.rail, job, self.source)

    @cached_property
    def candidates(self) -> Kept[Candidates]:
        """Candidates with their costs."""
        job, source = self.loaded.job, self.source
        inputs = {
            "files": self._checksums("candidates.file", "costs.table", "costs.terrain"),
            "times": self.times.key,
            "which": [job.times.limit_s, job.times.definition],
            "candidates": job.candidates.model_dump(exclude={"file"}),
            "costs": [job.costs.model_dump(exclude={"table", "terrain"}), job.costs.is_plain],
            "country": source.country,
            "closed_borders": source.closed_borders,
            "rings": [ring.model_dump() for ring in job.rings],
            "trips": job.measures.model_dump(include={"trips_per_person", "discount_rate", "years"}),
        }
        if self.own is not None:
            inputs |= {"own": self.own.digest()}

        def make() -> Candidates:
            if self.own is not None:
                return self.own
            return proposing.propose_candidates(self.base, self.times.value, self.rail, job, source)

        return self._kept("candidates", "Proposing and pricing candidates", inputs, make)

    @cached_property
    def roads(self) -> dict[str, RoadTimes]:
        """Times between the places of the region on the road alone, by ring; none without road rings."""
        job, source = self.loaded.job, self.source
        if not job.rings or self.has_matrix:
            return {}
        inputs = {
            "files": self._checksums("measures.places"),
            "candidates": self.candidates.key,
            "independence": job.independence.congested_kmh,
            "cities": job.cities.model_dump(exclude={"file"}),
            "trips": job.measures.trips_per_person,
        }
        step = "places", "Timing the roads between places", inputs
        return self._kept(
            *step, lambda: ring_use.road_times(self.base, self.candidates.value, job, source)
        ).value

    @cached_property
    def draft(self) -> Kept[proposing.StatedProblem]:
        """The design problem without the levels of max-min fairness, and the meaning of its numbers."""
        job, source, name = self.loaded.job, self.source, self.loaded.name
        # No limit in seconds: the problem is one whatever the load.
        untimed = job.solve.model_copy(update={"time_limit_s": DAY_S})
        inputs = {
            "files": self._checksums("objective.weights_file", "measures.places"),
            "name": name,
            "candidates": self.candidates.key,
            "objective": job.objective.model_dump(exclude={"weights_file", "kind"}),
            "budget": job.budget.model_dump(),
            "demands": job.model_dump(include={"least", "city_coverage", "caps", "phasing"}),
            "steps": job.steps.model_dump(),
            "capacity": job.capacity.model_dump(),
            "independence": job.independence.model_dump(),
            "money": [[one.budgets, one.amounts, one.shares] for one in job.alternatives if job.rings],
            "worth": untimed.model_dump() if any(r.reward == DERIVED for r in job.rings) else None,
        }

        def make() -> proposing.StatedProblem:
            steps = self.base, self.times.value, self.rail, self.candidates.value
            found = proposing.draft_problem(*steps, job, source, name=name)
            if all(ring.reward != DERIVED for ring in job.rings):
                return found
            solve = partial(solving.solve, settings=untimed, run=self.solver)
            return proposing.with_rewards(found, self.roads, job, self.base, solve)

        return self._kept("problem", "Writing the problem", inputs, make)

    @cached_property
    def counted(self) -> Kept[DesignProblem]:
        """The problem whose pairs all count: the draft, with max-min fairness with its levels."""
        if self.loaded.job.objective.kind != "max_min":
            return Kept(self.draft.outcome, lambda folder: store.load(folder, ["problem"]))
        settings, notify = self.loaded.job.solve, self.progress.begins

        def make(folder: Path) -> None:
            draft = self.draft.value
            coverable = draft.pairs["coverable"].tolist()
            raised, proof = solving.raise_worst(draft.problem, coverable, settings, notify=notify)
            store.save(folder, raised)
            store.save_json(folder / LEVELS, proof)

        inputs = {"draft": self.draft.key, "solve": settings.model_dump()}
        step = "levels", "Raising the worst tier", inputs, make
        outcome = self.outcome(*step)
        if outcome.reused and not store.load_json(outcome.folder / LEVELS)["proven"]:
            cache.forget(outcome)  # an earlier run left questions open: they are asked again
            outcome = self.outcome(*step)
        return Kept(outcome, store.load)

    @cached_property
    def problem(self) -> Kept[DesignProblem]:
        """The design problem that is solved: `counted`, with further pairs where pairs count in parts."""
        job = self.loaded.job
        if not job.steps.shares and not job.independence.counts_pairs:
            return self.counted
        inputs = {"problem": self.counted.key, "draft": self.draft.key}
        step, asked = ("steps", "Letting pairs count in parts", inputs), demands.limit_steps(job)
        return self._kept(*step, lambda: with_steps(self.counted.value, asked, self.draft.value.layer))

    @property
    def design(self) -> DesignProblem:
        """The design problem."""
        return self.problem.value

    @cached_property
    def result(self) -> Result:
        """What the solver claims; what was cut short is not kept for the next run.

        Where the solver failed, the best plan before, which was checked, is the result.
        """
        if self.known is not None:
            return self.known
        settings = self.loaded.job.solve
        inputs = {"problem": self.problem.key, "solve": settings.model_dump(exclude={"time_limit_s"})}
        found = self.kept_result("solve", "Solving", self.design, inputs)
        if found.termination in (*FAILED, KILLED):
            self.faults.append(solving.describe_failure(found, settings.time_limit_s))
        return found

    def kept_result(self, name: str, title: str, problem: DesignProblem, inputs: Mapping[str, Any]) -> Result:
        """Return what the solver claims of a problem; what was cut short is not kept for the next run."""
        settings = self.loaded.job.solve

        def make(folder: Path) -> None:
            try:
                result = solving.solve(problem, settings, progress=self.progress.trace, run=self.solver)
            except SolveFailure as failure:
                if not failure.result.has_plan:
                    raise
                result = failure.result
            results.save(result, folder / "result.json")

        outcome = self.outcome(name, title, inputs, make)
        found = results.load(outcome.folder / "result.json")
        if not found.is_settled:
            cache.forget(outcome)
        return found

    @property
    def weight_scale(self) -> int:
        """By what the weights of the job are multiplied in the problem."""
        layer = self.draft.value.layer
        steps = demands.limit_steps(self.loaded.job)
        return scale_of([*(step.share for step in steps), *(() if layer is None else layer.shares)])

    @cached_property
    def tables(self) -> Path:
        """Folder with network, cities, times and candidates for other programs."""
        times, candidates = self.times, self.candidates

        def make(folder: Path) -> None:
            store.save_json(folder / "import_report.json", times.value.report)
            reporting.write_tables(folder, times.value, candidates.value, self.rail_network)

        inputs = {"times": times.key, "candidates": candidates.key}
        return self.outcome("tables", "Writing network, cities and candidates", inputs, make).folder

    @property
    def questions(self) -> frozenset[Question]:
        """What else can be asked of the plan: plausible cases, prices of demands, speeds.

        Plausible cases need a map and something to choose; the levels of max-min fairness are not raised anew
        for each case, so that there are none with them.
        """
        job = self.loaded.job
        has_cases = not self.has_matrix and job.objective.kind != "max_min" and len(self.candidates.value) > 0
        asked: dict[Question, bool] = {
            "cases": has_cases,
            "prices": any(demands.fairness_demands(job)),
            "speeds": timing.EXPRESSWAY in set(self.times.value.road.links["link_class"]),
        }
        return frozenset(name for name, holds in asked.items() if holds)

    def findings(
        self, plan: Plan, *, answers: reporting.Answers | None = None, certified: CertifiedBound | None = None
    ) -> reporting.Findings:
        """Return all values of the run, for its report.

        `answers` are those to `questions`, `certified` the bound that the certificate proves; None: not yet.
        """
        levels, plan = self.counted.outcome.folder / LEVELS, solving.within_limit(self.counted.value, plan)
        measures = self.measures(plan)
        order = measures.build_order["candidate_id"].tolist()[1:]
        inputs = {"problem": self.counted.key, "plan": plan.built, "order": order}
        step = "ranking", "Ranking the links", inputs
        ranking = self._kept(*step, lambda: rank_links(self.counted.value, plan.built, order=order))
        return self.findings_of(
            self.loaded.job,
            self.counted.value,
            self.result,
            plan,
            levels=store.load_json(levels) if levels.exists() else None,
            seconds=measures.seconds,
            ranking=ranking.value,
            measures=measures,
            answers=reporting.Answers() if answers is None else answers,
            unasked=tuple(self._unasked(answers)),
            certified=certified,
            faults=tuple(self.faults),
        )

    def findings_of(
        self,
        job: Job,
        problem: DesignProblem,
        result: Result,
        plan: Plan,
        **others: Any,  # noqa: ANN401 - fields of Findings
    ) -> reporting.Findings:
        """Return the values of a plan from these steps, for its report."""
        return reporting.Findings(
            job=job,
            source=self.source,
            times=self.times.value,
            candidates=self.candidates.value,
            draft=self.draft.value,
            roads=self.roads,
            rail=self.rail_network,
            problem=problem,
            result=result,
            plan=plan,
            **others,
        )

    def report(self, found: reporting.Findings, shown: ReportInput) -> Path:
        """Return the folder with the report on all values of the run, which shows `shown`."""
        with_page = self.loaded.job.output.report
        inputs = self._shown_inputs | {
            "plan": found.plan.as_dict(),
            "notes": shown.notes,
            "answers": asdict(found.answers),
            "unasked": found.unasked,
            "certified": None if found.certified is None else asdict(found.certified),
        }

        def make(folder: Path) -> None:
            more = replace(shown, idle=reporting.idle(found)) if with_page else shown
            reports.write(more, folder, with_picture=False, with_page=with_page)
            if self.loaded.job.output.picture:
                reports.draw_curve(shown, folder)

        return self.outcome("report", "Writing report, map and links", inputs, make).folder

    def picture(self, shown: ReportInput) -> Path:
        """Return the folder with the pictures of plan and rings: of all answers they show circuits alone."""
        drawn = [[ring.is_left_out, ring.pieces["link"].tolist()] for ring in shown.rings]
        step = "picture", "Drawing the picture", self._shown_inputs | {"rings": drawn}
        return self.outcome(*step, lambda folder: reports.draw(shown, folder)).folder

    @property
    def _shown_inputs(self) -> dict[str, Any]:
        job, result = self.loaded.job, self.result
        return {
            "problem": self.problem.key,
            "plan": [result.built, result.objective, result.bound],
            "solve": [result.variant, result.solver, result.seconds],
            "words": [self.source.title, self.source.notes, self.source.attribution, self.source.caution],
            "files": self._checksums("measures.places", "measures.known_rings"),
            "output": job.output.model_dump(exclude={"folder"}),
            "measures": job.measures.model_dump(exclude={"places", "known_rings"}),
        }

    @property
    def _certificate_inputs(self) -> dict[str, Any]:
        job, result = self.loaded.job, self.result
        return {
            "problem": self.problem.key,
            "bound": [result.objective, result.bound],
            "certificate": job.certificate.model_dump(),
            "seed": job.solve.seed,
        }

    @property
    def certifies(self) -> bool:
        """Whether a proof of the bound is sought that anyone can check."""
        is_wanted = self.loaded.job.certificate.time_limit_s > 0 and self.result.bound is not None
        return is_wanted and len(self.design.pairs) * len(self.design.arcs) <= MOST_CERTIFIED

    def _unasked(self, answers: reporting.Answers | None) -> Iterator[str]:
        """Yield what was not asked of the plan, why, and which command asks it."""
        if self.questions and (answers is None or not answers.is_of_cases):
            words = wording.join_names([wording.WORDS["questions"][name] for name in sorted(self.questions)])
            yield f"Not asked yet: {words}. The command {wording.ASKING} asks."
        pairs, arcs = len(self.design.pairs), len(self.design.arcs)
        if pairs * arcs > MOST_CERTIFIED:
            yield (
                f"The bound is not certified: a run certifies up to {MOST_CERTIFIED:,} pairs times arcs, and "
                f"this problem has {pairs * arcs:,} ({pairs:,} pairs, {arcs:,} arcs). The command “polyring "
                "certify RUN --out FILE” seeks a proof of any size, and its check has no limit of time."
            )

    def certificate_is_kept(self) -> bool:
        """Return whether the bound was certified in an earlier run."""
        return cache.is_kept("certify", self._certificate_inputs)

    def certified(self) -> Certified | None:
        """Return the proof of the bound, or of as much of it as the time allows; None: nothing was proved."""
        job, design = self.loaded.job, self.design

        def make() -> Certified:
            return certify(
                design,
                self.result,
                time_limit_s=job.certificate.time_limit_s,
                seed=job.solve.seed,
                memory_mb=job.solve.memory_mb or None,
                progress=self.progress.certifying,
                run=self.solver,
            )

        step = "certify", "Certifying the bound", self._certificate_inputs, make
        try:
            found = self._kept(*step)
            if found.outcome.reused and found.value.seconds >= job.certificate.time_limit_s:
                cache.forget(found.outcome)  # an earlier run was cut short
                found = self._kept(*step)
        except errors.SolverError as fault:
            self.progress.ends(str(fault))
            self.faults.append(f"The bound is not certified: {fault.what}.")
            return None
        return found.value

    def measures(self, plan: Plan) -> Measures:
        """Return the measures of a verified plan, as it counts within the limit."""
        job = self.loaded.job
        inputs = {
            "problem": self.problem.key,
            "plan": [plan.built, plan.rings, plan.starts],
            "measures": job.measures.model_dump(),
        }
        step = "measures", "Measuring the plan", inputs
        return self._kept(*step, lambda: measuring.measure(self.measured(self.counted.value, plan))).value

    def measured(self, problem: DesignProblem, plan: Plan) -> measured_plan.MeasuredPlan:
        """Prepare a plan for its measures, as it counts within the limit.

        Its problem is `counted`, or one with other money, weights or choices.
        """
        job, times = self.loaded.job, self.times.value
        return measured_plan.MeasuredPlan(
            problem=problem,
            plan=plan,
            graph=times.graphs[job.times.definition],
            candidates=self.candidates.value,
            cities=times.cities,
            ends=self.draft.value.pairs[["origin", "destination"]].to_numpy(dtype="int64"),
            settings=job.measures,
            lines=None if self.has_matrix else times.road.links.geometry,
            without=independence.without_core(times, self.candidates.value, job),
            hour_value=proposing.value_of_time(self.source),
        )

    @property
    def has_matrix(self) -> bool:
        """Whether a table of travel times takes the place of a map."""
        return "region.matrix" in self.source.files

    @property
    def rail_network(self) -> Network:
        """Railways of the map as a network; empty with a matrix."""
        return schema.empty_network() if self.rail is None else self.rail.network

    def _checksums(self, *keys: str) -> dict[str, str]:
        """Return the checksums of files of the source by their keys."""
        return {key: checksum(self.source.files[key]) for key in keys if key in self.source.files}

    def _kept[T](self, name: str, title: str, inputs: Mapping[str, Any], make: Callable[[], T]) -> Kept[T]:
        """Return the value of a step, made or kept; the first made of `AHEAD` prepares the solver."""

        def make_step(folder: Path) -> None:
            if name in AHEAD and self.solver is not None and not self.solver.is_running:
                solving.prepare(self.solver, self.loaded.job)
            store.save(folder, make())

        return Kept(self.outcome(name, title, inputs, make_step), store.load)

    def outcome(
        self, name: str, title: str, inputs: Mapping[str, Any], make: Callable[[Path], object]
    ) -> Outcome:
        """Make a step or find it; `inputs` make the steps before it, so that each has a time of its own."""
        with self.progress.step(name, title):
            outcome = cache.get(name, inputs, make)
            if outcome.reused:
                self.progress.reused.append(name)
        return outcome
