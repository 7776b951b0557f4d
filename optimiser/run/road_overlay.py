"""Replace the roads of a time graph by the fewest arcs between the places where anything else begins."""

from __future__ import annotations

import numpy as np

from networks.timegraph import ARC_KINDS, TimeGraph
from optimiser.proposals.prepare import overlay, paths_of
from optimiser.proposals.table import Candidates, number_arcs
from optimiser.run.trip_parts import ROAD, places


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
    ends = number_arcs({name: row for row, name in enumerate(ids)}, candidates.arcs).ends
    for nodes in (graph.tail[~on_road], graph.head[~on_road], ends[ends < len(ids)]):
        shared[nodes] = True
    roads = overlay(
        len(ids),
        paths_of(len(ids), graph.tail[on_road], graph.head[on_road], graph.seconds[on_road]),
        np.flatnonzero(shared & is_road),
    )
    kept = np.flatnonzero(shared)
    row = np.full(len(ids), -1, dtype=np.int64)
    row[kept] = np.arange(len(kept))
    count = len(roads.tail)
    kind = np.full(count, ARC_KINDS.index("road"), dtype=graph.kind.dtype)
    return TimeGraph(
        nodes=graph.nodes.iloc[kept].reset_index(drop=True),
        tail=row[np.concatenate([roads.tail, graph.tail[~on_road]])],
        head=row[np.concatenate([roads.head, graph.head[~on_road]])],
        seconds=np.concatenate([roads.seconds, graph.seconds[~on_road]]),
        kind=np.concatenate([kind, graph.kind[~on_road]]),
        ref=np.concatenate([np.full(count, -1, dtype=graph.ref.dtype), graph.ref[~on_road]]),
        origin=row[graph.origin],
        destination=row[graph.destination],
        definition=graph.definition,
    )
