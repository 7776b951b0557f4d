"""Tests of the second checker: tiny problems worked out by hand, and attacks on each rule."""

import copy
import itertools
import json
import math
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tiers import thinned

from optimiser.verify import second_checker as sc

A, B = "x0000001", "x0000002"


def towns(**more):
    """a - b exists (1 h); b-c costs 5 and takes 1 h, a-c costs 8 and takes 2 h. Today pair 2 is covered."""
    problem = {
        "format": "polyring-problem/1",
        "name": "three towns",
        "nodes": ["a", "b", "c"],
        "arcs": [[0, 1, 3600], [1, 0, 3600]],
        "candidates": [
            {"id": "b-c", "cost": 5, "arcs": [[1, 2, 3600], [2, 1, 3600]]},
            {"id": "a-c", "cost": 8, "arcs": [[0, 2, 7200], [2, 0, 7200]]},
        ],
        "pairs": [
            {"origin": 0, "destination": 2, "limit": 7200, "weight": 10},
            {"origin": 0, "destination": 1, "limit": 3600, "weight": 2},
            {"origin": 1, "destination": 2, "limit": 3600, "weight": 7},
        ],
        "budget": 4,
    }
    return problem | more


ROWS = [
    {"model": "budget"},
    {"time": "y0000001", "unit": 1, "prices": {A: 1, B: 1}},
    {"time": "y0000003", "unit": 1, "prices": {A: 1}},
]
NOTHING = {"built": [], "cost": 0, "coverage": 2}


def leaf(objective, *multipliers):
    return {"objective": objective, "multipliers": [list(pair) for pair in multipliers]}


def proof(bound, rows, tree, bits=0, **plan):
    inner = {"bound": bound, "denominator_bits": bits, "rows": rows, "tree": tree}
    return {"format": "polyring-certificate/2", "bound": inner, **plan}


def root():
    """The relaxation alone: cuts times 10 and 7 less 4 times the budget: 4 * 4 + 2 (pair 2) = 18."""
    return proof(18, copy.deepcopy(ROWS), [leaf(1, (0, 4), (1, 10), (2, 7))], **NOTHING)


def split():
    """b-c is not built: 5/4 of the budget and the cuts, 5 + 2 = 7; b-c is built: it costs 5 > 4."""
    tree = [[A, 1, 2], leaf(1, (0, 5), (1, 40), (2, 28)), leaf(0, (0, 1))]
    return proof(7, copy.deepcopy(ROWS), tree, bits=2, **NOTHING)


def refused(problem, certificate, why=None):
    with pytest.raises(sc.Refused, match=why):
        sc.check(problem, certificate)


def model(problem):
    return sc.Model(sc.read_problem(problem))


def checked_row(made, entry):
    shown = proof(None, [entry], [leaf(0)])
    certificate = sc.read(sc.certificate_shape(made, shown), shown, "certificate")
    return sc.Proof(made, certificate["bound"]).rows[0]


# ---- Bounds ------------------------------------------------------------------------------------------------


def test_root_alone():
    sentence, gap = sc.check(towns(), root())
    assert sentence == "the plan holds, its objective is 2; no plan is better than 18: a gap of 800.00%"
    assert gap == 8.0


def test_split_with_an_empty_leaf():
    sentence, gap = sc.check(towns(), split())
    assert sentence.endswith("no plan is better than 7: a gap of 250.00%")
    assert gap == 2.5


def test_optimum_by_contradicted_leaves():
    """Both splits leave nothing: 2 of pair 2 alone. The third leaf contradicts a split above."""
    tree = [
        [A, 1, 2],
        [B, 3, 4],
        leaf(0, (0, 1)),
        [A, 5, 6],
        leaf(0, (0, 1)),
        leaf(1, (1, 10), (2, 7)),
        leaf(1),
    ]
    sentence, gap = sc.check(towns(), proof(2, ROWS, tree, **NOTHING))
    assert sentence.endswith("no plan is better than 2: a gap of 0.00%")
    assert gap == 0


def test_plan_alone_and_proof_alone():
    plan = {"format": "polyring-certificate/2", "problem": "three towns"} | NOTHING
    assert sc.check(towns(), plan) == ("the plan holds, its objective is 2; no bound is proved", None)
    alone = {key: value for key, value in root().items() if key not in NOTHING}
    assert sc.check(towns(), alone) == ("no plan is shown; no plan is better than 18", None)


def test_there_is_no_plan():
    problem = towns()
    problem["candidates"][0]["fixed"] = "in"
    certificate = proof(None, [{"model": "budget"}], [leaf(0, (0, 1))])
    assert sc.check(problem, certificate) == ("there is no plan", None)
    refused(problem, certificate | NOTHING, "bounds of x0000001")


def test_cost_is_minimised():
    """Pair 3 needs b-c, which brings pair 1 as well: 5. c = -5, -8 with g = 1."""
    tree = [leaf(1, (0, 5))]
    plan = {"built": [{"id": "b-c", "cost": 5}], "cost": 5, "coverage": 19}
    sentence, gap = sc.check(towns(budget=None), proof(5, ROWS[2:], tree, **plan))
    assert sentence == "the plan holds, its objective is 5; no plan is better than 5: a gap of 0.00%"
    assert gap == 0
    refused(towns(budget=None), proof(4, ROWS[2:], tree, **plan), "the bound that is proved is 5")
    refused(towns(budget=None), proof(5, ROWS[2:], tree, **NOTHING), "bounds of y0000001")


