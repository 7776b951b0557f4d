"""Put two plans of the same cities side by side."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from optimiser.measures import coverage
from optimiser.problem.errors import ProblemError
from optimiser.report import page, plots, wording
from optimiser.report.inputs import ReportInput
from optimiser.report.page import MapView
from optimiser.report.tables import COLUMNS, name_pairs
from optimiser.studies.finished import Run, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two plans of the same cities.

    Attributes
    ----------
    first, second
        What is shown of each.
    names
        What they are called.
    """

    first: ReportInput = field(repr=False)
    second: ReportInput = field(repr=False)
    names: tuple[str, str]

    @cached_property
    def figures(self) -> pd.DataFrame:
        """Return money, limit, gap, links and pairs within the limit by tier: one column a plan."""
        money = " and ".join(dict.fromkeys((self.first.money, self.second.money)))

        def figures_of(one: ReportInput) -> dict[str, object]:
            within = coverage.by_group(one.pairs).set_index("group")["after_pairs"]
            return {
                f"budget, {money}": one.budget,
                f"cost, {money}": one.cost,
                "limit": wording.short_hours(one.limit_s),
                "links": len(one.links),
                **{f"pairs within the limit, {group}": int(count) for group, count in within.items()},
                "objective": one.objective,
                "gap": wording.gap(one.gap),
            }

        both = [pd.Series(figures_of(one), dtype=object) for one in (self.first, self.second)]
        return pd.concat(both, axis="columns", join="inner", keys=self.names)

    @cached_property
    def links(self) -> gpd.GeoDataFrame:
        """Return the links of both plans, then of one alone: columns `compare.links`."""
        return Table(self._united[list(COLUMNS["compare.links"])])

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """Return the pairs that only one plan brings within the limit: columns `compare.pairs`."""
        one, two = self.first.pairs, self.second.pairs
        within = [coverage.within(table, state="after").to_numpy() for table in (one, two)]
        rows = np.flatnonzero(within[0] != within[1])
        times = {"today_min": one["before_s"], "first_min": one["after_s"], "second_min": two["after_s"]}
        minutes = {column: seconds.iloc[rows].tolist() for column, seconds in times.items()}
        table = name_pairs(self.first.cities, one.iloc[rows], minutes).assign(
            within=np.where(within[0][rows], "first", "second")
        )
        return table.sort_values(["within", "tier"], kind="stable", ignore_index=True)[
            list(COLUMNS["compare.pairs"])
        ]

    def map(self) -> MapView:
        """Return a map of the links of both plans, coloured by the plan that builds them.

        The figures of cities are those of the first plan. Rings are drawn where both plans form the same.
        """
        return MapView.of(self._shown, title=" and ".join(self.names))

    def plot(self) -> Figure:
        """Draw the links of both plans on one still map, with the figures and the links of one plan alone.

        A city has the colour of the plan that brings more others within the limit.
        """
        from optimiser.report import picture

        one, two = (coverage.by_city(shown.cities, shown.pairs) for shown in (self.first, self.second))
        more = np.sign(one["after"].to_numpy() - two["after"].to_numpy()).tolist()
        colours = {1: plots.COMPARED["first"].colour, -1: plots.COMPARED["second"].colour, 0: "white"}
        filled = {str(name): colours[side] for name, side in zip(one["city_id"].tolist(), more, strict=True)}
        return picture.draw_comparison(self._shown, self.names, self.figures, filled=filled, dpi=100)

    def _repr_html_(self) -> str:
        """Return figures, links and pairs as HTML, for a notebook."""
        figures = self.figures.reset_index(names="")
        words = {
            name: name.replace("_", " ")
            for name in COLUMNS["compare.links"]
            if name not in ("candidate_id", "geometry")
        }
        links = pd.DataFrame(self.links[self.links["built_in"] != "both"])
        note = wording.different_moneys(self.first.money, self.second.money)
        parts = [page.heading(f"{self.names[0]} and {self.names[1]}", note) + page.table(figures)]
        if len(links):
            links = links.assign(
                kind=links["kind"].map(wording.kind), built_in=links["built_in"].map(self._name)
            )
            parts.append(page.heading("Links that one of them builds") + page.table(links, columns=words))
        if len(self.pairs):
            pairs = self.pairs.assign(within=self.pairs["within"].map(self._name))
            parts.append(page.heading("Pairs that one of them brings within the limit") + page.table(pairs))
        return "".join(parts)

    def _name(self, which: str) -> str:
        return dict(zip(("first", "second"), self.names, strict=True)).get(which, which)

    @cached_property
    def _shown(self) -> ReportInput:
        """Return what is shown of the first plan with the links of both, coloured by the plan."""
        links = self._united.assign(rank=self._united["number"], category=self._united["built_in"])
        same = [ring.circuit for ring in self.first.rings] == [ring.circuit for ring in self.second.rings]
        return replace(self.first, links=links, rings=self.first.rings if same else (), cases=None)

    @cached_property
    def _united(self) -> gpd.GeoDataFrame:
        one, two = (shown.links.set_index("candidate_id", drop=False) for shown in (self.first, self.second))
        both = one[one.index.isin(two.index)]
        parts = {"both": both, "first": one.drop(both.index), "second": two.drop(both.index)}
        found = pd.concat(
            [part.assign(built_in=built_in) for built_in, part in parts.items() if len(part)]
            or [one.assign(built_in="")]
        )
        ranks = {f"rank_{name}": table["rank"] for name, table in (("first", one), ("second", two))}
        found = found.assign(
            **{name: rank.reindex(found.index).astype("Int64") for name, rank in ranks.items()}
        )
        found = found.assign(number=np.arange(1, len(found) + 1)).reset_index(drop=True)
        return gpd.GeoDataFrame(found, geometry="geometry", crs=self.first.links.crs)


def compare(first: Run, second: Run) -> Comparison:
    """Put two plans of the same cities side by side: figures, links, pairs, and a map.

    Parameters
    ----------
    first, second
        Two runs, for example a run and what `Run.solve` returns.

    Raises
    ------
    ProblemError
        When they are not about the same cities.
    """
    one, two = first.shown, second.shown
    if one.cities["city_id"].tolist() != two.cities["city_id"].tolist():
        raise ProblemError(
            "the runs are not about the same cities",
            where=f"{first.name}, {second.name}",
            done="Nothing was compared.",
            remedy="Compare runs of one region and one list of cities; for others see `polyring compare`.",
        )
    names = (first.name, second.name if second.name != first.name else f"{second.name} (second)")
    return Comparison(one, two, names)
