"""Build pages that need no network: those of a plan, a frontier and a map, and what notebooks show."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from html import escape
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from optimiser.job.sections import slug
from optimiser.measures import coverage
from optimiser.problem.errors import install_extra, listed
from optimiser.problem.jsonfile import write_atomically
from optimiser.report import answer, measure_sections, plots, ring_section, sentences, tables, webmap, wording
from optimiser.report.inputs import ReportInput

if TYPE_CHECKING:
    from ipywidgets import VBox

ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
"""Characters that would end or disturb a script block, written so that only JSON sees them."""

WORDS = (
    "capitalised", "clock", "clock_of_minutes", "gap", "integer", "kind", "money", "people", "percent",
    "share", "short_hours",
)  # fmt: skip
"""Functions of `wording` that are filters of the templates."""

MOST_IDLE = 60
"""Candidates that are not built, of which the page tells; all are in `candidates.csv`."""
MOST_ROWS = 30
"""Rows of a table that a notebook shows; the rest is counted."""


def compose(
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
    return filled(
        template,
        {
            "policy": _policy(scripts),
            "style": Markup(text_of("report.css")),  # noqa: S704 - a file of this package
            "palette": _palette(),
            "pictures": {
                name: f"data:image/png;base64,{base64.b64encode(image).decode()}"
                for name, image in (pictures or {}).items()
            },
            "scripts": [Markup(script) for script in scripts],  # noqa: S704 - files of this package and of Bokeh
            "blocks": {name: Markup(as_json(value)) for name, value in (data or {}).items()},  # noqa: S704 - escaped
            **values,
        },
    )


def write_study(path: Path, values: Mapping[str, Any], pictures: Mapping[str, Path]) -> Path:
    """Write the page of a study, whole or not at all: that of the template of its name, with its pictures."""
    images = {name: picture.read_bytes() for name, picture in pictures.items()}
    return write_atomically(path, compose(path.name, values, pictures=images))


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
    for name in WORDS:
        environment.filters[name] = getattr(wording, name)
    environment.filters |= {
        "link": wording.link_name,
        "tier": plots.tier_name,
        "line_class": lambda name: wording.WORDS["line_classes"].get(name, name),
        "category": lambda row: plots.category(mode=row["mode"], kind=row["kind"]),
    }
    environment.filters["headings"] = lambda text: re.findall(r'<h2 id="([^"]+)">([^<]+)</h2>', text)
    environment.tests["known"] = wording.is_known
    return environment


def text_of(name: str) -> str:
    """Return a style sheet or script of this package."""
    return resources.files("optimiser.report").joinpath("data", name).read_text(encoding="utf-8")


def _policy(scripts: Sequence[str]) -> str:
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
    styles = "style-src 'unsafe-inline'; img-src data: blob:; font-src data:"
    return f"default-src 'none'; script-src {allowed}; {styles}; base-uri 'none'; form-action 'none'"


def _palette() -> list[tuple[str, str, str]]:
    """Return name, light and dark colour of everything on the map, for the style sheet."""
    strokes = {
        **plots.NETWORK,
        **{f"proposed-{name}": stroke for name, stroke in plots.ON_MAPS.items()},
        **{f"ring-{mode}": stroke for mode, stroke in plots.RINGS.items()},
        **{f"known-{place}": stroke for place, stroke in enumerate(plots.KNOWN_RINGS)},
    }
    fixed = [("halo", plots.HALO)]
    tiers = [
        (f"tier-{name}", colour, plots.TIER_LINES_DARK[name]) for name, colour in plots.TIER_LINES.items()
    ]
    for name, shades in (("within", plots.WITHIN), ("beyond", plots.BEYOND)):
        fixed += zip((f"{name}-short", f"{name}-long"), shades, strict=True)
    drawn = [(name.replace("_", "-"), stroke.colour, stroke.dark) for name, stroke in strokes.items()]
    return [*drawn, *tiers, *((name, colour, colour) for name, colour in fixed)]


# ---- plans and frontiers

type Row = dict[Hashable, Any]
"""A row of a table, by column."""


def write(report: ReportInput, path: Path, *, picture: Path | None = None) -> Path:
    """Write the page, whole or not at all.

    Parameters
    ----------
    report
        What to show.
    path
        The ``.html`` file.
    picture
        PNG file with the curve of a frontier, which its page contains: one with `points`.
    """
    return write_atomically(path, render(report, picture=picture))


def render(report: ReportInput, *, picture: Path | None = None) -> str:
    """Return the page as text; `picture` as in `write`."""
    if picture is not None:
        values = {
            "title": f"{report.region}: what each sum of money buys",
            "definition": sentences.definition(report),
            "links": _rows(report.links),
            "weights": [report.pairs["weight"].iloc[list(one.covered)].sum() for one in report.points],
            **_map_context(report),
        }
        return _rendered("frontier.html", report, values, {"frontier": picture.read_bytes()})
    cases = report.cases
    pictures = {} if cases is None or cases.table.empty else {"cases": plots.png(cases.plot(), dpi=110)}
    return _rendered("report.html", report, context(report), pictures)


def _rendered(
    template: str, report: ReportInput, values: dict[str, Any], pictures: dict[str, bytes] | None = None
) -> str:
    from bokeh.embed import json_item

    data = {"map-data": json_item(webmap.draw(report)), "page-data": webmap.gather(report)}
    scripts = [_bokeh_script(), *map(text_of, ("exploring.js", "curve.js", "report.js"))]
    values = {"report": report, "layers": webmap.layers(report), "alone": True, **values}
    return compose(template, values, pictures=pictures, scripts=scripts, data=data)


@cache
def _bokeh_script() -> str:
    from bokeh.resources import Resources

    # The library itself, without the call that sets its log level: that call writes to the console.
    return str(Resources(mode="inline", components=["bokeh"], minified=True).js_raw[0]).replace("\r\n", "\n")


def context(report: ReportInput) -> dict[str, Any]:
    """Return the variables of the page's template."""
    pairs, full, rows = report.pairs, report.capacities, _links(report)
    assumed = pd.DataFrame() if report.sensitivity is None else report.sensitivity
    cities = coverage.by_city(report.cities, pairs)
    columns = [str(name).rsplit(" ", 1)[0] for name in assumed.columns if name != "case"]
    return {
        "title": f"{report.region}: {answer.sentence(report)}",
        "answer": answer.sentence(report),
        "definition": sentences.definition(report),
        "proof": sentences.proof(report),
        "people_gaining": coverage.people_gaining(report.cities, pairs),
        "links": rows,
        "packages": _packages(report, rows),
        "most_links": sentences.MOST_LINKS,
        "idle": _idle(report),
        "per_person_unit": wording.per_person(report.money)[1],
        "tiers": _rows(coverage.by_group(pairs)),
        "cities": _rows(
            cities.assign(local=plots.local_names(cities), row=range(len(cities))).sort_values("name")
        ),
        "merged": report.merged,
        "new_pairs": pair_rows(report, coverage.newly_covered(pairs)),
        "beyond": pair_rows(report, coverage.still_beyond(pairs)),
        "meaning": sentences.meaning(report),
        "certificate": sentences.certificate(report),
        "sensitivity": _rows(assumed),
        "groups": coverage.groups_in_order(columns),
        "out_of_reach": sentences.out_of_reach(report),
        "rests_on": [*sentences.rests_on(report), *sentences.measures(report)],
        "gaining": sentences.gaining(report),
        "needs": sentences.needs(report),
        "near_limit": sentences.near_limit(report),
        "fairness": list(sentences.fairness(report.fairness)),
        "fairness_rows": [] if report.fairness is None else fairness_rows(report.fairness),
        "full_sections": [] if full is None else _rows(full[full["kept_out"] > 0]),
        **measure_sections.sections(report),
        **_map_context(report),
        "alone": False,
    }


