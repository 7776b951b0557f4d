"""Check that the table of a bench is kept exactly."""

from __future__ import annotations

import dataclasses

import pytest
from bench_drawing import row

from optimiser.bench import rows as table
from optimiser.problem.errors import ProblemError


def test_rows_are_read_back_unchanged(tmp_path):
    rows = [row(), row("b", objective=None, bound=None, gap=None, message="a, b\nand c")]
    (tmp_path / "runs.csv").write_text(table.dumps(rows))
    read = table.load(tmp_path / "runs.csv")
    assert read == [rows[0], dataclasses.replace(rows[1], message="a, b and c")]


def test_a_missing_table_is_an_empty_one(tmp_path):
    assert table.load(tmp_path / "runs.csv") == []


def test_a_broken_line_of_the_table_is_named():
    text = table.dumps([row(), row("b")]).replace("b,drawn", "b,drawn,extra")
    with pytest.raises(ProblemError) as caught:
        table.loads(text)
    assert caught.value.faults[0].startswith("line 3: ")


def test_a_table_with_other_columns_is_refused():
    with pytest.raises(ProblemError, match="not one of this bench"):
        table.loads("a,b\n1,2\n")
