"""Propose train services over today's tracks: through trains, more trains, express trains."""

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from optimiser.problem.model import TIERS
from optimiser.proposals.base_case import LONGEST_TODAY_S, Arc
from optimiser.proposals.table import Proposal
from optimiser.proposals.trains import Stop, TrackPath, Tracks, Train, train_arcs


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
    base, times = tracks.base, tracks.times
    for pair in (base.in_id_order(*two) for two in open_pairs):
        path = _path_to_serve(tracks, pair, left_out, express=rules)
        if path is None:
            continue
        seen = set()
        for count in rules.express_calls:
            calls, runs_s = calls_on_the_way(tracks, pair, path, count)
            if calls in seen:
                continue
            seen.add(calls)
            _, train = tracks.train_over(path.length_km, runs_s, rules.express_headway_s)
            ride_s = times.ride_s(runs_s)
            ways_s = int(tracks.reach_s[calls[0]] + tracks.reach_s[calls[-1]])
            if ways_s + times.station_s(train.link_class, train.headway_s) + ride_s > (
                base.useful_s + rules.express_slack_s
            ):
                left_out["express_service: its ends stay beyond the limit"] += 1
                continue
            via = [base.names[city] for city, _ in calls[1:-1]]
            way = f"calling at {' and '.join(via)}" if via else "without a call on the way"
            smaller = max(_rank(base.tiers[city]) for city in pair)
            yield tracks.direct_train(
                f"express:{base.ids[pair[0]]}-{base.ids[pair[1]]}-{len(via)}",
                calls,
                runs_s,
                path.links,
                length_km=path.length_km,
                headway_s=rules.express_headway_s,
                standard=f"running-{(*TIERS, TIERS[-1])[smaller]}",
                why=f"an express every {train.headway_s // 60} min, {way}, {ride_s / 60:.0f} min on board",
                geometry=tracks.line(path),
            )


def _rank(tier: str) -> int:
    """Return the place of a tier from the largest; one of the user's own comes last."""
    return TIERS.index(tier) if tier in TIERS else len(TIERS)


def _path_to_serve(
    tracks: Tracks, pair: tuple[int, int], left_out: Counter[str], *, express: PatternRules | None = None
) -> TrackPath | None:
    """Return the tracks of a direct train between two cities; None, which is counted, where it is of no use.

    A through-service takes the fastest tracks between stations near the cities. An express takes those of the
    soonest trip, ways to the stations included.
    """
    kind, least_km, headway_s = "rail_service", tracks.rules.service_least_km, tracks.rules.service_headway_s
    if express is not None:
        kind, least_km = "express_service", express.express_least_km
        headway_s = express.express_headway_s
    if tracks.base.straight_km(*pair) < least_km:
        left_out[f"{kind}: ends closer than {least_km:g} km"] += 1
        return None
    path = tracks.best_path(*pair) if express is None else best_path(tracks, express, *pair)
    if path is None:
        left_out[f"{kind}: no tracks join the cities"] += 1
    elif tracks.runs_today(pair, (path.nodes[0], path.nodes[-1]), headway_s):
        left_out[f"{kind}: as many direct trains run today"] += 1
        return None
    return path


