"""Read networks and trips in the TNTP format of Transportation Networks for Research."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from optimiser.bench.converters import (
    Demand,
    Faults,
    Link,
    PublicNetwork,
    read_text,
    whole_number,
)

_META = re.compile(r"<\s*([^>]+?)\s*>\s*(.*)")
_TRIP = re.compile(r"\s*(\S+)\s*:\s*(\S+)\s*$")
LEAST_FIELDS = 5
"""Fields that are read of a link: start, end, capacity, length, free-flow time."""
MOST_NODES = 1_000_000
"""Largest number of nodes that a file may state: ids are made for all of them before any link is read."""


def read(net: Path, trips: Path) -> PublicNetwork:
    """Read a network and its trips.

    Parameters
    ----------
    net
        File of the network (`*_net.tntp`): one-way links with free-flow times, which are their costs too.
    trips
        File of the trips (`*_trips.tntp`).

    Returns
    -------
    PublicNetwork
        Nodes by number. Those below the first through node are terminals.

    Raises
    ------
    ProblemError
        With every fault of either file and its line.
    EnvironmentFault
        When a file cannot be opened.
    """
    faults = Faults(str(net))
    meta, body = _split(net, faults)
    count, first = _sizes(meta, faults)
    links = [link for line, text in body if (link := _link(line, text, count, faults)) is not None]
    stated = meta.get("NUMBER OF LINKS", (0, ""))
    if stated[0] and whole_number(stated[1]) != len(links):
        faults.add(stated[0], f"NUMBER OF LINKS is {stated[1]}, but {len(links)} links are listed")
    faults.refuse()
    return PublicNetwork(
        name=net.stem.removesuffix("_net"),
        source="TNTP",
        nodes=tuple(str(i + 1) for i in range(count)),
        links=_named(links),
        demands=tuple(_demands(trips, count)),
        terminals=max(0, first - 1),
        unit="free-flow time",
    )


def _split(path: Path, faults: Faults) -> tuple[dict[str, tuple[int, str]], list[tuple[int, str]]]:
    """Return the metadata by name with their lines, and the lines after them."""
    meta: dict[str, tuple[int, str]] = {}
    body: list[tuple[int, str]] = []
    ended = False
    for line, text in _lines(path):
        found = _META.match(text)
        if found and not ended:
            ended = found[1].upper() == "END OF METADATA"
            meta[found[1].upper()] = (line, found[2].strip())
        elif not ended:
            faults.add(line, f"{text!r} is no line of metadata")
        else:
            body.append((line, text))
    if not ended:
        faults.add(0, "there is no line <END OF METADATA>")
    return meta, body


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file with their numbers, without comments (from ~ on) and blank lines."""
    for line, text in enumerate(read_text(path).splitlines(), 1):
        stripped = text.split("~")[0].strip()
        if stripped:
            yield line, stripped


def _sizes(meta: dict[str, tuple[int, str]], faults: Faults) -> tuple[int, int]:
    """Return the number of nodes, and the first node that paths may lead through."""
    for name in ("NUMBER OF NODES", "NUMBER OF LINKS"):
        if name not in meta:
            faults.add(0, f"there is no line <{name}>")
    values = []
    for name, default in (("NUMBER OF NODES", "0"), ("FIRST THRU NODE", "1")):
        line, text = meta.get(name, (0, default))
        values.append(faults.whole(line, text, name, most=MOST_NODES))
    return values[0], values[1]


def _link(line: int, text: str, count: int, faults: Faults) -> Link | None:
    fields = text.replace(";", " ").split()
    if len(fields) < LEAST_FIELDS:
        faults.add(line, f"a link needs {LEAST_FIELDS} fields or more: {text!r}")
        return None
    tail, head = (_node(line, field, count, faults) for field in fields[:2])
    time = faults.number(line, fields[4], "free-flow time")
    if tail is None or head is None:
        return None
    if tail == head:
        faults.add(line, f"the link leads from node {fields[0]} to itself")
    return Link(f"{fields[0]}-{fields[1]}", tail, head, time, time)


def _named(links: list[Link]) -> tuple[Link, ...]:
    """Return links with numbered ids where they are parallel, so that each id is unique."""
    seen: Counter[str] = Counter()
    named = []
    for link in links:
        seen[link.id] += 1
        named.append(link if seen[link.id] == 1 else link._replace(id=f"{link.id}#{seen[link.id]}"))
    return tuple(named)


def _node(line: int, text: str, count: int, faults: Faults) -> int | None:
    number = whole_number(text)
    if number is not None and 1 <= number <= count:
        return number - 1
    faults.add(line, f"{text!r} is not a node (1 to {count})")
    return None


def _demands(path: Path, count: int) -> list[Demand]:
    faults = Faults(str(path))
    _, body = _split(path, faults)
    found: list[Demand] = []
    origin: int | None = None
    for line, text in body:
        words = text.split()
        if words[0].lower() == "origin":
            origin = _node(line, words[1] if len(words) == 2 else text, count, faults)
        elif origin is None:
            faults.add(line, f"trips before a line of their origin: {text!r}")
        else:
            found += _trips(line, text, origin, count, faults)
    faults.refuse()
    return found


def _trips(line: int, text: str, origin: int, count: int, faults: Faults) -> Iterator[Demand]:
    for part in text.split(";"):
        if not part.strip():
            continue
        trip = _TRIP.match(part)
        if trip is None:
            faults.add(line, f"{part.strip()!r} is not DESTINATION : TRIPS")
            continue
        destination = _node(line, trip[1], count, faults)
        value = faults.number(line, trip[2], "trips")
        if destination is not None:
            yield Demand(origin, destination, value)
