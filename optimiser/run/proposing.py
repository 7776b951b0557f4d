"""Propose and price candidates, and write the design problem of a job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd

from networks import matrix
from networks.cities import Cities
from networks.network import Network
from optimiser.job.model import Job, LoadedJob
from optimiser.problem import DesignProblem, save
from optimiser.problem.errors import JobError
from optimiser.proposals import costs, own, prepare
from optimiser.proposals.base_case import BaseCase, NeighbourRules
from optimiser.proposals.costs import CostTable
from optimiser.proposals.generate import Rules, generate
from optimiser.proposals.prepare import root_weight
from optimiser.proposals.roads import RoadRules
from optimiser.proposals.table import Candidates, assemble, fix
from optimiser.proposals.trains import RailRules
from optimiser.run import demanding, phasing, ringing, store
from optimiser.run.source import Source

_PRICES = {"low": "cost_low", "central": "cost", "high": "cost_high"}


def write_candidates(
    folder: Path, times: Path, loaded: LoadedJob, source: Source, *, networks: Path | None
) -> None:
    """Write the candidate table, its arcs and what was left out.

    Parameters
    ----------
    folder
        Where the files go.
    times
        Folder of the travel times.
    loaded, source
        The job and its data.
    networks
        Folder of the networks; None with a matrix, where only the user's own candidates count.
    """
    job = loaded.job
    table, ground = cost_table(loaded, source), ground_of(source)
    base = read_base_case(times, job, networks=networks)
    given = own_candidates(loaded, base, table, ground)
    if networks is None:
        found = given if given is not None else assemble([], table, ground)
    else:
        found = generate(base, rules=rules(job), costs=table, terrain=ground, own=given)
    found = ringing.with_closing_links(found, base, job.rings, rules(job), (table, ground))
    fixed = fix(found, in_=job.candidates.fixed_in, out=job.candidates.fixed_out)
    save_candidates(folder, _priced(fixed, job.costs.level))


def write_problem(
    folder: Path, times: Path, candidates: Path, loaded: LoadedJob, source: Source, *, networks: Path | None
) -> None:
    """Write `problem.json` and the meaning of its pairs.

    Parameters
    ----------
    folder
        Where the files go.
    times, candidates
        Folders of the travel times and of the candidates.
    loaded, source
        The job and its data.
    networks
        Folder of the networks; None with a matrix.
    """
    job = loaded.job
    found = load_candidates(candidates)
    cities = gpd.read_parquet(times / "cities.parquet")
    prepared = prepare.design_problem(
        store.load_graph(times, job.times.definition),
        cities,
        found,
        store.load_array(times, f"skim_{job.times.definition}"),
        limit_s=job.times.limit_s,
        weight=_WEIGHTS[job.objective.weight],
        budget_share=job.budget.share,
        budget=job.budget.amount,
        name=loaded.name,
        note=_note(job),
    )
    pairs = prepared.pairs.assign(weight=_weights(prepared.pairs, Cities(cities), loaded))
    demanded = demanding.demand(_weighted(prepared.problem, pairs, job), pairs, cities, job)
    ringed = demanded
    if job.rings:
        base = read_base_case(times, job, networks=networks)
        prices = cost_table(loaded, source), ground_of(source)
        ringed = ringing.add_rings(demanded, folder, base, found, job.rings, rules(job), prices)
    save(phasing.phase(ringed, job), folder / "problem.json")
    pairs.to_parquet(folder / "pairs.parquet")
    store.save_json(folder / "report.json", prepared.report)


def cost_table(loaded: LoadedJob, source: Source) -> CostTable:
    """Return the unit costs of a job: its own table, else the one of the country."""
    text = loaded.job.costs.table
    return costs.read_cost_table(loaded.path(text)) if text else costs.builtin_cost_table(source.country)


def ground_of(source: Source) -> costs.Terrain:
    """Return the classes of the ground: of the source's file, else all plain."""
    return costs.read_terrain(source.terrain_file) if source.terrain_file else costs.AllPlain()


