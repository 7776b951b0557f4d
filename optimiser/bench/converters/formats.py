"""Read networks of SNDlib, in its native format and in XML, and networks and trips of TNTP."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from optimiser.bench.converters import Demand, Faults, Link, PublicNetwork, lines_of, read_text, whole_number

type Coordinates = Literal["auto", "degrees", "plane"]

EARTH_M = 6_371_000.0
"""Mean radius of the earth."""
PLANE_M = 1_000.0
"""Metres per unit of plane coordinates."""

_TOKEN = re.compile(r"[()]|[^\s(),]+")
_SECTIONS = ("META", "NODES", "LINKS", "DEMANDS", "ADMISSIBLE_PATHS")
_BLANK = "\ufeff \t\r\n"


def read_sndlib(path: Path, *, coordinates: Coordinates = "auto") -> PublicNetwork:
    """Read a network with its demands.

    Parameters
    ----------
    path
        A native file (`*.txt`) or an XML file, told apart by the first character.
    coordinates
        `degrees`: longitude and latitude, lengths on the sphere; `plane`: 1,000 m per unit; `auto`: as the
        file states, else degrees if all coordinates are valid degrees.

    Returns
    -------
    PublicNetwork
        Every link in both directions. Its measure is the length in metres; its cost the set-up cost, else the
        cost of its first module, else the length in kilometres.

    Raises
    ------
    ProblemError
        With every fault of the file and its line.
    EnvironmentFault
        When the file cannot be opened.
    """
    content, faults = read_text(path), Faults(str(path))
    is_xml = content.lstrip(_BLANK).startswith("<")
    draft = _read_xml(content, faults) if is_xml else _read_native(content, faults)
    return _network(path.stem, draft, faults, coordinates)


@dataclass(slots=True)
class _Draft:
    """The content of a file: ids and values with their lines."""

    nodes: dict[str, tuple[float, float]] = field(default_factory=dict)
    links: list[tuple[int, str, str, str, float]] = field(default_factory=list)
    demands: list[tuple[int, str, str, float]] = field(default_factory=list)
    geographic: bool | None = None

    def add_node(self, line: int, name: str, x: str, y: str, faults: Faults) -> None:
        """Add a node with the text of its coordinates; a second one with the same id is a fault."""
        if name in self.nodes:
            faults.add(line, f"node {name!r} occurs twice")
        least = -(2.0**53)
        self.nodes[name] = (
            faults.number(line, x, "x of a node", least=least),
            faults.number(line, y, "y of a node", least=least),
        )


def _network(name: str, draft: _Draft, faults: Faults, coordinates: Coordinates) -> PublicNetwork:
    at = {node: position for position, node in enumerate(draft.nodes)}
    seen: set[str] = set()
    for line, link, a, b, _ in draft.links:
        _check_ends(line, f"link {link}", a, b, at, faults)
        if link in seen:
            faults.add(line, f"link {link!r} occurs twice")
        seen.add(link)
    for line, a, b, _ in draft.demands:
        _check_ends(line, "demand", a, b, at, faults)
    if not draft.links:
        faults.add(0, "there is no link")
    faults.refuse()
    valid = all(abs(x) <= 180 and abs(y) <= 90 for x, y in draft.nodes.values())
    stated = valid if draft.geographic is None else draft.geographic
    degrees = stated if coordinates == "auto" else coordinates == "degrees"
    links = []
    for _, link, a, b, cost in draft.links:
        metres = _metres(draft.nodes[a], draft.nodes[b], degrees=degrees)
        links += [Link(link, at[x], at[y], metres, cost or metres / 1_000) for x, y in ((a, b), (b, a))]
    return PublicNetwork(
        name=name,
        source="SNDlib",
        nodes=tuple(draft.nodes),
        links=tuple(links),
        demands=tuple(Demand(at[a], at[b], value) for _, a, b, value in draft.demands),
        terminals=0,
        unit="metres",
    )


def _check_ends(line: int, what: str, a: str, b: str, at: dict[str, int], faults: Faults) -> None:
    for name in dict.fromkeys((a, b)):
        if name not in at:
            faults.add(line, f"{what}: there is no node {name!r}")
    if a == b:
        faults.add(line, f"{what} leads from {a!r} to itself")


def _metres(a: tuple[float, float], b: tuple[float, float], *, degrees: bool) -> float:
    """Return the distance of two points: on the sphere (haversine) or on the plane."""
    if not degrees:
        return PLANE_M * math.dist(a, b)
    (lon_a, lat_a), (lon_b, lat_b) = ((math.radians(x), math.radians(y)) for x, y in (a, b))
    half = (
        math.sin((lat_b - lat_a) / 2) ** 2
        + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    )
    return 2 * EARTH_M * math.asin(min(1.0, math.sqrt(half)))


def _read_native(content: str, faults: Faults) -> _Draft:
    """Read sections `NAME ( ... )`; each entry of a section is one line."""
    draft = _Draft()
    section, depth = "", 0
    for line, text in lines_of(content, "#"):
        if text.startswith("?"):
            continue
        tokens = _TOKEN.findall(text)
        before, depth = depth, depth + tokens.count("(") - tokens.count(")")
        if before == 0:
            section = tokens[0]
            if section not in _SECTIONS or tokens[1:] not in (["("], ["(", ")"]):
                faults.add(line, f"{' '.join(tokens)!r} is not the head of a section")
        elif before == depth == 1:
            _read_entry(section, line, tokens, draft, faults)
        if depth < 0:
            faults.add(line, "a parenthesis closes that was not opened")
            depth = 0
    if depth:
        faults.add(0, f"the section {section} does not end")
    return draft


def _read_entry(section: str, line: int, tokens: list[str], draft: _Draft, faults: Faults) -> None:
    """Read an entry of a section: a node, a link or a demand, in the form that its fault states."""
    count, words = len(tokens), " ".join(tokens)
    paired = count >= 5 and (tokens[1], tokens[4]) == ("(", ")")
    match section:
        case "NODES" if paired and count == 5:
            draft.add_node(line, tokens[0], tokens[2], tokens[3], faults)
        case "NODES":
            faults.add(line, f"a node is ID ( x y ), not {words!r}")
        case "LINKS" if paired and count >= 11 and count % 2 and (tokens[9], tokens[-1]) == ("(", ")"):
            names = ("installed capacity", "its cost", "routing cost", "set-up cost")
            numbers = [faults.number(line, t, name) for t, name in zip(tokens[5:9], names, strict=True)]
            modules = [faults.number(line, token, "module") for token in tokens[10:-1]]
            cost = numbers[3] or next(iter(modules[1::2]), 0.0)
            draft.links.append((line, tokens[0], tokens[2], tokens[3], cost))
        case "LINKS":
            faults.add(line, f"a link is ID ( a b ) four numbers ( modules ), not {words!r}")
        case "DEMANDS" if paired and count == 8:
            draft.demands.append((line, tokens[2], tokens[3], faults.number(line, tokens[6], "demand")))
        case "DEMANDS":
            faults.add(line, f"a demand is ID ( a b ) unit value longest, not {words!r}")


def _read_xml(content: str, faults: Faults) -> _Draft:
    """Read the text of an XML file; a fault of the XML itself ends the reading."""
    draft = _Draft()
    try:
        root, line_of = _tree(content.lstrip(_BLANK), faults)
    except ValueError:
        return draft
    for nodes in root.iter("nodes"):
        if "coordinatesType" in nodes.attrib:
            draft.geographic = nodes.attrib["coordinatesType"] == "geographical"

    def text(one: Element, path: str) -> str:
        return one.findtext(f".//{path}", "").strip()

    def number(one: Element, path: str, what: str) -> float:
        return faults.number(line_of[one], text(one, path), what) if text(one, path) else 0.0

    for one in (
        element for kind in ("node", "link", "demand") for element in root.iterfind(f".//{kind}s/{kind}")
    ):
        line, name, ends = line_of[one], one.attrib.get("id", ""), (text(one, "source"), text(one, "target"))
        if not name:
            faults.add(line, f"a {one.tag} has no id")
        if one.tag == "node":
            draft.add_node(line, name, text(one, "x"), text(one, "y"), faults)
        elif not all(ends):
            faults.add(line, f"the {one.tag} {name!r} lacks its source or target")
        elif one.tag == "link":
            cost = number(one, "setupCost", "setupCost")
            cost = cost or number(one, "additionalModules/addModule/cost", "module")
            draft.links.append((line, name, *ends, cost))
        else:
            value = faults.number(line, text(one, "demandValue"), "demand value")
            draft.demands.append((line, *ends, value))
    return draft


def _tree(content: str, faults: Faults) -> tuple[Element, dict[Element, int]]:
    """Return the elements of an XML text, without their namespace, and the line of each.

    Raises
    ------
    ValueError
        When it is not well-formed, which becomes a fault, or has a document type: entities of one can expand
        a small file to a huge one.
    """
    parser, builder, line_of = expat.ParserCreate(), TreeBuilder(), dict[Element, int]()

    def start(name: str, attributes: dict[str, str]) -> None:
        line_of[builder.start(name.rpartition(":")[2], attributes)] = parser.CurrentLineNumber

    def refuse(*_: object) -> None:
        raise ValueError("a document type declaration is not read")

    parser.StartElementHandler, parser.CharacterDataHandler = start, builder.data
    parser.EndElementHandler = lambda name: builder.end(name.rpartition(":")[2])
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError) as fault:
        faults.add(parser.CurrentLineNumber, f"not well-formed: {fault}")
        raise ValueError from fault
    return builder.close(), line_of


# ---- TNTP


_META = re.compile(r"<\s*([^>]+?)\s*>\s*(.*)")
_TRIP = re.compile(r"\s*(\S+)\s*:\s*(\S+)\s*$")
LEAST_FIELDS = 5
"""Fields that are read of a link: start, end, capacity, length, free-flow time."""
MOST_NODES = 1_000_000
"""Largest number of nodes that a file may state: ids are made for all of them before any link is read."""


def read_tntp(net: Path, trips: Path) -> PublicNetwork:
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
    for line, text in lines_of(read_text(path), "~"):
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


def _sizes(meta: dict[str, tuple[int, str]], faults: Faults) -> tuple[int, int]:
    """Return the number of nodes, and the first node that paths may lead through."""
    for name in ("NUMBER OF NODES", "NUMBER OF LINKS"):
        if name not in meta:
            faults.add(0, f"there is no line <{name}>")
    count, first = (
        faults.whole(*meta.get(name, (0, default)), name, most=MOST_NODES)
        for name, default in (("NUMBER OF NODES", "0"), ("FIRST THRU NODE", "1"))
    )
    return count, first


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
