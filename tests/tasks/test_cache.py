"""Outcomes are kept under the hash of their inputs and checked before they are used again."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from multiprocessing.synchronize import Barrier
from pathlib import Path

import geopandas as gpd
import pytest

from optimiser.problem.errors import EnvironmentFault
from optimiser.problem.jsonfile import PREFIX
from optimiser.tasks import cache


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYRING_CACHE", str(tmp_path / "cache"))


def _write(text: str):
    return lambda folder: (folder / "a.txt").write_text(text)


def test_equal_inputs_are_computed_once() -> None:
    first = cache.get("step", {"a": 1, "b": 2}, _write("x"))
    again = cache.get("step", {"b": 2, "a": 1}, _write("y"))
    assert (first.reused, again.reused) == (False, True)
    assert (again.folder / "a.txt").read_text() == "x"


def test_other_inputs_are_computed_anew() -> None:
    assert cache.key("step", {"a": 1}) != cache.key("step", {"a": 2})
    assert cache.key("step", {"a": 1}) != cache.key("other", {"a": 1})


def test_a_damaged_outcome_is_computed_again() -> None:
    first = cache.get("step", {}, _write("x"))
    (first.folder / "a.txt").write_text("damaged")
    again = cache.get("step", {}, _write("x"))
    assert not again.reused
    assert (again.folder / "a.txt").read_text() == "x"


def test_a_lost_manifest_counts_as_damage() -> None:
    first = cache.get("step", {}, _write("x"))
    (first.folder / "manifest.json").unlink()
    assert not cache.get("step", {}, _write("x")).reused


def test_a_step_that_fails_leaves_nothing() -> None:
    def fail(folder: Path) -> None:
        (folder / "half.txt").write_text("half")
        raise ValueError("half-way")

    with pytest.raises(ValueError, match="half-way"):
        cache.get("step", {}, fail)
    assert list((cache.folder() / "steps" / "step").iterdir()) == []


def test_only_the_latest_outcomes_are_kept() -> None:
    for number in range(cache.KEPT + 3):
        cache.get("step", {"n": number}, _write("x"))
    assert len(list((cache.folder() / "steps" / "step").iterdir())) == cache.KEPT


def _race(root: str, barrier: Barrier, number: int) -> None:
    """Make the same outcome as the others at the same moment; leave what was read in a file."""

    def make(folder: Path) -> None:
        for part in range(20):
            (folder / f"{part}.txt").write_text(f"part {part}")
        barrier.wait(timeout=60)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POLYRING_CACHE", root)
        outcome = cache.get("step", {"same": True}, make)
        text = "\n".join((outcome.folder / f"{part}.txt").read_text() for part in range(20))
    (Path(root) / f"read-{number}.txt").write_text(text)


def test_processes_that_race_for_one_outcome_all_get_it(
    tmp_path: Path, draws: Callable[[int, int], range]
) -> None:
    root, count = tmp_path / "cache", draws(3, 8).stop
    start = multiprocessing.get_context("spawn")
    barrier = start.Barrier(count)
    racers = [start.Process(target=_race, args=(str(root), barrier, number)) for number in range(count)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(timeout=60)
    assert [racer.exitcode for racer in racers] == [0] * count
    assert {path.read_text() for path in root.glob("read-*.txt")} == {
        "\n".join(f"part {part}" for part in range(20))
    }
    assert len(list((root / "steps" / "step").iterdir())) == 1


def test_an_intact_outcome_that_came_first_stays() -> None:
    first: list[int] = []

    def late(folder: Path) -> None:
        (folder / "a.txt").write_text("x")
        winner = cache.get("step", {}, _write("x"))
        first.append((winner.folder / "a.txt").stat().st_ino)

    outcome = cache.get("step", {}, late)
    assert [(outcome.folder / "a.txt").stat().st_ino] == first


def test_temporary_files_of_a_process_and_its_children_are_in_the_cache_and_removed() -> None:
    ask = [sys.executable, "-c", "import tempfile; print(tempfile.mkstemp()[1])"]
    before = dict(os.environ), tempfile.gettempdir()
    with cache.own_temporary_folder():
        left = Path(subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip())
        assert left.is_relative_to(cache.folder() / "temporary")
        assert tempfile.gettempdir() == str(left.parent)
        assert left.exists()
    assert list((cache.folder() / "temporary").iterdir()) == []
    assert (dict(os.environ), tempfile.gettempdir()) == before


def test_steps_that_a_killed_process_began_are_removed_by_the_next_command() -> None:
    left = cache.folder() / "steps" / "networks" / f"{PREFIX}x"
    left.mkdir(parents=True)
    with cache.own_temporary_folder():
        assert not left.exists()


def test_a_cache_that_cannot_be_written_leaves_the_systems_folder(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    before = tempfile.gettempdir()
    with cache.own_temporary_folder():
        assert tempfile.gettempdir() == before


def test_a_step_says_how_many_follow_and_what_they_took_last_time() -> None:
    cache.folder().mkdir(parents=True, exist_ok=True)
    for expected in (
        ["first (1 more step)", "second"],
        ["first (1 more step, with this 3 s last time)", "second"],
    ):
        said: list[str] = []
        progress = cache.Progress(begins=said.append, coming=["one", "two"])
        for name, title in (("one", "first"), ("two", "second")):
            with progress.step(name, title):
                pass
        assert said == expected
        (cache.folder() / cache.PACE).write_text('{"one": 1.0, "two": 2.0}')


@pytest.fixture(name="small_disk")
def small_disk_fixture(tmp_path):
    """A disk of 640 kB, where this user may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    words = [mount, "-t", "tmpfs", "-o", "size=640k", "tmpfs", str(place)]
    if mount is None or subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_a_fault_of_the_environment_whatever_library_notices(small_disk, monkeypatch):
    monkeypatch.setenv("POLYRING_CACHE", str(small_disk))
    cache.get("step", {}, _write("before"))
    table = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0.0], [0.0]), crs=4326)

    def make(folder):
        (folder / "large").write_bytes(bytes(540_000))
        table.to_file(folder / "map.gpkg", driver="GPKG", engine="pyogrio")

    with pytest.raises(EnvironmentFault, match="the disk of the cache is full") as caught:
        cache.get("step", {"a": 1}, make)
    assert not isinstance(caught.value.__cause__, OSError)  # GDAL's own
    assert "POLYRING_CACHE" in str(caught.value)
    kept = cache.get("step", {}, _write("again"))
    assert (kept.reused, (kept.folder / "a.txt").read_text()) == (True, "before")


def test_a_fault_with_room_on_the_disk_stays_what_it_is():
    def fail(_folder):
        raise RuntimeError("a fault of ours")

    with pytest.raises(RuntimeError, match="a fault of ours"):
        cache.get("step", {}, fail)


def test_steps_are_told_as_they_begin_and_a_solve_once_a_minute(monkeypatch, capsys):
    ticks = []
    monkeypatch.setattr(cache, "at_intervals", lambda tell, *_: nullcontext(ticks.append(tell)))
    with cache.told("Running job") as watch:
        (tick,) = ticks
        for seconds, text in (
            (3, ""),
            (4, "Reading the map (2 more steps)"),
            (5, ""),
            (6, "Solving, 1 s"),
            (7, "Solving, 2 s"),
            (60, ""),
        ):
            if text:
                watch.begins(text)
            tick(float(seconds))
    assert capsys.readouterr().err.splitlines() == [
        "Running job: 3 s",
        "Running job: 4 s, Reading the map (2 more steps)",
        "Running job: 6 s, Solving, 1 s",
        "Running job: 60 s, Solving, 2 s",
    ]
