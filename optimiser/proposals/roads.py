"""Propose expressways: upgraded roads and new roads between neighbours, and closed gaps.

What only repairs the map is left out and counted: roads that lie mostly within towns or beside one expressway
(`optimiser.proposals.terrain`), gaps that a road from nearby serves as well, and roads that save too
little against the best way of today.
"""

import functools
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from networks.schema import Network
from optimiser.proposals.base_case import (
    LONGEST_TODAY_S,
    UNKNOWN_CLASS,
    Arc,
    BaseCase,
    great_circle_km,
    line_km,
    project,
    travel_time_s,
)
from optimiser.proposals.costs import Alignments, Line, drawn
from optimiser.proposals.table import Proposal
from optimiser.proposals.terrain import PLAIN, ArtefactRules, Surroundings, Terrain, mean_kmh, speeds_on

_LEAST_NEW_S = 300.0
"""Gaps are ranked by the time saved per second of new road, of which at least so many seconds count."""
_MOST_CLOSURES = 12
"""So many closures of a dead end are looked at, those that save most first."""


@dataclass(frozen=True, slots=True)
class RoadRules:
    """Rules for roads.

    Attributes
    ----------
    expressway_classes
        Link classes that are expressways already.
    meeting_classes
        Link classes at which an upgraded road gets an interchange.
    speed_kmh
        Average speed on a new or upgraded expressway, that of existing ones with its design speed.
    mountain_kmh, ground
        Most on average in mountains, where expressways are designed for 80 km/h (JTG B01); the ground.
    standard
        What is built, a standard of the cost table.
    rebuilt_standard
        What an existing expressway that is slower is rebuilt to.
    upgrade_least_km, upgrade_run_km
        An upgrade below this length is no candidate; an ordinary stretch shorter than `upgrade_run_km`
        (streets of a town, a slip road) is left as it is.
    route_factor
        Length of a new road over the straight line (1.2: between the 1.15 of lowland motorways and the 1.25
        of old trunk roads; assumed).
    upgrade_least_gain
        An upgrade saves at least this share of today's fastest drive between its cities (below 5 % the speeds
        of two classes are not known; assumed).
    detour_index
        A new road is proposed where today's fastest path takes at least this many times its time.
    least_gain
        With a new road, a trip between its cities saves at least this share of the best way of today, trains
        included.
    served_share, served_detour
        An expressway serves two cities already where at least this share of today's fastest drive runs on
        expressways and it is at most so many times as long as the new road: what is slow are its ends and its
        speed, and a second expressway is no remedy for those.
    shortest_km, longest_km
        Straight-line length of a new road.
    gap_longest_km, gap_detour_index, gap_count
        A gap between expressways is at most this long; today's path takes at least so many times as long; at
        most so many gaps are proposed, the worst detours first.
    border_km
        Dead ends this near to the border of the network may go on beyond it and are no gaps.
    same_place_km
        A gap has to be a detour (`detour_index`) between all road nodes within this distance of its ends: a
        dead end beside a road that leads there is a junction that the map lacks.
    artefacts
        What is a road of a town or a parallel of an expressway, and is left out.
    """

    expressway_classes: tuple[str, ...] = ("motorway", "motorway_link")
    meeting_classes: tuple[str, ...] = ("motorway", "motorway_link", "trunk", "trunk_link")
    speed_kmh: float = 96.0
    mountain_kmh: float = 72.0
    ground: Terrain = PLAIN
    standard: str = "expressway-4"
    rebuilt_standard: str = "expressway-120"
    upgrade_least_km: float = 12.0
    upgrade_run_km: float = 3.0
    route_factor: float = 1.2
    upgrade_least_gain: float = 0.05
    detour_index: float = 1.35
    least_gain: float = 0.1
    served_share: float = 0.6
    served_detour: float = 1.25
    shortest_km: float = 10.0
    longest_km: float = 160.0
    gap_longest_km: float = 40.0
    gap_detour_index: float = 2.0
    gap_count: int = 15
    border_km: float = 15.0
    same_place_km: float = 3.0
    artefacts: ArtefactRules = field(default_factory=ArtefactRules)

    def kmh_on(self, line: shapely.Geometry) -> float:
        """Return the mean speed on a new expressway along a line."""
        return mean_kmh(speeds_on(line, self.ground, self.speed_kmh, self.mountain_kmh)[1])

    def surroundings(self, base: BaseCase) -> Surroundings:
        """Return towns and expressways of a region."""
        rules = self.artefacts, self.expressway_classes
        return base.once(("surroundings", *rules), lambda: Surroundings(base, *rules))


