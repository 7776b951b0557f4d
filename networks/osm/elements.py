"""Hold the elements read from an OpenStreetMap source: nodes, ways, places and relations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Tags = Mapping[str, str]


class _Numbered:
    """Entries with an id each."""

    __slots__ = ()
    id: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self.id)


@dataclass(frozen=True, slots=True)
class Nodes(_Numbered):
    """Positions of the nodes that ways and relations use.

    Attributes
    ----------
    id
        OSM ids, int64 [n], strictly increasing.
    lon, lat
        Degrees (WGS 84), float64 [n].
    """

    id: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]

    def rows_of(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the row of each id, -1 for nodes that the source does not contain.

        Parameters
        ----------
        ids
            OSM node ids, any shape.
        """
        if not len(self.id):
            return np.full(np.shape(ids), -1, dtype=np.int64)
        rows = np.searchsorted(self.id, ids)
        rows[rows == len(self.id)] = 0
        return np.where(self.id[rows] == ids, rows, -1).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Ways(_Numbered):
    """Ways as sequences of nodes in one flat array: way i visits `rows[offsets[i]:offsets[i + 1]]`.

    A way that leaves the extract and re-enters it is stored as several entries with the same id and tags.
    Each entry has at least two nodes.

    Attributes
    ----------
    id
        OSM way id of each entry, int64 [n].
    offsets
        Start of each entry in `rows`, int64 [n + 1].
    rows
        Rows of `Elements.nodes`, int64.
    tags
        Tags of each entry. Roads keep only the tags in `networks.osm.tags.ROAD_KEYS`.
    """

    id: NDArray[np.int64]
    offsets: NDArray[np.int64]
    rows: NDArray[np.int64]
    tags: tuple[Tags, ...]

    @classmethod
    def of(cls, found: Sequence[tuple[int, Sequence[int] | NDArray[np.int64], Tags]]) -> Ways:
        """Return ways, each given by its id, the rows of its nodes, and its tags."""
        rows = np.array([row for _, own, _ in found for row in own], dtype=np.int64)
        offsets = np.cumsum([0, *(len(own) for _, own, _ in found)], dtype=np.int64)
        ids = np.array([way for way, _, _ in found], dtype=np.int64)
        return cls(ids, offsets, rows, tuple(tags for _, _, tags in found))

    def take(self, kept: NDArray[np.bool_]) -> Ways:
        """Return the entries selected by a mask, in the same order.

        Parameters
        ----------
        kept
            Mask, bool [n].
        """
        lengths = np.diff(self.offsets)
        return Ways(
            id=self.id[kept],
            offsets=np.concatenate([[0], np.cumsum(lengths[kept])]).astype(np.int64),
            rows=self.rows[np.repeat(kept, lengths)],
            tags=tuple(self.tags[i] for i in np.flatnonzero(kept)),
        )


@dataclass(frozen=True, slots=True)
class Points(Nodes):
    """Point features, such as stations, with all their tags.

    Attributes
    ----------
    id
        Ids of the features, int64 [n], increasing: see `point_id`.
    lon, lat
        Degrees (WGS 84), float64 [n].
    tags
        All tags of each point.
    """

    tags: tuple[Tags, ...]

    @classmethod
    def none(cls) -> Points:
        """Return no points."""
        return cls(np.empty(0, np.int64), np.empty(0), np.empty(0), ())


RELATION_IDS = 1 << 50
"""Added to the id of a relation, so that it differs from all ids of nodes and ways."""


def point_id(kind: str, ref: int) -> int:
    """Return the id of a feature as a point: that of a node, and negative ones of ways and relations.

    Parameters
    ----------
    kind
        `n`, `w` or `r`.
    ref
        OSM id of the element.
    """
    return ref if kind == "n" else -ref if kind == "w" else -RELATION_IDS - ref


def element_name(point: int) -> str:
    """Return the element of a point id, such as `way 26`."""
    if point >= 0:
        return f"node {point}"
    return f"way {-point}" if -point < RELATION_IDS else f"relation {-point - RELATION_IDS}"


class Member(NamedTuple):
    """Member of a relation: kind (`n`, `w` or `r`), OSM id and role."""

    kind: str
    ref: int
    role: str

    @property
    def point(self) -> int:
        """Id of the member as a point."""
        return point_id(self.kind, self.ref)


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation of a route, a station or a stop area, with its members in order."""

    id: int
    tags: Tags
    members: tuple[Member, ...]

    def stops(self) -> tuple[Member, ...]:
        """Return the members at which the vehicle stops: its stop positions, or else its platforms.

        Stop positions have no role or one that begins with `stop`; ways are stops only with such a role.
        Platforms may be relations, which their stop area assigns to a station.
        """
        places = [one for one in self.members if one.kind != "r"]
        found = [one for one in places if one.role.startswith("stop") or (one.kind == "n" and not one.role)]
        return tuple(found or (one for one in self.members if one.role.startswith("platform")))


@dataclass(frozen=True, slots=True)
class Source:
    """Origin of elements: name of the file, and SHA-256 of its bytes (hexadecimal)."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ReadCounts:
    """Counts from reading a source.

    Attributes
    ----------
    ways
        Ways of the requested classes, before any is cut.
    node_references
        References of those ways to nodes.
    nodes
        Distinct nodes found.
    ways_cut
        Ways with nodes that the source does not contain, usually at its border.
    nodes_missing
        References to such nodes.
    dropped
        Ways dropped entirely, by reason.
    unread
        Elements in the file that nothing reads, by kind: turn restrictions between roads that were read,
        roads and railways of other kinds, and tags of roads.
    """

    ways: int = 0
    node_references: int = 0
    nodes: int = 0
    ways_cut: int = 0
    nodes_missing: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    unread: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Elements:
    """Everything that the network builders need from one OpenStreetMap source.

    Attributes
    ----------
    nodes
        Positions of all nodes that `roads`, `tracks`, `ferries` and `relations` use.
    roads, tracks, ferries
        Ways with `highway` of a requested class; with `railway` in `rail`, `narrow_gauge` or `light_rail`;
        and with `route=ferry` or `route=shuttle_train`, or in a ferry relation.
    stations
        Nodes, outlines and relations with `railway=station` or `railway=halt`, or of public transport with
        trains.
    stops
        Nodes that are members of `relations`, such as stop positions; and the platforms of trains whose
        relations have no stop positions.
    places
        Nodes with `place=city` or `place=town`.
    relations
        Relations with `route=train`, `route=ferry` or `route=shuttle_train`.
    source, counts
        Origin of the data, and counts of what was read, cut and dropped.
    barriers
        Those of `nodes` with a barrier or an access tag, with the tags of `networks.osm.tags.BARRIER_KEYS`
        alone.
    stop_areas
        Relations with `public_transport=stop_area` that have a station, or a stop of a train, as member.
    built_up
        Areas by which the extent of a town is known (`networks.osm.tags.BUILT_UP`), as polygons in degrees,
        which may overlap.
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
    barriers: Points = field(default_factory=Points.none)
    stop_areas: tuple[Relation, ...] = ()
    built_up: NDArray[np.object_] = field(default_factory=lambda: np.empty(0, dtype=object))

    @classmethod
    def none(cls, source: Source) -> Elements:
        """Return elements of a source that contains nothing."""
        nodes, ways = Nodes(np.empty(0, np.int64), np.empty(0), np.empty(0)), Ways.of([])
        points = Points.none()
        return cls(nodes, ways, ways, ways, points, points, points, (), source, ReadCounts())
