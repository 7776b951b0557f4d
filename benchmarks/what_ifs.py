"""Time the what-if questions of the front door on a region, each in the process that has run the job.

    python benchmarks/what_ifs.py                   # the default region, plausible cases off
    python benchmarks/what_ifs.py --job NAME        # another ready job

Wall seconds are those that an analyst waits for the answer, the independent check included; CPU seconds those
of this process and of the kept solver process (Linux; elsewhere of this process alone). The second limit
finds what the first one has worked out of networks and cities. `--reopen` asks in a process that has opened
the finished run from its folder instead.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from measured import MACHINE

import polyring as pr
from optimiser.run.solving import within_limit

TARGET_S = 15.0
HEADS = ("question", "wall s", "CPU s", "solve s", "gap", "pairs", "cost")


def questions(run: pr.Run) -> Mapping[str, Mapping[str, Any]]:
    """Return the arguments of `Run.solve` by the words of each question."""
    table = run.candidates
    idle = str(table.loc[~table["built"], "candidate_id"].iloc[0])
    return {
        "`without=[1]`": {"without": [1]},
        f"`force=['{idle}']`": {"force": [idle]},
        "`budget=0.5`": {"budget": 0.5},
        '`weights={"small": 3}`': {"weights": {"small": 3}},
        '`limit="3h30"`': {"limit": "3h30"},
        '`limit="3h45"`': {"limit": "3h45"},
    }


def cpu_s() -> float:
    """Return the CPU seconds of this process, its ended children, and on Linux those that still run."""
    spent = os.times()
    found = spent.user + spent.system + spent.children_user + spent.children_system
    running = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    for child in running.read_text(encoding="utf-8").split() if running.exists() else ():
        stat = Path(f"/proc/{child}/stat").read_text(encoding="utf-8")
        user, system = stat.rpartition(")")[2].split()[11:13]
        found += (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    return found


def row(words: str, answer: pr.Run, wall_s: float, spent_s: float) -> str:
    """Return a row of the table in Markdown."""
    gap = "" if answer.gap is None else f"{answer.gap:.2%}"
    cells = (
        words,
        f"{wall_s:.1f}",
        f"{spent_s:.1f}",
        f"{answer.result.seconds:.1f}",
        gap,
        f"{len(within_limit(answer.counted, answer.plan).covered):,}",
        f"{answer.cost:,}",
    )
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one row a question; return 1 where an answer took longer than the target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--job", default="jing-jin-ji")
    parser.add_argument("--reopen", action="store_true", help="open the run from its folder before asking")
    asked = parser.parse_args(arguments)
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "run")
        run = pr.run(asked.job, settings=["cases.enabled=false"], out=home)
        if asked.reopen:
            run.close()
            run = pr.load(home)
        try:
            print(f"{asked.job}; {MACHINE}, load {os.getloadavg()[0]:.1f}\n")
            print(f"| {' | '.join(HEADS)} |\n|{'---|' * len(HEADS)}")
            for words, changes in questions(run).items():
                wall, cpu = time.perf_counter(), cpu_s()
                answer = run.solve(**changes)
                wall_s, spent_s = time.perf_counter() - wall, cpu_s() - cpu
                slowest = max(slowest, wall_s)
                print(row(words, answer, wall_s, spent_s), flush=True)
        finally:
            run.close()
    print(f"\nSlowest answer {slowest:.1f} s; target {TARGET_S:.0f} s.")
    return int(slowest > TARGET_S)


if __name__ == "__main__":
    raise SystemExit(main())
