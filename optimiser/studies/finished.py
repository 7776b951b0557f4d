"""Hold a solved and checked plan of a region with all that it was made from, to be inspected and changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks.matrix import write_omx
from networks.skims import UNREACHABLE
from optimiser import report as reports
from optimiser import verify
from optimiser.engine.child import ChildProcess
from optimiser.engine.search.task import DAY_S, NamedPlan
from optimiser.frontier.cases import Case, case_from, resolve
from optimiser.job import find, load
from optimiser.job.model import Job, LoadedJob, did_you_mean
from optimiser.job.sections import AS_CHOSEN, Share, Whole
from optimiser.job.sections import Limit as Duration
from optimiser.measures import coverage
from optimiser.measures.tables import Measures
from optimiser.problem import DesignProblem
from optimiser.problem import load as load_problem
from optimiser.problem import result as results
from optimiser.problem.errors import JobError, ProblemError, VerificationError
from optimiser.report import answer, page, ring_layout, sentences, tables, wording
from optimiser.report.inputs import CaseResults, ReportInput
from optimiser.run import folder, measuring, pipeline, reporting, solving, store
from optimiser.run.chain import Chain
from optimiser.run.source import find_source
from optimiser.studies import cases, folders, states, whatif
from optimiser.studies.answers import counted_of
from optimiser.studies.comparison import Comparison, Table, Why, explain
from optimiser.studies.frontier import TracedFrontier, labels_of, traced_curve
from optimiser.tasks.cache import Progress, told

if TYPE_CHECKING:
    from matplotlib.figure import Figure


type State = Literal["before", "after", "all_built"]
"""When travel times hold: today, with the plan, or with every candidate."""


class Summary(dict[str, Any]):
    """The contents of a `summary.json`; shown by its keys."""

    def __repr__(self) -> str:
        """Return the keys in one line."""
        return f"<Summary: {', '.join(self)}>"


def times_table(names: Iterable[object], seconds: NDArray[np.int64]) -> pd.DataFrame:
    """Return travel times, int64 [cities x cities] seconds, as a table that is empty without a path."""
    labels = [*map(str, names)]
    known = pd.DataFrame(np.where(seconds < UNREACHABLE, seconds, -1), labels, labels, dtype="Int64")
    return known.mask(known < 0)


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """A solved and checked plan of a region, with all that it was made from.

    `run`, `load`, `Run.solve` and `verify` return one. Tables are made when they are first asked for.

    Attributes
    ----------
    study
        Steps of the job, and the process that solves further questions.
    problem, result, plan
        What was solved, what the solver claims, and what the independent check found.
    counted
        The problem whose pairs all count within the limit; another one than `problem` where the job counts
        pairs in steps.
    changes
        What differs from the job; nothing for the run of a job.
    folder
        The run folder; None where none was written.
    answers
        What the run was asked after its page; None where nothing was.
    given
        What the report of the run folder shows, where it is at hand.
    """

    study: whatif.Study
    problem: DesignProblem
    result: results.Result
    plan: verify.Plan
    counted: DesignProblem
    changes: whatif.WhatIf = whatif.UNCHANGED
    folder: Path | None = None
    answers: reporting.Answers | None = None
    given: ReportInput | None = None

    # ---- figures

    @property
    def name(self) -> str:
        """Return the name of the problem: that of the job, and what differs from it."""
        return self.problem.name

    @property
    def job(self) -> Job:
        """Return the job, with the changes of a what-if in its keys."""
        return self.changes.of(self.study.job)

    @property
    def cases(self) -> CaseResults | None:
        """Return what plausible cases choose; None where they were not asked (`polyring cases`, `cases`)."""
        return None if self.answers is None else self.answers.cases

    @property
    def built(self) -> tuple[str, ...]:
        """Return the ids of what is built, sorted."""
        return self.plan.built

    @property
    def cost(self) -> int:
        """Return the cost of the plan, in `money`."""
        return self.plan.cost

    @property
    def budget(self) -> int | None:
        """Return what may be spent, in `money`; None where the cost is minimised."""
        return self.problem.budget

    @property
    def money(self) -> str:
        """Return the unit of money."""
        return self.problem.money

    @property
    def objective(self) -> int:
        """Return what the plan is worth, in units of weight; without a budget its cost."""
        return self.plan.objective

    @property
    def bound(self) -> float | None:
        """Return what no plan exceeds, in units of `objective`; None without a proof."""
        return self.plan.bound

    @property
    def limit(self) -> int:
        """Return the time limit of a pair, in seconds."""
        return self.job.times.limit_s

    @property
    def coverage(self) -> pd.DataFrame:
        """Return pairs and weight within the limit, today, with the plan and with everything, by tier."""
        return coverage.by_group(self.shown.pairs).set_index("group")

    @whatif.door
    def travel_times(self, state: State = "after") -> pd.DataFrame:
        """Return travel times between cities, whole seconds, as `Region.travel_times` does.

        Parameters
        ----------
        state
            ``before`` (today), ``after`` (with the plan) or ``all_built``.
        """
        pairs = self.shown.pairs
        ends = pairs[["origin", "destination"]].to_numpy(dtype=np.int64)
        seconds = np.zeros((len(self.shown.cities),) * 2, dtype=np.int64)
        seconds[ends[:, 0], ends[:, 1]] = seconds[ends[:, 1], ends[:, 0]] = pairs[f"{state}_s"]
        return times_table(self.shown.cities["name"], seconds)

    def write_omx(self, path: str | Path) -> None:
        """Write travel times between cities as OMX, float64 seconds, NaN where no path leads.

        The matrices are `seconds` (with the plan), `seconds_today` and `seconds_all_built`.
        """
        times = {
            "seconds": self.travel_times(),
            "seconds_today": self.travel_times("before"),
            "seconds_all_built": self.travel_times("all_built"),
        }
        write_omx(path, self.shown.cities["city_id"], times)

    @property
    def status(self) -> results.Status:
        """Return ``optimal`` where the gap is 0, else ``feasible``."""
        return self.plan.status

    @property
    def gap(self) -> float | None:
        """Return the relative distance of the objective to the proven bound; None without a bound."""
        return self.plan.gap

    @property
    def exit_code(self) -> int:
        """Return 0 within the gap that the job asks for, else 10."""
        return solving.exit_code(self.result, self.study.job.solve.gap)

    @cached_property
    def summary(self) -> Mapping[str, Any]:
        """Return the contents of `summary.json`: of the run folder, or as it would be written."""
        if self.folder is not None:
            return Summary(store.load_json(self.folder / folder.SUMMARY))
        return Summary(reporting.summarise(self._findings, self.shown, seconds={}, reused=()))

    # ---- tables

    @cached_property
    def links(self) -> gpd.GeoDataFrame:
        """Return the proposed links by rank, EPSG:4326; `columns` says what each column means."""
        return Table(self.shown.links.set_index("rank"))

    @property
    def states(self) -> pd.DataFrame:
        """Return what the stated alternatives of the job cost and bring, as states.csv has it."""
        return self.shown.state_table

    @cached_property
    def cities(self) -> gpd.GeoDataFrame:
        """Return the cities with their partners within the limit, today and with the plan, EPSG:4326."""
        return Table(coverage.by_city(self.shown.cities, self.shown.pairs))

    @cached_property
    def pairs(self) -> gpd.GeoDataFrame:
        """Return the pairs of cities with their times in each state, as straight lines, EPSG:4326."""
        found = tables.pair_lines(self.shown.cities, self.shown.pairs)
        return Table(found.assign(links=pd.Series([*map(list, self.shown.pairs["links"])], dtype=object)))

    @cached_property
    def rings(self) -> gpd.GeoDataFrame:
        """Return the rings that the job asks for, EPSG:4326; one that is not formed has no line."""
        found, rings = tables.ring_table(self.shown.rings), self.shown.rings
        lists = {
            "centres": [list(ring.facts.centres) for ring in rings],
            **{
                name: [list(getattr(ring, name)) for ring in rings]
                for name in ("candidates", "must", "inside")
            },
        }
        return Table(found.assign(**lists).astype({"formed": bool, "required": bool}))

    @cached_property
    def ring_legs(self) -> gpd.GeoDataFrame:
        """Return the rings of the plan unrolled: a row for each stretch between cities on them, EPSG:4326."""
        return Table(tables.ring_legs(self.shown.rings))

    @cached_property
    def ring_overlaps(self) -> pd.DataFrame:
        """Return how far the rings of the plan run beside the known rings of the region."""
        return tables.overlaps(self.shown.rings)

    @cached_property
    def ring_use(self) -> pd.DataFrame:
        """Return what the rings of the plan are for, on the road alone, between places outside the cores."""
        return tables.ring_use(self.shown.rings, self.shown.ring_use)

    @cached_property
    def candidates(self) -> gpd.GeoDataFrame:
        """Return everything that could be built, EPSG:4326, with `built` for what the plan builds."""
        table = self._chain.candidates.value.table
        return Table(table.assign(built=table["candidate_id"].isin(self.built)))

    @cached_property
    def columns(self) -> pd.DataFrame:
        """Return the meaning of every column of the tables: index `table` and `column`, column `meaning`."""
        return tables.dictionary()

    @cached_property
    def measures(self) -> Measures:
        """Return equity, dependence on the core, appraisal and build order of the plan."""
        if self.given is not None and self.given.measures is not None:
            return self.given.measures
        plan = solving.within_limit(self.counted, self.plan)
        if self.changes == whatif.UNCHANGED:
            return self._chain.measures(plan)
        return measuring.measure(self._chain.measured(self.counted, plan))

    @cached_property
    def shown(self) -> ReportInput:
        """Return all that tables, pictures and pages show of the plan."""
        if self.given is not None:
            return self.given
        changes = str(self.changes)
        what_if = f"What if: {changes}. This is not the plan of the job." if changes else ""
        return replace(reporting.assemble_report(self._findings), what_if=what_if)

    # ---- questions

    @whatif.door
    def gains(self, link: int | str) -> gpd.GeoDataFrame:
        """Return the new pairs whose fastest way takes a link, as in `pairs`; nothing is solved.

        Parameters
        ----------
        link
            Its rank in `links`, or its id.
        """
        (name,) = whatif.candidate_ids(link, self._ranked, self._names, where="gains")
        new = self.pairs.query("within_after and not within_before")
        return new[new["links"].map(lambda used: name in used)]

    @whatif.door
    def state(self, name: str) -> Run:
        """Return the plan of a stated alternative of the job, by its name in `states`.

        Raises
        ------
        JobError
            When there is no state of this name, or it has no plan.
        """
        known = {one.name: one for one in (() if self.answers is None else self.answers.states)}
        one = known.get(name)
        if one is None or self.folder is None or not one.has_plan:
            why = f"there is no state '{name}'{did_you_mean(name, [*known])}" if one is None else one.why
            remedy = f"States: {'; '.join(known) or 'none; the job asks for no [[alternatives]]'}."
            raise JobError(why, where="state", done="Nothing was read.", remedy=remedy)
        if name == AS_CHOSEN:
            return self
        case, home = case_from(one.case), self.folder / "states" / one.slug
        problem, result = load_problem(home / "problem.json"), results.load(home / "result.json")
        changes = _question(case)
        counted, plan = counted_of(self.study.base, case), verify.check(problem, result)
        return Run(self.study, problem, result, plan, counted, changes, home)

    @whatif.door
    def why(
        self, link: int | str, *, state: str = "", gap: Share | None = None, time_limit_s: Duration = DAY_S
    ) -> Why:
        """Explain a link of the plan: who needs it, what stands in when it goes, what it beats.

        Of a candidate that the plan leaves out it says what the best plan with it gives up.

        Parameters
        ----------
        link
            Its rank in `links`, or the id of any of `candidates`.
        state
            Name of the state whose plan is meant; empty: the plan of this run.
        gap, time_limit_s
            As for `solve`; the best plan without the link, or with it, is sought.

        Raises
        ------
        JobError
            When there is no such candidate.
        InfeasibleError, SolverError
            When the plan leaves it out and no plan with it exists, or none was found.
        """
        if state:
            return self.state(state).why(link, gap=gap, time_limit_s=time_limit_s)
        (name,) = whatif.candidate_ids(link, self._ranked, self._names, where="why")
        is_built = name in self.built
        plan = self if is_built else self.solve(force=[name], gap=gap, time_limit_s=time_limit_s)
        return explain(
            name,
            shown=plan.shown,
            counted=plan.counted,
            candidates=self._chain.candidates.value,
            measured=self._chain.measured(plan.counted, solving.within_limit(plan.counted, plan.plan)),
            other=lambda: (
                (self.solve(without=[name], gap=gap, time_limit_s=time_limit_s) if is_built else self).shown
            ),
            cases=self.shown.cases,
            is_built=is_built,
        )

    @whatif.door
    def solve(  # noqa: PLR0913 - what a question may change
        self,
        *,
        without: whatif.LinkNames = (),
        force: whatif.LinkNames = (),
        budget: float | None = None,
        budget_share: float | None = None,
        weights: Mapping[str, int] | None = None,
        limit: whatif.Limit | None = None,
        rings: bool | None = None,
        gap: Share | None = None,
        time_limit_s: Duration = DAY_S,
    ) -> Run:
        """Return the best plan when something differs, all else being equal; nothing is written.

        Candidates stay as they are, except under another limit: then those that were proposed are generated
        again, but for a plan from `Region.problem(candidates)`, which keeps the candidates it was given.

        Parameters
        ----------
        without, force
            Links that must not, and must, be built: ranks of `links`, or ids of `candidates`.
        budget, budget_share
            Another budget in the unit `money` (below 1: a share), or as a share of that of this run, of any
            size; both None: as in this run.
        weights
            Factor on the weight of pairs by tier of the smaller city, such as ``{"small": 3}``.
        limit
            Another time limit: ``"3h30"``, ``"210 min"``, a `timedelta`, or whole seconds, at least 300.
        rings
            None: the rings of the job, but for wishes that the plan of this run does not form, so that the
            question is one about links and answered sooner. True: all of them. False: none, so that their
            money is free for the rest.
        gap
            Relative gap at which to stop; None: that of the job.
        time_limit_s
            Hard limit on the solve, in seconds; by default the effort of a question of a study ends it. The
            plan found by then comes with its gap.

        Returns
        -------
        Run
            Its `changes` contain those of this run.

        Raises
        ------
        JobError
            When something is named that does not exist.
        InfeasibleError, SolverError
            When no plan meets the question, or none was found in time.
        """
        wishes = (ring.id for ring in self.study.chain.design.rings if not ring.required)
        unformed = tuple(name for name in wishes if name not in self.result.rings)
        later = whatif.WhatIf(
            fixed_out=whatif.candidate_ids(without, self._ranked, self._names, where="without"),
            fixed_in=whatif.candidate_ids(force, self._ranked, self._names, where="force"),
            budget=whatif.budget_amount(budget, budget_share, self.problem),
            tier_factors=whatif.tier_weights(weights or {}, self.problem),
            limit_s=None if limit is None else whatif.limit_seconds(limit),
            rings=rings is not False,
            rings_dropped=unformed if rings is None else (),
        )
        both = sorted(set(later.fixed_out) & set(later.fixed_in))
        JobError.refuse(both, "links are both left out and forced", where="solve", done="Nothing was solved.")
        changes = self.changes.then(later)
        study, case = self.study.asked(changes)
        base, job = study.base, changes.of(self.study.job)
        settings = job.solve.of_study(gap=job.solve.gap if gap is None else gap, time_limit_s=time_limit_s)
        start = NamedPlan.of(self.result)
        with told(f"Solving {base.problem.name}", time_limit_s):
            result = study.ask(case, settings, start=start)
        problem = resolve(base, case)
        if not result.has_plan:
            solving.refuse_empty_run(problem, result, job, pipeline.names_of_nodes(study.chain))
        whatif.warn(f"{note} A share is budget_share=." for note in solving.notes_on_budget(problem))
        plan = verify.check(problem, result)
        if wrong := {*changes.fixed_out} & {*plan.built} | {*changes.fixed_in} - {*plan.built}:
            raise VerificationError("the plan does not answer the question", faults=sorted(wrong))
        return Run(study, problem, result, plan, counted_of(base, case), changes)

    @whatif.door
    def frontier(
        self, points: Whole = 12, *, gap: Share = 1e-3, time_limit_s: Duration = DAY_S, rings: bool = True
    ) -> TracedFrontier:
        """Trace what each level of spending buys, with the candidates and demands of this run.

        Parameters
        ----------
        points
            Number of points, ends included; 0: all.
        gap
            Relative gap of each point.
        time_limit_s
            Hard limit of the whole frontier, in seconds.
        rings
            Whether plans meet what the job asks of rings. Without, one process answers all points, which
            takes seconds; with rings each point is a solve of its own.
        """
        problem = self.counted if rings else self.counted.replace(rings=())
        settings = self.study.job.frontier.model_copy(
            update={"points": points, "gap": gap, "total_s": time_limit_s}
        )
        with told(f"Tracing {problem.name}", time_limit_s):
            found = traced_curve(problem, settings, self.study.job.solve, lambda _tracer: None)
        return TracedFrontier(problem, found, labels_of(problem, self._chain.candidates.value.table))

    # ---- pictures and files

    def map(self) -> page.MapView:
        """Return a map to pan and zoom, safe whatever the names of the data are."""
        return page.MapView.of(self.shown)

    def plot(self) -> Figure:
        """Draw the plan as a still picture, with legend, coverage and ranked links."""
        from optimiser.report import picture

        return picture.draw(self.shown, dpi=100)

    def plot_rings(self) -> Figure:
        """Draw the rings of the plan beside the known rings of the region.

        Raises
        ------
        JobError
            When the plan forms no ring that a known one could be compared with.
        """
        from optimiser.report import picture

        if not ring_layout.known_rings(self.shown.rings):
            raise JobError(
                "the plan forms no ring that a known ring of the region could be compared with",
                where="plot_rings",
                done="Nothing was drawn.",
                remedy="run.plot() draws the plan.",
            )
        return picture.draw_rings(self.shown, dpi=100)

    @whatif.door
    def report(self, out: str | Path) -> Path:
        """Write page, picture, tables, GeoPackage, problem, result and plan into a folder.

        The folder can be opened with `polyring.load`. Commands open it when its problem follows from a job,
        which it then holds as `job.toml`; a what-if and a choice of candidates follow from none.

        Parameters
        ----------
        out
            A folder that is empty, does not exist yet, or was written before.

        Returns
        -------
        pathlib.Path
            The folder.
        """
        target = Path(out)
        is_of_job = self.changes == whatif.UNCHANGED and self._chain.own is None
        shown = replace(self.shown, measures=self.measures, is_of_job=is_of_job)
        with folder.staged(target, self._chain.progress.ends) as stage:
            reports.write(shown, stage)
            if is_of_job:
                pipeline.write_job(stage, self._chain.loaded)
            else:
                pipeline.write_job(stage, self._chain.loaded, folder.QUESTION_OF)
                (stage / folder.QUESTION).mkdir()
                named = {"name": self._chain.loaded.name, "title": self._chain.source.title}
                asked = {"changes": self.changes.as_dict(), "own": self._chain.own}
                store.save(stage / folder.QUESTION, named | asked)
            folders.write_plan(stage, self.problem, self.plan, self._findings, shown)
        return target

    save = report

    def close(self) -> None:
        """End the process that solves; the next question starts it again."""
        self.study.process.close()

    def __repr__(self) -> str:
        """Return name, size and proof in one line."""
        money = f"{self.cost:,} {self.money}".strip()
        source, certified = self.plan.bound_source, self.given.certified if self.given else None
        is_word = source is not None and not source.is_recomputed and certified is None
        word = f" by the word of {source.word}" if source is not None and is_word else ""
        return f"<Run {self.name}: {len(self.built)} links for {money}, gap {wording.gap(self.gap)}{word}>"

    def __str__(self) -> str:
        """Return what the plan builds and brings, in two sentences."""
        shown = self.shown
        said = filter(None, (answer.sentence(shown), shown.what_if, sentences.meaning(shown)))
        return f"{shown.region}: {' '.join(said)}"

    def _repr_html_(self) -> str:
        """Return headline, coverage and links as HTML, for a notebook."""
        shown = self.shown
        lines = (*filter(None, [shown.what_if]), f"Cost {sentences.budget(shown)}; {sentences.proof(shown)}.")
        words = {"group": "tier", "pairs": "pairs", "before_pairs": "today", "after_pairs": "with the plan"}
        return (
            page.heading(f"{shown.region}: {answer.sentence(shown)}", *lines)
            + page.table(coverage.by_group(shown.pairs), columns=words)
            + page.table(
                pd.DataFrame(shown.links.assign(kind=shown.links["kind"].map(wording.kind))),
                columns=wording.WORDS["notebook_links"],
            )
        )

    @property
    def _chain(self) -> Chain:
        return self.study.chain

    @cached_property
    def _ranked(self) -> dict[int, str]:
        return {rank: name for name, rank in self.shown.ranks.items()}

    @cached_property
    def _names(self) -> dict[str, str]:
        """The ends of every candidate of the problem by its id."""
        return {one: self._chain.candidates.value.ends.get(one, "") for one in self.problem.index}

    @cached_property
    def _findings(self) -> reporting.Findings:
        """Return the values of the run, without what takes long: measures, other speeds, prices."""
        chain, plan = self._chain, solving.within_limit(self.counted, self.plan)
        return chain.findings_of(
            self.job,
            self.counted,
            self.result,
            plan,
            seconds=measuring.exact_seconds(chain.measured(self.counted, plan)),
            answers=self.answers or reporting.Answers(),
        )


@whatif.door
def compare(first: Run, second: Run) -> Comparison:
    """Put two plans of the same cities side by side: figures, links, pairs, and a map.

    Parameters
    ----------
    first, second
        Two runs, for example a run and what `Run.solve` returns.

    Raises
    ------
    ProblemError
        When they are not about the same cities.
    """
    one, two = first.shown, second.shown
    if one.cities["city_id"].tolist() != two.cities["city_id"].tolist():
        raise ProblemError(
            "the runs are not about the same cities",
            where=f"{first.name}, {second.name}",
            done="Nothing was compared.",
            remedy="Compare runs of one region and one list of cities; for others see `polyring compare`.",
        )
    names = (first.name, second.name if second.name != first.name else f"{second.name} (second)")
    return Comparison(one, two, names)


@whatif.door
def run(
    job: str | LoadedJob,
    *,
    settings: Sequence[str] = (),
    out: str | Path | None = None,
    progress: Progress | None = None,
) -> Run:
    """Run a job from its map to a verified plan, and write its run folder.

    Parameters
    ----------
    job
        Name of a ready job, path of a job file (`*.toml`), or a job.
    settings
        Changes of keys such as ``budget.share=0.05``, values in TOML; only where `job` is a name or a path.
    out
        Run folder; None: that of the job, `polyring-runs/<job>`.
    progress
        Notified of each step.

    Raises
    ------
    NetworksError, OptimiserError
        With what happened, where, what was done and what to do.
    """
    loaded = find(job, settings=settings) if isinstance(job, str) else job
    home = None if out is None else Path(out)
    title = f"Running {loaded.name}"
    return _opened(title, progress, lambda watch, one: states.run(loaded, one, out=home, progress=watch))


def _opened(
    title: str, progress: Progress | None, make: Callable[[Progress, ChildProcess], pipeline.Written | Run]
) -> Run:
    """Return the run that was made or read with a child process; the process ends where that failed."""
    process = ChildProcess()
    try:
        with nullcontext(progress) if progress else told(title) as watch:
            done = make(watch, process)
            if isinstance(done, Run):
                return done
            chain, counted = done.chain, done.chain.counted.value
    except BaseException:
        process.close()
        raise
    whatif.warn(done.summary["warnings"])
    return Run(
        whatif.Study(chain, process=process),
        chain.design,
        chain.result,
        done.plan,
        counted,
        whatif.UNCHANGED,
        done.folder,
        reporting.answers_of(done.summary),
        done.report,
    )


@whatif.door
def load_run(path: str | Path, *, progress: Progress | None = None) -> Run:
    """Open a finished run from its folder; steps that the cache no longer holds are made again.

    Parameters
    ----------
    path
        Folder that `run`, ``polyring run`` or `Run.report` wrote, or that of a state in it.
    progress
        Notified of each step that is made.

    Raises
    ------
    JobError
        When the folder holds no run of a job, or its problem no longer follows from the job: the map, the
        cities or the version of polyring has changed.
    """
    home = Path(path)
    if home.parent.name == "states" and (home.parent.parent / "job.toml").is_file():
        of = load_run(home.parent.parent, progress=progress)
        named = {one.slug: one.name for one in (of.answers or reporting.Answers()).states}
        return of.state(named.get(home.name, home.name))
    return _opened(f"Opening {path}", progress, partial(_reopened, home))


def _reopened(home: Path, progress: Progress, process: ChildProcess) -> pipeline.Written | Run:
    """Return a run from its folder, or a what-if or step-by-step plan from that of its report."""
    if not (home / folder.QUESTION).is_dir():
        return pipeline.reopen(home, progress, process)
    asked = store.load(home / folder.QUESTION)
    loaded = replace(load(home / folder.QUESTION_OF), name=asked["name"])
    limit_s = asked["changes"].pop("limit_s", None)  # it is that of the job
    changes = _question(case_from(asked["changes"]))
    problems = list[tuple[whatif.Study, DesignProblem, DesignProblem]]()

    def stated(chain: Chain) -> DesignProblem:
        study, case = whatif.Study(chain, process=process).asked(changes)
        problems.append((study, resolve(study.base, case), counted_of(study.base, case)))
        return problems[0][1]

    needed, source = (folder.QUESTION_OF, *folder.RUN[1:]), replace(find_source(loaded), title=asked["title"])
    done = pipeline.reopen(
        home, progress, process, loaded, needed=needed, source=source, own=asked["own"], stated=stated
    )
    study, problem, counted = problems[0]
    result = results.load(home / "result.json")
    return Run(study, problem, result, done.plan, counted, replace(changes, limit_s=limit_s), home)


def _question(case: Case) -> whatif.WhatIf:
    return whatif.WhatIf(**{field.name: getattr(case, field.name) for field in fields(case)})


@whatif.door
def ask_cases(
    path: str | Path,
    *,
    settings: Sequence[str] = (),
    workers: int | None = None,
    progress: Progress | None = None,
) -> Run:
    """Ask a finished run plausible cases, what its rings and demands bring and cost, and other speeds.

    The answers are added to its folder, as `polyring cases` does.

    Parameters
    ----------
    path
        Folder that `run` or ``polyring run`` wrote.
    settings
        Changes of keys such as ``cases.gap=0.01``, values in TOML.
    workers
        Cases at a time; None: one a core, at most four.
    progress
        Notified of each step.

    Raises
    ------
    JobError
        As for `load_run`.
    """

    def make(watch: Progress, process: ChildProcess) -> pipeline.Written:
        found = cases.find_run(str(path), settings, None, watch, process)
        return cases.ask(found, process, workers=workers)

    return _opened(f"Asking cases of {path}", progress, make)