def _rows(table: pd.DataFrame) -> list[Row]:
    return table.to_dict("records")


def _map_context(report: ReportInput) -> dict[str, Any]:
    """Return the variables of the section with the map."""
    categories = set(plots.categories(report.links))
    counts = {row["group"]: int(row["pairs"]) for row in _rows(coverage.by_group(report.pairs))}
    return {
        "limit": wording.short_hours(report.limit_s),
        "categories": [(name, stroke.name) for name, stroke in plots.ON_MAPS.items() if name in categories],
        "rings": ring_section.section(report, circuits := webmap.circuits(report)),
        "existing_rings": ring_section.existing(report.existing_rings),
        "rings_use": report.ring_use and ring_section.use_rows(report.ring_use, report.ring_use.plan),
        "of_use": next((ring.use.facts for ring in circuits if ring.use is not None), None),
        "cases": None if report.cases is None else report.cases.section(report.links),
        "choices": {
            plan.rings: ""
            if plan.best_at is None
            else f"{answer.ring_names(report, plan)}, best for {report.money_of(plan.best_at)}"
            for plan in report.plans
        },
        "pairs_by_tier": {"all": counts.pop("all"), **counts},
    }


def _links(report: ReportInput) -> list[Row]:
    """Return the links of all plans, each with what the page says of it beyond its columns."""
    cases = report.cases
    return [
        row
        | {
            "speed": row.get("speed_kmh"),
            "today": _in_words(row.get("today")),
            "setting": "; ".join(
                f"{100 * share:.0f} % {where}"
                for where, share in (
                    (f"beside {row.get('beside')}", row.get("beside_share", 0.0)),
                    ("in towns", row.get("town_share", 0.0)),
                )
                if row["mode"] == "road" and share >= 0.005
            )
            or _trips(row),
            "replaces": _in_words(row.get("replaces")),
            "minutes": {
                state: wording.clock(seconds) if wording.is_known(seconds) else wording.NONE
                for state, seconds in (("before", row.get("today_s")), ("after", row.get("with_s")))
            },
            "part": place,
            "commands": report.is_of_job
            and list(commands(row["candidate_id"], is_built=place < len(report.links))),
        }
        | (
            {}
            if cases is None
            else {
                "chosen": cases.counted(name),
                "is_core": cases.is_core(name),
                "open": sum(name in solved["built"] for solved in cases.unsettled),
                "verdict": cases.verdict(name),
                "dropped": "; ".join(cases.dropped_in(name)),
            }
        )
        for place, row in enumerate(_rows(webmap.every_link(report)))
        for name in [row["candidate_id"]]
    ]


