"""Run a job, and ask it the questions of a study: each command takes a job and writes a folder."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from optimiser.cli import screen, solve
from optimiser.cli.options import (
    GAP,
    SECONDS,
    ClusterOption,
    Job,
    Json,
    Scheduler,
    Settings,
    Workers,
    chosen_executor,
    job_named,
    note_threads,
    ranged,
    target,
)
from optimiser.cli.screen import Display
from optimiser.engine.child import ChildProcess
from optimiser.report import wording

if TYPE_CHECKING:
    from optimiser.job.model import Cluster, LoadedJob
    from optimiser.run.pipeline import Written
    from optimiser.studies.atlas import AtlasRun
    from optimiser.studies.backcast import Backcasted
    from optimiser.studies.closures import ClosuresRun
    from optimiser.studies.folders import StudyRun
    from optimiser.studies.robust import RobustRun
    from optimiser.studies.sweep import Sweep
    from optimiser.tasks import TaskProgress

MOST_CLOSURES = 15
"""Closures that the table shows: those that leave least."""
NOTHING_DONE = "Nothing was solved or written."
_TOLD = ("money", "warnings")
"""What a dry run tells otherwise than in its table."""


# ---- the factory


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What is to be said where nothing was solved or written: what a dry run found, or a run as it stands."""

    values: Mapping[str, Any]
    show: Callable[[], None]