def test_objective_in_units_of_its_divisor():
    """Weights 10, 2 and 8: g = 2, so that 10 + 1/4 of unit 2 rounds down to a whole unit."""
    problem = towns()
    problem["pairs"][2]["weight"] = 8
    tree = [leaf(1, (0, 7), (1, 20), (2, 16))]  # x1: 36 - 35 = 1, x2: 20 - 56 < 0; S = 28 + 4 + 1 = 33 of 4
    assert "than 16" in sc.check(problem, proof(16, ROWS, tree, bits=2))[0]
    refused(problem, proof(17, ROWS, tree, bits=2), "proved is 16")


def test_units_are_brought_together():
    rows = [ROWS[0], ROWS[1] | {"unit": 2, "prices": {A: 2, B: 3}}, ROWS[2] | {"unit": 3, "prices": {A: 3}}]
    assert "than 18" in sc.check(towns(), proof(18, rows, root()["bound"]["tree"]))[0]


BREAKS = {
    "bound": (lambda p: p.update(bound=17), "proved is 18"),
    "null": (lambda p: p.update(bound=None), "proved is 18"),
    "negative multiplier": (lambda p: p["tree"][0]["multipliers"].append([0, -1]), "negative"),
    "no such row": (lambda p: p["tree"][0]["multipliers"].append([3, 1]), "does not exist"),
    "not empty": (lambda p: p["tree"][0].update(objective=0), "may hold"),
    "no tree": (lambda p: p.update(tree=[]), "empty"),
    "entry twice": (lambda p: p.update(tree=[[A, 1, 1], *p["tree"]]), "twice"),
    "cycle": (lambda p: p.update(tree=[[A, 0, 1], *p["tree"]]), "twice"),
    "no such entry": (lambda p: p.update(tree=[[A, 1, 2], *p["tree"]]), "does not exist"),
    "no such variable": (lambda p: p.update(tree=[["x3", 1, 2], *p["tree"], leaf(1)]), "exist"),
    "cheaper path": (lambda p: p["rows"][1]["prices"].pop(A), "pays less"),
    "unit too high": (lambda p: p["rows"][1].update(unit=2), "pays less"),
    "unit 0": (lambda p: p["rows"][1].update(unit=0), "type or size"),
    "negative price": (lambda p: p["rows"][1]["prices"].update({A: -1}), "type or size"),
    "wrong pair": (lambda p: p["rows"][2].update(time="y0000002"), "pays less"),
    "no pair": (lambda p: p["rows"][2].update(time=A), "exist"),
    "price of a pair": (lambda p: p["rows"][2]["prices"].update(y0000001=1), "does not exist"),
    "no such model row": (lambda p: p["rows"][0].update(model="budget_001"), "exist"),
    "unused row": (lambda p: p["rows"].append({"time": "y0000001", "unit": 1, "prices": {}}), "pays less"),
    "unknown kind": (lambda p: p["rows"].append({"cut": "y0000001"}), "type or size"),
    "two kinds": (lambda p: p["rows"][0].update(time="y0000001"), "type or size"),
    "float": (lambda p: p.update(bound=18.0), "type or size"),
    "boolean": (lambda p: p["tree"][0].update(objective=True), "type or size"),
    "text": (lambda p: p.update(bound="18"), "type or size"),
    "bits": (lambda p: p.update(denominator_bits=4097), "size"),
    "large": (lambda p: p["tree"][0]["multipliers"].append([0, 2**14000]), "type or size"),
    "unknown key": (lambda p: p.update(more=1), "unknown"),
    "missing key": (lambda p: p.pop("rows"), "missing"),
    "unreached entry": (lambda p: p["tree"].append(["x3", 0, 0]), "exist"),
    "tree of a text": (lambda p: p.update(tree=["leaf"]), "type or size"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_attack_on_the_proof(name):
    certificate = root()
    change, why = BREAKS[name]
    change(certificate["bound"])
    refused(towns(), certificate, why)


def test_unreached_entries_do_not_count():
    certificate = root()
    certificate["bound"]["tree"] += [leaf(0), [A, 1, 2]]
    assert sc.check(towns(), certificate)[1] == 8.0


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"format": "polyring-certificate/3"}, "certificate/3"),
        ({"problem": "two towns"}, "another problem"),
        ({"cost": 1}, "cost"),
        ({"coverage": 3}, "coverage"),
        ({"built": [{"id": "b-c"}], "cost": 5, "coverage": 19}, "row budget"),
        ({"built": [{"id": "b-d"}]}, "does not exist"),
        ({"starts": {"b-c": 0}}, "starts"),
        ({"rings": [{"id": "r", "links": [0]}]}, "exist"),
        ({"paths": []}, "paths"),
        ({"cities": [{"id": "c", "weight": 0, "pairs": []}]}, "exist"),
        ({"bound": None}, "type"),
        ({"coverage": False}, "type"),
        ({"more": 1}, "unknown"),
    ],
)
def test_attack_on_the_certificate(change, why):
    refused(towns(), root() | change, why)


def test_keys_of_a_plan_need_a_plan():
    certificate = root()
    del certificate["built"]
    refused(towns(), certificate, "a proof nothing of it")
    refused(towns(), {"format": "polyring-certificate/2"}, "neither")
    refused(towns(), {"format": "polyring-certificate/2", "built": [], "cost": 0}, "coverage")


def test_a_plan_does_not_beat_the_bound():
    """Where the budget is 5, a proof of less than 19 cannot be had; forged by a plan of another budget."""
    refused(towns(budget=5), split() | {"built": [{"id": "b-c"}], "cost": 5, "coverage": 19}, "may hold")


def test_built_twice_and_its_cost():
    plan = {
        "format": "polyring-certificate/2",
        "built": [{"id": "b-c", "cost": 5}],
        "cost": 5,
        "coverage": 19,
    }
    assert "is 19" in sc.check(towns(budget=5), plan)[0]
    refused(towns(budget=5), plan | {"built": [{"id": "b-c", "cost": 4}]}, "cost, or")
    refused(towns(budget=10), plan | {"built": [{"id": "b-c"}] * 2, "cost": 10}, "twice")


