"""Time the network and the candidates of a job anew under other speeds, waits and access times."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks import skims
from networks.skims import ARC_KINDS, UNREACHABLE, Arcs, TimeGraph
from optimiser.frontier.cases import Layer, TimeChanges
from optimiser.problem import DesignProblem
from optimiser.proposals import prepare
from optimiser.proposals.table import Candidates, number_arcs
from optimiser.run.independence import WithoutCore
from optimiser.run.timing import PARTS, ROAD, SplitArcs, places, split_arcs

_LEAST_ACCESS_S = 60
"""Least time between a centre and a station near it that is left when access gets faster."""
_KEPT_NETWORKS = 8
"""Sets of closed links and speeds whose small network is kept."""
_FREE_S = 1
"""Time of an arc that does not count by the definition of travel time; it stays as it is."""

type Small = Callable[[tuple[str, ...], float | None], TimedNetwork]
"""Returns a small network by the closed links of today and the speed on expressways."""


@dataclass(frozen=True)
class TimedNetwork:
    """A network and what may be built, whose arcs are split into parts, so that they can be timed anew.

    Attributes
    ----------
    graph
        The time graph of the definition that counts.
    candidates
        What may be built.
    arcs
        The arcs of both, split into parts.
    """

    graph: TimeGraph
    candidates: Candidates
    arcs: SplitArcs

    @classmethod
    def of(cls, graph: TimeGraph, candidates: Candidates) -> Self:
        """Split the arcs of a graph and of candidates."""
        return cls(graph, candidates, split_arcs(graph, candidates))

    def under(self, changes: TimeChanges) -> tuple[TimeGraph, Candidates]:
        """Return what there is, and what may be built, with the seconds that some changes give."""
        seconds, today = changed_seconds(self.arcs, changes), self.arcs.today
        opened = self.candidates.arcs.assign(seconds=seconds[today:])
        return replace(self.graph, seconds=seconds[:today]), replace(self.candidates, arcs=opened)


@dataclass(frozen=True)
class Retimer:
    """Times a problem anew, by changing the parts of each arc; a `optimiser.frontier.cases.Timer`.

    Attributes
    ----------
    problem
        The problem, without steps.
    graph
        The time graph of the definition that counts.
    candidates
        What may be built.
    cities
        Table of cities.
    limit_s
        Time limit of the job.
    closures
        Arcs of today, int64 rows, by the names under which they may be closed.
    expressways
        What of each road link is expressway: `Times.expressways`.

    Notes
    -----
    For each set of closed links and speed on expressways the roads are reduced once to what the rest of the
    network and the candidates share (`with_road_overlay`); timing is a matter of that small network alone.
    """

    problem: DesignProblem
    graph: TimeGraph
    candidates: Candidates
    cities: pd.DataFrame
    limit_s: int
    closures: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    expressways: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))

    def __call__(self, changes: TimeChanges) -> DesignProblem:
        """Return the problem with the arcs and limits that some changes give; all else stays.

        Parameters
        ----------
        changes
            How times differ.

        Notes
        -----
        The network is reduced anew to the arcs that matter to some pair, since other arcs do under other
        times.
        """
        graph, candidates = self.network(changes.closed, changes.expressway_kmh).under(changes)
        timed = prepare.design_problem(
            graph,
            self.cities,
            candidates,
            np.zeros((len(self.cities),) * 2, dtype=np.int64),  # today's times do not matter here
            limit_s=self.limit_s + changes.limit_s,
            beyond_s=changes.beyond_s,
            budget=0,
            is_sparse=True,
        ).problem
        return _merged(self.problem, timed)

    @cached_property
    def network(self) -> Small:
        """Return the function that makes the small network, and remembers the last ones."""
        return lru_cache(_KEPT_NETWORKS)(lambda *changed: _sparse(*self.today(*changed), self.candidates))

    def today(self, closed: tuple[str, ...], kmh: float | None) -> tuple[TimeGraph, NDArray[np.bool_]]:
        """Return the graph at a speed on expressways, and which arcs are open when some links are closed."""
        graph, is_open = self.graph, np.ones(len(self.graph.tail), dtype=np.bool_)
        for name in closed:
            is_open[self.closures[name]] = False
        if kmh is not None:
            seconds = graph.seconds.copy()
            rows = np.flatnonzero((graph.kind == ARC_KINDS.index("road")) & (graph.ref >= 0))
            km, now_s = self.expressways[graph.ref[rows]].T
            seconds[rows] += np.rint(km / kmh * 3600.0 - now_s).astype(np.int64)
            graph = replace(graph, seconds=np.maximum(seconds, 1))
        return graph, is_open


@dataclass(frozen=True)
class LayerRetimer:
    """Times the layer without the core anew; a `optimiser.frontier.cases.LayerTimer`.

    Attributes
    ----------
    retimer
        Times the arcs of the region.
    without
        Which arcs remain without the core.
    pairs
        One row a pair of the problem: `origin`, `destination` (rows of cities), `group`.
    """

    retimer: Retimer
    without: WithoutCore
    pairs: pd.DataFrame

    def __call__(self, changes: TimeChanges) -> Layer | None:
        """Return the layer that some changes give; its limits follow the times of today under them."""
        changed = changes.closed, changes.expressway_kmh
        graph, _ = self.retimer.network(*changed).under(changes)
        seconds = skims.travel_times(graph)[self.pairs["origin"], self.pairs["destination"]]
        pairs = self.pairs.assign(today_s=np.where(seconds < UNREACHABLE, seconds, -1))
        return self.without.layer_of(*self._network(*changed).under(changes), pairs, is_sparse=True)

    @cached_property
    def _network(self) -> Small:
        """Return the function that makes the small network without the core, and remembers the last ones."""
        without, kept = self.without, self.without.candidates(self.retimer.candidates)

        def make(*changed: Any) -> TimedNetwork:  # noqa: ANN401 - the parameters of Retimer.today
            graph, is_open = self.retimer.today(*changed)
            return _sparse(without.network(graph), is_open[without.arcs], kept)

        return lru_cache(_KEPT_NETWORKS)(make)


def _sparse(graph: TimeGraph, is_open: NDArray[np.bool_], candidates: Candidates) -> TimedNetwork:
    """Return the small network of a graph of which some arcs are closed."""
    left = with_road_overlay(graph.with_arcs(graph.arcs(is_open)), candidates)
    return TimedNetwork.of(left, candidates)


def changed_seconds(arcs: SplitArcs, changes: TimeChanges) -> NDArray[np.int64]:
    """Return the seconds of all arcs under some changes, int64 [m], each at least 1.

    Parameters
    ----------
    arcs
        The arcs, split into parts.
    changes
        How times differ.
    """
    share = np.array([changes.connections, changes.check_in_rule, 1.0])[arcs.effect]
    parts = arcs.parts * (1.0 + (1.0 - share) * arcs.saved / arcs.seconds)[:, None]
    at = {name: column for column, name in enumerate(PARTS)}
    parts[:, at["driving"]] /= changes.road_speed
    parts[:, at["riding"]] /= changes.rail_speed
    parts[:, at["wait"]] *= changes.waits
    parts[:, at["check_in"]] *= changes.check_in
    for part, most in (("check_in", changes.check_in_most_s), ("wait", changes.wait_most_s)):
        if most is not None:
            parts[:, at[part]] = np.minimum(parts[:, at[part]], most)
    if changes.access_s:
        own = parts[:, at["terminal"]]
        counts = arcs.near_front & (own > _FREE_S)
        least = np.minimum(own, _LEAST_ACCESS_S)
        parts[:, at["terminal"]] = np.where(counts, np.maximum(own + changes.access_s, least), own)
    return np.maximum(np.rint(parts.sum(axis=1)), 1.0).astype(np.int64)


def _merged(problem: DesignProblem, timed: DesignProblem) -> DesignProblem:
    """Return a problem with the network, the arcs of candidates and the limits of another one."""
    arcs = {candidate.id: candidate.arcs for candidate in timed.candidates}
    ends = {(timed.nodes[p.origin], timed.nodes[p.destination]): p for p in timed.pairs}
    new = (ends[problem.nodes[pair.origin], problem.nodes[pair.destination]] for pair in problem.pairs)
    return problem.replace(
        nodes=timed.nodes,
        arcs=timed.arcs,
        candidates=tuple(replace(c, arcs=arcs[c.id]) for c in problem.candidates),
        pairs=tuple(
            replace(pair, origin=one.origin, destination=one.destination, limit=one.limit)
            for pair, one in zip(problem.pairs, new, strict=True)
        ),
    )


def with_road_overlay(graph: TimeGraph, candidates: Candidates) -> TimeGraph:
    """Return a time graph whose roads keep nothing but the distances between the nodes that others share.

    Parameters
    ----------
    graph
        The graph of today.
    candidates
        What may be built; the ends of their arcs are kept.

    Returns
    -------
    TimeGraph
        Its nodes are those of the graph, in their order, without most road nodes. Arcs of roads lead from one
        of the others to another, over the fastest way on roads alone; they refer to no link.

    Notes
    -----
    Where the speeds of all roads change by one factor, the fastest way on roads alone stays the fastest: so
    the overlay holds for every such factor, and is worked out once. Each of its arcs is then rounded to whole
    seconds, where otherwise each link of the way would be.
    """
    ids = graph.nodes["node_id"].tolist()
    is_road = places(ids) == ROAD
    on_road = is_road[graph.tail] & is_road[graph.head]
    shared = ~is_road
    ends = number_arcs(graph, candidates.arcs).ends
    for nodes in (graph.tail[~on_road], graph.head[~on_road], ends[ends < len(ids)]):
        shared[nodes] = True
    roads = prepare.overlay(
        len(ids),
        prepare.paths_of(len(ids), graph.tail[on_road], graph.head[on_road], graph.seconds[on_road]),
        np.flatnonzero(shared & is_road),
    )
    kept = np.flatnonzero(shared)
    row = np.full(len(ids), -1, dtype=np.int64)
    row[kept] = np.arange(len(kept))
    arcs = Arcs.join([Arcs.of("road", roads.tail, roads.head, roads.seconds), graph.arcs(~on_road)])
    return TimeGraph.of(
        graph.nodes.iloc[kept].reset_index(drop=True),
        replace(arcs, tail=row[arcs.tail], head=row[arcs.head]),
        origin=row[graph.origin],
        destination=row[graph.destination],
        definition=graph.definition,
    )
