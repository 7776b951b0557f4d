"""Write networks to files, and read them back unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import geopandas as gpd
import pandas as pd

from networks import schema
from networks.errors import SourceError
from networks.inputs import replacing
from networks.network import Network

LAYERS = ("nodes", "links")
"""Names of the layers in a GeoPackage, and of the files in a Parquet folder."""
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
        Further layers by name, of points or without geometry.

    Raises
    ------
    SchemaError
        If a network violates the data contract.
    OSError
        If the file cannot be written.
    """
    import pyogrio

    layers = [*_layers(network), *(_layers(rail, RAIL) if rail is not None else ())]
    layers += [(name, t, "Point" if isinstance(t, gpd.GeoDataFrame) else None) for name, t in tables.items()]
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
            pyogrio.read_dataframe(path, layer=f"{prefix}{layer}", fid_as_index=False) for layer in LAYERS
        )
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, OSError) as error:
        raise _unreadable(path, error) from error
    return _checked(nodes, links)


def write_parquet(network: Network, folder: Path) -> None:
    """Write a network as a folder with `nodes.parquet` and `links.parquet` (GeoParquet).

    Parameters
    ----------
    folder
        Folder to write to; it is created if necessary. Neither file ever exists in part.

    Raises
    ------
    SchemaError
        If the network violates the data contract.
    OSError
        If a file cannot be written.
    """
    for layer, frame, _ in _layers(network):
        with replacing(folder / f"{layer}.parquet") as part:
            frame.to_parquet(part)


def read_parquet(folder: Path) -> Network:
    """Read a network from a folder with `nodes.parquet` and `links.parquet`.

    Parameters
    ----------
    folder
        Folder written by `write_parquet`.

    Raises
    ------
    SourceError
        If a file is missing or cannot be read.
    SchemaError
        If the tables violate the data contract.
    """
    try:
        nodes, links = (gpd.read_parquet(folder / f"{layer}.parquet") for layer in LAYERS)
    except (OSError, ValueError) as error:
        raise _unreadable(folder, error) from error
    return _checked(nodes, links)


def _layers(network: Network, prefix: str = "") -> list[tuple[str, pd.DataFrame, str | None]]:
    """Return the name, the table and the geometry type of each layer of a network, once it is checked."""
    schema.check(network)
    nodes, links = (f"{prefix}{layer}" for layer in LAYERS)
    return [(nodes, network.nodes, "Point"), (links, network.links, "LineString")]


def _checked(nodes: pd.DataFrame, links: pd.DataFrame) -> Network:
    """Return a checked network; files store empty text as missing values, and older ones no `tracks`."""
    blank = {column.name: "" for column in schema.LINKS if column.dtype == "str"}
    tables = [
        frame.fillna({name: "" for name in blank if name in frame}).infer_objects()
        for frame in (nodes, links)
    ]
    links = tables[1].assign(tracks=tables[1].get("tracks", 0))
    network = schema.coerce(Network(nodes=tables[0], links=links))
    schema.check(network)
    return network


def _unreadable(path: Path, error: Exception) -> SourceError:
    return SourceError(
        f"the network cannot be read: {error}",
        where=str(path),
        done="Nothing was read.",
        remedy="A network is a GeoPackage with the layers nodes and links, or a folder with nodes.parquet "
        "and links.parquet; see docs/data-contract.md.",
    )
