"""Compare largest levels, and plans under closures, with an enumeration of all plans of small problems.

    python benchmarks/closures.py [--problems 500]

The problems, and the enumeration, are those of the tests (tests/drawings); the enumeration knows the file
format alone, and no code of the optimiser takes part in it. The engine answers in this process, since a child
process would take longer to start than these problems to solve. Ends with exit code 1 where an answer differs
or is not proven.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path

from optimiser.engine.search.task import SolveParameters
from optimiser.frontier import askers, closures, levels
from optimiser.frontier.closures import most_coverage
from optimiser.frontier.levels import highest_level

DRAWINGS = Path(__file__).resolve().parent.parent / "tests" / "drawings"

EXACT = SolveParameters(threads=1)


def differing_levels(count: int) -> int:
    """Return the number of problems whose largest level is not that of the enumeration."""
    drawing = importlib.import_module("level_drawing")
    draw = importlib.import_module("core_drawing").dense_problem
    differing = 0
    for seed in drawing.budgeted(count):
        problem = draw(seed)
        targets = drawing.drawn_targets(problem, seed)
        found, expected = highest_level(problem, targets, EXACT), drawing.largest(problem, targets)
        if (found.level, found.bound) != (expected, expected):
            differing += 1
            print(
                f"problem {seed}: level {found.level}, bound {found.bound}; the enumeration gives {expected}"
            )
    return differing


def differing_closures(count: int) -> int:
    """Return the number of problems whose best plan under closures is not that of the enumeration."""
    drawing = importlib.import_module("closure_drawing")
    differing = 0
    for seed in importlib.import_module("level_drawing").budgeted(count):
        problem, shut, keep = drawing.drawn_closures(seed)
        found, expected = most_coverage(problem, shut, keep, EXACT), drawing.best_credit(problem, shut, keep)
        is_true = expected is None or drawing.credit(problem, set(found.built), shut, keep) == expected
        if (found.value, found.bound) != (expected, expected) or not is_true:
            differing += 1
            print(f"problem {seed}: {found.value}, bound {found.bound}; the enumeration gives {expected}")
    return differing


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--problems", type=int, default=500)
    asked = parser.parse_args()
    sys.path.insert(0, str(DRAWINGS))
    here = importlib.import_module("engine_running").HereProcess
    for module in (askers, closures, levels):
        module.ChildProcess = here  # type: ignore[attr-defined]
    total = 0
    for name, compare in (("levels", differing_levels), ("closures", differing_closures)):
        begun = time.monotonic()
        differing = compare(asked.problems)
        total += differing
        print(f"{name}: {asked.problems} problems, {differing} differ, {time.monotonic() - begun:.0f} s")
    sys.exit(1 if total else 0)


if __name__ == "__main__":
    main()