def paths():
    return [
        {"pair": 1, "nodes": ["a", "b"], "seconds": [3600], "candidates": [None], "time_s": 3600},
        {
            "pair": 0,
            "nodes": ["a", "b", "c"],
            "seconds": [3600, 3600],
            "candidates": [None, "b-c"],
            "time_s": 7200,
        },
        {"pair": 2, "nodes": ["b", "c"], "seconds": [3600], "candidates": ["b-c"], "time_s": 3600},
    ]


@pytest.mark.parametrize(
    ("position", "change", "why"),
    [
        (0, {"pair": 0}, "twice"),
        (0, {"nodes": ["b", "a"]}, "ends"),
        (0, {"nodes": ["a", "d"]}, "ends"),
        (0, {"nodes": []}, "lengths"),
        (0, {"nodes": ["a", "c", "b"]}, "lengths"),
        (0, {"seconds": [3599], "time_s": 3599}, "exist"),
        (0, {"time_s": 3601}, "time"),
        (0, {"candidates": ["b-c"]}, "exist"),
        (1, {"candidates": [None, None]}, "exist"),
        (1, {"nodes": ["a", "c"], "seconds": [7200], "candidates": ["a-c"]}, "exist"),
        (1, {"pair": 3}, "exist"),
    ],
)
def test_paths(position, change, why):
    plan = {
        "format": "polyring-certificate/2",
        "built": [{"id": "b-c"}],
        "cost": 5,
        "coverage": 19,
        "paths": paths(),
    }
    assert sc.check(towns(budget=5), plan)
    plan["paths"][position] |= change
    refused(towns(budget=5), plan, why)
    refused(towns(budget=5), plan | {"paths": paths()[1:]}, "covered")


def test_cities():
    city = {"id": "C", "group": "g", "weight": 4, "pairs": [0, 2], "need": 2}
    problem = towns(cities=[city], budget=5)
    shown = {"id": "C", "weight": 4, "pairs": [2, 0]}
    plan = {"format": "polyring-certificate/2", "built": [{"id": "b-c"}], "cost": 5, "coverage": 19}
    assert "is 23" in sc.check(problem, plan | {"cities": [shown]})[0]
    refused(problem, plan | {"cities": [shown | {"weight": 5}]}, "weight or pairs of 'C'")
    refused(problem, plan | {"cities": [shown | {"pairs": [0, 1]}]}, "weight or pairs of 'C'")
    refused(problem, plan | {"cities": [shown | {"pairs": [0, 0]}]}, "weight or pairs of 'C'")
    refused(problem, plan | {"cities": [shown, shown]}, "twice")
    nothing = {"format": "polyring-certificate/2"} | NOTHING
    refused(problem, nothing | {"cities": [shown]}, "weight or pairs of 'C'")


# ---- Rows --------------------------------------------------------------------------------------------------

CITY = {"id": "C", "group": "g", "weight": 4, "pairs": [0, 2], "need": 2}


def with_rules():
    problem = towns(
        budget=13,
        caps={"subsidy": 9, "barrier": 0},
        capacities=[{"id": "line", "use": {"b-c": 6, "a-c": 4}, "most": 9}],
        excludes=[["a-c", "b-c"]],
        requires=[["b-c", "a-c"]],
        targets=[{"group": "s", "least": 11}, {"group": "s", "least": 13}, {"group": "none", "least": 0}],
        cities=[CITY, CITY | {"id": "D", "need": 1}],
    )
    problem["targets"] += [{"group": "g", "least": least, "of": "cities"} for least in (7, 9)]
    problem["candidates"][0]["instrument"] = "subsidy"
    problem["pairs"][0]["group"] = problem["pairs"][1]["group"] = "s"
    return problem


def periods(**more):
    """b-c opens in the period after its start."""
    parts = [{"id": "1", "budget": 5, "factor": 2}, {"id": "2", "budget": 3, "factor": 1}]
    problem = towns(budget=8, periods=parts, requires=[["a-c", "b-c"]])
    problem["candidates"][0]["lead"] = 1
    return problem | more


def ring(**more):
    """A square round (0, 0), its diagonal through the centre, and a triangle to the east of it."""
    ends = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 4), (4, 2)]
    data = {
        "id": "outer",
        "required": True,
        "reward": 0,
        "centres": [[0, 0]],
        "nodes": [[-1, -1], [1, -1], [1, 1], [-1, 1], [3, 0]],
        "links": [{"tail": tail, "head": head, "candidate": None} for tail, head in ends],
        "stops": [{"id": "s", "nodes": [4, 0]}],
        "least_stops": 0,
        "apart": [],
    }
    data["links"][3]["candidate"], data["links"][6]["candidate"] = "b-c", "a-c"
    return data | more


def with_ring(lengths=(), **more):
    problem = towns(budget=13, rings=[ring(**more)])
    for link, length in zip(problem["rings"][0]["links"], lengths, strict=False):
        link["length"] = length
    return problem


def two_centres():
    stops = [{"id": "s", "nodes": [4, 0], "must": True}]
    lengths = (6, 6, 6, 6, 1, 6, 6)
    return with_ring(lengths, centres=[[0, 0], [2, 0]], longest=40, least_stops=1, stops=stops)


def with_groups():
    stops = [{"id": "s", "nodes": [0], "group": "b"}, {"id": "t", "nodes": [1], "group": "a"}]
    return with_ring(stops=stops, least_by_group={"b": 3, "a": 1})


def rewarded():
    return periods(rings=[ring(required=False, reward=3)], requires=[])


def two_rings():
    nodes = [[-2, -1], [1, -1], [2, 1], [-1, 1], [3, 9]]
    return towns(budget=13, rings=[ring(), ring(id="inner", apart=["outer"], nodes=nodes)])


