"""List the commands that stand beside the tables of RESULTS.md, or run them and compare figure by figure.

    python benchmarks/reproduce.py                  # heading and command of each table
    python benchmarks/reproduce.py --run Import     # run and compare those under headings that contain a word
    python benchmarks/reproduce.py --run ""         # all of them; some hours

`python` is `python3 -m uv run python`, which has the packages of the project.
RESULTS.md is the only source: a command is what stands there between backticks, and its tables are those
that follow. One that names an input which is not here (a word in capitals, a file that does not exist, or a
public problem that was not fetched) is listed with it, and not run. What is measured (seconds, memory, gaps
at a limit) may differ by a factor of `--tolerance`; all other figures must be equal. Rows and columns of one
side alone are not compared.
"""

import argparse
import fnmatch
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from optimiser.bench.instances import registered

RESULTS = Path(__file__).with_name("RESULTS.md")
COMMAND = re.compile(r"`((?:python benchmarks/|polyring (?:bench|run|frontier|solve) )[^`]+)`")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
INPUT = re.compile(r"[A-Z]{3,}(\.[a-z]+)?|[^-].*\.(json|csv|pbf)")
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
MEASURED = re.compile(r"\d (?:s|MB|GB|%|ms)\b|%$")
"""Cells that hold what depends on machine and load."""
MEASURED_COLUMN = re.compile(r"seconds|\bs\b|\bMB\b|wall|cpu|time|gap|bound|outcome")

Cells = dict[tuple[str, str], str]
"""Cells of tables by row (its first cell) and column."""


class Table(NamedTuple):
    """A command, its heading, the inputs that it lacks, and the cells of the tables that follow it."""

    heading: str
    command: str
    missing: tuple[str, ...]
    cells: Cells


def tables(text: str) -> Iterator[Table]:
    """Yield the commands of a page in Markdown, each once under its heading."""
    headings = [(found.start(), found[1]) for found in HEADING.finditer(text)]
    commands = [*COMMAND.finditer(text)]
    ends = [*(found.start() for found in commands[1:]), len(text)]
    seen: set[tuple[str, str]] = set()
    for found, next_at in zip(commands, ends, strict=True):
        heading = next((title for at, title in reversed(headings) if at < found.start()), "")
        end = min([next_at, *(at for at, _ in headings if at > found.start())])
        command = " ".join(found[1].split())
        if (heading, command) not in seen:
            seen.add((heading, command))
            missing = tuple(_missing(shlex.split(command)[2:]))
            yield Table(heading, command, missing, cells_of(text[found.end() : end]))


def _missing(words: list[str]) -> Iterator[str]:
    yield from (word for word in words if INPUT.fullmatch(word) and not Path(word).exists())
    known = {name for one in registered() for name in (one.name, one.family)}
    for option, word in pairwise(words):
        if option in ("--instances", "--family") and not INPUT.fullmatch(word):
            yield from [] if Path(word).exists() or fnmatch.filter(known, word) else [word]


def cells_of(text: str) -> Cells:
    """Return the cells of the tables in Markdown of a text."""
    found: Cells = {}
    head: list[str] = []
    for line in text.splitlines():
        row = (
            [cell.strip(" *`") for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        )
        if row and not head:
            head = [re.sub(r"\s*[(\[].*", "", cell) for cell in row]
        elif row and not set(line) <= set("|-: "):
            found |= {(row[0], name): cell for name, cell in zip(head[1:], row[1:], strict=False)}
        head = head if row else []
    return found


def cells_of_bench(folder: Path) -> Cells:
    """Return the cells of a bench: of its summary, and of each solve of the configuration that is alone."""
    found = cells_of((folder / "summary.md").read_text(encoding="utf-8").partition("## Every instance")[2])
    rows = pd.read_csv(folder / "runs.csv").drop_duplicates("instance", keep=False)
    for row in rows.to_dict("records"):
        shown = {
            "outcome": f"{row['status']} ({row['termination']})",
            "objective": f"{row['objective']:,.0f}",
            "seconds": f"{row['seconds']:.2f}",
            "peak MB": f"{row['peak_mb']:.0f}",
            "gap": f"{100 * row['gap']:.2f} %",
        }
        found |= {(str(row["instance"]), name): cell for name, cell in shown.items()}
    return found


def compared(recorded: Cells, now: Cells, told: list[str]) -> list[str]:
    """Return a line for each shared cell with its recorded and its new value, first those that differ."""
    shared = [(key, cell) for key, cell in recorded.items() if key in now]
    lines = [f"{row}, {column}: recorded {cell}, now {now[row, column]}" for (row, column), cell in shared]
    return [*(f"DIFFERS {line}" for line in told), *(line for line in lines if line not in told)]


def differences(recorded: Cells, now: Cells, *, tolerance: float) -> list[str]:
    """Return the shared cells whose figures differ; of measured ones those by more than a factor."""
    told = []
    for (row, column), cell in recorded.items():
        other = now.get((row, column))
        if other is None:
            continue
        is_measured = any(MEASURED.search(text) for text in (cell, other)) or MEASURED_COLUMN.search(column)
        figures = [[float(one.replace(",", "")) for one in NUMBER.findall(text)] for text in (cell, other)]
        pairs = [sorted(pair) for pair in zip(*figures, strict=False)]
        factor = tolerance if is_measured else 1.0
        is_other_word = not any(figures) and cell != other
        if (
            is_other_word
            or len(figures[0]) != len(figures[1])
            or any(high > factor * low + 1e-9 for low, high in pairs)
        ):
            told.append(f"{row}, {column}: recorded {cell}, now {other}")
    return told


def main() -> int:
    """Print the commands, or run and compare those asked for; return 1 where one failed or differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--run", metavar="WORD", help="run what stands under headings with this word")
    parser.add_argument(
        "--tolerance", type=float, default=2.0, help="factor for what is measured [default: 2]"
    )
    asked = parser.parse_args()
    failed = False
    for table in tables(RESULTS.read_text(encoding="utf-8")):
        needs = f"  (needs {', '.join(table.missing)})" if table.missing else ""
        if asked.run is not None and asked.run.lower() not in table.heading.lower():
            continue
        print(f"{table.heading}: {table.command}{needs}", flush=True)
        if asked.run is not None and not table.missing:
            failed |= _differs(table, asked.tolerance)
    return int(failed)


def _differs(table: Table, tolerance: float) -> bool:
    """Run a command, print what differs from its recorded tables, and return whether anything does."""
    with tempfile.TemporaryDirectory() as home:
        words, folder = _words(table.command), Path(home) / "out"
        is_bench = table.command.startswith("polyring bench")
        ran = subprocess.run(
            [*words, "--out", str(folder)] if is_bench else words,
            check=False,
            stdout=subprocess.PIPE,
            text=True,
        )
        now = cells_of_bench(folder) if is_bench and folder.is_dir() else cells_of(ran.stdout)
    told = differences(table.cells, now, tolerance=tolerance)
    shared = len(table.cells.keys() & now.keys())
    print(
        *compared(table.cells, now, told),
        f"{shared} of {len(table.cells)} cells compared, {len(told)} differ",
        sep="\n",
        flush=True,
    )
    if not shared:
        print("Nothing was compared: the table sums up by hand what the command gives.", flush=True)
    return bool(told) or not shared or ran.returncode not in (0, 10)


def _words(command: str) -> list[str]:
    """Return the words of a command, with the Python of this process in front."""
    first, *others = shlex.split(command)
    if first == "python":
        return [sys.executable, *others]
    return [sys.executable, "-c", "from optimiser.cli import main; main()", *others]


if __name__ == "__main__":
    sys.exit(main())
