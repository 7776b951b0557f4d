"""Show how sure a plan is: in how many plausible cases each proposal is chosen, and what they change."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import geopandas as gpd
import pandas as pd

from optimiser.report import files, style, wording

if TYPE_CHECKING:
    from matplotlib.figure import Figure

type Row = Mapping[str, Any]

CORE_SHARE = 0.9
"""Share of the cases that must choose a proposal of the robust core."""
FRAGILE_SHARE = 0.5
"""Share of the cases below which a proposal is fragile."""
SETTLED_GAP = 0.02
"""Largest gap of a case that counts. Where the time was too short for that, its plan says little."""
COLUMN, COLUMN_OF = "chosen_in", "of_cases"
"""Columns of links.csv: number of cases that choose the link, and number of cases."""
WIDTH, ROW, LEFT, RIGHT = 700, 20, 250, 60
"""Width of the tornado, height of a row, and margins, in its own units."""
TABLE = ("name", "description", "today", "plan", "best", "change", "gap")
"""Columns of the table of cases: name, what differs, pairs within the limit of the case today, with the plan
of the job and with the best plan of the case, the change from the plan of the job as assumed, gap."""
NUMBER = 34
"""Room for the number beside the longest bar."""


@dataclass(frozen=True, slots=True)
class CaseResults:
    """What plausible cases of a job choose.

    Attributes
    ----------
    rows
        One a case: `name`, `description`, `status`, `gap`, `seconds`, `cost`, `built` (ids), and pairs within
        the limit of the case: `pairs` (all), `today`, `plan` (with the plan of the job), `best` (with the
        best plan of the case; None without one).
    pairs, covered
        Pairs, and those within the limit with the plan of the job as assumed.
    kept
        Ids of candidates on the rings of the plan: cases keep these, so that they choose nothing there.
    """

    rows: tuple[Row, ...]
    pairs: int
    covered: int
    kept: tuple[str, ...] = ()

    @classmethod
    def of(cls, value: Row) -> Self:
        """Return the value of an object written by `as_dict`."""
        rows, kept = tuple(value["rows"]), tuple(value.get("kept", ()))
        return cls(rows, int(value["pairs"]), int(value["covered"]), kept)

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        counts = {"pairs": self.pairs, "covered": self.covered}
        return {"rows": list(self.rows), **counts, "kept": list(self.kept)}

    @property
    def solved(self) -> list[Row]:
        """Return the cases that count: those whose plan is proven to be within `SETTLED_GAP`."""
        return [
            row
            for row in self.rows
            if row["best"] is not None and row["gap"] is not None and row["gap"] <= SETTLED_GAP
        ]

    def chosen_in(self, candidate_id: str) -> int:
        """Return the number of cases that choose a candidate."""
        return sum(candidate_id in row["built"] for row in self.solved)

    @property
    def unsettled(self) -> list[Row]:
        """Return the other cases that have a plan."""
        return [row for row in self.rows if row["best"] is not None and row not in self.solved]

    def chosen_in_open(self, candidate_id: str) -> int:
        """Return the number of unsettled cases whose best plan so far has a candidate."""
        return sum(candidate_id in row["built"] for row in self.unsettled)

    def dropped_in(self, candidate_id: str) -> tuple[str, ...]:
        """Return the names of the cases that count and do not choose a candidate."""
        return tuple(str(row["name"]) for row in self.solved if candidate_id not in row["built"])

    def verdict(self, candidate_id: str) -> str:
        """Return whether a candidate is ``robust``, ``mixed`` or ``fragile``; a dash where no case counts."""
        if candidate_id in self.kept:
            return "kept with the ring"
        if not self.solved:
            return wording.NONE
        if self.is_core(candidate_id):
            return "robust"
        return "mixed" if self.chosen_in(candidate_id) >= FRAGILE_SHARE * len(self.solved) else "fragile"

    def is_core(self, candidate_id: str) -> bool:
        """Return whether a candidate belongs to the robust core."""
        is_often = self.chosen_in(candidate_id) >= CORE_SHARE * len(self.solved)
        return bool(self.solved) and candidate_id not in self.kept and is_often

    def counted(self, candidate_id: str) -> str:
        """Return in how many cases a candidate is chosen, in words."""
        if candidate_id in self.kept:
            return "kept"
        return f"{self.chosen_in(candidate_id)} of {len(self.solved)}"

    def span_today(self, names: Collection[str]) -> tuple[int, int] | None:
        """Return the least and the most pairs within the limit today in the cases of these names."""
        counts = [int(row["today"]) for row in self.rows if row["name"] in names]
        return (min(counts), max(counts)) if counts else None

    def with_counts(self, links: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Return the table of links with the columns `COLUMN` and `COLUMN_OF` before the reason."""
        table = links.copy()
        place = table.columns.get_loc("why") if "why" in table.columns else len(table.columns) - 1
        counts = [self.chosen_in(str(name)) for name in table["candidate_id"]]
        table.insert(place, COLUMN, pd.array(counts, dtype="int64"))
        table.insert(place + 1, COLUMN_OF, len(self.solved))
        return table

    def write(self, folder: Path) -> Path:
        """Write cases.csv into a folder."""
        rows = pd.DataFrame([{**row, "built": " ".join(row["built"])} for row in self.rows])
        rows = rows.astype({"cost": "Int64", "best": "Int64"}).round({"gap": 6})
        return files.write_csv(rows, folder / "cases.csv")

    def sentences(self, links: pd.DataFrame) -> list[str]:
        """Return the size of the robust core, and the assumption that moves coverage most, in sentences."""
        count, late = len(self.solved), len(self.rows) - len(self.solved)
        found = []
        if count:
            core = sum(self.is_core(str(name)) for name in links["candidate_id"])
            least = wording.percent(CORE_SHARE, digits=0)
            off_rings = " that are on no ring" if self.kept else ""
            asked = sum(str(name) not in self.kept for name in links["candidate_id"])
            size = f"{core} of {asked} proposals{off_rings} are chosen in at least {least}"
            most = max(self.solved, key=lambda row: abs(self._change(row)))
            moved = f"{self._change(most):+d} of {self.pairs} pairs"
            found.append(f"{size} of {count} plausible cases.")
            found.append(f"The assumption that moves the outcome most is '{most['name']}': {moved}.")
        if late:
            settled = wording.percent(SETTLED_GAP, digits=0)
            found.append(f"Cases left out, not settled within {settled} in time: {late}.")
        return found

    def _change(self, row: Row) -> int:
        """Return by how many pairs the best plan of a case differs from the plan of the job as assumed."""
        return int(row["best"]) - self.covered

    @property
    def _by_change(self) -> list[Row]:
        """Return the cases that count, the one that moves the outcome most first."""
        return sorted(self.solved, key=lambda row: -abs(self._change(row)))

    @property
    def table(self) -> pd.DataFrame:
        """Return the cases that count, the one that moves the outcome most first: columns `TABLE`."""
        rows = [{**row, "change": self._change(row)} for row in self._by_change]
        return pd.DataFrame(rows, columns=list(TABLE))

    def plot(self) -> Figure:
        """Draw the tornado: by how many pairs each case moves its best plan, and this plan as it is."""
        table = self.table.iloc[::-1]
        with style.figure(9.0, 1.5 + 0.27 * len(table), dpi=100, size=9) as figure:
            axes = figure.add_axes((0.3, 0.14, 0.66, 0.74))
            gains = table["change"] >= 0
            colours = gains.map({True: style.GAINS, False: style.LOSES}).tolist()
            axes.barh(
                table["name"], table["change"], color=colours, height=0.62, label="best plan of the case"
            )
            kept = table["plan"] - self.covered
            axes.scatter(
                kept, table["name"], s=34, c="white", edgecolors=style.INK, zorder=3, label="this plan"
            )
            axes.axvline(0, color=style.INK, lw=0.8)
            axes.set_facecolor(style.PAPER)
            axes.spines[["top", "right", "left"]].set_visible(False)
            axes.tick_params(length=0)
            axes.grid(axis="x", color=style.GRID, linewidth=0.8)
            axes.set_axisbelow(True)
            axes.margins(x=0.08)
            axes.set_xlabel(f"pairs within the limit, less the {self.covered} of this plan as assumed")
            figure.text(0.02, 0.94, "What each assumption changes", size=12, weight="bold")
            axes.legend(loc="best", frameon=False)
        return figure

    def section(self, links: pd.DataFrame) -> dict[str, Any]:
        """Return the variables of the page's section."""
        rows = self._by_change
        widest = max([1, *(abs(self._change(row)) for row in rows)])
        middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
        scale = ((WIDTH - LEFT - RIGHT) / 2 - NUMBER) / widest
        bars = []
        for number, row in enumerate(rows):
            change = self._change(row)
            length = round(abs(change) * scale, 1)
            bars.append(
                {
                    "name": row["name"],
                    "x": round(middle - length if change < 0 else middle, 1),
                    "y": number * ROW + 4,
                    "width": length,
                    "text": f"{change:+d}",
                    "at": round(middle + (length + 6 if change >= 0 else -length - 6), 1),
                    "anchor": "start" if change >= 0 else "end",
                    "colour": style.GAINS if change >= 0 else style.LOSES,
                }
            )
        return {
            "sentences": self.sentences(links),
            "count": len(self.solved),
            "open": len(self.unsettled),
            "fragile": wording.percent(FRAGILE_SHARE, digits=0),
            "core": wording.percent(CORE_SHARE, digits=0),
            "bars": bars,
            "width": WIDTH,
            "height": max(1, len(rows)) * ROW,
            "row": ROW,
            "left": LEFT,
            "middle": middle,
            "rows": [
                {
                    "name": row["name"],
                    "description": row["description"],
                    "today": row["today"],
                    "plan": row["plan"],
                    "best": row["best"] if row["best"] is not None else wording.NONE,
                    "gap": wording.NONE if row["gap"] is None else wording.gap(row["gap"]),
                    "kept": len(set(row["built"]) & set(links["candidate_id"])),
                }
                for row in self.rows
            ],
        }
