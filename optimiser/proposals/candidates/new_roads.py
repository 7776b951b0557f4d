"""Propose new roads: direct links between neighbours, and gaps between expressways."""

from __future__ import annotations

from collections import Counter

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from optimiser.proposals.candidates.neighbours import detour_index, great_circle_km, project
from optimiser.proposals.candidates.rules import RoadRules
from optimiser.proposals.candidates.situation import RoadPaths, Situation, seconds_of
from optimiser.proposals.candidates.table import Item, Proposal
from optimiser.proposals.candidates.trains import Arc, everywhere


def propose_links(
    situation: Situation, pairs: list[tuple[int, int]], rules: RoadRules, report: Counter[str]
) -> list[Proposal]:
    """Propose direct expressways between neighbours that the roads of today serve by a detour.

    Parameters
    ----------
    situation
        What there is.
    pairs
        Neighbouring cities.
    rules
        Detour index, lengths, speeds.
    report
        Counts what is left out; added to.

    Returns
    -------
    list of Proposal
        One a pair.
    """
    found = []
    for a, b in pairs:
        direct_km = situation.straight_km(a, b)
        road_s = situation.road_s(a, b)
        today_s = float("inf") if road_s is None else float(road_s)
        new_s = seconds_of(direct_km * rules.route_factor, rules.speed_kmh)
        if direct_km < rules.shortest_km:
            report[f"road_link: shorter than {rules.shortest_km:g} km"] += 1
        elif direct_km > rules.longest_km:
            report[f"road_link: longer than {rules.longest_km:g} km"] += 1
        elif today_s < rules.detour_index * new_s:
            report[f"road_link: detour index below {rules.detour_index:g}"] += 1
        else:
            found.append(_link(situation, (a, b), today_s / new_s, rules))
    return found


def _link(situation: Situation, pair: tuple[int, int], index: float, rules: RoadRules) -> Proposal:
    """Return the proposal of a direct road."""
    a, b = pair
    length_km = situation.straight_km(a, b) * rules.route_factor
    today = (
        f"today's road takes {index:.2f} times as long" if np.isfinite(index) else "no road joins them today"
    )
    return Proposal(
        candidate_id=f"road-new:{situation.ids[a]}-{situation.ids[b]}",
        kind="road_link",
        instrument="infrastructure",
        mode="road",
        from_name=situation.names[a],
        to_name=situation.names[b],
        length_km=length_km,
        speed_kmh=rules.speed_kmh,
        standard=rules.standard,
        why=f"neighbours; {today} as a direct expressway (straight line x {rules.route_factor:g})",
        geometry=situation.straight_line(a, b),
        arcs=_both(
            situation,
            int(situation.road_nodes[a]),
            int(situation.road_nodes[b]),
            seconds_of(length_km, rules.speed_kmh),
        ),
        items=(Item(rules.standard, length_km),),
    )


def _both(situation: Situation, a: int, b: int, seconds: int) -> tuple[Arc, ...]:
    """Return an arc between two road nodes in both directions."""
    ends = f"road:{a}", f"road:{b}"
    there_and_back = ((ends[0], ends[1], seconds), (ends[1], ends[0], seconds))
    return everywhere(there_and_back, door_to_door=situation.door_to_door)


def propose_gaps(situation: Situation, rules: RoadRules, report: Counter[str]) -> list[Proposal]:
    """Propose to close gaps: dead ends of expressways, and expressways in parts that do not meet.

    Parameters
    ----------
    situation
        What there is.
    rules
        Longest gap, least detour, how many.
    report
        Counts what is left out; added to.

    Returns
    -------
    list of Proposal
        The worst detours first, at most `gap_count`; no node takes part in two.
    """
    ends, others, lon, lat = _gap_nodes(situation, rules)
    if len(ends) == 0:
        return []
    points = project(lon, lat)
    near = cKDTree(points[others]).query_ball_point(points[ends], rules.gap_longest_km / rules.route_factor)
    paths = RoadPaths.of(situation.road)
    scored: list[tuple[float, int, int]] = []
    for end, around in zip(ends.tolist(), near, strict=True):
        best = _best_gap(end, others[np.asarray(around, dtype=np.int64)], paths.tree(end)[0], lon, lat, rules)
        if best is None:
            report[f"gap: no expressway within {rules.gap_longest_km:g} km that is a detour away"] += 1
        else:
            scored.append((best[0], end, best[1]))
    return _choose_gaps(situation, sorted(scored, reverse=True), (lon, lat), rules, report)


