"""Tabulate the proposed links and the pairs of cities of a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shapely import linestrings

from networks.timegraph import UNREACHABLE
from optimiser.measures import coverage
from optimiser.measures.ranking import LinkGain, Router, rank_links
from optimiser.measures.tables import Measures
from optimiser.problem import DesignProblem
from optimiser.problem.errors import ProblemError
from optimiser.proposals import evidence
from optimiser.report import files, wording
from optimiser.verify import Plan

WGS84 = "EPSG:4326"

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
    "urban",
    "water_km",
    "why",
    "replaces",
    *evidence.COLUMNS,
)
"""Columns taken over from the candidates, where they exist."""

COUNTED = ("pairs", "people", "pairs_added", "pairs_lost_alone")
"""Columns counted from the gains of a link."""

COLUMNS = {
    "rank": "order of worth, 1 first (`optimiser.measures.ranking`)",
    "candidate_id": "id in problem.json",
    "kind": "what is built or opened",
    "instrument": "barrier, infrastructure or subsidy",
    "mode": "road, rail or access",
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
    "urban": "share in built-up ground",
    "water_km": "kilometres over sea or lake; the shares of ground sum to 1 with them",
    "pairs": "city pairs newly within the limit whose fastest path takes the link",
    "people": "inhabitants of the smaller cities of those pairs, each city once",
    "cost_per_person": "central cost per such inhabitant, in the single unit of money; empty without any",
    "pairs_added": "pairs that come within the limit when the link joins those of better rank",
    "pairs_lost_alone": "pairs that fall back when this link alone is left out of the plan",
    "cost_so_far": "central cost of this link and those of better rank",
    "pairs_so_far": "pairs newly within the limit with this link and those of better rank",
    "chosen_in": "plausible cases whose best plan has the link too (where they are solved)",
    "of_cases": "number of plausible cases that were solved",
    "why": "the rule that made the candidate",
    "replaces": "the links that an upgrade replaces, with km and today's speed",
    **evidence.COLUMNS,
}
"""Columns of links.csv and their meaning."""

DECIMALS = {"length_km": 1, "speed_kmh": 0, "water_km": 1} | dict.fromkeys(
    ("plain", "hill", "mountain", "urban", "town_share", "beside_share"), 2
)
"""Decimals of columns of links.csv."""

CITY = "city:"
"""Prefix of the id of a node that stands for a city."""

AFTER = "/after"
"""Suffix of the id of a destination where times count in the vehicle alone (`networks.intermodal`)."""


def tabulate_links(
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
    gains, routes = rank_links(problem, [problem.index[name] for name in built])
    rows = [
        {"rank": rank, "candidate_id": ids[gain.candidate]} | _counts(gain, smaller_city, population)
        for rank, gain in enumerate(gains, start=1)
    ]
    table = pd.DataFrame(rows, columns=["rank", "candidate_id", *COUNTED])
    paths = {k: tuple(ids[j] for j in route.candidates) for k, route in routes.items()}
    return _described(problem, table, candidates), paths


def _counts(gain: LinkGain, smaller_city: NDArray[np.int64], population: NDArray[np.int64]) -> dict[str, int]:
    people = int(population[np.unique(smaller_city[list(gain.used_by)])].sum())
    counts = (len(gain.used_by), people, len(gain.added), len(gain.lost_alone))
    return dict(zip(COUNTED, counts, strict=True))


def _described(
    problem: DesignProblem, counted: pd.DataFrame, candidates: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    known = [column for column in (*DESCRIBED, "geometry") if column in candidates.columns]
    described = candidates.set_index("candidate_id")[known].reindex(counted["candidate_id"]).reset_index()
    table = described.assign(**{name: counted[name].to_numpy() for name in counted.columns})
    costs = {candidate.id: candidate.cost for candidate in problem.candidates}
    table["cost"] = table["candidate_id"].map(costs).astype("int64")
    scale, _ = wording.per_person(problem.money)
    gaining = table["people"].where(table["people"] > 0)
    table["cost_per_person"] = (table["cost"] * scale / gaining).round().astype("Int64")
    table["cost_so_far"] = table["cost"].cumsum()
    table["pairs_so_far"] = table["pairs_added"].cumsum()
    order = [column for column in COLUMNS if column in table.columns]
    return gpd.GeoDataFrame(table[[*order, "geometry"]], geometry="geometry", crs=candidates.crs)


def write_links(links: gpd.GeoDataFrame, path: Path) -> Path:
    """Write the links as CSV without their geometry."""
    return files.write_csv(pd.DataFrame(links.drop(columns="geometry")).round(DECIMALS), path)


def write_measures(measures: Measures, folder: Path) -> tuple[Path, ...]:
    """Write each table of measures that has rows as a CSV file of its name."""
    tables = {name: table for name, table in measures.rounded().items() if len(table)}
    return tuple(files.write_csv(table, folder / f"{name}.csv") for name, table in tables.items())


def city_ends(problem: DesignProblem, cities: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Return the cities that each pair joins, as rows of the table, int64 [pairs x 2].

    Raises
    ------
    ProblemError
        When a pair ends at a node that is no city of the table.
    """
    rows = {f"{CITY}{city_id}": row for row, city_id in enumerate(cities["city_id"].astype(str))}
    nodes = [problem.nodes[node] for pair in problem.pairs for node in (pair.origin, pair.destination)]
    names = [node.removesuffix(AFTER) for node in nodes]
    strange = sorted(set(names) - set(rows))
    if strange:
        raise ProblemError(
            "pairs end at nodes that are no city of the report",
            faults=strange[:20],
            remedy="Give the cities table that the problem was prepared from.",
        )
    return np.array([rows[name] for name in names], dtype=np.int64).reshape(-1, 2)