def _idle(report: ReportInput) -> list[dict[str, Any]]:
    """Return the first of the candidates that the plan leaves out, with the pairs that each would add."""
    pairs, names = report.pairs[["origin", "destination"]], report.cities["name"].tolist()
    return [
        {
            **row,
            "count": len(row["adds"]),
            "pairs": listed(
                [" – ".join(names[end] for end in pairs.iloc[pair]) for pair in row["adds"]], 6, "; "
            ),
            "commands": list(commands(row["candidate_id"], is_built=False)) if report.is_of_job else [],
        }
        for row in report.idle[:MOST_IDLE]
    ]


def _in_words(roads: str | None) -> str:
    """Return a list of roads with words for those that have no number; nothing without one."""
    words = wording.WORDS["road_classes"]
    return re.sub(rf"\b({'|'.join(words)})(?= \d)", lambda found: words[found[1]], roads or "")


def commands(candidate_id: str, *, is_built: bool) -> Iterator[tuple[str, str]]:
    """Yield commands about a proposal, for a terminal in the run folder, each after what it does."""
    words, keys = wording.WORDS["commands"], {"without": "fixed_out", "with": "fixed_in"}
    yield words["why" if is_built else "why_not"], f"polyring explain . {shlex.quote(candidate_id)}"
    for what in keys if is_built else ["with"]:
        setting = shlex.quote(f"candidates.{keys[what]}=[{json.dumps(candidate_id)}]")
        yield words[what], f"polyring run job.toml --set {setting} --out ../{slug(f'{what} {candidate_id}')}"


