"""Compare the tables of measures of a five-node region with values computed by hand.

Today: Ada-Bo 3610 s, Ada-Cy 7210, Ada-Di 10810, Bo-Cy 10800, Bo-Di 14400, Cy-Di 3600. With the road Bo-Di:
Ada-Di 9010, Bo-Cy 9000, Bo-Di 5400.
"""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
from measures_drawing import drawn_apart, drawn_plan, drawn_problem

from networks.skims import UNREACHABLE
from optimiser import verify
from optimiser.job.sections import Measures as Settings
from optimiser.measures.order import MarginalValues
from optimiser.measures.tables import Measures
from optimiser.measures.valuation import Valuer
from optimiser.problem import Candidate, DesignProblem, Pair, Period
from optimiser.run.measuring import measure
from optimiser.run.timing import PARTS


@pytest.fixture
def road() -> Measures:
    return measure(drawn_plan("bd"))


@pytest.fixture
def both() -> Measures:
    return measure(drawn_plan("bd", "ac"))


def region(measures: Measures, name: str) -> tuple[float, float]:
    table = measures.polycentricity
    row = table[(table["measure"] == name) & (table["place"] == "")].iloc[0]
    return row["today"], row["plan"]


def through(measures: Measures) -> dict[str, tuple[float, float]]:
    rows = measures.polycentricity[measures.polycentricity["measure"] == "through_share"]
    return {row.place: (row.today, row.plan) for row in rows.itertuples()}


def tier(measures: Measures, name: str, state: str) -> pd.Series:
    table = measures.equity
    return table[(table["tier"] == name) & (table["state"] == state)].iloc[0]


def link(measures: Measures, name: str) -> pd.Series:
    return measures.appraisal[measures.appraisal["candidate_id"] == name].iloc[0]


def test_times_are_exact_before_and_after(road):
    assert road.seconds["before_s"].tolist() == [3610, 7210, 10810, 10800, 14400, 3600]
    assert road.seconds["after_s"].tolist() == [3610, 7210, 9010, 9000, 5400, 3600]


def test_the_road_spares_two_of_three_pairs_the_way_through_the_core(road):
    assert region(road, "core_every_share") == (pytest.approx(2 / 3), 0)


def test_pairs_that_need_the_core_are_cut_off_when_it_is_closed(road):
    assert region(road, "core_closed_cut_off_share") == (pytest.approx(2 / 3), 0)


def test_pairs_that_do_not_need_the_core_lose_no_time_when_it_is_closed(road):
    assert region(road, "core_closed_minutes") == (0, 0)


def test_detour_is_the_time_through_the_core_over_the_shortest_time(road):
    # Today 10800 + 14400 + 18000 (Cy to the junction and back) per 28800.
    # With the road 10800 + 12600 (Bo to the junction and back, then on) + 16200 per 18000.
    assert region(road, "core_detour_ratio") == (pytest.approx(1.5), pytest.approx(2.2))


def test_through_shares_count_the_pairs_of_others_that_come_near(road):
    # Bo-Cy and Bo-Di run by Ada, Ada-Di and Bo-Di by Cy; with the road Ada-Di runs by Bo and Bo-Cy by Di.
    assert through(road) == {
        "Ada": (pytest.approx(2 / 3), 0),
        "Bo": (0, pytest.approx(1 / 3)),
        "Cy": (pytest.approx(2 / 3), 0),
        "Di": (0, pytest.approx(1 / 3)),
    }


def test_core_betweenness_is_half_today_and_zero_with_the_road(road):
    assert region(road, "core_betweenness_share") == (0.5, 0)


def test_reach_evenness_uses_the_people_within_the_limit(road):
    # People in reach today: Ada 7.2 M, Bo 6.9, Cy 6.4, Di 0.4; with the road all 7.3 M: all alike.
    mean = (7.2 + 6.9 + 6.4 + 0.4) / 4
    deviation = (sum((x - mean) ** 2 for x in (7.2, 6.9, 6.4, 0.4)) / 4) ** 0.5
    assert region(road, "reach_evenness") == (pytest.approx(1 - deviation / 3.6), 1)


def test_functional_polycentricity_is_evenness_times_density(road):
    # Degrees today: Ada 20, Bo 10, Cy 20, Di 10 of 60: deviation 5, half the largest 10, density 30 / 60.
    assert region(road, "functional_polycentricity") == (pytest.approx((1 - 5 / 10) * 0.5), 1)


