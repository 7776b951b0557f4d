"""Build the design problem of a region: reduced network, candidates, pairs, budget."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks.skims import UNREACHABLE, TimeGraph, time_matrix
from optimiser.problem import Candidate, DesignProblem, Pair, errors, model
from optimiser.proposals.shortest_times import contracted, no_path_s, times_between, widened, without_detours
from optimiser.proposals.table import Candidates, NumberedArcs, number_arcs, rows_by_candidate


def root_weight(population: int) -> int:
    """Return the default weight of a pair: the root of the smaller population, rounded."""
    return round(float(np.sqrt(population)))


def city_pairs(
    cities: Any,  # noqa: ANN401 (a frame with or without geometry)
    skim: NDArray[np.int64],
    *,
    limit_s: int,
    weight: Callable[[int], int] = root_weight,
) -> pd.DataFrame:
    """List every unordered pair of cities once.

    Parameters
    ----------
    cities
        Table of cities: `city_id`, `name`, `tier`, `population`.
    skim
        int64 [c, c], seconds today.
    limit_s
        Time limit.
    weight
        Weight of a pair by the smaller population.

    Returns
    -------
    pandas.DataFrame
        Columns `origin`, `destination` (rows of cities; the origin is the larger city, of equal ones the
        first), `origin_id`, `destination_id` (city ids), `limit`, `weight` (int64), `group` (tier of the
        smaller city), `today_s` (int64, -1 where no path exists), `covered_today` (bool).
    """
    population = cities["population"].to_numpy(dtype=np.int64)
    order = np.argsort(-population, kind="stable")
    first, second = np.triu_indices(len(order), k=1)
    origin, destination = order[first].astype(np.int64), order[second].astype(np.int64)
    ids, tiers = (cities[name].astype(str).to_numpy(dtype=object) for name in ("city_id", "tier"))
    seconds = np.asarray(skim)[origin, destination].astype(np.int64)
    smaller = population[destination].tolist()
    return pd.DataFrame(
        {
            "origin": origin,
            "destination": destination,
            "origin_id": ids[origin].tolist(),
            "destination_id": ids[destination].tolist(),
            "limit": np.full(len(origin), limit_s, dtype=np.int64),
            "weight": np.array([weight(people) for people in smaller], dtype=np.int64),
            "group": tiers[destination].tolist(),
            "today_s": np.where(seconds >= UNREACHABLE, -1, seconds),
            "covered_today": seconds <= limit_s,
        }
    )


@dataclass(frozen=True, slots=True)
class SmallNetwork:
    """Arcs between some nodes of a graph that keep the distances that matter.

    Attributes
    ----------
    terminals
        int64 [n], rising: rows of the graph, then numbers of nodes that the graph lacks.
    tail, head, seconds
        int64 [m]: terminals, and seconds.
    distance
        [k, k], int32 or int64: all distances today between the terminals that the graph has, which come
        first; `no_path_s` of it where no path exists. Empty where they are not known.
    """

    terminals: NDArray[np.int64]
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    seconds: NDArray[np.int64]
    distance: NDArray[np.integer] = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))

    def at(self, nodes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the positions of terminals in `terminals`."""
        return np.searchsorted(self.terminals, nodes)


type Between = Callable[[NDArray[np.int64]], NDArray[np.integer]]
"""Returns the shortest seconds between nodes, whose rows rise: int32 or int64 [n, n]."""


def paths_of(
    count: int, tail: NDArray[np.int64], head: NDArray[np.int64], seconds: NDArray[np.int64]
) -> Between:
    """Return what computes the seconds between nodes of a graph.

    Parameters
    ----------
    count
        Number of nodes of the graph.
    tail, head, seconds
        int64 [m], the graph; seconds >= 1.
    """
    return lambda nodes: times_between(time_matrix(count, tail, head, seconds), nodes, nodes)


