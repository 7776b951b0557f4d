"""The price of fairness is the share that a fair plan gives up."""

from __future__ import annotations

from fractions import Fraction

import pytest

from optimiser.measures.coverage import price_of_fairness
from optimiser.problem.errors import ProblemError


def test_the_price_of_fairness_is_the_share_given_up():
    assert price_of_fairness(80, 60) == Fraction(1, 4)


def test_fairness_has_no_price_where_nothing_is_to_be_had():
    assert price_of_fairness(0, 0) == 0


@pytest.mark.parametrize(("best", "fair"), [(1, 2), (1, -1)])
def test_a_fair_plan_cannot_be_better_than_the_best(best, fair):
    with pytest.raises(ProblemError):
        price_of_fairness(best, fair)
