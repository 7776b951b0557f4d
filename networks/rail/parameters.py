"""Hold the assumptions about tracks, stations, services and timetables, and read them from the data file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from networks.countries import WORLD, figures, read_table


@dataclass(frozen=True, slots=True)
class RailClass:
    """A class of railway lines.

    Attributes
    ----------
    name
        Name, such as `hsr350`.
    least_kmh
        Lowest design speed of the class, km/h.
    design_kmh
        Default design speed of tracks without a tagged speed, km/h.
    trains_a_day
        Default number of trains per day and direction.
    """

    name: str
    least_kmh: float
    design_kmh: float
    trains_a_day: float


@dataclass(frozen=True, slots=True)
class Running:
    """Parameters of train travel time: length / (factor x design speed), plus time at stops.

    Attributes
    ----------
    factor
        Ratio of running speed to design speed.
    stop_s
        Seconds for each intermediate stop: dwell, braking and acceleration, being overtaken.
    start_s
        Seconds added once per ride.
    """

    factor: float
    stop_s: int
    start_s: int

    @classmethod
    def default(cls, country: str = WORLD) -> Self:
        """Return the parameters of a country in the packaged table, by its ISO 3166 code."""
        table = read_table("rail.toml")
        return cls(**{**table["running"], **figures(table["country"], country).get("running", {})})


@dataclass(frozen=True, slots=True)
class RailParameters:
    """All assumptions of the rail import.

    Attributes
    ----------
    classes
        Classes from the fastest to the slowest.
    class_without_speed
        Class of a track without a usable `maxspeed`, by key `highspeed`, `main`, `branch` or `other`.
    running
        Parameters of the running time.
    railway
        Values of `railway` that are used as tracks.
    left_out_railway, left_out_usage
        Values of `railway` and `usage` that are left out and counted by value.
    most_turn_deg
        Largest change of direction at a junction outside stations, degrees.
    kept_service
        Values of `service` that are used as tracks; all others are left out.
    station_railway, left_out_station
        Values of `railway` that mark stations; values of `station` that are left out, such as `subway`.
    snap_m, platform_m, stop_m
        Largest distances in metres at which a station is snapped to a track, at which a further track serves
        it, and at which a stop position belongs to it.
    hours_a_day
        Hours of operation over which the trains of a day are spread.
    """

    classes: tuple[RailClass, ...]
    class_without_speed: Mapping[str, str]
    running: Running
    railway: Sequence[str]
    left_out_railway: Sequence[str]
    left_out_usage: Sequence[str]
    most_turn_deg: float
    kept_service: Sequence[str]
    station_railway: Sequence[str]
    left_out_station: Sequence[str]
    snap_m: float
    platform_m: float
    stop_m: float
    hours_a_day: float

    @classmethod
    def default(cls, country: str = WORLD) -> Self:
        """Return the parameters of the packaged table.

        Parameters
        ----------
        country
            ISO 3166 code; what a country does not state is that of its group, else that of the world.
        """
        table = read_table("rail.toml")
        trains = figures(table["country"], country).get("trains_a_day", {})
        return cls(
            classes=tuple(
                RailClass(**{**row, "trains_a_day": trains.get(row["name"], row["trains_a_day"])})
                for row in table["classes"]
            ),
            class_without_speed=table["class_without_speed"],
            running=Running.default(country),
            **(table["tracks"] | table["stations"] | table["services"]),
        )

    def class_of_speed(self, design_kmh: float) -> str:
        """Return the name of the fastest class whose lowest design speed does not exceed a speed in km/h."""
        return next(c.name for c in self.classes if design_kmh >= c.least_kmh)

    def named(self, name: str) -> RailClass:
        """Return the class of a name; raise `KeyError` if there is none."""
        return {rail_class.name: rail_class for rail_class in self.classes}[name]

    def default_headway_s(self, name: str) -> int:
        """Return the default seconds between departures in one direction for services of a class."""
        return round(self.hours_a_day * 3600 / self.named(name).trains_a_day)


@dataclass(frozen=True, slots=True)
class GtfsParameters:
    """Assumptions about stops, patterns and lines of a timetable; `networks/data/rail.toml` has the reasons.

    Attributes
    ----------
    same_name_km, any_name_km
        Distances within which stops of one name, and of any name, are one station.
    most_spread
        Largest relative difference of riding times within a pattern.
    misplaced_kmh
        Speed along the straight line between two stops above which one of them is misplaced.
    route_factor
        Length of a line without tracks over the straight line between its stops.
    section_detour, section_least_time, stop_loss_s
        A train that passes stations runs over the sections between them if these are at most
        `section_detour` times as long as the straight line, and if it takes at least the share
        `section_least_time` of the time of trains that stop, less `stop_loss_s` seconds a stop.
    station_km
        Distance within which a station of the map is that of the feed.
    tracks_most_time
        Most time of a train at the modelled speed over the tracks of the map, relative to the timetable.
    """

    same_name_km: float
    any_name_km: float
    most_spread: float
    misplaced_kmh: float
    route_factor: float
    section_detour: float
    section_least_time: float
    stop_loss_s: int
    station_km: float
    tracks_most_time: float

    @classmethod
    def default(cls) -> Self:
        """Return the parameters of the packaged table."""
        return cls(**read_table("rail.toml")["gtfs"])