def _gap_nodes(
    situation: Situation, rules: RoadRules
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the dead ends of expressways, all their nodes, and the positions of all road nodes."""
    links, nodes = situation.road.links, situation.road.nodes
    fast = links[links["link_class"].isin(rules.expressway_classes)]
    lon, lat = (np.asarray(values, dtype=np.float64) for values in (nodes.geometry.x, nodes.geometry.y))
    pairs = np.unique(np.sort(fast[["tail", "head"]].to_numpy(dtype=np.int64), axis=1), axis=0)
    degree = (
        np.bincount(pairs.ravel(), minlength=len(nodes)) if len(pairs) else np.zeros(len(nodes), dtype=int)
    )
    margin_lat = rules.border_km / 111.0
    margin_lon = margin_lat / np.cos(np.radians(lat.mean() if len(lat) else 0.0))
    inner = np.zeros(0, dtype=bool)
    if len(lon):
        inner = (lon > lon.min() + margin_lon) & (lon < lon.max() - margin_lon)
        inner &= (lat > lat.min() + margin_lat) & (lat < lat.max() - margin_lat)
    return np.flatnonzero((degree == 1) & inner), np.flatnonzero(degree > 0), lon, lat


def _best_gap(
    end: int,
    others: NDArray[np.int64],
    today: NDArray[np.float64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    rules: RoadRules,
) -> tuple[float, int] | None:
    """Return the detour index and the node of the best closure of one dead end."""
    others = others[others != end]
    direct = great_circle_km(
        np.full(len(others), lon[end]), np.full(len(others), lat[end]), lon[others], lat[others]
    )
    enough = direct * rules.route_factor > 1.0
    others, direct = others[enough], direct[enough]
    if len(others) == 0:
        return None
    new_s = direct * rules.route_factor / rules.speed_kmh * 3600.0
    index = detour_index(today[others], new_s)
    saved = np.where(index >= rules.gap_detour_index, np.minimum(today[others], 36000.0) - new_s, -1.0)
    best = int(np.argmax(saved / np.maximum(new_s, 300.0)))
    return (float(index[best]), int(others[best])) if saved[best] > 0 else None


def _choose_gaps(
    situation: Situation,
    scored: list[tuple[float, int, int]],
    position: tuple[NDArray[np.float64], NDArray[np.float64]],
    rules: RoadRules,
    report: Counter[str],
) -> list[Proposal]:
    """Return proposals for the worst gaps."""
    taken: set[int] = set()
    chosen: list[Proposal] = []
    for index, a, b in scored:
        if a in taken or b in taken:
            report["gap: its end is closed by another gap"] += 1
        elif len(chosen) >= rules.gap_count:
            report[f"gap: beyond the worst {rules.gap_count}"] += 1
        else:
            taken |= {a, b}
            chosen.append(_gap(situation, (a, b), index, position, rules))
    return chosen


def _gap(
    situation: Situation,
    ends: tuple[int, int],
    index: float,
    position: tuple[NDArray[np.float64], NDArray[np.float64]],
    rules: RoadRules,
) -> Proposal:
    """Return the proposal that closes a gap."""
    lon, lat = position
    a, b = sorted(ends, key=lambda node: (lon[node], lat[node]))
    line = shapely.LineString([(lon[a], lat[a]), (lon[b], lat[b])])
    direct_km = float(great_circle_km(lon[[a]], lat[[a]], lon[[b]], lat[[b]])[0])
    length_km = direct_km * rules.route_factor
    names = [_place(situation, lon[node], lat[node]) for node in (a, b)]
    today = (
        f"today's way takes {index:.1f} times as long" if np.isfinite(index) else "no road joins them today"
    )
    return Proposal(
        candidate_id=f"gap:{lon[a]:.3f},{lat[a]:.3f}-{lon[b]:.3f},{lat[b]:.3f}",
        kind="gap",
        instrument="barrier",
        mode="road",
        from_name=names[0],
        to_name=names[1],
        length_km=length_km,
        speed_kmh=rules.speed_kmh,
        standard=rules.standard,
        why=f"dead end {direct_km:.0f} km from another expressway; {today}",
        geometry=line,
        arcs=_both(situation, a, b, seconds_of(length_km, rules.speed_kmh)),
        items=(Item(rules.standard, length_km),),
    )


def _place(situation: Situation, lon: float, lat: float) -> str:
    """Name a place by the nearest city."""
    count = len(situation.ids)
    distance = great_circle_km(np.full(count, lon), np.full(count, lat), situation.lon, situation.lat)
    nearest = int(np.argmin(distance))
    return f"{situation.names[nearest]} ({distance[nearest]:.0f} km off)"
