"""Tables of a back-cast hold means of random draws and one row a choice."""

from __future__ import annotations

import pytest

from optimiser.report.backcast import (
    STRATEGIES,
    against_rules,
    choice_table,
    choices_of,
    found_by_strategy,
    means,
    table,
)


def choice(share: float | None, road_km: float, *, draw: int | None = None, pairs: int | None = 5):
    """Return a choice that finds some of 10 km of road built, and 1 of 5 km of railway."""
    named = {"chooser": "plan_lines" if draw is None else "random", "pool": "proposed", "purse": "one"}
    paid = {"share": share, "draw": draw, "money": 100, "cost": 90, "lines_cost": 80, "lines": 2}
    recall = {"proposed_km": 20.0, "recall_road": road_km / 10, "recall_rail": 1 / 5}
    recall |= {"recall_both": (road_km + 1) / 15, "recall_any": (road_km + 2) / 15}
    recall |= {"found_road": int(road_km > 4), "found_rail": 0, "precision": 5 / 20}
    return named | paid | recall | {"pairs": pairs, "gap": None, "built": ("a", "b")}


def test_of_random_draws_the_mean_the_least_and_the_most_are_told_by_share():
    draws = choices_of([choice(0.5, 2, draw=1), choice(0.5, 6, draw=2), choice(0.1, 0, draw=1)])
    low, high = (row for _, row in means(draws).iterrows())
    least, most = means(draws, "min").iloc[1], means(draws, "max").iloc[1]
    assert (low["share"], low["recall_road"], low["recall_rail"]) == (0.1, 0.0, 0.2)
    assert (high["recall_road"], least["recall_road"], most["recall_road"]) == (0.4, 0.2, pytest.approx(0.6))
    assert (high["recall_both"], high["recall_any"]) == (pytest.approx(5 / 15), pytest.approx(6 / 15))
    assert (high["found_road"], high["found_rail"], high["pairs"], high["lines_cost"]) == (
        0.5,
        0.0,
        5.0,
        80.0,
    )


def test_pairs_that_are_not_known_have_no_mean():
    assert means(choices_of([choice(0.5, 2, pairs=None)]))["pairs"].isna().all()


def test_a_row_states_money_recall_and_precision():
    row = table(choices_of([choice(0.5, 6)])).iloc[0]
    assert (row["recall_road"], row["recall_rail"], row["recall_both"], row["recall_any"]) == (
        0.6,
        0.2,
        round(7 / 15, 4),
        round(8 / 15, 4),
    )
    assert (row["money"], row["cost"], row["lines"], row["precision"], row["found_road"]) == (
        100,
        90,
        2,
        0.25,
        1,
    )


def test_the_lines_of_random_draws_and_of_everything_are_not_listed():
    found = choice_table(choices_of([choice(0.5, 2), choice(0.5, 2, draw=1), choice(None, 10)]))
    assert found["candidate_id"].tolist() == ["a", "b"]


def test_what_a_chooser_finds_is_a_row_for_each_share_of_the_money():
    draws = (choice(0.5, 2, draw=1), choice(0.5, 6, draw=2), choice(0.1, 0, pairs=None))
    found = found_by_strategy(_Found(draws), "one").set_index(["chooser", "money"])
    assert found.index.tolist() == [(STRATEGIES["plan_lines"], 0.1), (STRATEGIES["random"], 0.5)]
    assert found["road"].tolist() == [0.0, 0.4]
    assert found["corridors"].tolist() == [0.0, 0.5]
    assert found["pairs"].isna().tolist() == [True, False]


def test_the_plan_is_set_beside_the_best_rule_at_each_share_of_the_money():
    draws = (choice(0.5, 2, draw=1), choice(0.5, 6, draw=2), choice(0.1, 1, draw=1))
    found = against_rules(_Found((*draws, choice(0.5, 4), choice(0.1, 3))), "one")
    assert found.index.tolist() == [0.1, 0.5]
    assert found["best_rule"].tolist() == [STRATEGIES["random"]] * 2
    assert found["more"].tolist() == [True, False]
    assert (found["plan"] - found["rule"]).tolist() == pytest.approx([2 / 15, 0.0])


class _Found:
    """The choices of a back-cast."""

    def __init__(self, choices):
        self.choices = choices_of(choices)
