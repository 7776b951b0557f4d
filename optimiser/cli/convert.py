"""Declare the commands that convert public networks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from optimiser.cli.ranges import FACTOR, LIMIT_PERCENT, PERCENT, SEED, within

convert = typer.Typer(
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


@convert.command()
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
    from optimiser.cli import converting as command

    choices = command.choices(
        seconds=seconds_per_km / 1000,
        candidate_percent=candidate_percent,
        limit_percent=limit_percent,
        budget_percent=budget_percent,
        cost_factor=cost_factor,
        equal_weights=equal_weights,
        merge=merge,
        seed=seed,
    )
    return command.sndlib(file, output, coordinates=coordinates, choices=choices)


@convert.command()
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
    from optimiser.cli import converting as command

    choices = command.choices(
        seconds=seconds_per_unit,
        candidate_percent=candidate_percent,
        limit_percent=limit_percent,
        budget_percent=budget_percent,
        cost_factor=cost_factor,
        equal_weights=equal_weights,
        merge=merge,
        seed=seed,
    )
    return command.tntp(network, trips, output, choices=choices)
