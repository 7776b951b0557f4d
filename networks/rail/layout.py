"""Hold how links meet: their ends, their lengths, and the directions in which they leave."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_LOOK_AHEAD_DEG = 0.0003


@dataclass(frozen=True, slots=True)
class Layout:
    """Links with the directions in which they leave their ends.

    Attributes
    ----------
    count
        Number of nodes.
    tail, head
        Rows of nodes [m].
    length_km
        Length [m].
    leaving_tail, leaving_head
        Bearing of the track away from either end, radians [m].
    """

    count: int
    tail: Ints
    head: Ints
    length_km: Floats
    leaving_tail: Floats
    leaving_head: Floats

    def take(self, rows: Ints) -> tuple[Layout, Ints]:
        """Return the layout of some links alone, its nodes numbered afresh.

        Parameters
        ----------
        rows
            Rows of the links to keep.

        Returns
        -------
        layout, nodes
            The layout, and the row that each of its nodes had before, rising.
        """
        nodes, ends = np.unique(np.concatenate([self.tail[rows], self.head[rows]]), return_inverse=True)
        tail, head = ends[: len(rows)].astype(np.int64), ends[len(rows) :].astype(np.int64)
        kept = (self.length_km[rows], self.leaving_tail[rows], self.leaving_head[rows])
        return Layout(len(nodes), tail, head, *kept), nodes

    @classmethod
    def of(cls, links: gpd.GeoDataFrame, *, count: int) -> Layout:
        """Read the layout of a network's links.

        Parameters
        ----------
        links
            Links of a network.
        count
            Number of its nodes.

        Returns
        -------
        Layout
            The bearing is taken over the first 30 m or so, so that it does not hang on one short piece.
        """
        lines = links.geometry.to_numpy()
        return cls(
            count=count,
            tail=links["tail"].to_numpy(),
            head=links["head"].to_numpy(),
            length_km=links["length_km"].to_numpy(),
            leaving_tail=_bearings(lines, start=0.0, to=_LOOK_AHEAD_DEG),
            leaving_head=_bearings(lines, start=1.0, to=-_LOOK_AHEAD_DEG),
        )


def _bearings(lines: NDArray[np.object_], *, start: float, to: float) -> Floats:
    ends = shapely.line_interpolate_point(lines, start, normalized=True)
    ahead = shapely.line_interpolate_point(lines, to)
    east = (shapely.get_x(ahead) - shapely.get_x(ends)) * np.cos(np.radians(shapely.get_y(ends)))
    bearing: Floats = np.arctan2(east, shapely.get_y(ahead) - shapely.get_y(ends))
    return bearing
