"""Give joined links the attributes of what they are made of."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from networks.network import CLOSED
from networks.schema import LINKS, table
from networks.simplify import kernels
from networks.simplify.topology import Bundle


def joined_links(links: gpd.GeoDataFrame, bundle: Bundle, *, node_map: NDArray[np.int64]) -> gpd.GeoDataFrame:
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
    owner = np.repeat(np.arange(bundle.tail.size), np.diff(bundle.ptr))
    length = links["length_km"].to_numpy()
    hours = (length / links["speed_kmh"].to_numpy())[bundle.member]
    longest = bundle.member[_first_of_owner(owner, -length[bundle.member])]
    columns: dict[str, object] = {
        "tail": node_map[bundle.tail],
        "head": node_map[bundle.head],
        "length_km": bundle.length_km,
        "speed_kmh": bundle.length_km / np.bincount(owner, weights=hours, minlength=bundle.tail.size),
        "oneway": bundle.backward_s == CLOSED,
        "forward_s": bundle.forward_s,
        "backward_s": bundle.backward_s,
        "osm_id": links["osm_id"].to_numpy()[longest],
        "start_date": _latest(links["start_date"], bundle, owner),
        "geometry": _lines(links.geometry.to_numpy(), bundle),
    }
    for name in ("mode", "link_class", "speed_source", "name", "ref"):
        columns[name] = _largest_share(links[name], length, bundle)
    return table(columns, LINKS)


def _first_of_owner(owner: NDArray[np.int64], rank: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return for each owner the position of its lowest rank, the first of equals."""
    order = np.lexsort((rank, owner))
    first = np.flatnonzero(np.diff(owner[order], prepend=-1))
    return order[first]


def _largest_share(
    values: pd.Series[str], length: NDArray[np.float64], bundle: Bundle
) -> NDArray[np.object_]:
    codes, words = pd.factorize(values, sort=True)
    _, largest = kernels.length_and_kind(
        bundle.ptr, bundle.member, length, codes.astype(np.int64), max(len(words), 1)
    )
    return np.asarray(words, dtype=object)[largest]


def _latest(values: pd.Series[str], bundle: Bundle, owner: NDArray[np.int64]) -> NDArray[np.object_]:
    codes, words = pd.factorize(values, sort=True)
    latest = np.zeros(bundle.tail.size, dtype=np.int64)
    np.maximum.at(latest, owner, codes[bundle.member])
    return np.asarray(words, dtype=object)[latest]


def _lines(lines: NDArray[np.object_], bundle: Bundle) -> NDArray[np.object_]:
    points, line_of_point = shapely.get_coordinates(lines, return_index=True)
    line_ptr = np.searchsorted(line_of_point, np.arange(len(lines) + 1)).astype(np.int64)
    joined, owner = kernels.join_lines(bundle.ptr, bundle.member, bundle.flipped, line_ptr, points)
    return np.asarray(shapely.linestrings(joined, indices=owner), dtype=object)
