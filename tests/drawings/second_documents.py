"""Documents for the second checker: tiny problems worked out by hand, and attacks on each rule."""

import copy

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
LONG, LONGER = {A: 2**13999, B: 1}, (1, 2**13999)
"""Prices and a multiplier that prove a bound of more digits than Python writes."""
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
    "digits": (lambda p: (p["rows"][1].update(prices=LONG), p.update(tree=[leaf(1, LONGER)])), "too large"),
    "large": (lambda p: p["tree"][0]["multipliers"].append([0, 2**14000]), "type or size"),
    "unknown key": (lambda p: p.update(more=1), "unknown"),
    "missing key": (lambda p: p.pop("rows"), "missing"),
    "unreached entry": (lambda p: p["tree"].append(["x3", 0, 0]), "exist"),
    "tree of a text": (lambda p: p.update(tree=["leaf"]), "type or size"),
}
CHANGES = [
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
]


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


PATHS = [
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
]


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
BEYOND = LEAVE | {"nodes": [1, 2, 4, 5], "potentials": [0, 1, 0, 0]}  # true, but for a node that is not there
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
    (with_ring, BEYOND, None),
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
    "as long as allowed": (lambda: with_ring([5] * 7, longest=20), {"rings": ROUND}, "is 19;"),
    "too long": (lambda: with_ring([5] * 7, longest=19), {"rings": ROUND}, "longest001"),
    "of no length": (lambda: with_ring([0] * 7, longest=0), {"rings": ROUND}, "is 19;"),
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


NAMELESS = {"group": "", "least": 0, "of": "cities"}
UNGROUPED = {"id": "C", "weight": 1, "pairs": [0], "need": 1}
FAULTS = [
    lambda p: p.update(cover="targets"),
    lambda p: p.update(excludes=[["b-c", "b-c"]]),
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
    lambda p: p.update(targets=[{"group": "", "least": 0}]),
    lambda p: p.update(targets=[NAMELESS], cities=[UNGROUPED]),
    lambda p: p.update(rings=[ring(required=False, apart=["outer"])]),
    lambda p: p.update(rings=[ring(required=False, longest=1)]),
    lambda p: p.update(rings=[ring(required=False, centres=[])]),
    lambda p: p.update(rings=[ring(required=False), ring(required=False)]),
    lambda p: p.update(rings=[ring(required=False, links=[{"tail": 0, "head": 5, "candidate": None}])]),
    lambda p: p.update(rings=[ring(required=False, links=[{"tail": 5, "head": 0, "candidate": None}])]),
    lambda p: p.update(rings=[ring(required=False, links=[{"tail": 0, "head": 1, "candidate": "d"}])]),
    lambda p: p.update(rings=[ring(required=False, stops=[{"id": "s", "nodes": [5]}])]),
]


def weightless():
    problem = towns()
    for pair in problem["pairs"]:
        pair["weight"] = 0
    return problem


def proof_of(problem, entry):
    """A proof that rests on one row, with the bound that it has."""
    shown = proof(None, [entry], [leaf(1, (0, 3))])
    try:
        made = sc.Model(sc.read_problem(problem))
        read = sc.read(sc.certificate_shape(made, shown), shown, "")
        shown["bound"]["bound"] = sc.Proof(made, read.bound).bound()
    except sc.Refused:
        pass
    return shown


def with_bound_of(true, false):
    """A proof that rests on a row of a ring, with the bound that another row has."""
    return proof(proof_of(with_ring(), true)["bound"]["bound"], [false], [leaf(1, (0, 3))])


def nameless(**target):
    """All pairs are of the group of the empty name, or all cities, and must have a weight together."""
    problem = towns(targets=[{"group": "", "least": 2} | target])
    for item in problem["pairs"] if not target else problem.setdefault("cities", [UNGROUPED | {"weight": 0}]):
        item["group"] = ""
    return problem


def paid_once():
    """From a to b by b-c in 1 s, or by a-c in 2 s, which pays nothing more from b to c: 3 in all, not 4."""
    problem = towns(arcs=[])
    problem["candidates"][0]["arcs"], problem["candidates"][1]["arcs"] = [[0, 1, 1]], [[0, 1, 2], [1, 2, 1]]
    problem["pairs"][0]["limit"] = 3
    return problem


SPLITS = [leaf(1), leaf(1)]
PAID = {"time": "y0000001", "unit": 3, "prices": {A: 1, B: 3}}
PROOFS = {
    "a path that pays once": (paid_once, proof(19, [PAID], [leaf(1)]), "than 19"),
    "a path said to pay twice": (paid_once, proof(19, [PAID | {"unit": 4}], [leaf(1)]), None),
    "a group without a name": (nameless, root(), "800.00%"),
    "all weights are 0": (weightless, proof(0, [], [leaf(1)]), "than 0"),
    "a node that is not there": (with_ring, with_bound_of(LEAVE, BEYOND), None),
    "no third q": (two_centres, proof(19, [], [["q001_003", 1, 2], *SPLITS]), None),
    "cities of no name": (lambda: nameless(**NAMELESS), root(), "800.00%"),
    "no first q": (two_centres, proof(19, [], [["q001_001", 1, 2], *SPLITS]), None),
    "no rt of the last period": (rewarded, proof(66, [], [["rt001_002", 1, 2], *SPLITS]), None),
    "no f through a centre": (two_centres, proof(19, [], [["fa001_000005", 1, 2], *SPLITS]), None),
    "r is required": (with_ring, proof(19, [], [["r001", 1, 2], leaf(0), leaf(1)]), "than 19"),
    "bounds of what is today": (towns, proof(19, [], [["y0000002", 1, 2], leaf(0), leaf(1)]), "than 19"),
}


def documents():
    """Yield problem and certificate of each attack, of each plan, and of proofs with each row."""
    for change, _ in BREAKS.values():
        certificate = root()
        change(certificate["bound"])
        yield towns(), certificate
    yield from ((towns(), root() | change) for change, _ in CHANGES)
    for position, change, _ in PATHS:
        shown = PLAN | {"paths": paths()}
        shown["paths"][position] |= change
        yield towns(budget=5), shown
    yield from ((problem(), PLAN | change) for problem, change, _ in PLANS.values())
    for change in FAULTS:
        problem = towns()
        change(problem)
        yield problem, NOTHING | {"format": "polyring-certificate/2"}
    yield from ((problem(), certificate) for problem, certificate, _ in PROOFS.values())
    for problem, entry, _ in MADE:
        yield problem(), proof_of(problem(), {"model": entry} if isinstance(entry, str) else entry)
