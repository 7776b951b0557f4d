"""Break a valid file in one place at a time: exactly that place is reported, and nothing else.

A file that is valid, but at the edge of what is allowed, is read.
"""

from __future__ import annotations

import copy
import json

import pytest
from core_drawing import side_line
from problem_files import as_json, faults_of
from ring_drawing import ringed

from optimiser.problem import City, Period, Target, parse
from optimiser.problem import result as results
from optimiser.problem.errors import (
    EnvironmentFault,
    InfeasibleError,
    OptimiserError,
    ProblemError,
    SolverError,
    VerificationError,
)
from optimiser.problem.jsonfile import LARGEST
from optimiser.problem.result import Reason, Result, rounded_bound

RANGE = "is not an integer >= 0"


def changed(value, path, new):
    """Return a copy of a JSON value with another value at a path; `...` leaves the key out."""
    value = copy.deepcopy(value)
    *parents, last = path
    spot = value
    for key in parents:
        spot = spot[key]
    if new is ...:
        del spot[last]
    else:
        spot[last] = new
    return value


SIDE = as_json(side_line())
RINGED = as_json(ringed())
PHASED = as_json(ringed(periods=(Period("early", 4, 1), Period("late", 5, 2))))


@pytest.mark.parametrize(
    ("value", "path", "new", "fault"),
    [
        # ---- shapes
        (SIDE, ("format",), "polyring-problem/2", "format: 'polyring-problem/2' is not 'polyring-problem/1'"),
        (SIDE, ("name",), 7, "name: 7 is not a string"),
        (SIDE, ("nodes",), "abcd", "nodes: not a list"),
        (SIDE, ("nodes", 1), 7, "nodes[1]: 7 is not a string"),
        (SIDE, ("arcs",), {}, "arcs: not a list"),
        (SIDE, ("arcs", 0), [0, 1], "arcs[0]: [0, 1] is not [tail, head, seconds]"),
        (SIDE, ("candidates", 1), 7, "candidates[1]: not an object"),
        (SIDE, ("candidates", 1, "kind"), 7, "candidates[1].kind: 7 is not a string"),
        (SIDE, ("candidates", 1, "arcs"), {}, "candidates[1].arcs: not a list"),
        (
            SIDE,
            ("candidates", 1, "instrument"),
            "gift",
            "candidates[1].instrument: 'gift' is none of barrier, infrastructure, subsidy",
        ),
        (SIDE, ("candidates", 0, "fixed"), "on", "candidates[0].fixed: 'on' is none of in, out"),
        (SIDE, ("pairs", 0, "group"), 7, "pairs[0].group: 7 is not a string"),
        (SIDE, ("pairs", 0, "limit"), ..., "pairs[0]: key 'limit' is missing"),
        (SIDE, ("cover",), "all", "cover: is allowed only with a budget of null"),
        (SIDE, ("caps",), [], "caps: not an object"),
        (SIDE, ("caps",), {"gift": 1}, "caps: unknown key 'gift'"),
        (SIDE, ("capacities",), {}, "capacities: not a list"),
        (SIDE, ("capacities", 0, "use"), [], "capacities[0].use: not an object"),
        (SIDE, ("excludes",), {}, "excludes: not a list"),
        (SIDE, ("excludes", 0), ["ac"], "excludes[0]: ['ac'] is not [id, id]"),
        (SIDE, ("requires", 0), ["ac", 7], "requires[0]: ['ac', 7] is not [id, id]"),
        (SIDE, ("targets",), {}, "targets: not a list"),
        (SIDE, ("targets", 0, "of"), "towns", "targets[0].of: 'towns' is none of pairs, cities"),
        (SIDE, ("targets", 0, "group"), 7, "targets[0].group: 7 is not a string"),
        (SIDE, ("cities", 0, "pairs"), {}, "cities[0].pairs: not a list"),
        (SIDE, ("cities", 0, "id"), 7, "cities[0].id: 7 is not a string"),
        (RINGED, ("rings",), {}, "rings: not a list"),
        (RINGED, ("rings", 0, "centres"), [[2]], "rings[0].centres[0]: [2] is not [longitude, latitude]"),
        (RINGED, ("rings", 0, "apart"), "far", "rings[0].apart: not a list"),
        (
            RINGED,
            ("rings", 0, "links", 0, "candidate"),
            7,
            "rings[0].links[0].candidate: 7 is neither null nor an id",
        ),
        (RINGED, ("rings", 0, "links", 3, "via"), 7, "rings[0].links[3].via: not a list"),
        (RINGED, ("rings", 0, "stops", 0, "nodes"), 7, "rings[0].stops[0].nodes: not a list"),
        (PHASED, ("periods", 0, "id"), 7, "periods[0].id: 7 is not a string"),
        (PHASED, ("periods", 0, "factor"), ..., "periods[0]: key 'factor' is missing"),
        # ---- values
        (SIDE, ("nodes", 1), "a", "nodes: 'a' occurs twice"),
        (SIDE, ("arcs", 0, 0), -1, "arcs[0]: [-1, 1, 100] names a node outside 0..3"),
        (SIDE, ("arcs", 0, 1), 4, "arcs[0]: [0, 4, 100] names a node outside 0..3"),
        (SIDE, ("arcs", 0, 2), 0, "arcs[0]: travel time 0 is not an integer >= 1 s"),
        (SIDE, ("arcs", 0, 2), LARGEST + 1, f"arcs[0]: travel time {LARGEST + 1} is not an integer >= 1 s"),
        (
            SIDE,
            ("candidates", 0, "arcs", 1, 2),
            1.0,
            "candidates[0] ('ac').arcs[1]: travel time 1.0 is not an integer >= 1 s",
        ),
        (SIDE, ("pairs", 0, "origin"), 4, "pairs[0].origin: 4 is not a node (0..3)"),
        (SIDE, ("pairs", 0, "destination"), -1, "pairs[0].destination: -1 is not a node (0..3)"),
        (SIDE, ("pairs", 0, "weight"), -1, f"pairs[0].weight: -1 {RANGE}"),
        (SIDE, ("budget",), 1.5, "budget: 1.5 is neither null nor an integer >= 0"),
        (SIDE, ("caps", "subsidy"), -1, f"caps.subsidy: -1 {RANGE}"),
        (SIDE, ("capacities", 0, "most"), -1, f"capacities[0] ('trains').most: -1 {RANGE}"),
        (
            SIDE,
            ("capacities", 0, "use"),
            {},
            "capacities[0] ('trains').use: names no candidate; leave the capacity out",
        ),
        (
            SIDE,
            ("capacities", 0, "use", "ac"),
            0,
            "capacities[0] ('trains').use: 0 of 'ac' is not an integer >= 1",
        ),
        (SIDE, ("capacities", 0, "use", "xy"), 1, "capacities[0] ('trains').use: there is no candidate 'xy'"),
        (SIDE, ("capacities",), SIDE["capacities"] * 2, "capacities: id 'trains' occurs twice"),
        (SIDE, ("excludes", 0), ["ac", "xy"], "excludes[0]: there is no candidate 'xy'"),
        (SIDE, ("excludes", 0), ["ac", "ac"], "excludes[0]: 'ac' is named twice"),
        (SIDE, ("requires", 0), ["xy", "ac"], "requires[0]: there is no candidate 'xy'"),
        (SIDE, ("cities", 1, "id"), "dee", "cities: id 'dee' occurs twice"),
        (SIDE, ("cities", 0, "weight"), -1, f"cities[0] ('dee').weight: -1 {RANGE}"),
        (
            SIDE,
            ("cities", 0, "need"),
            3,
            "cities[0] ('dee').need: 3 is not an integer within 0..2, its pairs",
        ),
        (SIDE, ("cities", 0, "pairs", 1), 5, "cities[0] ('dee').pairs: 5 is not a pair (0..4)"),
        (SIDE, ("cities", 0, "pairs", 1), 1, "cities[0] ('dee').pairs: 1 occurs twice"),
        (
            SIDE,
            ("targets", 0, "group"),
            "tiny",
            "targets[0].group: no pairs are of group 'tiny'; there are core, small",
        ),
        (
            SIDE,
            ("targets", 1, "group"),
            "small",
            "targets[1].group: no cities are of group 'small'; there are core",
        ),
        (SIDE, ("targets", 0, "least"), -1, f"targets[0].least: -1 {RANGE}"),
        (RINGED, ("rings",), RINGED["rings"] * 2, "rings: id 'square' occurs twice"),
        (RINGED, ("rings", 0, "least_stops"), -1, f"rings[0] ('square').least_stops: -1 {RANGE}"),
        (
            RINGED,
            ("rings", 0, "centres", 0),
            [2, 2.5],
            "rings[0] ('square').centres[0]: [2, 2.5] is not two integers",
        ),
        (
            RINGED,
            ("rings", 0, "nodes", 0),
            [True, 2],
            "rings[0] ('square').nodes[0]: [True, 2] is not two integers",
        ),
        (RINGED, ("rings", 0, "apart"), ["far"], "rings[0] ('square').apart: 'far' is not another ring"),
        (PHASED, ("periods", 0, "factor"), -1, f"periods[0] ('early').factor: -1 {RANGE}"),
        (PHASED, ("budget",), 10, "budget: 10 is not 9, the sum of the periods' budgets"),
        (PHASED, ("budget",), None, "budget: None is not 9, the sum of the periods' budgets"),
    ],
)
def test_exactly_what_is_wrong_is_reported(value, path, new, fault):
    assert faults_of(changed(value, path, new)) == (fault,)


