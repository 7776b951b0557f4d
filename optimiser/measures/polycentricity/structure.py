"""Sum up the structure of a region before and after a plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimiser.measures.polycentricity.betweenness import betweenness
from optimiser.measures.polycentricity.dependence import Dependence, dependence
from optimiser.measures.polycentricity.functional import covered_flows, functional
from optimiser.measures.polycentricity.morphology import mean_slope, ordinary, primacy
from optimiser.measures.polycentricity.network import positions
from optimiser.problem import DesignProblem
from optimiser.problem.errors import ProblemError
from optimiser.verify.times import covered, pair_times

type People = Sequence[int] | NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Structure:
    """How a region leans on its core with one set of links.

    Attributes
    ----------
    dependence
        Of journeys on the core.
    core_betweenness
        Share of all betweenness that lies at nodes of the core; 0 when there is none.
    people
        Ordinary polycentricity of the people of places. No plan changes it.
    slope
        Mean rank-size slope of the people of places.
    primacy
        Share of the largest place in all people.
    reach
        Ordinary polycentricity of the people in reach of places within the limits of their pairs.
    functional
        Functional polycentricity of the weights of covered pairs, with the weight of all pairs as what there
        could be.
    """

    dependence: Dependence
    core_betweenness: float
    people: float
    slope: float
    primacy: float
    reach: float
    functional: float


@dataclass(frozen=True, slots=True)
class Change:
    """The structure with nothing built and with a plan built."""

    before: Structure
    after: Structure


def change(problem: DesignProblem, built: Iterable[str], *, core: Iterable[str], people: People) -> Change:
    """Measure the structure of a region before and after a plan.

    Parameters
    ----------
    problem
        The problem.
    built
        Ids of what is built.
    core
        Ids of the nodes of the core.
    people
        People living at each node, [n]; 0 at nodes that are no places.

    Raises
    ------
    ProblemError
        When an id is unknown, or fewer than two places have people or pairs.
    """
    nodes = tuple(core)
    return Change(
        before=structure(problem, (), core=nodes, people=people),
        after=structure(problem, built, core=nodes, people=people),
    )


def structure(
    problem: DesignProblem, built: Iterable[str], *, core: Iterable[str], people: People
) -> Structure:
    """Measure the structure of a region with one set of links.

    Parameters
    ----------
    problem
        The problem.
    built
        Ids of what is built.
    core
        Ids of the nodes of the core.
    people
        People living at each node, [n]; 0 at nodes that are no places.

    Raises
    ------
    ProblemError
        When an id is unknown, or fewer than two places have people or pairs.
    """
    names, centre, lived_in = tuple(built), tuple(core), _people(problem, people)
    settled = lived_in[lived_in > 0]
    reached = people_in_reach(problem, names, lived_in)
    _, flows = covered_flows(problem, names)
    most = sum(pair.weight for pair in problem.pairs if pair.origin != pair.destination)
    return Structure(
        dependence=dependence(problem, names, centre),
        core_betweenness=_share_at(betweenness(problem, names), positions(problem, centre)),
        people=ordinary(settled),
        slope=mean_slope(settled),
        primacy=primacy(settled),
        reach=ordinary(reached[lived_in > 0]),
        functional=functional(flows, most=most),
    )


def people_in_reach(problem: DesignProblem, built: Iterable[str], people: People) -> NDArray[np.int64]:
    """Return the people whom the covered pairs bring within reach of each node, its own among them.

    Parameters
    ----------
    problem
        The problem.
    built
        Ids of what is built.
    people
        People living at each node, [n].

    Returns
    -------
    NDArray
        int64 [n]. A covered pair brings each of its ends within reach of the other; nobody is counted twice.

    Raises
    ------
    ProblemError
        When there is not one number of people, at least 0, a node.
    """
    lived_in = _people(problem, people)
    within = covered(problem, pair_times(problem, built))
    return in_reach([(p.origin, p.destination) for p in problem.pairs], within, lived_in)


def in_reach(
    ends: Iterable[tuple[int, int]], within: Iterable[bool], people: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the people whom pairs bring within reach of each place, its own among them.

    Parameters
    ----------
    ends
        Two places a pair.
    within
        Whether the pair is within its limit.
    people
        int64: people of each place.
    """
    ways = {pair for pair, yes in zip(ends, within, strict=True) if yes}
    found = people.copy()
    for one, other in ways | {(other, one) for one, other in ways}:
        if one != other:
            found[one] += people[other]
    return found


def _people(problem: DesignProblem, people: People) -> NDArray[np.int64]:
    number = np.asarray(people, dtype=np.int64)
    if number.shape != (len(problem.nodes),) or np.any(number < 0):
        raise ProblemError(f"each of {len(problem.nodes)} nodes needs a number of people, at least 0")
    return number


def _share_at(values: NDArray[np.float64], nodes: Sequence[int]) -> float:
    whole = float(values.sum())
    return float(values[list(nodes)].sum() / whole) if whole > 0 else 0.0
