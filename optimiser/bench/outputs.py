"""Do the solves of a bench, and write and show what came out: table, figures and summary."""

from __future__ import annotations

import math
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache, cached_property, partial
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from optimiser.bench import analysis, runner
from optimiser.bench import rows as table
from optimiser.bench.instances import Instance, Limits, choose, configurations, plan
from optimiser.bench.rows import Key, Row, Trace, slug_of
from optimiser.bench.runner import Listener, Silence, Store, exclusive, fault_lines, incomplete
from optimiser.engine.backends.solvers import refuse_options
from optimiser.engine.search.task import DAY_S, NO_OPTIONS, Options
from optimiser.problem import DesignProblem, errors, jsonfile, result
from optimiser.report.wording import WORDS
from optimiser.tasks import executor_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_SHOWN = 10.0
"""Larger relative figures are shown as greater than this one."""

BUSY = 0.1
"""Share of the machine that other processes may take before wall times are unreliable."""

SHOWN = ("instance", "variant", "solver", "seed", "status", "termination", "objective", "gap", "seconds")
"""Columns of the solves that a notebook shows."""


@dataclass(frozen=True)
class Bench:
    """A finished bench.

    Attributes
    ----------
    folder
        Its folder, with `runs.csv`, `summary.md`, figures, problems, plans and traces.
    rows
        One a solve, those of earlier calls with this folder included.
    left_out
        What was asked for and could not be done.
    """

    folder: Path
    rows: tuple[Row, ...] = field(repr=False)
    left_out: tuple[errors.OptimiserError, ...] = field(default=(), repr=False)

    @cached_property
    def solves(self) -> pd.DataFrame:
        """Return one row a solve: the columns of `runs.csv` (docs/bench.md)."""
        return pd.DataFrame([asdict(row) for row in self.rows])

    @cached_property
    def variants(self) -> pd.DataFrame:
        """Return one row a variant with its solver: solves, proofs, mean times and gaps (docs/bench.md)."""
        return pd.DataFrame(analysis.lines_of(self.rows, analysis.best_known(self.rows)))

    def plot(self) -> Figure | None:
        """Draw the performance profile: the share of problems proved within a multiple of the best time.

        None where fewer than two variants that prove were run on the same problems.
        """
        from optimiser.bench.figures import draw_profile

        return draw_profile(analysis.longest(self.rows))

    def plot_gaps(self) -> Figure | None:
        """Draw the gap of each variant over time, a panel a problem; of many the nine largest.

        None where no variant can prove.
        """
        from optimiser.bench.figures import draw_gaps

        return draw_gaps(analysis.longest(self.rows), _trace_reader(Store(self.folder)))

    def _repr_html_(self) -> str:
        """Return variants and solves as HTML, for a notebook."""
        from optimiser.report import page

        return (
            page.heading("Variants")
            + page.table(self.variants)
            + page.heading("Solves")
            + page.table(self.solves, columns={name: name for name in SHOWN})
        )


