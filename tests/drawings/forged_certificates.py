"""Forge certificates: documents of the right form with a false claim, for each thing that is checked.

`BOUNDS` claim a bound better than the optimum, or "no plan" where there is one. `PLANS` show a plan that
breaks a rule. `SHOWN` are true certificates with one statement changed. `FORMS` use the format otherwise than
its page says, and prove nothing false by that. `TRUE` and `WEAK` are true: each row decides what they prove.
All problems are so small that every plan can be tried.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import itertools
import json
import random

from core_drawing import both_ways, side_line
from problem_files import as_json
from ring_drawing import leading, ringed, square, undemanding

from optimiser import verify
from optimiser.problem import (
    Candidate,
    Capacity,
    City,
    DesignProblem,
    Pair,
    Period,
    RingLink,
    Target,
)
from optimiser.verify import bound_checker
from optimiser.verify.bound_checker import FORMAT

HEAD = {"format": FORMAT}


def two_links(**changes):
    """A pair a-c that needs both of two links of cost 3, and one a-b that needs the first; money for one."""
    return DesignProblem(
        name="two links",
        nodes=("a", "b", "c"),
        arcs=(),
        candidates=(Candidate("ab", 3, both_ways((0, 1, 10))), Candidate("bc", 3, both_ways((1, 2, 10)))),
        pairs=(Pair(0, 2, 20, 5), Pair(0, 1, 10, 2)),
        budget=4,
    ).replace(**changes)


def proof(rows, tree, bound, bits=0):
    return {"rows": rows, "tree": tree, "bound": bound, "denominator_bits": bits}


def leaf(*multipliers, objective=1):
    return {"objective": objective, "multipliers": [list(one) for one in multipliers]}


def split(at, *leaves):
    """A tree with one split."""
    return [[at, 1, 2], *leaves]


def bounded(rows, tree, bound, bits=0):
    return {**HEAD, "bound": proof(rows, tree, bound, bits)}


def model(name):
    return {"model": name}


def time(pair, prices, unit=1):
    """A row that a pair pays at least a unit, with the numbers of candidates, or names of variables."""
    names = {key if isinstance(key, str) else f"x{key:07d}": value for key, value in prices.items()}
    return {"time": pair if isinstance(pair, str) else f"y{pair:07d}", "unit": unit, "prices": names}


BUDGET, CIRCUIT_2, CIRCUIT_3, CIRCUIT_4 = map(
    model, ("budget", "circuit001_000002", "circuit001_000003", "circuit001_000004")
)
ROUND = model("round001_001")
RICH = {"budget": 30}
FORWARD, FORWARD_TWICE = (Pair(0, 1, 10, 5),), (Pair(0, 2, 20, 5),)
ONE_WAY = ((0, 1, 10), (1, 2, 10))
PHASES = {"periods": (Period("early", 0, 1), Period("late", 3, 1)), "budget": 3}


def _one_line():
    """One candidate whose two arcs a pair takes."""
    line = Candidate("abc", 3, both_ways((0, 1, 10), (1, 2, 10)))
    return two_links(candidates=(line,), pairs=(Pair(0, 2, 20, 5),))


def _slow_and_fast():
    """Both legs of a pair have a slow way that costs nothing, and only one may be slow."""
    ways = (Candidate("first", 1, ((0, 1, 10),)), Candidate("second", 5, ((1, 2, 5),)))
    return two_links(arcs=((0, 1, 15), (1, 2, 10)), candidates=ways, pairs=(Pair(0, 2, 20, 5),), budget=1)


def _triangle_alone():
    """Money for no ring but the triangle south of `across`, whose centre is not on it."""
    return ringed(undemanding(square(centres=((3, 1),))), budget=1)


def _nothing_to_cover():
    return _grouped(0, budget=None, cover="targets")


def _grouped(least, **changes):
    """A target for all pairs."""
    pairs = tuple(dataclasses.replace(pair, group="all") for pair in two_links().pairs)
    return two_links(pairs=pairs, targets=(Target("all", least),), **changes)


def _joined_today():
    return two_links(arcs=((0, 1, 10),), pairs=FORWARD, budget=0)


def _three_pairs():
    return two_links(pairs=(Pair(0, 1, 10, 3), Pair(1, 2, 10, 3), Pair(0, 2, 20, 3)), **RICH)


def _two_periods():
    return two_links(pairs=(Pair(0, 1, 10, 5), Pair(1, 2, 10, 2)), **PHASES)


EARLY_1, EARLY_2, UNPAID = model("open_0000001_1"), model("open_0000002_1"), model("budget_001")
WHOLE_FRACTION = [
    # Where y1 = 1, a float absorbs what the pair is worth, and the leaf seems to hold nothing of value.
    ["y0000001", 1, 2],
    leaf(),
    ["x0000001", 3, 4],
    leaf((0, 1), objective=0),
    leaf((0, 2**60), objective=1.0),
]
SUM_THAT_IS_NAN = [
    # inf - inf is nan, which a maximum passes over.
    ["y0000001", 1, 2],
    leaf(),
    leaf((0, 2**1024 - 2**970), (0, 2**970), objective=1.0),
]

BOUNDS = {
    "a whole fraction": lambda: (
        two_links(pairs=FORWARD),
        bounded([time(1, {1: 1})], WHOLE_FRACTION, 0),
    ),
    "an objective counted twice": lambda: (
        two_links(budget=None),
        bounded([time(1, {1: 1}), time(1, {2: 1})], [leaf((0, 2), (1, 2), objective=2)], 12),
    ),
    "a negative multiplier": lambda: (two_links(**RICH), bounded([BUDGET], [leaf((0, -1))], -1)),
    "a leaf called empty": lambda: (two_links(**RICH), bounded([], [leaf(objective=0)], None)),
    "a bound that is not proved": lambda: (two_links(**RICH), bounded([], [leaf()], 6)),
    "a leaf of value 1 passed over": lambda: (
        two_links(**RICH),
        bounded([], split("y0000001", leaf(), leaf()), 2),
    ),
    "a leaf of value 0 passed over": lambda: (
        _nothing_to_cover(),
        bounded([], split("x0000001", leaf(), leaf()), 3),
    ),
    "evidence of another pair": lambda: (
        two_links(),
        bounded(
            [time(1, {1: 1}), time(2, {1: 1}), time(1, {2: 1}), time(2, {2: 1}), BUDGET],
            split("x0000001", leaf((0, 5), (1, 2)), leaf((2, 5), (3, 2), (4, 7))),
            0,
        ),
    ),
    "evidence of a smaller problem": lambda: (
        # What holds where `ab` is all there is does not where `bypass` stands beside it.
        two_links(
            candidates=(*two_links().candidates, Candidate("bypass", 1, both_ways((0, 1, 10)))), budget=1
        ),
        bounded(
            [time(1, {1: 1}), time(2, {1: 1}), BUDGET],
            split("x0000001", leaf((0, 5), (1, 2)), leaf((2, 1), objective=0)),
            0,
        ),
    ),
    "a unit below 0": lambda: (two_links(**RICH), bounded([time(1, {}, -1)], [leaf((0, 5))], 2)),
    "a price below 0": lambda: (
        two_links(**RICH),
        bounded([time(2, {1: 1, 2: -1}), time(1, {2: 1})], [leaf((0, 2), (1, 2))], 5),
    ),
    "a unit above what a path pays": lambda: (
        two_links(**RICH),
        bounded([time(1, {1: 1}, 2)], [leaf((0, 5))], 4),
    ),
    "a unit above what two links cost": lambda: (
        two_links(**RICH),
        bounded([time(1, {1: 1, 2: 1}, 3)], [leaf((0, 5))], 5),
    ),
    "a candidate of one way paid for twice": lambda: (
        two_links(candidates=(Candidate("abc", 3, ONE_WAY),), pairs=FORWARD_TWICE),
        bounded([time(1, {1: 1}, 2)], [leaf((0, 1))], 0),
    ),
    "a candidate paid for twice": lambda: (_one_line(), bounded([time(1, {1: 1}, 2)], [leaf((0, 1))], 0)),
    "a cheap path that is slower at first": lambda: (
        _slow_and_fast(),
        bounded(
            [time(1, {1: 1, 2: 10}, 10), BUDGET],
            split("x0000002", leaf((0, 1)), leaf((1, 1), objective=0)),
            0,
        ),
    ),
    "prices of another period": lambda: (
        two_links(pairs=FORWARD, **PHASES),
        bounded(
            [
                time("y0000001_2", {"o0000001_1": 1}),
                time("y0000001_1", {"o0000001_1": 1}),
                EARLY_1,
                UNPAID,
            ],
            [leaf((0, 5), (1, 5), (2, 10), (3, 10))],
            0,
        ),
    ),
    "pairs of two periods": lambda: (
        _two_periods(),
        bounded(
            [
                {"partition": ["y0000001_2", "y0000002_1"], "parts": [0, 1, 2]},
                time("y0000001_1", {"o0000001_1": 1}),
                EARLY_1,
                EARLY_2,
                UNPAID,
            ],
            [leaf((0, 5), (1, 5), (2, 10), (3, 5), (4, 10))],
            2,
        ),
    ),
    "an existing arc between two parts": lambda: (
        _joined_today(),
        bounded(
            [{"partition": ["y0000001"], "parts": [0, 1, 2]}, BUDGET],
            [leaf((0, 1), (1, 1), objective=0)],
            None,
        ),
    ),
    "pairs round a cycle": lambda: (
        _three_pairs(),
        bounded([{"partition": ["y0000001", "y0000002", "y0000003"], "parts": [0, 1, 2]}], [leaf((0, 1))], 6),
    ),
    "pairs there and back": lambda: (
        two_links(pairs=(Pair(0, 1, 10, 3), Pair(1, 0, 10, 3)), **RICH),
        bounded([{"partition": ["y0000001", "y0000002"], "parts": [0, 1, 2]}], [leaf((0, 1))], 3),
    ),
    "a pair within a part": lambda: (
        two_links(**RICH),
        bounded([{"partition": ["y0000002"], "parts": [0, 0, 1]}], [leaf((0, 2))], 5),
    ),
    "potentials that do not fit": lambda: (
        ringed(),
        bounded(
            [
                {
                    "leave": "001",
                    "nodes": [0, 1, 2, 3],
                    "potentials": [0, 0, 0, 0],
                    "centre": 0,
                    "node": 1,
                },
                CIRCUIT_2,
                ROUND,
            ],
            [leaf((0, 1), (1, -1), (2, -1), objective=0)],
            None,
        ),
    ),
    "a node outside of the set": lambda: (
        _triangle_alone(),
        bounded(
            [
                {"leave": "001", "nodes": [3], "potentials": [0], "centre": 0, "node": 1},
                CIRCUIT_2,
                ROUND,
                model("use001_000003"),
                model("use001_000004"),
                BUDGET,
            ],
            [leaf((0, 2), (1, -2), (2, -2), (3, 2), (4, 2), (5, 1), objective=0)],
            None,
        ),
    ),
    "a mend of the ring itself": lambda: (
        ringed(),
        bounded(
            [{"mend": "001", "links": [0, 1, 2, 3]}, ROUND, CIRCUIT_2, CIRCUIT_3, CIRCUIT_4],
            [leaf((0, 1), (1, -4), (2, -1), (3, 2), (4, 1), objective=0)],
            None,
        ),
    ),
    "a mend of a ring that lacks what must be built": lambda: (
        # `use` and `formed` are no rules of a circuit alone.
        ringed(),
        bounded(
            [{"mend": "001", "links": [3, 2, 1, 0]}, ROUND, CIRCUIT_2, CIRCUIT_3, CIRCUIT_4],
            [leaf((0, 1), (1, -4), (2, -1), (3, 2), (4, 1), objective=0)],
            None,
        ),
    ),
    "a mend of one link": lambda: (
        ringed(),
        bounded([{"mend": "001", "links": [1]}, ROUND], [leaf((0, 1), (1, -1), objective=0)], None),
    ),
    "a mend of an open chain": lambda: (
        ringed(),
        bounded(
            [{"mend": "001", "links": [0, 1, 2]}, ROUND, CIRCUIT_2, CIRCUIT_3],
            [leaf((0, 1), (1, -3), (2, -1), (3, 1), objective=0)],
            None,
        ),
    ),
    "a mend of links that do not meet": lambda: (
        # From 0 to 1, then from 2 to 3, then from 0 on: the ends fit, and the ring has all three.
        ringed(square(links=(*square().links[:2], RingLink(2, 3), RingLink(0, 3)))),
        bounded(
            [{"mend": "001", "links": [0, 2, 3]}, ROUND, CIRCUIT_2, CIRCUIT_3, CIRCUIT_4],
            [leaf((0, 1), (1, -3), (2, -1), (3, 2), (4, 1), objective=0)],
            None,
        ),
    ),
    "a row that the problem lacks": lambda: (
        two_links(budget=None),
        bounded([BUDGET], [leaf((0, 1), objective=0)], None),
    ),
}
"""Problem, and a certificate with a false bound."""


def built(problem, *names, **more):
    """A plan with the cost and the coverage that it has, whether or not it keeps the rules."""
    cost = sum(c.cost for c in problem.candidates if c.id in names)
    starts, last = more.get("starts", {}), len(problem.periods) - 1
    lead = {c.id: c.lead if problem.periods else 0 for c in problem.candidates}
    final = {name for name in names if starts.get(name, 0) + lead[name] <= max(0, last)}
    free = tuple(dataclasses.replace(c, fixed=None, lead=0) for c in problem.candidates)
    bare = DesignProblem("bare", problem.nodes, problem.arcs, free, problem.pairs, cost)
    weight = verify.score(bare, sorted(final)).coverage.after
    return {**HEAD, "built": [{"id": name} for name in names], "cost": cost, "coverage": weight, **more}


def _plan(problem, *names, **more):
    return problem, built(problem, *names, **more)


def _ring_plan(ring, links=(0, 1, 2, 3), names=("north", "west"), **changes):
    problem = ringed(ring, **changes)
    return _plan(problem, *names, rings=[{"id": "square", "links": list(links)}])


def _fixed(how):
    ab, bc = two_links().candidates
    return two_links(candidates=(dataclasses.replace(ab, fixed=how), bc), **RICH)


MEASURED = tuple(dataclasses.replace(link, length=a + 1) for a, link in enumerate(square().links))
TRIANGLE = {"links": (0, 1, 4), "names": ("across",)}
TWO_RINGS = [{"id": name, "links": [0, 1, 2, 3]} for name in ("square", "other")]
PLANS = {
    "more than the budget": lambda: _plan(two_links(), "ab", "bc"),
    "more than the budget so far": lambda: _plan(two_links(pairs=FORWARD, **PHASES), "ab", starts={"ab": 0}),
    "more than a cap": lambda: _plan(
        two_links(
            candidates=tuple(dataclasses.replace(c, instrument="aid") for c in two_links().candidates),
            caps=(("aid", 5),),
            **RICH,
        ),
        "ab",
        "bc",
    ),
    "more than a capacity": lambda: _plan(
        two_links(capacities=(Capacity("trains", (("ab", 2), ("bc", 2)), 3),), **RICH), "ab", "bc"
    ),
    "two that exclude each other": lambda: _plan(two_links(excludes=(("ab", "bc"),), **RICH), "ab", "bc"),
    "one without what it requires": lambda: _plan(two_links(requires=(("ab", "bc"),), **RICH), "ab"),
    "one before what it requires": lambda: _plan(
        two_links(requires=(("ab", "bc"),), budget=12, periods=(Period("early", 6, 1), Period("late", 6, 1))),
        "ab",
        "bc",
        starts={"ab": 0, "bc": 1},
    ),
    "one that opens before what it requires": lambda: _plan(
        leading(
            two_links(
                requires=(("ab", "bc"),), budget=12, periods=(Period("early", 6, 1), Period("late", 6, 1))
            ),
            bc=1,
        ),
        "ab",
        "bc",
        starts={"ab": 0, "bc": 0},
    ),
    "a target missed": lambda: _plan(_grouped(3, **RICH), "ab"),
    "a target of cities missed": lambda: _plan(
        two_links(cities=(City("c", 4, (0, 1), 2, "big"),), targets=(Target("big", 1, "cities"),), **RICH),
        "ab",
    ),
    "a target above all weights": lambda: _plan(_grouped(8, **RICH), "bc"),
    "one that is fixed out": lambda: _plan(_fixed("out"), "ab", coverage=0),
    "without one that is fixed in": lambda: _plan(_fixed("in"), "bc"),
    "a pair that must be covered": lambda: _plan(two_links(budget=None), "ab"),
    "a ring that must be formed": lambda: _plan(ringed(), "north", "west"),
    "a ring without its link": lambda: _ring_plan(square(), names=("north",)),
    "a ring that winds round nothing": lambda: _ring_plan(undemanding(square(centres=((1, 3),))), **TRIANGLE),
    "a ring that misses a centre": lambda: _ring_plan(
        undemanding(square(centres=((3, 1), (1, 3)))), **TRIANGLE
    ),
    "a ring that runs through its centre": lambda: _ring_plan(undemanding(square()), **TRIANGLE),
    "a ring with its centre at a corner": lambda: _ring_plan(square(centres=((0, 0),))),
    "a ring that is too long": lambda: _ring_plan(square(links=MEASURED, longest=9)),
    "a ring with too few stops": lambda: _ring_plan(square(centres=((3, 1),)), **TRIANGLE),
    "a ring past a stop that it must pass": lambda: _ring_plan(
        square(
            centres=((3, 1),),
            least_stops=0,
            stops=(dataclasses.replace(square().stops[0], must=True), square().stops[1]),
        ),
        **TRIANGLE,
    ),
    "a ring with too few stops of a group": lambda: _ring_plan(
        square(
            centres=((3, 1),),
            least_stops=0,
            least_by_group=(("big", 1),),
            stops=(dataclasses.replace(square().stops[0], group="big"), square().stops[1]),
        ),
        **TRIANGLE,
    ),
    "a ring that is no circuit": lambda: _ring_plan(square(), links=(0, 2, 1, 3)),
    "a ring of no links": lambda: _ring_plan(square(), links=()),
    "a ring of unknown links": lambda: _ring_plan(square(), links=(0, 1, 2, 9)),
    "a ring passed twice": lambda: _ring_plan(square(), links=(0, 1, 2, 3, 0, 1, 2, 3)),
    "a ring that is unknown": lambda: _plan(
        ringed(square(required=False, reward=5)), rings=[{"id": "circle", "links": [0, 1]}]
    ),
    "a ring without variables": lambda: _plan(
        ringed(square(required=False)), rings=[{"id": "square", "links": [0, 1]}]
    ),
    "two rings that share a node": lambda: _plan(
        ringed(square(), square(id="other", apart=("square",), required=False, reward=5)),
        "north",
        "west",
        rings=TWO_RINGS,
    ),
    "a start after the last period": lambda: _plan(
        two_links(pairs=FORWARD, **PHASES), "ab", starts={"ab": 2}
    ),
    "built without a start": lambda: _plan(two_links(pairs=FORWARD, **PHASES), "ab"),
    "started and not built": lambda: _plan(
        two_links(pairs=FORWARD, **PHASES), "ab", starts={"ab": 1, "bc": 1}
    ),
    "a start that stands for what is required": lambda: _plan(
        two_links(requires=(("ab", "bc"),), **RICH), "ab", starts={"bc": 0}
    ),
    "one that is built twice": lambda: (
        two_links(**RICH),
        {**built(two_links(**RICH), "ab", "ab"), "cost": 6},
    ),
    "one that is unknown": lambda: (two_links(), {**built(two_links()), "built": [{"id": "ac"}]}),
}
"""Problem, and a plan that breaks a rule of it."""


@functools.cache
def _shown_whole():
    problem = side_line()
    plan = json.loads(json.dumps(verify.certificate(problem, verify.score(problem, ["ac", "bd"]))))
    return problem, plan


def shown_whole():
    """A plan with paths, cities and costs, all true."""
    problem, plan = _shown_whole()
    return problem, copy.deepcopy(plan)


def _false(*place, value):
    """The plan with another value at a place."""
    problem, document = shown_whole()
    inner = functools.reduce(lambda part, key: part[key], place[:-1], document)
    assert inner[place[-1]] != value
    inner[place[-1]] = value
    return problem, document


def _false_path(number=0, **changes):
    problem, document = shown_whole()
    document["paths"][number].update(changes)
    return problem, document


def _paths(change):
    problem, document = shown_whole()
    document["paths"] = change(document["paths"])
    return problem, document


SHOWN = {
    "a cost that is lower": lambda: _false("cost", value=6),
    "a coverage that is higher": lambda: _false("coverage", value=19),
    "the cost of a part": lambda: _false("built", 0, "cost", value=2),
    "another problem": lambda: _false("problem", value="lines"),
    "a city that weighs more": lambda: _false("cities", 0, "weight", value=4),
    "a city with a pair of another": lambda: _false("cities", 0, "pairs", value=[1, 2, 3]),
    "a city with too few pairs": lambda: _false("cities", 0, "pairs", value=[1]),
    "a city with a pair twice": lambda: _false("cities", 0, "pairs", value=[1, 1]),
    "a city that is not covered": lambda: _false("cities", value=[{"id": "gee", "weight": 2, "pairs": [4]}]),
    "a city shown twice": lambda: _false("cities", value=[{"id": "dee", "weight": 3, "pairs": [1, 2]}] * 2),
    "a city that is unknown": lambda: _false("cities", 0, "id", value="zee"),
    "a time that is not the sum": lambda: _false_path(time_s=49),
    "an arc that is faster": lambda: _false_path(seconds=[49], time_s=49),
    "an arc that nobody built": lambda: _false_path(candidates=[None]),
    "an arc of another candidate": lambda: _false_path(candidates=["bd"]),
    "an arc of what is not built": lambda: _false_path(
        2, nodes=["a", "d"], candidates=["ad"], seconds=[60], time_s=60
    ),
    "a path from elsewhere": lambda: _false_path(
        nodes=["b", "c"], candidates=[None], seconds=[100], time_s=100
    ),
    "a path to elsewhere": lambda: _false_path(
        nodes=["a", "b"], candidates=[None], seconds=[100], time_s=100
    ),
    "a path above the limit": lambda: _false_path(
        nodes=["a", "b", "c"], candidates=[None, None], seconds=[100, 100], time_s=200
    ),
    "a path with a second too many": lambda: _false_path(seconds=[50, 1], time_s=51),
    "a path with a candidate too many": lambda: _false_path(candidates=["ac", None]),
    "a path with an arc and no seconds": lambda: _false_path(seconds=[], time_s=0),
    "a path that is missing": lambda: _paths(lambda paths: paths[1:]),
    "a path twice": lambda: _paths(lambda paths: [*paths, paths[0]]),
    "a path of a pair that is not covered": lambda: _paths(lambda paths: [*paths, {**paths[0], "pair": 4}]),
}
"""Problem, and a plan whose certificate states something false."""


def _raw(problem, **changes):
    return {**as_json(problem), **changes}


def _back_in_time():
    """An arc that takes less than no time: the detour a - c - b is the faster way, which nobody looks for."""
    arcs = [[0, 1, 5], [0, 2, 10], [2, 1, -8], [1, 3, 3]]
    return {
        **as_json(two_links(candidates=(), pairs=())),
        "nodes": ["a", "b", "c", "d"],
        "arcs": arcs,
        "pairs": [{"origin": 0, "destination": 3, "limit": 5, "weight": 5}],
    }


def _one_name():
    """`bc` needs `ab`, which is two candidates: one may be built, one is fixed out."""
    raw = _raw(two_links(requires=(("bc", "ab"),), pairs=(Pair(1, 2, 10, 5),), **RICH))
    raw["candidates"].append({**raw["candidates"][0], "fixed": "out"})
    return raw


def ladder(stages):
    """So many stages of two parallel arcs, with prices of powers of 2: no label at a node drops another."""
    links = [
        Candidate(f"{way}{i}", 1, ((i, i + 1, 1 + (way == "b")),)) for i in range(stages) for way in "ab"
    ]
    nodes, limit = tuple(f"n{i}" for i in range(stages + 1)), stages + stages // 2
    problem = DesignProblem("ladder", nodes, (), tuple(links), (Pair(0, stages, limit, 5),), 2 * stages)
    # Half of the stages at least must be fast, the first ones for the least.
    prices = {2 * i + 1: 2**i for i in range(stages)}
    return problem, bounded([time(1, prices, 2 ** ((stages + 1) // 2) - 1)], [leaf()], 5)


def searched(seed):
    """A pair in a small network drawn by chance, its prices, and the least that a path within its limit pays.

    Candidates have up to four arcs, also round a triangle or one way alone, and some cost nothing. Every path
    is tried.
    """
    chance = random.Random(seed)  # noqa: S311 - chance for drawings, no secret
    links = []
    for j in range(8):
        ends = chance.sample(range(6), chance.choice((2, 2, 3, 4)))
        round_ = [*ends, ends[0]] if len(ends) == 3 and chance.random() < 0.5 else ends
        arcs = [(tail, head, chance.randrange(1, 9)) for tail, head in itertools.pairwise(round_)]
        links.append(Candidate(f"c{j}", 1, tuple(arcs) if chance.random() < 0.3 else both_ways(*arcs)))
    slow = tuple((*chance.sample(range(6), 2), chance.randrange(1, 15)) for _ in range(chance.randrange(3)))
    prices = {j + 1: chance.randrange(1, 13) for j in range(8) if chance.random() < 0.8}
    problem = DesignProblem("web", tuple("abcdef"), slow, tuple(links), (Pair(0, 5, 20, 5),), 8)
    arcs = [(*arc, 0) for arc in slow]
    arcs += [(*arc, j) for j, one in enumerate(links, 1) for arc in one.arcs]
    least, stack = None, [((0,), 0, frozenset())]
    while stack:
        visited, seconds, used = stack.pop()
        if visited[-1] == 5:
            paid = sum(prices.get(j, 0) for j in used)
            least = paid if least is None else min(least, paid)
            continue
        for tail, head, more, j in arcs:
            if tail == visited[-1] and head not in visited and seconds + more <= 20:
                stack.append(((*visited, head), seconds + more, used | {j}))
    return problem, prices, least


SEARCHED = (13, 18, 19, 23, 26, 28, 30, 34, 39, 47)
"""Seeds of `searched` whose paths are searched for at some length."""


@functools.cache
def priced(seed):
    """A problem of `searched` as JSON, a certificate of what the pair pays, and one that says one more."""
    problem, prices, least = searched(seed)
    proved = (
        bounded([time(1, prices, unit)], [leaf((0, 1))], 5 * (sum(prices.values()) // unit))
        for unit in (least, least + 1)
    )
    return as_json(problem), *proved


WHOLE = ([], [leaf()], 7)
FORMS = {
    "nothing is shown": lambda: (two_links(), HEAD),
    "another version": lambda: (two_links(**RICH), {**bounded(*WHOLE), "format": "polyring-certificate/3"}),
    "a bound for another problem": lambda: (two_links(**RICH), {**bounded(*WHOLE), "problem": "one link"}),
    "a ring shown twice": lambda: _plan(
        ringed(), "north", "west", rings=[{"id": "square", "links": [0, 1, 2, 3]}] * 2
    ),
    "an arc of the first candidate": lambda: _plan(
        two_links(arcs=((0, 1, 10),), pairs=FORWARD),
        paths=[{"pair": 0, "nodes": ["a", "b"], "seconds": [10], "candidates": ["ab"], "time_s": 10}],
    ),
    "a cost of nothing": lambda: (two_links(**RICH), {**bounded(*WHOLE), "cost": 0, "coverage": 7}),
    "an unknown key": lambda: (two_links(**RICH), built(two_links(**RICH), "ab", optimal=True)),
    "a leaf twice": lambda: (two_links(**RICH), bounded([], [["x0000001", 1, 1], leaf()], 7)),
    "a leaf counted from the end": lambda: (
        two_links(**RICH),
        bounded([], [["x0000001", 1, -1], leaf(), leaf()], 7),
    ),
    "a leaf for 0 counted from the end": lambda: (
        two_links(**RICH),
        bounded([], [["x0000001", -1, 1], leaf(), leaf()], 7),
    ),
    "a negative multiplier of a time": lambda: (
        two_links(**RICH),
        bounded([time(2, {1: 1})], [leaf((0, -1))], 8),
    ),
    "a negative multiplier of a partition": lambda: (
        two_links(**RICH),
        bounded([{"partition": ["y0000002"], "parts": [0, 1, 2]}], [leaf((0, -1))], 8),
    ),
    "a negative multiplier of a mend": lambda: (
        ringed(square(centres=((1, 3),))),
        bounded([_ROUND_0_1_4], [leaf((0, -1))], 14),
    ),
    "a negative multiplier of a set": lambda: (
        ringed(),
        bounded(
            [{"leave": "001", "nodes": [0], "potentials": [0], "centre": 0, "node": 0}], [leaf((0, -1))], 12
        ),
    ),
    "a leaf missed": lambda: (two_links(**RICH), bounded([], [["x0000001", 1, 7], leaf()], 7)),
    "a tree of nothing": lambda: (two_links(**RICH), bounded([], [], None)),
    "a leaf just beyond the tree": lambda: (two_links(**RICH), bounded([], [["x0000001", 1, 2], leaf()], 7)),
    "a split of nothing": lambda: (two_links(**RICH), bounded([], split("x0000009", leaf(), leaf()), 7)),
    "a multiplier of no row": lambda: (two_links(**RICH), bounded([BUDGET], [leaf((1, 1))], 7)),
    "a unit of 0": lambda: (two_links(**RICH), bounded([time(1, {1: 1}, 0)], [leaf()], 7)),
    "a price of a pair": lambda: (two_links(**RICH), bounded([time(1, {"y0000002": 1})], [leaf()], 7)),
    "a time row of no pair": lambda: (two_links(**RICH), bounded([time(9, {1: 1})], [leaf()], 7)),
    "a part too many": lambda: (
        two_links(**RICH),
        bounded([{"partition": ["y0000002"], "parts": [0, 1, 2, 3]}], [leaf()], 7),
    ),
    "a pair twice in a row": lambda: (
        two_links(**RICH),
        bounded([{"partition": ["y0000002", "y0000002"], "parts": [0, 1, 2]}], [leaf()], 7),
    ),
    "a node twice in a set": lambda: (
        ringed(),
        bounded(
            [{"leave": "001", "nodes": [0, 0], "potentials": [0, 0], "centre": 0, "node": 0}], [leaf()], 10
        ),
    ),
    "an entry beyond the tree that nothing leads to": lambda: (
        two_links(**RICH),
        bounded([], [leaf(), ["x0000001", 0, 2]], 7),
    ),
    "a centre that the ring lacks": lambda: (
        ringed(),
        bounded([{"leave": "001", "nodes": [0], "potentials": [0], "centre": 1, "node": 0}], [leaf()], 10),
    ),
    "a row of a ring without variables": lambda: (
        # Rings are numbered among those that have any: the first of the file has none.
        ringed(square(id="other", required=False), square()),
        bounded([{"mend": "002", "links": [1]}], [leaf()], 10),
    ),
    "part of a circuit called empty": lambda: (
        ringed(square(centres=((1, 3),))),
        bounded([_ROUND_0_1_4], _all_of_a_circuit(1), 10),
    ),
    "too fine a denominator": lambda: (two_links(**RICH), bounded([], [leaf()], 7, bits=4097)),
}
"""Problem, and a certificate that is not as the format says."""

_ROUND_0_1_4 = {"mend": "001", "links": [0, 1, 4]}


def _all_of_a_circuit(objective):
    """Splits by links of a circuit that is no ring; the last leaf is called empty, or the one before it."""
    empty, short = leaf((0, 1), objective=0), leaf((0, 1), objective=0) if objective else leaf()
    links = ["fa001_000001", "fa001_000002", "fa001_000005"]
    return [[links[0], 1, 2], leaf(), [links[1], 3, 4], short, [links[2], 5, 6], leaf(), empty]


def _rewarded(west):
    """A ring with a reward, whose second link is started in a period."""
    periods = (Period("first", 5, 1), Period("second", 4, 1))
    problem = ringed(square(required=False, reward=5), budget=9, periods=periods)
    circuit = [{"id": "square", "links": [0, 1, 2, 3]}]
    return _plan(problem, "north", "west", starts={"north": 0, "west": west}, rings=circuit)


TRUE = {
    "a circuit that is no ring": lambda: (
        ringed(square(centres=((1, 3),))),
        bounded([_ROUND_0_1_4], _all_of_a_circuit(0), 10),
    ),
    "prices of all candidates": lambda: (
        two_links(**RICH),
        bounded([time(1, {1: 1, 2: 1}, 2)], [leaf((0, 5))], 7),
    ),
    "a bound with the name of its problem": lambda: (
        two_links(**RICH),
        {**bounded(*WHOLE), "problem": "two links"},
    ),
    "a reward in each period": lambda: _rewarded(0),
    "a reward in the last period": lambda: _rewarded(1),
}
"""Problem, and a true certificate whose evidence decides its bound."""


def _city(weight):
    """A city that counts if both of its pairs are covered."""
    return two_links(cities=(City("c", weight, (0, 1), 2),), **RICH)


def _measured(scale, longest):
    """A ring with a reward whose links have lengths of so many times 1, 2, 3 and so on."""
    links = tuple(dataclasses.replace(link, length=scale * (a + 1)) for a, link in enumerate(square().links))
    return _wished(links=links, longest=longest)


def _wished(**changes):
    return ringed(square(required=False, reward=5, **changes))


def _divided(**changes):
    """Rows whose factors have common divisors that do not divide their right sides."""
    dear = (dataclasses.replace(c, cost=4, instrument="subsidy") for c in two_links().candidates)
    return two_links(
        candidates=tuple(dear),
        pairs=(Pair(0, 2, 20, 6, "all"), Pair(0, 1, 10, 4, "all")),
        budget=9,
        capacities=(Capacity("trains", (("ab", 2), ("bc", 4)), 5),),
        targets=(Target("all", 3),),
    ).replace(**changes)


def _crossed():
    """A ring that crosses itself between nodes: it winds round one centre as the clock does, and not so round
    the other."""
    links = RingLink(0, 1), RingLink(1, 2), RingLink(3, 2, "north"), RingLink(3, 0, "west")
    nodes, centres = ((0, 0), (4, 4), (4, 0), (0, 4)), ((1, 2), (3, 2))
    return _ring_plan(undemanding(square(nodes=nodes, links=links, centres=centres)))


def _one_arc():
    """A plan whose path takes every arc that there is."""
    problem = two_links(candidates=(Candidate("ab", 3, ONE_WAY[:1]),), pairs=FORWARD)
    return problem, json.loads(json.dumps(verify.certificate(problem, verify.score(problem, ["ab"]))))


TRUE |= {
    "a ring that crosses itself": _crossed,
    "a path of all arcs": _one_arc,
    "a plan of nothing and its bound": lambda: (
        two_links(**RICH),
        {**built(two_links(**RICH)), **bounded(*WHOLE)},
    ),
    "the finest denominator": lambda: (two_links(**RICH), bounded(*WHOLE, bits=4096)),
    "splits that contradict each other": lambda: (
        two_links(**RICH),
        bounded([], [["x0000001", 1, 2], leaf(), ["x0000001", 3, 4], leaf(objective=0), leaf()], 7),
    ),
    "a target met in the last period": lambda: _plan(
        two_links(pairs=(Pair(0, 1, 10, 5, "all"),), targets=(Target("all", 5),), **PHASES),
        "ab",
        starts={"ab": 1},
    ),
    "one that opens after its lead": lambda: _plan(
        leading(
            two_links(pairs=FORWARD, budget=12, periods=(Period("early", 6, 1), Period("late", 6, 1))), ab=1
        ),
        "ab",
        starts={"ab": 0},
    ),
    "a ring from the head of its first link": lambda: _ring_plan(square(), links=(3, 2, 1, 0)),
    "a split by a city": lambda: (_city(4), bounded([], split("z0000001", leaf(), leaf()), 11)),
}


def gapped():
    """A plan whose bound leaves a gap of 5 of its 2."""
    problem = two_links(**RICH)
    return as_json(problem), {**built(problem, "ab"), "bound": proof([], [leaf()], 7)}


SPLIT_1 = {"leave": "001", "nodes": [0, 1], "potentials": [0, 0], "centre": 0, "node": 1}
WEAK = {
    "rows of one way": (
        lambda: two_links(
            candidates=tuple(Candidate(f"{arc[0]}", 3, (arc,)) for arc in ONE_WAY),
            pairs=FORWARD_TWICE,
            **RICH,
        ),
        [time(1, {1: 1, 2: 1}, 2)],
        (5,),
        25,
    ),
    "a price of what has no arcs": (
        lambda: two_links(candidates=(*two_links().candidates, Candidate("charge", 1, ())), **RICH),
        [time(1, {1: 1, 3: 1})],
        (1,),
        8,
    ),
    "nothing that counts": (lambda: two_links(pairs=(), **RICH), [BUDGET], (1,), 10),
    "rows that are divided": (
        lambda: _divided(caps=(("subsidy", 7),)),
        [BUDGET, model("cap_subsidy"), model("capacity_0000001"), model("target_0000001")],
        (2, 3, 5, 7),
        86,
    ),
    "budgets that are divided": (
        lambda: _divided(periods=(Period("early", 3, 1), Period("late", 6, 1))),
        [UNPAID, model("budget_002")],
        (2, 3),
        32,
    ),
    "lengths with a divisor": (lambda: _measured(2, 25), [model("longest001"), CIRCUIT_2], (1, -9), 40),
    "lengths of 0": (lambda: _measured(0, 25), [model("longest001")], (1,), 15),
    "a ring that may be longer than all": (lambda: _measured(2, 100), [model("longest001")], (1,), 25),
    "more stops than there are": (lambda: _wished(least_stops=7), [model("stops001")], (1,), 14),
    "a target above all weights": (
        lambda: _grouped(99, budget=30).replace(candidates=_fixed("in").candidates),
        [model("target_0000001")],
        (3,),
        1,
    ),
    "what is required by a period": (
        lambda: two_links(
            requires=(("ab", "bc"),), budget=12, periods=(Period("early", 6, 1), Period("late", 6, 1))
        ),
        [*map(model, ("require_0000001_1", "require_0000001_2", "start_0000001"))],
        (1, 2, -5),
        24,
    ),
    "a set that a circuit leaves": (_wished, [SPLIT_1], (4,), 23),
    "a set that a link within it winds along": (
        _wished,
        [{"leave": "001", "nodes": [1, 2], "potentials": [0, 1], "centre": 0, "node": 1}],
        (4,),
        23,
    ),
    "a circuit round nothing": (lambda: _wished(centres=((1, 3),)), [_ROUND_0_1_4, CIRCUIT_2], (4, -9), 33),
    "a circuit round one of two": (lambda: _wished(centres=((3, 1), (1, 3))), [_ROUND_0_1_4], (4,), 23),
    "rows of several units": (
        lambda: two_links(**RICH),
        [time(1, {1: 1, 2: 1}, 2), BUDGET, time(2, {1: 1})],
        (1, 2, 3),
        25,
    ),
    "stops of a group alone": (
        lambda: _wished(
            stops=(dataclasses.replace(square().stops[0], group="big"), square().stops[1]),
            least_stops=0,
            least_by_group=(("big", 1),),
        ),
        [model("stops001"), model("stops001_001")],
        (1, 2),
        16,
    ),
    "a partition of two pairs": (
        lambda: two_links(**RICH),
        [{"partition": ["y0000001", "y0000002"], "parts": [0, 1, 2]}],
        (1,),
        7,
    ),
    "a partition of the second pair": (
        lambda: two_links(**RICH),
        [{"partition": ["y0000002"], "parts": [0, 1, 2]}],
        (1,),
        7,
    ),
    "a row that counts for nothing": (lambda: two_links(**RICH), [BUDGET], (0,), 7),
    "rows of a city": (
        lambda: _city(40),
        [*map(model, ("city_0000001", "city_0000001_0000001", "city_0000001_0000002"))],
        (2, 3, 5),
        47,
    ),
    "a candidate that joins three parts": (
        _one_line,
        [{"partition": ["y0000001"], "parts": [0, 1, 2]}],
        (1,),
        10,
    ),
    "what costs nothing": (
        lambda: two_links(
            candidates=tuple(dataclasses.replace(c, cost=0) for c in two_links().candidates), budget=31
        ),
        [BUDGET],
        (1,),
        38,
    ),
    "a ring after one without variables": (
        lambda: ringed(
            square(id="other", required=False), square(required=False, reward=5, centres=((1, 3),))
        ),
        [_ROUND_0_1_4, CIRCUIT_2],
        (4, -9),
        33,
    ),
    "an entry that nothing leads to": (lambda: two_links(**RICH), [], (), 7),
}
"""Problem, rows with a multiplier each, and the bound: each number of each row is needed for it."""


@functools.cache
def weak(name):
    """The problem as JSON and the document of a true certificate of `WEAK`."""
    draw, rows, multipliers, bound = WEAK[name]
    beyond = [] if rows else [["x0000001", 0, 0]]
    return as_json(draw()), bounded(rows, [leaf(*enumerate(multipliers)), *beyond], bound)


SMALL_RAW = {
    "a time below 0": lambda: (_back_in_time(), bounded([], [leaf()], 0), 5),
    "two candidates with one id": lambda: (
        _one_name(),
        bounded([time(1, {2: 1}), model("require_0000001")], [leaf((0, 5), (1, 5))], 0),
        5,
    ),
}
"""A problem that is none, a certificate with a false bound for it, and the optimum that it seems to have."""


def full_documents():
    """A problem with every key that there is, and a certificate with every sort of evidence."""
    periods = (Period("first", 5, 1), Period("second", 4, 1))
    problem = as_json(ringed(square(required=False, reward=5), budget=9, periods=periods))
    ring, lead = problem["rings"][0], {"kind": "road", "instrument": "subsidy", "fixed": "in", "lead": 0}
    problem["candidates"][0] |= lead
    problem["pairs"][0]["group"] = ring["stops"][0]["group"] = "big"
    ring |= {"longest": 9, "least_by_group": {"big": 1}}
    for link in ring["links"]:
        link["length"] = 1
    problem |= {"note": "", "money": "CNY", "caps": {"subsidy": 9}}
    problem |= {"excludes": [["across", "fast"]], "requires": [["north", "west"]]}
    problem["capacities"] = [{"id": "trains", "use": {"fast": 1}, "most": 3}]
    problem["targets"] = [{"group": "big", "least": 0, "of": "pairs"}]
    problem["cities"] = [{"id": "a", "group": "big", "weight": 1, "pairs": [0], "need": 1}]
    plan = {
        "format": "polyring-certificate/2",
        "built": [{"id": "north", "cost": 2}, {"id": "west", "cost": 3}],
    }
    plan |= {"cost": 5, "coverage": 1, "starts": {"north": 0, "west": 0}, "problem": problem["name"]}
    plan["cities"] = [{"id": "a", "weight": 1, "pairs": [0]}]
    plan["rings"] = [{"id": "square", "links": [0, 1, 2, 3]}]
    plan["paths"] = [{"pair": 0, "nodes": ["a"], "seconds": [1], "candidates": [None], "time_s": 1}]
    rows = [
        {"model": "budget_001"},
        {"mend": "001", "links": [0, 1, 4]},
        {"leave": "001", "nodes": [0, 1], "potentials": [0, 0], "centre": 0, "node": 0},
        {"time": "y0000001_1", "unit": 1, "prices": {"o0000001_1": 1}},
        {"partition": ["y0000001_1"], "parts": [0] * len(problem["nodes"])},
    ]
    return problem, {**plan, "bound": proof(rows, [["x0000001", 1, 2], leaf((0, 1)), leaf()], 12)}


def of_every_rule(seed):
    """A problem with two rings apart from each other, and a bound by rows of all of its rules.

    A centre of the second ring lies on a link, another one beside a short piece; lines turn at its height.
    """
    problem, _ = full_documents()
    ring = json.loads(json.dumps(problem["rings"][0]))
    ring |= {"id": "other", "reward": 3, "apart": ["square"], "centres": [[2, 1], [2, 2], [4, 2]]}
    ring["stops"][0]["must"], problem["candidates"][2]["lead"] = True, 1
    ring["links"][1]["via"] = [[3, 1], [3, 2]]
    ring["links"] += [
        {"tail": tail, "head": head, "candidate": None, "length": 2, "via": via}
        for tail, head, via in ((2, 1, [[5, 2]]), (1, 2, []))
    ]
    problem["rings"].append(ring)
    checker, chance = bound_checker.Model(problem), random.Random(seed)  # noqa: S311 - no secret
    names = sorted(name for name in checker.rows if chance.random() < 0.6)
    signs = [chance.choice((1, -1)) if checker.rows[name][2] else 1 for name in names]
    tree = [leaf(*((i, sign * chance.randrange(1, 9)) for i, sign in enumerate(signs)))]
    document = bounded([model(name) for name in names], tree, None)
    document["bound"]["bound"] = bound_checker.check_bound(checker, document["bound"])
    return problem, document


FILES = {
    "a key twice": ('{"format": "polyring-certificate/1", ', WHOLE),
    "a fraction": ('{"note": 7.0, ', WHOLE),
    "a constant": ('{"note": NaN, ', WHOLE),
    "nesting without end": ('{"note": ' + "[" * 50_000 + "]" * 50_000 + ", ", WHOLE),
}
"""How the text of a certificate begins, before it is as it must be."""


FAMILIES = {"bounds": BOUNDS, "plans": PLANS, "shown": SHOWN, "forms": FORMS, "raw": SMALL_RAW}


@functools.cache
def forgery(name):
    """The problem as JSON and the document of a forgery."""
    (draw,) = (family[name] for family in FAMILIES.values() if name in family)
    problem, document, *_ = draw()
    return (as_json(problem) if isinstance(problem, DesignProblem) else problem), document
