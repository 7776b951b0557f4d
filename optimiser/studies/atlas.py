"""Measure several clusters by the same rules: what their networks do today, and how sure that is."""

import base64
import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from networks.errors import NetworksError
from networks.inputs import checksum
from networks.sphere import chord_to_km, unit_vectors
from optimiser import verify
from optimiser.engine.search.paths import UNREACHED
from optimiser.frontier.axes import with_budget
from optimiser.frontier.cases import UNCHANGED, Case, TimeChanges
from optimiser.job import Cluster, Job, LoadedJob, load_clusters, model
from optimiser.measures.equity import ALL
from optimiser.problem.errors import EnvironmentFault, OptimiserError
from optimiser.problem.model import TIERS
from optimiser.report import studies as pages
from optimiser.report.studies import CENTRAL, Atlas, ClusterFigures
from optimiser.run import folder, independence, measuring, retiming, store
from optimiser.run.chain import Chain
from optimiser.run.measured_plan import MeasuredPlan
from optimiser.run.source import find_source
from optimiser.studies import folders, whatif
from optimiser.studies.cases import stated_cases
from optimiser.tasks import Contents, Executor, Task, cache, run_tasks

STRETCH = 1.25
"""A pair is independent of the core if a way without it takes at most this many times its fastest way."""

UNFINISHED = 10
"""Exit code where some cluster could not be measured."""

LONGEST_S = 6 * 3600.0
"""Time limit of a cluster that is measured as a task."""

type Found = ClusterFigures | OptimiserError | NetworksError
"""The figures of a cluster, or why there are none."""


@dataclass(frozen=True)
class AtlasRun(folders.StudyRun):
    """A finished atlas.

    Attributes
    ----------
    folder
        Where its files are.
    found
        The figures of all clusters.
    exit_code
        0, or 10 where a cluster could not be measured.
    """

    found: Atlas


@whatif.door
def atlas(
    clusters: Sequence[Cluster] | None = None,
    *,
    out: str | Path | None = None,
    progress: cache.Progress | None = None,
    executor: Executor | None = None,
) -> AtlasRun:
    """Measure clusters, and write tables, maps and a page.

    Finished clusters are kept in the cache, so that an interrupted atlas goes on where it stopped. A cluster
    that cannot be measured is named with its fault, and the others are measured.

    Parameters
    ----------
    clusters
        The clusters, each with its job, as `load_clusters` reads them; None: twelve of the world.
    out
        Folder to write; None: `polyring-runs/atlas`.
    progress
        Notified of each step.
    executor
        Measures several clusters at a time, each as a task; None: one after the other in this process.

    Raises
    ------
    OptimiserError, NetworksError
        Where no cluster can be measured: the fault of the first one.
    """
    watch, clusters = progress or cache.Progress(), load_clusters() if clusters is None else clusters
    out = model.inside(Path(), model.RUNS / "atlas") if out is None else Path(out)
    with folder.staged(out, watch.ends) as stage:
        found = _found(clusters, watch, executor)
        faults = [one for one in found if not isinstance(one, ClusterFigures)]
        if len(faults) == len(clusters):
            raise faults[0]
        figures = (
            one if isinstance(one, ClusterFigures) else ClusterFigures(c.loaded.name, c.title, fault=str(one))
            for c, one in zip(clusters, found, strict=True)
        )
        whole = Atlas(tuple(figures), limit_s=clusters[0].loaded.job.times.limit_s, stretch=STRETCH)
        with watch.step("atlas", "Writing the atlas"):
            pages.write_atlas(whole, stage)
    return AtlasRun(out, UNFINISHED if faults else 0, whole)


def _found(clusters: Sequence[Cluster], watch: cache.Progress, executor: Executor | None) -> list[Found]:
    """Return the figures of each cluster, or the fault that kept it from being measured.

    An executor gets all clusters as tasks, but for those whose files are missing here.
    """
    tasks, found = dict[str, Task](), dict[str, Found]()
    for number, cluster in enumerate(clusters, start=1):
        name = cluster.loaded.name
        try:
            if executor is None:
                watch.ends(f"{cluster.title} ({number} of {len(clusters)})")
                found[name] = _measured(cluster, watch)
            else:
                find_source(cluster.loaded)
                tasks[name] = task_of(cluster)
        except (OptimiserError, NetworksError) as fault:
            found[name] = fault
            watch.ends(f"{cluster.title} could not be measured: {fault.what}")
    if executor is not None:
        done = run_tasks(
            list(tasks.values()), {}, executor, watch=lambda now: watch.begins(f"Clusters: {now}")
        )
        for name, task in tasks.items():
            outcome, title = done[task.key], task.payload["title"]
            if outcome.quarantined:
                found[name] = EnvironmentFault(outcome.fault, where=f"{title}, {outcome.worker}")
                watch.ends(f"{title} could not be measured: {outcome.fault}")
            else:
                picture, values = base64.b64decode(outcome.value["picture"]), outcome.value["figures"]
                found[name] = ClusterFigures(name, title, picture=picture, **values)
    return [found[cluster.loaded.name] for cluster in clusters]