def overlay(count: int, between: Between, terminals: NDArray[np.int64], *, extra: int = 0) -> SmallNetwork:
    """Replace a graph by the fewest arcs between terminals that keep their distances.

    Parameters
    ----------
    count
        Number of nodes of the graph.
    between
        Seconds between its nodes.
    terminals
        Rows of nodes to keep.
    extra
        Number of further nodes, numbered from `count` on, that are added without arcs.

    Returns
    -------
    SmallNetwork
        An arc u-v remains only when no terminal lies on a shortest path from u to v. Since seconds are above
        0, both parts of a path over a terminal are shorter than the whole, so by induction over the distance
        every pair keeps a shortest path, ties included.
    """
    kept = np.unique(terminals)
    known = between(kept)
    tails, heads = np.nonzero(_needed_arcs(known))
    return SmallNetwork(
        terminals=np.concatenate([kept, np.arange(count, count + extra)]).astype(np.int64),
        tail=kept[tails],
        head=kept[heads],
        seconds=known[tails, heads].astype(np.int64),
        distance=known,
    )


def _needed_arcs(distance: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Tell which pairs need an arc of their own: no third node lies on a shortest path; bool [n, n].

    From each node the others are met by rising distance. Of the nodes on shortest paths to one of them, the
    first needs an arc itself and is nearer, so that it is enough to look at paths that begin with an arc
    found before: a few vectors a node instead of a matrix.
    """
    count = len(distance)
    needed = np.zeros((count, count), dtype=bool)
    for row in range(count):
        own = distance[row]
        over_third = np.full(count, no_path_s(distance), dtype=distance.dtype)
        over_third[row] = 0
        while (left := np.flatnonzero(over_third > own)).size:
            nearest = left[np.argmin(own[left])]
            needed[row, nearest] = True
            np.minimum(over_third, own[nearest] + distance[nearest], out=over_third)
    return needed


def relevant_arcs(
    small: SmallNetwork,
    arcs: NumberedArcs,
    ends: tuple[NDArray[np.int64], NDArray[np.int64]],
    limit_s: NDArray[np.int64],
    today: NDArray[np.int64],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.int64]]:
    """Tell which arcs lie on a path that can matter to a pair.

    A path matters when it is within the limit of an open pair, or no longer than today's shortest path of a
    pair that is covered today. What fails even with everything built fails in every plan.

    Parameters
    ----------
    small
        The reduced network.
    arcs
        Arcs of the candidates that may be built.
    ends
        Origin and destination of each pair, nodes of the network.
    limit_s
        Limit of each pair.
    today
        Seconds of each pair today.

    Returns
    -------
    base, opened, best_s : numpy.ndarray
        bool: arcs of the network, and arcs of the candidates, that some pair can use; int64 [pairs]: seconds
        with everything built.
    """
    tail, head, origin, destination = (small.at(nodes) for nodes in (arcs.tail, arcs.head, *ends))
    base = small.at(small.tail), small.at(small.head), small.seconds
    everywhere = np.arange(len(small.terminals), dtype=np.int64)
    built = (np.concatenate(both) for both in zip(base, (tail, head, arcs.seconds), strict=True))
    full = time_matrix(len(everywhere), *built)
    starts, start = np.unique(origin, return_inverse=True)
    stops, stop = np.unique(destination, return_inverse=True)
    from_starts = times_between(full, starts, everywhere)
    to_stops = times_between(full.T.tocsr(), stops, everywhere)
    best = from_starts[start, destination]
    longest = np.where(today <= limit_s, today, limit_s)
    short = best <= longest  # no path of another trip is short enough
    trips = start[short], stop[short], longest[short]
    used, opened = (
        _on_path(from_starts, to_stops, some, trips) for some in (base, (tail, head, arcs.seconds))
    )
    return used, opened, best


type _Columns = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


def _on_path(
    from_starts: NDArray[np.int64], to_stops: NDArray[np.int64], arcs: _Columns, trips: _Columns
) -> NDArray[np.bool_]:
    """Tell which arcs lie on a path that is short enough for a trip when everything is built.

    Parameters
    ----------
    from_starts, to_stops
        int64 [starts, n] and [stops, n], seconds with everything built from starts of trips to every node,
        and from every node to their stops.
    arcs
        Tails, heads and seconds.
    trips
        Rows of starts, rows of stops, and the longest time that matters.
    """
    (tail, head, seconds), (start, stop, longest) = arcs, trips
    found = np.zeros(len(tail), dtype=bool)
    for row in np.unique(start).tolist():
        own = start == row
        reach = from_starts[row, tail] + seconds
        near = np.flatnonzero((reach <= longest[own].max()) & ~found)
        # Time to the tail + time of the arc + time from the head on <= longest, for some trip from here.
        slack = longest[own][:, None] - to_stops[np.ix_(stop[own], head[near])]
        found[near] = reach[near] <= slack.max(axis=0)
    return found


@dataclass(frozen=True, slots=True)
class Prepared:
    """A design problem and what its numbers mean.

    Attributes
    ----------
    problem
        Ids and integers alone; its nodes are ids of the time graph, or new ids that candidates brought.
    pairs
        One row a pair of the problem, in its order; columns of `city_pairs` and `coverable` (bool: within the
        limit when everything not fixed out is built), `best_s` (int64, seconds with everything built, -1
        where no path exists).
    """

    problem: DesignProblem
    pairs: pd.DataFrame


def design_problem(
    graph: TimeGraph,
    cities: Any,  # noqa: ANN401 (Cities, or its table)
    candidates: Candidates,
    skim: NDArray[np.int64],
    *,
    limit_s: int = 14400,
    weight: Callable[[int], int] = root_weight,
    budget_share: Fraction | float | None = 0.1,
    budget: int | None = None,
    **others: Any,  # noqa: ANN401 (of `problem_of_pairs`)
) -> Prepared:
    """Build the design problem of a region.

    Parameters
    ----------
    graph
        Time graph of road and rail.
    cities
        Cities in the order of the graph's origins.
    candidates
        What may be built.
    skim
        int64 [c, c], seconds between cities today.
    limit_s
        Time limit of every pair.
    weight
        Weight of a pair by the population of its smaller city.
    budget_share
        Budget as a share of the central cost of all candidates, rounded down; used where `budget` is None.
        None for both: reach every coverable pair at least cost.
    budget
        Budget in money.
    others
        Further arguments of `problem_of_pairs`.

    Raises
    ------
    CandidateError
        When a candidate's arc takes less than a second or ends nowhere.
    ProblemError
        When the budget, limit or share is negative (`DesignProblem`).
    """
    if budget is None and budget_share is not None:
        budget = int(Fraction(str(budget_share)) * int(candidates.table["cost"].sum()))
    _check_arcs(candidates, graph)
    pairs = city_pairs(getattr(cities, "table", cities), skim, limit_s=limit_s, weight=weight)
    return problem_of_pairs(graph, candidates, pairs, budget=budget, **others)


def problem_of_pairs(  # noqa: PLR0913 (everything but the first three has a default)
    graph: TimeGraph,
    candidates: Candidates,
    pairs: pd.DataFrame,
    *,
    today_s: Between | None = None,
    beyond_s: int = 0,
    budget: int | None = None,
    name: str = "region",
    note: str = "",
    money: str | None = None,
    is_sparse: bool = False,
) -> Prepared:
    """Build the design problem of given pairs, which may have limits of their own and may repeat.

    Parameters
    ----------
    graph, candidates
        As for `design_problem`.
    pairs
        As `city_pairs` returns them: `origin`, `destination`, `limit`, `weight`, `group`.
    today_s
        Returns the seconds between nodes of the graph, where they are known; None: they are computed.
    beyond_s
        Seconds beyond the limits within which paths are kept too, for further pairs with later limits.
    budget
        Budget in money; None: reach every coverable pair at least cost.
    name, note
        Name and text of the problem.
    money
        Unit of costs; that of the candidates where None.
    is_sparse
        Whether the graph is small already (`optimiser.run.retiming.with_road_overlay`). Its nodes are then
        removed one by one where that adds few arcs, which is a sixth of the work of an overlay; more nodes
        and arcs are left.
    """
    ids = graph.nodes["node_id"].tolist()
    # Arcs keep these numbers, rows of the graph and then new nodes, until the problem is written.
    arcs = number_arcs(graph, candidates.arcs)
    usable = arcs.take((candidates.table["fixed"] != "out").to_numpy()[arcs.candidate])
    ends = graph.origin[pairs["origin"].to_numpy()], graph.destination[pairs["destination"].to_numpy()]
    limits = pairs["limit"].to_numpy()
    if is_sparse:
        small = SmallNetwork(np.arange(arcs.count), graph.tail, graph.head, graph.seconds)
        (starts, start), (stops, stop) = (np.unique(nodes, return_inverse=True) for nodes in ends)
        matrix = time_matrix(len(ids), graph.tail, graph.head, graph.seconds)
        today = times_between(matrix, starts, stops)[start, stop]
    else:
        # Only cities and the ends of candidates' arcs stay.
        terminals = np.concatenate([graph.origin, graph.destination, arcs.ends[arcs.ends < arcs.old]])
        between = today_s or paths_of(arcs.old, graph.tail, graph.head, graph.seconds)
        small = overlay(arcs.old, between, terminals, extra=len(arcs.new_ids))
        today = widened(small.distance[small.at(ends[0]), small.at(ends[1])])
    of_use, of_use_built, best = relevant_arcs(small, usable, ends, limits + beyond_s, today)
    base = [values[of_use] for values in (small.tail, small.head, small.seconds)]
    opened = usable.take(of_use_built)
    if is_sparse:
        kept = np.concatenate([*ends, opened.ends])
        row, fewer = contracted(time_matrix(arcs.count, *base), kept, most_more=_MOST_MORE)
        found, node = without_detours(fewer, share=_LOOKED_AT).tocoo(), np.flatnonzero(row >= 0)
        order = np.lexsort((node[found.col], node[found.row]))
        base = [node[found.row][order], node[found.col][order], found.data[order].astype(np.int64)]
    nodes = np.unique(np.concatenate([*ends, *base[:2], opened.ends]))
    every_id, columns = (*ids, *arcs.new_ids), (pairs[name].tolist() for name in ("limit", "weight", "group"))
    problem = DesignProblem(
        name=name,
        nodes=tuple(every_id[node] for node in nodes.tolist()),
        arcs=_triples(nodes, *base),
        candidates=tuple(_candidates(candidates, opened, nodes)),
        pairs=tuple(map(Pair, *(np.searchsorted(nodes, end).tolist() for end in ends), *columns)),
        budget=budget,
        note=note,
        money=candidates.money if money is None else money,
    )
    best_s = np.where(best < no_path_s(best), best, -1)
    return Prepared(problem, pairs.assign(coverable=best <= limits, best_s=best_s))


_MOST_MORE, _LOOKED_AT = 200, 0.95
"""Arcs by which the removal of a node may increase their number, and share of the arcs among which detours
are looked for. On the default region this leaves 5 % more nodes than an overlay, and half as many arcs again,
in a sixth of the time."""


def _triples(
    nodes: NDArray[np.int64], tail: NDArray[np.int64], head: NDArray[np.int64], seconds: NDArray[np.int64]
) -> tuple[tuple[int, int, int], ...]:
    """Return arcs as tuples of Python integers, their ends as positions in the nodes of the problem."""
    ends = (np.searchsorted(nodes, end).tolist() for end in (tail, head))
    return tuple(zip(*ends, seconds.tolist(), strict=True))


def _candidates(candidates: Candidates, arcs: NumberedArcs, nodes: NDArray[np.int64]) -> Iterator[Candidate]:
    triples = _triples(nodes, arcs.tail, arcs.head, arcs.seconds)
    rows = rows_by_candidate(arcs.candidate, len(candidates))
    for own, line in zip(rows, candidates.table.itertuples(), strict=True):
        yield Candidate(
            id=str(line.candidate_id),
            cost=int(line.cost),
            arcs=tuple(triples[row] for row in own.tolist()),
            kind=str(line.kind),
            instrument=cast("model.Instrument | None", str(line.instrument) or None),
            fixed=cast("model.Fixed | None", str(line.fixed) or None),
        )


def _check_arcs(candidates: Candidates, graph: TimeGraph) -> None:
    """Refuse arcs below a second, and candidates without an end in the time graph."""
    table, arcs = candidates.table, candidates.arcs
    ids = table["candidate_id"].tolist()
    short = arcs[arcs["seconds"] < 1]
    faults = [
        f"{ids[row]}: an arc takes {seconds} s, less than 1"
        for row, seconds in zip(short["candidate"], short["seconds"], strict=True)
    ]
    is_tied = arcs[["tail_id", "head_id"]].isin(set(graph.nodes["node_id"])).any(axis=1)
    tied = set(arcs["candidate"][is_tied])
    faults += [
        f"{name}: no end of it is a node of the graph" for row, name in enumerate(ids) if row not in tied
    ]
    errors.CandidateError.refuse(faults, "candidates cannot be used with this network")