def anchor_nodes(road: Network, rules: RoadRules | None = None) -> NDArray[np.int64]:
    """Return the road nodes that a contraction must keep so that candidates can be read off the result.

    These are the nodes where expressways and other roads meet, and the dead ends of expressways. Without them
    a contraction joins a stretch of expressway and one of ordinary road to one link of a mixed class, and
    prunes the dead ends that may be gaps.

    Parameters
    ----------
    road
        Road network before it is contracted.
    rules
        Which classes are expressways; the defaults where None.

    Returns
    -------
    numpy.ndarray
        int64, rows of nodes, rising.
    """
    links, count = road.links, len(road.nodes)
    fast = links["link_class"].isin((rules or RoadRules()).expressway_classes).to_numpy()
    ends = links[["tail", "head"]].to_numpy(dtype=np.int64)
    on_fast, on_other = (np.bincount(ends[mask].ravel(), minlength=count) for mask in (fast, ~fast))
    meets = (on_fast > 0) & (on_other > 0)
    return np.flatnonzero(meets | (_degree(ends[fast], count) == 1)).astype(np.int64)


def _degree(ends: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return the number of neighbours of each node; the two carriageways between two nodes count once."""
    pairs = np.unique(np.sort(ends, axis=1), axis=0)
    return np.bincount(pairs.ravel(), minlength=count)


type _Run = tuple[tuple[int, ...], tuple[int, ...]]
"""Nodes and links of an unbroken stretch of road."""


def propose_upgrades(
    base: BaseCase, pairs: Iterable[tuple[int, int]], rules: RoadRules, left_out: Counter[str]
) -> Iterator[Proposal]:
    """Propose upgrades of the fastest paths between neighbouring cities.

    The pair with the fewest ordinary km comes first; a stretch belongs to the first corridor that uses it, so
    no stretch is ever paid for twice.

    Parameters
    ----------
    base
        The base case.
    pairs
        Neighbouring cities.
    rules
        Speeds, standards, least lengths.
    left_out
        Reason to count; added to.

    Yields
    ------
    Proposal
        One a corridor.
    """
    links, around = base.road.links, rules.surroundings(base)
    ordinary = _slow(base, rules, expressways=False)
    claimed: set[int] = set()
    corridors: list[tuple[tuple[int, int], list[_Run]]] = []

    @functools.cache
    def is_in_town(row: int) -> bool:
        return around.look_at([links.geometry.iloc[row]])[0][0] > rules.artefacts.most_in_towns

    for pair, nodes, rows, usable in _unclaimed(base, pairs, ordinary, claimed):
        under = f"road_upgrade: under {rules.upgrade_least_km:g} km left, the rest"
        if _runs_km(base, _long_runs(base, nodes, rows, usable, rules)) < rules.upgrade_least_km:
            shared = any(row in claimed for row in rows)
            left_out[f"{under} {'shared with another corridor' if shared else 'an expressway already'}"] += 1
            continue
        out_of_town = [use and not is_in_town(row) for use, row in zip(usable, rows, strict=True)]
        outside = _long_runs(base, nodes, rows, out_of_town, rules)
        kept = [run for run in outside if not around.fault(_line_of(base, run[1]))]
        if _runs_km(base, kept) < rules.upgrade_least_km:
            in_towns = _runs_km(base, outside) < rules.upgrade_least_km
            left_out[f"{under} {'within towns' if in_towns else 'beside one expressway'}"] += 1
            continue
        taken = [row for run in kept for row in run[1]]
        fault = around.fault(_line_of(base, taken))
        if fault or _saved_share(base, rows, taken, rules) < rules.upgrade_least_gain:
            too_little = f"saves less than {100 * rules.upgrade_least_gain:.0f} % of today's drive"
            left_out[f"road_upgrade: {fault or too_little}"] += 1
            continue
        claimed.update(taken)
        corridors.append((pair, kept))
    uses = Counter(node for _, runs in corridors for node in {n for nodes, _ in runs for n in nodes})
    major = links[links["link_class"].isin(rules.meeting_classes)]
    interchanges = {*major["tail"].tolist(), *major["head"].tolist(), *base.road_nodes.tolist()}
    interchanges |= {node for node, count in uses.items() if count > 1}
    for pair, runs in corridors:
        yield _upgrade(base, pair, runs, interchanges, rules)


def propose_expressway_upgrades(
    base: BaseCase, pairs: Iterable[tuple[int, int]], rules: RoadRules, left_out: Counter[str]
) -> Iterator[Proposal]:
    """Propose to rebuild slow expressways on the fastest paths between neighbours for the speed of new ones.

    The pair with the fewest such km comes first, and no stretch belongs to two. The road is there already, so
    that neither the towns nor the parallels of the rule against artefacts matter; its links and their gain
    are named. Where mountains set its speed, it is not rebuilt.

    Parameters
    ----------
    base, pairs, rules, left_out
        As for `propose_upgrades`.

    Yields
    ------
    Proposal
        One a pair.
    """
    slow, links = _slow(base, rules, expressways=True), base.road.links
    lines, today_kmh = links.geometry[slow], links["speed_kmh"][slow]
    slow[slow] = [kmh < rules.kmh_on(line) for line, kmh in zip(lines, today_kmh, strict=True)]
    claimed: set[int] = set()
    for pair, nodes, rows, usable in _unclaimed(base, pairs, slow, claimed):
        runs = _long_runs(base, nodes, rows, usable, rules)
        taken = [row for run in runs for row in run[1]]
        if _runs_km(base, runs) < rules.upgrade_least_km:
            left_out[f"expressway_upgrade: under {rules.upgrade_least_km:g} km of slow expressway left"] += 1
        elif _saved_share(base, rows, taken, rules) < rules.upgrade_least_gain:
            saves = f"saves less than {rules.upgrade_least_gain:.0%} of today's drive"
            left_out[f"expressway_upgrade: {saves}"] += 1
        else:
            claimed.update(taken)
            yield _upgrade(base, pair, runs, None, rules)


def _slow(base: BaseCase, rules: RoadRules, *, expressways: bool) -> NDArray[np.bool_]:
    """Tell which expressways, or which other roads, are slower than new expressways; bool [links]."""
    links = base.road.links
    found = links["link_class"].isin(rules.expressway_classes) == expressways
    found &= (links["mode"] == "road") & (links["speed_kmh"] < rules.speed_kmh)
    return np.array(found, dtype=np.bool_)


def _unclaimed(
    base: BaseCase, pairs: Iterable[tuple[int, int]], counted: NDArray[np.bool_], claimed: set[int]
) -> Iterator[tuple[tuple[int, int], list[int], list[int], list[bool]]]:
    """Yield pairs with nodes and links of their fastest paths, and which of these count and are unclaimed.

    The one with the fewest km that count comes first.
    """
    paths = [
        (float(base.road_km[[row for row in rows if counted[row]]].sum()), pair, nodes, rows)
        for pair, nodes, rows in _fastest_paths(base, pairs)
    ]
    for _, pair, nodes, rows in sorted(paths):
        yield pair, nodes, rows, [bool(counted[row]) and row not in claimed for row in rows]


def _long_runs(
    base: BaseCase, nodes: list[int], rows: list[int], usable: list[bool], rules: RoadRules
) -> list[_Run]:
    """Return the unbroken runs of usable links that are long enough to be upgraded."""
    found = []
    for use, group in itertools.groupby(range(len(rows)), key=usable.__getitem__):
        places = list(group)
        run = tuple(nodes[places[0] : places[-1] + 2]), tuple(rows[places[0] : places[-1] + 1])
        if use and _runs_km(base, [run]) >= rules.upgrade_run_km:
            found.append(run)
    return found


def _runs_km(base: BaseCase, runs: Iterable[_Run]) -> float:
    return float(sum(base.road_km[list(rows)].sum() for _, rows in runs))


def _line_of(base: BaseCase, rows: Iterable[int]) -> shapely.Geometry:
    """Return the line of links."""
    return shapely.line_merge(shapely.MultiLineString(base.road.links.geometry.iloc[list(rows)].tolist()))


def _saved_share(base: BaseCase, path: list[int], upgraded: list[int], rules: RoadRules) -> float:
    """Return the share of the time of a path that the upgrade of some of its links saves."""
    today_s = 3600.0 * base.road_km / base.road.links["speed_kmh"].to_numpy(dtype=np.float64)
    return float((today_s[upgraded].sum() - _built_s(base, upgraded, rules)) / today_s[path].sum())


def _built_s(base: BaseCase, rows: Iterable[int], rules: RoadRules) -> float:
    """Return the seconds on links that have become new expressways, before rounding."""
    lines = base.road.links.geometry
    return 3600.0 * float(sum(base.road_km[row] / rules.kmh_on(lines.iloc[row]) for row in rows))


def _fastest_paths(
    base: BaseCase, pairs: Iterable[tuple[int, int]]
) -> Iterator[tuple[tuple[int, int], list[int], list[int]]]:
    """Yield for each pair joined by roads the nodes and links of its fastest path."""
    for start, group in itertools.groupby(sorted(pairs), key=lambda pair: pair[0]):
        origin = int(base.road_nodes[start])
        if origin < 0:
            continue
        _, before = base.road_paths.tree(origin)
        for _, end in group:
            if base.road_nodes[end] >= 0:
                nodes, rows = base.road_paths.path(before, origin, int(base.road_nodes[end]))
                if rows:
                    yield (start, end), nodes, rows


def _upgrade(
    base: BaseCase, pair: tuple[int, int], runs: list[_Run], interchanges: set[int] | None, rules: RoadRules
) -> Proposal:
    """Return the proposal of a corridor, with an arc between every two consecutive interchanges.

    Without interchanges it is an expressway that is rebuilt, every node of it an interchange as today.
    """
    opened: list[Arc] = []
    for nodes, rows in runs:
        ends = (0, len(nodes) - 1)
        stops = [
            at for at, node in enumerate(nodes) if interchanges is None or at in ends or node in interchanges
        ]
        for low, high in itertools.pairwise(stops):
            seconds = max(1, round(_built_s(base, rows[low:high], rules)))
            opened.append((f"road:{nodes[low]}", f"road:{nodes[high]}", seconds))
    links, (a, b) = [row for _, rows in runs for row in rows], pair
    today, length_km = base.road.links.iloc[links], _runs_km(base, runs)
    hours, built_s = float((today["length_km"] / today["speed_kmh"]).sum()), _built_s(base, links, rules)
    today_kmh, minutes = length_km / hours, 60.0 * hours - built_s / 60.0
    what, standard = "upgrade", rules.standard
    why = f"{length_km:.0f} km of the fastest road are no expressway ({today_kmh:.0f} km/h today)"
    if not base.knows_classes:
        why = f"{length_km:.0f} km, {UNKNOWN_CLASS}: taken for no expressway, {today_kmh:.0f} km/h"
    if interchanges is None:
        what, standard = "rebuilt", rules.rebuilt_standard
        why = f"{length_km:.0f} km of expressway at {today_kmh:.0f} km/h today,"
        why += f" {minutes:.0f} min faster when rebuilt"
    return Proposal(
        candidate_id=f"road-{what}:{base.ids[a]}-{base.ids[b]}",
        from_name=base.names[a],
        to_name=base.names[b],
        length_km=length_km,
        speed_kmh=3600.0 * length_km / built_s,
        standard=standard,
        why=why,
        geometry=_line_of(base, links),
        arcs=base.two_way_road_arcs(opened),
        replaces=_replaced(base, links),
    )


def _replaced(base: BaseCase, rows: list[int]) -> str:
    """Name the links that an upgrade replaces by number, name or class, with km and mean speed."""
    today = base.road.links.iloc[rows]
    hours = today["length_km"] / today["speed_kmh"]
    labels = [base.road_labels[row] for row in rows]
    km = (
        pd.DataFrame({"km": today["length_km"], "hours": hours}).groupby(np.array(labels, dtype=object)).sum()
    )
    parts = km.sort_values("km", ascending=False, kind="stable").reset_index().to_numpy().tolist()
    return "; ".join(
        f"{label} {part_km:.1f} km at {part_km / hours:.0f} km/h" for label, part_km, hours in parts
    )


def _new_expressway(
    base: BaseCase,
    nodes: Sequence[int],
    line: Line,
    rules: RoadRules,
    **facts: Any,  # noqa: ANN401 (fields of `Proposal`)
) -> Proposal:
    """Return a new expressway along a line between two road nodes as a proposal."""
    (a, b), kmh = (f"road:{node}" for node in nodes), rules.kmh_on(line)
    length_km = line_km(line) * rules.route_factor
    return Proposal(
        length_km=length_km,
        speed_kmh=kmh,
        standard=rules.standard,
        geometry=line,
        arcs=base.two_way_road_arcs([(a, b, travel_time_s(length_km, kmh))]),
        **facts,
    )


def _between_cities(
    base: BaseCase, pair: tuple[int, int], line: Line, rules: RoadRules, *, what: str, why: str
) -> Proposal:
    """Return a new expressway along a line between two cities as a proposal."""
    a, b = pair
    return _new_expressway(
        base,
        base.road_nodes[list(pair)].tolist(),
        line,
        rules,
        candidate_id=f"{what}:{base.ids[a]}-{base.ids[b]}",
        from_name=base.names[a],
        to_name=base.names[b],
        why=why,
    )


def _today(index: float, road: str, decimals: int) -> str:
    """Say how many times as long as over a new road it takes today."""
    return (
        f"{road} takes {index:.{decimals}f} times as long"
        if np.isfinite(index)
        else "no road joins them today"
    )


def propose_links(
    by: Alignments, pairs: Iterable[tuple[int, int]], rules: RoadRules, left_out: Counter[str]
) -> Iterator[Proposal]:
    """Propose direct expressways between neighbours that the roads of today serve by a detour.

    Parameters
    ----------
    by
        The base case, and how new roads run in it.
    pairs, rules, left_out
        As for `propose_upgrades`.

    Yields
    ------
    Proposal
        One a pair.
    """
    base, pairs = by.base, list(pairs)
    around, access_s = rules.surroundings(base), _road_access_s(base, pairs)
    for a, b in pairs:
        direct_km, road_s = base.straight_km(a, b), base.road_s(a, b)
        line = by.line(base.straight_line(a, b), {rules.standard: 1.0})
        length_km, today_s = line_km(line) * rules.route_factor, np.inf if road_s is None else float(road_s)
        new_s = travel_time_s(length_km, rules.kmh_on(line))
        best_s, with_s = float(base.skim[a, b]), float(access_s[a] + new_s + access_s[b])
        if direct_km < rules.shortest_km:
            left_out[f"road_link: shorter than {rules.shortest_km:g} km"] += 1
        elif direct_km > rules.longest_km:
            left_out[f"road_link: longer than {rules.longest_km:g} km"] += 1
        elif today_s < rules.detour_index * new_s:
            left_out[f"road_link: detour index below {rules.detour_index:g}"] += 1
        elif with_s > (1.0 - rules.least_gain) * best_s:
            left_out[
                f"road_link: saves under {100 * rules.least_gain:.0f} % of today's best way, train or road"
            ] += 1
        elif fault := around.fault(line):
            left_out[f"road_link: {fault}"] += 1
        elif _has_expressway(base, (a, b), length_km, rules):
            left_out["road_link: an expressway serves its ends"] += 1
        else:
            today = _today(today_s / new_s, "today's road", 2)
            why = f"neighbours; {today} as a direct expressway ({drawn(line)}, x {rules.route_factor:g})"
            yield _between_cities(base, (a, b), line, rules, what="road-new", why=why)


def _has_expressway(base: BaseCase, pair: tuple[int, int], new_km: float, rules: RoadRules) -> bool:
    """Tell whether two cities have an expressway that is not much longer than a new one."""
    links = base.road.links
    for _, _, rows in _fastest_paths(base, [pair]):
        path = links.iloc[rows]
        total_km = float(path["length_km"].sum())
        fast_km = float(path["length_km"][path["link_class"].isin(rules.expressway_classes)].sum())
        return total_km <= rules.served_detour * new_km and fast_km >= rules.served_share * total_km
    return False


def _road_access_s(base: BaseCase, pairs: list[tuple[int, int]]) -> NDArray[np.int64]:
    """Return for each city the seconds between where trips start or end and its road node.

    They are part of the time of every drive; 0 for cities of no pair. int64 [c].
    """
    graph, found = base.graph, np.zeros(len(base.cities), dtype=np.int64)
    for city in sorted({city for pair in pairs for city in pair}):
        node = base.node_row[f"road:{base.road_nodes[city]}"]
        between = (graph.tail == graph.origin[city]) & (graph.head == node)
        found[city] = graph.seconds[between].min(initial=np.iinfo(np.int32).max)
    return found


def propose_gaps(base: BaseCase, rules: RoadRules, left_out: Counter[str]) -> list[Proposal]:
    """Propose to close gaps: dead ends of expressways, and expressways in parts that do not meet.

    Parameters
    ----------
    base, rules, left_out
        As for `propose_upgrades`.

    Returns
    -------
    list of Proposal
        The worst detours first, at most `gap_count`; no node takes part in two.
    """
    dead_ends, others = _expressway_nodes(base, rules)
    if len(dead_ends) == 0:
        return []
    points = project(*base.road_points)
    near = cKDTree(points[others]).query_ball_point(
        points[dead_ends], rules.gap_longest_km / rules.route_factor
    )
    around, tree, (lon, lat) = rules.surroundings(base), cKDTree(points), base.road_points

    def is_detour(a: int, b: int) -> bool:
        """Tell whether today's roads from near one node to near another are a detour."""
        starts, ends = (tree.query_ball_point(points[node], rules.same_place_km) for node in (a, b))
        direct_km = float(great_circle_km(lon[a], lat[a], lon[b], lat[b])) * rules.route_factor
        most_s = rules.detour_index * travel_time_s(direct_km, rules.speed_kmh)
        today_s = dijkstra(base.road_paths.matrix, indices=sorted(starts), min_only=True, limit=most_s)
        return not bool((today_s[ends] < most_s).any())

    scored: list[tuple[float, int, int]] = []
    for end, within in zip(dead_ends.tolist(), near, strict=True):
        reason = f"no expressway within {rules.gap_longest_km:g} km that is a detour away"
        closures = _closures(base, end, others[np.asarray(within, dtype=np.int64)], rules)
        for index, other in closures:
            fault = around.fault(_straight_line(base, end, other))
            if not fault and not is_detour(end, other):
                fault = f"a road within {rules.same_place_km:g} km of its ends leads there as well"
            if not fault:
                scored.append((index, end, other))
                break
            # The closure that would save most tells why a dead end is left alone.
            reason = fault if other == closures[0][1] else reason
        else:
            left_out[f"gap: {reason}"] += 1
    taken: set[int] = set()
    chosen: list[Proposal] = []
    for index, a, b in sorted(scored, reverse=True):
        if a in taken or b in taken:
            left_out["gap: its end is closed by another gap"] += 1
        elif len(chosen) >= rules.gap_count:
            left_out[f"gap: beyond the worst {rules.gap_count}"] += 1
        else:
            taken |= {a, b}
            start, end = sorted((a, b), key=lambda node: (lon[node], lat[node]))
            direct_km = float(great_circle_km(lon[start], lat[start], lon[end], lat[end]))
            near_cities = [base.nearest_city(lon[node], lat[node]) for node in (start, end)]
            names = [f"{base.names[city]} ({km:.0f} km off)" for city, km in near_cities]
            today = _today(index, "today's way", 1)
            chosen.append(
                _new_expressway(
                    base,
                    (start, end),
                    _straight_line(base, start, end),
                    rules,
                    candidate_id=f"gap:{lon[start]:.3f},{lat[start]:.3f}-{lon[end]:.3f},{lat[end]:.3f}",
                    from_name=names[0],
                    to_name=names[1],
                    why=f"dead end {direct_km:.0f} km from another expressway; {today}",
                )
            )
    return chosen


def _expressway_nodes(base: BaseCase, rules: RoadRules) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the dead ends of expressways off the border of the network, and all nodes of expressways.

    A slip road ends on another road, which is no dead end.
    """
    links, (lon, lat) = base.road.links, base.road_points
    if not len(lon):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    fast = links[links["link_class"].isin(rules.expressway_classes)]
    ends = fast[["tail", "head"]].to_numpy(dtype=np.int64)
    degree = _degree(ends, len(lon))
    is_slip = fast["link_class"].str.endswith("_link").to_numpy(dtype=bool)
    on_main = np.zeros(len(lon), dtype=bool)
    on_main[ends[~is_slip].ravel()] = True
    margin_lat = rules.border_km / 111.0
    margin_lon = margin_lat / np.cos(np.radians(lat.mean()))
    inner = (lon > lon.min() + margin_lon) & (lon < lon.max() - margin_lon)
    inner &= (lat > lat.min() + margin_lat) & (lat < lat.max() - margin_lat)
    return np.flatnonzero((degree == 1) & on_main & inner), np.flatnonzero(degree > 0)


def _closures(
    base: BaseCase, end: int, others: NDArray[np.int64], rules: RoadRules
) -> list[tuple[float, int]]:
    """Return detour index and node of the closures of a dead end that save time, the best of them first."""
    lon, lat = base.road_points
    today_s, _ = base.road_paths.tree(end)
    others = others[others != end]
    length_km = great_circle_km(lon[end], lat[end], lon[others], lat[others]) * rules.route_factor
    others, length_km = others[length_km > 1.0], length_km[length_km > 1.0]
    new_s = length_km / rules.speed_kmh * 3600.0
    index = today_s[others] / new_s
    gain_s = np.minimum(today_s[others], LONGEST_TODAY_S) - new_s
    saved = np.where(index >= rules.gap_detour_index, gain_s, -1.0) / np.maximum(new_s, _LEAST_NEW_S)
    order = np.argsort(-saved, kind="stable")[:_MOST_CLOSURES]
    return [(float(index[at]), int(others[at])) for at in order[saved[order] > 0].tolist()]


def _straight_line(base: BaseCase, a: int, b: int) -> shapely.LineString:
    lon, lat = base.road_points
    return shapely.LineString([(lon[a], lat[a]), (lon[b], lat[b])])


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
    by: Alignments, pairs: Iterable[tuple[int, int]], rules: FarRules, road: RoadRules, left_out: Counter[str]
) -> Iterator[Proposal]:
    """Propose direct expressways that bring two cities within the limit by themselves.

    Parameters
    ----------
    by
        The base case, and how new roads run in it.
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
    base = by.base
    for a, b in pairs:
        line, road_s, direct_km = base.straight_line(a, b), base.road_s(a, b), base.straight_km(a, b)
        ends_s = sum(base.access.terminal.of(base.sizes[city]) for city in (a, b)) if base.door_to_door else 0
        if travel_time_s(direct_km * road.route_factor, road.speed_kmh) + ends_s <= base.useful_s:
            line = by.line(line, {road.standard: 1.0})
        new_s = travel_time_s(line_km(line) * road.route_factor, road.kmh_on(line))
        if min(base.road_nodes[[a, b]]) < 0:
            left_out["direct_expressway: a city is not on the road network"] += 1
        elif direct_km > rules.longest_km:
            left_out[f"direct_expressway: longer than {rules.longest_km:g} km"] += 1
        elif new_s + ends_s > base.useful_s:
            left_out["direct_expressway: its ends stay beyond the limit"] += 1
        elif road_s is not None and road_s < rules.road_index * new_s:
            left_out[f"direct_expressway: under {rules.road_index:g} times as fast as today's road"] += 1
        else:
            today = np.inf if road_s is None else road_s / 60.0
            why = f"{new_s / 60:.0f} min by a direct expressway, {drawn(line)}, {today:.0f} by today's roads"
            yield _between_cities(base, (a, b), line, road, what="road-direct", why=why)
