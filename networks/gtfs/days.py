"""Choose the day of a timetable that stands for all."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from datetime import date

import numpy as np
from numpy.typing import NDArray

from networks.errors import SourceError
from networks.gtfs.feed import Feed

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
