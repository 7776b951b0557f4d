"""Propose timed connections at stations, each between the trains of two lines and directions."""

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from networks.intermodal.trains import CONNECTED
from networks.rail.drafts import BY_FREQUENCY
from networks.schema import Services
from networks.skims import hops_of, mean_change_s, time_matrix
from optimiser.proposals.base_case import NEW, Arc
from optimiser.proposals.pruning import default_weights
from optimiser.proposals.shortest_times import times_between
from optimiser.proposals.stations import at_station
from optimiser.proposals.table import Proposal, number_arcs
from optimiser.proposals.trains import Tracks

_KM_A_DEGREE = 111.2

type _Approach = tuple[int, int, bool]
"""A station, the next stop of a train that leaves it, and whether it is a fast train."""


@dataclass(frozen=True, slots=True)
class ConnectionRules:
    """Rules for timed connections.

    Attributes
    ----------
    change_s
        From train to train, wait included, where both services run at least every `regular_s`.
    regular_s
        Longest time between the trains of such a service. Where there are fewer, the change takes half the
        longer headway: not every train meets another one.
    step_s
        Headways count in steps of twice so many seconds, rounded up.
    near_km
        The line of a train at a station is that of most of its tracks within this distance.
    spread_deg, spread_unnamed_deg
        Trains that leave on one line within this angle go in one direction; the same where the map names no
        line, so that several may leave nearly alike.
    meetings_a_day
        Trains a day that one further platform lets meet others.
    slack_s
        A connection is proposed where trips over it of pairs beyond the limit take no more than so much
        longer than the limit: other proposals may do the rest.
    at_station, count
        At most so many connections are kept at a station, and in all: those that serve most weight of open
        pairs.
    """

    change_s: int = 900
    regular_s: int = 3600
    step_s: int = 300
    near_km: float = 30.0
    spread_deg: float = 90.0
    spread_unnamed_deg: float = 30.0
    meetings_a_day: float = 64.0
    slack_s: int = 3600
    at_station: int = 3
    count: int = 16

    def half_headway_s(self, headway_s: float) -> int:
        """Return half the time between trains, rounded up to whole steps."""
        return math.ceil(round(headway_s / 2 / self.step_s, 6)) * self.step_s

    def least_change_s(self, headway_s: float) -> int:
        """Return what a change takes at least from or to trains of a headway."""
        return self.change_s if headway_s <= self.regular_s else self.half_headway_s(headway_s)


@dataclass(frozen=True, slots=True)
class Ride:
    """A direct ride between a station and another one, in either direction.

    Attributes
    ----------
    other
        Id of the train at the other station, before it leaves.
    run_s, start_s
        Seconds of the ride, and those added once where it begins.
    headway_s
        Time between direct trains.
    is_fast
        Whether the figures of fast trains hold at stations.
    """

    other: str
    run_s: int
    start_s: int
    headway_s: float
    is_fast: bool


@dataclass(frozen=True, slots=True)
class Branch:
    """The trains of a line that leave a station in one direction, and come from there.

    Attributes
    ----------
    line, towards
        Name of the line, `trains by` the next stop where the map has none; the largest city on the way, else
        the next stop.
    services
        The services of today whose trains these are.
    a_day
        Trains a day and direction that stop at the station.
    rides
        Its rides that are frequent enough for a timed connection.
    comes_s, leaves_s
        Clock times at which its trains come and leave, rising; empty where unknown.
    """

    line: str
    towards: str
    services: frozenset[int]
    a_day: float
    rides: tuple[Ride, ...]
    comes_s: tuple[int, ...] = ()
    leaves_s: tuple[int, ...] = ()

    def __str__(self) -> str:
        """Return line and direction in words."""
        return f"{self.line} towards {self.towards}"


