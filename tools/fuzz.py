"""Feed random input to readers and checkers, and stop at what does not end with a message or a sound value.

    python tools/fuzz.py values --runs 1000000      # one target, so many executions
    python tools/fuzz.py all --seconds 120          # every target for two minutes
    python tools/fuzz.py certificates --runs 1000 --seed 1   # by chance, without atheris

The targets are functions of bytes; `tests/test_fuzz.py` calls them with their seeds and with inputs that were
found before. `certificates` reads choices from the bytes, which draw a document near a true certificate.
Input is drawn by atheris (`--group fuzz`), which follows the branches that are taken; that of `certificates`
by chance where a seed is given or atheris is not installed. One that breaks a target is kept in
`build/fuzz/TARGET`; make a test of it.
"""

import argparse
import atexit
import contextlib
import importlib.util
import math
import random
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from networks import impedance, osm, rail, road
from networks.errors import NetworksError
from networks.osm import tags as osm_tags
from networks.rail import features as rail_tracks
from networks.road import speeds
from optimiser import job
from optimiser.job.reading import render
from optimiser.problem import dumps, load
from optimiser.problem.errors import OptimiserError
from optimiser.proposals.costs import builtin_cost_table
from optimiser.proposals.own import read_own
from optimiser.proposals.terrain import PLAIN

ROOT = Path(__file__).resolve().parents[1]
FOUND = ROOT / "build" / "fuzz"
START = """
import atheris, sys
with atheris.instrument_imports(include=["networks", "optimiser"], exclude=["optimiser.engine"]):
    from tools import fuzz
fuzz.fuzz(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
"""
"""Program of the process of a target: branches are followed in what is imported within the block."""
LONGEST = 4096
"""Bytes of an input, at most."""
TAKEN = Counter[bool]()
"""How many documents near true certificates both checkers took, and how many they refused."""

MAP = b"""<osm version="0.6"><node id="1" lat="40" lon="116"/><node id="2" lat="40" lon="116.1"/>
<node id="3" lat="40.1" lon="116.1"><tag k="railway" v="station"/><tag k="name" v="A"/></node>
<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="primary"/><tag k="maxspeed" v="80"/></way>
<way id="2"><nd ref="2"/><nd ref="3"/><tag k="railway" v="rail"/></way>
<way id="3"><nd ref="1"/><nd ref="3"/><tag k="route" v="ferry"/><tag k="duration" v="00:20"/></way>
<relation id="1"><member type="node" ref="3" role="stop"/><tag k="route" v="train"/></relation></osm>"""
OWN = b"""{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"id": "x", "cost": 5},
"geometry": {"type": "LineString", "coordinates": [[0, 0], [1, 0]]}}]}"""


