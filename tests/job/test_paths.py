"""A job that is written into another folder names the same files."""

from __future__ import annotations

import re
from pathlib import Path

import optimiser
from optimiser.job import Job, LoadedJob
from optimiser.job.model import PATH_KEYS

FILES = [key.split(".") for key in PATH_KEYS]


def test_every_key_that_is_read_as_a_path_is_in_the_table() -> None:
    texts = [path.read_text(encoding="utf-8") for path in Path(optimiser.__file__).parent.rglob("*.py")]
    used = r'files(?:\.get\(|\[)"([a-z.]+)"|"([a-z]+\.[a-z_]+)" (?:not )?in [a-z.]*source\.files'
    read = {key for text in texts for found in re.findall(used, text) for key in found if key}
    assert {"backcast.built", "objective.weights_file", "region.matrix"} <= read
    assert read <= set(PATH_KEYS)


def test_every_path_of_a_moved_job_names_the_same_file(tmp_path: Path) -> None:
    sections = {
        section: getattr(Job(region={"name": "x"}), section).model_copy(
            update={key: f"data/{section}-{key}.csv" for mine, key in FILES if mine == section}
        )
        for section, _ in FILES
    }
    loaded = LoadedJob("drawn", tmp_path / "jobs", Job(region={"name": "x"}).model_copy(update=sections))
    moved = LoadedJob("drawn", tmp_path / "runs" / "out", loaded.moved_to(tmp_path / "runs" / "out"))
    for section, key in FILES:
        path = getattr(getattr(moved.job, section), key)
        assert path == f"../../jobs/data/{section}-{key}.csv"
    assert moved.files == loaded.files
    assert len(moved.files) == len(PATH_KEYS)


def test_a_key_without_a_file_stays_empty(tmp_path: Path) -> None:
    moved = LoadedJob("drawn", tmp_path / "jobs", Job(region={"name": "x"})).moved_to(tmp_path / "out")
    assert {getattr(getattr(moved, section), key) for section, key in FILES} == {""}
    assert LoadedJob("drawn", tmp_path / "out", moved).files == {}
