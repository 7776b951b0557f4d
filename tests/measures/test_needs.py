"""What a city gains, and the cheapest candidates that bring it another pair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from report_drawing import line_problem
from toys import plans, toy

from optimiser import verify
from optimiser.measures.order import cheapest_sets, needs
from optimiser.measures.valuation import Valuer


def asked(problem, built):
    """Return city, counts, pair, partner, cost and candidates of each row."""
    ends = np.array([[pair.origin, pair.destination] for pair in problem.pairs])
    valuer = Valuer.of(problem)
    found = needs(problem, built, ends, today=valuer.times(()), plan=valuer.times(built))
    return [tuple(row) for row in found.astype(object).itertuples(index=False)]


def test_cities_that_gain_least_come_first_with_the_cheapest_set_for_another_pair():
    # A - D (9 h), B - D (8 h) and C - D (5 h) are beyond 4 h; C-D brings the latter two, and with B-C all.
    assert asked(line_problem(), {"idle"}) == [
        (3, 3, 0, 3, 0, 4, 1, 200, ("cd",)),
        (0, 1, 0, 1, 0, 2, 3, 300, ("bc", "cd")),
        (1, 1, 0, 1, 0, 4, 3, 200, ("cd",)),
        (2, 1, 0, 1, 0, 5, 3, 200, ("cd",)),
    ]


def test_what_is_built_costs_nothing_and_a_city_with_all_its_pairs_needs_nothing():
    assert asked(line_problem(), {"cd"}) == [
        (0, 1, 0, 1, 0, 2, 3, 100, ("bc",)),
        (3, 3, 2, 1, 0, 2, 0, 100, ("bc",)),
        (1, 1, 1, 0, 0, -1, -1, pd.NA, ()),
        (2, 1, 1, 0, 0, -1, -1, pd.NA, ()),
    ]


def test_of_what_nothing_proposed_brings_the_pair_nearest_to_its_limit_counts():
    problem = line_problem()
    without = problem.replace(
        candidates=tuple(replace(one, fixed="out" if one.id == "cd" else "") for one in problem.candidates)
    )
    assert asked(without, set())[0] == (3, 3, 0, 0, 3, 5, 2, pd.NA, ())


@pytest.mark.parametrize("seed", range(6))
def test_the_cheapest_set_of_each_pair_is_that_of_brute_force(seed):
    problem = toy(seed).replace(budget=100)
    built = {problem.candidates[seed % len(problem.candidates)].id}
    costs = dict[int, int]()
    for plan in plans(problem):
        cost = problem.cost_of(sorted({*plan} - built))
        for k in verify.score(problem, sorted({*plan} | built)).covered:
            costs[k] = min(costs.get(k, cost), cost)
    found = cheapest_sets(problem, built, range(len(problem.pairs)))
    assert {k: cost for k, (cost, _) in found.items()} == costs
    for k, (cost, names) in found.items():
        assert cost == problem.cost_of(names)
        assert k in verify.score(problem, sorted({*names} | built)).covered
