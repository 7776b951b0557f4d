"""Hold all that a report is made of, as plain tables."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from optimiser.report.city_cover import CityCover
from optimiser.report.fairness import Fairness
from optimiser.report.measures import Measures
from optimiser.report.rings_shown import RingShown

TIERS = ("core", "secondary", "small")
"""Tiers of cities, largest first; other groups follow in alphabetical order."""

ATTRIBUTION = "© OpenStreetMap contributors"
"""What the Open Database Licence asks to be shown wherever its data are."""


@dataclass(frozen=True, slots=True)
class ReportInput:
    """Everything that the tables, pictures and pages of one plan show.

    Attributes
    ----------
    region
        Name of the region, as a reader should see it.
    limit_s
        Travel time limit T in seconds.
    budget
        Money that could be spent, None when the problem asks for least cost.
    money
        Unit of every cost, for example ``million CNY``.
    cost
        Cost of what is built, in `money`.
    objective, bound
        Covered weight of the plan (cost, without a budget) and the proven limit on it; None without a proof.
    gap, gap_of_gain
        Relative distance to the bound: of the objective, and of what the plan adds to today. None without a
        bound.
    status
        ``optimal``, ``feasible`` or ``none``.
    cities
        Columns `city_id`, `name`, `tier`, `population`, `geometry` (points, EPSG:4326), index 0..n-1.
    pairs
        One row an unordered pair; columns `origin`, `destination` (int64, rows of `cities`), `group` (str),
        `weight`, `limit_s`, `before_s`, `after_s`, `all_built_s` (int64, seconds;
        `networks.timegraph.UNREACHABLE` where no path leads) and `links` (tuple of the ids of the proposed
        links on the path of the plan, in order).
    links
        The proposed links in order of rank: the table of `optimiser.report.links`, with `geometry`
        (EPSG:4326).
    roads, rail
        Today's network: columns `link_class` (str), `geometry` (lines, EPSG:4326).
    definition
        ``door_to_door`` or ``in_vehicle``.
    variant, solver, seconds
        How the plan was found, and the wall time of the solve.
    assumptions
        Rows of (what, value), in the order in which they are to be read.
    sensitivity
        Coverage under other assumptions: columns `case` (str), then per group two columns `<group> before`
        and `<group> after` (float, shares 0 to 1). None where it was not computed.
    sources
        Sentences on data, vintage and licence.
    rings
        Rings that the job asks for, formed or not, in the order of the problem.
    notes
        Sentences to be read before the plan is taken for an answer; mostly none.
    attribution
        Shown on every picture and page.
    measures
        What the plan means beside coverage: equity, dependence on the core, worth of each link, build order.
        None where it was not measured.
    fairness
        What the demands of the job change and cost; None where it demands nothing.
    city_cover
        Cities that count as a whole; None where the job counts none.
    counted
        What the objective adds up, in words.
    """

    region: str
    limit_s: int
    budget: int | None
    money: str
    cost: int
    objective: int
    bound: float | None
    gap: float | None
    gap_of_gain: float | None
    status: str
    cities: gpd.GeoDataFrame
    pairs: pd.DataFrame
    links: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    rail: gpd.GeoDataFrame
    definition: str = "door_to_door"
    variant: str = ""
    solver: str = ""
    seconds: float = 0.0
    assumptions: tuple[tuple[str, str], ...] = ()
    sensitivity: pd.DataFrame | None = None
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rings: tuple[RingShown, ...] = ()
    measures: Measures | None = None
    fairness: Fairness | None = None
    city_cover: CityCover | None = None
    counted: str = "covered weight"
    attribution: str = ATTRIBUTION


def groups_in_order(groups: pd.Series) -> list[str]:
    """Return the distinct groups, known tiers first and largest first."""
    known = [tier for tier in TIERS if (groups == tier).any()]
    return known + sorted(set(groups) - set(TIERS))
