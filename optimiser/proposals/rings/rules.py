"""State what a ring may consist of, where it may run and which cities it should serve."""

from __future__ import annotations

from dataclasses import dataclass

from optimiser.proposals.generate import KINDS, OWN

ROAD_CLASSES = ("motorway",)
"""Default classes of road at standard; their slip roads belong to them."""
RAIL_SPEED_KMH = 160.0
"""Default least design speed of tracks at standard."""

RING_KINDS = (*(name for name, kind in KINDS.items() if kind.in_rings), OWN)
"""Kinds of candidates of which a ring may consist: what lays or widens a line, not what runs on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RingRules:
    """Rules of one ring.

    Attributes
    ----------
    id
        Name of the ring.
    mode
        `road` or `rail`.
    classes
        Classes of link at standard; all where empty.
    speed_kmh
        Least speed of links at standard, and of candidates.
    centres
        Rows of the cities that it goes round.
    rivals
        Rows of cities whose surroundings it avoids: it keeps to where one of its own centres is the nearest
        of all.
    radius_km
        Least and greatest straight-line distance from the nearest centre.
    time_s
        Least and greatest driving time from the nearest centre.
    tiers
        Tiers of the cities that may lie on it.
    least_cities
        How many of them must.
    least_by_tier
        How many of a tier must: tier and number.
    must
        Rows of the cities that must lie on it, whatever their tier.
    longest_km
        Greatest length of the circuit.
    most_stretch
        Greatest length of the circuit over that of the shortest one that meets the same demands.
    on_s
        A city lies on it when the drive from the city to one of its junctions or stations takes at most this.
    required, reward, apart
        As in `optimiser.problem.Ring`.
    existing_cost_per_km
        What a km of existing road or track costs when the ring uses it; None: for roads below expressways
        what the cost table asks for rebuilding them, else nothing.
    gap_count, gap_longest_km
        At most so many further links are proposed to close it, and none is longer (straight line).
    tie_km
        A new line that ends in a city reaches on to links at standard that are at most this far away: a new
        expressway ends at the ones round the city and not in the market square.
    junction_km
        Ends of slip roads at most this far apart (straight line) are one junction.
    slip_km
        A slip road at most this long lies within one junction.
    thin_km
        Corners of the line of a link are left out where that moves it by at most this much.
    """

    id: str
    mode: str
    classes: tuple[str, ...]
    speed_kmh: float
    centres: tuple[int, ...]
    rivals: tuple[int, ...] = ()
    radius_km: tuple[float, float] = (0.0, float("inf"))
    time_s: tuple[float, float] = (0.0, float("inf"))
    tiers: tuple[str, ...] = ("secondary", "small")
    least_cities: int = 0
    least_by_tier: tuple[tuple[str, int], ...] = ()
    must: tuple[int, ...] = ()
    longest_km: float = float("inf")
    most_stretch: float = float("inf")
    on_s: int = 1200
    required: bool = True
    reward: int = 0
    apart: tuple[str, ...] = ()
    existing_cost_per_km: float | None = 0.0
    gap_count: int = 12
    gap_longest_km: float = 80.0
    tie_km: float = 10.0
    junction_km: float = 0.75
    slip_km: float = 2.0
    thin_km: float = 0.5

    @property
    def is_short(self) -> bool:
        """Return whether the length of the circuit is limited, so that of twin links short ones count."""
        return min(self.longest_km, self.most_stretch) < float("inf")

    def may_serve(self, city: int, tier: str) -> bool:
        """Return whether a city, given by its row, may lie on the ring."""
        return (tier in self.tiers or city in self.must) and city not in self.centres