def in_a_line():
    problem = towns(arcs=[])
    problem["candidates"][0]["arcs"].append([0, 1, 3600])  # rank 2 between three parts
    return problem


PARTS = {"partition": ["y0000001"], "parts": [0, 0, 1]}
PRICED = {"time": "y0000003_2", "unit": 3, "prices": {"o0000001_2": 3}}
LEAVE = {"leave": "001", "nodes": [1, 2, 4], "potentials": [0, 1, 0], "centre": 0, "node": 4}
MADE = [
    (with_rules, "budget", "+5 x1 +8 x2 <= 13"),
    (with_rules, "cap_subsidy", "+1 x1 <= 1"),
    (with_rules, "cap_barrier", " <= 0"),
    (with_rules, "capacity_0000001", "+3 x1 +2 x2 <= 4"),
    (with_rules, "exclude_0000001", "+1 x1 +1 x2 <= 1"),
    (with_rules, "require_0000001", "+1 x1 -1 x2 <= 0"),
    (with_rules, "target_0000001", "-5 y1 -1 y2 <= -6"),
    (with_rules, "target_0000002", "+1 x1 <= -1"),
    (with_rules, "target_0000003", " <= 0"),
    (with_rules, "target_0000004", "-1 z1 -1 z2 <= -2"),
    (with_rules, "target_0000005", "+1 x1 <= -1"),
    (with_rules, "city_0000001", "-1 y1 -1 y3 +2 z1 <= 0"),
    (with_rules, "city_0000001_0000002", "-1 y3 +1 z1 <= 0"),
    (with_rules, "city_0000002_0000001", None),
    (periods, "budget_001", "+5 x1_1 +8 x2_1 <= 5"),
    (periods, "budget_002", "+5 x1_1 +5 x1_2 +8 x2_1 +8 x2_2 <= 8"),
    (periods, "start_0000001", "-1 x1 +1 x1_1 +1 x1_2 = 0"),
    (periods, "open_0000001_1", "+1 o1_1 = 0"),
    (periods, "open_0000001_2", "+1 o1_2 -1 x1_1 = 0"),
    (periods, "open_0000002_1", "+1 o2_1 -1 x2_1 = 0"),
    # a-c (lead 0) opens no earlier than b-c (lead 1), which therefore starts a period before it.
    (periods, "require_0000001_1", "+1 x2_1 <= 0"),
    (periods, "require_0000001_2", "-1 x1_1 +1 x2_1 +1 x2_2 <= 0"),
    (periods, PRICED, "-3 o1_2 +3 y3_2 <= 0"),
    (periods, PRICED | {"prices": {"o0000001_1": 3}}, None),
    (periods, PRICED | {"prices": {A: 3}}, None),
    (periods, PRICED | {"prices": {"x0000001_1": 3}}, None),
    (periods, {"partition": ["y0000001_1", "y0000003_2"], "parts": [0, 1, 2]}, None),
    # Parts {a, b} and {c}: pair 1 is an edge between them, of which b-c and a-c each have rank 1.
    (towns, PARTS, "-1 x1 -1 x2 +1 y1 <= 0"),
    # b-c alone is usable for pair 3 (b to c within 1 h).
    (towns, PARTS | {"partition": ["y0000003"]}, "-1 x1 +1 y3 <= 0"),
    (towns, PARTS | {"partition": ["y0000001", "y0000003"]}, None),  # two edges between the same parts
    (towns, PARTS | {"partition": ["y0000001", "y0000001"]}, None),
    (towns, PARTS | {"partition": []}, None),
    (towns, PARTS | {"partition": ["y0000002"]}, None),  # within a part
    (towns, PARTS | {"partition": [A]}, None),
    (towns, PARTS | {"parts": [0, 1, 2]}, None),  # a - b exists and is usable
    (towns, PARTS | {"parts": [0, 0]}, None),
    (in_a_line, {"partition": ["y0000002", "y0000003"], "parts": [5, 6, 7]}, "-2 x1 +1 y2 +1 y3 <= 0"),
    (two_centres, "circuit001_000005", "-1 fa1_7 -1 fb1_6 +1 fa1_6 +1 fb1_7 = 0"),
    (two_centres, "visit001_000005", "+1 fa1_6 +1 fb1_7 -1 r1 <= 0"),
    (two_centres, "use001_000004", "+1 fa1_4 +1 fb1_4 -1 x1 <= 0"),
    (two_centres, "use001_000001", "+1 fa1_1 +1 fb1_1 -1 r1 <= 0"),
    # The ray to the east crosses side 2 and link 7 northwards, and nothing else; link 6 ends on it.
    (two_centres, "round001_001", "+1 fa1_2 +1 fa1_7 -1 fb1_2 -1 fb1_7 -1 r1 = 0"),
    (two_centres, "round001_002", "+1 fa1_7 -1 fb1_7 +2 q1_2 -1 r1 = 0"),
    (two_centres, "turn001_002", "+1 q1_2 -1 r1 <= 0"),
    (two_centres, "turn001_001", None),
    # min(40, 36) / 6
    (
        two_centres,
        "longest001",
        " ".join(f"+1 f{way}1_{link}" for way in "ab" for link in (1, 2, 3, 4, 6, 7)) + " -6 r1 <= 0",
    ),
    (two_centres, "stop001_000001", "-1 fa1_4 -1 fa1_6 -1 fb1_1 -1 fb1_7 +1 n1_1 <= 0"),
    (two_centres, "must001_000001", "-1 n1_1 +1 r1 <= 0"),
    (two_centres, "stops001", "-1 n1_1 +1 r1 <= 0"),
    (with_groups, "stops001_001", "-1 n1_2 +1 r1 <= 0"),
    (with_groups, "stops001_002", "-1 n1_1 +2 r1 <= 0"),
    (with_groups, "stops001", "-1 n1_1 -1 n1_2 <= 0"),
    (rewarded, "formed001_001_000007", "+1 fa1_7 +1 fb1_7 -1 o2_1 +1 rt1_1 <= 1"),
    (rewarded, "formed001_001", "-1 r1 +1 rt1_1 <= 0"),
    (rewarded, "formed001_002", None),
    # inner is the first by its id
    (two_rings, "apart_0000001", "+1 fa1_1 +1 fa2_1 +1 fb1_2 +1 fb1_6 +1 fb2_2 +1 fb2_6 <= 1"),
    (two_rings, "apart_0000003", None),
    (with_ring, LEAVE, "+1 fa1_6 -1 fa1_3 -1 fb1_1 +1 fb1_7 <= 0"),
    (
        with_ring,
        LEAVE | {"nodes": [0], "potentials": [0], "node": 0},
        "-1 fa1_1 +1 fa1_4 +1 fb1_1 -1 fb1_4 <= 0",
    ),
    (with_ring, LEAVE | {"potentials": [0, 0, 0]}, None),
    (with_ring, LEAVE | {"potentials": [0, 1]}, None),
    (with_ring, LEAVE | {"nodes": [1, 2, 2]}, None),
    (with_ring, LEAVE | {"nodes": [1, 2, 5]}, None),
    (with_ring, LEAVE | {"node": 0}, None),
    (with_ring, LEAVE | {"centre": 1}, None),
    (with_ring, LEAVE | {"leave": "002"}, None),
    (with_ring, LEAVE | {"leave": "1"}, None),
    # The square winds round the centre.
    (with_ring, LEAVE | {"nodes": [0, 1, 2, 3], "potentials": [0, 0, 1, 1], "node": 0}, None),
    (
        with_ring,
        {"mend": "001", "links": [1, 5, 6]},
        "+1 fa1_2 +1 fa1_6 +1 fa1_7 +1 fb1_2 +1 fb1_6 +1 fb1_7 <= 2",
    ),
    *((with_ring, {"mend": "001", "links": links}, None) for links in ([0, 1, 2, 3], [0, 1, 4], [1, 5], [])),
    *((with_ring, {"mend": "001", "links": links}, None) for links in ([1, 5, 6, 1], [1, 5, 9])),
    (
        lambda: with_ring([5] * 7, longest=17),  # 20 > 17
        {"mend": "001", "links": [0, 1, 2, 3]},
        " ".join(f"+1 f{way}1_{link}" for way in "ab" for link in (1, 2, 3, 4)) + " <= 3",
    ),
]


