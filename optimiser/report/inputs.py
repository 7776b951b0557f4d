"""Assemble all that a report shows: plain tables, figures and words of one plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimiser.measures.coverage import CityCover, Fairness
from optimiser.measures.order import Ranking
from optimiser.measures.tables import Measures
from optimiser.problem import DesignProblem
from optimiser.problem.result import ProofSource
from optimiser.report import tables, wording
from optimiser.report.cases import CaseResults, Reach
from optimiser.report.ring_layout import RingShown
from optimiser.verify import Plan

ATTRIBUTION = "© OpenStreetMap contributors"
"""What the Open Database Licence asks to be shown wherever its data are."""


type Question = Literal["cases", "margins", "prices", "speeds"]
"""What a finished run can be asked: plausible cases, margins of rings, prices of demands, other speeds."""


@dataclass(frozen=True, slots=True)
class PointShown:
    """A point of a frontier as a page shows it.

    Attributes
    ----------
    cost
        Cost of its plan.
    share
        Share of the weight of all pairs that it covers, 0 to 1.
    gap
        Relative gap; None without a bound.
    built
        Ids of the candidates that it builds.
    covered
        Positions of the pairs within the limit.
    rings
        Ids of the rings that it forms.
    is_knee
        Whether it is the knee of the frontier.
    """

    cost: int
    share: float
    gap: float | None
    built: frozenset[str]
    covered: frozenset[int]
    rings: tuple[str, ...] = ()
    is_knee: bool = False


@dataclass(frozen=True, slots=True)
class CertifiedBound:
    """A bound whose proof was checked in exact integers, without trusting a solver.

    Attributes
    ----------
    bound
        Bound on the objective of every plan.
    gap
        Its relative distance from the objective of the plan.
    seconds
        That the proof took.
    """

    bound: int
    gap: float
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
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
    bound_source
        Whose word the bound is; None without a bound, or where the result does not say.
    status
        ``optimal``, ``feasible`` or ``none``.
    cities
        Columns `city_id`, `name`, `tier`, `population`, `geometry` (points, EPSG:4326), index 0..n-1.
    pairs
        One row an unordered pair; columns `origin`, `destination` (int64, rows of `cities`), `group` (str),
        `weight`, `limit_s`, `before_s`, `after_s`, `all_built_s` (int64, seconds;
        `networks.skims.UNREACHABLE` where no path leads) and `links` (tuple of the ids of the proposed
        links on the path of the plan, in order).
    links
        The proposed links in order of rank: the table of `optimiser.report.tables`, with `geometry`
        (EPSG:4326).
    roads, rail
        Today's network: columns `link_class` (str), `geometry` (lines, EPSG:4326).
    definition
        ``door_to_door`` or ``in_vehicle``.
    variant, solver, seconds
        How the plan was found, and the wall time of the solve.
    assumptions
        Rows of (what, value), in reading order.
    sensitivity
        Coverage under other assumptions: columns `case` (str), then per group two columns `<group> before`
        and `<group> after` (float, shares 0 to 1). None where it was not computed.
    unasked
        What `polyring cases` would add to the run: the page says so where it would stand.
    sources
        Sentences on data, vintage and licence.
    rings
        Rings that the job asks for, formed or not, in the order of the problem.
    notes
        Cautions to be read before the plan; usually none.
    screening
        Caution on a network whose classes are inferred, shown first; empty where they are known.
    attribution
        Shown on every picture and page.
    measures
        Equity, dependence on the core, appraisal of each link, build order; None where not measured.
    fairness
        What the demands of the job change and cost; None where it demands nothing.
    reach
        What shares of all pairs cost; None where the job asks for none.
    cases
        What plausible cases choose; None where they are not solved, or not yet.
    certified
        The bound that the certificate proves; None without one, or not yet.
    capacities
        Sections of line with limits that matter: the table of `tables.tabulate_sections`; None where trains
        have no limits.
    city_cover
        Cities that count as a whole; None where the job counts none.
    counted
        What the objective adds up, in words.
    points
        Points of a frontier, by cost, where the page is that of a frontier: `links` are then those of all
        points, in the order in which they enter, with columns `enters_at` (cost), `points` (how many build
        it) and `is_core` (bool); the plan is that of the last point. Empty for the page of a plan.
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
    bound_source: ProofSource | None = None
    definition: str = "door_to_door"
    variant: str = ""
    solver: str = ""
    seconds: float = 0.0
    assumptions: tuple[tuple[str, str], ...] = ()
    sensitivity: pd.DataFrame | None = None
    unasked: frozenset[Question] = frozenset()
    sources: tuple[str, ...] = ()
    screening: str = ""
    notes: tuple[str, ...] = ()
    rings: tuple[RingShown, ...] = ()
    measures: Measures | None = None
    fairness: Fairness | None = None
    reach: Reach | None = None
    cases: CaseResults | None = None
    certified: CertifiedBound | None = None
    capacities: pd.DataFrame | None = None
    city_cover: CityCover | None = None
    counted: str = "covered weight"
    attribution: str = ATTRIBUTION
    points: tuple[PointShown, ...] = ()

    @property
    def ranks(self) -> dict[str, int]:
        """Return the rank of each proposed link by its id."""
        return dict(zip(self.links["candidate_id"], self.links["rank"].astype(int), strict=True))

    def money_of(self, amount: float) -> str:
        """Return an amount of money in words, with the unit of the problem."""
        return wording.money(amount, self.money)


def assemble(
    problem: DesignProblem,
    plan: Plan,
    *,
    region: str,
    cities: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    networks: Mapping[str, gpd.GeoDataFrame],
    ends: NDArray[np.int64] | None = None,
    ranking: Ranking | None = None,
    **further: Any,  # noqa: ANN401 - passed on: the further fields of ReportInput, each with its own type
) -> ReportInput:
    """Return all that a report of a verified plan shows.

    Parameters
    ----------
    problem, plan
        What was solved, and what the independent check found.
    region
        Name of the region.
    cities, candidates
        Tables of the cities (`city_id`, `name`, `tier`, `population`, `geometry`) and of the candidates.
    networks
        ``road`` and ``rail``: links of today's networks (`link_class`, `geometry`).
    ends
        Rows of the cities that each pair of the problem joins, int64 [pairs x 2]: the columns `origin` and
        `destination` of `prepare.Prepared.pairs`. None where every pair ends at nodes named
        ``city:<city_id>``.
    ranking
        The rank of the links, where it is known already.
    **further
        Further fields of `ReportInput`, for example `definition`, `variant`, `assumptions` and `rings`.

    Returns
    -------
    ReportInput
        With every pair, the ranked links, and the paths over them.

    Raises
    ------
    ProblemError
        When `ends` is None and a pair ends at a node that is no city of the table.
    """
    cities = cities.reset_index(drop=True)
    ends = tables.city_ends(problem, cities) if ends is None else ends
    population = cities["population"].to_numpy(dtype=np.int64)
    links, paths = tables.tabulate_links(
        problem,
        plan.built,
        candidates=candidates,
        smaller_city=tables.smaller_city(ends, population),
        population=population,
        ranking=ranking,
    )
    return ReportInput(
        region=region,
        limit_s=max((pair.limit for pair in problem.pairs), default=0),
        budget=problem.budget,
        money=problem.money,
        cost=plan.cost,
        objective=plan.objective,
        bound=plan.bound,
        gap=plan.gap,
        gap_of_gain=plan.gap_of_gain,
        bound_source=plan.bound_source,
        status=plan.status,
        cities=cities,
        pairs=tables.tabulate_pairs(problem, plan, ends=ends, paths=paths),
        links=links,
        roads=networks["road"],
        rail=networks["rail"],
        **further,
    )
