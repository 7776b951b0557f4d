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
from networks.road.directions import NEITHER, Reversible, direction
from networks.road.ferries import carries_cars
from networks.road.report import PartCounts, SpeedCounts
from networks.road.speeds import SpeedReader
from networks.road.tables import SpeedTable

_CLOSED_TO_CARS = frozenset(
    {"no", "private", "agricultural", "forestry", "emergency", "military", "psv", "bus"}
)
_ACCESS_KEYS = ("motorcar", "motor_vehicle", "vehicle", "access")
"""Access tags from the most specific to the most general; the first one present decides."""

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
    speed_kmh
        Speed of roads in km/h; NaN for ferries, whose speed depends on their length.
    speed_source
        `tag`, `table` or `override`; empty for ferries.
    """

    ways: Ways
    mode: Texts
    link_class: Texts
    direction: Ints
    speed_kmh: Floats
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
    pairs = [
        reader.read(way, tags, turn)
        for way, tags, turn in zip(ways.id.tolist(), ways.tags, directions.tolist(), strict=True)
    ]
    read = RoadWays(
        ways=ways,
        mode=np.full(len(ways), "road", dtype=object),
        link_class=np.array([tags["highway"] for tags in ways.tags], dtype=object),
        direction=directions,
        speed_kmh=np.array([kmh for kmh, _ in pairs], dtype=np.float64),
        speed_source=np.array([source for _, source in pairs], dtype=object),
    )
    return ReadWays(read, PartCounts(dropped=counts[0], directions=counts[1], speeds=reader.counts()))


def read_ferries(ferries: Ways, *, reversible: Reversible, opened_by: date | None) -> ReadWays:
    """Determine the directions of ferries, and drop those that do not carry cars.

    Parameters
    ----------
    ferries
        Ways with `route=ferry`.
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
        link_class=np.full(len(ways), "ferry", dtype=object),
        direction=directions,
        speed_kmh=np.full(len(ways), np.nan),
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
    directions = np.array([way_direction for way_direction, _ in found], dtype=np.int64)
    closed = int(np.count_nonzero(directions == NEITHER))
    if closed:
        dropped["reversible"] = closed
        ways, directions = ways.take(directions != NEITHER), directions[directions != NEITHER]
    return ways, directions, (dict(dropped), dict(Counter(rule for _, rule in found)))


def _vintage_reason(tags: Tags, opened_by: date | None) -> str:
    return "" if was_open(tags.get("start_date", ""), on=opened_by) else "not_yet_open"


def _closed_reason(tags: Tags, opened_by: date | None) -> str:
    if tags.get("area") == "yes":
        return "area"
    for key in _ACCESS_KEYS:
        value = tags.get(key)
        if value is not None:
            if set(value.replace(" ", "").split(";")) <= _CLOSED_TO_CARS:
                return "closed_to_cars"
            break
    return _vintage_reason(tags, opened_by)