@pytest.mark.parametrize(("problem", "entry", "expected"), MADE)
def test_row(problem, entry, expected):
    """A row with its terms, names without leading zeros; None: there is none, or its evidence is refused."""
    made = model(problem())
    entry = {"model": entry} if isinstance(entry, str) else entry
    if expected is None:
        with pytest.raises(sc.Refused):
            checked_row(made, entry)
        return
    terms, most, is_equation, _ = checked_row(made, entry)
    shown = [f"{factor:+} {re.sub('(?<=[a-z_])0+', '', name)}" for name, factor in terms.items() if factor]
    words = " ".join(sorted(shown, key=lambda term: term.split()[1]))
    wanted = re.findall(r"[+-]\d+ \w+|<?= ?-?\d+", expected)
    assert sorted(wanted) == sorted([*shown, f"{'=' if is_equation else '<='} {most}"]), words


def test_variables():
    assert model(with_rules()).variables["y0000001"] == (0, 1, 10)
    assert model(with_rules()).variables["y0000002"] == (1, 1, 2)
    ringed = model(two_centres()).variables
    assert ("fa001_000005" in ringed, "q001_001" in ringed, "q001_002" in ringed) == (False, False, True)
    assert "rt001_002" not in model(rewarded()).variables


PLAN = {"format": "polyring-certificate/2", "built": [{"id": "b-c"}], "cost": 5, "coverage": 19}
BOTH = {"built": [{"id": "b-c"}, {"id": "a-c"}], "cost": 13}
ROUND = [{"id": "outer", "links": [0, 1, 2, 3]}]


def hasty():
    problem = rewarded()
    del problem["candidates"][0]["lead"]
    return problem


PLANS = {
    "cap": (
        lambda: with_rules() | {"caps": {"subsidy": 4}, "targets": [], "requires": []},
        {},
        "cap_subsidy",
    ),
    "capacity": (
        lambda: towns(budget=5, capacities=[{"id": "", "use": {"b-c": 2}, "most": 1}]),
        {},
        "capacity_0000001",
    ),
    "require": (lambda: towns(budget=5, requires=[["b-c", "a-c"]]), {}, "require_0000001"),
    "target": (lambda: towns(budget=5, targets=[{"group": "s", "least": 20}]), {}, "target_0000001"),
    "exclude": (lambda: towns(budget=13, excludes=[["a-c", "b-c"]]), BOTH, "exclude_0000001"),
    "early": (periods, {"starts": {"b-c": 0}}, "objective is 23;"),  # 2 * 2 + 19
    "late": (periods, {"starts": {"b-c": 1}, "coverage": 2}, "objective is 6;"),
    "too late": (periods, {"starts": {"b-c": 2}, "coverage": 2}, "starts"),
    "no start": (periods, {}, "starts"),
    "too dear": (periods, BOTH | {"starts": {"b-c": 0, "a-c": 0}}, "row (budget|require)"),
    "circuit": (with_ring, {"rings": ROUND}, "is 19;"),
    "begun elsewhere": (with_ring, {"rings": [{"id": "outer", "links": [3, 0, 1, 2]}]}, "is 19;"),
    "turned": (with_ring, {"rings": [{"id": "outer", "links": [2, 1, 0, 3]}]}, "is 19;"),
    "none": (with_ring, {}, "bounds of r001"),
    "twice": (with_ring, {"rings": ROUND * 2}, "twice"),
    "nothing built": (with_ring, NOTHING | {"rings": ROUND}, "use001_000004"),
    "no stop": (with_groups, {"rings": ROUND}, "stops001_002"),
    "complete late": (rewarded, {"rings": ROUND, "starts": {"b-c": 0}}, "is 26;"),  # 2 * 2 + 19 + 3
    "complete at once": (hasty, {"rings": ROUND, "starts": {"b-c": 0}}, "is 66;"),  # 3 * (19 + 3)
    "apart": (two_rings, {"rings": [*ROUND, ROUND[0] | {"id": "inner"}]}, "apart_0000001"),
    **{
        f"links {links}": (with_ring, {"rings": [{"id": "outer", "links": links}]}, why)
        for links, why in (
            ([0, 1, 2], "chain"),
            ([0, 2, 1, 3], "chain"),
            ([0, 1, 2, 3, 0], "twice"),
            ([0, 1, 4], "variables"),
            ([1, 5, 6], "round001_001|use001"),
            ([0, 5, 6, 2, 3], "use001_000007"),
            ([], "variables"),
            ([9], "variables"),
            ([5, 5], "twice"),
        )
    },
}


