"""Kill run, frontier and bench at random times, and compare what they leave and what they find in the end.

    python benchmarks/kills.py --kills 200
    python benchmarks/kills.py --kills 12 --commands run   # a short version

Each cycle starts a command on a drawn region or problem in an empty folder with an empty cache, sends it a
signal at a random time (SIGKILL two times in three, else SIGINT or SIGTERM), and starts it again, up to five
times; then it lets the command end. After each signal no process may be left that the command started and no
file in the system's temporary folder, and whatever lies in the output folder must be whole. After the end the
output must be that of a command which nothing interrupted, and neither output, cache nor temporary folder may
hold an unfinished file. Times, dates and memory alone may differ.
"""

import argparse
import csv
import importlib
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from measured import MACHINE, table

from optimiser import verify
from optimiser.engine.backends.pulp_solvers import find, is_installed
from optimiser.problem import load
from optimiser.problem import result as results
from optimiser.problem.jsonfile import PREFIX

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "kills.md"
MARK = "POLYRING_KILLS"
"""Variable of the environment by which the processes of a command are found, orphans included."""
STOP_S = 5.0
"""Seconds in which a command must end after SIGINT or SIGTERM (exit code 130)."""
ORPHAN_S = 5.0
"""Seconds in which processes that a killed command started must end."""
MOST_KILLS = 5
"""Signals of one cycle, before the command is left to end."""
LONGEST_S = 600.0
SIGNALS = (*(signal.SIGKILL,) * 4, signal.SIGINT, signal.SIGTERM)

TIMED_KEYS = ("seconds", "peak_memory_mb", "reused", "trace", "first_plan_s", "best_plan_s")
"""Keys of JSON objects that hold measured times and memory, or what was kept from before."""
TIMED_FILES = ("log.txt", "trace.csv", "checksums.json", "summary.md", "frontier.csv")
"""Files that hold times or dates, of which only the presence is compared; the figures of the frontier's table
are in its JSON files as well."""
TIMED_FOLDERS = ("traces", "figures")
TIMED_COLUMNS = (
    "seconds",
    "wall_s",
    "cpu_s",
    "peak_mb",
    "other_load",
    "plan_1pct_s",
    "gap_1pct_s",
    "root_s",
    "message",
)
"""Columns of the table of a bench that are measured."""
DATE = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.]+Z?")
"""Time of the last change, which a GeoPackage holds."""
SOLVED = re.compile(rb"(<dt>Solved by</dt><dd>[^<]*), [\d.]+ s<")
"""Seconds of the solve, which the page names."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command to be killed: its words, and the files beside which it runs."""

    name: str
    words: tuple[str, ...]
    draw: Callable[[Path], None]


@dataclass(slots=True)
class Tally:
    """What the cycles of a command came to."""

    seconds: float = 0.0
    cycles: int = 0
    signals: Counter[str] = field(default_factory=Counter)
    slowest_stop_s: float = 0.0
    faults: list[str] = field(default_factory=list)


def draw_region(folder: Path) -> None:
    """Write the drawn region of the tests: six cities, a job."""
    sys.path.append(str(ROOT / "tests" / "drawings"))
    drawing = importlib.import_module("cli_drawing")
    (folder / "map.osm").write_text(drawing.draw_map(), encoding="utf-8")
    (folder / "cities.csv").write_text(drawing.cities_csv(), encoding="utf-8")
    (folder / "job.toml").write_text(drawing.JOB, encoding="utf-8")


def draw_problem(folder: Path) -> None:
    """Write a problem that every variant solves in a second."""
    from optimiser.bench.generators.families import GridParameters, grid
    from optimiser.problem import save

    save(grid(GridParameters(rows=4, columns=4, candidates=10, pairs=20, seed=1)), folder / "small.json")


def commands() -> tuple[Command, ...]:
    """Return the commands; the bench calls CBC where it is installed, since that writes files."""
    variants = ["greedy", "compact:scip"]
    solver = find("cbc")
    if solver is not None and is_installed(solver):
        variants[-1] = "compact:cbc"
    points = ("--set", "frontier.points=4", "--set", "frontier.time_limit_s=600")
    bench = [word for name in variants for word in ("--variant", name)]
    return (
        Command("run", ("run", "job.toml", "--set", "solve.time_limit_s=600", "--out", "out"), draw_region),
        Command("frontier", ("frontier", "job.toml", *points, "--out", "out"), draw_region),
        Command(
            "bench",
            ("bench", "--instances", "small.json", *bench, "--time-limit-s", "600", "-o", "out"),
            draw_problem,
        ),
    )


