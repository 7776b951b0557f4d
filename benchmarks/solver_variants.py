"""Run the documented sets of `polyring bench`, each into a folder of its own, and print what was run.

Usage: python benchmarks/solver_variants.py [-o FOLDER] [--time-limit-s S] [--jobs N] [--dry-run] [SET ...]

Without SET every set is run. An interrupted set continues where it ended; its folder holds runs.csv,
summary.md, traces and figures. `public` needs the public problems beside the project (see `polyring bench
--list`) and is skipped where they are missing.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from optimiser.bench.instances import registered
from optimiser.cli import call
from optimiser.engine.methods.variants import VARIANTS

EXACT = tuple(name for name, variant in VARIANTS.items() if variant.proves and name != "auto")
HEURISTICS = tuple(name for name, variant in VARIANTS.items() if not variant.proves and name != "do-nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """One documented run of the bench."""

    about: str
    families: tuple[str, ...]
    variants: tuple[str, ...]
    time_limit_s: float
    solvers: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (1,)
    threads: int = 1

    def words(self, folder: Path, jobs: int, time_limit_s: float | None) -> list[str]:
        """Return the words of the command."""
        limit_s = self.time_limit_s if time_limit_s is None else time_limit_s
        repeated = [("--family", self.families), ("--variant", self.variants), ("--solver", self.solvers)]
        return [
            "bench",
            *(word for name, values in repeated for value in values for word in (name, value)),
            *(word for seed in self.seeds for word in ("--seeds", str(seed))),
            *("--time-limit-s", f"{limit_s:g}", "--threads", str(self.threads)),
            *("--jobs", str(jobs), "--output", str(folder)),
        ]


SETS = {
    "families": Set(
        about="every exact variant and heuristic on the generated families",
        families=("grid", "corridors", "hub-ring", "geometric"),
        variants=(*EXACT, *HEURISTICS),
        time_limit_s=60,
    ),
    "solvers": Set(
        about="every solver of every exact variant on grids and missing links",
        families=("grid", "geometric"),
        variants=EXACT,
        solvers=("all",),
        time_limit_s=30,
    ),
    "public": Set(
        about="converted public networks",
        families=("public",),
        variants=("auto", *EXACT),
        time_limit_s=300,
    ),
    "region": Set(
        about="the default region, 34 cities and counties, three limits, two budgets",
        families=("region-*",),
        variants=("auto", *EXACT, "lns") if "lns" in VARIANTS else ("auto", *EXACT),
        time_limit_s=300,
    ),
    "cover": Set(
        about="the default region, everything coverable covered at least cost",
        families=("cover-*",),
        variants=("auto", *EXACT),
        time_limit_s=600,
    ),
    "hard": Set(
        about="nothing covered yet, many ways a pair",
        families=("hard",),
        variants=("auto", *EXACT, *HEURISTICS),
        time_limit_s=60,
    ),
    "sizes": Set(
        about="time against size: generated countries",
        families=("size", "national"),
        variants=("auto", *EXACT, *HEURISTICS),
        time_limit_s=300,
    ),
    "seeds": Set(
        about="how much the seed of the solver matters",
        families=("geometric",),
        variants=("auto",),
        seeds=(1, 2, 3, 4, 5),
        time_limit_s=60,
    ),
}


def main() -> int:
    """Run the sets asked for.

    Returns
    -------
    int
        0, or the first exit code that is not 0.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"of: {', '.join(SETS)}")
    parser.add_argument("-o", "--output", type=Path, default=Path("polyring-bench"))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--time-limit-s", type=float, help="of each solve, in place of the set's own")
    parser.add_argument("--dry-run", action="store_true", help="print the commands only")
    asked = parser.parse_args()
    unknown = sorted(set(asked.sets) - set(SETS))
    if unknown:
        parser.error(f"no set {', '.join(unknown)}; sets: {', '.join(SETS)}")
    known = {one.family for one in registered()}
    for name in asked.sets or SETS:
        chosen = SETS[name]
        if chosen.families == ("public",) and "public" not in known:
            print(f"# {name}: the public problems are not here; skipped")
            continue
        words = chosen.words(asked.output / name, asked.jobs, asked.time_limit_s)
        print(f"# {name}: {chosen.about}\npolyring {shlex.join(words)}", flush=True)
        code = 0 if asked.dry_run else call(words)
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