@pytest.mark.parametrize("name", PLANS)
def test_plan(name):
    problem, change, words = PLANS[name]
    if words.endswith(";"):
        assert words in sc.check(problem(), PLAN | change)[0]
    else:
        refused(problem(), PLAN | change, words)


@pytest.mark.parametrize(("multiplier", "correction"), [(34, []), (40, [[0, -6]])])
def test_bound_with_periods(multiplier, correction):
    """Pairs 1 and 3 have no cover in period 1: b-c opens later, a-c costs 8. Equations may have any sign."""
    rows = [{"model": name} for name in ("open_0000001_1", "open_0000002_1", "budget_001")]
    rows += [
        {"time": "y0000001_1", "unit": 1, "prices": {"o0000001_1": 1, "o0000002_1": 1}},
        {"time": "y0000003_1", "unit": 1, "prices": {"o0000001_1": 1}},
        {"model": "require_0000001_1"},
    ]
    tree = [leaf(1, (0, multiplier), (1, 20), (3, 20), (4, 14), (5, 20), *correction)]
    certificate = proof(23, rows, tree, **PLAN, starts={"b-c": 0})
    assert "than 23: a gap of 0.00%" in sc.check(periods(), certificate)[0]


def test_links_through_a_corner_and_windings():
    assert sc.crossings([[0, 0], [2, 2], [5, 2]], [2, 2]) is sc.crossings([[0, 0], [4, 2]], [2, 1]) is None
    assert sc.crossings([[0, 0], [4, 2]], [6, 3]) == 0
    square = [[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]
    assert sc.crossings(square, [0, 0]) == 1
    assert sc.crossings(square[::-1], [0, 0]) == -1
    assert sc.crossings(square, [2, 0]) == 0
    assert sc.crossings(square, [-2, 0]) == 0
    assert sc.crossings([[0, -1], [1, 0], [0, 1], [-1, 0], [0, -1]], [0, 0]) == 1


# ---- Problems and documents --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p["candidates"][1].update(id="b-c"),
        lambda p: p["arcs"].append([0, 3, 1]),
        lambda p: p["arcs"].append([0, 1, 0]),
        lambda p: p["arcs"].append([0, 1, 2, 3]),
        lambda p: p["pairs"][0].update(origin=3),
        lambda p: p["pairs"][0].update(limit=1.5),
        lambda p: p["pairs"][0].update(weight=True),
        lambda p: p["pairs"][0].update(weight=2**63),
        lambda p: p.update(budget=-1),
        lambda p: p.update(cover="all"),
        lambda p: p.update(nodes="abc"),
        lambda p: p.update(caps={"tax": 1}),
        lambda p: p.update(excludes=[["b-c", "d"]]),
        lambda p: p.update(requires=[["b-c", "b-c"]]),
        lambda p: p.update(capacities=[{"id": "", "use": {"d": 1}, "most": 1}]),
        lambda p: p.update(periods=[]),
        lambda p: p.update(periods=[{"id": "1", "budget": 5, "factor": 1}]),
        lambda p: p["candidates"][0].update(lead=1),
        lambda p: p.update(format="polyring-problem/2"),
        lambda p: p.pop("budget"),
        lambda p: p.update(colour="red"),
        lambda p: p.update(cities=[{"id": "C", "weight": 1, "pairs": [3], "need": 1}]),
        lambda p: p.update(targets=[{"group": "", "least": 1}]),
        lambda p: p.update(rings=[ring(apart=["outer"])]),
        lambda p: p.update(rings=[ring(reward=1)]),
        lambda p: p.update(rings=[ring(longest=1)]),
        lambda p: p.update(rings=[ring(centres=[])]),
        lambda p: p.update(rings=[ring(), ring()]),
    ],
)
def test_problem_is_refused(change):
    problem = towns()
    change(problem)
    refused(problem, root())


TEXTS = {
    "duplicate key": '{"format": "polyring-certificate/2", "format": "polyring-certificate/2"}',
    "exponent": '{"format": 1e999999999}',
    "fraction": '{"format": 1.0}',
    "NaN": '{"format": NaN}',
    "infinity": '{"format": -Infinity}',
    "digits": '{"format": ' + "9" * 5000 + "}",
    "deep": "[" * 1_000_000,
    "deep and whole": "[" * 200_000 + "]" * 200_000,
    "truncated": '{"format": ',
    "two documents": "{} {}",
    "byte order mark": "\ufeff{}",
    "list": "[]",
    "empty": "",
}


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_refused(name, tmp_path, capsys):
    (tmp_path / "problem.json").write_text(json.dumps(towns()), encoding="utf-8")
    (tmp_path / "certificate.json").write_text(TEXTS[name], encoding="utf-8")
    assert sc.main([str(tmp_path / "problem.json"), str(tmp_path / "certificate.json")]) == 1
    printed = capsys.readouterr().out
    assert printed.startswith("REFUSED: ")
    assert printed.count("\n") == 1


