"""Check that the table of a bench is kept exactly."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from bench_drawing import row

from optimiser.bench import rows as table
from optimiser.problem.errors import ProblemError


def test_rows_are_read_back_unchanged(tmp_path):
    rows = [row(), row("b", objective=None, bound=None, gap=None, message="a, b\nand c")]
    table.save(rows, tmp_path / "runs.csv")
    read = table.load(tmp_path / "runs.csv", table.Row)
    assert read == [rows[0], dataclasses.replace(rows[1], message="a, b and c")]


def test_the_page_explains_every_column_and_no_other():
    page = (Path(__file__).parents[2] / "docs" / "bench.md").read_text(encoding="utf-8")
    lines = page.partition("| column of `runs.csv` |")[2].partition("\n\n")[0].splitlines()[2:]
    named = [name for line in lines for name in re.findall(r"`(\w+)`", line.split("|")[1])]
    assert sorted(named) == sorted(field.name for field in dataclasses.fields(table.Row))


def test_a_missing_table_is_an_empty_one(tmp_path):
    assert table.load(tmp_path / "runs.csv", table.Row) == []


def test_a_name_like_a_formula_is_guarded_in_the_file_and_read_back_unchanged(tmp_path):
    rows = [row("=1+1")]
    table.save(rows, tmp_path / "runs.csv")
    assert "\n'=1+1," in (tmp_path / "runs.csv").read_text(encoding="utf-8")
    assert table.load(tmp_path / "runs.csv", table.Row) == rows


def test_a_broken_line_of_the_table_is_named(tmp_path):
    path = tmp_path / "runs.csv"
    table.save([row(), row("b")], path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("b,drawn", "b,drawn,extra"), encoding="utf-8")
    with pytest.raises(ProblemError) as caught:
        table.load(path, table.Row)
    assert caught.value.faults[0].startswith("line 3: ")


def test_a_table_with_other_columns_is_refused(tmp_path):
    (tmp_path / "runs.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(ProblemError, match="not one of this bench"):
        table.load(tmp_path / "runs.csv", table.Row)
