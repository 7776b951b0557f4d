from __future__ import annotations

from optimiser.report import tables
from tools import written_pages


def test_the_documentation_lists_the_columns_of_every_table():
    text = written_pages.columns()
    for name, columns in tables.COLUMNS.items():
        assert f"### {name}\n" in text
        assert all(f"| `{column}` | {meaning} |" in text for column, meaning in columns.items())


def test_every_column_has_a_meaning():
    assert all(tables.dictionary()["meaning"].str.len() > 2)