def propose_timed_connections(
    tracks: Tracks, rules: ConnectionRules, open_pairs: Sequence[tuple[int, int]], left_out: Counter[str]
) -> Iterator[Proposal]:
    """Propose that the trains of two lines and directions wait for each other at a station.

    A change between these takes `ConnectionRules.change_s`, transfer and wait together; with fewer trains
    half the longer headway. Today it takes the mean between their trains where clock times are known, else
    the transfer and half the headway. No other change at the station gets faster, and none slower than
    today's. Nothing is proposed where trains of today run through from one to the other every `regular_s`.

    Parameters
    ----------
    tracks, left_out
        As for `stations.propose_check_in`.
    rules
        Rules for timed connections.
    open_pairs
        Pairs of cities beyond the limit today, for which connections are looked for.

    Yields
    ------
    Proposal
        At most `at_station` a station.
    """
    found: list[tuple[int, Proposal]] = []
    for row, branches in branches_of(tracks, rules).items():
        for (a, one), (b, other) in itertools.combinations(enumerate(branches), 2):
            through = sum(tracks.a_day[service] for service in one.services & other.services)
            if through * rules.regular_s >= tracks.rules.hours_a_day * 3600.0:
                every = f"trains run through every {rules.regular_s // 60} min already"
                left_out[f"timed_transfer: {every}"] += 1
                continue
            name, held = tracks.station_name(row), 2 * min(one.a_day, other.a_day)
            candidate_id = f"timed-transfer:{row}-{name}-{a}-{b}"
            arcs, (today_s, new_s) = _arcs(tracks, rules, candidate_id, (one, other), row)
            if not arcs:
                left_out["timed_transfer: a change takes no longer today"] += 1
                continue
            proposal = at_station(
                tracks,
                row,
                "held-train",
                candidate_id=candidate_id,
                to_name=f"{name}: {one} with {other}",
                arcs=tuple(arcs),
                instead_s=tuple(arcs.values()),
                units=held,
                platforms=math.ceil(held / rules.meetings_a_day),
                why=(
                    f"{new_s / 60:.0f} min from train to train instead of {today_s / 60:.0f}; of"
                    f" {one.a_day:.0f} and {other.a_day:.0f} trains a day and direction {held:.0f} wait"
                ),
            )
            found.append((row, proposal))
    weight, kept = _serves(tracks, rules, [proposal for _, proposal in found], open_pairs), Counter[int]()
    for at in np.argsort(-weight, kind="stable").tolist():
        row, proposal = found[at]
        if not weight[at]:
            left_out["timed_transfer: no pair beyond the limit gains enough there"] += 1
        elif kept[row] == rules.at_station:
            left_out[f"timed_transfer: beyond the {rules.at_station} of a station that serve most"] += 1
        else:
            kept[row] += 1
            yield proposal


def _arcs(
    tracks: Tracks, rules: ConnectionRules, candidate_id: str, branches: tuple[Branch, Branch], station: int
) -> tuple[dict[Arc, int], tuple[int, int]]:
    """Return the arcs of a timed connection, and the change that gains most.

    Trains of one branch arrive in nodes of their own, one a class of headways; trains of the other one leave
    from such nodes. Between these lie the changes that are shorter than today's.

    Returns
    -------
    dict, tuple
        Of each arc the seconds that the same takes today; of the change the seconds today and then.
    """
    access, arcs, best = tracks.base.access, dict[Arc, int](), (0, 0)
    least_s = dict(tracks.joined.changes.to_numpy().tolist()).get(station, access.transfer_s)
    for way_round, (first, second) in (("out", branches), ("back", branches[::-1])):
        clock = first.comes_s, second.leaves_s
        known_s = mean_change_s(*clock, least_s=least_s, window_s=tracks.joined.window_s)
        coming, leaving = (defaultdict[tuple[int, int, bool], list[Ride]](list) for _ in range(2))
        for ride in first.rides:
            coming[rules.half_headway_s(ride.headway_s), 0, True].append(ride)
        for ride in second.rides:
            leaving[rules.half_headway_s(ride.headway_s), ride.start_s, ride.is_fast].append(ride)
        node, froms, tos = (
            f"{NEW}{candidate_id}/{way_round}",
            dict[str, list[Ride]](),
            dict[str, list[Ride]](),
        )
        for came, left in itertools.product(sorted(coming), sorted(leaving)):
            (a, *_), (b, start_s, is_fast) = came, left
            new_s = max(rules.least_change_s(2 * a), rules.least_change_s(2 * b))
            today_s = known_s or access.station_change_s(is_fast=is_fast, headway_s=2 * b)
            if new_s < today_s:
                best = max(best, (today_s, new_s), key=lambda change: change[0] - change[1])
                ends = f"{node}/{a}/from", f"{node}/{b}-{start_s}-{is_fast:d}/to"
                arcs[*ends, new_s + start_s] = today_s + start_s
                froms[ends[0]], tos[ends[1]] = coming[came], leaving[left]
        arcs |= {(one.other, end, one.run_s): one.run_s for end, rides in froms.items() for one in rides}
        arcs |= {
            (end, f"{one.other}/arrived", one.run_s): one.run_s for end, rides in tos.items() for one in rides
        }
    return arcs, best


