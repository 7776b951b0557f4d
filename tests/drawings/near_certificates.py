"""Draw documents near true certificates: a grammar of changes, whose choices are read from bytes.

The problems have all features: budgets or targets, caps, capacities, cities, periods, rings of every sort.
A document is a true plan, a true proof or both, with some changes: rows with evidence that may hold or not,
multipliers, splits, leaves, values, keys. The bound claimed is that of the changed proof in half of them, so
that many are accepted, and what they prove can be held against the optimum.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import math
import random
import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from core_drawing import dense_problem, side_line
from partition_drawing import triangle
from problem_files import as_json
from ring_drawing import phased, plans_of, ring_problem, ringed, square, web_problem

from optimiser import verify
from optimiser.problem import DesignProblem
from optimiser.verify import bound_checker

Json = dict[str, Any]

DRAWN = (
    *((dense_problem, seed) for seed in range(24)),
    *((ring_problem, seed) for seed in range(24)),
    *((web_problem, seed) for seed in range(16)),
    (side_line, None),
    (triangle, None),
    (phased, None),
    (lambda: ringed(square(required=False, reward=5)), None),
    (lambda: ringed(square(), budget=None), None),
)
SEEDS = tuple((number, shown) for number in (2, 5, 24, 27, 29, 48, 49, 64, 65, 66) for shown in (1, 2, 3))
"""Numbers of cases, and what the seeds of the fuzzer show of them."""

PROOF_S = 10.0
"""Seconds that a proof may take; a few hundredths are enough."""


class Choices:
    """Choices that are read from bytes, so that a change of one byte is a change of one choice."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def below(self, count: int) -> int:
        """Return a number from 0 to one below a count; 0 where the bytes are used up."""
        size = 1 if count <= 1 << 8 else 2 if count <= 1 << 16 else 10
        taken = self.data[self.at : self.at + size]
        self.at += size
        return int.from_bytes(taken, "big") % max(1, count)

    def of(self, items: Any) -> Any:
        """Return one of some items."""
        return items[self.below(len(items))]

    def some(self, items: Any) -> list[Any]:
        """Return a part of some items, each or not."""
        return [item for item in items if self.below(2)]


@dataclass(frozen=True)
class Case:
    """A problem, its optimum (None: it has no plan), a true proof, and true plans with all that is shown."""

    problem: DesignProblem
    raw: Json
    optimum: int | None
    proof: Json
    plans: tuple[Json, ...]

    @functools.cached_property
    def model(self) -> bound_checker.Model:
        """The rows and variables that changes may name."""
        return bound_checker.Model(self.raw)


@functools.cache
def case(number: int) -> Case:
    """Return a case; its proof reaches the optimum."""
    from optimiser.engine.methods.bound_prover import prove_bound

    draw, seed = DRAWN[number]
    problem = draw() if seed is None else draw(seed)
    sign = -1 if problem.budget is None else 1
    found = sorted(plans_of(problem), key=lambda plan: -sign * plan[-1])
    optimum, end = (found[0][-1] if found else None), time.monotonic() + PROOF_S
    proof = prove_bound(problem, optimum, seed=1, left=lambda: end - time.monotonic())
    chance = random.Random(number)  # noqa: S311 - chance for drawings, no secret
    plans = []
    for built, circuits, starts, _ in [*found[:1], *chance.sample(found, min(2, len(found)))]:
        plan = verify.score(problem, sorted(built), rings=circuits, starts=starts)
        plans.append(json.loads(json.dumps(verify.certificate(problem, plan))))
    document = json.loads(json.dumps(proof.document))
    assert document["bound"] == optimum, (number, document["bound"], optimum)
    return Case(problem, as_json(problem), optimum, document, tuple(plans))


def near(data: bytes) -> tuple[Case, Json]:
    """Return a case and a document near a true one."""
    choices = Choices(data)
    drawn = case(choices.below(len(DRAWN)))
    shown = choices.below(4)  # a plan alone, or a proof with a plan or without
    document: Json = {"format": bound_checker.FORMAT}
    if shown != 1 and drawn.plans:
        document |= _copy(choices.of(drawn.plans))
    if shown or not drawn.plans:
        document["bound"] = _copy(drawn.proof)
    count = choices.below(4)
    others = sum(1 for _ in range(count) if "bound" not in document or not choices.below(4))
    for _ in range(count - others):
        choices.of(CHANGES)(choices, drawn, document["bound"])
    for _ in range(others):
        choices.of((_value, _value, _key, _item))(choices, document)
    if isinstance(document.get("bound"), dict) and choices.below(2):
        _claim(drawn, document["bound"])
    return drawn, document


