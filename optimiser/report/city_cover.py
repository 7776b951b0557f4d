"""Say which cities are covered as a whole, where a job counts them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TierCities:
    """Cities of one tier that count as a whole.

    Attributes
    ----------
    tier
        Its name.
    cities
        How many there are.
    before, after, all_built
        Covered with nothing built, with the plan, and with everything built.
    gained
        Names of those that the plan covers and that are not covered today.
    """

    tier: str
    cities: int
    before: int
    after: int
    all_built: int
    gained: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CityCover:
    """Cities that count as a whole.

    Attributes
    ----------
    meaning
        When a city is covered, in words.
    tiers
        Each tier, largest cities first.
    """

    meaning: str
    tiers: tuple[TierCities, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the value for `summary.json`."""
        return asdict(self)


def sentences(found: CityCover | None) -> tuple[str, ...]:
    """Return what becomes of the cities, for the screen and the page; empty where they do not count.

    Parameters
    ----------
    found
        The cities.
    """
    return tuple(_sentences(found)) if found is not None else ()


def _sentences(found: CityCover) -> Iterator[str]:
    counts = "; ".join(
        f"{tier.tier} {tier.before} today, {tier.after} with the plan, {tier.all_built} with everything "
        f"built, of {tier.cities}"
        for tier in found.tiers
    )
    yield f"Cities covered as a whole ({found.meaning}): {counts}."
    gained = [name for tier in found.tiers for name in tier.gained]
    if gained:
        yield f"Covered by the plan: {', '.join(gained)}."
