"""Draw small GTFS feeds: stops on a grid of 0.1 degree, trips as clock times at stops."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from networks.gtfs import Feed, read_feed

GRID = 0.1
DAY = "20240305"
"""A Tuesday."""

type Call = tuple[str, str] | tuple[str, str, str]
"""Stop, arrival and departure; one time for both."""


def stops_table(stops: Mapping[str, tuple[str, float, float]]) -> str:
    rows = [f"{key},{name},{y * GRID},{x * GRID}" for key, (name, x, y) in stops.items()]
    return "\n".join(["stop_id,stop_name,stop_lat,stop_lon", *rows])


def tables(
    stops: Mapping[str, tuple[str, float, float]],
    trips: Mapping[str, Sequence[Call]],
    *,
    days: Mapping[str, Sequence[str]] | None = None,
    route_types: Mapping[str, int] | None = None,
    **others: str,
) -> dict[str, str]:
    """Return the tables of a feed by name; each trip is a route of its own, as in some national feeds."""
    kinds, of_day = route_types or {}, days or {}
    times = [
        f"{trip},{call[1]},{call[-1]},{call[0]},{at}"
        for trip, calls in trips.items()
        for at, call in enumerate(calls)
    ]
    services = [f"{trip},{day},1" for trip in trips for day in of_day.get(trip, [DAY])]
    return {
        "agency": "agency_id,agency_name,agency_url,agency_timezone\n1,Tiny Rail,http://tiny,Europe/Berlin",
        "stops": stops_table(stops),
        "routes": "\n".join(
            ["route_id,route_short_name,route_type", *(f"{t},{t},{kinds.get(t, 2)}" for t in trips)]
        ),
        "trips": "\n".join(["route_id,service_id,trip_id", *(f"{t},{t},{t}" for t in trips)]),
        "stop_times": "\n".join(["trip_id,arrival_time,departure_time,stop_id,stop_sequence", *times]),
        "calendar_dates": "\n".join(["service_id,date,exception_type", *services]),
        **others,
    }


def write(path: Path, drawn: Mapping[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in drawn.items():
            archive.writestr(f"{name}.txt", text + "\n")
    return path


def feed(folder: Path, *drawn: object, modes: Sequence[str] = ("rail",), **options: object) -> Feed:
    return read_feed(write(folder / "tiny.zip", tables(*drawn, **options)), modes=modes)