def of_all_rows(number: int, seed: int) -> Json:
    """Return a true certificate whose bound depends on every row of the rules, by multipliers drawn."""
    model, chance = case(number).model, random.Random(seed)  # noqa: S311 - chance for drawings, no secret
    names = sorted(model.rows)
    signs = [chance.choice((1, -1)) if model.rows[name][2] else 1 for name in names]
    multipliers = [
        [i, sign * chance.randrange(1, 9)] for i, sign in enumerate(signs) if chance.random() < 0.5
    ]
    leaf = {"objective": 1, "multipliers": multipliers}
    proof = {
        "rows": [{"model": name} for name in names],
        "tree": [leaf],
        "bound": None,
        "denominator_bits": 0,
    }
    proof["bound"] = bound_checker.check_bound(model, proof)
    return {"format": bound_checker.FORMAT, "bound": proof}


def seeds() -> list[bytes]:
    """Choices of true documents of cases of each sort, and of changed ones."""
    chance = random.Random(1)  # noqa: S311 - chance for drawings, no secret
    return [bytes([number, shown, 0]) + chance.randbytes(40 * (shown > 1)) for number, shown in SEEDS]


def _copy(document: Any) -> Any:
    """Return a copy; JSON has no room for numbers of more than 4,300 digits, which changes may reach."""
    if isinstance(document, dict):
        return {key: _copy(item) for key, item in document.items()}
    return [_copy(item) for item in document] if isinstance(document, list) else document


def _claim(drawn: Case, proof: Json) -> None:
    """Let a proof claim what it proves, if it proves anything."""
    drawn.model.steps = 0
    try:
        proof["bound"] = bound_checker.check_bound(drawn.model, proof)
    except (bound_checker.Refused, LookupError, TypeError, ValueError, ArithmeticError, RecursionError):
        return


def _number(choices: Choices) -> int:
    """A multiplier or price of any size, mostly small and above 0."""
    size = choices.of((2, 4, 16, 256, 1 << 44, 1 << 70))
    return (choices.below(size) if choices.below(8) else 1 << 13999) * (1 if choices.below(6) else -1)


def _open(choices: Choices, drawn: Case) -> tuple[int, list[str]]:
    state = choices.below(len(drawn.model.open))
    return state, drawn.model.open[state]


def _time_row(choices: Choices, drawn: Case, proof: Json) -> None:
    """Add what a pair pays: the least over its paths for drawn prices, or a little less or more."""
    model = drawn.model
    if not drawn.raw["pairs"]:
        return
    (state, names), k = _open(choices, drawn), choices.below(len(drawn.raw["pairs"]))
    prices = {name: choices.of((1, 1, 2, 3, 7)) for name in choices.some(names)}
    price = {names.index(name): value for name, value in prices.items()}
    unit = 1
    model.steps = 0
    while unit < 12 and bound_checker.every_path_costs(model, k, price, unit + 1):
        unit += 1
    unit += choices.of((0, 0, 0, 0, -1, 1, -2))
    name = model.y[state][k]
    _add_row(choices, proof, {"time": name, "unit": unit, "prices": prices})


def _partition_row(choices: Choices, drawn: Case, proof: Json) -> None:
    """Add a partition: what existing arcs join is one part in most of them."""
    raw, model = drawn.raw, drawn.model
    parts = list(range(len(raw["nodes"])))
    joins = [arc[:2] for arc in raw["arcs"]] if choices.below(4) else []
    joins += [(choices.below(len(parts)), choices.below(len(parts))) for _ in range(choices.below(3))]
    for a, b in joins:
        parts = [parts[a] if part == parts[b] else part for part in parts]
    (state, _), members, ends = _open(choices, drawn), [], list[tuple[int, int]]()
    for k, pair in enumerate(raw["pairs"]):
        two = (parts[pair["origin"]], parts[pair["destination"]])
        fits = bound_checker.rank([*ends, two]) == len(ends) + 1
        if choices.below(2) and (fits or not choices.below(8)):
            members.append(model.y[state][k])
            ends.append(two)
    _add_row(choices, proof, {"partition": members, "parts": parts})


