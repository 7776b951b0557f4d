"""Run tests in a copy of the tree, in which one mutant after the other stands."""

import faulthandler
import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import CodeType
from typing import Any, Self, TextIO

import pytest

ROOT = Path(__file__).resolve().parents[1]

COPIED = ("networks", "optimiser", "tests", "benchmarks", "docs", "notebooks", "tools")
"""Folders that a mutant's copy of the tree holds, beside the files of the top folder."""


LIBRARIES = (
    "geopandas", "highspy", "hypothesis.strategies", "networkx", "numba", "pulp", "scipy.optimize",
    "scipy.sparse.csgraph", "scipy.spatial", "shapely",
)  # fmt: skip
"""Libraries that most tests load; nothing of the project, which each mutant changes."""


ENDED, CRASHED = -1000, 70
"""Instead of the exit code of pytest: the tests of a mutant were ended, or pytest did not return."""


OUTPUT = "output.txt"
"""File beside a task with what pytest wrote."""


LATE = "late.txt"
"""File beside a task that is not empty when a test was ended at its time limit."""


class Tree:
    """A copy of the checkout in which one mutant after the other is tested.

    Parameters
    ----------
    folder
        Where the copy is made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ignore = shutil.ignore_patterns(".hypothesis", ".pytest_cache")
        for name in COPIED:
            shutil.copytree(ROOT / name, folder / name, ignore=ignore)
        for path in ROOT.iterdir():
            if path.is_file():
                shutil.copy2(path, folder / path.name)
        changed = {
            "PYTHONPATH": str(folder),
            "POLYRING_SHARED": os.environ.get("POLYRING_SHARED", str(ROOT.parent / "shared")),
            "OPENBLAS_NUM_THREADS": "1",  # a process with threads had better not be forked
        }
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tools.mutant_tests"],
            cwd=folder,
            env=os.environ | changed,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        """Return the tree."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End the process that runs the tests."""
        self._server.communicate()

    def write(self, path: str, content: bytes) -> None:
        """Write a source and drop its byte code, which is only told apart by size and second."""
        target = self.folder / path
        target.write_bytes(content)
        for stale in target.parent.glob(f"__pycache__/{target.stem}.*.pyc"):
            stale.unlink()

    def first_failure(self, task: dict[str, Any], limit_s: float) -> tuple[str, str, dict[str, Any]]:
        """Return `survived`, `killed` or `timed out`, the first test that fails, and what was recorded.

        Parameters
        ----------
        task
            As of `run_tests`.
        limit_s
            Wall time after which no further test is run.
        """
        with tempfile.TemporaryDirectory(prefix="mutant-task-") as folder:
            path = Path(folder) / "task.json"
            path.write_text(json.dumps(task), encoding="utf-8")
            code = self._code_of(path, limit_s)
            recorded = json.loads(path.read_text(encoding="utf-8"))
            output = path.with_name(OUTPUT).read_text(encoding="utf-8", errors="replace")
            late = path.with_name(LATE)
            is_late = late.is_file() and late.stat().st_size > 0
        if is_late:
            return "timed out", "", {}
        failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE)
        if code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED, ENDED):
            return "survived", "", recorded
        if code > 1 and not failed:  # wrong use of pytest, or a fault in it, is no test that fails
            raise SystemExit(f"pytest ended with {code}:\n{output[-2000:]}")
        return "killed", failed[0] if failed else f"exit code {code}", recorded

    def _code_of(self, task: Path, limit_s: float) -> int:
        """Return the exit code of the tests of a task, which another process runs."""
        server = self._server
        if server.stdin is None or server.stdout is None:
            raise AssertionError
        server.stdin.write(f"{limit_s} {task}\n")
        server.stdin.flush()
        answer = server.stdout.readline()
        if not answer:
            raise SystemExit("the process that runs the tests ended")
        return int(answer)


def serve() -> None:
    """Run the tests of each task that is named on the standard input, and print the exit codes.

    Each task has a process of its own, which begins with the libraries of others loaded: that is most of what
    a short test takes.
    """
    for name in LIBRARIES:
        importlib.import_module(name)
    # The one thread that is left is that of Arrow's allocator, which is made for forks.
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    for line in sys.stdin:
        limit, path = line.rstrip("\n").split(" ", 1)
        process = os.fork()
        if not process:
            _run_task(Path(path))
        print(_exit_code(process, time.monotonic() + float(limit)), flush=True)


