"""Shrink a network without changing the time between any two of the nodes that matter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from networks.errors import SchemaError
from networks.impedance import require_times
from networks.network import Network
from networks.simplify.attributes import joined_links
from networks.simplify.runs import Runs
from networks.simplify.topology import LinkArrays, shrink

__all__ = ["Contraction", "contract"]


@dataclass(frozen=True, slots=True)
class Contraction:
    """A contracted network and where everything went.

    Attributes
    ----------
    network
        The contracted network.
    node_map
        int64 [nodes before]: row in the contracted network, -1 for nodes that are gone.
    member_ptr, member
        The links before that make up contracted link i, in order from its tail to its head, are
        `member[member_ptr[i]:member_ptr[i + 1]]` (int64).
    member_flipped
        bool, beside `member`: the link before is travelled head to tail.
    """

    network: Network
    node_map: NDArray[np.int64]
    member_ptr: NDArray[np.int64]
    member: NDArray[np.int64]
    member_flipped: NDArray[np.bool_]


def contract(network: Network, *, keep: ArrayLike, prune: bool = True) -> Contraction:
    """Contract a network to the nodes that matter and true junctions.

    Chains through nodes of degree two become one link (never across a change of mode); of parallel links the
    fastest of each direction stays; links from a node to itself go; with `prune`, so do dead ends and one-way
    traps that hold no kept node. Travel times between kept nodes stay the same to the second.

    Parameters
    ----------
    network
        Network with travel times.
    keep
        Rows of nodes that stay whatever happens: cities, stations, border points.
    prune
        Remove dead ends. Without it every dead end stays, so that places can still be snapped to it.

    Returns
    -------
    Contraction
        The contracted network and the maps from old to new. A link joined from several has the sum of their
        lengths and times, the class, mode, name, number and speed source of the largest share of its length,
        the length-weighted harmonic mean of their speeds, the latest of their opening dates and the OSM id of
        the longest. A two-way link merged from two one-way carriageways of one class takes line and length
        from the one that leads from tail to head, and each time from its own carriageway.

    Raises
    ------
    SchemaError
        When travel times are not computed yet or `keep` names a node that is not there.
    """
    require_times(network)
    kept = _kept_mask(network, keep)
    before = _bundle(network)
    after = shrink(before, kept=kept, prune=prune)
    used = kept.copy()
    used[after.tail] = True
    used[after.head] = True
    node_map = np.where(used, np.cumsum(used) - 1, -1)
    links = joined_links(network.links, after, node_map=node_map)
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
        raise SchemaError(f"nodes to keep that are no row of the {size} nodes: {outside[:5].tolist()}")
    mask = np.zeros(size, dtype=bool)
    mask[rows] = True
    return mask


def _bundle(network: Network) -> LinkArrays:
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
