"""List the commands that stand beside the tables of RESULTS.md, or run them.

    python benchmarks/reproduce.py                  # heading and command of each table
    python benchmarks/reproduce.py --run Import     # those under headings that contain a word
    python benchmarks/reproduce.py --run ""         # all of them; some hours

RESULTS.md is the only source: a command is what stands there between backticks. One that names an input
which is not here (a word in capitals, or a file that does not exist) is listed with it, and not run.
"""

import argparse
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

RESULTS = Path(__file__).with_name("RESULTS.md")
COMMAND = re.compile(r"`((?:python benchmarks/|polyring (?:bench|run|frontier|solve) )[^`]+)`")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
INPUT = re.compile(r"[A-Z]{3,}(\.[a-z]+)?|[^-].*\.(json|csv|pbf)")


class Table(NamedTuple):
    """A command, the heading that it stands under, and the inputs that it needs and that are not here."""

    heading: str
    command: str
    missing: tuple[str, ...]


def tables(text: str) -> Iterator[Table]:
    """Yield the commands of a page in Markdown, each once under its heading."""
    headings = [(found.start(), found[1]) for found in HEADING.finditer(text)]
    seen: set[tuple[str, str]] = set()
    for found in COMMAND.finditer(text):
        heading = next((title for at, title in reversed(headings) if at < found.start()), "")
        command = " ".join(found[1].split())
        if (heading, command) not in seen:
            seen.add((heading, command))
            yield Table(heading, command, tuple(_missing(shlex.split(command)[2:])))


def _missing(words: list[str]) -> Iterator[str]:
    yield from (word for word in words if INPUT.fullmatch(word) and not Path(word).exists())


def main() -> int:
    """Print the commands, or run those that are asked for; return 1 where one failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--run", metavar="WORD", help="run what stands under headings with this word")
    asked = parser.parse_args()
    failed = False
    for table in tables(RESULTS.read_text(encoding="utf-8")):
        needs = f"  (needs {', '.join(table.missing)})" if table.missing else ""
        if asked.run is not None and asked.run.lower() not in table.heading.lower():
            continue
        print(f"{table.heading}: {table.command}{needs}", flush=True)
        if asked.run is not None and not table.missing:
            failed |= subprocess.run(_words(table.command), check=False).returncode not in (0, 10)
    return int(failed)


def _words(command: str) -> list[str]:
    """Return the words of a command, with the Python of this process in front."""
    first, *others = shlex.split(command)
    if first == "python":
        return [sys.executable, *others]
    return [sys.executable, "-c", "from optimiser.cli import main; main()", *others]


if __name__ == "__main__":
    sys.exit(main())