def best_path(tracks: Tracks, rules: PatternRules, a: int, b: int) -> TrackPath | None:
    """Return the path of the soonest trip between two cities over a train without calls."""
    starts, ends = (tracks.reached_stations(city, rules.reach_s, rules.reach_count) for city in (a, b))
    options = [
        (tracks.reach_s[a, s] + tracks.run_s(s, t) + tracks.reach_s[b, t], s, t)
        for s, t in itertools.product(starts, ends)
        if s != t and np.isfinite(tracks.run_s(s, t))
    ]
    best = min(options, default=None)
    return None if best is None else tracks.path(best[1], best[2])


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
    base, rules, times = tracks.base, tracks.rules, tracks.times
    for pair in (base.in_id_order(*two) for two in itertools.combinations(range(len(base.ids)), 2)):
        if not {base.tiers[city] for city in pair} <= set(rules.service_end_tiers):
            left_out["rail_service: trains start and end in core and secondary cities"] += 1
            continue
        path = _path_to_serve(tracks, pair, left_out)
        if path is None:
            continue
        calls, runs_s = calls_on_the_way(tracks, pair, path, rules.service_calls)
        new_s = times.station_s(rules.fast_class, rules.service_headway_s) + times.ride_s(runs_s)
        today_s = tracks.today_s(path.nodes[0], path.nodes[-1])
        if today_s - new_s < rules.service_gain_s:
            left_out[f"rail_service: gains under {rules.service_gain_s // 60} min between its ends"] += 1
            continue
        via = " and ".join(base.names[city] for city, _ in calls[1:-1])
        yield tracks.direct_train(
            f"rail-service:{base.ids[pair[0]]}-{base.ids[pair[1]]}",
            calls,
            runs_s,
            path.links,
            length_km=path.length_km,
            headway_s=rules.service_headway_s,
            standard="trainset",
            why=(
                f"a train every {rules.service_headway_s // 60} min over today's tracks"
                f"{f' by {via}' if via else ''} saves {(min(today_s, LONGEST_TODAY_S) - new_s) // 60} min"
                " between its stations"
            ),
            geometry=tracks.line(path),
        )


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
    last = len(path.nodes) - 1
    position = {node: at for at, node in enumerate(path.nodes) if 0 < at < last}
    between = []
    for city, tier in enumerate(tracks.base.tiers):
        row = next((row for row in tracks.stations[city] if row in position), None)
        if city not in pair and row is not None:
            between.append((_rank(tier), -tracks.trains[row], position[row], city, row))
    middle = sorted((at, city, row) for _, _, at, city, row in sorted(between)[:count])
    stops = [(0, pair[0], path.nodes[0]), *middle, (last, pair[1], path.nodes[-1])]
    calls = tuple((city, row) for _, city, row in stops)
    legs = itertools.pairwise(at for at, _, _ in stops)
    return calls, tuple(max(1, tracks.run_between(path, *leg)) for leg in legs)


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
    main, least_s = _main_relations(tracks), tracks.rules.frequency_least_s
    for service, line in enumerate(tracks.services.lines.to_dict("records")):
        if main[service][0] <= least_s:
            left_out[f"rail_frequency: a train every {least_s // 60} min already"] += 1
            continue
        proposal = _more_trains(tracks, service, line, main[service])
        if proposal is None:
            left_out["rail_frequency: the service has no boarding in the graph"] += 1
        else:
            yield proposal


type _Relation = tuple[float, int, int]
"""Seconds between direct trains of two stations, and their rail rows."""


def _main_relations(tracks: Tracks) -> list[_Relation]:
    """Return for each service the two stations for whose sake it runs more often, and today's headway.

    Services of known times are one pattern of stops each; all such services that call at two stations count.
    Of the stations of such a service between which direct trains are rare, those count between which most
    trips are expected: people of the larger towns there over time. Else, and for other services, its ends do.
    """
    lines, least_s = tracks.services.lines, tracks.rules.frequency_least_s
    known, own_s = lines["known_times"].tolist(), lines["headway_s"].astype(float).tolist()
    trains = defaultdict[tuple[int, int], float](float)
    for service, stops in enumerate(tracks.called):
        for ends in (
            {(min(pair), max(pair)) for pair in itertools.combinations(stops, 2)} if known[service] else ()
        ):
            trains[ends] += 1.0 / own_s[service]
    people = tracks.base.cities["population"].tolist()
    town = {row: max(cities, key=lambda city: people[city]) for row, cities in tracks.cities_at.items()}
    found = list[_Relation]()
    for service, stops in enumerate(tracks.called):
        ends = stops[0], stops[-1]
        seconds = 1.0 / trains[min(ends), max(ends)] if known[service] else own_s[service]
        relations = [(0.0, (seconds, *ends))]
        for a, b in itertools.combinations(stops, 2) if known[service] else ():
            every_s = 1.0 / trains[min(a, b), max(a, b)]
            if every_s > least_s and a in town and b in town and town[a] != town[b]:
                trips = people[town[a]] * people[town[b]] / tracks.reach_s[town[a], b]
                relations.append((trips, (every_s, a, b)))
        found.append(max(relations)[1])
    return found


