"""Turn the steps of a run into the files that people open."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd

from networks import storage
from networks.network import Network
from networks.timegraph import UNREACHABLE
from optimiser import report as reports
from optimiser.job.model import Job
from optimiser.job.sections import Output
from optimiser.measures.fairness import Fairness
from optimiser.measures.tables import Measures
from optimiser.problem.result import Result
from optimiser.proposals.table import Candidates
from optimiser.report import inputs
from optimiser.report.inputs import ReportInput
from optimiser.run import (
    covering,
    levelling,
    measuring,
    notes,
    pricing,
    proposing,
    reading,
    ring_report,
    sensitivity,
    store,
    timing,
)
from optimiser.run.chain import Chain
from optimiser.verify import Plan


def write_steps(stage: Path, chain: Chain) -> None:
    """Write the early steps as files for other programs: network, cities, times, candidates.

    Parameters
    ----------
    stage
        Where the files go.
    chain
        The steps.
    """
    times = chain.times.folder
    shutil.copyfile(times / "import_report.json", stage / "import_report.json")
    cities = gpd.read_parquet(times / "cities.parquet")
    cities.to_file(stage / "cities.gpkg", layer="cities", driver="GPKG", engine="pyogrio")
    skims = {
        definition: store.load_array(times, f"skim_{definition}")
        for definition in timing.DEFINITIONS
        if (times / f"skim_{definition}.npz").exists()
    }
    timing.skim_table(cities, skims).to_parquet(stage / "skim.parquet")
    found = proposing.load_candidates(chain.candidates.folder)
    found.table.to_file(stage / "candidates.gpkg", layer="candidates", driver="GPKG", engine="pyogrio")
    if chain.source.matrix_file is None:
        road, rail = _networks(chain)
        storage.write_gpkg(_joined(road, rail), stage / "network.gpkg")


def assemble(chain: Chain, plan: Plan) -> ReportInput:
    """Bring together what the report shows.

    Parameters
    ----------
    chain
        The steps.
    plan
        The verified plan.

    Returns
    -------
    ReportInput
        Tables, figures and words.
    """
    job, source, result = chain.loaded.job, chain.source, chain.result
    found = proposing.load_candidates(chain.candidates.folder)
    other = chain.sensitivity
    lines = {name: network.links[["link_class", "geometry"]] for name, network in _shown(chain).items()}
    measures = measuring.load(chain.measures(plan).folder)
    cities = gpd.read_parquet(chain.times.folder / "cities.parquet")
    shown = inputs.assemble(
        chain.design,
        plan,
        region=source.title,
        cities=cities,
        candidates=found.table,
        networks=lines,
        definition=job.times.definition,
        variant=result.variant,
        solver=result.solver,
        seconds=result.seconds,
        assumptions=assumptions(job, found),
        sensitivity=None if other is None else sensitivity.load_sensitivity(other.folder),
        sources=(*source.notes, *reading.warnings(chain.times.folder)),
        notes=(*notes.of(job), *levelling.notes(levelling.load_levels(chain.problem.folder))),
        attribution=source.attribution,
        measures=measures,
        rings=ring_report.shown(chain, plan, cities),
        fairness=_fairness(chain, plan),
        city_cover=covering.city_cover(
            chain.design, plan, job, dict(zip(cities["city_id"].astype(str), cities["name"], strict=True))
        ),
        counted=notes.counted(job),
    )
    return replace(shown, pairs=shown.pairs.assign(**_exact_times(chain, measures)))


def _fairness(chain: Chain, plan: Plan) -> Fairness | None:
    priced = chain.fairness(plan)
    return None if priced is None else pricing.load_fairness(priced.folder)


def _exact_times(chain: Chain, measures: Measures) -> dict[str, pd.Series]:
    """Return the times of the pairs, exact beyond the limits too.

    The problem leaves out what no pair can use within its limit, so its own times beyond limits are too long.
    """
    best = pd.read_parquet(chain.problem.folder / "pairs.parquet")["best_s"]
    return {
        "before_s": measures.seconds["before_s"],
        "after_s": measures.seconds["after_s"],
        "all_built_s": best.where(best >= 0, UNREACHABLE),
    }


def assumptions(job: Job, found: Candidates) -> tuple[tuple[str, str], ...]:
    """Return the assumptions of a run, in the order in which they are to be read."""
    definition = {
        "door_to_door": "from centre to centre: access, waits, stations and changes included",
        "in_vehicle": "driving, riding and changes; no access, first wait or egress",
    }
    return (
        ("Limit", f"{job.times.limit_s} s"),
        ("Travel time", definition[job.times.definition]),
        ("Tolls and fares", "no part of the time"),
        ("Costs", f"{job.costs.level} estimate, {found.money}, prices of {found.price_year}"),
        ("Terrain", found.terrain_source),
        ("State of the network", str(job.region.as_of or "today's")),
        ("Candidates left out by the rules", str(sum(found.report.values()))),
    )


def write_report(stage: Path, report: ReportInput, wanted: Output) -> None:
    """Write tables, GeoPackage, picture and page.

    Parameters
    ----------
    stage
        Where the files go.
    report
        What they show.
    wanted
        Whether the picture and the page are wanted.
    """
    reports.write(report, stage, with_picture=wanted.picture, with_page=wanted.report)


def write_trace(path: Path, result: Result) -> None:
    """Write the progress of the solve as a table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["seconds", "incumbent", "bound", "cuts", "nodes", "step"])
        rows.writerows([p.seconds, p.objective, p.bound, p.cuts, p.nodes, p.step] for p in result.trace)


def _shown(chain: Chain) -> dict[str, Network]:
    """Return the networks that maps show; empty ones where the job starts from a matrix."""
    if chain.source.matrix_file is not None:
        nothing = proposing.no_road()
        return {"road": nothing, "rail": nothing}
    road, rail = _networks(chain)
    return {"road": road, "rail": rail}


def _networks(chain: Chain) -> tuple[Network, Network]:
    road = store.load_network(chain.times.folder, "road")
    return road, store.load_network(chain.network.folder, "rail")


def _joined(road: Network, rail: Network) -> Network:
    """Return road and rail as the two tables of one file; rail nodes are numbered after those of the road."""
    first = len(road.nodes)
    links = rail.links.assign(tail=rail.links["tail"] + first, head=rail.links["head"] + first)
    tables = [(road.nodes, rail.nodes), (road.links, links)]
    nodes, both = (
        gpd.GeoDataFrame(
            pd.concat([one for one in pair if len(one)] or [pair[0]], ignore_index=True), crs=4326
        )
        for pair in tables
    )
    return Network(nodes=nodes, links=both)
