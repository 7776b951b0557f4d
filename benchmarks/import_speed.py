"""Measure the import against a bare pyosmium read and against OSMnx; print a table.

Run it with `python benchmarks/import_speed.py`. Every measurement runs in a process of its own, after its
imports; memory is the peak of the process above its memory when the imports were done.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from generated_extracts import Extract, generate, save
from measured import MACHINE

ROADS = ("motorway", "trunk", "primary", "secondary", "tertiary")
KEPT_NODES = 100


def bare_read() -> Callable[[Path], object]:
    """Return the baseline: two passes that read tags, references and coordinates of the kept ways."""
    import osmium

    names = [*ROADS, *(f"{name}_link" for name in ROADS)]

    def run(path: Path) -> object:
        wanted = osmium.filter.TagFilter(*(("highway", name) for name in names))
        ways, used = [], set()
        for way in osmium.FileProcessor(str(path), osmium.osm.WAY).with_filter(wanted):
            if isinstance(way, osmium.osm.Way):
                refs = [node.ref for node in way.nodes]
                ways.append((way.id, refs, dict(way.tags)))
                used.update(refs)
        only = osmium.filter.IdFilter(used)
        places = {
            node.id: (node.lon, node.lat)
            for node in osmium.FileProcessor(str(path), osmium.osm.NODE).with_filter(only)
            if isinstance(node, osmium.osm.Node)
        }
        return ways, places

    return run


def whole_import() -> Callable[[Path], object]:
    """Return the import: reading, topology, one-ways, speeds, travel times, contraction."""
    import numpy as np

    from networks import impedance, osm, road, simplify

    def run(path: Path) -> object:
        network, report = road.build(osm.read(path))
        network = impedance.add_travel_times(network)
        keep = np.linspace(0, len(network.nodes) - 1, KEPT_NODES).astype(np.int64)
        return simplify.contract(network, keep=keep), report

    return run


def read_only() -> Callable[[Path], object]:
    """Return the reading alone."""
    from networks import osm

    return osm.read


def build_only() -> Callable[[Path], object]:
    """Return reading, topology, one-ways and speeds."""
    from networks import osm, road

    return lambda path: road.build(osm.read(path))


def osmnx_import() -> Callable[[Path], object]:
    """Return OSMnx: the graph with simplification, speeds and travel times."""
    import osmnx

    def run(path: Path) -> object:
        graph = osmnx.graph_from_xml(str(path), simplify=True, retain_all=True)
        return osmnx.add_edge_travel_times(osmnx.add_edge_speeds(graph, fallback=50))

    return run


SUBJECTS = {
    "bare": bare_read, "read": read_only, "build": build_only, "import": whole_import, "osmnx": osmnx_import,
}  # fmt: skip


def measure(subject: str, path: Path) -> dict[str, float]:
    """Run one subject in this process and return its seconds and its memory."""
    run = SUBJECTS[subject]()
    import psutil

    before = psutil.Process().memory_info().rss / 2**20
    began, began_cpu = time.perf_counter(), time.process_time()
    kept = run(path)
    seconds, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    peak = _peak_mb()
    del kept
    return {"seconds": seconds, "cpu_s": cpu, "imports_mb": before, "above_mb": peak - before}


def _peak_mb() -> float:
    """Return the peak of this process; `ru_maxrss` would include the memory of the parent when it forked."""
    status = Path("/proc/self/status")
    if status.is_file():
        (line,) = (text for text in status.read_text().splitlines() if text.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_own_process(subject: str, path: Path, *, repeats: int) -> dict[str, float]:
    """Measure a subject in fresh processes; median seconds, largest memory."""
    runs = [
        json.loads(
            subprocess.run(
                [sys.executable, __file__, "--measure", subject, str(path)],
                check=True, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": _root()},
            ).stdout
        )
        for _ in range(repeats)
    ]  # fmt: skip
    return {
        "seconds": statistics.median(run["seconds"] for run in runs),
        "cpu_s": statistics.median(run["cpu_s"] for run in runs),
        "imports_mb": max(run["imports_mb"] for run in runs),
        "above_mb": max(run["above_mb"] for run in runs),
    }


def _root() -> str:
    return str(Path(__file__).resolve().parent.parent)


def report(folder: Path, *, scale: float, osmnx_scale: float, seed: int, repeats: int) -> str:
    """Generate the extracts, measure, and return the tables in Markdown."""
    large = generate(roads=int(40_000 * scale), buildings=int(160_000 * scale), seed=seed)
    path = save(large, folder / "large.osm.pbf")
    rows = {name: in_own_process(name, path, repeats=repeats) for name in ("bare", "read", "build", "import")}
    small = generate(roads=int(40_000 * osmnx_scale), buildings=int(160_000 * osmnx_scale), seed=seed)
    xml = save(small, folder / "small.osm")
    roads = save(small, folder / "roads.osm", roads_only=True)
    files = {"the same file": xml, "a file of the roads alone": roads}
    pairs = {
        name: (in_own_process("import", file, repeats=repeats), in_own_process("osmnx", file, repeats=1))
        for name, file in files.items()
    }
    return "\n".join([*_own_lines(large, rows, seed, repeats), "", *_peer_lines(small, pairs)]) + "\n"


def _own_lines(extract: Extract, rows: dict[str, dict[str, float]], seed: int, repeats: int) -> list[str]:
    kept = sum("highway" in tags for _, tags in extract.ways)
    head = (
        f"Extract: {len(extract.lon):,} nodes, {len(extract.ways):,} ways, {kept:,} kept; seed {seed}. "
        f"{MACHINE}; "
        f"median of {repeats} runs, each in its own process; load {os.getloadavg()[0]:.1f} at the end. "
        "On a machine that does other work as well, CPU seconds are the figure to compare."
    )
    return [
        head,
        "",
        "| what | seconds | times bare | CPU seconds | times bare | MB above imports | MB of imports |",
        "|---|---|---|---|---|---|---|",
        *(_row(name, rows[name], rows["bare"]) for name in rows),
    ]


def _peer_lines(extract: Extract, pairs: dict[str, tuple[dict[str, float], dict[str, float]]]) -> list[str]:
    head = (
        f"OSMnx on {len(extract.lon):,} nodes and {len(extract.ways):,} ways as XML "
        "(`graph_from_xml` with simplification, speeds, travel times):"
    )
    rows = [
        (
            f"| {name} | {own['seconds']:.2f} | {peer['seconds']:.1f} "
            f"| {peer['seconds'] / own['seconds']:.1f} | {own['cpu_s']:.2f} "
            f"| {peer['cpu_s']:.1f} | {peer['cpu_s'] / own['cpu_s']:.1f} |"
        )
        for name, (own, peer) in pairs.items()
    ]
    return [
        head,
        "",
        "| file | import, s | OSMnx, s | times faster | import, CPU s | OSMnx, CPU s | times faster |",
        "|---|---|---|---|---|---|---|",
        *rows,
    ]


NAMES = {
    "bare": "bare two-pass pyosmium read",
    "read": "checks and reading (`osm.read`)",
    "build": "the same and `road.build`",
    "import": "whole import: the same, travel times, contraction",
}


def _row(name: str, run: dict[str, float], bare: dict[str, float]) -> str:
    return (
        f"| {NAMES[name]} | {run['seconds']:.2f} | {run['seconds'] / bare['seconds']:.2f} "
        f"| {run['cpu_s']:.2f} | {run['cpu_s'] / bare['cpu_s']:.2f} "
        f"| {run['above_mb']:.0f} | {run['imports_mb']:.0f} |"
    )


def main() -> None:
    """Read the options, measure, and print the tables; save them where a file is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="size of the extract, 1 is 2 M nodes")
    parser.add_argument("--osmnx-scale", type=float, default=0.1, help="size of the extract for OSMnx")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, help="file for the tables")
    parser.add_argument("--measure", nargs=2, metavar=("SUBJECT", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure[0], Path(options.measure[1]))))
        return
    with tempfile.TemporaryDirectory() as folder:
        text = report(
            Path(folder), scale=options.scale, osmnx_scale=options.osmnx_scale, seed=options.seed,
            repeats=options.repeats,
        )  # fmt: skip
    print(text)
    if options.out:
        options.out.write_text(f"# Import speed\n\n{text}", encoding="utf-8")


if __name__ == "__main__":
    main()
