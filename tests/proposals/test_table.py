"""Check the tables of candidates: ids, merging, fixing."""

from __future__ import annotations

import dataclasses
import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import shapely
from candidates_drawing import proposal, table
from shapely import affinity

from optimiser.problem.errors import CandidateError
from optimiser.proposals.base_case import line_km
from optimiser.proposals.costs import builtin_cost_table
from optimiser.proposals.table import Item, assemble, fix, merge, number_arcs, tabulate
from optimiser.proposals.terrain import PLAIN, WATER


def test_ids_used_twice_are_refused():
    with pytest.raises(CandidateError, match="used twice"):
        table(proposal("x", 0, 1, 5), proposal("x", 1, 2, 5))


def test_merged_candidates_are_in_order_of_their_ids_with_their_arcs():
    both = merge(table(proposal("b", 0, 1, 5)), table(proposal("a", 1, 2, 7)))
    assert both.table["candidate_id"].tolist() == ["a", "b"]
    first = both.arcs[both.arcs["candidate"] == 0]
    assert set(first["seconds"]) == {7}


def test_fixing_names_every_unknown_id_and_every_contradiction():
    with pytest.raises(CandidateError) as error:
        fix(table(proposal("x", 0, 1, 5)), in_=["x", "y"], out=["x"])
    assert len(error.value.faults) == 2


def test_fixing_what_the_rules_left_out_names_the_rule():
    left = dataclasses.replace(table(proposal("x", 0, 1, 5)), rejected={"y": ("rail: too slow", "A", "B")})
    with pytest.raises(CandidateError) as error:
        fix(left, in_=["y"])
    assert error.value.faults == ("no candidate has the id 'y'; the rules left it out: too slow",)
    assert merge(left, table(proposal("z", 0, 1, 5))).rejected == left.rejected


def test_fixing_leaves_the_candidates_before_as_they_were():
    before = table(proposal("x", 0, 1, 5))
    after = fix(before, out=["x"])
    assert (before.table["fixed"][0], after.table["fixed"][0]) == ("", "out")


def test_the_arcs_keep_their_dtypes_when_there_are_none():
    empty = table()
    assert isinstance(empty.arcs, pd.DataFrame)
    assert str(empty.arcs["seconds"].dtype) == "int64"


def wet(*kinds):
    """Return ground that is water at the first of these points of each line, the others plain."""

    class Ground:
        source = "drawn"

        def classify(self, lon, lat):  # noqa: ARG002
            found = np.zeros(len(lon), dtype=np.int8)
            found[: kinds[0]] = WATER
            return found

    return Ground()


def priced(*proposals, ground=None, longest_km=math.inf):
    costs = builtin_cost_table()
    return assemble(proposals, costs, ground or PLAIN, (longest_km, ()))


def unpriced(name, km=10.0):
    """Return a road of 0.1 degree, whose cost follows from the table."""
    return dataclasses.replace(
        proposal(name, 0, 1, 5), cost=None, length_km=km, items=(Item("expressway-4", km),)
    )


def test_a_line_over_water_costs_more_and_says_how_far_it_runs_there():
    """Of 22 sampled points, 11 lie in water."""
    half = priced(unpriced("x"), ground=wet(11)).table.iloc[0]
    assert (half["plain"], half["hill"], half["mountain"], half["urban"]) == (0.5, 0.0, 0.0, 0.0)
    assert half["water_km"] == 5.0
    dry = priced(unpriced("x")).table.iloc[0]
    assert (dry["cost_low"], dry["cost"], dry["cost_high"], dry["water_km"]) == (900, 1200, 1500, 0.0)
    rate = builtin_cost_table().rate("expressway-4", "water")
    assert half["cost"] == round(600 + 5 * rate.central)


def test_proposals_whose_crossing_is_too_wide_are_left_out_and_counted():
    step_km = line_km(unpriced("x").geometry) / 22
    found = priced(unpriced("x"), ground=wet(11), longest_km=11 * step_km + 1e-9)
    assert (len(found), found.report) == (1, {})
    found = priced(unpriced("x"), ground=wet(11), longest_km=5.0)
    assert (len(found), found.report) == (0, {"road_link: crosses more than 5 km of water": 1})
    found = tabulate([(unpriced("x"), "wet")], builtin_cost_table(), PLAIN, report={"before": 2, "wet": 1})
    assert (len(found), found.report) == (0, {"before": 2, "wet": 2})


