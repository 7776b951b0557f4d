"""A wheel in an environment of its own, and from another folder, does what the pages promise."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
UV = os.environ.get("UV") or shutil.which("uv") or ""
"""The uv that runs these tests, or the one on the path."""
EXTRAS = ("world", "terrain", "omx", "explore", "notebooks", "cluster", "cbc", "gurobi", "ortools")
CITIES = """\
id,name,lat,lon,population
b,Berlin,52.52,13.37,3600000
h,Hamburg,53.55,10.01,1800000
m,München,48.14,11.56,1500000
"""

pytestmark = [pytest.mark.long, pytest.mark.skipif(not UV, reason="uv builds the wheel")]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built from the sources as they are."""
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([UV, "build", "--quiet", "--wheel", "--out-dir", out, ROOT], check=True)
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def run(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a function that runs a command in the environment of the wheel, in an empty folder."""
    home, elsewhere = tmp_path_factory.mktemp("environment"), tmp_path_factory.mktemp("elsewhere")
    with (ROOT / "pyproject.toml").open("rb") as file:
        pins = tomllib.load(file)["tool"]["uv"]["constraint-dependencies"]
    (home / "pins.txt").write_text("\n".join(pins), encoding="utf-8")
    inside = {"VIRTUAL_ENV": str(home / "own"), "UV_CONSTRAINT": str(home / "pins.txt")}
    path = f"{home / 'own' / 'bin'}:{os.environ['PATH']}"
    # Neither the sources nor what pytest added to the path may be found, nor the Python that started uv.
    hidden = {"PYTHONPATH", "UV_INTERNAL__PARENT_INTERPRETER"}
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    environment = kept | inside | {"PATH": path, "POLYRING_CACHE": str(home / "cache")}

    def command(*words: object) -> subprocess.CompletedProcess[str]:
        listed = [str(word) for word in words]
        return subprocess.run(
            listed, cwd=elsewhere, env=environment, capture_output=True, text=True, check=False
        )

    assert command(UV, "venv", "--quiet", "--python", sys.executable, home / "own").returncode == 0
    done = command(UV, "pip", "install", "--quiet", wheel)
    assert done.returncode == 0, done.stderr
    return command


def test_the_wheel_works_without_the_sources_and_names_the_extra_that_is_missing(
    run: Run, wheel: Path, tmp_path: Path
) -> None:
    assert "jing-jin-ji-polycentric" in run("polyring", "list").stdout
    where = run("python", "-c", "import polyring; print(polyring.__file__)").stdout
    assert "site-packages" in where
    (tmp_path / "cities.csv").write_text(CITIES, encoding="utf-8")
    own = ("mine.toml", "--region", "germany", "--cities", tmp_path / "cities.csv", "--money", "65e9")
    assert run("polyring", "init", *own).returncode == 0
    done = run("polyring", "run", "mine.toml", "--set", 'candidates.kinds=["check_in"]', "--dry-run")
    assert (done.returncode, "problem pairs" in done.stdout) == (0, True), done.stderr

    asked = ("polyring", "run", "--around", "Lagos", "--radius", "60", "--dry-run")
    refused = run(*asked)
    assert refused.returncode == 2
    assert "pip install 'WHEEL[world]'" in refused.stderr
    assert run(UV, "pip", "install", "--quiet", f"{wheel}[world]").returncode == 0
    assert run(*asked).returncode == 0

    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in EXTRAS)
    done = run(UV, "pip", "install", "--dry-run", f"{wheel}[{','.join(EXTRAS)}]")
    assert done.returncode == 0, done.stderr
    assert "jupyterlab==" in done.stderr
