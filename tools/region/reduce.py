"""Reduce a GTFS feed to the trips of one day: ``python -m tools.region.reduce FEED.zip OUT.zip``."""

import argparse
import io
import zipfile
from datetime import date
from pathlib import Path

import pandas as pd

from networks.gtfs.feed import Feed, read_feed
from networks.gtfs.patterns import chosen_day, runs_on

_SAME_TIME = (1980, 1, 1, 0, 0, 0)
"""Time stamp of all members, so that the same feed gives the same bytes."""

type Box = tuple[float, float, float, float]
"""West, south, east and north border, degrees."""


def reduced(feed: Feed, *, day: date | None = None, box: Box | None = None) -> dict[str, pd.DataFrame]:
    """Return the tables of one day of a feed, with what `read_feed` reads and nothing else.

    Parameters
    ----------
    feed
        The feed, of trains.
    day
        The day; None for the representative one.
    box
        Only trips that call at two stops in the box are kept, whole; None for all trips.
    """
    on = chosen_day(feed, day)
    kept = runs_on(feed, on)
    calls, stops, trips = feed.calls, feed.stops, feed.trips
    if box is not None:
        west, south, east, north = box
        inside = (stops["lon"].between(west, east) & stops["lat"].between(south, north)).to_numpy()
        here = calls.loc[inside[calls["stop"].to_numpy()], "trip"].value_counts()
        kept = kept & trips.index.isin(here.index[here >= 2])
    calls = calls[kept[calls["trip"].to_numpy()]]
    used = sorted(set(calls["stop"]))
    stop_rows = stops[stops.index.isin(used) | stops["stop_id"].isin(stops["parent"].iloc[used])]
    own = trips[kept]
    # Routes are numbered by their names: feeds name lines, or single trains.
    names = sorted(set(own["route"]))
    number = {name: str(at) for at, name in enumerate(names)}
    return {
        "agency": pd.DataFrame(
            {"agency_id": ["1"], "agency_name": [feed.publisher], "agency_url": [""], "agency_timezone": [""]}
        ),
        "stops": stop_rows.rename(
            columns={"name": "stop_name", "lon": "stop_lon", "lat": "stop_lat", "parent": "parent_station"}
        )[["stop_id", "stop_name", "stop_lat", "stop_lon", "parent_station"]],
        "routes": pd.DataFrame(
            {"route_id": [number[name] for name in names], "route_short_name": names, "route_type": 2}
        ),
        "trips": pd.DataFrame(
            {"route_id": own["route"].map(number), "service_id": "day", "trip_id": own["trip_id"]}
        ),
        "stop_times": pd.DataFrame(
            {
                "trip_id": trips["trip_id"].to_numpy()[calls["trip"]],
                "arrival_time": calls["arrives_s"].map(clock).to_numpy(),
                "departure_time": calls["departs_s"].map(clock).to_numpy(),
                "stop_id": stops["stop_id"].to_numpy()[calls["stop"]],
                "stop_sequence": calls.groupby("trip").cumcount().to_numpy(),
            }
        ),
        "calendar_dates": pd.DataFrame(
            {"service_id": ["day"], "date": [on.strftime("%Y%m%d")], "exception_type": [1]}
        ),
    }


def clock(seconds: int) -> str:
    """Return seconds as hours, minutes and seconds, ``07:05:00``."""
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def write(tables: dict[str, pd.DataFrame], path: Path) -> None:
    """Write tables as a feed; equal tables give equal bytes."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, table in tables.items():
            text = io.StringIO()
            table.to_csv(text, index=False, lineterminator="\n")
            member = zipfile.ZipInfo(f"{name}.txt", _SAME_TIME)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, text.getvalue(), compresslevel=9)


def main() -> None:
    """Parse the arguments, reduce the feed and write it."""
    parser = argparse.ArgumentParser(prog="python -m tools.region.reduce", description=__doc__)
    parser.add_argument("feed", type=Path, help="zip file in the format GTFS")
    parser.add_argument("out", type=Path, help="zip file to write")
    parser.add_argument("--date", type=date.fromisoformat, help="day to keep, else the representative one")
    parser.add_argument(
        "--box", type=float, nargs=4, metavar=("W", "S", "E", "N"), help="keep trips with two stops here"
    )
    arguments = parser.parse_args()
    write(reduced(read_feed(arguments.feed), day=arguments.date, box=arguments.box), arguments.out)


if __name__ == "__main__":
    main()
