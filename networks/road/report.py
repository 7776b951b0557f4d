"""Report what was read, imputed and dropped while the road network was built."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from networks.network import Network


@dataclass(frozen=True, slots=True)
class SpeedCounts:
    """Number of ways by the source of their speed.

    Attributes
    ----------
    tagged, imputed, overridden
        Ways whose speed comes from a usable `maxspeed`, from the table, and from the caller.
    slowed
        Ways of these whose surface allows less than their limit or class.
    rejected
        Ways with an unusable `maxspeed`, by reason; they are among the imputed.
    examples
        Up to five rejected values for each reason, each with one way that has it: `way 123: 5 mhp`.
    """

    tagged: int = 0
    imputed: int = 0
    overridden: int = 0
    slowed: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartCounts:
    """Counts of the roads, or of the ferries: ways dropped by reason, directions by rule, speeds, values."""

    dropped: Mapping[str, int]
    directions: Mapping[str, int]
    speeds: SpeedCounts
    unread: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RoadReport:
    """Counts from building the network of roads and ferries.

    Attributes
    ----------
    country
        Key of the speed table in use.
    ways
        Number of ways in the input.
    nodes, links
        Size of the network.
    dropped
        Ways and pieces of ways that were dropped or merged, by reason.
    directions
        Ways by the rule that decided their direction.
    speeds
        Ways by the source of their speed.
    length_km
        Total length of the links of each class.
    components
        Number of connected components, directions ignored.
    largest_component
        Share of the links in the largest component, 0 to 1.
    unread
        Ways by tags whose value is unknown: of access, and durations of ferries.
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
    unread: Mapping[str, int] = field(default_factory=dict)


def make_report(
    network: Network, *, country: str, ways: int, parts: Sequence[PartCounts], dropped: Mapping[str, int]
) -> RoadReport:
    """Combine the counts of all steps.

    Parameters
    ----------
    network
        The finished network, with at least one link.
    country
        Key of the speed table in use.
    ways
        Number of ways in the input.
    parts
        Counts of the roads and of the ferries, in this order; speeds are those of the roads.
    dropped
        Pieces dropped or merged while ways were cut into links.
    """
    component = network.components()
    in_component = np.bincount(component[network.links["tail"].to_numpy()])
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
        components=int(component.max()) + 1,
        largest_component=round(float(in_component.max() / len(network.links)), 4),
        unread=merged(*(part.unread for part in parts)),
    )


def report_of(network: Network) -> RoadReport:
    """Return the report of a network that was not built from ways: its sizes alone.

    Parameters
    ----------
    network
        Network with at least one link.
    """
    sources = network.links["speed_source"]
    speeds = SpeedCounts(tagged=int((sources == "tag").sum()), imputed=int((sources == "table").sum()))
    none = PartCounts({}, {}, SpeedCounts())
    parts = (PartCounts({}, {}, speeds), none)
    return make_report(network, country="graph", ways=len(network.links), parts=parts, dropped={})


def merged(*counts: Mapping[str, int]) -> dict[str, int]:
    """Add counts by key, sorted by key, without zeros."""
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return {key: total[key] for key in sorted(total) if total[key]}
