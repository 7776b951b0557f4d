"""Hold a network as two tables: nodes and links."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import pandas as pd

CLOSED = -1
"""Travel time of a direction that may not be used."""


@dataclass(frozen=True, slots=True)
class Network:
    """A road or rail network: nodes, and two-way or one-way links between them.

    The columns, their dtypes, units and meanings are the data contract of `networks.schema`.
    Tables are never changed in place: every step returns a new network.
    """

    nodes: gpd.GeoDataFrame
    links: gpd.GeoDataFrame

    def replace(
        self, *, nodes: gpd.GeoDataFrame | None = None, links: gpd.GeoDataFrame | None = None
    ) -> Network:
        """Return a network with one or both tables exchanged."""
        return replace(
            self,
            nodes=self.nodes if nodes is None else nodes,
            links=self.links if links is None else links,
        )


@dataclass(frozen=True, slots=True)
class Services:
    """Train services that run on a rail network.

    Attributes
    ----------
    lines
        One row a service; index `service` 0..n-1; columns `service_id` (str), `name` (str), `link_class`
        (str), `headway_s` (int64, seconds between departures), `headway_source` (str).
    stops
        One row a stop; columns `service` (int64), `seq` (int64, from 0), `node` (int64, row of the rail
        network's nodes), `run_s` (int64, running time from the stop before, 0 for the first; without time at
        stops), `length_km` (float64, from the stop before). A service runs in both directions alike.
    """

    lines: pd.DataFrame
    stops: pd.DataFrame
