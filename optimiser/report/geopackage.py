"""Write a plan as one GeoPackage of five layers, and two more where it is asked for rings."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import linestrings

from networks.timegraph import UNREACHABLE
from optimiser.report import atomic, coverage, ring_tables
from optimiser.report.inputs import ReportInput

WGS84 = "EPSG:4326"


def write(report: ReportInput, path: Path) -> Path:
    """Write proposals, cities, today's networks and the pairs, whole or not at all.

    Parameters
    ----------
    report
        What to write.
    path
        The ``.gpkg`` file.
    """
    return atomic.write(path, lambda part: _write_layers(layers(report), part))


def layers(report: ReportInput) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers by name: proposals, cities, network_roads, network_rail, pairs, rings, ring_links.

    The last two are there where a ring is formed; `known_rings` follows where rings are likened to some.
    """
    formed = any(ring.is_formed for ring in report.rings)
    known = ring_tables.known(report)
    return {
        "proposals": report.links.to_crs(WGS84),
        "cities": coverage.by_city(report.cities, report.pairs).to_crs(WGS84),
        "network_roads": report.roads[["link_class", "geometry"]].to_crs(WGS84),
        "network_rail": report.rail[["link_class", "geometry"]].to_crs(WGS84),
        "pairs": pair_lines(report),
        **(
            {"rings": ring_tables.circuits(report), "ring_links": ring_tables.ring_links(report)}
            if formed
            else {}
        ),
        **({"known_rings": known} if len(known) else {}),
    }


def pair_lines(report: ReportInput) -> gpd.GeoDataFrame:
    """Return one straight line a pair, with seconds before and after; no path is an empty cell."""
    pairs, cities = report.pairs, report.cities.to_crs(WGS84)
    ends = pairs[["origin", "destination"]].to_numpy(dtype=np.int64)
    points = np.column_stack([cities.geometry.x, cities.geometry.y])
    names = cities["name"].astype(str).to_numpy()
    table = pd.DataFrame(
        {
            "origin": names[ends[:, 0]],
            "destination": names[ends[:, 1]],
            "group": pairs["group"].to_numpy(),
            "weight": pairs["weight"].to_numpy(),
            "limit_s": pairs["limit_s"].to_numpy(),
            **{f"{state}_s": _seconds(pairs[f"{state}_s"]) for state in coverage.STATES},
            **{
                f"within_{state}": coverage.within(pairs, state=state).to_numpy() for state in coverage.STATES
            },
            "links": [", ".join(used) for used in pairs["links"]],
        }
    )
    return gpd.GeoDataFrame(table, geometry=linestrings(points[ends]), crs=WGS84)


def _seconds(values: pd.Series) -> pd.Series:
    known: pd.Series = values.where(values < UNREACHABLE).astype("Int64").reset_index(drop=True)
    return known


def _write_layers(tables: dict[str, gpd.GeoDataFrame], path: Path) -> None:
    for name, table in tables.items():
        mode = "a" if path.exists() else "w"
        table.to_file(path, layer=name, driver="GPKG", engine="pyogrio", mode=mode)