def _serves(
    tracks: Tracks,
    rules: ConnectionRules,
    proposals: Sequence[Proposal],
    open_pairs: Sequence[tuple[int, int]],
) -> NDArray[np.float64]:
    """Return the weight of the open pairs that each connection could serve when all of them are there."""
    base, weight = tracks.base, np.zeros(len(proposals))
    if not proposals or not open_pairs:
        return weight
    rows = [(at, *arc) for at, proposal in enumerate(proposals) for arc in proposal.arcs]
    columns = ["candidate", "tail_id", "head_id", "seconds"]
    arcs = number_arcs(base.graph, pd.DataFrame(rows, columns=columns))
    full = time_matrix(arcs.count, *arcs.joined(base.graph))
    changes = arcs.take(np.minimum(arcs.tail, arcs.head) >= arcs.old)
    origin, destination = np.array(open_pairs, dtype=np.int64).T
    (starts, start), (stops, stop) = (np.unique(city, return_inverse=True) for city in (origin, destination))
    before = times_between(full, base.graph.origin[starts], changes.tail)
    after = times_between(full.T.tocsr(), base.graph.destination[stops], changes.head)
    pair_weight = default_weights(base, np.column_stack([origin, destination]))
    for at in range(len(proposals)):
        own = changes.candidate == at
        trip_s = before[:, own][start] + changes.seconds[own] + after[:, own][stop]
        weight[at] = pair_weight[(trip_s <= base.useful_s + rules.slack_s).any(axis=1)].sum()
    return weight


# ---- branches


def branches_of(tracks: Tracks, rules: ConnectionRules) -> dict[int, list[Branch]]:
    """Return the lines and directions of today's trains at each station where two of them could meet.

    Trains of which nobody knows when they leave are not counted: there is no timetable to change.

    Parameters
    ----------
    tracks
        Today's stations, tracks and trains.
    rules
        Rules for timed connections.

    Returns
    -------
    dict
        By rail row of the station; the branch with most trains first.
    """
    services = tracks.services
    if not len(services.stops):
        return {}
    fast = tracks.is_fast
    rides, found = _rides(tracks, services, fast), dict[int, list[Branch]]()
    clock = defaultdict[tuple[int, int, bool], list[tuple[int, int]]](list)
    hops = hops_of(services, tracks.base.access)
    for a, b, is_fast, *times in hops[["a", "b", "fast", "departs", "arrives"]].to_numpy().tolist():
        clock[a, b, bool(is_fast)].append((times[0], times[1]))
    served, sources = {station for station, _, _ in rides}, services.lines["headway_source"].tolist()
    trains = defaultdict[int, dict[_Approach, list[tuple[int, int, int]]]](dict)
    for service, seq, station, next_seq, next_stop, _ in _hops(services.stops):
        if station in served and sources[service] != BY_FREQUENCY:
            key = station, next_stop, fast[service]
            trains[station].setdefault(key, []).append((service, seq, next_seq))
    lines = _lines(
        tracks, rules, services, {key: own[0][0] for at in trains.values() for key, own in at.items()}
    )
    for station in sorted(trains):
        branches = list(_branches_at(tracks, rules, trains[station], lines, rides, clock))
        if len(branches) > 1:
            found[station] = sorted(branches, key=lambda one: (-one.a_day, str(one)))
    return found


