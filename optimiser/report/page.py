"""Write the plan as one page that needs no network."""

from __future__ import annotations

import base64
import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from optimiser.report import atomic, facts, ring_page, style, webmap
from optimiser.report.inputs import ReportInput

ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
"""What would end or disturb a script block, written so that only JSON sees it."""


def write(report: ReportInput, path: Path) -> Path:
    """Write the page, whole or not at all.

    Parameters
    ----------
    report
        What to show.
    path
        The ``.html`` file.
    """
    return atomic.write_text(path, render(report))


def render(report: ReportInput) -> str:
    """Return the page as text.

    Names from OpenStreetMap enter it in two ways only: as text that the template engine escapes, and as JSON
    in a block that is no script. The policy of the page runs no script but the two whose hashes it names, and
    fetches nothing.

    Parameters
    ----------
    report
        What to show.
    """
    scripts = [_bokeh_script(), _data("report.js")]
    return (
        _templates()
        .get_template("report.html")
        .render(
            policy=_policy(scripts),
            style=Markup(_data("report.css")),  # noqa: S704 - a file of this package
            scripts=[Markup(script) for script in scripts],  # noqa: S704 - files of this package and of Bokeh
            map_json=Markup(as_json(_map_item(report))),  # noqa: S704 - every < > & is escaped
            layers=webmap.layers(report),
            palette=_palette(),
            **facts.gather(report),
        )
    )


def as_json(value: object) -> str:
    """Return JSON that may stand inside an HTML page: no <, > or & is left in it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(ESCAPES)


def _templates() -> Environment:
    """Return the page's frame `report.html` and a part for each of its sections, `sections/*.html`."""
    return Environment(
        loader=PackageLoader("optimiser.report", "data"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _map_item(report: ReportInput) -> dict[str, Any]:
    from bokeh.embed import json_item

    return dict(json_item(webmap.draw(report)))


def _bokeh_script() -> str:
    from bokeh.resources import Resources

    scripts = Resources(mode="inline", components=["bokeh"], minified=True).js_raw
    return "\n".join(scripts).replace("\r\n", "\n")


def _data(name: str) -> str:
    return resources.files("optimiser.report").joinpath("data", name).read_text(encoding="utf-8")


def _policy(scripts: list[str]) -> str:
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
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
    proposals = {f"proposed-{name}": stroke for name, stroke in style.PROPOSALS.items()}
    strokes = {**style.NETWORK, **proposals}
    network = [(name.replace("_", "-"), stroke.colour, stroke.dark) for name, stroke in strokes.items()]
    return [*network, *ring_page.palette()]
