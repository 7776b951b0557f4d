"""Time the main job as a user meets it: the first command with an empty cache, the second, and small calls.

    python benchmarks/main_job.py                            # this checkout
    python benchmarks/main_job.py --before c78ebf7           # a revision beside it
    python benchmarks/main_job.py --before c78ebf7 --fresh   # both from a fresh clone, as README gives it

A checkout is a revision, of which a clone is made and installed first, or a folder with its `.venv`. With
`--fresh` the seconds of the first command include clone and installation; packages are downloaded before.
Caches of the program and of machine code begin empty. CPU seconds count all child processes; the peak is that
of all processes together (shared pages once, where the system tells), sampled every 0.2 s. POSIX only.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
PAUSE_S = 0.2
"""Seconds between two samples of memory."""
PAGE = "report.html"
POLYRING = (".venv/bin/python", "-m", "optimiser.cli")
README = ("uv", "run", "polyring")
"""The command of README, which installs what is missing."""
TOY = """
from optimiser.bench.generators.regular import GridParameters, grid
from optimiser.engine.solve import solve
print(solve(grid(GridParameters(rows=4, columns=4, candidates=12, pairs=12))).status)
"""


@dataclass(frozen=True)
class Measured:
    """What a command took.

    Attributes
    ----------
    wall_s, cpu_s
        Seconds until it ended, and of all processors.
    page_s
        Seconds until the page appeared; None without one.
    peak_mb
        Largest memory of all processes together.
    """

    wall_s: float
    cpu_s: float
    page_s: float | None
    peak_mb: float
    code: int


def memory_mb(process: psutil.Process) -> float:
    """Return the memory of a process and all below it, each shared page counted once where that is known."""
    total = 0.0
    with suppress(psutil.Error):
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.Error):
                total += getattr(one.memory_full_info(), "pss", 0) or one.memory_info().rss
    return total / 2**20


def measure(command: Sequence[str], *, folder: Path, cache: Path, page: Path | None = None) -> Measured:
    """Run a command, and return what it took.

    Parameters
    ----------
    cache
        Folder of the caches of the program and of machine code.
    page
        File whose appearance is timed.
    """
    places = {"POLYRING_CACHE": cache / "polyring", "NUMBA_CACHE_DIR": cache / "numba"}
    environment = {**os.environ, **{name: str(place) for name, place in places.items()}}
    environment.pop("VIRTUAL_ENV", None)
    peak, page_s, ended = 0.0, None, threading.Event()
    begun = time.perf_counter()
    process = subprocess.Popen(
        list(command), cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

    def watch() -> None:
        nonlocal peak, page_s
        while not ended.wait(PAUSE_S):
            if page_s is None and page is not None and page.is_file():
                page_s = time.perf_counter() - begun
            with suppress(psutil.Error):
                peak = max(peak, memory_mb(psutil.Process(process.pid)))

    watching = threading.Thread(target=watch)
    watching.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall_s, process.returncode = time.perf_counter() - begun, os.waitstatus_to_exitcode(status)
    ended.set()
    watching.join()
    cpu_s, peak = usage.ru_utime + usage.ru_stime, max(peak, usage.ru_maxrss / 1024)
    return Measured(wall_s, cpu_s, page_s, peak, process.returncode)


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
        found["first command"] = Measured(one.wall_s + before_s, one.cpu_s, page_s, one.peak_mb, one.code)
    python, small = POLYRING[0], {"folder": folder, "cache": cache}
    calls: dict[str, Callable[[], Measured]] = {
        "second command": lambda: measure((*POLYRING, *run[len(polyring) :]), **small),
        "import polyring": lambda: measure((python, "-c", "import polyring"), **small),
        "polyring list": lambda: measure((*POLYRING, "list"), **small),
        "solve of a toy problem": lambda: measure((python, "-c", TOY), **small),
    }
    return found | {name: call() for name, call in calls.items()}


def rows(found: dict[str, dict[str, Measured]]) -> list[str]:
    """Return the rows of a Markdown table: a call a row, the figures of the checkouts side by side."""
    heads = [f"{name}: {figure}" for figure in ("wall s", "page s", "CPU s", "peak MB") for name in found]
    lines = [f"| call | {' | '.join(heads)} | exit codes |", "|---|" + "---:|" * (len(heads) + 1)]
    for call in next(iter(found.values())):
        taken = [own[call] for own in found.values()]
        cells = [
            *(f"{one.wall_s:.1f}" for one in taken),
            *("" if one.page_s is None else f"{one.page_s:.1f}" for one in taken),
            *(f"{one.cpu_s:.1f}" for one in taken),
            *(f"{one.peak_mb:,.0f}" for one in taken),
        ]
        lines.append(f"| {call} | {' | '.join(cells)} | {', '.join(str(one.code) for one in taken)} |")
    return lines


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
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    print(f"{asked.job}; {machine}, load {os.getloadavg()[0]:.1f}\n")
    print("\n".join(rows(found)))


if __name__ == "__main__":
    main()
