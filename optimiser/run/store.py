"""Write the values between steps to files and read them back: Parquet, npz and JSON, never pickles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks.network import Network, Services
from networks.rail import RailBuild, RailReport
from networks.timegraph import TimeGraph

_TUPLES = ("labels", "points")
_ARRAYS = ("tail", "head", "seconds", "kind", "ref", "origin", "destination")


def save_network(folder: Path, name: str, network: Network) -> None:
    """Write the two tables of a network as GeoParquet."""
    network.nodes.to_parquet(folder / f"{name}_nodes.parquet")
    network.links.to_parquet(folder / f"{name}_links.parquet")


def load_network(folder: Path, name: str) -> Network:
    """Read what `save_network` wrote."""
    return Network(
        nodes=gpd.read_parquet(folder / f"{name}_nodes.parquet"),
        links=gpd.read_parquet(folder / f"{name}_links.parquet"),
    )


def save_rail(folder: Path, rail: RailBuild) -> None:
    """Write railways, their services and stations, and the report of their import."""
    save_network(folder, "rail", rail.network)
    rail.services.lines.to_parquet(folder / "services_lines.parquet")
    rail.services.stops.to_parquet(folder / "services_stops.parquet")
    stations = rail.stations
    lists = pd.DataFrame(
        {name: [list(value) for value in stations[name]] for name in _TUPLES}, stations.index
    )
    stations.drop(columns=list(_TUPLES)).join(lists).to_parquet(folder / "stations.parquet")
    save_json(folder / "rail_report.json", rail.report.to_dict())


def load_rail(folder: Path) -> RailBuild:
    """Read what `save_rail` wrote."""
    stations = pd.read_parquet(folder / "stations.parquet")
    tuples = pd.DataFrame(
        {name: [tuple(value) for value in stations[name]] for name in _TUPLES}, stations.index
    )
    services = Services(
        lines=pd.read_parquet(folder / "services_lines.parquet"),
        stops=pd.read_parquet(folder / "services_stops.parquet"),
    )
    return RailBuild(
        network=load_network(folder, "rail"),
        services=services,
        stations=stations.drop(columns=list(_TUPLES)).join(tuples),
        report=RailReport(**load_json(folder / "rail_report.json")),
    )


def save_graph(folder: Path, name: str, graph: TimeGraph) -> None:
    """Write a time graph: its nodes as Parquet, its arrays as npz."""
    graph.nodes.to_parquet(folder / f"{name}_nodes.parquet")
    arrays = {key: getattr(graph, key) for key in _ARRAYS}
    np.savez_compressed(folder / f"{name}.npz", definition=np.array(graph.definition), **arrays)


def load_graph(folder: Path, name: str) -> TimeGraph:
    """Read what `save_graph` wrote."""
    with np.load(folder / f"{name}.npz", allow_pickle=False) as arrays:
        return TimeGraph(
            nodes=pd.read_parquet(folder / f"{name}_nodes.parquet"),
            definition=str(arrays["definition"]),
            **{key: arrays[key] for key in _ARRAYS},
        )


def save_array(folder: Path, name: str, array: NDArray[np.int64]) -> None:
    """Write an array as npz."""
    np.savez_compressed(folder / f"{name}.npz", array=array)


def load_array(folder: Path, name: str) -> NDArray[np.int64]:
    """Read what `save_array` wrote."""
    with np.load(folder / f"{name}.npz", allow_pickle=False) as arrays:
        array: NDArray[np.int64] = arrays["array"]
    return array


def save_json(path: Path, value: object) -> None:
    """Write a JSON file; nan and infinity are refused."""
    text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False, default=_plain)
    path.write_text(text + "\n", encoding="utf-8")


def load_json(path: Path) -> Any:  # noqa: ANN401 - any JSON value
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def _plain(value: object) -> object:
    """Return the plain Python number of a numpy one."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")
