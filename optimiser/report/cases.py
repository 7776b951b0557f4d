"""Hold answers to further questions of a run: what plausible cases choose, what shares of all pairs cost."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from optimiser.job.model import CORE_SHARE
from optimiser.measures.coverage import groups_in_order
from optimiser.measures.uncertainty import least_for_core
from optimiser.report import plots, wording
from optimiser.report.tables import write_csv

if TYPE_CHECKING:
    from matplotlib.figure import Figure

type Row = Mapping[str, Any]

FRAGILE_SHARE = 0.5
"""Share of the cases below which a proposal is fragile."""
SETTLED_GAP = 0.02
"""Largest gap of a case that counts. Where the time was too short for that, its plan says little."""
COLUMN, COLUMN_OF = "chosen_in", "of_cases"
"""Columns of links.csv: number of cases that choose the link, and number of cases."""
TABLE = ("name", "description", "today", "plan", "best", "change", "gap")
"""Columns of the table of cases: name, what differs, pairs within the limit of the case today, with the plan
of the job and with the best plan of the case, the change from the plan of the job as assumed, gap."""
PARTS: Mapping[str, str] = wording.WORDS["parts"]
"""Parts of a trip in words."""


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

    rows: Sequence[Row]
    pairs: int
    covered: int
    kept: Sequence[str] = ()

    @property
    def solved(self) -> list[Row]:
        """Return the cases that count: those whose plan is proven to be within `SETTLED_GAP`."""
        planned = [row for row in self.rows if row["best"] is not None]
        return [row for row in planned if row["gap"] is not None and row["gap"] <= SETTLED_GAP]

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
        is_often = self.chosen_in(candidate_id) >= least_for_core(len(self.solved), CORE_SHARE)
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
        return write_csv(rows, folder / "cases.csv")

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
    def table(self) -> pd.DataFrame:
        """Return the cases that count, the one that moves the outcome most first: columns `TABLE`."""
        rows = [{**row, "change": self._change(row)} for row in self.solved]
        rows.sort(key=lambda row: -abs(row["change"]))
        return pd.DataFrame(rows, columns=list(TABLE))

    def plot(self) -> Figure:
        """Draw the tornado: by how many pairs each case moves its best plan, and this plan as it is."""
        table = self.table.iloc[::-1]
        height = 1.5 + 0.27 * len(table)
        with plots.sheet(9.0, height, "What each assumption changes", dpi=100) as figure:
            axes = figure.add_axes((0.3, 0.55 / height, 0.66, 1 - 1.25 / height))
            colours = [plots.GAINS if change >= 0 else plots.LOSES for change in table["change"]]
            look: Any = {"color": colours, "height": 0.62, "label": "best plan of the case"}
            bars = axes.barh(table["name"], table["change"], **look)
            axes.bar_label(bars, fmt="{:+.0f}", padding=5)
            kept = table["plan"] - self.covered
            look = {"s": 34, "c": "white", "edgecolors": plots.INK, "label": "this plan"}
            axes.scatter(kept, table["name"], zorder=3, **look)
            axes.axvline(0, color=plots.INK, lw=0.8)
            plots.plain(axes, grid="x", edges=("bottom",))
            axes.margins(x=0.1)
            axes.set_xlabel(f"pairs within the limit, less the {self.covered} of this plan as assumed")
            axes.legend(loc="best", frameon=False)
        return figure

    def section(self, links: pd.DataFrame) -> dict[str, Any]:
        """Return the variables of the page's section."""
        return {
            "sentences": self.sentences(links),
            "count": len(self.solved),
            "open": len(self.unsettled),
            "fragile": wording.percent(FRAGILE_SHARE, digits=0),
            "core": wording.percent(CORE_SHARE, digits=0),
            "rows": self.rows,
        }


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

    rows: Sequence[Row]
    beyond: Sequence[Row]
    money: str

    def write(self, folder: Path) -> tuple[Path, ...]:
        """Write reach.csv and reach_beyond.csv into a folder."""
        rows = pd.DataFrame([{**row, "built": " ".join(row["built"])} for row in self.rows])
        whole = ("most_bound", "pairs", "cost", "links")
        rows = rows.astype(dict.fromkeys(whole, "Int64")).round({"bound": 3, "gap": 6})
        written = [write_csv(rows, folder / "reach.csv")]
        if self.beyond:
            table = pd.DataFrame(list(self.beyond)).astype({"today_s": "Int64", "all_built_s": "Int64"})
            written.append(write_csv(table, folder / "reach_beyond.csv"))
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
            middle = {part: median(row[f"{part}_s"] for row in self.beyond) / 60 for part in PARTS}
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

    def plot(self) -> Figure:
        """Draw the share of the pairs within the limit against its least cost, a line a tier."""
        known = [row for row in self.rows if row["cost"] is not None and row["total"]]
        curves = {}
        for group in groups_in_order(row["group"] for row in known):
            mine = [row for row in known if row["group"] == group]
            dots = sorted({(row["cost"], row["pairs"] / row["total"]) for row in mine})
            cost, share = zip((0, mine[0]["today"] / mine[0]["total"]), *dots, strict=True)
            curves[group] = (cost, share)
        return plots.draw_curves(
            curves, across=f"Least cost, {self.money}", up="Share of the pairs within the limit", dots=True
        )


def _remark(row: Row) -> str:
    """Return what the status of a row means for a reader."""
    if row["status"] == "unreachable":
        return f"out of reach: at most {row['most_bound']} pairs, proven"
    if row["status"] == "open":
        return "no plan found, and none excluded"
    if row["share"] is None:
        return "as many as can be" if row["most"] == row["most_bound"] else "as many as were found"
    return "" if row["status"] == "feasible" else "optimal"
