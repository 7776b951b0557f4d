"""Read OpenStreetMap data from a file or from a server."""

from networks.osm.elements import Elements, Member, Nodes, Points, ReadCounts, Relation, Source, Tags, Ways
from networks.osm.overpass import Server, fetch
from networks.osm.reader import read
from networks.osm.tags import DEFAULT_CLASSES

__all__ = [
    "DEFAULT_CLASSES", "Elements", "Member", "Nodes", "Points", "ReadCounts", "Relation", "Server",
    "Source", "Tags", "Ways", "fetch", "read",
]  # fmt: skip
