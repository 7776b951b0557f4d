"""Check a plan, and the bound on all plans, with the standard library alone.

    python bound_checker.py PROBLEM.json CERTIFICATE.json [--gap G]

This file imports nothing of polyring and may be copied anywhere. It trusts no solver and no floating-point
number: all arithmetic is on integers, and a document with a value of another type (`SHAPES`) is refused.

**The bound.** Every plan is a 0/1 point of the variables below. A *row* holds for every plan: a rule of the
problem, which is stated here again (`Model`, `RingRows`), or a cut whose evidence is checked (`proved_row`).
A *tree* splits the plans by the value of a variable at each inner node, so its leaves cover all plans. A
*leaf* has multipliers u >= 0 of rows `a v <= b`, of either sign for equations. For a plan v of the leaf and
the objective c v, which is maximised (a cost as its negative),
    c v  <=  c v + sum_i u_i (b_i - a_i v)  =  sum_i u_i b_i + d v        with  d = c - sum_i u_i a_i,
and each term of d v is at most the larger of its values at both bounds of its variable: weak duality. With 0
in place of c, a negative sum shows that the leaf holds no plan.

**Variables**, numbered from 1 in the order of the problem file. x_j: candidate j is built; with periods also
x_j_t: it is started in t, and o_j_t: it is open in t. y_k, z_i: pair k, city i is covered; with periods
y_k_t, z_i_t. Of each ring that is required or rewarded, r: it is formed; fa_a, fb_a: its circuit passes link
a from tail to head, or back; q_s: it winds clockwise round centre s; n_i: it passes stop i; rt_t: r in t.
"""

from __future__ import annotations

import heapq
import json
import math
import sys
from collections import ChainMap, Counter, defaultdict
from collections.abc import Collection, Iterable
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache, partial
from itertools import pairwise, product
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Terms = list[tuple[str, int]]
Row = tuple[dict[str, int], int, bool, int]  # terms, right side, whether it is an equation, common unit

KINDS: dict[str, type | range] = {"text": str, "flag": bool, "null": type(None), "int": range(1 << 63)}
KINDS |= {"signed": range(1 - (1 << 63), 1 << 63), "long": range(1 - (1 << 14000), 1 << 14000)}
SHAPES_TEXT = """problem = format:polyring-problem/1 name:text note?:text money?:text nodes:text[] arcs:arc[]
 candidates:candidate[] pairs:pair[] budget:int|null cover?:all|targets caps?:int{} capacities?:capacity[]
 targets?:target[] excludes?:two[] requires?:two[] cities?:city[] rings?:ring[] periods?:period[];
arc = 0 1 2; two = 0:text 1:text; point = 0:signed 1:signed; period = id:text budget factor;
candidate = id:text kind?:text instrument?:text fixed?:in|out lead? cost arcs:arc[]; item = id:text cost?;
pair = origin destination limit weight group?:text; target = group:text least of?:pairs|cities;
city = id:text group?:text weight pairs:int[] need; capacity = id:text use:int{} most;
ring = id:text required:flag reward? apart?:text[] longest? centres:point[] nodes:point[] links:link[]
 stops:stop[] least_stops least_by_group?:int{}; stop = id:text group?:text must?:flag nodes:int[];
link = tail head candidate:text|null length? via?:point[]; circuit = id:text links:int[];
plan = format?:text bound?:null problem?:text built?:item[] cost? coverage? cities?:shown[]
 paths?:path[] rings?:circuit[] starts?:int{}; shown = id:text weight pairs:int[];
path = pair nodes:text[] seconds:int[] candidates:text|null[] time_s; rule = model:text;
proof = bound:long|null denominator_bits rows:rule|time|partition|leave|mend[] tree:split|leaf[];
split = 0:text 1:signed 2:signed; leaf = objective multipliers:multiplier[]; multiplier = 0 1:long;
time = time:text unit:long prices:long{}; partition = partition:text[] parts:int[];
leave = leave:text nodes:int[] potentials:signed[] centre node; mend = mend:text links:int[]"""
SHAPES = {  # by key, or place in a list, the shape of a value (none: `int`); `?`: it may be missing
    name.strip(): {key: kind or "int" for key, _, kind in (part.partition(":") for part in parts.split())}
    for name, parts in (line.split(" = ") for line in SHAPES_TEXT.split(";"))
}
FORMAT, OLDER = "polyring-certificate/2", "polyring-certificate/1"  # both mean the same
MOST_BYTES, MOST_STEPS = 1 << 30, 10**8  # of a file; of all searches for cheap paths together


class Refused(Exception):
    """The plan or the proof does not hold."""


def need(holds: object, text: str) -> None:
    """Raise `Refused` with a text unless something holds."""
    if not holds:
        raise Refused(text)


