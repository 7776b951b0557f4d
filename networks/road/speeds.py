"""Read the tables of speeds by country and class, parse speed limits, and assign a speed to each road."""

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import numpy as np

from networks.countries import figures, groups, lineage, read_table
from networks.osm.elements import Tags
from networks.osm.tags import (
    ADVISORY_KEYS,
    BACKWARD,
    BOTH,
    CONDITIONAL,
    FORWARD,
    IMPLICIT_LIMIT_KEYS,
    KMH,
    LIMIT_KEYS,
    conditional,
    quantity,
)


@dataclass(frozen=True, slots=True)
class SpeedTable:
    """Road speeds of one country.

    Attributes
    ----------
    country
        Key of the table: ISO 3166 code, `EU` or `world`.
    speed_kmh
        Average speed in km/h by class, for roads without a usable limit.
    factor
        Average speed as a share of the tagged limit, by class; `default` for all others.
    curve
        Pairs of limit and average speed in km/h by class, limits rising from 0; they come before `factor`.
    zones
        Speed limit in km/h by zone, such as `CN:urban`.
    least_kmh, most_kmh
        Range of tagged limits that are accepted, km/h.
    walk_kmh, none_kmh
        Meaning of `maxspeed=walk` and `maxspeed=none`, km/h.
    source
        Source of the speeds.
    unlimited
        Word that stands for `maxspeed=none` by class: `none`, or a zone; without one it is rejected.
    town
        Limit of streets in towns by class, km/h, for those without a usable limit.
    most_by_tag
        Highest average speed in km/h by key and value of the tags that describe the surface.
    """

    country: str
    speed_kmh: Mapping[str, float]
    factor: Mapping[str, float]
    curve: Mapping[str, tuple[tuple[float, float], ...]]
    zones: Mapping[str, float]
    least_kmh: float
    most_kmh: float
    walk_kmh: float
    none_kmh: float
    source: str
    unlimited: Mapping[str, str] = field(default_factory=dict)
    town: Mapping[str, float] = field(default_factory=dict)
    most_by_tag: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def highest_kmh(self, tags: Mapping[str, str]) -> float:
        """Return the highest average speed in km/h that the surface of a way allows, infinite without one.

        Of a list of surfaces (`asphalt;gravel`) the slowest counts.
        """
        allowed = (
            kmh.get(part.strip(), math.inf)
            for key, kmh in self.most_by_tag.items()
            if key in tags
            for part in tags[key].split(";")
        )
        return min(allowed, default=math.inf)

    def average_kmh(self, road_class: str, limit_kmh: float) -> float:
        """Return the average speed on a road, the same for existing and for new ones.

        Parameters
        ----------
        road_class
            Value of `highway`.
        limit_kmh
            Signed limit, or design speed where there is no sign, km/h.

        Returns
        -------
        float
            Average speed in km/h, at least the lowest accepted limit. Between the points of a curve it is
            interpolated; beyond its ends it keeps the share of the end.
        """
        kmh = limit_kmh * self.factor.get(road_class, self.factor["default"])
        if curve := self.curve.get(road_class):
            limits, averages = zip(*curve, strict=True)
            kmh = float(np.interp(limit_kmh, limits, averages))
        return max(kmh, self.least_kmh)

    def town_kmh(self, road_class: str) -> float:
        """Return the average speed on streets of towns, in km/h; infinite for classes without one."""
        limit = self.town.get(road_class.removesuffix("_link"))
        return math.inf if limit is None else self.average_kmh(road_class, limit)


class CrossingStep(NamedTuple):
    """Speed in km/h and wait in seconds of crossings of up to a length in km."""

    up_to_km: float
    kmh: float
    wait_s: int


@cache
def speed_table(country: str) -> SpeedTable:
    """Return the speed table of a country.

    Parameters
    ----------
    country
        ISO 3166 code of two letters, `EU` or `world`. A country without a table uses that of its group, else
        `world`.

    Raises
    ------
    SourceError
        If `country` is not such a code.
    """
    data = read_table("speeds.toml")
    entry = figures(data["country"], country)
    rules = data["rules"]
    # The limits of the zones of all countries, since a table may meet zones of its neighbours.
    general = {
        f"{code}:{name}": float(value)
        for key, own in data["country"].items()
        for code in (key, *groups().get(key, ()))
        for name, value in own.get("zone", {}).items()
        if name != "source"
    }
    zones = {f"{code}:{name}": float(kmh) for code, own in data["zones"].items() for name, kmh in own.items()}
    return SpeedTable(
        country=next(key for key in lineage(country) if key in data["country"]),
        speed_kmh={
            name: float(value)
            for name, value in {**entry, **data["access_road"]}.items()
            if isinstance(value, int | float)
        },
        factor={name: float(value) for name, value in entry["factor"].items() if name != "source"},
        curve={
            # Ten times as far, a curve keeps the share of its end.
            name: ((0.0, 0.0), *map(tuple, points), (10.0 * points[-1][0], 10.0 * points[-1][1]))
            for name, points in entry.get("average", {}).items()
            if name != "source"
        },
        zones=general | zones,
        **{key: rules[key] for key in ("least_kmh", "most_kmh", "walk_kmh", "none_kmh")},
        source=entry["source"],
        unlimited=rules["unlimited"],
        town={name: float(value) for name, value in entry["town"].items() if name != "source"},
        most_by_tag={
            key: {value: float(kmh) for value, kmh in row.items()} for key, row in data["most_kmh"].items()
        },
    )


