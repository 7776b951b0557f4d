"""A second checker of certificates, written from `docs/certificate.md` without a look at the first one.

`second_checker.py PROBLEM.json CERTIFICATE.json [--gap G]` prints `OK: ...` (0) or `REFUSED: ...` (1). It
counts in whole numbers. Comments say the rule of the page that is applied; variables and rows have its names.
"""

import argparse
import json
import math
import sys
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from functools import cache
from heapq import heappop, heappush
from itertools import accumulate, chain, combinations, compress, count, pairwise
from pathlib import Path
from types import SimpleNamespace as Document
from typing import Any, NamedTuple

MOST_BYTES = 2**30
MOST_STEPS = 3_000_000_000
NOBODY = -1  # the candidate of existing arcs
FREE = (0, 1, 0)  # bounds of a variable, and its factor in the objective
TURNED = str.maketrans("ab", "ba")  # fa to fb, fb to fa

type Arc = tuple[int, int, int, int]  # nodes, seconds, and the candidate or NOBODY


class Refused(Exception):
    """The document does not show what it claims."""


def demand(holds: object, otherwise: str) -> None:
    """Refuse what does not hold."""
    if not holds:
        raise Refused(otherwise)


def _known(document: Any, key: str) -> tuple[range, frozenset[str]]:  # noqa: ANN401 - JSON
    items = document.get(key) if type(document) is dict else None  # whatever the document is
    items = items if type(items) is list else []
    ids = (item.get("id") for item in items if type(item) is dict)
    return range(len(items)), frozenset(id_ for id_ in ids if type(id_) is str)


# fmt: off
SIZE, SIGNED = range(2**63), range(1 - 2**63, 2**63)  # "n" and "s"
LARGE = range(1 - 2**14000, 2**14000)  # "L"
POINTS, NULL = [[SIGNED, SIGNED]], type(None)