def task_of(cluster: Cluster) -> Task:
    """Return the task of a cluster; it depends on the contents of the files that its job names."""
    loaded = cluster.loaded
    return Task(
        name=f"cluster {cluster.title}",
        function="optimiser.studies.atlas:measure_cluster",
        payload={
            "name": loaded.name,
            "title": cluster.title,
            "folder": str(loaded.folder.resolve()),
            "job": loaded.job.model_dump(mode="json"),
            "files": {str(path): checksum(path) for path in loaded.files.values()},
        },
        time_limit_s=LONGEST_S,
    )


def measure_cluster(payload: Mapping[str, Any], _contents: Contents) -> dict[str, Any]:
    """Measure a cluster: the function of a task.

    Parameters
    ----------
    payload
        `name`, `title`, `job` and its `folder`, and the `files` that the job names, each with its checksum.
        They may be large, so that they are read where they are: every worker must see them at their paths.

    Returns
    -------
    dict
        `figures`, the fields of `ClusterFigures`, and `picture`, the PNG of its map in Base64.

    Raises
    ------
    EnvironmentFault
        When a file cannot be read here, or is another one here.
    """
    faults = [
        f"{path} is not there, or holds something else than where the atlas was begun"
        for path, known in payload["files"].items()
        if not Path(path).is_file() or checksum(Path(path)) != known
    ]
    EnvironmentFault.refuse(
        faults,
        f"{platform.node()} cannot read the files of the cluster",
        where=payload["title"],
        done="It was not measured.",
        remedy="Put them where every worker sees them at the same path, such as on a shared file system.",
    )
    job = Job.model_validate_json(json.dumps(payload["job"]))
    loaded = LoadedJob(name=payload["name"], folder=Path(payload["folder"]), job=job)
    found = _measured(Cluster(payload["title"], loaded), cache.Progress())
    figures = {"facts": found.facts, "tiers": found.tiers, "cases": found.cases}
    return {"figures": figures, "picture": base64.b64encode(found.picture).decode()}


def _measured(cluster: Cluster, progress: cache.Progress) -> ClusterFigures:
    """Return the figures of a cluster, made or kept."""
    loaded = cluster.loaded
    chain = Chain(loaded, find_source(loaded), progress)
    inputs = {"draft": chain.draft.key, "title": cluster.title, "stretch": STRETCH}

    def make(place: Path) -> None:
        progress.begins(f"Measuring {cluster.title}")
        base = measured_today(chain)
        store.save_json(place / "figures.json", measure(chain, base))
        limits = np.array([pair.limit for pair in base.problem.pairs], dtype=np.int64)
        within = base.states["today"].times <= limits
        count = len(base.cities)
        partners = np.bincount(base.ends.ravel(), minlength=count)
        cities = base.cities[["city_id", "name", "tier", "population", "geometry"]].assign(
            share=np.bincount(base.ends[within].ravel(), minlength=count) / np.maximum(partners, 1)
        )
        pages.write_map(cities, chain.times.value.road.links, chain.rail_network.links, place / "map.png")

    with progress.step("cluster", f"Measuring {cluster.title}"):
        kept = cache.get("cluster", inputs, make)
    values = store.load_json(kept.folder / "figures.json")
    return ClusterFigures(
        loaded.name, cluster.title, picture=(kept.folder / "map.png").read_bytes(), **values
    )


def measured_today(chain: Chain) -> MeasuredPlan:
    """Prepare the measures of a cluster: today, and with every candidate at once in place of a plan.

    Parameters
    ----------
    chain
        The steps of the job of the cluster.
    """
    stated, lines = chain.draft.value.problem, chain.times.value.road.links.geometry
    # Every candidate may be built at once, whatever it costs and fills.
    everything = sum(one.cost for one in stated.candidates)
    problem = with_budget(stated.replace(capacities=(), excludes=(), requires=()), everything)
    plan = verify.score(problem, [candidate.id for candidate in problem.candidates])
    found, asked = chain.measured(problem, plan), chain.loaded.job.independence
    # A cluster is measured without its core whether that counts for its plan or not.
    without = found.without or independence.WithoutCore.of(
        found.graph, found.candidates, found.cities, lines, asked
    )
    return replace(found, without=without)


