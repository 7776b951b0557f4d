"""Propose train services over today's tracks: through trains, more trains, express trains."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from networks.network import Services
from networks.timegraph import ARC_KINDS
from optimiser.proposals.base_case import Arc, BaseCase
from optimiser.proposals.shortest_times import NO_PATH_S
from optimiser.proposals.table import Proposal
from optimiser.proposals.trains import Stop, TrackPath, Tracks, Train, train_arcs

TIERS_DOWN = ("core", "secondary", "small")
"""Tiers from the largest; express trains are priced by the smaller one of their ends."""


@dataclass(frozen=True, slots=True)
class PatternRules:
    """Rules for stopping patterns and express trains.

    Attributes
    ----------
    stop_share
        One of so many of today's trains makes the further stop; the others go on as they do.
    stop_most_s
        Longest time between the trains that make it.
    stop_city_km
        A further stop is made at stations within this distance of a city.
    new_station_km
        A new station on a passing line is within this distance of its city.
    express_calls
        Numbers of calls on the way of express trains.
    express_headway_s
        Time between express trains.
    express_least_km
        Shorter express trains are no candidates.
    express_slack_s
        An express train is proposed where it brings its own ends within the limit, or within this much of it,
        so that a faster way to the station may do the rest.
    reach_s, reach_count
        A city without a station near its centre uses so many stations within this time.
    stop_count, station_count, express_count
        At most so many of each kind are kept: those that serve most weight of open pairs.
    """

    stop_share: int = 2
    stop_most_s: int = 14_400
    stop_city_km: float = 15.0
    new_station_km: float = 10.0
    express_calls: tuple[int, ...] = (0, 1, 3)
    express_headway_s: int = 7200
    express_least_km: float = 60.0
    express_slack_s: int = 1200
    reach_s: int = 5400
    reach_count: int = 2
    stop_count: int = 24
    station_count: int = 16
    express_count: int = 60


def propose_express_services(
    tracks: Tracks, rules: PatternRules, open_pairs: Sequence[tuple[int, int]], left_out: Counter[str]
) -> Iterator[Proposal]:
    """Propose trains with few calls over today's tracks between cities of all tiers.

    Parameters
    ----------
    tracks, rules, left_out
        As for `propose_extra_stops`.
    open_pairs
        Pairs of cities beyond the limit today; trains are proposed between these.

    Yields
    ------
    Proposal
        One a pair of cities and number of calls, where the calls differ.
    """
    for pair in open_pairs:
        a, b = tracks.base.in_id_order(*pair)
        if tracks.base.straight_km(a, b) < rules.express_least_km:
            left_out[f"express_service: ends closer than {rules.express_least_km:g} km"] += 1
            continue
        path = _best_path(tracks, rules, a, b)
        if path is None:
            left_out["express_service: no tracks join the cities"] += 1
            continue
        every = Train(tracks.rules.fast_class, rules.express_headway_s, tracks.rules.turn_s)
        if tracks.runs_today((a, b), (path.nodes[0], path.nodes[-1]), every):
            left_out["express_service: as many direct trains run today"] += 1
            continue
        seen = set()
        for count in rules.express_calls:
            calls, runs_s = calls_on_the_way(tracks, (a, b), path, count)
            if calls in seen:
                continue
            seen.add(calls)
            speed = path.length_km / (sum(runs_s) / 3600.0) / tracks.times.access.running.factor
            train = Train(tracks.rules.train_class(speed), rules.express_headway_s, tracks.rules.turn_s)
            total = _end_to_end_s(tracks, (a, b), path, train, runs_s)
            if total > tracks.base.useful_s + rules.express_slack_s:
                left_out["express_service: its ends stay beyond the limit"] += 1
                continue
            yield _express(tracks, calls, runs_s, path, train=train, speed=speed)


def _best_path(tracks: Tracks, rules: PatternRules, a: int, b: int) -> TrackPath | None:
    """Return the path of the soonest trip between two cities over a train without calls."""
    ends = [tracks.reached_stations(city, rules.reach_s, rules.reach_count) for city in (a, b)]
    at = {row: place for place, row in enumerate(tracks.fronts)}
    options = [
        (tracks.reach_s[a, at[s]] + tracks.run_s(s, t) + tracks.reach_s[b, at[t]], s, t)
        for s in ends[0]
        for t in ends[1]
        if s != t and np.isfinite(tracks.run_s(s, t))
    ]
    best = min(options, default=None)
    return None if best is None else tracks.path(best[1], best[2])


def _end_to_end_s(
    tracks: Tracks, pair: tuple[int, int], path: TrackPath, train: Train, runs_s: Sequence[int]
) -> int:
    """Return the seconds of a trip between two cities on a new train; ways at both ends as today."""
    at = {row: place for place, row in enumerate(tracks.fronts)}
    ways = sum(
        min(int(tracks.reach_s[city, at[row]]), NO_PATH_S)
        for city, row in zip(pair, (path.nodes[0], path.nodes[-1]), strict=True)
    )
    return ways + tracks.times.station_s(train.link_class, train.headway_s) + tracks.times.ride_s(runs_s)


def _express(
    tracks: Tracks,
    calls: tuple[tuple[int, int], ...],
    runs_s: tuple[int, ...],
    path: TrackPath,
    *,
    train: Train,
    speed: float,
) -> Proposal:
    base, rules = tracks.base, tracks.rules
    a, b = calls[0][0], calls[-1][0]
    via = [base.names[city] for city, _ in calls[1:-1]]
    stops = [tracks.stop(city, row) for city, row in calls]
    smaller = max((base.tiers[a], base.tiers[b]), key=lambda t: TIERS_DOWN.index(t) if t in TIERS_DOWN else 2)
    ride_s = tracks.times.ride_s(runs_s)
    return tracks.proposal(
        f"express:{base.ids[a]}-{base.ids[b]}-{len(via)}",
        (a, b),
        stops,
        runs_s,
        train,
        path.links,
        length_km=path.length_km,
        speed_kmh=speed,
        standard=f"running-{smaller if smaller in TIERS_DOWN else 'small'}",
        why=(
            f"an express every {train.headway_s // 60} min, "
            + (f"calling at {' and '.join(via)}" if via else "without a call on the way")
            + f", {ride_s / 60:.0f} min on board"
        ),
        geometry=tracks.line(path),
        train_km_a_day=train.km_a_day(path.length_km, rules.hours_a_day),
    )


_LONGEST_TODAY_S = 36_000
"""Longest time of today from which a gain is counted; without a path it has no bound."""


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
    speed = path.length_km / (sum(service.runs_s) / 3600.0) / tracks.times.access.running.factor
    train = Train(rules.train_class(speed), rules.service_headway_s, rules.turn_s)
    stops = [tracks.stop(city, row) for city, row in service.calls]
    via = [base.names[city] for city, _ in service.calls[1:-1]]
    return tracks.proposal(
        f"rail-service:{base.ids[a]}-{base.ids[b]}",
        (a, b),
        stops,
        service.runs_s,
        train,
        path.links,
        length_km=path.length_km,
        speed_kmh=speed,
        standard="trainset",
        why=(
            f"a train every {rules.service_headway_s // 60} min over today's tracks"
            + (f" by {' and '.join(via)}" if via else "")
            + f" saves {service.gain_s // 60} min between its stations"
        ),
        geometry=tracks.line(path),
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
