"""Propose expressways and high-speed lines between cities that are no neighbours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from optimiser.proposals.base_case import BaseCase, travel_time_s
from optimiser.proposals.rail import propose_lines
from optimiser.proposals.roads import RoadRules
from optimiser.proposals.table import Proposal
from optimiser.proposals.trains import Tracks


@dataclass(frozen=True, slots=True)
class FarRules:
    """Rules for links between cities that are no neighbours.

    Attributes
    ----------
    longest_km
        Longest such link, straight line.
    road_index
        A direct expressway is proposed where today's fastest road takes at least this many times its time.
    road_count, rail_count
        At most so many of either mode are kept: those that serve most weight of open pairs.
    """

    longest_km: float = 400.0
    road_index: float = 1.2
    road_count: int = 12
    rail_count: int = 12


def propose_direct_expressways(
    base: BaseCase,
    pairs: Iterable[tuple[int, int]],
    rules: FarRules,
    road: RoadRules,
    left_out: Counter[str],
) -> Iterator[Proposal]:
    """Propose direct expressways that bring two cities within the limit by themselves.

    Parameters
    ----------
    base
        The base case.
    pairs
        Cities beyond the limit today that are no neighbours.
    rules, road
        Lengths and gains; speed, standard and detour of new expressways.
    left_out
        Reason to count; added to.

    Yields
    ------
    Proposal
        One a pair.
    """
    for a, b in pairs:
        length_km = base.straight_km(a, b) * road.route_factor
        new_s, road_s = travel_time_s(length_km, road.speed_kmh), base.road_s(a, b)
        ends_s = sum(base.access.terminal.of(base.tiers[city]) for city in (a, b)) if base.door_to_door else 0
        if min(base.road_nodes[[a, b]]) < 0:
            left_out["direct_expressway: a city is not on the road network"] += 1
        elif length_km > rules.longest_km * road.route_factor:
            left_out[f"direct_expressway: longer than {rules.longest_km:g} km"] += 1
        elif new_s + ends_s > base.useful_s:
            left_out["direct_expressway: its ends stay beyond the limit"] += 1
        elif road_s is not None and road_s < rules.road_index * new_s:
            left_out[f"direct_expressway: under {rules.road_index:g} times as fast as today's road"] += 1
        else:
            today = np.inf if road_s is None else road_s / 60.0
            nodes = [f"road:{base.road_nodes[city]}" for city in (a, b)]
            yield Proposal(
                candidate_id=f"road-direct:{base.ids[a]}-{base.ids[b]}",
                from_name=base.names[a],
                to_name=base.names[b],
                length_km=length_km,
                speed_kmh=road.speed_kmh,
                standard=road.standard,
                why=f"{new_s / 60:.0f} min by a direct expressway, {today:.0f} by today's roads",
                geometry=base.straight_line(a, b),
                arcs=base.two_way_road_arcs([(nodes[0], nodes[1], new_s)]),
            )


def propose_direct_lines(
    tracks: Tracks, pairs: Iterable[tuple[int, int]], rules: FarRules, left_out: Counter[str]
) -> Iterator[Proposal]:
    """Propose new lines between cities that are no neighbours, by the rules of lines between neighbours.

    Parameters
    ----------
    tracks
        Today's stations, tracks and trains.
    pairs
        Cities beyond the limit today that are no neighbours.
    rules
        Longest line.
    left_out
        Reason to count; added to.

    Yields
    ------
    Proposal
        One a pair.
    """
    yield from propose_lines(tracks, pairs, left_out, kind="rail_direct", longest_km=rules.longest_km)
