"""Propose railways: new lines and faster tracks between neighbours, through-services, more trains."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from networks.network import Services
from networks.timegraph import ARC_KINDS
from optimiser.proposals.base_case import Arc, BaseCase
from optimiser.proposals.table import Proposal
from optimiser.proposals.trains import Stop, TrackPath, Tracks, Train, train_arcs

_LONGEST_TODAY_S = 36_000
"""Longest time of today from which a gain is counted; without a path it has no bound."""


@dataclass(frozen=True, slots=True)
class OnwardRun:
    """A train's run from an end of a new line over today's tracks to a station of a core city."""

    city: int
    path: TrackPath


def propose_lines(
    tracks: Tracks,
    pairs: Iterable[tuple[int, int]],
    left_out: Counter[str],
    *,
    kind: str = "rail_link",
    longest_km: float | None = None,
) -> Iterator[Proposal]:
    """Propose new lines between cities where trains would be much faster than anything today.

    Trains of a new line run on over today's tracks to the nearest core city at either end.

    Parameters
    ----------
    tracks
        Today's stations, tracks and trains, with the rules for railways.
    pairs
        Neighbouring cities, or others.
    left_out
        Reason to count; added to.
    kind
        Kind with which the reasons begin; `rail_link` joins neighbours.
    longest_km
        Longest line, as the crow flies; None: that of the rules for railways.

    Yields
    ------
    Proposal
        One a pair.
    """
    rules = tracks.rules
    longest_km = rules.longest_km if longest_km is None else longest_km
    for a, b in pairs:
        direct_km = tracks.base.straight_km(a, b)
        speed = rules.fast_kmh if direct_km >= rules.fast_least_km else rules.usual_kmh
        run_s = tracks.times.run_s(direct_km * rules.route_factor, speed)
        if direct_km < rules.shortest_km:
            left_out[f"{kind}: shorter than {rules.shortest_km:g} km"] += 1
        elif direct_km > longest_km:
            left_out[f"{kind}: longer than {longest_km:g} km"] += 1
        elif not _is_fast(tracks, (a, b), run_s):
            left_out[
                f"{kind}: its train takes over {rules.time_ratio:g} of today's best time on the way"
            ] += 1
        elif tracks.fastest_s(a, b) <= rules.tracks_do * run_s:
            left_out[f"{kind}: today's tracks are nearly as fast"] += 1
        else:
            yield _line(tracks, (a, b), speed, run_s, near=kind == "rail_link")


def _is_fast(tracks: Tracks, pair: tuple[int, int], run_s: int) -> bool:
    """Tell whether a train that runs without a stop is fast compared with today's best train or road."""
    today = tracks.ride_today_s(*pair)
    return today is None or tracks.times.ride_s([run_s]) <= tracks.rules.time_ratio * today


def _line(tracks: Tracks, pair: tuple[int, int], speed: float, run_s: int, *, near: bool) -> Proposal:
    """Return the proposal of a new line, its trains running on to core cities."""
    base, rules, (a, b) = tracks.base, tracks.rules, pair
    stations = [tracks.stations[city][0] if tracks.stations[city] else None for city in pair]
    runs_on = [onward_run(tracks, pair, city, row) for city, row in zip(pair, stations, strict=True)]
    stops = [tracks.stop(city, row) for city, row in zip(pair, stations, strict=True)]
    runs_s = [run_s]
    if (first := runs_on[0]) is not None:
        stops.insert(0, tracks.stop(first.city, first.path.nodes[-1]))
        runs_s.insert(0, first.path.run_s)
    if (last := runs_on[1]) is not None:
        stops.append(tracks.stop(last.city, last.path.nodes[-1]))
        runs_s.append(last.path.run_s)
    train = Train(rules.fast_class, rules.new_headway_s, rules.turn_s)
    candidate_id = f"rail-new:{base.ids[a]}-{base.ids[b]}"
    minutes, today = tracks.times.ride_s([run_s]) / 60.0, tracks.ride_today_s(a, b)
    best = "no way today" if today is None else f"{today / 60.0:.0f} min on the way today"
    why = f"{'neighbours; ' if near else ''}{minutes:.0f} min by a new line, {best}"
    on = " and ".join(dict.fromkeys(base.names[run.city] for run in runs_on if run is not None))
    return Proposal(
        candidate_id=candidate_id,
        from_name=base.names[a],
        to_name=base.names[b],
        length_km=base.straight_km(a, b) * rules.route_factor,
        speed_kmh=speed,
        standard=rules.fast_standard if speed >= rules.fast_kmh else rules.usual_standard,
        why=why + (f"; trains run on to {on}" if on else ""),
        geometry=base.straight_line(a, b),
        arcs=train_arcs(candidate_id, stops, runs_s, train, tracks.times),
        runs=tracks.runs_over(
            (link for run in runs_on if run is not None for link in run.path.links),
            train.link_class,
            train.a_day(rules.hours_a_day),
        ),
        trainsets=train.sets(tracks.times.ride_s(runs_s)),
    )


