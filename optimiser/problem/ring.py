"""Define ring roads to be formed, and periods in which to build, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

type Point = tuple[int, int]
"""Longitude and latitude in 1e-7 degree."""


@dataclass(frozen=True, slots=True)
class RingLink:
    """A two-way link that a ring may use.

    Attributes
    ----------
    tail, head
        Positions in `Ring.nodes`.
    candidate
        Id of the candidate that must be built for it; None: it exists at the ring's standard.
    via
        Inner points of its line, from tail to head.
    """

    tail: int
    head: int
    candidate: str | None = None
    via: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class RingStop:
    """A place that a ring serves when it passes one of some nodes.

    Attributes
    ----------
    id
        Name.
    nodes
        Positions in `Ring.nodes`.
    """

    id: str
    nodes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ring:
    """A ring that a plan must form, or earns something by forming.

    It is formed by a closed circuit of links that visits no node and uses no link twice, whose line winds
    once (+1 or -1) round every centre, and which passes a node of `least_stops` stops at least.

    Attributes
    ----------
    id
        Unique name.
    required
        The plan must form it.
    centres
        What it goes round; one at least.
    nodes
        Where its links meet.
    links
        What it may use.
    stops
        What it should pass.
    least_stops
        Stops that it must pass, >= 0.
    reward
        What forming it is worth, >= 0.
    apart
        Ids of the rings with whose circuits it shares no node position.
    """

    id: str
    required: bool
    centres: tuple[Point, ...]
    nodes: tuple[Point, ...]
    links: tuple[RingLink, ...]
    stops: tuple[RingStop, ...] = ()
    least_stops: int = 0
    reward: int = 0
    apart: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Period:
    """A span of time in which candidates are started and paid for.

    Attributes
    ----------
    id
        Name.
    budget
        Money that comes with it, >= 0; what is not spent carries over.
    factor
        What a unit of the objective counts for in it, >= 0.
    """

    id: str
    budget: int
    factor: int
