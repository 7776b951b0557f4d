"""Show what shares of all pairs cost: table, curve, and why some pairs are beyond reach."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Self

import pandas as pd

from optimiser.measures.coverage import groups_in_order
from optimiser.report import files, style, wording

type Row = Mapping[str, Any]

WIDTH, HEIGHT = 640, 300
"""Size of the curve in its own units."""
LEFT, RIGHT, TOP, FOOT = 46, 90, 12, 34
"""Margins of the curve."""
COLOURS = {"all": "currentColor", **style.TIER_LINES}
"""Colour of each group's line."""
PARTS = {
    "terminal": "terminals",
    "driving": "driving",
    "check_in": "check-in",
    "wait": "waits",
    "start": "starts",
    "riding": "riding",
    "stops": "stops",
    "transfer": "changes",
    "alighting": "alighting",
    "other": "other",
}
"""Parts of a trip in words."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What shares of all pairs cost.

    Attributes
    ----------
    rows
        One a group and share: `group`, `share` (None: as many as can be), `total`, `today`, `asked`, `most`,
        `most_bound` (pairs), `status` (optimal, feasible, unreachable, open), `pairs`, `cost`, `bound`,
        `gap`, `seconds`, `links`, `built`.
    beyond
        One a pair that nothing brings within the limit: `origin`, `destination`, `tier`, `today_s`,
        `all_built_s`, seconds by part of the trip (`PARTS` with `_s`), `straight_km`, `floor_s`.
    money
        Unit of the costs.
    """

    rows: tuple[Row, ...]
    beyond: tuple[Row, ...]
    money: str

    @classmethod
    def of(cls, value: Row) -> Self:
        """Return the value of an object written by `as_dict`."""
        return cls(tuple(value["rows"]), tuple(value["beyond"]), str(value["money"]))

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {"rows": list(self.rows), "beyond": list(self.beyond), "money": self.money}

    def write(self, folder: Path) -> tuple[Path, ...]:
        """Write reach.csv and reach_beyond.csv into a folder."""
        rows = pd.DataFrame([{**row, "built": " ".join(row["built"])} for row in self.rows])
        whole = ("most_bound", "pairs", "cost", "links")
        rows = rows.astype(dict.fromkeys(whole, "Int64")).round({"bound": 3, "gap": 6})
        written = [files.write_csv(rows, folder / "reach.csv")]
        if self.beyond:
            table = pd.DataFrame(list(self.beyond)).astype({"today_s": "Int64", "all_built_s": "Int64"})
            written.append(files.write_csv(table, folder / "reach_beyond.csv"))
        return tuple(written)

    def cells(self) -> list[dict[str, str]]:
        """Return the rows as cells of text."""
        return [
            {
                "group": row["group"],
                "share": "most" if row["share"] is None else f"{100 * row['share']:g} %",
                "asked": wording.integer(row["asked"]),
                "total": wording.integer(row["total"]),
                "today": wording.integer(row["today"]),
                "cost": wording.NONE if row["cost"] is None else wording.integer(row["cost"]),
                "bound": wording.NONE if row["bound"] is None else wording.integer(round(row["bound"])),
                "gap": wording.NONE if row["gap"] is None else wording.gap(row["gap"]),
                "remark": _remark(row),
            }
            for row in self.rows
        ]

    def sentences(self) -> list[str]:
        """Return what a reader should know first: the most that can be, and what keeps the rest away."""
        found = []
        everyone = [row for row in self.rows if row["group"] == "all"]
        last = everyone[-1] if everyone else None
        if last is not None and last["most"] < last["total"]:
            proof = "proven" if last["most"] == last["most_bound"] else f"at most {last['most_bound']}"
            found.append(
                f"Whatever is built of these candidates, {last['most']} of {last['total']} pairs come within "
                f"the limit ({proof})."
            )
        if self.beyond:
            middle = self._medians()
            parts = ", ".join(f"{word} {middle[part]:.0f}" for part, word in PARTS.items() if middle[part])
            floor = max(row["floor_s"] for row in self.beyond) / 60
            count = len(self.beyond)
            who = "One pair stays" if count == 1 else f"{count} pairs stay"
            found.append(
                f"{who} beyond it even with everything built. Their trips then take, in minutes (medians): "
                f"{parts}. Their physical floor is at most {floor:.0f}."
            )
        others = 0 if last is None else last["total"] - last["most"] - len(self.beyond)
        if others > 0:
            found.append(
                f"{wording.integer(others)} more would be within it with everything built, but the limits of "
                "the job (room on lines, caps) do not allow all of it."
            )
        return found

    def _medians(self) -> dict[str, float]:
        """Return the median minutes of each part over the pairs beyond reach."""
        return {part: median(row[f"{part}_s"] for row in self.beyond) / 60 for part in PARTS}

    def section(self) -> dict[str, Any]:
        """Return the variables of the page's section."""
        return {
            "sentences": self.sentences(),
            "rows": self.cells(),
            "curve": _curve(self.rows),
            "parts": [*PARTS.values()],
            "beyond": [
                {
                    "pair": f"{row['origin']} – {row['destination']}",
                    "tier": row["tier"],
                    "today": wording.NONE if row["today_s"] is None else wording.clock(row["today_s"]),
                    "best": wording.NONE if row["all_built_s"] is None else wording.clock(row["all_built_s"]),
                    "cells": [f"{row[f'{part}_s'] / 60:.0f}" for part in PARTS],
                    "floor": wording.clock(row["floor_s"]),
                }
                for row in self.beyond
            ],
        }


