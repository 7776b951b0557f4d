"""A run folder changes whole or not at all, and belongs to one process at a time."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from networks.inputs import checksum
from optimiser.problem.errors import EnvironmentFault, JobError
from optimiser.run import folder

SUMMARY = '{"format": "polyring-summary/1"}'


def test_files_appear_when_the_block_ends(tmp_path: Path) -> None:
    out = tmp_path / "a" / "run"
    with folder.staged(out) as stage:
        (stage / "x.txt").write_text("new")
        assert not (out / "x.txt").exists()
    assert [path.name for path in out.iterdir()] == ["x.txt"]


def test_files_that_only_an_earlier_run_wrote_are_removed_and_other_files_stay(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with folder.staged(out) as stage:
        (stage / "summary.json").write_text(SUMMARY)
        (stage / "levels.json").write_text("of another job")
    (out / "note.txt").write_text("of the user")
    with folder.staged(out) as stage:
        (stage / "frontier.json").write_text("{}")
    assert (out / "levels.json").exists()
    with folder.staged(out) as stage:
        (stage / "summary.json").write_text(SUMMARY)
    assert not (out / "levels.json").exists()
    assert (out / "note.txt").read_text() == "of the user"


def test_a_failure_leaves_the_earlier_result(tmp_path: Path) -> None:
    with folder.staged(tmp_path / "run") as stage:
        (stage / "x.txt").write_text("old")
        (stage / "summary.json").write_text(SUMMARY)
    with pytest.raises(KeyboardInterrupt):
        _interrupted(tmp_path / "run")
    assert (tmp_path / "run" / "x.txt").read_text() == "old"
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {"x.txt", "summary.json", folder.CHECKSUMS}


def test_what_joins_a_run_in_its_folder_joins_its_checksums(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with folder.staged(out) as stage:
        (stage / "job.toml").write_text("old")
        (stage / "summary.json").write_text(SUMMARY)
    with folder.staged(out) as stage:
        (stage / "job.toml").write_text("new")
        (stage / "frontier.csv").write_text("x")
        (stage / "frontier").mkdir()
        (stage / "frontier" / "2.json").write_text("x")
    with folder.staged(out) as stage:
        (stage / "frontier").mkdir()
        (stage / "frontier" / "1.json").write_text("x")
    sums = json.loads((out / folder.CHECKSUMS).read_text())["files"]
    assert sums == {
        name: checksum(out / name) for name in ("frontier.csv", "frontier/1.json", "job.toml", "summary.json")
    }


def _interrupted(out: Path) -> None:
    with folder.staged(out) as stage:
        (stage / "x.txt").write_text("new")
        raise KeyboardInterrupt


def test_a_failure_removes_the_folders_it_made(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="half-way"), folder.staged(tmp_path / "a" / "run"):
        raise ValueError("half-way")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_becomes_a_message(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="earlier result") as caught, folder.staged(tmp_path / "run"):
        raise OSError(28, "No space left on device")
    assert caught.value.exit_code == 5


def test_a_file_in_the_place_of_the_folder_becomes_a_message(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    with pytest.raises(EnvironmentFault), folder.staged(tmp_path / "run"):
        pass


def test_a_second_process_is_refused_at_once(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\n"
        "from optimiser.problem.errors import EnvironmentFault\n"
        "from optimiser.run import folder\n"
        "try:\n"
        "    with folder.locked(pathlib.Path(sys.argv[1])): pass\n"
        "except EnvironmentFault as fault: print(fault)\n"
    )
    with folder.locked(tmp_path):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)],
            check=False, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
    assert "in use by process" in done.stdout
    assert "since" in done.stdout


def test_one_of_eight_writers_gets_the_folder_and_the_others_are_refused_at_once(
    tmp_path: Path,
) -> None:
    """Locks belong to open files, so that threads stand for processes here.

    The writer keeps the folder until all others are refused.
    """
    start, held = threading.Barrier(8), threading.Barrier(8)

    def write(_number: int) -> bool:
        start.wait(120)
        try:
            with folder.locked(tmp_path):
                held.wait(120)
                return True
        except EnvironmentFault:
            held.wait(120)
            return False

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(write, range(8)))
    assert sorted(found) == [False] * 7 + [True]


def test_a_stale_lock_file_blocks_nobody(tmp_path: Path) -> None:
    (tmp_path / folder.LOCK).write_text('{"pid": 1}')
    with folder.locked(tmp_path):
        pass


@pytest.mark.parametrize(
    "files",
    [
        {"report.html": "mine"},
        {"summary.json": '{"format": "other/1"}'},
        {"summary.json": "no JSON"},
        {"job.toml": "# my own job\n"},
        {folder.LOCK: "", "notes.txt": "mine"},
    ],
)
def test_a_foreign_folder_is_refused_and_left_unchanged(tmp_path: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(JobError, match="not the folder of an earlier run") as caught:
        _fill(tmp_path)
    assert caught.value.exit_code == 2
    assert "--out" in caught.value.remedy
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == files


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"summary.json": SUMMARY, "notes.txt": "beside"},
        {"job.toml": "# polyring-run/1: job x as it was run.\n"},
        {folder.LOCK: '{"pid": 1}'},
    ],
)
def test_an_empty_folder_or_one_of_a_run_is_filled(tmp_path: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    _fill(tmp_path)
    assert (tmp_path / "x.txt").read_text() == "new"


def test_a_folder_of_a_run_that_was_killed_is_filled(tmp_path: Path) -> None:
    (tmp_path / folder.STAGE).mkdir()
    (tmp_path / "cities.gpkg").write_text("moved before the end")
    _fill(tmp_path)
    assert (tmp_path / "x.txt").read_text() == "new"


def _fill(out: Path) -> None:
    with folder.staged(out) as stage:
        (stage / "x.txt").write_text("new")


def test_older_files_of_a_subfolder_are_removed_after_the_new_ones_are_in_place(tmp_path: Path) -> None:
    out = tmp_path / "run"
    for names in (("1", "2", "3"), ("2",)):
        with folder.staged(out) as stage:
            (stage / "frontier.json").write_text("{}")
            (stage / "frontier").mkdir()
            for name in names:
                (stage / "frontier" / name).write_text("plan")
    assert [path.name for path in (out / "frontier").iterdir()] == ["2"]


def test_a_failed_block_leaves_the_files_of_a_subfolder(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with folder.staged(out) as stage:
        (stage / "frontier.json").write_text("{}")
        (stage / "frontier").mkdir()
        (stage / "frontier" / "1").write_text("plan")
    with pytest.raises(RuntimeError), folder.staged(out) as stage:
        _write_and_fail(stage / "frontier" / "2")
    assert (out / "frontier" / "1").read_text() == "plan"


def _write_and_fail(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("another plan")
    raise RuntimeError


def test_the_begin_of_a_name_is_that_of_the_only_run_that_begins_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("around-leipzig--region.radius_km=200", "half", "half--limit=2h"):
        (tmp_path / "polyring-runs" / name).mkdir(parents=True)
        (tmp_path / "polyring-runs" / name / "summary.json").write_text("{}")
    runs = Path("polyring-runs")
    assert folder.of_run(Path("around-leipzig")) == runs / "around-leipzig--region.radius_km=200"
    assert folder.of_run(Path("half")) == runs / "half"
    assert folder.of_run(Path("ha")) == Path("ha")  # either of two
    assert folder.of_run(tmp_path / "none") == tmp_path / "none"