def _run_task(task: Path) -> None:
    """Run the tests of a task in this process, and end it."""
    os.setsid()
    output = os.open(task.with_name(OUTPUT), os.O_WRONLY | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ["POLYRING_CACHE"] = os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(task.with_name("cache"))
    code = CRASHED
    try:
        code = run_tests(task)
    finally:
        sys.stdout.flush()
        os._exit(code)


def _exit_code(process: int, end: float) -> int:
    """Return the exit code of a process, `ENDED` where its time ran out; nothing of its group is left."""
    found, status = 0, 0
    while not found and time.monotonic() < end:
        found, status = os.waitpid(process, os.WNOHANG)
        time.sleep(0.02)
    with suppress(ProcessLookupError):  # a test that was ended may leave child processes
        os.killpg(process, signal.SIGKILL)
    if not found:
        os.waitpid(process, 0)
        return ENDED
    return os.waitstatus_to_exitcode(status)


class Recorder:
    """A pytest plugin that notes which functions each test calls in this process, and how long it takes.

    Parameters
    ----------
    folder
        The tree; calls of functions of the packages in it are noted.
    """

    def __init__(self, folder: Path) -> None:
        self.calls: dict[str, set[str]] = defaultdict(set)
        self.seconds: dict[str, float] = defaultdict(float)
        self._inside = f"{folder}/optimiser/", f"{folder}/networks/"
        self._from = len(f"{folder}/")
        self._note: set[str] = set()
        self.failed: set[str] = set()
        sys.monitoring.use_tool_id(sys.monitoring.PROFILER_ID, "mutants")
        sys.monitoring.set_events(sys.monitoring.PROFILER_ID, sys.monitoring.events.PY_START)
        sys.monitoring.register_callback(
            sys.monitoring.PROFILER_ID, sys.monitoring.events.PY_START, self._started
        )

    def _started(self, code: CodeType, _offset: int) -> object:
        """Note a call; the next one of the same function in the same test is not reported."""
        if self._note and code.co_filename.startswith(self._inside):
            name = code.co_qualname.replace(".<locals>", "")
            self.calls[f"{code.co_filename[self._from :]} {name}"] |= self._note
        return sys.monitoring.DISABLE

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
    ) -> Iterator[None]:
        """Note what a fixture calls that several tests share as calls of each of them."""
        if fixturedef.scope == "function":
            return (yield)
        name, base = fixturedef.argname, fixturedef.baseid
        users = [one for one in request.session.items if name in getattr(one, "fixturenames", ())]
        outer, self._note = self._note, {_name_of(one) for one in users if one.nodeid.startswith(base)}
        sys.monitoring.restart_events()
        try:
            return (yield)
        finally:
            self._note = outer
            sys.monitoring.restart_events()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note calls for another test from now on."""
        self._note = {nodeid.split("[", 1)[0]}
        sys.monitoring.restart_events()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add the set-up, call or tear-down of a test; one that fails without a change shows nothing."""
        self.seconds[_name_of(report)] += report.duration
        if report.failed:
            self.failed.add(_name_of(report))


def _name_of(item: pytest.Item | pytest.TestReport) -> str:
    """Return the name of a test without its parameters."""
    return item.nodeid.split("[", 1)[0]


class ShortestFirst:
    """A pytest plugin that runs some tests alone, in the order given.

    Parameters
    ----------
    tests
        Their names without parameters, each with the seconds after which it is ended.
    late
        File that is written to when a test is ended.
    """

    def __init__(self, tests: Mapping[str, float], late: TextIO) -> None:
        self.rank = {test: rank for rank, test in enumerate(tests)}
        self.limit_s = tests
        self.late = late

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """End the process where this test takes too long, also within compiled code."""
        faulthandler.dump_traceback_later(self.limit_s[nodeid.split("[", 1)[0]], exit=True, file=self.late)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Drop the other tests and sort these."""
        chosen = (item for item in items if _name_of(item) in self.rank)
        items[:] = sorted(chosen, key=lambda item: self.rank[_name_of(item)])


def run_tests(task: Path) -> int:
    """Run tests in the tree that is the working directory, and return the exit code of pytest.

    Parameters
    ----------
    task
        JSON file with the `paths` of tests and their `tier`, the first where none is named; with the `tests`
        among them to run in this order, each with its time limit in seconds; or with `record`, so that what
        the tests call is written to the same file.
    """
    asked = json.loads(task.read_text(encoding="utf-8"))
    options = [
        "-x",
        "-n",
        "0",
        "-q",
        "--no-header",
        "--tb=no",
        "-p",
        "no:cacheprovider",
        "--hypothesis-seed=0",
    ]
    options += [f"--tier={asked.get('tier', 'first')}", *asked["paths"]]
    recorder = Recorder(Path.cwd()) if "record" in asked else None
    with task.with_name(LATE).open("w", encoding="utf-8") as late:
        chosen = ShortestFirst(asked["tests"], late) if "tests" in asked else None
        code = int(pytest.main(options, plugins=[one for one in (recorder, chosen) if one]))
    if recorder:
        calls = {name: sorted(tests - recorder.failed) for name, tests in recorder.calls.items()}
        seconds = {test: s for test, s in recorder.seconds.items() if test not in recorder.failed}
        task.write_text(json.dumps({"calls": calls, "seconds": seconds}), encoding="utf-8")
    return code


if __name__ == "__main__":
    serve()
