"""Join stops to stations, choose the day of a timetable, and group its trains into patterns."""

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from scipy.spatial import KDTree

from networks.errors import SourceError
from networks.gtfs.feed import Feed
from networks.rail.drafts import KnownTimes
from networks.rail.parameters import GtfsParameters
from networks.schema import Ints, Mask, components
from networks.sphere import chord_to_km, km_to_chord, unit_vectors

_MIDWEEK, _WORKDAYS = (1, 2, 3), (0, 1, 2, 3, 4)
"""Tuesday to Thursday, and Monday to Friday, as `date.weekday` counts."""
FULL_SHARE = 0.8
"""Share of the trips of the fullest week that a week needs to count (assumed)."""


def runs_on(feed: Feed, day: date) -> Mask:
    """Return whether each trip of a feed runs on a day."""
    running = feed.services.get(day, frozenset())
    return feed.trips["service_id"].isin(running).to_numpy(dtype=bool)


def trips_by_day(feed: Feed) -> dict[date, int]:
    """Return the number of trips of each day on which there are any, in order of the days."""
    of_service = feed.trips["service_id"].value_counts().to_dict()
    return {day: sum(map(of_service.__getitem__, keys)) for day, keys in feed.services.items()}


def representative_day(trips: Mapping[date, int]) -> date:
    """Return the day whose number of trips is nearest to the median of its kind.

    Weeks with less than `FULL_SHARE` of the trips of the fullest one do not count: feeds often hold weeks,
    such as those at their ends, for which few trips are known yet. The kind is Tuesdays to Thursdays, which
    are alike in most timetables; where there are none, Mondays to Fridays; else all days. Of equally near
    days that nearest to the middle of the period counts, then the earliest.

    Parameters
    ----------
    trips
        Number of trips of each day, at least one day.
    """
    weeks = Counter[tuple[int, int]]()
    for day, count in trips.items():
        weeks[day.isocalendar()[:2]] += count
    least = FULL_SHARE * max(weeks.values())
    days = sorted(day for day in trips if weeks[day.isocalendar()[:2]] >= least)
    kinds = ([day for day in days if day.weekday() in kind] for kind in (_MIDWEEK, _WORKDAYS, range(7)))
    alike = next(kind for kind in kinds if kind)
    median = statistics.median(trips[day] for day in alike)
    middle = (alike[0].toordinal() + alike[-1].toordinal()) / 2
    return min(alike, key=lambda day: (abs(trips[day] - median), abs(day.toordinal() - middle), day))


def chosen_day(feed: Feed, day: date | None = None) -> date:
    """Return the day that is named, or else the representative one.

    Raises
    ------
    SourceError
        If no trip runs on the day, or on any day.
    """
    trips = trips_by_day(feed)
    if not trips:
        raise SourceError("no trip of the feed runs on any day", where=feed.name, done="Nothing was written.")
    if day is None:
        return representative_day(trips)
    if day not in trips:
        raise SourceError(
            f"no trip of the feed runs on {day}",
            where=feed.name,
            done="Nothing was written.",
            remedy=f"Name a day from {min(trips)} to {max(trips)}; its representative day is "
            f"{representative_day(trips)}.",
        )
    return day


DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Train:
    """One trip on its day.

    Attributes
    ----------
    trip
        Row of the trip in the feed.
    stations
        Rows of the stations at which it calls, in order, none twice in a row.
    arrives_s, departs_s
        Seconds after midnight at each of them.
    """

    trip: int
    stations: tuple[int, ...]
    arrives_s: tuple[int, ...]
    departs_s: tuple[int, ...]

    @property
    def ride_s(self) -> int:
        """Seconds from its first departure to its last arrival."""
        return self.arrives_s[-1] - self.departs_s[0]

    def is_within(self, hours: tuple[float, float]) -> bool:
        """Tell whether its way lies, by its middle, between two hours of the day."""
        middle_h = (self.departs_s[0] + self.arrives_s[-1]) / 2 % DAY_S / 3600
        after, before = hours[0] <= middle_h, middle_h < hours[1]
        return (after and before) if hours[0] < hours[1] else (after or before)

    def elapsed_s(self, *, back: bool = False) -> Ints:
        """Return the seconds from its first departure to each arrival and departure, in turn.

        Parameters
        ----------
        back
            As if the train ran its way back, with the same times between its stops.
        """
        times = np.column_stack([self.arrives_s, self.departs_s]).ravel()[1:-1]
        elapsed = times - times[0]
        return np.asarray((elapsed[-1] - elapsed)[::-1] if back else elapsed, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Trains with the same stops in both directions, and with nearly the same times.

    Attributes
    ----------
    stations
        Rows of the stations, in the order of the first direction.
    times
        Seconds between the stops and at them: medians over its trains of the time since departure.
    out, back
        Its trains in either direction.
    """

    stations: tuple[int, ...]
    times: KnownTimes
    out: tuple[Train, ...]
    back: tuple[Train, ...]

    @property
    def trains_a_day(self) -> float:
        """Trains per day and direction: the mean of both directions."""
        return (len(self.out) + len(self.back)) / 2


def trains_on(feed: Feed, day: date, station_of_stop: Ints) -> tuple[Train, ...]:
    """Return the trains of a day with what they do at some stations.

    A stop elsewhere counts as running time. Trains with fewer than two stations here are left out.

    Parameters
    ----------
    day
        The service day. Trips that began the day before belong to that day.
    station_of_stop
        Row of the station of each stop, -1 for stops that do not count.
    """
    running = runs_on(feed, day)
    calls = feed.calls[running[feed.calls["trip"].to_numpy()]]
    station = station_of_stop[calls["stop"].to_numpy()]
    calls = calls.assign(station=station)[station >= 0]
    starts, leaves_s = feed.trips["starts"].tolist(), feed.calls.groupby("trip")["departs_s"].first()
    found = []
    columns = ("trip", "station", "arrives_s", "departs_s")
    trip, at, arrives, departs = (calls[name].to_numpy() for name in columns)
    for own in np.split(np.arange(len(trip)), np.flatnonzero(np.diff(trip)) + 1):
        # Two calls at one station in a row are one: arrival of the first, departure of the last.
        new = np.flatnonzero(np.diff(at[own], prepend=-1)) if len(own) else own
        if len(new) < 2:
            continue
        first, last = own[new], own[np.append(new[1:], len(own)) - 1]
        once_s = leaves_s[trip[own[0]]]
        for later_s in np.array(starts[trip[own[0]]] or (once_s,), dtype=np.int64) - once_s:
            times = (tuple((seconds + later_s).tolist()) for seconds in (arrives[first], departs[last]))
            found.append(Train(int(trip[own[0]]), tuple(at[first].tolist()), *times))
    return tuple(found)


def both_directions(trains: Iterable[Train]) -> dict[tuple[int, ...], tuple[list[Train], list[Train]]]:
    """Return the trains by their stations, those of the opposite direction apart.

    The key is the smaller of the two orders of the stations, and the first list holds the trains in it.
    """
    groups: dict[tuple[int, ...], tuple[list[Train], list[Train]]] = {}
    for train in trains:
        out = min(train.stations, train.stations[::-1])
        groups.setdefault(out, ([], []))[train.stations != out].append(train)
    return groups


def patterns_of(trains: Iterable[Train], *, most_spread: float) -> tuple[Pattern, ...]:
    """Group trains into patterns.

    Parameters
    ----------
    most_spread
        Trains with the same stops are one pattern while the slowest takes at most this share longer than the
        fastest.

    Returns
    -------
    tuple of Pattern
        Sorted by stations, then by riding time.
    """
    found = []
    for stations, sides in sorted(both_directions(trains).items()):
        directed = sorted(
            ((train, is_back) for is_back in (False, True) for train in sides[is_back]),
            key=lambda one: (one[0].ride_s, one[1], one[0].trip),
        )
        alike: list[list[tuple[Train, bool]]] = []
        for train, is_back in directed:
            if not alike or train.ride_s > (1 + most_spread) * alike[-1][0][0].ride_s:
                alike.append([])
            alike[-1].append((train, is_back))
        for group in alike:
            # Medians of elapsed times never fall along the way, since those of no train do.
            elapsed = np.rint(np.median([train.elapsed_s(back=back) for train, back in group], axis=0))
            spans = np.diff(elapsed.astype(np.int64)).tolist()
            times = KnownTimes(tuple(spans[::2]), (0, *spans[1::2], 0))
            out, back = (tuple(train for train, side in group if side == way) for way in (False, True))
            found.append(Pattern(stations, times, out, back))
    return tuple(found)


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
    station_of_stop: Ints
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
    station_of_stop = np.full(size, -1, dtype=np.int64)
    station_of_stop[used], _ = pd.factorize(components(*ends.T, size=size)[used])
    rows = []
    for _, own in stops.assign(calls=calling).iloc[used].groupby(station_of_stop[used]):
        main = own.iloc[int(own["calls"].argmax())]
        name = min(own["name"].astype(str), key=lambda text: (len(text), text))
        rows.append((name, tuple(own["stop_id"].astype(str)), main["lon"], main["lat"]))
    table = pd.DataFrame(rows, columns=["name", "stop_ids", "lon", "lat"])
    return JoinedStops(table, station_of_stop, _misplaced(feed, table, station_of_stop, parameters))


def _misplaced(
    feed: Feed, table: pd.DataFrame, station_of_stop: Ints, parameters: GtfsParameters
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


def _pairs(feed: Feed, used: Ints, parameters: GtfsParameters) -> set[tuple[int, int]]:
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
    first = {parent[stop]: stop for stop in reversed(used.tolist()) if parent[stop]}
    return found | {
        (first[name], stop) for stop in used.tolist() if (name := parent[stop]) and first[name] != stop
    }


def _apart(feed: Feed) -> set[tuple[int, int]]:
    """Return pairs of stops that are two stations, the smaller row first."""
    trip, stop = feed.calls["trip"].to_numpy(), feed.calls["stop"].to_numpy()
    after = np.flatnonzero(trip[1:] == trip[:-1])
    never = feed.transfers[~feed.transfers["possible"]]
    ends = np.concatenate(
        [np.column_stack([stop[after], stop[after + 1]]), never[["start", "end"]].to_numpy(dtype=np.int64)]
    )
    return {(min(a, b), max(a, b)) for a, b in np.unique(ends, axis=0).tolist()}
