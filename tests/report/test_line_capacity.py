"""Sections of line tell what runs there, what the plan adds, and what finds no room."""

from __future__ import annotations

import re

import pandas as pd

from optimiser.report import page, tables, write

SECTIONS = pd.DataFrame(
    {
        "section": ["A - B", "C - D", "D - E"],
        "line_class": ["conv160", "hsr350", "conv120"],
        "length_km": [40.0, 60.0, 3.26],
        "tracks": [2, 2, 1],
        "tracks_source": ["map", "class", "class"],
        "most": [68, 180, 12],
        "today": [68.8, 150.0, 3.0],
        "left": [0, 30, 9],
        "use": [(("cd", 8),), (("bc", 16), ("cd", 8), ("idle", 12)), (("bc", 8), ("idle", 8))],
    }
)


def test_a_candidate_is_kept_out_where_its_trains_no_longer_fit():
    table = tables.tabulate_sections(SECTIONS, {"bc", "cd"})
    assert table[["section", "used", "candidates", "kept_out", "built"]].to_numpy().tolist() == [
        ["C - D", 24, 3, 1, "bc cd"],
        ["D - E", 8, 2, 1, "bc"],
        ["A - B", 8, 1, 0, "cd"],
    ]
    assert tables.section_counts(table) == {"sections": 3, "no_room_today": 1, "keep_out": 2}


def test_the_page_lists_full_sections_and_the_file_all(make, tmp_path):
    table = tables.tabulate_sections(SECTIONS, {"bc"})
    report = make("bc", capacities=table)
    text = page.render(report)
    rows = re.findall(r'<tr><th scope="row">(\w - \w)</th>(.*?)</tr>', text)
    cells = {name: re.findall(r">([^<>]+)</td>", row) for name, row in rows}
    assert {name: (row[2], *row[-2:]) for name, row in cells.items()} == {
        "A - B": ("2", "0", "1 of 1"),
        "D - E": ("1 (assumed)", "8", "1 of 2"),
    }
    assert "Sections of line that are full" in text
    assert "line-capacity-heading" not in page.render(make("bc"))
    write(report, tmp_path, with_picture=False, with_page=False)
    written = pd.read_csv(tmp_path / "capacities.csv")
    assert written["length_km"].tolist() == [40.0, 3.3, 60.0]
    assert written[["tracks", "tracks_source"]].to_numpy().tolist() == [
        [2, "map"],
        [1, "class"],
        [2, "class"],
    ]