def test_coverage_by_tier_counts_pairs_by_their_smaller_city(road):
    assert [tier(road, "small", state)["pairs_within"] for state in ("today", "plan")] == [2, 5]
    assert tier(road, "all", "today")["pairs_share"] == 0.5


def test_cities_are_counted_by_what_they_reach(road):
    # Ada and Cy reach two of three, Bo and Di one of three; Ada has no other core city to reach.
    row = tier(road, "all", "today")
    assert (row["cities_all_within"], row["cities_half_within"], row["cities_core_within"]) == (0, 2, 2)
    assert tier(road, "all", "plan")["cities_all_within"] == 4


def test_mean_time_of_a_city_is_weighted_by_the_people_of_the_others(road):
    row = tier(road, "secondary", "today")
    seconds = (6e6 * 3610 + 3e5 * 10800 + 1e5 * 14400) / 6.4e6
    assert row["mean_minutes"] == pytest.approx(seconds / 60)


def test_the_worst_city_is_the_one_with_the_longest_mean_time(road):
    row = tier(road, "all", "today")
    seconds = (6e6 * 10810 + 9e5 * 14400 + 3e5 * 3600) / 7.2e6
    assert (row["worst_city"], row["worst_minutes"]) == ("Di", pytest.approx(seconds / 60))


def test_people_with_a_mean_time_beyond_the_limit_are_poor_in_time(road):
    # Di alone is beyond 10,000 s on average: 0.1 of 7.3 M people.
    seconds = (6e6 * 10810 + 9e5 * 14400 + 3e5 * 3600) / 7.2e6
    row = tier(road, "all", "today")
    assert row["poor_share"] == pytest.approx(0.1 / 7.3)
    assert row["poverty_gap"] == pytest.approx(0.1 / 7.3 * (seconds - 10_000) / 10_000)
    assert tier(road, "all", "plan")["poor_share"] == 0


def test_a_link_counts_pairs_people_and_minutes_on_top_of_the_others(road):
    row = link(road, "bd")
    # Ada-Di saves 1800 s, Bo-Cy 1800, Bo-Di 9000; the smaller cities are Di, Cy, Di.
    assert (row["pairs_brought"], row["people_brought"], row["saved_minutes"]) == (
        3,
        400_000,
        pytest.approx(210),
    )
    assert row["cost_per_person"] == pytest.approx(200e6 / 400_000)


def test_overruns_of_roads_follow_their_class_and_services_have_none(both):
    bd, ac = link(both, "bd"), link(both, "ac")
    # Lognormal with mean 1.204 x 200 and deviation 0.299 x 200: median = mean / sqrt(1 + (0.299 / 1.204)^2).
    assert bd["cost_p50"] == round(240.8 / (1 + (0.299 / 1.204) ** 2) ** 0.5)
    assert (ac["reference_class"], ac["cost_p50"], ac["cost_p80"]) == ("none", 50, 50)


def test_break_even_value_of_time_uses_the_assumed_trips():
    found = measure(drawn_plan("bd", settings=Settings(trips_per_person=1.0, discount_rate=0.0, years=10)))
    people, today = [6e6, 9e5, 3e5, 1e5], {(0, 1): 3610, (0, 2): 7210, (0, 3): 10810, (1, 2): 10800}
    today |= {(1, 3): 14400, (2, 3): 3600}
    pull = {(i, j): people[j] / today[min(i, j), max(i, j)] for i in range(4) for j in range(4) if i != j}
    whole = [sum(value for (i, _), value in pull.items() if i == city) for city in range(4)]
    saved = {(0, 3): 1800, (1, 2): 1800, (1, 3): 9000}
    hours = sum(
        s * (people[i] * pull[i, j] / whole[i] + people[j] * pull[j, i] / whole[j]) / 3600
        for (i, j), s in saved.items()
    )
    assert link(found, "plan")["break_even_an_hour"] == pytest.approx(200e6 / (10 * hours))


