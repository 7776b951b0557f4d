"""Time the main job as a whole process: first run with an empty cache, second run from the cache.

Run it with `python benchmarks/main_job.py`. Wall and CPU seconds and the peak memory of the largest process
are those that the operating system reports after the processes have ended (POSIX only).
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def timed(job: str, out: Path, cache: Path) -> tuple[float, float, float, int]:
    """Run a job and return wall seconds, CPU seconds, peak memory in MB and the exit code."""
    command = [sys.executable, "-m", "optimiser.cli", "run", job, "--out", str(out)]
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        env={**os.environ, "POLYRING_CACHE": str(cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    code = os.waitstatus_to_exitcode(status)
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, code


def main() -> None:
    """Print one Markdown row per run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--job", default="jing-jin-ji")
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    print(f"{asked.job}; {machine}, load {os.getloadavg()[0]:.1f}\n")
    print("| run | cache | wall s | CPU s | peak MB | exit code |\n|---|---|---|---|---|---|")
    for repeat in range(1, asked.repeats + 1):
        with tempfile.TemporaryDirectory() as folder:
            for state in ("empty", "full"):
                wall, cpu, peak, code = timed(asked.job, Path(folder, "run"), Path(folder, "cache"))
                print(f"| {repeat} | {state} | {wall:.1f} | {cpu:.1f} | {peak:.0f} | {code} |", flush=True)


if __name__ == "__main__":
    main()
