"""Compare the road classes that a screening infers with known ones, and the driving times that follow.

Usage: python benchmarks/world_classes.py [FOLDER] [--out FILE.md]

* Jing-Jin-Ji: its fact tables state the expressways, which its construction matched to the same geometry.
  Only roads near a place of the region are compared, since the tables know few expressways beyond. The ways
  to tell roads apart were compared on the half west of 116.5 E; nothing was chosen on the other half.
* `FOLDER` holds real extracts of OpenStreetMap, whose tags say the class of each road. Nothing was chosen on
  them either.

Needs the extra `world`.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import osmium
import shapely
from numpy.typing import NDArray
from scipy.spatial import KDTree

from networks import cities, impedance, intermodal, osm, regions, road, skims, world
from networks.schema import Network
from networks.sphere import KM_PER_DEGREE, chord_to_km, unit_vectors
from networks.world import assembly, geograph
from networks.world.geograph import Elements, Geograph, package_file, read_clipped, write
from optimiser.job import LoadedJob, loads
from optimiser.run.chain import Chain
from tools.region.build import expressways_of

type Place = tuple[float, float]
"""Longitude and latitude, degrees."""

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "benchmarks" / "results" / "world_classes.md"
REGION = "jing-jin-ji"
WEST_OF = 116.5
"""Longitude that parts the half on which rules were compared from the other one."""
REGION_KM = 25.0
"""Roads within this distance of a place of the region are compared."""
NEAR_KM = 5.0
"""An inferred motorway within this distance of an expressway is in its corridor."""
EXTRACTS = {
    "Malta": "malta_2018.osm.pbf",
    "Heidelberg": "ors_heidelberg.osm.pbf",
    "Monaco": "osrm_monaco.osm.pbf",
    "Liechtenstein": "pyosmium_liechtenstein.osm.pbf",
    "Andorra": "gh_andorra.osm.pbf",
}
TAGS = ("motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential")
OTHER = "other road, or none"
LIMIT_S = 14_400
AROUND_KM = 200.0
"""Radius round an extract within which towns count, so that its roads carry what passes through."""
MATCH_KM, MATCH_SHARE = 0.2, 0.6
"""An edge has the tag that lies within this distance of this share of its points."""


@dataclass(frozen=True)
class Score:
    """Lengths in km: all roads, expressways, inferred motorways, and those that are both.

    `near` is the length of inferred motorways in the corridor of an expressway, and `found` that of
    expressways in the corridor of an inferred motorway.
    """

    total: float
    true: float
    inferred: float
    both: float
    near: float
    found: float

    def row(self, name: str) -> str:
        """Return a row of the table."""
        shares = (
            self.true / self.total,
            self.both / self.inferred,
            self.both / self.true,
            self.near / self.inferred,
            self.found / self.true,
        )
        cells = " | ".join(f"{share:.2f}" for share in shares)
        return f"| {name} | {self.total:,.0f} | {self.true:,.0f} | {self.inferred:,.0f} | {cells} |"


def lines_of(graph: Geograph, edges: Sequence[geograph.Edge], narrow: float) -> NDArray[np.object_]:
    """Return edges as lines in a plane whose unit is a degree of latitude."""
    ends = np.array(graph.points)[np.array(edges, dtype=np.int64).reshape(-1, 2)]
    return np.asarray(shapely.linestrings(ends[:, :, ::-1] * [narrow, 1.0]))


def score(graph: Geograph, truth: Mapping[geograph.Edge, float], inferred: set[geograph.Edge]) -> Score:
    """Compare inferred motorways with the share of each edge that is an expressway."""
    narrow = float(np.cos(np.radians(np.mean([lat for lat, _ in graph.points]))))
    expressways = [edge for edge, share in truth.items() if share > 0.5]

    def in_corridor(edges: Sequence[geograph.Edge], of: Sequence[geograph.Edge]) -> float:
        tree = shapely.STRtree(lines_of(graph, of, narrow))
        middles = shapely.centroid(lines_of(graph, edges, narrow))
        _, away = tree.query_nearest(middles, return_distance=True, all_matches=False)
        is_near = away * KM_PER_DEGREE <= NEAR_KM
        return sum(graph.edges[edge] for edge, near in zip(edges, is_near, strict=True) if near)

    chosen = sorted(inferred)
    return Score(
        total=sum(graph.edges.values()),
        true=sum(graph.edges[edge] * share for edge, share in truth.items()),
        inferred=sum(graph.edges[edge] for edge in chosen),
        both=sum(graph.edges[edge] * truth[edge] for edge in chosen),
        near=in_corridor(chosen, expressways),
        found=in_corridor(expressways, chosen),
    )


def part_of(graph: Geograph, edges: set[geograph.Edge]) -> Geograph:
    """Return a network with some of its edges."""
    return Geograph(graph.points, {edge: km for edge, km in graph.edges.items() if edge in edges})


def near_places(graph: Geograph, places: Sequence[Place]) -> set[geograph.Edge]:
    """Return the edges whose middle lies within `REGION_KM` of a place (lon, lat)."""
    edges = list(graph.edges)
    middles = np.array(graph.points)[np.array(edges, dtype=np.int64)].mean(axis=1)
    chord, _ = KDTree(unit_vectors(*np.array(places).T)).query(unit_vectors(middles[:, 1], middles[:, 0]))
    return {
        edge for edge, near in zip(edges, chord_to_km(np.asarray(chord)) <= REGION_KM, strict=True) if near
    }


def random_choice(graph: Geograph, share: float) -> set[geograph.Edge]:
    """Return edges drawn at random, with a share of the length."""
    edges, length, chosen = list(graph.edges), 0.0, set[geograph.Edge]()
    most = share * sum(graph.edges.values())
    for at in np.random.default_rng(1).permutation(len(edges)).tolist():
        length += graph.edges[edges[at]]
        if length > most:
            break
        chosen.add(edges[at])
    return chosen


HEADS = (
    "| half, share of all roads inferred | roads | expressways | inferred | share | precision | recall "
    "| precision in the corridor | recall |"
)


def jing_jin_ji(assumed: world.WorldParameters) -> list[str]:
    """Return the section on the embedded region."""
    region = regions.read(REGION)
    graph, truth = expressways_of(region)
    south, west, north, east = region.bbox
    box = world.Box(south=south, west=west, north=north, east=east)
    loads = assembly.demand(graph, world.cities_in(box, least_population=assumed.least_population), assumed)
    if region.counties is None:
        raise SystemExit("the region has no list of places")
    places = [(point.x, point.y) for point in cities.load_csv(region.counties).table.geometry]
    inside = near_places(graph, places)
    is_west = {edge for edge in inside if sum(graph.points[node][1] for node in edge) / 2 < WEST_OF}
    halves = {"west": is_west, "east": inside - is_west}
    lines = [
        "## Expressways of Jing-Jin-Ji",
        "",
        f"Roads within {REGION_KM:g} km of a place of the region: length of all roads, of expressways by the",
        "tables, and of what is inferred as motorway, km; share of expressways, which is the precision of a",
        f"random choice; precision and recall by length; in the corridor, within {NEAR_KM:g} km: share of",
        "inferred motorways near an expressway, and of expressways near an inferred motorway.",
        "",
        HEADS,
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for share in (0.05, assumed.motorway_share, 0.2):
        classes = assembly.classify(graph, loads, replace(assumed, motorway_share=share))
        motorways = {edge for edge, name in classes.items() if name == assembly.MOTORWAY}
        drawn = random_choice(graph, share)
        for name, half in halves.items():
            part = part_of(graph, half)
            truth_there = {edge: truth[edge] for edge in part.edges}
            lines.append(score(part, truth_there, motorways & half).row(f"{name}, {share:.0%}"))
            if share == assumed.motorway_share:
                lines.append(score(part, truth_there, drawn & half).row(f"{name}, {share:.0%} at random"))
    return [*lines, ""]


# ---- tags of extracts


def tagged_roads(path: Path) -> dict[str, list[NDArray[np.float64]]]:
    """Return the lines (lon, lat) of an extract by value of `highway`, slip roads with their class."""
    found: dict[str, list[NDArray[np.float64]]] = {tag: [] for tag in TAGS}
    for way in osmium.FileProcessor(str(path)).with_locations():
        if not isinstance(way, osmium.osm.Way):
            continue
        tag = (way.tags.get("highway") or "").removesuffix("_link")
        points = [(node.lon, node.lat) for node in way.nodes if node.location.valid()]
        if tag in found and len(points) > 1:
            found[tag].append(np.array(points))
    return found


def confusion(path: Path, assumed: world.WorldParameters) -> dict[tuple[str, str], float]:
    """Return the length of the world network within an extract by tag there and inferred class, km."""
    tagged = tagged_roads(path)
    points = np.vstack([line for lines in tagged.values() for line in lines])
    west, south, east, north = (
        float(value) for value in (*np.quantile(points, 0.002, axis=0), *np.quantile(points, 0.998, axis=0))
    )
    narrow = float(np.cos(np.radians((south + north) / 2)))
    hull = shapely.concave_hull(shapely.MultiPoint(points * [narrow, 1.0]), ratio=0.1)
    circle = world.Circle(lat=(south + north) / 2, lon=(west + east) / 2, radius_km=AROUND_KM)
    graph = read_clipped(package_file("world_highways"), circle)
    towns = world.cities_in(circle, least_population=assumed.least_population)
    classes = assembly.classify(graph, assembly.demand(graph, towns, assumed), assumed)
    trees = {
        tag: shapely.STRtree([shapely.LineString(line * [narrow, 1.0]) for line in lines])
        for tag, lines in tagged.items()
        if lines
    }
    table: dict[tuple[str, str], float] = {}
    for edge, km in graph.edges.items():
        start, end = (np.array(graph.points[node])[::-1] * [narrow, 1.0] for node in edge)
        share = np.linspace(0.0, 1.0, max(3, int(km / MATCH_KM) + 2))[:, None]
        along = shapely.points(start * (1 - share) + end * share)
        if shapely.contains(hull, along).mean() >= 0.9:
            cell = _tag(along, trees), classes[edge]
            table[cell] = table.get(cell, 0.0) + km
    return table


def _tag(points: NDArray[np.object_], trees: Mapping[str, shapely.STRtree]) -> str:
    for tag in TAGS[:3]:
        if tag in trees:
            _, away = trees[tag].query_nearest(points, return_distance=True, all_matches=False)
            if (away * KM_PER_DEGREE < MATCH_KM).mean() >= MATCH_SHARE:
                return tag
    return OTHER


def extracts(folder: Path, assumed: world.WorldParameters) -> list[str]:
    """Return the section on real extracts."""
    lines = [
        "## Tags of real extracts",
        "",
        "Length of the world network within each extract by its tag there and its inferred class, km.",
        "",
        "| extract | tag | inferred motorway | trunk | primary |",
        "|---|---|---|---|---|",
    ]
    total: dict[tuple[str, str], float] = {}
    for name, file in EXTRACTS.items():
        table = confusion(folder / file, assumed)
        for cell, km in table.items():
            total[cell] = total.get(cell, 0.0) + km
        lines += _confusion_rows(name, table)
    return [*lines, *_confusion_rows("all", total), ""]


def _confusion_rows(name: str, table: Mapping[tuple[str, str], float]) -> list[str]:
    rows = []
    for tag in (*TAGS[:3], OTHER):
        cells = [table.get((tag, inferred), 0.0) for inferred in assembly.CLASSES]
        if any(cells):
            rows.append(f"| {name} | {tag} | " + " | ".join(f"{km:.1f}" for km in cells) + " |")
    return rows


# ---- times


def driving(file: Path, region: regions.Region, found: cities.Cities) -> NDArray[np.int64]:
    """Return driving times between cities on the roads of a map, seconds."""
    network, _ = road.build(osm.read(file, rail=False, ferries=False), country=region.country)
    timed: Network = cities.with_nodes_near(impedance.add_travel_times(network), found)
    snapped = cities.snap(found, timed, limit_km=15.0).cities
    return skims.travel_times(intermodal.join(timed, None, snapped, definition="in_vehicle"))


def times(assumed: world.WorldParameters, folder: Path) -> list[str]:
    """Return the section on driving times between the cities of the embedded region."""
    region = regions.read(REGION)
    found = cities.load_csv(region.cities)
    south, west, north, east = region.bbox
    box = world.Box(south=south, west=west, north=north, east=east)
    if region.network is None:
        raise SystemExit("the region has no network")
    known = driving(region.network, region, found)
    rows = np.triu_indices(len(found), k=1)
    lines = [
        "## Driving times of Jing-Jin-Ji",
        "",
        f"Times between the {len(found)} cities of the region over those on its own network, whose classes",
        "are known. The spread is what a screening adds; the median moves with the shares of the classes.",
        "",
        "| roads | median | 10th percentile | 90th | correlation of ranks |",
        "|---|---|---|---|---|",
    ]
    shares = {
        "classes inferred": (assumed.motorway_share, assumed.trunk_share),
        "fewer: motorways 5 %, trunk roads 10 %": (0.05, 0.10),
        "more: motorways 20 %, trunk roads 30 %": (0.20, 0.30),
        "all primary": (0.0, 0.0),
        "all trunk": (0.0, 1.0),
    }
    for name, (motorway, trunk) in shares.items():
        parameters = replace(assumed, motorway_share=motorway, trunk_share=trunk)
        if trunk == 1.0:
            elements = Elements()
            graph = read_clipped(package_file("world_highways"), box)
            assembly.add_roads(graph, dict.fromkeys(graph.edges, assembly.TRUNK), elements, parameters)
        else:
            elements = world.assemble(box, parameters=parameters)
        file = folder / "world.osm.pbf"
        write(elements, file)
        ours = driving(file, region, found)[rows]
        low, median, high = np.percentile(ours / known[rows], [10, 50, 90])
        ranks = np.corrcoef(np.argsort(np.argsort(ours)), np.argsort(np.argsort(known[rows])))[0, 1]
        lines.append(f"| {name} | {median:.2f} | {low:.2f} | {high:.2f} | {ranks:.3f} |")
    return [*lines, ""]


def coverage(folder: Path) -> list[str]:
    """Return the section on pairs within four hours, roads and trains together."""
    region = regions.read(REGION)
    around = "around = '39.0,116.4'\nradius_km = 420\nmargin_km = 30"
    texts = {
        "known": f"[region]\nname = '{REGION}'\n",
        "screening": f"[region]\n{around}\n[cities]\nfile = '{region.cities}'\nsnap_km = 15\n",
    }
    found = {
        name: Chain.of(LoadedJob(name=name, folder=folder, job=loads(text))).times.value.skims
        for name, text in texts.items()
    }
    lines = [
        "## Pairs of Jing-Jin-Ji within four hours",
        "",
        "Roads and trains together: the region with its timetable, and a screening of the same cities, which",
        "knows no high-speed trains.",
        "",
        "| times | known | screening | pairs that agree | ratio of times: 10th percentile | median | 90th |",
        "|---|---|---|---|---|---|---|",
    ]
    for definition in found["known"]:
        rows = np.triu_indices(len(found["known"][definition]), k=1)
        known, ours = (found[name][definition][rows] for name in texts)
        low, median, high = np.percentile(ours / known, [10, 50, 90])
        within = [skim <= LIMIT_S for skim in (known, ours)]
        agree = (within[0] == within[1]).mean()
        counts = f"{within[0].sum()} of {known.size} | {within[1].sum()} | {agree:.0%}"
        lines.append(f"| {definition} | {counts} | {low:.2f} | {median:.2f} | {high:.2f} |")
    return [*lines, ""]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page; return 0."""
    import tempfile

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="folder with the extracts")
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args(arguments)
    assumed = world.WorldParameters.default()
    lines = ["# Inferred classes against known ones", ""]
    lines += jing_jin_ji(assumed)
    with tempfile.TemporaryDirectory() as folder:
        lines += times(assumed, Path(folder))
        lines += coverage(Path(folder))
    if asked.folder is not None:
        lines += extracts(asked.folder, assumed)
    asked.out.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
