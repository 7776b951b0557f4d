"""Read the XML form of SNDlib networks, with the line of every fault."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from optimiser.bench.converters.network import Faults
from optimiser.bench.converters.sndlib import Draft, add_node

_HOLDERS = ("node", "link", "demand")


@dataclass(slots=True)
class _Open:
    """The node, link or demand that is being read: its line, its id and the texts inside."""

    kind: str
    line: int
    id: str
    texts: dict[str, list[str]] = field(default_factory=dict)

    def first(self, name: str) -> str:
        """Return the first text of an element, empty where there is none."""
        return self.texts.get(name, [""])[0]


class _Reader:
    def __init__(self, draft: Draft, faults: Faults) -> None:
        self._draft = draft
        self._faults = faults
        self._open: _Open | None = None
        self._text: list[str] = []
        self._inside: list[str] = []
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text.append
        self.parser.StartDoctypeDeclHandler = self._doctype

    def _doctype(self, *_: object) -> None:
        """Refuse a document type: entities can make a small file a huge one."""
        raise ValueError("a document type declaration is not read")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        line = self.parser.CurrentLineNumber
        self._inside.append(tag)
        self._text.clear()
        if tag == "nodes" and "coordinatesType" in attributes:
            self._draft.geographic = attributes["coordinatesType"] == "geographical"
        if tag in _HOLDERS and self._inside[-2:-1] in (["nodes"], ["links"], ["demands"]):
            self._open = _Open(tag, line, attributes.get("id", ""))
            if not self._open.id:
                self._faults.add(line, f"a {tag} has no id")

    def _end(self, name: str) -> None:
        tag = name.rpartition(":")[2]
        path = "/".join(self._inside)
        self._inside.pop()
        if self._open is None:
            return
        if tag == self._open.kind and path.endswith(f"s/{tag}"):
            self._take(self._open)
            self._open = None
        else:
            key = "module" if path.endswith("additionalModules/addModule/cost") else tag
            if key != "cost":
                self._open.texts.setdefault(key, []).append("".join(self._text).strip())
            self._text.clear()

    def _take(self, one: _Open) -> None:
        if one.kind == "node":
            add_node(one.line, one.id, one.first("x"), one.first("y"), self._draft, self._faults)
            return
        ends = one.first("source"), one.first("target")
        if not all(ends):
            self._faults.add(one.line, f"the {one.kind} {one.id!r} lacks its source or target")
            return
        if one.kind == "link":
            cost = self._number(one, "setupCost") or self._number(one, "module")
            self._draft.links.append((one.line, one.id, *ends, cost))
        else:
            value = self._faults.number(one.line, one.first("demandValue"), "demand value")
            self._draft.demands.append((one.line, *ends, value))

    def _number(self, one: _Open, name: str) -> float:
        text = one.first(name)
        return self._faults.number(one.line, text, name) if text else 0.0


def read_xml(content: str, faults: Faults) -> Draft:
    """Read the text of an XML file.

    Parameters
    ----------
    content
        The text.
    faults
        Takes what is wrong with it; a fault of the XML itself ends the reading.

    Returns
    -------
    Draft
        What it holds.
    """
    draft = Draft()
    reader = _Reader(draft, faults)
    try:
        reader.parser.Parse(content.lstrip("\ufeff \t\r\n"), True)
    except (expat.ExpatError, ValueError) as fault:
        faults.add(reader.parser.CurrentLineNumber, f"not well-formed: {fault}")
    return draft
