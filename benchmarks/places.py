"""Run places of all continents, extracts and timetables as a stranger would, and tabulate what comes out.

    python benchmarks/places.py FOLDER                  # all places; an hour on two cores
    python benchmarks/places.py FOLDER --only Lyon Lima # these anew; rows of the others are kept

`places.toml` lists them, with what a local would doubt about each map. Each is a run in a process of its own,
one after the other, into a folder of FOLDER, without steps kept from before; machine code is kept from one
to the next. The table goes to results/places.md; without a plan it quotes the last line that was said.
"""

import argparse
import json
import shlex
import shutil
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from measured import MACHINE, measure, table

HERE = Path(__file__).resolve().parent
PAGE = HERE / "results" / "places.md"
POLYRING = (sys.executable, "-m", "optimiser.cli")
HEADS = (
    *(
        "place",
        "command",
        "cities",
        "merged",
        "pairs",
        "within the limit today",
        "with the plan",
        "proposals",
    ),
    *("cost", "exit code", "wall s", "CPU s", "peak MB", "a local would doubt"),
)


def commands(name: str, place: Mapping[str, str]) -> list[str]:
    """Return the commands of a place: a screening, or a job made of a file and its run."""
    if "around" in place:
        return [f"polyring run --around {shlex.quote(place['around'])}"]
    job = f"{name.partition(',')[0].replace(' ', '-').lower()}.toml"
    return [
        f"polyring init {job} --file {place['file']} --country {place['country']}",
        f"polyring run {job}" + (f" --set {place['set']}" if "set" in place else ""),
    ]


def run(name: str, place: Mapping[str, str], folder: Path, data: Path) -> dict[str, Any]:
    """Run a place into a folder, and return what it took and found."""
    out, work = folder / name, folder / "work"
    for old in (out, work / "polyring"):
        shutil.rmtree(old, ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    *first, last = (shlex.split(command)[1:] for command in commands(name, place))
    for words in first:
        (work / words[1]).unlink(missing_ok=True)
        words[3] = str((data / words[3]).resolve())
        measure((*POLYRING, *words), cache=work, folder=work)
    took = measure((*POLYRING, *last, "--out", str(out)), cache=work, folder=work)
    found = {"took": asdict(took)}
    if (out / "summary.json").is_file():
        found["summary"] = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    return found


def row(name: str, place: Mapping[str, str], found: Mapping[str, Any]) -> list[str]:
    """Return the cells of a place."""
    took, told = found["took"], found.get("summary")
    cells = [name, "; ".join(f"`{command}`" for command in commands(name, place))]
    if told is None:
        said = next((line for line in took["said"].splitlines()[::-1] if line.strip()), "")
        cells += ["", "", "", "", "", said, ""]
    else:
        pairs = told["coverage"]["all"]
        counts = Counter("ring" for ring in told.get("rings", ()) if ring["formed"])
        counts.update(link["kind"].replace("_", " ") for link in told["links"])
        cells += [f"{told['sizes']['cities']}", f"{len(told['merged'])}", f"{pairs['pairs']:,}"]
        cells += [f"{pairs['before_pairs']:,}", f"{pairs['after_pairs']:,}"]
        cells += [", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "none"]
        cells += [f"{told['cost']:,} {told['money']}"]
    cells += [str(took["code"]), *(f"{took[part]:.0f}" for part in ("wall_s", "cpu_s", "peak_mb"))]
    return [*cells, place["doubt"]]


def main() -> None:
    """Run the places, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, help="for run folders and figures")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the files")
    parser.add_argument("--only", nargs="*", metavar="PLACE", help="without names: the table alone")
    asked = parser.parse_args()
    places = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    kept = asked.folder.resolve() / "figures.json"
    figures = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    for name in places if asked.only is None else asked.only:
        figures[name] = run(name, places[name], kept.parent, asked.data)
        kept.write_text(json.dumps(figures), encoding="utf-8")
        print("; ".join(row(name, places[name], figures[name])), flush=True)
    rows = [row(name, place, figures[name]) for name, place in places.items() if name in figures]
    text = ["# Places", "", f"`python benchmarks/places.py FOLDER`; {MACHINE}.", "", *table(HEADS, rows), ""]
    PAGE.write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    main()
