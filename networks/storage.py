"""Write networks, and all that an import found, to files, and read them back unchanged."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from networks import schema
from networks.errors import SourceError
from networks.inputs import checked_package, printable, replacing
from networks.osm.elements import Elements, Points, ReadCounts, Source
from networks.rail import RailBuild, RailReport
from networks.road.attributes import RoadReport
from networks.schema import Network, Services

LAYERS = ("nodes", "links")
"""Names of the layers in a GeoPackage."""
RAIL = "rail_"
"""Before the names of the layers of tracks."""


def write_gpkg(
    network: Network,
    path: Path,
    *,
    rail: Network | None = None,
    tables: Mapping[str, pd.DataFrame] = MappingProxyType({}),
) -> None:
    """Write a network as a GeoPackage with the layers `nodes` and `links`.

    The file is written under a temporary name and then renamed, so it never exists in part.

    Parameters
    ----------
    path
        File to write; an existing file is replaced.
    rail
        Tracks for the further layers `rail_nodes` and `rail_links`; None for none.
    tables
        Further layers by name, of points, of polygons or without geometry.

    Raises
    ------
    SchemaError
        If a network violates the data contract.
    OSError
        If the file cannot be written.
    """
    import pyogrio

    layers = [*_layers(network), *(_layers(rail, RAIL) if rail is not None else ())]
    layers += [(name, t, None) for name, t in tables.items()]
    with replacing(path) as part:
        for layer, frame, kind in layers:
            pyogrio.write_dataframe(frame, part, layer=layer, driver="GPKG", geometry_type=kind)


def read_gpkg(path: Path, *, prefix: str = "") -> Network:
    """Read a network from a GeoPackage.

    Parameters
    ----------
    path
        File with the layers `nodes` and `links`.
    prefix
        Before the names of the layers: `RAIL` for tracks, where there are any.

    Raises
    ------
    SourceError
        If the file cannot be read.
    SchemaError
        If the tables violate the data contract.
    """
    import pyogrio

    try:
        nodes, links = (
            pyogrio.read_dataframe(checked_package(path), layer=f"{prefix}{layer}", fid_as_index=False)
            for layer in LAYERS
        )
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, OSError) as error:
        raise SourceError(
            f"the network cannot be read: {error}",
            where=str(path),
            done="Nothing was read.",
            remedy="A network is a GeoPackage with the layers nodes and links; see docs/data-contract.md.",
        ) from error
    # Files store empty text as missing values, and older ones no `tracks`.
    blank = {column.name: "" for column in schema.LINKS if column.dtype == "str"}
    tables = [
        frame.fillna({name: "" for name in blank if name in frame}).infer_objects()
        for frame in (nodes, links)
    ]
    links = tables[1].assign(tracks=tables[1].get("tracks", 0))
    network = schema.coerce(Network(nodes=tables[0], links=links))
    schema.check(network)
    return network


def _layers(network: Network, prefix: str = "") -> list[tuple[str, pd.DataFrame, str | None]]:
    """Return the name, the table and the geometry type of each layer of a network, once it is checked."""
    schema.check(network)
    nodes, links = (f"{prefix}{layer}" for layer in LAYERS)
    return [(nodes, network.nodes, "Point"), (links, network.links, "LineString")]


FORMAT = "polyring-import-report/1"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Counts from all steps between a source and a network.

    Attributes
    ----------
    source
        Name and SHA-256 of the file or download.
    read
        Counts of ways and nodes that were read, cut at the border and dropped.
    roads
        Counts of the roads; None if no road network was built.
    rail
        Counts of the railways as plain values; empty if no rail network was built.
    timetable
        What was taken from a GTFS feed as plain values; empty if there is none.
    simplified
        Numbers of nodes and links before and after contraction, as plain values.
    snapped
        Number and distances of snapped places, as plain values.
    screening
        Whether classes and services are inferred, since the source has none.
    notes
        Remarks for the reader, one sentence each.
    """

    source: Source
    read: ReadCounts
    roads: RoadReport | None = None
    rail: Mapping[str, Any] = field(default_factory=dict)
    timetable: Mapping[str, Any] = field(default_factory=dict)
    simplified: Mapping[str, Any] = field(default_factory=dict)
    snapped: Mapping[str, Any] = field(default_factory=dict)
    screening: bool = False
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values for JSON."""
        return {"format": FORMAT, **asdict(self), "notes": list(self.notes)}


IMPORT_SUFFIX = ".gpkg"
"""Ending of the file name."""
LAYOUT = "polyring-import/1"
"""Name and version of the layout: layers, columns and what they mean."""

_FACTS = "polyring"
"""Layer of names and values: the layout, the country of the speeds, the import report."""
_NUMBERS = frozenset({"bool", "int64", "float64"})
_IMPORT_AGAIN = "Write it with `polyring import EXTRACT -o FILE.gpkg` of this version."


@dataclass(frozen=True, slots=True)
class Facts:
    """What a GeoPackage says of itself.

    Attributes
    ----------
    country
        Key of the country whose speeds it has.
    road_classes
        Classes of roads that were read, without slip roads.
    report
        The import report as plain values.
    columns
        Column names and dtypes by layer; `tuple` for lists as JSON.
    """

    country: str
    road_classes: frozenset[str]
    report: Mapping[str, Any]
    columns: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class ImportPackage:
    """Everything that a run needs from a map.

    Attributes
    ----------
    road
        Roads and ferries, with travel times.
    rail
        Tracks, services and stations.
    elements
        Places and built-up areas of the map, and the file that was imported; nothing else of it.
    report
        The import report as plain values.
    """

    road: Network
    rail: RailBuild
    elements: Elements
    report: Mapping[str, Any]


def write_import(
    path: Path,
    *,
    road: Network,
    rail: RailBuild,
    elements: Elements,
    report: ImportReport,
    country: str,
    road_classes: frozenset[str],
) -> None:
    """Write an import as a GeoPackage.

    Its layers are `nodes` and `links` (roads), `rail_nodes` and `rail_links`, `services`, `stops`, `routes`,
    `stations`, `places`, `built_up`, and `polyring`, which names the layout and holds the import report.

    Parameters
    ----------
    path
        File to write; an existing one is replaced.
    elements
        What was imported, of which places and built-up areas are written.
    country
        Key of the country whose speeds were used, as the user gave it.
    road_classes
        Classes of roads that were read, without slip roads.

    Raises
    ------
    SchemaError
        If a network violates the data contract.
    OSError
        If the file cannot be written.
    """
    services, places = rail.services, elements.places
    tables: dict[str, pd.DataFrame] = {
        "services": services.lines, "stops": services.stops, "routes": services.routes,
    }  # fmt: skip
    tables["stations"] = gpd.GeoDataFrame(
        rail.stations, geometry=rail.network.nodes.geometry.to_numpy()[rail.stations["node"]], crs=schema.CRS
    )
    tables["places"] = gpd.GeoDataFrame(
        {"osm_id": places.id, "tags": [json.dumps(dict(tags), ensure_ascii=False) for tags in places.tags]},
        geometry=shapely.points(places.lon, places.lat),
        crs=schema.CRS,
    )
    tables["built_up"] = gpd.GeoDataFrame(geometry=elements.built_up, crs=schema.CRS)
    columns = {layer: _dtypes(table) for layer, table in tables.items()}
    facts = {
        "layout": LAYOUT,
        "country": country,
        "road_classes": json.dumps(sorted(road_classes)),
        "report": json.dumps(report.to_json(), ensure_ascii=False),
        "columns": json.dumps(columns),
    }
    written = {layer: table.copy() for layer, table in tables.items() if len(table)}
    for layer, table in written.items():  # a GeoPackage has no lists of texts: tuples are JSON
        for name in (name for name, dtype in columns[layer].items() if dtype == "tuple"):
            table[name] = [json.dumps(value, ensure_ascii=False) for value in table[name]]
    written[_FACTS] = pd.DataFrame({"name": list(facts), "value": list(facts.values())})
    rail_network = rail.network if len(rail.network.links) else None
    write_gpkg(road, path, rail=rail_network, tables=written)


def read_facts(path: Path) -> Facts:
    """Read what a GeoPackage says of itself.

    Parameters
    ----------
    path
        File that `write` wrote.

    Raises
    ------
    SourceError
        If it is another GeoPackage, or of another version of the layout.
    """
    import pyogrio

    try:
        layers = {str(name) for name, _ in pyogrio.list_layers(checked_package(path))}
        if _FACTS not in layers:
            found = ", ".join(sorted(layers)) or "none"
            raise _other(path, f"it is not what `polyring import` writes (its layers: {found})")
        table = pyogrio.read_dataframe(path, layer=_FACTS)
        values = dict(zip(table["name"], table["value"], strict=True))
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, OSError, KeyError) as error:
        raise _other(path, f"it cannot be read: {error}") from error
    if values.get("layout") != LAYOUT:
        raise _other(path, f"its layout is {values.get('layout')}, and this version reads {LAYOUT}")
    try:
        return Facts(
            country=str(values["country"]),
            road_classes=frozenset(json.loads(values["road_classes"])),
            report=json.loads(values["report"]),
            columns=json.loads(values["columns"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _other(path, f"its table {_FACTS} is damaged: {error}") from error


def read_import(path: Path) -> ImportPackage:
    """Read what `write` wrote.

    Raises
    ------
    SourceError
        If it is another GeoPackage, of another version, or damaged.
    SchemaError
        If its tables violate the data contract.
    """
    told = read_facts(path)
    road = _with_printable_names(read_gpkg(path))
    try:
        tracks = schema.empty_network()
        if told.report["rail"]["tracks"]:
            tracks = _with_printable_names(read_gpkg(path, prefix=RAIL))
        tables = {layer: _table(path, layer, columns) for layer, columns in told.columns.items()}
        services = Services(lines=tables["services"], stops=tables["stops"], routes=tables["routes"])
        stations = pd.DataFrame(tables["stations"].drop(columns="geometry", errors="ignore"))
        rail = RailBuild(tracks, services, stations, RailReport(**told.report["rail"]))
        elements = replace(
            Elements.none(Source(**told.report["source"])),
            places=_points(tables["places"]),
            built_up=np.asarray(tables.get("built_up", pd.DataFrame()).get("geometry", ()), dtype=object),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, SourceError):
            raise
        raise _other(path, f"it is damaged: {error}") from error
    return ImportPackage(road, rail, elements, told.report)


def _with_printable_names(network: Network) -> Network:
    """Return a network without characters in its names that a terminal would obey."""
    names = {key: network.links[key].map(printable) for key in ("name", "ref")}
    nodes = network.nodes.assign(name=network.nodes["name"].map(printable))
    return Network(nodes=nodes, links=network.links.assign(**names))


def _dtypes(table: pd.DataFrame) -> dict[str, str]:
    """Return the dtype of each column; `tuple` where it holds tuples."""
    columns = [name for name in table if name != "geometry"]
    return {
        str(name): "tuple"
        if len(table) and isinstance(table[name].iloc[0], tuple)
        else str(table[name].dtype)
        for name in columns
    }


def _table(path: Path, layer: str, columns: Mapping[str, str]) -> pd.DataFrame:
    """Read a layer, with the dtypes that its columns had; a layer without rows was not written."""
    import pyogrio

    if layer not in {str(name) for name, _ in pyogrio.list_layers(path)}:
        empty = {name: "object" if dtype == "tuple" else dtype for name, dtype in columns.items()}
        return pd.DataFrame({name: [] for name in columns}).astype(empty)
    table: pd.DataFrame = pyogrio.read_dataframe(path, layer=layer)
    for name, dtype in columns.items():
        if dtype == "tuple":
            lists = table[name].map(json.loads)
            shown = [tuple(printable(v) if isinstance(v, str) else v for v in values) for values in lists]
            table[name] = pd.Series(shown, dtype="object")
        else:
            # Empty texts are stored as missing.
            values = table[name] if dtype in _NUMBERS else table[name].fillna("").map(printable)
            table[name] = values.astype(pd.api.types.pandas_dtype(dtype))
    return table


def _points(table: pd.DataFrame) -> Points:
    if not len(table):
        return Points.none()
    lon, lat = shapely.get_coordinates(table["geometry"].to_numpy()).T
    tags = tuple(
        {key: printable(str(value)) for key, value in json.loads(text).items()} for text in table["tags"]
    )
    return Points(table["osm_id"].to_numpy(dtype=np.int64), lon.copy(), lat.copy(), tags)


def _other(path: Path, fault: str) -> SourceError:
    return SourceError(
        f"the GeoPackage cannot be a map: {fault}",
        where=str(path),
        done="Nothing was read.",
        remedy=_IMPORT_AGAIN,
    )
