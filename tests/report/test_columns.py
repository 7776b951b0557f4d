from __future__ import annotations

from optimiser.report import tables
from tools import written_pages


def test_the_documentation_lists_the_columns_of_every_table():
    assert written_pages.written("python.md") == written_pages.PAGES["python.md"]()


def test_every_column_has_a_meaning():
    assert all(tables.dictionary()["meaning"].str.len() > 2)
