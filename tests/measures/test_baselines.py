"""The rules choose as they say, for exactly the money that there is."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from optimiser.measures.recall import (
    BASELINES,
    Links,
    Money,
    at_random,
    spend,
)

LINKS = Links(
    modes=("road", "rail", "road", "rail"),
    cost=np.array([100, 400, 50, 300]),
    length_km=np.array([10.0, 40.0, 5.0, 30.0]),
    people=np.array([600.0, 8000.0, 0.0, 900.0]),
    distance_km=np.array([10.0, 40.0, 1.0, 30.0]),
    core_km=np.array([80.0, 0.0, 0.0, 25.0]),
)
"""Population over distance 60, 200, 0, 30; per cost 0.6, 0.5, 0, 0.1."""


def test_population_over_distance_comes_first():
    assert BASELINES["population"](LINKS).tolist() == [1, 0, 3, 2]


def test_per_cost_the_cheap_link_comes_first():
    assert BASELINES["population_per_cost"](LINKS).tolist() == [0, 1, 3, 2]


def test_links_of_core_cities_come_first_and_of_those_the_shortest():
    assert BASELINES["towards_core"](LINKS).tolist() == [2, 1, 3, 0]


def test_a_random_order_follows_from_its_seed_alone():
    assert at_random(LINKS, 7).tolist() == at_random(LINKS, 7).tolist()
    assert sorted(at_random(LINKS, 7).tolist()) == [0, 1, 2, 3]
    assert len({tuple(at_random(LINKS, seed).tolist()) for seed in range(20)}) > 5


def test_what_the_money_left_does_not_pay_for_is_passed_over():
    assert spend([1, 0, 3, 2], LINKS, Money(450, {})) == [1, 2]
    assert spend([0, 1, 3, 2], LINKS, Money(450, {})) == [0, 2, 3]


def test_with_budgets_no_mode_spends_the_money_of_another():
    assert spend([1, 0, 3, 2], LINKS, Money(450, {"road": 150, "rail": 300})) == [0, 2, 3]
    assert spend([1, 0, 3, 2], LINKS, Money(450, {"road": 50, "rail": 400})) == [1, 2]


def test_a_share_of_the_money_is_rounded_down_in_each_purse():
    part = Money(1001, {"road": 501, "rail": 500}).part(Fraction(1, 10))
    assert (part.total, part.by_mode) == (100, {"road": 50, "rail": 50})


@given(st.integers(0, 900), st.integers(0, 900), st.integers(0, 50))
def test_no_rule_overspends_and_none_leaves_money_for_a_link(road, rail, seed):
    money = Money(road + rail, {"road": road, "rail": rail})
    for order in (*(rule(LINKS) for rule in BASELINES.values()), at_random(LINKS, seed)):
        for purse in (money, Money(money.total, {})):
            chosen = spend(order.tolist(), LINKS, purse)
            left = {"all": money.total - int(LINKS.cost[chosen].sum())}
            for mode, most in purse.by_mode.items():
                left[mode] = most - sum(int(LINKS.cost[row]) for row in chosen if LINKS.modes[row] == mode)
            assert min(left.values()) >= 0
            for row in set(range(4)) - set(chosen):
                assert LINKS.cost[row] > min(left["all"], left.get(LINKS.modes[row], left["all"]))