def measure(chain: Chain, base: MeasuredPlan) -> dict[str, Any]:
    """Return what the network of a cluster does today, and by how much its assumptions change that.

    Parameters
    ----------
    chain, base
        The steps of the job of the cluster, and `measured_today`.

    Returns
    -------
    dict
        `facts` of the cluster, `tiers` (a row for each tier of the smaller city, `all` last) and `cases` (the
        indicators of today's assumptions first, then of each case).
    """
    job, source, names = chain.loaded.job, chain.source, base.cities["name"].astype(str)
    network = retiming.TimedNetwork.of(base.graph, base.candidates)
    stated = stated_cases(job, base.candidates, has_ring=False)
    cases = [Case(name=CENTRAL), *(case for case in stated if case.times != UNCHANGED)]
    return {
        "facts": {  # what a reader must know beside the indicators
            "country": source.country,
            "cities": len(base.cities),
            "people": int(base.population.sum()),
            "core": names.iloc[base.core].tolist(),
            "pairs": len(base.ends),
            "express_trains": len(base.candidates.table),
            "trains": "assumed" if source.screening else "known",
            "notes": list(source.notes),
            "attribution": source.attribution,
        },
        "tiers": list(_tiers(base)),
        "cases": [{"case": case.name, **_indicators(_retimed(base, network, case.times))} for case in cases],
    }


def _retimed(base: MeasuredPlan, network: retiming.TimedNetwork, changes: TimeChanges) -> MeasuredPlan:
    """Return a cluster under other speeds, waits, access times or limits."""
    if changes == UNCHANGED:
        return base
    graph, candidates = network.under(changes)
    pairs = tuple(replace(pair, limit=pair.limit + changes.limit_s) for pair in base.problem.pairs)
    return replace(base, problem=base.problem.replace(pairs=pairs), graph=graph, candidates=candidates)


def _indicators(measured: MeasuredPlan) -> dict[str, float | None]:
    """Return the indicators of a cluster: `atlas.INDICATORS`."""
    equity = measuring.equity(measured)
    shares = {(row.state, row.tier): _number(row.pairs_share) for row in equity.itertuples()}
    within, with_express = (shares[state, ALL] for state in measured.states)
    table = measuring.polycentricity(measured).set_index("measure")["today"]
    free = measuring.independence(measured)
    row = free[(free["tier"] == ALL) & (free["state"] == "today")].iloc[0] if len(free) else None
    counted = 0 if row is None else int(row["pairs"])
    independent = None if row is None or not counted else float(row[f"independent_at_{STRETCH:g}"]) / counted
    return {
        **{f"within_{tier}": shares.get(("today", tier)) for tier in (ALL, *TIERS)},
        "within_express": with_express,
        "express_gain": None if within is None or with_express is None else with_express - within,
        "dependence": _number(table["core_every_share"]),
        "independence": independent,
        "speed_kmh": _straight_speed(measured),
    }


def _tiers(measured: MeasuredPlan) -> Iterator[dict[str, Any]]:
    """Yield the pairs of each tier of the smaller city, today and with every express train."""
    equity = measuring.equity(measured).set_index(["tier", "state"])
    for tier in equity.index.unique("tier"):
        today, every = (equity.loc[(tier, state)] for state in measured.states)
        if today["pairs"]:
            yield {
                "tier": tier,
                "cities": int(today["cities"]),
                "pairs": int(today["pairs"]),
                "within": int(today["pairs_within"]),
                "within_express": int(every["pairs_within"]),
                "mean_minutes": _number(today["mean_minutes"]),
                "worst_city": today["worst_city"],
            }


def _straight_speed(measured: MeasuredPlan) -> float | None:
    """Return the median over pairs of straight-line distance over time from door to door, km/h."""
    seconds = measured.states["today"].times
    joined = seconds < UNREACHED
    if not joined.any():
        return None
    lon, lat = measured.cities.geometry.x.to_numpy(), measured.cities.geometry.y.to_numpy()
    one, other = measured.ends[joined].T
    where = unit_vectors(lon, lat)
    km = chord_to_km(np.linalg.norm(where[one] - where[other], axis=1))
    return round(float(np.median(km / (seconds[joined] / 3600.0))), 3)


def _number(value: Any) -> float | None:  # noqa: ANN401 - a cell of a table
    return None if value is None or np.isnan(value) else float(value)
