"""Propose to upgrade the ordinary roads between neighbours to expressways."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely

from optimiser.proposals.candidates.rules import RoadRules
from optimiser.proposals.candidates.situation import RoadPaths, Situation, seconds_of
from optimiser.proposals.candidates.table import Item, Proposal
from optimiser.proposals.candidates.trains import everywhere


@dataclass(frozen=True, slots=True)
class Corridor:
    """The ordinary stretches of the way between two cities that no other corridor has."""

    ends: tuple[int, int]
    runs: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
    length_km: float


def propose(
    situation: Situation, pairs: list[tuple[int, int]], rules: RoadRules, report: Counter[str]
) -> list[Proposal]:
    """Propose upgrades of the fastest ways between neighbouring cities.

    The pair with the fewest ordinary km comes first; a stretch belongs to the first corridor that uses it, so
    no stretch is ever paid for twice.

    Parameters
    ----------
    situation
        What there is.
    pairs
        Neighbouring cities.
    rules
        Speeds, standards, least lengths.
    report
        Counts what is left out; added to.

    Returns
    -------
    list of Proposal
        One a corridor.
    """
    corridors = list(_corridors(situation, pairs, rules, report))
    uses = Counter(
        node for corridor in corridors for node in {n for nodes, _ in corridor.runs for n in nodes}
    )
    meets = _meeting_nodes(situation, rules) | set(situation.road_nodes.tolist())
    meets |= {node for node, count in uses.items() if count > 1}
    return [_proposal(situation, corridor, meets, rules) for corridor in corridors]


def _corridors(
    situation: Situation, pairs: list[tuple[int, int]], rules: RoadRules, report: Counter[str]
) -> Iterator[Corridor]:
    """Yield the corridors of pairs, the one with the fewest ordinary km first."""
    links = situation.road.links
    length = links["length_km"].to_numpy(dtype=np.float64)
    ordinary = (~links["link_class"].isin(rules.expressway_classes) & (links["mode"] == "road")).to_numpy()
    ordinary = ordinary & (links["speed_kmh"].to_numpy(dtype=np.float64) < rules.speed_kmh)
    ways = []
    for pair, nodes, rows in _ways(situation, pairs):
        ways.append((float(length[[r for r in rows if ordinary[r]]].sum()), pair, nodes, rows))
    claimed: set[int] = set()
    for _, pair, nodes, rows in sorted(ways):
        usable = [bool(ordinary[row]) and row not in claimed for row in rows]
        runs = [
            run for run in _runs(nodes, rows, usable) if length[list(run[1])].sum() >= rules.upgrade_run_km
        ]
        total = float(sum(length[list(run[1])].sum() for run in runs))
        if total < rules.upgrade_least_km:
            shared = any(row in claimed for row in rows)
            reason = "shared with another corridor" if shared else "an expressway already"
            report[f"road_upgrade: under {rules.upgrade_least_km:g} km left, the rest {reason}"] += 1
            continue
        claimed.update(row for run in runs for row in run[1])
        yield Corridor(pair, tuple(runs), total)


def _ways(
    situation: Situation, pairs: list[tuple[int, int]]
) -> Iterator[tuple[tuple[int, int], list[int], list[int]]]:
    """Yield for each joined pair the nodes and links of its fastest way by road."""
    paths = RoadPaths.of(situation.road)
    for start in sorted({pair[0] for pair in pairs}):
        origin = int(situation.road_nodes[start])
        if origin < 0:
            continue
        _, before = paths.tree(origin)
        for end in sorted(b for a, b in pairs if a == start):
            if situation.road_nodes[end] < 0:
                continue
            nodes, rows = paths.way(before, origin, int(situation.road_nodes[end]))
            if rows:
                yield (start, end), nodes, rows


def _runs(
    nodes: list[int], rows: list[int], usable: list[bool]
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Yield the nodes and links of each unbroken run of usable links."""
    start = None
    for at, use in enumerate([*usable, False]):
        if use and start is None:
            start = at
        elif not use and start is not None:
            yield tuple(nodes[start : at + 1]), tuple(rows[start:at])
            start = None


def _meeting_nodes(situation: Situation, rules: RoadRules) -> set[int]:
    """Return the nodes at which an expressway or trunk road can be entered."""
    links = situation.road.links
    major = links[links["link_class"].isin(rules.meeting_classes)]
    return {*major["tail"].tolist(), *major["head"].tolist()}


def _proposal(situation: Situation, corridor: Corridor, meets: set[int], rules: RoadRules) -> Proposal:
    """Return the proposal of a corridor, with an arc between every two interchanges in line."""
    links = situation.road.links
    length = links["length_km"].to_numpy(dtype=np.float64)
    arcs: list[tuple[str, str, int]] = []
    for nodes, rows in corridor.runs:
        stops = [at for at, node in enumerate(nodes) if at in (0, len(nodes) - 1) or node in meets]
        for low, high in itertools.pairwise(stops):
            seconds = seconds_of(float(length[list(rows[low:high])].sum()), rules.speed_kmh)
            ends = f"road:{nodes[low]}", f"road:{nodes[high]}"
            arcs += [(ends[0], ends[1], seconds), (ends[1], ends[0], seconds)]
    a, b = corridor.ends
    lines = [links.geometry.iloc[row] for _, rows in corridor.runs for row in rows]
    before = _ordinary_speed(situation, corridor)
    return Proposal(
        candidate_id=f"road-upgrade:{situation.ids[a]}-{situation.ids[b]}",
        kind="road_upgrade",
        instrument="infrastructure",
        mode="road",
        from_name=situation.names[a],
        to_name=situation.names[b],
        length_km=corridor.length_km,
        speed_kmh=rules.speed_kmh,
        standard=rules.standard,
        why=f"{corridor.length_km:.0f} km of the fastest road are no expressway ({before:.0f} km/h today)",
        geometry=shapely.line_merge(shapely.MultiLineString(lines)),
        arcs=everywhere(tuple(arcs), door_to_door=situation.door_to_door),
        items=(Item(rules.standard, corridor.length_km),),
    )


def _ordinary_speed(situation: Situation, corridor: Corridor) -> float:
    """Return the mean speed on a corridor today, km/h."""
    rows = [row for _, links in corridor.runs for row in links]
    table = situation.road.links.iloc[rows]
    return float(table["length_km"].sum() / (table["length_km"] / table["speed_kmh"]).sum())