def onward_run(tracks: Tracks, pair: tuple[int, int], city: int, row: int | None) -> OnwardRun | None:
    """Return how a train runs on from an end of a new line to the nearest core city over today's tracks.

    Parameters
    ----------
    tracks
        Today's stations and tracks.
    pair
        The ends of the new line; it runs on to neither.
    city, row
        The end, and the rail row of its station; a new station has no tracks to run on by.

    Returns
    -------
    OnwardRun or None
        None where the end is a core city itself, or no core city is within reach of its tracks.
    """
    tiers = tracks.base.tiers
    if row is None or tiers[city] == "core":
        return None
    cores = [core for core, tier in enumerate(tiers) if tier == "core" and core not in pair]
    ends = [(tracks.run_s(row, end), core, end) for core in cores for end in tracks.stations[core]]
    run_s, core, end = min(ends, default=(float("inf"), -1, -1))
    path = tracks.path(row, end) if run_s <= tracks.rules.onward_s else None
    return None if path is None else OnwardRun(core, path)


def propose_upgrades(
    tracks: Tracks, pairs: Iterable[tuple[int, int]], left_out: Counter[str]
) -> Iterator[Proposal]:
    """Propose to bring slow tracks between neighbours up to speed, with a fast train on them.

    Parameters
    ----------
    tracks, pairs, left_out
        As for `propose_lines`.

    Yields
    ------
    Proposal
        One a pair.
    """
    base, rules = tracks.base, tracks.rules
    for a, b in pairs:
        path = tracks.best_path(a, b)
        if path is None:
            left_out["rail_upgrade: no tracks join the cities"] += 1
            continue
        run_s = tracks.upgraded_run_s(path, rules.upgrade_kmh)
        if path.slow_km < rules.shortest_km:
            left_out[f"rail_upgrade: under {rules.shortest_km:g} km of slow track"] += 1
        elif path.length_km > rules.track_detour * base.straight_km(a, b):
            left_out[f"rail_upgrade: tracks over {rules.track_detour:g} times the straight line"] += 1
        elif not _is_fast(tracks, (a, b), run_s):
            left_out[
                f"rail_upgrade: its train takes over {rules.time_ratio:g} of today's best time on the way"
            ] += 1
        else:
            yield _upgrade(tracks, (a, b), path, run_s)


