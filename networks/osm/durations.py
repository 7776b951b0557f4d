"""Parse durations as they are tagged."""

from __future__ import annotations

import re

_CLOCK = re.compile(r"^(\d{1,3}):(\d{2})(?::(\d{2}))?$", re.ASCII)
_ISO = re.compile(
    r"^P(?:(\d{1,2})D)?(?:T(?:(\d{1,3})H)?(?:(\d{1,4})M)?(?:(\d{1,5})S)?)?$", re.IGNORECASE | re.ASCII
)
_MINUTES = re.compile(r"^(\d{1,4}(?:\.\d+)?)\s*(?:min|mins|minutes)?$", re.IGNORECASE | re.ASCII)
_HOURS = re.compile(r"^(\d{1,2}(?:\.\d+)?)\s*(?:h|hr|hour|hours)$", re.IGNORECASE | re.ASCII)
_LONGEST_S = 14 * 24 * 3600


def duration_s(text: str) -> int | None:
    """Parse a `duration` tag.

    Parameters
    ----------
    text
        `HH:MM`, `HH:MM:SS`, minutes (`35`, `35 min`), hours (`2 h`) or ISO 8601 (`PT1H30M`).

    Returns
    -------
    int or None
        Seconds, between one second and two weeks; None if the text is not such a duration.
    """
    seconds = _seconds(text.strip())
    return seconds if seconds is not None and 1 <= seconds <= _LONGEST_S else None


def _seconds(text: str) -> int | None:
    if match := _CLOCK.match(text):
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return hours * 3600 + minutes * 60 + seconds if minutes < 60 and seconds < 60 else None
    if match := _MINUTES.match(text):
        return round(float(match[1]) * 60)
    if match := _HOURS.match(text):
        return round(float(match[1]) * 3600)
    if match := _ISO.match(text):
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return days * 86400 + hours * 3600 + minutes * 60 + seconds
    return None