def _leave_row(choices: Choices, drawn: Case, proof: Json) -> None:
    """Add a set of nodes that a circuit leaves, with potentials that a walk through its links gives."""
    if not drawn.model.rings:
        return
    rows = choices.of(drawn.model.rings)
    nodes = choices.some(range(len(rows.ring["nodes"]))) or [0]
    s = choices.below(len(rows.ring["centres"]))
    height, queue = dict[int, int](), list[int]()
    for start in nodes:
        queue += [] if start in height else [start]
        height.setdefault(start, 0)
        while queue:
            v = queue.pop()
            for a, turns in rows.turns.items():
                tail, head = rows.links[a]["tail"], rows.links[a]["head"]
                for u, w, n in ((tail, head, turns[s]), (head, tail, -turns[s])):
                    if u == v and w in nodes and w not in height:
                        height[w] = height[v] + n
                        queue.append(w)
    node = choices.of(nodes) if choices.below(8) else choices.below(len(rows.ring["nodes"]))
    row = {"leave": rows.tag, "nodes": nodes, "potentials": [height[v] for v in nodes]}
    _add_row(choices, proof, {**row, "centre": s, "node": node})


def _mend_row(choices: Choices, drawn: Case, proof: Json) -> None:
    """Add the exclusion of a walk that closes somewhere, or of any links."""
    if not drawn.model.rings:
        return
    rows = choices.of(drawn.model.rings)
    links, at, seen = list[int](), choices.below(len(rows.ring["nodes"])), list[int]()
    while at not in seen:
        seen.append(at)
        ways = [(a, link["tail"] + link["head"] - at) for a, link in enumerate(rows.links)
                if at in (link["tail"], link["head"]) and a not in links]  # fmt: skip
        if not ways:
            break
        a, at = choices.of(ways)
        links.append(a)
    first = seen.index(at) if at in seen else 0
    _add_row(choices, proof, {"mend": rows.tag, "links": links[first:] if choices.below(8) else links})


def _model_row(choices: Choices, drawn: Case, proof: Json) -> None:
    _add_row(choices, proof, {"model": choices.of(sorted(drawn.model.rows) or ["budget"])})


def _add_row(choices: Choices, proof: Json, row: Json) -> None:
    """Add a row, and mostly a multiplier of it to a leaf or all."""
    proof["rows"].append(row)
    leaves = [node for node in proof["tree"] if isinstance(node, dict)]
    for node in leaves if choices.below(2) else leaves[:1]:
        if choices.below(4):
            u = _number(choices) << choices.of((0, proof["denominator_bits"] % 4097))
            node["multipliers"].append([len(proof["rows"]) - 1, u])


def _multiplier(choices: Choices, _drawn: Case, proof: Json) -> None:
    """Change a multiplier, leave it out, have it twice, or give it to another row."""
    lists = [node["multipliers"] for node in proof["tree"] if isinstance(node, dict) and node["multipliers"]]
    if lists:
        mine = choices.of(lists)
        at, how = choices.below(len(mine)), choices.below(6)
        if how == 0:
            del mine[at]
        elif how == 1:
            mine.append(list(mine[at]))
        elif how == 2:
            mine[at][0] = choices.below(len(proof["rows"]) + 1)
        elif how == 3:
            mine[at][1] = -mine[at][1]
        elif how == 4:
            mine[at][1] += _number(choices)
        else:
            mine[at][1] *= choices.below(4)


def _split(choices: Choices, drawn: Case, proof: Json) -> None:
    """Split a leaf by a variable, once more by the same one too."""
    at = choices.below(len(proof["tree"]))
    names = [node[0] for node in proof["tree"] if isinstance(node, list)]
    names = names if names and choices.below(2) else sorted(drawn.model.low) or ["x0000001"]
    old, count = proof["tree"][at], len(proof["tree"])
    proof["tree"] += [_copy(old), _copy(old)]
    proof["tree"][at] = [choices.of(names), count, count + 1]


