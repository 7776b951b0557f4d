"""Share what every test may need: the shared data folder, and the mark of quick tests."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SLOW_LIST = Path(__file__).with_name("slow_tests.txt")
"""Functions whose tests take more than `QUICK_S` on average, with their seconds in all; the tests of all
others are quick."""
QUICK_S = 0.06


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Return the folder of shared test data; skip where it is absent."""
    folder = Path(os.environ.get("POLYRING_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip("the shared data folder is not here")
    return folder


@pytest.fixture(autouse=True)
def forget_threads() -> None:
    """Let each test choose its number of threads: the scheduler of HiGHS keeps that of the first model."""
    if "highspy" in sys.modules:
        from optimiser.engine.backends.highs import reset_threads

        reset_threads()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that measures which tests are slow."""
    parser.addoption("--record-slow", action="store_true", help=f"write {SLOW_LIST.name} from this run")


def pytest_configure(config: pytest.Config) -> None:
    """Measure where asked to; with several processes the first one hears of all tests."""
    if config.getoption("--record-slow") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(SlowTests(), "slow-tests")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of all functions that are not listed as slow, and let the slowest files come first.

    Each process takes one file after another: a slow one at the end would keep a single process busy.
    """
    lines = SLOW_LIST.read_text(encoding="utf-8").splitlines()
    slow = {name: float(seconds) for name, seconds in (line.rsplit(" ", 1) for line in lines)}
    by_file: dict[str, float] = defaultdict(float)
    for name, seconds in slow.items():
        by_file[name.split("::", 1)[0]] += seconds
    for item in items:
        if function_of(item.nodeid) not in slow:
            item.add_marker(pytest.mark.quick)
    items.sort(key=lambda item: -by_file[item.nodeid.split("::", 1)[0]])


def function_of(nodeid: str) -> str:
    """Return the file and function of a test, without its parameters."""
    return nodeid.split("[", 1)[0]


class SlowTests:
    """Adds up what the tests of each function take, and writes the list of slow ones."""

    def __init__(self) -> None:
        self._seconds: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add the set-up, call or tear-down of a test."""
        self._seconds[function_of(report.nodeid)][report.nodeid] += report.duration

    def pytest_sessionfinish(self) -> None:
        """Write the list."""
        totals = {name: (sum(tests.values()), len(tests)) for name, tests in sorted(self._seconds.items())}
        slow = [f"{name} {total:.1f}\n" for name, (total, count) in totals.items() if total > count * QUICK_S]
        SLOW_LIST.write_text("".join(slow), encoding="utf-8")
