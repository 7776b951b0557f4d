"""Check that the commands beside the tables of the results can be listed and run."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "reproduce.py"
MODULE = runpy.run_path(str(SCRIPT))


def found(text):
    return [tuple(table) for table in MODULE["tables"](text)]


def test_commands_are_those_of_the_page_under_their_headings():
    script = "`python benchmarks/a.py --x\n1`, once more `python benchmarks/a.py --x 1`"
    text = f"# A\n{script}\n## B\n`polyring run job`"
    assert found(text) == [("A", "python benchmarks/a.py --x 1", ()), ("B", "polyring run job", ())]


def test_inputs_that_are_not_here_are_named():
    text = (
        "`python benchmarks/a.py FOLDER --points 3` `polyring solve gone.json` `polyring list` `polyring run`"
    )
    assert [missing for *_, missing in found(text)] == [("FOLDER",), ("gone.json",)]


def test_every_script_of_the_results_exists_and_shows_its_commands():
    tables = found((ROOT / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8"))
    scripts = {command.split()[1] for _, command, _ in tables if command.startswith("python ")}
    assert len(scripts) > 5
    assert [script for script in sorted(scripts) if not (ROOT / script).is_file()] == []
    listed = subprocess.run(
        [sys.executable, SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert listed.splitlines()[0].startswith("The main job: python benchmarks/main_job.py")
    assert len(listed.splitlines()) == len(tables)
