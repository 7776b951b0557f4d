"""The answers about shares of all pairs are shown as a table, a curve and sentences."""

from __future__ import annotations

from dataclasses import asdict, replace

import pandas as pd
from report_drawing import line_report, on_screen

from optimiser.report import page
from optimiser.report.inputs import PARTS, Reach
from optimiser.report.tables import write_csv

ROW = {"group": "all", "total": 6, "today": 2, "most": 5, "most_bound": 5, "seconds": 0.1, "links": 1}
FOUND = Reach(
    rows=(
        ROW | {"share": 0.8, "asked": 5, "status": "optimal", "pairs": 5, "cost": 300, "bound": 300.0,
               "gap": 0.0, "built": ["bc", "cd"]},
        ROW | {"share": 1.0, "asked": 6, "status": "unreachable", "pairs": None, "cost": None, "bound": None,
               "gap": None, "built": [], "seconds": None, "links": None},
    ),
    beyond=(
        {"origin": "Ada", "destination": "Di", "tier": "small", "today_s": None, "all_built_s": 18_000,
         **{f"{part}_s": 1800 for part in PARTS}, "straight_km": 300.0, "floor_s": 6686},
    ),
    money="million CNY",
)  # fmt: skip
REPORT = replace(line_report("bc"), reach=FOUND)


def test_the_screen_shows_costs_bounds_and_what_is_out_of_reach():
    text = on_screen(REPORT)
    assert "Least cost of shares of all pairs" in text
    assert "out of reach: at most 5 pairs, proven" in text
    assert "5 of 6 pairs come within the limit (proven)" in text


def test_pairs_beyond_by_their_times_are_told_from_those_beyond_by_limits():
    assert FOUND.sentences()[1].startswith("One pair stays beyond it even with everything built.")
    assert len(FOUND.sentences()) == 2
    fewer = replace(FOUND, rows=tuple(row | {"most": 3, "most_bound": 3} for row in FOUND.rows))
    assert fewer.sentences()[2].startswith("2 more would be within it with everything built, but the limits")


def test_the_page_has_the_table_the_curve_and_the_parts():
    text = page.render(REPORT)
    assert "What shares of all pairs cost" in text
    assert 'src="data:image/png;base64,' in text
    (line,) = FOUND.plot().axes[0].lines
    assert line.get_xdata().tolist() == [0, 300, 300]
    assert line.get_ydata().tolist() == [2 / 6, 5 / 6, 5 / 6]
    assert '<th scope="row">Ada – Di</th>' in text


def test_a_page_without_answers_has_no_section():
    assert "What shares of all pairs cost" not in page.render(line_report("bc"))


def test_the_files_have_a_row_a_share_and_a_row_a_pair(tmp_path):
    for name, table in FOUND.tables.items():
        write_csv(table, tmp_path / name)
    rows = pd.read_csv(tmp_path / "reach.csv")
    assert rows["cost"].tolist()[0] == 300
    assert rows["built"].tolist()[0] == "bc cd"
    assert pd.read_csv(tmp_path / "reach_beyond.csv")["floor_s"].tolist() == [6686]


def test_the_value_survives_its_json_object():
    assert Reach(**asdict(FOUND)) == FOUND
