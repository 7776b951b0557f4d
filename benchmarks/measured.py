"""Measure a command with all processes that it starts, and write what benchmarks found as tables."""

import os
import platform
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

MACHINE = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
PAUSE_S = 0.2
"""Seconds between two samples of memory."""


@dataclass(frozen=True)
class Measured:
    """What a command took.

    Attributes
    ----------
    wall_s, cpu_s
        Seconds until it ended, and of all processors.
    page_s
        Seconds until the page appeared; None without one.
    peak_mb
        Largest memory of all processes together.
    said
        End of the standard error.
    """

    wall_s: float
    cpu_s: float
    page_s: float | None
    peak_mb: float
    code: int
    said: str


def memory_mb(process: psutil.Process) -> float:
    """Return the memory of a process and all below it, each shared page counted once where that is known."""
    total = 0.0
    with suppress(psutil.Error):
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.Error):
                total += getattr(one.memory_full_info(), "pss", 0) or one.memory_info().rss
    return total / 2**20


def measure(
    command: Sequence[str],
    *,
    cache: Path,
    folder: Path | None = None,
    page: Path | None = None,
    limit_s: float = float("inf"),
) -> Measured:
    """Run a command, and return what it took.

    Parameters
    ----------
    cache
        Folder of the caches of the program and of machine code.
    folder
        Where it runs; None: here.
    page
        File whose appearance is timed.
    limit_s
        Seconds after which it is asked to end.
    """
    places = {"POLYRING_CACHE": cache / "polyring", "NUMBA_CACHE_DIR": cache / "numba"}
    environment = {**os.environ, **{name: str(place) for name, place in places.items()}}
    environment.pop("VIRTUAL_ENV", None)
    peak, page_s, ended = 0.0, None, threading.Event()
    begun = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            list(command), cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=said
        )

        def watch() -> None:
            nonlocal peak, page_s
            while not ended.wait(PAUSE_S):
                if page_s is None and page is not None and page.is_file():
                    page_s = time.perf_counter() - begun
                with suppress(psutil.Error):
                    peak = max(peak, memory_mb(psutil.Process(process.pid)))
                if time.perf_counter() - begun > limit_s:
                    process.terminate()

        watching = threading.Thread(target=watch)
        watching.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall_s, process.returncode = time.perf_counter() - begun, os.waitstatus_to_exitcode(status)
        ended.set()
        watching.join()
        said.seek(0)
        tail = said.read()[-500:]
    cpu_s, peak = usage.ru_utime + usage.ru_stime, max(peak, usage.ru_maxrss / 1024)
    return Measured(wall_s, cpu_s, page_s, peak, process.returncode, tail)


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return the lines of a table in Markdown."""
    return [line(heads), "|" + "---|" * len(heads), *map(line, rows)]


def line(cells: Sequence[object]) -> str:
    """Return a line of a table in Markdown."""
    return f"| {' | '.join(map(str, cells))} |"
