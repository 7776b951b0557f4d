"""Compare driving times and distances of real extracts with a plain reading of the same tags.

Usage: python benchmarks/plain_paths.py FOLDER [--out FILE.md] [--lengths benchmarks/results/road_lengths.md]

The plain reading goes from node to node with pyosmium, pyproj and networkx: roads of the default classes, the
first of four access tags, `oneway`, and limits that are numbers. It knows no barriers, surfaces, conditions
or rules of through traffic, and shares with the import only the table of speeds. So the median of the ratios
shows whether both read the same roads, and the ends of the distribution where further rules change routes.
Times of the import are whole seconds a link, at least one, which makes short links a little longer.

A second table has the kilometres of each class in the import beside those of all ways with that tag, added up
node by node whether cars may use them or not; `--lengths` puts it into a page.
"""

import argparse
import itertools
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import networkx as nx
import numpy as np
import osmium
import pyproj
from numpy.typing import NDArray

from networks import impedance, osm, road
from networks.osm.tags import DEFAULT_CLASSES, with_slip_roads
from networks.road.speeds import SpeedTable, speed_table
from networks.schema import CLOSED, Network

COUNTRY = "EU"
CLASSES = ("motorway", "trunk", "primary", "secondary", "tertiary")
SOURCES, GOALS, LEAST_S = 40, 40, 120
"""Origins a file, destinations an origin, and the shortest trip that is compared."""
_GEOD = pyproj.Geod(ellps="WGS84")
_CLOSED = {"no", "private", "agricultural", "forestry", "emergency", "psv", "bus", "permit", "official"}
_ACCESS = ("motorcar", "motor_vehicle", "vehicle", "access")


def plain_graph(path: Path, table: SpeedTable) -> tuple[nx.DiGraph, dict[str, float]]:
    """Return a graph of OSM nodes with seconds (`s`) and kilometres (`km`) on its edges, and km by class.

    The km are those of all ways, slip roads with their class. Segments with a node that is not in the file
    are left out.
    """
    graph, length_km = nx.DiGraph(), defaultdict[str, float](float)
    classes = with_slip_roads(DEFAULT_CLASSES)
    for way in osmium.FileProcessor(str(path)).with_locations():
        if not isinstance(way, osmium.osm.Way) or way.tags.get("highway") not in classes:
            continue
        tags = dict(way.tags)
        access = next((tags[key] for key in _ACCESS if key in tags), "yes")
        is_closed = access in _CLOSED or tags.get("area") == "yes"
        along, against = _directions(tags)
        for one, two in itertools.pairwise(way.nodes):
            if not (one.location.valid() and two.location.valid()):
                continue
            km = _GEOD.inv(one.lon, one.lat, two.lon, two.lat)[2] / 1000
            length_km[tags["highway"].removesuffix("_link")] += km
            a, b = one.ref, two.ref
            for tail, head, side, is_open in ((a, b, "forward", along), (b, a, "backward", against)):
                if is_open and a != b and not is_closed:
                    _add(graph, tail, head, km / _kmh(tags, side, table) * 3600, km)
    return graph, dict(length_km)


def _directions(tags: dict[str, str]) -> tuple[bool, bool]:
    oneway = tags.get("oneway", "")
    is_implied = tags["highway"].startswith("motorway") or tags.get("junction") in {"roundabout", "circular"}
    if not oneway and is_implied:
        oneway = "yes"
    return oneway not in {"-1", "reverse"}, oneway not in {"yes", "1", "true"}


def _kmh(tags: dict[str, str], side: str, table: SpeedTable) -> float:
    text = tags.get(f"maxspeed:{side}", tags.get("maxspeed", ""))
    number = text.removesuffix("mph").strip()
    if not number.isdigit():
        return table.speed_kmh[tags["highway"]]
    return table.average_kmh(tags["highway"], float(number) * (1.609344 if text.endswith("mph") else 1.0))


def _add(graph: nx.DiGraph, tail: int, head: int, seconds: float, km: float) -> None:
    if seconds < graph.get_edge_data(tail, head, {"s": np.inf})["s"]:
        graph.add_edge(tail, head, s=seconds, km=km)


def imported_graph(network: Network) -> nx.DiGraph:
    """Return a graph of the roads of a network, with the same attributes; nodes are those of the network."""
    graph = nx.DiGraph()
    roads = network.links[network.links["mode"] == "road"]
    columns = ("tail", "head", "forward_s", "backward_s", "length_km")
    for tail, head, forward, backward, km in zip(*(roads[key].tolist() for key in columns), strict=True):
        for a, b, seconds in ((tail, head, forward), (head, tail, backward)):
            if seconds != CLOSED:
                _add(graph, a, b, seconds, km)
    return graph


