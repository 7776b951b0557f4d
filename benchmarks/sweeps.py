"""Sweep a job on one worker and on two, on Dask and while processes are killed, and compare the files.

    python benchmarks/sweeps.py [--job jing-jin-ji-uncertain] [--cases 60] [--every 60] [--scheduler-after 40]

Each way of doing the same sweep begins with a copy of a cache that holds the problem and the case that is the
job itself, so that all do the same tasks. Prints a row a way: seconds, parallel efficiency against one
process (time on one over twice the time on two), what was killed, and whether every file but `times.parquet`
is the same byte for byte. Ends with exit code 1 where one is not.
"""

import argparse
import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cluster_kills import Cluster, disturb

TIMES = "times.parquet"
"""The file that says how long each case took."""
WORKERS = 2


@dataclass(frozen=True, slots=True)
class Way:
    """A way of doing the sweep: name, further words of the command, seconds of kills (0: none)."""

    name: str
    words: tuple[str, ...] = ()
    on_cluster: bool = False
    every: float = 0.0
    scheduler_after: float = 0.0


def swept(command: Sequence[str], way: Way, cache: Path) -> tuple[float, str]:
    """Run the command in a way of its own; return its seconds and what was killed."""
    os.environ["POLYRING_CACHE"] = str(cache)  # of the cluster's processes too
    if not way.on_cluster:
        begun = time.monotonic()
        subprocess.run([*command, *way.words], check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - begun, "-"
    asked = argparse.Namespace(every=way.every, scheduler_after=way.scheduler_after, workers=WORKERS, seed=1)
    with Cluster(WORKERS) as cluster:
        code, seconds = disturb(command, cluster, asked)
        if code:
            raise SystemExit(f"{way.name}: exit code {code}")
        return seconds, ", ".join(f"{count} × {name}" for name, count in sorted(cluster.killed.items()))


def main() -> int:
    """Do the sweep in all ways, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--job", default="jing-jin-ji-uncertain")
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--every", type=float, default=60.0, help="seconds between two kills of a worker")
    parser.add_argument("--scheduler-after", type=float, default=40.0, help="seconds")
    asked = parser.parse_args()
    polyring = [sys.executable, "-m", "optimiser.cli", "sweep", asked.job]
    print(f"{asked.job}, {asked.cases} cases\n")
    print("| way | s | efficiency | killed | files |\n|---|---|---|---|---|")
    alone_s, differ = 0.0, False
    with tempfile.TemporaryDirectory() as text:
        place = Path(text)
        os.environ["POLYRING_CACHE"] = str(place / "begun")
        warm = [*polyring, "--set", "sweep.cases=2", "--workers", "1", "--out", str(place / "warm")]
        subprocess.run(warm, check=True, stdout=subprocess.DEVNULL)
        every, after = asked.every, asked.scheduler_after
        ways = (
            Way("one process", ("--workers", "1")),
            Way("two processes", ("--workers", str(WORKERS))),
            Way("local Dask cluster of two", ("--cluster", "local")),
            Way(f"Dask, a worker killed every {every:g} s", on_cluster=True, every=every),
            Way(f"Dask, the scheduler killed after {after:g} s", on_cluster=True, scheduler_after=after),
        )
        for number, way in enumerate(ways):
            cache, out = place / f"cache{number}", place / f"way{number}"
            shutil.copytree(place / "begun", cache)
            command = [*polyring, "--set", f"sweep.cases={asked.cases}", "--out", str(out)]
            seconds, killed = swept(command, way, cache)
            alone_s = alone_s or seconds
            efficiency = f"{alone_s / (WORKERS * seconds):.0%}" if number else "-"
            first = place / "way0"
            names = {path.name for folder in (first, out) for path in folder.iterdir()} - {TIMES}
            _, other, missing = filecmp.cmpfiles(first, out, names, shallow=False)
            differ = differ or bool(other + missing)
            files = ", ".join(sorted(other + missing)) or "the same"
            print(f"| {way.name} | {seconds:.0f} | {efficiency} | {killed} | {files} |", flush=True)
            shutil.rmtree(cache)
    return int(differ)


if __name__ == "__main__":
    sys.exit(main())