def test_targets_alone_need_targets():
    value = changed(changed(SIDE, ("budget",), None), ("targets",), [])
    assert faults_of({**value, "cover": "targets"}) == ("cover: 'targets' without targets",)


@pytest.mark.parametrize(
    ("value", "path", "new"),
    [
        (SIDE, ("arcs", 0), [3, 0, 1]),
        (SIDE, ("arcs", 0), [0, 0, LARGEST]),
        (SIDE, ("pairs", 0, "origin"), 3),
        (SIDE, ("pairs", 0, "limit"), 0),
        (SIDE, ("budget",), 0),
        (SIDE, ("caps", "subsidy"), 0),
        (SIDE, ("capacities", 0, "use", "ac"), 1),
        (SIDE, ("cities", 0, "need"), 0),
        (SIDE, ("cities", 0, "pairs", 1), 4),
        (SIDE, ("candidates", 0, "fixed"), "out"),
        (RINGED, ("rings", 0, "links", 2, "candidate"), None),
        (RINGED, ("rings", 0, "stops", 0, "must"), True),
        (PHASED, ("candidates", 0, "lead"), 3),
    ],
)
def test_values_at_the_edge_of_what_is_allowed_are_read(value, path, new):
    value = changed(value, path, new)
    assert as_json(parse(value)) == value


