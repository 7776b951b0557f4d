"""Draw small road networks as elements, without a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from networks.osm.elements import Elements, Nodes, Points, ReadCounts, Source, Tags, Ways

NOTHING = Points.none()


def draw(
    nodes: Mapping[int, tuple[float, float]],
    roads: Sequence[tuple[int, Sequence[int], Tags]] = (),
    ferries: Sequence[tuple[int, Sequence[int], Tags]] = (),
    barriers: Mapping[int, Tags] | None = None,
) -> Elements:
    """Return elements of nodes (id: lon, lat), roads and ferries (id, node ids, tags), and tags of nodes."""
    ids = np.array(sorted(nodes), dtype=np.int64)
    held = Nodes(
        id=ids,
        lon=np.array([nodes[one][0] for one in ids.tolist()], dtype=float),
        lat=np.array([nodes[one][1] for one in ids.tolist()], dtype=float),
    )
    return Elements(
        nodes=held,
        roads=_ways(held, roads),
        tracks=_ways(held, ()),
        ferries=_ways(held, ferries),
        stations=NOTHING,
        stops=NOTHING,
        places=NOTHING,
        relations=(),
        source=Source("drawn", ""),
        counts=ReadCounts(),
        barriers=_points(nodes, barriers or {}),
    )


def _points(nodes: Mapping[int, tuple[float, float]], tags: Mapping[int, Tags]) -> Points:
    ids = sorted(tags)
    lon, lat = (np.array([nodes[one][axis] for one in ids], dtype=float) for axis in (0, 1))
    return Points(np.array(ids, np.int64), lon, lat, tuple(tags[one] for one in ids))


def _ways(nodes: Nodes, ways: Sequence[tuple[int, Sequence[int], Tags]]) -> Ways:
    refs = np.array([ref for _, path, _ in ways for ref in path], dtype=np.int64)
    sizes = [len(path) for _, path, _ in ways]
    return Ways(
        id=np.array([one for one, _, _ in ways], dtype=np.int64),
        offsets=np.cumsum([0, *sizes]).astype(np.int64),
        rows=nodes.rows_of(refs),
        tags=tuple(dict(tags) for _, _, tags in ways),
    )


CROSS = {1: (116.0, 40.0), 2: (116.01, 40.0), 3: (116.02, 40.0), 4: (116.01, 40.01), 5: (116.01, 39.99)}
"""A cross: 1, 2, 3 from west to east, 4 north and 5 south of 2."""
