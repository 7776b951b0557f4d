"""Hold the speeds by country and class, and read them from the data file."""

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
        ISO 3166 code, `EU` or `world`: the table that is used.
    speed_kmh
        Average speed by class where no usable limit is tagged, km/h.
    factor
        By class, the share of a tagged limit that is driven on average; `default` for all others.
    zones
        Limit by zone (`CN:urban`), km/h.
    least_kmh, most_kmh
        Window of tagged limits that are believed, km/h.
    walk_kmh, none_kmh
        What `walk` and `none` stand for, km/h.
    source
        Where the speeds come from.
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
        """Return the share of a tagged limit that is driven on a class."""
        return self.factor.get(road_class, self.factor["default"])


@dataclass(frozen=True, slots=True)
class FerryTable:
    """Speeds of ferries without a tagged duration as (longest km, km/h); the wait of the others, seconds."""

    speeds: tuple[tuple[float, float], ...]
    wait_s: int


@cache
def _data() -> dict[str, Any]:
    text = resources.files("networks").joinpath("data", "speeds.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def countries() -> tuple[str, ...]:
    """Return the codes that have a table, `world` for all others."""
    return tuple(_data()["country"])


@cache
def speed_table(country: str) -> SpeedTable:
    """Read the speeds of a country.

    Parameters
    ----------
    country
        ISO 3166 code of two letters, `EU` or `world`. European countries read the European table; a code
        without a table reads that of the world.

    Returns
    -------
    SpeedTable
        Speeds, factors and zones.

    Raises
    ------
    SourceError
        When the text is no such code.
    """
    data = _data()
    if country not in data["country"] and not (len(country) == 2 and country.isalpha() and country.isupper()):
        raise SourceError(
            f"{country!r} is no country code.",
            remedy=f"Give two letters such as CN, or {', '.join(countries())}.",
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
    """Return the limits of the zones of all countries, so that `DE:urban` reads alike everywhere."""
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
    """Read the speeds of ferries."""
    entry = _data()["ferry"]
    speeds = tuple((float(row["up_to_km"]), float(row["kmh"])) for row in entry["speeds"])
    return FerryTable(speeds=speeds, wait_s=int(entry["wait_s"]))
