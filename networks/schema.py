"""Hold a network as two tables, and its services; define and enforce the data contract of a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
from numpy.typing import ArrayLike, NDArray
from pandas.api.extensions import ExtensionDtype
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from networks.countries import read_table
from networks.errors import SchemaError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

CLOSED = -1
"""Travel time of a direction in which a link cannot be used."""


@dataclass(frozen=True, slots=True)
class Network:
    """A road or rail network: nodes, and two-way or one-way links between them.

    `networks.schema` defines the columns, their dtypes, units and meanings. Tables are never changed in
    place: every step returns a new network.
    """

    nodes: gpd.GeoDataFrame
    links: gpd.GeoDataFrame

    def replace(
        self, *, nodes: gpd.GeoDataFrame | None = None, links: gpd.GeoDataFrame | None = None
    ) -> Network:
        """Return a network with one or both tables replaced."""
        return Network(self.nodes if nodes is None else nodes, self.links if links is None else links)

    def with_links(self, kept: NDArray[np.bool_]) -> Network:
        """Return the network of some of its links, without the nodes that then have none.

        Parameters
        ----------
        kept
            Mask of the links, bool [n].
        """
        links = self.links[kept].reset_index(drop=True)
        used, ends = np.unique(links[["tail", "head"]].to_numpy(), return_inverse=True)
        ends = ends.reshape(-1, 2).astype(np.int64)
        return Network(
            nodes=self.nodes.iloc[used].reset_index(drop=True),
            links=links.assign(tail=ends[:, 0], head=ends[:, 1]),
        )

    def components(self) -> NDArray[np.int64]:
        """Return the connected component of each node, directions ignored.

        Components are numbered from 0. A node without links is a component of its own.
        """
        tail, head, size = self.links["tail"].to_numpy(), self.links["head"].to_numpy(), len(self.nodes)
        return components(tail, head, size=size)


def components(tail: Ints, head: Ints, *, size: int, strong: bool = False) -> Ints:
    """Return the connected component of each node, numbered from 0 in the order of the nodes.

    Parameters
    ----------
    tail, head
        Nodes at the ends of each link [m], in any order.
    strong
        Links lead from tail to head alone, and the nodes of a component all reach each other; the numbers
        are then in no order.
    """
    if size == 0:
        return np.zeros(0, dtype=np.int64)
    graph = coo_array((np.ones(len(tail)), (tail, head)), shape=(size, size))
    return connected_components(graph.tocsr(), directed=strong, connection="strong")[1].astype(np.int64)


CALLS = ("trip", "service", "node", "arrives_s", "departs_s")
"""Columns of the calls of trains."""


@dataclass(frozen=True, slots=True)
class Services:
    """Train services that run on a rail network.

    Attributes
    ----------
    lines
        One row per service; index `service` 0..n-1; columns `service_id` (str), `name` (str), `link_class`
        (str), `headway_s` (int64, seconds between departures), `headway_source` (str),
        `known_times` (bool, whether the source states the times of its trains; otherwise they are modelled).
    stops
        One row per stop; columns `service` (int64), `seq` (int64, from 0), `node` (int64, row of the nodes of
        the rail network), `run_s` (int64, running time from the previous stop without dwell times, 0 for the
        first stop), `length_km` (float64, from the previous stop), `stop_s` (int64, seconds at the stop for
        passengers who stay on; counts where the times are known). Known running times include what a ride
        needs to start and to brake. Times are the same in both directions.
    routes
        One row per link that a service runs over, once where it does so several times; columns `service`,
        `link` (int64, row of the links of the rail network). Empty where the tracks of services are unknown.
    calls
        Calls of the trains of a timetable, by trip and then in order; int64 columns `trip`, `service`,
        `node`, `arrives_s` and `departs_s` (seconds after midnight). Empty where clock times are unknown.
    changes
        Stations of a timetable at which a change takes another least time than usual; int64 columns `node`
        and `least_s`.
    window_s
        Time of day over whose departures means are taken, seconds after midnight.
    """

    lines: pd.DataFrame
    stops: pd.DataFrame
    routes: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame({"service": [], "link": []}, dtype="int64")
    )
    calls: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(CALLS), dtype="int64"))
    changes: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame({"node": [], "least_s": []}, dtype="int64")
    )
    window_s: tuple[int, int] = (6 * 3600, 20 * 3600)


CRS = "EPSG:4326"
"""Coordinate reference system of every table: longitude and latitude in degrees, WGS 84."""

MODES = ("road", "ferry", "rail")
"""Values of the column `mode` of the links."""

LEAST_SPEED_KMH, MOST_SPEED_KMH = 5.0, 400.0
"""Range of valid speeds: from walking pace to above the fastest train in service."""

_MOST_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name
        Name of the column.
    dtype
        `int64`, `float64`, `bool`, `str`, or a geometry type (`Point`, `LineString`).
    unit
        Unit of the values, `-` if there is none.
    meaning
        Description of the values.
    """

    name: str
    dtype: str
    unit: str
    meaning: str