class Place:
    """A folder with the input of a command, its output, its cache and its temporary folder."""

    def __init__(self, folder: Path, command: Command) -> None:
        region = folder / "region"
        self.out, self.cache, self.temporary = region / "out", folder / "cache", folder / "tmp"
        self._folder, self._command, self._mark = region, command, uuid.uuid4().hex
        region.mkdir(parents=True)
        self.temporary.mkdir()
        command.draw(region)

    def start(self) -> subprocess.Popen[bytes]:
        """Start the command."""
        names = {"POLYRING_CACHE": self.cache, **dict.fromkeys(("TMPDIR", "TMP", "TEMP"), self.temporary)}
        return subprocess.Popen(
            [sys.executable, "-m", "optimiser.cli", *self._command.words],
            cwd=self._folder,
            env={**os.environ, **{name: str(path) for name, path in names.items()}, MARK: self._mark},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def processes(self) -> list[psutil.Process]:
        """Return the processes of the command that still run."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == self._mark:
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found

    def leftovers(self) -> Iterator[str]:
        """Yield each unfinished file, wherever it is."""
        yield from (f"{path.name} in the temporary folder" for path in self.temporary.iterdir())
        for folder in (self.out, self.cache):
            for path in folder.rglob("*"):
                if path.name.startswith((PREFIX, ".unfinished", ".lock")):
                    yield f"{path.name} is left"


def torn(folder: Path) -> Iterator[str]:
    """Yield each file of an output folder that is not whole; hidden ones are unfinished and do not count."""
    for path in folder.rglob("*"):
        if not path.is_file() or any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        try:
            if path.suffix in {".json", ".geojson"}:
                json.loads(path.read_text(encoding="utf-8"))
            elif path.suffix == ".gpkg":
                _tables(path)
            elif path.name == "runs.csv":
                _rows(path)
        except (ValueError, sqlite3.Error) as fault:
            yield f"{path.name} is torn: {fault}"
    if (folder / "plan.json").exists() and (folder / "result.json").exists():
        verify.check(load(folder / "problem.json"), results.load(folder / "result.json"))


def content(folder: Path) -> Mapping[str, object]:
    """Return what an output folder holds, by file, without times, dates and memory."""
    found: dict[str, object] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder)
        if path.name in TIMED_FILES or name.parts[0] in TIMED_FOLDERS:
            found[str(name)] = None
        elif path.suffix == ".json":
            found[str(name)] = _untimed(json.loads(path.read_text(encoding="utf-8")))
        elif path.suffix == ".gpkg":
            found[str(name)] = _tables(path)
        elif path.name == "runs.csv":
            found[str(name)] = _rows(path)
        else:
            found[str(name)] = SOLVED.sub(rb"\1", path.read_bytes())
    return found


def _untimed(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {key: _untimed(inner) for key, inner in value.items() if key not in TIMED_KEYS}
    return [_untimed(inner) for inner in value] if isinstance(value, list) else value


def _tables(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as file:
        return [DATE.sub("", line) for line in file.iterdump()]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = [
            {key: value for key, value in row.items() if key not in TIMED_COLUMNS}
            for row in csv.DictReader(file, strict=True)
        ]
    return sorted(rows, key=lambda row: (row["variant"], row["solver"]))


def reference(command: Command, folder: Path) -> tuple[Mapping[str, object], float]:
    """Run a command that nothing interrupts; return its content and its seconds."""
    place = Place(folder, command)
    begun = time.monotonic()
    code = place.start().wait(LONGEST_S)
    if code not in {0, 10}:
        raise SystemExit(f"{command.name} itself ends with {code}")
    return content(place.out), time.monotonic() - begun


def cycle(
    command: Command, folder: Path, wanted: Mapping[str, object], draw: random.Random, tally: Tally
) -> None:
    """Kill a command up to `MOST_KILLS` times, let it end, and add to its tally."""
    place = Place(folder, command)
    for _ in range(MOST_KILLS):
        process = place.start()
        try:
            process.wait(draw.uniform(0.05, tally.seconds))
            break
        except subprocess.TimeoutExpired:
            pass
        number = draw.choice(SIGNALS)
        begun = time.monotonic()
        process.send_signal(number)
        code = process.wait(60)
        stop_s = time.monotonic() - begun
        tally.signals[number.name] += 1
        if number != signal.SIGKILL:
            tally.slowest_stop_s = max(tally.slowest_stop_s, stop_s)
            is_late = code in {0, 10} and content(place.out) == wanted  # the work was done when it came
            if not (code in {130, -number} or is_late) or stop_s > STOP_S:
                tally.faults.append(f"{number.name}: exit code {code} after {stop_s:.1f} s")
        tally.faults += _after_signal(place)
    process = place.start()
    if (code := process.wait(LONGEST_S)) not in {0, 10}:
        tally.faults.append(f"the resumed command ends with {code}")
    tally.faults += [*_after_signal(place), *place.leftovers()]
    found = content(place.out)
    tally.faults += [
        f"{name} differs from that of an uninterrupted {command.name}{_first_difference(found, wanted, name)}"
        for name in sorted({*found, *wanted})
        if name not in found or name not in wanted or found[name] != wanted[name]
    ]
    tally.cycles += 1


def _first_difference(found: Mapping[str, object], wanted: Mapping[str, object], name: str) -> str:
    """Return the first line or row in which two files differ, where they consist of such."""
    one, two = found.get(name), wanted.get(name)
    if not isinstance(one, list) or not isinstance(two, list):
        return ""
    return next((f": {a} in place of {b}" for a, b in zip(one, two, strict=False) if a != b), "")


def _after_signal(place: Place) -> Iterator[str]:
    """Yield what is wrong once a command has ended."""
    end = time.monotonic() + ORPHAN_S
    while (left := place.processes()) and time.monotonic() < end:
        time.sleep(0.1)
    for process in left:
        yield f"process {process.pid} still runs"
        process.kill()
    yield from (f"{path.name} in the temporary folder" for path in place.temporary.iterdir())
    if place.out.exists():
        yield from torn(place.out)


def measure(names: Sequence[str], kills: int, seed: int, most_s: float) -> dict[str, Tally]:
    """Kill each command in turn until there were so many kills in all; return the tallies by command.

    After `most_s` seconds no further cycle begins.
    """
    end = time.monotonic() + most_s
    draw = random.Random(seed)  # noqa: S311 - times of kills, not secrets
    chosen = [command for command in commands() if command.name in names]
    tallies = {command.name: Tally() for command in chosen}
    with tempfile.TemporaryDirectory() as top:
        wanted: dict[str, Mapping[str, object]] = {}
        folder = Path(top) / "place"  # the same for all, since some files name the paths of what was read
        for command in chosen:
            wanted[command.name], tallies[command.name].seconds = reference(command, folder)
            shutil.rmtree(folder)
        number = 0
        while sum(t.signals.total() for t in tallies.values()) < kills and time.monotonic() < end:
            command = chosen[number % len(chosen)]
            cycle(command, folder, wanted[command.name], draw, tallies[command.name])
            shutil.rmtree(folder, ignore_errors=True)
            number += 1
            done = sum(tally.signals.total() for tally in tallies.values())
            found = sum(len(tally.faults) for tally in tallies.values())
            latest = tallies[command.name].faults[-1:]
            print(f"{done}/{kills} kills, {found} faults", *latest, file=sys.stderr, flush=True)
    return tallies


def page(tallies: Mapping[str, Tally], kills: int, seed: int) -> str:
    """Return the figures as a page."""
    heads = (
        "command",
        "cycles",
        *(number.name for number in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)),
    )
    heads += ("uninterrupted, s", "slowest end after SIGINT or SIGTERM, s", "faults")
    rows = [
        (
            name,
            tally.cycles,
            *(tally.signals[key] for key in heads[2:5]),
            f"{tally.seconds:.1f}",
            f"{tally.slowest_stop_s:.1f}",
            len(tally.faults),
        )
        for name, tally in tallies.items()
    ]
    total = sum(tally.signals.total() for tally in tallies.values())
    words = "; ".join(f"`polyring {' '.join(command.words)}`" for command in commands())
    what = (
        f"`python benchmarks/kills.py --kills {kills} --seed {seed}`: {total} signals at random times to "
        f"{words} "
        "on a drawn region of six cities and a problem of ten candidates, with an empty folder and an empty "
        f"cache in each cycle. {MACHINE}."
    )
    fault = (
        "A fault is a process or a temporary file that is left, a file that is not whole, an end after "
        f"SIGINT or SIGTERM that takes more than {STOP_S:.0f} s, an unfinished file after the resumed "
        "command, or a "
        "file that differs from that of an uninterrupted command in anything but times, dates and memory."
    )
    lines = ["# Kills", "", what, "", fault, "", *table(heads, rows)]
    faults = Counter(f"{name}: {fault}" for name, tally in tallies.items() for fault in tally.faults)
    lines += ["", *(f"* {count} × {fault}" for fault, count in faults.most_common())] if faults else []
    return "\n".join([*lines, ""])


def main() -> int:
    """Kill, print the page and write it; return 1 where a fault was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    names = [command.name for command in commands()]
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=240.0, help="begin no cycle after that")
    parser.add_argument("--commands", nargs="+", choices=names, default=names)
    asked = parser.parse_args()
    tallies = measure(asked.commands, asked.kills, asked.seed, 60.0 * asked.minutes)
    text = page(tallies, asked.kills, asked.seed)
    print(text)
    if asked.commands == names:
        RESULTS.write_text(text, encoding="utf-8")
    return int(any(tally.faults for tally in tallies.values()))


if __name__ == "__main__":
    sys.exit(main())
