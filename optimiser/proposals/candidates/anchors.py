"""Name the road nodes that a contraction must keep so that candidates can be read off the result."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from networks.network import Network
from optimiser.proposals.candidates.rules import RoadRules


def anchors(road: Network, rules: RoadRules | None = None) -> NDArray[np.int64]:
    """Return the nodes where expressways and other roads meet, and the dead ends of expressways.

    Without them a contraction joins a stretch of expressway and one of ordinary road to one link of a mixed
    class, and prunes the dead ends that may be gaps.

    Parameters
    ----------
    road
        Road network before it is contracted.
    rules
        What is an expressway; the defaults where None.

    Returns
    -------
    numpy.ndarray
        int64, rows of nodes in rising order.
    """
    classes = (rules or RoadRules()).expressway_classes
    links = road.links
    fast = (links["link_class"].isin(classes)).to_numpy()
    ends = links[["tail", "head"]].to_numpy(dtype=np.int64)
    count = len(road.nodes)
    on_fast, on_other = (np.bincount(ends[mask].ravel(), minlength=count) for mask in (fast, ~fast))
    pairs = np.unique(np.sort(ends[fast], axis=1), axis=0)
    degree = np.bincount(pairs.ravel(), minlength=count)
    return np.flatnonzero(((on_fast > 0) & (on_other > 0)) | (degree == 1)).astype(np.int64)
