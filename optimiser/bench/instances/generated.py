"""List the generated problems of the bench."""

from __future__ import annotations

from functools import partial

from optimiser.bench import generators as g
from optimiser.bench.instances.instance import Instance

SIZES = (20, 40, 80, 160, 300)
"""Cities of the countries that show time against size."""


def generated() -> tuple[Instance, ...]:
    """Return the generated problems, family by family."""
    return (*_plain(), *_hard(), *_countries())


def _plain() -> list[Instance]:
    grids = [g.GridParameters(rows=n, columns=n, candidates=k, pairs=p, seed=s)
             for n, k, p in ((5, 25, 100), (7, 60, 300), (9, 100, 600)) for s in (1, 2)]  # fmt: skip
    lines = [g.CorridorParameters(corridors=n, cities=c, pairs=p, seed=s)
             for n, c, p in ((3, 8, 100), (4, 12, 300), (5, 16, 600)) for s in (1, 2)]  # fmt: skip
    hubs = [g.HubRingParameters(spokes=n, rings=r, pairs=p, seed=s)
            for n, r, p in ((8, 2, 80), (12, 4, 300), (16, 4, 600)) for s in (1, 2)]  # fmt: skip
    plains = [g.GeometricParameters(places=n, candidates=c, pairs=p, seed=s)
              for n, c, p in ((30, 45, 120), (60, 100, 400), (100, 180, 1_000)) for s in (1, 2)]  # fmt: skip
    return [
        *(Instance(p.name, "grid", f"lattice, {p.pairs} pairs", partial(g.grid, p)) for p in grids),
        *(
            Instance(p.name, "corridors", f"corridors, {p.pairs} pairs", partial(g.corridors, p))
            for p in lines
        ),
        *(
            Instance(p.name, "hub-ring", f"hub with rings, {p.pairs} pairs", partial(g.hub_ring, p))
            for p in hubs
        ),
        *(
            Instance(p.name, "geometric", f"missing links, {p.pairs} pairs", partial(g.geometric, p))
            for p in plains
        ),
    ]


def _hard() -> list[Instance]:
    empty = [g.HardParameters(seed=s) for s in (1, 2, 3)]
    roads = [g.HardParameters(roads_kmh=40, seed=s) for s in (1, 2)]
    return [
        *(Instance(p.name, "hard", "no road today, many ways a pair", partial(g.hard, p)) for p in empty),
        *(Instance(p.name, "hard", "slow roads today, many ways a pair", partial(g.hard, p)) for p in roads),
    ]


def _countries() -> list[Instance]:
    whole = g.NationalParameters()
    sizes = [g.sized(cities, seed=2) for cities in SIZES]
    return [
        Instance(
            whole.name, "national", "country of 300 cities, 10,000 open pairs", partial(g.national, whole)
        ),
        *(Instance(p.name, "size", f"country of {p.cities} cities", partial(g.national, p)) for p in sizes),
    ]
