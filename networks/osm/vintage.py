"""Tell from a `start_date` tag whether something was open on a day."""

from __future__ import annotations

import calendar
import re
from datetime import date

_FORM = re.compile(r"^\s*~?\s*(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?\s*$", re.ASCII)


def last_day(text: str) -> date | None:
    """Read a tag `YYYY`, `YYYY-MM` or `YYYY-MM-DD` as the last day that it can mean.

    Parameters
    ----------
    text
        Value of a `start_date` tag.

    Returns
    -------
    datetime.date or None
        None where the text is no such date.
    """
    match = _FORM.match(text)
    if match is None:
        return None
    year, month, day = (int(part) if part else 0 for part in match.groups())
    month = month or 12
    try:
        return date(year, month, day or calendar.monthrange(year, month)[1])
    except (ValueError, calendar.IllegalMonthError):
        return None


def was_open(start_date: str, *, on: date | None) -> bool:
    """Say whether something with this opening date was in use on a day.

    A month or a year counts from its last day, so a section is never used before it is sure to be open.
    What has no date, or one that cannot be read, counts as old.

    Parameters
    ----------
    start_date
        Value of the tag, empty when there is none.
    on
        The day; None for today's network, in which everything is open.

    Returns
    -------
    bool
        True when it was open at the end of that day.
    """
    if on is None or not start_date:
        return True
    opened = last_day(start_date)
    return opened is None or opened <= on
