"""Fill the templates of pages that need no network, and show tables and views in notebooks."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from optimiser.report import plots, wording

if TYPE_CHECKING:
    from ipywidgets import VBox

ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
"""Characters that would end or disturb a script block, written so that only JSON sees them."""

MOST_ROWS = 30
"""Rows of a table that a notebook shows; the rest is counted."""


def render(
    template: str,
    values: Mapping[str, Any],
    *,
    pictures: Mapping[str, bytes] | None = None,
    scripts: Sequence[str] = (),
    data: Mapping[str, Any] | None = None,
) -> str:
    """Return a page as text, whole in itself: style, pictures, scripts and their data are part of it.

    Names of the data enter it in two ways only: as text that the template engine escapes, and as JSON in
    blocks that are no script. The policy of the page runs no script but those whose hashes it names, and
    fetches nothing.

    Parameters
    ----------
    template
        Name of its template.
    values
        What the template shows.
    pictures
        PNG images, which the template finds as `pictures`.
    scripts
        Text of each script.
    data
        What the scripts read, by the id of its block.
    """
    images = {
        name: f"data:image/png;base64,{base64.b64encode(image).decode()}"
        for name, image in (pictures or {}).items()
    }
    return filled(
        template,
        {
            "policy": _policy(scripts),
            "style": Markup(text_of("report.css")),  # noqa: S704 - a file of this package
            "palette": _palette(),
            "pictures": images,
            "scripts": [Markup(script) for script in scripts],  # noqa: S704 - files of this package and of Bokeh
            "blocks": {name: Markup(as_json(value)) for name, value in (data or {}).items()},  # noqa: S704 - escaped
            **values,
        },
    )


def filled(template: str, values: Mapping[str, Any]) -> str:
    """Return a template with values filled in; all text is escaped for HTML and XML."""
    return _templates().get_template(template).render(values)


def as_json(value: object) -> str:
    """Return JSON that may stand inside an HTML page: no <, > or & is left in it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(ESCAPES)


@cache
def _templates() -> Environment:
    """Return the pages, `*.html`, and a part for each section, `sections/*.html`; words are their filters."""
    environment = Environment(
        loader=PackageLoader("optimiser.report", "data"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    for name in ("clock", "clock_of_minutes", "integer", "people", "percent", "share", "gap", "kind"):
        environment.filters[name] = getattr(wording, name)
    environment.filters |= {
        "link": wording.link_name,
        "names": wording.join_names,
        "tier": plots.tier_name,
        "category": lambda row: plots.category(mode=row["mode"], kind=row["kind"]),
    }
    environment.tests["known"] = lambda value: value is not None and not pd.isna(value)
    return environment


def text_of(name: str) -> str:
    """Return a style sheet or script of this package."""
    return resources.files("optimiser.report").joinpath("data", name).read_text(encoding="utf-8")


def _policy(scripts: Sequence[str]) -> str:
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
    parts = (
        "default-src 'none'",
        f"script-src {allowed}",
        "style-src 'unsafe-inline'",
        "img-src data: blob:",
        "font-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    )
    return "; ".join(parts)


def _palette() -> list[tuple[str, str, str]]:
    """Return name, light and dark colour of everything on the map, for the style sheet."""
    strokes = {
        **plots.NETWORK,
        **{f"proposed-{name}": stroke for name, stroke in plots.proposals().items()},
        **{f"ring-{mode}": stroke for mode, stroke in plots.RINGS.items()},
        **{f"known-{place}": stroke for place, stroke in enumerate(plots.KNOWN_RINGS)},
    }
    fixed = [("halo", plots.HALO)]
    for name, shades in (("within", plots.WITHIN), ("beyond", plots.BEYOND)):
        fixed += zip((f"{name}-short", f"{name}-long"), shades, strict=True)
    drawn = [(name.replace("_", "-"), stroke.colour, stroke.dark) for name, stroke in strokes.items()]
    return [*drawn, *((name, colour, colour) for name, colour in fixed)]


# ---- notebooks


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
