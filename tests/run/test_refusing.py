"""A job that no plan meets is told why, and what would do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from toys import rivals

from optimiser.job import loads
from optimiser.problem import Target
from optimiser.problem.errors import InfeasibleError
from optimiser.run import solving
from optimiser.run.refusing import keyed, named, refuse

REGION = '[region]\nname = "jing-jin-ji"\n'


def test_cities_go_by_name_also_behind_the_vehicle():
    text = "city:a - city:b/after (15 s), city:strange, city:a"
    assert named(text, {"a": "Ada", "b": "Bo"}) == "Ada - Bo (15 s), city:strange, Ada"


def test_a_target_is_followed_by_its_key():
    job = loads(REGION, settings=["least.small=0.9", "city_coverage.weight=1", "city_coverage.least_core=1"])
    assert keyed("the target of 7 for the pairs of group 'small' is", job) == (
        "the target of 7 for the pairs of group 'small' (least.small = 0.9) is"
    )
    assert "(city_coverage.least_core = 1)" in keyed("the target of 7 for the cities of group 'core'", job)
    assert keyed("the target of 7 for the pairs of group 'core'", job).endswith("'core'")


def test_a_share_beyond_the_budget_is_explained_with_the_share_and_the_money_that_would_do():
    # The two small pairs come together for 4; the core pair takes 3 more.
    job = loads(REGION, settings=["least.small=1.0", "least.core=1.0", "solve.threads=1"])
    problem = rivals().replace(budget=3, targets=(Target("small", 4),))
    result = solving.solve(problem, job.solve)
    with pytest.raises(InfeasibleError) as caught:
        refuse(problem, result, job, {})
    message = str(caught.value)
    assert caught.value.exit_code == 3
    assert "the target of 4 for the pairs of group 'small' (least.small = 1) is 4 short" in message
    assert "Lower least.core or least.small, or raise the budget." in message
    assert "With this budget least.small = 0 can be met." in message
    assert "What is demanded can be met with budget.amount = 4 (4 million)." in message


def test_a_share_that_has_no_part_in_the_conflict_is_not_to_be_lowered():
    job = loads(REGION, settings=["least.small=1.0", "solve.threads=1"])
    problem = rivals().replace(budget=3, targets=(Target("small", 4),))
    clash = "the ring 'outer' must be formed\nthe cap of 1 million on infrastructure"
    result = replace(solving.solve(problem, job.solve), message=clash)
    with pytest.raises(InfeasibleError, match="Raise the budget, a cap or a limit") as caught:
        refuse(problem, result, job, {})
    assert "least.small" not in str(caught.value)
