"""Contract a network without changing the travel time between any two of the nodes that are kept."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from networks.errors import SchemaError
from networks.impedance import require_times
from networks.network import CLOSED, Network
from networks.schema import LINKS, table
from networks.simplify.runs import Runs
from networks.simplify.topology import LinkArrays, shrink

__all__ = ["Contraction", "contract"]


@dataclass(frozen=True, slots=True)
class Contraction:
    """A contracted network, with maps from the original one.

    Attributes
    ----------
    network
        The contracted network.
    node_map
        int64 [original nodes]: row in the contracted network, -1 for removed nodes.
    member_ptr, member
        int64: link i consists of the original links `member[member_ptr[i]:member_ptr[i + 1]]`, in order from
        its tail to its head.
    member_flipped
        bool, as long as `member`: whether the original link is traversed from head to tail.
    """

    network: Network
    node_map: NDArray[np.int64]
    member_ptr: NDArray[np.int64]
    member: NDArray[np.int64]
    member_flipped: NDArray[np.bool_]


def contract(network: Network, *, keep: ArrayLike, prune: bool = True) -> Contraction:
    """Contract a network to the kept nodes and true junctions.

    Chains through nodes of degree two become one link, except where the mode changes. Of parallel links the
    fastest in each direction stays. Loops are removed, and with `prune` also dead ends and one-way traps
    without a kept node. Travel times between kept nodes stay the same to the second.

    Parameters
    ----------
    network
        Network with travel times.
    keep
        Rows of nodes that must not be removed, such as cities, stations and border points.
    prune
        Whether to remove dead ends; without it, places can still be snapped to them.

    Returns
    -------
    Contraction
        The contracted network and the maps from the original one. A link joined from several has the sum of
        their lengths and times; the class, mode, name, number and speed source with the largest share of its
        length; the length-weighted harmonic mean of their speeds; the latest of their opening dates; the
        smallest known number of tracks; and the OSM id of the longest. A two-way link merged from two one-way
        carriageways of one class has the line and length of the one that leads from tail to head, and the
        time of either carriageway in its direction.

    Raises
    ------
    SchemaError
        If travel times have not been computed, or `keep` contains a row that does not exist.
    """
    require_times(network)
    kept = _kept_mask(network, keep)
    before = _link_arrays(network)
    after = shrink(before, kept=kept, prune=prune)
    used = kept.copy()
    used[after.tail] = True
    used[after.head] = True
    node_map = np.where(used, np.cumsum(used) - 1, -1)
    links = _joined_links(network.links, after, node_map=node_map)
    nodes = network.nodes[used].reset_index(drop=True)
    return Contraction(
        network=Network(nodes=nodes, links=links),
        node_map=node_map,
        member_ptr=after.runs.ptr,
        member=after.runs.member,
        member_flipped=after.runs.flipped,
    )


def _kept_mask(network: Network, keep: ArrayLike) -> NDArray[np.bool_]:
    rows, size = np.asarray(keep, dtype=np.int64).ravel(), len(network.nodes)
    outside = rows[(rows < 0) | (rows >= size)]
    if outside.size:
        raise SchemaError(f"rows of nodes to keep outside 0 to {size - 1}: {outside[:5].tolist()}")
    mask = np.zeros(size, dtype=bool)
    mask[rows] = True
    return mask


def _link_arrays(network: Network) -> LinkArrays:
    links = network.links
    mode, _ = pd.factorize(links["mode"])
    link_class, classes = pd.factorize(links["link_class"])
    return LinkArrays(
        tail=links["tail"].to_numpy(np.int64),
        head=links["head"].to_numpy(np.int64),
        forward_s=links["forward_s"].to_numpy(np.int64),
        backward_s=links["backward_s"].to_numpy(np.int64),
        length_km=links["length_km"].to_numpy(np.float64),
        mode=mode.astype(np.int64),
        kind=(mode * max(len(classes), 1) + link_class).astype(np.int64),
        runs=Runs.single(np.arange(len(links))),
    )


def _joined_links(
    links: gpd.GeoDataFrame, after: LinkArrays, *, node_map: NDArray[np.int64]
) -> gpd.GeoDataFrame:
    """Build the links table of a contracted network from the original one."""
    runs, length = after.runs, links["length_km"].to_numpy()
    hours = length / links["speed_kmh"].to_numpy()
    longest = runs.member[_first_of_owner(runs.owner, -length[runs.member])]
    columns: dict[str, object] = {
        "tail": node_map[after.tail],
        "head": node_map[after.head],
        "length_km": after.length_km,
        "speed_kmh": runs.sums(length) / runs.sums(hours),
        "oneway": after.backward_s == CLOSED,
        "forward_s": after.forward_s,
        "backward_s": after.backward_s,
        "osm_id": links["osm_id"].to_numpy()[longest],
        "tracks": _least_known(links["tracks"].to_numpy(), runs),
        "start_date": _latest(links["start_date"], runs),
        "geometry": _lines(links.geometry.to_numpy(), runs),
    }
    for name in ("mode", "link_class", "speed_source", "name", "ref"):
        columns[name] = _of_largest_share(links[name], length, runs)
    return table(columns, LINKS)


def _first_of_owner(owner: NDArray[np.int64], rank: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the position with the lowest rank of each owner, the first of equals."""
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


def _least_known(values: NDArray[np.int64], runs: Runs) -> NDArray[np.int64]:
    """Return the smallest positive value of each run, 0 where there is none."""
    none = np.iinfo(np.int64).max
    least = np.full(runs.ptr.size - 1, none, dtype=np.int64)
    np.minimum.at(least, runs.owner, np.where(values > 0, values, none)[runs.member])
    return np.where(least == none, 0, least)


def _lines(lines: NDArray[np.object_], runs: Runs) -> NDArray[np.object_]:
    """Concatenate the points of the original lines of each run, without consecutive repeats."""
    points, line_of_point = shapely.get_coordinates(lines, return_index=True)
    line_ptr = np.searchsorted(line_of_point, np.arange(len(lines) + 1))
    whole = Runs(line_ptr, np.arange(len(points)), np.zeros(len(points), dtype=bool))
    joined_runs = runs.expand(whole)
    joined, owner = points[joined_runs.member], joined_runs.owner
    again = np.zeros(owner.size, dtype=bool)
    again[1:] = (owner[1:] == owner[:-1]) & (joined[1:] == joined[:-1]).all(axis=1)
    return np.asarray(shapely.linestrings(joined[~again], indices=owner[~again]), dtype=object)