def departure(value: Any, shape: str, at: str) -> str:  # noqa: ANN401 - JSON
    """Return where a value, standing at a place of a document, is not of its shape; empty: nowhere."""
    # `x[]` is a list of x, `x{}` an object with any keys and values x, `x|y` either; what names no shape is a
    # word. So there are no fractions (not even whole ones), no truth values as numbers, and no unknown keys.
    if "|" in shape and shape[-1] != "]":
        faults = [departure(value, one, at) for one in shape.split("|")]
        return "" if "" in faults else max(faults, key=len)  # the one that lies deepest
    if shape[-1] not in "]}" and shape not in SHAPES:
        kind = KINDS.get(shape, str)
        fits = type(value) is int and value in kind if isinstance(kind, range) else type(value) is kind
        return "" if fits and (shape in KINDS or value == shape) else f"{at} is not {shape}"
    is_list = shape[-1] == "]" or "0" in SHAPES.get(shape, "")
    if type(value) is not (list if is_list else dict):
        return f"{at} is not {shape}"
    parts: Any = {str(i): item for i, item in enumerate(value)} if is_list else value
    keys = SHAPES.get(shape) or dict.fromkeys(parts, shape[:-2])
    kinds = {key.rstrip("?"): kind for key, kind in keys.items()}
    if not keys.keys() & kinds.keys() <= parts.keys() <= kinds.keys():
        return f"{at} is not {shape}: a part is missing or unknown"
    return next(filter(None, (departure(parts[key], kinds[key], f"{at}.{key}") for key in parts)), "")


def parsed(path: str) -> Any:  # noqa: ANN401 - JSON
    """Return the document of a file; refuse fractions, constants such as NaN, and keys that occur twice."""

    def unique(items: list[tuple[str, Any]]) -> Json:
        need(len(dict(items)) == len(items), f"a key occurs twice among {[key for key, _ in items]}")
        return dict(items)

    with Path(path).open("rb") as file:
        text = file.read(MOST_BYTES + 1)
    need(len(text) <= MOST_BYTES, f"{path} is larger than {MOST_BYTES} bytes")
    return json.loads(text, object_pairs_hook=unique, parse_float=int, parse_constant=int)


