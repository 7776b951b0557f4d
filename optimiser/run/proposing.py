"""Propose and price candidates, draft the design problem of a job, and derive the rewards of rings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import pandas as pd

from networks import countries, inputs, matrix
from networks.cities import Cities
from networks.rail import RailBuild, names
from networks.road.speeds import speed_table
from optimiser.engine.tidy import rings_alone
from optimiser.frontier.cases import Layer, longest_s
from optimiser.job.model import DEFAULT_SHARE, Job
from optimiser.job.sections import DERIVED, Capacity
from optimiser.measures.ring_use import RoadTimes, time_value, trip_use
from optimiser.problem import DesignProblem, Ring, errors
from optimiser.problem.model import TIERS, candidates_on
from optimiser.problem.result import Result
from optimiser.proposals import costs, evidence, line_capacity, own, prepare, services, stations, terrain
from optimiser.proposals.base_case import BaseCase, NeighbourRules
from optimiser.proposals.generate import Kind, Rules, generate
from optimiser.proposals.roads import RoadRules
from optimiser.proposals.table import Candidates, assemble, fix
from optimiser.proposals.trains import RailRules
from optimiser.report import wording
from optimiser.report.ring_layout import RingReward
from optimiser.run import demands, independence
from optimiser.run.rings import Ground, RingTables, add_rings, ring_rules, with_closing_links
from optimiser.run.source import Source
from optimiser.run.timing import EXPRESSWAY, Times, access_parameters
from optimiser.verify import check

type Solver = Callable[[DesignProblem], Result]
"""Solves a problem; what it claims is checked."""

_PRICES = {"low": "cost_low", "central": "cost", "high": "cost_high"}
"""Column of each estimate of a cost."""
_WEIGHTS: Mapping[str, Callable[[int], int]] = {
    "sqrt_population": prepare.root_weight,
    "population": int,
    "equal": lambda _population: 1,
    "file": lambda _population: 1,
}
"""Weight of a pair by the population of its smaller city."""


@dataclass(frozen=True, slots=True)
class StatedProblem:
    """The design problem of a job, and the meaning of its numbers.

    Attributes
    ----------
    problem
        The problem, without the levels of max-min fairness and without the further pairs of steps.
    pairs
        One row a pair of the problem: `origin`, `destination` (rows of cities), `weight` (without the factor
        of the tier), `group`, `coverable`, `today_s` and `best_s` (seconds today and with everything built,
        -1 where no path leads).
    rings
        Lines of the ring links, and what the job asks of each ring; None without rings.
    layer
        The further pairs without the core; None where independence does not count.
    rewards
        What the derived rewards of rings are made of.
    """

    problem: DesignProblem
    pairs: pd.DataFrame
    rings: RingTables | None
    layer: Layer | None = None
    rewards: tuple[RingReward, ...] = ()


def propose_candidates(
    base: BaseCase,
    times: Times,
    rail: RailBuild | None,
    job: Job,
    source: Source,
    *,
    further: Mapping[str, Kind] = MappingProxyType({}),
) -> Candidates:
    """Propose and price the candidates of a job.

    Parameters
    ----------
    base
        What exists before anything is built, `base_case`.
    times
        Cities, roads and times.
    rail
        Railways; None without a map.
    job, source
        The job and its data. With a matrix only the user's own candidates count.
    further
        Kinds that are proposed beside those of the job.
    """
    ground = ground_of(base, job, source, times, rail)
    table, land = ground
    asked, rules = job.candidates, replace(rules_of(job, source), further=further)
    given = None
    if "candidates.file" in source.files:
        given = own.read_own(source.files["candidates.file"], base, table, land, rules=rules)
    if "region.matrix" not in source.files:
        found = generate(base, rules=rules, costs=table, terrain=land, own=given)
    else:
        found = given if given is not None else assemble([], table, land)
    found = with_closing_links(found, base, job.rings, rules, ground)
    if source.screening:
        # Two significant digits are all that a screening knows.
        rough = found.table[list(_PRICES.values())].map(lambda cost: int(float(f"{cost:.1e}")))
        found = replace(found, table=found.table.assign(**rough.astype("int64")))
    fixed = fix(found, in_=asked.fixed_in, out=asked.fixed_out)
    placed = line_capacity.with_sections(base, at_level(fixed, job), hours_a_day=rules.rail.hours_a_day)
    return evidence.with_evidence(base, placed, rules.road.surroundings(base))


def line_sections(candidates: Candidates, asked: Capacity) -> pd.DataFrame:
    """Return the sections of line on which not all trains of candidates have room.

    Parameters
    ----------
    candidates
        What may be built.
    asked
        Whether sections have limits, and which.

    Returns
    -------
    pandas.DataFrame
        As `line_capacity.line_sections`.
    """
    return line_capacity.line_sections(candidates, most_a_day(asked) if asked.enabled else {})


def most_a_day(asked: Capacity) -> dict[str, int]:
    """Return how many trains a day and direction a section carries by class, as a job says."""
    usual = line_capacity.usual_most(asked.level)
    given = {name: getattr(asked, name) for name in usual}
    return usual | {name: trains for name, trains in given.items() if trains is not None}


def at_level(candidates: Candidates, job: Job) -> Candidates:
    """Return candidates at the low, central or high cost that a job asks for."""
    return replace(candidates, table=candidates.table.assign(cost=candidates.table[_PRICES[job.costs.level]]))


def draft_problem(
    base: BaseCase,
    times: Times,
    rail: RailBuild | None,
    candidates: Candidates,
    job: Job,
    source: Source,
    *,
    name: str,
) -> StatedProblem:
    """Return the design problem of a job.

    Parameters
    ----------
    base
        What exists before anything is built, `base_case`.
    times, candidates
        Outcomes of the steps before.
    rail
        Railways; None without a map.
    job, source
        The job and its data.
    name
        Name of the problem.
    """
    # The Open Database Licence requires the notice of maps; other data need none.
    notice = " Map data © OpenStreetMap contributors, ODbL 1.0." if source.has_map else ""
    prepared = prepare.design_problem(
        times.graphs[job.times.definition],
        times.cities,
        candidates,
        times.skims[job.times.definition],
        today_s=base.today_s,
        limit_s=job.times.limit_s,
        beyond_s=longest_s(demands.limit_steps(job)),
        weight=_WEIGHTS[job.objective.weight],
        budget_share=DEFAULT_SHARE if job.budget.is_default else job.budget.share,
        budget=job.budget.amount,
        name=name,
        note=f"Times {job.times.definition.replace('_', ' ')}, limit {job.times.limit_s} s, "
        f"{job.costs.level} costs.{notice}",
    )
    pairs = prepared.pairs
    if "objective.weights_file" in source.files:
        file, in_order = source.files["objective.weights_file"], job.cities.omx_in_order
        given = matrix.load_weights(file, Cities(times.cities), in_order=in_order)
        ends = pairs[["origin", "destination"]].to_numpy()
        pairs = pairs.assign(weight=[int(given[a, b] + given[b, a]) for a, b in ends])
    factor = {tier: getattr(job.objective, tier) for tier in TIERS}
    problem = prepared.problem.replace(
        pairs=tuple(
            replace(pair, weight=int(weight) * factor.get(pair.group, 1))
            for pair, weight in zip(prepared.problem.pairs, pairs["weight"], strict=True)
        ),
        capacities=line_capacity.capacities(line_sections(candidates, job.capacity)),
    )
    if job.budget.is_default:
        problem = problem.replace(budget=max(problem.budget or 0, demands.cost_of_best(problem)))
    problem, rings = demands.with_demands(problem, pairs, times.cities, job), None
    if job.rings:
        ground = ground_of(base, job, source, times, rail)
        most = demands.most_money(job, problem.budget)
        problem, rings = add_rings(
            problem, base, candidates, job.rings, rules_of(job, source), ground, most=most
        )
    without = independence.without_core(times, candidates, job)
    layer = None if without is None else without.layer(times.graphs[job.times.definition], candidates, pairs)
    return StatedProblem(demands.with_periods(problem, job.phasing), pairs, rings, layer)


# ---- rewards of rings


def cheapest_circuit(problem: DesignProblem, ring: Ring, solve: Solver) -> tuple[int, ...]:
    """Return the circuit that forms a ring and meets its demands at least cost; empty where none was found.

    Parameters
    ----------
    problem
        The problem, whose candidates the ring may use.
    ring
        The ring.
    solve
        Solves the problem of this ring alone.

    Returns
    -------
    tuple of int
        Positions of its links, in order round it.
    """
    if not ring.links:
        return ()
    alone = rings_alone(problem, (), (ring.id,))
    result = solve(alone)
    return check(alone, result).rings.get(ring.id, ()) if result.has_plan else ()


def with_rewards(
    stated: StatedProblem, times: Mapping[str, RoadTimes], job: Job, base: BaseCase, solve: Solver
) -> StatedProblem:
    """Return a problem whose rings earn their derived rewards, and what those are made of.

    Parameters
    ----------
    stated
        The problem with its rings, of which those with a reward of the job keep it.
    times
        Times between places on the road alone, by ring (`run.ring_use.road_times`).
    job
        The job.
    base
        What exists before anything is built.
    solve
        Finds the cheapest circuits.

    Notes
    -----
    The reward is the sum of both parts of `time_value`, rounded down, for what the cheapest circuit needs;
    the share of the day in which the cores are congested is `independence.weight`, at most 1 (docs/rings.md).
    A ring that cannot be formed earns nothing.
    """
    asked = ring_rules([section for section in job.rings if section.reward == DERIVED], base)
    derived, found, problem = {ring.id for ring in asked}, list[RingReward](), stated.problem
    congested = demands.exact_share(min(job.independence.weight, 1.0))
    total = sum(pair.weight for pair in problem.pairs)
    factor = {tier: getattr(job.objective, tier) for tier in TIERS}
    rule = _WEIGHTS[job.objective.weight]  # what a pair of places would count as a pair of cities
    for ring in problem.rings:
        if ring.id in derived and ring.id in times:
            roads, limit_s = times[ring.id], job.times.limit_s
            built = candidates_on(problem, {ring.id: cheapest_circuit(problem, ring, solve)})
            # Places come from the largest to the smallest, so that the second of a pair is the smaller.
            both = zip(roads.people.tolist(), roads.places["tier"].tolist(), strict=True)
            of_place = np.array([rule(people) * factor.get(tier, 1) for people, tier in both], dtype=np.int64)
            weights = of_place[roads.ends[:, 1]]
            parts = time_value(roads, built, weights, total=total, limit_s=limit_s, congested=congested)
            free, congested_, _ = trip_use(roads, built)
            found.append(
                RingReward(
                    ring=ring.id,
                    reward=int(sum(parts)),
                    cost=problem.cost_of(built),
                    of_free=float(parts[0]),
                    of_congested=float(parts[1]),
                    pairs=(free.faster, congested_.faster),
                )
            )
    rewards = {one.ring: one.reward for one in found}
    rings = tuple(replace(ring, reward=rewards.get(ring.id, ring.reward)) for ring in problem.rings)
    return replace(stated, problem=problem.replace(rings=rings), rewards=tuple(found))


# ---- what exists, and rules


def base_case(times: Times, rail: RailBuild | None, job: Job, source: Source) -> BaseCase:
    """Return what exists before anything is built.

    Parameters
    ----------
    times
        Cities, roads and times.
    rail
        Railways; None without a map.
    job, source
        The job and its data.
    """
    is_running = rail is not None and job.times.rail and len(rail.services.lines)
    running = names.with_names(rail, times.cities) if rail is not None and is_running else None
    return BaseCase(
        graph=times.graphs[job.times.definition],
        cities=times.cities,
        road=times.road,
        rail=None if running is None else running.network,
        services=None if running is None else running.services,
        skim=times.skims[job.times.definition],
        limit_s=job.times.limit_s,
        slack_s=job.candidates.slack_s,
        access=access_parameters(job, source),
        knows_classes=not source.screening,
    )


def ground_of(base: BaseCase, job: Job, source: Source, times: Times, rail: RailBuild | None) -> Ground:
    """Return the unit costs of a job (its own table, else that of the country), terrain, towns and water.

    They are made once for all limits of the base case.
    """
    files = [source.files.get(f"costs.{key}") for key in ("table", "terrain")]

    def make() -> Ground:
        land = terrain.PLAIN if job.costs.is_plain else terrain.read_terrain(files[1])
        lines = [times.road.links] if rail is None else [times.road.links, rail.network.links]
        towns = terrain.WithTowns.of(land, times.cities)
        return cost_table(source), terrain.WithWater.of(towns, times.cities, lines)

    key = ("ground", source.country, job.costs.is_plain, *(file and inputs.checksum(file) for file in files))
    return base.once(key, make)


def cost_table(source: Source) -> costs.CostTable:
    """Return the unit costs of a job: its own table, else that of the country."""
    own = source.files.get("costs.table")
    return costs.read_cost_table(own) if own else costs.builtin_cost_table(source.country)


def value_of_time(source: Source) -> float | None:
    """Return the value of an hour in the money of the costs, None where no table states it."""
    scale, money = wording.per_person(cost_table(source).money)
    an_hour = countries.value_of_time(source.country, money)
    return None if an_hour is None else an_hour / scale


def rules_of(job: Job, source: Source) -> Rules:
    """Return the rules of the generator that a job asks for."""
    asked, known = job.candidates, Rules().kinds
    unknown = [kind for kind in asked.kinds if kind not in (*known, "none")]
    if unknown:
        raise errors.JobError(
            f"candidates.kinds: unknown {', '.join(unknown)}",
            done="Nothing was written.",
            remedy=f"Choose from: {', '.join(known)}; none for no kind.",
        )
    standards, speeds = costs.read_standards(source.country), speed_table(source.country)
    road_kmh = standards["road_kmh"] if asked.road_kmh is None else asked.road_kmh
    return Rules(
        neighbours=NeighbourRules(
            nearest=asked.nearest,
            angle_deg=asked.angle_deg,
            detour=asked.angle_detour,
            longest_km=asked.longest_km,
        ),
        road=RoadRules(
            detour_index=asked.road_detour,
            longest_km=asked.road_longest_km,
            speed_kmh=speeds.average_kmh(EXPRESSWAY, road_kmh),
            mountain_kmh=speeds.average_kmh(EXPRESSWAY, standards["road_mountain_kmh"]),
            gap_count=asked.gap_count,
            upgrade_least_gain=asked.upgrade_least_gain,
            least_gain=asked.road_least_gain,
            artefacts=terrain.ArtefactRules(
                town_km=asked.road_town_km,
                most_in_towns=asked.road_most_in_towns,
                beside_km=asked.road_beside_km,
                most_beside=asked.road_most_beside,
            ),
        ),
        rail=RailRules(
            time_ratio=asked.rail_time_ratio,
            service_count=asked.service_count,
            least_load=asked.least_load,
            line_value=asked.line_value,
            value_of_time=value_of_time(source),
            trips_per_person=job.measures.trips_per_person,
            discount_rate=job.measures.discount_rate,
            years=job.measures.years,
            station_km=access_parameters(job, source).centre_station_km,
            **{
                name: value
                for name, value in standards.items()
                if name not in ("road_kmh", "road_mountain_kmh", "source")
            },
        ),
        stations=stations.StationRules(
            access_count=asked.access_count, check_in_by_station=asked.check_in == "stations"
        ),
        patterns=services.PatternRules(express_count=asked.express_count),
        kinds=asked.kinds or known,
        longest_water_km=asked.longest_water_km,
        closed_borders=source.closed_borders,
    )
