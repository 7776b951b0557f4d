"""Time screenings of places from the command to the page, each as a whole process with an empty cache.

Usage: python benchmarks/screenings.py [PLACE ...]

Wall seconds to the page (the line that says that it is written, or the end where nothing follows) and to the
end, CPU seconds and the peak memory of the largest process, as the operating system reports them (POSIX).
Needs the extra `world`.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PLACES = ("Lagos", "Milan", "Delhi")
PAGE = "The page is written"


def timed(place: str, folder: Path) -> str:
    """Run the screening of a place and return its row."""
    out = folder / "run"
    command = [sys.executable, "-m", "optimiser.cli", "run", "--around", place, "--out", str(out)]
    started, page_s = time.perf_counter(), 0.0
    process = subprocess.Popen(
        command,
        env={**os.environ, "POLYRING_CACHE": str(folder / "cache")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stderr or ():
        if line.startswith(PAGE):
            page_s = time.perf_counter() - started
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    pairs, sizes = summary["coverage"]["all"], summary["sizes"]
    cells = (
        place,
        sizes["cities"],
        sizes["road links read"],
        f"{page_s or wall_s:.0f}",
        f"{wall_s:.0f}",
        f"{usage.ru_utime + usage.ru_stime:.0f}",
        f"{usage.ru_maxrss / 1024:.0f}",
        f"{pairs['before_pairs']} of {pairs['pairs']}",
        os.waitstatus_to_exitcode(status),
    )
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    """Print one Markdown row per place."""
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    print(f"{machine}, load {os.getloadavg()[0]:.1f}\n")
    print("| place | cities | road links | page s | wall s | CPU s | peak MB | pairs today | exit code |")
    print("|---|---|---|---|---|---|---|---|---|")
    for place in sys.argv[1:] or PLACES:
        with tempfile.TemporaryDirectory() as folder:
            print(timed(place, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