def test_what_may_be_left_out_is_left_out_when_a_problem_is_written():
    problem = side_line(cities=(City("dee", 3, (1, 2), 2, "core"), City("gee", 2, (4,), 1)))
    assert as_json(problem)["cities"][1] == {"id": "gee", "need": 1, "pairs": [4], "weight": 2}
    assert "rings" not in SIDE
    assert "periods" not in SIDE
    assert "lead" not in SIDE["candidates"][0]


# ---- results


RESULT = {
    "format": "polyring-result/1", "problem": "p", "status": "feasible", "built": ["a", "b"], "cost": 1,
    "coverage": 2, "bound": None,
}  # fmt: skip


def result_faults(value):
    with pytest.raises(ProblemError) as caught:
        results.parse(value)
    return caught.value.faults


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"format": "polyring-result/2"}, "format: 'polyring-result/2' is not 'polyring-result/1'"),
        ({"status": "fine"}, "status: 'fine' is none of optimal, feasible, infeasible, none"),
        ({"built": "ab"}, "built: not a list of ids"),
        ({"built": ["a", 1]}, "built: not a list of ids"),
        ({"built": ["a", "a"]}, "built: 'a' occurs twice"),
        ({"cost": -1}, f"cost: -1 {RANGE}"),
        ({"coverage": True}, f"coverage: True {RANGE}"),
        ({"objective": 1.0}, f"objective: 1.0 {RANGE}"),
        ({"bound": "7"}, "bound: '7' is not a number"),
        ({"gap": True}, "gap: True is not a number"),
        ({"starts": {"a": -1}}, "starts.a: -1 is not a period"),
        ({"reasons": {}}, "reasons: not a list"),
        ({"reasons": [{"text": "t", "target": 7, "nodes": [], "barred": {}}]}, "reasons[0]: not a reason"),
    ],
)
def test_exactly_what_is_wrong_in_a_result_is_reported(change, fault):
    assert result_faults({**RESULT, **change}) == (fault,)