def _remark(row: Row) -> str:
    """Return what the status of a row means for a reader."""
    if row["status"] == "unreachable":
        return f"out of reach: at most {row['most_bound']} pairs, proven"
    if row["status"] == "open":
        return "no plan found, and none excluded"
    if row["share"] is None:
        return "as many as can be" if row["most"] == row["most_bound"] else "as many as were found"
    return "" if row["status"] == "feasible" else "optimal"


def _curve(rows: Sequence[Row]) -> dict[str, Any]:
    """Return lines and ticks of the curve of shares against least cost."""
    dearest = max((row["cost"] for row in rows if row["cost"] is not None), default=0) or 1
    lowest = min((row["today"] / row["total"] for row in rows if row["total"]), default=0.0)
    base = int(10 * lowest) / 10

    def at(cost: float, share: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - RIGHT) * cost / dearest
        y = TOP + (HEIGHT - TOP - FOOT) * (1 - (share - base) / (1 - base))
        return round(x, 1), round(y, 1)

    lines = []
    for group in groups_in_order(row["group"] for row in rows):
        mine = [row for row in rows if row["group"] == group and row["cost"] is not None and row["total"]]
        if not mine:
            continue
        dots = sorted({(row["cost"], row["pairs"] / row["total"]) for row in mine})
        places = [at(*dot) for dot in dots]
        points = [at(0, mine[0]["today"] / mine[0]["total"])]
        for x, y in places:  # between two answers the lower share is what is known to be reached
            points += [(x, points[-1][1]), (x, y)]
        lines.append(
            {
                "name": group,
                "colour": COLOURS.get(group, style.GAINS),
                "width": 2.4 if group == "all" else 1.4,
                "points": " ".join(f"{x},{y}" for x, y in points),
                "dots": [
                    {"x": x, "y": y, "text": f"{group}: {wording.percent(share)} for {wording.integer(cost)}"}
                    for (cost, share), (x, y) in zip(dots, places, strict=True)
                ],
                "x": points[-1][0] + 7,
                "y": points[-1][1] + 4,
            }
        )
    return {"width": WIDTH, "height": HEIGHT, "lines": lines, "ticks": _ticks(at, base, dearest)}


def _ticks(at: Any, base: float, dearest: int) -> list[dict[str, Any]]:  # noqa: ANN401 - a local function
    """Return grid lines with their texts: tenths of the pairs, round steps of cost."""
    found = []
    tenths = range(round(10 * base), 11)
    for share in (tenth / 10 for tenth in tenths):
        (x1, y), (x2, _) = at(0, share), at(dearest, share)
        text = {"x": x1 - 6, "y": y + 4, "anchor": "end", "text": f"{100 * share:.0f} %"}
        found.append({"x1": x1, "y1": y, "x2": x2, "y2": y, **text})
    step = _round_step(dearest / 4)
    for cost in range(0, dearest + 1, step):
        (x, y1), (_, y2) = at(cost, base), at(cost, 1.0)
        text = {"x": x, "y": y1 + 18, "anchor": "middle", "text": wording.integer(cost)}
        found.append({"x1": x, "y1": y1, "x2": x, "y2": y2, **text})
    return found


def _round_step(least: float) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50 and so on that is not below a number."""
    power = int(10 ** max(0, math.floor(math.log10(max(least, 1)))))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= least)
