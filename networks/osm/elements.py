"""Hold what was taken out of an OpenStreetMap source: nodes, ways, places, relations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Tags = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Nodes:
    """Positions of the nodes that ways and relations use, in order of their id.

    Attributes
    ----------
    id
        OSM ids, int64 [n], rising, no id twice.
    lon, lat
        Degrees in WGS 84, float64 [n].
    """

    id: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]

    def __len__(self) -> int:
        """Return the number of nodes."""
        return len(self.id)

    def rows_of(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Find nodes by id.

        Parameters
        ----------
        ids
            OSM node ids, any shape.

        Returns
        -------
        NDArray[np.int64]
            Row of each id, -1 where the source does not hold the node.
        """
        if not len(self.id):
            return np.full(np.shape(ids), -1, dtype=np.int64)
        rows = np.searchsorted(self.id, ids)
        rows[rows == len(self.id)] = 0
        return np.where(self.id[rows] == ids, rows, -1).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Ways:
    """Ways as runs of nodes: way i passes `rows[offsets[i]:offsets[i + 1]]`.

    A way that leaves the source and comes back is held as several runs with the same id and tags. Each run
    has two nodes or more.

    Attributes
    ----------
    id
        OSM way id of each run, int64 [n].
    offsets
        Start of each run in `rows`, int64 [n + 1].
    rows
        Rows of `Elements.nodes`, int64.
    tags
        Tags of each run, length n. Roads keep only the tags that the import reads.
    """

    id: NDArray[np.int64]
    offsets: NDArray[np.int64]
    rows: NDArray[np.int64]
    tags: tuple[Tags, ...]

    def __len__(self) -> int:
        """Return the number of runs."""
        return len(self.id)

    def take(self, kept: NDArray[np.bool_]) -> Ways:
        """Return the runs that a mask keeps.

        Parameters
        ----------
        kept
            Mask over the runs, bool [n].

        Returns
        -------
        Ways
            The kept runs, in the same order.
        """
        lengths = np.diff(self.offsets)
        return Ways(
            id=self.id[kept],
            offsets=np.concatenate([[0], np.cumsum(lengths[kept])]).astype(np.int64),
            rows=self.rows[np.repeat(kept, lengths)],
            tags=tuple(self.tags[i] for i in np.flatnonzero(kept)),
        )


@dataclass(frozen=True, slots=True)
class Points:
    """Nodes that stand for something of their own, such as stations, with all their tags.

    Attributes
    ----------
    id
        OSM node ids, int64 [n], rising; minus the way id where an outline stands for the thing.
    lon, lat
        Degrees in WGS 84, float64 [n].
    tags
        All tags of each node, length n.
    """

    id: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    tags: tuple[Tags, ...]

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.id)


class Member(NamedTuple):
    """Member of a relation: kind `n`, `w` or `r`, OSM id, role."""

    kind: str
    ref: int
    role: str


@dataclass(frozen=True, slots=True)
class Relation:
    """A `route=train` or `route=ferry` relation, members in order."""

    id: int
    tags: Tags
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where elements come from: a name for people, and the checksum of the bytes."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ReadCounts:
    """What was counted while a source was read.

    Attributes
    ----------
    ways
        Ways of the classes asked for, before cutting.
    node_references
        References of those ways to nodes.
    nodes
        Nodes found for them.
    ways_cut
        Ways that miss nodes in the source (usually at its border).
    nodes_missing
        References to nodes that the source does not hold.
    dropped
        Ways dropped whole, by reason.
    """

    ways: int = 0
    node_references: int = 0
    nodes: int = 0
    ways_cut: int = 0
    nodes_missing: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Elements:
    """Everything the builders need of one OpenStreetMap source.

    Attributes
    ----------
    nodes
        Positions of all nodes that `roads`, `tracks`, `ferries` and the relations use.
    roads, tracks, ferries
        Ways with `highway` of the classes asked for, with `railway=rail`, with `route=ferry`.
    stations
        Nodes (or outlines) with `railway=station` or `railway=halt`.
    stops
        Nodes that are members of the relations, such as stopping points.
    places
        Nodes with `place=city` or `place=town` and a `population`.
    relations
        Relations with `route=train` or `route=ferry`.
    source, counts
        Name and checksum; what was read, cut and dropped.
    """

    nodes: Nodes
    roads: Ways
    tracks: Ways
    ferries: Ways
    stations: Points
    stops: Points
    places: Points
    relations: tuple[Relation, ...]
    source: Source
    counts: ReadCounts