def writes_folder[**Options, D: StudyRun | Written | Sweep](
    show: Callable[[D], None],
    values: Callable[[D], Mapping[str, Any]],
    warnings: Callable[[D], Sequence[str]] = lambda _done: (),
) -> Callable[[Callable[Options, Callable[[Display], D | Rehearsed]]], Callable[Options, int]]:
    """Make a command of a function that reads options and returns what is to be done with them.

    The command has the options of the function, and `--json`. It shows the progress, prints the outcome for
    people or as JSON, and returns the exit code.

    Parameters
    ----------
    show
        Prints what was written, for people.
    values
        Returns what `--json` prints besides folder and exit code.
    warnings
        Returns what is printed on the standard error in either case.
    """

    def command_of(ask: Callable[Options, Callable[[Display], D | Rehearsed]]) -> Callable[Options, int]:
        ask.__annotations__.pop("return")  # its types are imported for the type checker alone

        @wraps(ask)
        def command(*arguments: Options.args, **options: Options.kwargs) -> int:
            is_json = bool(options.pop("json"))
            asked = ask(*arguments, **options)
            with Display(quiet=is_json) as display:
                done = asked(display)
            if isinstance(done, Rehearsed):
                screen.as_json(done.values) if is_json else done.show()
                return 0
            if is_json:
                screen.as_json({"folder": str(done.folder), "exit_code": done.exit_code, **values(done)})
            else:
                show(done)
                if ask.__name__ in wording.WORDS["files"]:
                    screen.line(_files(ask.__name__, done.folder))
            screen.warn(warnings(done))
            return done.exit_code

        read = inspect.signature(ask, eval_str=True)
        last = inspect.Parameter("json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Json)
        stated = read.replace(parameters=[*read.parameters.values(), last])
        command.__signature__ = stated  # type: ignore[attr-defined]
        return command

    return command_of


def _files(command: str, folder: Path) -> str:
    """Return where the files of a command are, and which are to be looked at."""
    return f"Files: {folder}  ({wording.WORDS['files'][command]})"


def changes_of(settings: Sequence[str] | None, section: str = "", **options: object) -> list[str]:
    """Return the changes of a job that a command names: its settings, and the options of a section."""
    given = {key: value for key, value in options.items() if value is not None}
    return [*(settings or []), *(f"{section}.{key}={json.dumps(v)}" for key, v in given.items())]


def read_job(job: str, settings: Sequence[str] | None, section: str = "", **options: object) -> LoadedJob:
    """Return a job with the changes of `changes_of`; its region and files are there."""
    from networks import regions
    from optimiser.job import find

    loaded = find(job, settings=changes_of(settings, section, **options))
    loaded.refuse_missing_files()
    if loaded.job.region.name:
        regions.folder(loaded.job.region.name)
    note_threads(loaded.job.solve.threads)
    return loaded


# ---- run


def _show_run(done: Written) -> None:
    """Print the outcome of a run: coverage by tier, cost, gap and the ranked links."""
    from optimiser.report.sentences import summary
    from optimiser.run.solving import NOT_PROVEN

    screen.line()
    if done.report is not None:
        screen.rich(summary(done.report))
    if done.exit_code == NOT_PROVEN:
        asked = wording.percent(done.chain.loaded.job.solve.gap, digits=3)
        screen.line(f"NOT proven to the gap of {asked} that was asked for; raise solve.effort.")


def _show_sizes(sizes: Mapping[str, Any]) -> None:
    screen.warn(sizes.get("warnings", ()))
    told = {key: solve.in_words(dict(sizes), key, value) for key, value in sizes.items() if key not in _TOLD}
    screen.pairs("Sizes", told, heads=("what", "value"))
    screen.line(NOTHING_DONE)


@writes_folder(_show_run, lambda done: done.summary, lambda done: done.summary["warnings"])
def run(
    job: Annotated[
        str, job_named("[JOB]", "A job file (*.toml), or a ready job's name; none with --around.")
    ] = "",
    around: Annotated[
        str,
        typer.Option(
            "--around",
            metavar="PLACE",
            help="A town ('Cordoba, AR') or 'latitude,longitude': a screening of its surroundings, offline.",
        ),
    ] = "",
    radius: Annotated[
        float | None, typer.Option("--radius", metavar="KM", help="Radius of --around in km [default: 300].")
    ] = None,
    out: Annotated[Path | None, target("Run folder [default: polyring-runs/<job>].")] = None,
    settings: Settings = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print sizes and the expected time; solve and write nothing.")
    ] = False,
    cases: Annotated[
        bool, typer.Option("--cases", help="Ask after the page what `polyring cases` asks: cases.enabled.")
    ] = False,
) -> Callable[[Display], Written | Rehearsed]:
    """Run a job: from the map to a verified plan."""
    from optimiser.job import find_around

    if bool(job) == bool(around):
        raise typer.BadParameter("name either a job or, with --around, a place.", param_hint="JOB")
    changes = [*(settings or []), *(["cases.enabled=true"] if cases else [])]
    loaded = find_around(around, radius, settings=changes) if around else read_job(job, changes)

    from optimiser.run import pipeline

    def ask(display: Display) -> Written | Rehearsed:
        if dry_run:
            sizes = pipeline.rehearse(loaded, display.steps)
            return Rehearsed(sizes, partial(_show_sizes, sizes))
        home = out or loaded.run_folder()
        if (found := pipeline.find_unchanged(loaded, home)) is not None:
            display.ends("Nothing was made again: job, data, code and files are as the last run left them.")
            words = f"\n{found['title']}: {found['headline']}\n{_files('run', home)}"
            return Rehearsed({"folder": str(home), "exit_code": 0, **found}, partial(screen.line, words))
        from optimiser.studies import states

        with ChildProcess() as process:
            return states.run(loaded, process, out=out, progress=display.steps)

    return ask


# ---- cases


def _show_answers(done: Written) -> None:
    """Print what the answers say of the plan."""
    from optimiser.report.sentences import answers

    for line in [] if done.report is None else answers(done.report):
        screen.line(line)


def _asked(expected: Mapping[str, Any]) -> str:
    """Return what is asked of a run, and how long it takes, in words."""
    count, draws = expected["cases"], expected["draws"]
    drawn = f" and {draws} joint draws" if draws else ""
    parts = (
        f"{count} plausible cases{drawn}, {expected['at_a_time']} at a time" if count else "",
        "the plan without the demands" if expected["prices"] else "",
        "the plan at other speeds on expressways" if expected["speeds"] else "",
    )
    asked = "; ".join(part for part in parts if part)
    if not asked:
        return "There is nothing to ask of this run."
    about = screen.duration(expected["expected_s"])
    return f"To be asked: {asked}. It takes about {about}, less what is kept from before."


