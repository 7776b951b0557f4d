from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optimiser.problem import Candidate, DesignProblem, Pair
from optimiser.report import links, ranking, routes, sheet

GOLDEN = Path(__file__).parent / "links_golden.csv"


def test_links_csv_of_the_drawn_plan_is_the_golden_file(report, tmp_path):
    written = links.write_csv(report.links, tmp_path / "links.csv")
    assert written.read_text(encoding="utf-8") == GOLDEN.read_text(encoding="utf-8")


def test_every_column_of_links_csv_has_a_stated_meaning(report):
    assert set(report.links.columns) - {"geometry"} <= set(links.COLUMNS)


def test_a_plan_of_nothing_gives_a_table_of_no_rows_with_all_columns(make, report, tmp_path):
    written = links.write_csv(make().links, tmp_path / "links.csv")
    assert written.read_text(encoding="utf-8").strip() == GOLDEN.read_text(encoding="utf-8").splitlines()[0]


def test_a_link_with_no_new_pairs_has_no_cost_per_person(report):
    idle = report.links.set_index("candidate_id").loc["idle"]
    assert idle["people"] == 0
    assert pd.isna(idle["cost_per_person"])


@pytest.mark.parametrize("opening", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_text_that_opens_like_a_formula_gets_an_apostrophe(opening):
    assert sheet.guard(f"{opening}1+1") == f"'{opening}1+1"


def test_numbers_are_not_guarded(tmp_path):
    path = sheet.write_csv(pd.DataFrame({"x": [-1, -2]}), tmp_path / "x.csv")
    assert path.read_text(encoding="utf-8") == "x\n-1\n-2\n"


def test_a_name_that_is_a_formula_reaches_the_csv_as_text(make, tmp_path):
    report = make("bc", names=("Ada", '=HYPERLINK("x")', "@Cy", "Di"))
    path = links.write_csv(report.links, tmp_path / "links.csv")
    with path.open(encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    assert row["from_name"] == '\'=HYPERLINK("x")'
    assert row["to_name"] == "'@Cy"


@given(st.text(min_size=1))
def test_a_guarded_text_never_opens_a_formula(text):
    assert not str(sheet.guard(text)).startswith(sheet.FORMULA_STARTS)


def test_a_cell_is_its_text_again_after_reading(tmp_path):
    names = ['a,"b"', "ü 唐山", "two\nlines", "</script>"]
    path = sheet.write_csv(pd.DataFrame({"name": names}), tmp_path / "n.csv")
    assert pd.read_csv(path)["name"].tolist() == names


def test_links_that_serve_only_together_rank_by_what_falls_away_without_them(problem):
    gains, _ = ranking.rank(problem, [0, 1, 2])
    assert [problem.candidates[gain.candidate].id for gain in gains] == ["cd", "bc", "idle"]


def test_a_route_names_the_candidates_it_takes_in_order(problem):
    found = routes.fastest(problem, built=[0, 1, 2], pairs=[2])
    assert found[2] == routes.Route(3 * 3600, (0, 1))


def test_of_equal_arcs_the_one_open_today_counts(problem):
    found = routes.fastest(problem, built=[2], pairs=[0])
    assert found[0] == routes.Route(3600, ())


def test_a_pair_without_a_path_is_unreachable(problem):
    lonely = problem.replace(arcs=problem.arcs[:2])
    assert routes.fastest(lonely, built=(), pairs=[5])[5].seconds == routes.UNREACHABLE


@st.composite
def small_problems(draw: st.DrawFn) -> DesignProblem:
    """Six nodes, random arcs, up to six candidates of one arc pair each, all pairs of nodes."""
    node, seconds = st.integers(0, 5), st.integers(1, 9)
    arcs = draw(st.lists(st.tuples(node, node, seconds), max_size=12))
    opened = draw(st.lists(st.tuples(node, node, seconds, st.integers(0, 5)), min_size=1, max_size=6))
    candidates = tuple(
        Candidate(f"c{j}", cost, ((a, b, s), (b, a, s))) for j, (a, b, s, cost) in enumerate(opened)
    )
    pairs = tuple(Pair(a, b, 10, a + b) for a in range(6) for b in range(a + 1, 6))
    return DesignProblem("small", tuple("abcdef"), tuple(arcs), candidates, pairs, 99)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(small_problems())
def test_added_pairs_of_all_ranks_are_the_newly_covered_pairs(problem):
    gains, gained = ranking.rank(problem, range(len(problem.candidates)))
    added = [k for gain in gains for k in gain.adds]
    assert sorted(added) == sorted(gained)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(small_problems())
def test_pairs_covered_by_the_first_ranks_are_what_these_links_alone_cover(problem):
    everything = range(len(problem.candidates))
    gains, gained = ranking.rank(problem, everything)
    first = gains[: len(gains) // 2]
    alone = routes.fastest(problem, built=[gain.candidate for gain in first], pairs=gained)
    covered = {k for k, route in alone.items() if route.seconds <= problem.pairs[k].limit}
    assert covered == {k for gain in first for k in gain.adds}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(small_problems())
def test_a_link_left_out_loses_what_a_fresh_search_says(problem):
    everything = list(range(len(problem.candidates)))
    gains, gained = ranking.rank(problem, everything)
    for gain in gains:
        rest = [j for j in everything if j != gain.candidate]
        fresh = routes.fastest(problem, built=rest, pairs=gained)
        assert set(gain.loses) == {k for k, r in fresh.items() if r.seconds > problem.pairs[k].limit}


def test_people_of_a_link_are_counted_once_a_city(problem, candidates):
    table, _ = links.tabulate(
        problem,
        ["cd"],
        candidates=candidates,
        smaller_city=np.array([1, 2, 3, 2, 3, 3]),
        population=np.array([6_000_000, 900_000, 300_000, 100_000]),
    )
    assert table.loc[0, "pairs"] == 2
    assert table.loc[0, "people"] == 100_000
