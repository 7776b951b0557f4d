"""Atomic writing: only a file is ever replaced, never a pipe, a device or a folder."""

from __future__ import annotations

import os
import socket
import stat
import sys
from pathlib import Path

import pytest

from optimiser.problem import jsonfile
from optimiser.problem.errors import EnvironmentFault
from optimiser.problem.jsonfile import (
    LARGEST,
    is_integer,
    plain_file,
    read_json,
    refuse_special_file,
    repeated,
    write_atomically,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and links are otherwise there")


def test_a_pipe_is_rejected_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "r.json"
    os.mkfifo(pipe)
    with pytest.raises(EnvironmentFault, match="not a file but a pipe") as fault:
        write_atomically(pipe, "{}")
    assert fault.value.exit_code == 5
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_a_link_to_a_pipe_is_rejected_and_both_stay(tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "r.json"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    with pytest.raises(EnvironmentFault, match="a pipe"):
        write_atomically(link, "{}")
    assert link.is_symlink()
    assert stat.S_ISFIFO(pipe.lstat().st_mode)


def test_a_socket_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        with pytest.raises(EnvironmentFault, match="a socket"):
            write_atomically(Path("s"), "{}")
    assert stat.S_ISSOCK(Path("s").lstat().st_mode)


def test_a_folder_and_a_device_are_rejected(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="a folder"):
        write_atomically(tmp_path, "{}")
    with pytest.raises(EnvironmentFault, match="a device"):
        refuse_special_file(Path(os.devnull), done="Nothing was solved.")


def test_the_file_behind_a_link_is_written_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "r.json", tmp_path / "r.json"
    link.symlink_to(target)
    for text in ("new", "newer"):
        write_atomically(link, text)
        assert link.is_symlink()
        assert target.read_text(encoding="utf-8") == text
    assert [path.name for path in target.parent.iterdir()] == ["r.json"]


def test_links_in_a_circle_are_an_environment_fault(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.symlink_to(two)
    two.symlink_to(one)
    with pytest.raises(EnvironmentFault, match="a link that leads to itself"):
        write_atomically(one, "{}")
    assert one.is_symlink()


def refusal(path: Path) -> str:
    with pytest.raises(EnvironmentFault) as fault:
        read_json(path)
    assert fault.value.where == str(path)
    return fault.value.what


def test_a_file_that_cannot_be_read_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refusal(tmp_path / "a\0b.json") == "cannot be read (the path holds a null character)"
    assert refusal(tmp_path / "none.json") == "cannot be read (No such file or directory)"
    os.mkfifo(tmp_path / "pipe")
    kind = "cannot be read (it is a folder, a device or a pipe, not a file)"
    assert [refusal(path) for path in (tmp_path, tmp_path / "pipe", Path(os.devnull))] == [kind] * 3
    (tmp_path / "a.json").write_text("[1, 2]", encoding="utf-8")
    monkeypatch.setattr(jsonfile, "MOST_BYTES", 6)
    assert read_json(tmp_path / "a.json") == [1, 2]
    monkeypatch.setattr(jsonfile, "MOST_BYTES", 5)
    assert refusal(tmp_path / "a.json") == "cannot be read (it has 6 bytes, more than 5)"


@pytest.mark.parametrize(
    ("value", "bounds", "fits"),
    [
        (0, {}, True),
        (-1, {}, False),
        (LARGEST, {}, True),
        (LARGEST + 1, {}, False),
        (1.0, {}, False),
        (True, {}, False),
        ("1", {}, False),
        (1, {"low": 1}, True),
        (0, {"low": 1}, False),
        (3, {"high": 3}, True),
        (4, {"high": 3}, False),
    ],
)
def test_integers_lie_within_bounds_and_are_neither_floats_nor_booleans(
    value: object, bounds: dict[str, int], fits: object
) -> None:
    assert is_integer(value, **bounds) == fits


def test_repeated_names_are_sorted() -> None:
    assert repeated(["b", "a", "b", "c", "a", "b"]) == ["a", "b"]


def test_a_file_of_a_gibibyte_may_be_read_and_a_larger_one_not(tmp_path: Path) -> None:
    path = tmp_path / "sparse.json"
    for size in (2**30, 2**30 + 1):
        with path.open("wb") as file:
            file.truncate(size)
        if size == 2**30:
            assert plain_file(path) == path
    assert refusal(path) == "cannot be read (it has 1,073,741,825 bytes, more than 1,073,741,824)"


def test_a_path_through_a_file_is_an_environment_fault(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}", encoding="utf-8")
    with pytest.raises(EnvironmentFault, match=r"cannot be written \(Not a directory\)"):
        write_atomically(tmp_path / "a.json" / "b.json", "{}")
    with pytest.raises(EnvironmentFault, match="Not a directory") as fault:
        refuse_special_file(tmp_path / "a.json" / "b.json", done="Nothing was solved.")
    assert fault.value.done == "An earlier file of that name is intact."
