"""Seek robust plans of a job, or compare those of random small problems with an enumeration of all plans.

    python benchmarks/robust.py [--job jing-jin-ji-uncertain] [--scenarios 20] [--kinds expected regret]
    python benchmarks/robust.py --problems 500

The first prints a row a kind: what was proven, and how long it took. The random problems, and the
enumeration, are those of the tests (tests/drawings/robust_drawing.py); the enumeration works on the scenarios
by themselves, and no code of the optimiser takes part in it. The engine answers in this process, since a
child process would take longer to start than these problems to solve. Ends with exit code 1 where an answer
differs or is not proven.
"""

from __future__ import annotations

import argparse
import importlib
import math
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from optimiser.engine.search.task import SolveParameters
from optimiser.frontier import askers, levels
from optimiser.frontier.robust import (
    AFFORD,
    STEPS,
    RobustQuestion,
    compose,
    coverable_weights,
    level_offset,
    robust_plan,
    solve_alone,
)
from optimiser.studies.robust import robust

DRAWINGS = Path(__file__).resolve().parent.parent / "tests" / "drawings"
EXACT = SolveParameters(threads=1)
HEADS = (
    "kind",
    "scenarios",
    "proven gap",
    "level",
    "mean weight",
    "links",
    "cost",
    "solve s",
    "whole s",
    "load",
)


def differing(count: int) -> int:
    """Return the number of answers that are not those of the enumeration."""
    drawing: Any = importlib.import_module("robust_drawing")
    here = importlib.import_module("engine_running").HereProcess()
    wrong = 0
    for seed in range(count):
        for kind, found, true in _answers(drawing, seed, here):
            if found != true:
                wrong += 1
                print(f"problem {seed}, {kind}: {found}; the enumeration gives {true}")
    return wrong


def _answers(drawing: Any, seed: int, here: Any) -> Iterator[tuple[str, object, object]]:  # noqa: ANN401 - modules
    """Yield kind, proven answer and enumerated answer for a random problem."""
    base, scenarios = drawing.futures(seed)
    afford = AFFORD[seed % 3]
    composed = compose(base, scenarios, afford=afford)
    ever = coverable_weights(composed)

    def proven(kind: Any, **options: Any) -> Any:  # noqa: ANN401 - a plan's objective
        alone = options.pop("alone", ())
        answer = robust_plan(composed, RobustQuestion(kind=kind, **options), EXACT, alone=alone, run=here)
        if answer.level is not None:
            return answer.level.level if answer.level.level == answer.level.bound else "open"
        if answer.result.status == "infeasible":
            return None
        return answer.result.objective if answer.result.status == "optimal" else "open"

    yield "expected", proven("expected"), drawing.best_expected(base, scenarios, afford)
    share = drawing.SHARES[seed % len(drawing.SHARES)]
    least = [math.ceil(share * weight) for weight in ever]
    yield "share", proven("share", share=share), drawing.best_expected(base, scenarios, afford, least)
    need = 1 + seed % len(scenarios)
    yield "count", proven("count", need=need), drawing.best_count(base, scenarios, need, afford)
    if any(ever):
        yield "max_min", proven("max_min"), drawing.best_share(base, scenarios, STEPS, afford)
    alone = [solve_alone(scenario, EXACT, here) for scenario in scenarios]
    regret = drawing.least_regret(base, scenarios, afford)
    yield "regret", proven("regret", alone=alone), level_offset(alone) - regret


def row(job: str, kind: str, scenarios: int, folder: Path) -> Sequence[object]:
    """Seek a robust plan; return what was proven and how long it took."""
    begun = time.monotonic()
    settings = [f'robust.kind="{kind}"', f"robust.scenarios={scenarios}"]
    if kind != "regret":
        settings.append("robust.compare=false")
    found = robust(job, out=folder, settings=settings).summary
    level = found.get("level") or {}
    bounds = [level[key] for key in ("share", "share_most", "regret", "regret_least") if key in level]
    return (
        kind,
        found["scenarios"],
        f"{found['gap']:.2%}",
        " to ".join(str(one) for one in bounds),
        f"{found['mean_plan']:,.0f}",
        found["links"],
        f"{found['cost']:,}",
        f"{found['seconds'] + level.get('seconds', 0):.0f}",
        f"{time.monotonic() - begun:.0f}",
        f"{os.getloadavg()[0]:.1f}",
    )


def main() -> None:
    """Run the comparison, or seek the plans."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--problems", type=int, default=0)
    parser.add_argument("--job", default="jing-jin-ji-uncertain")
    parser.add_argument("--scenarios", type=int, default=20)
    parser.add_argument("--kinds", nargs="+", default=["expected"])
    asked = parser.parse_args()
    if asked.problems:
        sys.path.insert(0, str(DRAWINGS))
        here = importlib.import_module("engine_running").HereProcess
        for module in (askers, levels):
            module.ChildProcess = here  # type: ignore[attr-defined]
        begun = time.monotonic()
        wrong = differing(asked.problems)
        print(f"{asked.problems} problems, {wrong} answers differ, {time.monotonic() - begun:.0f} s")
        sys.exit(1 if wrong else 0)
    print(f"| {' | '.join(HEADS)} |\n|{'---|' * len(HEADS)}")
    with tempfile.TemporaryDirectory() as place:
        for kind in asked.kinds:
            cells = row(asked.job, kind, asked.scenarios, Path(place) / kind)
            print(f"| {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    main()