def _upgrade(tracks: Tracks, pair: tuple[int, int], path: TrackPath, run_s: int) -> Proposal:
    base, rules, (a, b) = tracks.base, tracks.rules, pair
    stops = [tracks.stop(a, path.nodes[0]), tracks.stop(b, path.nodes[-1])]
    train = Train(rules.slow_class, rules.new_headway_s, rules.turn_s)
    candidate_id = f"rail-upgrade:{base.ids[a]}-{base.ids[b]}"
    slow = f"{path.slow_km:.0f} km of {path.length_km:.0f} km of track"
    return Proposal(
        candidate_id=candidate_id,
        from_name=base.names[a],
        to_name=base.names[b],
        length_km=path.slow_km,
        speed_kmh=rules.upgrade_kmh,
        standard=rules.upgrade_standard,
        why=f"{slow} are slower than {rules.upgrade_kmh:g}",
        geometry=tracks.line(path),
        arcs=train_arcs(candidate_id, stops, [run_s], train, tracks.times),
        runs=tracks.runs_over(
            tracks.fast_links(path, rules.upgrade_kmh), train.link_class, train.a_day(rules.hours_a_day)
        ),
        trainsets=train.sets(tracks.times.ride_s([run_s])),
    )


@dataclass(frozen=True, slots=True)
class ThroughService:
    """A through-service.

    Attributes
    ----------
    calls
        City and rail row of the station of each stop, in order.
    runs_s
        Running time from each stop to the next.
    path
        Its tracks from end to end.
    gain_s
        Seconds that it saves between its ends.
    """

    calls: tuple[tuple[int, int], ...]
    runs_s: tuple[int, ...]
    path: TrackPath
    gain_s: int


def propose_through_services(tracks: Tracks, left_out: Counter[str]) -> Iterator[Proposal]:
    """Propose trains that run through between cities where one has to change today, or no train runs.

    Parameters
    ----------
    tracks, left_out
        As for `propose_lines`.

    Yields
    ------
    Proposal
        One a pair of cities.
    """
    for a, b in itertools.combinations(range(len(tracks.base.ids)), 2):
        service = _through_service(tracks, tracks.base.in_id_order(a, b), left_out)
        if service is not None:
            yield _through_proposal(tracks, service)


def _through_service(tracks: Tracks, pair: tuple[int, int], left_out: Counter[str]) -> ThroughService | None:
    """Return the through-service of two cities, None where it gains too little."""
    base, rules, times, (a, b) = tracks.base, tracks.rules, tracks.times, pair
    if not {base.tiers[a], base.tiers[b]} <= set(rules.service_end_tiers):
        left_out["rail_service: trains start and end in core and secondary cities"] += 1
        return None
    if base.straight_km(a, b) < rules.service_least_km:
        left_out[f"rail_service: ends closer than {rules.service_least_km:g} km"] += 1
        return None
    path = tracks.best_path(a, b)
    if path is None:
        left_out["rail_service: no tracks join the cities"] += 1
        return None
    train = Train(rules.fast_class, rules.service_headway_s, rules.turn_s)
    if tracks.runs_today(pair, (path.nodes[0], path.nodes[-1]), train):
        left_out["rail_service: as many direct trains run today"] += 1
        return None
    calls, runs_s = calls_on_the_way(tracks, pair, path, rules.service_calls)
    new_s = times.station_s(rules.fast_class, rules.service_headway_s) + times.ride_s(runs_s)
    today = tracks.today_s(path.nodes[0], path.nodes[-1])
    if today - new_s < rules.service_gain_s:
        left_out[f"rail_service: gains under {rules.service_gain_s // 60} min between its ends"] += 1
        return None
    return ThroughService(calls, runs_s, path, min(today, _LONGEST_TODAY_S) - new_s)


def calls_on_the_way(
    tracks: Tracks, pair: tuple[int, int], path: TrackPath, count: int
) -> tuple[tuple[tuple[int, int], ...], tuple[int, ...]]:
    """Return where a train over some tracks calls, and its running times.

    It calls at its ends and at a few cities on the way, those of larger tiers and with more trains first.

    Parameters
    ----------
    tracks
        Today's stations and tracks.
    pair, path
        Cities at its ends, and its tracks.
    count
        Most calls on the way.

    Returns
    -------
    tuple
        City and rail row of each stop in order, and the running seconds from each to the next.
    """
    start, end = path.nodes[0], path.nodes[-1]
    position = {node: at for at, node in enumerate(path.nodes)}
    order = ("core", "secondary", "small")
    between = []
    for city, tier in enumerate(tracks.base.tiers):
        called = [row for row in tracks.stations[city] if row in position and row not in (start, end)]
        if city not in pair and called:
            rank = order.index(tier) if tier in order else len(order)
            between.append((rank, -tracks.trains[called[0]], position[called[0]], city, called[0]))
    middle = sorted((at, city, row) for _, _, at, city, row in sorted(between)[:count])
    places = [0, *(at for at, _, _ in middle), len(path.nodes) - 1]
    calls = ((pair[0], start), *((city, row) for _, city, row in middle), (pair[1], end))
    return calls, tuple(max(1, tracks.run_between(path, *ends)) for ends in itertools.pairwise(places))


