"""Say what the measures of a region's structure are, in a line each, with unit and source."""

from __future__ import annotations

from typing import NamedTuple


class Measure(NamedTuple):
    """A measure as a planner reads it.

    Attributes
    ----------
    words
        Its name.
    unit
        Of its values: `share` (0 to 1), `minutes`, `ratio`, `index` (0 to 1), `slope`, `cities`, `people`.
    meaning
        One line.
    source
        Where the measure comes from; empty for a plain count.
    """

    words: str
    unit: str
    meaning: str
    source: str


GREEN = "Green 2007; Burger and Meijers 2012"
FREEMAN = "Freeman 1977; Brandes 2001"

MEASURES = {
    "core_every_share": Measure(
        "Trips that cannot avoid the core",
        "share",
        "Weight of the pairs outside the core all of whose fastest routes run through it.",
        "",
    ),
    "core_some_share": Measure(
        "Trips that may run through the core",
        "share",
        "As above, where another route just as fast may pass it by.",
        "",
    ),
    "core_closed_minutes": Measure(
        "Time lost were the core closed",
        "minutes",
        "Mean over all pairs outside the core that still have a route, by weight.",
        "",
    ),
    "core_closed_cut_off_share": Measure(
        "Cut off were the core closed",
        "share",
        "Weight of the pairs outside the core that would have no route left.",
        "",
    ),
    "core_detour_ratio": Measure(
        "Time by way of the core",
        "ratio",
        "Time of all trips if each went through the core, per their fastest time; the larger, the less the "
        "region needs its core.",
        "",
    ),
    "core_betweenness_share": Measure(
        "Share of the core in all through traffic",
        "share",
        "Of all passings of a city by trips of others, those of core cities.",
        FREEMAN,
    ),
    "betweenness_evenness": Measure(
        "Evenness of through traffic over cities",
        "index",
        "1: trips of others run alike through every city; 0: all through one.",
        f"{GREEN}, of betweenness",
    ),
    "people_evenness": Measure(
        "Evenness of people over cities",
        "index",
        "Morphological polycentricity, 1: all cities are as large. No plan changes it.",
        GREEN,
    ),
    "people_slope": Measure(
        "Rank-size slope",
        "slope",
        "Of the two, three and four largest cities; the flatter (nearer 0), the more polycentric.",
        "Meijers and Burger 2010",
    ),
    "people_primacy_share": Measure("Largest city in all people", "share", "Share of the largest city.", ""),
    "reach_evenness": Measure(
        "Evenness of people within reach",
        "index",
        "1: from every city as many people are within the limit.",
        f"{GREEN}, of people within reach",
    ),
    "functional_polycentricity": Measure(
        "Functional polycentricity",
        "index",
        "Evenness of covered relations over cities, times their share of all there could be; 1: all cities "
        "are joined alike.",
        GREEN,
    ),
    "ring_cities": Measure("Cities on a ring", "cities", "Cities that a formed ring passes.", ""),
    "ring_people": Measure("People on a ring", "people", "Inhabitants of those cities.", ""),
    "through_share": Measure(
        "Trips that run through a city",
        "share",
        "Weight of the pairs of other cities whose fastest route comes near the city.",
        FREEMAN,
    ),
}
"""Measures of the table `polycentricity`, by key."""
