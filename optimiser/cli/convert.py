"""Make a problem of a public network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from optimiser.cli import screen
from optimiser.cli.options import FACTOR, LIMIT_PERCENT, PERCENT, SEED, within

if TYPE_CHECKING:
    from optimiser.bench.converters.network import Choices, PublicNetwork
    from optimiser.bench.converters.sndlib import Coordinates

COORDINATES = ("auto", "degrees", "plane")

app = typer.Typer(
    name="convert", help="Make a problem of a public network.", no_args_is_help=True, rich_markup_mode=None
)

Converted = Annotated[Path, typer.Option("-o", "--output", help="Problem file to write.")]
CandidatePercent = Annotated[
    int, typer.Option(callback=within(PERCENT), help="Share of links, drawn, that are candidates, per cent.")
]
LimitPercent = Annotated[
    int,
    typer.Option(
        callback=within(LIMIT_PERCENT), help="Limit, per cent of the shortest time with every link."
    ),
]
BudgetPercent = Annotated[
    int, typer.Option(callback=within(PERCENT), help="Budget, per cent of the cost of all candidates.")
]
CostFactor = Annotated[
    float, typer.Option(callback=within(FACTOR), help="Money of one unit of cost in the file.")
]
EqualWeights = Annotated[bool, typer.Option("--equal-weights", help="Weigh all pairs 1, not by demand.")]
Merge = Annotated[bool, typer.Option(help="Make one pair of the two directions of a demand.")]
DrawSeed = Annotated[int, typer.Option(callback=within(SEED), help="Seed of the draw of candidates.")]


@app.command(
    epilog="\b\nExamples:\n  polyring convert sndlib germany50.xml -o germany50.json --budget-percent 5"
)
def sndlib(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Network of SNDlib, native or XML.")],
    *,
    output: Converted,
    seconds_per_km: Annotated[
        float, typer.Option(callback=within(FACTOR), help="Seconds that a kilometre takes.")
    ] = 1000.0,
    coordinates: Annotated[
        str, typer.Option(help="degrees, plane (1,000 m a unit), or auto: as the file says.")
    ] = "auto",
    candidate_percent: CandidatePercent = 100,
    limit_percent: LimitPercent = 200,
    budget_percent: BudgetPercent = 30,
    cost_factor: CostFactor = 1.0,
    equal_weights: EqualWeights = False,
    merge: Merge = True,
    seed: DrawSeed = 1,
) -> int:
    """Convert an SNDlib network: lengths become times, set-up or module costs become costs."""
    from optimiser.bench.converters.network import Choices
    from optimiser.bench.converters.sndlib import read
    from optimiser.problem.errors import ProblemError

    choices = Choices(
        seconds=seconds_per_km / 1000,
        cost_factor=cost_factor,
        candidate_percent=candidate_percent,
        limit_percent=limit_percent,
        budget_percent=budget_percent,
        weights="equal" if equal_weights else "demand",
        merge=merge,
        seed=seed,
    )
    if coordinates not in COORDINATES:
        raise ProblemError(
            f"there are no coordinates {coordinates!r}", remedy=f"Choose from: {', '.join(COORDINATES)}."
        )
    return _write(read(file, coordinates=cast("Coordinates", coordinates)), output, choices)


@app.command(
    epilog="\b\nExamples:\n  polyring convert tntp SiouxFalls_net.tntp SiouxFalls_trips.tntp -o sioux.json"
)
def tntp(
    network: Annotated[Path, typer.Argument(metavar="NET", help="Network, *_net.tntp.")],
    trips: Annotated[Path, typer.Argument(metavar="TRIPS", help="Trips, *_trips.tntp.")],
    *,
    output: Converted,
    seconds_per_unit: Annotated[
        float, typer.Option(callback=within(FACTOR), help="Seconds of the file's unit of time.")
    ] = 60.0,
    candidate_percent: CandidatePercent = 100,
    limit_percent: LimitPercent = 200,
    budget_percent: BudgetPercent = 30,
    cost_factor: CostFactor = 1.0,
    equal_weights: EqualWeights = False,
    merge: Merge = True,
    seed: DrawSeed = 1,
) -> int:
    """Convert a TNTP network: free-flow times are times and costs; no way leads through zones."""
    from optimiser.bench.converters.network import Choices
    from optimiser.bench.converters.tntp import read

    choices = Choices(
        seconds=seconds_per_unit,
        cost_factor=cost_factor,
        candidate_percent=candidate_percent,
        limit_percent=limit_percent,
        budget_percent=budget_percent,
        weights="equal" if equal_weights else "demand",
        merge=merge,
        seed=seed,
    )
    return _write(read(network, trips), output, choices)


def _write(network: PublicNetwork, output: Path, choices: Choices) -> int:
    from optimiser.bench.converters.network import problem_of
    from optimiser.problem import save

    problem = problem_of(network, choices)
    save(problem, output)
    screen.line(
        f"{output}: {len(problem.nodes):,} nodes, {len(problem.arcs):,} arcs today, "
        f"{len(problem.candidates):,} candidates, {len(problem.pairs):,} pairs, budget {problem.budget:,}"
    )
    return 0
