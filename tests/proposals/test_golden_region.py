"""Every kind of candidate in one drawn region, with its arcs, items, reasons and what was left out.

A change of a rule shows here as a change of numbers, which a reader of the golden files can check by hand.
`POLYRING_GOLDEN=write pytest tests/proposals/test_golden_region.py` writes them anew.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from candidates_drawing import base_case, cities, network, railway

from networks import intermodal, skims
from networks.intermodal import AccessParameters
from networks.schema import Network
from optimiser.proposals.base_case import NeighbourRules
from optimiser.proposals.connections import ConnectionRules
from optimiser.proposals.costs import builtin_cost_table
from optimiser.proposals.evidence import with_evidence
from optimiser.proposals.generate import KINDS, Rules, Scope, generate, propose
from optimiser.proposals.rail import CurveRules
from optimiser.proposals.roads import FarRules, RoadRules
from optimiser.proposals.services import PatternRules
from optimiser.proposals.stations import StationRules
from optimiser.proposals.table import assemble
from optimiser.proposals.terrain import PLAIN, ArtefactRules
from optimiser.proposals.trains import RailRules

EVIDENCE = ("today", "today_s", "with_s", "gain_s", "town_share", "beside", "beside_share")
"""Columns of evidence."""

HERE = Path(__file__).resolve().parent / "golden"

ROADS = [
    (0, 0),
    (90, 0),
    (145, 8),
    (170, 20),
    (260, 0),
    (80, -90),
    (200, 110),
    (-60, 70),
    (340, 60),
    (45, 6),
    (130, -60),
]
"""Cities A to H at 0, 1, 3, 4, 5, 6, 7 and 8, K at 9; the end of an expressway at 2, a bend at 10."""

ROAD_LINKS = [
    (0, 9, "motorway", 46, 100),
    (9, 1, "motorway", 47, 100),
    (1, 2, "motorway", 56, 100),
    (0, 5, "motorway", 130, 80),
    (0, 7, "primary", 110, 50),
    (1, 10, "primary", 90, 60),
    (10, 3, "primary", 100, 60),
    (3, 4, "motorway", 95, 100),
    (5, 10, "secondary", 70, 50),
    (3, 6, "primary", 120, 50),
    (4, 8, "primary", 115, 60),
    (6, 8, "primary", 170, 60),
    (5, 4, "secondary", 240, 50),
]

PEOPLE = [
    ("a", 0, 9_000_000),
    ("b", 1, 900_000),
    ("c", 3, 800_000),
    ("d", 4, 90_000),
    ("e", 5, 700_000),
    ("f", 6, 80_000),
    ("g", 7, 250_000),
    ("h", 8, 600_000),
    ("k", 9, 70_000),
]

RAILS = [(2, 2), (91, 1), (171, 21), (261, 1), (90, -81), (46, 2), (-118, 140), (201, 108), (150, -20)]
RAIL_LINKS = [
    (0, 5, "conv160", 45, 160),
    (5, 1, "conv160", 46, 160),
    (1, 2, "conv120", 84, 120),
    (2, 3, "conv160", 94, 160),
    (0, 6, "conv120", 185, 120),
    (4, 8, "conv120", 90, 120),
    (8, 7, "conv120", 150, 120),
    (0, 4, "conv160", 124, 160),
]

SERVICES = [
    ("conv160", 3700, [0, 1, 2], [0, 2600, 3200]),
    ("conv160", 7200, [2, 3], [0, 2700]),
    ("conv160", 3000, [0, 4], [0, 3500]),
    ("conv120", 7200, [0, 6], [0, 6900]),
    ("conv120", 7200, [4, 7], [0, 9000]),
    ("hsr250", 9000, [1, 2], [0, 3100]),
]


USUAL = Rules(rail=RailRules(least_load=0.0, line_least_pairs=0))
"""The usual rules without those by which trains of so small a region are empty, and lines of little use."""


def region(limit_s, definition):
    road = network(ROADS, ROAD_LINKS)
    tracks = network(RAILS, RAIL_LINKS, "rail")
    tracks = Network(nodes=tracks.nodes.assign(kind="station"), links=tracks.links)
    places = cities(road, [(name, ROADS[node], people, node) for name, node, people in PEOPLE])
    rail, access = railway(tracks, SERVICES), AccessParameters.default("CN")
    graph = intermodal.join(road, rail, places, parameters=access, definition=definition)
    drawn = base_case(road, places, rail, limit_s=limit_s, definition=definition)
    return replace(drawn, graph=graph, skim=skims.travel_times(graph), access=access)


def described(found):
    """Return every candidate with its arcs and runs as text, then what was left out."""
    lines = []
    arcs, runs = found.arcs, found.runs
    for at, row in enumerate(found.table.to_dict("records")):
        lines.append(
            f"{row['candidate_id']}: {row['kind']} {row['from_name']} - {row['to_name']}, "
            f"{row['length_km']:.2f} km at {row['speed_kmh']:.1f}, {row['standard']}, "
            f"{row['cost_low']}/{row['cost']}/{row['cost_high']}; {row['why']}"
            + (
                f"; {row['trips_a_day']} trips on {row['seats_a_day']} seats, {row['seats_filled']:.3f}"
                if row["seats_a_day"]
                else ""
            )
        )
        own = arcs[arcs["candidate"] == at]
        lines += [
            f"    {tail} > {head} {seconds}"
            for tail, head, seconds in sorted(
                zip(own["tail_id"], own["head_id"], own["seconds"], strict=True)
            )
        ]
        over = runs[runs["candidate"] == at]
        lines += [
            f"    runs over {link}: {trains}"
            for link, trains in sorted(zip(over["link"], over["trains"], strict=True))
        ]
    return "\n".join([*lines, *(f"{count} x {why}" for why, count in sorted(found.report.items()))]) + "\n"


@pytest.mark.parametrize(("definition", "limit_s"), [("door_to_door", 14_400), ("in_vehicle", 10_800)])
def test_the_candidates_of_the_region_are_the_golden_ones(definition, limit_s):
    text = described(generate(region(limit_s, definition), rules=USUAL))
    golden(definition, text)


def test_the_region_has_candidates_of_every_kind():
    # Timed connections are proposed, but serve no pair of this region.
    names = ("door_to_door", "in_vehicle", "proposals_door_to_door")
    text = "".join((HERE / f"{name}.txt").read_text(encoding="utf-8") for name in names)
    assert {name for name in KINDS if f": {name} " not in text} == set()


# ---- before pruning, and with other rules

OTHER = Rules(
    neighbours=NeighbourRules(nearest=2, angle_deg=30.0, detour=1.3, longest_km=200.0),
    road=RoadRules(
        speed_kmh=110.0,
        upgrade_least_km=5.0,
        upgrade_run_km=1.0,
        upgrade_least_gain=0.25,
        detour_index=1.05,
        least_gain=0.2,
        served_share=0.4,
        served_detour=1.5,
        shortest_km=60.0,
        longest_km=130.0,
        gap_longest_km=80.0,
        gap_detour_index=1.5,
        gap_count=1,
        border_km=5.0,
        artefacts=ArtefactRules(town_km=12.0, most_in_towns=0.3, beside_km=10.0, most_beside=0.3),
    ),
    rail=RailRules(
        shortest_km=60.0,
        longest_km=150.0,
        fast_least_km=95.0,
        time_ratio=0.9,
        tracks_do=1.8,
        onward_s=7000,
        track_detour=1.2,
        service_gain_s=300,
        service_least_km=100.0,
        service_calls=1,
        service_end_tiers=("core", "secondary", "small"),
        frequency_least_s=2000,
        frequency_headway_s=1500,
        station_km=25.0,
        hours_a_day=18.0,
    ),
    stations=StationRules(
        check_in_trains=10.0, ways=tuple(replace(one, gain_s=60) for one in StationRules().ways)
    ),
    connections=ConnectionRules(change_s=600, at_station=1, meetings_a_day=10.0),
    patterns=PatternRules(stop_share=1, stop_city_km=25.0, express_calls=(0, 2), express_least_km=120.0),
    far=FarRules(longest_km=280.0, road_index=1.5),
    curves=CurveRules(touch_km=12.0, gain_s=300, curve_kmh=60.0),
    pairs_tried=12,
)
"""Rules that leave out and propose other things than the usual ones do."""

CASES = {
    "door_to_door": ("door_to_door", 14_400, Rules()),
    "in_vehicle": ("in_vehicle", 10_800, Rules()),
    "other_rules": ("door_to_door", 18_000, OTHER),
}


def golden(name, text):
    """Compare a text with a golden file, or write it."""
    path = HERE / f"{name}.txt"
    if os.environ.get("POLYRING_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def proposed(base, rules):
    """Return all proposals before they are priced and pruned, and what generators left out."""
    scope = Scope(base, rules)
    found = [one for by_limit in (False, True) for one in propose(scope, by_limit=by_limit)]
    return found, scope.left_out


def in_short(one):
    """Return a proposal as a line: its facts, and of arcs, corners and runs the number and a sum."""
    arcs = f"{len(one.arcs)} arcs of {sum(seconds for *_, seconds in one.arcs)} s"
    ends = sorted({(tail, head, seconds) for tail, head, seconds in one.arcs})
    corners = shapely.get_coordinates(one.geometry)
    weighed = (np.arange(1, len(corners) + 1)[:, None] * corners).sum(axis=0)
    line = f"{len(corners)} corners, {weighed[0]:.4f} {weighed[1]:.4f}"
    runs = " ".join(f"{link}x{trains}{'!' if fast else ''}" for link, trains, fast in one.runs)
    items = " + ".join(f"{item.quantity:.3f} {item.standard}" for item in one.items)
    return (
        f"{one.candidate_id}: {one.kind} ({one.mode}, {one.instrument}) {one.from_name} - {one.to_name}, "
        f"{one.length_km:.3f} km at {one.speed_kmh:.2f}, {one.standard}; {one.why}; {one.replaces}; {items}; "
        f"{arcs}, the first {ends[0]}; {line}; runs {runs}; {one.trainsets} trainsets, "
        f"{one.train_km_a_day:.1f} km a day, {one.units:.3f} units"
    )


@pytest.mark.parametrize("case", CASES)
def test_the_proposals_before_pruning_are_the_golden_ones(case):
    definition, limit_s, rules = CASES[case]
    found, left_out = proposed(region(limit_s, definition), rules)
    lines = [in_short(one) for one in found]
    lines += [f"{count} x {why}" for why, count in sorted(left_out.items())]
    golden(f"proposals_{case}", "\n".join(lines) + "\n")


@pytest.mark.parametrize("case", CASES)
def test_what_is_there_today_beside_each_proposal_is_golden(case):
    definition, limit_s, rules = CASES[case]
    base = region(limit_s, definition)
    found, _ = proposed(base, rules)
    table = with_evidence(
        base, assemble(found, builtin_cost_table("cn"), PLAIN), rules.road.surroundings(base)
    ).table
    lines = [
        f"{row['candidate_id']}: {row['cost_low']}/{row['cost']}/{row['cost_high']}; "
        + "; ".join(
            f"{row[name]:.3f}" if isinstance(row[name], float) else str(row[name]) for name in EVIDENCE
        )
        for row in table.to_dict("records")
    ]
    golden(f"evidence_{case}", "\n".join(lines) + "\n")


def test_of_each_kind_as_many_are_kept_as_the_rules_say():
    few = Rules(
        rail=replace(USUAL.rail, link_count=3, service_count=1, frequency_count=1),
        stations=StationRules(check_in_count=2, access_count=3),
        connections=ConnectionRules(count=1),
        patterns=PatternRules(stop_count=2, station_count=1, express_count=4),
        far=FarRules(road_count=2, rail_count=3),
        curves=CurveRules(count=0),
    )
    found = generate(region(14_400, "door_to_door"), rules=few)
    lines = [f"{row['candidate_id']}: {row['kind']}" for row in found.table.to_dict("records")]
    lines += [f"{count} x {why}" for why, count in sorted(found.report.items())]
    golden("few", "\n".join(lines) + "\n")
