"""Read the speeds and intervals that rail tags state."""

from __future__ import annotations

import re

MILE_KM = 1.609344
LEAST_KMH, MOST_KMH = 5.0, 400.0
LONGEST_INTERVAL_S = 24 * 3600

_SPEED = re.compile(r"^(\d{1,4}(?:\.\d{1,3})?)\s*(km/h|kmh|kph|mph)?$")
_CLOCK = re.compile(r"^(\d{1,2}):([0-5]\d)(?::([0-5]\d))?$")
_MINUTES = re.compile(r"^(\d{1,4}(?:\.\d{1,3})?)\s*(?:min|minutes)?$")


def parse_speed_kmh(text: str | None) -> float | None:
    """Read a rail speed limit.

    Parameters
    ----------
    text
        Value of `maxspeed`: a number in km/h or mph, or a list split by `;` of which the highest counts.

    Returns
    -------
    float or None
        Speed in km/h, or None when no part reads as a speed from 5 to 400 km/h.
    """
    speeds = [_one_speed_kmh(part.strip().lower()) for part in (text or "").split(";")]
    read = [speed for speed in speeds if speed is not None]
    return max(read) if read else None


def _one_speed_kmh(text: str) -> float | None:
    match = _SPEED.match(text)
    if match is None:
        return None
    speed = float(match[1]) * (MILE_KM if match[2] == "mph" else 1.0)
    return speed if LEAST_KMH <= speed <= MOST_KMH else None


def parse_interval_s(text: str | None) -> int | None:
    """Read the time between departures.

    Parameters
    ----------
    text
        Value of `interval`: `HH:MM`, `HH:MM:SS` or minutes.

    Returns
    -------
    int or None
        Seconds, or None when it does not read as a time above zero and up to a day.
    """
    value = (text or "").strip().lower()
    if clock := _CLOCK.match(value):
        seconds = int(clock[1]) * 3600 + int(clock[2]) * 60 + int(clock[3] or 0)
    elif minutes := _MINUTES.match(value):
        seconds = round(float(minutes[1]) * 60)
    else:
        return None
    return seconds if 0 < seconds <= LONGEST_INTERVAL_S else None
