"""What a ring brings besides the pairs is derived for its cheapest circuit, and its margin is proven."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import pandas as pd
import pytest
from core_region import PLACES, candidates_of, graph_of
from engine_running import outcome_of
from measures_drawing import drawn_cities, two_way
from shapely import LineString

from optimiser.job.sections import Independence
from optimiser.problem import Candidate, DesignProblem, Pair, Ring, RingLink, RingStop
from optimiser.run.independence import WithoutCore
from optimiser.run.proposing import RewardSetting, cheapest_circuit, with_rewards

IDS = list(PLACES)
PLAIN = (LineString([(117, 40.6), (115, 40.6)]), "rail")
DEGREE = 10_000_000


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


def region(seconds):
    """Bo and Cy are 10 s apart over the core, 40 s round it, and `seconds` with c0."""
    city = {name: IDS.index(f"city:{name}") for name in "abcd"}
    core = IDS.index("road:0")
    graph = graph_of(two_way([(city["b"], core, 5), (city["c"], core, 5), (city["b"], city["c"], 40)]))
    line, mode = PLAIN
    ways = [("city:b", "city:c", seconds), ("city:c", "city:b", seconds)]
    candidates = candidates_of([(30, mode, line, ways), (50, mode, line, [])])
    pairs = pd.DataFrame({"origin": [1], "destination": [2], "group": ["small"], "today_s": [10]})
    asked = Independence(weight=0.25, radius_km=(15.0,))
    without = WithoutCore.of(graph, candidates, drawn_cities(), gpd.GeoSeries([], dtype="geometry"), asked)
    problem = DesignProblem(
        name="region",
        nodes=("b", "c"),
        arcs=(),
        candidates=(
            Candidate("c0", 30, ((0, 1, seconds),)),
            Candidate("c1", 50, ()),
        ),
        pairs=(Pair(0, 1, 9, 10, "small"),),
        budget=100,
        rings=(ring(),),
    )
    return problem, RewardSetting(graph, candidates, drawn_cities(), pairs, without, 100)


@pytest.mark.parametrize(
    ("seconds", "pairs", "minutes", "of_minutes"),
    [
        (20, 1, 20 / 60, 0.25 * 10 * 20 / 100),
        # Independent at a stretch of 1.25 with the circuit: a pair counts that already.
        (12, 0, 0.0, 0.0),
        (40, 0, 0.0, 0.0),
    ],
)
def test_a_ring_is_worth_its_cities_and_the_minutes_that_no_pair_counts(seconds, pairs, minutes, of_minutes):
    problem, setting = region(seconds)
    found, (worth,) = with_rewards(problem, {"r"}, setting, outcome_of)
    # Roots of the people of Bo and Cy: 949 and 548.
    assert (worth.of_cities, worth.cities) == (0.25 * (949 + 548), ("Bo", "Cy"))
    assert (worth.pairs, worth.mean_minutes, worth.of_minutes) == (pairs, minutes, of_minutes)
    assert worth.reward == int(0.25 * 1497 + of_minutes) == found.rings[0].reward
    assert worth.cost == 30


def test_where_no_pair_counts_for_its_independence_all_minutes_are_worth_something():
    problem, setting = region(12)
    asked = Independence(weight=0.25, counts=False, radius_km=(15.0,))
    setting = replace(setting, without=replace(setting.without, asked=asked))
    _, (worth,) = with_rewards(problem, {"r"}, setting, outcome_of)
    # 40 s without the core become 12 s: 28 of 100 s of a pair that weighs 10.
    assert (worth.pairs, worth.of_minutes) == (1, 0.25 * 10 * 28 / 100)


def test_a_reward_that_the_job_gives_stays():
    problem, setting = region(20)
    problem = problem.replace(rings=(ring(reward=7),))
    assert with_rewards(problem, set(), setting, outcome_of) == (problem, ())


def test_the_cheapest_circuit_counts_whatever_the_budget():
    problem, _ = region(20)
    assert set(cheapest_circuit(problem.replace(budget=0), problem.rings[0], outcome_of)) == {0, 1, 2, 3}
    dear = problem.replace(candidates=(replace(problem.candidates[0], cost=60), problem.candidates[1]))
    assert set(cheapest_circuit(dear, dear.rings[0], outcome_of)) == {0, 1, 2, 4}


def test_a_ring_that_cannot_exist_is_worth_nothing():
    problem, setting = region(20)
    problem = problem.replace(rings=(ring(links=()),))
    found, (worth,) = with_rewards(problem, {"r"}, setting, outcome_of)
    assert (worth.reward, found.rings[0].reward) == (0, 0)
