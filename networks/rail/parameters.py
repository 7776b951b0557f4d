"""Hold what is assumed about tracks, stations and services, and read it from the data file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any

SECONDS_AN_HOUR = 3600


def read_rail_table() -> dict[str, Any]:
    """Read the packaged table of rail assumptions.

    Returns
    -------
    dict
        The tables of `networks/data/rail.toml`, where each figure states its source.
    """
    text = resources.files("networks").joinpath("data", "rail.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@dataclass(frozen=True, slots=True)
class RailClass:
    """One class of line.

    Attributes
    ----------
    name
        Such as `hsr350`.
    least_kmh
        Lowest design speed of the class, km/h.
    design_kmh
        Design speed where none is tagged, km/h.
    trains_a_day
        Trains a day and direction where none is known.
    """

    name: str
    least_kmh: float
    design_kmh: float
    trains_a_day: float


@dataclass(frozen=True, slots=True)
class Running:
    """How long a train takes: length / (factor x design speed), plus time at stops.

    Attributes
    ----------
    factor
        Running speed over design speed.
    stop_s
        Seconds for each intermediate stop: dwell, braking, being overtaken.
    start_s
        Seconds once a ride.
    """

    factor: float
    stop_s: int
    start_s: int


@dataclass(frozen=True, slots=True)
class RailParameters:
    """Every assumption of the rail import.

    Attributes
    ----------
    classes
        Classes from the fastest to the slowest.
    class_without_speed
        Class of a track without a readable speed, by `highspeed`, `main`, `branch`, `other`.
    running
        Running time.
    railway
        Values of `railway` that are tracks.
    left_out_railway, left_out_usage
        Values of `railway` and `usage` that are counted and left out.
    most_turn_deg
        Sharpest turn at a junction outside stations, between two stops, degrees.
    kept_service
        Values of `service` that are tracks to ride on; all others are left out.
    station_railway, left_out_station
        Values of `railway` that are stations; values of `station` that are none of a railway's.
    snap_m, platform_m, stop_m
        Metres within which a station is carried to a track, another track serves it too, and a stop position
        belongs to it.
    hours_a_day
        Hours that the trains of a day spread over.
    """

    classes: tuple[RailClass, ...]
    class_without_speed: dict[str, str]
    running: Running
    railway: tuple[str, ...]
    left_out_railway: tuple[str, ...]
    left_out_usage: tuple[str, ...]
    most_turn_deg: float
    kept_service: tuple[str, ...]
    station_railway: tuple[str, ...]
    left_out_station: tuple[str, ...]
    snap_m: float
    platform_m: float
    stop_m: float
    hours_a_day: float

    @classmethod
    def default(cls) -> RailParameters:
        """Return the parameters of the packaged table."""
        table = read_rail_table()
        tracks, stations = table["tracks"], table["stations"]
        narrow = ("narrow_gauge",) if tracks["narrow_gauge"] else ()
        return cls(
            classes=tuple(RailClass(**row) for row in table["classes"]),
            class_without_speed=dict(table["class_without_speed"]),
            running=Running(**table["running"]),
            railway=(*tracks["railway"], *narrow),
            left_out_railway=tuple(tracks["left_out_railway"]),
            left_out_usage=tuple(tracks["left_out_usage"]),
            most_turn_deg=float(tracks["most_turn_deg"]),
            kept_service=tuple(tracks["kept_service"]),
            station_railway=tuple(stations["railway"]),
            left_out_station=tuple(stations["left_out_station"]),
            snap_m=float(stations["snap_m"]),
            platform_m=float(stations["platform_m"]),
            stop_m=float(stations["stop_m"]),
            hours_a_day=float(table["services"]["hours_a_day"]),
        )

    def class_of_speed(self, design_kmh: float) -> str:
        """Return the class that a design speed falls in.

        Parameters
        ----------
        design_kmh
            Design speed, km/h.

        Returns
        -------
        str
            Name of the fastest class whose least speed is not above it.
        """
        return next(c.name for c in self.classes if design_kmh >= c.least_kmh)

    def named(self, name: str) -> RailClass:
        """Return the class of that name.

        Parameters
        ----------
        name
            Name of a class.

        Returns
        -------
        RailClass
            The class.

        Raises
        ------
        KeyError
            No class has that name.
        """
        for rail_class in self.classes:
            if rail_class.name == name:
                return rail_class
        raise KeyError(name)

    def default_headway_s(self, name: str) -> int:
        """Return the headway of a service of that class when none is known.

        Parameters
        ----------
        name
            Name of a class.

        Returns
        -------
        int
            Seconds between departures in one direction.
        """
        return round(self.hours_a_day * SECONDS_AN_HOUR / self.named(name).trains_a_day)