@pytest.mark.parametrize("key", ["problem", "status", "built", "cost", "coverage", "bound"])
def test_a_result_without_one_of_its_keys_is_rejected(key):
    assert result_faults({name: value for name, value in RESULT.items() if name != key}) == (
        f"key {key!r} is missing",
    )


def test_what_a_result_leaves_out_has_its_default():
    found = results.parse({**RESULT, "built": ["b", "a"]})
    assert found == Result(
        "p", "feasible", ("a", "b"), 1, 2, 2, None, None, "", 0.0, 0, 1, "", termination=""
    )
    assert results.parse({**RESULT, "objective": 0}).objective == 0


def test_the_reasons_of_a_result_read_back_as_written():
    reasons = (
        Reason("short"),
        Reason("long", Target("core", 3, "cities"), ("a",), {"x": "y"}, capacity="c", ring="r", stops=("s",)),
    )
    value = results.parse({**RESULT, "status": "infeasible", "built": []}).replace(reasons=reasons)
    written = json.loads(results.dumps(value))
    assert results.parse(written) == value
    assert not {"capacity", "ring", "stops"} & written["reasons"][0].keys()


def test_the_gap_is_relative_to_at_least_one():
    assert results.gap_of(0, 0.0) == 0.0
    assert results.gap_of(1, 3.0) == 2.0
    assert results.gap_of(2, 3.0) == 0.5


@pytest.mark.parametrize(("tolerance", "best"), [(0.0, 9), (0.4, 9), (0.5, 10), (1.6, 11)])
def test_a_tolerance_that_is_given_takes_the_place_of_the_usual_one(tolerance, best):
    assert rounded_bound(9.5, tolerance=tolerance) == best
    assert rounded_bound(-9.5, tolerance=tolerance, minimise=True) == -best


# ---- errors


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OptimiserError, 2),
        (ProblemError, 2),
        (InfeasibleError, 3),
        (SolverError, 4),
        (VerificationError, 4),
        (EnvironmentFault, 5),
    ],
)
def test_each_error_has_the_exit_code_of_the_documentation(error, code):
    assert error("it failed").exit_code == code


def test_an_error_says_what_where_and_what_to_do_one_part_a_line():
    error = ProblemError("it failed", where="a.json", faults=["one", "two"], done="Nothing.", remedy="Try.")
    assert str(error) == "a.json: it failed\n  - one\n  - two\nNothing.\nTry."
    assert str(ProblemError("it failed")) == "it failed"
    assert (error.what, error.where, error.faults) == ("it failed", "a.json", ("one", "two"))
    assert (error.done, error.remedy) == ("Nothing.", "Try.")


def test_the_text_of_an_error_is_its_argument():
    error = ProblemError("what", where="here", faults=["one"], done="done.", remedy="Do.")
    assert error.args == (str(error),)
    assert "here: what" in str(error)
