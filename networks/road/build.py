"""Build the road network out of OpenStreetMap elements."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from networks.errors import SourceError
from networks.network import Network
from networks.osm.classes import with_slip_roads
from networks.osm.elements import Elements, Ways
from networks.road.assemble import assemble
from networks.road.attributes import RoadWays, read_ferries, read_roads
from networks.road.directions import Reversible
from networks.road.report import RoadReport, make_report
from networks.road.tables import SpeedTable, speed_table


def build(
    elements: Elements,
    *,
    country: str = "CN",
    classes: frozenset[str] | None = None,
    speeds: Mapping[str, float] | None = None,
    reversible: Reversible = "two_way",
    opened_by: date | None = None,
) -> tuple[Network, RoadReport]:
    """Build the network of roads and car ferries.

    Ways are cut into links at the nodes that they share and at their ends. The rules of direction and
    speed are those of `networks.road.directions`, `networks.road.speeds` and the data file `speeds.toml`.

    Parameters
    ----------
    elements
        What was read.
    country
        ISO 3166 code of the table of speeds, `EU` or `world`.
    classes
        Road classes to keep, slip roads come along; None for all that were read.
    speeds
        Speed by class in km/h that replaces tags and table, such as `{"motorway": 110}`.
    reversible
        Policy for `oneway=reversible`: open both ways, or closed.
    opened_by
        Day of the network: what opened later is left out. None for today.

    Returns
    -------
    tuple of Network and RoadReport
        Links with `forward_s` and `backward_s` 0 (to be computed by `networks.impedance`) or -1 (closed);
        ferries carry their time already. And what was counted.

    Raises
    ------
    SourceError
        When no link is left, a speed is outside 5 to 160 km/h, or the country is no code.
    """
    table = speed_table(country)
    overrides = _checked(dict(speeds or {}), table)
    roads = elements.roads if classes is None else _of_classes(elements.roads, with_slip_roads(classes))
    read = read_roads(roads, table=table, overrides=overrides, reversible=reversible, opened_by=opened_by)
    ferries = read_ferries(elements.ferries, opened_by=opened_by, reversible=reversible)
    network, dropped = assemble(RoadWays.joined(read.ways, ferries.ways), elements.nodes)
    if network.links.empty:
        raise SourceError(
            "No road is left to build a network of.", where=elements.source.name,
            remedy="Ask for more road classes, or a later day of the network.",
        )  # fmt: skip
    return network, make_report(
        network,
        country=table.country,
        ways=len(roads) + len(elements.ferries),
        parts=(read.counts, ferries.counts),
        dropped=dropped,
    )


def _of_classes(roads: Ways, classes: frozenset[str]) -> Ways:
    return roads.take(np.array([tags["highway"] in classes for tags in roads.tags], dtype=bool))


def _checked(overrides: Mapping[str, float], table: SpeedTable) -> Mapping[str, float]:
    faults = [f"'{name}' is no road class" for name in overrides if name not in table.speed_kmh]
    faults += [
        f"{kmh:g} km/h for '{name}' is outside {table.least_kmh:g} to {table.most_kmh:g}"
        for name, kmh in overrides.items()
        if not table.least_kmh <= kmh <= table.most_kmh
    ]
    if faults:
        raise SourceError("Speeds that cannot be used.", faults=faults)
    return overrides
