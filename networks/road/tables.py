"""Read the tables of road speeds by country and class, and of ferry speeds."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from networks.errors import SourceError


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
    zones
        Speed limit in km/h by zone, such as `CN:urban`.
    least_kmh, most_kmh
        Range of tagged limits that are accepted, km/h.
    walk_kmh, none_kmh
        Meaning of `maxspeed=walk` and `maxspeed=none`, km/h.
    source
        Source of the speeds.
    """

    country: str
    speed_kmh: Mapping[str, float]
    factor: Mapping[str, float]
    zones: Mapping[str, float]
    least_kmh: float
    most_kmh: float
    walk_kmh: float
    none_kmh: float
    source: str

    def factor_of(self, road_class: str) -> float:
        """Return the average speed on a class as a share of the tagged limit."""
        return self.factor.get(road_class, self.factor["default"])


@dataclass(frozen=True, slots=True)
class FerryTable:
    """Speeds of ferries.

    Attributes
    ----------
    speeds
        Pairs of largest crossing length in km and speed in km/h, for ferries without a tagged duration.
    wait_s
        Waiting time in seconds that is added to a tagged duration.
    """

    speeds: tuple[tuple[float, float], ...]
    wait_s: int


@cache
def _data() -> dict[str, Any]:
    text = resources.files("networks").joinpath("data", "speeds.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def countries() -> tuple[str, ...]:
    """Return the keys of the speed tables; `world` is for all other countries."""
    return tuple(_data()["country"])


@cache
def speed_table(country: str) -> SpeedTable:
    """Return the speed table of a country.

    Parameters
    ----------
    country
        ISO 3166 code of two letters, `EU` or `world`. European countries share one table; countries without
        a table use `world`.

    Raises
    ------
    SourceError
        If `country` is not such a code.
    """
    data = _data()
    if country not in data["country"] and not (len(country) == 2 and country.isalpha() and country.isupper()):
        raise SourceError(
            f"{country!r} is not a country code.",
            remedy=f"Give two capital letters such as CN, or one of {', '.join(countries())}.",
        )
    key = "EU" if country in data["groups"]["EU"] else country
    key = key if key in data["country"] else "world"
    entry = data["country"][key]
    rules = data["rules"]
    return SpeedTable(
        country=key,
        speed_kmh={name: float(value) for name, value in entry.items() if isinstance(value, int | float)},
        factor={name: float(value) for name, value in entry["factor"].items() if name != "source"},
        zones=_zones(data),
        least_kmh=rules["least_kmh"],
        most_kmh=rules["most_kmh"],
        walk_kmh=rules["walk_kmh"],
        none_kmh=rules["none_kmh"],
        source=entry["source"],
    )


def _zones(data: dict[str, Any]) -> dict[str, float]:
    """Return the limits of the zones of all countries, since a table may meet zones of its neighbours."""
    members = {key: [key] for key in data["country"]} | {"EU": ["EU", *data["groups"]["EU"]]}
    general = {
        f"{code}:{name}": float(value)
        for key, entry in data["country"].items()
        for code in members[key]
        for name, value in entry["zone"].items()
        if name != "source"
    }
    own = {f"{code}:{name}": float(kmh) for code, zone in data["zones"].items() for name, kmh in zone.items()}
    return general | own


@cache
def ferry_table() -> FerryTable:
    """Return the table of ferry speeds."""
    entry = _data()["ferry"]
    speeds = tuple((float(row["up_to_km"]), float(row["kmh"])) for row in entry["speeds"])
    return FerryTable(speeds=speeds, wait_s=int(entry["wait_s"]))
