"""Find the line on which each key of a TOML text stands."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

_HEADER = re.compile(r"^\s*\[{1,2}\s*([^\[\]#]+?)\s*\]{1,2}\s*(?:#.*)?$")
_KEY = re.compile(
    r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_MARK = re.compile(r'"""|\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[\[\]{}]')

Path = tuple[str, ...]

MAX_DEPTH = 16
"""Nesting of brackets beyond which a job file is refused."""
_OUTSIDE = (0, "")
"""No bracket and no long string is open."""


def depth(text: str) -> int:
    """Return how deep brackets and braces are nested in a TOML text.

    Parameters
    ----------
    text
        The TOML text; it need not be valid.

    Returns
    -------
    int
        Largest number of brackets open at once outside strings and comments.
    """
    state, deepest = _OUTSIDE, 0
    for line in text.split("\n"):
        states = _states(line, state)
        deepest, state = max(deepest, max(states)[0]), states[-1]
    return deepest


def positions(text: str) -> Mapping[Path, int]:
    """Return the line, counted from 1, of every table header and key.

    Parameters
    ----------
    text
        A TOML text.

    Returns
    -------
    Mapping
        From the path of a key, such as `("budget", "share")`, to its line; the second of several tables of
        one name is `("rings", "1")`, a table inside it `("rings", "1", "name")`; keys inside inline tables
        are not listed, their table is.
    """
    found: dict[Path, int] = {}
    table: Path = ()
    counts: Counter[Path] = Counter()
    for number, line in _statements(text):
        header = _HEADER.match(line)
        if header:
            table = _numbered(_split(header.group(1)), counts)
            if line.lstrip().startswith("[["):
                found.setdefault(table, number)
                table = (*table, str(counts[table]))
                counts[table[:-1]] += 1
            found.setdefault(table, number)
            continue
        key = _KEY.match(line)
        if key:
            path = table + _split(key.group(1))
            found.setdefault(path, number)
            for end in range(len(table) + 1, len(path)):
                found.setdefault(path[:end], number)
    return found


def _numbered(table: Path, counts: Counter[Path]) -> Path:
    """Return the path of a table; inside the last of several tables of one name, with its number."""
    found: Path = ()
    for name in table[:-1]:
        found = (*found, name)
        if counts[found]:
            found = (*found, str(counts[found] - 1))
    return (*found, table[-1])


def line_of(path: Path, lines: Mapping[Path, int]) -> int | None:
    """Return the line of a key, or of the nearest table round it.

    Parameters
    ----------
    path
        Path of the key.
    lines
        What `positions` returned.

    Returns
    -------
    int or None
        The line from 1; None where neither the key nor a table round it is written in the text.
    """
    for end in range(len(path), 0, -1):
        if path[:end] in lines:
            return lines[path[:end]]
    return None


def _split(dotted: str) -> Path:
    parts = re.findall(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""", dotted)
    return tuple(part.strip("\"'") for part in parts)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that begin a statement, with their number from 1."""
    state = _OUTSIDE
    for number, line in enumerate(text.split("\n"), start=1):
        if state == _OUTSIDE:
            yield number, line
        state = _states(line, state)[-1]


def _states(line: str, state: tuple[int, str]) -> list[tuple[int, str]]:
    """Return how many brackets and which quotation mark are open, at first and after each mark of a line."""
    level, quote = state
    found = [state]
    for match in _MARK.finditer(line):
        mark = match.group()
        if quote:
            quote = "" if mark == quote else quote
        elif mark in {'"""', "'''"}:
            quote = mark
        elif mark in "[]{}":
            level = max(0, level + (1 if mark in "[{" else -1))
        found.append((level, quote))
    return found
