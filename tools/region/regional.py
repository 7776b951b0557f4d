"""Add assumed regional trains to a feed: ``python -m tools.region.regional REGION FEED.zip OUT.zip``.

Between neighbouring cities a train runs every hour on the existing tracks. This is an assumption (quality C):
without it cities with tracks look as if they had none. It is no timetable of anybody.
"""

import argparse
import itertools
import math
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import dijkstra

from networks import regions
from networks.schema import Floats
from networks.sphere import KM_PER_DEGREE, nearest
from networks.world.geograph import Geograph, distance_km, package_file, read_clipped
from networks.world.towns import Box
from tools.region.matching import WorkingGraph, edge_of
from tools.region.reduce import clock, write

NAME = "assumed hourly regional train"
SPEED_KMH = 75.0
"""Length of the way over the time with all stops; regional expresses reach 70 to 90 km/h (from memory, C)."""
HEADWAY_S = 3600
START_S = 5 * 3600
START, END = clock(START_S), "23:00:00"
CENTRE_KM, STATION_KM = 3.0, 7.0
"""The station of a city is the busiest one within the first distance of its centre, else the nearest one
within the second."""
MOST_KM = 150.0
"""Longest way between neighbours: on longer ones there are long-distance trains, or a change on the way."""
GAP_KM = 0.3
"""Two ends of tracks this near to each other are joined: the coordinates are exact to 100 m."""
BETWEEN = 1.1
"""Two cities are no neighbours if the way by a third, nearer to both, is at most this much longer."""

type Tables = dict[str, pd.DataFrame]


def neighbours(km: Floats) -> list[tuple[int, int]]:
    """Return the pairs of places between which no third one lies, by their distances over the tracks."""
    found = []
    for a, b in itertools.combinations(range(len(km)), 2):
        # Neither of the two itself, whose distances over the same way may differ in the last digit.
        nearer = np.maximum(km[a], km[b]) < 0.999 * km[a, b]
        if km[a, b] <= MOST_KM and not (nearer & (km[a] + km[b] <= BETWEEN * km[a, b])).any():
            found.append((a, b))
    return found


def without_gaps(tracks: Geograph) -> WorkingGraph:
    """Return tracks whose ends are joined where they almost meet."""
    graph = WorkingGraph.of(tracks)
    degree = Counter(node for edge in tracks.edges for node in edge)
    for a, b in itertools.combinations([node for node, count in degree.items() if count == 1], 2):
        if (km := distance_km(tracks.points[a], tracks.points[b])) <= GAP_KM:
            graph.edges[edge_of(a, b)] = km
    return graph


def stations(tables: Tables, cities: pd.DataFrame) -> tuple[list[str], pd.DataFrame]:
    """Return the stop of each city without repetition, and the stops to add for cities without one."""
    calls = tables["stop_times"]["stop_id"].value_counts()
    stops = tables["stops"][tables["stops"]["stop_id"].isin(calls.index)]
    places = stops[["stop_lat", "stop_lon"]].to_numpy(dtype=np.float64)
    ids: list[str] = []
    added: list[tuple[str, str, float, float, str]] = []
    for city, name, lat, lon in zip(
        *(cities[key].tolist() for key in ("id", "name", "lat", "lon")), strict=True
    ):
        scale = KM_PER_DEGREE * np.array([1.0, math.cos(math.radians(lat))])
        km = pd.Series(np.hypot(*((places - (lat, lon)) * scale).T), index=stops["stop_id"])
        if km.min() > STATION_KM:
            added.append((f"assumed-{city}", f"{name} (assumed)", lat, lon, ""))
            ids.append(f"assumed-{city}")
        else:
            central = calls[calls.index.isin(km.index[km <= CENTRE_KM])]
            ids.append(str(km.idxmin() if central.empty else central.idxmax()))
    return list(dict.fromkeys(ids)), pd.DataFrame(added, columns=list(stops))


def with_regional_trains(tables: Tables, cities: pd.DataFrame, tracks: Geograph) -> Tables:
    """Add a train an hour in both directions between neighbouring cities, after all rows of the tables.

    Parameters
    ----------
    tables
        Those of `tools.region.reduce`.
    cities
        With `id`, `name`, `lat` and `lon`.
    tracks
        The existing tracks; a city uses the node nearest to its station.
    """
    ids, added = stations(tables, cities)
    stops = pd.concat([tables["stops"], added], ignore_index=True)
    at = stops.set_index("stop_id").loc[ids, ["stop_lon", "stop_lat"]].to_numpy(dtype=np.float64)
    graph = without_gaps(tracks)
    node, _ = nearest(at, np.array(tracks.points)[:, ::-1], np.array(sorted(graph.used_nodes)))
    km = dijkstra(graph.matrix(1.0), indices=node)[:, node]
    pairs = neighbours(km)
    trips, times = [], []
    for ends in [*pairs, *((b, a) for a, b in pairs)]:
        trip = f"assumed-{ids[ends[0]]}-{ids[ends[1]]}"
        arrival = clock(START_S + round(3600 * km[ends] / SPEED_KMH))
        trips.append(("assumed", "day", trip))
        times += [(trip, START, START, ids[ends[0]], 0), (trip, arrival, arrival, ids[ends[1]], 1)]
    new = {
        "stops": added,
        "routes": pd.DataFrame([("assumed", NAME, 2)], columns=list(tables["routes"])),
        "trips": pd.DataFrame(trips, columns=list(tables["trips"])),
        "stop_times": pd.DataFrame(times, columns=list(tables["stop_times"])),
    }
    return {
        **{
            name: pd.concat([table, new[name]], ignore_index=True) if name in new else table
            for name, table in tables.items()
        },
        "frequencies": new["trips"][["trip_id"]].assign(
            start_time=START, end_time=END, headway_secs=HEADWAY_S
        ),
    }


def main() -> None:
    """Parse the arguments, add the trains and write the feed."""
    parser = argparse.ArgumentParser(prog="python -m tools.region.regional", description=__doc__)
    parser.add_argument("region", help="name of the region, whose cities and box count")
    parser.add_argument("feed", type=Path, help="feed of one day, from tools.region.reduce")
    parser.add_argument("out", type=Path, help="zip file to write")
    arguments = parser.parse_args()
    region = regions.read(arguments.region)
    with zipfile.ZipFile(arguments.feed) as archive:
        tables = {
            Path(name).stem: pd.read_csv(archive.open(name), dtype=str, keep_default_na=False)
            for name in archive.namelist()
        }
    for column in ("stop_lat", "stop_lon"):
        tables["stops"][column] = tables["stops"][column].astype(float)
    south, west, north, east = region.bbox
    tracks = read_clipped(package_file("world_railways"), Box(south=south, west=west, north=north, east=east))
    write(with_regional_trains(tables, pd.read_csv(region.cities), tracks), arguments.out)


if __name__ == "__main__":
    main()
