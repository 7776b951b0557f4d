"""Compare two versions of the engine, problem by problem and family by family.

    python benchmarks/before_after.py REVISION --family grid --family hard --problem africa_north_10.json
    python benchmarks/before_after.py REVISION --threads 1 2 --time-limit-s 60

The revision is checked out into a temporary folder. Each problem is solved by both versions in turn, in
processes of their own, with the same seeds, threads and limit; who goes first alternates. Without a family or
problem, all generated families are solved. A table goes to the screen, and as Markdown to the output file.

Time: shifted geometric mean of the seconds to the proof (shift 1 s; without a proof, the limit). Gap: shifted
geometric mean of the gap at the end (shift 0.1 percentage points), over problems that one version or both
left open. Ratios are after to before, so that below 1 is better. Worst: the problem with the largest ratio.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optimiser.bench.analysis import paired_ratio, shifted_geometric_mean
from optimiser.bench.instances import choose, instance
from optimiser.bench.outputs import markdown_table
from optimiser.problem import save

ROOT = Path(__file__).resolve().parents[1]
TIME_SHIFT_S, GAP_SHIFT = 1.0, 1e-3
MOST_GAP = 10.0
"""Gap that counts where there is no plan or no bound, or a wider one."""
LATE_S = 120.0
"""Seconds beyond the limit after which a solve counts as failed."""
SOLVE = """
import json, sys
from optimiser.engine.search.task import SolveParameters
from optimiser.engine.solve import solve
from optimiser.problem import load
path, seconds, threads, seed = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
result = solve(load(path), params=SolveParameters(time_limit_s=seconds, threads=threads, seed=seed))
print(json.dumps({name: getattr(result, name) for name in ("objective", "bound", "gap", "seconds")}))
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one version made of a problem."""

    objective: float
    bound: float
    gap: float
    seconds: float

    @property
    def is_proved(self) -> bool:
        """Return whether the gap is closed."""
        return self.gap <= 0.0

    def time_s(self, limit_s: float) -> float:
        """Return the seconds to the proof; without one, the limit."""
        return self.seconds if self.is_proved else limit_s


@dataclass(frozen=True, slots=True)
class Comparison:
    """A problem as both versions solved it."""

    family: str
    name: str
    threads: int
    before: Outcome
    after: Outcome

    def ratio(self, limit_s: float) -> float:
        """Return the ratio of times, multiplied by that of gaps where a version left one."""
        one, two = (
            (TIME_SHIFT_S + found.time_s(limit_s)) * (GAP_SHIFT + found.gap)
            for found in (self.before, self.after)
        )
        return two / one


@contextmanager
def checked_out(revision: str) -> Iterator[Path]:
    """Give a temporary folder with another revision."""
    git = ["git", "-C", str(ROOT), "worktree"]
    with tempfile.TemporaryDirectory() as name:
        tree = Path(name) / "before"
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), revision], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def ran(
    tree: Path,
    words: Sequence[str],
    *,
    timeout: float | None = None,
    codes: Sequence[int] = (0,),
    drawings: bool = False,
    **variables: str,
) -> str:
    """Run Python with the version in a folder, and with its drawings of tests where they are wished.

    Returns
    -------
    str
        What it printed.

    Raises
    ------
    SystemExit
        When it ends with another exit code than `codes`.
    """
    paths = [tree, *([tree / "tests" / "drawings"] if drawings else [])]
    ended = subprocess.run(
        [sys.executable, *words],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), **variables},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if ended.returncode not in codes:
        raise SystemExit(f"{' '.join(words[-3:])} in {tree}: {ended.stderr.strip().splitlines()[-1:]}")
    return ended.stdout


def solved(tree: Path, problem: Path, *, limit_s: float, threads: int, seed: int) -> Outcome:
    """Solve a problem with the version in a folder.

    Raises
    ------
    SystemExit
        When the version fails.
    """
    words = ("-c", SOLVE, str(problem), f"{limit_s:g}", str(threads), str(seed))
    found: dict[str, Any] = json.loads(ran(tree, words, timeout=limit_s + LATE_S).splitlines()[-1])
    values = {name: math.inf if found[name] is None else float(found[name]) for name in Outcome.__slots__}
    return Outcome(**{**values, "gap": min(max(0.0, values["gap"]), MOST_GAP)})


def rows(found: Sequence[Comparison], limit_s: float) -> list[list[str]]:
    """Return a row for each family and number of threads, and one for all."""
    groups: dict[tuple[str, int], list[Comparison]] = {}
    for one in found:
        groups.setdefault((one.family, one.threads), []).append(one)
    table = [_row(family, str(threads), group, limit_s) for (family, threads), group in groups.items()]
    return [*table, _row("all", "", found, limit_s)]


def _row(family: str, threads: str, group: Sequence[Comparison], limit_s: float) -> list[str]:
    before, after = [one.before for one in group], [one.after for one in group]
    times = [[side.time_s(limit_s) for side in sides] for sides in (before, after)]
    is_open = [one for one in group if not (one.before.is_proved and one.after.is_proved)]
    gaps = [[one.before.gap for one in is_open], [one.after.gap for one in is_open]]
    worst = max(group, key=lambda one: one.ratio(limit_s))
    return [
        family,
        threads,
        str(len(group)),
        f"{sum(one.is_proved for one in before)} / {sum(one.is_proved for one in after)}",
        " / ".join(f"{shifted_geometric_mean(values, TIME_SHIFT_S):.2f}" for values in times),
        f"{paired_ratio(times[1], times[0], TIME_SHIFT_S):.2f}",
        " / ".join(f"{100 * shifted_geometric_mean(values, GAP_SHIFT):.2f}" for values in gaps if values)
        or "-",
        f"{paired_ratio(gaps[1], gaps[0], GAP_SHIFT):.2f}" if is_open else "-",
        f"{worst.name} {worst.ratio(limit_s):.2f}",
    ]


def markdown(found: Sequence[Comparison], limit_s: float, title: str) -> str:
    """Return the tables of families and of problems."""
    heads = ("family", "threads", "solves", "proofs", "s", "ratio", "gap %", "ratio", "worst")
    each = ("problem", "threads", "plan before", "after", "bound before", "after", "s before", "after")
    cells = [
        [
            one.name,
            str(one.threads),
            *(f"{side.objective:,.0f}" for side in (one.before, one.after)),
            *(f"{side.bound:,.1f}" for side in (one.before, one.after)),
            *(f"{side.seconds:.1f}" for side in (one.before, one.after)),
        ]
        for one in found
    ]
    tables = (markdown_table(heads, rows(found, limit_s)), markdown_table(each, cells))
    return "\n".join(("# Two versions of the engine", "", title, "", *tables))


def compare(asked: argparse.Namespace, before: Path, folder: Path) -> list[Comparison]:
    """Solve every problem with both versions."""
    named = [("files", Path(path).resolve()) for path in asked.problem]
    families = asked.family or (
        [] if asked.problem else ["grid", "corridors", "hub-ring", "geometric", "hard"]
    )
    for listed in choose(asked.instance, families) if asked.instance or families else ():
        path = folder / f"{listed.name}.json"
        save(instance(listed.name), path)
        named.append((listed.family, path))
    found: list[Comparison] = []
    for threads in asked.threads:
        for family, path in named:
            for seed in asked.seeds:
                order = (before, ROOT) if len(found) % 2 else (ROOT, before)
                by_tree = {
                    tree: solved(tree, path, limit_s=asked.time_limit_s, threads=threads, seed=seed)
                    for tree in order
                }
                found.append(Comparison(family, path.stem, threads, by_tree[before], by_tree[ROOT]))
                one = found[-1]
                print(
                    f"{one.name} ({threads}): {one.before.objective:.0f} / {one.before.bound:.0f} in "
                    f"{one.before.seconds:.1f} s -> {one.after.objective:.0f} / {one.after.bound:.0f} in "
                    f"{one.after.seconds:.1f} s",
                    flush=True,
                )
    return found


def main() -> None:
    """Compare two versions, and write the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("revision", help="revision of Git to compare with")
    parser.add_argument("--family", action="append", default=[], help="family of the bench")
    parser.add_argument("--instance", action="append", default=[], help="instance of the bench")
    parser.add_argument("--problem", action="append", default=[], help="problem file")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--threads", type=int, nargs="+", default=[2])
    parser.add_argument("--time-limit-s", type=float, default=60.0)
    parser.add_argument("--out", type=Path, help="file for the tables")
    asked = parser.parse_args()
    with checked_out(asked.revision) as before, tempfile.TemporaryDirectory() as name:
        found = compare(asked, before, Path(name))
    title = f"Before: `{asked.revision}`. Time limit {asked.time_limit_s:g} s, seeds {asked.seeds}."
    text = markdown(found, asked.time_limit_s, title)
    print(text)
    if asked.out is not None:
        asked.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
