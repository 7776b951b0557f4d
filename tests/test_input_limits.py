"""The page of files states the limits that the readers apply."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from networks import inputs, osm
from networks.osm import blocks
from optimiser.job import reading
from optimiser.problem import jsonfile

PAGE = Path(__file__).resolve().parents[1] / "docs" / "file-formats.md"
TABLES = (
    "cities, costs, known rings, train services",
    "travel times, weights",
    "polygons, own candidates, what was built",
)
MOST_MISSING = inspect.signature(osm.read).parameters["most_missing"].default


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("job", f"{reading.MAX_BYTES // 2**10} KiB"),
        ("problem, result", f"{jsonfile.MOST_BYTES // 2**20} MiB"),
        ("cities, costs, known rings, train services", f"{inputs.MOST_TEXT_BYTES // 2**20} MiB"),
        ("travel times, weights", f"{inputs.MOST_BYTES // 2**30} GiB"),
        ("polygons, own candidates, what was built", f"{inputs.MOST_BYTES // 2**30} GiB"),
        *((row, f"{inputs.MOST_CELLS:,} cells") for row in TABLES),
        ("raster of heights", f"{inputs.MOST_BYTES // 2**30} GiB"),
        ("map as PBF", f"{blocks.MOST_BLOB_BYTES // 2**20} MiB"),
        ("map as PBF", f"{blocks.MOST_HEADER_BYTES // 2**10} KiB"),
        ("map as PBF", f"{100 * blocks._MOST_UNUSED:g} %"),
        ("map as PBF", f"{100 * MOST_MISSING:g} %"),
        ("map as XML", f"{inputs.MOST_EXPANSION} times"),
        ("map as XML", f"{inputs.FREE_BYTES // 2**20} MiB"),
    ],
)
def test_the_page_states_the_limit(row: str, words: str) -> None:
    (line,) = re.findall(rf"^\| {row} \|.*$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert re.search(rf"(?<!\d){re.escape(words)}", line)
