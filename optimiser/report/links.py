"""Tabulate the proposed links: cost, length, and who gains by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimiser.problem import DesignProblem
from optimiser.report import ranking, sheet, wording

DESCRIBED = (
    "kind",
    "instrument",
    "mode",
    "from_name",
    "to_name",
    "length_km",
    "speed_kmh",
    "cost_low",
    "cost",
    "cost_high",
    "standard",
    "plain",
    "hill",
    "mountain",
    "why",
)
"""Columns taken over from the candidates, where they are there."""

COLUMNS = {
    "rank": "order of worth, 1 first (`optimiser.report.ranking`)",
    "candidate_id": "id in problem.json",
    "kind": "what is built or opened",
    "instrument": "barrier, infrastructure or subsidy",
    "mode": "road or rail",
    "from_name": "where it begins",
    "to_name": "where it ends",
    "length_km": "kilometres",
    "speed_kmh": "design speed",
    "cost_low": "low estimate, in the money of the problem",
    "cost": "central estimate: what the budget pays",
    "cost_high": "high estimate",
    "standard": "what is built, as in the table of costs",
    "plain": "share of the line in plain",
    "hill": "share in hills",
    "mountain": "share in mountains",
    "pairs": "city pairs newly within the limit whose fastest path takes the link",
    "people": "inhabitants of the smaller cities of those pairs, each city once",
    "cost_per_person": "central cost per such inhabitant, in the single unit of money; empty without any",
    "pairs_added": "pairs that come within the limit when the link joins those of better rank",
    "pairs_lost_alone": "pairs that fall back when this link alone is left out of the plan",
    "cost_so_far": "central cost of this link and those of better rank",
    "pairs_so_far": "pairs newly within the limit with this link and those of better rank",
    "why": "the rule that made the candidate",
}
"""Columns of links.csv and their meaning."""


def tabulate(
    problem: DesignProblem,
    built: Sequence[str],
    *,
    candidates: gpd.GeoDataFrame,
    smaller_city: NDArray[np.int64],
    population: NDArray[np.int64],
) -> tuple[gpd.GeoDataFrame, dict[int, tuple[str, ...]]]:
    """Rank the links of a plan and count who gains by each.

    Parameters
    ----------
    problem
        The problem that was solved.
    built
        Ids of the candidates of the plan.
    candidates
        Their description: `candidate_id`, the columns in `DESCRIBED`, `geometry`.
    smaller_city
        For each pair of the problem, the position of its smaller city, int64 [pairs].
    population
        Inhabitants of each city, int64 [cities].

    Returns
    -------
    geopandas.GeoDataFrame, dict
        The links with the columns in `COLUMNS` and `geometry`; and for each newly covered pair (position in
        the problem) the ids of the links on its path.
    """
    ids = [candidate.id for candidate in problem.candidates]
    gains, routes = ranking.rank(problem, [problem.index[name] for name in built])
    rows = [
        {"rank": place, "candidate_id": ids[gain.candidate]} | _counts(gain, smaller_city, population)
        for place, gain in enumerate(gains, start=1)
    ]
    table = pd.DataFrame(rows, columns=["rank", "candidate_id", *_COUNTED])
    paths = {k: tuple(ids[j] for j in route.uses) for k, route in routes.items()}
    return _described(problem, table, candidates), paths


_COUNTED = ("pairs", "people", "pairs_added", "pairs_lost_alone")


def _counts(
    gain: ranking.Gain, smaller_city: NDArray[np.int64], population: NDArray[np.int64]
) -> dict[str, int]:
    cities = np.unique(smaller_city[list(gain.users)])
    people = int(population[cities].sum())
    return dict(zip(_COUNTED, (len(gain.users), people, len(gain.adds), len(gain.loses)), strict=True))


def _described(
    problem: DesignProblem, counted: pd.DataFrame, candidates: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    known = [column for column in (*DESCRIBED, "geometry") if column in candidates.columns]
    described = candidates.set_index("candidate_id")[known].reindex(counted["candidate_id"]).reset_index()
    table = described.assign(**{name: counted[name].to_numpy() for name in counted.columns})
    costs = {candidate.id: candidate.cost for candidate in problem.candidates}
    table["cost"] = table["candidate_id"].map(costs).astype("int64")
    table["cost_per_person"] = _per_person(table, problem.money)
    table["cost_so_far"] = table["cost"].cumsum()
    table["pairs_so_far"] = table["pairs_added"].cumsum()
    order = [column for column in COLUMNS if column in table.columns]
    return gpd.GeoDataFrame(table[[*order, "geometry"]], geometry="geometry", crs=candidates.crs)


def _per_person(table: pd.DataFrame, money: str) -> pd.Series:
    scale, _ = wording.per_person(money)
    people = table["people"].where(table["people"] > 0)
    per: pd.Series = (table["cost"] * scale / people).round().astype("Int64")
    return per


def write_csv(links: gpd.GeoDataFrame, path: Path) -> Path:
    """Write the links without their geometry, guarded against spreadsheet formulas."""
    table = pd.DataFrame(links.drop(columns="geometry"))
    return sheet.write_csv(table.assign(**_rounded(table)), path)


def _rounded(table: pd.DataFrame) -> Mapping[str, pd.Series]:
    digits = {"length_km": 1, "speed_kmh": 0, "plain": 2, "hill": 2, "mountain": 2}
    return {name: table[name].round(places) for name, places in digits.items() if name in table.columns}
