"""Hold a public network as its file says it, before any choice is made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from optimiser.problem.errors import ProblemError


class Link(NamedTuple):
    """A directed link: two nodes (positions), length or time, and cost, in the units of the file."""

    id: str
    tail: int
    head: int
    measure: float
    cost: float


class Demand(NamedTuple):
    """What wants to travel between two nodes (positions)."""

    origin: int
    destination: int
    value: float


@dataclass(frozen=True, slots=True)
class PublicNetwork:
    """A network with its demands.

    Attributes
    ----------
    name, source
        Of the network, and the kind of file that it comes from.
    nodes
        Ids.
    links
        Directed; a two-way link stands twice with one id.
    demands
        What wants to travel.
    terminals
        The first so many nodes only begin and end trips: no way leads through them.
    unit
        What `Link.measure` counts: `metres`, or `minutes` (whatever unit of time the file has).
    """

    name: str
    source: str
    nodes: tuple[str, ...]
    links: tuple[Link, ...]
    demands: tuple[Demand, ...]
    terminals: int
    unit: str


def whole_number(text: str) -> int | None:
    """Return the whole number that digits 0 to 9 write, at most 18 of them; else None."""
    return int(text) if _WHOLE.fullmatch(text) else None


_WHOLE = re.compile(r"[0-9]{1,18}")


class Faults:
    """Collects the faults of a file, each with its line.

    Parameters
    ----------
    where
        Path of the file, for messages.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._found: list[tuple[int, str]] = []

    def add(self, line: int, text: str) -> None:
        """Take a fault; line 0: of the file as a whole."""
        self._found.append((line, text))

    def number(self, line: int, text: str, what: str, *, least: float = 0.0) -> float:
        """Return a number of the file; what is none, or out of bounds, becomes a fault and `least`.

        Parameters
        ----------
        line
            Where it stands.
        text
            What stands there.
        what
            Name of the number, for the message.
        least
            Smallest value allowed.
        """
        try:
            value = float(text)
        except ValueError:
            self.add(line, f"{what}: {text!r} is not a number")
            return least
        if not least <= value < 2.0**53:
            self.add(line, f"{what}: {text} is not between {least:g} and 2^53")
            return least
        return value

    def whole(self, line: int, text: str, what: str, *, most: int) -> int:
        """Return a whole number >= 0 of the file; what is none, or too large, becomes a fault and 0.

        Parameters
        ----------
        line
            Where it stands.
        text
            What stands there.
        what
            Name of the number, for the message.
        most
            Largest value allowed.
        """
        value = whole_number(text)
        if value is None:
            self.add(line, f"{what}: {text!r} is not a whole number")
        elif value > most:
            self.add(line, f"{what}: {text} is above {most:,}")
        return value if value is not None and value <= most else 0

    def refuse(self) -> None:
        """Return when there is no fault.

        Raises
        ------
        ProblemError
            With all faults in order of their lines.
        """
        if self._found:
            told = [f"line {line}: {text}" if line else text for line, text in sorted(self._found)]
            shown = told[:MOST_SHOWN] + (
                [f"and {len(told) - MOST_SHOWN} more"] if len(told) > MOST_SHOWN else []
            )
            raise ProblemError(
                "the network cannot be read",
                where=self._where,
                faults=shown,
                done="Nothing was written.",
                remedy="Mend the lines named, or fetch the file again.",
            )


MOST_SHOWN = 20
"""Faults that one message lists; the rest is counted."""
