"""Hold candidates as a table with geometry and a table of the arcs that each one opens."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from optimiser.problem.errors import CandidateError
from optimiser.proposals.costs import Cost, CostTable, estimate
from optimiser.proposals.terrain import CLASSES, Terrain, shares

KINDS = (
    "road_upgrade",
    "road_link",
    "gap",
    "rail_link",
    "rail_upgrade",
    "rail_service",
    "rail_frequency",
    "own",
)
"""What a candidate may be."""

COLUMNS = (
    "candidate_id", "kind", "instrument", "mode", "from_name", "to_name", "length_km", "speed_kmh",
    "standard", "plain", "hill", "mountain", "cost_low", "cost", "cost_high", "fixed", "why", "geometry",
)  # fmt: skip
"""Columns of the candidate table, in order."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something a candidate pays for: a quantity of a standard of the cost table."""

    standard: str
    quantity: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """One candidate before it is priced.

    Attributes
    ----------
    candidate_id, kind, instrument, mode, from_name, to_name, length_km, speed_kmh, standard, why, geometry
        As in the table of `Candidates`.
    arcs
        Tail id, head id and seconds of each arc that it opens.
    items
        What it pays for; none where `cost` is given.
    cost
        Given instead of estimated.
    fixed
        `in`, `out` or empty.
    """

    candidate_id: str
    kind: str
    instrument: str
    mode: str
    from_name: str
    to_name: str
    length_km: float
    speed_kmh: float
    standard: str
    why: str
    geometry: shapely.Geometry
    arcs: tuple[tuple[str, str, int], ...]
    items: tuple[Item, ...] = ()
    cost: Cost | None = None
    fixed: str = ""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What may be built, improved or opened.

    Attributes
    ----------
    table
        One row a candidate; columns `COLUMNS`: `candidate_id` (str, stable over runs), `kind` (of `KINDS`),
        `instrument` (barrier, infrastructure, subsidy), `mode` (road, rail), `from_name`, `to_name`,
        `length_km`, `speed_kmh` (float64; design speed), `standard` (what is built, as in the cost table),
        `plain`, `hill`, `mountain` (shares of the line), `cost_low`, `cost`, `cost_high` (int64, money),
        `fixed` (empty, in, out), `why` (the rule that made it), `geometry` (degrees).
    arcs
        One row an arc: `candidate` (int64, row of the table), `tail_id`, `head_id` (str, ids of the time
        graph, or new ones that begin with `new:`), `seconds` (int64). Both directions are listed.
    report
        What was left out, by reason: text to count.
    money, price_year
        Unit of the costs and year of the prices.
    terrain_source
        Where the terrain shares come from.
    """

    table: gpd.GeoDataFrame
    arcs: pd.DataFrame
    report: Mapping[str, int] = field(default_factory=dict)
    money: str = ""
    price_year: int = 0
    terrain_source: str = ""

    def __len__(self) -> int:
        """Return the number of candidates."""
        return len(self.table)

    def take(self, rows: Sequence[int]) -> Candidates:
        """Return some of the candidates, in the order given.

        Parameters
        ----------
        rows
            Rows of the table.
        """
        new = {old: position for position, old in enumerate(rows)}
        arcs = self.arcs[self.arcs["candidate"].isin(new)]
        arcs = arcs.assign(candidate=arcs["candidate"].map(new).astype("int64"))
        return Candidates(
            table=self.table.iloc[list(rows)].reset_index(drop=True),
            arcs=arcs.sort_values("candidate", kind="stable").reset_index(drop=True),
            report=self.report,
            money=self.money,
            price_year=self.price_year,
            terrain_source=self.terrain_source,
        )


def assemble(
    proposals: Iterable[Proposal],
    costs: CostTable,
    terrain: Terrain,
    *,
    report: Mapping[str, int] | None = None,
) -> Candidates:
    """Price proposals and put them in tables, in order of their ids.

    Parameters
    ----------
    proposals
        Candidates without cost.
    costs, terrain
        What a km costs on which ground, and where that ground is.
    report
        What was left out before.

    Returns
    -------
    Candidates
        The tables.

    Raises
    ------
    CandidateError
        When two proposals have one id, or a standard has no rate.
    """
    ordered = sorted(proposals, key=lambda proposal: proposal.candidate_id)
    _check_unique([proposal.candidate_id for proposal in ordered])
    ground = shares([proposal.geometry for proposal in ordered], terrain)
    rows = [_row(proposal, parts.tolist(), costs) for proposal, parts in zip(ordered, ground, strict=True)]
    return Candidates(
        table=_table(rows),
        arcs=_arcs(ordered),
        report=dict(report or {}),
        money=costs.money,
        price_year=costs.price_year,
        terrain_source=terrain.source,
    )


def _row(proposal: Proposal, parts: list[float], costs: CostTable) -> dict[str, object]:
    """Return one row of the table."""
    cost = proposal.cost
    if cost is None:
        cost = sum(
            (estimate(costs, item.standard, item.quantity, parts) for item in proposal.items), Cost(0, 0, 0)
        )
    named = {name: getattr(proposal, name) for name in COLUMNS if hasattr(proposal, name)}
    return {
        **named,
        **dict(zip(CLASSES, parts, strict=True)),
        "cost_low": cost.low,
        "cost": cost.central,
        "cost_high": cost.high,
    }


def _table(rows: list[dict[str, object]]) -> gpd.GeoDataFrame:
    """Return rows as a table with fixed columns and dtypes."""
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    whole = dict.fromkeys(("cost_low", "cost", "cost_high"), "int64")
    real = dict.fromkeys(("length_km", "speed_kmh", *CLASSES), "float64")
    return gpd.GeoDataFrame(frame.astype({**whole, **real}), geometry="geometry", crs="EPSG:4326")


def _arcs(proposals: Sequence[Proposal]) -> pd.DataFrame:
    """Return the arcs of proposals as a table."""
    rows = [(row, *arc) for row, proposal in enumerate(proposals) for arc in proposal.arcs]
    frame = pd.DataFrame(rows, columns=["candidate", "tail_id", "head_id", "seconds"])
    return frame.astype({"candidate": "int64", "tail_id": "str", "head_id": "str", "seconds": "int64"})


def _check_unique(ids: Sequence[str]) -> None:
    """Refuse ids that are used twice."""
    twice = sorted({one for one, other in itertools.pairwise(ids) if one == other})
    if twice:
        raise CandidateError(
            "candidate ids are used twice", faults=twice, remedy="Give each candidate its own id."
        )


def merge(first: Candidates, second: Candidates) -> Candidates:
    """Return the candidates of both, in order of their ids.

    Parameters
    ----------
    first, second
        Priced in the same money.

    Returns
    -------
    Candidates
        All candidates; counts of left-out ones added up.

    Raises
    ------
    CandidateError
        When an id stands in both, or the money differs.
    """
    if first.money and second.money and first.money != second.money:
        raise CandidateError(
            f"candidates are priced in `{first.money}` and in `{second.money}`", remedy="Use one cost table."
        )
    table = pd.concat([first.table, second.table], ignore_index=True)
    _check_unique(sorted(table["candidate_id"]))
    moved = second.arcs.assign(candidate=second.arcs["candidate"] + len(first))
    reasons = {*first.report, *second.report}
    both = Candidates(
        table=gpd.GeoDataFrame(table, geometry="geometry", crs="EPSG:4326"),
        arcs=pd.concat([first.arcs, moved], ignore_index=True),
        report={why: first.report.get(why, 0) + second.report.get(why, 0) for why in sorted(reasons)},
        money=first.money or second.money,
        price_year=first.price_year or second.price_year,
        terrain_source=first.terrain_source or second.terrain_source,
    )
    return both.take(np.argsort(table["candidate_id"].to_numpy(dtype=str), kind="stable").tolist())


def fix(candidates: Candidates, *, in_: Iterable[str] = (), out: Iterable[str] = ()) -> Candidates:
    """Fix candidates in or out of every plan.

    Parameters
    ----------
    candidates
        All candidates.
    in_, out
        Ids of those that must, and must not, be built.

    Returns
    -------
    Candidates
        The same candidates with `fixed` set.

    Raises
    ------
    CandidateError
        With all ids that are unknown or fixed both ways.
    """
    inside, outside = set(in_), set(out)
    known = set(candidates.table["candidate_id"])
    faults = [f"no candidate `{name}`" for name in sorted((inside | outside) - known)]
    faults += [f"`{name}` is fixed both in and out" for name in sorted(inside & outside)]
    if faults:
        raise CandidateError(
            "candidates cannot be fixed",
            faults=faults,
            remedy="The ids stand in the column candidate_id of candidates.gpkg.",
        )
    fixed = candidates.table["fixed"].to_numpy(dtype=object).copy()
    ids = candidates.table["candidate_id"]
    fixed[ids.isin(inside).to_numpy()] = "in"
    fixed[ids.isin(outside).to_numpy()] = "out"
    return Candidates(
        table=candidates.table.assign(fixed=fixed),
        arcs=candidates.arcs,
        report=candidates.report,
        money=candidates.money,
        price_year=candidates.price_year,
        terrain_source=candidates.terrain_source,
    )
