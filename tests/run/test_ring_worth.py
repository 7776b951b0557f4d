"""What a ring brings to pairs of places is derived for its cheapest circuit."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from engine_running import outcome_of
from measures_drawing import drawn_cities

from networks.cities import CityNames
from optimiser.job import loads
from optimiser.measures.ring_use import CONDITIONS, RoadTimes
from optimiser.problem import Candidate, DesignProblem, Pair, Ring, RingLink, RingStop
from optimiser.run.proposing import StatedProblem, cheapest_circuit, with_rewards

DEGREE = 10_000_000
JOB = """
[region]
place = "drawn"
[times]
limit_s = 1000
[independence]
weight = {weight}
[[rings]]
id = "r"
centres = ["Ada"]
required = false
reward = {reward}
"""
ROADS = RoadTimes(
    seconds=np.array([[[0, s], [s, 0]] for s in (500, 800, 1500)], dtype=float),
    places=pd.DataFrame(
        {
            "population": [900_000, 90_000],
            "tier": ["secondary", "small"],
            "terminal": [0, 1],
            "is_outside": True,
            "is_city": [True, False],
        }
    ),
    arcs=pd.DataFrame({"candidate_id": ["c0"], "tail": [0], "head": [1], **dict.fromkeys(CONDITIONS, 400.0)}),
    near=pd.DataFrame(),
    trips_per_person=1.0,
    facts={},
)
"""Two places outside the core, one of them a city, that c0 brings together."""


def ring(**changes):
    """Round Ada, past Bo and Cy; the west is closed by c0 or, at a higher cost, by c1."""
    found = Ring(
        id="r",
        required=False,
        centres=((116 * DEGREE, 40 * DEGREE),),
        nodes=tuple(
            (int(x * DEGREE), int(y * DEGREE)) for x, y in ((115, 39), (117, 39), (117, 41), (115, 41))
        ),
        links=(RingLink(0, 1), RingLink(1, 2), RingLink(2, 3), RingLink(0, 3, "c0"), RingLink(0, 3, "c1")),
        stops=(RingStop("b", (1,)), RingStop("c", (0, 3))),
        least_stops=2,
    )
    return replace(found, **changes)


def stated(**changes):
    """Return the problem of a region with pairs of cities that weigh 1,200 together."""
    problem = DesignProblem(
        name="region",
        nodes=("b", "c", "d"),
        arcs=(),
        candidates=(Candidate("c0", 30, ((0, 1, 9),)), Candidate("c1", 50, ())),
        pairs=(Pair(0, 1, 9, 1000, "small"), Pair(0, 2, 9, 200, "small")),
        budget=100,
        rings=(ring(**changes),),
    )
    return StatedProblem(problem, pd.DataFrame(), None)


def rewarded(problem, *, reward='"derived"', weight=0.25):
    job = loads(JOB.format(weight=weight, reward=reward))
    return with_rewards(
        problem, {"r": ROADS}, job, SimpleNamespace(city_names=CityNames(drawn_cities())), outcome_of
    )


@pytest.mark.parametrize(
    ("weight", "of_free", "of_congested", "reward"),
    [(0.25, 90.0, 120.0, 210), (0.0, 120.0, 0.0, 120), (0.33, 80.4, 158.4, 238), (3.0, 0.0, 480.0, 480)],
)
def test_a_ring_is_worth_the_part_of_the_limit_that_it_saves_over_a_day(
    weight, of_free, of_congested, reward
):
    found = rewarded(stated(), weight=weight)
    # 100 s of a limit of 1,000 s on free roads, 400 s while the core is congested, for all weights together.
    assert [one.reward for one in found.problem.rings] == [reward]
    (worth,) = found.rewards
    assert (worth.of_free, worth.of_congested) == pytest.approx((of_free, of_congested))
    assert (worth.reward, worth.cost, worth.pairs) == (reward, 30, (1, 1))


def test_a_reward_that_the_job_gives_stays():
    given = stated(reward=7)
    found = rewarded(given, reward=7)
    assert (found.problem, found.rewards) == (given.problem, ())


def test_the_cheapest_circuit_counts_whatever_the_budget():
    problem = stated().problem
    assert set(cheapest_circuit(problem.replace(budget=0), problem.rings[0], outcome_of)) == {0, 1, 2, 3}
    dear = problem.replace(candidates=(replace(problem.candidates[0], cost=60), problem.candidates[1]))
    assert set(cheapest_circuit(dear, dear.rings[0], outcome_of)) == {0, 1, 2, 4}


def test_a_ring_that_cannot_exist_is_worth_nothing():
    found = rewarded(stated(links=()))
    assert (found.rewards[0].reward, found.problem.rings[0].reward) == (0, 0)
