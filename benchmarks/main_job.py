"""Time the main job as a user meets it: the first command with an empty cache, the second, and small calls.

    python benchmarks/main_job.py                            # this checkout
    python benchmarks/main_job.py --before c78ebf7           # a revision beside it
    python benchmarks/main_job.py --before c78ebf7 --fresh   # both from a fresh clone, as README gives it

A checkout is a revision, of which a clone is made and installed first, or a folder with its `.venv`. With
`--fresh` the seconds of the first command include clone and installation; packages are downloaded before.
Caches of the program and of machine code begin empty. `polyring cases` is asked of the finished run (a
revision without that command answers with exit code 2). CPU seconds count all child processes; the peak is
that of all processes together (shared pages once, where the system tells), sampled every 0.2 s. POSIX only.
"""

import argparse
import json
import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from measured import MACHINE, Measured, measure, table

ROOT = Path(__file__).resolve().parents[1]
PAGE = "report.html"
POLYRING = (".venv/bin/python", "-m", "optimiser.cli")
README = ("uv", "run", "polyring")
"""The command of README, which installs what is missing."""
TOY = """
from optimiser.bench.generators.families import GridParameters, grid
from optimiser.engine.solve import solve
print(solve(grid(GridParameters(rows=4, columns=4, candidates=12, pairs=12))).status)
"""


def clone(source: Path, revision: str, target: Path) -> None:
    """Make a clone of a repository at a revision."""
    subprocess.run(["git", "clone", "--quiet", str(source), str(target)], check=True)
    subprocess.run(["git", "checkout", "--quiet", "--detach", revision], cwd=target, check=True)


def install(folder: Path) -> None:
    """Install what a checkout needs into its `.venv`."""
    subprocess.run(["uv", "sync", "--quiet"], cwd=folder, check=True)


def measure_checkout(named: str, work: Path, *, job: str, fresh: bool) -> dict[str, Measured]:
    """Return what each call takes in a checkout.

    Parameters
    ----------
    named
        A revision, or the folder of a checkout.
    work
        An empty folder for clone, caches and run folder.
    """
    folder, cache, out, before_s = Path(named), work / "cache", work / "run", 0.0
    polyring: Sequence[str] = POLYRING
    if fresh or not folder.is_dir():
        origin = (folder, "HEAD") if folder.is_dir() else (ROOT, named)
        folder = work / "clone"
        if fresh:  # downloads the packages
            clone(*origin, work / "earlier")
            install(work / "earlier")
        begun = time.perf_counter()
        clone(*origin, folder)
        before_s = time.perf_counter() - begun
        if fresh:
            polyring = README
        else:
            install(folder)
    run = (*polyring, "run", *shlex.split(job), "--out", str(out))
    found = {"first command": measure(run, folder=folder, cache=cache, page=out / PAGE)}
    if fresh:
        one = found["first command"]
        page_s = None if one.page_s is None else one.page_s + before_s
        found["first command"] = replace(one, wall_s=one.wall_s + before_s, page_s=page_s)
    calls = {
        "second command": (*POLYRING, *run[len(polyring) :]),
        "polyring cases": (*POLYRING, "cases", str(out)),
        "import polyring": (POLYRING[0], "-c", "import polyring"),
        "polyring list": (*POLYRING, "list"),
        "solve of a toy problem": (POLYRING[0], "-c", TOY),
    }
    steps = json.loads((out / "summary.json").read_text(encoding="utf-8"))["seconds"]
    listed = ", ".join(f"{name} {took:.1f}" for name, took in steps.items())
    print(f"{named}, wall seconds by step: {listed}\n")
    return found | {name: measure(command, folder=folder, cache=cache) for name, command in calls.items()}


def rows(found: dict[str, dict[str, Measured]]) -> list[str]:
    """Return the rows of a Markdown table: a call a row, the figures of the checkouts side by side."""
    heads = [f"{name}: {figure}" for figure in ("wall s", "page s", "CPU s", "peak MB") for name in found]
    cells = []
    for call in next(iter(found.values())):
        taken = [own[call] for own in found.values()]
        figures = (
            *(f"{one.wall_s:.1f}" for one in taken),
            *("" if one.page_s is None else f"{one.page_s:.1f}" for one in taken),
            *(f"{one.cpu_s:.1f}" for one in taken),
            *(f"{one.peak_mb:,.0f}" for one in taken),
        )
        cells.append((call, *figures, ", ".join(str(one.code) for one in taken)))
    return table(("call", *heads, "exit codes"), cells)


def main() -> None:
    """Measure the checkouts, and print a table for RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--before", metavar="REVISION|FOLDER", help="checkout to compare with")
    parser.add_argument("--after", metavar="REVISION|FOLDER", default=str(ROOT), help="default: this one")
    parser.add_argument("--job", default="jing-jin-ji", help='or --job="--around Lagos", a screening')
    parser.add_argument("--fresh", action="store_true", help="clone, install and run as README says")
    asked = parser.parse_args()
    named = {"before": asked.before} if asked.before else {}
    found = {}
    for name, checkout in {**named, "after": asked.after}.items():
        with tempfile.TemporaryDirectory() as work:
            found[name] = measure_checkout(checkout, Path(work), job=asked.job, fresh=asked.fresh)
    print(f"{asked.job}; {MACHINE}, load {os.getloadavg()[0]:.1f}\n")
    print("\n".join(rows(found)))


if __name__ == "__main__":
    main()