def crossing_step(kind: str, km: float) -> CrossingStep:
    """Return speed and wait of a crossing, `ferry` or `shuttle_train`, of a length in km."""
    rows = read_table("speeds.toml")["crossing"][kind]
    return CrossingStep(**next((row for row in rows if km <= row["up_to_km"]), rows[-1]))


_ZONE = re.compile(r"^([a-z]{2})(-[a-z0-9]+)?(?::[a-z0-9_-]*)?:([a-z0-9_]+)$")
_CONTEXTS = frozenset({"urban", "rural", "trunk", "motorway"})
"""Kinds of road whose limit may be named without a country."""
_BEYOND_PLAIN = frozenset((*LIMIT_KEYS, *IMPLICIT_LIMIT_KEYS, *ADVISORY_KEYS)) - {"maxspeed"}
_VARIABLE = frozenset(
    {"signals", "variable", "signal", "implicit", "unknown", "default", "fixme", "unposted"}
)
_MOST_CHARACTERS = 255
"""Limit of a tag value in OpenStreetMap."""
_SIDES = {BOTH: ("forward", "backward"), FORWARD: ("forward",), BACKWARD: ("backward",)}
_MOST_EXAMPLES = 5
_EXAMPLE_CHARACTERS = 60


Texts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """A speed limit, or the reason why the tag gives none; exactly one of the two is set.

    Attributes
    ----------
    kmh
        The limit in km/h.
    reason
        `unreadable`, `variable`, `conditional`, `unknown_zone`, `too_slow` or `too_fast`.
    """

    kmh: float | None = None
    reason: str = ""


def parse_limit(text: str, *, table: SpeedTable) -> Limit:
    """Parse a `maxspeed` value.

    Numbers are in km/h unless `mph` or `knots` follows. In a list (`50;30`, lanes `70|100`) the lowest limit
    counts, as the slowest part decides. Conditional parts (`80 @ wet`) are ignored.

    Parameters
    ----------
    table
        Provides the range of accepted limits, the zones, and the meaning of `walk` and `none`.
    """
    if len(text) > _MOST_CHARACTERS:
        return Limit(reason="unreadable")
    parts = [part.strip().lower() for part in re.split(r"[;|]", text) if part.strip()]
    unconditional = [part for part in parts if "@" not in part]
    if not unconditional:
        return Limit(reason="conditional" if parts else "unreadable")
    limits = [_parse_part(part, table) for part in unconditional]
    values = [limit.kmh for limit in limits if limit.kmh is not None]
    return Limit(kmh=min(values)) if len(values) == len(limits) else next(x for x in limits if x.reason)


def _parse_part(part: str, table: SpeedTable) -> Limit:
    words = {"none": table.none_kmh, "walk": table.walk_kmh, "walking_pace": table.walk_kmh}
    if part in _VARIABLE or part in words:
        return Limit(kmh=words[part]) if part in words else Limit(reason="variable")
    if match := _ZONE.match(part):
        return _zone(f"{match[1]}{match[2] or ''}".upper(), match[3], table)
    if part in _CONTEXTS:
        return _zone(table.country, part, table)
    kmh = quantity(part, KMH)
    if kmh is None:
        return Limit(reason="unreadable")
    reason = "too_slow" if kmh < table.least_kmh else "too_fast" if kmh > table.most_kmh else ""
    return Limit(reason=reason) if reason else Limit(kmh=kmh)


def _zone(country: str, zone: str, table: SpeedTable) -> Limit:
    number = zone.removeprefix("zone")
    if number.isascii() and number.isdigit() and len(number) <= 3:
        return _parse_part(number, table)
    if zone in {"walk", "none"}:
        return _parse_part(zone, table)
    state = country.partition("-")[0]
    home = state if any(key.startswith(f"{state}:") for key in table.zones) else table.country
    kmh = table.zones.get(f"{country}:{zone}", table.zones.get(f"{home}:{zone}"))
    return Limit(kmh=kmh) if kmh is not None else Limit(reason="unknown_zone")


