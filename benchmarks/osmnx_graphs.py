"""Compare networks from graphs of OSMnx with networks from the extracts that the graphs were made from.

    python benchmarks/osmnx_graphs.py FOLDER [--out FILE]

For each extract of the folder, OSMnx makes graphs of its roads for cars (`graph_from_xml`): simplified, as
mapped, and as mapped with all tags that are read of extracts. They become networks (`networks.read_graph`,
`networks.road.build`) and are compared with the network that the extract itself gives: kilometres, and
travel times between nodes that both have.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import osmium
import osmnx as ox
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

import networks
from networks.osm.tags import BARRIER_KEYS, ROAD_CLASSES, ROAD_KEYS, with_slip_roads
from networks.schema import CLOSED, Network

HEAD = """\
| extract | graph | streets | km | km, extract | pairs | median ratio of times | 10th to 90th percentile | s |
|---|---|---:|---:|---:|---:|---:|---|---:|
"""
CLASSES = with_slip_roads(frozenset(ROAD_CLASSES))
GRAPHS: tuple[tuple[str, bool, tuple[list[str], list[str]] | None], ...] = (
    ("simplified", True, None),
    ("as mapped", False, None),
    ("as mapped, all tags", False, (sorted(ROAD_KEYS), sorted(BARRIER_KEYS))),
)
"""Name, whether OSMnx simplifies, and the tags of ways and nodes that it keeps; None for its defaults."""
ORIGINS, SEED = 40, 1


def drive_file(extract: Path, target: Path) -> None:
    """Write the roads that OSMnx downloads with `network_type="drive"`, and their nodes, as OSM XML."""
    used = osmium.IdTracker()
    with osmium.BackReferenceWriter(str(target), ref_src=str(extract), overwrite=True) as writer:
        for way in osmium.FileProcessor(str(extract), osmium.osm.WAY):
            tags = way.tags
            is_closed = tags.get("access") == "private" or "no" in (
                tags.get("motor_vehicle"), tags.get("motorcar"),
            )  # fmt: skip
            if tags.get("highway") in CLASSES and tags.get("area") != "yes" and not is_closed:
                used.add_way(way.id)
                writer.add(way)


def times(network: Network, origins: list[int]) -> tuple[np.ndarray, dict[int, int]]:
    """Return seconds from nodes with the given OSM ids to all nodes, and the row of each OSM id.

    Parameters
    ----------
    origins
        OSM ids of nodes of the network.
    """
    links, size = network.links, len(network.nodes)
    parts = []
    for tail, head, name in (("tail", "head", "forward_s"), ("head", "tail", "backward_s")):
        parts.append(links.loc[(links[name] != CLOSED).to_numpy(), [tail, head, name]].to_numpy())
    arcs = np.concatenate(parts)
    arcs = arcs[np.lexsort((arcs[:, 2], arcs[:, 1], arcs[:, 0]))]
    first = np.ones(len(arcs), bool)
    first[1:] = (arcs[1:, :2] != arcs[:-1, :2]).any(axis=1)
    arcs = arcs[first]
    graph = coo_array((arcs[:, 2].astype(float), (arcs[:, 0], arcs[:, 1])), shape=(size, size)).tocsr()
    row_of = {ident: row for row, ident in enumerate(network.nodes["osm_id"].tolist()) if ident > 0}
    return dijkstra(graph, indices=[row_of[one] for one in origins]), row_of


@dataclass(frozen=True)
class Compared:
    """A network from a graph beside that from the extract.

    Attributes
    ----------
    graph
        How the graph was made.
    streets
        Number of ways read from it.
    km, km_expected
        Length of the network, and of that from the extract.
    ratios
        Travel times over those of the extract.
    seconds
        Time to read the graph and build the network.
    """

    graph: str
    streets: int
    km: float
    km_expected: float
    ratios: np.ndarray
    seconds: float


def compared(extract: Path, *, country: str = "world") -> Iterator[Compared]:
    """Compare the graphs of an extract with it."""
    tags = ox.settings.useful_tags_way, ox.settings.useful_tags_node
    with tempfile.TemporaryDirectory() as folder:
        xml = Path(folder) / "roads.osm"
        drive_file(extract, xml)
        elements = networks.osm.read(xml, roads=frozenset(ROAD_CLASSES), rail=False, ferries=False)
        expected = networks.add_travel_times(networks.road.build(elements, country=country)[0])
        for name, simplify, kept in GRAPHS:
            ox.settings.useful_tags_way, ox.settings.useful_tags_node = kept or tags
            try:
                graph = ox.graph_from_xml(xml, simplify=simplify, retain_all=True)
            finally:
                ox.settings.useful_tags_way, ox.settings.useful_tags_node = tags
            began = time.perf_counter()
            read = networks.read_graph(graph, roads=frozenset(ROAD_CLASSES))
            found = networks.add_travel_times(networks.road.build(read, country=country)[0])
            seconds = time.perf_counter() - began
            km, km_expected = (float(one.links["length_km"].sum()) for one in (found, expected))
            yield Compared(name, len(read.roads), km, km_expected, ratios(found, expected), seconds)


def ratios(found: Network, expected: Network) -> np.ndarray:
    """Return the times of one network over those of another, between nodes of both that are apart."""
    common = sorted(set(found.nodes["osm_id"]) & set(expected.nodes["osm_id"]) - {0})
    origins = np.random.default_rng(SEED).choice(common, min(ORIGINS, len(common)), replace=False).tolist()
    (one, rows), (other, base) = times(found, origins), times(expected, origins)
    first, second = one[:, [rows[x] for x in common]], other[:, [base[x] for x in common]]
    far = np.isfinite(first) & np.isfinite(second) & (second >= 60)
    return np.asarray(first[far] / second[far])


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    files = sorted(path for path in asked.folder.iterdir() if path.name.endswith((".osm.pbf", ".osm.gz")))
    rows = []
    for path in files:
        for one in compared(path):
            low, middle, high = np.quantile(one.ratios, (0.1, 0.5, 0.9))
            rows.append(
                f"| {path.name} | {one.graph} | {one.streets:,} | {one.km:,.1f} | {one.km_expected:,.1f} "
                f"| {one.ratios.size:,} | {middle:.3f} | {low:.3f} to {high:.3f} | {one.seconds:.1f} |"
            )
    table = HEAD + "\n".join(rows) + "\n"
    if asked.out:
        asked.out.write_text(table, encoding="utf-8")
    print(table)


if __name__ == "__main__":
    main()
