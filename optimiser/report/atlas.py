"""Show what the networks of several clusters do today: one table, and one page of small maps."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from optimiser.report import files, map_drawing, map_layers, page, style, wording

FORMAT = "polyring-atlas/1"
"""Format that `atlas.json` names."""

CENTRAL = "as assumed"
"""Name of the case without changes."""

MAP_INCHES, DPI = 4.2, 150
"""Longer side of a small map, and its dots per inch."""

DETAIL = 900
"""Bends smaller than the extent of the cities divided by this number are left out."""

MOST_LABELS = 7
"""Largest number of cities that a small map names."""


class Indicator(NamedTuple):
    """An indicator of a cluster: its words, and whether it is a share or a speed in km/h."""

    name: str
    unit: str
    meaning: str


INDICATORS = {
    "within_all": Indicator("Pairs within the limit", "share", "Share of all pairs of cities."),
    "within_core": Indicator("of core cities", "share", "Pairs of two core cities."),
    "within_secondary": Indicator(
        "of secondary cities", "share", "Pairs whose smaller city is of the secondary tier."
    ),
    "within_small": Indicator("of small cities", "share", "Pairs with a small city."),
    "within_express": Indicator(
        "With express trains",
        "share",
        "Share of all pairs if every express train that today's tracks allow ran, whatever it costs and "
        "whether or not the lines have room: an upper limit.",
    ),
    "express_gain": Indicator(
        "Gained by express trains", "share", "By how much that is more than today, in the same case."
    ),
    "dependence": Indicator(
        "Through the core",
        "share",
        "Weight of the pairs outside the core all of whose fastest routes run through it.",
    ),
    "independence": Indicator(
        "Independent of the core",
        "share",
        "Share of the pairs outside the core that a way without it joins in at most 1.25 times their "
        "fastest time.",
    ),
    "speed_kmh": Indicator(
        "Straight speed", "km/h", "Median over pairs of straight-line distance over time."
    ),
}
"""Indicators of a cluster, in the order of the table."""


@dataclass(frozen=True)
class ClusterFigures:
    """The figures of a cluster.

    Attributes
    ----------
    name, title
        Name of its files, and name for people.
    facts
        `country`, `cities`, `people`, `core` (names), `pairs`, `express_trains`, `notes`, `attribution`.
    tiers
        One row a tier of the smaller city, `all` last.
    cases
        `INDICATORS` of each case, as assumed first.
    picture
        PNG of its small map.
    fault
        Why it could not be measured; empty where it was.
    """

    name: str
    title: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    tiers: Sequence[Mapping[str, Any]] = ()
    cases: Sequence[Mapping[str, Any]] = ()
    picture: bytes = b""
    fault: str = ""

    def value(self, indicator: str) -> float | None:
        """Return an indicator as assumed; None where it has no meaning."""
        found: float | None = self.cases[0][indicator] if self.cases else None
        return found

    def band(self, indicator: str) -> tuple[float, float] | None:
        """Return the least and the largest value of an indicator over all cases."""
        values = [case[indicator] for case in self.cases if case[indicator] is not None]
        return (min(values), max(values)) if values else None


@dataclass(frozen=True)
class Atlas:
    """The figures of several clusters by the same rules.

    Attributes
    ----------
    clusters
        In the order of the file that states them.
    limit_s
        Time limit, seconds.
    stretch
        Stretch up to which a way without the core counts.
    """

    clusters: tuple[ClusterFigures, ...]
    limit_s: int
    stretch: float

    @property
    def measured(self) -> tuple[ClusterFigures, ...]:
        """Return the clusters that could be measured."""
        return tuple(one for one in self.clusters if not one.fault)

    @property
    def table(self) -> pd.DataFrame:
        """Return one row a cluster.

        Returns
        -------
        pandas.DataFrame
            `cluster`, `title`, `country`, `cities`, `people`, `core`, `pairs`, each of `INDICATORS` with its
            least and largest value over the cases (`<indicator>_low`, `<indicator>_high`), `fault`.
        """
        rows = []
        for one in self.clusters:
            facts = one.facts
            row: dict[str, Any] = {
                "cluster": one.name,
                "title": one.title,
                **{key: facts.get(key) for key in ("country", "cities", "people")},
                "core": "; ".join(facts.get("core", ())),
                "pairs": facts.get("pairs"),
            }
            for name in INDICATORS:
                low, high = one.band(name) or (None, None)
                row |= {name: one.value(name), f"{name}_low": low, f"{name}_high": high}
            rows.append({**row, "fault": one.fault.replace("\n", " ")})
        whole = dict.fromkeys(("cities", "people", "pairs"), "Int64")
        numbers = dict.fromkeys(
            [f"{name}{end}" for name in INDICATORS for end in ("", "_low", "_high")], "float64"
        )
        return pd.DataFrame(rows).astype({**whole, **numbers}).round(dict.fromkeys(numbers, 4))

    @property
    def cases(self) -> pd.DataFrame:
        """Return one row a cluster and case: `cluster`, `case`, and each of `INDICATORS`."""
        rows = [{"cluster": one.name, **case} for one in self.measured for case in one.cases]
        table = pd.DataFrame(rows, columns=["cluster", "case", *INDICATORS])
        return table.astype(dict.fromkeys(INDICATORS, "float64")).round(dict.fromkeys(INDICATORS, 4))

    @property
    def tiers(self) -> pd.DataFrame:
        """Return one row a cluster and tier of the smaller city, `all` last."""
        return pd.DataFrame([{"cluster": one.name, **row} for one in self.measured for row in one.tiers])


class SmallMap(NamedTuple):
    """What a small map shows: cities with the `share` of partners within the limit, roads and railways."""

    cities: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    rail: gpd.GeoDataFrame


def write(found: Atlas, folder: Path) -> None:
    """Write the tables, the small maps and the page of an atlas.

    Parameters
    ----------
    found
        The figures.
    folder
        Receives `atlas.html`, `clusters.csv`, `cases.csv`, `tiers.csv`, `atlas.json` and `maps/*.png`.
    """
    for name, table in (
        ("clusters", found.table),
        ("cases", found.cases),
        ("tiers", found.tiers),
    ):
        files.write_csv(table, folder / f"{name}.csv")
    maps = folder / "maps"
    maps.mkdir()
    for one in found.measured:
        (maps / f"{one.name}.png").write_bytes(one.picture)
    whole = {
        "format": FORMAT,
        "limit_s": found.limit_s,
        "stretch": found.stretch,
        "clusters": list(_plain(found)),
    }
    files.write_text(
        folder / "atlas.json", f"{json.dumps(whole, ensure_ascii=False, indent=1, allow_nan=False)}\n"
    )
    files.write_text(folder / "atlas.html", render(found))


def _plain(found: Atlas) -> Iterator[dict[str, Any]]:
    """Yield the figures of each cluster as plain values."""
    for one in found.clusters:
        values = {key: getattr(one, key) for key in ("name", "title", "facts", "tiers", "cases", "fault")}
        yield {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def render(found: Atlas) -> str:
    """Return the page of an atlas as text; it runs no script and fetches nothing."""
    variables = {
        "title": f"City clusters within {wording.short_hours(found.limit_s)}",
        "limit": wording.short_hours(found.limit_s),
        "indicators": INDICATORS,
        "rows": [_row(one) for one in found.clusters],
        "maps": [_map(one) for one in found.measured],
        "cases": _cases(found),
        "shades": [style.reach_colour(share) for share in np.linspace(0, 1, 5)],
        "notes": list(dict.fromkeys(note for one in found.measured for note in one.facts["notes"])),
        "attributions": list(dict.fromkeys(one.facts["attribution"] for one in found.measured)),
    }
    return page.render_still("atlas.html", variables)


def _row(one: ClusterFigures) -> dict[str, Any]:
    facts = one.facts
    return {
        "title": one.title,
        "name": one.name,
        "fault": one.fault,
        "cities": facts.get("cities"),
        "people": f"{facts['people'] / 1e6:.0f}" if facts else "",
        "core": ", ".join(facts.get("core", ())),
        "cells": [_cell(one, name) for name in INDICATORS] if facts else [],
    }


def _cell(one: ClusterFigures, name: str) -> dict[str, str]:
    """Return a value and its band in words."""
    value, band, unit = one.value(name), one.band(name), INDICATORS[name].unit
    if value is None or band is None:
        return {"value": wording.NONE, "band": ""}
    low, high = (_number(end, unit) for end in band)
    mark = " %" if unit == "share" else ""
    return {"value": f"{_number(value, unit)}{mark}", "band": f"{low} to {high}"}


def _number(value: float, unit: str) -> str:
    return f"{100 * value:.0f}" if unit == "share" else f"{value:.0f}"


def _map(one: ClusterFigures) -> dict[str, Any]:
    facts, within = one.facts, one.value("within_all")
    return {
        "title": one.title,
        "name": one.name,
        "picture": f"data:image/png;base64,{base64.b64encode(one.picture).decode()}",
        "words": f"{facts['cities']} cities, {facts['pairs']:,} pairs, "
        f"{'none' if within is None else f'{100 * within:.0f} %'} within the limit; "
        f"core {', '.join(facts['core'])}",
    }


def _cases(found: Atlas) -> list[dict[str, Any]]:
    """Return a row a case with the share of all pairs within the limit in each cluster."""
    names = list(dict.fromkeys(str(case["case"]) for one in found.measured for case in one.cases))
    by_cluster = [{str(case["case"]): case["within_all"] for case in one.cases} for one in found.measured]
    return [
        {
            "case": name,
            "cells": ["" if name not in known else f"{100 * known[name]:.0f}" for known in by_cluster],
        }
        for name in names
    ]


def write_map(shown: SmallMap, path: Path) -> Path:
    """Draw the small map of a cluster into a PNG file: networks in grey, cities by the share within reach.

    Parameters
    ----------
    shown
        Cities and networks, in degrees.
    path
        The file.
    """
    crs = map_layers.plane(shown.cities)
    cities = shown.cities.to_crs(crs).sort_values("population", ascending=False)
    frame = map_layers.padded(map_layers.bounds([cities.geometry]), 0.08)
    west, south, east, north = frame
    width, height = MAP_INCHES * np.array([east - west, north - south]) / max(east - west, north - south)
    colours = [style.reach_colour(share) for share in cities["share"]]
    lines = map_layers.networks(shown.roads, shown.rail, crs, map_layers.extent_m(cities) / DETAIL)
    with style.figure(width, height, dpi=DPI, size=7) as figure:
        axes = figure.add_axes((0, 0, 1, 1))
        map_drawing.frame_map(axes, frame)
        map_drawing.draw_network(axes, lines)
        marks = map_drawing.draw_city_marks(
            axes, cities, dict(zip(cities["city_id"].astype(str), colours, strict=True))
        )
        # In a dense cluster a name finds no room beside small marks: it may cover those, but no core city.
        is_core = (cities["tier"] == "core").to_numpy()
        named = cities.head(MOST_LABELS)
        map_drawing.draw_city_labels(axes, named, taken=marks[is_core], soft=marks)
        return files.write_figure(figure, path, dpi=DPI)
