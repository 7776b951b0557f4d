"""Lay out what the map knows of proposals and cities, as columns of plain values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import geopandas as gpd
import numpy as np
from shapely import Point, segmentize
from shapely.geometry.base import BaseGeometry
from shapely.ops import nearest_points

from optimiser.report import coverage, projection, style, wording
from optimiser.report.inputs import ReportInput

HOVER_STEP_M = 4000
"""Distance between the points of a proposal at which its figures can stand."""


def link_columns(layers: projection.Layers, money: str) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Return the columns of the proposals, one row a line, and of the numbers on them, one row a link.

    A number that stands beside its line knows its foot on the line as well (`foot_x`, `foot_y`): the page
    keeps it near when the map is zoomed.
    """
    names = (
        "xs",
        "ys",
        "rank",
        "link",
        "kind",
        "length",
        "cost",
        "pairs",
        "people",
        "colour",
        "category",
        "width",
    )
    columns: dict[str, list[Any]] = {name: [] for name in names}
    badges: dict[str, list[Any]] = {name: [] for name in _BADGE}
    points = projection.number_points(layers)
    for row, point in zip(layers.links.to_dict("records"), points, strict=True):
        # The box of figures stands at the bend nearest to the pointer: straight lines get bends, too.
        lines = projection.parts(segmentize(row["geometry"], HOVER_STEP_M))
        if point is None:
            continue
        told = _told(row, money, closes=row["candidate_id"] in layers.closing)
        _append(badges, told | _placed(point, row["geometry"]) | {"rank": str(row["rank"])})
        for xs, ys in zip(*_rings(lines), strict=True):
            _append(columns, told | {"xs": xs, "ys": ys})
    return columns, badges


_BADGE = ("x", "y", "foot_x", "foot_y", "rank", "colour", "category")
"""Columns of the numbers of proposals."""


def _placed(point: Point, shape: BaseGeometry) -> dict[str, int]:
    foot = nearest_points(shape, point)[0]
    return {"x": round(point.x), "y": round(point.y), "foot_x": round(foot.x), "foot_y": round(foot.y)}


def _append(columns: dict[str, list[Any]], row: dict[str, Any]) -> None:
    for name, column in columns.items():
        column.append(row[name])


def _told(row: dict[Any, Any], money: str, *, closes: bool) -> dict[str, Any]:
    """Return what the map says about a link."""
    category = style.category(mode=row["mode"], kind=row["kind"])
    return {
        "rank": int(row["rank"]),
        "link": f"{row['from_name']} – {row['to_name']}",
        "kind": f"{wording.kind(row['kind'])}{', closes a ring' if closes else ''}",
        "length": f"{row['length_km']:.0f} km",
        "cost": f"{wording.whole(row['cost'])} {money}".strip(),
        "pairs": int(row["pairs"]),
        "people": wording.people(row["people"]),
        "colour": style.PROPOSALS[category].colour,
        "category": category,
        "width": 1.4 * style.PROPOSALS[category].width,
    }


def city_columns(report: ReportInput, cities: gpd.GeoDataFrame) -> dict[str, list[Any]]:
    """Return what the map knows of each city, the most important first."""
    table = coverage.by_city(cities, report.pairs)
    size = table["tier"].map(lambda name: style.tier(name).mark)
    table = table.assign(_size=size).sort_values(["_size", "population"], ascending=False)
    gains = table["after"] > table["before"]
    far = zip(table["worst_after"], table["worst_after_s"], strict=True)
    return {
        "x": np.rint(table.geometry.x).astype(int).tolist(),
        "y": np.rint(table.geometry.y).astype(int).tolist(),
        "name": table["name"].astype(str).tolist(),
        "tier": table["tier"].astype(str).tolist(),
        "people": [wording.people(count) for count in table["population"]],
        "partners": table["partners"].tolist(),
        "before": table["before"].tolist(),
        "after": table["after"].tolist(),
        "worst": [f"{name}, {wording.clock(seconds)} h" if name else "–" for name, seconds in far],
        "size": (1.35 * table["_size"]).tolist(),
        "gains": gains.astype(int).tolist(),
        "fill": [style.GAINS if gain else "#ffffff" for gain in gains],
    }


def _rings(shapes: Iterable[BaseGeometry]) -> tuple[list[list[int]], list[list[int]]]:
    """Return the coordinates of lines in whole metres."""
    lines = [
        np.rint(np.asarray(part.coords)).astype(int) for shape in shapes for part in projection.parts(shape)
    ]
    return [line[:, 0].tolist() for line in lines], [line[:, 1].tolist() for line in lines]