def problem_shape(given: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Shape of a problem; positions and ids are those that exist."""
    (node, _), (pair, _) = _known(given, "nodes"), _known(given, "pairs")
    (_, candidate), (_, ring) = _known(given, "candidates"), _known(given, "rings")
    arcs, instrument = [[node, node, range(1, 2**63)]], frozenset({"barrier", "infrastructure", "subsidy"})
    ring_link = {"tail": SIZE, "head": SIZE, "candidate": (candidate, NULL), "via?": POINTS, "length?": SIZE}
    return {
        "format": frozenset({"polyring-problem/1"}), "name": str, "note?": str, "money?": str,
        "nodes": [str], "arcs": arcs, "budget": (SIZE, NULL), "cover?": frozenset({"targets"}),
        "candidates": [{"id": str, "cost": SIZE, "arcs": arcs, "kind?": str, "lead?": SIZE,
                        "fixed?": frozenset({"in", "out"}), "instrument?": instrument}, "id"],
        "pairs": [{"origin": node, "destination": node, "limit": SIZE, "weight": SIZE, "group?": str}],
        "cities?": [{"id": str, "weight": SIZE, "pairs": [pair, ""], "need": SIZE, "group?": str}, "id"],
        "caps?": {instrument: SIZE}, "periods?": [{"id": str, "budget": SIZE, "factor": SIZE}],
        "capacities?": [{"id": str, "use": {candidate: range(1, 2**63)}, "most": SIZE}],
        "targets?": [{"group": str, "least": SIZE, "of?": frozenset({"pairs", "cities"})}],
        "excludes?": [[candidate, candidate]], "requires?": [[candidate, candidate]],
        "rings?": [{"id": str, "required?": bool, "reward?": SIZE, "centres": POINTS, "nodes": POINTS,
                    "links": [ring_link], "longest?": SIZE, "least_stops?": SIZE, "apart?": [ring],
                    "stops?": [{"id": str, "nodes": [SIZE], "group?": str, "must?": bool}],
                    "least_by_group?": {str: SIZE}}, "id"],
    }


def certificate_shape(model: "Model", shown: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Shape of a certificate for a problem; positions, ids and names are those that exist."""
    proof = shown.get("bound") if type(shown) is dict else None
    (row, _), (entry, _), name = _known(proof, "rows"), _known(proof, "tree"), frozenset(model.ring_of)
    candidate, pair, city = frozenset(model.number), range(len(model.network.pairs)), frozenset(model.cities)
    y, ring, variable = frozenset(model.pair_of), frozenset(model.rings), frozenset(model.variables)
    return {
        "format": frozenset({"polyring-certificate/1", "polyring-certificate/2"}), "problem?": str,
        "cost?": SIZE, "coverage?": SIZE, "built?": [{"id": candidate, "cost?": SIZE}, "id"],
        "starts?": {candidate: range(len(model.states))}, "rings?": [{"id": name, "links": [SIZE, ""]}, "id"],
        "cities?": [{"id": city, "weight": SIZE, "pairs": [pair]}, "id"],
        "paths?": [{"pair": pair, "nodes": [str], "seconds": [SIZE], "candidates": [(str, NULL)],
                    "time_s": SIZE}, "pair"],
        "bound?": {"bound": (LARGE, NULL), "denominator_bits": range(4097), "rows": [(
            {"model": frozenset(model.rows)},
            {"time": y, "unit": range(1, 2**14000), "prices": {frozenset(model.open_of): range(2**14000)}},
            {"partition": [y, ""], "parts": [SIZE]},
            {"leave": ring, "nodes": [SIZE, ""], "potentials": [SIGNED], "centre": SIZE, "node": SIZE},
            {"mend": ring, "links": [SIZE, ""]},
        )], "tree": [({"objective": range(2), "multipliers": [[row, LARGE]]}, [variable, entry, entry])]},
    }
# fmt: on


def read(shape: Any, value: Any, where: str) -> Any:  # noqa: ANN401 - JSON
    """Give a value of this shape, or refuse it. What is left out is None, a list or object of nothing.

    A range stands for its integers, a type for its values, a set for one of its texts, a tuple for one of its
    shapes, [shape] for a list, [shape, key] for one in which no value of the key (or, of "", no item) occurs
    twice, [shape, shape, ...] for one of this length, an object for one with these keys (those with a
    question mark may be left out) or, where its only key is a shape, for one with such keys.
    """
    kind = int if isinstance(shape, range) else str if isinstance(shape, frozenset) else shape
    if isinstance(shape, tuple):
        for one in shape:
            with suppress(Refused):
                return read(one, value, where)
    elif type(value) is kind and (kind is shape or value in shape):  # no truth value in place of a number
        return value
    elif type(value) is type(shape) is dict:
        return _read_object(shape, value, where)
    elif type(value) is type(shape) is list:
        item, *others = shape
        if not others or isinstance(others[0], str):
            found = [read(item, each, where) for each in value]
            several = {getattr(each, key) if key else each for key in others for each in found}
            demand(not others or len(several) == len(found), f"{where}: one of them occurs twice")
            return found
        if len(value) == len(shape):
            return tuple(read(one, each, where) for one, each in zip(shape, value, strict=True))
    raise Refused(f"{where}: {value!a:.60} does not exist, or is not of the type or size that is needed")


def _read_object(shape: dict[Any, Any], value: dict[str, Any], where: str) -> Any:  # noqa: ANN401 - JSON
    if len(shape) == 1 and not isinstance(one := next(iter(shape)), str):
        return {read(one, key, where): read(shape[one], item, where) for key, item in value.items()}
    shapes = {key.rstrip("?"): of for key, of in shape.items()}
    wrong = (value.keys() - shapes.keys()) | ({key for key in shape if key[-1] != "?"} - value.keys())
    demand(not wrong, f"{where}: unknown or missing: {sorted(wrong)!a:.60}")
    empty = {key: type(of)() if isinstance(of, dict | list) else None for key, of in shapes.items()}
    return Document(**empty | {key: read(shapes[key], of, f"{where}.{key}") for key, of in value.items()})


def read_problem(given: Any) -> Document:  # noqa: ANN401 - JSON
    """Read a problem whose parts agree with each other."""
    problem: Document = read(problem_shape(given), given, "problem")
    twice = any(a == b for a, b in problem.excludes + problem.requires)
    demand(not twice, "a candidate of `excludes` or `requires` occurs twice")
    for target in problem.targets:
        groups = [item.group for item in (problem.cities if target.of == "cities" else problem.pairs)]
        demand(target.group != "" or None not in groups, "a target of the group '', where some have no group")
    demand(problem.budget is None or problem.cover is None, "`cover` does not go with a budget")
    agree = problem.periods and sum(period.budget for period in problem.periods) == problem.budget
    demand(agree or "periods" not in given, "the periods have another budget, or there are none")
    demand(agree or not any(c.lead for c in problem.candidates), "a lead needs periods")
    for ring in problem.rings:
        demand(ring.centres and ring.id not in ring.apart, "a ring has no centre, or is `apart` of itself")
        nodes = chain(*((link.tail, link.head) for link in ring.links), *(stop.nodes for stop in ring.stops))
        demand(all(node < len(ring.nodes) for node in nodes), "a node of a link or stop does not exist")
        lengths = [link.length for link in ring.links]
        demand(ring.longest is None or None not in lengths, "a link has no length")
    return problem


class Network:
    """The arcs that exist, and those of the candidates that are not fixed `out`."""

    def __init__(self, problem: Document) -> None:
        self.size, self.pairs, self.steps = len(problem.nodes), problem.pairs, 0
        arcs = {j: c.arcs for j, c in enumerate(problem.candidates) if c.fixed != "out"}
        arcs[NOBODY] = problem.arcs
        self.arcs: list[Arc] = [(*arc, j) for j, of_one in arcs.items() for arc in of_one]
        self.horizon = max((pair.limit for pair in self.pairs), default=0)
        # From a node, and back from all nodes to it, with all open that is not fixed `out`.
        self.times_from = self.least(((a, b, seconds) for a, b, seconds, _ in self.arcs), self.horizon)
        self.times_to = self.least(((b, a, seconds) for a, b, seconds, _ in self.arcs), self.horizon)

    def take(self, steps: int) -> None:
        """Count work, and refuse what would keep a checker busy."""
        self.steps += steps
        if self.steps > MOST_STEPS:
            raise Refused(f"not checked within {MOST_STEPS} steps")

    def least(self, arcs: Iterable[tuple[int, int, int]], most: int) -> Callable[[int], list[int]]:
        """Least sums from a node to each, one more than `most` beyond that: Bellman and Ford with a queue."""
        out = defaultdict[int, dict[int, int]](dict)
        for tail, head, part in arcs:  # of parallel arcs the least
            out[tail][head] = min(part, out[tail].get(head, part))

        @cache
        def least_from(source: int) -> list[int]:
            sums, queue = [most + 1] * self.size, deque([(source, 0)])
            sums[source] = 0
            while queue:
                node, total = queue.popleft()
                if total == sums[node]:
                    self.take(1 + len(out[node]))
                    for head, part in out[node].items():
                        if total + part < sums[head]:
                            sums[head] = total + part
                            queue.append((head, total + part))
            return sums

        return least_from

    def covered(self, candidates: Iterable[int]) -> list[bool]:
        """Whether each pair is covered where these candidates are open."""
        there = {NOBODY, *candidates}
        times = self.least(((a, b, seconds) for a, b, seconds, j in self.arcs if j in there), self.horizon)
        return [times(pair.origin)[pair.destination] <= pair.limit for pair in self.pairs]

    def usable(self, pair: Document) -> list[Arc]:
        """Arcs that lie on a walk from its origin to its destination within its limit."""
        self.take(1 + len(self.arcs))
        start, finish, limit = self.times_from(pair.origin), self.times_to(pair.destination), pair.limit
        return [arc for arc in self.arcs if start[arc[0]] + arc[2] + finish[arc[1]] <= limit]


def finds_cheaper(network: Network, pair: Document, prices: Mapping[int, int], unit: int) -> bool:
    """Whether a path of a pair within its limit pays less than `unit`.

    Ways are extended in the order of arrival, as long as bounds on price and on seconds allow. A way
    remembers for which candidates of several edges it paid; a path uses an edge once.
    """
    usable, edges = network.usable(pair), defaultdict[int, set[frozenset[int]]](set)
    out, kept = defaultdict[int, list[Arc]](list), defaultdict[int, list[tuple[int, frozenset[int]]]](list)
    for arc in usable:
        edges[arc[3]].add(frozenset(arc[:2]))
        out[arc[0]].append(arc)
    several = {j for j in prices if len(edges[j]) > 1}
    # Of each edge a path pays at least an equal share of the price.
    shares = ((head, tail, prices.get(j, 0) // len(edges[j])) for tail, head, _, j in usable)
    left, finish = network.least(shares, unit - 1)(pair.destination), network.times_to(pair.destination)
    ways = [(0, 0, pair.origin, frozenset[int]())] if left[pair.origin] < unit else []
    while ways:
        time, price, node, paid = heappop(ways)
        network.take(1 + len(kept[node]) + len(out[node]))
        if node == pair.destination:
            return True
        # An earlier way is as good if, once it paid for all that this one paid for, it is as cheap.
        if any(low + sum(prices[j] for j in paid - had) <= price for low, had in kept[node] if low <= price):
            continue
        kept[node].append((price, paid))
        for _, head, seconds, payer in out[node]:
            then, total = time + seconds, price + (0 if payer in paid else prices.get(payer, 0))
            if total < unit and then + finish[head] <= pair.limit:
                owned = paid | ({payer} & several)
                if total - sum(prices[j] for j in owned) + left[head] < unit:
                    heappush(ways, (then, total, head, owned))
    return False


class Row(NamedTuple):
    """Sum of terms <= most, or = most; `unit` is that of a time cut."""

    terms: Mapping[str, int]
    most: int
    equation: bool = False
    unit: int = 1

    def holds(self, point: Collection[str]) -> bool:
        """Whether it holds where these variables are 1."""
        total = sum(factor for variable, factor in self.terms.items() if variable in point)
        return total == self.most if self.equation else total <= self.most


def row(plus: Iterable[str], minus: Iterable[str] = (), most: int = 0, **more: Any) -> Row:  # noqa: ANN401
    """Make a row of variables, or of variables with factors; terms with the same variable are summed."""
    terms = Counter(plus)
    terms.subtract(minus)
    return Row(terms, most, **more)


def divided(terms: Mapping[str, int], most: int) -> Row:
    """Divide by the greatest common divisor of the factors, and round the right side down."""
    divisor = math.gcd(*terms.values()) or 1
    return Row({variable: factor // divisor for variable, factor in terms.items()}, most // divisor)


def crossings(line: Sequence[Sequence[int]], centre: Sequence[int]) -> int | None:
    """Count crossings of the ray to the east, northwards less southwards; None through the centre."""
    (x, y), found = centre, 0
    for (ax, ay), (bx, by) in pairwise(line):
        side = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        if side == 0 and min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by):
            return None
        found += int(ay <= y < by and side > 0) - int(by <= y < ay and side < 0)
    return found


class Ring:
    """A ring that has variables."""

    def __init__(self, data: Document, name: str) -> None:
        self.data, self.name, self.r = data, name, f"r{name}"
        self.both: dict[int, tuple[str, str]] = {}  # fa and fb of links that have variables
        self.moves: dict[str, tuple[int, int, list[int]]] = {}  # nodes from and to which f leads, crossings
        self.entering = defaultdict[int, list[str]](list)
        for link, of in enumerate(data.links):
            line = [data.nodes[of.tail], *of.via, data.nodes[of.head]]
            found = [c for c in (crossings(line, centre) for centre in data.centres) if c is not None]
            if len(found) == len(data.centres):  # else the line runs through a centre
                fa, fb = self.both[link] = f"fa{name}_{link + 1:06}", f"fb{name}_{link + 1:06}"
                self.moves[fa] = of.tail, of.head, found
                self.moves[fb] = of.head, of.tail, [-crossed for crossed in found]
                self.entering[of.head].append(fa)
                self.entering[of.tail].append(fb)
        least, stops = data.least_by_group, enumerate(data.stops, 1)
        counted = ((k, s) for k, s in stops if s.must or data.least_stops or least.get(s.group))
        self.stops = {f"n{name}_{k:06}": stop for k, stop in counted}
        self.rows = dict(self._rows())  # but `use`, `formed` and `apart`

    def into(self, nodes: Iterable[int]) -> list[str]:
        """Variables f into any of the nodes."""
        return [f for node in set(nodes) for f in self.entering.get(node, [])]

    def _rows(self) -> Iterator[tuple[str, Row]]:
        data, r, name = self.data, self.r, self.name
        for node, into in self.entering.items():
            out = [f.translate(TURNED) for f in into]
            yield f"circuit{name}_{node + 1:06}", row(into, out, equation=True)
            yield f"visit{name}_{node + 1:06}", row(into, [r])
        for c in range(len(data.centres)):
            q, crossed = f"q{name}_{c + 1:03}", {f: of[c] for f, (*_, of) in self.moves.items()}
            yield f"round{name}_{c + 1:03}", row(crossed | ({q: 2} if c else {}), [r], equation=True)
            if c:
                yield f"turn{name}_{c + 1:03}", row([q], [r])
        if data.longest is not None:
            lengths = {f: data.links[link].length for link, fs in self.both.items() for f in fs}
            u, most = math.gcd(*lengths.values()) or 1, min(data.longest, sum(lengths.values()) // 2)
            yield f"longest{name}", row({f: length // u for f, length in lengths.items()}, {r: most // u})
        for n, stop in self.stops.items():
            yield f"stop{n[1:]}", row([n], self.into(stop.nodes))
            if stop.must:
                yield f"must{n[1:]}", row([r], [n])
        yield f"stops{name}", row({r: min(data.least_stops or 0, len(self.stops) + 1)}, list(self.stops))
        for k, (group, least) in enumerate(sorted(data.least_by_group.items()), 1):
            ns = [n for n, stop in self.stops.items() if stop.group == group]
            yield f"stops{name}_{k:03}", row({r: min(least, len(ns) + 1)}, ns)

    def point(self, links: list[int]) -> set[str]:
        """Direct a circuit so that it winds +1 round the first centre: variables, but rt, that are then 1."""
        demand(self.both.keys() >= set(links) > set(), "a circuit is empty, or a link has no variables")
        for first in self.both[links[0]]:
            fs = [first]
            for fa, fb in (self.both[link] for link in links[1:]):
                fs.append(fa if self.moves[fa][0] == self.moves[fs[-1]][1] else fb)
            tails, heads, crossed = zip(*(self.moves[f] for f in fs), strict=True)
            if heads == (*tails[1:], tails[0]) and len(set(tails)) == len(tails):
                winds = [sum(of_centre) for of_centre in zip(*crossed, strict=True)]
                if winds[0] == -1:
                    fs, winds = [f.translate(TURNED) for f in fs], [-wind for wind in winds]
                qs = {f"q{self.name}_{c:03}" for c, wind in enumerate(winds, 1) if c > 1 and wind == -1}
                stops = {n for n, stop in self.stops.items() if not set(heads).isdisjoint(stop.nodes)}
                return {self.r, *fs} | qs | stops
        raise Refused("a circuit is no closed chain, or visits a node twice")


class Model:
    """Variables, objective and rows of the rules."""

    def __init__(self, problem: Document) -> None:
        self.problem, self.network = problem, Network(problem)
        self.candidates, self.periods = problem.candidates, problem.periods
        self.number = {candidate.id: j for j, candidate in enumerate(self.candidates)}
        self.leads = [candidate.lead or 0 for candidate in self.candidates]
        self.cities = {city.id: city for city in problem.cities}
        self.maximises = problem.budget is not None
        self.factors = [period.factor for period in self.periods] or [int(self.maximises)]
        self.states = [f"_{period + 1}" for period in range(len(self.periods))] or [""]
        self.variables: dict[str, tuple[int, int, int]] = {}  # bounds, and factor in the objective
        # State and candidate of each variable called open, state and pair of each y.
        states, pairs = list(enumerate(self.states)), range(len(problem.pairs))
        self.open_of = {self.open(j, s): (t, j) for j in self.number.values() for s, t in states}
        self.pair_of = {f"y{i + 1:07}{t}": (t, i) for t in self.states for i in pairs}
        # That are required, or, with a budget, have a reward above 0.
        rings = [ring for ring in problem.rings if ring.required or (self.maximises and ring.reward)]
        self.rings = {f"{k:03}": Ring(ring, f"{k:03}") for k, ring in enumerate(rings, 1)}
        self.ring_of = {ring.data.id: ring for ring in self.rings.values()}
        parts = (self._candidates(), self._coverage(), self._choices(), self._targets())
        self.rows = dict(chain(*parts, *map(self._ring, self.rings.values()), self._apart()))

    def open(self, j: int, state: int) -> str:
        """Name the variable that is 1 if a candidate is open."""
        return f"{'o' if self.periods else 'x'}{j + 1:07}{self.states[state]}"

    def _started(self, j: int, period: int) -> list[str]:
        """Name the starts of a candidate up to a period; without periods, x."""
        return [f"x{j + 1:07}{t}" for t in self.states[: max(0, period + 1)]]

    def _candidates(self) -> Iterator[tuple[str, Row]]:
        for j, candidate in enumerate(self.candidates):
            x, bounds = f"x{j + 1:07}", {"in": (1, 1), "out": (0, 0)}.get(candidate.fixed, (0, 1))
            for s, t in enumerate(self.states if self.periods else []):
                o, started = self.open(j, s), self._started(j, s - self.leads[j])
                self.variables |= {o: FREE, x + t: FREE}
                yield f"open_{j + 1:07}{t}", row([o], started, equation=True)
            self.variables[x] = (*bounds, 0 if self.maximises else -candidate.cost)
            if self.periods:
                yield f"start_{j + 1:07}", row(self._started(j, len(self.states)), [x], equation=True)

    def _coverage(self) -> Iterator[tuple[str, Row]]:
        today, ever = self.network.covered([]), self.network.covered(range(len(self.candidates)))
        needed = today if self.maximises or self.problem.cover else ever
        for t, factor in zip(self.states, self.factors, strict=True):
            for i, pair in enumerate(self.network.pairs):
                self.variables[f"y{i + 1:07}{t}"] = (int(needed[i]), int(ever[i]), factor * pair.weight)
            for k, city in enumerate(self.problem.cities, 1):
                z, ys = f"z{k:07}{t}", [f"y{i + 1:07}{t}" for i in city.pairs]
                self.variables[z] = (0, 1, factor * city.weight)
                yield f"city_{k:07}{t}", row({z: city.need}, ys)
                for i, y in enumerate(ys if city.need == len(ys) else [], 1):
                    yield f"city_{k:07}_{i:07}{t}", row([z], [y])

    def _choices(self) -> Iterator[tuple[str, Row]]:
        problem, x = self.problem, {id_: f"x{j + 1:07}" for id_, j in self.number.items()}
        budgets = [period.budget for period in self.periods] or [problem.budget] * self.maximises
        for s, most in enumerate(accumulate(budgets)):
            spent = {x: c.cost for j, c in enumerate(self.candidates) for x in self._started(j, s)}
            yield f"budget_{s + 1:03}" if self.periods else "budget", divided(spent, most)
        for kind, most in problem.caps.items():
            costs = {x[c.id]: c.cost for c in self.candidates if c.instrument == kind}
            yield f"cap_{kind}", divided(costs, most)
        for k, capacity in enumerate(problem.capacities, 1):
            yield f"capacity_{k:07}", divided({x[id_]: u for id_, u in capacity.use.items()}, capacity.most)
        for k, (a, b) in enumerate(problem.excludes, 1):
            yield f"exclude_{k:07}", row([x[a], x[b]], most=1)
        for k, (a, b) in enumerate(problem.requires, 1):
            one, other = self.number[a], self.number[b]
            for u, t in enumerate(self.states):
                others = self._started(other, u + self.leads[one] - self.leads[other])
                yield f"require_{k:07}{t}", row(self._started(one, u), others)

    def _targets(self) -> Iterator[tuple[str, Row]]:
        t = self.states[-1]
        for k, target in enumerate(self.problem.targets, 1):
            kind, items = ("z", self.problem.cities) if target.of == "cities" else ("y", self.problem.pairs)
            members = ((i, item) for i, item in enumerate(items, 1) if item.group == target.group)
            weights = {f"{kind}{i:07}{t}": -item.weight for i, item in members}
            never = self.candidates and target.least > -sum(weights.values())  # there is no plan
            yield f"target_{k:07}", row(["x0000001"], most=-1) if never else divided(weights, -target.least)

    def _ring(self, ring: Ring) -> Iterator[tuple[str, Row]]:
        data, name, reward = ring.data, ring.name, ring.data.reward or 0
        yield from ring.rows.items()
        qs = (f"q{name}_{c:03}" for c in range(2, len(data.centres) + 1))
        self.variables |= dict.fromkeys(chain(ring.moves, ring.stops, qs), FREE)
        self.variables[ring.r] = (int(data.required or 0), 1, self.factors[-1] * reward)
        opener = {link: self.number.get(data.links[link].candidate) for link in ring.both}
        for link, j in opener.items():
            needed = ring.r if j is None else self.open(j, -1)
            yield f"use{name}_{link + 1:06}", row(ring.both[link], [needed])
        for s, factor in enumerate(self.factors[:-1] if reward else []):
            rt = f"rt{name}_{s + 1:03}"
            self.variables[rt] = (0, 1, factor * reward)
            yield f"formed{rt[2:]}", row([rt], [ring.r])
            for link, j in opener.items():
                if j is not None:
                    yield f"formed{rt[2:]}_{link + 1:06}", row([rt, *ring.both[link]], [self.open(j, s)], 1)

    def _apart(self) -> Iterator[tuple[str, Row]]:
        numbers, rings = count(1), [self.ring_of[id_] for id_ in sorted(self.ring_of)]
        for one, two in combinations(rings, 2):
            if two.data.id in one.data.apart or one.data.id in two.data.apart:
                at = defaultdict[tuple[int, int], list[int]](list)
                for node, position in enumerate(two.data.nodes):
                    at[position].append(node)
                for node, position in enumerate(one.data.nodes):
                    for other in at.get(position, []):
                        into = one.into([node]) + two.into([other])
                        yield f"apart_{next(numbers):07}", row(into, most=1)


def rank(edges: Iterable[tuple[int, int]]) -> int:
    """Count the edges of a spanning forest, by sets that are joined."""
    groups, joined = dict[int, set[int]](), 0
    for one, other in edges:
        small, large = sorted((groups.setdefault(one, {one}), groups.setdefault(other, {other})), key=len)
        if small is not large:
            large |= small
            groups.update(dict.fromkeys(small, large))
            joined += 1
    return joined


class Proof:
    """The rows and the tree of `bound`."""

    def __init__(self, model: Model, proof: Document) -> None:
        self.model, self.tree, self.bits = model, proof.tree, proof.denominator_bits
        kinds: dict[str, Callable[..., Row]] = {"model": lambda model: self.model.rows[model]}
        kinds |= {"time": self._time, "partition": self._partition, "leave": self._leave, "mend": self._mend}
        self.rows = [kinds[next(iter(vars(entry)))](**vars(entry)) for entry in proof.rows]
        self.divisor = math.gcd(*(c for *_, c in model.variables.values())) or 1  # "g"
        # What each variable adds to S / (D M) in a leaf in which no row and no split has it.
        variables = model.variables.items()
        self.alone = {v: c // self.divisor * (high if c > 0 else low) for v, (low, high, c) in variables}
        self.alone_sum = sum(self.alone.values())
        demand(self.tree, "the tree is empty")
        leaves = (entry for entry in self.tree if isinstance(entry, Document))  # whether reached or not
        signs = all(u >= 0 or self.rows[n].equation for leaf in leaves for n, u in leaf.multipliers)
        demand(signs, "a multiplier is negative")

    def _time(self, time: str, unit: int, prices: dict[str, int]) -> Row:
        network, open_of, (state, pair) = self.model.network, self.model.open_of, self.model.pair_of[time]
        demand(all(open_of[o][0] == state for o in prices), "a price is of no open variable of the state")
        paid = {open_of[o][1]: price for o, price in prices.items() if price > 0}
        demand(not finds_cheaper(network, network.pairs[pair], paid, unit), f"a path of {time} pays less")
        return row({time: unit}, prices, unit=unit)

    def _partition(self, partition: list[str], parts: list[int]) -> Row:
        network, states = self.model.network, {self.model.pair_of[y][0] for y in partition}
        demand(len(states) == 1, "the variables are not of one state")
        demand(len(parts) == network.size, "not a part for each node")
        pairs = [network.pairs[self.model.pair_of[y][1]] for y in partition]
        forest = rank((parts[pair.origin], parts[pair.destination]) for pair in pairs)
        demand(forest == len(pairs), "the pairs are no forest of the parts")
        joined = defaultdict[int, set[tuple[int, int]]](set)
        for tail, head, _, j in chain(*map(network.usable, pairs)):
            joined[j].add((parts[tail], parts[head]))
        demand(rank(joined[NOBODY]) == 0, "an existing arc that is usable joins two parts")
        of_state = {o: j for o, (state, j) in self.model.open_of.items() if state in states}
        return row(partition, {o: rank(joined[j]) for o, j in of_state.items()})

    def _leave(self, leave: str, nodes: list[int], potentials: list[int], centre: int, node: int) -> Row:
        ring = self.model.rings[leave]
        fits = node in nodes and len(potentials) == len(nodes) and max(nodes) < len(ring.data.nodes)
        demand(fits, "a node in the set does not exist, or the potential of one")
        demand(centre < len(ring.data.centres), "the centre does not exist")
        potential, out = dict(zip(nodes, potentials, strict=True)), []
        for f, (tail, head, crossed) in ring.moves.items():
            if tail in potential and head in potential:
                agree = crossed[centre] == potential[head] - potential[tail]
                demand(agree, f"the potentials do not agree with the crossings of {f}")
            elif tail in potential:
                out.append(f)
        return row(ring.into([node]), out)

    def _mend(self, mend: str, links: list[int]) -> Row:
        ring = self.model.rings[mend]
        point = ring.point(links)
        broken = not all(row.holds(point) for row in ring.rows.values())
        demand(broken, "the circuit breaks no row of its ring")
        return row(chain(*(ring.both[link] for link in links)), most=len(links) - 1)

    def bound(self) -> int | None:
        """Find the bound that the tree proves, None if it proves that there is no plan."""
        best, reached, above = list[int](), set[int](), list[tuple[str, int]]()  # the splits above an entry
        waiting: list[tuple[int, int, list[tuple[str, int]]]] = [(0, 0, [])]
        while waiting:
            position, depth, split = waiting.pop()
            above[depth:] = split
            demand(position not in reached, f"entry {position} of the tree is reached twice")
            reached.add(position)
            entry = self.tree[position]
            if isinstance(entry, tuple):
                variable, *parts = entry
                waiting += [(part, len(above), [(variable, value)]) for value, part in enumerate(parts)]
                continue
            self.model.network.take(len(above))
            fixed = dict(above)
            # Splits that contradict each other or the bounds of a variable leave no plan.
            if all(value == fixed[v] and value in self.model.variables[v][:2] for v, value in above):
                right, whole = self._leaf(entry, fixed)
                best += [right // whole] * entry.objective
                demand(entry.objective == 1 or right < 0, f"entry {position} may hold a plan")
        return (1 if self.model.maximises else -1) * self.divisor * max(best) if best else None

    def _leaf(self, leaf: Document, fixed: dict[str, int]) -> tuple[int, int]:
        """S and D M of a leaf."""
        rows = [(self.rows[number], u) for number, u in leaf.multipliers]
        common = math.lcm(*(row.unit for row, _ in rows))  # "M"
        whole, right, d = common << self.bits, 0, dict.fromkeys(fixed, 0)
        for row, u in rows:
            scale = u * (common // row.unit)
            self.model.network.take(1 + len(row.terms) * (1 + scale.bit_length() // 4096))
            right += scale * row.most
            for variable, factor in row.terms.items():
                d[variable] = d.get(variable, 0) - scale * factor
        counted = leaf.objective * whole  # "o D M"
        right += counted * (self.alone_sum - sum(self.alone[variable] for variable in d))
        for variable, part in d.items():
            lower, upper, c = self.model.variables[variable]
            slope = part + counted * (c // self.divisor)  # "d"
            right += slope * fixed.get(variable, upper if slope > 0 else lower)
        return right, whole


def plan_objective(model: Model, certificate: Document, shown: Mapping[str, Any]) -> int:
    """Give the objective of the plan that a certificate shows."""
    network, starts, ids = model.network, certificate.starts, [of.id for of in certificate.built]
    # Of each candidate built, if the problem has periods, and of no other.
    demand(starts.keys() == set(ids if model.periods else []), "`starts` are not of what is built")
    built = {model.number[id_]: starts.get(id_, 0) for id_ in ids}
    states = range(len(model.states))
    opened = [{j for j, start in built.items() if start + model.leads[j] <= s} for s in states]
    covered = [network.covered(candidates) for candidates in opened]
    point = {f"x{j + 1:07}{t}" for j, s in built.items() for t in ("", model.states[s])}
    for s, t in enumerate(model.states):
        point |= {model.open(j, s) for j in opened[s]}
        point |= {f"y{i + 1:07}{t}" for i, is_covered in enumerate(covered[s]) if is_covered}
        cities = enumerate(model.problem.cities, 1)
        point |= {f"z{k:07}{t}" for k, c in cities if sum(covered[s][i] for i in c.pairs) >= c.need}
    for entry in certificate.rings:
        ring = model.ring_of[entry.id]
        point |= ring.point(entry.links)
        openers = {model.number.get(ring.data.links[link].candidate) for link in entry.links} - {None}
        complete = {f"rt{ring.name}_{s + 1:03}" for s in states if openers <= opened[s]}
        point |= complete & model.variables.keys()
    for name, (lower, upper, _) in model.variables.items():
        demand(lower <= int(name in point) <= upper, f"the plan breaks the bounds of {name}")
    for name, rule in model.rows.items():
        demand(rule.holds(point), f"the plan breaks the row {name}")
    costs = [model.candidates[j].cost for j in built]
    true = all(entry.cost in (None, cost) for entry, cost in zip(certificate.built, costs, strict=True))
    demand(true and certificate.cost == sum(costs), "the cost, or that of a candidate, is wrong")
    last = set(compress(count(), covered[-1]))
    demand(certificate.coverage == sum(network.pairs[i].weight for i in last), "the coverage is wrong")
    for entry in certificate.cities:
        city, pairs = model.cities[entry.id], set(entry.pairs)
        true = entry.weight == city.weight and pairs <= last & set(city.pairs)
        demand(true and len(pairs) >= city.need, f"weight or pairs of {entry.id!a:.60} are wrong")
    if "paths" in shown:
        check_paths(model, certificate.paths, last, opened[-1])
    return abs(sum(model.variables[variable][2] for variable in point))


def check_paths(model: Model, paths: list[Document], covered: set[int], opened: set[int]) -> None:
    """Refuse paths that are not there, or not those of the pairs that are covered."""
    network, ids = model.network, model.problem.nodes
    demand({path.pair for path in paths} == covered, "`paths` are not those of the covered pairs")
    openers = {NOBODY: None} | {j: model.candidates[j].id for j in opened}
    arcs = {(openers[j], ids[a], ids[b], time) for a, b, time, j in network.arcs if j in openers}
    for path in paths:
        nodes, pair, where = path.nodes, network.pairs[path.pair], f"the path of pair {path.pair}"
        agree = len(nodes) - 1 == len(path.seconds) == len(path.candidates)
        ends = agree and [nodes[0], nodes[-1]] == [ids[pair.origin], ids[pair.destination]]
        demand(ends, f"{where} has other ends, or lists of other lengths")
        steps = set(zip(path.candidates, nodes[:-1], nodes[1:], path.seconds, strict=True))
        demand(steps <= arcs, f"an arc of {where} does not exist")
        demand(path.time_s == sum(path.seconds) <= pair.limit, f"{where} takes another time")


def check(given: Any, shown: Any) -> tuple[str, Fraction | None]:  # noqa: ANN401 - JSON
    """Give the sentence, and the gap if there are a plan and a bound; raises `Refused` otherwise."""
    model = Model(read_problem(given))
    certificate: Document = read(certificate_shape(model, shown), shown, "certificate")
    demand(certificate.problem in (None, model.problem.name), "it is of another problem")
    of_plan = shown.keys() - {"format", "problem", "bound"}
    has_plan = {"built", "cost", "coverage"} <= of_plan
    demand(has_plan or not of_plan, "a plan needs `built`, `cost` and `coverage`, a proof nothing of it")
    demand(has_plan or "bound" in shown, "there is neither a plan nor a proof")
    best = plan_objective(model, certificate, shown) if has_plan else None
    words = "no plan is shown" if best is None else f"the plan holds, its objective is {best}"
    if "bound" not in shown:
        return f"{words}; no bound is proved", None
    bound, claimed = Proof(model, certificate.bound).bound(), certificate.bound.bound
    found = bound if abs(bound or 0) < 2**14000 else "too large"  # Python writes 4,300 digits at most
    demand(bound == claimed, f"the bound that is proved is {found!a:.60}, not {claimed!a:.60}")
    demand(best is None or bound is not None, "there is a plan, and a proof that there is none")
    if best is None or bound is None:
        return "there is no plan" if bound is None else f"{words}; no plan is better than {bound}", None
    better = bound - best if model.maximises else best - bound
    demand(better >= 0, "the plan is better than the bound")
    gap = Fraction(better, max(1, best))
    return f"{words}; no plan is better than {bound}: a gap of {gap:.2%}", gap


def read_json(path: str) -> Any:  # noqa: ANN401 - JSON
    """Read JSON in UTF-8 of at most 2^30 bytes, in which no key occurs twice in an object."""

    def once(items: list[tuple[str, Any]]) -> dict[str, Any]:
        demand(len(dict(items)) == len(items), "a key of an object occurs twice")
        return dict(items)

    file = Path(path)
    try:
        demand(file.is_file() and file.stat().st_size <= MOST_BYTES, f"{path!a} is no file, or too large")
        return json.loads(file.read_bytes().decode("utf-8"), object_pairs_hook=once)
    except (OSError, ValueError, RecursionError) as error:
        raise Refused(f"{path!a} cannot be read as JSON in UTF-8: {str(error)!a:.99}") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the answer; 0 if the certificate holds."""
    parser = argparse.ArgumentParser(description="Check a certificate of polyring a second time.")
    parser.add_argument("problem")
    parser.add_argument("certificate")
    parser.add_argument("--gap", type=lambda text: Fraction(str(float(text))), help="refuse a gap above it")
    options = parser.parse_args(arguments)
    try:
        sentence, gap = check(read_json(options.problem), read_json(options.certificate))
        enough = options.gap is None or (gap is not None and gap <= options.gap)
        demand(enough, f"the gap is not shown to be at most {options.gap}")
    except (Refused, MemoryError, RecursionError) as error:
        sys.stdout.write(f"REFUSED: {str(error) or 'not checked, since it is too large'}\n")
        return 1
    sys.stdout.write(f"OK: {sentence}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
