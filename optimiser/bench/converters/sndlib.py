"""Read networks of SNDlib in its native text format and in XML."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from optimiser.bench.converters import Demand, Faults, Link, PublicNetwork, read_text

type Coordinates = Literal["auto", "degrees", "plane"]

EARTH_M = 6_371_000.0
"""Mean radius of the earth."""
PLANE_M = 1_000.0
"""Metres per unit of plane coordinates."""

_TOKEN = re.compile(r"[()]|[^\s(),]+")
_SECTIONS = ("META", "NODES", "LINKS", "DEMANDS", "ADMISSIBLE_PATHS")
_BLANK = "\ufeff \t\r\n"


def read(path: Path, *, coordinates: Coordinates = "auto") -> PublicNetwork:
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
        cost_or_km = cost or metres / 1_000
        links.append(Link(link, at[a], at[b], metres, cost_or_km))
        links.append(Link(link, at[b], at[a], metres, cost_or_km))
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
    for line, tokens in _token_lines(content):
        before, depth = depth, depth + tokens.count("(") - tokens.count(")")
        if before == 0:
            section = tokens[0]
            if section not in _SECTIONS or tokens[1:] not in (["("], ["(", ")"]):
                faults.add(line, f"{' '.join(tokens)!r} is not the head of a section")
        elif before == depth == 1 and section in _ENTRIES:
            _ENTRIES[section](line, tokens, draft, faults)
        if depth < 0:
            faults.add(line, "a parenthesis closes that was not opened")
            depth = 0
    if depth:
        faults.add(0, f"the section {section} does not end")
    return draft


def _token_lines(content: str) -> Iterator[tuple[int, list[str]]]:
    for line, text in enumerate(content.splitlines(), 1):
        stripped = text.lstrip("\ufeff").split("#")[0].strip()
        if stripped and not stripped.startswith("?"):
            yield line, _TOKEN.findall(stripped)


def _native_node(line: int, tokens: list[str], draft: _Draft, faults: Faults) -> None:
    """Read `ID ( x y )`."""
    if len(tokens) != 5 or (tokens[1], tokens[4]) != ("(", ")"):
        faults.add(line, f"a node is ID ( x y ), not {' '.join(tokens)!r}")
        return
    draft.add_node(line, tokens[0], tokens[2], tokens[3], faults)


def _native_link(line: int, tokens: list[str], draft: _Draft, faults: Faults) -> None:
    """Read `ID ( a b ) installed installed-cost routing-cost set-up-cost ( capacity cost ... )`."""
    whole = len(tokens) >= 11 and (tokens[1], tokens[4], tokens[9], tokens[-1]) == ("(", ")", "(", ")")
    if not whole or len(tokens) % 2 == 0:
        faults.add(line, f"a link is ID ( a b ) four numbers ( modules ), not {' '.join(tokens)!r}")
        return
    names = ("installed capacity", "its cost", "routing cost", "set-up cost")
    numbers = [faults.number(line, t, name) for t, name in zip(tokens[5:9], names, strict=True)]
    modules = [faults.number(line, token, "module") for token in tokens[10:-1]]
    cost = numbers[3] or next(iter(modules[1::2]), 0.0)
    draft.links.append((line, tokens[0], tokens[2], tokens[3], cost))


def _native_demand(line: int, tokens: list[str], draft: _Draft, faults: Faults) -> None:
    """Read `ID ( a b ) unit value longest`."""
    if len(tokens) != 8 or (tokens[1], tokens[4]) != ("(", ")"):
        faults.add(line, f"a demand is ID ( a b ) unit value longest, not {' '.join(tokens)!r}")
        return
    draft.demands.append((line, tokens[2], tokens[3], faults.number(line, tokens[6], "demand")))


_ENTRIES = {"NODES": _native_node, "LINKS": _native_link, "DEMANDS": _native_demand}


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