@cache
def folder() -> Path:
    """Return a folder for the files that targets read, in memory where the system offers that."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    place = tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)
    atexit.register(place.cleanup)
    return Path(place.name)


class UnsoundError(Exception):
    """A reader returned a value that it must not."""


def need(holds: object) -> None:
    """Raise `UnsoundError` unless something holds."""
    if not holds:
        raise UnsoundError


def values(data: bytes) -> None:
    """Check the values of tags that hold speeds, directions, durations and numbers."""
    text = data.decode("utf-8", "replace")
    table = speeds.speed_table("CN")
    limit = speeds.parse_limit(text, table=table)
    need((limit.kmh is None) == bool(limit.reason))
    need(limit.kmh is None or 0 < limit.kmh <= max(table.most_kmh, table.none_kmh))
    tagged = {"oneway": text, "highway": text, "junction": text}
    need(osm_tags.direction(tagged)[0] in {0, 1, -1})
    crossing = osm_tags.duration_s(text)
    need(crossing is None or 1 <= crossing <= 14 * 86400)
    speed = rail_tracks.parse_speed_kmh(text)
    need(speed is None or math.isfinite(speed))
    need(0 <= rail_tracks.number_of_tracks({"tracks": text, "passenger_lines": text}) < 100)
    minutes = rail_tracks.parse_minutes_s(text)
    need(minutes is None or all(0 <= each <= 86400 for each in minutes))
    interval = osm_tags.duration_s(text, most_s=7 * 86400)
    need(interval is None or 1 <= interval <= 7 * 86400)


def xml(data: bytes) -> None:
    """Check the import of a map as XML."""
    _import(folder() / "map.osm", data)


def pbf(data: bytes) -> None:
    """Check the import of a map as PBF."""
    _import(folder() / "map.osm.pbf", data)


def _import(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with contextlib.suppress(NetworksError):
        elements = osm.read(path)
        network = impedance.add_travel_times(road.build(elements, country="CN")[0])
        rail.build(elements)
        need(not (network.links[["forward_s", "backward_s"]].to_numpy(dtype=float) <= 0).any())
        need(np.isfinite(network.links["length_km"]).all())


def jobs(data: bytes) -> None:
    """Check that a job is refused with a message, or read again as it was written."""
    path = folder() / "job.toml"
    path.write_bytes(data)
    with contextlib.suppress(OptimiserError):
        found = job.load(path).job
        need(job.loads(render(found)) == found)


def problems(data: bytes) -> None:
    """Check that a problem is refused with a message, or read again as it was written."""
    path = folder() / "problem.json"
    path.write_bytes(data)
    with contextlib.suppress(OptimiserError):
        found = load(path)
        path.write_text(dumps(found), encoding="utf-8")
        need(load(path) == found)


def own(data: bytes) -> None:
    """Check that own candidates are refused with a message, or have whole costs and times above zero."""
    path = folder() / ("own.geojson" if data[:1] == b"{" else "own.csv")
    path.write_bytes(data)
    with contextlib.suppress(OptimiserError):
        found = read_own(path, _base_case(), builtin_cost_table(), PLAIN)
        need((found.arcs["seconds"] > 0).all())
        need((found.table["cost"] >= 0).all())


def certificates(data: bytes) -> None:
    """Check that both checkers say the same of a document near a true one, and prove no more than is true."""
    near = _drawing("near_certificates")
    drawn, document = near.near(data)
    answers = [near.answered(checker, drawn.raw, document) for checker in near.CHECKERS]
    need(all(answer == answers[0] for answer in answers))
    need(answers[0] is None or not near.excludes(drawn, document))
    TAKEN[answers[0] is not None] += 1


def _drawing(name: str) -> Any:  # noqa: ANN401 - drawings of the tests have no types
    sys.path.append(str(ROOT / "tests" / "drawings"))
    return importlib.import_module(name)


@cache
def _base_case() -> Any:  # noqa: ANN401
    drawing = _drawing("candidates_drawing")
    network = drawing.network(
        [(0, 0), (100, 0), (200, 0)], [(0, 1, "primary", 100, 50), (1, 2, "primary", 100, 50)]
    )
    places = [("a1", (0, 0), 90_000, 0), ("b1", (100, 0), 80_000, 1), ("c1", (200, 0), 70_000, 2)]
    return drawing.base_case(network, drawing.cities(network, places))


def _pbf_seed() -> bytes:
    """Return the map as PBF without compression, so that a changed byte reaches the reader."""
    import osmium

    source, target = folder() / "seed.osm", folder() / "seed.osm.pbf"
    source.write_bytes(MAP)
    target.unlink(missing_ok=True)
    with osmium.SimpleWriter(osmium.io.File(str(target), "pbf,pbf_compression=none")) as writer:
        for element in osmium.FileProcessor(str(source)):
            writer.add(element)
    return target.read_bytes()


SPEEDS = (
    "50 mph",
    "CN:urban",
    "none",
    "walk",
    "70|100",
    "50;30",
    "0",
    "5 knots",
    "80 @ wet",
    "PT1H30M",
    "-1",
)
TARGETS: Mapping[str, tuple[Callable[[bytes], None], Callable[[], list[bytes]]]] = {
    "values": (
        values,
        lambda: [text.encode() for text in (*SPEEDS, "2 h", "00:35:10", "3;4.5", "reversible")],
    ),
    "xml": (xml, lambda: [MAP]),
    "pbf": (pbf, lambda: [_pbf_seed()]),
    "job": (jobs, lambda: [_drawing("cli_drawing").JOB.encode()]),
    "problem": (problems, lambda: [dumps(_drawing("core_drawing").line()).encode()]),
    "own": (
        own,
        lambda: [
            b"id,mode,from,to,length_km,speed_kmh,cost\nx,road,a1,C1,120,100,500\n",
            OWN,
        ],
    ),
    "certificates": (certificates, lambda: _drawing("near_certificates").seeds()),
}
"""Function and seeds of each target."""


def fuzz(name: str, runs: int, seconds: int) -> None:
    """Run a target in this process until `runs` executions or `seconds` are over; the process then ends."""
    import atheris

    target, seeds = TARGETS[name]
    corpus, found = folder() / "corpus", FOUND / name
    corpus.mkdir()
    found.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        target(seed)
        (corpus / str(number)).write_bytes(seed)
    limits = [f"-runs={runs or -1}", f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-timeout=10"]
    atheris.Setup(
        [sys.argv[0], str(corpus), f"-artifact_prefix={found}/", "-print_final_stats=1", *limits], target
    )
    atheris.Fuzz()


def by_chance(name: str, runs: int, seconds: int, seed: int) -> int:
    """Run a target that reads choices on bytes drawn by chance; return how many of them broke it."""
    chance, begun, broken, done = random.Random(seed), time.monotonic(), 0, 0  # noqa: S311 - no secret
    TAKEN.clear()
    while done < runs or not runs:
        if seconds and time.monotonic() - begun > seconds:
            break
        data = chance.randbytes(chance.choice((9, 41, 91)))
        done += 1
        try:
            TARGETS[name][0](data)
        except Exception:  # noqa: BLE001 - whatever it is, the input is kept
            broken += 1
            (FOUND / name).mkdir(parents=True, exist_ok=True)
            (FOUND / name / f"seed{seed}-{done}").write_bytes(data)
            traceback.print_exc(limit=-2)
    taken = f"{TAKEN[True]} taken, {TAKEN[False]} refused, {broken} broke it"
    print(f"{name}: {done} executions in {time.monotonic() - begun:.0f} s: {taken}", flush=True)
    return broken


def main() -> int:
    """Fuzz one target, or all one after the other, each in a process of its own; return 1 where one broke."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("target", choices=[*TARGETS, "all"])
    parser.add_argument("--runs", type=int, default=0, help="executions; 0: as many as the time allows")
    parser.add_argument("--seconds", type=int, default=0, help="seconds of each target; 0: no limit")
    parser.add_argument("--seed", type=int, help="draw `certificates` by chance, from this seed")
    asked, broken = parser.parse_args(), []
    is_led = importlib.util.find_spec("atheris") is not None
    for name in TARGETS if asked.target == "all" else [asked.target]:
        if name == "certificates" and (asked.seed is not None or not is_led):
            broken += [name] * (by_chance(name, asked.runs, asked.seconds, asked.seed or 0) > 0)
            continue
        if not is_led:
            print(f"{name}: not run, since atheris is not installed (--group fuzz)")
            broken.append(name)
            continue
        begun = time.monotonic()
        command = [sys.executable, "-c", START, name, str(asked.runs), str(asked.seconds)]
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
        lines = [line for line in done.stderr.splitlines() if "number_of_executed_units" in line]
        runs = lines[-1].split()[-1] if lines else "?"
        print(
            f"{name}: {runs} executions in {time.monotonic() - begun:.0f} s, exit code {done.returncode}",
            flush=True,
        )
        if done.returncode:
            broken.append(name)
            print(done.stdout[-2000:], done.stderr[-4000:])
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
