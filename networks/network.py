"""Hold a network as two tables, nodes and links, and the services that run on it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

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
        return replace(
            self,
            nodes=self.nodes if nodes is None else nodes,
            links=self.links if links is None else links,
        )

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


def components(tail: Ints, head: Ints, *, size: int) -> Ints:
    """Return the connected component of each node, numbered from 0 in the order of the nodes.

    Parameters
    ----------
    tail, head
        Nodes at the ends of each link [m], in any order.
    """
    if size == 0:
        return np.zeros(0, dtype=np.int64)
    graph = coo_array((np.ones(len(tail)), (tail, head)), shape=(size, size))
    return connected_components(graph.tocsr(), directed=False)[1].astype(np.int64)


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
    """

    lines: pd.DataFrame
    stops: pd.DataFrame
    routes: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame({"service": [], "link": []}, dtype="int64")
    )
