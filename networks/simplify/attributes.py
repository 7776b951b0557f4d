"""Give joined links the attributes of what they are made of."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from networks.network import CLOSED
from networks.schema import LINKS, table
from networks.simplify.runs import Runs
from networks.simplify.topology import LinkArrays


def joined_links(
    links: gpd.GeoDataFrame, bundle: LinkArrays, *, node_map: NDArray[np.int64]
) -> gpd.GeoDataFrame:
    """Build the links table of a contracted network.

    Parameters
    ----------
    links
        The links table before.
    bundle
        The links after, by rows of the old nodes and links.
    node_map
        New row by old row of the nodes.

    Returns
    -------
    geopandas.GeoDataFrame
        Links table by the data contract.
    """
    runs, length = bundle.runs, links["length_km"].to_numpy()
    hours = length / links["speed_kmh"].to_numpy()
    longest = runs.member[_first_of_owner(runs.owner, -length[runs.member])]
    columns: dict[str, object] = {
        "tail": node_map[bundle.tail],
        "head": node_map[bundle.head],
        "length_km": bundle.length_km,
        "speed_kmh": runs.sums(length) / runs.sums(hours),
        "oneway": bundle.backward_s == CLOSED,
        "forward_s": bundle.forward_s,
        "backward_s": bundle.backward_s,
        "osm_id": links["osm_id"].to_numpy()[longest],
        "start_date": _latest(links["start_date"], runs),
        "geometry": _lines(links.geometry.to_numpy(), runs),
    }
    for name in ("mode", "link_class", "speed_source", "name", "ref"):
        columns[name] = _of_largest_share(links[name], length, runs)
    return table(columns, LINKS)


def _first_of_owner(owner: NDArray[np.int64], rank: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return for each owner the position of its lowest rank, the first of equals."""
    order = np.lexsort((rank, owner))
    first = np.flatnonzero(np.diff(owner[order], prepend=-1))
    return order[first]


def _of_largest_share(values: pd.Series[str], length: NDArray[np.float64], runs: Runs) -> NDArray[np.object_]:
    codes, words = pd.factorize(values, sort=True)
    return np.asarray(words, dtype=object)[runs.largest_share(codes.astype(np.int64), length)]


def _latest(values: pd.Series[str], runs: Runs) -> NDArray[np.object_]:
    codes, words = pd.factorize(values, sort=True)
    latest = np.zeros(runs.ptr.size - 1, dtype=np.int64)
    np.maximum.at(latest, runs.owner, codes[runs.member])
    return np.asarray(words, dtype=object)[latest]


def _lines(lines: NDArray[np.object_], runs: Runs) -> NDArray[np.object_]:
    """Join the points of lines, without a point twice in a row."""
    points, line_of_point = shapely.get_coordinates(lines, return_index=True)
    line_ptr = np.searchsorted(line_of_point, np.arange(len(lines) + 1))
    whole = Runs(line_ptr, np.arange(len(points)), np.zeros(len(points), dtype=bool))
    strung = runs.over(whole)
    joined, owner = points[strung.member], strung.owner
    again = np.zeros(owner.size, dtype=bool)
    again[1:] = (owner[1:] == owner[:-1]) & (joined[1:] == joined[:-1]).all(axis=1)
    return np.asarray(shapely.linestrings(joined[~again], indices=owner[~again]), dtype=object)
