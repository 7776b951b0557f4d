"""What a user sees of a solve: where it writes, what it says, and the code that it ends with."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from optimiser.problem import Candidate, DesignProblem, Pair, save

type Call = Callable[..., tuple[int, str, str]]

PROBLEM = DesignProblem(
    name="drawn",
    nodes=("a", "b", "c"),
    arcs=((0, 1, 100), (1, 2, 100)),
    candidates=(Candidate("ab", 3, ((0, 1, 10),)), Candidate("bc", 4, ((1, 2, 10),))),
    pairs=(Pair(0, 1, 50, 5), Pair(1, 2, 50, 6)),
    budget=4,
)
"""Two pairs, each with a candidate of its own, and money for one of them."""


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """Return the file of a small problem."""
    path = tmp_path / "problem.json"
    save(PROBLEM, path)
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes with names there")
@pytest.mark.parametrize("words", [("solve", "problem.json"), ("import", "map.osm")])
def test_a_pipe_in_the_place_of_the_output_is_refused_before_any_work(
    words: tuple[str, ...], drawn: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(drawn.parent)
    pipe = drawn.parent / "out.gpkg"
    os.mkfifo(pipe)
    code, out, err = call(*words, "-o", "out.gpkg")
    assert (code, out) == (5, "")
    assert "out.gpkg: is not a file but a pipe" in err
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