def test_proposals_across_a_closed_border_are_left_out_and_counted_and_upgrades_are_not(monkeypatch):
    line = unpriced("x").geometry
    middle = shapely.line_interpolate_point(line, 0.5, normalized=True)
    wall = shapely.LineString([(middle.x - 1.0, middle.y - 2.0), (middle.x + 1.0, middle.y + 2.0)])
    monkeypatch.setattr("networks.borders._borders", lambda: (np.array(["XA-XB"]), np.array([wall])))
    beside = dataclasses.replace(unpriced("y"), geometry=affinity.translate(line, 0.0, 5.0))
    upgrade = dataclasses.replace(unpriced("z"), replaces="road 1 (km 10)")
    found = assemble([unpriced("x"), beside, upgrade], builtin_cost_table(), PLAIN, (math.inf, ("XA-XB",)))
    assert found.table["candidate_id"].tolist() == ["y", "z"]
    assert found.report == {"road_link: crosses a border that is closed to cars (XA-XB)": 1}
    assert len(priced(unpriced("x"), beside, upgrade)) == 3


def test_candidates_that_are_taken_keep_their_arcs_and_runs():
    runs = {"a": ((3, 8, True),), "b": (), "c": ((1, 2, False), (2, 2, False))}
    every = table(
        *(
            dataclasses.replace(proposal(name, k, k + 1, 5 + k), runs=runs[name])
            for k, name in enumerate("abc")
        )
    )
    found = every.take([2, 0])
    assert found.table["candidate_id"].tolist() == ["c", "a"]
    assert (found.arcs["instead_s"] == found.arcs["seconds"]).all()
    assert found.arcs.drop(columns="instead_s").to_numpy().tolist() == [
        [0, "road:2", "road:3", 7],
        [0, "road:3", "road:2", 7],
        [1, "road:0", "road:1", 5],
        [1, "road:1", "road:0", 5],
    ]
    assert found.runs.to_numpy().tolist() == [[0, 1, 2, False], [0, 2, 2, False], [1, 3, 8, True]]
    assert len(every) == 3
    assert every.costs == {"a": 10, "b": 10, "c": 10}


def test_merged_candidates_add_up_reasons_and_keep_the_money():
    first, second = (
        dataclasses.replace(table(proposal(name, 0, 1, 5)), report=report)
        for name, report in (("b", {"x": 1, "y": 2}), ("a", {"y": 3}))
    )
    both = merge(first, second)
    assert both.report == {"x": 1, "y": 5}
    assert (both.money, both.price_year, both.terrain_source) == (
        first.money,
        first.price_year,
        first.terrain_source,
    )
    unpriced_table = dataclasses.replace(second, money="", price_year=0, terrain_source="")
    assert merge(unpriced_table, first).money == merge(first, unpriced_table).money == first.money
    assert merge(unpriced_table, first).price_year == first.price_year
    with pytest.raises(CandidateError, match="are priced in"):
        merge(first, dataclasses.replace(second, money="shells"))
    with pytest.raises(CandidateError, match="used twice") as error:
        merge(first, first)
    assert list(error.value.faults) == ["b"]


def test_the_digest_is_of_all_that_candidates_hold():
    one = table(proposal("x", 0, 1, 5))
    assert one.digest() == table(proposal("x", 0, 1, 5)).digest()
    others = [
        table(proposal("y", 0, 1, 5)),
        table(proposal("x", 0, 1, 6)),
        table(proposal("x", 0, 1, 5, cost=11)),
        dataclasses.replace(one, report={"x": 1}),
        dataclasses.replace(one, money="shells"),
        dataclasses.replace(one, price_year=1),
        dataclasses.replace(one, terrain_source="x"),
        fix(one, in_=["x"]),
    ]
    assert len({one.digest(), *(other.digest() for other in others)}) == 9


def test_arcs_are_numbered_by_the_nodes_of_the_graph_and_new_ones_after_them():
    new = dataclasses.replace(
        proposal("x", 0, 1, 5), arcs=(("road:1", "new:b", 3), ("new:b", "new:a", 4), ("new:a", "road:0", 5))
    )
    graph = SimpleNamespace(nodes=pd.DataFrame({"node_id": ["road:0", "road:1", "city"]}))
    found = number_arcs(graph, table(new).arcs)
    assert (found.count, found.old, found.new_ids) == (5, 3, ("new:a", "new:b"))
    assert (found.tail.tolist(), found.head.tolist(), found.seconds.tolist()) == (
        [1, 4, 3],
        [4, 3, 0],
        [3, 4, 5],
    )
    assert found.ends.tolist() == [0, 1, 3, 4]
    taken = found.take(np.array([False, True, True]))
    assert (taken.tail.tolist(), taken.candidate.tolist(), taken.count) == ([4, 3], [0, 0], 5)


def test_candidates_are_fixed_in_and_out():
    every = table(*(proposal(name, 0, 1, 5) for name in "abc"))
    assert fix(every, in_=["a"], out=["c"]).table["fixed"].tolist() == ["in", "", "out"]
    with pytest.raises(CandidateError) as error:
        fix(every, in_=["a", "z", "y"], out=["a"])
    assert list(error.value.faults) == [
        "no candidate has the id 'y'",
        "no candidate has the id 'z'",
        "`a` is fixed both in and out",
    ]
