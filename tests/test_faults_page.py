"""The page of faults names tests that exist, and every fault and goal once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_each_named_test_exists(path: str, name: str) -> None:
    assert re.search(rf"^def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("letter", "most"), [("F", 37), ("G", 12)])
def test_every_number_has_one_row(letter: str, most: int) -> None:
    assert re.findall(rf"^\| {letter}(\d+) ", PAGE, re.MULTILINE) == [str(n) for n in range(1, most + 1)]


def test_every_path_in_a_command_exists() -> None:
    paths = re.findall(r"(?:tests|tools|benchmarks)/[\w/]+(?:\.py|\.md)?", PAGE)
    missing = {path for path in paths if not (ROOT / path).exists()}
    assert missing <= {"benchmarks/limits.py"}  # comes with the limits of time and memory