def test_command(tmp_path):
    problem, certificate = tmp_path / "problem.json", tmp_path / "certificate.json"
    problem.write_text(json.dumps(towns()), encoding="utf-8")
    certificate.write_text(json.dumps(split()), encoding="utf-8")

    def run(*arguments):
        command = [sys.executable, str(Path(sc.__file__)), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    done = run(problem, certificate)
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        done.stdout == "OK: the plan holds, its objective is 2; no plan is better than 7: a gap of 250.00%\n"
    )
    assert run(problem, certificate, "--gap", "2.5").returncode == 0
    assert run(problem, certificate, "--gap", "2.49").stdout.startswith("REFUSED: the gap")
    for broken in (tmp_path, tmp_path / "none.json"):
        done = run(problem, broken)
        assert done.returncode == 1
        assert done.stdout.startswith("REFUSED: ")
        assert done.stderr == ""
    certificate.write_bytes(b'{"a": "\xff"}')
    assert run(problem, certificate).stdout.startswith("REFUSED: ")
    certificate.write_text('{"a\\ud800\\n": 1}', encoding="utf-8")
    assert run(problem, certificate).stdout.startswith("REFUSED: ")


def test_work_is_bounded(monkeypatch):
    monkeypatch.setattr(sc, "MOST_STEPS", 5)
    refused(towns(), root(), "not checked within 5 steps")


# ---- Searches and rows against all there is ----------------------------------------------------------------


def cheapest(problem, pair, prices):
    """The price of the cheapest path within the limit, by all paths that visit no node twice."""
    arcs = [(*arc, None) for arc in problem["arcs"]]
    for j, candidate in enumerate(problem["candidates"]):
        arcs += [(*arc, j) for arc in candidate["arcs"] if candidate.get("fixed") != "out"]
    best = []

    def walk(node, time, visited, used):
        if time > pair["limit"]:
            return
        if node == pair["destination"]:
            best.append(sum(prices.get(j, 0) for j in used))
            return
        for tail, head, seconds, j in arcs:
            if tail == node and head not in visited:
                walk(head, time + seconds, visited | {head}, used | {j})

    walk(pair["origin"], 0, {pair["origin"]}, frozenset())
    return min(best, default=None)


def random_problem(seed):
    draw = random.Random(seed)  # noqa: S311 - chance for drawings, no secret
    size = draw.randint(2, 6)

    def arcs(most):
        ends = [draw.sample(range(size), 2) for _ in range(draw.randint(1, most))]
        return [[*pair, draw.randint(1, 5)] for pair in ends]

    candidates = [
        {"id": str(j), "cost": draw.randint(0, 4), "arcs": arcs(4)}
        | ({"fixed": "out"} if draw.random() < 0.1 else {})
        for j in range(draw.randint(1, 5))
    ]
    pairs = [
        dict(zip(("origin", "destination"), draw.sample(range(size), 2), strict=True))
        | {"limit": draw.randint(1, 12), "weight": draw.randint(0, 9)}
        for _ in range(3)
    ]
    nodes = [str(node) for node in range(size)]
    return draw, towns(
        nodes=nodes, arcs=arcs(4), candidates=candidates, pairs=pairs, budget=draw.randint(0, 9)
    )


@pytest.mark.parametrize("seed", thinned(range(150), 30))
def test_cheapest_path_against_enumeration(seed):
    draw, problem = random_problem(seed)
    network = model(problem).network
    for pair in problem["pairs"]:
        prices = {j: draw.choice([0, 1, 2, 3, 7]) for j in range(len(problem["candidates"]))}
        least = cheapest(problem, pair, prices)
        for unit in range(1, 25):
            found = sc.PathSearch(network, pair, prices, unit).finds_cheaper()
            assert found == (least is not None and least < unit)


@pytest.mark.parametrize("seed", thinned(range(60), 20))
def test_every_plan_satisfies_every_cut(seed):
    """All plans of a small problem against rows with random evidence, where it is accepted."""
    draw, problem = random_problem(seed)
    problem["budget"] = 99
    made = model(problem)
    rows = []
    for _ in range(60):
        names = draw.sample([f"y000000{i}" for i in (1, 2, 3)], draw.randint(1, 3))
        prices = {f"x{j + 1:07}": draw.randint(0, 3) for j in range(len(problem["candidates"]))}
        for entry in (
            {"partition": names, "parts": [draw.randint(0, 2) for _ in problem["nodes"]]},
            {"time": names[0], "unit": draw.randint(1, 4), "prices": prices},
        ):
            try:
                rows.append(checked_row(made, entry))
            except sc.Refused:
                continue
    free = [j for j, candidate in enumerate(problem["candidates"]) if "fixed" not in candidate]
    for built in itertools.chain.from_iterable(itertools.combinations(free, k) for k in range(len(free) + 1)):
        values = {f"x{j + 1:07}" for j in built}
        for y, covered in zip(made.pair_of, made.network.covered(built), strict=True):
            values |= {y} if covered else set()
            assert made.variables[y][0] <= covered <= made.variables[y][1]
        assert all(cut.holds(values) for cut in [*rows, *made.rows.values()])