def read_base_case(times: Path, job: Job, *, networks: Path | None) -> BaseCase:
    """Return what exists before anything is built.

    Parameters
    ----------
    times
        Folder of the travel times.
    job
        The job.
    networks
        Folder of the networks; None with a matrix.
    """
    definition = job.times.definition
    rail = store.load_rail(networks) if networks is not None and job.times.rail else None
    running = rail if rail is not None and len(rail.services.lines) else None
    return BaseCase(
        graph=store.load_graph(times, definition),
        cities=gpd.read_parquet(times / "cities.parquet"),
        road=store.load_network(times, "road") if networks is not None else no_road(),
        rail=None if running is None else running.network,
        services=None if running is None else running.services,
        skim=store.load_array(times, f"skim_{definition}"),
        limit_s=job.times.limit_s,
    )


def rules(job: Job) -> Rules:
    """Return the rules of the generator that a job asks for.

    Raises
    ------
    JobError
        When a kind is not known.
    """
    asked = job.candidates
    known = Rules().kinds
    unknown = [kind for kind in asked.kinds if kind not in known]
    if unknown:
        raise JobError(
            f"candidates.kinds: unknown {', '.join(unknown)}",
            done="Nothing was written.",
            remedy=f"Choose from: {', '.join(known)}.",
        )
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
            speed_kmh=asked.road_kmh,
            gap_count=asked.gap_count,
        ),
        rail=RailRules(time_ratio=asked.rail_time_ratio, service_count=asked.service_count),
        kinds=asked.kinds or known,
    )


def own_candidates(
    loaded: LoadedJob, base: BaseCase, table: CostTable, ground: costs.Terrain
) -> Candidates | None:
    """Return the user's own candidates, None where the job names none."""
    text = loaded.job.candidates.file
    return own.read_own(loaded.path(text), base, table, ground, rules=rules(loaded.job)) if text else None


def save_candidates(folder: Path, found: Candidates) -> None:
    """Write candidates as GeoParquet, Parquet and JSON."""
    found.table.to_parquet(folder / "candidates.parquet")
    found.arcs.to_parquet(folder / "arcs.parquet")
    facts = {
        "report": dict(found.report),
        "money": found.money,
        "price_year": found.price_year,
        "terrain_source": found.terrain_source,
    }
    store.save_json(folder / "facts.json", facts)


def load_candidates(folder: Path) -> Candidates:
    """Read what `save_candidates` wrote."""
    return Candidates(
        table=gpd.read_parquet(folder / "candidates.parquet"),
        arcs=pd.read_parquet(folder / "arcs.parquet"),
        **store.load_json(folder / "facts.json"),
    )


def _priced(found: Candidates, level: str) -> Candidates:
    """Let the estimate that the job names be the cost that counts."""
    if level == "central":
        return found
    return replace(found, table=found.table.assign(cost=found.table[_PRICES[level]]))


def _equal(_population: int) -> int:
    return 1


_WEIGHTS: Mapping[str, Callable[[int], int]] = {
    "sqrt_population": root_weight,
    "population": int,
    "equal": _equal,
    "file": _equal,
}


def _weights(pairs: pd.DataFrame, cities: Cities, loaded: LoadedJob) -> list[int]:
    """Return the weight of each pair, from a file where the job names one, without the factor of its tier."""
    if not loaded.job.objective.weights_file:
        return [int(weight) for weight in pairs["weight"]]
    given = matrix.load_weights(loaded.path(loaded.job.objective.weights_file), cities)
    return [int(given[a, b] + given[b, a]) for a, b in pairs[["origin", "destination"]].to_numpy()]


def _weighted(problem: DesignProblem, pairs: pd.DataFrame, job: Job) -> DesignProblem:
    """Give pairs their weights times the factors of their tiers."""
    factor = {tier: getattr(job.objective, tier) for tier in ("core", "secondary", "small")}
    weighed = tuple(
        replace(pair, weight=int(weight) * factor.get(pair.group, 1))
        for pair, weight in zip(problem.pairs, pairs["weight"], strict=True)
    )
    return problem.replace(pairs=weighed)


def _note(job: Job) -> str:
    return (
        f"Times {job.times.definition.replace('_', ' ')}, limit {job.times.limit_s} s, "
        f"{job.costs.level} costs. Map data © OpenStreetMap contributors, ODbL 1.0."
    )


def no_road() -> Network:
    """Return a network without anything."""
    from networks import schema

    columns = (schema.NODES, schema.LINKS)
    empty = [schema.table({one.name: [] for one in part}, part) for part in columns]
    return Network(nodes=empty[0], links=empty[1])
