"""Count what became of the roads of a source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from networks.network import Network


@dataclass(frozen=True, slots=True)
class SpeedCounts:
    """Where the speeds of the ways come from.

    Attributes
    ----------
    tagged, imputed, overridden
        Ways by source of their speed: a usable `maxspeed`, the table, the caller.
    rejected
        Ways with a `maxspeed` that cannot be used, by reason; they are among the imputed.
    examples
        Up to five rejected values for each reason, each with one way that has it: `way 123: 5 mhp`.
    """

    tagged: int = 0
    imputed: int = 0
    overridden: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartCounts:
    """Counts of the roads, or of the ferries, of a source: ways dropped, directions by rule, speeds."""

    dropped: Mapping[str, int]
    directions: Mapping[str, int]
    speeds: SpeedCounts


@dataclass(frozen=True, slots=True)
class RoadReport:
    """What became of the roads and ferries of a source.

    Attributes
    ----------
    country
        Table of speeds that was used.
    ways
        Ways that came in.
    nodes, links
        Size of the network.
    dropped
        Ways and pieces left out or merged, by reason.
    directions
        Ways by the rule that says in which direction they are open.
    speeds
        Where speeds come from.
    length_km
        Length of links by class, km.
    components
        Parts that no link joins, directions ignored.
    largest_component
        Share of the links in the largest part.
    """

    country: str
    ways: int
    nodes: int
    links: int
    dropped: Mapping[str, int]
    directions: Mapping[str, int]
    speeds: SpeedCounts
    length_km: Mapping[str, float]
    components: int
    largest_component: float


def make_report(
    network: Network, *, country: str, ways: int, parts: Sequence[PartCounts], dropped: Mapping[str, int]
) -> RoadReport:
    """Put the counts together.

    Parameters
    ----------
    network
        What was built.
    country
        Table of speeds that was used.
    ways
        Ways that came in.
    parts
        Counts of roads and ferries; the first gives the speeds.
    dropped
        Pieces dropped or merged while links were made.

    Returns
    -------
    RoadReport
        All counts, parts of the network included.
    """
    components, largest = _components(network)
    lengths = network.links.groupby("link_class", sort=True)["length_km"].sum()
    return RoadReport(
        country=country,
        ways=ways,
        nodes=len(network.nodes),
        links=len(network.links),
        dropped=merged(*(part.dropped for part in parts), dropped),
        directions=merged(*(part.directions for part in parts)),
        speeds=parts[0].speeds,
        length_km={str(name): round(float(km), 3) for name, km in lengths.items()},
        components=components,
        largest_component=largest,
    )


def _components(network: Network) -> tuple[int, float]:
    tail, head = network.links["tail"].to_numpy(), network.links["head"].to_numpy()
    graph = coo_array((np.ones(len(tail)), (tail, head)), shape=(len(network.nodes),) * 2)
    count, label = connected_components(graph, directed=False)
    return int(count), round(float(np.bincount(label[tail]).max() / len(tail)), 4)


def merged(*counts: Mapping[str, int]) -> dict[str, int]:
    """Add counts by key, in order of the keys; keys with nothing are left out."""
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return {key: total[key] for key in sorted(total) if total[key]}