def test_links_used_together_are_listed_with_the_number_of_pairs():
    # Bo-Cy by the road and Di's road takes bd alone; a second piece from Di to Cy is used together with it.
    both = drawn_problem().replace(
        pairs=(Pair(1, 2, 9_000, 10, "small"),),
        arcs=tuple(arc for arc in drawn_problem().arcs if {arc[0], arc[1]} != {2, 3}),
        candidates=(
            drawn_problem().candidates[0],
            Candidate("dc", 10, ((2, 3, 3600), (3, 2, 3600)), "road_upgrade", "infrastructure"),
        ),
    )
    assert MarginalValues.of(Valuer.of(both), ["bd", "dc"]).shared_pairs() == {
        "bd": {"dc": 1},
        "dc": {"bd": 1},
    }
    assert link(measure(drawn_plan("bd", "ac")), "bd")["shares_pairs_with"] == ""


def test_a_region_without_people_is_measured_too():
    nobody = drawn_plan("bd")
    found = measure(dataclasses.replace(nobody, cities=nobody.cities.assign(population=0)))
    assert tier(found, "all", "plan")["people"] == 0
    assert pd.isna(region(found, "reach_evenness")[0])
    assert found.as_dict()["equity"][0]["gini"] is None


def test_the_build_order_begins_today_and_ends_with_the_plan(both):
    table = both.build_order
    # The trains bring Ada-Di to 9600 s and Bo-Cy to 9610 for 50, better value than three pairs for 200.
    assert table["candidate_id"].tolist() == ["", "ac", "bd"]
    assert table["cost_so_far"].tolist() == [0, 50, 250]
    assert table["pairs_within"].tolist() == [3, 5, 6]
    assert table["weight_gained"].tolist() == [0, 20, 10]
    assert table["weight_share_small"].tolist() == [0.4, 0.8, 1.0]


def test_a_replaceable_link_adds_less_than_it_covers_alone(both):
    row = link(both, "bd")
    assert (row["weight_alone"], row["weight_last"], row["dependence"]) == (30, 10, pytest.approx(1 / 3))


def test_without_periods_there_are_no_phases(both):
    assert both.phases.empty


def phased(problem: DesignProblem) -> DesignProblem:
    """Let the road take one of two periods to build."""
    bd, ac = problem.candidates
    return problem.replace(
        candidates=(dataclasses.replace(bd, lead=1), ac),
        periods=(Period("soon", 250, 2), Period("later", 50, 1)),
    )


def test_phases_list_what_starts_opens_and_is_covered():
    problem = phased(drawn_problem())
    plan = verify.score(problem, ["bd", "ac"], starts={"bd": 0, "ac": 1})
    base = drawn_plan("bd", "ac")
    found = measure(dataclasses.replace(base, problem=problem, plan=plan))
    rows = found.phases
    assert rows["period"].tolist() == ["soon", "later"]
    assert rows["spent_so_far"].tolist() == [200, 250]
    assert rows["budget_so_far"].tolist() == [250, 300]
    assert (rows["starts"].tolist(), rows["opens"].tolist()) == (["bd", "ac"], ["", "ac; bd"])
    assert rows["pairs_within"].tolist() == [3, 6]
    assert found.build_order["opens_in"].tolist() == ["", "later", "later"]


def test_a_region_without_anything_built_is_measured_too():
    found = measure(drawn_plan())
    assert len(found.build_order) == 1
    assert region(found, "core_every_share") == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert link(found, "plan")["cost"] == 0


def test_a_pair_that_no_path_joins_has_no_time():
    found = measure(drawn_apart("bd"))
    assert found.seconds["before_s"].tolist().count(UNREACHABLE) == 3
    assert tier(found, "all", "today")["people_cut_off"] == 100_000
    assert tier(found, "all", "plan")["people_cut_off"] == 0


def test_each_pair_knows_the_step_that_brings_it_within_the_limit(both):
    steps = both.seconds["step"].to_numpy()
    within = both.build_order["pairs_within"].tolist()
    assert [int(((steps >= 0) & (steps <= at)).sum()) for at in range(len(within))] == within


def test_pairs_that_are_never_within_the_limit_have_no_step():
    found = measure(drawn_plan())
    assert sorted(found.seconds["step"].tolist()) == [-1, -1, -1, 0, 0, 0]


def test_the_parts_of_a_trip_sum_to_its_time(both):
    parts = both.seconds[[f"{part}_s" for part in PARTS]].sum(axis=1)
    assert parts.tolist() == both.seconds["after_s"].tolist()
