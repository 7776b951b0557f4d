"""Write a network to disk and read it back unchanged."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pandas as pd

from networks import schema
from networks.errors import SourceError
from networks.network import Network, Services

LAYERS = ("nodes", "links")
"""Names of the layers of a GeoPackage, and of the files of a Parquet folder."""


def write_gpkg(network: Network, path: Path) -> None:
    """Write a network as a GeoPackage with the layers `nodes` and `links`.

    The file appears whole or not at all: it is written beside its place and then moved there.

    Parameters
    ----------
    network
        Network by the data contract.
    path
        File to write; one that exists is replaced.

    Raises
    ------
    SchemaError
        When the network departs from its contract.
    OSError
        When the disk refuses.
    """
    schema.check(network)

    def write(target: Path) -> None:
        for layer, frame in zip(LAYERS, (network.nodes, network.links), strict=True):
            kind = schema.NODES[-1].dtype if layer == "nodes" else schema.LINKS[-1].dtype
            frame.to_file(
                target, layer=layer, driver="GPKG", engine="pyogrio", geometry_type=kind, index=False
            )

    _publish(path, write)


def add_rail(network: Network, services: Services, path: Path) -> None:
    """Add railways to a GeoPackage: layers `rail_nodes`, `rail_links`, `services` and `stops`.

    Parameters
    ----------
    network
        Tracks, by the data contract.
    services
        Trains; their two tables have no geometry.
    path
        File that is there, of `write_gpkg`; what it holds stays.

    Raises
    ------
    SchemaError
        When the network departs from its contract.
    OSError
        When the disk refuses.
    """
    import pyogrio

    schema.check(network)
    for layer, frame in zip(LAYERS, (network.nodes, network.links), strict=True):
        kind = schema.NODES[-1].dtype if layer == "nodes" else schema.LINKS[-1].dtype
        pyogrio.write_dataframe(frame, path, layer=f"rail_{layer}", driver="GPKG", geometry_type=kind)
    for layer, table in (("services", services.lines), ("stops", services.stops)):
        pyogrio.write_dataframe(table, path, layer=layer, driver="GPKG")


def read_gpkg(path: Path) -> Network:
    """Read a network from a GeoPackage.

    Parameters
    ----------
    path
        File with the layers `nodes` and `links`.

    Returns
    -------
    Network
        Checked against the data contract.

    Raises
    ------
    SourceError
        When the file cannot be read as such.
    SchemaError
        When its tables depart from the contract.
    """
    import pyogrio

    try:
        nodes, links = (pyogrio.read_dataframe(path, layer=layer, fid_as_index=False) for layer in LAYERS)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, OSError) as error:
        raise _unreadable(path, error) from error
    return _checked(nodes, links)


def write_parquet(network: Network, folder: Path) -> None:
    """Write a network as a folder with `nodes.parquet` and `links.parquet` (GeoParquet).

    Parameters
    ----------
    network
        Network by the data contract.
    folder
        Folder to write into; made when it is not there. Each file appears whole or not at all.

    Raises
    ------
    SchemaError
        When the network departs from its contract.
    OSError
        When the disk refuses.
    """
    schema.check(network)
    folder.mkdir(parents=True, exist_ok=True)
    for layer, frame in zip(LAYERS, (network.nodes, network.links), strict=True):
        _publish(folder / f"{layer}.parquet", frame.to_parquet)


def read_parquet(folder: Path) -> Network:
    """Read a network from a folder with `nodes.parquet` and `links.parquet`.

    Parameters
    ----------
    folder
        The folder.

    Returns
    -------
    Network
        Checked against the data contract.

    Raises
    ------
    SourceError
        When a file is missing or cannot be read.
    SchemaError
        When the tables depart from the contract.
    """
    try:
        nodes, links = (gpd.read_parquet(folder / f"{layer}.parquet") for layer in LAYERS)
    except (OSError, ValueError) as error:
        raise _unreadable(folder, error) from error
    return _checked(nodes, links)


def _publish(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, then move it there in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}-") as place:
        target = Path(place) / path.name
        write(target)
        with target.open("rb") as written:
            os.fsync(written.fileno())
        target.replace(path)


def _checked(nodes: pd.DataFrame, links: pd.DataFrame) -> Network:
    blank = {column.name: "" for column in schema.LINKS if column.dtype == "str"}
    tables = [
        frame.fillna({name: "" for name in blank if name in frame}).infer_objects()
        for frame in (nodes, links)
    ]
    network = schema.coerce(Network(nodes=tables[0], links=tables[1]))
    schema.check(network)
    return network


def _unreadable(path: Path, error: Exception) -> SourceError:
    return SourceError(
        f"this is no network that can be read: {error}",
        where=str(path),
        done="Nothing was read.",
        remedy="A network is a GeoPackage with the layers nodes and links, or a folder with nodes.parquet "
        "and links.parquet, by docs/data-contract.md.",
    )
