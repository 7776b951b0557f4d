"""Turn places, roads and proposed links into a design problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from optimiser.bench.generators.plane import Integers
from optimiser.engine.search.paths import FAR, LONGEST, graph, opened, times_from
from optimiser.problem import Arc, Candidate, DesignProblem, Pair

NOWHERE = int(FAR)
"""Time between places without a way."""


class Road(NamedTuple):
    """A two-way link that exists: two places and seconds."""

    a: int
    b: int
    seconds: int


class Proposal(NamedTuple):
    """A two-way link that may be built: two places, seconds and cost."""

    a: int
    b: int
    seconds: int
    cost: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """What there is and what may be built, before anybody wants to travel.

    Attributes
    ----------
    places
        Number of places.
    roads
        What exists.
    links
        What may be built.
    """

    places: int
    roads: tuple[Road, ...]
    links: tuple[Proposal, ...]

    def arcs(self) -> tuple[Arc, ...]:
        """Return the arcs that are open today."""
        return tuple(arc for road in self.roads for arc in two_way(*road))

    def candidates(self, kind: str) -> tuple[Candidate, ...]:
        """Return the candidates, numbered in order."""
        width = len(str(max(len(self.links) - 1, 0)))
        return tuple(
            Candidate(id=f"c{j:0{width}}", cost=link.cost, arcs=two_way(*link[:3]), kind=kind)
            for j, link in enumerate(self.links)
        )

    def times(self, *, built: bool) -> Integers:
        """Return the times between all places, seconds, `NOWHERE` without a way.

        Parameters
        ----------
        built
            With every link built, or with none.
        """
        whole = DesignProblem(
            name="drawing", nodes=names(self.places), arcs=self.arcs(), candidates=self.candidates(""),
            pairs=(Pair(0, 0, LONGEST, 0),), budget=0,
        )  # fmt: skip
        net, mask = graph(whole), opened(whole, range(len(self.links)) if built else ())
        rows = [times_from(net, mask, place, LONGEST) for place in range(self.places)]
        return np.array(rows, dtype=np.int64).reshape(self.places, self.places)


def two_way(a: int, b: int, seconds: int) -> tuple[Arc, Arc]:
    """Return the two arcs of a link."""
    return (a, b, seconds), (b, a, seconds)


def names(count: int) -> tuple[str, ...]:
    """Return the ids of places: `p0`, `p1`, padded so that they sort as they are numbered."""
    width = len(str(max(count - 1, 0)))
    return tuple(f"p{i:0{width}}" for i in range(count))


def drive_s(metres: int, kmh: int) -> int:
    """Return the seconds that a drive takes, rounded up, at least 1.

    Parameters
    ----------
    metres
        Length.
    kmh
        Speed, km/h.
    """
    return max(1, -(-metres * 18 // (5 * kmh)))


def price(metres: int, per_km: int, percent: int = 100) -> int:
    """Return the cost of a link, at least 1.

    Parameters
    ----------
    metres
        Length.
    per_km
        Money a kilometre.
    percent
        Factor of the ground, in per cent.
    """
    return max(1, metres * per_km * percent // 100_000)


def drawn_pairs(rng: np.random.Generator, pairs: Sequence[tuple[int, int]], count: int) -> Sequence[int]:
    """Draw positions of a list without repetition, sorted; all where there are no more than asked for."""
    if len(pairs) <= count:
        return range(len(pairs))
    return sorted(rng.permutation(len(pairs))[:count].tolist())


def upper(count: int) -> list[tuple[int, int]]:
    """Return all pairs of places a < b in order."""
    return [(a, b) for a in range(count) for b in range(a + 1, count)]


def share_of(total: int, percent: int) -> int:
    """Return a share of money, rounded down."""
    return total * percent // 100


def problem_of(
    drawing: Drawing,
    pairs: Sequence[Pair],
    *,
    name: str,
    budget_percent: int,
    note: str,
    kind: str = "road",
) -> DesignProblem:
    """Return the design problem of a drawing.

    Parameters
    ----------
    drawing
        Places, roads and links.
    pairs
        Who should reach whom.
    name, note
        Of the problem.
    budget_percent
        Budget as a share of the cost of all links, per cent, rounded down.
    kind
        Of the candidates.
    """
    return DesignProblem(
        name=name,
        nodes=names(drawing.places),
        arcs=drawing.arcs(),
        candidates=drawing.candidates(kind),
        pairs=tuple(pairs),
        budget=share_of(sum(link.cost for link in drawing.links), budget_percent),
        note=note,
        money="units",
    )
