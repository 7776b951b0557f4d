"""Convert public networks into problem files."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from optimiser.bench.converters import sndlib as sndlib_files
from optimiser.bench.converters import tntp as tntp_files
from optimiser.bench.converters.network import Choices, PublicNetwork, problem_of
from optimiser.bench.converters.sndlib import Coordinates
from optimiser.cli import screen
from optimiser.problem import save
from optimiser.problem.errors import ProblemError

COORDINATES = ("auto", "degrees", "plane")


def choices(
    *,
    seconds: float,
    candidate_percent: int,
    limit_percent: int,
    budget_percent: int,
    cost_factor: float,
    equal_weights: bool,
    merge: bool,
    seed: int,
) -> Choices:
    """Return the choices that the options of a command say; see `Choices` for each."""
    return Choices(
        seconds=seconds,
        cost_factor=cost_factor,
        candidate_percent=candidate_percent,
        limit_percent=limit_percent,
        budget_percent=budget_percent,
        weights="equal" if equal_weights else "demand",
        merge=merge,
        seed=seed,
    )


def sndlib(file: Path, output: Path, *, coordinates: str, choices: Choices) -> int:
    """Convert a network of SNDlib.

    Parameters
    ----------
    file
        Native or XML file.
    output
        Problem file to write.
    coordinates
        `auto`, `degrees` or `plane`.
    choices
        What the file leaves open.

    Returns
    -------
    int
        0.

    Raises
    ------
    ProblemError
        When the file has faults.
    """
    if coordinates not in COORDINATES:
        raise ProblemError(
            f"there are no coordinates {coordinates!r}", remedy=f"Choose from: {', '.join(COORDINATES)}."
        )
    return _write(sndlib_files.read(file, coordinates=cast("Coordinates", coordinates)), output, choices)


def tntp(network: Path, trips: Path, output: Path, *, choices: Choices) -> int:
    """Convert a network of TNTP.

    Parameters
    ----------
    network, trips
        The two files.
    output
        Problem file to write.
    choices
        What the files leave open.

    Returns
    -------
    int
        0.

    Raises
    ------
    ProblemError
        When a file has faults.
    """
    return _write(tntp_files.read(network, trips), output, choices)


def _write(network: PublicNetwork, output: Path, choices: Choices) -> int:
    problem = problem_of(network, choices)
    save(problem, output)
    screen.line(
        f"{output}: {len(problem.nodes):,} nodes, {len(problem.arcs):,} arcs today, "
        f"{len(problem.candidates):,} candidates, {len(problem.pairs):,} pairs, budget {problem.budget:,}"
    )
    return 0
