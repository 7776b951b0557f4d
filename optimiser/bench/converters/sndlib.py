"""Read networks of SNDlib in its native text form and in XML."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from optimiser.bench.converters.network import Demand, Faults, Link, PublicNetwork
from optimiser.problem.errors import EnvironmentFault

type Coordinates = Literal["auto", "degrees", "plane"]

EARTH_M = 6_371_000.0
"""Mean radius of the earth."""
PLANE_M = 1_000.0
"""Metres of one unit of plane coordinates."""

_TOKEN = re.compile(r"[()]|[^\s(),]+")
_SECTIONS = ("META", "NODES", "LINKS", "DEMANDS", "ADMISSIBLE_PATHS")


@dataclass(slots=True)
class Draft:
    """What has been read of a file so far: ids and values with the lines they stand on."""

    nodes: dict[str, tuple[float, float]] = field(default_factory=dict)
    links: list[tuple[int, str, str, str, float]] = field(default_factory=list)
    demands: list[tuple[int, str, str, float]] = field(default_factory=list)
    geographic: bool | None = None


def read(path: Path, *, coordinates: Coordinates = "auto") -> PublicNetwork:
    """Read a network with its demands.

    Parameters
    ----------
    path
        A native file (`*.txt`) or an XML file, told apart by the first letter.
    coordinates
        `degrees`: longitude and latitude, lengths on the sphere; `plane`: lengths are 1,000 m a unit;
        `auto`: what the file says, else degrees where all fit.

    Returns
    -------
    PublicNetwork
        Every link both ways; its measure is the length in metres, its cost the set-up cost, else the cost of
        its first module, else the length in kilometres.

    Raises
    ------
    ProblemError
        With every fault of the file and its line.
    EnvironmentFault
        When the file cannot be opened.
    """
    try:
        content = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise EnvironmentFault(
            f"cannot be read ({error.strerror})", where=str(path), remedy="Check the path."
        ) from error
    faults = Faults(str(path))
    if content.lstrip("\ufeff \t\r\n").startswith("<"):
        from optimiser.bench.converters.sndlib_xml import read_xml

        draft = read_xml(content, faults)
    else:
        draft = _read_native(content, faults)
    return _network(path.stem, draft, faults, coordinates)


def _network(name: str, draft: Draft, faults: Faults, coordinates: Coordinates) -> PublicNetwork:
    at = {node: position for position, node in enumerate(draft.nodes)}
    seen: set[str] = set()
    for line, link, a, b, _ in draft.links:
        _check_ends(line, f"link {link}", a, b, at, faults)
        if link in seen:
            faults.add(line, f"link {link!r} stands twice")
        seen.add(link)
    for line, a, b, _ in draft.demands:
        _check_ends(line, "demand", a, b, at, faults)
    if not draft.links:
        faults.add(0, "there is no link")
    faults.refuse()
    places = list(draft.nodes.values())
    fits = all(abs(x) <= 180 and abs(y) <= 90 for x, y in places)
    said = fits if draft.geographic is None else draft.geographic
    degrees = said if coordinates == "auto" else coordinates == "degrees"
    links = []
    for _, link, a, b, cost in draft.links:
        metres = _metres(draft.nodes[a], draft.nodes[b], degrees=degrees)
        price = cost or metres / 1_000
        links += [Link(link, at[a], at[b], metres, price), Link(link, at[b], at[a], metres, price)]
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


def _read_native(content: str, faults: Faults) -> Draft:
    """Read sections `NAME ( ... )`; an entry of a section is the text of one line."""
    draft = Draft()
    section, depth = "", 0
    for line, tokens in _token_lines(content):
        before, depth = depth, depth + tokens.count("(") - tokens.count(")")
        if before == 0:
            section = tokens[0]
            if section not in _SECTIONS or tokens[1:] not in (["("], ["(", ")"]):
                faults.add(line, f"{' '.join(tokens)!r} is not the head of a section")
        elif before == depth == 1:
            _entry(section, line, tokens, draft, faults)
        if depth < 0:
            faults.add(line, "a parenthesis closes that was not opened")
            depth = 0
    if depth:
        faults.add(0, f"the section {section} does not end")
    return draft


def _token_lines(content: str) -> Iterator[tuple[int, list[str]]]:
    for line, text in enumerate(content.splitlines(), 1):
        said = text.lstrip("\ufeff").split("#")[0].strip()
        if said and not said.startswith("?"):
            yield line, _TOKEN.findall(said)


def _entry(section: str, line: int, tokens: list[str], draft: Draft, faults: Faults) -> None:
    if section == "NODES":
        _native_node(line, tokens, draft, faults)
    elif section == "LINKS":
        _native_link(line, tokens, draft, faults)
    elif section == "DEMANDS":
        _native_demand(line, tokens, draft, faults)


def _native_node(line: int, tokens: list[str], draft: Draft, faults: Faults) -> None:
    """Read `ID ( x y )`."""
    if len(tokens) != 5 or (tokens[1], tokens[4]) != ("(", ")"):
        faults.add(line, f"a node is ID ( x y ), not {' '.join(tokens)!r}")
        return
    add_node(line, tokens[0], tokens[2], tokens[3], draft, faults)


def _native_link(line: int, tokens: list[str], draft: Draft, faults: Faults) -> None:
    """Read `ID ( a b ) installed installed-cost routing-cost set-up-cost ( capacity cost ... )`."""
    whole = len(tokens) >= 11 and (tokens[1], tokens[4], tokens[9], tokens[-1]) == ("(", ")", "(", ")")
    if not whole or len(tokens) % 2 == 0:
        faults.add(line, f"a link is ID ( a b ) four numbers ( modules ), not {' '.join(tokens)!r}")
        return
    names = ("installed capacity", "its cost", "routing cost", "set-up cost")
    numbers = [faults.number(line, t, name) for t, name in zip(tokens[5:9], names, strict=True)]
    modules = [faults.number(line, token, "module") for token in tokens[10:-1]]
    draft.links.append((line, tokens[0], tokens[2], tokens[3], numbers[3] or _first(modules[1::2])))


def _first(values: list[float]) -> float:
    return values[0] if values else 0.0


def _native_demand(line: int, tokens: list[str], draft: Draft, faults: Faults) -> None:
    """Read `ID ( a b ) unit value longest`."""
    if len(tokens) != 8 or (tokens[1], tokens[4]) != ("(", ")"):
        faults.add(line, f"a demand is ID ( a b ) unit value longest, not {' '.join(tokens)!r}")
        return
    draft.demands.append((line, tokens[2], tokens[3], faults.number(line, tokens[6], "demand")))


def add_node(line: int, name: str, x: str, y: str, draft: Draft, faults: Faults) -> None:
    """Take a node; a second one of the same id is a fault.

    Parameters
    ----------
    line
        Where it stands.
    name
        Its id.
    x, y
        Text of its coordinates.
    draft
        Takes it.
    faults
        Takes what is wrong with it.
    """
    if name in draft.nodes:
        faults.add(line, f"node {name!r} stands twice")
    far = -(2.0**53)
    draft.nodes[name] = (
        faults.number(line, x, "x of a node", least=far),
        faults.number(line, y, "y of a node", least=far),
    )
