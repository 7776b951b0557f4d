"""Determine the direction and speed of every way, drop those that cars cannot use, and count both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from networks.osm.elements import Tags, Ways
from networks.osm.tags import (
    BACKWARD,
    BOTH,
    FORWARD,
    NEITHER,
    Access,
    access,
    carries_cars,
    closed_reason,
    direction,
    duration_s,
    open_direction,
    runs,
    unknown_access,
    was_open,
)
from networks.road.speeds import SpeedCounts, SpeedReader, SpeedTable
from networks.schema import Floats, Ints, Mask, Network


@dataclass(frozen=True, slots=True)
class PartCounts:
    """Counts of the roads, or of the ferries: ways dropped by reason, directions by rule, speeds, values."""

    dropped: Mapping[str, int]
    directions: Mapping[str, int]
    speeds: SpeedCounts
    unread: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RoadReport:
    """Counts from building the network of roads and ferries.

    Attributes
    ----------
    country
        Key of the speed table in use.
    ways
        Number of ways in the input.
    nodes, links
        Size of the network.
    dropped
        Ways and pieces of ways that were dropped or merged, by reason.
    directions
        Ways by the rule that decided their direction.
    speeds
        Ways by the source of their speed.
    length_km
        Total length of the links of each class.
    components
        Number of connected components, directions ignored.
    largest_component
        Share of the links in the largest component, 0 to 1.
    unread
        Ways by tags whose value is unknown: of access, and durations of ferries.
    """

    country: str
    ways: int
    nodes: int
    links: int
    dropped: Mapping[str, int]
    directions: Mapping[str, int]
    speeds: SpeedCounts
    length_km: Mapping[str, float]
    components: int
    largest_component: float
    unread: Mapping[str, int] = field(default_factory=dict)


def make_report(
    network: Network, *, country: str, ways: int, parts: Sequence[PartCounts], dropped: Mapping[str, int]
) -> RoadReport:
    """Combine the counts of all steps.

    Parameters
    ----------
    network
        The finished network.
    country
        Key of the speed table in use.
    ways
        Number of ways in the input.
    parts
        Counts of the roads and of the ferries, in this order; speeds are those of the roads.
    dropped
        Pieces dropped or merged while ways were cut into links.
    """
    component = network.components()
    in_component = np.bincount(component[network.links["tail"].to_numpy()])
    lengths = network.links.groupby("link_class", sort=True)["length_km"].sum()
    return RoadReport(
        country=country,
        ways=ways,
        nodes=len(network.nodes),
        links=len(network.links),
        dropped=merged(*(part.dropped for part in parts), dropped),
        directions=merged(*(part.directions for part in parts)),
        speeds=replace(parts[0].speeds, in_towns=int((network.links["speed_source"] == TOWN).sum())),
        length_km={str(name): round(float(km), 3) for name, km in lengths.items()},
        components=int(component.max(initial=-1)) + 1,
        largest_component=round(float(in_component.max(initial=0) / max(1, len(network.links))), 4),
        unread=merged(*(part.unread for part in parts)),
    )


def report_of(network: Network) -> RoadReport:
    """Return the report of a network that was not built from ways: its sizes alone.

    Parameters
    ----------
    network
        Network with at least one link.
    """
    sources = network.links["speed_source"]
    speeds = SpeedCounts(tagged=int((sources == "tag").sum()), imputed=int((sources == "table").sum()))
    parts = (PartCounts({}, {}, speeds),)
    return make_report(network, country="graph", ways=len(network.links), parts=parts, dropped={})


def merged(*counts: Mapping[str, int]) -> dict[str, int]:
    """Add counts by key, sorted by key, without zeros."""
    return dict(sorted(sum(map(Counter, counts), Counter[str]()).items()))


Texts = NDArray[np.object_]
TOWN = "town"
"""Source of the speed of a link without a usable limit that lies in towns for a part at least."""


@dataclass(frozen=True, slots=True)
class RoadWays:
    """Ways that cars may use, with their attributes; all arrays are as long as `ways`.

    Attributes
    ----------
    ways
        Ways as sequences of nodes.
    mode, link_class
        `road` or `ferry`; the value of `highway`, or `ferry`.
    direction
        `BOTH`, `FORWARD` or `BACKWARD` of `networks.osm.tags`.
    speed_kmh, against_kmh
        Speed of roads in km/h in their direction (along their nodes, where both are open), and against it;
        NaN for ferries, whose speed depends on their length.
    is_restricted
        Whether cars may use the way only to reach places along it. A way for which that holds in one
        direction alone is there twice, once for each direction.
    speed_source
        `tag` or `table`; empty for ferries.
    """

    ways: Ways
    mode: Texts
    link_class: Texts
    direction: Ints
    speed_kmh: Floats
    against_kmh: Floats
    is_restricted: Mask
    speed_source: Texts

    def take(self, kept: Mask) -> RoadWays:
        """Return the ways selected by a mask, in the same order."""
        columns = {name: getattr(self, name)[kept] for name in _COLUMNS}
        return RoadWays(ways=self.ways.take(kept), **columns)

    @staticmethod
    def joined(first: RoadWays, second: RoadWays) -> RoadWays:
        """Concatenate two sets of ways."""
        ways = Ways(
            id=np.concatenate([first.ways.id, second.ways.id]),
            offsets=np.concatenate([first.ways.offsets, second.ways.offsets[1:] + first.ways.offsets[-1]]),
            rows=np.concatenate([first.ways.rows, second.ways.rows]),
            tags=(*first.ways.tags, *second.ways.tags),
        )
        columns = {name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in _COLUMNS}
        return RoadWays(ways=ways, **columns)


_COLUMNS = tuple(field.name for field in fields(RoadWays) if field.name != "ways")


def read_roads(roads: Ways, *, table: SpeedTable, opened_by: date | None) -> tuple[RoadWays, PartCounts]:
    """Determine the directions and speeds of roads, and drop those that cars cannot use.

    Parameters
    ----------
    roads
        Ways with `highway`.
    opened_by
        Drop roads that opened after this day; None for the network of today.
    """
    accesses = [access(tags) for tags in roads.tags]
    reasons = [
        closed_reason(tags)
        or ("closed_to_cars" if sides == ("closed", "closed") else _vintage_reason(tags, opened_by))
        for tags, sides in zip(roads.tags, accesses, strict=True)
    ]
    read, sides, dropped, rules = _open(roads, accesses, reasons, mode="road")
    reader, turns = SpeedReader(table), read.direction.tolist()
    speeds = [
        reader.read(way, tags, turn)
        for way, tags, turn in zip(read.ways.id.tolist(), read.ways.tags, turns, strict=True)
    ]
    restricted = sides == "restricted"
    # A way allows no through traffic where it allows none in any direction that is open.
    read = replace(
        read,
        speed_kmh=np.array([kmh for kmh, _, _ in speeds], dtype=np.float64),
        against_kmh=np.array([kmh for _, kmh, _ in speeds], dtype=np.float64),
        is_restricted=(restricted | (read.direction[:, None] == [BACKWARD, FORWARD])).all(axis=1),
        speed_source=np.array([source for _, _, source in speeds], dtype=object),
    )
    unread = Counter(one for tags in roads.tags for one in unknown_access(tags))
    read = _split_by_access(read, restricted)
    return read, PartCounts(dropped, rules, speeds=reader.counts(), unread=unread)


def _split_by_access(ways: RoadWays, sides: Mask) -> RoadWays:
    """Make two ways of each that allows through traffic in one direction alone, one for each direction."""
    mixed = (ways.direction == BOTH) & (sides[:, 0] != sides[:, 1])
    through = np.where(sides[:, 0], BACKWARD, FORWARD)
    kmh = {FORWARD: ways.speed_kmh, BACKWARD: ways.against_kmh}

    def one_way(direction: Ints) -> RoadWays:
        speed = np.where(direction == FORWARD, kmh[FORWARD], kmh[BACKWARD])
        return replace(
            ways,
            direction=np.where(mixed, direction, ways.direction),
            speed_kmh=np.where(mixed, speed, ways.speed_kmh),
            against_kmh=np.where(mixed, speed, ways.against_kmh),
        )

    others = replace(one_way(-through), is_restricted=np.ones(len(mixed), bool)).take(mixed)
    return RoadWays.joined(one_way(through), others)


def read_ferries(ferries: Ways, *, opened_by: date | None) -> tuple[RoadWays, PartCounts]:
    """Determine the directions of ferries, and drop those that do not carry cars.

    Parameters
    ----------
    ferries
        Ways with `route=ferry` or `route=shuttle_train`.
    opened_by
        Drop ferries that opened after this day; None for the network of today.
    """
    reasons = [
        "ferry_without_cars"
        if not carries_cars(tags)
        else closed_reason(tags) or ("" if runs(tags) else "disused") or _vintage_reason(tags, opened_by)
        for tags in ferries.tags
    ]
    accesses = [access(tags) for tags in ferries.tags]
    read, _, dropped, rules = _open(ferries, accesses, reasons, mode="ferry")
    texts = [tags["duration"] for tags in read.ways.tags if tags.get("duration")]
    unread = Counter(f"duration={text}" for text in texts if duration_s(text) is None)
    return read, PartCounts(dropped, rules, speeds=SpeedCounts(), unread=unread)


def _vintage_reason(tags: Tags, opened_by: date | None) -> str:
    return "" if was_open(tags.get("start_date", ""), on=opened_by) else "not_yet_open"


def _open(
    ways: Ways, accesses: list[tuple[Access, Access]], reasons: list[str], *, mode: str
) -> tuple[RoadWays, Texts, dict[str, int], dict[str, int]]:
    """Return the ways that cars may use in a direction, and the access to both sides of each, str [n, 2].

    Those with a reason are dropped for it. Speeds are unknown yet.
    """
    mask = np.array([not reason for reason in reasons], dtype=bool)
    found = [direction(ways.tags[row]) for row in np.flatnonzero(mask)]
    sides = [accesses[row] for row in np.flatnonzero(mask)]
    turns = [open_direction(tagged, side) for (tagged, _), side in zip(found, sides, strict=True)]
    directions = np.array(turns, dtype=np.int64)
    mask[mask] = directions != NEITHER
    kept, count = ways.take(mask), int(mask.sum())
    read = RoadWays(
        ways=kept,
        mode=np.full(count, mode, dtype=object),
        link_class=np.array(
            [tags.get("highway" if mode == "road" else "route", mode) for tags in kept.tags], dtype=object
        ),
        direction=directions[directions != NEITHER],
        speed_kmh=np.full(count, np.nan),
        against_kmh=np.full(count, np.nan),
        is_restricted=np.zeros(count, dtype=bool),
        speed_source=np.full(count, "", dtype=object),
    )
    dropped = Counter(filter(None, reasons)) + Counter(closed_to_cars=turns.count(NEITHER))
    access_to = np.array(accesses, dtype=object).reshape(-1, 2)[mask]
    return read, access_to, dict(dropped), Counter(rule for _, rule in found)
