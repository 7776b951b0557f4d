"""Give tests of the command line a drawn region and a way to call commands."""

from __future__ import annotations

import ctypes
import shutil
from collections.abc import Callable
from pathlib import Path

import highspy
import pytest
from cli_drawing import draw_region
from engine_running import solve_here

from optimiser.cli.app import call as call_command


@pytest.fixture
def processes() -> None:
    """Let runs be solved in a child process, as they are elsewhere than in these tests."""


@pytest.fixture(autouse=True)
def _in_this_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Solve runs in this process, which spares the start of another, unless a test asks for `processes`."""
    if "processes" not in request.fixturenames:
        solve_here(monkeypatch)


@pytest.fixture
def region(tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a drawn map, its cities and a job.

    The cache is the test's own, and begins with the network, the times and the candidates of the map.
    """
    folder = tmp_path / "region"
    folder.mkdir()
    draw_region(folder)
    for step in ("network", "times", "candidates"):
        shutil.copytree(finished / "cache" / "steps" / step, tmp_path / "cache" / "steps" / step)
    monkeypatch.setenv("POLYRING_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs a command and gives exit code, output and messages."""

    def command(*words: object) -> tuple[int, str, str]:
        highspy.Highs()  # the first one of a process prints a banner
        ctypes.CDLL(None).fflush(None)  # what solvers of earlier tests have written and not yet printed
        capfd.readouterr()
        code = call_command([str(word) for word in words])
        out, err = capfd.readouterr()
        return code, out, err

    return command


@pytest.fixture(scope="session")
def finished(once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """Return a folder with the drawn region and its finished run in `out`, made once for all tests."""

    def fill(folder: Path) -> None:
        draw_region(folder)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("POLYRING_CACHE", str(folder / "cache"))
            solve_here(patch)
            assert call_command(["run", str(folder / "job.toml"), "--out", str(folder / "out")]) == 0

    return once("finished", fill)


@pytest.fixture
def warm(region: Path, finished: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the drawn region of the test's own, and the steps of the finished run kept."""
    monkeypatch.setenv("POLYRING_CACHE", str(finished / "cache"))
    return region


@pytest.fixture
def done(finished: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the finished run, with its cache; tests write beside `out`, by own names."""
    monkeypatch.setenv("POLYRING_CACHE", str(finished / "cache"))
    return finished