def summed(terms: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return terms with one entry a variable."""
    total = Counter[str]()
    for variable, factor in terms:
        total[variable] += factor
    return total


def shortest(near: dict[int, list[tuple[int, int]]], source: int) -> dict[int, int]:
    """Return the shortest distance from a node to each node it reaches."""
    found, heap = dict[int, int](), [(0, source)]
    while heap:
        distance, node = heapq.heappop(heap)
        if node not in found:
            found[node] = distance
            for to, length in near.get(node, ()):
                heapq.heappush(heap, (distance + length, to))
    return found


def every_path_costs(model: Model, k: int, price: dict[int, int], least: int) -> bool:
    """Return whether the candidates of every path of pair k within its limit cost at least so much."""
    # A path pays once for a candidate. Label setting with time as resource: a label is dropped where another
    # one at its node is no later and, even if it had to pay again what the first has paid, no dearer. `ahead`
    # bounds from below what the rest of a simple path costs, with a price spread over the most arcs of its
    # candidate that such a path can take. Of the cheapest walks within the limit, a fastest one is simple.
    pair = model.problem["pairs"][k]
    back = model.all_built(pair["destination"], back=True)
    links = {j: {frozenset(arc[:2]) for arc in model.candidates[j]["arcs"]} for j in price}
    most = {j: min(len(mine), len(frozenset[int]().union(*mine)) - 1) for j, mine in links.items()}
    share = {j: value // max(1, most[j]) for j, value in price.items()}
    bit = {j: 1 << i for i, j in enumerate(j for j in price if share[j] < price[j])}
    out, into = defaultdict(list), defaultdict(list)
    for tail, head, seconds, j in model.usable(k):
        out[tail].append((head, seconds, price.get(j, 0), share.get(j, 0), bit.get(j, 0)))
        into[head].append((tail, share.get(j, 0)))
    ahead = shortest(into, pair["destination"])
    settled: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    labels = [(0, 0, pair["origin"], 0, 0, 0)]
    while labels:
        _, time, node, cost, spread, paid = heapq.heappop(labels)
        model.steps += 1 + len(settled[node])
        need(model.steps <= MOST_STEPS, f"not checked within {MOST_STEPS:,} steps")
        if node == pair["destination"]:
            return False
        earlier = [(c, paid & ~p) for t, c, p in settled[node] if t <= time]
        if any(c + sum(price[j] for j, one in bit.items() if again & one) <= cost for c, again in earlier):
            continue
        settled[node].append((time, cost, paid))
        for head, seconds, more, part, mark in out[node]:
            total = cost if paid & mark else cost + more
            bound = max(total, spread + part + ahead.get(head, least))
            if bound < least and time + seconds + back[head] <= pair["limit"]:
                heapq.heappush(labels, (bound, time + seconds, head, total, spread + part, paid | mark))
    return True


def rank(edges: Iterable[tuple[int, int]]) -> int:
    """Return the number of edges of a spanning forest of a graph."""
    parts = dict[int, set[int]]()
    for edge in edges:
        merged = set(edge).union(*(parts.get(node, ()) for node in edge))
        parts.update(dict.fromkeys(merged, merged))
    return len(parts) - len({id(part) for part in parts.values()})


class Model:
    """A problem: its shortest times, variables with bounds, rows of the rules by name, and objective."""

    def __init__(self, problem: Json) -> None:
        need(not (fault := departure(problem, "problem", "problem")), fault)
        self.problem, self.candidates, self.steps = problem, problem["candidates"], 0
        self.number = {c["id"]: j for j, c in enumerate(self.candidates)}
        need(len(self.number) == len(self.candidates), "two candidates have one id")
        self.allowed = frozenset(j for j, c in enumerate(self.candidates) if c.get("fixed") != "out")
        # Arcs, each with the candidate that opens it (-1: none).
        self.arcs: list[tuple[int, int, int, int]] = [(*arc, -1) for arc in problem["arcs"]]
        self.arcs += [(*arc, j) for j in sorted(self.allowed) for arc in self.candidates[j]["arcs"]]
        self.usable, self.neighbours = cache(self._usable), lru_cache(4)(self._neighbours)
        self.all_built = cache(lambda v, back=False: shortest(self.neighbours(self.allowed, back), v))
        self.periods, self.budget = problem.get("periods", []), (budget := problem["budget"])
        self.leads = [c.get("lead", 0) if self.periods else 0 for c in self.candidates]
        self.low, self.high, self.rows = dict[str, int](), dict[str, int](), dict[str, Row]()
        fixed = [c.get("fixed") for c in self.candidates]
        self.x = [self.variable(f"x{j:07d}", f == "in", f != "out") for j, f in enumerate(fixed, 1)]
        self.y, self.z, self.open = list[list[str]](), list[list[str]](), [self.x]
        self.starts = [[x] for x in self.x]
        if self.periods:
            self._add_periods()
        always, ever = self.covered(frozenset()), self.covered(self.allowed)
        lows = ever if budget is None and problem.get("cover", "all") == "all" else always
        cities = problem.get("cities", [])  # a covered one has as many covered pairs as it needs
        for t in range(len(self.open)):
            tag, count = f"_{t + 1}" if self.periods else "", len(problem["pairs"])
            self.y.append([self.variable(f"y{k + 1:07d}{tag}", k in lows, k in ever) for k in range(count)])
            self.z.append([self.variable(f"z{i:07d}{tag}") for i, _ in enumerate(cities, 1)])
            for (i, city), z in zip(enumerate(cities, 1), self.z[t], strict=True):
                mine = [self.y[t][k] for k in city["pairs"]]
                for number, y in enumerate(mine if city["need"] == len(mine) else [], 1):
                    self.add(f"city_{i:07d}_{number:07d}{tag}", [(z, 1), (y, -1)], "<=", 0)
                self.add(f"city_{i:07d}{tag}", [(z, city["need"]), *((y, -1) for y in mine)], "<=", 0)
        self.pair_of = {y: (k, t) for t, row in enumerate(self.y) for k, y in enumerate(row)}
        self._add_rules()
        earns, rings = budget is not None, problem.get("rings", [])
        rings = [ring for ring in rings if ring["required"] or (earns and ring.get("reward", 0))]
        self.rings = [RingRows(self, ring, f"{number:03d}") for number, ring in enumerate(rings, 1)]
        self._add_apart()
        self.unit = math.gcd(*(gain := self._objective()).values()) or 1
        self.gain = {v: f // self.unit for v, f in gain.items() if f}

    def _neighbours(self, is_open: frozenset[int], back: bool) -> dict[int, list[tuple[int, int]]]:  # noqa: FBT001
        near: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for tail, head, seconds, owner in self.arcs:
            if owner < 0 or owner in is_open:
                near[head if back else tail].append((tail if back else head, seconds))
        return near

    def covered(self, is_open: Collection[int]) -> set[int]:
        """Return the pairs within their limits when some candidates are open."""
        near, pairs = self.neighbours(frozenset(is_open), False), enumerate(self.problem["pairs"])
        times = cache(partial(shortest, near))
        return {k for k, p in pairs if times(p["origin"]).get(p["destination"], math.inf) <= p["limit"]}

    def _usable(self, k: int) -> list[tuple[int, int, int, int]]:
        """Return the arcs on walks of pair k within its limit, with everything built that may be."""
        pair = self.problem["pairs"][k]
        start, end = self.all_built(pair["origin"]), self.all_built(pair["destination"], back=True)
        times = [start.get(tail, math.inf) + s + end.get(head, math.inf) for tail, head, s, _ in self.arcs]
        return [arc for arc, time in zip(self.arcs, times, strict=True) if time <= pair["limit"]]

    def variable(self, name: str, low: bool = False, high: bool = True) -> str:  # noqa: FBT001, FBT002
        """Add a variable, and return its name."""
        self.low[name], self.high[name] = int(low), int(high)
        return name

    def add(self, name: str, terms: Terms, sense: str, right: int, *, divide: bool = False) -> None:
        """Add a row; with `divide`, divided by the divisor of its terms, and its right side rounded."""
        total = summed(terms)
        unit = (math.gcd(*total.values()) or 1 if divide else 1) * (-1 if sense == ">=" else 1)
        need(name not in self.rows, f"two rows are called {name}")
        self.rows[name] = ({v: f // unit for v, f in total.items()}, right // unit, sense == "==", 1)

    def _add_periods(self) -> None:
        """State that what is built is started once, opens after its lead, and can be paid for by then."""
        money, costs, every = 0, [c["cost"] for c in self.candidates], range(len(self.periods))
        self.starts, self.open = [[self.variable(f"{x}_{t + 1}") for t in every] for x in self.x], []
        for j, x in enumerate(self.x):
            self.add(f"start_{j + 1:07d}", [*((s, 1) for s in self.starts[j]), (x, -1)], "==", 0)
        for t in every:
            money += self.periods[t]["budget"]
            spent = [(s, costs[j]) for j, row in enumerate(self.starts) for s in row[: t + 1]]
            self.add(f"budget_{t + 1:03d}", spent, "<=", money, divide=True)
            self.open.append([self.variable(f"o{x[1:]}_{t + 1}") for x in self.x])
            for j, o in enumerate(self.open[t]):
                early = self.starts[j][: max(0, t - self.leads[j] + 1)]
                self.add(f"open_{o[1:]}", [(o, 1), *((s, -1) for s in early)], "==", 0)

    def _add_rules(self) -> None:
        """State budget, caps, capacities, excludes, requires and targets."""
        problem, number, x = self.problem, self.number, self.x
        costs = [(x[j], c["cost"]) for j, c in enumerate(self.candidates)]
        if self.budget is not None and not self.periods:
            self.add("budget", costs, "<=", self.budget, divide=True)
        for name, most in problem.get("caps", {}).items():
            mine = [costs[j] for j, c in enumerate(self.candidates) if c.get("instrument") == name]
            self.add(f"cap_{name}", mine, "<=", most, divide=True)
        for i, capacity in enumerate(problem.get("capacities", []), 1):
            used = [(x[number[name]], units) for name, units in capacity["use"].items()]
            self.add(f"capacity_{i:07d}", used, "<=", capacity["most"], divide=True)
        for i, (a, b) in enumerate(problem.get("excludes", []), 1):
            self.add(f"exclude_{i:07d}", [(x[number[a]], 1), (x[number[b]], 1)], "<=", 1)
        for i, (one, two) in enumerate(problem.get("requires", []), 1):
            a, b = number[one], number[two]
            for u in range(len(self.open)):  # started by u, a is open from u + lead, and b must be by then
                later = self.starts[b][: max(0, u + self.leads[a] - self.leads[b] + 1)]
                terms = [*((s, 1) for s in self.starts[a][: u + 1]), *((s, -1) for s in later)]
                self.add(f"require_{i:07d}{f'_{u + 1}' if self.periods else ''}", terms, "<=", 0)
        for i, target in enumerate(problem.get("targets", []), 1):
            of, variables = ("cities", self.z) if target.get("of") == "cities" else ("pairs", self.y)
            both = zip(variables[-1], problem[of], strict=True)
            mine = [(v, item["weight"]) for v, item in both if item.get("group", "") == target["group"]]
            if target["least"] > sum(weight for _, weight in mine) and x:
                self.add(f"target_{i:07d}", [(x[0], 1)], "<=", -1)  # no plan: every row holds
            else:
                self.add(f"target_{i:07d}", mine, ">=", target["least"], divide=True)

    def _add_apart(self) -> None:
        """State that rings which are apart do not visit nodes at the same position."""
        rows, number = {item.ring["id"]: item for item in self.rings}, 0
        apart = {tuple(sorted((a, b))) for a in rows for b in rows[a].ring.get("apart", []) if b in rows}
        for first, second in ((rows[one], rows[two]) for one, two in sorted(apart)):
            for (v, point), (u, other) in product(*(enumerate(r.ring["nodes"]) for r in (first, second))):
                if point == other:
                    number += 1
                    self.add(f"apart_{number:07d}", [*first.entering[v], *second.entering[u]], "<=", 1)

    def broken(self, point: dict[str, int], names: Iterable[str]) -> list[str]:
        """Return those of some rows that a point violates, whose other variables are 0."""
        rows = [(name, *self.rows[name]) for name in names]
        values = [sum(factor * point.get(v, 0) for v, factor in row[1].items()) for row in rows]
        both = zip(rows, values, strict=True)
        return [row[0] for row, value in both if value > row[2] or (row[3] and value != row[2])]

    def _objective(self) -> dict[str, int]:
        """Return the terms of what is maximised: minus the cost, or what is gained in all periods."""
        if self.budget is None:
            return summed((x, -c["cost"]) for x, c in zip(self.x, self.candidates, strict=True))
        weights = [item["weight"] for of in ("pairs", "cities") for item in self.problem.get(of, [])]
        terms = Terms()
        for t in range(len(self.open)):
            factor = self.periods[t]["factor"] if self.periods else 1
            terms += [(v, factor * w) for v, w in zip([*self.y[t], *self.z[t]], weights, strict=True)]
            terms += [(r.formed_in(t), factor * r.ring["reward"]) for r in self.rings if r.ring.get("reward")]
        return summed(terms)


class RingRows:
    """The variables and rows of a ring, whose circuit is directed so that it winds +1 round centre 1."""

    def __init__(self, model: Model, ring: Json, tag: str) -> None:
        self.model, self.ring, self.links, self.tag = model, ring, ring["links"], tag
        every = {a: [self._crossings(a, s) for s in ring["centres"]] for a in range(len(self.links))}
        self.turns = {a: [n or 0 for n in w] for a, w in every.items() if None not in w}  # usable links
        owners = {a: self.links[a]["candidate"] for a in self.turns}
        self.owner = {a: model.number[name] for a, name in owners.items() if name is not None}
        self.formed = model.variable(f"r{tag}", ring["required"])
        both = [(a, sign) for a in self.turns for sign in (1, -1)]  # passed from tail to head, and back
        self.way = {(a, sign): model.variable(f"f{' ab'[sign]}{tag}_{a + 1:06d}") for a, sign in both}
        self.entering, self.leaving = defaultdict[int, Terms](list), defaultdict[int, Terms](list)
        for (a, sign), f in self.way.items():
            self.leaving[self.links[a]["tail" if sign > 0 else "head"]].append((f, -1))
            self.entering[self.links[a]["head" if sign > 0 else "tail"]].append((f, 1))
        self.by_time, self.passes = dict[int, str](), dict[int, str]()
        before = set(model.rows)
        self._add_circuit()
        self._add_stops()
        self.own_rows = [name for name in model.rows if name not in before and not name.startswith("use")]

    def _crossings(self, a: int, centre: list[int]) -> int | None:
        """Return how often link a crosses the ray from a centre to the east, northwards less southwards."""
        # The ray is shifted to the north by less than any distance. None: the link runs through the centre.
        link, (x, y), count = self.links[a], centre, 0
        line = [self.ring["nodes"][link["tail"]], *link.get("via", []), self.ring["nodes"][link["head"]]]
        for (ax, ay), (bx, by) in pairwise(line):
            side = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
            if side == 0 and min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by):
                return None
            count += (ay <= y < by and side > 0) - (by <= y < ay and side < 0)
        return count

    def _add_circuit(self) -> None:
        """State that the circuit visits a node once, uses what is there, winds once, and is not too long."""
        for v, terms in self.entering.items():
            self.model.add(f"circuit{self.tag}_{v + 1:06d}", [*terms, *self.leaving[v]], "==", 0)
            self.model.add(f"visit{self.tag}_{v + 1:06d}", [*terms, (self.formed, -1)], "<=", 0)
        for a in self.turns:
            opens = self.model.open[-1][self.owner[a]] if a in self.owner else self.formed
            both = [(self.way[a, 1], 1), (self.way[a, -1], 1), (opens, -1)]
            self.model.add(f"use{self.tag}_{a + 1:06d}", both, "<=", 0)
        for s in range(len(self.ring["centres"])):
            label = f"{self.tag}_{s + 1:03d}"
            terms = [(f, sign * self.turns[a][s]) for (a, sign), f in self.way.items()]
            if s:
                terms.append((self.model.variable(f"q{label}"), 2))
                self.model.add(f"turn{label}", [(f"q{label}", 1), (self.formed, -1)], "<=", 0)
            self.model.add(f"round{label}", [*terms, (self.formed, -1)], "==", 0)
        if "longest" in self.ring:
            lengths = [self.links[a]["length"] for a, _ in self.way]
            unit = math.gcd(*lengths) or 1
            terms = [(f, length // unit) for f, length in zip(self.way.values(), lengths, strict=True)]
            longest = min(self.ring["longest"], sum(lengths) // 2) // unit
            self.model.add(f"longest{self.tag}", [*terms, (self.formed, -longest)], "<=", 0)

    def _add_stops(self) -> None:
        """State which stops the circuit passes, and which and how many it must."""
        groups = self.ring.get("least_by_group", {})
        for i, stop in enumerate(self.ring["stops"]):
            if self.ring["least_stops"] or stop.get("must") or groups.get(stop.get("group", ""), 0):
                n = self.passes[i] = self.model.variable(f"n{self.tag}_{i + 1:06d}")
                visits = [(f, -1) for v in set(stop["nodes"]) for f, _ in self.entering[v]]
                self.model.add(f"stop{self.tag}_{i + 1:06d}", [(n, 1), *visits], "<=", 0)
                if stop.get("must"):
                    self.model.add(f"must{self.tag}_{i + 1:06d}", [(n, 1), (self.formed, -1)], ">=", 0)
        wanted = [(f"_{i:03d}", group, least) for i, (group, least) in enumerate(sorted(groups.items()), 1)]
        for label, group, least in [("", None, self.ring["least_stops"]), *wanted]:
            stops = [(n, self.ring["stops"][i].get("group", "")) for i, n in self.passes.items()]
            mine = [n for n, own in stops if group in (None, own)]
            terms = [(self.formed, -min(least, len(mine) + 1)), *((n, 1) for n in mine)]
            self.model.add(f"stops{self.tag}{label}", terms, ">=", 0)

    def formed_in(self, t: int) -> str:
        """Return the variable that says that the ring is complete in period t; before the last, add it."""
        if t == len(self.model.open) - 1:
            return self.formed
        label = f"{self.tag}_{t + 1:03d}"
        rt = self.by_time[t] = self.model.variable(f"rt{label}")
        self.model.add(f"formed{label}", [(rt, 1), (self.formed, -1)], "<=", 0)
        for a, j in self.owner.items():
            used = [(rt, 1), (self.way[a, 1], 1), (self.way[a, -1], 1), (self.model.open[t][j], -1)]
            self.model.add(f"formed{label}_{a + 1:06d}", used, "<=", 1)
        return rt

    def point(self, links: list[int]) -> dict[str, int]:
        """Return the variables that are 1 for a circuit of links in order; refuse what is no circuit."""
        need(links and all(a in self.turns for a in links), "a circuit has an unknown link")
        ends = [(self.links[a]["tail"], self.links[a]["head"]) for a in links]
        steps, visited, at = [], [], next((v for v in ends[0] if v in ends[-1]), -1)
        for a, (tail, head) in zip(links, ends, strict=True):
            steps.append((a, 1 if at == tail else -1 if at == head else 0))
            visited.append(at)
            at = head if at == tail else tail
        is_closed = at == visited[0] and 0 not in [sign for _, sign in steps]
        is_simple = len(set(visited)) == len(set(links)) == len(links)
        need(is_closed and is_simple, "links do not go round a circuit that visits no node twice")
        turns = [[sign * n for n in self.turns[a]] for a, sign in steps]
        winding = [sum(counts) for counts in zip(*turns, strict=True)]
        turn = -1 if winding[0] < 0 else 1
        ones = [self.formed, *(self.way[a, turn * sign] for a, sign in steps)]
        ones += [f"q{self.tag}_{s + 1:03d}" for s, w in enumerate(winding) if s and turn * w < 0]
        ones += [n for i, n in self.passes.items() if set(self.ring["stops"][i]["nodes"]) & set(visited)]
        return dict.fromkeys(ones, 1)

    def leave_row(self, row: Json) -> Row:
        """Return the row that a circuit through a node leaves a set of nodes in which no circuit winds."""
        # The evidence has a number g for each node of the set, such that every link within it crosses the
        # ray from one centre g_head - g_tail times: these cancel along a circuit, which so does not wind.
        s, v, g = row["centre"], row["node"], dict(zip(row["nodes"], row["potentials"], strict=True))
        need(len(g) == len(row["nodes"]), "a node of a set occurs twice")
        need(v in g and s < len(self.ring["centres"]), "a node or a centre of a ring is wrong")
        terms = list(self.entering[v])
        for (a, sign), f in self.way.items():
            begin, end = (self.links[a]["tail"], self.links[a]["head"])[::sign]
            if begin in g and end in g:
                need(sign * self.turns[a][s] == g[end] - g[begin], "a circuit of a set may be the ring")
            elif begin in g:
                terms.append((f, -1))
        return summed(terms), 0, False, 1

    def mend_row(self, row: Json) -> Row:
        """Return the row that excludes a circuit which is no ring: whatever uses all its links is itself."""
        is_ring = not self.model.broken(self.point(links := row["links"]), self.own_rows)
        need(not is_ring, "a circuit is excluded that may be the ring")
        return {f: 1 for (a, _), f in self.way.items() if a in links}, len(links) - 1, False, 1


def proved_row(model: Model, row: Json) -> Row:
    """Return a row of a certificate, after checking what shows that it holds for every plan."""
    if "model" in row:
        need(row["model"] in model.rows, f"the problem has no row {row['model']!r}")
        return model.rows[row["model"]]
    if "partition" in row:
        return partition_row(model, row)
    if "time" in row:  # unit y <= sum of price x: every path of the pair within its limit costs the unit
        need(row["time"] in model.pair_of, "a time cut names no pair")
        k, t = model.pair_of[row["time"]]
        number, prices, unit = {name: j for j, name in enumerate(model.open[t])}, row["prices"], row["unit"]
        is_priced = unit > 0 and min([0, *prices.values()]) == 0 and prices.keys() <= number.keys()
        need(is_priced, "a price is wrong")
        price = {number[name]: value for name, value in prices.items()}
        need(every_path_costs(model, k, price, unit), f"a path of pair {k} costs less than its time cut says")
        return {row["time"]: unit, **{name: -value for name, value in prices.items()}}, 0, False, unit
    (ring,) = (item for item in model.rings if item.tag == row.get("leave", row.get("mend")))
    return ring.leave_row(row) if "leave" in row else ring.mend_row(row)


def partition_row(model: Model, row: Json) -> Row:
    """Return `sum of y <= sum of m x`, where m counts the parts that the arcs of a candidate merge."""
    # Each node belongs to a part. No existing arc that a pair of the row can use joins two parts, and the
    # pairs are edges of a forest over the parts. Merge the parts that arcs of built candidates join, which
    # such a pair can use: a covered pair has its ends merged, by as many merges as pairs are covered.
    parts, pairs = row["parts"], row["partition"]
    need(len(parts) == len(model.problem["nodes"]), "a node has no part")
    (t,) = {model.pair_of[y][1] for y in pairs}
    members = [model.problem["pairs"][model.pair_of[y][0]] for y in pairs]
    forest = rank((parts[pair["origin"]], parts[pair["destination"]]) for pair in members)
    need(forest == len(pairs), "the pairs of a row form no forest")
    merges: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for arc in {arc for y in pairs for arc in model.usable(model.pair_of[y][0])}:
        if parts[arc[0]] != parts[arc[1]]:
            need(arc[3] >= 0, "an existing arc joins two parts")
            merges[arc[3]].add((parts[arc[0]], parts[arc[1]]))
    terms = {model.open[t][j]: -rank(edges) for j, edges in merges.items()}
    return {**terms, **dict.fromkeys(pairs, 1)}, 0, False, 1


def leaf_bound(model: Model, rows: list[Row], leaf: Json, fixed: dict[str, int], scale: int) -> int | None:
    """Return the largest objective, over its unit, of a plan in a leaf; None: the leaf holds no plan."""
    scale *= (units := math.lcm(*(rows[i][3] for i, _ in leaf["multipliers"])))
    left = defaultdict(int, {v: leaf["objective"] * gain * scale for v, gain in model.gain.items()})
    total = 0
    for i, multiplier in leaf["multipliers"]:
        terms, right, _, unit = rows[i]
        total += multiplier * right * (units // unit)
        for v, factor in terms.items():
            left[v] -= multiplier * factor * (units // unit)
    low, high = ChainMap(fixed, model.low), ChainMap(fixed, model.high)
    total += sum(value * (high[v] if value > 0 else low[v]) for v, value in left.items())
    need(leaf["objective"] or total < 0, "a leaf is called empty, and its multipliers do not show it")
    return total // scale if leaf["objective"] else None


def check_bound(model: Model, proof: Json) -> int | None:
    """Return the bound on the objective that a proof establishes; None: there is no plan."""
    need(not (fault := departure(proof, "proof", "bound")), fault)
    rows, scale = [proved_row(model, row) for row in proof["rows"]], 1 << min(proof["denominator_bits"], 4097)
    need(scale <= 1 << 4096, "denominator_bits is out of range")
    tree, bounds, seen, stack = proof["tree"], [], set[int](), [(0, dict[str, int]())]
    need(tree, "the tree has no node")
    for node in tree:  # all of them, whether they are reached or not
        if isinstance(node, list):
            need(node[0] in model.low, f"the tree branches on {node[0]!r}, which is no variable")
            need(all(0 <= at < len(tree) for at in node[1:]), "the tree is no tree")
            continue
        need(node["objective"] in (0, 1), "a leaf counts the objective neither once nor not at all")
        for i, multiplier in node["multipliers"]:
            need(i < len(rows), "a multiplier names no row")
            need(multiplier >= 0 or rows[i][2], "a multiplier is negative")
    while stack:
        at, fixed = stack.pop()
        need(at not in seen, "the tree is no tree")
        seen.add(at)
        if isinstance(tree[at], list):
            variable, down, up = tree[at]
            for to, value in ((down, 0), (up, 1)):  # where splits contradict each other, no value is left: -1
                stack.append((to, {**fixed, variable: value if fixed.get(variable, value) == value else -1}))
        elif all(model.low[v] <= value <= model.high[v] for v, value in fixed.items()):
            bounds.append(leaf_bound(model, rows, tree[at], fixed, scale))
    best = max((bound for bound in bounds if bound is not None), default=None)
    return None if best is None else best * model.unit * (-1 if model.budget is None else 1)


def check_plan(model: Model, evidence: Json) -> int:
    """Return the objective of the plan of a certificate, whose point must satisfy every rule."""
    problem, number, candidates = model.problem, model.number, model.candidates
    built = [number[item["id"]] for item in evidence["built"]]
    starts = {number[name]: t for name, t in evidence.get("starts", {}).items()}
    need(len(set(built)) == len(built), "a candidate is built twice")
    need(starts.keys() == (set(built) if model.periods else set()), "not every start is of what is built")
    ones = {*(model.x[j] for j in built), *(model.starts[j][t] for j, t in starts.items())}
    for t, names in enumerate(model.open):
        opened = {j for j in built if starts.get(j, 0) + model.leads[j] <= t}
        covered = model.covered(opened)
        ones |= {names[j] for j in opened} | {model.y[t][k] for k in covered}
        cities = zip(model.z[t], problem.get("cities", []), strict=True)
        ones |= {z for z, city in cities if sum(k in covered for k in city["pairs"]) >= city["need"]}
    shown, rings = evidence.get("rings", []), {item.ring["id"]: item for item in model.rings}
    need(len({ring["id"] for ring in shown}) == len(shown), "a ring is shown twice")
    for item, links in ((rings[ring["id"]], ring["links"]) for ring in shown):
        ones |= item.point(links).keys()
        owners = [item.owner[a] for a in links if a in item.owner]
        ones |= {rt for t, rt in item.by_time.items() if all(model.open[t][j] in ones for j in owners)}
    point = dict.fromkeys(ones, 1)
    broken = model.broken(point, model.rows)
    broken += [v for v in model.low if not model.low[v] <= point.get(v, 0) <= model.high[v]]
    need(not broken, f"the plan breaks the rules or bounds {', '.join(broken[:5])}")
    true = sum(candidates[j]["cost"] for j in built), sum(problem["pairs"][k]["weight"] for k in covered)
    need((evidence["cost"], evidence["coverage"]) == true, f"true: cost {true[0]}, weight {true[1]}")
    check_evidence(model, evidence, opened, covered)
    value = model.unit * sum(gain * point.get(v, 0) for v, gain in model.gain.items())
    return -value if problem["budget"] is None else value


def check_evidence(model: Model, evidence: Json, opened: set[int], covered: set[int]) -> None:
    """Refuse costs, cities and paths that are not those of what is open and covered in the end."""
    problem, arcs = model.problem, {arc for arc in model.arcs if arc[3] in opened or arc[3] < 0}
    for item in evidence["built"]:
        cost = model.candidates[model.number[item["id"]]]["cost"]
        need(item.get("cost", cost) == cost, f"{item['id']!r} does not cost {item.get('cost')}")
    known = {city["id"]: city for city in problem.get("cities", [])}
    cities = evidence.get("cities", [])
    need(len({item["id"] for item in cities}) == len(cities), "a city is shown twice")
    for item in cities:
        city, pairs = known[item["id"]], set(item["pairs"])
        is_covered = pairs <= covered.intersection(city["pairs"]) and len(pairs) >= city["need"]
        need(is_covered and item["weight"] == city["weight"], f"city {item['id']!r} is not covered as shown")
    place, number = {name: v for v, name in enumerate(problem["nodes"])}, {**model.number, None: -1}
    shown = sorted(path["pair"] for path in evidence.get("paths", []))
    need("paths" not in evidence or shown == sorted(covered), "paths are not of the covered pairs, each once")
    for path in evidence.get("paths", []):
        pair, at = problem["pairs"][path["pair"]], [place[name] for name in path["nodes"]]
        owners, sizes = [number[name] for name in path["candidates"]], (len(path["seconds"]), len(at) - 1)
        is_open = {*zip(at, at[1:], path["seconds"], owners, strict=False)} <= arcs
        joins = (at[0], at[-1]) == (pair["origin"], pair["destination"]) and {*sizes} == {len(owners)}
        need(joins and is_open, f"path of pair {path['pair']}: open arcs do not join its ends so")
        holds = path["time_s"] == sum(path["seconds"]) <= pair["limit"]
        need(holds, f"path of pair {path['pair']}: {path['time_s']} s is not its sum, or above the limit")


def check(problem: Json, certificate: Json) -> tuple[str, Fraction | None]:
    """Return what a certificate proves, as a sentence, and the gap between plan and bound if it has both."""
    is_shown = type(certificate) is dict and {"built", "bound"} & certificate.keys()
    need(is_shown, "there is no plan and no bound")
    need(not (fault := departure({**certificate, "bound": None}, "plan", "certificate")), fault)
    need(certificate.get("format") in (FORMAT, OLDER), f"it is no {FORMAT}: polyring certify writes one anew")
    alone = "built" in certificate or certificate.keys() <= {"format", "problem", "bound"}
    need(alone, "what is built is not shown, but what it costs or does")
    model = Model(problem)
    need(certificate.get("problem", problem["name"]) == problem["name"], "it is for another problem")
    bound = check_bound(model, certificate["bound"]) if "bound" in certificate else None
    objective = check_plan(model, certificate) if "built" in certificate else None
    plan = "no plan is shown" if objective is None else f"the plan holds, its objective is {objective}"
    if "bound" not in certificate:
        return f"{plan}; no bound is shown", None
    need(bound == certificate["bound"]["bound"], f"the bound that is proved is {bound}, and not as claimed")
    if bound is None or objective is None:
        need(objective is None, "there is a plan, and a proof that there is none")
        return ("there is no plan" if bound is None else f"{plan}; no plan is better than {bound}"), None
    slack = objective - bound if model.budget is None else bound - objective
    need(slack >= 0, "the plan beats the bound")
    most = max(1, abs(objective))  # a gap of any size is shown, by any version of Python
    percent = f"{Decimal(100 * slack) / most:.4g}"
    return f"{plan}; no plan is better than {bound}: a gap of {percent} %", Fraction(slack, most)


def main(arguments: list[str]) -> int:
    """Check the files that the command line names; return the exit code."""
    try:
        most = float(arguments.pop()) if arguments[-2:-1] == ["--gap"] and arguments.pop(-2) else None
        text, gap = check(*map(parsed, arguments))
        need(most is None or (gap is not None and gap <= most), f"{text}, where {most} was asked for")
    except (Refused, LookupError, TypeError, ValueError, ArithmeticError, OSError, RecursionError) as fault:
        sys.stdout.write(f"REFUSED: {fault}\n")
        return 1
    sys.stdout.write(f"OK: {text}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
