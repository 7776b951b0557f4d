"""Folders of unfinished files: gone at the end, and what a killed process left is gone at the next one."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from optimiser.problem import jsonfile
from optimiser.problem.jsonfile import (
    PREFIX,
    is_same_file,
    part_folder,
    remove_left_behind,
    try_lock,
    write_atomically,
)

HOLDER = """
import sys, time
from pathlib import Path
from optimiser.problem.jsonfile import part_folder
with part_folder(Path(sys.argv[1])) as part:
    (part / "half.txt").write_text("half")
    print(part.name, flush=True)
    time.sleep(60)
"""


def holder(parent: Path) -> tuple[subprocess.Popen[str], Path]:
    """Start a process that holds a folder; return it with the folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, parent], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, parent / process.stdout.readline().strip()


def test_nothing_is_left_at_the_end(tmp_path: Path) -> None:
    with part_folder(tmp_path) as part:
        (part / "a.txt").write_text("a")
        assert part.parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_after_an_error(tmp_path: Path) -> None:
    def fail() -> None:
        with part_folder(tmp_path) as part:
            (part / "a.txt").write_text("a")
            raise ValueError("half-way")

    with pytest.raises(ValueError, match="half-way"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_running_process_stays_and_that_of_a_killed_one_goes(tmp_path: Path) -> None:
    process, part = holder(tmp_path)
    with process:
        remove_left_behind(tmp_path)
        assert (part / "half.txt").exists()
        process.kill()
    remove_left_behind(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_next_file_in_a_folder_removes_what_a_killed_process_left(tmp_path: Path) -> None:
    process, _ = holder(tmp_path)
    with process:
        process.kill()
    assert [path.name[: len(PREFIX)] for path in tmp_path.iterdir()] == [PREFIX]
    write_atomically(tmp_path / "r.json", "{}")
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_a_link_that_looks_like_a_left_folder_is_not_followed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "a.txt").write_text("a")
    (inside / f"{PREFIX}x").symlink_to(outside)
    remove_left_behind(inside)
    assert [path.name for path in outside.iterdir()] == ["a.txt"]


def test_folders_of_other_names_stay(tmp_path: Path) -> None:
    (tmp_path / ".part-x").mkdir()
    remove_left_behind(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".part-x"]


@pytest.mark.parametrize("is_free", [True, False])
def test_on_windows_the_first_byte_is_locked_without_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_free: bool
) -> None:
    asked = []

    def locking(number: int, mode: str, count: int) -> None:
        asked.append((number, mode, count))
        if not is_free:
            raise PermissionError

    with (tmp_path / "lock").open("w") as file, monkeypatch.context() as patch:
        patch.setitem(sys.modules, "msvcrt", SimpleNamespace(locking=locking, LK_NBLCK="without waiting"))
        patch.setattr(jsonfile, "os", SimpleNamespace(name="nt"))
        assert try_lock(file) is is_free
        assert asked == [(file.fileno(), "without waiting", 1)]


def test_a_lock_is_taken_once(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with path.open("w") as first, path.open("w") as second:
        assert try_lock(first)
        assert not try_lock(second)
        assert is_same_file(first, path)
        path.unlink()
        assert not is_same_file(first, path)
        path.touch()
        assert not is_same_file(second, path)


@pytest.mark.parametrize("fails", [False, True])
def test_a_folder_is_removed_before_and_after_its_lock_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, fails: bool
) -> None:
    """An open file cannot be removed on Windows: the first attempt leaves the folder there."""
    removed = []
    monkeypatch.setattr(jsonfile.shutil, "rmtree", lambda part, **options: removed.append((part, options)))
    with suppress(KeyError), part_folder(tmp_path) as part:
        if fails:
            raise KeyError
    assert removed == [(part, {"ignore_errors": True})] * (1 if fails else 2)


def test_what_was_left_behind_is_removed_before_and_after_its_lock_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / f"{PREFIX}left"
    left.mkdir()
    removed = []
    monkeypatch.setattr(jsonfile.shutil, "rmtree", lambda part, **options: removed.append((part, options)))
    remove_left_behind(tmp_path)
    assert removed == [(left, {"ignore_errors": True})] * 2


def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *missing: bool) -> list[Path]:
    """Let the folders that are made be missing at once, or not, in this order; return those made."""
    folders, gone = [], list(missing)

    def make(**_where: object) -> str:
        folder = tmp_path / f"{PREFIX}{len(folders)}"
        folders.append(folder)
        if not gone.pop(0):
            folder.mkdir()
        return str(folder)

    monkeypatch.setattr(jsonfile.tempfile, "mkdtemp", make)
    return folders


def test_a_folder_that_is_removed_before_it_is_locked_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = made(tmp_path, monkeypatch, True, True, False)
    with part_folder(tmp_path) as part:
        assert part == folders[2]
    assert len(folders) == 3


def test_where_every_folder_is_removed_at_once_the_fault_names_the_outer_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = made(tmp_path, monkeypatch, *[True] * 99)
    with pytest.raises(FileNotFoundError, match="removed as soon as they are made"), part_folder(tmp_path):
        pass
    assert len(folders) == jsonfile._ATTEMPTS


def test_on_a_disk_without_locks_the_last_folder_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonfile, "try_lock", lambda _file: False)
    folders = made(tmp_path, monkeypatch, *[False] * 99)
    with part_folder(tmp_path) as part:
        assert part == folders[-1]
        assert len(folders) == jsonfile._ATTEMPTS