@dataclass(frozen=True, slots=True)
class SpeedCounts:
    """Number of ways by the source of their speed.

    Attributes
    ----------
    tagged, imputed
        Ways whose speed comes from a usable `maxspeed`, and from the table.
    in_towns
        Links of the imputed that are slowed, since they lie in towns for a part at least.
    slowed
        Ways of these whose surface allows less than their limit or class.
    rejected
        Ways with an unusable `maxspeed`, by reason; they are among the imputed.
    examples
        Up to five rejected values for each reason, each with one way that has it: `way 123: 5 mhp`.
    """

    tagged: int = 0
    imputed: int = 0
    in_towns: int = 0
    slowed: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class SpeedReader:
    """Assign speeds to ways one by one, and count where they come from.

    The speed of a way is the average at its tagged limit (`SpeedTable.average_kmh`), or else the speed of its
    class in the table, and at most the speed that its surface allows (`SpeedTable.highest_kmh`). The limit of
    a direction comes before that of both, a condition that holds at the reference time before both, and the
    rule that a limit comes from (`DE:urban`) counts where no usable limit is tagged. A recommended speed
    lowers the limit.
    """

    def __init__(self, table: SpeedTable) -> None:
        self._table = table
        self._seen: dict[str, Limit] = {}
        self._counts: Counter[str] = Counter()
        self._rejected: Counter[str] = Counter()
        self._examples: dict[str, dict[str, int]] = {}

    def read(self, way: int, tags: Tags, direction: int) -> tuple[float, float, str]:
        """Return the speeds of a road and their source.

        Parameters
        ----------
        way
            OSM id, kept as an example if its limit is rejected.
        tags
            Tags of the way, including `highway`.
        direction
            `BOTH`, `FORWARD` or `BACKWARD`.

        Returns
        -------
        tuple of two floats and str
            Speeds in km/h along the nodes and against them, at least the lowest accepted limit; both are that
            of the open direction on a one-way road. The source is `tag` (of one of them at least) or `table`.
        """
        texts = [_limit_texts(tags, side) for side in _SIDES[direction]]
        found = [self._choose(way, tags, *few) for few in dict.fromkeys(texts)]
        source = "tag" if any(source == "tag" for _, source in found) else "table"
        self._counts[source] += 1
        highest_kmh = self._table.highest_kmh(tags)
        self._counts["slowed"] += any(kmh > highest_kmh for kmh, _ in found)
        return min(found[0][0], highest_kmh), min(found[-1][0], highest_kmh), source

    def _choose(self, way: int, tags: Tags, limits: Texts, advised: str) -> tuple[float, str]:
        name = tags["highway"]
        found = [kmh for text in limits if (kmh := self._limit(way, text, name)) is not None][:1]
        if advised and (kmh := self._limit(way, advised, name)) is not None:
            found.append(kmh)
        return (
            (self._table.average_kmh(name, min(found)), "tag")
            if found
            else (self._table.speed_kmh[name], "table")
        )

    def _limit(self, way: int, text: str, road_class: str) -> float | None:
        value = text.replace("none", self._table.unlimited.get(road_class, "default"))
        limit = self._seen.get(value)
        if limit is None:
            limit = self._seen[value] = parse_limit(value, table=self._table)
        if limit.reason:
            self._rejected[limit.reason] += 1
            known = self._examples.setdefault(limit.reason, {})
            if len(known) < _MOST_EXAMPLES:
                known.setdefault(text[:_EXAMPLE_CHARACTERS], way)
        return limit.kmh

    def counts(self) -> SpeedCounts:
        """Return the counts of all ways read so far."""
        return SpeedCounts(
            tagged=self._counts["tag"],
            imputed=self._counts["table"],
            slowed=self._counts["slowed"],
            rejected=dict(sorted(self._rejected.items())),
            examples={
                reason: tuple(f"way {way}: {text}" for text, way in seen.items())
                for reason, seen in sorted(self._examples.items())
            },
        )


def _limit_texts(tags: Tags, side: str) -> tuple[Texts, str]:
    """Return the values that may state the limit of a direction, the best first; and a recommended speed."""
    if _BEYOND_PLAIN.isdisjoint(tags):
        return ((tags["maxspeed"],) if tags.get("maxspeed") else ()), ""
    keys = (f"maxspeed:{side}", "maxspeed")
    held = [conditional(tags.get(key + CONDITIONAL, "")) or "" for key in keys]
    plain = [tags.get("maxspeed:motorcar") or tags.get(f"maxspeed:{side}") or tags.get("maxspeed", "")]
    rules = [
        tags[key]
        for key in IMPLICIT_LIMIT_KEYS
        if _ZONE.match(text := tags.get(key, "").lower()) or (key == "zone:maxspeed" and quantity(text, KMH))
    ]
    advised = tags.get(f"maxspeed:advisory:{side}") or tags.get("maxspeed:advisory", "")
    return tuple(dict.fromkeys(text for text in (*held, *plain, *rules) if text)), advised
