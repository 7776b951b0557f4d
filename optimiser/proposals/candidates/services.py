"""Propose new trains on today's tracks: through-services, and services that run more often."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass

import numpy as np
import shapely

from networks.timegraph import ARC_KINDS
from optimiser.proposals.candidates.situation import frame_of
from optimiser.proposals.candidates.table import Item, Proposal
from optimiser.proposals.candidates.tracks import Tracks, Way
from optimiser.proposals.candidates.trains import Train, arcs


@dataclass(frozen=True, slots=True)
class Through:
    """A through-service: cities and stations in order, running times between them."""

    cities: tuple[int, ...]
    stations: tuple[int, ...]
    runs_s: tuple[int, ...]
    way: Way
    gain_s: int


def propose_through(tracks: Tracks, report: Counter[str]) -> list[Proposal]:
    """Propose trains that run through between cities where one has to change today, or no train runs.

    Parameters
    ----------
    tracks
        What there is.
    report
        Counts what is left out; added to.

    Returns
    -------
    list of Proposal
        One a pair of cities.
    """
    count = len(tracks.situation.ids)
    pairs = [tracks.situation.canonical(a, b) for a in range(count) for b in range(a + 1, count)]
    found = (_through(tracks, pair, report) for pair in pairs)
    return [_service(tracks, through) for through in found if through is not None]


def _through(tracks: Tracks, pair: tuple[int, int], report: Counter[str]) -> Through | None:
    """Return the through-service of two cities, None where it gains nothing."""
    situation, rules, times = tracks.situation, tracks.rules, tracks.times
    a, b = pair
    if not {situation.tiers[a], situation.tiers[b]} <= set(rules.service_end_tiers):
        report["rail_service: trains start and end in core and secondary cities"] += 1
        return None
    if situation.straight_km(a, b) < rules.service_least_km:
        report[f"rail_service: ends closer than {rules.service_least_km:g} km"] += 1
        return None
    best = tracks.best_way(a, b)
    if best is None:
        report["rail_service: no tracks join the cities"] += 1
        return None
    start, end, way = best
    cities, stations, runs = _calls(tracks, pair, best)
    new_s = times.station_s(rules.fast_class, rules.service_headway_s) + times.ride_s(runs)
    today = tracks.today_s(start, end)
    if today - new_s < rules.service_gain_s:
        report[f"rail_service: gains under {rules.service_gain_s // 60} min between its ends"] += 1
        return None
    return Through(cities, stations, tuple(runs), way, min(today, 36000) - new_s)


def _calls(
    tracks: Tracks, pair: tuple[int, int], best: tuple[int, int, Way]
) -> tuple[tuple[int, ...], tuple[int, ...], list[int]]:
    """Return where a through-service calls: its ends, and a few cities on the way, larger tiers first."""
    start, end, way = best
    position = {node: at for at, node in enumerate(way.nodes)}
    between = []
    order = ("core", "secondary", "small")
    for city, tier in enumerate(tracks.situation.tiers):
        called = [row for row in tracks.stations[city] if row in position and row not in (start, end)]
        if city not in pair and called:
            rank = order.index(tier) if tier in order else len(order)
            between.append((rank, -tracks.trains[called[0]], position[called[0]], city, called[0]))
    middle = sorted((at, city, row) for _, _, at, city, row in sorted(between)[: tracks.rules.service_calls])
    places = [0, *(at for at, _, _ in middle), len(way.nodes) - 1]
    runs = [max(1, tracks.run_between(way, low, high)) for low, high in itertools.pairwise(places)]
    cities = (pair[0], *(city for _, city, _ in middle), pair[1])
    return cities, (start, *(row for _, _, row in middle), end), runs


def _service(tracks: Tracks, through: Through) -> Proposal:
    """Return the proposal of a through-service."""
    situation, rules = tracks.situation, tracks.rules
    a, b = through.cities[0], through.cities[-1]
    name = f"rail-service:{situation.ids[a]}-{situation.ids[b]}"
    stops = [tracks.stop(city, row) for city, row in zip(through.cities, through.stations, strict=True)]
    train = Train(_class_of(tracks, through), rules.service_headway_s, rules.turn_s)
    via = [situation.names[city] for city in through.cities[1:-1]]
    speed = through.way.length_km / (sum(through.runs_s) / 3600.0) / tracks.times.access.running.factor
    return Proposal(
        candidate_id=name,
        kind="rail_service",
        instrument="subsidy",
        mode="rail",
        from_name=situation.names[a],
        to_name=situation.names[b],
        length_km=through.way.length_km,
        speed_kmh=speed,
        standard="trainset",
        why=(
            f"a train every {rules.service_headway_s // 60} min over today's tracks"
            + (f" by {' and '.join(via)}" if via else "")
            + f" saves {through.gain_s // 60} min between its stations"
        ),
        geometry=tracks.line(through.way),
        arcs=arcs(name, stops, through.runs_s, train, tracks.times),
        items=(
            Item("trainset", float(train.sets(tracks.times.ride_s(through.runs_s)))),
            Item(
                "running", running_km_a_day(rules.service_headway_s, through.way.length_km, rules.hours_a_day)
            ),
            Item("junction", 1.0),
        ),
    )


def _class_of(tracks: Tracks, through: Through) -> str:
    """Return the class of a through-service: a fast one where its tracks are fast on the whole."""
    rules = tracks.rules
    speed = through.way.length_km / (sum(through.runs_s) / 3600.0) / tracks.times.access.running.factor
    return rules.fast_class if speed >= rules.fast_class_kmh else rules.slow_class


def running_km_a_day(headway_s: int, length_km: float, hours_a_day: float) -> float:
    """Return the train-km that a service runs a day, both directions."""
    return 2.0 * hours_a_day * 3600.0 / headway_s * length_km


def propose_frequency(tracks: Tracks, report: Counter[str]) -> list[Proposal]:
    """Propose to run rare services more often.

    Parameters
    ----------
    tracks
        What there is.
    report
        Counts what is left out; added to.

    Returns
    -------
    list of Proposal
        One a service.
    """
    services = tracks.situation.services
    if services is None:
        return []
    found = []
    for service in range(len(services.lines)):
        headway = int(services.lines["headway_s"].iloc[service])
        if headway <= tracks.rules.frequency_least_s:
            report[f"rail_frequency: a train every {tracks.rules.frequency_least_s // 60} min already"] += 1
            continue
        proposal = _frequency(tracks, service, headway)
        if proposal is None:
            report["rail_frequency: the service has no boarding in the graph"] += 1
        else:
            found.append(proposal)
    return found


def _frequency(tracks: Tracks, service: int, headway: int) -> Proposal | None:
    """Return the proposal of more trains on one service."""
    situation, rules, times = tracks.situation, tracks.rules, tracks.times
    graph, services = situation.graph, situation.services
    access = times.access
    saved = access.wait_s(headway) - access.wait_s(rules.frequency_headway_s)
    names = graph.nodes["node_id"].to_numpy()
    boards = (graph.kind == ARC_KINDS.index("board")) & (graph.ref == service)
    faster = tuple(
        (str(names[graph.tail[arc]]), str(names[graph.head[arc]]), int(graph.seconds[arc]) - saved)
        for arc in np.flatnonzero(boards).tolist()
        if int(graph.seconds[arc]) > saved + access.running.start_s - 1
    )
    if not faster or saved <= 0 or services is None:
        return None
    stops = frame_of(services, service)
    length_km = float(stops["length_km"].sum())
    run_s = int(stops["run_s"].sum())
    ride = times.ride_s(stops["run_s"].tolist()[1:] or [1])
    more_km, now_km = (
        running_km_a_day(every, length_km, rules.hours_a_day)
        for every in (rules.frequency_headway_s, headway)
    )
    more_km -= now_km
    more, now = (Train("", every, rules.turn_s).sets(ride) for every in (rules.frequency_headway_s, headway))
    line = services.lines.iloc[service]
    ends = [_station_name(tracks, int(row)) for row in (stops["node"].iloc[0], stops["node"].iloc[-1])]
    return Proposal(
        candidate_id=f"rail-frequency:{line['service_id']}",
        kind="rail_frequency",
        instrument="barrier",
        mode="rail",
        from_name=ends[0],
        to_name=ends[1],
        length_km=length_km,
        speed_kmh=length_km / max(run_s, 1) * 3600.0 / times.access.running.factor,
        standard="trainset",
        why=(
            f"{line['name'] or line['service_id']}: a train every {rules.frequency_headway_s // 60} min"
            f" instead of {headway // 60} min"
        ),
        geometry=_service_line(tracks, stops["node"].tolist()),
        arcs=faster,
        items=(Item("trainset", float(max(1, more - now))), Item("running", more_km)),
    )


def _station_name(tracks: Tracks, row: int) -> str:
    """Return the name of a station."""
    rail = tracks.situation.rail
    return "" if rail is None else str(rail.nodes["name"].iloc[row])


def _service_line(tracks: Tracks, rows: list[int]) -> shapely.Geometry:
    """Return the straight lines between the stops of a service."""
    rail = tracks.situation.rail
    points = [] if rail is None else [rail.nodes.geometry.iloc[row] for row in rows]
    return shapely.LineString(points)
