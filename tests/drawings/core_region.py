"""Draw a region with a core, in which roads, stations and trains lie inside and outside of it."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
from measures_drawing import drawn_graph

from networks.skims import ARC_KINDS
from optimiser.proposals.table import Candidates

PLACES = {
    "city:a": (116.0, 40.0),
    "city:b": (117.0, 40.0),
    "city:c": (115.0, 40.0),
    "city:d": (116.0, 41.0),
    "road:0": (116.05, 40.0),
    "road:1": (116.5, 40.5),
    "station:0": (116.0, 40.05),
    "station:0/platforms": (116.0, 40.05),
    "stop:t/0": (116.0, 40.05),
    "stop:t/0/arrived": (116.0, 40.05),
    "station:1": (115.0, 40.05),
    "stop:t/1": (115.0, 40.05),
    "stop:t/1/arrived": (115.0, 40.05),
}
"""Ada's centre, road, station and train lie in the core; the rest lies outside."""


def graph_of(arcs):
    """Make a graph of (tail, head, seconds) on rows of `PLACES`, no road among them."""
    columns = np.array(arcs, dtype=np.int64).reshape(-1, 3)
    lon, lat = zip(*PLACES.values(), strict=True)
    return replace(
        drawn_graph(),
        nodes=pd.DataFrame({"node_id": list(PLACES), "kind": "any", "lon": lon, "lat": lat}),
        tail=columns[:, 0],
        head=columns[:, 1],
        seconds=columns[:, 2],
        kind=np.full(len(columns), ARC_KINDS.index("board"), dtype=np.int8),
        ref=np.full(len(columns), -1, dtype=np.int64),
    )


def candidates_of(parts):
    """Make a candidate of each (cost, mode, line, arcs by node id)."""
    table = gpd.GeoDataFrame(
        {
            "candidate_id": [f"c{j}" for j in range(len(parts))],
            "kind": "any",
            "instrument": "",
            "mode": [mode for _, mode, _, _ in parts],
            "fixed": "",
            "cost": [cost for cost, _, _, _ in parts],
        },
        geometry=[line for _, _, line, _ in parts],
        crs="EPSG:4326",
    )
    rows = [(j, *arc) for j, (_, _, _, arcs) in enumerate(parts) for arc in arcs]
    return Candidates(
        table=table, arcs=pd.DataFrame(rows, columns=["candidate", "tail_id", "head_id", "seconds"])
    )
