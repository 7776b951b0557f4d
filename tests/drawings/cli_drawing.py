"""Draw a tiny region: six cities, a motorway, slow roads, an island."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

from optimiser.problem import Candidate, DesignProblem, Pair
from optimiser.problem import result as results

CITIES = {
    # id: (name, lon, lat, population)
    "a": ("Alpha", 116.0, 39.0, 6_000_000),
    "b": ("Beta", 117.0, 39.0, 1_200_000),
    "c": ("Gamma", 118.0, 39.0, 700_000),
    "d": ("Delta", 116.0, 40.0, 300_000),
    "e": ("Epsilon", 117.0, 40.0, 200_000),
    "f": ("Zeta", 118.0, 40.0, 100_000),
}

ROADS = [
    ("a", "b", {"highway": "motorway", "oneway": "no", "ref": "G1"}),
    ("b", "c", {"highway": "primary"}),
    ("a", "d", {"highway": "secondary"}),
    ("d", "e", {"highway": "primary"}),
    ("e", "f", {"highway": "tertiary"}),
    ("c", "f", {"highway": "primary", "name": "=cmd|' /C calc'!A0"}),
]


def code_of(result: Path) -> int:
    """Return the exit code of `verify` for a plan whose bound has no certificate: 0 where sums prove it."""
    source = results.load(result).bound_source
    return 0 if source is not None and source.kind == "trivial" else 10


class Drawing:
    """An OSM file in the making."""

    def __init__(self) -> None:
        self.nodes: list[tuple[float, float, dict[str, str]]] = []
        self.ways: list[tuple[list[int], dict[str, str]]] = []

    def node(self, lon: float, lat: float, **tags: str) -> int:
        self.nodes.append((lon, lat, tags))
        return len(self.nodes)

    def road(self, start: int, end: int, tags: dict[str, str], *, pieces: int = 8) -> None:
        (lon0, lat0, _), (lon1, lat1, _) = self.nodes[start - 1], self.nodes[end - 1]
        between = []
        for step in range(1, pieces):
            part = step / pieces
            bend = 0.02 * math.sin(3 * math.pi * part)
            between.append(self.node(lon0 + part * (lon1 - lon0) + bend, lat0 + part * (lat1 - lat0) + bend))
        self.ways.append(([start, *between, end], tags))

    def xml(self) -> str:
        rows = ["<?xml version='1.0' encoding='UTF-8'?>", '<osm version="0.6" generator="drawn">']
        for number, (lon, lat, tags) in enumerate(self.nodes, start=1):
            rows.append(
                f'<node id="{number}" lon="{lon:.6f}" lat="{lat:.6f}" version="1">{_tags(tags)}</node>'
            )
        for number, (refs, tags) in enumerate(self.ways, start=1):
            inner = "".join(f'<nd ref="{ref}"/>' for ref in refs)
            rows.append(f'<way id="{number}" version="1">{inner}{_tags(tags)}</way>')
        return "\n".join([*rows, "</osm>\n"])


TWO_PAIRS = DesignProblem(
    name="drawn",
    nodes=("a", "b", "c"),
    arcs=((0, 1, 100), (1, 2, 100)),
    candidates=(Candidate("ab", 3, ((0, 1, 10),)), Candidate("bc", 4, ((1, 2, 10),))),
    pairs=(Pair(0, 1, 50, 5), Pair(1, 2, 50, 6)),
    budget=4,
)
"""Two pairs, each with a candidate of its own, and money for one of them."""


def _tags(tags: dict[str, str]) -> str:
    return "".join(f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in tags.items())


def draw_map(more: Sequence[tuple[str, str, dict[str, str]]] = ()) -> str:
    """Return the region as an OSM file, with further roads between its cities."""
    drawing = Drawing()
    at = {
        key: drawing.node(lon, lat, place="city", name=name, population=str(people))
        for key, (name, lon, lat, people) in CITIES.items()
    }
    for start, end, tags in (*ROADS, *more):
        drawing.road(at[start], at[end], tags)
    island = [drawing.node(119.5, 39.5), drawing.node(119.52, 39.5)]
    drawing.road(island[0], island[1], {"highway": "primary"}, pieces=2)
    return drawing.xml()


def draw_region(folder: Path, job: str | None = None) -> None:
    """Write the drawn map, its cities and a job into a folder."""
    (folder / "map.osm").write_text(draw_map(), encoding="utf-8")
    (folder / "cities.csv").write_text(cities_csv(), encoding="utf-8")
    (folder / "job.toml").write_text(job or JOB, encoding="utf-8")


def cities_csv(rows: Sequence[tuple[str, str, float, float, object]] | None = None) -> str:
    table = rows or [(key, name, lon, lat, people) for key, (name, lon, lat, people) in CITIES.items()]
    lines = ["id,name,lon,lat,population", *(",".join(map(str, row)) for row in table)]
    return "\n".join(lines) + "\n"


JOB = """\
[region]
file = "map.osm"
country = "CN"
[cities]
file = "cities.csv"
[times]
limit_s = 7200
[costs]
terrain = "plain"
[budget]
share = 0.3
[solve]
gap = 0.0
time_limit_s = 60
threads = 1
[cases]
enabled = false
"""


PLAIN = ("--set", "output.report=false", "--set", "output.picture=false")
"""A run without page and picture, which take longest."""


# ---- a square of which three sides are expressways

SQUARE = [
    ("hub", "Hub", 116.5, 39.5, 6_000_000),
    ("sw", "Southwest", 116.0, 39.0, 400_000),
    ("se", "Southeast", 117.0, 39.0, 300_000),
    ("ne", "Northeast", 117.0, 40.0, 200_000),
    ("nw", "Northwest", 116.0, 40.0, 100_000),
]
MOTORWAY = {"highway": "motorway", "oneway": "no"}
SIDES = [
    ("sw", "se", MOTORWAY | {"ref": "G1"}),
    ("se", "ne", MOTORWAY | {"ref": "G2"}),
    ("ne", "nw", MOTORWAY | {"ref": "G3"}),
    ("nw", "sw", {"highway": "secondary"}),
    ("hub", "sw", {"highway": "primary"}),
]


def draw_square(*further):
    """Return the map of the square, with further roads between its places."""
    drawing = Drawing()
    at = {key: drawing.node(lon, lat) for key, _, lon, lat, _ in SQUARE}
    for start, end, tags in (*SIDES, *further):
        drawing.road(at[start], at[end], tags)
    return drawing.xml()
