"""Write numbers the way a reader expects them."""

from __future__ import annotations

import re

from networks.timegraph import UNREACHABLE

SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}

KINDS = {
    "road_upgrade": "expressway upgrade",
    "road_link": "new road",
    "gap": "gap closed",
    "rail_link": "new rail line",
    "rail_upgrade": "faster rail line",
    "rail_service": "new train service",
    "rail_frequency": "more trains",
    "own": "own proposal",
}


def clock(seconds: int) -> str:
    """Return a travel time as hours and minutes, rounded up so that 4:00:01 never reads as 4:00."""
    if seconds >= UNREACHABLE:
        return "no path"
    minutes = -(-int(seconds) // 60)
    return f"{minutes // 60}:{minutes % 60:02d}"


def hours(seconds: int) -> str:
    """Return a limit in words: ``4 hours``, ``90 minutes``."""
    if seconds % 3600 == 0:
        return "1 hour" if seconds == 3600 else f"{seconds // 3600} hours"
    return f"{seconds // 60} minutes" if seconds % 60 == 0 else f"{seconds} seconds"


def short_hours(seconds: int) -> str:
    """Return a limit in short: ``4 h``, ``1.5 h``, ``35 min``, ``2,099 s``."""
    if seconds % 1800 == 0:
        return f"{seconds / 3600:g} h"
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds:,} s"


def whole(value: float) -> str:
    """Return a whole number with thousands parted by commas."""
    return f"{round(value):,}"


def people(count: float) -> str:
    """Return a number of people as one reads it: ``1.24 M``, ``310 k``."""
    if count >= 999_500:
        return f"{count / 1e6:.2f} M" if count < 1e7 else f"{count / 1e6:.1f} M"
    return f"{count / 1e3:.0f} k" if count >= 1000 else f"{count:.0f}"


def share(part: float, total: float) -> str:
    """Return a part as a percentage, a dash where there is no whole."""
    return f"{100 * part / total:.0f} %" if total else "–"


def gap(value: float | None) -> str:
    """Return a gap as a percentage, or that none is known."""
    if value is None:
        return "not known"
    percent = 100 * value
    return "0 %" if percent == 0 else f"{percent:.2g} %"


def per_person(money: str) -> tuple[int, str]:
    """Return by what to multiply a cost to state it per person, and the unit of the outcome.

    Examples
    --------
    >>> per_person("million CNY")
    (1000000, 'CNY')
    """
    scale, _, unit = money.partition(" ")
    return (SCALES[scale], unit) if scale in SCALES and unit else (1, money)


def kind(name: str) -> str:
    """Return the kind of a candidate in words."""
    return KINDS.get(name, name.replace("_", " "))


def slug(text: str) -> str:
    """Return a name that may stand in a class or an id: letters, digits and dashes only."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def each(value: float | None) -> str:
    """Return a cost per person, a dash where nobody gains."""
    import pandas as pd

    return "–" if value is None or pd.isna(value) else whole(value)
