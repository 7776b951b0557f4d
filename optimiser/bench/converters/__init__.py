"""Turn public networks, in the formats of SNDlib and TNTP, into design problems by stated choices."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from optimiser.bench.generators import generator
from optimiser.engine.search.paths import LONGEST, UNREACHED, Integers, graph, opened, times_from
from optimiser.problem import Arc, Candidate, DesignProblem, Pair, jsonfile
from optimiser.problem.errors import ProblemError, first_of


class Link(NamedTuple):
    """A directed link: two nodes (positions), length or time, and cost, in the units of the file."""

    id: str
    tail: int
    head: int
    measure: float
    cost: float


class Demand(NamedTuple):
    """Demand for travel between two nodes (positions)."""

    origin: int
    destination: int
    value: float


@dataclass(frozen=True, slots=True)
class PublicNetwork:
    """A network with its demands as its file states them.

    Attributes
    ----------
    name, source
        Name of the network, and format of its file.
    links
        Directed; a two-way link occurs twice with the same id.
    terminals
        The first nodes, so many, only begin and end trips: no path leads through them.
    unit
        Unit of `Link.measure`: `metres` or `free-flow time`.
    """

    name: str
    source: str
    nodes: tuple[str, ...]
    links: tuple[Link, ...]
    demands: tuple[Demand, ...]
    terminals: int
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Choices that a network file leaves open.

    Attributes
    ----------
    name
        Name of the problem; empty: that of the network.
    seconds
        Seconds per unit of `Link.measure`.
    cost_factor
        Money per unit of `Link.cost`; costs are rounded, at least 1. Of two directions the dearer counts.
    candidate_percent
        Share of the two-way links that do not exist today and become candidates, drawn by the seed. Links at
        terminals always exist. 100: every other link is a candidate.
    limit_percent
        Limit of each pair, in per cent of its shortest time with every link.
    budget_percent
        Budget as a share of the cost of all candidates.
    weights
        `demand`: the demand, rounded, at least 1; `equal`: 1.
    merge
        Combine the two directions of a demand to one pair, its ends in the order of the nodes.
    seed
        Seed of the draw of candidates.
    """

    name: str = ""
    seconds: float = 60.0
    cost_factor: float = 1.0
    candidate_percent: int = 100
    limit_percent: int = 200
    budget_percent: int = 30
    weights: Literal["demand", "equal"] = "demand"
    merge: bool = True
    seed: int = 1


def problem_of(network: PublicNetwork, choices: Choices) -> DesignProblem:
    """Return the design problem of a public network.

    A link and its opposite are one candidate. Terminals, which no path may lead through, are split: trips end
    at the node itself and begin at a copy of it. Pairs without a path even with every link are left out.

    Parameters
    ----------
    choices
        What its file leaves open; the note of the problem records them.

    Raises
    ------
    ProblemError
        When no demand has a path at all.
    """
    links = _two_way_links(network, choices)
    free = [at for at, (ends, _) in enumerate(links) if min(ends) >= network.terminals]
    count = len(free) * choices.candidate_percent // 100
    drawn = {free[at] for at in generator(choices.seed).permutation(len(free))[:count].tolist()}
    candidates = tuple(links[at][1] for at in sorted(drawn))
    bare = DesignProblem(
        name=choices.name or network.name,
        nodes=(*network.nodes, *(f"{name}:out" for name in network.nodes[: network.terminals])),
        arcs=tuple(arc for at, (_, link) in enumerate(links) if at not in drawn for arc in link.arcs),
        candidates=candidates,
        pairs=(),
        budget=sum(c.cost for c in candidates) * choices.budget_percent // 100,
        note=f"{network.source} {network.name}, seconds of {network.unit}. {choices!r}",
        money="units",
    )
    pairs = _pairs(network, bare, choices)
    if not pairs:
        raise ProblemError("no demand has a path, even with every link", where=network.name)
    return bare.replace(pairs=pairs)


