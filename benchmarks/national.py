"""Measure time and memory at the size of a country: jobs of many cities, and extracts of many million nodes.

    python benchmarks/national.py                            # both parts; about two hours on two cores
    python benchmarks/national.py --part country --cities 60 300
    python benchmarks/national.py --part extract --nodes 5 15 50

`country`: `polyring run --dry-run` and `polyring run` on generated countries, each with a cache of its own:
seconds of each step, CPU seconds and peak memory of all processes together. `extract`: checks and reading of
generated extracts against a bare two-pass read with pyosmium, in turn, each in a process of its own. Figures
go to results/national.json, tables to results/national.md, a plot to results/national.png.
"""

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import matplotlib as mpl
from country import Country, write_job
from generated_extracts import save_dense
from import_speed import in_own_process
from measured import MACHINE, measure, table

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
FIGURES, TABLES, PLOT = (RESULTS / f"national.{ending}" for ending in ("json", "md", "png"))
SEED = 1
CITIES, MILLIONS = (60, 150, 300), (5.0, 15.0, 50.0)
SUBJECTS = ("bare", "read", "build")
JOBS: Mapping[str, tuple[str, ...]] = {"defaults": (), "5.5 hours": ("times.limit_s=19800",)}
"""Keys of the jobs. Of 300 cities both have about 2,000 candidates, and 5,000 and 10,000 open pairs."""


def measure_command(arguments: Sequence[str], *, cache: Path, minutes: float) -> dict[str, Any]:
    """Run polyring, and return its exit code, seconds, CPU seconds and peak memory, children included."""
    command = [sys.executable, "-m", "optimiser.cli", *arguments]
    found = measure(command, cache=cache, limit_s=60 * minutes)
    return {
        "exit_code": found.code,
        "seconds": round(found.wall_s, 1),
        "cpu_s": round(found.cpu_s, 1),
        "peak_mb": round(found.peak_mb),
        "said": "" if found.code in (0, 10) else found.said,
    }


def run_country(cities: int, name: str, folder: Path, *, minutes: float) -> dict[str, Any]:
    """Generate a country, and measure the dry run and the run of a job of `JOBS`."""
    job, out, cache = write_job(folder, Country(cities, SEED)), folder / "out", folder / "cache"
    given = [part for setting in JOBS[name] for part in ("--set", setting)]
    rehearsal = measure_command(["run", str(job), "--dry-run", *given], cache=cache, minutes=minutes)
    run = measure_command(["run", str(job), "--out", str(out), *given], cache=cache, minutes=minutes)
    row: dict[str, Any] = {
        "cities": cities,
        "job": name,
        "map_mb": round((folder / "country.osm.pbf").stat().st_size / 1e6, 1),
        "dry_run": rehearsal,
        "run": run,
        "files": len(list(out.iterdir())) if out.is_dir() else 0,
        "page_mb": round((out / "report.html").stat().st_size / 1e6, 1)
        if (out / "report.html").exists()
        else 0,
    }
    if (out / "summary.json").exists():
        summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
        row |= {key: summary[key] for key in ("sizes", "seconds", "gap", "solve", "warnings")}
        pairs = summary["coverage"]["all"]
        row["open_pairs"] = pairs["all_built_pairs"] - pairs["before_pairs"]
    return row


def run_extract(millions: float, folder: Path, *, repeats: int) -> dict[str, Any]:
    """Generate an extract, and measure the bare read, our reading and our road network."""
    path = save_dense(folder / "extract.osm.pbf", nodes=round(millions * 1e6), seed=SEED)
    row: dict[str, Any] = {"million_nodes": millions, "map_mb": round(path.stat().st_size / 1e6, 1)}
    return row | {subject: in_own_process(subject, path, repeats=repeats) for subject in SUBJECTS}


def render(figures: Mapping[str, Any]) -> str:
    """Return the figures as a page in Markdown."""
    parts = ["# National size", "", f"{figures['machine']} Seed {SEED}. `python benchmarks/national.py`."]
    if found := figures.get("countries"):
        parts += ["", "## Countries", "", *_country_lines(found)]
    if found := figures.get("extracts"):
        parts += ["", "## Extracts", "", *_extract_lines(found)]
    return "\n".join([*parts, "", "![Time and memory against size](national.png)", ""])


def _country_lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield (
        "Peak memory is the sum over all processes. Clock and CPU seconds differ where the machine does "
        "other work as well."
    )
    yield ""
    heads = (
        "cities", "job", "candidates", "open pairs", "dry run, s (CPU s)", "run, s (CPU s)", "peak MB",
        "exit code", "gap", "page MB",
    )  # fmt: skip
    cells = []
    for row in rows:
        sizes, dry, run = row.get("sizes", {}), row["dry_run"], row["run"]
        cells.append((
            row["cities"], row["job"], sizes.get("candidates", "-"), row.get("open_pairs", "-"),
            f"{dry['seconds']} ({dry['cpu_s']})", f"{run['seconds']} ({run['cpu_s']})", run["peak_mb"],
            run["exit_code"], f"{row.get('gap', math.nan):.5f}", row["page_mb"],
        ))  # fmt: skip
    yield from table(heads, cells)
    names = list(dict.fromkeys(name for row in rows for name in row.get("seconds", {})))
    yield from ("", "Seconds of each step:", "")
    steps = [(name, *(row.get("seconds", {}).get(name, "-") for row in rows)) for name in names]
    yield from table(("step", *(f"{row['cities']} cities" for row in rows)), steps)


