"""Write the values between steps to files and read them back: Parquet, npz and JSON, never pickles."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks.cities import Cities
from networks.network import Network, Services
from networks.rail import RailBuild, RailReport
from networks.timegraph import TimeGraph
from optimiser.frontier.cases import Layer
from optimiser.problem import load, save
from optimiser.proposals.table import Candidates
from optimiser.report.ring_layout import RingFacts, RingWorth, Stop
from optimiser.run.proposing import Draft
from optimiser.run.reading import Networks
from optimiser.run.rings import RingTables
from optimiser.run.timing import DEFINITIONS, Times

_TUPLES = ("labels", "points")
"""Columns of the table of stations that hold tuples."""
_ARRAYS = ("tail", "head", "seconds", "kind", "ref", "origin", "destination")


def save_networks(folder: Path, networks: Networks) -> None:
    """Write the networks of a map and their import report."""
    rail = networks.rail
    _save_network(folder, "road", networks.road)
    _save_network(folder, "rail", rail.network)
    rail.services.lines.to_parquet(folder / "services_lines.parquet")
    rail.services.stops.to_parquet(folder / "services_stops.parquet")
    rail.services.routes.to_parquet(folder / "services_routes.parquet")
    _converted(rail.stations, list).to_parquet(folder / "stations.parquet")
    save_json(folder / "rail_report.json", rail.report.to_dict())
    save_json(folder / "import_report.json", networks.report)
    if networks.places is not None:
        networks.places.table.to_parquet(folder / "cities.parquet")


def load_networks(folder: Path) -> Networks:
    """Read what `save_networks` wrote."""
    places = folder / "cities.parquet"
    return Networks(
        road=_load_network(folder, "road"),
        rail=load_rail(folder),
        report=load_json(folder / "import_report.json"),
        places=Cities(gpd.read_parquet(places)) if places.exists() else None,
    )


def load_rail(folder: Path) -> RailBuild:
    """Read the railways of what `save_networks` wrote, without the roads."""
    lines, stops, routes, stations = (
        pd.read_parquet(folder / f"{name}.parquet")
        for name in ("services_lines", "services_stops", "services_routes", "stations")
    )
    return RailBuild(
        network=_load_network(folder, "rail"),
        services=Services(lines=lines, stops=stops, routes=routes),
        stations=_converted(stations, tuple),
        report=RailReport(**load_json(folder / "rail_report.json")),
    )


def save_times(folder: Path, times: Times) -> None:
    """Write cities, contracted roads, time graphs, skims and the import report."""
    times.cities.to_parquet(folder / "cities.parquet")
    _save_network(folder, "road", times.road)
    for definition, graph in times.graphs.items():
        graph.nodes.to_parquet(folder / f"{definition}_nodes.parquet")
        arrays = {key: getattr(graph, key) for key in _ARRAYS}
        _save_arrays(folder / f"{definition}.npz", {"skim": times.skims[definition], **arrays})
    _save_arrays(folder / "rows.npz", {"row_before": times.row_before})
    save_json(folder / "import_report.json", times.report)


def load_times(folder: Path) -> Times:
    """Read what `save_times` wrote."""
    graphs, skims = {}, {}
    for definition in DEFINITIONS:
        if (folder / f"{definition}.npz").exists():
            arrays = _load_arrays(folder / f"{definition}.npz")
            skims[definition] = arrays.pop("skim")
            nodes = pd.read_parquet(folder / f"{definition}_nodes.parquet")
            graphs[definition] = TimeGraph(nodes=nodes, definition=definition, **arrays)
    return Times(
        cities=gpd.read_parquet(folder / "cities.parquet"),
        graphs=graphs,
        skims=skims,
        report=load_json(folder / "import_report.json"),
        road=_load_network(folder, "road"),
        row_before=_load_arrays(folder / "rows.npz")["row_before"],
    )


def save_candidates(folder: Path, found: Candidates) -> None:
    """Write candidates, their arcs and what was left out."""
    found.table.to_parquet(folder / "candidates.parquet")
    found.arcs.to_parquet(folder / "arcs.parquet")
    found.runs.to_parquet(folder / "runs.parquet")
    found.sections.to_parquet(folder / "sections.parquet")
    facts = {
        "report": dict(found.report),
        "money": found.money,
        "price_year": found.price_year,
        "terrain_source": found.terrain_source,
    }
    save_json(folder / "facts.json", facts)


def load_candidates(folder: Path) -> Candidates:
    """Read what `save_candidates` wrote."""
    return Candidates(
        table=gpd.read_parquet(folder / "candidates.parquet"),
        arcs=pd.read_parquet(folder / "arcs.parquet"),
        runs=pd.read_parquet(folder / "runs.parquet"),
        sections=pd.read_parquet(folder / "sections.parquet"),
        **load_json(folder / "facts.json"),
    )


def save_draft(folder: Path, draft: Draft) -> None:
    """Write a problem, the meaning of its pairs and of its rings."""
    save(draft.problem, folder / "problem.json")
    draft.pairs.to_parquet(folder / "pairs.parquet")
    if draft.layer is not None:
        save(draft.layer.network, folder / "layer.json")
        shares = [str(share) for share in draft.layer.shares]
        save_json(folder / "layer_pairs.json", {"of": list(draft.layer.of), "shares": shares})
    if draft.worth:
        save_json(folder / "worth.json", [asdict(worth) for worth in draft.worth])
    if draft.rings is not None:
        draft.rings.links.to_parquet(folder / "rings.parquet")
        save_json(folder / "rings.json", [asdict(facts) for facts in draft.rings.facts])


def load_draft(folder: Path) -> Draft:
    """Read what `save_draft` wrote."""
    rings = None
    if (folder / "rings.json").exists():
        facts = tuple(_ring_facts(**values) for values in load_json(folder / "rings.json"))
        rings = RingTables(gpd.read_parquet(folder / "rings.parquet"), facts)
    layer = None
    if (folder / "layer.json").exists():
        values = load_json(folder / "layer_pairs.json")
        shares = tuple(Fraction(text) for text in values["shares"])
        layer = Layer(load(folder / "layer.json"), tuple(values["of"]), shares)
    worth = _ring_worths(folder / "worth.json")
    pairs = pd.read_parquet(folder / "pairs.parquet")
    return Draft(load(folder / "problem.json"), pairs, rings, layer, worth)


def _ring_worths(path: Path) -> tuple[RingWorth, ...]:
    if not path.exists():
        return ()
    return tuple(RingWorth(**{**row, "cities": tuple(row["cities"])}) for row in load_json(path))


def _ring_facts(
    *,
    centres: list[str],
    classes: list[str],
    stops: list[dict[str, Any]],
    **others: Any,  # noqa: ANN401
) -> RingFacts:
    return RingFacts(
        centres=tuple(centres), classes=tuple(classes), stops=tuple(Stop(**stop) for stop in stops), **others
    )


def save_json(path: Path, value: object) -> None:
    """Write a JSON file; nan and infinity are refused."""
    text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False, default=_plain)
    path.write_text(text + "\n", encoding="utf-8")


def load_json(path: Path) -> Any:  # noqa: ANN401 - any JSON value
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def _save_network(folder: Path, name: str, network: Network) -> None:
    network.nodes.to_parquet(folder / f"{name}_nodes.parquet")
    network.links.to_parquet(folder / f"{name}_links.parquet")


def _load_network(folder: Path, name: str) -> Network:
    return Network(
        nodes=gpd.read_parquet(folder / f"{name}_nodes.parquet"),
        links=gpd.read_parquet(folder / f"{name}_links.parquet"),
    )


def _converted(stations: pd.DataFrame, kind: type) -> pd.DataFrame:
    """Return stations with the columns that hold tuples converted, since Parquet knows lists alone."""
    columns = {name: pd.Series([kind(v) for v in stations[name]], stations.index) for name in _TUPLES}
    return stations.assign(**columns)


def _save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays as numpy does, but without the time of day: the same arrays are the same bytes."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, values in arrays.items():
            entry, buffer = zipfile.ZipInfo(f"{name}.npy"), io.BytesIO()
            entry.compress_type = zipfile.ZIP_DEFLATED
            np.lib.format.write_array(buffer, np.ascontiguousarray(values), allow_pickle=False)
            archive.writestr(entry, buffer.getvalue())


def _load_arrays(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def _plain(value: object) -> object:
    """Return the plain Python number of a numpy one."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")
