"""Bench solver variants on instances, and make instances of public networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from inspect import Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from optimiser.cli import options as option
from optimiser.cli import screen

if TYPE_CHECKING:
    from optimiser.bench.converters import PublicNetwork
    from optimiser.bench.instances import Run
    from optimiser.bench.rows import Row

_LIMIT = "Limit of each solve (60; with --effort a day), seconds."
_MOST_SEEDS = 10_000
"""Most seeds of a range."""


def bench(
    *,
    instances: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|FILE|FOLDER", help="Instance, pattern such as 'hard_*', problem file, or folder."
        ),
    ] = None,
    family: Annotated[list[str] | None, typer.Option(help="Every instance of a family.")] = None,
    variant: Annotated[
        list[str] | None,
        typer.Option(
            help="Variant or a file of your own (mine.py), either with :SOLVER; or all [default: auto].",
            autocompletion=option.complete_variant,
        ),
    ] = None,
    solver: Annotated[
        list[str] | None,
        typer.Option(help="Solver of the variants that have a choice, or all [default: their first]."),
    ] = None,
    solver_option: option.SolverOption = None,
    seeds: Annotated[
        list[str] | None,
        typer.Option(metavar="SEED|FIRST..LAST", help="Seed, or a range of them [default: 1]."),
    ] = None,
    time_limit: Annotated[
        float | None, option.ranged(option.SECONDS, _LIMIT, "--time-limit", "--time-limit-s")
    ] = None,
    effort: Annotated[
        float | None, option.ranged(option.FACTOR, "Limit of each solve in effort; 1 is some ten minutes.")
    ] = None,
    gap: Annotated[float, option.ranged(option.GAP, "Relative gap at which a solve may end, 0 to 1.")] = 0.0,
    threads: Annotated[int, option.ranged((1, option.THREADS[1]), "Threads of each solve.")] = 1,
    workers: Annotated[
        int | None,
        option.ranged(
            (0, 4096),
            "Solves at a time; times then disturb each other [default: 1; of a cluster, one a core].",
            "--workers",
            "--jobs",
        ),
    ] = None,
    cluster: option.ClusterOption = None,
    scheduler: option.Scheduler = None,
    out: Annotated[Path, option.target("Folder; solves that it holds are not done again.")] = Path(
        "polyring-bench"
    ),
    list_names: Annotated[bool, typer.Option("--list", help="Name instances and variants.")] = False,
    json: option.Json = False,
) -> None:
    """Measure solver variants on instances: table, profiles, gaps over time. Options repeat."""
    from optimiser.bench.outputs import bench as bench_variants
    from optimiser.bench.runner import fault_lines, incomplete

    if list_names:
        _show_names(as_json=json)
        return
    with screen.Display(quiet=json) as display:
        done = bench_variants(
            instances or (),
            families=family or (),
            variants=variant or (),
            solvers=solver or (),
            seeds=seeds_of(seeds or ()),
            solver_options=option.solver_options(solver_option or ()),
            time_limit_s=time_limit,
            effort=effort,
            gap=gap,
            threads=option.note_threads(threads),
            jobs=workers,
            cluster=cluster or "none",
            scheduler=scheduler,
            out=out,
            listener=_Shown(display),
        )
    if json:
        files = {"table": str(out / "runs.csv"), "summary": str(out / "summary.md")}
        screen.as_json({"rows": len(done.rows), **files, "left_out": fault_lines(done.left_out)})
    else:
        right = ("objective", "bound", "gap", "claimed gap", "seconds", "peak MB")
        claims = any(row.claimed_gap is not None for row in done.rows)
        screen.table("Solves", [_shown(row, claims=claims) for row in done.rows], right=right)
        screen.line(f"Files: {out}  (open summary.md)")
    if done.left_out:
        raise incomplete(done.left_out, solved=True)


def seeds_of(words: Sequence[str]) -> list[int]:
    """Return the seeds of words such as `3` and `1..10`, sorted."""
    found: set[int] = set()
    for word in words:
        first, dots, last = word.partition("..")
        least, most = option.SEED
        if not first.lstrip("-").isdecimal() or (dots and not last.isdecimal()):
            raise _bad_seeds(f"{word!r} is neither a seed nor a range such as 1..10.")
        numbers = range(int(first), int(last if dots else first) + 1)
        if not numbers:
            raise _bad_seeds(f"{word!r} is empty: the first seed lies beyond the last.")
        if not (least <= numbers[0] and numbers[-1] <= most):
            raise _bad_seeds(f"{word} is not within {least:,} and {most:,}.")
        if len(numbers) > _MOST_SEEDS:
            raise _bad_seeds(f"{word!r} has {len(numbers):,} seeds, more than {_MOST_SEEDS:,}.")
        found.update(numbers)
    return sorted(found)


def _bad_seeds(text: str) -> typer.BadParameter:
    return typer.BadParameter(text, param_hint="'--seeds'")


def _shown(row: Row, *, claims: bool = False) -> dict[str, object]:
    from optimiser.bench.outputs import percent

    return {
        "instance": row.instance,
        "configuration": row.label,
        "seed": row.seed,
        "outcome": f"{row.status} ({row.termination})",
        "objective": "-" if row.objective is None else row.objective,
        "bound": "-" if row.bound is None else f"{row.bound:.1f}",
        # The bound of what proves nothing is the weight of all pairs; its loss is in the summary.
        "gap": "-" if row.termination == "heuristic" else percent(row.gap),
        **({"claimed gap": percent(row.claimed_gap)} if claims else {}),
        "seconds": f"{row.seconds:.2f}",
        "peak MB": f"{row.peak_mb:.0f}",
    }


def _show_names(*, as_json: bool) -> None:
    """Print families, instances, variants and their solvers."""
    from optimiser.bench.instances import registered
    from optimiser.engine.methods.variants import VARIANTS

    instances = [{"family": one.family, "instance": one.name, "what": one.about} for one in registered()]
    variants = [
        {"variant": one.name, "solvers": ", ".join(one.solvers) or "-", "what": one.about}
        for one in VARIANTS.values()
    ]
    if as_json:
        screen.as_json({"instances": instances, "variants": variants})
        return
    screen.table("Instances", instances)
    screen.table("Variants", variants)
    screen.note("docs/bench.md says which problems of public networks can be made, and how.")


# ---- progress


class _Shown:
    """Reports on a bench: a bar with the time left on a terminal, elsewhere a line for each solve."""

    def __init__(self, display: screen.Display) -> None:
        self._display = display

    def begins(self, run: Run, number: int, total: int, left_s: float) -> None:
        """Report what begins."""
        title = f"{run.instance.name}  {run.configuration.label}  seed {run.seed}"
        self._display.count(number - 1, total)
        say = self._display.begins if self._display.moves else self._display.ends
        say(f"[{number}/{total}, about {screen.duration(left_s)} left] {title}")

    def ends(self, row: Row) -> None:
        """Report what came out."""
        gap = _shown(row)["gap"]
        gap = "no bound" if row.gap is None or gap == "-" else f"gap {gap}"
        message = f"  {row.message}" if row.message else ""
        self._display.ends(
            f"{row.instance}  {row.label}  seed {row.seed}: {row.status} ({row.termination}), "
            f"{gap}, {row.seconds:.1f} s{message}"
        )

    def notes(self, text: str) -> None:
        """Report a note."""
        self._display.ends(text)


# ---- convert


convert = typer.Typer(
    name="convert", help="Make a problem of a public network.", no_args_is_help=True, rich_markup_mode=None
)


def convert_command(
    epilog: str,
) -> Callable[[Callable[..., tuple[PublicNetwork, float]]], Callable[..., None]]:
    """Make a command of a function that reads a network of some format, and the seconds of its unit.

    The command has the options of the function, and those of `_write`.
    """

    def command_of(read: Callable[..., tuple[PublicNetwork, float]]) -> Callable[..., None]:
        read.__annotations__.pop("return")  # its types are imported for the type checker alone
        own, common = (signature(one, eval_str=True).parameters for one in (read, _write))

        @wraps(read)
        def command(**given: Any) -> None:  # noqa: ANN401 - as the two functions have them
            network, seconds = read(**{name: given.pop(name) for name in own})
            _write(network, seconds, **given)

        options = [*own.values(), *list(common.values())[2:]]
        command.__signature__ = Signature(options)  # type: ignore[attr-defined]
        convert.command(epilog=f"\b\nExamples:\n  polyring convert {epilog}")(command)
        return command

    return command_of


def _write(
    network: Any,  # noqa: ANN401 - a `PublicNetwork`, which is imported for the type checker alone
    seconds: float,
    *,
    out: Annotated[Path, option.target("Problem file to write.")],
    candidate_percent: Annotated[
        int, option.ranged(option.PERCENT, "Share of links, drawn, that are candidates, per cent.")
    ] = 100,
    limit_percent: Annotated[
        int, option.ranged((100, 1_000_000), "Limit, per cent of the shortest time with every link.")
    ] = 200,
    budget_percent: Annotated[
        int, option.ranged(option.PERCENT, "Budget, per cent of the cost of all candidates.")
    ] = 30,
    cost_factor: Annotated[
        float, option.ranged(option.FACTOR, "Money of one unit of cost in the file.")
    ] = 1.0,
    equal_weights: Annotated[
        bool, typer.Option("--equal-weights", help="Weigh all pairs 1, not by demand.")
    ] = False,
    merge: Annotated[bool, typer.Option(help="Make one pair of the two directions of a demand.")] = True,
    seed: Annotated[int, option.ranged(option.SEED, "Seed of the draw of candidates.")] = 1,
) -> None:
    """Write the problem of a network by the choices that its file leaves open."""
    from optimiser.bench.converters import Choices, problem_of
    from optimiser.problem import save

    choices = Choices(
        seconds=seconds,
        cost_factor=cost_factor,
        candidate_percent=candidate_percent,
        limit_percent=limit_percent,
        budget_percent=budget_percent,
        weights="equal" if equal_weights else "demand",
        merge=merge,
        seed=seed,
    )
    problem = problem_of(network, choices)
    option.refuse_output(out, done="Nothing was written.")
    save(problem, option.noted(out))
    screen.line(
        f"{out}: {len(problem.nodes):,} nodes, {len(problem.arcs):,} arcs today, "
        f"{len(problem.candidates):,} candidates, {len(problem.pairs):,} pairs, budget {problem.budget:,}"
    )


@convert_command("sndlib germany50.xml --out germany50.json --budget-percent 5")
def sndlib(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Network of SNDlib, native or XML.")],
    *,
    seconds_per_km: Annotated[
        float, option.ranged(option.FACTOR, "Seconds that a kilometre takes.")
    ] = 1000.0,
    coordinates: Annotated[
        Literal["auto", "degrees", "plane"],
        typer.Option(help="plane: 1,000 m a unit; auto: as the file says."),
    ] = "auto",
) -> tuple[PublicNetwork, float]:
    """Convert an SNDlib network: lengths become times, set-up or module costs become costs."""
    from optimiser.bench.converters.formats import read_sndlib

    return read_sndlib(file, coordinates=coordinates), seconds_per_km / 1000


@convert_command("tntp SiouxFalls_net.tntp SiouxFalls_trips.tntp --out sioux.json")
def tntp(
    network: Annotated[Path, typer.Argument(metavar="NET", help="Network, *_net.tntp.")],
    trips: Annotated[Path, typer.Argument(metavar="TRIPS", help="Trips, *_trips.tntp.")],
    *,
    seconds_per_unit: Annotated[
        float, option.ranged(option.FACTOR, "Seconds of the file's unit of time.")
    ] = 60.0,
) -> tuple[PublicNetwork, float]:
    """Convert a TNTP network: free-flow times are times and costs; no way leads through zones."""
    from optimiser.bench.converters.formats import read_tntp

    return read_tntp(network, trips), seconds_per_unit
