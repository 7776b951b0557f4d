"""Prepare a plan for its measures: exact times beyond every limit, the core marked."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from networks.skims import TimeGraph
from networks.sphere import km_to_chord, unit_vectors
from optimiser.engine.search.paths import UNREACHED, Integers, Mask
from optimiser.job.sections import Measures as Settings
from optimiser.measures.coverage import groups_in_order
from optimiser.measures.equity import TimedPairs
from optimiser.measures.polycentricity import NO_AREA, MarkedNetwork, TripCounts, count_trips
from optimiser.measures.valuation import Valuer
from optimiser.problem import DesignProblem
from optimiser.proposals import prepare, shortest_times
from optimiser.proposals.table import Candidates
from optimiser.run.independence import WithoutCore, core_cities, node_positions, roads_in_core
from optimiser.run.timing import with_arcs
from optimiser.verify import Plan


@dataclass(frozen=True)
class MeasuredPlan:
    """A verified plan with all that its measures are computed from; K pairs, C cities.

    Attributes
    ----------
    problem, plan
        The design problem, and what the independent check found.
    graph
        Road and rail joined, today.
    candidates
        The candidates as they were proposed.
    cities
        Table of the cities: `city_id`, `name`, `tier`, `population`, `geometry`.
    ends
        Rows of the cities of each pair, int64 [K x 2].
    settings
        Section `[measures]` of the job.
    lines
        Lines of the road links that road arcs refer to; None without roads.
    without
        The region without its core; None where independence does not count.
    hour_value
        Value of an hour of travel time in the money of the problem; None where it is not known.
    """

    problem: DesignProblem
    plan: Plan
    graph: TimeGraph
    candidates: Candidates
    cities: gpd.GeoDataFrame
    ends: NDArray[np.int64]
    settings: Settings
    lines: gpd.GeoSeries | None = None
    without: WithoutCore | None = None
    hour_value: float | None = None
    _states: dict[frozenset[str], PlanState] = field(default_factory=dict, init=False, compare=False)

    def state(self, built: Iterable[str]) -> PlanState:
        """Return the region with some links of the plan built, by their ids; it is kept."""
        key = frozenset(built)
        return self._states.setdefault(key, PlanState(self, key))

    @cached_property
    def states(self) -> dict[str, PlanState]:
        """Return the states `today` and `plan`."""
        return {"today": self.state(()), "plan": self.state(self.plan.built)}

    def proposed(self, built: Collection[str]) -> Candidates:
        """Return links of the plan, given by their ids, as they were proposed."""
        is_built = self.candidates.table["candidate_id"].isin(list(built)).to_numpy()
        return self.candidates.take(np.flatnonzero(is_built).tolist())

    @cached_property
    def valuer(self) -> Valuer:
        """Return the links of the plan prepared for valuation, with exact times beyond the limits."""
        built = self.proposed(self.plan.built)
        return Valuer.of(exact_problem(self.problem, self.graph, built, self.ends))

    @cached_property
    def outside(self) -> NDArray[np.int64]:
        """Return the positions of the pairs whose independence counts; none where it does not count."""
        return np.zeros(0, dtype=np.int64) if self.without is None else self.without.rows(self.pairs)

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """Return a row for each pair: `origin`, `destination` (rows of cities), `group`, `today_s`."""
        today = self.states["today"].times
        columns = {"group": self.group, "today_s": np.where(today < UNREACHED, today, -1)}
        return pd.DataFrame(self.ends, columns=["origin", "destination"]).assign(**columns)

    @cached_property
    def core(self) -> NDArray[np.int64]:
        """Return the rows of the core cities, or of the largest city where no city is of the core tier."""
        return core_cities(self.cities)

    @cached_property
    def population(self) -> NDArray[np.int64]:
        """Return the people of each city, int64 [C]."""
        return np.asarray(self.cities["population"].to_numpy(dtype=np.int64))

    @cached_property
    def weight(self) -> NDArray[np.int64]:
        """Return the weight of each pair, int64 [K]."""
        return np.array([pair.weight for pair in self.problem.pairs], dtype=np.int64)

    @cached_property
    def group(self) -> NDArray[np.str_]:
        """Return the tier of the smaller city of each pair, str [K]."""
        return np.array([pair.group or "all cities" for pair in self.problem.pairs], dtype=np.str_)

    @cached_property
    def tiers(self) -> list[str]:
        """Return the tiers of pairs, largest cities first."""
        return groups_in_order(self.group.tolist())

    @cached_property
    def people_at_nodes(self) -> NDArray[np.int64]:
        """Return the people at each node of the problem in `valuer`: those of cities, else 0."""
        found = np.zeros(len(self.valuer.problem.nodes), dtype=np.int64)
        for pair, (one, other) in zip(self.valuer.problem.pairs, self.ends.tolist(), strict=True):
            found[pair.origin], found[pair.destination] = self.population[one], self.population[other]
        return found

    @cached_property
    def line_s(self) -> int:
        """Return the poverty line: the mean travel time above which people are poor in time, seconds."""
        return self.settings.line_s or max((pair.limit for pair in self.problem.pairs), default=1)


@dataclass(frozen=True, eq=False)
class PlanState:
    """The region of a plan with some of its links built.

    Attributes
    ----------
    measured, built
        The plan, and ids of its links.
    """

    measured: MeasuredPlan
    built: frozenset[str]

    @cached_property
    def times(self) -> Integers:
        """Return the exact seconds of each pair, int64 [K], `UNREACHED` where no path exists."""
        return self.measured.valuer.times(self.built)

    @cached_property
    def timed(self) -> TimedPairs:
        """Return the pairs of cities with their times."""
        plan = self.measured
        return TimedPairs(
            ends=plan.ends,
            seconds=np.where(self.times < UNREACHED, self.times, np.inf),
            limits=np.array([pair.limit for pair in plan.problem.pairs], dtype=np.int64),
            weights=plan.weight,
            groups=plan.group,
        )

    @cached_property
    def off_core_s(self) -> Integers:
        """Return the seconds of the pairs of `outside` without the core, `NO_PATH_S` where no path exists."""
        plan = self.measured
        if plan.without is None:
            return np.zeros(0, dtype=np.int64)
        ends = plan.ends[plan.outside]
        return plan.without.times(plan.graph, plan.candidates, ends, sorted(self.built))

    @cached_property
    def independent(self) -> dict[str, Mask]:
        """Return which pairs of `outside` a way off the core serves at each stretch, by column of tables."""
        plan = self.measured
        if plan.without is None:
            return {}
        limits = plan.without.limits_s(plan.states["today"].times[plan.outside])
        names = [f"independent_at_{stretch:g}" for stretch in plan.without.asked.stretches]
        return dict(zip(names, self.off_core_s <= limits, strict=True))

    @cached_property
    def trips(self) -> TripCounts:
        """Return which ways the trips of all pairs take."""
        plan = self.measured
        graph = with_arcs(plan.graph, plan.proposed(self.built).arcs)
        near_km, core_km = plan.settings.near_km, plan.settings.core_km
        network = mark_network(
            graph, plan.cities, core=plan.core, core_km=core_km, near_km=near_km, lines=plan.lines
        )
        origin, destination = graph.origin[plan.ends[:, 0]], graph.destination[plan.ends[:, 1]]
        return count_trips(network, origin, destination, plan.weight, areas=len(plan.cities))


def exact_problem(
    problem: DesignProblem, graph: TimeGraph, built: Candidates, ends: NDArray[np.int64]
) -> DesignProblem:
    """Return a problem with only the candidates of a plan, in which the times of all pairs are exact.

    The design problem leaves out what no pair can use within its limit, so that its times beyond limits are
    too long. Here only what no pair would ever use is left out.

    Parameters
    ----------
    problem
        The design problem.
    graph
        Road and rail joined, today.
    built
        The candidates of the plan as they were proposed, of which some may open no arc.
    ends
        Rows of the cities of each pair, int64 [K x 2].

    Returns
    -------
    DesignProblem
        The pairs, cities and periods of the problem, and the built candidates; without rings, caps,
        capacities and targets.
    """
    pairs = pd.DataFrame(ends, columns=["origin", "destination"])
    pairs = pairs.assign(limit=shortest_times.NO_PATH_S - 1, weight=1, group="")
    free = replace(built, table=built.table.assign(fixed=""))
    small = prepare.problem_of_pairs(graph, free, pairs).problem
    known = small.index
    return small.replace(
        name=problem.name,
        candidates=tuple(
            replace(problem.candidates[problem.index[own.id]], arcs=own.arcs, fixed=None)
            for own in small.candidates
        ),
        pairs=tuple(
            replace(pair, origin=own.origin, destination=own.destination)
            for pair, own in zip(problem.pairs, small.pairs, strict=True)
        ),
        budget=problem.budget,
        requires=tuple((a, b) for a, b in problem.requires if a in known and b in known),
        cities=problem.cities,
        periods=problem.periods,
        money=problem.money,
    )


def mark_network(
    graph: TimeGraph,
    cities: gpd.GeoDataFrame,
    *,
    core: NDArray[np.int64],
    core_km: float,
    near_km: float,
    lines: gpd.GeoSeries | None = None,
) -> MarkedNetwork:
    """Mark the core and the surroundings of each city on a network.

    Parameters
    ----------
    graph
        Road and rail joined, today or with a plan.
    cities
        Table of cities, points in degrees; the areas are its rows.
    core
        Rows of the core cities.
    core_km
        Radius of the core round the centres of core cities, straight-line km.
    near_km
        A node belongs to the nearest city if it lies within this distance, straight-line km.
    lines
        Lines of the road links that road arcs refer to (degrees): a road whose line enters the core between
        two nodes outside it crosses the core. None: no arc crosses the core.
    """
    lon, lat = node_positions(graph)
    known = np.isfinite(lon)
    where = unit_vectors(np.where(known, lon, 0.0), np.where(known, lat, 0.0))
    centres = unit_vectors(cities.geometry.x.to_numpy(), cities.geometry.y.to_numpy())
    chord, nearest = cKDTree(centres).query(where)
    area = np.where(known & (chord <= km_to_chord(near_km)), nearest, NO_AREA).astype(np.int64)
    to_core, which = cKDTree(centres[core]).query(where)
    is_core = known & (to_core <= km_to_chord(core_km))
    area[is_core] = core[np.asarray(which)[is_core]]
    for ends in (graph.origin, graph.destination):
        area[ends] = np.arange(len(cities))
        is_core[ends[core]] = True
    return MarkedNetwork(
        tail=graph.tail,
        head=graph.head,
        seconds=graph.seconds,
        area=area,
        is_core=is_core,
        crosses=roads_in_core(graph, lines, cities.geometry.iloc[core], np.full(len(core), core_km)),
    )