def smaller_city(ends: NDArray[np.int64], population: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the less populous city of each pair; of equals the destination."""
    first = population[ends[:, 0]] < population[ends[:, 1]]
    return np.where(first, ends[:, 0], ends[:, 1]).astype(np.int64)


def tabulate_pairs(
    problem: DesignProblem, plan: Plan, *, ends: NDArray[np.int64], paths: Mapping[int, tuple[str, ...]]
) -> pd.DataFrame:
    """Return the `pairs` table of `ReportInput`.

    Parameters
    ----------
    problem, plan
        What was solved and found.
    ends
        Rows of the cities of each pair, int64 [pairs x 2].
    paths
        Ids of the proposed links on the path of each newly covered pair.
    """
    everything = [j for j, candidate in enumerate(problem.candidates) if candidate.fixed != "out"]
    positions = range(len(problem.pairs))
    best = Router.of(problem).fastest(built=everything, pairs=positions)
    return pd.DataFrame(
        {
            "origin": ends[:, 0],
            "destination": ends[:, 1],
            "group": [pair.group or "all cities" for pair in problem.pairs],
            "weight": np.array([pair.weight for pair in problem.pairs], dtype=np.int64),
            "limit_s": np.array([pair.limit for pair in problem.pairs], dtype=np.int64),
            "before_s": _seconds(plan.times_before_s),
            "after_s": _seconds(plan.times_after_s),
            "all_built_s": _seconds([best[k].seconds for k in positions]),
            "links": [paths.get(k, ()) for k in positions],
        }
    )


def _seconds(times: Sequence[int | None]) -> NDArray[np.int64]:
    return np.array([UNREACHABLE if time is None else time for time in times], dtype=np.int64)


def pair_lines(cities: gpd.GeoDataFrame, pairs: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return one straight line a pair, with seconds in each state; a cell is empty where no path exists.

    Parameters
    ----------
    cities, pairs
        Tables of `ReportInput`.
    """
    points = cities.to_crs(WGS84).geometry
    ends = pairs[["origin", "destination"]].to_numpy(dtype=np.int64)
    names = cities["name"].astype(str).to_numpy()
    states = coverage.STATES
    table = pd.DataFrame(
        {
            "origin": names[ends[:, 0]],
            "destination": names[ends[:, 1]],
            **{name: pairs[name].to_numpy() for name in ("group", "weight", "limit_s")},
            **{f"{state}_s": _known_seconds(pairs[f"{state}_s"]) for state in states},
            **{f"within_{state}": coverage.within(pairs, state=state).to_numpy() for state in states},
            "links": [", ".join(used) for used in pairs["links"]],
        }
    )
    lines = linestrings(np.column_stack([points.x, points.y])[ends])
    return gpd.GeoDataFrame(table, geometry=lines, crs=WGS84)


def _known_seconds(values: pd.Series) -> pd.Series:
    known: pd.Series = values.where(values < UNREACHABLE).astype("Int64").reset_index(drop=True)
    return known


def out_of_reach_rows(cities: gpd.GeoDataFrame, pairs: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the pairs that no plan brings within the limit, for `summary.json`.

    Parameters
    ----------
    cities, pairs
        Tables of `ReportInput`.

    Returns
    -------
    list of dict
        Names, tier, weight, seconds today and with everything built; None where no path exists.
    """
    table = pair_lines(cities, coverage.out_of_reach(pairs))
    named = {"group": "tier", "before_s": "today_s"}
    columns = ["origin", "destination", "tier", "weight", "today_s", "all_built_s"]
    rows = table.rename(columns=named)[columns].astype(object)
    return [dict(zip(columns, row, strict=True)) for row in rows.where(rows.notna(), None).to_numpy()]