NODES, LINKS, LINES, STOPS = (
    tuple(Column(name, *row) for name, row in read_table("contract.toml")[table].items())
    for table in ("nodes", "links", "lines", "stops")
)
"""Columns of nodes and links, and of services and their stops, as `networks/data/contract.toml` has them."""

NO_SERVICES = Services(
    pd.DataFrame(columns=[line.name for line in LINES]), pd.DataFrame(columns=[stop.name for stop in STOPS])
)
"""No trains at all."""


def coerce(network: Network) -> Network:
    """Return the network with the columns and dtypes of the contract, and rows numbered from 0.

    Parameters
    ----------
    network
        Tables with at least the columns of the contract, in any order; other columns are dropped.

    Returns
    -------
    Network
        New tables. Values are cast but not checked; see `check`.

    Raises
    ------
    SchemaError
        If a column is missing or cannot be cast.
    """
    return Network(nodes=table(network.nodes, NODES), links=table(network.links, LINKS))


def table(data: pd.DataFrame | Mapping[str, object], columns: tuple[Column, ...]) -> gpd.GeoDataFrame:
    """Build a table of the contract from a data frame or a mapping of columns.

    Parameters
    ----------
    data
        Values by column name; other columns are dropped.
    columns
        Columns of the table, such as `NODES` or `LINKS`.

    Returns
    -------
    geopandas.GeoDataFrame
        Columns in the given order and dtypes, rows numbered from 0, CRS EPSG:4326.

    Raises
    ------
    SchemaError
        If a column is missing or cannot be cast.
    """
    if missing := [f"column '{column.name}' is missing" for column in columns if column.name not in data]:
        raise SchemaError("a network table lacks columns", faults=missing)
    values, faults = {}, []
    for column in columns:
        given, dtype = data[column.name], text_dtype() if column.dtype == "str" else column.dtype
        try:
            if column.name == "geometry":
                values[column.name] = gpd.GeoSeries(given, crs=CRS).reset_index(drop=True)
            else:
                values[column.name] = pd.Series(getattr(given, "array", given), dtype=dtype)
        except (TypeError, ValueError, OverflowError) as error:
            faults.append(f"column '{column.name}' cannot be read as {column.dtype}: {error}")
    if faults:
        raise SchemaError("a network table has values of the wrong type", faults=faults)
    return gpd.GeoDataFrame(values, geometry="geometry", crs=CRS)


def check(network: Network) -> None:
    """Check a network against the data contract.

    Raises
    ------
    SchemaError
        With all faults: table, column, number of rows and the first of them.
    """
    faults = list(_table_faults(network.nodes, NODES, "nodes"))
    faults += _table_faults(network.links, LINKS, "links")
    if not faults:
        places = network.nodes.geometry
        faults += _rows(~(np.abs(places.x.to_numpy()) <= 180.0), "nodes: longitude outside -180 to 180")
        faults += _rows(~(np.abs(places.y.to_numpy()) <= 90.0), "nodes: latitude outside -90 to 90")
        faults += _link_faults(network.links, node_count=len(network.nodes))
    if faults:
        raise SchemaError(
            "the network violates its data contract", faults=faults, remedy="See docs/data-contract.md."
        )


def empty_network() -> Network:
    """Return a network without nodes and links."""
    nodes, links = (table({column.name: [] for column in columns}, columns) for columns in (NODES, LINKS))
    return Network(nodes=nodes, links=links)


