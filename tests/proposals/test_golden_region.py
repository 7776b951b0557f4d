"""Every kind of candidate in one drawn region, with its arcs, items, reasons and what was left out.

A change of a rule shows here as a change of numbers, which a reader of the golden files can check by hand.
`POLYRING_GOLDEN=write pytest tests/proposals/test_golden_region.py` writes them anew.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from candidates_drawing import base_case, cities, network, railway

from networks import intermodal, skims
from networks.intermodal import AccessParameters
from networks.network import Network
from optimiser.proposals.generate import KINDS, Rules, generate

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
    ("conv160", 3600, [0, 1, 2], [0, 2600, 3200]),
    ("conv160", 7200, [2, 3], [0, 2700]),
    ("conv160", 5400, [0, 4], [0, 3500]),
    ("conv120", 7200, [0, 6], [0, 6900]),
    ("conv120", 7200, [4, 7], [0, 9000]),
    ("conv160", 9000, [1, 2], [0, 3100]),
]


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
    text = described(generate(region(limit_s, definition), rules=Rules(prune_dominated=True)))
    path = HERE / f"{definition}.txt"
    if os.environ.get("POLYRING_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_the_region_has_candidates_of_every_kind():
    text = "".join(
        (HERE / f"{name}.txt").read_text(encoding="utf-8") for name in ("door_to_door", "in_vehicle")
    )
    assert {name for name in KINDS if f": {name} " not in text} == set()