def _packages(report: ReportInput, rows: Sequence[Row]) -> list[tuple[str, list[Row], list[int]]]:
    """Return the rows of the links of all plans by package, and of a ring the circuits that it may have."""
    circuits = webmap.circuits(report)
    names = [
        row["package"] if wording.is_known(row["package"]) else tables.package(row, circuits) for row in rows
    ]
    found = tables.packages(webmap.every_link(report).assign(package=names))
    places = {
        f"ring {ring.id}": [at for at, one in enumerate(circuits) if one.id == ring.id] for ring in circuits
    }
    return [
        (ring_section.package_title(name, circuits), [rows[at] for at in links.index], places.get(name, []))
        for name, links in found
    ]


def _trips(row: Row) -> str:
    """Say how many trips are expected on the seats of a proposal; nothing where it adds no trains."""
    if not row.get("seats_a_day"):
        return ""
    trips, seats = (wording.integer(row[name]) for name in ("trips_a_day", "seats_a_day"))
    return f"{trips} trips a day expected on {seats} seats, {100 * row['seats_filled']:.0f} % filled"


def pair_rows(report: ReportInput, pairs: pd.DataFrame) -> list[Row]:
    """Return some pairs with their names and the ranks of the links on the path.

    Parameters
    ----------
    report
        Source of names and ranks.
    pairs
        Rows of its pairs.
    """
    names = report.cities["name"].astype(str).to_numpy()
    ranks = report.ranks
    return [
        row
        | {
            "pair": f"{names[row['origin']]} – {names[row['destination']]}",
            "via": sorted(ranks[name] for name in row["links"] if name in ranks),
        }
        for row in _rows(pairs)
    ]


def fairness_rows(found: coverage.Fairness) -> list[dict[str, str]]:
    """Return one row a tier, and one for all, of the table of fairness; every cell is text."""
    parts = ("coverable", "today", "plan", "free")
    sums = {part: sum(getattr(tier, part) for tier in found.tiers) for part in parts}
    return [
        {
            "tier": tier.tier,
            "gained": f"{tier.gained:+,}",
            **{
                part: f"{wording.integer(weight)} ({wording.share_of(weight, tier.coverable)})"
                for part in ("today", "free", "plan")
                for weight in [getattr(tier, part)]
            },
        }
        for tier in (*found.tiers, coverage.TierPrice("all", **sums))
    ]


# ---- notebooks


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
        """Draw the map of a plan under a title; empty: the sentence of its page."""
        title = title or f"{report.region}: {answer.sentence(report)}"
        return cls(_rendered("map.html", report, {"title": title, **_map_context(report)}))

    def save(self, path: str | Path) -> Path:
        """Write the page to a file, whole or not at all."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        return write_atomically(Path(path), self.html)

    def __repr__(self) -> str:
        """Return the size in one line."""
        return f"<MapView of {len(self.html):,} letters; save() writes it>"

    def _repr_html_(self) -> str:
        """Return the map in a frame, for a notebook."""
        return (
            f'<iframe sandbox="allow-scripts" srcdoc="{escape(self.html)}" width="100%" height="640" '
            'style="border:0" title="Map of the plan"></iframe>'
        )


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
    rows = zip(*(shown[name].tolist() for name in known), strict=True)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    more = f"<p>and {len(frame) - most:,} more</p>" if len(frame) > most else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _cell(value: object) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"<td{' align="right"' if is_number else ''}>{escape(_text(value))}</td>"


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


def views(shown: Mapping[str, Any]) -> Views:
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
        f"{what} needs the package {fault.name}, which is not installed. "
        f"{install_extra('explore')} {otherwise}",
        name=fault.name,
    )
