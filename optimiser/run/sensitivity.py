"""Repeat the coverage of a plan at other speeds on expressways."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks import impedance, intermodal, skims
from networks.cities import Cities, with_nodes_near
from networks.rail import RailBuild
from networks.timegraph import ARC_KINDS, TimeGraph
from optimiser.job.model import Job
from optimiser.proposals.prepare import city_pairs
from optimiser.run import proposing, store, timing
from optimiser.run.timing import Placed

SPEEDS_KMH = (80.0, 95.0, 110.0)
"""Speeds tried on expressways, km/h."""
EXPRESSWAY = "motorway"
_ROAD = re.compile(r"^road:(\d+)(.*)$")


def write_sensitivity(
    folder: Path, networks: Path, times: Path, candidates: Path, *, built: Sequence[str], job: Job
) -> None:
    """Write coverage today and with the plan at each speed, as shares of pairs by tier.

    Parameters
    ----------
    folder
        Where `sensitivity.json` goes.
    networks, times, candidates
        Folders of the steps.
    built
        Ids of what the plan builds; it keeps the speeds it was proposed with.
    job
        The job.
    """
    arcs = built_arcs(candidates, built)
    row_before = store.load_array(times, "row_before")
    rows = []
    for speed in SPEEDS_KMH:
        placed = placed_at(speed, networks, times, arcs=arcs, row_before=row_before, job=job)
        graph = intermodal.join(placed.road, placed.rail, placed.cities, definition=job.times.definition)
        moved = moved_arcs(arcs, row_before=row_before, row_after=placed.row_after)
        states = {"before": graph, "after": with_arcs(graph, moved)}
        shares = {
            f"{group} {state}": share
            for state, one in states.items()
            for group, share in coverage_shares(placed.cities, one, limit_s=job.times.limit_s).items()
        }
        rows.append({"case": f"expressways at {speed:g} km/h", **shares})
    store.save_json(folder / "sensitivity.json", rows)


def load_sensitivity(folder: Path) -> pd.DataFrame:
    """Read what `write_sensitivity` wrote."""
    return pd.DataFrame(store.load_json(folder / "sensitivity.json"))


def built_arcs(candidates: Path, built: Sequence[str]) -> pd.DataFrame:
    """Return the arcs that a plan opens: `tail_id`, `head_id`, `seconds`."""
    found = proposing.load_candidates(candidates)
    rows = np.flatnonzero(found.table["candidate_id"].isin(list(built)).to_numpy())
    return found.arcs[found.arcs["candidate"].isin(rows)].reset_index(drop=True)


def placed_at(
    speed_kmh: float,
    networks: Path,
    times: Path,
    *,
    arcs: pd.DataFrame,
    row_before: NDArray[np.int64],
    job: Job,
) -> Placed:
    """Place the cities again with another speed on expressways.

    Parameters
    ----------
    speed_kmh
        The speed.
    networks, times
        Folders of the steps.
    arcs
        Arcs whose road nodes must stay.
    row_before
        int64, rows in the network before contraction.
    job
        Whether railways count, and how far cities are snapped.

    Returns
    -------
    Placed
        Cities on roads of that speed.
    """
    table = gpd.read_parquet(times / "cities.parquet")
    road = with_nodes_near(store.load_network(networks, "road"), Cities(table), limit_km=job.cities.snap_km)
    there = EXPRESSWAY in set(road.links["link_class"])
    timed = impedance.add_travel_times(road, speed_overrides={EXPRESSWAY: speed_kmh} if there else {})
    node = table["road_node"].to_numpy()
    cities = Cities(table.assign(road_node=np.where(node >= 0, row_before[np.maximum(node, 0)], -1)))
    rail: RailBuild | None = store.load_rail(networks) if job.times.rail else None
    return timing.place(timed, rail, cities, keep=row_before[_road_rows(arcs)])


def moved_arcs(
    arcs: pd.DataFrame, *, row_before: NDArray[np.int64], row_after: NDArray[np.int64]
) -> pd.DataFrame:
    """Return arcs with the ids of their road nodes in another contraction of the same network.

    Parameters
    ----------
    arcs
        `tail_id`, `head_id`, `seconds`.
    row_before
        int64, from rows of the contraction that the ids speak of to rows before it.
    row_after
        int64, from rows before the other contraction to rows after it.
    """

    def moved(name: str) -> str:
        match = _ROAD.match(name)
        return f"road:{row_after[row_before[int(match[1])]]}{match[2]}" if match else name

    return arcs.assign(tail_id=arcs["tail_id"].map(moved), head_id=arcs["head_id"].map(moved))


def with_arcs(graph: TimeGraph, arcs: pd.DataFrame) -> TimeGraph:
    """Return a time graph with further arcs, and nodes for ids that it lacks.

    Parameters
    ----------
    graph
        The graph.
    arcs
        `tail_id`, `head_id`, `seconds`.

    Returns
    -------
    TimeGraph
        A new graph; the origins and destinations are the same.
    """
    names = pd.concat([graph.nodes["node_id"], arcs["tail_id"], arcs["head_id"]]).astype(str).unique()
    row = {name: at for at, name in enumerate(names)}
    new = pd.DataFrame({"node_id": names[len(graph.nodes) :], "kind": "stop", "lon": np.nan, "lat": np.nan})
    ends = [arcs[key].map(row).to_numpy(dtype=np.int64) for key in ("tail_id", "head_id")]
    count = len(arcs)
    return replace(
        graph,
        nodes=pd.concat([graph.nodes, new], ignore_index=True) if len(new) else graph.nodes,
        tail=np.concatenate([graph.tail, ends[0]]),
        head=np.concatenate([graph.head, ends[1]]),
        seconds=np.concatenate([graph.seconds, arcs["seconds"].to_numpy(dtype=np.int64)]),
        kind=np.concatenate([graph.kind, np.full(count, ARC_KINDS.index("ride"), dtype=np.int8)]),
        ref=np.concatenate([graph.ref, np.full(count, -1, dtype=np.int64)]),
    )


def coverage_shares(cities: Cities, graph: TimeGraph, *, limit_s: int) -> dict[str, float]:
    """Return the share of pairs within the limit, by tier of the smaller city and for all."""
    pairs = city_pairs(cities.table, skims.travel_times(graph), limit_s=limit_s)
    groups = {str(name): part for name, part in pairs.groupby("group", sort=True)} | {"all": pairs}
    return {name: round(float(part["covered_today"].mean()), 6) for name, part in groups.items()}


def _road_rows(arcs: pd.DataFrame) -> NDArray[np.int64]:
    names = pd.concat([arcs["tail_id"], arcs["head_id"]]).unique()
    matches = (_ROAD.match(str(name)) for name in names)
    return np.array(sorted({int(match[1]) for match in matches if match}), dtype=np.int64)