def _through_proposal(tracks: Tracks, service: ThroughService) -> Proposal:
    base, rules, path = tracks.base, tracks.rules, service.path
    a, b = service.calls[0][0], service.calls[-1][0]
    candidate_id = f"rail-service:{base.ids[a]}-{base.ids[b]}"
    speed = path.length_km / (sum(service.runs_s) / 3600.0) / tracks.times.access.running.factor
    train = Train(rules.train_class(speed), rules.service_headway_s, rules.turn_s)
    stops = [tracks.stop(city, row) for city, row in service.calls]
    via = [base.names[city] for city, _ in service.calls[1:-1]]
    return Proposal(
        candidate_id=candidate_id,
        from_name=base.names[a],
        to_name=base.names[b],
        length_km=path.length_km,
        speed_kmh=speed,
        standard="trainset",
        why=(
            f"a train every {rules.service_headway_s // 60} min over today's tracks"
            + (f" by {' and '.join(via)}" if via else "")
            + f" saves {service.gain_s // 60} min between its stations"
        ),
        geometry=tracks.line(path),
        arcs=train_arcs(candidate_id, stops, service.runs_s, train, tracks.times),
        runs=tracks.runs_over(path.links, train.link_class, train.a_day(rules.hours_a_day)),
        trainsets=train.sets(tracks.times.ride_s(service.runs_s)),
        train_km_a_day=train.km_a_day(path.length_km, rules.hours_a_day),
    )


def propose_more_trains(tracks: Tracks, left_out: Counter[str]) -> Iterator[Proposal]:
    """Propose to run infrequent services more often.

    Parameters
    ----------
    tracks, left_out
        As for `propose_lines`.

    Yields
    ------
    Proposal
        One a service.
    """
    services = tracks.base.services
    if services is None:
        return
    least_s = tracks.rules.frequency_least_s
    together_s = _headways_between_ends(services)
    boards = _boards_by_service(tracks.base)
    for service, headway_s in enumerate(services.lines["headway_s"].tolist()):
        if together_s[service] <= least_s:
            left_out[f"rail_frequency: a train every {least_s // 60} min already"] += 1
            continue
        proposal = _more_trains(tracks, service, headway_s, boards.get(service, ()))
        if proposal is None:
            left_out["rail_frequency: the service has no boarding in the graph"] += 1
        else:
            yield proposal


def _headways_between_ends(services: Services) -> list[float]:
    """Return the seconds between trains that join the ends of each service.

    Services of known times are one pattern of stops each; all such services that call at both ends count.
    """
    headway_s = services.lines["headway_s"].tolist()
    known = services.lines["known_times"].tolist()
    nodes: dict[int, list[int]] = defaultdict(list)
    for service, node in zip(
        services.stops["service"].tolist(), services.stops["node"].tolist(), strict=True
    ):
        nodes[service].append(node)
    trains: dict[tuple[int, int], float] = defaultdict(float)
    for service, stops in nodes.items():
        if known[service]:
            for ends in {(min(pair), max(pair)) for pair in itertools.combinations(stops, 2)}:
                trains[ends] += 1.0 / headway_s[service]
    found = [float(seconds) for seconds in headway_s]
    for service, stops in nodes.items():
        if known[service]:
            found[service] = 1.0 / trains[min(stops[0], stops[-1]), max(stops[0], stops[-1])]
    return found


