from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
from report_drawing import HOUR, line_problem, many_links, report_out_of_reach, three_candidates

from optimiser.measures.order import rank_links
from optimiser.report import tables

GOLDEN = Path(__file__).parent / "links_golden.csv"


def test_links_csv_equals_the_golden_file(report, tmp_path):
    written = tables.write_csv(tables.rounded(report.links), tmp_path / "links.csv")
    assert written.read_text(encoding="utf-8") == GOLDEN.read_text(encoding="utf-8")


def test_every_column_of_links_csv_has_a_stated_meaning(report):
    assert set(report.links.columns) <= set(tables.COLUMNS["links"])


def test_a_plan_that_builds_nothing_gives_all_columns_and_no_rows(make, report, tmp_path):
    written = tables.write_csv(tables.rounded(make().links), tmp_path / "links.csv")
    assert written.read_text(encoding="utf-8").strip() == GOLDEN.read_text(encoding="utf-8").splitlines()[0]


def test_a_link_with_no_new_pairs_has_no_cost_per_person(report):
    idle = report.links.set_index("candidate_id").loc["idle"]
    assert idle["people"] == 0
    assert pd.isna(idle["cost_per_person"])


def test_a_name_that_is_a_formula_reaches_the_csv_as_text(make, tmp_path):
    report = make("bc", names=("Ada", '=HYPERLINK("x")', "@Cy", "Di"))
    path = tables.write_csv(tables.rounded(report.links), tmp_path / "links.csv")
    with path.open(encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    assert row["from_name"] == '\'=HYPERLINK("x")'
    assert row["to_name"] == "'@Cy"


def test_people_of_a_link_are_counted_once_a_city():
    table, _ = tables.tabulate_links(
        line_problem(),
        rank_links(line_problem(), ["cd"]),
        candidates=three_candidates(),
        smaller_city=np.array([1, 2, 3, 2, 3, 3]),
        population=np.array([6_000_000, 900_000, 300_000, 100_000]),
    )
    assert table.loc[0, "pairs"] == 2
    assert table.loc[0, "people"] == 100_000


def test_links_are_read_by_package_that_of_the_best_rank_first():
    found = {name: list(links["candidate_id"]) for name, links in tables.packages(many_links().links)}
    roads = [f"road {at}" for at in range(8, 24)]
    assert found == {
        "ring outer": ["bc"],
        "lines and roads": ["cd", *roads],
        "trains": ["express"],
        "rules of the region": ["rule"],
        "stations of Cy": ["bus", "change"],
        "stations of Di": ["stop"],
    }
    ranks = many_links().ranks
    assert sorted(found, key=lambda name: min(ranks[one] for one in found[name])) == list(found)


def test_the_path_of_a_new_pair_names_its_links(report):
    assert report.pairs.loc[2, "links"] == ("bc", "cd")


def test_seconds_of_a_pair_without_a_path_are_empty(report):
    pairs = report.pairs.assign(before_s=np.iinfo(np.int64).max)
    assert tables.pair_lines(report.cities, pairs)["before_s"].isna().all()
    beyond = pairs.assign(all_built_s=np.iinfo(np.int64).max)
    assert [row["today_s"] for row in tables.out_of_reach_rows(report.cities, beyond)] == [None] * 6


def test_pairs_out_of_reach_are_listed_for_the_summary():
    report = report_out_of_reach()
    rows = json.loads(json.dumps(tables.out_of_reach_rows(report.cities, report.pairs)))
    assert [(row["origin"], row["destination"], row["all_built_s"]) for row in rows] == [
        ("Ada", "Di", 5 * HOUR),
        ("Bo", "Di", 5 * HOUR),
        ("Cy", "Di", 5 * HOUR),
    ]
    assert rows[0]["tier"] == "small"
