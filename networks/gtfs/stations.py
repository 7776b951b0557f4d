"""Join the stops of a timetable that are one station."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import KDTree

from networks.gtfs.feed import Feed
from networks.network import components
from networks.rail.parameters import GtfsParameters
from networks.sphere import chord_to_km, km_to_chord, unit_vectors

_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_PLATFORM = re.compile(
    r"\b(gl|gleise?|bstg|bahnsteige?|platforms?|plat|tracks?|voies?|quais?|binari[oi]|and[eé]n|v[ií]as?)\b"
    r"\.?\s*\d[\d\s/,–-]*[a-z]?$"
)

_ROUNDING_S = 60
"""Times are stated in minutes."""


@dataclass(frozen=True, slots=True)
class JoinedStops:
    """Stations, and the stops of which they are made.

    Attributes
    ----------
    table
        One row per station that a trip calls at; columns `name`, `stop_ids` (tuple of str), `lon`, `lat`.
    station_of_stop
        Row of the station for each stop of the feed, -1 where no trip calls; int64.
    misplaced
        Rows of stations whose position cannot be right.
    """

    table: pd.DataFrame
    station_of_stop: NDArray[np.int64]
    misplaced: tuple[int, ...]


def bare_name(name: str) -> str:
    """Return a name in small letters without brackets, platforms and punctuation: what stations share."""
    text = _IN_BRACKETS.sub(" ", name.casefold())
    text = _PLATFORM.sub(" ", re.sub(r"\s+", " ", text).strip())
    return " ".join(re.findall(r"\w+", text)) or name.casefold()


def join_stops(feed: Feed, parameters: GtfsParameters) -> JoinedStops:
    """Join stops that are one station.

    Two stops are one station if they have the same parent; if they have the same bare name and are near; or
    if they are next to each other, whatever their names, or near and joined by a transfer. They are not if a
    trip calls at one right after the other, or if the feed says that passengers cannot change there.

    Returns
    -------
    JoinedStops
        A station has the position of that of its stops with the most calls, and the shortest of their names.
    """
    calls, stops = feed.calls, feed.stops
    calling = np.bincount(calls["stop"], minlength=len(stops))
    used = np.flatnonzero(calling)
    pairs = _pairs(feed, used, parameters) - _apart(feed)
    ends = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    size = len(stops)
    group = components(*ends.T, size=size)
    members: dict[int, list[int]] = defaultdict(list)
    for stop in used.tolist():
        members[int(group[stop])].append(stop)
    station_of_stop = np.full(size, -1, dtype=np.int64)
    rows = []
    for station, own in enumerate(sorted(members.values())):
        station_of_stop[own] = station
        main = min(own, key=lambda stop: (-calling[stop], stop))
        ids = tuple(str(stops["stop_id"].iloc[stop]) for stop in own)
        name = min((str(stops["name"].iloc[stop]) for stop in own), key=lambda text: (len(text), text))
        rows.append((name, ids, stops["lon"].iloc[main], stops["lat"].iloc[main]))
    table = pd.DataFrame(rows, columns=["name", "stop_ids", "lon", "lat"])
    return JoinedStops(table, station_of_stop, _misplaced(feed, table, station_of_stop, parameters))


def _misplaced(
    feed: Feed, table: pd.DataFrame, station_of_stop: NDArray[np.int64], parameters: GtfsParameters
) -> tuple[int, ...]:
    """Return the fewest stations, the worst first, without which no train is faster than any could be."""
    calls = feed.calls
    trip, at = calls["trip"].to_numpy(), station_of_stop[calls["stop"].to_numpy()]
    arrives, departs = calls["arrives_s"].to_numpy(), calls["departs_s"].to_numpy()
    after = np.flatnonzero((trip[1:] == trip[:-1]) & (at[1:] != at[:-1]))
    hops = pd.DataFrame(
        {
            "a": np.minimum(at[after], at[after + 1]),
            "b": np.maximum(at[after], at[after + 1]),
            "run_s": arrives[after + 1] - departs[after],
        }
    )
    fastest = hops.groupby(["a", "b"], as_index=False)["run_s"].min()
    places = unit_vectors(table["lon"].to_numpy(), table["lat"].to_numpy())
    ends = fastest[["a", "b"]].to_numpy()
    km = chord_to_km(np.linalg.norm(places[ends[:, 0]] - places[ends[:, 1]], axis=1))
    wrong = km > parameters.misplaced_kmh * (fastest["run_s"].to_numpy() + _ROUNDING_S) / 3600.0
    # Greedy: the station with the largest share of impossible hops goes first, with all its hops.
    found: list[int] = []
    while wrong.any():
        bad, all_of = (np.bincount(ends[rows].ravel(), minlength=len(table)) for rows in (wrong, wrong >= 0))
        worst = int(np.lexsort((-bad, -bad / np.maximum(all_of, 1)))[0])
        found.append(worst)
        wrong &= ~(ends == worst).any(axis=1)
    return tuple(found)


def _pairs(feed: Feed, used: NDArray[np.int64], parameters: GtfsParameters) -> set[tuple[int, int]]:
    """Return pairs of stops that are one station, the smaller row first."""
    stops = feed.stops
    names = [bare_name(name) for name in stops["name"]]
    parent = stops["parent"].to_numpy(dtype=object)
    changes = feed.transfers[feed.transfers["possible"]]
    joined = {(min(a, b), max(a, b)) for a, b in zip(changes["start"], changes["end"], strict=True)}
    places = unit_vectors(stops["lon"].to_numpy()[used], stops["lat"].to_numpy()[used])
    found = set()
    for i, j in KDTree(places).query_pairs(km_to_chord(parameters.same_name_km)):
        a, b = sorted((int(used[i]), int(used[j])))
        km = float(chord_to_km(np.linalg.norm(places[i] - places[j])))
        if names[a] == names[b] or km <= parameters.any_name_km or (a, b) in joined:
            found.add((a, b))
    of_parent: dict[str, int] = {}
    for stop in used.tolist():
        if parent[stop]:
            first = of_parent.setdefault(parent[stop], stop)
            if first != stop:
                found.add((first, stop))
    return found


def _apart(feed: Feed) -> set[tuple[int, int]]:
    """Return pairs of stops that are two stations, the smaller row first."""
    trip, stop = feed.calls["trip"].to_numpy(), feed.calls["stop"].to_numpy()
    after = np.flatnonzero(trip[1:] == trip[:-1])
    never = feed.transfers[~feed.transfers["possible"]]
    ends = np.concatenate(
        [np.column_stack([stop[after], stop[after + 1]]), never[["start", "end"]].to_numpy(dtype=np.int64)]
    )
    return {(min(a, b), max(a, b)) for a, b in np.unique(ends, axis=0).tolist()}