def _hops(stops: pd.DataFrame) -> Iterator[tuple[int, int, int, int, int, int]]:
    """Yield every two consecutive stops of a service, seen from either one, and the seconds of the run.

    A service, the number of a stop and its station, the number of the stop beside it and its station.
    """
    columns = ["service", "seq", "node", "run_s"]
    rows = stops.sort_values(["service", "seq"])[columns].to_numpy(dtype=np.int64).tolist()
    for (service, seq, node, _), (same, next_seq, next_node, run_s) in itertools.pairwise(rows):
        if service == same:
            yield service, seq, node, next_seq, next_node, run_s
            yield service, next_seq, next_node, seq, node, run_s


def _rides(tracks: Tracks, services: Services, fast: Sequence[bool]) -> dict[_Approach, list[Ride]]:
    """Return the rides that are frequent enough for a connection, by station, next stop and class.

    Trains of known times count as those that passengers take together (`with_common_lines`), others, and
    those of a timetable, by all direct trains between the two stations.
    """
    access = tracks.base.access
    joined = tracks.joined
    most_s, today = 2.0 * (access.transfer_s + access.wait_cap_s), len(services.lines)
    every_s, known = joined.lines["headway_s"].tolist(), joined.lines["known_times"].tolist()
    a_second = defaultdict[tuple[int, int], float](float)
    for service, nodes in enumerate(tracks.called):
        for ends in {(min(ends), max(ends)) for ends in itertools.combinations(nodes, 2)}:
            a_second[ends] += 1.0 / every_s[service]
    names, classes = joined.lines["service_id"].tolist(), joined.lines["link_class"].tolist()
    found = defaultdict[_Approach, list[Ride]](list)
    is_direct = joined.stops["service"].map(joined.lines["headway_source"] != CONNECTED)
    for service, _, station, there_seq, there, run_s in _hops(joined.stops[is_direct]):
        together_s = 1.0 / a_second[min(station, there), max(station, there)]
        is_alone = known[service] and not tracks.base.is_timed
        headway_s = every_s[service] if is_alone else min(every_s[service], together_s)
        if headway_s >= most_s:
            continue
        is_fast, next_stop = access.is_fast(classes[service]), there
        if service >= today:  # the first of several services tells over which tracks all of them leave
            nodes = next(
                nodes
                for nodes, alike in zip(tracks.called, fast, strict=True)
                if alike == is_fast and station in nodes and there in nodes
            )
            here = nodes.index(station)
            next_stop = nodes[here + (1 if nodes.index(there) > here else -1)]
        start_s = 0 if known[service] else access.running.start_s
        ride = Ride(f"stop:{names[service]}/{there_seq}", run_s, start_s, headway_s, is_fast)
        found[station, next_stop, is_fast].append(ride)
    return dict(found)


