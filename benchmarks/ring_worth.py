"""Compare the best plans of one region at equal money: independence off, on, and on with rings.

Usage: python benchmarks/ring_worth.py [--budget MONEY] [--time-limit SECONDS] [--gap GAP] [--out FILE.md]

A wished ring earns its derived worth. Where the best plan does not form it, a further row tells of the best
plan found with it. Independence is that of `[independence]`, measured alike for all rows. docs/rings.md says
what worth and margin mean.
"""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import polyring as pr
from optimiser.job import loads
from optimiser.job.sections import DERIVED, Independence
from optimiser.run.independence import without_core
from optimiser.run.measured_plan import state_of
from optimiser.run.solving import within_limit

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "benchmarks" / "results" / "ring_worth.md"
BUDGET = 130_000
WEIGHT = 0.25
STRETCHES = Independence().stretches


class Row(NamedTuple):
    """A row of the table: weight of independence, and some first rings of a ready job, wished or required."""

    weight: float
    job: str = ""
    rings: int = 0
    required: bool = False


ROWS: Mapping[str, Row] = {
    "independence off": Row(0.0),
    "on, no ring": Row(WEIGHT),
    "on, near ring as a wish": Row(WEIGHT, "jing-jin-ji-ring", 1),
    "on, web as a wish": Row(WEIGHT, "jing-jin-ji", 1),
    "on, web required": Row(WEIGHT, "jing-jin-ji-polycentric", 1, required=True),
}
"""The rows by their names."""

FIGURES = {
    "within 4 h": ("pairs_within", ""),
    **{f"at {stretch:g}": (f"independent_at_{stretch:g}", "") for stretch in STRETCHES},
    "off the core, min": ("off_core_minutes", ".1f"),
    "through the core": ("through_core_share", ".1%"),
    "cost": ("cost", ","),
}
"""Column and format of the figures that every plan has, by their heads."""

HEADS = ("plan", *FIGURES, "gap", "solve s")

NOTE = f"""Written by `python benchmarks/ring_worth.py`. Pairs of cities within four hours; pairs outside the
core that have a way without it at {", ".join(f"{one:g}" for one in STRETCHES)} times today's fastest time;
mean minutes of such ways; weight of the trips between other cities that cannot avoid the core; cost in
million CNY; proven gap and seconds of the solve. docs/rings.md says what worth and margin mean.
"""


def job_of(name: str, options: argparse.Namespace, folder: Path) -> pr.LoadedJob:
    """Return the job of a row, which runs in a folder."""
    row = ROWS[name]
    text = f"""
[region]
name = "jing-jin-ji"
[budget]
amount = {options.budget}
[independence]
weight = {row.weight}
[cases]
enabled = false
[output]
picture = false
[solve]
gap = {options.gap}
time_limit_s = {options.time_limit}
"""
    job = loads(text, where=name)
    if row.job:
        force = {"required": row.required, "reward": 0 if row.required else DERIVED}
        asked = pr.find_job(row.job).job.rings[: row.rings]
        job = job.model_copy(update={"rings": tuple(ring.model_copy(update=force) for ring in asked)})
    return pr.LoadedJob(name.replace(",", "").replace(" ", "-"), folder, job)


def figures(run: pr.Run) -> dict[str, Any]:
    """Return the figures of a plan, those of independence also where its weight is 0."""
    chain, job = run.study.chain, run.job
    asked = job.independence.model_copy(update={"weight": WEIGHT})
    without = without_core(
        chain.times.value, chain.candidates.value, job.model_copy(update={"independence": asked})
    )
    measured = chain.measured(run.counted, within_limit(run.counted, run.plan))
    return state_of(replace(measured, without=without), run.built)


def table_row(name: str, held: Mapping[str, Any], *proof: str) -> str:
    """Return a row of the table in Markdown."""
    cells = (format(held[column], form) for column, form in FIGURES.values())
    return f"| {' | '.join((name, *cells, *proof))} |"


def rows(name: str, run: pr.Run) -> Iterator[str]:
    """Yield the rows of a run: its plan, and the best plan that differs in the ring."""
    gap = "" if run.gap is None else f"{run.gap:.3%}"
    yield table_row(name, figures(run), gap, f"{run.result.seconds:.0f}")
    for ring in run.summary.get("rings", ()):
        if margin := ring.get("margin"):
            other = "without the ring" if ring["formed"] else "with the ring"
            yield table_row(f"the best plan {other}", margin["other"], "", "")


def told(run: pr.Run) -> Iterator[str]:
    """Yield a sentence on each ring of a run: its worth and margin, and what it is like."""
    for ring in run.summary.get("rings", ()):
        words = list[str]()
        if worth := ring.get("worth"):
            words.append(f"worth {worth['reward']:,}, derived for a circuit of {worth['cost']:,}")
        if margin := ring.get("margin"):
            words.append(
                f"the best plan with it, which spends {margin['cost']:,} on it, exceeds the best one without "
                f"it by {margin['least']:,.0f} to {margin['most']:,.0f} (below 0: it falls short)"
            )
        if ring["formed"]:
            row = run.rings.set_index("ring").loc[ring["id"]]
            words.append(
                f"formed for {ring['cost']:,}: {row['length_km']:,.0f} km, {row['new_km']:,.0f} km of them "
                f"new; roundness {row['roundness']:.2f}, length over hull {row['length_over_hull']:.2f}; "
                f"through {', '.join(city['name'] for city in ring['cities'])}"
            )
        yield f"{ring['id']}: {'; '.join(words)}."


def draw(name: str, run: pr.Run, page: Path) -> None:
    """Draw the rings that a run forms, unrolled, as PNG files beside the page."""
    for ring in run.summary.get("rings", ()):
        if ring["formed"]:
            word = name.removeprefix("on, ").replace(" ", "_")
            run.unroll(ring["id"]).savefig(page.with_name(f"{page.stem}_{word}_{ring['id']}.png"), dpi=100)


def page(
    options: argparse.Namespace, table: Sequence[str], notes: Sequence[str], loads_seen: Sequence[float]
) -> str:
    """Return the page with the rows so far."""
    machine = f"{os.cpu_count()} cores, {platform.machine()}"
    busy = f"load {min(loads_seen):.1f} to {max(loads_seen):.1f}"
    asked = f"asked for a gap of {options.gap:.1%} within {options.time_limit:.0f} s a solve"
    lines = (
        f"# A ring for {options.budget:,} million CNY",
        "",
        NOTE,
        f"{machine}, {busy}; {asked}.",
        "",
        f"| {' | '.join(HEADS)} |",
        f"|{'---|' * len(HEADS)}",
        *table,
        "",
        *notes,
        "",
    )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the rows and write the page.

    Returns
    -------
    int
        0 when the page is written.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--budget", type=int, default=BUDGET)
    parser.add_argument("--gap", type=float, default=0.001)
    parser.add_argument("--time-limit", type=float, default=600.0)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(arguments)
    table, notes, loads_seen, text = list[str](), list[str](), list[float](), ""
    for name in ROWS:
        with tempfile.TemporaryDirectory() as folder:
            run = pr.run(job_of(name, options, Path(folder)), out=Path(folder, "run"))
            try:
                table += rows(name, run)
                notes += [f"* *{name}*: {sentence}" for sentence in told(run)]
                draw(name, run, options.out)
            finally:
                run.close()
        loads_seen.append(os.getloadavg()[0])
        text = page(options, table, notes, loads_seen)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
