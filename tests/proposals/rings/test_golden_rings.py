"""Rings of drawn regions, from what exists to the links that close them, as texts that a reader can check.

`POLYRING_GOLDEN=write pytest tests/proposals/rings/test_golden_rings.py` writes the golden files anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import shapely
from candidates_drawing import base_case, cities, network, railway
from ring_regions import GROUND, generated_ring, none, road, rules, square

from networks.schema import Network
from optimiser.proposals.generate import Rules
from optimiser.proposals.rings.generate import RingNetwork
from optimiser.proposals.rings.ring_gaps import close_gaps, obstacles, propose_straight_links
from optimiser.proposals.table import merge

HERE = Path(__file__).resolve().parent / "golden"

TOWNS = (
    ("south", (-15, -55), 300_000, 1, (16, 50)),
    ("east", (62, 12), 900_000, 3, (30, 40)),
    ("west", (-43, 20), 60_000, 7, (21, 60)),
    ("far", (30, 75), 200_000, 4, (60, 45)),
)


def roads():
    """Return a square of motorways with two gaps, trunks round it, slip roads and towns."""
    spots = [(-70, -60), (75, -65), (70, 68), (-66, 70), (41, -39.5), (41.2, 1), (20, -40), (-40.5, -38)]
    more = [
        (13, 14, "trunk", 150, 80), (14, 15, "trunk", 138, 80), (15, 16, "trunk", 140, 80),
        (2, 17, "motorway_link", 1.4, 40), (17, 14, "trunk", 45, 80), (3, 18, "motorway_link", 1.6, 40),
        (18, 15, "trunk", 75, 80), (1, 19, "motorway", 21, 100), (0, 20, "motorway_link", 2.3, 50),
        (20, 13, "trunk", 38, 80), (6, 16, "trunk", 42, 90),
    ]  # fmt: skip
    return square(without=(1, 5), places=TOWNS, spots=spots, more=more)


RAIL_SPOTS = [(-42, -38), (3, -41), (41, -42), (42, 2), (39, 41), (-2, 42), (-41, 38), (20, 40), (-41, -10)]


def rails():
    """Return the square with tracks of three classes beside it, open in the west, and two services."""
    region = square(places=TOWNS)
    links = [
        (0, 1, "conv160", 46, 160), (1, 2, "conv160", 39, 160), (2, 3, "conv120", 44, 120),
        (3, 4, "conv160", 40, 160), (4, 7, "conv160", 19, 160), (7, 5, "conv160", 22, 160),
        (5, 6, "conv80", 40, 80), (0, 8, "conv160", 28, 160),
    ]  # fmt: skip
    tracks = network(RAIL_SPOTS, links, "rail")
    kinds = ["station"] * 7 + ["junction", "station"]
    tracks = Network(nodes=tracks.nodes.assign(kind=kinds), links=tracks.links)
    lines = [
        ("conv160", 3600, [0, 1, 2, 3], [0, 1500, 1300, 1800]),
        ("conv160", 5400, [3, 4, 5], [0, 1500, 1600]),
    ]
    places = [("hub", (0, 0), 9_000_000, 8)]
    places += [(name, at, people, 9 + k) for k, (name, at, people, *_) in enumerate(TOWNS)]
    return base_case(region.road, cities(region.road, places), railway(tracks, lines))


CASES = {
    "motorways": (roads, rules(gap_count=6, least_cities=2, tie_km=12.0)),
    "motorways_in_the_band": (
        roads,
        rules(gap_count=4, radius_km=(25.0, 62.0), must=(3,), on_s=1500),
    ),
    "trunks": (
        roads,
        rules(
            classes=("motorway", "trunk"),
            speed_kmh=75.0,
            longest_km=700.0,
            least_by_tier=(("small", 1),),
            junction_km=1.2,
        ),
    ),
    "roads_of_every_class": (
        roads,
        rules(classes=(), gap_count=3, gap_longest_km=60.0, most_stretch=1.5, reward=7),
    ),
    "railways": (rails, rules(mode="rail", classes=("conv160", "conv120"), speed_kmh=110.0, gap_count=5)),
    "fast_railways": (
        rails,
        rules(mode="rail", classes=(), speed_kmh=160.0, least_cities=1, on_s=3600, gap_longest_km=70.0),
    ),
}


def corners(line):
    """Return the number of corners of a line, and a sum that tells their order."""
    points = shapely.get_coordinates(line)
    weighed = (np.arange(1, len(points) + 1)[:, None] * points).sum(axis=0)
    return f"{len(points)} corners {weighed[0]:.4f} {weighed[1]:.4f}"


def graph_lines(graph):
    yield from (f"  {node.key} {node.lon:.4f} {node.lat:.4f} {node.can_stop}" for node in graph.nodes)
    yield from (
        f"  {link.tail} - {link.head} {link.length_km:.2f} km {link.name!r} {link.candidate!r} "
        f"{corners(link.line)}"
        for link in graph.links
    )


def proposal_lines(proposals):
    for one in proposals:
        arcs = f"{len(one.arcs)} arcs of {sum(seconds for *_, seconds in one.arcs)} s, {min(one.arcs)}"
        yield (
            f"  {one.candidate_id}: {one.kind} {one.mode} {one.instrument} {one.from_name} - {one.to_name}, "
            f"{one.length_km:.2f} km at {one.speed_kmh:g}, {one.standard}; {arcs}; "
            f"{one.trainsets} trainsets; {corners(one.geometry)}; {one.why}"
        )


def candidate_lines(candidates):
    for row in candidates.table.to_dict("records"):
        facts = (row["kind"], row["mode"], row["from_name"], row["to_name"], row["standard"], row["why"])
        yield f"  {row['candidate_id']}: {', '.join(facts)}, {row['length_km']:.2f} km, cost {row['cost']}"
    yield from (f"  {count} x {why}" for why, count in sorted(candidates.report.items()))


def ring_lines(ring):
    yield f"  {ring.id} {ring.required} {ring.centres} {ring.least_stops} {ring.least_by_group}"
    yield f"  {ring.longest} {ring.reward} {ring.apart} {ring.nodes}"
    yield from (
        f"  {link.tail} - {link.head} {link.candidate} {link.length} {link.via}" for link in ring.links
    )
    yield from (f"  {stop.id} {stop.nodes} {stop.group} {stop.must}" for stop in ring.stops)


def described(region, asked):
    """Return all steps from the network to the closed ring as lines."""
    standards = Rules()
    of = RingNetwork(region, asked)
    new = road("new", 7, 3, region=region, cost_km=90.0) if asked.mode == "road" else none()
    yield "existing:"
    yield from graph_lines(of.existing)
    yield f"in the band: {len(of.existing_in_band.links)} links; off standard: {of.off_standard}"
    yield "straight links:"
    yield from proposal_lines(
        propose_straight_links(
            of.existing_in_band,
            region,
            asked,
            standards,
            cities=of.off_standard,
            longest_km=asked.gap_longest_km,
        )
    )
    yield "with candidates:"
    yield from graph_lines(of.with_candidates(new))
    closing, circuit = close_gaps(of, new, standards, GROUND)
    yield f"closed: {corners(circuit)}"
    yield from candidate_lines(closing)
    for title, candidates in (("before", new), ("after", merge(new, closing))):
        found = generated_ring(region, candidates, asked)
        yield f"ring {title}: {dict(found.stops)}"
        yield from ring_lines(found.ring)
        yield from (f"  obstacle: {why}" for why in obstacles(found, of, candidates, standards, GROUND))


@pytest.mark.parametrize("case", CASES)
def test_the_rings_of_the_drawn_regions_are_the_golden_ones(case):
    draw, asked = CASES[case]
    text = "\n".join(described(draw(), asked)) + "\n"
    path = HERE / f"{case}.txt"
    if os.environ.get("POLYRING_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
