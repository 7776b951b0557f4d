"""Say how much of a test each tier runs: some drawn cases in the first tier, many more in the long one.

`conftest.py` chooses the tier before any test is imported. What a test asserts is the same in both.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import settings

FIRST, LONG, BOTH = TIERS = ("first", "long", "both")

MANY = 24
"""Parameters above which they are seeds, of which the long tier takes a third."""
FEWEST = 8
"""Examples that Hypothesis draws in the first tier at least, where a test has as many."""


class Tier:
    """The tier that this process runs."""

    name = FIRST


def examples(count, **others):
    """Return settings of Hypothesis: a tenth of the examples in the first tier, half in the long one.

    `both` draws all. There is no limit of time in any.
    """
    few = min(count, max(FEWEST, count // 10))
    drawn = {FIRST: few, LONG: max(few, count // 2), BOTH: count}
    return settings(max_examples=drawn[Tier.name], deadline=None, **others)


def draws(first: int, every: int) -> range:
    """Return the cases that a loop runs through in this tier; tests get this function as a fixture."""
    return range(first if Tier.name == LONG else 0, first if Tier.name == FIRST else every)


def thinned[T](values: Sequence[T], first: int, *, packed: bool = True) -> list[T]:
    """Return parameters of a test: some, spread evenly, run in the first tier, the others in the long one.

    Of more than `MANY` the long tier takes a third; `both` takes all. A tuple holds several parameters,
    unless it is not `packed`.
    """
    step = max(1, len(values) // first)
    kept = {at * step + at % step for at in range(first)}
    if Tier.name == LONG and len(values) > MANY:
        return [
            long_case(*(value if packed and isinstance(value, tuple) else (value,)))
            for value in [value for at, value in enumerate(values) if at not in kept][::3]
        ]
    if Tier.name == FIRST:
        return [value for at, value in enumerate(values) if at in kept]
    return [
        value if at in kept else long_case(*(value if packed and isinstance(value, tuple) else (value,)))
        for at, value in enumerate(values)
    ]


def long_case(*values, **others):
    """Return one parameter of a test, or several, that only the long tier runs."""
    return pytest.param(*values, marks=pytest.mark.long, **others)
