"""A second checker of certificates, written from `docs/certificate.md` without a look at the first one.

`second_checker.py PROBLEM.json CERTIFICATE.json [--gap G]` prints `OK: ...` (0) or `REFUSED: ...` (1). It
counts in whole numbers. Comments say the rule of the page that is applied; variables and rows have its names.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from heapq import heappop, heappush
from itertools import accumulate, chain, combinations, count, pairwise, repeat
from pathlib import Path
from typing import Any

MOST_BYTES = 2**30
MOST_STEPS = 3_000_000_000
MOST_BOUNDS = 16  # of a search for a path
NEVER = 1 << 200  # a time beyond every limit

type Document = dict[str, Any]
type Arc = tuple[int, int, int]
type Terms = Iterable[tuple[str, int]]
type Splits = tuple[str, int, Splits] | None  # variable, value and the splits above


class Refused(Exception):
    """The document does not show what it claims."""


def demand(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - as an assertion
    """Refuse what does not hold."""
    if not holds:
        raise Refused(otherwise)


def among(values: Iterable[object], allowed: Container[object], what: str) -> None:
    """Refuse a value that is not among those allowed."""
    demand(all(value in allowed for value in values), f"{what} does not exist")


def distinct(values: Sequence[object], what: str) -> None:
    """Refuse a value that is there twice."""
    demand(len(set(values)) == len(values), f"{what} occurs twice")


def read_document(path: str) -> Any:  # noqa: ANN401 - JSON
    """Read JSON in UTF-8 of at most 2^30 bytes, in which no key occurs twice in an object."""
    try:
        file = Path(path)
        demand(
            file.is_file() and file.stat().st_size <= MOST_BYTES, f"{path!a} is no file of at most 2^30 bytes"
        )
        return json.loads(file.read_bytes().decode("utf-8"), object_pairs_hook=_object)
    except (OSError, ValueError, RecursionError) as error:
        raise Refused(f"{path!a} cannot be read as JSON in UTF-8: {str(error)!a:.99}") from None


def _object(items: list[tuple[str, Any]]) -> Document:
    distinct([key for key, _ in items], "a key of an object")
    return dict(items)


class Either(tuple[Any, ...]):
    """A value of one of several shapes."""

    __slots__ = ()


def fault(shape: Any, value: Any, name: str) -> str:  # noqa: ANN401 - JSON
    """Say what keeps a value, under the key of that name, from having the shape; empty if nothing does.

    A range stands for its integers, a type for its values, a set for one of its texts, None for null, [shape]
    for a list, a tuple for a list of this length, {str: shape} for an object with any keys, another one for
    one with these keys, of which those with a question mark may be missing.
    """
    inner: Iterable[tuple[Any, Any, str]] = ()
    match shape:
        case range() | set():  # no truth value in place of a number
            fits = type(value) is (int if isinstance(shape, range) else str) and value in shape
        case Either():
            fits = any(not fault(one, value, name) for one in shape)
        case list() | tuple():
            fits = type(value) is list and (isinstance(shape, list) or len(value) == len(shape))
            inner = zip(
                repeat(shape[0]) if isinstance(shape, list) else shape, value if fits else (), repeat(name)
            )
        case dict():  # none is unknown, none that is needed is missing
            fits = type(value) is dict
            if fits and str not in shape:
                known, needed = {key.rstrip("?") for key in shape}, {key for key in shape if key[-1] != "?"}
                if wrong := (value.keys() - known) | (needed - value.keys()):
                    return f"{name!a}: unknown or missing: {sorted(wrong)!a:.60}"
            of = [shape.get(key, shape.get(f"{key}?", shape.get(str))) for key in value] if fits else ()
            inner = zip(of, value.values(), value, strict=True) if fits else ()
        case _:
            fits = value is None if shape is None else type(value) is shape
    if not fits:
        return f"{name!a}: {value!a:.60} is not of the type or size that is needed"
    return next((found for part in inner if (found := fault(*part))), "")


# fmt: off
SIZE = range(2**63)  # "n"
SIGNED = range(1 - 2**63, 2**63)  # "s"
LARGE = range(1 - 2**14000, 2**14000)  # "L"
TEXT = Either((str, None))
ARCS = [(SIZE, SIZE, range(1, 2**63))]
POINTS = [(SIGNED, SIGNED)]
RING = {
    "id": str, "required?": bool, "reward?": SIZE, "centres": POINTS, "nodes": POINTS, "longest?": SIZE,
    "links": [{"tail": SIZE, "head": SIZE, "candidate": TEXT, "via?": POINTS, "length?": SIZE}],
    "stops?": [{"id": str, "nodes": [SIZE], "group?": str, "must?": bool}],
    "least_stops?": SIZE, "least_by_group?": {str: SIZE}, "apart?": [str],
}
PROBLEM = {
    "format": {"polyring-problem/1"}, "name": str, "note?": str, "money?": str, "nodes": [str], "arcs": ARCS,
    "candidates": [{
        "id": str, "cost": SIZE, "arcs": ARCS, "kind?": str, "fixed?": {"in", "out"}, "lead?": SIZE,
        "instrument?": {"barrier", "infrastructure", "subsidy"},
    }],
    "pairs": [{"origin": SIZE, "destination": SIZE, "limit": SIZE, "weight": SIZE, "group?": str}],
    "budget": Either((SIZE, None)), "cover?": {"targets"},
    "caps?": {"barrier?": SIZE, "infrastructure?": SIZE, "subsidy?": SIZE},
    "cities?": [{"id": str, "weight": SIZE, "pairs": [SIZE], "need": SIZE, "group?": str}],
    "capacities?": [{"id": str, "use": {str: range(1, 2**63)}, "most": SIZE}],
    "targets?": [{"group": str, "least": SIZE, "of?": {"pairs", "cities"}}],
    "excludes?": [(str, str)], "requires?": [(str, str)], "rings?": [RING],
    "periods?": [{"id": str, "budget": SIZE, "factor": SIZE}],
}
DEFAULTS: dict[str, Document] = {  # of the problem and of its parts
    "": {"cities": [], "caps": {}, "capacities": [], "targets": [], "excludes": [], "requires": [],
         "rings": [], "periods": []},
    "candidates": {"fixed": None, "lead": 0, "instrument": None},
    "pairs": {"group": None}, "cities": {"group": None}, "targets": {"of": "pairs"},
    "rings": {"required": False, "reward": 0, "stops": [], "least_stops": 0, "least_by_group": {},
              "apart": []},
}
ROW = Either((
    {"model": str},
    {"time": str, "unit": range(1, 2**14000), "prices": {str: range(2**14000)}},
    {"partition": [str], "parts": [SIZE]},
    {"leave": str, "nodes": [SIZE], "potentials": [SIGNED], "centre": SIZE, "node": SIZE},
    {"mend": str, "links": [SIZE]},
))
ENTRY = Either(({"objective": range(2), "multipliers": [(SIZE, LARGE)]}, (str, SIZE, SIZE)))
CERTIFICATE = {
    "format": {"polyring-certificate/1", "polyring-certificate/2"},
    "problem?": str, "cost?": SIZE, "coverage?": SIZE,
    "built?": [{"id": str, "cost?": SIZE}], "starts?": {str: SIZE}, "rings?": [{"id": str, "links": [SIZE]}],
    "cities?": [{"id": str, "weight": SIZE, "pairs": [SIZE]}],
    "paths?": [{"pair": SIZE, "nodes": [str], "seconds": [SIZE], "candidates": [TEXT], "time_s": SIZE}],
    "bound?": {
        "bound": Either((LARGE, None)), "denominator_bits": range(4097), "rows": [ROW], "tree": [ENTRY],
    },
}
# fmt: on


def check_problem(given: Document) -> Document:
    """Fill in what is left out of a problem, if its parts agree with each other."""
    problem = DEFAULTS[""] | given
    for part in DEFAULTS.keys() - {""}:
        problem[part] = [DEFAULTS[part] | item for item in problem[part]]
    nodes, pairs, rings = range(len(problem["nodes"])), problem["pairs"], problem["rings"]
    budget, periods = problem["budget"], problem["periods"]
    for part in ("candidates", "cities", "rings"):
        distinct([item["id"] for item in problem[part]], f"an id in `{part}`")
    ids = {candidate["id"] for candidate in problem["candidates"]}
    arcs = chain(problem["arcs"], *(candidate["arcs"] for candidate in problem["candidates"]))
    among(chain(*(arc[:2] for arc in arcs)), nodes, "a node of an arc")
    among(chain(*((pair["origin"], pair["destination"]) for pair in pairs)), nodes, "an end of a pair")
    for city in problem["cities"]:
        among(city["pairs"], range(len(pairs)), "a pair of a city")
        distinct(city["pairs"], "a pair of a city")
    for named in chain(problem["excludes"], problem["requires"], (c["use"] for c in problem["capacities"])):
        among(named, ids, "a candidate of `excludes`, `requires` or `capacities`")
        distinct([*named], "a candidate of `excludes` or `requires`")
    for target in problem["targets"]:
        unclear = not target["group"] and any(item["group"] is None for item in problem[target["of"]])
        demand(not unclear, "a target of the group '', where some have no group")
    demand(budget is None or "cover" not in problem, "`cover` does not go with a budget")
    agree = len(periods) > 0 and sum(period["budget"] for period in periods) == budget
    demand(agree or "periods" not in given, "the periods have another budget, or there are none")
    demand(agree or not any(c["lead"] for c in problem["candidates"]), "a lead needs periods")
    for ring in rings:
        demand(len(ring["centres"]) > 0, "a ring has no centre")
        among(ring["apart"], {other["id"] for other in rings} - {ring["id"]}, "a ring of `apart`")
        ends = ((link["tail"], link["head"]) for link in ring["links"])
        stops = (stop["nodes"] for stop in ring["stops"])
        among(chain(*ends, *stops), range(len(ring["nodes"])), "a node of a link or stop")
        among((link["candidate"] for link in ring["links"]), ids | {None}, "the candidate of a link")
        demand(
            "longest" not in ring or all("length" in link for link in ring["links"]), "a link has no length"
        )
    return problem


class Network:
    """The arcs that exist, and those of the candidates that are not fixed `out`."""

    def __init__(self, problem: Document) -> None:
        self.size, self.pairs, self.steps = len(problem["nodes"]), problem["pairs"], 0
        self.existing: list[Arc] = [tuple(arc) for arc in problem["arcs"]]
        self.arcs_of: list[list[Arc]] = [
            [tuple(arc) for arc in candidate["arcs"] if candidate["fixed"] != "out"]
            for candidate in problem["candidates"]
        ]
        self._horizon = max((pair["limit"] for pair in self.pairs), default=0)
        everything = list(chain(self.existing, *self.arcs_of))
        turned = [(head, tail, seconds) for tail, head, seconds in everything]
        self._all_open = (self._fastest(everything), self._fastest(turned))
        self._known: dict[tuple[bool, int], list[int]] = {}

    def take(self, steps: int) -> None:
        """Count work, and refuse what would keep a checker busy."""
        self.steps += steps
        if self.steps > MOST_STEPS:
            raise Refused(f"not checked within {MOST_STEPS} steps")

    def _fastest(self, arcs: Iterable[Arc]) -> list[dict[int, int]]:
        """Seconds by tail and head, of parallel arcs the fastest."""
        best: list[dict[int, int]] = [{} for _ in range(self.size)]
        for tail, head, seconds in arcs:
            best[tail][head] = min(seconds, best[tail].get(head, NEVER))
        return best

    def _times(self, out: list[dict[int, int]], source: int) -> list[int]:
        """Shortest times as far as the longest limit, by Bellman and Ford with a queue."""
        times, queue = [NEVER] * self.size, deque([(source, 0)])
        times[source] = 0
        while queue:
            node, time = queue.popleft()
            self.take(1)
            if time == times[node]:
                self.take(len(out[node]))
                for head, seconds in out[node].items():
                    if time + seconds < times[head] and time + seconds <= self._horizon:
                        times[head] = time + seconds
                        queue.append((head, time + seconds))
        return times

    def times(self, node: int, *, back: bool = False) -> list[int]:
        """Shortest times from the node, or back from all to it, with all open that is not fixed `out`."""
        if (back, node) not in self._known:
            self._known[back, node] = self._times(self._all_open[back], node)
        return self._known[back, node]

    def covered(self, candidates: Iterable[int]) -> list[bool]:
        """Whether each pair is covered where these candidates are open."""
        out = self._fastest(chain(self.existing, *(self.arcs_of[candidate] for candidate in candidates)))
        times = {origin: self._times(out, origin) for origin in {pair["origin"] for pair in self.pairs}}
        return [times[pair["origin"]][pair["destination"]] <= pair["limit"] for pair in self.pairs]

    def usable(self, pair: Document, arcs: Sequence[Arc]) -> list[Arc]:
        """Those that lie on a walk from its origin to its destination within its limit."""
        self.take(1 + len(arcs))
        start, finish = self.times(pair["origin"]), self.times(pair["destination"], back=True)
        return [arc for arc in arcs if start[arc[0]] + arc[2] + finish[arc[1]] <= pair["limit"]]


class PathSearch:
    """Whether a path of a pair within its limit pays less than `unit`.

    Ways are extended in the order of arrival, as long as bounds on price and seconds together allow. A way
    remembers for which candidates of several edges it paid, while they are of use; a path uses an edge once.
    """

    def __init__(self, network: Network, pair: Document, prices: Mapping[int, int], unit: int) -> None:
        self.network, self.unit = network, unit
        self.origin, self.destination, self.limit = pair["origin"], pair["destination"], pair["limit"]
        self.start, self.finish = network.times(self.origin), network.times(self.destination, back=True)
        self.prices = {candidate: price for candidate, price in prices.items() if price > 0}
        self.usable = {j: network.usable(pair, network.arcs_of[j]) for j in self.prices}
        edges = {j: len({frozenset(arc[:2]) for arc in arcs}) for j, arcs in self.usable.items()}
        self.several = {j for j in edges if edges[j] > 1}
        # Of each edge a path pays at least an equal share of the price.
        self.share = {j: self.prices[j] // edges[j] for j in self.prices if edges[j]}
        self.out, self.entering = defaultdict[int, list[Arc]](list), defaultdict[int, list[Arc]](list)
        for j, arcs in enumerate([*network.arcs_of, network.existing]):
            for tail, head, seconds in network.usable(pair, arcs):
                self.out[tail].append((head, seconds, j))
                self.entering[head].append((tail, seconds, j))
        self.bounds: list[tuple[int, int, dict[int, int]]] = []
        self._near: dict[int, frozenset[int]] = {}

    def finds_cheaper(self) -> bool:
        """Whether there is such a path."""
        if self.start[self.destination] > self.limit:
            return False
        cheap, fast = self._bound(1, 0), self._bound(0, 1)  # price and seconds of a path
        while cheap[1] > self.limit and fast[0] > cheap[0] and len(self.bounds) < MOST_BOUNDS:
            a, b = cheap[1] - fast[1], fast[0] - cheap[0]
            new = self._bound(a, b)
            if a * new[0] + b * new[1] == a * cheap[0] + b * cheap[1]:
                break
            cheap, fast = (new, fast) if new[1] > self.limit else (cheap, new)
        return self._may_be_cheaper(0, 0, self.origin) and self._search()

    def _bound(self, a: int, b: int) -> tuple[int, int]:
        """Price and seconds of a path of least a * price + b * seconds; its least from all nodes is kept."""
        least, sums, queue = {self.destination: 0}, {self.destination: (0, 0)}, deque([self.destination])
        while queue:
            node = queue.popleft()
            self.network.take(1 + len(self.entering[node]))
            for tail, seconds, payer in self.entering[node]:
                fare = self.share.get(payer, 0)
                total = least[node] + a * fare + b * seconds
                if tail not in least or total < least[tail]:
                    least[tail], sums[tail] = total, (sums[node][0] + fare, sums[node][1] + seconds)
                    queue.append(tail)
        self.bounds.append((a, b, least))
        return sums[self.origin]

    def _may_be_cheaper(self, price: int, time: int, node: int) -> bool:
        left = self.limit - time
        return all(a * price + least[node] - b * left < a * self.unit for a, b, least in self.bounds if a)

    def _search(self) -> bool:
        kept = defaultdict[int, list[tuple[int, frozenset[int]]]](list)
        ways: list[tuple[int, int, int, frozenset[int]]] = [(0, 0, self.origin, frozenset())]
        while ways:
            time, price, node, paid = heappop(ways)
            self.network.take(1 + len(kept[node]) + len(self.out[node]))
            if node == self.destination:
                return True
            # An earlier way is as good if, once it paid for all that this one paid for, it is as cheap.
            if any(
                other + self._sum(paid - theirs) <= price for other, theirs in kept[node] if other <= price
            ):
                continue
            kept[node].append((price, paid))
            for head, seconds, payer in self.out[node]:
                then, total = time + seconds, price + (0 if payer in paid else self.prices.get(payer, 0))
                if total < self.unit and then + self.finish[head] <= self.limit:
                    owned = (paid | ({payer} & self.several)) & self._of_use(head)
                    if self._may_be_cheaper(total - self._sum(owned), then, head):
                        heappush(ways, (then, total, head, owned))
        return False

    def _sum(self, candidates: Iterable[int]) -> int:
        return sum(self.prices[candidate] for candidate in candidates)

    def _of_use(self, node: int) -> frozenset[int]:
        """Find the candidates of several edges of which a way may use an arc after the node."""
        if node not in self._near:
            to, left = self.network.times, self.limit - self.start[node]
            self._near[node] = frozenset(
                j
                for j in self.several
                if any(
                    to(arc[0], back=True)[node] + arc[2] + self.finish[arc[1]] <= left
                    for arc in self.usable[j]
                )
            )
        return self._near[node]


@dataclass(slots=True)
class Row:
    """Sum of terms <= most, or = most; `unit` is that of a time cut."""

    terms: dict[str, int]
    most: int
    equation: bool = False
    unit: int = 1

    def holds(self, point: Collection[str]) -> bool:
        """Whether it holds where these variables are 1."""
        total = sum(factor for variable, factor in self.terms.items() if variable in point)
        return total == self.most if self.equation else total <= self.most


def numbered(kind: str, position: int, digits: int = 7) -> str:
    """Name what is at a position; positions count from 0, names from 1."""
    return f"{kind}{position + 1:0{digits}}"


def summed(terms: Terms) -> dict[str, int]:
    """Sum terms with the same variable."""
    found = Counter[str]()
    for variable, factor in terms:
        found[variable] += factor
    return found


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
        self.data, self.name, self.r, self.links, stops = data, name, f"r{name}", data["links"], data["stops"]
        self.crossed: dict[int, list[int]] = {}  # crossings with each centre, of links that have variables
        self.moves: list[tuple[str, int, int]] = []  # each f with the nodes from which and to which it leads
        self._entering = defaultdict[int, list[str]](list)
        for position, link in enumerate(self.links):
            line = [data["nodes"][link["tail"]], *link.get("via", []), data["nodes"][link["head"]]]
            found = [c for c in (crossings(line, centre) for centre in data["centres"]) if c is not None]
            if len(found) == len(data["centres"]):  # else the line runs through a centre
                self.crossed[position] = found
                ends = ((link["tail"], link["head"]), (link["head"], link["tail"]))
                self.moves += [(f, *way) for f, way in zip(self.both(position), ends, strict=True)]
        for f, _, head in self.moves:
            self._entering[head].append(f)
        least = data["least_by_group"]
        counts = [data["least_stops"] or s.get("must") or least.get(s.get("group")) for s in stops]
        self.passes = {stop: numbered(f"n{name}_", stop, 6) for stop, counted in enumerate(counts) if counted}
        self.rows: list[Row] = []  # but those called `use`, `formed` and `apart`

    def both(self, link: int) -> tuple[str, str]:
        """Name the variables of a link."""
        return numbered(f"fa{self.name}_", link, 6), numbered(f"fb{self.name}_", link, 6)

    def into(self, nodes: Iterable[int], factor: int = 1) -> list[tuple[str, int]]:
        """Terms of the variables f into any of the nodes."""
        return [(f, factor) for node in set(nodes) for f in self._entering.get(node, [])]

    def point(self, links: list[int]) -> set[str]:
        """Direct a circuit so that it winds +1 round the first centre: variables, but rt, that are then 1."""
        distinct(links, "a link of a circuit")
        demand(self.crossed.keys() >= set(links) > set(), "a circuit is empty, or a link has no variables")
        ends = [(self.links[link]["tail"], self.links[link]["head"]) for link in links]
        ways = self._follow(ends, ends[0][0]) or self._follow(ends, ends[0][1])
        demand(len(ways) > 0, "a circuit is no closed chain, or visits a node twice")
        directed = list(zip(links, ways, strict=True))
        winds = [
            sum(way * self.crossed[n][c] for n, way in directed) for c in range(len(self.data["centres"]))
        ]
        sign = -1 if winds[0] == -1 else 1
        found = {self.r} | {self.both(link)[0 if sign * way > 0 else 1] for link, way in directed}
        found |= {numbered(f"q{self.name}_", c, 3) for c, wind in enumerate(winds) if c and sign * wind == -1}
        visited, stops = set(chain(*ends)), self.data["stops"]
        return found | {n for stop, n in self.passes.items() if visited & set(stops[stop]["nodes"])}

    @staticmethod
    def _follow(ends: list[tuple[int, int]], start: int) -> list[int]:
        """Of each link 1 (from tail to head) or -1 on the way round from a node; empty if there is none."""
        node, ways, visited = start, [], set()
        for tail, head in ends:
            visited.add(node)
            if node not in (tail, head):
                return []
            ways.append(1 if node == tail else -1)
            node = head if node == tail else tail
        return ways if node == start and len(visited) == len(ends) else []


class Model:
    """Variables, objective and rows of the rules."""

    def __init__(self, problem: Document) -> None:
        self.problem, self.network = problem, Network(problem)
        self.lower, self.upper, self.objective = dict[str, int](), dict[str, int](), dict[str, int]()
        self.rows: dict[str, Row] = {}
        self.candidates, self.periods = problem["candidates"], problem["periods"]
        self.number = {candidate["id"]: j for j, candidate in enumerate(self.candidates)}
        self.maximises = problem["budget"] is not None
        self.factors = [period["factor"] for period in self.periods] or [int(self.maximises)]
        self.states = [f"_{period + 1}" for period in range(len(self.periods))] or [""]
        self.open_of: dict[str, tuple[str, int]] = {}  # state and candidate of each variable called open
        self.pair_of: dict[str, tuple[str, int]] = {}  # state and pair of each y
        self.rings: dict[str, Ring] = {}
        self._candidates()
        self._coverage()
        self._choices()
        for ring in problem["rings"]:  # that are required, or, with a budget, have a reward above 0
            if ring["required"] or (self.maximises and ring["reward"] > 0):
                name = numbered("", len(self.rings), 3)
                self.rings[name] = Ring(ring, name)
                self._ring(self.rings[name])
        self._apart()

    def _variable(self, name: str, lower: int = 0, upper: int = 1, objective: int = 0) -> str:
        self.lower[name], self.upper[name], self.objective[name] = lower, upper, objective
        return name

    def _row(
        self, name: str, terms: Terms, sense: str = "<=", right: int = 0, *, divided: bool = False
    ) -> Row:
        sign = -1 if sense == ">=" else 1  # every >= row is used as the <= row with all signs turned
        factors = summed(terms)
        divisor = (math.gcd(*factors.values()) or 1) if divided else 1
        factors = {variable: sign * factor // divisor for variable, factor in factors.items()}
        self.rows[name] = Row(factors, sign * right // divisor, sense == "=")
        return self.rows[name]

    def open(self, j: int, state: int) -> str:
        """Name the variable that is 1 if a candidate is open."""
        return numbered("o" if self.periods else "x", j) + self.states[state]

    def _started(self, j: int, period: int, factor: int) -> list[tuple[str, int]]:
        """Terms of the starts of a candidate up to a period; without periods, x."""
        return [(numbered("x", j) + t, factor) for t in self.states[: max(0, period + 1)]]

    def _candidates(self) -> None:
        for j, candidate in enumerate(self.candidates):
            bounds = {"in": (1, 1), "out": (0, 0)}.get(candidate["fixed"], (0, 1))
            x = self._variable(numbered("x", j), *bounds, 0 if self.maximises else -candidate["cost"])
            if self.periods:
                starts = [(self._variable(x + t), 1) for t in self.states]
                self._row(numbered("start_", j), [*starts, (x, -1)], "=")
            for s, t in enumerate(self.states):
                self.open_of[self.open(j, s)] = (t, j)
                if self.periods:
                    started = self._started(j, s - candidate["lead"], -1)
                    self._row(numbered("open_", j) + t, [(self._variable(self.open(j, s)), 1), *started], "=")

    def _coverage(self) -> None:
        today, ever = self.network.covered([]), self.network.covered(range(len(self.candidates)))
        all_needed = not self.maximises and "cover" not in self.problem
        for t, factor in zip(self.states, self.factors, strict=True):
            for i, pair in enumerate(self.network.pairs):
                lower = int(today[i] or (all_needed and ever[i]))
                y = self._variable(numbered("y", i) + t, lower, int(ever[i]), factor * pair["weight"])
                self.pair_of[y] = (t, i)
            for k, city in enumerate(self.problem["cities"]):
                z = self._variable(numbered("z", k) + t, objective=factor * city["weight"])
                ys = [(numbered("y", i) + t, -1) for i in city["pairs"]]
                self._row(numbered("city_", k) + t, [(z, city["need"]), *ys])
                for i, term in enumerate(ys if city["need"] == len(ys) else []):
                    self._row(numbered(numbered("city_", k) + "_", i) + t, [(z, 1), term])

    def _choices(self) -> None:
        problem, costs = self.problem, [candidate["cost"] for candidate in self.candidates]
        budgets = [period["budget"] for period in self.periods] or [problem["budget"]] * self.maximises
        for s, most in enumerate(accumulate(budgets)):
            spent = chain(*(self._started(j, s, cost) for j, cost in enumerate(costs)))
            self._row(
                numbered("budget_", s, 3) if self.periods else "budget", spent, "<=", most, divided=True
            )
        of = {name: [c for c in self.candidates if c["instrument"] == name] for name in problem["caps"]}
        sums = [
            (f"cap_{k}", {c["id"]: c["cost"] for c in of[k]}, most) for k, most in problem["caps"].items()
        ]
        sums += [(numbered("capacity_", k), c["use"], c["most"]) for k, c in enumerate(problem["capacities"])]
        sums += [
            (numbered("exclude_", k), dict.fromkeys(ids, 1), 1) for k, ids in enumerate(problem["excludes"])
        ]
        for name, factors, most in sums:
            terms = [(numbered("x", self.number[id_]), factor) for id_, factor in factors.items()]
            self._row(name, terms, "<=", most, divided=True)
        for k, ids in enumerate(problem["requires"]):
            a, b = (self.number[id_] for id_ in ids)
            lead = self.candidates[a]["lead"] - self.candidates[b]["lead"]
            for u, t in enumerate(self.states):
                self._row(
                    numbered("require_", k) + t, self._started(a, u, 1) + self._started(b, u + lead, -1)
                )
        for k, target in enumerate(problem["targets"]):
            kind, group, least = "z" if target["of"] == "cities" else "y", target["group"], target["least"]
            of_group = [(i, item) for i, item in enumerate(problem[target["of"]]) if item["group"] == group]
            terms = [(numbered(kind, i) + self.states[-1], item["weight"]) for i, item in of_group]
            row: tuple[Terms, str, int] = (terms, ">=", least)
            if costs and least > sum(weight for _, weight in terms):  # there is no plan
                row = ([(numbered("x", 0), 1)], "<=", -1)
            self._row(numbered("target_", k), *row, divided=True)

    def _ring(self, ring: Ring) -> None:
        data, r, name, stops = ring.data, ring.r, ring.name, ring.data["stops"]
        reward = data["reward"] * self.maximises
        self._variable(r, int(data["required"]), 1, self.factors[-1] * reward)
        for variable in chain((f for f, *_ in ring.moves), ring.passes.values()):
            self._variable(variable)
        both = {link: [(f, 1) for f in ring.both(link)] for link in ring.crossed}
        rows: list[tuple[str, Terms, str]] = []
        out = defaultdict[int, list[tuple[str, int]]](list)
        for f, tail, _ in ring.moves:
            out[tail].append((f, -1))
        for node in out:
            rows.append((numbered(f"circuit{name}_", node, 6), ring.into([node]) + out[node], "="))
            rows.append((numbered(f"visit{name}_", node, 6), [*ring.into([node]), (r, -1)], "<="))
        for c in range(len(data["centres"])):
            q = [self._variable(numbered(f"q{name}_", c, 3))] if c else []
            terms = [
                term
                for n in both
                for f, way in zip(ring.both(n), (1, -1), strict=True)
                for term in [(f, way * ring.crossed[n][c])]
            ]
            rows.append((numbered(f"round{name}_", c, 3), [*terms, *((v, 2) for v in q), (r, -1)], "="))
            rows += [(numbered(f"turn{name}_", c, 3), [(v, 1), (r, -1)], "<=") for v in q]
        if "longest" in data:
            lengths = {link: ring.links[link]["length"] for link in both}
            u = math.gcd(*lengths.values()) or 1
            m = min(data["longest"], sum(lengths.values())) // u
            terms = [(f, lengths[link] // u) for link in both for f in ring.both(link)]
            rows.append((f"longest{name}", [*terms, (r, -m)], "<="))
        for stop, n in ring.passes.items():
            passing = ring.into(stops[stop]["nodes"], -1)
            rows.append((numbered(f"stop{name}_", stop, 6), [(n, 1), *passing], "<="))
            if stops[stop].get("must"):
                rows.append((numbered(f"must{name}_", stop, 6), [(n, 1), (r, -1)], ">="))
        sums = [(f"stops{name}", data["least_stops"], [*ring.passes.values()])]
        for k, (group, least) in enumerate(sorted(data["least_by_group"].items())):
            members = [n for stop, n in ring.passes.items() if stops[stop].get("group") == group]
            sums.append((numbered(f"stops{name}_", k, 3), least, members))
        for kind, least, members in sums:
            rows.append((kind, [*((n, 1) for n in members), (r, -min(least, len(members) + 1))], ">="))
        ring.rows = [self._row(*row) for row in rows]
        self._opened(ring, both, reward)

    def _opened(self, ring: Ring, both: dict[int, list[tuple[str, int]]], reward: int) -> None:
        opener = {link: self.number.get(ring.links[link]["candidate"]) for link in both}
        for link, j in opener.items():
            needed = ring.r if j is None else self.open(j, -1)
            self._row(numbered(f"use{ring.name}_", link, 6), [*both[link], (needed, -1)])
        for s in range(len(self.states) - 1 if reward else 0):
            formed = numbered(f"formed{ring.name}_", s, 3)
            rt = self._variable(numbered(f"rt{ring.name}_", s, 3), objective=self.factors[s] * reward)
            self._row(formed, [(rt, 1), (ring.r, -1)])
            for link, j in opener.items():
                if j is not None:
                    terms = [(rt, 1), *both[link], (self.open(j, s), -1)]
                    self._row(numbered(f"{formed}_", link, 6), terms, "<=", 1)

    def _apart(self) -> None:
        numbers, rings = count(), sorted(self.rings.values(), key=lambda ring: str(ring.data["id"]))
        for one, two in combinations(rings, 2):
            at = defaultdict[tuple[int, ...], list[int]](list)
            if two.data["id"] in one.data["apart"] or one.data["id"] in two.data["apart"]:
                for node, position in enumerate(two.data["nodes"]):
                    at[tuple(position)].append(node)
            for node, position in enumerate(one.data["nodes"]):
                for other in at.get(tuple(position), []):
                    self._row(
                        numbered("apart_", next(numbers)), one.into([node]) + two.into([other]), "<=", 1
                    )


def rank(edges: Iterable[tuple[int, int]]) -> int:
    """Count the edges of a spanning forest, by sets that are joined (union-find)."""
    above: dict[int, int] = {}

    def root(item: int) -> int:
        while (parent := above.setdefault(item, item)) != item:
            above[item] = item = above[parent]
        return item

    joined = 0
    for one, other in edges:
        first, second = root(one), root(other)
        above[first] = second
        joined += first != second
    return joined


def checked_row(model: Model, entry: Document) -> Row:
    """Find or make a row of the list `rows`, once its evidence holds."""
    if "model" in entry:
        among([entry["model"]], model.rows, f"the row {entry['model']!a:.60}")
        return model.rows[entry["model"]]
    if "time" in entry or "partition" in entry:
        names = entry.get("partition", [entry.get("time")])
        among(names, model.pair_of, "a variable of a pair")
        distinct(names, "a variable of a pair")
        return _partition(model, entry) if "partition" in entry else _time(model, entry)
    name = str(entry.get("leave", entry.get("mend")))
    among([name], model.rings, f"the ring {name!a:.60}")
    return _leave(model.rings[name], entry) if "leave" in entry else _mend(model.rings[name], entry["links"])


def _time(model: Model, entry: Document) -> Row:
    y, unit, prices = entry["time"], entry["unit"], entry["prices"]
    state, pair = model.pair_of[y]
    fits = all(name in model.open_of and model.open_of[name][0] == state for name in prices)
    demand(fits, "a price is of no open variable of the state")
    of = {model.open_of[name][1]: price for name, price in prices.items()}
    search = PathSearch(model.network, model.network.pairs[pair], of, unit)
    demand(not search.finds_cheaper(), f"a path of {y} pays less than the unit")
    return Row({y: unit} | {name: -price for name, price in prices.items()}, 0, unit=unit)


def _partition(model: Model, entry: Document) -> Row:
    names, parts, network = entry["partition"], entry["parts"], model.network
    states = {model.pair_of[y][0] for y in names}
    demand(len(states) == 1, "the variables are not of one state")
    demand(len(parts) == network.size, "there is not a part for each node")
    pairs = [network.pairs[model.pair_of[y][1]] for y in names]
    forest = rank((parts[pair["origin"]], parts[pair["destination"]]) for pair in pairs)
    demand(forest == len(pairs), "the pairs are no forest of the parts")
    existing = chain(*(network.usable(pair, network.existing) for pair in pairs))
    joined = any(parts[tail] != parts[head] for tail, head, _ in existing)
    demand(not joined, "an existing arc that is usable joins two parts")
    terms = dict.fromkeys(names, 1)
    for name, (state, j) in model.open_of.items():
        if state in states:
            arcs = chain(*(network.usable(pair, network.arcs_of[j]) for pair in pairs))
            terms[name] = -rank({(parts[tail], parts[head]) for tail, head, _ in arcs})
    return Row(terms, 0)


def _leave(ring: Ring, entry: Document) -> Row:
    nodes, centre, node = entry["nodes"], entry["centre"], entry["node"]
    distinct(nodes, "a node of the set")
    among(nodes, range(len(ring.data["nodes"])), "a node of the set")
    fits = centre < len(ring.data["centres"]) and node in nodes and len(entry["potentials"]) == len(nodes)
    demand(fits, "there is no such centre, no potential for each node, or the node is not in the set")
    potential = dict(zip(nodes, entry["potentials"], strict=True))
    for position, crossed in ring.crossed.items():
        tail, head = ring.links[position]["tail"], ring.links[position]["head"]
        if tail in potential and head in potential:
            agree = crossed[centre] == potential[head] - potential[tail]
            demand(agree, f"the potentials do not agree with the crossings of link {position}")
    out = [(f, -1) for f, tail, head in ring.moves if tail in potential and head not in potential]
    return Row(summed(ring.into([node]) + out), 0)


def _mend(ring: Ring, links: list[int]) -> Row:
    point = ring.point(links)
    demand(not all(row.holds(point) for row in ring.rows), "the circuit breaks no row of its ring")
    return Row(dict.fromkeys(chain(*(ring.both(link) for link in links)), 1), len(links) - 1)


class Proof:
    """The rows and the tree of `bound`."""

    def __init__(self, model: Model, proof: Document) -> None:
        self.model, self.tree, self.bits = model, proof["tree"], proof["denominator_bits"]
        self.rows = [checked_row(model, entry) for entry in proof["rows"]]
        self.divisor = math.gcd(*model.objective.values()) or 1  # "g"
        self.objective = {v: factor // self.divisor for v, factor in model.objective.items()}  # "c'"
        # What each variable adds to S / (D M) in a leaf in which no row and no split has it.
        self.alone = {v: c * (model.upper[v] if c > 0 else model.lower[v]) for v, c in self.objective.items()}
        self.alone_sum = sum(self.alone.values())
        demand(len(self.tree) > 0, "the tree is empty")
        for entry in self.tree:  # whether it is reached or not
            if isinstance(entry, list):
                among(entry[:1], self.objective, f"the variable {entry[0]!a:.60}")
                among(entry[1:], range(len(self.tree)), "an entry of the tree")
            else:
                among((row for row, _ in entry["multipliers"]), range(len(self.rows)), "a row of a leaf")
                signs = all(u >= 0 or self.rows[row].equation for row, u in entry["multipliers"])
                demand(signs, "a multiplier is negative")

    def bound(self) -> int | None:
        """Find the bound that the tree proves, None if it proves that there is no plan."""
        best, reached = list[int](), set[int]()
        waiting: list[tuple[int, Splits]] = [(0, None)]
        while waiting:
            position, splits = waiting.pop()
            demand(position not in reached, f"entry {position} of the tree is reached twice")
            reached.add(position)
            entry = self.tree[position]
            if isinstance(entry, list):
                waiting += [(entry[value + 1], (entry[0], value, splits)) for value in (0, 1)]
            elif (fixed := self._fixed(splits)) is not None:
                right, whole = self._leaf(entry, fixed)
                best += [right // whole] * entry["objective"]
                demand(entry["objective"] == 1 or right < 0, f"entry {position} may hold a plan")
        return (1 if self.model.maximises else -1) * self.divisor * max(best) if best else None

    def _fixed(self, splits: Splits) -> dict[str, int] | None:
        """Collect the values of variables that were split, None if they contradict bounds or each other."""
        fixed: dict[str, int] = {}
        while splits is not None:
            variable, value, splits = splits
            self.model.network.take(1)
            possible = self.model.lower[variable] <= value <= self.model.upper[variable]
            if not possible or fixed.setdefault(variable, value) != value:
                return None
        return fixed

    def _leaf(self, leaf: Document, fixed: dict[str, int]) -> tuple[int, int]:
        """S and D M of a leaf."""
        rows = [(self.rows[row], u) for row, u in leaf["multipliers"]]
        common = math.lcm(*(row.unit for row, _ in rows))  # "M"
        whole, right, d = common << self.bits, 0, dict.fromkeys(fixed, 0)
        for row, u in rows:
            scale = u * (common // row.unit)
            self.model.network.take(1 + len(row.terms) * (1 + scale.bit_length() // 4096))
            right += scale * row.most
            for variable, factor in row.terms.items():
                d[variable] = d.get(variable, 0) - scale * factor
        counted = leaf["objective"] * whole  # "o D M"
        right += counted * (self.alone_sum - sum(self.alone[variable] for variable in d))
        for variable, part in d.items():
            slope = part + counted * self.objective[variable]
            value = self.model.upper[variable] if slope > 0 else self.model.lower[variable]
            right += slope * fixed.get(variable, value)
        return right, whole


class Plan:
    """The plan that a certificate shows."""

    def __init__(self, model: Model, certificate: Document) -> None:
        self.model, self.data = model, certificate
        ids, starts = [entry["id"] for entry in certificate["built"]], certificate.get("starts", {})
        distinct(ids, "a candidate that is built")
        among(ids, model.number, "a candidate that is built")
        # Of each candidate built, if the problem has periods, and of no other.
        demand(starts.keys() == set(ids if model.periods else []), "`starts` are not of what is built")
        among(starts.values(), range(len(model.states)), "a period of `starts`")
        self.built = {model.number[id_]: starts.get(id_, 0) for id_ in ids}
        self.open = [
            {j for j, start in self.built.items() if start + model.candidates[j]["lead"] <= state}
            for state in range(len(model.states))
        ]
        self.covered = [model.network.covered(opened) for opened in self.open]
        self.last = {pair for pair, is_covered in enumerate(self.covered[-1]) if is_covered}
        self.point = self._point()
        for name in model.objective:
            within = model.lower[name] <= int(name in self.point) <= model.upper[name]
            demand(within, f"the plan breaks the bounds of {name}")
        for name, row in model.rows.items():
            demand(row.holds(self.point), f"the plan breaks the row {name}")
        costs = {id_: model.candidates[model.number[id_]]["cost"] for id_ in ids}
        true = all(
            entry.get("cost", costs[entry["id"]]) == costs[entry["id"]] for entry in certificate["built"]
        )
        demand(
            true and certificate["cost"] == sum(costs.values()), "the cost, or that of a candidate, is wrong"
        )
        coverage = sum(model.network.pairs[pair]["weight"] for pair in self.last)
        demand(certificate["coverage"] == coverage, "the coverage is wrong")
        self._cities(certificate.get("cities", []))
        if "paths" in certificate:
            self._paths(certificate["paths"])
        self.objective = abs(sum(model.objective[variable] for variable in self.point))

    def _point(self) -> set[str]:
        """Collect the variables that are 1."""
        model, circuits = self.model, self.data.get("rings", [])
        found = {numbered("x", j) + t for j, s in self.built.items() for t in ("", model.states[s])}
        for s, (t, covered) in enumerate(zip(model.states, self.covered, strict=True)):
            found |= {model.open(j, s) for j in self.open[s]}
            found |= {numbered("y", i) + t for i, is_covered in enumerate(covered) if is_covered}
            cities = enumerate(model.problem["cities"])
            needed = [k for k, city in cities if sum(covered[i] for i in city["pairs"]) >= city["need"]]
            found |= {numbered("z", k) + t for k in needed}
        distinct([entry["id"] for entry in circuits], "a ring")
        rings = {ring.data["id"]: ring for ring in model.rings.values()}
        among((entry["id"] for entry in circuits), rings, "a ring with variables of `rings`")
        for ring, links in ((rings[entry["id"]], entry["links"]) for entry in circuits):
            found |= ring.point(links)
            openers = {model.number.get(ring.links[link]["candidate"]) for link in links} - {None}
            complete = {
                numbered(f"rt{ring.name}_", s, 3) for s, opened in enumerate(self.open) if openers <= opened
            }
            found |= complete & model.objective.keys()
        return found

    def _cities(self, cities: list[Document]) -> None:
        known = {city["id"]: city for city in self.model.problem["cities"]}
        distinct([entry["id"] for entry in cities], "a city")
        among((entry["id"] for entry in cities), known, "a city of `cities`")
        for entry in cities:
            city, pairs, name = known[entry["id"]], set(entry["pairs"]), f"{entry['id']!a:.60}"
            demand(entry["weight"] == city["weight"], f"the weight of {name} is wrong")
            demand(pairs <= self.last & set(city["pairs"]), f"a pair is not covered, or not of {name}")
            demand(len(pairs) >= city["need"], f"{name} needs more pairs")

    def _paths(self, paths: list[Document]) -> None:
        network, ids = self.model.network, self.model.problem["nodes"]
        distinct([path["pair"] for path in paths], "a pair of `paths`")
        demand({path["pair"] for path in paths} == self.last, "`paths` are not those of the covered pairs")
        opened = {self.model.candidates[j]["id"]: network.arcs_of[j] for j in self.open[-1]}
        arcs = {
            opener: {(ids[tail], ids[head], seconds) for tail, head, seconds in members}
            for opener, members in [(None, network.existing), *opened.items()]
        }
        for path in paths:
            nodes, seconds, openers = path["nodes"], path["seconds"], path["candidates"]
            pair, where = network.pairs[path["pair"]], f"the path of pair {path['pair']}"
            demand(len(nodes) - 1 == len(seconds) == len(openers), f"{where} has lists of other lengths")
            ends = [ids[pair["origin"]], ids[pair["destination"]]]
            demand([nodes[0], nodes[-1]] == ends, f"{where} has other ends")
            for opener, (tail, head), time in zip(openers, pairwise(nodes), seconds, strict=True):
                demand((tail, head, time) in arcs.get(opener, ()), f"an arc of {where} does not exist")
            demand(path["time_s"] == sum(seconds) <= pair["limit"], f"{where} takes another time")


def check(given: Document, certificate: Document) -> tuple[str, Fraction | None]:
    """Give the sentence, and the gap if there are a plan and a bound; raises `Refused` otherwise."""
    for name, shape, document in (("problem", PROBLEM, given), ("certificate", CERTIFICATE, certificate)):
        version = document.get("format") if isinstance(document, dict) else None
        wrong = fault(shape["format"], version, "format") or fault(shape, document, name)
        demand(not wrong, f"{name}: {wrong}")
    problem = check_problem(given)
    demand(certificate.get("problem", problem["name"]) == problem["name"], "it is of another problem")
    shows_plan, of_plan = "built" in certificate, certificate.keys() - {"format", "problem", "bound"}
    demand(shows_plan or "bound" in certificate, "there is neither a plan nor a proof")
    demand(shows_plan or not of_plan, "nothing but `problem` goes with a proof alone")
    demand(not shows_plan or {"cost", "coverage"} <= of_plan, "a plan needs `cost` and `coverage`")
    model = Model(problem)
    plan = Plan(model, certificate) if shows_plan else None
    shown = f"the plan holds, its objective is {plan.objective}" if plan else "no plan is shown"
    if "bound" not in certificate:
        return f"{shown}; no bound is proved", None
    bound, claimed = Proof(model, certificate["bound"]).bound(), certificate["bound"]["bound"]
    demand(bound == claimed, f"the bound that is proved is {bound!a:.60}, not {claimed!a:.60}")
    demand(plan is None or bound is not None, "there is a plan, and a proof that there is none")
    if plan is None or bound is None:
        return "there is no plan" if bound is None else f"{shown}; no plan is better than {bound}", None
    better = bound - plan.objective if model.maximises else plan.objective - bound
    demand(better >= 0, "the plan is better than the bound")
    gap = Fraction(better, max(1, plan.objective))
    return f"{shown}; no plan is better than {bound}: a gap of {gap:.2%}", gap


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the answer; 0 if the certificate holds."""
    parser = argparse.ArgumentParser(description="Check a certificate of polyring a second time.")
    parser.add_argument("problem")
    parser.add_argument("certificate")
    parser.add_argument("--gap", type=lambda text: Fraction(str(float(text))), help="refuse a gap above it")
    options = parser.parse_args(arguments)
    try:
        sentence, gap = check(read_document(options.problem), read_document(options.certificate))
        enough = options.gap is None or (gap is not None and gap <= options.gap)
        demand(enough, f"the gap is not shown to be at most {options.gap}")
    except (Refused, MemoryError, RecursionError) as error:
        sys.stdout.write(f"REFUSED: {str(error) or 'not checked, since it is too large'}\n")
        return 1
    sys.stdout.write(f"OK: {sentence}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
