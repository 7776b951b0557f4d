"""Determine the direction and speed of every way, and drop ways that cars cannot use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from networks.osm.elements import Tags, Ways
from networks.osm.vintage import was_open
from networks.road.access import access, closed_reason
from networks.road.directions import NEITHER, Reversible, direction, open_direction
from networks.road.ferries import carries_cars
from networks.road.report import PartCounts, SpeedCounts
from networks.road.speeds import SpeedReader
from networks.road.tables import SpeedTable

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Texts = NDArray[np.object_]


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
        `BOTH`, `FORWARD` or `BACKWARD` of `networks.road.directions`.
    speed_kmh, against_kmh
        Speed of roads in km/h in their direction (along their nodes, where both are open), and against it;
        NaN for ferries, whose speed depends on their length.
    is_restricted
        Whether cars may use the way only to reach places along it.
    speed_source
        `tag`, `table` or `override`; empty for ferries.
    """

    ways: Ways
    mode: Texts
    link_class: Texts
    direction: Ints
    speed_kmh: Floats
    against_kmh: Floats
    is_restricted: NDArray[np.bool_]
    speed_source: Texts

    @staticmethod
    def joined(first: RoadWays, second: RoadWays) -> RoadWays:
        """Concatenate two sets of ways."""
        parts = (first, second)
        ways = Ways(
            id=np.concatenate([part.ways.id for part in parts]),
            offsets=np.concatenate([first.ways.offsets, second.ways.offsets[1:] + first.ways.offsets[-1]]),
            rows=np.concatenate([part.ways.rows for part in parts]),
            tags=(*first.ways.tags, *second.ways.tags),
        )
        return RoadWays(
            ways=ways,
            mode=np.concatenate([part.mode for part in parts]),
            link_class=np.concatenate([part.link_class for part in parts]),
            direction=np.concatenate([part.direction for part in parts]),
            speed_kmh=np.concatenate([part.speed_kmh for part in parts]),
            against_kmh=np.concatenate([part.against_kmh for part in parts]),
            is_restricted=np.concatenate([part.is_restricted for part in parts]),
            speed_source=np.concatenate([part.speed_source for part in parts]),
        )


@dataclass(frozen=True, slots=True)
class ReadWays:
    """Ways that cars may use, and counts of the others."""

    ways: RoadWays
    counts: PartCounts


def read_roads(
    roads: Ways,
    *,
    table: SpeedTable,
    overrides: Mapping[str, float],
    reversible: Reversible,
    opened_by: date | None,
) -> ReadWays:
    """Determine the directions and speeds of roads, and drop those that cars cannot use.

    Parameters
    ----------
    roads
        Ways with `highway`.
    table
        Speeds of the country.
    overrides
        Speed by class in km/h that replaces tags and table.
    reversible
        Treatment of `oneway=reversible`.
    opened_by
        Drop roads that opened after this day; None for the network of today.
    """
    reasons = [_closed_reason(tags, opened_by) for tags in roads.tags]
    ways, directions, counts = _open_ways(roads, reasons, reversible)
    reader = SpeedReader(table, overrides)
    speeds = [
        reader.read(way, tags, turn)
        for way, tags, turn in zip(ways.id.tolist(), ways.tags, directions.tolist(), strict=True)
    ]
    read = RoadWays(
        ways=ways,
        mode=np.full(len(ways), "road", dtype=object),
        link_class=np.array([tags["highway"] for tags in ways.tags], dtype=object),
        direction=directions,
        speed_kmh=np.array([kmh for kmh, _, _ in speeds], dtype=np.float64),
        against_kmh=np.array([kmh for _, kmh, _ in speeds], dtype=np.float64),
        is_restricted=np.array(["restricted" in access(tags) for tags in ways.tags], dtype=bool),
        speed_source=np.array([source for _, _, source in speeds], dtype=object),
    )
    return ReadWays(read, PartCounts(dropped=counts[0], directions=counts[1], speeds=reader.counts()))


def read_ferries(ferries: Ways, *, reversible: Reversible, opened_by: date | None) -> ReadWays:
    """Determine the directions of ferries, and drop those that do not carry cars.

    Parameters
    ----------
    ferries
        Ways with `route=ferry` or `route=shuttle_train`.
    reversible
        Treatment of `oneway=reversible`.
    opened_by
        Drop ferries that opened after this day; None for the network of today.
    """
    reasons = [
        "ferry_without_cars" if not carries_cars(tags) else _vintage_reason(tags, opened_by)
        for tags in ferries.tags
    ]
    ways, directions, counts = _open_ways(ferries, reasons, reversible)
    read = RoadWays(
        ways=ways,
        mode=np.full(len(ways), "ferry", dtype=object),
        link_class=np.array([tags.get("route", "ferry") for tags in ways.tags], dtype=object),
        direction=directions,
        speed_kmh=np.full(len(ways), np.nan),
        against_kmh=np.full(len(ways), np.nan),
        is_restricted=np.zeros(len(ways), dtype=bool),
        speed_source=np.full(len(ways), "", dtype=object),
    )
    return ReadWays(read, PartCounts(dropped=counts[0], directions=counts[1], speeds=SpeedCounts()))


def _open_ways(
    ways: Ways, reasons: list[str], reversible: Reversible
) -> tuple[Ways, Ints, tuple[dict[str, int], dict[str, int]]]:
    """Return the ways without a reason to drop them, their directions, and counts by reason and by rule."""
    dropped = Counter(reason for reason in reasons if reason)
    ways = ways.take(np.array([not reason for reason in reasons], dtype=bool))
    found = [direction(tags, reversible=reversible) for tags in ways.tags]
    directions = np.array(
        [open_direction(one, access(tags)) for (one, _), tags in zip(found, ways.tags, strict=True)],
        dtype=np.int64,
    )
    is_open = directions != NEITHER
    if not is_open.all():
        dropped.update(
            "reversible" if one == NEITHER else "closed_to_cars"
            for (one, _), is_left in zip(found, is_open.tolist(), strict=True)
            if not is_left
        )
        ways, directions = ways.take(is_open), directions[is_open]
    return ways, directions, (dict(dropped), dict(Counter(rule for _, rule in found)))


def _vintage_reason(tags: Tags, opened_by: date | None) -> str:
    return "" if was_open(tags.get("start_date", ""), on=opened_by) else "not_yet_open"


def _closed_reason(tags: Tags, opened_by: date | None) -> str:
    if reason := closed_reason(tags):
        return reason
    return "closed_to_cars" if set(access(tags)) == {"closed"} else _vintage_reason(tags, opened_by)
