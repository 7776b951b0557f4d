"""Hold the assumptions about timetables, and read them from the data file."""

from __future__ import annotations

from dataclasses import dataclass

from networks.rail.parameters import read_rail_table


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
    def default(cls) -> GtfsParameters:
        """Return the parameters of the packaged table."""
        return cls(**read_rail_table()["gtfs"])
