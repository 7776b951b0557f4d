"""Read the design speeds of new roads and railways by country."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any

from networks.countries import WORLD, figures


@dataclass(frozen=True, slots=True)
class Standards:
    """Design speeds of what is newly built, and the standards of the cost table that price it.

    Attributes
    ----------
    road_kmh
        Design speed of expressways, km/h.
    fast_kmh, fast_standard
        Long new railways.
    usual_kmh, usual_standard
        Short new railways.
    upgrade_kmh
        Speed to which slower tracks may be brought.
    source
        Where the figures come from.
    """

    road_kmh: float
    fast_kmh: float
    fast_standard: str
    usual_kmh: float
    usual_standard: str
    upgrade_kmh: float
    source: str

    @property
    def of_railways(self) -> dict[str, Any]:
        """Return the values of railways, by the fields of `RailRules`."""
        names = ("fast_kmh", "fast_standard", "usual_kmh", "usual_standard", "upgrade_kmh")
        return {name: getattr(self, name) for name in names}


@functools.cache
def _table() -> dict[str, Any]:
    file = resources.files("optimiser.proposals") / "data" / "standards.toml"
    return dict(tomllib.loads(file.read_text(encoding="utf-8"))["country"])


def read_standards(country: str = WORLD) -> Standards:
    """Return the standards of a country: its own, else those of its group, else those of the world.

    Parameters
    ----------
    country
        ISO 3166 code.
    """
    return Standards(**figures(_table(), country))
