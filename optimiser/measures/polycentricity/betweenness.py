"""Measure how much of the journeys between pairs runs through each node."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from optimiser.engine.search.compiled import compiled
from optimiser.engine.search.paths import FAR, Graph, Integers
from optimiser.measures.polycentricity.network import all_times, open_network, pairs_by_origin
from optimiser.problem import DesignProblem

type Floats = NDArray[np.float64]


def betweenness(problem: DesignProblem, built: Iterable[str]) -> Floats:
    r"""Return the weighted betweenness of every node.

    Parameters
    ----------
    problem
        The problem.
    built
        Ids of what is built.

    Returns
    -------
    NDArray
        float64 [n], in units of weight: each pair gives a node its weight times the share of the pair's best
        paths that pass the node between its ends.

    Raises
    ------
    ProblemError
        When an id is unknown.

    Notes
    -----
    Brandes (2001), A faster algorithm for betweenness centrality, Journal of Mathematical Sociology 25, with
    the pairs' weights in place of one for every pair. From an origin, with :math:`\sigma` best paths to each
    node and :math:`w` the weight of the pair that ends there, over arcs (v, u) on best paths:

    .. math:: \delta(v) = \sum_u \frac{\sigma(v)}{\sigma(u)} (w(u) + \delta(u))

    Parallel arcs are one: paths are told apart by their nodes.
    """
    net = open_network(problem, built)
    found = np.zeros(len(problem.nodes))
    for origin, ks in pairs_by_origin(problem).items():
        demand = np.zeros(len(problem.nodes))
        for k in ks:
            demand[problem.pairs[k].destination] += problem.pairs[k].weight
        onward = dependencies(net, all_times(net, origin), demand)
        onward[origin] = 0.0
        found += onward
    return found


@compiled
def dependencies(net: Graph, times: Integers, demand: Floats) -> Floats:
    """Return what runs through each node on the way from one origin.

    Parameters
    ----------
    net
        All arcs, all open, none parallel, each of at least 1 s.
    times
        int64 [n]: seconds from the origin, `FAR` where no path leads.
    demand
        float64 [n]: weight that ends at each node.

    Returns
    -------
    NDArray
        float64 [n]; at the origin all that leaves it.
    """
    order = np.argsort(times)
    paths = np.zeros(times.size)
    paths[order[0]] = 1.0
    for node in order:
        if times[node] == FAR:
            break
        for arc in range(net.start[node], net.start[node + 1]):
            if times[node] + net.seconds[arc] == times[net.head[arc]]:
                paths[net.head[arc]] += paths[node]
    onward = np.zeros(times.size)
    for node in order[::-1]:
        if times[node] == FAR:
            continue
        for arc in range(net.start[node], net.start[node + 1]):
            to = net.head[arc]
            if times[node] + net.seconds[arc] == times[to]:
                onward[node] += paths[node] / paths[to] * (demand[to] + onward[to])
    return onward
