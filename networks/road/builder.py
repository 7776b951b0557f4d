"""Build the road network from OpenStreetMap elements."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np

from networks.errors import SourceError
from networks.network import Network
from networks.osm.classes import with_slip_roads
from networks.osm.directions import Reversible
from networks.osm.elements import Elements, Ways
from networks.road.assemble import assemble
from networks.road.attributes import RoadWays, read_ferries, read_roads
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

    Ways are cut into links at their ends and at the nodes that they share. `networks.osm.directions` holds
    the rules for one-way roads, `networks.road.speeds` those for speeds; the data file `speeds.toml` holds
    the speed tables.

    Parameters
    ----------
    elements
        Elements from `networks.osm.read` or `networks.osm.fetch`.
    country
        Speed table: an ISO 3166 code, `EU` or `world`.
    classes
        Road classes to keep; their slip roads are added. None for all that were read.
    speeds
        Speed by class in km/h that replaces tags and table, such as `{"motorway": 110}`.
    reversible
        Treatment of `oneway=reversible`: open in both directions, or closed.
    opened_by
        Drop what opened after this day; None for the network of today.

    Returns
    -------
    tuple of Network and RoadReport
        The network, and counts of what was read, imputed and dropped. `forward_s` and `backward_s` of roads
        are 0 (computed later by `networks.impedance`) or -1 (closed); ferries have their times already.

    Raises
    ------
    SourceError
        If no link is left, a speed in `speeds` is outside the range of the table, or `country` is not a
        country code.
    """
    table = speed_table(country)
    overrides = _checked(dict(speeds or {}), table)
    roads = elements.roads if classes is None else _of_classes(elements.roads, with_slip_roads(classes))
    read = read_roads(roads, table=table, overrides=overrides, reversible=reversible, opened_by=opened_by)
    ferries = read_ferries(elements.ferries, opened_by=opened_by, reversible=reversible)
    network, dropped = assemble(
        RoadWays.joined(read.ways, ferries.ways),
        elements.nodes,
        barriers=elements.barriers,
        relations=elements.relations,
    )
    if network.links.empty:
        raise SourceError(
            "No roads are left to build a network.", where=elements.source.name,
            remedy="Include more road classes, or choose a later opening date.",
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
    faults = [f"'{name}' is not a road class" for name in overrides if name not in table.speed_kmh]
    faults += [
        f"{kmh:g} km/h for '{name}' is outside {table.least_kmh:g} to {table.most_kmh:g}"
        for name, kmh in overrides.items()
        if not table.least_kmh <= kmh <= table.most_kmh
    ]
    if faults:
        raise SourceError("The given speeds cannot be used.", faults=faults)
    return overrides
