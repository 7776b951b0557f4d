"""Check that the commands beside the tables of the results can be listed and run."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from bench_drawing import row

from optimiser.bench.outputs import summary
from optimiser.bench.rows import save

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "reproduce.py"
MODULE = runpy.run_path(str(SCRIPT))


def found(text):
    return [tuple(table)[:3] for table in MODULE["tables"](text)]


def test_commands_are_those_of_the_page_under_their_headings():
    script = "`python benchmarks/a.py --x\n1`, once more `python benchmarks/a.py --x 1`"
    text = f"# A\n{script}\n## B\n`polyring run job`"
    assert found(text) == [("A", "python benchmarks/a.py --x 1", ()), ("B", "polyring run job", ())]


def test_inputs_that_are_not_here_are_named():
    text = (
        "`python benchmarks/a.py FOLDER --points 3` `polyring solve gone.json` `polyring list` `polyring run`"
    )
    assert [missing for *_, missing in found(text)] == [("FOLDER",), ("gone.json",)]


PAGE = """## Public
`polyring bench --family public`:

| problem | objective | auto (300 s) | outcome |
|---|---|---|---|
| a_1 | 1,200 | 0.31 s | optimal |
| **b_2** | 30 | 4.2 % | |

## Later
| problem | objective |
|---|---|
| a_1 | 7 |
"""


def test_tables_of_a_command_are_those_that_follow_it_under_its_heading():
    (table,) = MODULE["tables"](PAGE)
    assert table.cells == {
        ("a_1", "objective"): "1,200",
        ("a_1", "auto"): "0.31 s",
        ("a_1", "outcome"): "optimal",
        ("b_2", "objective"): "30",
        ("b_2", "auto"): "4.2 %",
        ("b_2", "outcome"): "",
    }


@pytest.mark.parametrize(
    ("cell", "now", "is_told"),
    [
        (("a_1", "objective"), "1200", False),
        (("a_1", "objective"), "1,201", True),
        (("a_1", "auto"), "0.61 s", False),
        (("a_1", "auto"), "0.63 s", True),
        (("a_1", "auto"), "0.14 s", True),
        (("b_2", "auto"), "proof", True),
        (("c_3", "auto"), "9 s", False),
        (("a_1", "outcome"), "feasible", True),
        (("a_1", "outcome"), "optimal", False),
    ],
)
def test_figures_are_compared_exactly_and_measurements_by_a_factor(cell, now, is_told):
    (table,) = MODULE["tables"](PAGE)
    told = MODULE["differences"](table.cells, {cell: now}, tolerance=2.0)
    assert told == ([f"{cell[0]}, {cell[1]}: recorded {table.cells[cell]}, now {now}"] if is_told else [])


def test_both_values_of_each_cell_are_shown_and_those_that_differ_first():
    recorded = {("a", "s"): "1.0", ("b", "s"): "2", ("c", "s"): "3"}
    now = {("a", "s"): "1.1", ("b", "s"): "9"}
    lines = MODULE["compared"](recorded, now, ["b, s: recorded 2, now 9"])
    assert lines == ["DIFFERS b, s: recorded 2, now 9", "a, s: recorded 1.0, now 1.1"]


def test_a_bench_is_compared_by_its_summary_and_its_solves(tmp_path):
    rows = [row("a_1", objective=1200, seconds=0.5), row("b_2"), row("b_2", "compact")]
    save(rows, tmp_path / "runs.csv")
    text = summary(rows, lambda _: (), command="c")
    (tmp_path / "summary.md").write_text(text, encoding="utf-8")
    cells = MODULE["cells_of_bench"](tmp_path)
    assert cells["a_1", "objective"] == "1,200"
    assert cells["a_1", "seconds"] == "0.50"
    assert cells["a_1", "cuts/highs"] == "0.50 s"
    assert ("b_2", "seconds") not in cells


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


def test_public_problems_that_were_not_fetched_are_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "`polyring bench --instances grid_5x5_1 --instances siouxfalls_03 --family public --family grid`"
    assert [missing for *_, missing in found(text)] == [("siouxfalls_03", "public")]