def _more_trains(
    tracks: Tracks, service: int, line: Mapping[Hashable, Any], relation: _Relation
) -> Proposal | None:
    """Return the proposal of more trains on one service, None where no wait gets shorter.

    So many are added that all direct trains of its main relation leave every `frequency_headway_s`. In
    vehicles, and beside a timetable, services of known times stand in the graph only together with others
    (`with_common_lines`). Their trains are then a train of their own beside these, with its known times.
    """
    base, rules, times = tracks.base, tracks.rules, tracks.times
    link_class, headway_s, is_known = str(line["link_class"]), int(line["headway_s"]), line["known_times"]
    every_s, (together_s, first, last) = rules.frequency_headway_s, relation
    added = 1.0 / every_s - 1.0 / together_s
    ends = tracks.station_name(first), tracks.station_name(last)
    stops = tracks.calls[service]
    rows, runs_s, stops_s = (stops[name].tolist() for name in ("node", "run_s", "stop_s"))
    now, more = (
        Train(link_class, seconds, rules.turn_s) for seconds in (headway_s, _headway_s(headway_s, added))
    )
    candidate_id = f"rail-frequency:{line['service_id']}"
    if is_known and (base.is_timed or not base.door_to_door):
        at_stations = [Stop(f"station:{row}") for row in rows]
        faster = train_arcs(candidate_id, at_stations, runs_s[1:], more, times, stops_s=stops_s)
    else:
        ids = [f"stop:{line['service_id']}/{seq}" for seq in stops["seq"].tolist()]
        start_s = 0 if is_known else times.access.running.start_s
        faster = tuple(_shorter_waits(tracks, ids, (now, more), start_s=start_s))
    if is_known and base.door_to_door:
        faster = (*faster, *_shorter_waits_together(tracks, service, added))
    if not faster:
        return None
    length_km, run_s = float(stops["length_km"].sum()), sum(runs_s)
    ride_s = run_s + sum(stops_s) if is_known else times.ride_s(runs_s[1:] or [1])
    a_day = rules.hours_a_day * 3600.0
    return Proposal(
        candidate_id=candidate_id,
        from_name=tracks.names[rows[0]],
        to_name=tracks.names[rows[-1]],
        length_km=length_km,
        speed_kmh=length_km / max(run_s, 1) * 3600.0 / times.access.running.factor,
        standard="trainset",
        why=(
            f"{line['name'] or line['service_id']}: {' and '.join(ends)} have a direct train"
            f" every {every_s // 60} min instead of {together_s / 60.0:.0f}"
        ),
        today=f"train: {' – '.join(ends)} every {together_s / 60.0:.0f} min",
        geometry=shapely.LineString([tracks.places[row] for row in rows]),
        arcs=faster,
        runs=tracks.runs_over(
            sorted(tracks.routes.get(service, ())), link_class, math.ceil(round(added * a_day, 6))
        ),
        trainsets=max(1, more.sets(ride_s) - now.sets(ride_s)),
        train_km_a_day=2.0 * added * a_day * length_km,
        seats_a_day=rules.seats_a_day(added * a_day),
    )


def _headway_s(seconds: float, added: float) -> int:
    """Return the seconds between trains when so many a second join those of a headway."""
    return max(1, round(1.0 / (1.0 / seconds + added)))


def _shorter_waits(
    tracks: Tracks, train: Sequence[str], headways: Sequence[Train], *, start_s: int = 0, slower_s: int = 0
) -> Iterator[Arc]:
    """Yield the arcs into a train of today with the wait of another headway, where that saves time.

    Parameters
    ----------
    tracks
        Today's stations and trains.
    train
        Ids of the nodes of the train before it leaves.
    headways
        The train today and then.
    start_s
        Seconds that its ride takes to start.
    slower_s
        Seconds by which the ride gets longer.
    """
    access, names, graph = tracks.times.access, tracks.base.node_ids, tracks.base.graph
    change_s = access.change_s(headway_s=headways[1].headway_s, start_s=start_s) + slower_s
    waits = [access.wait_s(link_class=one.link_class, headway_s=one.headway_s) for one in headways]
    for head in train:
        for arc in tracks.boards.get(head, ()):
            tail, seconds = names[graph.tail[arc]], int(graph.seconds[arc])
            then_s = change_s if tail.endswith("/platforms") else seconds - waits[0] + waits[1] + slower_s
            if max(start_s, 1) <= then_s < seconds:
                yield tail, head, then_s


def _shorter_waits_together(tracks: Tracks, service: int, added: float) -> Iterator[Arc]:
    """Yield the arcs into today's trains of known times together, where a pattern has more trains.

    `added` is the number of trains a second that the pattern `service` has more. For each two of its stops
    they join the trains that passengers take together (`with_common_lines`), with the time of their own ride.
    """
    stops = tracks.calls[service]
    leaves_s = np.cumsum(stops["run_s"].to_numpy() + stops["stop_s"].to_numpy()).tolist()
    calls = list(zip(stops["node"].tolist(), stops["stop_s"].tolist(), leaves_s, strict=True))
    for (a, _, left_s), (b, stop_s, leaves_b_s) in itertools.combinations(calls, 2):
        joined = tracks.together.get((min(a, b), max(a, b), tracks.is_fast[service]))
        if joined is not None:
            name, link_class, headway_s, run_s = joined
            own_s = leaves_b_s - stop_s - left_s
            mean_s = (run_s / headway_s + own_s * added) / (1.0 / headway_s + added)
            trains = [Train(link_class, seconds, 0) for seconds in (headway_s, _headway_s(headway_s, added))]
            ids = [f"stop:{name}/{end}" for end in (0, 1)]
            yield from _shorter_waits(tracks, ids, trains, slower_s=math.ceil(round(mean_s - run_s, 6)))
