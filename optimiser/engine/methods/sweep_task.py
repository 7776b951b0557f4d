"""Say what a process that answers the questions of a frontier is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Asked:
    """A question of a frontier.

    Attributes
    ----------
    budget
        Most money; None: any.
    least
        Least value of each measure of coverage; 0 and below say nothing.
    cheapest
        Minimise the cost; else maximise the sum of the measures.
    """

    budget: int | None
    least: tuple[int, ...]
    cheapest: bool

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {"budget": self.budget, "least": list(self.least), "cheapest": self.cheapest}


def asked_from(value: Mapping[str, Any]) -> Asked:
    """Return the question that a JSON object holds.

    Parameters
    ----------
    value
        As `Asked.as_dict` gives it.
    """
    return Asked(value["budget"], tuple(value["least"]), bool(value["cheapest"]))