@writes_folder(_show_answers, lambda done: done.summary, lambda done: done.summary["warnings"])
def cases(
    job: Annotated[
        str, job_named("JOB", "A job file (*.toml), a ready job's name, or the folder of a finished run.")
    ],
    *,
    out: Annotated[Path | None, target("Run folder of the job [default: polyring-runs/<job>].")] = None,
    workers: Workers = None,
    cluster: ClusterOption = None,
    scheduler: Scheduler = None,
    settings: Settings = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be asked and how long it may take; ask nothing.")
    ] = False,
) -> Callable[[Display], Written | Rehearsed]:
    """Ask how sure a finished plan is: plausible cases, what rings bring and demands cost, other speeds."""
    from optimiser.run import folder

    folder.find_finished(job, settings or [], out)

    from optimiser.studies import cases as studies

    def ask(display: Display) -> Written | Rehearsed:
        with ChildProcess() as process:
            found = studies.find_run(job, settings or [], out, display.steps, process)
            at_a_time = studies.workers_of(found.chain.loaded.job, workers)
            expected = studies.Asking(found, process, at_a_time).expected()
            words = _asked(expected)
            if dry_run:
                return Rehearsed(expected, partial(screen.line, words))
            display.ends(words)
            with chosen_executor(workers, cluster, scheduler) as executor:
                return studies.ask(found, process, workers=workers, executor=executor)

    return ask


# ---- robust


def _show_robust(done: RobustRun) -> None:
    """Print the figures of the plan, and its weight in each scenario."""
    from optimiser.report.studies import robust_figures

    screen.pairs("Robust plan", robust_figures(done.summary), heads=("what", "value"), right=False)
    columns = ["scenario", "today", "plan", "best", "regret", "cost", "budget"]
    kept = [name for name in columns if done.scenarios[name].notna().any()]
    rows = done.scenarios[kept].itertuples(index=False)
    screen.table("Weight within the limit", [dict(zip(kept, row, strict=True)) for row in rows])


@writes_folder(_show_robust, lambda done: {**done.summary, "rows": wording.records(done.scenarios)})
def robust(
    job: Job,
    *,
    out: Annotated[Path | None, target("Folder to write [default: polyring-runs/<job>-robust].")] = None,
    kind: Annotated[str | None, typer.Option(help="expected, share, max_min, count or regret.")] = None,
    scenarios: Annotated[int | None, typer.Option(min=1, help="Number of scenarios.")] = None,
    gap: Annotated[float | None, ranged(GAP, "Relative gap of the plan, 0 to 1.")] = None,
    time_limit: Annotated[float | None, ranged(SECONDS, "Limit of the robust plan, seconds.")] = None,
    settings: Settings = None,
) -> Callable[[Display], RobustRun]:
    """Find one plan that is best over many scenarios under one budget, with a proof."""
    options = {"kind": kind, "scenarios": scenarios, "gap": gap, "time_limit_s": time_limit}
    loaded = read_job(job, settings, "robust", **options)

    from optimiser.studies.robust import robust as seek

    return lambda display: seek(loaded, out=out, progress=display.steps)


# ---- sweep


def _show_sweep(done: Sweep) -> None:
    """Print how the cases ended, and the robust core."""
    found = done.facts
    chosen = set(found["core"]) - set(done.on_rings)
    figures = {
        "cases": found["cases"],
        f"proven within {100 * found['gap']:g} %": found["proven"],
        "without a plan": found["infeasible"],
        "ended by their time limit": found["ended_by_time"],
        "given up": len(found["quarantined"]),
        f"links chosen in {100 * found['core_share']:g} % of the cases or more": len(chosen),
        "links on rings of the job's plan, kept and not chosen": len(done.on_rings),
    }
    screen.pairs("", figures, heads=("what", "count"))
    for one in found["quarantined"][:5]:
        screen.note(f"{one['task']} was given up: {one['fault']}")


