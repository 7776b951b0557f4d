"""Draw small networks for tests: nodes on a line or by coordinates, links in one row each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import networkx as nx
import numpy as np
import shapely

from networks.cities import build
from networks.schema import CLOSED, LINKS, NODES, Network, table


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
        "tracks": [0] * size,
        "start_date": list(dates) or [""] * size,
        "geometry": np.array(lines, dtype=object),
    }
    return Network(nodes=table(nodes, NODES), links=table(columns, LINKS))


def times(network: Network, rows: Sequence[int]) -> dict[tuple[int, int], int]:
    """Return the shortest times by networkx between all connected pairs of some nodes."""
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


def cities_at(*places, names=None):
    count = len(places)
    columns = {
        "city_id": [str(i) for i in range(count)],
        "name": names or [f"City {i}" for i in range(count)],
        "tier": ["small"] * count,
        "population": [1] * count,
        "population_definition": ["test"] * count,
        "source": ["test"] * count,
    }
    return build(columns, lon=[lon for lon, _ in places], lat=[lat for _, lat in places])


def network_of(places, links):
    points, size = shapely.points(np.array(places, dtype=float).reshape(-1, 2)), len(links)
    tail, head = np.array(links, dtype=np.int64).reshape(-1, 2).T
    texts = {name: [""] * size for name in ("name", "ref", "start_date")}
    nodes = {
        "osm_id": range(len(places)),
        "kind": ["junction"] * len(places),
        "name": [""] * len(places),
        "geometry": points,
    }
    columns = {
        **texts,
        "tail": tail,
        "head": head,
        "mode": ["road"] * size,
        "link_class": ["primary"] * size,
        "length_km": [1.0] * size,
        "speed_kmh": [60.0] * size,
        "speed_source": ["tag"] * size,
        "oneway": [False] * size,
        "forward_s": [60] * size,
        "backward_s": [60] * size,
        "osm_id": range(size),
        "tracks": [0] * size,
        "geometry": np.array(
            [shapely.LineString([points[a], points[b]]) for a, b in zip(tail, head, strict=True)],
            dtype=object,
        ),
    }
    return Network(nodes=table(nodes, NODES), links=table(columns, LINKS))
