"""A job that is written into another folder names the same files."""

from __future__ import annotations

import ast
from pathlib import Path

import optimiser
from optimiser.job import Job, LoadedJob
from optimiser.job.model import PATH_KEYS
from optimiser.run import source

FILES = [(section, key) for section, keys in PATH_KEYS.items() for key in keys]


def _keys_read_as_paths() -> set[tuple[str, str]]:
    """Return section and key of every key that the packages read as a path, by its name or in their table."""
    found = {(section, key) for section, key in (name.split(".") for name in source._FILES)}
    for path in Path(optimiser.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func).endswith(".input_path")
                and isinstance(node.args[0], ast.Attribute)
            ):
                section, key = ast.unparse(node.args[0]).split(".")[-2:]
                found.add((section, key))
    return found


def test_every_key_that_is_read_as_a_path_is_in_the_table() -> None:
    read = _keys_read_as_paths()
    assert ("backcast", "built") in read
    assert read <= set(FILES)


def test_every_path_of_a_moved_job_names_the_same_file(tmp_path: Path) -> None:
    sections = {
        section: getattr(Job(region={"name": "x"}), section).model_copy(
            update={key: f"data/{section}-{key}.csv" for key in keys}
        )
        for section, keys in PATH_KEYS.items()
    }
    loaded = LoadedJob("drawn", tmp_path / "jobs", Job(region={"name": "x"}).model_copy(update=sections))
    moved = LoadedJob("drawn", tmp_path / "runs" / "out", loaded.moved_to(tmp_path / "runs" / "out"))
    for section, key in FILES:
        path = getattr(getattr(moved.job, section), key)
        assert path == f"../../jobs/data/{section}-{key}.csv"
        assert moved.input_path(path) == loaded.input_path(getattr(getattr(loaded.job, section), key))


def test_a_key_without_a_file_stays_empty(tmp_path: Path) -> None:
    moved = LoadedJob("drawn", tmp_path / "jobs", Job(region={"name": "x"})).moved_to(tmp_path / "out")
    assert {getattr(getattr(moved, section), key) for section, key in FILES} == {""}
