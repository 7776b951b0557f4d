"""Read the tables of road speeds by country and class, and of ferries."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import numpy as np

from networks.countries import figures, groups, lineage


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
        Pairs of limit and average speed in km/h by class, limits rising; they come before `factor`.
    zones
        Speed limit in km/h by zone, such as `CN:urban`.
    least_kmh, most_kmh
        Range of tagged limits that are accepted, km/h.
    walk_kmh, none_kmh
        Meaning of `maxspeed=walk` and `maxspeed=none`, km/h.
    source
        Source of the speeds.
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
        curve = self.curve.get(road_class, ())
        if curve:
            (least, slow), (most, fast) = curve[0], curve[-1]
            limits, averages = zip(*curve, strict=True)
            kmh = float(np.interp(limit_kmh, limits, averages))
            if limit_kmh < least:
                kmh = limit_kmh * slow / least
            elif limit_kmh > most:
                kmh = limit_kmh * fast / most
        else:
            kmh = limit_kmh * self.factor.get(road_class, self.factor["default"])
        return max(kmh, self.least_kmh)


class CrossingStep(NamedTuple):
    """Speed in km/h and wait in seconds of crossings of up to a length in km."""

    up_to_km: float
    kmh: float
    wait_s: int


@dataclass(frozen=True, slots=True)
class CrossingTable:
    """Speeds and waits of ferries, or of shuttle trains.

    Attributes
    ----------
    steps
        One for each range of lengths, rising; the last one is for all longer crossings.
    """

    steps: tuple[CrossingStep, ...]

    def step(self, km: float) -> CrossingStep:
        """Return the step for a crossing of a length in km."""
        return next((step for step in self.steps if km <= step.up_to_km), self.steps[-1])


@cache
def _data() -> dict[str, Any]:
    text = resources.files("networks").joinpath("data", "speeds.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


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
    data = _data()
    entry = figures(data["country"], country)
    rules = data["rules"]
    return SpeedTable(
        country=next(key for key in lineage(country) if key in data["country"]),
        speed_kmh={
            name: float(value)
            for name, value in {**entry, **data["access_road"]}.items()
            if isinstance(value, int | float)
        },
        factor={name: float(value) for name, value in entry["factor"].items() if name != "source"},
        curve={
            name: tuple((float(limit), float(kmh)) for limit, kmh in points)
            for name, points in entry.get("average", {}).items()
            if name != "source"
        },
        zones=_zones(data),
        least_kmh=rules["least_kmh"],
        most_kmh=rules["most_kmh"],
        walk_kmh=rules["walk_kmh"],
        none_kmh=rules["none_kmh"],
        source=entry["source"],
        most_by_tag={
            key: {value: float(kmh) for value, kmh in row.items()} for key, row in data["most_kmh"].items()
        },
    )


def _zones(data: dict[str, Any]) -> dict[str, float]:
    """Return the limits of the zones of all countries, since a table may meet zones of its neighbours."""
    members = {key: [key, *groups().get(key, ())] for key in data["country"]}
    general = {
        f"{code}:{name}": float(value)
        for key, entry in data["country"].items()
        for code in members[key]
        for name, value in entry.get("zone", {}).items()
        if name != "source"
    }
    own = {f"{code}:{name}": float(kmh) for code, zone in data["zones"].items() for name, kmh in zone.items()}
    return general | own


@cache
def crossing_table(kind: str) -> CrossingTable:
    """Return the speeds and waits of a kind of crossing: `ferry` or `shuttle_train`."""
    rows = _data()["crossing"][kind]
    return CrossingTable(
        tuple(CrossingStep(float(row["up_to_km"]), float(row["kmh"]), int(row["wait_s"])) for row in rows)
    )
