from __future__ import annotations

import json
from pathlib import Path

import jupytext
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.name)
def notebook(request) -> Path:
    return request.param


def code(path: Path) -> list[dict]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def test_a_committed_notebook_was_run_once_from_top_to_bottom(notebook):
    cells = code(notebook)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))


def test_a_committed_notebook_shows_no_error_and_no_warning(notebook):
    outputs = [output for cell in code(notebook) for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error"]
    assert not [output for output in outputs if output.get("name") == "stderr"]


def test_a_committed_notebook_says_what_its_script_says(notebook):
    script, shown = jupytext.read(notebook.with_suffix(".py")), jupytext.read(notebook)
    assert [cell.source for cell in script.cells] == [cell.source for cell in shown.cells]


def test_a_committed_notebook_is_small(notebook):
    assert notebook.stat().st_size < 1_500_000
