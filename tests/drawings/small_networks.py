"""Draw small random networks, and time them with networkx."""

from __future__ import annotations

from collections.abc import Iterable

import networkx as nx
from hypothesis import strategies as st

from optimiser.engine.search.paths import UNREACHED


def arc_lists(nodes: int) -> st.SearchStrategy[list[tuple[int, int, int]]]:
    """Draw arcs of 1 to 9 s between different nodes, some of them perhaps parallel."""
    ends = st.integers(0, nodes - 1)
    arcs = st.tuples(ends, ends, st.integers(1, 9)).filter(lambda arc: arc[0] != arc[1])
    return st.lists(arcs, max_size=18)


def pair_lists(nodes: int) -> st.SearchStrategy[list[tuple[int, int]]]:
    """Draw different pairs of different nodes."""
    ends = st.integers(0, nodes - 1)
    pairs = st.tuples(ends, ends).filter(lambda pair: pair[0] != pair[1])
    return st.lists(pairs, min_size=1, max_size=8, unique=True)


def graph_of(nodes: int, arcs: Iterable[tuple[int, int, int]]) -> nx.DiGraph:
    """Return the graph of some arcs; of parallel ones the fastest counts."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(nodes))
    for tail, head, seconds in sorted(arcs, key=lambda arc: -arc[2]):
        graph.add_edge(tail, head, weight=seconds)
    return graph


def shortest_times(
    nodes: int, arcs: Iterable[tuple[int, int, int]], pairs: Iterable[tuple[int, int]]
) -> list[int]:
    """Return the time of each pair, `UNREACHED` where no path exists."""
    found = dict(nx.all_pairs_dijkstra_path_length(graph_of(nodes, arcs)))
    return [found[origin].get(destination, int(UNREACHED)) for origin, destination in pairs]
