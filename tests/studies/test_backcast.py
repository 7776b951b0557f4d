"""What rules look at, lines between neighbours, and budgets by mode, on small drawn regions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import shapely
from candidates_drawing import KM, base_case, cities, network, proposal, table
from core_drawing import covered_by
from engine_running import solve_here
from tiers import thinned
from toys import SETTINGS, plans, toy

from networks import osm, regions
from networks.osm.tags import last_day
from networks.rail.builder import train_relations
from optimiser.measures.recall import Money
from optimiser.proposals.costs import builtin_cost_table
from optimiser.proposals.generate import Rules
from optimiser.proposals.terrain import PLAIN
from optimiser.run.solving import solve
from optimiser.studies.backcast import course, ends_at_cities, links_of, neighbour_lines, with_budgets

SPOTS = [(0, 0), (100, 0), (250, 0)]
ROAD = network(SPOTS, [(0, 1, "primary", 100, 50), (1, 2, "primary", 150, 50)])
PEOPLE = (6_000_000, 800_000, 70_000)
"""One core, one secondary and one small city, on a line."""
PLACES = cities(
    ROAD, [(f"c{at}", spot, people, at) for at, (spot, people) in enumerate(zip(SPOTS, PEOPLE, strict=True))]
)


@pytest.fixture(scope="module")
def drawn():
    return base_case(ROAD, PLACES)


def line(name: str, start_km: float, end_km: float, cost: int = 10):
    shape = shapely.LineString([(start_km * KM, 0), (end_km * KM, 0)])
    return replace(proposal(name, 0, 1, 600, cost=cost), geometry=shape, length_km=abs(end_km - start_km))


def test_rules_look_at_the_cities_nearest_to_the_ends_of_a_line(drawn):
    found = links_of(table(line("a", 3, 95, cost=7), line("b", 140, 240)), drawn)
    assert found.modes == ("road", "road")
    assert found.cost.tolist() == [7, 10]
    assert found.people.tolist() == [6e6 * 8e5, 8e5 * 7e4]
    # A degree of longitude at the equator has 111.32 km, KM takes it for 111.195.
    assert found.distance_km == pytest.approx([100.1, 150.2], abs=0.1)
    assert found.core_km == pytest.approx([0.0, 100.1], abs=0.1)


def test_a_line_whose_ends_are_near_one_city_joins_no_people(drawn):
    found = links_of(table(line("a", 1, 20)), drawn)
    assert (found.people.tolist(), found.distance_km.tolist()) == ([0.0], [1.0])


def test_a_line_ends_at_the_cities_within_the_distance_and_at_none_twice(drawn):
    spans = [(3, 95), (20, 95), (1, 14), (40, 60)]
    shapes = [shapely.LineString([(a * KM, 0), (b * KM, 0)]) for a, b in spans]
    assert [ends_at_cities(shape, drawn, 15.0) for shape in shapes] == [2, 1, 1, 0]


def test_neighbours_get_a_road_and_a_railway_whatever_is_there(drawn):
    found = neighbour_lines(drawn, Rules(), builtin_cost_table(), PLAIN).table
    pairs = found.groupby(["from_name", "to_name"])["mode"].apply(sorted).to_dict()
    assert pairs == {("C0", "C1"): ["rail", "road"], ("C1", "C2"): ["rail", "road"]}
    roads = found[found["mode"] == "road"]
    assert roads["cost"].tolist() == pytest.approx((roads["length_km"] * 120).tolist(), abs=0.5)
    assert sorted(found[found["mode"] == "rail"]["standard"]) == ["hsr-350", "rail-250"]


def test_a_course_has_the_length_of_its_line_in_parts_of_half_a_km():
    found = course("rail", shapely.LineString([(0, 0), (10 * KM, 0)]))
    assert (len(found.points), found.km) == (20, pytest.approx(10.0, abs=0.02))
    steps = np.linalg.norm(np.diff(found.points, axis=0), axis=1)
    assert steps == pytest.approx([0.5] * 19, abs=0.002)


@pytest.mark.parametrize("seed", thinned(range(6), 2))
def test_with_budgets_the_best_plan_is_the_best_of_those_that_no_budget_forbids(seed, monkeypatch):
    solve_here(monkeypatch)
    problem = toy(seed)
    modes = {one.id: ("road", "rail")[at % 2] for at, one in enumerate(problem.candidates)}
    money = Money(10, {"road": 6, "rail": 4})
    asked = with_budgets(problem, modes, money)
    result = solve(asked, SETTINGS)

    def spent(built, mode):
        return sum(one.cost for one in problem.candidates if one.id in built and modes[one.id] == mode)

    def weight(built):
        yes = covered_by(problem, set(built))
        return sum(pair.weight for pair, is_covered in zip(problem.pairs, yes, strict=True) if is_covered)

    allowed = [
        built
        for built in plans(problem.replace(budget=10))
        if spent(built, "road") <= 6 and spent(built, "rail") <= 4
    ]
    assert result.objective == max(map(weight, allowed))
    assert spent(result.built, "road") <= 6
    assert spent(result.built, "rail") <= 4


def test_without_budgets_by_mode_nothing_but_the_budget_changes():
    problem = toy(1)
    assert with_budgets(problem, {}, Money(3, {})) == problem.replace(budget=3)


def test_in_the_region_no_train_of_a_later_line_runs_on_a_past_day():
    day = date(2016, 3, 10)
    region = regions.read("jing-jin-ji")
    elements = osm.read(region.network, roads=frozenset(["motorway"]), rail=True, ferries=False)
    then, today = train_relations(elements, opened_by=day), train_relations(elements)
    starts = [last_day(one.tags["start_date"]) for one in then]
    assert all(start is not None and start <= day for start in starts)
    assert {one.tags["name"] for one in today} - {one.tags["name"] for one in then}
