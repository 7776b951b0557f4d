"""Parse the speeds, numbers of tracks and service intervals of rail tags."""

from __future__ import annotations

import re
from collections.abc import Mapping

from networks.osm.durations import duration_s
from networks.schema import LEAST_SPEED_KMH, MOST_SPEED_KMH

_KM_PER_MILE = 1.609344
LONGEST_LEG_S = 24 * 3600
LONGEST_INTERVAL_S = 7 * 24 * 3600
"""A train that runs once a week is a service; one a day in one direction alone counts half in each, so that
16 hours of service over half a train, 32 hours, are common."""

SPEED_KEYS = ("maxspeed", "maxspeed:forward", "maxspeed:backward")
"""Tags of the speed of a track."""

_SPEED = re.compile(r"^(\d{1,4}(?:\.\d{1,3})?)\s*(km/h|kmh|kph|mph)?$")
_COUNT = re.compile(r"^[1-9]\d?$", re.ASCII)
_PLAIN_MINUTES = re.compile(r"^(\d{1,5}(?:\.\d{1,3})?)\s*(?:min|minutes)?$")


def parse_speed_kmh(text: str | None) -> float | None:
    """Parse a rail speed limit.

    Parameters
    ----------
    text
        Value of `maxspeed`: a number in km/h or mph, or a list separated by `;` or `|`, of which the highest
        counts. Limits for some trains only, `40 (freight)`, do not count.

    Returns
    -------
    float or None
        Speed in km/h; None if no part is a speed within the range of the data contract.
    """
    parts = [_one_speed_kmh(part.strip().lower()) for part in re.split(r"[;|]", text or "")]
    return max((speed for speed in parts if speed is not None), default=None)


def design_speed_kmh(tags: Mapping[str, str]) -> float | None:
    """Return the highest speed that the tags of a track state, in either direction; None without one.

    Parameters
    ----------
    tags
        Tags of a way; read are `maxspeed`, `maxspeed:forward` and `maxspeed:backward`.
    """
    values = (parse_speed_kmh(tags.get(key)) for key in SPEED_KEYS)
    return max((kmh for kmh in values if kmh is not None), default=None)


def _one_speed_kmh(text: str) -> float | None:
    match = _SPEED.match(text)
    if match is None:
        return None
    speed = float(match[1]) * (_KM_PER_MILE if match[2] == "mph" else 1.0)
    return speed if LEAST_SPEED_KMH <= speed <= MOST_SPEED_KMH else None


def number_of_tracks(tags: Mapping[str, str]) -> int:
    """Return the number of tracks of the line to which a way belongs.

    `tracks` counts what one way stands for, `passenger_lines` the tracks of a line whose tracks are ways of
    their own; the larger number counts.

    Parameters
    ----------
    tags
        Tags of a way.

    Returns
    -------
    int
        0 if neither tag is a whole number from 1 to 99.
    """
    values = (tags.get(key, "").strip() for key in ("tracks", "passenger_lines"))
    return max((int(value) for value in values if _COUNT.match(value)), default=0)


def parse_minutes_s(text: str | None) -> tuple[int, ...] | None:
    """Parse a list of minutes.

    Parameters
    ----------
    text
        Numbers of minutes at least 0, separated by `;`; fractions are allowed.

    Returns
    -------
    tuple of int or None
        Seconds of each; None if there is no list, or any part of it is not such a number below one day.
    """
    parts = [_PLAIN_MINUTES.match(part.strip()) for part in (text or "").split(";")]
    seconds = [round(float(match[0]) * 60) for match in parts if match is not None]
    return tuple(seconds) if len(seconds) == len(parts) and max(seconds) <= LONGEST_LEG_S else None


def parse_interval_s(text: str | None) -> int | None:
    """Parse the time between departures.

    Parameters
    ----------
    text
        Value of `interval`, in the forms of `networks.osm.durations.duration_s`.

    Returns
    -------
    int or None
        Seconds; None if the value is not a time between 1 s and one week.
    """
    seconds = duration_s(text or "")
    return seconds if seconds is not None and seconds <= LONGEST_INTERVAL_S else None
