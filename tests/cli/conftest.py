"""Give tests of the command line a drawn region and a way to call commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli_drawing import JOB, cities_csv, draw_map

from optimiser.cli import call as call_command


@pytest.fixture
def region(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a drawn map, its cities and a job; the cache is the test's own."""
    folder = tmp_path / "region"
    folder.mkdir()
    (folder / "map.osm").write_text(draw_map(), encoding="utf-8")
    (folder / "cities.csv").write_text(cities_csv(), encoding="utf-8")
    (folder / "job.toml").write_text(JOB, encoding="utf-8")
    monkeypatch.setenv("POLYRING_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs a command and gives exit code, output and messages."""

    def command(*words: object) -> tuple[int, str, str]:
        capfd.readouterr()
        code = call_command([str(word) for word in words])
        out, err = capfd.readouterr()
        return code, out, err

    return command


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder with a drawn region and its finished run in `out`; all tests share its cache."""
    folder = tmp_path_factory.mktemp("done")
    (folder / "map.osm").write_text(draw_map(), encoding="utf-8")
    (folder / "cities.csv").write_text(cities_csv(), encoding="utf-8")
    (folder / "job.toml").write_text(JOB, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POLYRING_CACHE", str(folder / "cache"))
        assert call_command(["run", str(folder / "job.toml"), "--out", str(folder / "out")]) == 0
        yield folder
