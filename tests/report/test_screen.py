from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pandas as pd
from report_drawing import PRICED, many_links, on_screen, report_out_of_reach
from rich.console import Console
from ring_square import USE

from optimiser.report import sentences
from optimiser.report.ring_layout import RingReward

GOLDEN = Path(__file__).parent / "links_screen_golden.txt"


def test_the_screen_shows_coverage_and_ranked_links(report):
    text = on_screen(report)
    assert "310 of 400 million CNY bring 3 more of 6 pairs of cities within 4 hours" in text
    assert "Cy – Di" in text
    assert "+3" in text


def test_the_screen_shows_the_coverage_at_other_speeds(report):
    rows = {"case": ["expressways at 80 km/h"], "all before": [0.25], "all after": [0.5]}
    text = on_screen(replace(report, sensitivity=pd.DataFrame(rows)))
    assert "With expressways at 80 km/h: 25 % of pairs today, 50 % with the plan" in text


def test_the_screen_states_the_rule_of_the_ranking(report):
    title = sentences.links_table(report).title
    assert "in the order of building, by covered weight per cost" in str(title)


def test_the_screen_shows_links_by_package_and_the_twenty_of_best_rank():
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(sentences.links_table(many_links()))
    assert console.export_text() == GOLDEN.read_text(encoding="utf-8")


def test_markup_in_a_name_is_shown_as_written(make):
    assert "[red]Bo[/]" in on_screen(make("bc", names=("Ada", "[red]Bo[/]", "Cy", "Di")))


def test_the_screen_describes_a_ring_and_the_cities_on_it(ringed):
    text = on_screen(ringed)
    assert "A ring of 280 km round Centre through 3 cities; 89 % of it exists." in text
    assert "30 km of it must be built, for 300 million CNY." in text
    assert "On it, clockwise: Sea (at it), Bee (10 min) and Ay (2 min)." in text


def test_the_screen_compares_a_ring_with_a_known_one(compared):
    assert (
        "25 % of the proposed ring lies within 15 km of the known ring, which is 350 km long; 12 % of that "
        "ring lies within 15 km of the proposed one."
    ) in on_screen(compared)


def test_a_reward_that_is_not_earned_is_explained(missed):
    assert (
        "No ring round Centre is formed. In the objective it would count as much as pairs of cities with a "
        "weight of 12, but the plan found does not form it"
    ) in on_screen(missed)
    proven = on_screen(replace(missed, gap=0.0, bound=float(missed.objective)))
    assert "but no plan with it is better" in proven
    bounded = on_screen(replace(missed, gap=0.1, bound=missed.objective + 3.5))
    assert "no plan, with the ring or without, is better by more than 3." in bounded


def test_a_ring_that_cannot_be_formed_is_not_said_to_cost_coverage(missed):
    text = on_screen(replace(missed, rings=(replace(missed.rings[0], can_form=False),), gap=0.0))
    assert "No ring round Centre is formed. No existing or affordable links form a ring as requested" in text
    assert "coverage elsewhere" not in text


def test_what_a_derived_reward_is_made_of_is_stated(make, earning):
    reward = RingReward("outer", 1090, 7620, 789.6, 300.9, (1738, 1968))
    text = on_screen(make("bc", rings=(replace(earning, derived=reward),)))
    assert (
        "Its reward of 1,090 is derived from the cheapest circuit that meets the request: 790 for the time "
        "of 1,738 pairs of places on free roads, and 301 for that of 1,968 pairs while the roads of the "
        "cores are congested."
    ) in text


def test_what_a_ring_is_for_is_stated(make, earning):
    text = on_screen(make("bc", rings=(replace(earning, use=USE),)))
    assert (
        "By itself it takes a net 3 of 20 pairs of places out of Hub and Side; when these are congested, 20 "
        "of 60 pairs go through them, 17 with it. It makes 12 pairs faster, 6 of them by 5 minutes or more, "
        "and lies within 20 minutes of 1.50 M people. Should a stretch be closed, the rest of the ring leads "
        "round it: 50 km, 20 km of them existing roads, have no other way round as short."
    ) in text


def test_a_reward_does_not_count_where_cost_is_minimised(missed):
    assert "rewards do not count where cost is minimised" in on_screen(replace(missed, budget=None))


def test_a_reward_that_is_earned_is_stated(make, earning):
    text = on_screen(make("bc", rings=(earning,)))
    assert "for 300 million CNY. In the objective it counts as much as pairs of cities with a weight" in text
    assert "of 1,200 (its reward)." in text


def test_the_screen_states_the_price_of_fairness(make):
    text = on_screen(make("bc", fairness=PRICED))
    assert "Demands: 90 % of the pairs with a small city that can be covered, by weight." in text
    assert (
        "The demands change the plan (1 proposal in place of 2): small pairs gain 20 (90.0 % of what can be "
        "covered instead of 80.0 %), secondary pairs lose 30 (40.0 % of what can be covered instead of "
        "70.0 %)."
    ) in text
    assert "would cover 10 more weight, 4.3 % of 230." in text
    assert "A plan that achieves both costs 450 million CNY, 50 more than the budget." in text


def test_the_screen_lists_pairs_out_of_reach_where_cost_is_minimised():
    text = on_screen(report_out_of_reach())
    assert "3 of 6 pairs (3 small) stay beyond 4 hours even with every candidate built" in text


def test_ids_with_spaces_are_counted_as_one_in_the_table_of_periods(report):
    phases = pd.DataFrame(
        {
            "period": ["2030"],
            "budget_so_far": [400],
            "spent_so_far": [300],
            "starts": ["to small; to core"],
            "opens": [""],
            "pairs_within": [5],
            "weight_within": [50],
            "weight_share": [0.8],
        }
    )
    table = sentences.phases_table(report, phases)
    assert [next(iter(column.cells)) for column in table.columns[3:5]] == ["2", "0"]