def _show_design(answer: Mapping[str, Any]) -> None:
    """Print the factors and the number of cases of a sweep that is to come, and how long it may take."""
    rows = []
    for one in answer["factors"]:
        drawn = dict(one["distribution"])
        name, numbers = drawn.pop("name"), ", ".join(f"{key} {_short(value)}" for key, value in drawn.items())
        rows.append({"factor": one["id"], "changes": one["changes"], "distribution": f"{name}: {numbers}"})
    screen.table("Factors", rows)
    screen.line(f"{answer['cases']:,} cases, the job itself included, {answer['workers']} at a time.")
    if "expected_s" in answer:
        screen.line(f"By the times of the last sweep in the folder: about {answer['expected_s']:.0f} s.")


def _short(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_short, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@writes_folder(_show_sweep, lambda done: done.facts)
def sweep(
    job: Job,
    *,
    out: Annotated[Path | None, target("Folder to write [default: polyring-runs/<job>-sweep].")] = None,
    workers: Workers = None,
    cluster: ClusterOption = None,
    scheduler: Scheduler = None,
    settings: Settings = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how many cases there are and what varies; solve none.")
    ] = False,
) -> Callable[[Display], Sweep | Rehearsed]:
    """Solve a job in many cases drawn from what is uncertain: which links hold, and what is at stake."""
    loaded = read_job(job, settings)

    from optimiser.studies import sweep as sweeps

    def ask(display: Display) -> Sweep | Rehearsed:
        if dry_run:
            found = sweeps.prepare(loaded, display.steps)
            answer = sweeps.expected(found, out or loaded.run_folder(sweeps.ENDING), workers)
            return Rehearsed(answer, partial(_show_design, answer))

        def watch(title: str, state: TaskProgress) -> None:
            display.count(state.done, state.total)
            say = display.ends if state.done == state.total else display.begins
            say(f"{title}: {state}")

        with chosen_executor(workers, cluster, scheduler) as executor:
            return sweeps.sweep(loaded, out=out, executor=executor, progress=display.steps, watch=watch)

    return ask


# ---- closures


def _show_closures(done: ClosuresRun) -> None:
    found = done.found
    rows = [
        {
            "closed": row["name"],
            "what": row["what"],
            "left": wording.integer(row["weight_plan"]),
            "share": wording.percent(row["share_plan"]),
            "job's plan": wording.percent(row["share_job"]),
        }
        for row in found.rows[:MOST_CLOSURES]
    ]
    screen.line()
    screen.table("Closures that leave least", rows, right=("left", "share", "job's plan"))
    for sentence in found.sentences():
        screen.line(sentence)


@writes_folder(_show_closures, lambda done: done.found.summary)
def closures(
    job: Job,
    *,
    out: Annotated[Path | None, target("Folder to write [default: polyring-runs/<job>-closures].")] = None,
    settings: Settings = None,
) -> Callable[[Display], ClosuresRun]:
    """Find the plan that keeps a share of its coverage when any one link or section is closed."""
    loaded = read_job(job, settings)

    from optimiser.studies.closures import closures as seek

    return lambda display: seek(loaded, out=out, progress=display.steps)


# ---- back-cast


def _show_backcast(done: Backcasted) -> None:
    """Print what each strategy finds of what was built, along the money."""
    from optimiser.report.backcast import BUDGETS, FIGURES, ring_sentences

    found = done.found
    then, today, total = (found.pairs[name] for name in ("then", "today", "total"))
    spent = ", ".join(f"{mode} {amount:,}" for mode, amount in found.spent.items())
    joining = int((found.built["ends_at_cities"] == 2).sum())
    share = found.joining_km / float(found.built["km"].sum())
    screen.line()
    screen.line(f"{found.region}, network of {found.day}")
    screen.line(f"Spent since, {found.money}: {spent}. Corridors that count: {len(found.built)}.")
    screen.line(f"Of these {joining} end at two of the cities compared ({share:.0%} of the km).")
    screen.line(f"Pairs of cities within the limit: {then} of {total} then, {today} with what was built.")
    counts = {"corridors": "{:.3g}", "pairs": "{:.0f}"}
    formats = {"money": "{:.0%}", **dict.fromkeys(FIGURES, "{:.2f}"), **counts}
    for purse, words in BUDGETS.items():
        rows = [
            {
                name: value if name not in formats else "" if value is None else formats[name].format(value)
                for name, value in row.items()
            }
            for row in wording.records(done.table(purse))
        ]
        title = f"Share of the built km within {found.near_km:g} km of what is proposed, {words}"
        screen.table(title, rows, right=list(formats))
    screen.line("road, rail: by lines of the mode; both: the two together; any: by lines of either mode.")
    for words in ring_sentences(found):
        screen.line(words)
    screen.line("backcast.csv has as well what the rules find among lines between all neighbouring cities.")
    if done.exit_code:
        screen.line("NOT every plan is proven to the gap that was asked for; raise solve.effort.")