def _lines(
    tracks: Tracks, rules: ConnectionRules, services: Services, service_of: Mapping[_Approach, int]
) -> dict[_Approach, tuple[str, float]]:
    """Return the line on which trains leave a station for their next stop, and its bearing in degrees.

    `service_of` names a service for each station, next stop and class, whose tracks are looked at.
    """
    keys, places, ends = list(service_of), np.array(tracks.places), tracks.ends
    station, next_stop = (np.array([key[at] for key in keys], dtype=np.int64) for at in (0, 1))
    scale = _KM_A_DEGREE * np.array([math.cos(math.radians(tracks.base.lat.mean())), 1.0])
    seen = pd.DataFrame({"approach": np.arange(len(keys)), "service": list(service_of.values())})
    over = seen.merge(services.routes, on="service")
    at, link = over["approach"].to_numpy(), over["link"].to_numpy()
    to_next = (places[next_stop] - places[station]) * scale
    to_link = ((places[ends[link, 0]] + places[ends[link, 1]]) / 2.0 - places[station[at]]) * scale
    from_here = np.hypot(*to_link.T) - tracks.length_km[link] / 2.0
    near = ((to_link * to_next[at]).sum(axis=1) > 0) & (from_here <= rules.near_km)
    at, link, to_link = at[near], link[near], to_link[near]
    km = np.minimum(tracks.length_km[link], rules.near_km)
    by_line = pd.Series(km).groupby([at, tracks.line_names[link]]).sum().sort_values(kind="stable")
    names = {approach: str(line) for approach, line in by_line.index if line}
    heading = np.zeros_like(to_next)
    np.add.at(heading, at, to_link * km[:, None])
    heading = np.where(heading.any(axis=1)[:, None], heading, to_next)
    bearing = np.degrees(np.arctan2(*heading.T)).tolist()
    return {key: (names.get(one, ""), bearing[one]) for one, key in enumerate(keys)}


def _branches_at(
    tracks: Tracks,
    rules: ConnectionRules,
    trains: Mapping[_Approach, list[tuple[int, int, int]]],
    lines: Mapping[_Approach, tuple[str, float]],
    rides: Mapping[_Approach, Sequence[Ride]],
    clock: Mapping[_Approach, Sequence[tuple[int, int]]],
) -> Iterator[Branch]:
    """Yield the branches of a station that have rides.

    `trains` are the services that leave in each direction, with the numbers of their stop there and the next;
    `clock` has the departures and arrivals of the trains between two stops.
    """
    a_day = tracks.a_day
    busiest = sorted(trains, key=lambda key: (-sum(a_day[service] for service, _, _ in trains[key]), key))
    groups: list[list[_Approach]] = []
    for key in busiest:
        line, bearing = lines[key]
        spread = rules.spread_deg if line else rules.spread_unnamed_deg
        for group in groups:
            same, first = lines[group[0]]
            if same == line and abs((bearing - first + 180.0) % 360.0 - 180.0) <= spread:
                group.append(key)
                break
        else:
            groups.append([key])
    for group in groups:
        own = tuple(ride for key in group for ride in rides.get(key, ()))
        if own:
            leaving = {service: stops for key in group for service, *stops in trains[key]}
            yield Branch(
                line=lines[group[0]][0] or f"trains by {tracks.station_name(group[0][1])}",
                towards=_towards(tracks, group[0], leaving),
                services=frozenset(leaving),
                a_day=sum(a_day[service] for service in leaving),
                rides=own,
                comes_s=tuple(sorted(at for a, b, fast in group for _, at in clock.get((b, a, fast), ()))),
                leaves_s=tuple(sorted(at for key in group for at, _ in clock.get(key, ()))),
            )


def _towards(tracks: Tracks, approach: _Approach, leaving: Mapping[int, Sequence[int]]) -> str:
    """Return the largest city that trains serve after a station, else their next stop."""
    station, next_stop, _ = approach
    further = set[int]()
    for service, (seq, next_seq) in leaving.items():
        further.update(tracks.called[service][seq + 1 :] if next_seq > seq else tracks.called[service][:seq])
    cities = {city for row in further for city in tracks.cities_at.get(row, ())}
    people = tracks.base.cities["population"].tolist()
    largest = max(cities - {*tracks.cities_at.get(station, ())}, key=lambda c: (people[c], -c), default=None)
    return tracks.station_name(next_stop) if largest is None else tracks.base.names[largest]
