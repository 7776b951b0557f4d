"""Decide from a `start_date` tag whether a feature was open on a given day."""

from __future__ import annotations

import calendar
import re
from datetime import date

_DATE = re.compile(r"^\s*~?\s*(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?\s*$", re.ASCII)


def last_day(text: str) -> date | None:
    """Return the latest day that a value `YYYY`, `YYYY-MM` or `YYYY-MM-DD` can mean.

    Parameters
    ----------
    text
        Value of a `start_date` tag.

    Returns
    -------
    datetime.date or None
        None if the text is not such a date.
    """
    match = _DATE.match(text)
    if match is None:
        return None
    year, month, day = (int(part) if part else 0 for part in match.groups())
    month = month or 12
    try:
        return date(year, month, day or calendar.monthrange(year, month)[1])
    except (ValueError, calendar.IllegalMonthError):
        return None


def was_open(start_date: str, *, on: date | None) -> bool:
    """Return whether a feature with this opening date was open at the end of a day.

    A month or a year counts as its last day, so that nothing is used before it has certainly opened.
    Features without a date, or with one that cannot be parsed, count as open.

    Parameters
    ----------
    start_date
        Value of the tag, empty if there is none.
    on
        The day; None for the network of today, in which everything is open.
    """
    if on is None or not start_date:
        return True
    opened = last_day(start_date)
    return opened is None or opened <= on


def had_ended(end_date: str, *, on: date | None) -> bool:
    """Return whether a feature with this last day was gone on a given day.

    A month or a year counts as its last day. Features without a date, or with one that cannot be parsed, have
    not ended.

    Parameters
    ----------
    end_date
        Value of the tag, empty if there is none.
    on
        The day; None for the network of today, in which everything that has a last day is gone.
    """
    last = last_day(end_date)
    return last is not None and (on is None or last < on)
