"""Show tables and maps in notebooks, with every name of the data escaped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from optimiser.report import files, page, wording
from optimiser.report.inputs import ReportInput

if TYPE_CHECKING:
    from ipywidgets import VBox

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


class Displayed(Protocol):
    """What a notebook shows as HTML, such as a run, a comparison, or a table."""

    def _repr_html_(self) -> str | None: ...


@dataclass(frozen=True)
class Views:
    """Several views; each opens at a click on its name, which needs no script.

    A notebook that is only read shows all of them so. `slider` is the same with ipywidgets, for a notebook
    that runs: readers of a stored widget would see nothing.

    Attributes
    ----------
    names
        Names of the views, in order.
    pages
        HTML of each; text of the data is escaped in it already.
    """

    names: tuple[str, ...]
    pages: tuple[str, ...]

    @cached_property
    def slider(self) -> VBox:
        """Return a slider over the names with the view below it.

        Raises
        ------
        ImportError
            When ipywidgets is not installed; it names the extra.
        """
        try:
            import ipywidgets
        except ImportError as fault:
            raise missing_extra("the slider", fault, "Without it each view opens at a click.") from fault
        options = [(name, at) for at, name in enumerate(self.names)]
        choice = ipywidgets.SelectionSlider(options=options, continuous_update=False)
        page = ipywidgets.HTML(self.pages[0])
        choice.observe(lambda change: setattr(page, "value", self.pages[change["new"]]), names="value")
        return ipywidgets.VBox([choice, page])

    def _repr_html_(self) -> str:
        """Return the views as parts that open at a click, the first one open."""
        return "".join(
            f"<details{'' if at else ' open'}><summary>{escape(name)}</summary>{page}</details>"
            for at, (name, page) in enumerate(zip(self.names, self.pages, strict=True))
        )

    def __repr__(self) -> str:
        """Return the names of the views."""
        return f"<Views {', '.join(self.names)}>"


def views(shown: Mapping[str, Displayed]) -> Views:
    """Show several results, one at a time, for example plans with more and more money.

    Parameters
    ----------
    shown
        What is shown under each name: whatever a notebook can show as HTML.

    Raises
    ------
    ValueError
        When there is nothing to show.
    """
    if not shown:
        raise ValueError("views() needs at least one result to show; name each: views({'half': half})")
    pages = [one._repr_html_() or escape(str(one)) for one in shown.values()]
    return Views(tuple(shown), tuple(pages))


def missing_extra(what: str, fault: ImportError, otherwise: str) -> ImportError:
    """Return the error of a function whose library comes with the extra `explore`.

    Parameters
    ----------
    what
        What was asked for.
    fault
        The error of the import.
    otherwise
        What works without it.
    """
    return ImportError(
        f"{what} needs the package {fault.name}, which is not installed. Install the extra: "
        f"pip install 'polyring[explore]'. {otherwise}",
        name=fault.name,
    )