def text_dtype() -> np.dtype[Any] | ExtensionDtype:
    """Return the dtype of text in this version of pandas: `str` from pandas 3, `object` before."""
    return pd.Series(["text"]).dtype


def _table_faults(frame: gpd.GeoDataFrame, columns: tuple[Column, ...], title: str) -> Iterator[str]:
    wanted = {column.name for column in columns}
    yield from (f"{title}: column '{c.name}' is missing" for c in columns if c.name not in frame)
    yield from (
        f"{title}: column '{name}' is not part of the contract" for name in frame if name not in wanted
    )
    if not frame.index.equals(pd.RangeIndex(len(frame))):
        yield f"{title}: rows are not numbered 0 to {len(frame) - 1}"
    if "geometry" in frame and (not isinstance(frame, gpd.GeoDataFrame) or frame.crs is None):
        yield f"{title}: no coordinate reference system; {CRS} is required"
    elif isinstance(frame, gpd.GeoDataFrame) and frame.crs is not None and frame.crs != pyproj.CRS(CRS):
        yield f"{title}: coordinates are {frame.crs.to_string()}; {CRS} is required"
    for column in columns:
        if column.name in frame:
            yield from _column_faults(frame[column.name], column, title)


def _column_faults(values: pd.Series[Any], column: Column, title: str) -> Iterator[str]:
    name = f"{title}.{column.name}"
    if column.name == "geometry":
        wrong = (values.geom_type != column.dtype) | values.is_empty
        yield from _rows(wrong.to_numpy(), f"{name} is not a {column.dtype}")
    elif column.dtype == "str":
        if not pd.api.types.is_string_dtype(values) and not pd.api.types.is_object_dtype(values):
            yield f"{name} has dtype {values.dtype}; text is required"
        else:
            is_text = values.map(lambda v: isinstance(v, str)) if values.dtype == object else values.notna()
            yield from _rows(~is_text.astype(bool).to_numpy(), f"{name} is not text")
    elif values.dtype != np.dtype(column.dtype):
        yield f"{name} has dtype {values.dtype}; {column.dtype} is required"
    elif column.dtype == "float64":
        yield from _rows(~np.isfinite(values.to_numpy()), f"{name} is not a finite number")


def _link_faults(links: gpd.GeoDataFrame, *, node_count: int) -> Iterator[str]:
    for end in ("tail", "head"):
        rows = links[end].to_numpy()
        yield from _rows(
            (rows < 0) | (rows >= node_count), f"links.{end} is not a row of the {node_count} nodes"
        )
    yield from _rows(~links["mode"].isin(MODES).to_numpy(), f"links.mode is not one of {', '.join(MODES)}")
    yield from _rows(links["length_km"].to_numpy() <= 0, "links.length_km is not above 0")
    yield from _rows(links["tracks"].to_numpy() < 0, "links.tracks is below 0")
    speed = links["speed_kmh"].to_numpy()
    outside = (speed < LEAST_SPEED_KMH) | (speed > MOST_SPEED_KMH)
    yield from _rows(outside, f"links.speed_kmh outside {LEAST_SPEED_KMH:g} to {MOST_SPEED_KMH:g}")
    forward, backward = links["forward_s"].to_numpy(), links["backward_s"].to_numpy()
    oneway = links["oneway"].to_numpy()
    for wrong, fault in (
        (forward < CLOSED, "forward_s is neither a time nor 0 nor -1 (closed)"),
        (backward < CLOSED, "backward_s is neither a time nor 0 nor -1 (closed)"),
        (oneway & (backward > 0), "backward_s is open on a one-way link"),
        (~oneway & (backward == CLOSED), "backward_s is closed on a two-way link"),
        (oneway & (forward == CLOSED), "forward_s is closed on a one-way link"),
    ):
        yield from _rows(wrong, f"links.{fault}")


def _rows(wrong: ArrayLike, text: str) -> Iterator[str]:
    """Yield one message with the number of wrong rows and the first of them; none if all are right."""
    rows = np.flatnonzero(np.asarray(wrong, dtype=bool))
    if rows.size:
        more = ", ..." if rows.size > _MOST_EXAMPLES else ""
        yield f"{text} in {rows.size} row(s): {', '.join(map(str, rows[:_MOST_EXAMPLES]))}{more}"
