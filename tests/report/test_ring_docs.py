"""The page on the files of rings names everything that is in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimiser.report import ring_tables
from optimiser.report.rings_shown import PIECES

PAGE = (Path(__file__).parents[2] / "docs" / "ring-files.md").read_text(encoding="utf-8")

SECTIONS = {
    "rings.csv": ring_tables.COLUMNS,
    "ring_links.csv": {"ring": "", **PIECES},
    "ring_overlaps.csv": ring_tables.OVERLAPS,
}


@pytest.mark.parametrize("name", SECTIONS)
def test_every_column_is_explained_once_in_the_section_of_its_file(name):
    section = PAGE.split(f"## {name}\n")[1].split("\n## ")[0]
    first_cells = [row.split("|")[1] for row in section.splitlines() if row.startswith("| `")]
    named = [word for cell in first_cells for word in cell.replace(",", " ").replace("`", " ").split()]
    assert sorted(named) == sorted(SECTIONS[name])


def test_the_page_names_the_layers_of_the_geopackage():
    assert all(f"`{layer}`" in PAGE for layer in ("rings", "ring_links", "known_rings"))