@dataclass(frozen=True)
class Comparison:
    """Ratios of import to plain reading over the compared pairs, and the counts of the import."""

    name: str
    times: NDArray[np.float64]
    distances: NDArray[np.float64]
    own_km: dict[str, float]
    plain_km: dict[str, float]
    dropped: dict[str, int]
    unread: dict[str, int]

    def row(self) -> str:
        """Return the row of the table."""
        low, middle, high = np.percentile(self.times, [5, 50, 95])
        cells = [
            self.name,
            f"{len(self.times):,}",
            f"{middle:.3f}",
            f"{low:.3f} to {high:.3f}",
            f"{self.times.max():.2f}",
            f"{np.median(self.distances):.3f}",
            _counts(self.dropped),
            _counts(self.unread),
        ]
        return f"| {' | '.join(cells)} |"

    def lengths_row(self) -> str:
        """Return the row of the table of kilometres."""
        own, plain = self.own_km, self.plain_km
        cells = [f"{own.get(one, 0):.1f} / {plain[one]:.1f}" if plain.get(one) else "-" for one in CLASSES]
        gap = sum(own.values()) / sum(plain.values()) - 1
        return f"| {self.name} | {' | '.join(cells)} | {gap:+.2%} | {_counts(self.dropped)} |"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {what.replace('_', ' ')}" for what, count in counts.items()) or "nothing"


def compare(path: Path, *, seed: int = 1) -> Comparison:
    """Compare the import of one file with the plain reading, on pairs of nodes that both join both ways.

    Parameters
    ----------
    seed
        Of the choice of pairs.
    """
    plain, plain_km = plain_graph(path, speed_table(COUNTRY))
    elements = osm.read(path)
    network, report = road.build(elements, country=COUNTRY)
    roads = network.links[network.links["mode"] == "road"]
    own_km = roads.groupby(roads["link_class"].str.removesuffix("_link"))["length_km"].sum().to_dict()
    network = impedance.add_travel_times(network)
    own = imported_graph(network)
    ids = network.nodes["osm_id"].to_numpy()
    row_of = {int(ids[row]): row for row in max(nx.strongly_connected_components(own), key=len)}
    both = sorted(row_of.keys() & max(nx.strongly_connected_components(plain), key=len))
    chosen = np.random.default_rng(seed)
    times, distances = [], []
    for start in chosen.choice(both, min(SOURCES, len(both)), replace=False).tolist():
        seconds, paths = nx.single_source_dijkstra(plain, start, weight="s")
        own_seconds, own_paths = nx.single_source_dijkstra(own, row_of[start], weight="s")
        for goal in chosen.choice(both, min(GOALS, len(both)), replace=False).tolist():
            if seconds[goal] >= LEAST_S:
                times.append(own_seconds[row_of[goal]] / seconds[goal])
                distances.append(_km(own, own_paths[row_of[goal]]) / _km(plain, paths[goal]))
    unread = {**elements.counts.unread, **report.unread}
    ratios = np.array(times), np.array(distances)
    return Comparison(path.name, *ratios, own_km, plain_km, dict(report.dropped), unread)


def _km(graph: nx.DiGraph, path: list[int]) -> float:
    return float(sum(graph[a][b]["km"] for a, b in itertools.pairwise(path)))


def main() -> None:
    """Compare all files of a folder, print the table, and save it where a file is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, help="file for the table")
    parser.add_argument("--lengths", type=Path, help="page whose table of kilometres is replaced")
    options = parser.parse_args()
    files = sorted(path for path in options.folder.iterdir() if ".osm" in path.name or path.suffix == ".pbf")
    found = [compare(path) for path in files]
    lines = [
        "# Times and distances of real extracts against a plain reading",
        "",
        f"Import over plain reading (`python benchmarks/plain_paths.py`), trips of {LEAST_S} s and more",
        "between junctions of the default road classes, ferries left out; and counts of the import.",
        "",
        "| file | pairs | time, median | 5 % to 95 % | greatest | distance, median | dropped | not read |",
        "|---|---:|---:|---:|---:|---:|---|---|",
        *(one.row() for one in found),
    ]
    lengths = [
        f"| file | {' | '.join(CLASSES)} | difference | dropped or merged |",
        "|---|" + "---:|" * (len(CLASSES) + 1) + "---|",
        *(one.lengths_row() for one in found),
    ]
    text, table = "\n".join(lines) + "\n", "\n".join(lengths)
    print(text, table, sep="\n")
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    if options.lengths:
        head, _, rest = options.lengths.read_text(encoding="utf-8").partition("<!-- table -->\n")
        tail = rest.partition("<!-- end -->\n")[2]
        page = f"{head}<!-- table -->\n{table}\n<!-- end -->\n{tail}"
        options.lengths.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
