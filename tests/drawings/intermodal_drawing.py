"""Draw roads, a railway and cities whose times are plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import shapely

from networks import cities as city_tables
from networks import schema
from networks.cities import Cities
from networks.intermodal import AccessParameters, ByTier
from networks.rail import RailBuild, RailReport, Running
from networks.schema import Network, Services

PARAMETERS = AccessParameters(
    running=Running(factor=0.84, stop_s=600, start_s=360),
    fast_classes=("hsr350",),
    check_in_hsr_s=1500,
    check_in_conv_s=1200,
    waiting_hsr="turn_up",
    waiting_conv="turn_up",
    schedule_weight=0.4,
    alight_s=300,
    transfer_s=1000,
    wait_cap_s=1800,
    centre_station_km=5.0,
    centre_station=ByTier(core=2700, secondary=1500, small=1200),
    terminal=ByTier(core=900, secondary=600, small=300),
    connector_kmh=30.0,
    connector_detour=1.3,
    station_road_km=5.0,
    station_road_s=240,
)


def network(
    spots: Sequence[tuple[float, float]], links: Sequence[tuple[int, int, int]], mode: str
) -> Network:
    """Draw nodes in degrees and links (tail, head, seconds); a negative time marks a one-way link."""
    points = shapely.points(np.array(spots, dtype=float).reshape(-1, 2))
    nodes = {"osm_id": [0] * len(spots), "kind": ["junction"] * len(spots), "name": [""] * len(spots)}
    tail, head = [a for a, _, _ in links], [b for _, b, _ in links]
    count = len(links)
    table = {
        "tail": tail,
        "head": head,
        "mode": [mode] * count,
        "link_class": ["primary"] * count,
        "length_km": [1.0] * count,
        "speed_kmh": [50.0] * count,
        "speed_source": [""] * count,
        "oneway": [s < 0 for _, _, s in links],
        "forward_s": [abs(s) for _, _, s in links],
        "backward_s": [s if s >= 0 else -1 for _, _, s in links],
        "osm_id": [0] * count,
        "name": [""] * count,
        "ref": [""] * count,
        "tracks": [0] * count,
        "start_date": [""] * count,
        "geometry": [shapely.LineString([spots[a], spots[b]]) for a, b, _ in links],
    }
    return Network(
        nodes=schema.table({**nodes, "geometry": points}, schema.NODES),
        links=schema.table(table, schema.LINKS),
    )


def railway(
    spots: Sequence[tuple[float, float]],
    services: Sequence[tuple[str, int, Sequence[tuple[int, int]]]],
    *,
    headway_source: str = "tag",
    stop_s: int | None = None,
) -> RailBuild:
    """Draw stations, and services as (class, headway, [(station, seconds from the previous stop)]).

    With seconds at stops, the times of all services are known.
    """
    tracks = network(spots, [], "rail")
    lines = pd.DataFrame(
        {
            "service_id": [f"s{i}" for i in range(len(services))],
            "name": [""] * len(services),
            "link_class": [name for name, _, _ in services],
            "headway_s": [headway for _, headway, _ in services],
            "headway_source": [headway_source] * len(services),
            "known_times": [stop_s is not None] * len(services),
        }
    )
    rows = [
        (i, k, at, run, 1.0, stop_s or 0)
        for i, (_, _, stops) in enumerate(services)
        for k, (at, run) in enumerate(stops)
    ]
    stops = pd.DataFrame(rows, columns=["service", "seq", "node", "run_s", "length_km", "stop_s"])
    stations = pd.DataFrame({"node": range(len(spots))})
    return RailBuild(tracks, Services(lines, stops), stations, _no_report())


def with_hourly_trains(rail: RailBuild, minutes: Sequence[tuple[int, int]]) -> RailBuild:
    """Give each service known times, and a train an hour out and back at these minutes past it."""
    services, rows = rail.services, list[tuple[int, ...]]()
    for service, stops in services.stops.groupby("service"):
        for way, minute in zip((1, -1), minutes[int(str(service))], strict=True):
            nodes, runs_s = stops["node"].tolist()[::way], stops["run_s"].tolist()[1:][::way]
            for hour in range(24):
                at = hour * 3600 + minute * 60 + np.cumsum([0, *runs_s])
                trip = len(rows)
                rows += [(trip, int(str(service)), node, s, s) for node, s in zip(nodes, at, strict=True)]
    lines = services.lines.assign(known_times=True, headway_s=3600)
    calls = pd.DataFrame(rows, columns=list(schema.CALLS)).astype("int64")
    return replace(rail, services=replace(services, lines=lines, calls=calls))


def _no_report() -> RailReport:
    return RailReport(0, {}, {}, 0, 0, 0, 0, 0, 0, 0.0, {}, (), (), 0, "none", {}, {}, 0, ())


def cities(spots: Sequence[tuple[float, float]], road_nodes: Sequence[int], *, tier: str = "small") -> Cities:
    """Draw cities at the positions of their road nodes."""
    count = len(spots)
    columns = {
        "city_id": [f"c{i}" for i in range(count)],
        "name": [f"City {i}" for i in range(count)],
        "tier": [tier] * count,
        "population": [1] * count,
        "population_definition": [""] * count,
        "source": [""] * count,
    }
    lon, lat = np.array(spots, dtype=float).reshape(-1, 2).T
    drawn = city_tables.build(columns, lon=lon, lat=lat)
    snapped = {"road_node": np.array(road_nodes, dtype=np.int64), "road_snap_km": np.zeros(count)}
    return replace(drawn, table=drawn.table.assign(**snapped))