def _boards_by_service(base: BaseCase) -> dict[int, list[int]]:
    """Return the arcs by which passengers board the trains of each service, rising."""
    graph, found = base.graph, defaultdict[int, list[int]](list)
    boards = np.flatnonzero(graph.kind == ARC_KINDS.index("board"))
    for arc, service in zip(boards.tolist(), graph.ref[boards].tolist(), strict=True):
        found[service].append(arc)
    return found


def _more_trains(tracks: Tracks, service: int, headway_s: int, boards: Sequence[int]) -> Proposal | None:
    """Return the proposal of more trains on one service, None where no wait gets shorter.

    `boards` are the arcs by which passengers board it. In vehicles, services of known times stand in the
    graph only together with others (`common_lines`). Their trains at the shorter headway are then a train of
    their own beside these, with its known times.
    """
    base, rules, times = tracks.base, tracks.rules, tracks.times
    graph, services, rail = base.graph, base.services, base.rail
    access, every_s, names = times.access, rules.frequency_headway_s, base.node_ids
    line = None if services is None else services.lines.iloc[service]
    link_class = "" if line is None else str(line["link_class"])
    start_s = 0 if line is not None and line["known_times"] else access.running.start_s
    shorter: list[Arc] = []
    for arc in boards:
        tail, head = (names[node[arc]] for node in (graph.tail, graph.head))
        seconds = int(graph.seconds[arc])
        if tail.endswith("/timed"):
            continue
        if tail.endswith("/platforms"):
            saved = access.change_wait_s(headway_s) - access.change_wait_s(every_s)
        else:
            saved = access.wait_s(link_class=link_class, headway_s=headway_s)
            saved -= access.wait_s(link_class=link_class, headway_s=every_s)
        if saved > 0 and seconds > saved + start_s - 1:
            shorter.append((tail, head, seconds - saved))
    if line is None or services is None or rail is None:
        return None
    stops = tracks.calls.get(service, services.stops.iloc[:0])
    candidate_id = f"rail-frequency:{line['service_id']}"
    faster = tuple(shorter)
    if line["known_times"] and not base.door_to_door:
        faster = train_arcs(
            candidate_id,
            [Stop(f"station:{row}") for row in stops["node"].tolist()],
            stops["run_s"].tolist()[1:],
            Train(link_class, every_s, rules.turn_s),
            times,
            stops_s=stops["stop_s"].tolist(),
        )
    if not faster:
        return None
    stations = rail.nodes.iloc[stops["node"].tolist()]
    length_km, run_s = float(stops["length_km"].sum()), int(stops["run_s"].sum())
    ride_s = times.ride_s(stops["run_s"].tolist()[1:] or [1])
    if services.lines["known_times"].iloc[service]:
        ride_s = int(stops["run_s"].sum() + stops["stop_s"].sum())
    now, more = (Train("", every, rules.turn_s) for every in (headway_s, rules.frequency_headway_s))
    more_a_day = rules.hours_a_day * 3600.0 * (1.0 / every_s - 1.0 / headway_s)
    now_km, more_km = (train.km_a_day(length_km, rules.hours_a_day) for train in (now, more))
    return Proposal(
        candidate_id=candidate_id,
        from_name=str(stations["name"].iloc[0]),
        to_name=str(stations["name"].iloc[-1]),
        length_km=length_km,
        speed_kmh=length_km / max(run_s, 1) * 3600.0 / access.running.factor,
        standard="trainset",
        why=(
            f"{line['name'] or line['service_id']}: a train every {rules.frequency_headway_s // 60} min"
            f" instead of {headway_s // 60} min"
        ),
        geometry=shapely.LineString(stations.geometry.tolist()),
        arcs=faster,
        runs=tracks.runs_over(tracks.route_of(service), link_class, math.ceil(round(more_a_day, 6))),
        trainsets=max(1, more.sets(ride_s) - now.sets(ride_s)),
        train_km_a_day=more_km - now_km,
    )