def _two_way_links(network: PublicNetwork, choices: Choices) -> list[tuple[tuple[int, int], Candidate]]:
    """Return ends and link, each with its opposite, as they first appear; parallel links stay apart."""
    found: list[tuple[str, int, int, list[Arc], list[float]]] = []
    # Rows of `found` that still lack their opposite, by tail and head.
    unmatched: dict[tuple[int, int], list[int]] = defaultdict(list)
    for link in network.links:
        tail = link.tail + len(network.nodes) if link.tail < network.terminals else link.tail
        arc = (tail, link.head, max(1, round(link.measure * choices.seconds)))
        opposite = unmatched.get((link.head, link.tail))
        if opposite:
            at = opposite.pop(0)
            found[at][3].append(arc)
            found[at][4].append(link.cost)
        else:
            unmatched[link.tail, link.head].append(len(found))
            found.append((link.id, link.tail, link.head, [arc], [link.cost]))
    costs = [max(1, round(max(costs) * choices.cost_factor)) for *_, costs in found]
    return [
        ((a, b), Candidate(id=name, cost=cost, arcs=tuple(arcs), kind="link"))
        for (name, a, b, arcs, _), cost in zip(found, costs, strict=True)
    ]


def _pairs(network: PublicNetwork, bare: DesignProblem, choices: Choices) -> tuple[Pair, ...]:
    values: dict[tuple[int, int], float] = defaultdict(float)
    for origin, destination, value in network.demands:
        if value > 0 and origin != destination:
            ends = (min(origin, destination), max(origin, destination))
            values[ends if choices.merge else (origin, destination)] += value
    # A pair with the longest limit keeps the graph from leaving out any arc.
    whole = bare.replace(pairs=(Pair(0, 0, LONGEST, 0),))
    net, mask = graph(whole), opened(whole, range(len(bare.candidates)))
    times: dict[int, Integers] = {}
    pairs = []
    for (origin, destination), value in sorted(values.items()):
        start = origin + len(network.nodes) if origin < network.terminals else origin
        if start not in times:
            times[start] = times_from(net, mask, start, LONGEST)
        best = int(times[start][destination])
        if best < UNREACHED:
            weight = max(1, round(value)) if choices.weights == "demand" else 1
            pairs.append(Pair(start, destination, best * choices.limit_percent // 100, weight))
    return tuple(pairs)


_WHOLE = re.compile(r"[0-9]{1,18}")


def whole_number(text: str) -> int | None:
    """Return the whole number that at most 18 digits 0 to 9 write; else None."""
    return int(text) if _WHOLE.fullmatch(text) else None


def read_text(path: Path) -> str:
    """Return the text of a file, as `read_bytes`; what is no UTF-8 is replaced."""
    return jsonfile.read_bytes(path).decode("utf-8", errors="replace")


def lines_of(text: str, comment: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text with their numbers, without comments and blank lines."""
    for line, content in enumerate(text.splitlines(), 1):
        if stripped := content.strip("\ufeff").partition(comment)[0].strip():
            yield line, stripped


class Faults:
    """Collects the faults of a file, each with its line.

    Parameters
    ----------
    where
        Path of the file, for messages.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._found: list[tuple[int, str]] = []

    def add(self, line: int, text: str) -> None:
        """Add a fault; line 0 stands for the file as a whole."""
        self._found.append((line, text))

    def number(self, line: int, text: str, what: str, *, least: float = 0.0) -> float:
        """Return a number of the file; an invalid one, or one out of range, becomes a fault and `least`.

        Parameters
        ----------
        what
            Its name, for the message.
        """
        try:
            value = float(text)
        except ValueError:
            self.add(line, f"{what}: {text!r} is not a number")
            return least
        if not least <= value < 2.0**53:
            self.add(line, f"{what}: {text} is not between {least:g} and 2^53")
            return least
        return value

    def whole(self, line: int, text: str, what: str, *, most: int) -> int:
        """Return a whole number >= 0 of the file; an invalid one, or one above `most`, becomes a fault and 0.

        Parameters
        ----------
        what
            Its name, for the message.
        """
        value = whole_number(text)
        if value is None:
            self.add(line, f"{what}: {text!r} is not a whole number")
        elif value > most:
            self.add(line, f"{what}: {text} is above {most:,}")
        return value if value is not None and value <= most else 0

    def refuse(self) -> None:
        """Refuse the file if it has faults.

        Raises
        ------
        ProblemError
            With all faults in order of their lines, when there is one.
        """
        ProblemError.refuse(
            first_of([f"line {k}: {text}" if k else text for k, text in sorted(self._found)]),
            "the network cannot be read",
            where=self._where,
            done="Nothing was written.",
            remedy="Correct the lines named, or download the file again.",
        )
