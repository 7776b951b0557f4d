"""A run folder changes whole or not at all, and belongs to one process at a time."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from optimiser.errors import EnvironmentFault
from optimiser.pipeline import folder, lock


def test_files_appear_when_the_block_ends(tmp_path: Path) -> None:
    out = tmp_path / "a" / "run"
    with folder.staged(out) as stage:
        (stage / "x.txt").write_text("new")
        assert not (out / "x.txt").exists()
    assert [path.name for path in out.iterdir()] == ["x.txt"]


def test_a_failure_leaves_the_earlier_result(tmp_path: Path) -> None:
    with folder.staged(tmp_path / "run") as stage:
        (stage / "x.txt").write_text("old")
    with pytest.raises(KeyboardInterrupt):
        _interrupted(tmp_path / "run")
    assert (tmp_path / "run" / "x.txt").read_text() == "old"
    assert len(list((tmp_path / "run").iterdir())) == 1


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


def test_a_second_process_is_turned_away_at_once(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\n"
        "from optimiser.errors import EnvironmentFault\n"
        "from optimiser.pipeline import lock\n"
        "try:\n"
        "    with lock.held(pathlib.Path(sys.argv[1])): pass\n"
        "except EnvironmentFault as fault: print(fault)\n"
    )
    with lock.held(tmp_path):
        begin = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)], check=False, capture_output=True, text=True
        )
        assert time.monotonic() - begin < 1.0
    assert "in use by process" in done.stdout
    assert "since" in done.stdout


def test_a_lock_left_behind_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / lock.NAME).write_text('{"pid": 1}')
    with lock.held(tmp_path):
        pass
