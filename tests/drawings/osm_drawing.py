"""Write small OpenStreetMap files for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import osmium
from osmium.osm import mutable

Way = tuple[int, Sequence[int], Mapping[str, str]]


def write(
    path: Path,
    *,
    nodes: Mapping[int, tuple[float, float]],
    ways: Sequence[Way] = (),
    node_tags: Mapping[int, Mapping[str, str]] | None = None,
    relations: Sequence[tuple[int, Sequence[tuple[str, int, str]], Mapping[str, str]]] = (),
) -> Path:
    """Write nodes (id: lon, lat), ways and relations to a file; its suffix selects the format."""
    tags = node_tags or {}
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for one, place in sorted(nodes.items()):
            writer.add_node(mutable.Node(id=one, location=place, tags=dict(tags.get(one, {})), version=1))
        for one, refs, own in ways:
            writer.add_way(mutable.Way(id=one, nodes=list(refs), tags=dict(own), version=1))
        for one, members, own in relations:
            writer.add_relation(mutable.Relation(id=one, members=list(members), tags=dict(own), version=1))
    return path


GRID = {1: (116.0, 40.0), 2: (116.01, 40.0), 3: (116.02, 40.0), 4: (116.01, 40.01), 5: (116.01, 39.99)}
"""A cross: 1, 2, 3 from west to east, 4 north and 5 south of 2."""