@writes_folder(_show_backcast, lambda done: done.summary)
def backcast(
    job: Job,
    *,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="YYYY-MM-DD", help="The day [default: region.as_of].")
    ] = None,
    built: Annotated[
        Path | None, typer.Option("--built", help="Table of what was built [default: the region's own].")
    ] = None,
    out: Annotated[Path | None, target("Run folder [default: polyring-runs/<job>-backcast].")] = None,
    settings: Settings = None,
) -> Callable[[Display], Backcasted]:
    """Propose for a past day, and compare with what was built since and with simple rules."""
    try:
        day = None if as_of is None else date.fromisoformat(as_of)
    except ValueError:
        raise typer.BadParameter(f"{as_of} is not a day; write YYYY-MM-DD.") from None
    table = None if built is None else str(built.resolve())
    loaded = read_job(job, settings, "backcast", built=table)

    from optimiser.studies.backcast import backcast as compare_past

    return lambda display: compare_past(loaded, day=day, out=out, progress=display.steps)


# ---- atlas


def _show_atlas(done: AtlasRun) -> None:
    """Print the indicators of each cluster; shares in per cent, with the band over the cases."""
    from optimiser.report.studies import ENDS, INDICATORS

    shown = []
    for row in done.found.table.to_dict("records"):
        if row["fault"]:
            screen.note(f"{row['title']}: {row['fault']}")
            continue
        cells: dict[str, object] = {"cluster": row["title"], "cities": row["cities"]}
        for name, indicator in ((one, INDICATORS[one]) for one in INDICATORS if done.found.tells(one)):
            factor, values = 100 if indicator["unit"] == "share" else 1, [row[f"{name}{end}"] for end in ENDS]
            known = wording.is_known(values[0])
            cells[indicator["name"]] = (
                "{:.0f} ({:.0f}-{:.0f})".format(*(factor * one for one in values)) if known else ""
            )
        shown.append(cells)
    screen.table("Shares in %, one speed in km/h; in brackets least and largest over the cases", shown)


def _chosen(clusters: tuple[Cluster, ...], only: Sequence[str]) -> tuple[Cluster, ...]:
    """Return the clusters that are named, or all."""
    from optimiser.job.model import did_you_mean

    names = [cluster.loaded.name for cluster in clusters]
    for name in only:
        if name not in names:
            raise typer.BadParameter(
                f"there is no cluster {name}{did_you_mean(name, names)} Known: {', '.join(names)}."
            )
    return tuple(one for one in clusters if not only or one.loaded.name in only)


@writes_folder(_show_atlas, lambda done: {"clusters": wording.records(done.found.table)})
def atlas(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CLUSTERS]", help="A file of clusters (*.toml) [default: twelve of the world]."
        ),
    ] = None,
    *,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="NAME", help="Measure this cluster. Repeatable.")
    ] = None,
    out: Annotated[Path | None, target("Folder to write [default: polyring-runs/atlas].")] = None,
    workers: Workers = None,
    cluster: ClusterOption = None,
    scheduler: Scheduler = None,
) -> Callable[[Display], AtlasRun]:
    """Compare city clusters by the same rules: who is within the limit, and what depends on the core."""
    from optimiser.job import load_clusters

    chosen = _chosen(load_clusters(file), only or [])

    from optimiser.studies.atlas import atlas as measure

    def ask(display: Display) -> AtlasRun:
        with chosen_executor(workers, cluster, scheduler) as executor:
            return measure(chosen, out=out, progress=display.steps, executor=executor)

    return ask
