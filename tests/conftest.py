"""Share what every test may need: its tier, the shared data folder, and what is made once for all tests."""

from __future__ import annotations

import fcntl
import gc
import importlib.util
import os
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
import tiers
from engine_running import solve_here
from hypothesis import settings

from optimiser.problem.result import Result, save

ROOT = Path(__file__).resolve().parent.parent

MOST_YOUNG = 20_000
"""New objects after which the garbage collector looks at them."""

settings.register_profile(tiers.FIRST, deadline=None, max_examples=10)
settings.register_profile(tiers.LONG, deadline=None, max_examples=50)
settings.register_profile(tiers.BOTH, deadline=None, max_examples=100)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that choose the tier."""
    parser.addoption("--tier", choices=tiers.TIERS, default=tiers.FIRST, help="which tests run (first)")
    parser.addoption(
        "--long",
        action="store_const",
        const=tiers.LONG,
        dest="tier",
        help="run what the first tier leaves out or draws fewer cases of (as --tier long)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Choose the tier before any test is imported."""
    tiers.Tier.name = config.getoption("tier")
    settings.load_profile(tiers.Tier.name)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests of the other tier; a test that draws more cases in the long one runs in both."""
    if tiers.Tier.name == tiers.BOTH:
        return
    left_out = [item for item in items if not _runs(item)]
    config.hook.pytest_deselected(items=left_out)
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    items[:] = _dealt([item for item in items if _runs(item)], processes)


def _dealt(items: list[pytest.Item], processes: int) -> list[pytest.Item]:
    """Return the items in an order in which each process begins with those that take long.

    A process begins with an equal part of the list, and takes over from the ends of others when it has done
    its own: with short ones at the ends all processes end together. What lies in one module stays together.
    """
    modules: dict[Path, list[pytest.Item]] = {}
    for item in filter(_is_long_itself, items):
        modules.setdefault(item.path, []).append(item)
    others = iter([item for item in items if not _is_long_itself(item)])
    dealt: list[pytest.Item] = []
    for number in range(processes):
        first = [item for module in [*modules.values()][number::processes] for item in module]
        part = (len(items) - len(dealt)) // (processes - number)
        dealt += [*first, *islice(others, max(0, part - len(first)))]
    return [*dealt, *others]


def _is_long_itself(item: pytest.Item) -> bool:
    """Say whether a test is long for all its parameters, and does not just draw more cases in this tier."""
    parameters = item.callspec.marks if hasattr(item, "callspec") else ()
    return item.get_closest_marker("long") is not None and "long" not in {mark.name for mark in parameters}


def pytest_collection_finish() -> None:
    """Spare the garbage collector what lives as long as the process: modules and thousands of tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(MOST_YOUNG, 10, 10)


def _runs(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function):  # a notebook
        return True
    is_long = item.get_closest_marker("long") is not None
    if tiers.Tier.name == tiers.FIRST:
        return not is_long
    if item.get_closest_marker("rare") is not None:
        return False
    return is_long or "draws" in item.fixturenames or getattr(item.function, "is_hypothesis_test", False)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let solver processes do their tasks in the process of the test."""
    solve_here(monkeypatch)


@pytest.fixture
def draws() -> Callable[[int, int], range]:
    """Return the function that says which cases a loop runs through in this tier."""
    return tiers.draws


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Return a function that fills a folder once for all tests of this call of pytest, in all its processes.

    Tests that change something in the folder take a copy of it.
    """
    own = tmp_path_factory.getbasetemp()
    root = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def folder(name: str, fill: Callable[[Path], object]) -> Path:
        made = root / name
        with (root / f"{name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.fstat(lock.fileno()).st_size:  # its position is that of when it was opened
                made.mkdir()
                fill(made)
                lock.write("made\n")
        return made

    return folder


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Return the folder of shared test data; skip where it is absent."""
    folder = Path(os.environ.get("POLYRING_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip("the shared data folder is not here")
    return folder


@pytest.fixture
def independent_check(shared_dir: Path, tmp_path: Path) -> Callable[[Path, Result], None]:
    """Return a function by which the checker of the shared folder accepts a result as proven optimal."""
    file = shared_dir / "check.py"
    spec = importlib.util.spec_from_file_location("independent_checker", file)
    assert spec is not None
    assert spec.loader is not None
    checker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(checker)

    def accepts(problem: Path, result: Result) -> None:
        save(result, tmp_path / "result.json")
        assert checker.main([str(problem), str(tmp_path / "result.json"), "--gap", "0"]) == 0, problem.name

    return accepts


@pytest.fixture(autouse=True)
def forget_threads() -> None:
    """Let each test choose its number of threads: the scheduler of HiGHS keeps that of the first model."""
    if "highspy" in sys.modules:
        from optimiser.engine.backends.highs import reset_threads

        reset_threads()
