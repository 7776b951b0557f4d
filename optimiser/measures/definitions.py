"""Define the measures of a region's structure: name, unit, meaning and source of each."""

from __future__ import annotations

from typing import NamedTuple


class Measure(NamedTuple):
    """A measure as a planner reads it.

    Attributes
    ----------
    name
        As in a heading.
    unit
        Of its values: `share` (0 to 1), `minutes`, `ratio`, `index` (0 to 1), `slope`, `cities`, `people`.
    meaning
        One line.
    source
        Publication; empty for a plain count.
    """

    name: str
    unit: str
    meaning: str
    source: str = ""


GREEN = "Green 2007; Burger and Meijers 2012"
FREEMAN = "Freeman 1977; Brandes 2001"

MEASURES = {
    "core_every_share": Measure(
        "Trips that cannot avoid the core",
        "share",
        "Weight of the pairs outside the core all of whose fastest routes run through it.",
    ),
    "core_some_share": Measure(
        "Trips that may run through the core",
        "share",
        "Weight of the pairs outside the core of which at least one fastest route runs through it.",
    ),
    "core_closed_minutes": Measure(
        "Time lost if the core were closed",
        "minutes",
        "Weighted mean over all pairs outside the core that still have a route.",
    ),
    "core_closed_cut_off_share": Measure(
        "Pairs cut off if the core were closed",
        "share",
        "Weight of the pairs outside the core that would have no route left.",
    ),
    "core_detour_ratio": Measure(
        "Time through the core",
        "ratio",
        "Time of all trips if each went through the core, divided by their fastest time; the larger, the "
        "less the region depends on its core.",
    ),
    "core_betweenness_share": Measure(
        "Core share of through traffic",
        "share",
        "Share of the core cities in the betweenness of all cities.",
        FREEMAN,
    ),
    "betweenness_evenness": Measure(
        "Evenness of through traffic",
        "index",
        "1: through traffic is spread evenly over the cities; 0: all of it runs through one city.",
        f"{GREEN}, applied to betweenness",
    ),
    "people_evenness": Measure(
        "Evenness of city sizes",
        "index",
        "Morphological polycentricity, 1: all cities have the same size. It does not depend on the plan.",
        GREEN,
    ),
    "people_slope": Measure(
        "Rank-size slope",
        "slope",
        "Mean of the slopes of the two, three and four largest cities; the nearer to 0, the more "
        "polycentric.",
        "Meijers and Burger 2010",
    ),
    "people_primacy_share": Measure("Primacy", "share", "Share of the largest city in all inhabitants."),
    "reach_evenness": Measure(
        "Evenness of people within reach",
        "index",
        "1: every city has the same number of people within the limit.",
        f"{GREEN}, applied to people within reach",
    ),
    "functional_polycentricity": Measure(
        "Functional polycentricity",
        "index",
        "Evenness of the covered relations over cities, times their share of all possible relations; 1: all "
        "cities are equally connected.",
        GREEN,
    ),
    "ring_cities": Measure("Cities on a ring", "cities", "Cities that a formed ring passes."),
    "ring_people": Measure("People on a ring", "people", "Inhabitants of the cities on a ring."),
    "through_share": Measure(
        "Trips through a city",
        "share",
        "Weight of the pairs of other cities whose fastest route comes near the city.",
        FREEMAN,
    ),
}
"""Measures of the table `polycentricity`, by key."""
