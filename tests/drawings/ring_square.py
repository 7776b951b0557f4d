"""Draw a square ring whose every kilometre is known by heart."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
from shapely import LineString, Point

from optimiser import verify
from optimiser.measures.ring_use import CONDITIONS, RingUse, TripUse
from optimiser.problem import Candidate, DesignProblem, Ring, RingLink, RingStop
from optimiser.report import ring_layout
from optimiser.report.ring_layout import Overlap, RingFacts, RingShown, Stop

DEGREE = ring_layout.DEGREE
CORNERS = ((116, 39), (117, 39), (117, 40), (116, 40))
"""South-west, south-east, north-east, north-west."""

CIRCUIT = (0, 1, 2, 3)
"""The ring anticlockwise from the south-west."""

KM = (100.0, 30.0, 80.0, 70.0, 20.0)
NAMES = ("G1;G2", "", "G3", "G2", "")


def square(**changes: object) -> Ring:
    """South, east (new), north (bends out), west; and a second new link beside the east side."""
    ring = Ring(
        id="outer",
        required=True,
        centres=((1164000000, 394000000),),
        nodes=tuple((x * DEGREE, y * DEGREE) for x, y in CORNERS),
        links=(
            RingLink(0, 1),
            RingLink(1, 2, "east"),
            RingLink(2, 3, via=((1165000000, 401000000),)),
            RingLink(0, 3),
            RingLink(1, 2, "far"),
        ),
        stops=(RingStop("a", (0,)), RingStop("b", (1, 2)), RingStop("c", (3,))),
        least_stops=2,
    )
    return replace(ring, **changes)


def design(ring: Ring, **changes: object) -> DesignProblem:
    """A problem of nothing but a ring."""
    candidates = (Candidate("east", 300, ()), Candidate("far", 500, ()))
    problem = DesignProblem("square", ("v",), (), candidates, (), 400, money="million CNY", rings=(ring,))
    return problem.replace(**changes) if changes else problem


def cities() -> gpd.GeoDataFrame:
    """A core city within the ring, three on it, one outside."""
    places = {
        "centre": ("Centre", "core", 6_000_000, (116.4, 39.4)),
        "inner": ("Inner", "small", 90_000, (116.6, 39.6)),
        "a": ("Ay", "secondary", 900_000, (116.01, 39.01)),
        "b": ("Bee", "small", 200_000, (117.02, 39.5)),
        "c": ("Sea", "small", 100_000, (116.0, 40.01)),
        "far": ("Away", "small", 80_000, (118.0, 39.0)),
    }
    rows = [(key, *values[:3], Point(values[3])) for key, values in places.items()]
    names = ["city_id", "name", "tier", "population", "geometry"]
    return gpd.GeoDataFrame(rows, columns=names, geometry="geometry", crs="EPSG:4326")


FACTS = RingFacts(
    "outer",
    mode="road",
    speed_kmh=100,
    centres=("Centre",),
    on_s=1200,
    stops=(Stop("a", 0, 61), Stop("b", 1, 900), Stop("b", 2, 600), Stop("c", 3, 0)),
)


def links() -> gpd.GeoDataFrame:
    """The ring links as they lie; the lines of the west and of the south run against their links."""
    corner = list(CORNERS)
    lines = [
        LineString([corner[1], (116.5, 38.9), corner[0]]),
        LineString([corner[1], corner[2]]),
        LineString([corner[2], (116.5, 40.1), corner[3]]),
        LineString([corner[3], corner[0]]),
        LineString([corner[1], (117.5, 39.5), corner[2]]),
    ]
    candidates = ("", "east", "", "", "far")
    table = {
        "ring": "outer",
        "position": range(5),
        "candidate_id": candidates,
        "name": NAMES,
        "length_km": KM,
        "tie_km": 0.0,
    }
    return gpd.GeoDataFrame(table, geometry=lines, crs="EPSG:4326")


KNOWN = Overlap(
    reference="known",
    name="the known ring",
    corridor_km=15,
    reference_km=350.0,
    share_of_ring=0.25,
    share_of_reference=0.125,
    line=LineString([(116, 39), (116.9, 39), (116.9, 39.9), (116, 39.9), (116, 39)]),
    source="Drawn by hand",
)


def shown(
    circuit: tuple[int, ...] = CIRCUIT,
    *,
    ring: Ring | None = None,
    **changes: object,
) -> RingShown:
    """The ring as a report shows it; an empty circuit: not formed. Links without a candidate exist."""
    ring = ring or square()
    problem = design(replace(ring, required=False))
    built = [name for name in ("east", "far") if any(ring.links[k].candidate == name for k in circuit)]
    plan = verify.score(problem, built, rings={"outer": circuit} if circuit else {})
    found = ring_layout.lay_out(problem, plan, cities=cities(), links=links(), facts=[FACTS])
    return replace(found[0], required=ring.required, **changes)


def _trips(through: int, last: int) -> tuple[TripUse, ...]:
    """Return trips in the three conditions, of which `last` pairs are faster by 15 minutes."""
    return tuple(
        TripUse(
            roads=roads,
            pairs=60,
            through_pairs=through,
            through_trips=100.0,
            through_share=0.25,
            relieved_pairs=20 - through,
            mean_minutes=None if last > 2 else 90.0,
            faster=6 * last,
            faster_5=3 * last,
            faster_15=last,
        )
        for roads in CONDITIONS
    )


USE = RingUse(
    today=_trips(20, 0),
    alone=_trips(17, 2),
    plan=_trips(16, 3),
    near_people=1_500_000,
    second_way_km=50.0,
    second_way_existing_km=20.0,
    facts={
        "source": "drawn by hand",
        "places": 12,
        "least_people": 20_000,
        "cores": ["Hub", "Side"],
        "congested_kmh": 25.0,
        "near_min": 20,
    },
)
"""What the ring is for."""
