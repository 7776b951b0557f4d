"""Hold the assumptions about regions from the world networks, and read them from the data file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldParameters:
    """All assumptions that turn bare geometry into roads, tracks and stations.

    Attributes
    ----------
    least_population, residents_per_km2
        Least residents of a town, and its residents per square km, which give its radius.
    motorway_share, trunk_share
        Shares of the length of all roads that are taken for motorways and for trunk roads, 0 to 1.
    pair_least_km, pair_most_km
        Distances of towns between which demand is counted.
    most_towns
        Number of towns, the largest ones, between which demand is counted.
    road_length_factor, rail_length_factor
        Length on the ground over length of the geometry.
    short_track_km
        Shorter tracks are merged away.
    station_km
        Largest distance between the centre of a town and the tracks of its station.
    """

    least_population: int
    residents_per_km2: float
    motorway_share: float
    trunk_share: float
    pair_least_km: float
    pair_most_km: float
    most_towns: int
    road_length_factor: float
    rail_length_factor: float
    short_track_km: float
    station_km: float

    @classmethod
    def default(cls) -> WorldParameters:
        """Return the parameters of `networks/data/world.toml`, which states the source of each figure."""
        text = resources.files("networks").joinpath("data", "world.toml").read_text(encoding="utf-8")
        table = tomllib.loads(text)
        roads, rail = table["roads"], table["rail"]
        return cls(
            **table["towns"],
            **{key: roads[key] for key in roads if key != "length_factor"},
            road_length_factor=roads["length_factor"],
            **{key: rail[key] for key in rail if key != "length_factor"},
            rail_length_factor=rail["length_factor"],
        )
