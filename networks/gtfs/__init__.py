"""Read timetables in the format GTFS as services of trains and coaches."""

from networks.gtfs.feed import Feed, Mode, read_feed
from networks.gtfs.patterns import chosen_day, representative_day, trips_by_day
from networks.gtfs.services import GtfsBuild, TimetableReport, build
from networks.rail.parameters import GtfsParameters

__all__ = [
    "Feed", "GtfsBuild", "GtfsParameters", "Mode", "TimetableReport", "build",
    "chosen_day", "read_feed", "representative_day", "trips_by_day",
]  # fmt: skip