def bench(  # noqa: PLR0913 - the options of the command
    instances: Iterable[str | DesignProblem] = (),
    *,
    families: Sequence[str] = (),
    variants: Sequence[str] = (),
    solvers: Sequence[str] = (),
    seeds: Sequence[int] = (),
    solver_options: Options = NO_OPTIONS,
    time_limit_s: float | None = None,
    effort: float | None = None,
    gap: float = 0.0,
    threads: int = 1,
    jobs: int | None = None,
    cluster: str = "none",
    scheduler: str | None = None,
    out: str | Path = "polyring-bench",
    listener: Listener | None = None,
) -> Bench:
    """Solve problems with variants, each solve in a process of its own, and check every outcome.

    Parameters
    ----------
    instances
        Names and patterns of ``polyring bench --list``, problem files, folders of them, or problems.
    families
        Families of which every instance is wanted.
    variants
        Variants, or files with one of your own, either with ``:SOLVER``; or ``all``; none: ``auto``.
    solvers
        Solvers of the variants that have a choice; none: the first of each.
    seeds
        Random seeds; none: 1.
    solver_options
        Options of every solver by its own names; refused for a variant that they do not reach.
    time_limit_s, effort, gap, threads
        Of each solve: limit in seconds (None: 60, or with a limit in effort a day), limit in effort as in
        `SolveParameters` (None: none), relative gap at which it may end, number of threads.
    jobs
        Solves at once; times then disturb each other. None: one, or on a cluster one a core.
    cluster, scheduler
        Where the solves run, as in `run.tasks.executor_of`: each row names the machine that measured it.
    out
        Folder; solves that it holds are not done again.
    listener
        Receives the progress; None: nobody does.

    Raises
    ------
    OptimiserError
        When nothing can be solved, or outcomes contradict each other.
    """
    asked = list(instances)
    words = [one for one in asked if isinstance(one, str)]
    own = [one for one in asked if isinstance(one, DesignProblem)]
    chosen = choose(words, families) if words or families or not own else ()
    given = [
        Instance(one.name, "own", "a problem of the caller", partial(DesignProblem.replace, one))
        for one in own
    ]
    listener, folder = listener or Silence(), Path(out)
    found, notes, faults = configurations(variants or ("auto",), solvers)
    for one in found if solver_options else ():
        refuse_options(one.solver, solver_options, where=one.label)
    seconds = time_limit_s or (Limits().time_limit_s if effort is None else DAY_S)
    limits = Limits(
        time_limit_s=seconds, gap=gap, threads=threads, effort=effort, options=dict(solver_options)
    )
    runs = plan([*chosen, *given], found, sorted(set(seeds)) or [1], limits)
    options: dict[str, Iterable[str]] = {
        "--instances": [*words, *(one.name for one in own)],
        "--family": families,
        "--variant": variants,
        "--solver": solvers,
        "--seeds": map(str, seeds),
        "--solver-option": (f"{name}={value}" for name, value in solver_options.items()),
        "--time-limit": () if effort and time_limit_s is None else (f"{seconds:g}",),
        "--effort": (f"{effort:g}",) if effort else (),
        "--gap": (f"{gap:g}",) if gap else (),
        "--threads": (f"{threads}",),
    }
    typed = (text for name, values in options.items() for value in values for text in (name, value))
    command = shlex.join(["polyring", "bench", *typed])
    with exclusive(folder):
        for text in (*notes, *fault_lines(faults)):
            listener.notes(f"left out: {text}")
        is_here = jobs in (None, 0, 1) and cluster == "none" and scheduler is None  # one at a time
        workers = 0 if is_here else jobs
        with executor_of(workers=workers, cluster=cluster, scheduler=scheduler) as executor:
            summarise = partial(summary, trace_of=_trace_reader(Store(folder)), command=command)
            done = runner.bench(
                runs,
                folder,
                listener=listener,
                executor=executor,
                after_each=lambda rows: jsonfile.write_atomically(folder / "summary.md", summarise(rows)),
            )
        faults = (*faults, *done.faults)
        if not done.rows:
            raise incomplete(faults or [errors.ProblemError(text) for text in done.unfit], solved=False)
        write_outputs(done.rows, folder, command=command, left_out=fault_lines(faults))
    return Bench(folder, tuple(Store(folder).rows()), faults)  # as written: with the times to good plans


def _trace_reader(store: Store) -> Callable[[Row], Trace]:
    """Return what reads the progress of the solve of a row, each file once."""

    @cache
    def load(key: Key) -> Trace:
        return tuple(table.load(store.file("traces", slug_of(key)), result.TracePoint))

    return lambda row: load(row.key)


def write_outputs(rows: Sequence[Row], folder: Path, *, command: str, left_out: Sequence[str] = ()) -> Path:
    """Write table, figures and summary of a bench.

    Parameters
    ----------
    rows
        Every row of the folder.
    command
        The command that was typed, for the summary.
    left_out
        What was asked for and could not be done, for the summary.

    Returns
    -------
    Path
        The summary.

    Raises
    ------
    VerificationError
        When outcomes contradict each other; all is written before.
    """
    from optimiser.bench.figures import write_figures

    store = Store(folder)
    trace_of = _trace_reader(store)
    filled = analysis.with_plan_times(rows, trace_of)
    table.save(filled, store.runs)
    figures = write_figures(analysis.longest(filled), trace_of, store.folder / "figures")
    text = summary(filled, trace_of, command=command, figures=figures, left_out=left_out)
    page = jsonfile.write_atomically(folder / "summary.md", text)
    errors.VerificationError.refuse(
        analysis.contradictions(filled),
        "the outcomes contradict each other: at least one proof is false",
        done="Table, figures and summary are written, and name the contradictions.",
        remedy="Do not use these results; report the problem files named.",
    )
    return page


# ---- summary


def summary(
    rows: Sequence[Row],
    trace_of: Callable[[Row], Trace],
    *,
    command: str,
    figures: Mapping[str, Path] = MappingProxyType({}),
    left_out: Sequence[str] = (),
) -> str:
    """Return the summary as Markdown.

    Parameters
    ----------
    rows
        The table; of several limits of a solve the longest counts.
    trace_of
        Returns the progress of the solve of a row.
    command
        The command that was typed.
    figures
        Paths of figures by title; they are linked relative to a page beside their folder.
    left_out
        What was asked for and could not be done.
    """
    faults, rows = analysis.contradictions(rows), analysis.longest(analysis.with_plan_times(rows, trace_of))
    pictures = (f"![{name}]({path.parent.name}/{path.name})\n" for name, path in figures.items())
    parts = [
        "# Benchmark of solver variants\n",
        *_head(rows, command),
        *(["## Left out\n", "\n".join(f"* {text}" for text in left_out) + "\n"] if left_out else []),
        *_consistency(rows, faults),
        *_families(rows),
        *_seeds(rows),
        *_comparisons(analysis.speedups(analysis.grouped(rows, "label"), trace_of)),
        *_instances(rows),
        *(["## Figures\n", "\n".join(pictures)] if figures else []),
        "## Footnotes\n",
        "\n".join(f"* {note}" for note in footnotes(rows)),
    ]
    return "\n".join(parts) + "\n"


