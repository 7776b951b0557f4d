"""Generate a country: cities by tiers, corridors between the big ones, links between neighbours."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from optimiser.bench.generators import plane
from optimiser.bench.generators.drawing import (
    Drawing,
    Proposal,
    Road,
    drawn_pairs,
    drive_s,
    price,
    problem_of,
    upper,
)
from optimiser.bench.generators.plane import Integers
from optimiser.problem import DesignProblem, Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class NationalParameters:
    """What a country is made from.

    Attributes
    ----------
    cities, candidates
        Numbers of each.
    open_pairs
        Pairs that are not covered today but can be.
    budget_percent
        Budget as a share of the cost of all candidates.
    seed
        Seed.
    """

    cities: int = 300
    candidates: int = 1_000
    open_pairs: int = 10_000
    budget_percent: int = 10
    seed: int = 1

    @property
    def name(self) -> str:
        """Return the name of the problem made."""
        return f"national_{self.cities}_{self.seed}"


AREA_M2 = 60_000**2
"""Ground of a city on average."""
APART_M = 20_000
LARGEST = 20_000_000
"""People of the largest city; the r-th has so many over r (Zipf's rule)."""
CORE_SHARE, SECONDARY_SHARE = 15, 4
"""One city in 15 is core, one in 4 of the others secondary."""
SLOW_KMH, ROAD_KMH, CORRIDOR_KMH, LINK_KMH = 50, 60, 110, 120
DETOUR_PERCENT = 125
"""A road that exists is so much longer than the straight line."""
LINK_DETOUR_PERCENT = 108
STEP_S = 300
"""Limits are tried in these steps."""


@dataclass(frozen=True, slots=True)
class _Country:
    lengths: Integers
    people: tuple[int, ...]
    tiers: tuple[str, ...]
    drawing: Drawing


def national(p: NationalParameters) -> DesignProblem:
    """Return a country in which some pairs of cities are covered and a given number is open.

    Cities lie at random with a least distance, sizes by Zipf's rule in random places. Roads of 60 km/h join
    them as a spanning tree and as Gabriel neighbours (two in three), corridors of 110 km/h the core cities as
    Gabriel neighbours among themselves, along the roads that are quickest so far. Candidates are links of
    120 km/h between closest neighbours that no corridor joins. All pairs have one limit, the least multiple
    of 300 s at which `open_pairs` pairs are uncovered today and coverable; of those as many are drawn, and
    every pair within the limit today is there as well. The weight of a pair is the square root of the
    thousands of people of its smaller city.

    Parameters
    ----------
    p
        What to make.
    """
    rng = plane.generator(p.seed)
    country = _country(p, rng)
    today, best = country.drawing.times(built=False), country.drawing.times(built=True)
    limit = _limit(today, best, p.open_pairs)
    every = upper(p.cities)
    covered = [(a, b) for a, b in every if today[a, b] <= limit]
    waiting = [(a, b) for a, b in every if best[a, b] <= limit < today[a, b]]
    chosen = [waiting[k] for k in drawn_pairs(rng, waiting, p.open_pairs)]
    return problem_of(
        country.drawing,
        [_pair(country, a, b, limit) for a, b in sorted([*covered, *chosen])],
        name=p.name,
        budget_percent=p.budget_percent,
        note=f"Generated country, one limit of {limit} s, {len(chosen)} pairs open today. {p!r}",
    )


def sized(cities: int, seed: int = 1) -> NationalParameters:
    """Return the parameters of a smaller country with candidates and open pairs in proportion.

    Parameters
    ----------
    cities
        Number of cities n; 10 n / 3 candidates, n^2 / 9 open pairs, as the country of 300 has.
    seed
        Seed.
    """
    return NationalParameters(
        cities=cities, candidates=cities * 10 // 3, open_pairs=cities * cities // 9, seed=seed
    )


def _country(p: NationalParameters, rng: np.random.Generator) -> _Country:
    side = math.isqrt(AREA_M2 * p.cities)
    points = plane.scattered(rng, p.cities, side_m=side, apart_m=APART_M)
    lengths = plane.distances(points)
    rank = rng.permutation(p.cities).tolist()
    people = tuple(LARGEST // (r + 1) for r in rank)
    cores = max(3, p.cities // CORE_SHARE)
    middling = cores + (p.cities - cores) // SECONDARY_SHARE
    tiers = tuple("core" if r < cores else "secondary" if r < middling else "small" for r in rank)
    roads = _roads(points, lengths, rng)
    big = [i for i, r in enumerate(rank) if r < cores]
    corridors = _corridors(points, big, Drawing(p.cities, tuple(roads), ()))
    links = _links(points, lengths, p.candidates, corridors, rng)
    upgraded = [
        Road(a, b, drive_s(int(lengths[a, b]) * DETOUR_PERCENT // 100, CORRIDOR_KMH)) for a, b in corridors
    ]
    return _Country(lengths, people, tiers, Drawing(p.cities, (*roads, *upgraded), tuple(links)))


def _roads(points: Integers, lengths: Integers, rng: np.random.Generator) -> list[Road]:
    tree = set(plane.spanning_tree(lengths))
    empty = plane.between(points) == 0
    edges = [edge for edge in upper(len(points)) if empty[edge]]
    kept = (rng.integers(0, 3, size=len(edges)) > 0).tolist()
    chosen = sorted(tree | {edge for edge, keep in zip(edges, kept, strict=True) if keep})
    return [Road(a, b, drive_s(int(lengths[a, b]) * DETOUR_PERCENT // 100, ROAD_KMH)) for a, b in chosen]


def _corridors(points: Integers, big: list[int], roads: Drawing) -> list[tuple[int, int]]:
    """Return the roads on the quickest ways between core cities that are neighbours, sorted."""
    empty = plane.between(points[big]) == 0
    times = roads.times(built=False)
    steps = {(a, b): s for road in roads.roads for a, b, s in (road, (road.b, road.a, road.seconds))}
    found: set[tuple[int, int]] = set()
    for i, j in upper(len(big)):
        if empty[i, j]:
            found |= _way(big[i], big[j], times, steps)
    return sorted(found)


def _way(start: int, end: int, times: Integers, steps: dict[tuple[int, int], int]) -> set[tuple[int, int]]:
    """Return the links of the quickest way, going back from its end, ties to the smaller number."""
    links: set[tuple[int, int]] = set()
    while end != start:
        before = min(
            a for (a, b), s in steps.items() if b == end and times[start, a] + s == times[start, end]
        )
        links.add((min(before, end), max(before, end)))
        end = before
    return links


def _links(
    points: Integers,
    lengths: Integers,
    count: int,
    corridors: list[tuple[int, int]],
    rng: np.random.Generator,
) -> list[Proposal]:
    taken = set(corridors)
    near = [e for e in plane.neighbours(points, count + len(taken)) if e not in taken][:count]
    ground = rng.integers(80, 240, size=len(near), endpoint=True).tolist()
    found = []
    for (a, b), percent in sorted(zip(near, ground, strict=True)):
        metres = int(lengths[a, b]) * LINK_DETOUR_PERCENT // 100
        found.append(Proposal(a, b, drive_s(metres, LINK_KMH), price(metres, 10, percent)))
    return found


def _limit(today: Integers, best: Integers, wanted: int) -> int:
    """Return the first limit with enough open pairs, or the one with the most."""
    upper_half = np.triu_indices(len(today), 1)
    now, then = today[upper_half], best[upper_half]
    steps = range(STEP_S, int(now.max()) + STEP_S, STEP_S)
    counts = [(int(((then <= limit) & (limit < now)).sum()), limit) for limit in steps]
    enough = [limit for count, limit in counts if count >= wanted]
    return enough[0] if enough else max(counts, key=lambda c: (c[0], -c[1]))[1]


def _pair(country: _Country, a: int, b: int, limit: int) -> Pair:
    small = max(a, b, key=lambda city: (-country.people[city], city))
    weight = math.isqrt(country.people[small] // 1_000)
    return Pair(a, b, limit, weight, country.tiers[small])
