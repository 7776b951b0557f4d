"""Propose new and faster railways between neighbours."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import shapely

from optimiser.proposals.candidates.table import Item, Proposal
from optimiser.proposals.candidates.tracks import Tracks, Way
from optimiser.proposals.candidates.trains import Stop, Train, arcs


@dataclass(frozen=True, slots=True)
class Leg:
    """A train's way over today's tracks from an end of a new line on to a core city."""

    city: int
    station: int
    way: Way


def propose_links(tracks: Tracks, pairs: list[tuple[int, int]], report: Counter[str]) -> list[Proposal]:
    """Propose new lines between cities where trains would be much faster than anything today.

    Trains of a new line run on over today's tracks to the nearest core city at either end.

    Parameters
    ----------
    tracks
        What there is.
    pairs
        Neighbouring cities.
    report
        Counts what is left out; added to.

    Returns
    -------
    list of Proposal
        One a pair.
    """
    situation, rules = tracks.situation, tracks.rules
    found = []
    for a, b in pairs:
        direct_km = situation.straight_km(a, b)
        speed = rules.fast_kmh if direct_km >= rules.fast_least_km else rules.usual_kmh
        run_s = tracks.times.run_s(direct_km * rules.route_factor, speed)
        if direct_km < rules.shortest_km:
            report[f"rail_link: shorter than {rules.shortest_km:g} km"] += 1
        elif direct_km > rules.longest_km:
            report[f"rail_link: longer than {rules.longest_km:g} km"] += 1
        elif not _worth(tracks, (a, b), tracks.times.ride_s([run_s])):
            report[
                f"rail_link: its train takes over {rules.time_ratio:g} of today's best time on the way"
            ] += 1
        elif tracks.fastest_s(a, b) <= rules.tracks_do * run_s:
            report["rail_link: today's tracks are nearly as fast"] += 1
        else:
            found.append(_link(tracks, (a, b), speed, run_s))
    return found


def _worth(tracks: Tracks, pair: tuple[int, int], new_s: int) -> bool:
    """Tell whether a train between two cities is fast against today's best train or road between them."""
    today = today_s(tracks, pair)
    return today is None or new_s <= tracks.rules.time_ratio * today


def today_s(tracks: Tracks, pair: tuple[int, int]) -> int | None:
    """Return today's seconds on the way between two cities by train or by road, None without a way.

    Access, waits and stations are left out, so that new and old compare.
    """
    a, b = pair
    ways = (tracks.situation.road_s(a, b), tracks.best_service_s(a, b))
    return min((seconds for seconds in ways if seconds is not None), default=None)


def _link(tracks: Tracks, pair: tuple[int, int], speed: float, run_s: int) -> Proposal:
    """Return the proposal of a new line, its trains running on to core cities."""
    situation, rules = tracks.situation, tracks.rules
    a, b = pair
    length_km = situation.straight_km(a, b) * rules.route_factor
    stations = [tracks.stations[city][0] if tracks.stations[city] else None for city in pair]
    legs = [onward(tracks, pair, city, row) for city, row in zip(pair, stations, strict=True)]
    stops = [tracks.stop(city, row) for city, row in zip(pair, stations, strict=True)]
    runs = [run_s]
    if legs[0] is not None:
        stops.insert(0, tracks.stop(legs[0].city, legs[0].station))
        runs.insert(0, legs[0].way.run_s)
    if legs[1] is not None:
        stops.append(tracks.stop(legs[1].city, legs[1].station))
        runs.append(legs[1].way.run_s)
    train = Train(rules.fast_class, rules.new_headway_s, rules.turn_s)
    name = f"rail-new:{situation.ids[a]}-{situation.ids[b]}"
    standard = rules.fast_standard if speed >= rules.fast_kmh else rules.usual_standard
    on = " and ".join(dict.fromkeys(situation.names[leg.city] for leg in legs if leg is not None))
    return Proposal(
        candidate_id=name,
        kind="rail_link",
        instrument="infrastructure",
        mode="rail",
        from_name=situation.names[a],
        to_name=situation.names[b],
        length_km=length_km,
        speed_kmh=speed,
        standard=standard,
        why=_why(tracks, pair, run_s) + (f"; trains run on to {on}" if on else ""),
        geometry=situation.straight_line(a, b),
        arcs=arcs(name, stops, runs, train, tracks.times),
        items=(
            Item(standard, length_km),
            Item("trainset", float(train.sets(tracks.times.ride_s(runs)))),
        ),
    )