def _entry(choices: Choices, _drawn: Case, proof: Json) -> None:
    """Let a split lead to other entries, exchange its entries, or call a leaf empty."""
    at = choices.below(len(proof["tree"]))
    node = proof["tree"][at]
    if isinstance(node, dict):
        node["objective"] = choices.of((0, 1, 2, 1 - node["objective"]))
    elif choices.below(2):
        node[1], node[2] = node[2], node[1]
    else:
        node[1 + choices.below(2)] = choices.below(len(proof["tree"]) + 2) - 1


def _bits(choices: Choices, _drawn: Case, proof: Json) -> None:
    proof["denominator_bits"] = choices.of((0, 1, 39, 40, 41, 4096, 4097))


def _other_bound(choices: Choices, drawn: Case, proof: Json) -> None:
    best = drawn.optimum or 0
    proof["bound"] = choices.of((best - 1, best, best + 1, None, 0, -best, 1 << 14000))


CHANGES = (
    _time_row, _time_row, _partition_row, _partition_row, _leave_row, _mend_row, _model_row, _multiplier,
    _multiplier, _split, _split, _entry, _bits, _other_bound,
)  # fmt: skip


def _inner(choices: Choices, document: Any) -> Any:
    """Return an object or a list within a document that is not empty, by going down."""
    while True:
        parts = document.values() if isinstance(document, dict) else document
        deeper = [part for part in parts if isinstance(part, dict | list) and part]
        if not deeper or not choices.below(4):
            return document
        document = choices.of(deeper)


def _place(choices: Choices, document: Any) -> Any:
    return choices.of(list(document)) if isinstance(document, dict) else choices.below(len(document))


def _value(choices: Choices, document: Json) -> None:
    """Change a value: a little, much, its sign, its type."""
    inner = _inner(choices, document)
    if not inner:
        return
    at = _place(choices, inner)
    old = inner[at]
    others: list[Any] = [None, True, 0, -1, 1, 1.0, "", [], {}, math.nan]
    others += [sign * size for size in (1 << 63, 1 << 14000) for sign in (1, -1)] + [1 - (1 << 63)]
    if type(old) is int:
        others = [old + 1, old - 1, -old, old + 1, old - 1, *others, float(old) if abs(old) < 1e300 else 0.5]
    if isinstance(old, str):
        others += [old + "x", old[:-1], old[:-1] + choices.of("0123456789_")] * 2
    if isinstance(old, list):
        others += [old[::-1], old[1:], old + old[:1]] * 3
    inner[at] = choices.of(others)


def _key(choices: Choices, document: Json) -> None:
    """Leave out a key or an item, or add a key."""
    inner = _inner(choices, document)
    if isinstance(inner, dict) and not choices.below(4):
        inner["note"] = "x"
    elif inner:
        del inner[_place(choices, inner)]


def _item(choices: Choices, document: Json) -> None:
    """Have an item of a list twice, or exchange two."""
    inner = _inner(choices, document)
    if isinstance(inner, list) and inner:
        a, b = choices.below(len(inner)), choices.below(len(inner))
        if choices.below(2):
            inner.append(inner[a])
        inner[a], inner[b] = inner[b], inner[a]


def _checkers() -> list[Any]:
    name = "optimiser.verify.second_checker"
    return [bound_checker, *([importlib.import_module(name)] if importlib.util.find_spec(name) else [])]


CHECKERS = _checkers()
"""The first checker, and the second one."""


def answered(checker: Any, problem: Json, document: Json) -> tuple[int | None, Fraction | None] | None:
    """Return the bound and the gap that a checker takes, or None where it refuses the document."""
    try:
        _, gap = checker.check(problem, document)
    except (checker.Refused, LookupError, TypeError, ValueError, ArithmeticError, RecursionError):
        return None
    return (document["bound"]["bound"] if "bound" in document else None), gap


def excludes(drawn: Case, document: Json) -> bool:
    """Say whether a document that was taken claims a bound that excludes the optimum, or a plan beyond it."""
    optimum, is_least = drawn.optimum, drawn.problem.budget is None
    if "built" in document and optimum is None:
        return True
    if "bound" not in document:
        return False
    bound = document["bound"]["bound"]
    if optimum is None:
        return False
    return bound is None or (bound > optimum if is_least else bound < optimum)