def _head(rows: Sequence[Row], command: str) -> Iterator[str]:
    yield f"Command: `{command}`\n"
    for title, name in (("Machine", "machine"), ("Versions", "versions"), ("Source", "source")):
        for value in dict.fromkeys(getattr(row, name) for row in rows):
            if value:
                yield f"{title}: {value}  "
    for label, group in analysis.grouped(rows, "label").items():
        if used := sorted({row.used for row in group if row.used}):
            yield f"Configuration {label}: {'; '.join(used)}  "
    for name, digest in dict.fromkeys((row.variant, row.own) for row in rows if row.own):
        yield f"Variant {name}: a file of the user's own, SHA-256 {digest}...  "
    limits = sorted({row.time_limit_s for row in rows})
    efforts = sorted({row.effort for row in rows if row.effort is not None})
    threads = sorted({row.threads for row in rows})
    by_effort = f"; effort {_listed(efforts)}" if efforts else ""
    yield (
        f"Solves: {len(rows)}; time limit {_listed(limits)} s{by_effort}; threads {_listed(threads)}; "
        f"seeds {_listed(sorted({row.seed for row in rows}))}\n"
    )


def _listed(values: Iterable[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _consistency(rows: Sequence[Row], faults: Sequence[str]) -> Iterator[str]:
    yield "## Consistency\n"
    if faults:
        yield "**The outcomes contradict each other; at least one proof is false:**\n"
        yield "\n".join(f"* {fault}" for fault in faults) + "\n"
        return
    checked = sum(row.check == "ok" for row in rows)
    others = "" if checked == len(rows) else " (the others gave no result)"
    yield (
        f"{checked} of {len(rows)} outcomes passed the independent check{others}. On "
        "every instance every bound is at least as good as every plan that any configuration found.\n"
    )


def _families(rows: Sequence[Row]) -> Iterator[str]:
    best, families = analysis.best_known(rows), analysis.grouped(rows, "family")
    groups = {"All families": rows} if len(families) > 1 else {}
    for title, group in {**groups, **{f"Family {name}": group for name, group in families.items()}}.items():
        count = len({row.instance for row in group})
        yield f"## {title}: {'1 instance' if count == 1 else f'{count} instances'}\n"
        lines = analysis.lines_of(group, best)
        yield WORDS["bench"]["means"].format(**lines[0]) + "\n"
        heads = dict(WORDS["bench"]["columns"])
        if all(line["claimed_gap"] is None for line in lines):
            del heads["claimed_gap"]
        yield markdown_table(list(heads.values()), [[_cell(line, name) for name in heads] for line in lines])


def _cell(line: Mapping[str, Any], name: str) -> str:
    value = line[name]
    if name in ("mean_gap", "claimed_gap", "root_gap", "mean_loss"):
        return percent(value) + (" [8]" if name == "root_gap" and line["is_root_told"] else "")
    if name == "peak_mb":
        return f"{value:,.0f}"
    return _number(value) if value is None or isinstance(value, float) else str(value)


def _seeds(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the spread over the seeds of each instance and configuration that was solved with several."""
    groups: dict[tuple[str, str], list[Row]] = {
        key: same
        for key, same in analysis.grouped(rows, "instance", "label").items()
        if len({row.seed for row in same}) > 1
    }
    if not groups:
        return
    yield "## Over the seeds of an instance\n"
    yield markdown_table(
        ("instance", "configuration", "seeds", "proved", "seconds: least", "median", "most", "gap: median",
         "most", "plans: worst", "best"),
        [_spread(*key, same) for key, same in sorted(groups.items())],
    )  # fmt: skip


def _spread(instance: str, label: str, rows: Sequence[Row]) -> tuple[str, ...]:
    seconds = [row.seconds for row in rows]
    gaps = [math.inf if row.gap is None else row.gap for row in rows]
    plans = sorted(row.objective for row in rows if row.objective is not None)
    ends = (f"{plans[0]:,}", f"{plans[-1]:,}") if plans else ("-", "-")
    middle, most = (percent(None if math.isinf(gap) else gap) for gap in (median(gaps), max(gaps)))
    return (
        instance, label, str(len(rows)), str(sum(row.proved for row in rows)), _number(min(seconds)),
        _number(median(seconds)), _number(max(seconds)), middle, most, *ends,
    )  # fmt: skip


def _comparisons(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not found:
        return
    yield "## Against the baselines\n"
    yield (
        f"To proof: problems on which the baseline needs more than {analysis.EASY_S:g} s. To the same gap: "
        f"problems on which it needs more than {analysis.SLOW_S:g} s or does not finish, and the gap at "
        "which it ended.\n"
    )
    yield markdown_table(
        ("baseline", "configuration", "to", "problems", "baseline cut off", "configuration cut off",
         "ratio of sgm [6]", "paired [6]"),
        [
            [*(str(value) for value in list(one.values())[:6]), f"{one['ratio']:.2f}", f"{one['paired']:.2f}"]
            for one in found
        ],
    )  # fmt: skip


def _instances(rows: Sequence[Row]) -> Iterator[str]:
    labels, best = list(analysis.grouped(rows, "label")), analysis.best_known(rows)
    yield "## Every instance\n"
    yield "Seconds to proof, else the gap at the end; of heuristics the loss; of several seeds the median.\n"
    yield markdown_table(
        ("instance", "places / candidates / open pairs", "best plan", "tightest bound", *labels),
        [
            (name, f"{group[0].places} / {group[0].candidates:,} / {group[0].open_pairs:,}",
             _number(best[name], ","), _number(analysis.tightest_bound(group), ","),
             *(_median(analysis.grouped(group, "label").get(label, []), best[name]) for label in labels))
            for name, group in analysis.grouped(rows, "instance").items()
        ],
    )  # fmt: skip


def _median(rows: Sequence[Row], best: int | None) -> str:
    """Return the cell of the median: proved rows by time, then the others by what is left open."""
    if not rows:
        return ""
    ranked = sorted(
        rows, key=lambda row: (not row.proved, row.seconds if row.proved else analysis.left_open(row, best))
    )
    *_, worst = middle = ranked[(len(ranked) - 1) // 2 : len(ranked) // 2 + 1]
    if worst.objective is None and not worst.proved:
        return worst.termination
    if worst.proved:
        return f"{median(row.seconds for row in middle):.2f} s"
    return percent(median(analysis.left_open(row, best) for row in middle if not row.proved))


def markdown_table(head: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown, of which all columns but the first are aligned to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *cells]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def percent(value: float | None) -> str:
    """Return a relative figure in per cent, `-` for none; large ones are cut off at `MOST_SHOWN`."""
    if value is None:
        return "-"
    return f"{100 * value:.2f} %" if value <= MOST_SHOWN else f"> {100 * MOST_SHOWN:g} %"


def _number(value: float | None, form: str = ".2f") -> str:
    return "-" if value is None else format(value, form)


def footnotes(rows: Sequence[Row]) -> list[str]:
    """Return the footnotes of a summary: the meaning of each measure, then the limits of this table."""
    able = [row for row in rows if analysis.proves(row)]
    figures = {
        "outs": sum(not row.proved for row in able),
        "able": len(able),
        "shift": analysis.SHIFT_S,
        "shared": len(next(iter(analysis.comparable(rows).values()), [])),
    }
    return [*(note.format(**figures) for note in WORDS["bench"]["footnotes"]), *_caveats(rows)]


def _caveats(rows: Sequence[Row]) -> Iterator[str]:
    for label, group in analysis.grouped(rows, "label").items():
        broken = Counter(row.termination for row in group)
        counts = [f"{broken[why]} {why}" for why in analysis.FAILURES if broken[why]]
        if counts:
            yield f"{label}: {', '.join(counts)} of {len(group)} solves; they count as time-outs."
    busy = sum(row.other_load > BUSY for row in rows)
    if busy:
        yield (
            f"{busy} of {len(rows)} solves ran while other processes took more than {100 * BUSY:.0f} % of "
            "the machine: their wall times are upper limits, and comparisons between them are rough."
        )
    if len({row.source for row in rows}) > 1:
        yield "The rows come from several versions of the source."
    if len({row.machine for row in rows}) > 1:
        yield "The rows come from several machines: times of different ones cannot be compared."
    if len({(row.time_limit_s, row.effort) for row in rows}) > 1:
        yield "Limits differ between rows; of one instance, configuration and seed the longest counts."
    spent = sum(row.effort is not None and row.termination == "nodes" for row in rows)
    if spent:
        yield f"Effort ended {spent} of {len(rows)} solves; each counts as a time-out at the seconds it took."
    everything = {(row.instance, row.seed) for row in rows}
    for label, group in analysis.grouped(rows, "label").items():
        missing = len(everything) - len({(row.instance, row.seed) for row in group})
        if missing:
            yield f"{label} was not run on {missing} of {len(everything)} problems: no mean counts them."