def _why(tracks: Tracks, pair: tuple[int, int], run_s: int) -> str:
    """Say why a new line is proposed."""
    minutes = tracks.times.ride_s([run_s]) / 60.0
    today = today_s(tracks, pair)
    best = "no way today" if today is None else f"{today / 60.0:.0f} min on the way today"
    return f"neighbours; {minutes:.0f} min by a new line, {best}"


def onward(tracks: Tracks, pair: tuple[int, int], city: int, row: int | None) -> Leg | None:
    """Return how a train goes on from an end of a new line to the nearest core city over today's tracks.

    Parameters
    ----------
    tracks
        What there is.
    pair
        The ends of the new line; neither is run on to.
    city, row
        The end, and the rail row of its station; a new station has no tracks to go on by.

    Returns
    -------
    Leg or None
        None where the end is a core city itself, or no core city is within reach of its tracks.
    """
    tiers = tracks.situation.tiers
    if row is None or tiers[city] == "core":
        return None
    cores = [core for core, tier in enumerate(tiers) if tier == "core" and core not in pair]
    ends = [(tracks.run_s(row, end), core, end) for core in cores for end in tracks.stations[core]]
    run_s, core, end = min(ends, default=(float("inf"), -1, -1))
    way = tracks.way(row, end) if run_s <= tracks.rules.onward_s else None
    return None if way is None else Leg(core, end, way)


def propose_upgrades(tracks: Tracks, pairs: list[tuple[int, int]], report: Counter[str]) -> list[Proposal]:
    """Propose to bring slow tracks between neighbours up to speed, with a fast train on them.

    Parameters
    ----------
    tracks
        What there is.
    pairs
        Neighbouring cities.
    report
        Counts what is left out; added to.

    Returns
    -------
    list of Proposal
        One a pair.
    """
    situation, rules = tracks.situation, tracks.rules
    found = []
    for a, b in pairs:
        best = tracks.best_way(a, b)
        if best is None:
            report["rail_upgrade: no tracks join the cities"] += 1
            continue
        way = best[2]
        run_s = tracks.upgraded_run_s(way, rules.upgrade_kmh)
        if way.slow_km < rules.shortest_km:
            report[f"rail_upgrade: under {rules.shortest_km:g} km of slow track"] += 1
        elif way.length_km > rules.track_detour * situation.straight_km(a, b):
            report[f"rail_upgrade: tracks over {rules.track_detour:g} times the straight line"] += 1
        elif not _worth(tracks, (a, b), tracks.times.ride_s([run_s])):
            report[
                f"rail_upgrade: its train takes over {rules.time_ratio:g} of today's best time on the way"
            ] += 1
        else:
            found.append(_upgrade(tracks, (a, b), best, run_s))
    return found


def _upgrade(tracks: Tracks, pair: tuple[int, int], best: tuple[int, int, Way], run_s: int) -> Proposal:
    """Return the proposal of upgraded tracks."""
    situation, rules = tracks.situation, tracks.rules
    a, b = pair
    start, end, way = best
    stops: list[Stop] = [tracks.stop(a, start), tracks.stop(b, end)]
    train = Train(rules.slow_class, rules.new_headway_s, rules.turn_s)
    name = f"rail-upgrade:{situation.ids[a]}-{situation.ids[b]}"
    line: shapely.Geometry = tracks.line(way)
    return Proposal(
        candidate_id=name,
        kind="rail_upgrade",
        instrument="infrastructure",
        mode="rail",
        from_name=situation.names[a],
        to_name=situation.names[b],
        length_km=way.slow_km,
        speed_kmh=rules.upgrade_kmh,
        standard=rules.upgrade_standard,
        why=(
            f"{way.slow_km:.0f} km of {way.length_km:.0f} km of track are slower than {rules.upgrade_kmh:g}"
        ),
        geometry=line,
        arcs=arcs(name, stops, [run_s], train, tracks.times),
        items=(
            Item(rules.upgrade_standard, way.slow_km),
            Item("trainset", float(train.sets(tracks.times.ride_s([run_s])))),
        ),
    )
