"""Show tables and maps in notebooks, with every name of the data escaped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from optimiser.report import files, page, wording
from optimiser.report.inputs import ReportInput

MOST_ROWS = 30
"""Rows of a table that are shown; the rest is counted."""


def heading(words: str, *lines: str) -> str:
    """Return a heading and lines of text as HTML."""
    return "".join((f"<h4>{escape(words)}</h4>", *(f"<p>{escape(line)}</p>" for line in lines)))


def table(frame: pd.DataFrame, *, columns: Mapping[str, str] | None = None, most: int = MOST_ROWS) -> str:
    """Return a table as HTML, names escaped and numbers with thousands separated.

    Parameters
    ----------
    frame
        Any table; geometry is left out.
    columns
        Columns to show, and their headings; None: all, under their own names.
    most
        Rows to show.
    """
    names = (
        {str(name): str(name) for name in frame.columns if name != "geometry"} if columns is None else columns
    )
    known = {name: words for name, words in names.items() if name in frame.columns}
    head = "".join(f"<th>{escape(words)}</th>" for words in known.values())
    shown = frame.head(most)
    rows = [
        "".join(_cell(value) for value in row)
        for row in zip(*(shown[name].tolist() for name in known), strict=True)
    ]
    body = "".join(f"<tr>{cells}</tr>" for cells in rows)
    more = f"<p>and {len(frame) - most:,} more</p>" if len(frame) > most else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _cell(value: object) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"<td>{escape(_text(value))}</td>" if not is_number else f'<td align="right">{_text(value)}</td>'


def _text(value: Any) -> str:  # noqa: ANN401 - any cell of a table
    if isinstance(value, tuple | list):
        return ", ".join(map(_text, value))
    if value is None or value is pd.NA or (isinstance(value, float) and pd.isna(value)):
        return wording.NONE
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True, slots=True)
class MapView:
    """A map to pan and zoom, as a page of its own that fetches nothing.

    A notebook shows it in a frame without rights beyond its own two scripts, whose hashes its policy names;
    names of the data enter as escaped text and as JSON alone.

    Attributes
    ----------
    html
        The page.
    """

    html: str

    @classmethod
    def of(cls, report: ReportInput, *, title: str = "") -> MapView:
        """Draw the map of a plan under a title; empty: its headline."""
        return cls(page.render_map(report, title=title))

    def save(self, path: str | Path) -> Path:
        """Write the page to a file, whole or not at all."""
        return files.write_text(Path(path), self.html)

    def _repr_html_(self) -> str:
        """Return the map in a frame, for a notebook."""
        return (
            f'<iframe sandbox="allow-scripts" srcdoc="{escape(self.html)}" width="100%" height="640" '
            'style="border:0" title="Map of the plan"></iframe>'
        )
