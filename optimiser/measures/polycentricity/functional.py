"""Measure how evenly relations are spread over places (functional polycentricity)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from optimiser.measures.polycentricity.morphology import ordinary
from optimiser.problem import DesignProblem
from optimiser.problem.errors import ProblemError
from optimiser.verify.times import covered, pair_times

type Matrix = NDArray[np.int64] | NDArray[np.float64] | list[list[int]] | list[list[float]]
type Direction = Literal["in", "out", "both"]


def functional(flows: Matrix, *, most: float | None = None, direction: Direction = "both") -> float:
    r"""Return the special functional polycentricity of Green, 0 to 1.

    Parameters
    ----------
    flows
        [P x P]: relation from each place (row) to each other, >= 0; the diagonal does not count.
    most
        What all relations could sum to. None: density is the share of ordered pairs of places that have a
        relation at all.
    direction
        What the degree of a place sums: what comes `in`, what goes `out`, or `both`.

    Returns
    -------
    float
        0 when there is no relation, or when one place has them all.

    Raises
    ------
    ProblemError
        When the matrix is not square, has fewer than two places or negative entries, or `most` is too small.

    Notes
    -----
    Green (2007), Functional polycentricity: a formal definition in terms of social network analysis, Urban
    Studies 44, 2077-2103:

    .. math:: P = (1 - \sigma_\partial / \sigma_{\partial max}) \Delta

    with the standard deviation of the places' degrees, that of a network of two places of which one has
    degree 0 and the other the largest degree found (half of it), and the density: what relations there are,
    per what there could be. Without the last factor a network with hardly any relation could pass for
    polycentric.
    """
    table = np.array(flows, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or len(table) < 2:
        raise ProblemError(f"flows of shape {table.shape} are not those between two places or more")
    np.fill_diagonal(table, 0.0)
    if not np.all(np.isfinite(table)) or np.any(table < 0):
        raise ProblemError("a flow is below 0 or not finite")
    if most is not None and table.sum() > most:
        raise ProblemError(f"flows sum to {table.sum()}, more than the {most} that there could be")
    degrees = _degrees(table, direction)
    if not np.any(degrees > 0):
        return 0.0
    return ordinary(degrees) * _density(table, most)


def _degrees(table: NDArray[np.float64], direction: Direction) -> NDArray[np.float64]:
    sums: dict[str, NDArray[np.float64]] = {"in": table.sum(axis=0), "out": table.sum(axis=1)}
    return sums["in"] + sums["out"] if direction == "both" else sums[direction]


def _density(table: NDArray[np.float64], most: float | None) -> float:
    if most is not None:
        return float(table.sum() / most)
    return float(np.count_nonzero(table) / (len(table) * (len(table) - 1)))


def general_functional(networks: Sequence[Matrix], *, direction: Direction = "both") -> float:
    """Return the general functional polycentricity of Green: the mean of that of several functions.

    Parameters
    ----------
    networks
        One matrix of relations a function, for example road and rail; see `functional`.
    direction
        As in `functional`.

    Raises
    ------
    ProblemError
        When there is no network, or one is not allowed.
    """
    if not networks:
        raise ProblemError("there is no network to take the mean of")
    return float(np.mean([functional(flows, direction=direction) for flows in networks]))


def covered_flows(problem: DesignProblem, built: Iterable[str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the weights of the covered pairs as a matrix of relations.

    Parameters
    ----------
    problem
        The problem.
    built
        Ids of what is built.

    Returns
    -------
    places
        Ids of the nodes where pairs begin or end, in the order of the problem.
    flows
        int64 [P x P]: weight of the covered pairs from each to each, pairs of a place with itself left out.
    """
    ends = sorted({node for pair in problem.pairs for node in (pair.origin, pair.destination)})
    row = {node: i for i, node in enumerate(ends)}
    flows = np.zeros((len(ends), len(ends)), dtype=np.int64)
    within = covered(problem, pair_times(problem, built))
    for pair, yes in zip(problem.pairs, within, strict=True):
        if yes and pair.origin != pair.destination:
            flows[row[pair.origin], row[pair.destination]] += pair.weight
    return tuple(problem.nodes[node] for node in ends), flows
