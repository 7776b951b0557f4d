from __future__ import annotations

from optimiser.report import tables
from tools import column_dictionary


def test_the_documentation_lists_the_columns_of_every_table():
    assert column_dictionary.PAGE.read_text(encoding="utf-8") == column_dictionary.page()


def test_every_column_has_a_meaning():
    assert all(tables.dictionary()["meaning"].str.len() > 2)