def changed(draw, value):
    """The value with one part of it replaced by something else."""
    junk = [None, True, 1.5, -1, 0, 1, 2, 2**64, "", "x", "y0000001", [], {}, [0], [[0, 1]], {"id": "b-c"}]
    if isinstance(value, dict) and value and draw.random() < 0.9:
        key = draw.choice(list(value))
        return value | {key: changed(draw, value[key])} if draw.random() < 0.9 else {**value, "more": 1}
    if isinstance(value, list) and value and draw.random() < 0.9:
        place = draw.randrange(len(value))
        shorter = value[:place] + value[place + 1 :]
        return (
            shorter
            if draw.random() < 0.1
            else [*value[:place], changed(draw, value[place]), *value[place + 1 :]]
        )
    return draw.choice(junk)


@pytest.mark.parametrize("seed", thinned(range(300), 60))
def test_nothing_but_refused(seed):
    """Random changes: an answer or `Refused`, and no bound below the optimum of `towns`, 2."""
    draw = random.Random(seed)  # noqa: S311 - chance for drawings, no secret
    rows = [
        *ROWS,
        LEAVE,
        {"mend": "001", "links": [1, 5, 6]},
        {"partition": ["y0000001"], "parts": [0, 0, 1]},
    ]
    circuit = [{"id": "outer", "links": [0, 1, 2, 3]}]
    tree = [[A, 1, 2], leaf(0, (0, 1)), leaf(1, (0, 4), (1, 10), (2, 7), (3, 1))]
    cases = [
        (towns(), split()),
        (towns(budget=5), PLAN | {"paths": paths()}),
        (with_ring(), PLAN | {"rings": circuit}),
        (with_ring(), proof(19, rows, tree)),
        (periods(), PLAN | {"starts": {"b-c": 0}}),
    ]
    problem, certificate = copy.deepcopy(draw.choice(cases))
    for _ in range(draw.randint(1, 2)):
        problem, certificate = draw.choice(
            [(changed(draw, problem), certificate), (problem, changed(draw, certificate))]
        )
    try:
        sentence, _ = sc.check(problem, certificate)
    except sc.Refused:
        return
    assert sentence
    if problem == towns() and "better than" in sentence:
        assert int(sentence.split("better than ")[1].split(":")[0]) >= 2


def circuits_of(data):
    """All circuits of a ring, as lists of links in order, each once for each start and direction."""

    def extend(chain, node, visited):
        for position, link in enumerate(data["links"]):
            for tail, head in ((link["tail"], link["head"]), (link["head"], link["tail"])):
                if tail != node or position in chain:
                    continue
                if head == visited[0]:
                    yield [*chain, position]
                elif head not in visited:
                    yield from extend([*chain, position], head, [*visited, head])

    for node in range(len(data["nodes"])):
        yield from extend([], node, [node])


@pytest.mark.parametrize("seed", thinned(range(40), 10))
def test_every_circuit_satisfies_every_row_of_its_ring(seed):
    """Circuits that wind once round all centres, by angles, against rows with evidence that is accepted."""
    draw = random.Random(seed)  # noqa: S311 - chance for drawings, no secret
    nodes = [[x, y] for x in (-3, 0, 3) for y in (-3, 0, 3)]
    grid = [(i, j) for i in range(9) for j in range(i) if i - j == 3 or (i - j == 1 and i // 3 == j // 3)]
    links = [{"tail": i, "head": j, "candidate": None, "length": draw.randint(1, 4)} for i, j in grid]
    for link in links:
        if draw.random() < 0.3:
            link["via"] = [[draw.randint(-4, 4), draw.randint(-4, 4)]]
    centres = [[draw.choice([-2, -1, 1, 2]), draw.choice([-2, -1, 1, 2])] for _ in range(draw.randint(1, 2))]
    data = ring(
        nodes=nodes, links=links, centres=centres, longest=draw.randint(8, 40), stops=[], required=False
    )
    problem = towns(rings=[data | {"reward": 1}])
    made = model(problem)
    inner, plans, cuts = made.rings["001"], [], []

    def angle(line, centre):
        turns = 0.0
        for (ax, ay), (bx, by) in itertools.pairwise(line):
            (ux, uy), (vx, vy) = (ax - centre[0], ay - centre[1]), (bx - centre[0], by - centre[1])
            turns += math.atan2(ux * vy - uy * vx, ux * vx + uy * vy) / (2 * math.pi)
        return round(turns)

    chains = list(circuits_of(data))
    for chain in chains:
        usable = all(link in inner.both for link in chain)
        line = []
        node = next(iter({*ends(links[chain[0]])} - ({*ends(links[chain[1]])} if len(chain) > 2 else set())))
        for position in chain:
            link = links[position]
            part = [nodes[link["tail"]], *link.get("via", []), nodes[link["head"]]]
            line += part if node == link["tail"] else part[::-1]
            node = link["head"] if node == link["tail"] else link["tail"]
        round_all = usable and all(abs(angle(line, centre)) == 1 for centre in centres)
        short = sum(links[position]["length"] for position in chain) <= data["longest"]
        if usable:
            point = inner.point(chain)
            assert (round_all and short) == all(row_.holds(point) for row_ in inner.rows.values())
            if round_all and short:
                plans.append(point)
        with_evidence = {"mend": "001", "links": chain}
        cuts += accepted(made, with_evidence)
    for _ in range(200):
        chosen = draw.sample(range(9), draw.randint(1, 5))
        potentials = [draw.randint(0, 1) for _ in chosen]
        entry = {"leave": "001", "nodes": chosen, "potentials": potentials, "centre": 0, "node": chosen[0]}
        cuts += accepted(made, entry)
    assert all(cut.holds(point) for point in plans for cut in cuts)


def ends(link):
    return link["tail"], link["head"]


def accepted(made, entry):
    try:
        return [checked_row(made, entry)]
    except sc.Refused:
        return []
