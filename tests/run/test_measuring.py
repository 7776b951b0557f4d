"""Compare the files of measures with golden files, and check the report sections that show them."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from measures_drawing import drawn_apart, drawn_candidates, drawn_cities, drawn_plan, drawn_problem
from ring_square import shown as ring_shown

from optimiser import verify
from optimiser.measures.tables import MEASURES, Measures
from optimiser.problem import Period
from optimiser.report import csv_tables, page, sentences, webmap
from optimiser.report.inputs import ReportInput, assemble
from optimiser.report.tables import write_csv
from optimiser.run.measuring import assumed_pairs, measure
from optimiser.run.store import load, save

GOLDEN = Path(__file__).parent / "golden"
TABLES = ("appraisal", "equity", "polycentricity", "build_order", "needs", "phases")
HEADINGS = ("smaller-heading", "core-heading", "appraisal-heading", "order-heading")


def phased() -> Measures:
    """Measure both candidates, the road started first and open a period later."""
    road, trains = drawn_problem().candidates
    problem = drawn_problem().replace(
        candidates=(dataclasses.replace(road, lead=1), trains),
        periods=(Period("2026-30", 250, 2), Period("2031-35", 50, 1)),
    )
    plan = verify.score(problem, ["bd", "ac"], starts={"bd": 0, "ac": 1})
    return measure(dataclasses.replace(drawn_plan("bd", "ac"), problem=problem, plan=plan))


def shown(measures: Measures | None, *built: str) -> ReportInput:
    cities, lines = drawn_cities(), drawn_candidates().table[["geometry"]].assign(link_class="motorway")
    return assemble(
        drawn_problem(),
        verify.score(drawn_problem(), built),
        region="Drawn land",
        cities=cities,
        candidates=drawn_candidates().table.assign(speed_kmh=100.0),
        roads=lines,
        rail=lines,
        ends=np.array([(pair.origin, pair.destination) for pair in drawn_problem().pairs]),
        measures=measures,
    )


def section(text: str, heading: str) -> str:
    return re.search(rf'<section aria-labelledby="{heading}">(.*?)</section>', text, re.DOTALL).group(1)


def words(part: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", part).split())


@pytest.fixture
def measures() -> Measures:
    return measure(drawn_plan("bd", "ac"))


def write_measures(measures, folder):
    for name, table in csv_tables(shown(measures)).items():
        write_csv(table, folder / name)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_equals_its_golden_file(name, tmp_path):
    write_measures(phased(), tmp_path)
    assert (tmp_path / f"{name}.csv").read_text() == (GOLDEN / f"{name}.csv").read_text()


def test_what_would_bring_a_city_another_pair_is_told_in_words():
    by = measure(drawn_plan("ac")).needs.set_index("city")["by"]
    assert by["Bo"] == "Bo – Di (new road): Di within the limit, for 200 million CNY"
    assert by["Ada"] == "all its pairs are within the limit"


def test_where_nothing_brings_a_pair_the_nearest_partner_is_told_with_the_longest_parts_of_the_trip():
    plan = drawn_plan("ac")
    fixed = (dataclasses.replace(one, fixed="out" * (one.id == "bd")) for one in plan.problem.candidates)
    without = dataclasses.replace(plan, problem=plan.problem.replace(candidates=tuple(fixed)))
    least = measure(without).needs.iloc[0]
    assert (least["city"], least["left"], least["never"]) == ("Bo", 0, 1)
    nearest = "nothing that is proposed; the nearest, Di, stays 54 min beyond the limit"
    assert least["by"] == f"{nearest} (longest parts: other 2:40, leaving and entering the cities 1:01)"


def test_without_periods_no_file_of_phases_is_written(measures):
    names = {f"{name}.csv" for name in ("links", "pairs", *TABLES[:-1])}
    assert csv_tables(shown(measures)).keys() == names


def test_the_summary_holds_what_the_files_hold(measures, tmp_path):
    write_measures(measures, tmp_path)
    found = json.loads(json.dumps(measures.as_dict()))
    for name in TABLES[:-1]:
        with (tmp_path / f"{name}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert [list(row) for row in found[name]] == [list(row) for row in rows]
    assert found["facts"]["core"] == ["Ada"]


def test_a_city_name_that_looks_like_a_formula_is_escaped(measures, tmp_path):
    table = measures.equity.assign(worst_city="=1+1")
    write_measures(dataclasses.replace(measures, equity=table), tmp_path)
    assert "'=1+1" in (tmp_path / "equity.csv").read_text()


def test_every_measure_of_the_core_has_a_unit_and_a_line_of_meaning(measures):
    for row in measures.polycentricity.itertuples():
        assert MEASURES[row.measure].unit
        assert row.meaning.endswith(".")


def test_a_page_without_measures_has_none_of_their_sections():
    text = page.render(shown(None, "bd"))
    assert not [name for name in HEADINGS if name in text]


def test_the_page_shows_equity_by_tier(measures):
    text = words(section(page.render(shown(measures, "bd", "ac")), "smaller-heading"))
    # Di is worst off: 3:06 h on average today; with both, the mean over all people falls.
    assert "Small city 2 400 k" in text
    assert "Di" in text
    assert "Gini" in text
    assert "Foster, Greer and Thorbecke 1984" in text


def test_the_mean_time_leaves_out_newly_joined_pairs_and_says_how_many():
    # Cy is (6.0 M x 7210 s + 0.9 M x 10,800 s) / 6.9 M = 2:08 h from Ada and Bo. With the road from Bo to Di
    # it stays so; Di, to which no path leads today, is 4:30 h from it.
    report = shown(measure(drawn_apart("bd")), "bd")
    joined = "over the pairs joined in both (newly joined: 3)"
    small = "Mean time from small cities to the people of all other cities"
    assert next(sentences.measures(report)) == f"{small}: 2:08 h today, 2:08 h with the plan, {joined}"
    assert joined in words(section(page.render(report), "smaller-heading"))
    assert "newly joined" not in next(sentences.measures(shown(measure(drawn_plan("bd")), "bd")))


def test_the_page_shows_the_dependence_on_the_core(measures):
    text = words(section(page.render(shown(measures, "bd", "ac")), "core-heading"))
    assert "within 15 km of the centre of Ada" in text
    assert re.search(r"Trips that cannot avoid the core .*? 66.7 % 0.0 %", text)
    assert "Pairs cut off if the core were closed" in text


def test_the_page_shows_costs_with_overruns_for_each_proposal(measures):
    text = words(section(page.render(shown(measures, "bd", "ac")), "appraisal-heading"))
    assert re.search(r"Bo – Di 140 km, 50 % hills 200 234 287 0 / 1 100 k", text)
    assert re.search(r"Ada – Cy 85 km, plain 50 – ", text)
    assert "not a forecast" in text


def test_the_page_is_told_the_build_order_with_what_each_step_brings(measures):
    told = webmap.gather(shown(measures, "bd", "ac"))
    names = [(told["links"][link][0], cost, pairs) for link, cost, pairs in told["plans"][0]["order"]]
    assert names == [("Ada – Cy", 50, [2, 3]), ("Bo – Di", 200, [4])]


def test_the_page_lists_what_each_period_starts_and_opens():
    text = words(section(page.render(shown(phased(), "bd", "ac")), "order-heading"))
    assert "2026-30 200 200 250 1 – 3 50.0 %" in text
    assert "2031-35 50 250 300 1 Ada – Cy; Bo – Di 6 100.0 %" in text


def test_the_page_of_an_empty_plan_has_no_appraisal_and_no_build_order():
    text = page.render(shown(measure(drawn_plan())))
    assert "smaller-heading" in text
    assert "appraisal-heading" not in text
    assert "order-heading" not in text


def test_an_empty_table_is_an_empty_list_in_the_summary(measures):
    assert measures.as_dict()["phases"] == []
    assert isinstance(measures.phases, pd.DataFrame)


def test_two_sentences_summarise_small_cities_and_the_core(measures):
    first, second = sentences.measures(shown(measures, "bd", "ac"))
    # Today 140.9 minutes, with the plan 114.1 (the road and the trains), rounded up.
    assert first == (
        "Mean time from small cities to the people of all other cities: 2:21 h today, 1:55 h with the plan"
    )
    assert second == (
        "Weight of trips between other cities that cannot avoid Ada: 66.7 % today, 0.0 % with the plan"
    )


def test_a_plan_without_measures_has_no_sentences():
    assert list(sentences.measures(shown(None, "bd"))) == []


def test_saved_measures_are_read_back_unchanged(measures, tmp_path):
    save(tmp_path, measures)
    again = load(tmp_path)
    for name in ("appraisal", "equity", "polycentricity", "build_order", "seconds"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(measures, name))
    assert again.facts == measures.facts


def test_pairs_that_rest_on_measures_at_stations_are_counted_apart():
    # Together the two bring three pairs; the trains alone bring Ada - Di and Bo - Cy.
    plan = drawn_plan("bd", "ac")
    assert assumed_pairs(plan) == {"new_pairs": 3, "new_pairs_without_station_measures": 3}
    table = plan.candidates.table.assign(mode=["access", "rail"])
    assumed = dataclasses.replace(plan, candidates=dataclasses.replace(plan.candidates, table=table))
    assert assumed_pairs(assumed) == {"new_pairs": 3, "new_pairs_without_station_measures": 2}


def test_the_page_says_what_rests_on_measures_at_stations_and_what_half_the_money_brings():
    facts = {"new_pairs": 3, "new_pairs_without_station_measures": 2, "hour_value": 4e-5}
    steps = pd.DataFrame({"cost_so_far": [0, 50, 250], "pairs_within": [3, 5, 6]})
    appraisal = pd.DataFrame({"candidate_id": ["bd", "ac", "plan"], "pays": [False, True, False]})
    measures = SimpleNamespace(facts=facts, build_order=steps, appraisal=appraisal)
    rows = [{"name": "stations as today", "today": 3, "best": 4}]
    cases = SimpleNamespace(rows=rows, of_most_pairs=lambda _links: "")
    report = SimpleNamespace(
        measures=measures,
        links=["bd", "ac"],
        cost=250,
        cases=None,
        rings=(),
        ring_use=None,
        money="million CNY",
    )
    first, *last = sentences.rests_on(report)
    report.cases = cases
    assert list(sentences.rests_on(report)) == [
        first,
        "The best plan of equal money without such measures brings 1",
        *last,
    ]
    assert [first, *last] == [
        (
            "1 of the 3 new pairs rest on measures at stations (check-in, connections, ways to stations): "
            "with these as today, the other proposals bring 2"
        ),
        "By the time that it saves, at 40 CNY an hour, 1 of the 2 proposals pays for itself",
    ]
    report.rings, report.objective = (ring_shown(reward=12),), 4321
    assert list(sentences.rests_on(report))[-1] == (
        f"{last[-1]}, counted by the pairs of cities alone: what rings bring by road is not in it"
    )
    assert list(sentences.rests_on(report))[2] == (
        "Rings are closed for the driving time that they save (12 of 4,321 in the objective), not for pairs "
        "of cities"
    )
    free, now, then = (SimpleNamespace(pairs=60, through_pairs=through) for through in (20, 9, 7))
    of = {"places": 12, "least_people": 5000, "cores": ["A", "B"]}
    report.ring_use = SimpleNamespace(today=(free, now), plan=(free, then), facts=of)
    assert list(sentences.rests_on(report))[3] == (
        "By road, 20 of 60 pairs of 12 places of 5,000 people or more go through the cores (the built-up "
        "areas of A, B) on free roads, 20 with the plan; when these are congested 9, 7 with the plan"
    )


@pytest.mark.parametrize(("hour_value", "pays"), [(None, None), (1e-6, False), (1e-3, True)])
def test_a_proposal_pays_up_to_the_value_of_time_of_the_region(hour_value, pays):
    table = measure(dataclasses.replace(drawn_plan("bd"), hour_value=hour_value)).appraisal
    (found,) = table[table["candidate_id"] == "bd"].to_dict("records")
    assert found["pays"] == pays if pays is not None else found["pays"] is None
    if hour_value is not None:
        assert found["pays"] == (found["break_even_an_hour"] <= 1e6 * hour_value)
