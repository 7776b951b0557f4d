"""Choose the day that stands for a timetable, and group its trains into patterns of stops and times."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks.errors import SourceError
from networks.gtfs.feed import Feed
from networks.rail.drafts import KnownTimes

_MIDWEEK, _WORKDAYS = (1, 2, 3), (0, 1, 2, 3, 4)
"""Tuesday to Thursday, and Monday to Friday, as `date.weekday` counts."""


def runs_on(feed: Feed, day: date) -> NDArray[np.bool_]:
    """Return whether each trip of a feed runs on a day."""
    running = feed.services.get(day, frozenset())
    return feed.trips["service_id"].isin(running).to_numpy(dtype=bool)


def trips_by_day(feed: Feed) -> dict[date, int]:
    """Return the number of trips of each day on which there are any, in order of the days."""
    of_service = feed.trips["service_id"].value_counts().to_dict()
    counts = {day: sum(of_service.get(key, 0) for key in keys) for day, keys in feed.services.items()}
    return {day: trips for day, trips in counts.items() if trips}


def representative_day(trips: Mapping[date, int]) -> date:
    """Return the day whose number of trips is nearest to the median of its kind.

    The kind is Tuesdays to Thursdays, which are alike in most timetables; where a feed has none, Mondays to
    Fridays; else all days. Of equally near days that nearest to the middle of the period counts, then the
    earliest.

    Parameters
    ----------
    trips
        Number of trips of each day, at least one day.
    """
    days = sorted(trips)
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
PERIODS = ((0, 6), (6, 9), (9, 16), (16, 19), (19, 24))
"""Times of day for which headways are stated: hours from and to."""


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
    departures
        How often it runs that day.
    """

    trip: int
    stations: tuple[int, ...]
    arrives_s: tuple[int, ...]
    departs_s: tuple[int, ...]
    departures: float

    @property
    def ride_s(self) -> int:
        """Seconds from its first departure to its last arrival."""
        return self.arrives_s[-1] - self.departs_s[0]

    def elapsed_s(self, *, back: bool = False) -> NDArray[np.int64]:
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
        return sum(train.departures for train in (*self.out, *self.back)) / 2


def trains_on(
    feed: Feed,
    day: date,
    station_of_stop: NDArray[np.int64],
    *,
    hours: tuple[float, float] | None = None,
) -> tuple[Train, ...]:
    """Return the trains of a day with what they do at some stations.

    A stop elsewhere counts as running time. Trains with fewer than two stations here are left out.

    Parameters
    ----------
    day
        The service day. Trips that began the day before belong to that day.
    station_of_stop
        Row of the station of each stop, -1 for stops that do not count.
    hours
        Only trains whose way lies, by its middle, between these hours of the day; None for all.
    """
    running = runs_on(feed, day)
    calls = feed.calls[running[feed.calls["trip"].to_numpy()]]
    station = station_of_stop[calls["stop"].to_numpy()]
    calls = calls.assign(station=station)[station >= 0]
    departures = feed.trips["departures"].to_numpy()
    found = []
    columns = ("trip", "station", "arrives_s", "departs_s")
    trip, at, arrives, departs = (calls[name].to_numpy() for name in columns)
    for own in np.split(np.arange(len(trip)), np.flatnonzero(np.diff(trip)) + 1):
        # Two calls at one station in a row are one: arrival of the first, departure of the last.
        new = np.flatnonzero(np.diff(at[own], prepend=-1)) if len(own) else own
        if len(new) < 2:
            continue
        first, last = own[new], own[np.append(new[1:], len(own)) - 1]
        train = Train(
            int(trip[own[0]]),
            tuple(at[first].tolist()),
            tuple(arrives[first].tolist()),
            tuple(departs[last].tolist()),
            float(departures[trip[own[0]]]),
        )
        middle_h = (train.departs_s[0] + train.arrives_s[-1]) / 2 % DAY_S / 3600
        start, end = hours or (0.0, 24.0)
        after, before = start <= middle_h, middle_h < end
        if (after and before) if start < end else (after or before):
            found.append(train)
    return tuple(found)


def both_directions(
    trains: Iterable[Train],
) -> dict[tuple[int, ...], tuple[list[Train], list[Train]]]:
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
    for stations, (out, back) in sorted(both_directions(trains).items()):
        directed = sorted(
            [(train, False) for train in out] + [(train, True) for train in back],
            key=lambda one: (one[0].ride_s, one[1], one[0].trip),
        )
        alike: list[list[tuple[Train, bool]]] = []
        for train, is_back in directed:
            if not alike or train.ride_s > (1 + most_spread) * alike[-1][0][0].ride_s:
                alike.append([])
            alike[-1].append((train, is_back))
        found += [_pattern(stations, group) for group in alike]
    return tuple(found)


def _pattern(stations: tuple[int, ...], group: Sequence[tuple[Train, bool]]) -> Pattern:
    # Medians of elapsed times never fall along the way, since those of no train do.
    elapsed = np.rint(np.median([train.elapsed_s(back=back) for train, back in group], axis=0))
    spans = np.diff(elapsed.astype(np.int64)).tolist()
    times = KnownTimes(tuple(spans[::2]), (0, *spans[1::2], 0))
    out, back = (tuple(train for train, is_back in group if is_back == way) for way in (False, True))
    return Pattern(stations, times, out, back)


def headways(patterns: Sequence[Pattern]) -> pd.DataFrame:
    """Return the headways of patterns by time of day.

    Returns
    -------
    pandas.DataFrame
        One row per pattern, direction and period with trains; columns `pattern` (row), `back` (bool),
        `from_h`, `to_h`, `trains`, `headway_s` (length of the period over its trains). A train belongs to the
        period in which it leaves its first station.
    """
    trains: dict[tuple[int, bool, tuple[int, int]], float] = defaultdict(float)
    for row, pattern in enumerate(patterns):
        for back, own in ((False, pattern.out), (True, pattern.back)):
            for train in own:
                hour = train.departs_s[0] % DAY_S / 3600
                period = next(one for one in PERIODS if one[0] <= hour < one[1])
                trains[row, back, period] += train.departures
    rows = [
        (row, back, start, end, count, round((end - start) * 3600 / count))
        for (row, back, (start, end)), count in sorted(trains.items())
    ]
    return pd.DataFrame(rows, columns=["pattern", "back", "from_h", "to_h", "trains", "headway_s"])
