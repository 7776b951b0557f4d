"""Hold a finished sweep for pages, pictures and notebooks: what its cases say of links, plans and factors."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from optimiser.measures import uncertainty
from optimiser.measures.uncertainty import Band, Commitment, Estimate, Plans, Waiting
from optimiser.problem.errors import ProblemError
from optimiser.problem.jsonfile import write_atomically
from optimiser.report import inputs, maps, ring_layout, wording
from optimiser.report.tables import COLUMNS

MARKER = "sweep.json"
"""File by which a folder is known to be that of a sweep."""

TABLES = ("cases", "case_links", "regret", "plans")
"""Its tables, each a Parquet file of this name."""

COMMIT = "commit"
"""Its table of the cases with the robust core built, where that was asked for."""

LAYERS = ("links", "cities", "network")
"""What its map shows, each a GeoJSON file of this name."""

DETAIL = 1500
"""Bends of the network smaller than the extent of the cities divided by this number are left out."""

DIGITS = 4
"""Decimals of degrees of what the map shows: 11 m."""

SAMPLES = ("latin-hypercube", "sobol", "monte-carlo")
"""Designs whose cases are drawn one by one."""

JOB = 0
"""Number of the case that is the job itself, and of its plan."""

PLAN_OF_JOB, CORE, NOTHING_BUILT = "plan of the job", "robust core", "nothing built"
"""Names of fixed plans: that of case 0, the core, and one without links."""


@dataclass(frozen=True, eq=False)
class SweepResults:
    """A finished sweep: the futures that were solved, and what they say.

    Attributes
    ----------
    folder
        Where its files are.
    facts
        What `sweep.json` says.
    cases
        One row a case, case 0 the job itself.
    case_links
        One row a case and link that its best plan builds.
    regrets, plans
        Fixed plans in all cases: one row a plan and case, and one a plan and link.
    committed
        The cases with the robust core built: `case`, `gap`, `weight`; None where they were not solved.
    layers
        `links` (every link that some case builds, described), `cities` and `network` (`layer` as in
        `optimiser.report.plots.NETWORK`), in degrees.
    """

    folder: Path
    facts: Mapping[str, Any]
    cases: pd.DataFrame
    case_links: pd.DataFrame = field(repr=False)
    regrets: pd.DataFrame = field(repr=False)
    plans: pd.DataFrame = field(repr=False)
    layers: Mapping[str, gpd.GeoDataFrame] = field(repr=False)
    committed: pd.DataFrame | None = field(default=None, repr=False)

    # ---- what was asked

    @property
    def money(self) -> str:
        """Return the unit of every cost."""
        return str(self.facts["money"])

    @property
    def design(self) -> str:
        """Return the design by which the cases were drawn."""
        return str(self.facts["design"])

    @property
    def factors(self) -> tuple[str, ...]:
        """Return the ids of the factors, in the order of the sweep."""
        return tuple(str(one["id"]) for one in self.facts["factors"])

    @property
    def core_share(self) -> float:
        """Return the share of the futures in which a link of the robust core is chosen."""
        return float(self.facts["core_share"])

    @property
    def on_rings(self) -> tuple[str, ...]:
        """Return the ids of the links on rings of the plan of the job, which every case keeps."""
        return tuple(self.facts.get("on_rings", ()))  # sweeps of an earlier version do not say

    @cached_property
    def futures(self) -> pd.DataFrame:
        """Return the cases that count: all but the job itself that are proven within `SETTLED_GAP`."""
        table = self.cases
        is_solved = table["weight_best"].notna() & (table["gap"].astype(np.float64) <= inputs.SETTLED_GAP)
        return table[is_solved & (table["case"] != JOB)].reset_index(drop=True)

    @property
    def unsettled(self) -> int:
        """Return the number of other cases."""
        return int((self.cases["case"] != JOB).sum()) - len(self.futures)

    @cached_property
    def independent(self) -> float | None:
        """Return how many of the futures count as independent draws; None where they are no sample.

        In a Saltelli design those are the samples A and B, since the others repeat their values; in a Morris
        design one a trajectory.
        """
        if self.design in SAMPLES:
            return float(len(self.futures))
        names = self._blocks(self.futures["case"])
        if self.design == "saltelli":
            return float(np.isin(names, ["A", "B"]).sum())
        return float(len(set(names))) if self.design == "morris" else None

    def _blocks(self, cases: pd.Series) -> NDArray[np.object_]:
        """Return the name of the block of the design that each case belongs to."""
        first = np.array([int(block["first"]) for block in self.facts["blocks"]])
        names = np.array([str(block["name"]) for block in self.facts["blocks"]], dtype=np.object_)
        return names[np.searchsorted(first, cases.to_numpy(), side="right") - 1]

    # ---- what it says of links

    @cached_property
    def _built(self) -> pd.DataFrame:
        return uncertainty.chosen(self.futures["case"], self.case_links)

    @cached_property
    def by_factor(self) -> pd.DataFrame:
        """Return the share of each link in the lowest and the highest third of each factor."""
        return uncertainty.shares_by_factor(self._built, self.futures[list(self.factors)])

    @cached_property
    def built(self) -> frozenset[str]:
        """Return the ids of the links of the plan of the job."""
        return frozenset(self.case_links.loc[self.case_links["case"] == JOB, "candidate_id"].astype(str))

    @cached_property
    def links(self) -> gpd.GeoDataFrame:
        """Return every link that some future builds, by the share of the futures in which it is right."""
        shares = uncertainty.shares(self._built, independent=self.independent, core_share=self.core_share)
        described = self.layers["links"].set_index("candidate_id").reindex(shares["candidate_id"])
        factor = uncertainty.deciding_factors(self.by_factor).reindex(shares["candidate_id"])
        ends = self.by_factor.set_index(["candidate_id", "factor"])[["share_low", "share_high"]]
        decided = ends.reindex(pd.MultiIndex.from_arrays([shares["candidate_id"], factor]))
        # Below half of the cases there is no core; what is on rings is kept in all of them, and not chosen.
        others = self.cases["status"][self.cases["case"] != JOB]
        is_enough = 2 * (len(self.futures) + int(others.eq("infeasible").sum())) >= len(others)
        is_chosen = ~shares["candidate_id"].isin(self.on_rings) & is_enough
        shares = shares.assign(is_core=shares["is_core"] & is_chosen)
        table = described.reset_index().assign(
            number=np.arange(1, len(shares) + 1),
            **{name: shares[name].to_numpy() for name in shares.columns},
            in_plan=shares["candidate_id"].isin(self.built).to_numpy(),
            factor=factor.fillna(uncertainty.NO_FACTOR).to_numpy(),
            share_low=decided["share_low"].to_numpy(),
            share_high=decided["share_high"].to_numpy(),
        )
        known = [name for name in COLUMNS["sweep.links"] if name in table.columns]
        return gpd.GeoDataFrame(table[known], geometry="geometry", crs=ring_layout.WGS84)

    @property
    def core(self) -> gpd.GeoDataFrame:
        """Return the robust core: the links that at least `core_share` of the futures build."""
        return self.links[self.links["is_core"]]

    # ---- what it says of factors

    @cached_property
    def indices(self) -> pd.DataFrame:
        """Return by how much each factor moves each outcome: the columns `sweep.indices`."""
        rows = [
            {"outcome": outcome, "factor": factor, "index": index, **estimate._asdict()}
            for outcome in wording.WORDS["outcomes"]
            for factor, found in zip(self.factors, self._indices_of(outcome), strict=True)
            for index, estimate in found.items()
        ]
        table = pd.DataFrame(rows, columns=["outcome", "factor", "index", *Estimate._fields])
        pairs = [tuple(map(str, one["factors"])) for one in self.facts.get("correlations", ())]
        others = {
            factor: [other for pair in pairs if factor in pair for other in pair if other != factor]
            for factor in self.factors
        }
        together = {factor: "; ".join(names) for factor, names in others.items()}
        return table.assign(
            correlated=table["factor"].map(together),
            method=wording.WORDS["index_methods"].get(self.design, wording.WORDS["index_methods"]["classes"]),
        )

    def _indices_of(self, outcome: str) -> list[dict[str, Estimate]]:
        """Return the indices of each factor for an outcome, by what the design of the sweep allows."""
        match self.design:
            case "saltelli":
                return self._sobol(outcome)
            case "morris":
                return self._morris(outcome)
            case "one-at-a-time":
                return [{"swing": self._swing(outcome, name)} for name in self.factors]
        known = self.futures[self.futures[outcome].notna()]
        values = known[outcome].to_numpy(dtype=np.float64)
        return [{"first": uncertainty.given_data(known[name], values)} for name in self.factors]

    def _outcomes(self, outcome: str) -> pd.Series:
        """Return an outcome of all cases in the order of the design, nan where a case does not count."""
        order = self.cases.loc[self.cases["case"] != JOB, "case"]
        return self.futures.set_index("case")[outcome].astype(np.float64).reindex(order)

    def _sobol(self, outcome: str) -> list[dict[str, Estimate]]:
        values = self._outcomes(outcome)
        names = self._blocks(values.index.to_series())
        blocks = ("A", "B", *(f"AB:{factor}" for factor in self.factors))
        table = np.array([values.to_numpy()[names == name] for name in blocks])
        # A base point counts where all of its cases do.
        table = table[:, np.isfinite(table).all(axis=0)]
        return uncertainty.sobol(table[0], table[1], table[2:])

    def _morris(self, outcome: str) -> list[dict[str, Estimate]]:
        values = self._outcomes(outcome)
        factors = self.cases.set_index("case").loc[values.index, list(self.factors)]
        trajectory = self._blocks(values.index.to_series())
        return uncertainty.morris(uncertainty.elementary_effects(factors, values.to_numpy(), trajectory))

    def _swing(self, outcome: str, factor: str) -> Estimate:
        """Return the difference between the outcomes at the extreme values of a factor."""
        job = self.cases[self.cases["case"] == JOB]
        moved = self.futures[self.futures[factor] != job[factor].iloc[0]]
        known = pd.concat([moved, job]).sort_values(factor)[outcome].astype(np.float64).to_numpy()
        return Estimate(float(known[-1] - known[0]) if len(moved) else np.nan, np.nan, np.nan)

    # ---- what it says of plans

    @cached_property
    def _plans(self) -> Plans:
        return uncertainty.plans_of(self.regrets, self.futures)

    @cached_property
    def regret(self) -> pd.DataFrame:
        """Return how far each fixed plan falls short of the best of each future: columns `sweep.regret`."""
        links = self.plans.groupby("plan")
        names, counts = links["name"].first(), links["candidate_id"].count()
        cost = self.layers["links"].set_index("candidate_id")["cost"]
        costs = self.plans["candidate_id"].map(cost).groupby(self.plans["plan"]).sum()
        table = uncertainty.regret(self._plans)
        number = table["plan"]
        # A plan without links has no row in the table of plans; the first plan is that of the job.
        unnamed = number.eq(0).map({True: PLAN_OF_JOB, False: NOTHING_BUILT})
        table.insert(1, "name", number.map(names).fillna(unnamed))
        table.insert(2, "links", number.map(counts).fillna(0).astype("int64"))
        table.insert(3, "cost", number.map(costs).fillna(0))
        return table

    @cached_property
    def regret_shares(self) -> pd.DataFrame:
        """Return the regret of each plan in each future that it fits: `plan`, `case`, `share`."""
        plans = self._plans
        plan, case = np.nonzero(plans.fits)
        short = (plans.best - plans.weight)[plan, case] / np.maximum(plans.best[case], 1.0)
        numbers = np.array(plans.numbers, dtype=np.int64)
        return pd.DataFrame(
            {"plan": numbers[plan], "case": self.futures["case"].to_numpy()[case], "share": short}
        )

    def coverage(self, outcome: str) -> Band:
        """Return the band of pairs within the limit over the futures.

        Parameters
        ----------
        outcome
            `pairs_today`, `pairs_plan` (the plan of the job) or `pairs_best` (the best plan of each future).
        """
        return uncertainty.band(self.futures[outcome].to_numpy(dtype=np.float64))

    def value_of_waiting(self, *, overruns_are_paid: bool = False) -> Waiting:
        """Return what it would be worth on average to know the future before the plan is chosen, in weight.

        Parameters
        ----------
        overruns_are_paid
            Whether a plan is built whatever it costs; False: where it does not fit, nothing of it is built.
        """
        return uncertainty.value_of_waiting(self._plans, overruns_are_paid=overruns_are_paid)

    @cached_property
    def cost_of_commitment(self) -> Commitment | None:
        """Return what building the robust core now costs in the futures; None where that was not solved."""
        if self.committed is None:
            return None
        return uncertainty.cost_of_commitment(
            self.futures.set_index("case")["weight_best"], self.committed.set_index("case")["weight"]
        )


def load[Found: SweepResults](folder: str | Path, kind: type[Found]) -> Found:
    """Return the sweep in a folder that `polyring sweep` wrote.

    Parameters
    ----------
    folder
        The folder.
    kind
        What holds it.

    Raises
    ------
    ProblemError
        When a file of a sweep is missing there.
    """
    place = Path(folder)
    wanted = [MARKER, *(f"{name}.parquet" for name in TABLES), *(f"{name}.geojson" for name in LAYERS)]
    missing = [name for name in wanted if not (place / name).is_file()]
    ProblemError.refuse(
        [f"{name} is missing" for name in missing],
        "this folder is not that of a finished sweep",
        where=str(place),
        remedy="Run polyring sweep, or name its folder.",
    )
    tables = {name: pd.read_parquet(place / f"{name}.parquet") for name in TABLES}
    committed = place / f"{COMMIT}.parquet"
    return kind(
        folder=place,
        facts=json.loads((place / MARKER).read_text(encoding="utf-8")),
        cases=tables["cases"],
        case_links=tables["case_links"],
        regrets=tables["regret"],
        plans=tables["plans"],
        layers={name: gpd.read_file(place / f"{name}.geojson") for name in LAYERS},
        committed=pd.read_parquet(committed) if committed.is_file() else None,
    )


def write_layers(
    folder: Path,
    *,
    cities: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    rail: gpd.GeoDataFrame,
    chosen: Sequence[str],
) -> None:
    """Write what the map and the tables of a sweep show of its region: the files of `LAYERS`.

    Parameters
    ----------
    folder
        Folder of the sweep.
    cities, candidates
        Tables of cities and of all candidates.
    roads, rail
        Links of today's networks: `link_class`, `geometry`.
    chosen
        Ids of the candidates that some case builds.
    """
    crs = maps.plane(cities)
    lines = maps.networks(roads, rail, crs, maps.extent_m(cities.to_crs(crs)) / DETAIL)
    network = gpd.GeoDataFrame(
        {"layer": list(lines)},
        geometry=[shapes.union_all() if len(shapes) else None for shapes in lines.values()],
        crs=crs,
    )
    wanted = candidates[candidates["candidate_id"].astype(str).isin(set(chosen))]
    for name, layer in {
        "links": wanted[[name for name in COLUMNS["sweep.links"] if name in wanted.columns]],
        "cities": cities[["city_id", "name", "tier", "population", "geometry"]],
        "network": network,
    }.items():
        degrees = layer.to_crs(ring_layout.WGS84)
        degrees.geometry = shapely.transform(degrees.geometry.array, lambda points: points.round(DIGITS))
        text = degrees.to_json(drop_id=True)
        write_atomically(folder / f"{name}.geojson", f"{text}\n")


def plan_words(number: int, name: str) -> str:
    """Return a fixed plan in words; several may have the same name."""
    return name if name in (PLAN_OF_JOB, CORE) else f"plan {number}, {name}"


def link_words(row: Mapping[Any, Any]) -> str:
    """Return a link by its ends and what is built, from a row of the table of links."""
    return f"{wording.link_name(row)}, {wording.kind(str(row['kind']))}"
