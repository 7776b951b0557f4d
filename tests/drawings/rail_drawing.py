"""Draw small rail sources: points on a grid of 0.01 degree, tracks, stations and relations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from networks.osm.elements import Elements, Member, Nodes, Points, ReadCounts, Relation, Source, Tags, Ways

GRID = 0.01

Spot = tuple[float, float]


def points(found: Mapping[int, Spot], tags: Mapping[int, Tags]) -> Points:
    ids = sorted(tags)
    return Points(
        id=np.array(ids, dtype=np.int64),
        lon=np.array([found[i][0] * GRID for i in ids]),
        lat=np.array([found[i][1] * GRID for i in ids]),
        tags=tuple(tags[i] for i in ids),
    )


def ways(runs: Sequence[tuple[int, Sequence[int], Tags]], row: Mapping[int, int]) -> Ways:
    rows = [row[n] for _, nodes, _ in runs for n in nodes]
    return Ways(
        id=np.array([way for way, _, _ in runs], dtype=np.int64),
        offsets=np.concatenate([[0], np.cumsum([len(nodes) for _, nodes, _ in runs])]).astype(np.int64),
        rows=np.array(rows, dtype=np.int64),
        tags=tuple(tags for _, _, tags in runs),
    )


def draw(
    spots: Mapping[int, Spot],
    tracks: Sequence[tuple[int, Sequence[int], Tags]],
    *,
    stations: Mapping[int, Tags] | None = None,
    stops: Mapping[int, Tags] | None = None,
    relations: Sequence[Relation] = (),
) -> Elements:
    """Draw elements: spots by node id, tracks as (way id, node ids, tags), tags by node id."""
    ids = sorted(spots)
    nodes = Nodes(
        id=np.array(ids, dtype=np.int64),
        lon=np.array([spots[i][0] * GRID for i in ids]),
        lat=np.array([spots[i][1] * GRID for i in ids]),
    )
    row = {node: i for i, node in enumerate(ids)}
    none = ways([], row)
    station_tags = {i: {"railway": "station", **tags} for i, tags in (stations or {}).items()}
    members = {m.ref for r in relations for m in r.members if m.kind == "n" and m.ref in spots}
    stop_tags = {i: (stops or {}).get(i, {}) for i in members | set(stops or {})}
    return Elements(
        nodes=nodes,
        roads=none,
        tracks=ways([(w, n, {"railway": "rail", **t}) for w, n, t in tracks], row),
        ferries=none,
        stations=points(spots, station_tags),
        stops=points(spots, stop_tags),
        places=points(spots, {}),
        relations=tuple(relations),
        source=Source("drawing", "0" * 64),
        counts=ReadCounts(),
    )


def train(
    relation_id: int, stops: Sequence[int], *, along: Sequence[int] = (), role: str = "stop", **tags: str
) -> Relation:
    """Draw a train service: node ids of its stops, ids of its ways."""
    members = [Member("n", n, role) for n in stops] + [Member("w", w, "") for w in along]
    return Relation(relation_id, {"route": "train", **tags}, tuple(members))