def _extract_lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield (
        "The bare read makes two passes with the filters of pyosmium and keeps tags, references and "
        "positions of the same roads. Memory is above that of the imports."
    )
    yield ""
    heads = (
        "million nodes", "file, MB", "bare, CPU s", "reading, CPU s", "ratio", "with road network, CPU s",
        "ratio", "ratio by the clock", "bare, MB", "with road network, MB",
    )  # fmt: skip
    cells = []
    for row in rows:
        bare, read, build = (row[subject] for subject in SUBJECTS)
        cells.append((
            f"{row['million_nodes']:g}", row["map_mb"], f"{bare['cpu_s']:.1f}", f"{read['cpu_s']:.1f}",
            f"{read['cpu_s'] / bare['cpu_s']:.2f}", f"{build['cpu_s']:.1f}",
            f"{build['cpu_s'] / bare['cpu_s']:.2f}", f"{build['seconds'] / bare['seconds']:.2f}",
            f"{bare['above_mb']:.0f}", f"{build['above_mb']:.0f}",
        ))  # fmt: skip
    yield from table(heads, cells)


def plot(figures: Mapping[str, Any], path: Path) -> None:
    """Draw time and memory against size."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    lines = [
        (("cities", row["cities"]), f"{label}, {row['job']}", row[key]["cpu_s"], row[key]["peak_mb"])
        for row in figures.get("countries", ())
        for key, label in (("run", "run"), ("dry_run", "dry run"))
    ]
    lines += [
        (("million nodes", row["million_nodes"]), label, row[key]["cpu_s"], row[key]["above_mb"])
        for row in figures.get("extracts", ())
        for key, label in (("build", "polyring, with the road network"), ("bare", "bare two-pass read"))
    ]
    sizes = list(dict.fromkeys(size for (size, _), *_ in lines))
    figure, axes = plt.subplots(
        len(sizes), 2, figsize=(9, 3.4 * len(sizes)), layout="constrained", squeeze=False
    )
    for size, pair in zip(sizes, axes, strict=True):
        mine = [line for line in lines if line[0][0] == size]
        for name in dict.fromkeys(label for _, label, *_ in mine):
            points = [(at, cpu, mb) for (_, at), label, cpu, mb in mine if label == name]
            across, cpu_s, mb = zip(*points, strict=True)
            pair[0].plot(across, cpu_s, "o-", label=name)
            pair[1].plot(across, [one / 1e3 for one in mb], "o-", label=name)
        for axis, up in zip(pair, ("CPU time, s", "peak memory, GB"), strict=True):
            axis.set(xlabel=size, ylabel=up, xlim=(0, None), ylim=(0, None))
            axis.grid(alpha=0.3)
            axis.legend(frameon=False)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure what is asked for, and write figures, tables and plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--part", choices=("all", "country", "extract"), default="all")
    parser.add_argument("--cities", type=int, nargs="+", default=CITIES)
    parser.add_argument("--nodes", type=float, nargs="+", default=MILLIONS, help="million nodes of extracts")
    parser.add_argument("--repeats", type=int, default=1, help="runs of each reading; the median counts")
    parser.add_argument("--minutes", type=float, default=60, help="limit on each run")
    parser.add_argument("--jobs", nargs="+", choices=tuple(JOBS), default=tuple(JOBS))
    asked = parser.parse_args()
    figures = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}
    figures["machine"] = f"{MACHINE}."
    with tempfile.TemporaryDirectory() as name:
        for millions in asked.nodes if asked.part != "country" else ():
            row = run_extract(millions, Path(name), repeats=asked.repeats)
            _keep(figures, "extracts", ("million_nodes",), row)
        for cities, job in product(asked.cities, asked.jobs) if asked.part != "extract" else ():
            folder = Path(name) / f"{cities} {job}"
            folder.mkdir()
            row = run_country(cities, job, folder, minutes=asked.minutes)
            _keep(figures, "countries", ("cities", "job"), row)


def _keep(figures: dict[str, Any], part: str, keys: Sequence[str], row: dict[str, Any]) -> None:
    """Put a row in place of the one of the same size and job, and write everything."""
    print(json.dumps(row), flush=True)
    rows = [old for old in figures.get(part, ()) if any(old[key] != row[key] for key in keys)]
    figures[part] = sorted([*rows, row], key=lambda one: [one[key] for key in keys])
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    TABLES.write_text(render(figures), encoding="utf-8")
    plot(figures, PLOT)


if __name__ == "__main__":
    main()
