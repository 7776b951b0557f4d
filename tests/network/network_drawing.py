"""Draw small networks for tests: nodes on a line or by coordinates, links in one row each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import networkx as nx
import numpy as np
import shapely

from networks.network import CLOSED, Network
from networks.schema import LINKS, NODES, table


def draw(
    links: Sequence[tuple[int, int, int, int]],
    *,
    count: int,
    classes: Sequence[str] = (),
    modes: Sequence[str] = (),
    dates: Sequence[str] = (),
) -> Network:
    """Return a network of `count` nodes and links (tail, head, forward_s, backward_s)."""
    lon = np.arange(count) * 0.01 + 116
    lat = 39 + 0.01 * (np.arange(count) % 3)
    points = shapely.points(lon, lat)
    size = len(links)
    tail, head, forward, backward = np.array(links, dtype=np.int64).reshape(size, 4).T
    bend = shapely.points((lon[tail] + lon[head]) / 2, 39.5 + 0.001 * np.arange(size))
    lines = [shapely.LineString([points[a], b, points[c]]) for a, b, c in zip(tail, bend, head, strict=True)]
    nodes = {
        "osm_id": np.arange(count),
        "kind": ["junction"] * count,
        "name": [""] * count,
        "geometry": points,
    }
    length = np.maximum(np.where(forward == CLOSED, backward, forward), 1) / 60.0
    columns = {
        "tail": tail,
        "head": head,
        "mode": list(modes) or ["road"] * size,
        "link_class": list(classes) or ["primary"] * size,
        "length_km": length,
        "speed_kmh": np.full(size, 60.0),
        "speed_source": ["tag"] * size,
        "oneway": backward == CLOSED,
        "forward_s": forward,
        "backward_s": backward,
        "osm_id": np.arange(size) + 100,
        "name": [""] * size,
        "ref": [""] * size,
        "start_date": list(dates) or [""] * size,
        "geometry": np.array(lines, dtype=object),
    }
    return Network(nodes=table(nodes, NODES), links=table(columns, LINKS))


def times(network: Network, rows: Sequence[int]) -> dict[tuple[int, int], int]:
    """Return networkx's shortest seconds between all pairs of some nodes that are joined."""
    columns = (network.links[name].tolist() for name in ("tail", "head", "forward_s", "backward_s"))
    return times_of(zip(*columns, strict=True), rows)


def times_of(links: Iterable[tuple[int, int, int, int]], rows: Sequence[int]) -> dict[tuple[int, int], int]:
    """Return the same for links (tail, head, forward_s, backward_s)."""
    graph, found = nx.DiGraph(), {}
    graph.add_nodes_from(rows)
    for tail, head, forward, backward in links:
        for a, b, seconds in ((tail, head, forward), (head, tail, backward)):
            if seconds > 0 and seconds < graph.get_edge_data(a, b, {"seconds": np.inf})["seconds"]:
                graph.add_edge(a, b, seconds=seconds)
    for i, a in enumerate(rows):
        reached = nx.single_source_dijkstra_path_length(graph, a, weight="seconds")
        found |= {(i, j): reached[b] for j, b in enumerate(rows) if b in reached}
    return found
