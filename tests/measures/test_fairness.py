"""The price of fairness is the share that a fair plan gives up."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from optimiser.measures.coverage import Fairness


def priced(best, fair):
    return Fairness((), (), None, (), (), None, False, fair, best, "weight", 9, "gold")


@pytest.mark.parametrize(("best", "fair", "price"), [(80, 60, 0.25), (9, 3, 0.666666667), (0, 0, 0.0)])
def test_the_price_of_fairness_is_the_share_given_up(best, fair, price):
    value = priced(best, fair).as_dict()
    assert (value["lost"], value["price_of_fairness"]) == (best - fair, price)
    assert TypeAdapter(Fairness).validate_python(value) == priced(best, fair)
