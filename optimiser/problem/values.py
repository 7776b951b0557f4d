"""Judge single values of a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

LARGEST = 2**63 - 1
"""Largest integer of the format."""


def is_integer(value: object, *, low: int = 0, high: int = LARGEST) -> bool:
    """Say whether a value is an integer (no bool, no float) within bounds."""
    return type(value) is int and low <= value <= high


def twice(names: Iterable[str]) -> list[str]:
    """Return the names that occur more than once, sorted."""
    return sorted(name for name, count in Counter(names).items() if count > 1)


def unused(name: str, taken: Collection[str]) -> str:
    """Return a name that is not taken: the one given, with as many dashes as it needs."""
    while name in taken:
        name += "'"
    return name
